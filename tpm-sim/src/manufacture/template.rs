//! Templates of endorsement keys (EK Credential Profile 2.5, annex B), and where what belongs to them lies in NV.

use crate::crypto::hash::HashAlg;

/// PolicySecret(TPM_RH_ENDORSEMENT) in SHA-256: policy A.
const POLICY_A_SHA256: [u8; 32] = [
    0x83, 0x71, 0x97, 0x67, 0x44, 0x84, 0xb3, 0xf8, 0x1a, 0x90, 0xcc, 0x8d, 0x46, 0xa5, 0xd7, 0x24, 0xfd,
    0x52, 0xd7, 0x6e, 0x06, 0x52, 0x0b, 0x64, 0xf2, 0xa1, 0xda, 0x1b, 0x33, 0x14, 0x69, 0xaa,
];
/// PolicyOR(policy A, policy C) in SHA-256: policy B. Policy C is PolicyAuthorizeNV with index 0x01C07F01.
const POLICY_B_SHA256: [u8; 32] = [
    0xca, 0x3d, 0x0a, 0x99, 0xa2, 0xb9, 0x39, 0x06, 0xf7, 0xa3, 0x34, 0x24, 0x14, 0xef, 0xcf, 0xb3, 0xa3,
    0x85, 0xd4, 0x4c, 0xd1, 0xfd, 0x45, 0x90, 0x89, 0xd1, 0x9b, 0x50, 0x71, 0xc0, 0xb7, 0xa0,
];
/// Policy B in SHA-384; its policy C uses index 0x01C07F02.
const POLICY_B_SHA384: [u8; 48] = [
    0xb2, 0x6e, 0x7d, 0x28, 0xd1, 0x1a, 0x50, 0xbc, 0x53, 0xd8, 0x82, 0xbc, 0xf5, 0xfd, 0x3a, 0x1a, 0x07,
    0x41, 0x48, 0xbb, 0x35, 0xd3, 0xb4, 0xe4, 0xcb, 0x1c, 0x0a, 0xd9, 0xbd, 0xe4, 0x19, 0xca, 0xcb, 0x47,
    0xba, 0x09, 0x69, 0x96, 0x46, 0x15, 0x0f, 0x9f, 0xc0, 0x00, 0xf3, 0xf8, 0x0e, 0x12,
];

/// A template of the profile.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, serde::Serialize, serde::Deserialize)]
pub enum EkTemplate {
    /// L-1: RSA 2048 of the low range.
    L1,
    /// L-2: ECC NIST P-256 of the low range.
    L2,
    /// H-1: RSA 2048 of the high range.
    H1,
    /// H-2: ECC NIST P-256 of the high range.
    H2,
    /// H-3: ECC NIST P-384.
    H3,
    /// H-6: RSA 3072.
    H6,
}

impl EkTemplate {
    /// All of them.
    pub const ALL: [Self; 6] = [Self::L1, Self::L2, Self::H1, Self::H2, Self::H3, Self::H6];

