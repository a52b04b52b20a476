//! What a device is made of before its world begins.

use oobe_wire::crypto::{KeyKind, PrivateKey, PublicKey};
use oobe_wire::rng::Stream;
use oobe_wire::wap::{Characteristic, Parm, ProvisioningDoc};
use oobe_wire::x509::{IssueRequest, Name, Profile, issue};

use crate::cx::Cx;
use crate::io::Effect;
use crate::keys::{KeyCommand, KeyName, KeyReply, SoftwareKeyStore};
use crate::manage::{EnrolmentDetails, Management, ProvisioningError};
use crate::registry::Registry;
pub(super) use crate::testing::{EPOCH, setup};
use crate::time::VirtualTime;

pub(super) const SERVER: &str = "https://mdm.test/manage";

/// Root and client certificate for `key`.
pub(super) fn certificates(key: &PublicKey, subject: &str) -> (Vec<u8>, Vec<u8>) {
    certificates_until(key, subject, 365)
}

/// The same, valid until so many days after the world begins.
pub(super) fn certificates_until(key: &PublicKey, subject: &str, days: i64) -> (Vec<u8>, Vec<u8>) {
    let ca = PrivateKey::generate(KeyKind::P256, &mut Stream::new(9, &["ca"]));
    let request = |subject: &str, public: PublicKey, profile: Profile, serial: u8| IssueRequest {
        serial: vec![serial],
        issuer: Name::common_name("Test MDM CA"),
        subject: Name::common_name(subject),
        public_key: public,
        not_before: EPOCH.plus_days(-30),
        not_after: EPOCH.plus_days(days),
        profile,
    };
    let root = issue(&request("Test MDM CA", ca.public().clone(), Profile::ca(None), 1), &ca);
    let client = issue(&request(subject, key.clone(), Profile::client(), 2), &ca);
    (root, client)
}

/// A store entry of a provisioning document.
pub(super) fn entry(der: &[u8]) -> Characteristic {
    let thumbprint = oobe_wire::encoding::hex_upper(&oobe_wire::crypto::sha1(der));
    let encoded = oobe_wire::encoding::base64_encode(der);
    Characteristic::new(thumbprint).with_parm(Parm::new("EncodedCertificate", encoded))
}

/// A provisioning document as the reference describes it (protocols, B.6).
pub(crate) fn document(provider: &str, key: &PublicKey) -> ProvisioningDoc {
    let (root, client) = certificates(key, "device-1");
    let store = |name: &str, der: &[u8]| {
        Characteristic::new(name).with_child(Characteristic::new("System").with_child(entry(der)))
    };
    let certificates = Characteristic::new("CertificateStore")
        .with_child(store("Root", &root))
        .with_child(store("My", &client));
    let application = [
        ("APPID", "w7"),
        ("PROVIDER-ID", provider),
        ("NAME", provider),
        ("ADDR", SERVER),
        ("INITIALBACKOFFTIME", "30000"),
        ("MAXBACKOFFTIME", "120000"),
        ("SSLCLIENTCERTSEARCHCRITERIA", "Subject=CN%3Ddevice-1&Stores=My%5CSystem"),
    ];
    let application = application
        .into_iter()
        .fold(Characteristic::new("APPLICATION"), |c, (name, value)| c.with_parm(Parm::new(name, value)));
    ProvisioningDoc { characteristics: vec![certificates, application] }
}

/// Makes the MDM key and gives its public part.
pub(super) fn mdm_key(keys: &mut SoftwareKeyStore) -> PublicKey {
    let command = KeyCommand::Create { key: KeyName::new("mdm"), kind: KeyKind::P256 };
    match keys.execute(&command) {
        Ok(KeyReply::Public { key }) => key,
        other => panic!("a new key, not {other:?}"),
    }
}

pub(super) fn details(public_key: PublicKey) -> EnrolmentDetails {
    EnrolmentDetails {
        device_id: "00112233445566778899AABBCCDDEEFF".into(),
        user: Some("alice@contoso.test".into()),
        entra: None,
        key: KeyName::new("mdm"),
        public_key,
        autopilot: true,
        attested: false,
        device_name: "DESKTOP-1".into(),
    }
}

pub(super) fn enrol(
    doc: &ProvisioningDoc,
    details: EnrolmentDetails,
) -> (Result<Management, ProvisioningError>, Vec<Effect>) {
    let setup = setup();
    let mut rng = Stream::new(1, &["device"]);
    let mut registry = Registry::default();
    let (mut asks, mut effects) = (Vec::new(), Vec::new());
    let mut cx = Cx {
        now: VirtualTime::ZERO,
        utc: EPOCH,
        boot: 1,
        rng: &mut rng,
        setup: &setup,
        registry: &mut registry,
        asks: &mut asks,
        effects: &mut effects,
    };
    let result = Management::enrolled(&mut cx, doc, details);
    (result, effects)
}
