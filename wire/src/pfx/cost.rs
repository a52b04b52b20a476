//! What a PKCS#12 file may cost to open. A peer says how many rounds its key derivations have, and whoever opens the
//! file does them: this looks at the numbers first, those inside of encrypted contents included.

use cbc::cipher::block_padding::Pkcs7;
use cbc::cipher::{BlockCipherDecrypt, BlockModeDecrypt, KeyInit, KeyIvInit};
use const_oid::ObjectIdentifier;
use der::asn1::{Any, ContextSpecific, OctetString};
use der::{Decode, Encode};
use des::TdesEde3;
use pkcs5::pbes2::{self, Kdf};
use pkcs12::cms::content_info::ContentInfo;
use pkcs12::cms::encrypted_data::EncryptedData;
use pkcs12::kdf::{Pkcs12KeyType, derive_key_utf8};
use pkcs12::pbe_params::{EncryptedPrivateKeyInfo, Pkcs12PbeParams};
use pkcs12::pfx::Pfx;
use pkcs12::safe_bag::{SafeBag, SafeContents};
use pkcs12::{AuthenticatedSafe, PKCS_12_PKCS8_KEY_BAG_OID, PKCS_12_SECRET_BAG_OID};
use rc2::Rc2;
use sha1::Sha1;
use spki::AlgorithmIdentifierOwned;

use super::{DATA, ENCRYPTED_DATA, PBES2, PfxError};

/// Most rounds of one key derivation. Windows and OpenSSL write 2,000 and 2,048.
const MOST_ROUNDS: u32 = 100_000;
/// Most rounds of all of them together: a file with one key needs three derivations.
const MOST_ROUNDS_TOGETHER: u32 = 500_000;

const TRIPLE_DES: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.113549.1.12.1.3");
const RC2_40: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.113549.1.12.1.6");

/// Refuses a file that costs more to open than files do.
pub(super) fn check(file: &[u8], password: &str) -> Result<(), PfxError> {
    let pfx = Pfx::from_der(file)?;
    let mut rounds = Rounds(0);
    if let Some(mac) = &pfx.mac_data {
        rounds.add(mac.iterations)?;
    }
    for safe in AuthenticatedSafe::from_der(&plain(&pfx.auth_safe.content)?)? {
        let Some(contents) = contents(&safe, password, &mut rounds)? else { continue };
        for bag in SafeContents::from_der(&contents)? {
            rounds.of_bag(&bag)?;
        }
    }
    Ok(())
}

/// The bags in one part of the file; `None` when it can't be read, which is for whoever opens the file to tell.
fn contents(safe: &ContentInfo, password: &str, rounds: &mut Rounds) -> Result<Option<Vec<u8>>, PfxError> {
    match safe.content_type {
        DATA => plain(&safe.content).map(Some),
        ENCRYPTED_DATA => {
            let info = EncryptedData::from_der(&safe.content.to_der()?)?.enc_content_info;
            rounds.of_algorithm(&info.content_enc_alg)?;
            let Some(ciphertext) = info.encrypted_content else { return Ok(None) };
            decrypt(&info.content_enc_alg, ciphertext.as_bytes(), password)
        }
        _ => Ok(None),
    }
}

/// What an OCTET STRING holds.
fn plain(content: &Any) -> Result<Vec<u8>, PfxError> {
    Ok(OctetString::from_der(&content.to_der()?)?.into_bytes().into_vec())
}

/// Rounds that were counted so far.
struct Rounds(u32);

impl Rounds {
    fn add(&mut self, rounds: impl TryInto<u32>) -> Result<(), PfxError> {
        let rounds = rounds.try_into().unwrap_or(u32::MAX);
        self.0 = self.0.saturating_add(rounds);
        if rounds > MOST_ROUNDS || self.0 > MOST_ROUNDS_TOGETHER {
            return Err(PfxError::TooCostly(format!("{rounds} rounds of key derivation")));
        }
        Ok(())
    }

    /// Counts what an encryption costs; an algorithm that nobody opens costs nothing.
    fn of_algorithm(&mut self, algorithm: &AlgorithmIdentifierOwned) -> Result<(), PfxError> {
        let Some(parameters) = &algorithm.parameters else { return Ok(()) };
        let parameters = parameters.to_der()?;
        match algorithm.oid {
            PBES2 => match pbes2::Parameters::from_der(&parameters)?.kdf {
                Kdf::Pbkdf2(kdf) => self.add(kdf.iteration_count),
                _ => Err(PfxError::TooCostly("scrypt".into())),
            },
            TRIPLE_DES | RC2_40 => self.add(Pkcs12PbeParams::from_der(&parameters)?.iterations),
            _ => Ok(()),
        }
    }

