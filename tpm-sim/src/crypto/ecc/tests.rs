use super::*;
use crate::crypto::HashAlg;
use crate::crypto::tests_support::hex;
use proptest::prelude::*;

fn rng(seed: u64) -> Drbg {
    Drbg::from_seed(&seed.to_be_bytes(), "ecc tests")
}

#[test]
fn the_generator_is_on_its_curve_and_one_times_it_is_itself() {
    for curve in Curve::ALL {
        let parameters = curve.parameters();
        assert!(is_on_curve(curve, &parameters.generator));
        assert_eq!(multiply_generator(curve, &[1]).unwrap(), parameters.generator);
        assert!(multiply_generator(curve, &[]).is_none(), "zero gives the point at infinity");
        assert!(multiply_generator(curve, &parameters.n).is_none());
        let minus_one = scalar::subtract_mod(curve, &[], &[1]);
        assert_eq!(multiply_generator(curve, &minus_one), negate(curve, &parameters.generator));
        assert!(add(curve, &parameters.generator, &negate(curve, &parameters.generator).unwrap()).is_none());
        assert!(!is_on_curve(curve, &Point { x: parameters.generator.x, y: vec![1] }));
        assert!(!is_on_curve(curve, &Point { x: vec![], y: vec![] }), "the origin is on no curve here");
    }
}

/// RFC 6979, A.2.5 and A.2.6, message "sample".
#[test]
fn ecdsa_gives_the_signatures_of_rfc_6979() {
    let cases = [
        (
            Curve::P256,
            HashAlg::Sha256,
            "C9AFA9D845BA75166B5C215767B1D6934E50C3DB36E89B127B8A622B120F6721",
            "EFD48B2AACB6A8FD1140DD9CD45E81D69D2C877B56AAF991C34D0EA84EAF3716",
            "F7CB1C942D657C41D436C7A1B6E29F65F3E900DBB9AFF4064DC4AB2F843ACDA8",
        ),
        (
            Curve::P256,
            HashAlg::Sha1,
            "C9AFA9D845BA75166B5C215767B1D6934E50C3DB36E89B127B8A622B120F6721",
            "61340C88C3AAEBEB4F6D667F672CA9759A6CCAA9FA8811313039EE4A35471D32",
            "6D7F147DAC089441BB2E2FE8F7A3FA264B9C475098FDCF6E00D7C996E1B8B7EB",
        ),
        (
            Curve::P384,
            HashAlg::Sha384,
            "6B9D3DAD2E1B8C1C05B19875B6659F4DE23C3B667BF297BA9AA47740787137D896D5724E4C70A825F872C9EA60D2EDF5",
            "94EDBB92A5ECB8AAD4736E56C691916B3F88140666CE9FA73D64C4EA95AD133C81A648152E44ACF96E36DD1E80FABE46",
            "99EF4AEB15F178CEA1FE40DB2603138F130E740A19624526203B6351D0A3A94FA329C145786E679E7B82C71A38628AC8",
        ),
    ];
    // A.2.3 and A.2.7, from the general implementation.
    let more = [
        (
            Curve::P192,
            HashAlg::Sha256,
            "6FAB034934E4C0FC9AE67F5B5659A9D7D1FEFD187EE09FD4",
            "4B0B8CE98A92866A2820E20AA6B75B56382E0F9BFD5ECB55",
            "CCDB006926EA9565CBADC840829D8C384E06DE1F1E381B85",
        ),
        (
            Curve::P521,
            HashAlg::Sha512,
            "00FAD06DAA62BA3B25D2FB40133DA757205DE67F5BB0018FEE8C86E1B68C7E75CAA896EB32F1F47C70855836A6D16FCC1466F6D8FBEC67DB89EC0C08B0E996B83538",
            "00C328FAFCBD79DD77850370C46325D987CB525569FB63C5D3BC53950E6D4C5F174E25A1EE9017B5D450606ADD152B534931D7D4E8455CC91F9B15BF05EC36E377FA",
            "00617CCE7CF5064806C467F678D3B4080D6F1CC50AF26CA209417308281B68AF282623EAA63E5B5C0723D8B8C37FF0777B1A20F8CCB1DCCC43997F1EE0E44DA4A67A",
        ),
    ];
    for (curve, alg, d, r, s) in cases.into_iter().chain(more) {
        let digest = alg.digest(&[b"sample"]);
        let signature = ecdsa_sign(curve, &hex(d), alg, &digest).unwrap();
        assert_eq!((&signature.r, &signature.s), (&hex(r), &hex(s)), "{curve:?} {alg:?}");
        let public = public_of(curve, &hex(d)).unwrap();
        assert!(ecdsa_verify(curve, &public, &digest, &signature));
        assert!(!ecdsa_verify(curve, &public, &alg.digest(&[b"other"]), &signature));
        let zero = Signature { r: vec![0], s: signature.s.clone() };
        assert!(!ecdsa_verify(curve, &public, &digest, &zero));
        let swapped = Signature { r: signature.s, s: signature.r };
        assert!(!ecdsa_verify(curve, &public, &digest, &swapped));
    }
}

