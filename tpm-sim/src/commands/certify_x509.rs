//! TPM2_CertifyX509 (part 3, section 18.8): an X.509 certificate of an object's public key. The caller gives what a person decides
//! (issuer, validity, subject, extensions), the TPM adds what only it can vouch for (serial number, public key) and signs.

use super::symmetric::max_buffer;
use crate::Tpm;
use crate::command::Call;
use crate::crypto::HashAlg;
use crate::manufacture::asn1;
use crate::object::{Object, Parameters, Scheme, Unique};
use crate::params::take_2b;
use crate::rc::Rc;
use crate::signature;
use const_oid::ObjectIdentifier;
use tpm2_protocol::data::{TpmAlgId, TpmEccCurve, TpmaObject};

const RSA_ENCRYPTION: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.113549.1.1.1");
const RSASSA_PSS: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.113549.1.1.10");
const MGF1: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.113549.1.1.8");
const EC_PUBLIC_KEY: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.10045.2.1");
const SECP256R1: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.10045.3.1.7");
const SECP384R1: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.3.132.0.34");
const KEY_USAGE: ObjectIdentifier = ObjectIdentifier::new_unwrap("2.5.29.15");
/// tcg-tpmaObject: the object's attributes as an extension.
const TPMA_OBJECT: ObjectIdentifier = ObjectIdentifier::new_unwrap("2.23.133.10.1.1.1");

const SEQUENCE: u8 = asn1::SEQUENCE;
const OID: u8 = 0x06;
const BOOLEAN: u8 = 0x01;
const BIT_STRING: u8 = 0x03;
const OCTET_STRING: u8 = 0x04;
/// `[3]`, the extensions of a certificate.
const EXTENSIONS: u8 = 0xa3;

/// An element of DER: its tag, its content, and the whole of it.
struct Element<'a> {
    tag: u8,
    content: &'a [u8],
    whole: &'a [u8],
}

/// Takes an element off the front; `None` when there is none.
fn element<'a>(der: &mut &'a [u8]) -> Option<Element<'a>> {
    let all = *der;
    let (&tag, rest) = all.split_first()?;
    let (&first, rest) = rest.split_first()?;
    let (length, rest) = match first {
        short if short < 0x80 => (usize::from(short), rest),
        long => {
            let (digits, rest) = rest.split_at_checked(usize::from(long & 0x7f))?;
            if !(1..=2).contains(&digits.len()) {
                return None;
            }
            (digits.iter().fold(0, |length, digit| length << 8 | usize::from(*digit)), rest)
        }
    };
    let (content, rest) = rest.split_at_checked(length)?;
    *der = rest;
    Some(Element { tag, content, whole: &all[..all.len() - rest.len()] })
}

fn expect<'a>(der: &mut &'a [u8], tag: u8) -> Option<Element<'a>> {
    element(der).filter(|element| element.tag == tag)
}

/// The caller's parts of a certificate, as they go into it.
struct Partial<'a> {
    /// AlgorithmIdentifier of the signature, if the caller gave one.
    algorithm: Option<&'a [u8]>,
    issuer: &'a [u8],
    validity: &'a [u8],
    subject: &'a [u8],
    extensions: Element<'a>,
}

fn parse(partial: &[u8]) -> Option<Partial<'_>> {
    let mut rest = partial;
    let mut inner = expect(&mut rest, SEQUENCE)?.content;
    let mut parts = Vec::new();
    let extensions = loop {
        let part = element(&mut inner)?;
        match part.tag {
            SEQUENCE => parts.push(part.whole),
            EXTENSIONS => break part,
            _ => return None,
        }
    };
    let (algorithm, names) = match parts.as_slice() {
        [algorithm, names @ ..] if names.len() == 3 => (Some(*algorithm), names),
        names => (None, names),
    };
    let &[issuer, validity, subject] = names else { return None };
    (rest.is_empty() && inner.is_empty()).then_some(Partial {
        algorithm,
        issuer,
        validity,
        subject,
        extensions,
    })
}

