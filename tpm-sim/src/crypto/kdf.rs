//! The key derivation functions of part 1: KDFa (section 11.4.10.2, SP 800-108 in counter mode over HMAC) and KDFe
//! (section 11.4.10.3, SP 800-56A over a hash).

use super::{HashAlg, Hmac};

/// KDFa: `bits` bits (in whole bytes, most significant first) from a secret `key`.
///
/// Every block is `HMAC(key, counter || label || 00 || contextU || contextV || bits)`. The label's terminating zero is
/// added when it has none. When `bits` is not a multiple of eight, the surplus high bits of the first byte are cleared.
pub fn kdfa(
    alg: HashAlg,
    key: &[u8],
    label: &[u8],
    context_u: &[u8],
    context_v: &[u8],
    bits: u32,
) -> Vec<u8> {
    let keyed = Hmac::new(alg, key);
    derive(bits, |counter| {
        let mut mac = keyed.clone();
        mac.update(&counter.to_be_bytes());
        mac.update(label);
        mac.update(terminator(label));
        mac.update(context_u);
        mac.update(context_v);
        mac.update(&bits.to_be_bytes());
        mac.finish()
    })
}

/// KDFe: `bits` bits (in whole bytes) from an ECDH secret: `z` is the x coordinate of the shared point, the parties' values
/// are the x coordinates of their public points, all as long as the curve's field.
///
/// Every block is `H(counter || Z || label || 00 || PartyUInfo || PartyVInfo)`.
pub fn kdfe(alg: HashAlg, z: &[u8], label: &[u8], party_u: &[u8], party_v: &[u8], bits: u32) -> Vec<u8> {
    derive(bits, |counter| {
        alg.digest(&[&counter.to_be_bytes(), z, label, terminator(label), party_u, party_v])
    })
}

fn terminator(label: &[u8]) -> &'static [u8] {
    if label.last() == Some(&0) { &[] } else { &[0] }
}

fn derive(bits: u32, mut block: impl FnMut(u32) -> Vec<u8>) -> Vec<u8> {
    let bytes = bits.div_ceil(8) as usize;
    let mut out = Vec::with_capacity(bytes + HashAlg::MAX_SIZE);
    let mut counter = 0;
    while out.len() < bytes {
        counter += 1;
        out.extend(block(counter));
    }
    out.truncate(bytes);
    if !bits.is_multiple_of(8) {
        out[0] &= (1 << (bits % 8)) - 1;
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::crypto::tests_support::hex;

    /// Expected values computed with Python's `hmac` and `hashlib`.
    #[test]
    fn kdfa_agrees_with_an_independent_derivation() {
        let cases = [
            (HashAlg::Sha1, 160, "18d17182bea274c7418ed4cf633db1e18b17fa68"),
            (HashAlg::Sha256, 128, "0187d7b3db0d5c95a9dc33415e0e0642"),
            (
                HashAlg::Sha256,
                521,
                "0164693e39502cbb1fcec906ab2db6dfa8f93aa20214668c1994e64290f86c5e188c7bc48c6bbbd2bbe36b78eb8b2c738a\
                 ab6d015ced761ba83403060cb4ab8728dc",
            ),
            (HashAlg::Sha384, 128, "c84c2009b09dacd697f347514bd63057"),
            (HashAlg::Sha512, 160, "04cabc2ba0bdf028ed0eb6f445079e3af64e2cef"),
        ];
        for (alg, bits, want) in cases {
            assert_eq!(kdfa(alg, b"key", b"STORAGE", b"contextU", b"V", bits), hex(want), "{alg:?} {bits}");
            assert_eq!(kdfa(alg, b"key", b"STORAGE\0", b"contextU", b"V", bits), hex(want), "one zero only");
        }
        assert!(kdfa(HashAlg::Sha256, b"key", b"L", b"", b"", 0).is_empty());
    }

    #[test]
    fn kdfe_agrees_with_an_independent_derivation() {
        let (z, u, v) = ([b'Z'; 32], [b'u'; 32], [b'v'; 32]);
        assert_eq!(
            kdfe(HashAlg::Sha256, &z, b"DUPLICATE", &u, &v, 256),
            hex("11c109109a6a6d3d8975a53bcaa490a4f37550df0d505695fd13cd62b9188e09")
        );
        assert_eq!(
            kdfe(HashAlg::Sha1, &z, b"SECRET", &u, &v, 345),
            hex("01cb3a48a8b6ad2818468a26a585921acb23bfc555ef362c3b65b221f7aeed363fc2ceca158c081766d91e76")
        );
    }
}
