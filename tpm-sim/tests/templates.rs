//! Templates that contradict themselves, and the response codes they get: those of the reference implementation (swtpm
//! 0.7.1, to which the same bytes were sent).
#![allow(missing_docs)]

mod support;

use support::*;

const ECDH: [u8; 4] = [0, 0x19, 0, 0x0b];
const HMAC: [u8; 4] = [0, 5, 0, 0x0b];

fn keyed_hash(attributes: u32, scheme: &[u8]) -> Vec<u8> {
    [&[0, 8, 0, 0x0b][..], &attributes.to_be_bytes(), &[0, 0], scheme, &[0, 0]].concat()
}

fn sym_cipher(attributes: u32, sym: &[u8]) -> Vec<u8> {
    [&[0, 0x25, 0, 0x0b][..], &attributes.to_be_bytes(), &[0, 0], sym, &[0, 0]].concat()
}

fn rsa(attributes: u32, sym: &[u8], scheme: &[u8], bits: u16, exponent: u32) -> Vec<u8> {
    let head = [&[0, 1, 0, 0x0b][..], &attributes.to_be_bytes(), &[0, 0], sym, scheme].concat();
    [&head[..], &bits.to_be_bytes(), &exponent.to_be_bytes(), &[0, 0]].concat()
}

/// fixedTPM, fixedParent, sensitiveDataOrigin, userWithAuth, and what the key is for.
const SIGN: u32 = 0x0004_0072;
const DECRYPT: u32 = 0x0002_0072;
const RESTRICTED: u32 = 0x0001_0000;

#[test]
fn primaries_are_refused_for_the_same_reasons() {
    let plain = |attributes| ecc(attributes, &[], &AES128, &NO_ALG);
    let sign = |attributes, scheme: &[u8]| ecc(attributes, &[], &NO_ALG, scheme);
    let cases: Vec<(&str, Vec<u8>, &[u8], u32)> = vec![
        ("a storage key", plain(STORAGE), b"", 0),
        ("fixedTPM without fixedParent", plain(STORAGE & !0x10), b"", 0x2c2),
        ("no data origin and no data", plain(STORAGE & !0x20), b"", 0x2c2),
        ("an asymmetric key from data", plain(STORAGE & !0x20), b"data", 0x2c2),
        ("restricted for both uses", plain(STORAGE | 0x0004_0000), b"", 0x2c2),
        ("neither use", plain(STORAGE & !0x0003_0000), b"", 0x2c2),
        ("encryptedDuplication with fixedTPM", plain(STORAGE | 0x800), b"", 0x2c2),
        ("a reserved attribute", plain(STORAGE | 1), b"", 0x2e1),
        ("a parent without cipher", ecc(STORAGE, &[], &NO_ALG, &NO_ALG), b"", 0x2d6),
        ("a parent with a scheme", ecc(STORAGE, &[], &AES128, &ECDSA), b"", 0x2d2),
        ("a cipher of 100 bits", ecc(STORAGE, &[], &[0, 6, 0, 100, 0, 0x43], &NO_ALG), b"", 0x2c4),
        ("XOR as a cipher", ecc(STORAGE, &[], &[0, 0x0a, 0, 0x0b, 0, 0x43], &NO_ALG), b"", 0x2d6),
        ("RSASSA with a point", ecc(STORAGE, &[], &AES128, &[0, 0x14, 0, 0x0b]), b"", 0x2d2),
        ("a policy of 20 bytes", ecc(STORAGE, &[1; 20], &AES128, &NO_ALG), b"", 0x2d5),
        ("restricted signing without scheme", sign(SIGN | RESTRICTED, &NO_ALG), b"", 0x2d2),
        ("signing with a cipher", ecc(SIGN, &[], &AES128, &NO_ALG), b"", 0x2d6),
        ("signing with ECDH", sign(SIGN, &ECDH), b"", 0x2d2),
        ("decrypting with ECDSA", sign(DECRYPT, &ECDSA), b"", 0x2d2),
        ("both uses with a scheme", sign(SIGN | DECRYPT, &ECDSA), b"", 0x2d2),
        ("both uses", sign(SIGN | DECRYPT, &NO_ALG), b"", 0),
        ("SHA3-256", sign(SIGN, &[0, 0x18, 0, 0x27]), b"", 0x2c3),
        ("RSA of 1000 bits", rsa(STORAGE, &AES128, &NO_ALG, 1000, 0), b"", 0x2c4),
        ("exponent 3", rsa(STORAGE, &AES128, &NO_ALG, 2048, 3), b"", 0x8d),
        ("ECDSA with a modulus", rsa(SIGN, &NO_ALG, &ECDSA, 2048, 0), b"", 0x2c4),
        ("data without data", keyed_hash(0x52, &NO_ALG), b"", 0x2c2),
        ("sealed data", keyed_hash(0x52, &NO_ALG), b"data", 0),
        ("data of the TPM's own", keyed_hash(0x72, &NO_ALG), b"", 0x2c2),
        ("an HMAC key", keyed_hash(SIGN, &HMAC), b"", 0),
        ("an HMAC key without scheme", keyed_hash(SIGN, &NO_ALG), b"", 0x2d2),
        ("decryption with HMAC", keyed_hash(DECRYPT, &HMAC), b"", 0x2d2),
        ("a derivation parent", keyed_hash(DECRYPT | RESTRICTED, &[0, 0x0a, 0, 0x0b, 0, 0x22]), b"", 0),
        (
            "a derivation parent by MGF1",
            keyed_hash(DECRYPT | RESTRICTED, &[0, 0x0a, 0, 0x0b, 0, 7]),
            b"",
            0x2d2,
        ),
        ("a cipher key", sym_cipher(DECRYPT, &AES128), b"", 0),
        ("a cipher key without cipher", sym_cipher(DECRYPT, &NO_ALG), b"", 0x2d6),
        ("a cipher key for nothing", sym_cipher(0x72, &AES128), b"", 0x2c2),
    ];
    let mut tpm = started(b"templates");
    for (what, template, data, want) in cases {
        let params = [sensitive(&[], data), sized(&template), vec![0; 6]].concat();
        match with(&mut tpm, 0x131, &[OWNER], &[&[]], &params) {
            Ok(out) => {
                assert_eq!(want, 0, "{what}");
                flush(&mut tpm, number(&out)).unwrap();
            }
            Err(rc) => assert_eq!(format!("{rc:#x}"), format!("{want:#x}"), "{what}"),
        }
    }
}
