use der::{Decode, Encode};
use x509_cert::Certificate;

use super::*;
use crate::manufacture::profile::Kind;
use crate::manufacture::{new_tpm, profile};

fn make(id: &str) -> Tpm {
    let mut tpm = Tpm::manufacture(&ManufactureOptions::new(b"seed", profile(id).unwrap())).unwrap();
    tpm.power_on();
    tpm.execute(&STARTUP);
    tpm
}

const STARTUP: [u8; 12] = [0x80, 1, 0, 0, 0, 12, 0, 0, 1, 0x44, 0, 0];

fn frame(tag: u8, code: u32, body: &[u8]) -> Vec<u8> {
    let size = u32::try_from(10 + body.len()).unwrap();
    [&[0x80, tag][..], &size.to_be_bytes(), &code.to_be_bytes(), body].concat()
}

fn code(response: &[u8]) -> u32 {
    u32::from_be_bytes(response[6..10].try_into().unwrap())
}

const PASSWORD: [u8; 13] = [0, 0, 0, 9, 0x40, 0, 0, 9, 0, 0, 0, 0, 0];

/// The public area that TPM2_CreatePrimary answers for a template in the endorsement hierarchy.
fn create_primary(tpm: &mut Tpm, template: EkTemplate) -> Vec<u8> {
    let public = template.public_area();
    let mut body = vec![0x40, 0, 0, 0x0b];
    body.extend_from_slice(&PASSWORD);
    body.extend_from_slice(&[0, 4, 0, 0, 0, 0]);
    body.extend_from_slice(&u16::try_from(public.len()).unwrap().to_be_bytes());
    body.extend_from_slice(&public);
    body.extend_from_slice(&[0; 6]);
    let response = tpm.execute(&frame(2, 0x131, &body));
    assert_eq!(code(&response), 0);
    let size = usize::from(u16::from_be_bytes([response[18], response[19]]));
    response[20..20 + size].to_vec()
}

/// An index by TPM2_NV_ReadPublic and TPM2_NV_Read, in pieces.
fn nv(tpm: &mut Tpm, index: u32) -> Result<Vec<u8>, u32> {
    let public = tpm.execute(&frame(1, 0x169, &index.to_be_bytes()));
    if code(&public) != 0 {
        return Err(code(&public));
    }
    let size = u16::from_be_bytes([public[24], public[25]]);
    let mut content = Vec::new();
    while content.len() < usize::from(size) {
        let offset = u16::try_from(content.len()).unwrap();
        let piece = (size - offset).min(700);
        let mut body = [index.to_be_bytes(), index.to_be_bytes()].concat();
        body.extend_from_slice(&PASSWORD);
        body.extend_from_slice(&[piece.to_be_bytes(), offset.to_be_bytes()].concat());
        let response = tpm.execute(&frame(2, 0x14e, &body));
        assert_eq!(code(&response), 0);
        content.extend_from_slice(&response[16..16 + usize::from(piece)]);
    }
    Ok(content)
}

#[test]
fn certificates_are_of_the_keys_that_create_primary_makes() {
    for profile in PROFILES
        .iter()
        .filter(|profile| profile.generation == Generation::Tpm20 && profile.defects.is_empty())
    {
        let mut tpm = make(profile.id);
        // An RSA key takes a second without optimisation: elliptic curves stand for all but once.
        let rsa_too = profile.id == "infineon-slb9670";
        for offer in profile.endorsement.iter().filter(|offer| rsa_too || !offer.template.is_rsa()) {
            let public = create_primary(&mut tpm, offer.template);
            let key = EkPublicKey::from_public_area(&public).unwrap();
            let certificate = match offer.location {
                CertificateLocation::Nv => nv(&mut tpm, offer.template.certificate_index()).unwrap(),
                CertificateLocation::Endpoint => {
                    let endpoint = tpm.ek_endpoint(offer.template).unwrap();
                    assert_eq!(Some(endpoint.path), endpoint::path(profile.vendor, &key));
                    endpoint::certificate(profile.vendor, &endpoint.body).unwrap()
                }
                CertificateLocation::Missing => {
                    assert_eq!(nv(&mut tpm, offer.template.certificate_index()), Err(0x18b));
                    assert_eq!(tpm.ek_endpoint(offer.template), None);
                    continue;
                }
            };
            assert_eq!(tpm.ek_certificate(offer.template).unwrap(), certificate);
            let certificate = Certificate::from_der(&certificate).unwrap();
            let spki = certificate.tbs_certificate().subject_public_key_info().to_der().unwrap();
            assert_eq!(spki, key.to_spki(), "{} {}", profile.id, offer.template.name());
            // Room for the objects of the next.
            tpm.execute(&STARTUP);
            tpm.power_on();
            tpm.execute(&STARTUP);
        }
    }
}

