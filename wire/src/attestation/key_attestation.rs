//! A statement that a key lives in a TPM, as one value: what `AttestationData` of a join carries.

/// The AIK's statement about a key. MS-DVRJ calls `AttestationData` an export of TPMS_ATTEST and does not say how the
/// signature and the public area come with it; the order here is ours (MOD-017): a header of a magic number and the three
/// lengths, little-endian like Windows' own key blobs, then the three parts as the TPM marshalled them.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct KeyAttestation {
    /// TPMT_PUBLIC of the key.
    pub public: Vec<u8>,
    /// TPMS_ATTEST of `TPM2_Certify`.
    pub attest: Vec<u8>,
    /// TPMT_SIGNATURE over it.
    pub signature: Vec<u8>,
}

/// The bytes are no such statement.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("not a key attestation")]
pub struct KeyAttestationError;

/// "KATT".
const MAGIC: u32 = u32::from_le_bytes(*b"KATT");
const HEADER: usize = 16;

impl KeyAttestation {
    /// The bytes.
    ///
    /// # Panics
    /// When a part is longer than 4 GiB.
    pub fn encode(&self) -> Vec<u8> {
        let parts = [&self.public, &self.attest, &self.signature];
        let mut bytes = MAGIC.to_le_bytes().to_vec();
        for part in parts {
            let length = u32::try_from(part.len()).expect("a TPM's structures have at most 64 KiB");
            bytes.extend(length.to_le_bytes());
        }
        for part in parts {
            bytes.extend_from_slice(part);
        }
        bytes
    }

    /// Reads the bytes.
    pub fn decode(bytes: &[u8]) -> Result<Self, KeyAttestationError> {
        let number = |at: usize| {
            let field = bytes.get(at..at + 4)?;
            Some(u32::from_le_bytes(field.try_into().ok()?))
        };
        if number(0) != Some(MAGIC) {
            return Err(KeyAttestationError);
        }
        let mut rest = bytes.get(HEADER..).ok_or(KeyAttestationError)?;
        let mut parts: [Vec<u8>; 3] = Default::default();
        for (i, part) in parts.iter_mut().enumerate() {
            let length =
                number(4 + 4 * i).and_then(|n| usize::try_from(n).ok()).ok_or(KeyAttestationError)?;
            let (taken, left) = rest.split_at_checked(length).ok_or(KeyAttestationError)?;
            *part = taken.to_vec();
            rest = left;
        }
        if !rest.is_empty() {
            return Err(KeyAttestationError);
        }
        let [public, attest, signature] = parts;
        Ok(Self { public, attest, signature })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn round_trips(public: Vec<u8>, attest: Vec<u8>, signature: Vec<u8>) {
            let statement = KeyAttestation { public, attest, signature };
            let mut bytes = statement.encode();
            prop_assert_eq!(KeyAttestation::decode(&bytes), Ok(statement));
            bytes.push(0);
            prop_assert_eq!(KeyAttestation::decode(&bytes), Err(KeyAttestationError));
        }

        #[test]
        fn any_bytes_are_an_answer(bytes: Vec<u8>) {
            let _ = KeyAttestation::decode(&bytes);
        }
    }
}
