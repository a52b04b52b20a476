use super::*;
use crate::crypto::HashAlg;
use crate::crypto::rng::Drbg;
use crate::crypto::tests_support::hex;
use proptest::prelude::*;

// TEST ONLY: a key made by OpenSSL, and what OpenSSL signed and encrypted with it.
const N: &str = "f2f47356aa97ae60a03b792fab18ba19d5e553e2c826b2cd442834679e87a44f0194d91a73ef90ff07b00e945e772b4d2b33\
     f06df57a8dc66510bf525d0ed9ad9dd186bf52157e2c9bfdf2cc94f9809fd6022ac99d7f51f111cc8e01761787252f0d7d07\
     917333745caa2b949091a89c3d56a442b1ad80c12c78de3276ff54dd";
const P: &str = "fb1851444c9897fbb94526f8da75b7afa363d4f5e9765c5ea3034a47b503dafd0876a6549f2df47849502df2fb5469fd988e\
     880224213b1598e50ba050a42ba5";
const Q: &str = "f7b36d03a94a3b14d41798671cd6d8f58afca76b81876ca41eee9b4a2f5b918f15d98073c0b6f7db6f2853195d79c4ac1541\
     5fcbc6ec19ab47b907a0ca851ed9";
const RSASSA: &str = "af5555bc5af822a26095d51dbb2743bf9ed67d0cde0c0a32e2f5c1ee8208279caef638370ca765baa53b4aa9b9cd068cab64\
     164b1220ec30fea8ec855eb0a77a7ae8d74558de6000ccfaf68a4c8f27455be89f859ef130ace9d122a9fec349a846593d40\
     1af3d8aeb10f275e5b356c21bf71dbd8b54f26c50508475166842201";
const PSS: &str = "b5fc6b89355fb277eb493d2a1a391372b0f9516c3631fe0624759438c216dd23484e35b6b59ea596d28a5e3f5452c6ed8769\
     fe4108e9f975385a122f835e4666cb87d8d564cbafe1f2e3c6c04b78dff207c8a2245e6e19f8a879cbf30c83025f1c43e088\
     f70a60423faa0ef2add9b6858021d78d73d62d4c5d93402852d53494";
const OAEP: &str = "c94189c8aeae00061c7d16d0175feab5ee8a179289ddfba5a9c855a8ef7f844e0975616b14e7835078e4ffbe00eb900ab08f\
     465fe3fe122a0d66bfbdb2a8e43caab82870a63ed09f98df42c12c2d59a1a0f8b209dbad0072c7a7072d1fc951f2d822dfd7\
     caaf0c020b15a2327c5f12bcb51bdee5c9e279a08ad97ec292f1eeca";
const RSAES: &str = "a4e05466011bbea73405d09465170c4a0f5ca00e2557577808cc41bc93dace50853df3df293fedf29c80046b73a361a97269\
     0c0a2874bd79ad1cea7c6f53bbb4ce9ec07d8cbd653f1f6efb78472d62d310e7106a1926043e58c4555d46d7398ace3bff40\
     73af79b665664b518194fb81e7619c059af4edd5947caf7142d0e884";

fn rng() -> Drbg {
    Drbg::from_seed(b"seed", "rsa tests")
}

fn openssl_key() -> PrivateKey {
    PrivateKey::new(&hex(N), 0, &hex(P)).unwrap()
}

#[test]
fn agrees_with_openssl() {
    let key = openssl_key();
    let public = key.public();
    let sha256 = HashAlg::Sha256.digest(&[b"a TPM quotes"]);
    let sha384 = HashAlg::Sha384.digest(&[b"a TPM quotes"]);
    assert_eq!(rsassa_sign(&key, HashAlg::Sha256, &sha256).unwrap(), hex(RSASSA));
    assert!(rsassa_verify(public, HashAlg::Sha256, &sha256, &hex(RSASSA)));
    assert!(
        rsapss_verify(public, HashAlg::Sha384, &sha384, &hex(PSS)),
        "a salt of another length than the digest's"
    );
    assert_eq!(
        oaep_decrypt(&key, HashAlg::Sha256, b"DUPLICATE\0", &hex(OAEP)).unwrap(),
        b"seed of a duplicate"
    );
    assert_eq!(oaep_decrypt(&key, HashAlg::Sha256, b"DUPLICATE", &hex(OAEP)), Err(RsaError::Padding));
    assert_eq!(oaep_decrypt(&key, HashAlg::Sha1, b"DUPLICATE\0", &hex(OAEP)), Err(RsaError::Padding));
    assert_eq!(rsaes_decrypt(&key, &hex(RSAES)).unwrap(), b"seed of a duplicate");
    assert_eq!(rsaes_decrypt(&key, &hex(OAEP)), Err(RsaError::Padding));
    let other = PrivateKey::new(&hex(N), 65537, &hex(Q)).unwrap();
    assert_eq!(other.raw(&[3]), key.raw(&[3]), "either prime will do");
}

#[test]
fn keys_that_do_not_hold_together_are_refused() {
    let (n, p) = (hex(N), hex(P));
    let err = |n: &[u8], e, p: &[u8]| PrivateKey::new(n, e, p).unwrap_err();
    let mut even = n.clone();
    *even.last_mut().unwrap() &= 0xfe;
    assert_eq!(err(&even, 0, &p), RsaError::Modulus);
    assert_eq!(err(&n[1..], 0, &p), RsaError::Modulus);
    assert_eq!(err(&[], 0, &p), RsaError::Modulus);
    assert_eq!(err(&n, 2, &p), RsaError::Exponent);
    assert_eq!(err(&n, 0, &p[1..]), RsaError::Prime);
    let mut off = p.clone();
    off[10] ^= 1;
    assert_eq!(err(&n, 0, &off), RsaError::Prime);
    assert_eq!(err(&n, 0, &[0; 64]), RsaError::Prime);
    let key = PublicKey::new(&n, 0).unwrap();
    assert_eq!(key.raw(&n), Err(RsaError::TooLarge));
    assert_eq!(key.raw(&[vec![1], n].concat()), Err(RsaError::TooLarge));
    assert_eq!(key.raw(&[0; 300]).unwrap(), vec![0; 128]);
    assert_eq!(key.raw(&[1]).unwrap().last(), Some(&1));
}