    fn of_bag(&mut self, bag: &SafeBag) -> Result<(), PfxError> {
        match bag.bag_id {
            PKCS_12_PKCS8_KEY_BAG_OID => {
                let key = ContextSpecific::<EncryptedPrivateKeyInfo>::from_der(&bag.bag_value)?;
                self.of_algorithm(&key.value.encryption_algorithm)
            }
            // Nobody who asks for a certificate wants one, and each would be decrypted.
            PKCS_12_SECRET_BAG_OID => {
                Err(PfxError::Format("it holds a secret that is no private key".into()))
            }
            _ => Ok(()),
        }
    }
}

/// Decrypts contents to look into them; `None` when the password is wrong or the algorithm is none that is read.
fn decrypt(
    algorithm: &AlgorithmIdentifierOwned,
    ciphertext: &[u8],
    password: &str,
) -> Result<Option<Vec<u8>>, PfxError> {
    let Some(parameters) = &algorithm.parameters else { return Ok(None) };
    let parameters = parameters.to_der()?;
    Ok(match algorithm.oid {
        PBES2 => pbes2::Parameters::from_der(&parameters)?.decrypt(password.as_bytes(), ciphertext).ok(),
        TRIPLE_DES => legacy::<TdesEde3>(&Pkcs12PbeParams::from_der(&parameters)?, 24, ciphertext, password),
        RC2_40 => legacy::<Rc2>(&Pkcs12PbeParams::from_der(&parameters)?, 5, ciphertext, password),
        _ => None,
    })
}

/// The encryption of RFC 7292, appendix C, which old files have.
fn legacy<C>(parameters: &Pkcs12PbeParams, key: usize, ciphertext: &[u8], password: &str) -> Option<Vec<u8>>
where
    C: KeyInit + BlockCipherDecrypt,
{
    let salt = parameters.salt.as_bytes();
    let derive =
        |kind, length| derive_key_utf8::<Sha1>(password, salt, kind, parameters.iterations, length).ok();
    let (key, iv) = (derive(Pkcs12KeyType::EncryptionKey, key)?, derive(Pkcs12KeyType::Iv, 8)?);
    let cipher = cbc::Decryptor::<C>::new_from_slices(&key, &iv).ok()?;
    cipher.decrypt_padded_vec::<Pkcs7>(ciphertext).ok()
}

impl From<der::Error> for PfxError {
    fn from(error: der::Error) -> Self {
        Self::Format(error.to_string())
    }
}

#[cfg(test)]
mod tests {
    use super::super::tests::issued;
    use super::super::*;
    use super::*;
    use crate::crypto::KeyKind;
    use crate::encoding::base64_decode;
    use cbc::cipher::{BlockCipherEncrypt, BlockModeEncrypt};