#[test]
fn chain_in_nv_is_the_issuers() {
    let mut tpm = make("intel-ptt-on-die");
    let chain = nv(&mut tpm, CHAIN_INDEX).unwrap();
    let ca = VendorCa::of(crate::manufacture::Vendor::Intel);
    assert_eq!(chain, [ca.issuing().certificate(), ca.root().certificate()].concat());
}

#[test]
fn certificates_survive_the_owner_but_nobody_overwrites_them() {
    let mut tpm = make("simulator-high-range");
    let index = EkTemplate::H2.certificate_index();
    let before = nv(&mut tpm, index).unwrap();
    let mut body = [0x4000_000c_u32.to_be_bytes(), index.to_be_bytes()].concat();
    body.extend_from_slice(&PASSWORD);
    body.extend_from_slice(&[0, 1, 0x30, 0, 0]);
    assert_eq!(code(&tpm.execute(&frame(2, 0x137, &body))), crate::Rc::NV_LOCKED.raw());
    let mut body = 0x4000_000c_u32.to_be_bytes().to_vec();
    body.extend_from_slice(&PASSWORD);
    assert_eq!(code(&tpm.execute(&frame(2, 0x126, &body))), 0, "TPM2_Clear");
    assert_eq!(nv(&mut tpm, index).unwrap(), before);
    // A new endorsement seed: the certificate stays, and is no longer that of the key.
    let seed = tpm.state.hierarchies.endorsement.seed.clone();
    let mut body = 0x4000_000c_u32.to_be_bytes().to_vec();
    body.extend_from_slice(&PASSWORD);
    assert_eq!(code(&tpm.execute(&frame(2, 0x124, &body))), 0, "TPM2_ChangeEPS");
    assert_ne!(tpm.state.hierarchies.endorsement.seed, seed);
    assert_eq!(nv(&mut tpm, index).unwrap(), before);
    let late = EkTemplate::H3;
    let certified = nv(&mut tpm, late.certificate_index()).unwrap();
    let mut untouched = make("simulator-high-range");
    assert_eq!(
        nv(&mut untouched, late.certificate_index()).unwrap(),
        certified,
        "made late, of the old seed"
    );
}

#[test]
fn same_seed_same_tpm_and_another_seed_another() {
    let line =
        Factory::new(b"line").profile(profile("infineon-slb9670").unwrap()).ek_choice(EkChoice::EccFirst);
    let (one, again, other) = (line.make(1).unwrap(), line.make(1).unwrap(), line.make(2).unwrap());
    assert_eq!(one.save(), again.save());
    assert_ne!(one.serial(), other.serial());
    assert_eq!(one.endorsement_templates(), [EkTemplate::L2, EkTemplate::L1]);
    let certificate = one.ek_certificate(EkTemplate::L2);
    assert_eq!(certificate, again.ek_certificate(EkTemplate::L2));
    assert_ne!(certificate, other.ek_certificate(EkTemplate::L2));
    assert!(one.save().len() < 16 * 1024, "{} bytes before any key", one.save().len());
}

#[test]
fn foreign_ca_and_dates_are_the_callers() {
    let profile = profile("infineon-slb9670").unwrap();
    let usual = ManufactureOptions::new(b"seed", profile);
    let validity = Validity { not_before: 1_000_000_000, not_after: 1_100_000_000 };
    let odd = ManufactureOptions { ca_seed: Some(b"nobody"), validity: Some(validity), ..usual.clone() };
    let certificate = |options| {
        let tpm = Tpm::manufacture(options).unwrap();
        Certificate::from_der(&tpm.ek_certificate(EkTemplate::L2).unwrap()).unwrap()
    };
    let (usual, odd) = (certificate(&usual), certificate(&odd));
    let (usual, odd) = (usual.tbs_certificate(), odd.tbs_certificate());
    assert_eq!(usual.issuer(), odd.issuer(), "the names are the vendor's");
    assert_eq!(usual.subject_public_key_info(), odd.subject_public_key_info());
    assert_eq!(usual.validity().not_before.to_unix_duration().as_secs(), 1_735_689_600);
    assert_eq!(odd.validity().not_after.to_unix_duration().as_secs(), 1_100_000_000);
}

