//! The formats that the device and the cloud exchange, and the cryptography under them.
//!
//! Nothing here does I/O, reads a clock or draws from the system's randomness: bytes in, values out, and the
//! other way round. Whatever needs chance takes a [`rng::Stream`], whatever needs a time takes a
//! [`time::Utc`], so the same inputs always give the same bytes. Parsers take anything a network can bring:
//! they answer with an error, never with a panic.

pub mod attestation;
pub mod bcrypt;
pub mod content;
pub mod crypto;
mod derenc;
pub mod encoding;
pub mod hwhash;
pub mod ids;
pub mod jwe;
pub mod jwt;
pub mod model;
pub mod ntp;
pub mod pfx;
pub mod rng;
pub mod secret;
pub mod soap;
pub mod syncml;
pub mod time;
pub mod tpm;
pub mod wap;
pub mod x509;
pub mod xml;