    /// `openssl pkcs12 -export -legacy` of a TEST ONLY key and its certificate, password `x`: RC2 and Triple DES.
    const OF_OPENSSL: &str = "\
        MIIDggIBAzCCA0gGCSqGSIb3DQEHAaCCAzkEggM1MIIDMTCCAicGCSqGSIb3DQEHBqCCAhgwggIUAgEAMIICDQYJKoZIhvcNAQcB\
        MBwGCiqGSIb3DQEMAQYwDgQIkHQItJCaAIMCAggAgIIB4IgIzHmai6/D2iV1l3rq8cugv7+HdGFW4icS1wgy+2LFlsRQv7jxOF7G\
        O0L5YPeiag4qo51yijTK/DetO3Z6UDvQaQobcTPVbQrs3cdb8mtNJrPlACUQXSx4Qa0/4+4YnmHQKJTxkevGCFyLq8/egDSTxPi8\
        3jUXbxW4cXQBxCNXmH/cbiq/M3ebQLcuITtHbLLUwvXEnNBqe9kPeVvRufy0ngVdJa8xU8wMcFavoiLZ/ZcIm4CE2zzXGIkLgcn/\
        5+XsBxKX8L9ORU+3rFUi35Tv5Va2da6At2k/1h/WY2GmjCPiCoVfZVgQNqp19tc7leBaiN2wA6i2pn/Uzjlx2xPSm50j5sS9f1LV\
        gfTRl9ixi23gbX/qLEsDdnH0Kl4cSDxElz6oH0d/jzzBmLbi2IWDgKnKv9KIarbsayzckbymL/UjR6tgXUDmbXBJ4UiMALEmJaR/\
        bm031qzL3tGEsN95nmy6ITQ7N+qHEu1jHXe7NtPgBHia+YAMP+vWNj0UiIYOavch5894fLis1ZIrnzLc4YQ9OrWpbQTSY3RaQ7OL\
        weiF/nCPbbO0Hb7qSgvTZ72Gfv1H5DUHoa3EKCGQcusixBqSwcIdrc4hpB/GnOIYdg7lnhy/eXaUA2Dp1MHcXzCCAQIGCSqGSIb3\
        DQEHAaCB9ASB8TCB7jCB6wYLKoZIhvcNAQwKAQKggbQwgbEwHAYKKoZIhvcNAQwBAzAOBAjj/JYDkGVU0wICCAAEgZDidtvuvfvB\
        BbwoqgpkWaVE2Tkhw2Ibhjg/N+jhCNKlKu3qRUh79egMHRYD5x6ErDB/UOH5hchFsvRnK8K+K+2EpZkBZNijzz3nQVCZCcwkLnOP\
        vtHBH6ezyL6PojxSruO7Cjz1w3DfaGB/co1QfJp7U011cXQkNv2Oin4Cg+bNgP5eM5rlrP/TZg/sr1AAm9gxJTAjBgkqhkiG9w0B\
        CRUxFgQUgBHv2mrzAuZCuL/bdFvNqUNPO3QwMTAhMAkGBSsOAwIaBQAEFD5/U9Kl76eGUnDsMLqlDZ2oTkH8BAgwIzg3ZibjTAIC\
        CAA=";

    /// An AlgorithmIdentifier: PBES2 with PBKDF2 of so many rounds.
    fn pbkdf2(rounds: u32) -> Vec<u8> {
        let prf = derenc::sequence(&[&derenc::object_id(&HMAC_WITH_SHA256), &derenc::null()]);
        let kdf = derenc::sequence(&[&derenc::octets(&[1; 16]), &derenc::small(rounds), &prf]);
        pbes2_with(&derenc::sequence(&[&derenc::object_id(&PBKDF2), &kdf]))
    }

    /// The same with scrypt, as cheap as it gets.
    fn scrypt() -> Vec<u8> {
        let parameters = [derenc::octets(&[1; 16]), derenc::small(2), derenc::small(1), derenc::small(1)];
        let parts: Vec<&[u8]> = parameters.iter().map(Vec::as_slice).collect();
        pbes2_with(&derenc::sequence(&[&derenc::oid("1.3.6.1.4.1.11591.4.11"), &derenc::sequence(&parts)]))
    }

    fn pbes2_with(kdf: &[u8]) -> Vec<u8> {
        let cipher = derenc::sequence(&[&derenc::object_id(&AES_256_CBC), &derenc::octets(&[2; 16])]);
        derenc::sequence(&[&derenc::object_id(&PBES2), &derenc::sequence(&[kdf, &cipher])])
    }

    /// A key bag under that encryption, as the only bag of SafeContents.
    fn key_bag(algorithm: &[u8]) -> Vec<u8> {
        let shrouded = derenc::sequence(&[algorithm, &derenc::octets(&[0; 32])]);
        derenc::sequence(&[&bag(SHROUDED_KEY_BAG, &shrouded, None)])
    }

    /// A file without a MAC around those parts.
    fn file(safes: &[&[u8]]) -> Vec<u8> {
        derenc::sequence(&[&derenc::small(3), &data(&derenc::sequence(safes))])
    }

    fn refused(file: &[u8]) -> bool {
        matches!(open(file, "x"), Err(PfxError::TooCostly(_)))
    }

    #[test]
    fn what_is_written_here_costs_little() {
        let (key, leaf, root) = issued(KeyKind::P256);
        let file = make(&key, &leaf, &[&root], "x", "name", &mut Stream::new(2, &[]));
        assert_eq!(check(&file, "x"), Ok(()));
        assert_eq!(check(&file, "another"), Ok(()));
    }