#[test]
fn generated_keys_come_from_their_seed_and_work() {
    for (bits, exponent) in [(1024, 0), (1024, 3), (2048, 65537)] {
        let key = generate(bits, exponent, &mut rng()).unwrap();
        assert_eq!(key, generate(bits, exponent, &mut rng()).unwrap());
        assert_eq!((key.modulus.len(), key.prime.len()), (usize::from(bits) / 8, usize::from(bits) / 16));
        assert!(key.modulus[0] >= 0x80 && key.prime[0] >= 0xc0);
        let private = PrivateKey::new(&key.modulus, exponent, &key.prime).unwrap();
        let value = rng().bytes(key.modulus.len() - 1);
        let there = private.raw(&value).unwrap();
        assert_eq!(private.public().raw(&there).unwrap()[1..], value);
        // The `rsa` crate takes the key for a valid one, and signs alike.
        let e = if exponent == 0 { DEFAULT_EXPONENT } else { exponent };
        let p = rsa::BoxedUint::from_be_slice_vartime(&key.prime);
        let n = rsa::BoxedUint::from_be_slice_vartime(&key.modulus);
        let q = n.wrapping_div(&crypto_bigint::NonZero::new(p.clone()).unwrap());
        let peer = rsa::RsaPrivateKey::from_p_q(p, q, rsa::BoxedUint::from(e)).unwrap();
        peer.validate().unwrap();
        let digest = HashAlg::Sha1.digest(&[b"x"]);
        let theirs = peer.sign(rsa::Pkcs1v15Sign::new::<sha1::Sha1>(), &digest).unwrap();
        assert_eq!(rsassa_sign(&private, HashAlg::Sha1, &digest).unwrap(), theirs);
    }
    assert_eq!(generate(2047, 0, &mut rng()), Err(RsaError::Modulus));
    assert_eq!(generate(1024, 4, &mut rng()), Err(RsaError::Exponent));
    assert_eq!(generate(1024, 1, &mut rng()), Err(RsaError::Exponent));
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(16))]

    #[test]
    fn what_is_encrypted_decrypts(message in proptest::collection::vec(any::<u8>(), 0..62), label: Vec<u8>) {
        let key = openssl_key();
        let public = key.public();
        let sealed = oaep_encrypt(public, HashAlg::Sha256, &label, &message, &mut rng()).unwrap();
        prop_assert_eq!(&oaep_decrypt(&key, HashAlg::Sha256, &label, &sealed).unwrap(), &message);
        let sealed = rsaes_encrypt(public, &message, &mut rng()).unwrap();
        prop_assert_eq!(&rsaes_decrypt(&key, &sealed).unwrap(), &message);
    }

    #[test]
    fn what_is_signed_verifies(message: [u8; 8], flip in 0_usize..1024) {
        let key = openssl_key();
        let public = key.public();
        for alg in HashAlg::ALL {
            let digest = alg.digest(&[&message]);
            let mut ssa = rsassa_sign(&key, alg, &digest).unwrap();
            prop_assert!(rsassa_verify(public, alg, &digest, &ssa));
            ssa[flip / 8] ^= 1 << (flip % 8);
            prop_assert!(!rsassa_verify(public, alg, &digest, &ssa));
            // SHA-512 leaves a 1024-bit modulus a salt of 62 bytes instead of 64.
            let mut pss = rsapss_sign(&key, alg, &digest, &mut rng()).unwrap();
            prop_assert!(rsapss_verify(public, alg, &digest, &pss));
            prop_assert!(!rsapss_verify(public, alg, &alg.digest(&[b"other"]), &pss));
            pss[flip / 8] ^= 1 << (flip % 8);
            prop_assert!(!rsapss_verify(public, alg, &digest, &pss));
        }
    }
}

#[test]
fn messages_that_do_not_fit_are_refused() {
    let key = openssl_key();
    let public = key.public();
    assert_eq!(oaep_max_message(public, HashAlg::Sha256), Some(62));
    assert_eq!(oaep_max_message(public, HashAlg::Sha512), None);
    assert_eq!(rsaes_max_message(public), 117);
    let too_long = oaep_encrypt(public, HashAlg::Sha256, b"", &[1; 63], &mut rng());
    assert_eq!(too_long, Err(RsaError::MessageSize));
    assert_eq!(rsaes_encrypt(public, &[1; 118], &mut rng()), Err(RsaError::MessageSize));
    assert_eq!(rsassa_sign(&key, HashAlg::Sha256, &[0; 31]), Err(RsaError::MessageSize));
    assert_eq!(rsapss_sign(&key, HashAlg::Sha256, &[0; 33], &mut rng()), Err(RsaError::MessageSize));
    assert!(!rsassa_verify(public, HashAlg::Sha256, &[0; 32], &[0; 127]));
    assert!(!rsapss_verify(public, HashAlg::Sha256, &[0; 32], &[0; 129]));
    assert_eq!(oaep_decrypt(&key, HashAlg::Sha256, b"", &[0xff; 128]), Err(RsaError::TooLarge));
}
