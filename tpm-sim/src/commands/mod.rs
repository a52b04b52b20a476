//! The commands, one file for each chapter of part 3.

pub mod asymmetric;
pub mod attestation;
pub mod audit;
pub mod capability;
pub mod certify_x509;
pub mod clock;
pub mod context;
pub mod credential;
pub mod dictionary_attack;
pub mod duplication;
pub mod ephemeral_ec;
pub mod hierarchy;
pub mod nv;
pub mod object;
pub mod pcr;
pub mod policy;
pub mod random;
pub mod sequence;
pub mod session;
pub mod signing;
pub mod startup;
pub mod symmetric;
pub mod testing;

#[cfg(test)]
mod crypto_tests;