    #[test]
    fn a_file_of_openssl_opens() {
        let file = base64_decode(OF_OPENSSL).unwrap();
        let opened = open(&file, "x").unwrap();
        assert_eq!(parse_certificate(&opened.certificate).unwrap().subject_cn, "TEST ONLY");
        assert_eq!(open(&file, "y").unwrap_err(), PfxError::WrongPassword);
    }

    /// Contents under an old encryption.
    fn old<C: KeyInit + BlockCipherEncrypt>(
        algorithm: ObjectIdentifier,
        key: usize,
        content: &[u8],
    ) -> Vec<u8> {
        let derive = |kind, length| derive_key_utf8::<Sha1>("x", &[1; 8], kind, 2_048, length).unwrap();
        let (key, iv) = (derive(Pkcs12KeyType::EncryptionKey, key), derive(Pkcs12KeyType::Iv, 8));
        let cipher = cbc::Encryptor::<C>::new_from_slices(&key, &iv).unwrap();
        let parameters = derenc::sequence(&[&derenc::octets(&[1; 8]), &derenc::small(2_048)]);
        let algorithm = derenc::sequence(&[&derenc::object_id(&algorithm), &parameters]);
        let ciphertext = derenc::context_primitive(0, &cipher.encrypt_padded_vec::<Pkcs7>(content));
        let info = derenc::sequence(&[&derenc::object_id(&DATA), &algorithm, &ciphertext]);
        let encrypted = derenc::sequence(&[&derenc::small(0), &info]);
        derenc::sequence(&[&derenc::object_id(&ENCRYPTED_DATA), &derenc::context(0, &encrypted)])
    }

    #[test]
    fn too_many_rounds_are_refused_wherever_they_are_asked_for() {
        for rounds in [MOST_ROUNDS + 1, 1_000_000, 2_000_000_000] {
            assert!(refused(&file(&[&data(&key_bag(&pbkdf2(rounds)))])));
            let encrypted = derenc::sequence(&[
                &derenc::object_id(&DATA),
                &pbkdf2(rounds),
                &derenc::context_primitive(0, &[0; 32]),
            ]);
            let encrypted = derenc::sequence(&[&derenc::small(0), &encrypted]);
            let encrypted =
                derenc::sequence(&[&derenc::object_id(&ENCRYPTED_DATA), &derenc::context(0, &encrypted)]);
            assert!(refused(&file(&[&encrypted])));
            let digest = derenc::sequence(&[&derenc::object_id(&SHA256), &derenc::null()]);
            let digest = derenc::sequence(&[&digest, &derenc::octets(&[0; 32])]);
            let mac = derenc::sequence(&[&digest, &derenc::octets(&[1; 8]), &derenc::small(rounds)]);
            let whole = derenc::sequence(&[&derenc::small(3), &data(&derenc::sequence(&[])), &mac]);
            assert!(refused(&whole));
        }
        assert!(!refused(&file(&[&data(&key_bag(&pbkdf2(MOST_ROUNDS)))])));
    }

    #[test]
    fn rounds_inside_of_encrypted_contents_count() {
        let hidden = encrypted_data(&key_bag(&pbkdf2(1_000_000)), "x", &mut Stream::new(3, &[]));
        assert!(refused(&file(&[&hidden])));
        let bag = key_bag(&pbkdf2(1_000_000));
        assert!(refused(&file(&[&old::<TdesEde3>(TRIPLE_DES, 24, &bag)])));
        assert!(refused(&file(&[&old::<Rc2>(RC2_40, 5, &bag)])));
        // Under another password nobody gets that far.
        assert!(!matches!(open(&file(&[&hidden]), "y"), Err(PfxError::TooCostly(_))));
    }

    #[test]
    fn many_small_numbers_count_together() {
        let one = data(&key_bag(&pbkdf2(MOST_ROUNDS)));
        let most = usize::try_from(MOST_ROUNDS_TOGETHER / MOST_ROUNDS).unwrap();
        assert_eq!(check(&file(&vec![one.as_slice(); most]), "x"), Ok(()));
        assert!(refused(&file(&vec![one.as_slice(); most + 1])));
    }

    #[test]
    fn scrypt_is_refused() {
        assert!(refused(&file(&[&data(&key_bag(&scrypt()))])));
    }
}