#[test]
fn troubled_tpms_are_troubled_in_their_own_way() {
    let none = Tpm::manufacture(&ManufactureOptions::new(b"seed", profile("none").unwrap()));
    assert_eq!(none.unwrap_err(), ManufactureError::NoTpm("none"));
    assert!(
        new_tpm(Some("abacus"), None)
            .unwrap_err()
            .to_string()
            .contains("simulator, simulator-high-range, infineon-slb9670")
    );

    let mut old = make("tpm-1.2");
    assert_eq!(old.execute(&STARTUP), [0, 0xc4, 0, 0, 0, 10, 0, 0, 0, 0x1e]);
    assert_eq!(old.execute(&[0, 0xc1, 0, 0, 0, 10, 0, 0, 0, 0x65])[..2], [0, 0xc4]);

    let mut reduced = make("reduced-functionality");
    assert_eq!(code(&reduced.execute(&STARTUP)), 0x101);
    assert_eq!(code(&reduced.execute(&frame(1, 0x17b, &[0, 8]))), 0x101);
    assert_eq!(code(&reduced.execute(&frame(1, 0x17a, &[0, 0, 0, 6, 0, 0, 1, 5, 0, 0, 0, 1]))), 0);
    assert_eq!(reduced.execute(&frame(1, 0x17c, &[]))[10..], [0, 0, 0, 0, 1, 1]);
    // The last of what it tells is its firmware's version: there is no more, and nothing of another kind.
    let rest = reduced.execute(&frame(1, 0x17a, &[0, 0, 0, 6, 0, 0, 1, 0x0c, 0, 0, 0, 9]));
    assert_eq!((rest.len(), &rest[10..23]), (27, &[0, 0, 0, 0, 6, 0, 0, 0, 1, 0, 0, 1, 0x0c][..]));
    let limits = reduced.execute(&frame(1, 0x17a, &[0, 0, 0, 6, 0, 0, 2, 0, 0, 0, 0, 1]));
    assert_eq!(limits[10..], [0, 0, 0, 0, 6, 0, 0, 0, 0]);
    let handles = frame(1, 0x17a, &[0, 0, 0, 1, 0x80, 0, 0, 0, 0, 0, 0, 9]);
    let with_session =
        frame(2, 0x17a, &[&[0, 0, 0, 9, 0x40, 0, 0, 9, 0, 0, 0, 0, 0][..], &[0, 0, 0, 6]].concat());
    for refused in [&[][..], &[0x80, 1, 0], &handles, &with_session, &frame(1, 0x17c, &[0])] {
        assert_eq!(code(&reduced.execute(refused)), 0x101, "{refused:02x?}");
    }

    let mut slow = make("slow-first-boot");
    let create = frame(2, 0x131, &[]);
    assert_eq!(code(&slow.execute(&create)), 0x922);
    assert_eq!(code(&slow.execute(&frame(1, 0x17b, &[0, 8]))), 0);
    slow.advance(76_000);
    assert_ne!(code(&slow.execute(&create)), 0x922);
    slow.power_on();
    slow.execute(&STARTUP);
    assert_ne!(code(&slow.execute(&create)), 0x922, "only the first boot is slow");

    let mut stuck = make("infineon-slb9672-15.22");
    assert_eq!(code(&stuck.execute(&frame(2, 0x147, &[]))), 0x922);
    assert!(nv(&mut stuck, EkTemplate::L2.certificate_index()).is_ok(), "the certificate is there");
}

#[test]
fn platform_certificate_is_there_where_an_ek_certificate_is() {
    let platform = Platform {
        manufacturer: "Contoso".into(),
        model: "Model 1".into(),
        version: "1".into(),
        serial: "17".into(),
    };
    let options = ManufactureOptions {
        ek_choice: EkChoice::EccFirst,
        ..ManufactureOptions::new(b"seed", profile("infineon-slb9670").unwrap())
    };
    let tpm = Tpm::manufacture(&options).unwrap();
    assert!(tpm.platform_certificate(&platform).is_some());
    let tpm = Tpm::manufacture(&ManufactureOptions::new(b"seed", profile("amd-ftpm-old").unwrap())).unwrap();
    assert_eq!(tpm.platform_certificate(&platform), None);
    assert_eq!(tpm.state.factory.profile().kind, Kind::Firmware);
}
