//! RSA: keys, the raw operations, and the paddings of part 1, annex B.
//!
//! Numbers are big-endian byte strings. A private key is kept as TPM2B_PRIVATE has it: the public modulus and one of its two
//! primes; what the Chinese remainder theorem needs is computed from them when the key is used.

mod key;
mod montgomery;
mod padding;
mod prime;
mod scheme;

pub use key::{Generated, PrivateKey, PublicKey, generate};
pub use scheme::{
    oaep_decrypt, oaep_encrypt, oaep_max_message, rsaes_decrypt, rsaes_encrypt, rsaes_max_message,
    rsapss_sign, rsapss_verify, rsassa_sign, rsassa_verify,
};

/// The public exponent that an exponent of zero stands for (part 2, TPMS_RSA_PARMS).
pub const DEFAULT_EXPONENT: u32 = 65537;

/// Sizes of moduli that the TPM makes and takes, in bits.
pub const KEY_BITS: [u16; 4] = [1024, 2048, 3072, 4096];

/// Why an RSA operation fails.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum RsaError {
    /// The modulus has none of the sizes in [`KEY_BITS`], or is even.
    #[error("not a modulus of a supported size")]
    Modulus,
    /// The exponent is even or too small.
    #[error("not a public exponent")]
    Exponent,
    /// The prime doesn't divide the modulus.
    #[error("the prime and the modulus don't belong together")]
    Prime,
    /// The number to be raised to a power isn't below the modulus.
    #[error("the value is not below the modulus")]
    TooLarge,
    /// The message (or digest) doesn't fit into the modulus with its padding.
    #[error("the message doesn't fit")]
    MessageSize,
    /// What was decrypted isn't padded as the scheme has it.
    #[error("the padding is wrong")]
    Padding,
}

#[cfg(test)]
mod tests;