/// The general formulas give what the library gives, on the library's curves.
#[test]
fn the_general_implementation_agrees_with_the_library() {
    for curve in [Curve::P256, Curve::P384] {
        let mut rng = rng(1);
        let (a, b) = (generate(curve, &mut rng), generate(curve, &mut rng));
        assert_eq!(
            weierstrass::multiply(curve, &a.private, &b.public),
            multiply(curve, &a.private, &b.public)
        );
        assert_eq!(weierstrass::add(curve, &a.public, &b.public), add(curve, &a.public, &b.public));
        assert_eq!(weierstrass::add(curve, &a.public, &a.public), multiply(curve, &[2], &a.public));
        assert_eq!(weierstrass::negate(curve, &a.public), negate(curve, &a.public));
        let digest = HashAlg::Sha512.digest(&[b"data"]);
        let signature = weierstrass::ecdsa_sign(curve, &a.private, HashAlg::Sha256, &digest).unwrap();
        assert_eq!(Some(&signature), ecdsa_sign(curve, &a.private, HashAlg::Sha256, &digest).as_ref());
        assert!(weierstrass::ecdsa_verify(curve, &a.public, &digest, &signature));
        assert!(!weierstrass::ecdsa_verify(curve, &b.public, &digest, &signature));
        let product = weierstrass::modulo_order(
            curve,
            &a.private,
            &b.private,
            crypto_bigint::modular::BoxedMontyForm::mul,
        );
        assert_eq!(product, scalar::multiply(curve, &a.private, &b.private));
    }
}

#[test]
fn private_keys_from_extra_bits_stay_in_range() {
    for curve in Curve::ALL {
        let n = curve.parameters().n;
        let mut minus_one = n.clone();
        *minus_one.last_mut().unwrap() -= 1;
        let one = |curve: Curve| [vec![0; curve.bytes() - 1], vec![1]].concat();
        assert_eq!(scalar::from_extra_bits(curve, &[0; 8]), one(curve));
        assert_eq!(scalar::from_extra_bits(curve, &minus_one), one(curve), "n - 1 wraps to zero, plus one");
        let mut minus_two = minus_one.clone();
        *minus_two.last_mut().unwrap() -= 1;
        assert_eq!(scalar::from_extra_bits(curve, &minus_two), minus_one);
        for number in [[0xff; 56].as_slice(), &[0xff; 74], &[0x80; 48], &n] {
            assert!(scalar::is_private_key(curve, &scalar::from_extra_bits(curve, number)));
        }
        assert!(!scalar::is_private_key(curve, &n));
        assert!(!scalar::is_private_key(curve, &[]));
        assert!(!scalar::is_private_key(curve, &[1; 67]), "too long");
        assert!(scalar::is_private_key(curve, &[vec![0; 9], minus_one].concat()), "leading zeros do no harm");
    }
}