/// Whether the extensions ask for no more than the object's attributes allow: there is a key usage, and the attributes, where
/// they are spelled out, are the object's.
fn check_extensions(extensions: &Element, attributes: TpmaObject) -> Option<()> {
    let mut list = extensions.content;
    let mut list = expect(&mut list, SEQUENCE)?.content;
    let mut usage_seen = false;
    while !list.is_empty() {
        let mut extension = expect(&mut list, SEQUENCE)?.content;
        let id = expect(&mut extension, OID)?.content;
        let mut value = element(&mut extension)?;
        if value.tag == BOOLEAN {
            value = element(&mut extension)?;
        }
        let mut value = if value.tag == OCTET_STRING { value.content } else { return None };
        if id == KEY_USAGE.as_bytes() {
            usage_seen = true;
            let bits = expect(&mut value, BIT_STRING)?.content;
            let usage = *bits.get(1)?;
            let allowed = |bits: u8, needed: TpmaObject| usage & bits == 0 || attributes.contains(needed);
            // digitalSignature, keyCertSign, cRLSign; keyEncipherment, dataEncipherment; nonRepudiation; keyAgreement.
            let fits = allowed(0x80 | 0x06, TpmaObject::SIGN_ENCRYPT)
                && allowed(0x30, TpmaObject::DECRYPT)
                && allowed(0x40, TpmaObject::FIXED_TPM)
                && allowed(0x08, TpmaObject::RESTRICTED);
            fits.then_some(())?;
        } else if id == TPMA_OBJECT.as_bytes() {
            let bits = expect(&mut value, BIT_STRING)?.content;
            (bits == [&[0], attributes.bits().to_be_bytes().as_slice()].concat()).then_some(())?;
        }
    }
    usage_seen.then_some(())
}

/// SubjectPublicKeyInfo; `None` for a key that X.509 has no place for.
fn public_key_info(object: &Object) -> Option<Vec<u8>> {
    let public = &object.public;
    let (algorithm, key) = match (&public.parameters, &public.unique) {
        (Parameters::Rsa { exponent, .. }, Unique::Rsa(modulus)) => {
            let exponent = if *exponent == 0 { crate::crypto::rsa::DEFAULT_EXPONENT } else { *exponent };
            let key = asn1::sequence(&[&asn1::unsigned(modulus), &asn1::small(exponent)]);
            (asn1::sequence(&[&asn1::oid(RSA_ENCRYPTION), &asn1::null()]), key)
        }
        (Parameters::Ecc { curve, .. }, Unique::Ecc { x, y }) => {
            let curve = match curve {
                TpmEccCurve::NistP256 => SECP256R1,
                TpmEccCurve::NistP384 => SECP384R1,
                _ => return None,
            };
            (
                asn1::sequence(&[&asn1::oid(EC_PUBLIC_KEY), &asn1::oid(curve)]),
                [&[4], x.as_slice(), y].concat(),
            )
        }
        _ => return None,
    };
    Some(asn1::sequence(&[&algorithm, &asn1::bits(&key)]))
}

/// AlgorithmIdentifier of a signature scheme; `None` for one that X.509 has no name for.
fn algorithm(scheme: Scheme) -> Option<Vec<u8>> {
    let hash = scheme.hash?;
    let named = |rsa: &str, ecdsa: &str| {
        let parameters = if scheme.alg == TpmAlgId::Rsassa { asn1::null() } else { Vec::new() };
        let id = if scheme.alg == TpmAlgId::Rsassa { rsa } else { ecdsa };
        Some(asn1::sequence(&[&asn1::oid(ObjectIdentifier::new(id).ok()?), &parameters]))
    };
    match (scheme.alg, hash) {
        (TpmAlgId::Rsassa | TpmAlgId::Ecdsa, HashAlg::Sha1) => {
            named("1.2.840.113549.1.1.5", "1.2.840.10045.4.1")
        }
        (TpmAlgId::Rsassa | TpmAlgId::Ecdsa, HashAlg::Sha256) => {
            named("1.2.840.113549.1.1.11", "1.2.840.10045.4.3.2")
        }
        (TpmAlgId::Rsassa | TpmAlgId::Ecdsa, HashAlg::Sha384) => {
            named("1.2.840.113549.1.1.12", "1.2.840.10045.4.3.3")
        }
        (TpmAlgId::Rsassa | TpmAlgId::Ecdsa, HashAlg::Sha512) => {
            named("1.2.840.113549.1.1.13", "1.2.840.10045.4.3.4")
        }
        (TpmAlgId::Rsapss, hash) => {
            let id = match hash {
                HashAlg::Sha1 => "1.3.14.3.2.26",
                HashAlg::Sha256 => "2.16.840.1.101.3.4.2.1",
                HashAlg::Sha384 => "2.16.840.1.101.3.4.2.2",
                HashAlg::Sha512 => "2.16.840.1.101.3.4.2.3",
            };
            let digest = asn1::sequence(&[&asn1::oid(ObjectIdentifier::new(id).ok()?), &asn1::null()]);
            let mask = asn1::sequence(&[&asn1::oid(MGF1), &digest]);
            let salt = asn1::small(u32::try_from(hash.size()).ok()?);
            let parameters = asn1::sequence(&[
                &asn1::context(0, &digest),
                &asn1::context(1, &mask),
                &asn1::context(2, &salt),
            ]);
            Some(asn1::sequence(&[&asn1::oid(RSASSA_PSS), &parameters]))
        }
        _ => None,
    }
}