    /// Its name in the profile.
    pub const fn name(self) -> &'static str {
        match self {
            Self::L1 => "L-1",
            Self::L2 => "L-2",
            Self::H1 => "H-1",
            Self::H2 => "H-2",
            Self::H3 => "H-3",
            Self::H6 => "H-6",
        }
    }

    /// Index of the certificate. The template that says how the key differs from the default, where there is one, lies
    /// behind it.
    pub const fn certificate_index(self) -> u32 {
        match self {
            Self::L1 => 0x01c0_0002,
            Self::L2 => 0x01c0_000a,
            Self::H1 => 0x01c0_0012,
            Self::H2 => 0x01c0_0014,
            Self::H3 => 0x01c0_0016,
            Self::H6 => 0x01c0_001c,
        }
    }

    /// The template whose certificate lies at this index.
    pub fn at_index(index: u32) -> Option<Self> {
        Self::ALL.into_iter().find(|template| template.certificate_index() == index)
    }

    /// Whether the key is an RSA key.
    pub const fn is_rsa(self) -> bool {
        matches!(self, Self::L1 | Self::H1 | Self::H6)
    }

    /// Hash of the key's name and policy.
    pub const fn name_alg(self) -> HashAlg {
        match self {
            Self::L1 | Self::L2 | Self::H1 | Self::H2 => HashAlg::Sha256,
            Self::H3 | Self::H6 => HashAlg::Sha384,
        }
    }

    /// The key's policy.
    pub const fn policy(self) -> &'static [u8] {
        match self {
            Self::L1 | Self::L2 => &POLICY_A_SHA256,
            Self::H1 | Self::H2 => &POLICY_B_SHA256,
            Self::H3 | Self::H6 => &POLICY_B_SHA384,
        }
    }

    /// The template as CreatePrimary takes it (TPMT_PUBLIC on the wire).
    pub fn public_area(self) -> Vec<u8> {
        const RSA: u16 = 0x0001;
        const ECC: u16 = 0x0023;
        const AES: u16 = 0x0006;
        const NULL: u16 = 0x0010;
        const CFB: u16 = 0x0043;
        const P256: u16 = 0x0003;
        const P384: u16 = 0x0004;
        // fixedTPM, fixedParent, sensitiveDataOrigin, adminWithPolicy, restricted, decrypt; the high range has
        // userWithAuth too.
        const LOW: u32 = 0x0003_00b2;
        const HIGH: u32 = 0x0003_00f2;

        let low = matches!(self, Self::L1 | Self::L2);
        let aes_bits: u16 = if self.name_alg() == HashAlg::Sha384 { 256 } else { 128 };
        let mut wire = Vec::with_capacity(400);
        let u16s = |wire: &mut Vec<u8>, values: &[u16]| {
            for value in values {
                wire.extend_from_slice(&value.to_be_bytes());
            }
        };
        u16s(&mut wire, &[if self.is_rsa() { RSA } else { ECC }, self.name_alg().alg() as u16]);
        wire.extend_from_slice(&if low { LOW } else { HIGH }.to_be_bytes());
        u16s(&mut wire, &[u16::try_from(self.policy().len()).expect("a digest")]);
        wire.extend_from_slice(self.policy());
        u16s(&mut wire, &[AES, aes_bits, CFB, NULL]);
        let unique_size = if low { if self.is_rsa() { 256 } else { 32 } } else { 0 };
        let unique = vec![0; usize::from(unique_size)];
        if self.is_rsa() {
            u16s(&mut wire, &[if self == Self::H6 { 3072 } else { 2048 }]);
            // The default exponent.
            wire.extend_from_slice(&0_u32.to_be_bytes());
            u16s(&mut wire, &[unique_size]);
            wire.extend_from_slice(&unique);
        } else {
            u16s(&mut wire, &[if self == Self::H3 { P384 } else { P256 }, NULL]);
            for _ in ["x", "y"] {
                u16s(&mut wire, &[unique_size]);
                wire.extend_from_slice(&unique);
            }
        }
        wire
    }
}

#[cfg(test)]
mod tests {
    use tpm2_protocol::TpmUnmarshal;
    use tpm2_protocol::data::TpmtPublic;

    use super::*;

    /// PolicySecret(TPM_RH_ENDORSEMENT) with an empty reference (Part 3, 23.4).
    fn policy_a(hash: HashAlg) -> Vec<u8> {
        let zero = vec![0; hash.size()];
        let once = hash.digest(&[&zero, &[0, 0, 1, 0x51], &[0x40, 0, 0, 0x0b]]);
        hash.digest(&[&once, &[]])
    }

    fn hex(text: &str) -> Vec<u8> {
        (0..text.len()).step_by(2).map(|i| u8::from_str_radix(&text[i..i + 2], 16).unwrap()).collect()
    }

    #[test]
    fn policies_are_what_their_commands_give() {
        assert_eq!(policy_a(HashAlg::Sha256), POLICY_A_SHA256);
        // Policy C as the profile prints it.
        let c256 = hex("3767e2edd43ff45a3a7e1eaefcef78643dca964632e7aad82c673a30d8633fde");
        let c384 = hex(
            "d6032ce61f2fb3c240eb3cf6a33237ef2b6a16f4293c22b455e261cffd217ad5b4947c2d73e63005eed2dc2b3593d165",
        );
        for (hash, c, b) in
            [(HashAlg::Sha256, c256, &POLICY_B_SHA256[..]), (HashAlg::Sha384, c384, &POLICY_B_SHA384[..])]
        {
            let zero = vec![0; hash.size()];
            assert_eq!(hash.digest(&[&zero, &[0, 0, 1, 0x71], &policy_a(hash), &c]), b);
        }
    }

    #[test]
    fn templates_parse_whole() {
        for template in EkTemplate::ALL {
            let wire = template.public_area();
            let (public, rest) = TpmtPublic::unmarshal(&wire).unwrap();
            assert!(rest.is_empty(), "{template:?}");
            assert_eq!(&*public.auth_policy, template.policy());
            assert_eq!(EkTemplate::at_index(template.certificate_index()), Some(template));
        }
    }
}