/// Where the two engines of P-256 might part: at the ends of the range, and at points whose sum with another is themselves
/// or nothing.
#[test]
fn the_engines_agree_at_the_edges() {
    let curve = Curve::P256;
    let n = curve.parameters().n;
    let point = generate(curve, &mut rng(7)).public;
    let off_the_curve = Point { x: point.x.clone(), y: point.x.clone() };
    let near = |distance: u8| scalar::subtract_mod(curve, &[], &[distance]);
    let numbers = [
        vec![],
        vec![1],
        vec![2],
        vec![3],
        near(1),
        near(2),
        near(3),
        n.clone(),
        vec![0xff; 32],
        vec![1; 33],
        [&[0; 5][..], &n].concat(),
    ];
    for k in &numbers {
        for point in [&point, &curve.parameters().generator, &off_the_curve] {
            let expected = arithmetic::portable_multiply(curve, k, point);
            assert_eq!(multiply(curve, k, point), expected, "{k:x?} * {point:x?}");
        }
        let expected = arithmetic::portable_multiply_generator(curve, k);
        assert_eq!(multiply_generator(curve, k), expected, "{k:x?}");
        for alg in HashAlg::ALL {
            let expected = schemes::portable_ecdsa_sign(curve, k, alg, b"digest");
            assert_eq!(ecdsa_sign(curve, k, alg, b"digest"), expected, "{k:x?}");
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn the_engines_agree(k: [u8; 32], seed: u64, digest in prop::collection::vec(any::<u8>(), 1..70), which in 0..4_usize) {
        let curve = Curve::P256;
        let point = generate(curve, &mut rng(seed)).public;
        prop_assert_eq!(multiply(curve, &k, &point), arithmetic::portable_multiply(curve, &k, &point));
        prop_assert_eq!(multiply_generator(curve, &k), arithmetic::portable_multiply_generator(curve, &k));
        let alg = HashAlg::ALL[which];
        let expected = schemes::portable_ecdsa_sign(curve, &k, alg, &digest);
        prop_assert_eq!(ecdsa_sign(curve, &k, alg, &digest), expected);
    }

    #[test]
    fn remainders_are_those_of_the_library(number in prop::collection::vec(any::<u8>(), 0..80)) {
        // The library reduces modulo its orders; long numbers, short ones and none go the same way for any modulus.
        for curve in [Curve::P256, Curve::P384] {
            let n = curve.parameters().n;
            prop_assert_eq!(arithmetic::remainder(&number, &n), scalar::reduce(curve, &number));
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(8))]

    #[test]
    fn two_parties_agree_on_a_point(seed: u64) {
        for curve in Curve::ALL {
            let mut rng = rng(seed);
            let (a, b) = (generate(curve, &mut rng), generate(curve, &mut rng));
            prop_assert_ne!(&a, &b);
            prop_assert!(is_on_curve(curve, &a.public));
            prop_assert_eq!(public_of(curve, &a.private), Some(a.public.clone()));
            prop_assert_eq!(ecdh(curve, &a.private, &b.public), ecdh(curve, &b.private, &a.public));
            let sum = add(curve, &a.public, &b.public);
            prop_assert_eq!(sum, multiply_generator(curve, &scalar::add(curve, &a.private, &b.private)));
        }
    }

    #[test]
    fn schnorr_signatures_verify_and_ecdaa_ones_hold_their_equation(seed: u64, message: [u8; 32]) {
        for (curve, alg) in [(Curve::P256, HashAlg::Sha256), (Curve::P384, HashAlg::Sha1), (Curve::P256, HashAlg::Sha512)] {
            let mut rng = rng(seed);
            let key = generate(curve, &mut rng);
            let signature = ecschnorr_sign(curve, &key.private, alg, &message, &mut rng).unwrap();
            prop_assert!(ecschnorr_verify(curve, &key.public, alg, &message, &signature));
            prop_assert!(!ecschnorr_verify(curve, &key.public, alg, b"another", &signature));

            // s * G = commit * G + T * Q, with T from the nonce in the signature.
            let commit = generate(curve, &mut rng);
            let daa = ecdaa_sign(curve, &key.private, &commit.private, alg, &message, &mut rng).unwrap();
            let t = scalar::reduce(curve, &alg.digest(&[&daa.r, &message]));
            let right = add(curve, &commit.public, &multiply(curve, &t, &key.public).unwrap());
            prop_assert_eq!(multiply_generator(curve, &daa.s), right);
        }
    }
}