/// A serial number of 20 bytes that belongs to this key, signer and request alone.
fn serial(signer: &Object, object: &Object, partial: &[u8]) -> Vec<u8> {
    let mut serial = HashAlg::Sha256.digest(&[&signer.name, &object.name, partial])[..20].to_vec();
    serial[0] = serial[0] & 0x7f | 0x40;
    asn1::unsigned(&serial)
}

/// TPM2_CertifyX509. The signing key need not have the attribute x509sign: TPMs in the field take any signing key, and tools rely
/// on it.
pub fn certify_x509(tpm: &mut Tpm, call: &mut Call) -> Result<(), Rc> {
    let reserved = call.params.read_with(|buf| Ok(take_2b(buf, 64)?.to_vec()))?;
    let asked = call.params.read_with(Scheme::read_signing)?;
    let partial = call.params.read_with(max_buffer)?;
    call.params.finish()?;
    let object = tpm.object(call.handles[0]).map_err(|rc| rc.handle(1))?;
    if !reserved.is_empty() {
        return Err(Rc::SIZE.param(1));
    }
    let Ok(Some(signer)) = signature::signer(tpm, call.handles[1]) else { return Err(Rc::KEY.handle(2)) };
    let scheme = signature::select_scheme(Some(&signer), asked).map_err(|rc| rc.param(2))?;
    let hash = scheme.hash.ok_or(Rc::SCHEME.param(2))?;
    let own_algorithm = algorithm(scheme).ok_or(Rc::SCHEME.param(2))?;
    let key = public_key_info(&object).ok_or(Rc::ASYMMETRIC.handle(1))?;
    if element(&mut partial.as_slice()).is_none_or(|outer| outer.whole.len() != partial.len()) {
        return Err(Rc::SIZE.param(3));
    }
    let parts = parse(&partial).ok_or(Rc::VALUE.param(3))?;
    check_extensions(&parts.extensions, object.public.attributes).ok_or(Rc::VALUE.param(3))?;

    let version = asn1::context(0, &asn1::small(2));
    let serial = serial(&signer, &object, &partial);
    let added_algorithm = if parts.algorithm.is_some() { &[] } else { own_algorithm.as_slice() };
    let added = asn1::sequence(&[&version, &serial, added_algorithm, &key]);
    let to_be_signed = asn1::sequence(&[
        &version,
        &serial,
        parts.algorithm.unwrap_or(&own_algorithm),
        parts.issuer,
        parts.validity,
        parts.subject,
        &key,
        parts.extensions.whole,
    ]);
    let digest = hash.digest(&[&to_be_signed]);
    let signature = signature::sign(tpm, &signer, scheme, &digest)?;
    call.out.put_2b(&added);
    call.out.put_2b(&digest);
    call.out.bytes.extend(signature);
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::crypto::tests_support::hex;

    const PARTIAL: &str = "30363010310e300c06035504030c05697373756530003010310e300c06035504030c057375626a65a3\
                           123010300e0603551d0f0101ff0404030201 86";

    #[test]
    fn a_partial_certificate_comes_apart() {
        let mut der = hex(PARTIAL);
        der[1] = u8::try_from(der.len() - 2).unwrap();
        let parts = parse(&der).unwrap();
        assert!(parts.algorithm.is_none());
        assert_eq!(parts.validity, [0x30, 0]);
        assert_eq!((parts.issuer.len(), parts.subject.len()), (18, 18));
        let sign = TpmaObject::SIGN_ENCRYPT;
        assert!(check_extensions(&parts.extensions, sign).is_some());
        assert!(
            check_extensions(&parts.extensions, TpmaObject::DECRYPT).is_none(),
            "a decryption key can't sign"
        );
        for cut in 0..der.len() {
            assert!(parse(&der[..cut]).is_none());
        }
        assert!(parse(&[der.clone(), vec![0]].concat()).is_none(), "nothing may follow");
        let mut without_extensions = der[..der.len() - 20].to_vec();
        without_extensions[1] -= 20;
        assert!(parse(&without_extensions).is_none());
    }

    /// The identifier of RSASSA-PSS with SHA-256, as another TPM wrote it.
    #[test]
    fn pss_carries_its_parameters() {
        let got = algorithm(Scheme::new(TpmAlgId::Rsapss, HashAlg::Sha256)).unwrap();
        let want = "304106092a864886f70d01010a3034a00f300d06096086480165030402010500a11c301a06092a864886f70d01\
                    0108300d06096086480165030402010500a203020120";
        assert_eq!(got, hex(want));
        assert!(algorithm(Scheme::new(TpmAlgId::Hmac, HashAlg::Sha256)).is_none());
    }
}
