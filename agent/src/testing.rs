//! What unit tests stand on: a device's setup, and a TPM that does as it is told. The real one is a crate of its own, and
//! none of this is in the product.

pub(crate) mod cloud;

use std::collections::BTreeMap;

use oobe_catalog::WindowsBuild;
use oobe_wire::crypto::{KeyKind, PrivateKey, PublicKey};
use oobe_wire::rng::Stream;
use oobe_wire::secret::Secret;
use oobe_wire::time::Utc;
use oobe_wire::x509::{IssueRequest, Name, Profile, issue};

use crate::io::Link;
use crate::keys::KeyName;
use crate::setup::{DeviceSetup, Endpoints, Hardware, Image, Mode, Timings};
use crate::time::{DeviceClock, Span};
use crate::tpm::{Blob, KeyPurpose, PcrValue, TpmCommand, TpmError, TpmProperties, TpmReply};

pub(crate) const EPOCH: Utc = Utc::from_unix_seconds(1_795_161_600);

/// A Windows 11 PC on a cable.
pub(crate) fn setup() -> DeviceSetup {
    let mut record = oobe_wire::hwhash::HardwareRecord::default();
    record.smbios.system_manufacturer = "Contoso".into();
    record.smbios.product_name = "Slate".into();
    record.smbios.system_serial_number = "SN-1".into();
    DeviceSetup {
        name: "pc-1".into(),
        seed: 1,
        hardware: Hardware { record },
        image: Image {
            build: WindowsBuild::new(26_200, 8_655),
            kbs: std::collections::BTreeSet::new(),
            edition_sku: 4,
            language: "en-US".into(),
            computer_name: "DESKTOP-1".into(),
        },
        link: Link::Ethernet,
        clock: DeviceClock { epoch: EPOCH, skew_ms: 0 },
        keys: KeyKind::P256,
        trusted_roots: Vec::new(),
        endpoints: Endpoints::default(),
        timings: Timings::default(),
        as_of: jiff::civil::date(2026, 11, 1),
        mode: Mode::Oobe,
    }
}

/// A TPM that answers by rote. Its structures are labels, which the service of a test reads.
#[derive(Debug, Clone)]
pub(crate) struct ScriptedTpm {
    /// What it says of itself.
    pub(crate) properties: Result<TpmProperties, TpmError>,
    /// Whether the endorsement key's certificate is in NV.
    pub(crate) certificate_in_nv: bool,
    /// What ActivateCredential gives.
    pub(crate) activation: Result<(), TpmError>,
    /// Commands that make or use keys are answered with "busy" so many times.
    pub(crate) busy: u32,
    /// Names of the commands it was asked, in order.
    pub(crate) asked: Vec<String>,
    /// What the keys that it made are for: like a real one it refuses any other use.
    pub(crate) made: BTreeMap<KeyName, KeyPurpose>,
}

impl ScriptedTpm {
    /// A chip of its own, without defects.
    pub(crate) fn sound() -> Self {
        let properties = TpmProperties {
            family: "2.0".into(),
            manufacturer: "IFX".into(),
            firmware: "7.85.4555.0".into(),
            is_virtual: false,
            locked_out: false,
            reduced: false,
        };
        Self {
            properties: Ok(properties),
            certificate_in_nv: true,
            activation: Ok(()),
            busy: 0,
            asked: Vec::new(),
            made: BTreeMap::new(),
        }
    }

    /// The same, changed.
    pub(crate) fn with(change: impl FnOnce(&mut TpmProperties)) -> Self {
        let mut tpm = Self::sound();
        change(tpm.properties.as_mut().expect("a sound TPM says who it is"));
        tpm
    }

    /// A key by the name of its container.
    pub(crate) fn key(name: &str) -> PrivateKey {
        PrivateKey::generate(KeyKind::P256, &mut Stream::new(7, &["scripted-tpm", name]))
    }

    /// TPM_RC_ATTRIBUTES when the key was not made for that.
    fn may(&self, key: &KeyName, use_of_it: KeyPurpose) -> Result<(), TpmError> {
        let made = self.made.get(key);
        let fits = made == Some(&use_of_it) || made == Some(&KeyPurpose::SignAndUnwrap);
        if fits { Ok(()) } else { Err(TpmError::Code(0x0000_0082)) }
    }

    /// Answers a command.
    pub(crate) fn execute(&mut self, command: &TpmCommand) -> Result<TpmReply, TpmError> {
        let name = serde_json::to_value(command).expect("commands serialise");
        self.asked.push(name["command"].as_str().unwrap_or_default().to_owned());
        let properties = self.properties.clone()?;
        let public = |name: &str| Self::key(name).public().clone();
        let label = |text: &str| Blob(text.as_bytes().to_vec());
        if !matches!(command, TpmCommand::GetProperties | TpmCommand::ReadEventLog) && self.busy > 0 {
            self.busy -= 1;
            return Err(TpmError::Busy(Span::from_secs(5)));
        }
        match command {
            TpmCommand::CreateKey { key, purpose, .. } => {
                self.made.insert(key.clone(), *purpose);
            }
            TpmCommand::Sign { key, .. } => self.may(key, KeyPurpose::Sign)?,
            TpmCommand::Ecdh { key, .. } | TpmCommand::Decrypt { key, .. } => {
                self.may(key, KeyPurpose::Unwrap)?;
            }
            _ => {}
        }
        Ok(match command {
            TpmCommand::GetProperties => TpmReply::Properties(properties),
            TpmCommand::ReadEkCertificate { .. } => TpmReply::EkCertificate {
                certificate: self.certificate_in_nv.then(|| label("ek certificate in nv")),
                chain: Vec::new(),
                key: public("ek"),
                public_area: label("ek public"),
            },
            TpmCommand::CreateAik { aik, .. } => {
                TpmReply::Aik { key: public(&aik.0), public_area: label("aik public") }
            }
            TpmCommand::ActivateCredential { credential_blob, .. } => {
                self.activation?;
                TpmReply::Activated { secret: Secret::new(credential_blob.0.clone()) }
            }
            TpmCommand::Quote { nonce, pcrs, .. } => TpmReply::Quote {
                attested: nonce.clone(),
                signature: label("quote signature"),
                pcrs: pcrs.iter().map(|&index| PcrValue { index, digest: label("pcr") }).collect(),
            },
            TpmCommand::ReadEventLog => TpmReply::EventLog { log: label("event log") },
            TpmCommand::CreateKey { key, .. } | TpmCommand::Public { key } => {
                TpmReply::Key { key: public(&key.0), public_area: label("key public") }
            }
            TpmCommand::Certify { nonce, .. } => {
                TpmReply::Certified { attested: nonce.clone(), signature: label("certify signature") }
            }
            TpmCommand::Sign { key, message, form } => {
                let key = Self::key(&key.0);
                let bytes = match form {
                    crate::keys::SignatureForm::X509 => key.sign_x509(message),
                    crate::keys::SignatureForm::Jws => key.sign_jws(message),
                };
                TpmReply::Signature { bytes: Blob(bytes) }
            }
            TpmCommand::Ecdh { key, ephemeral } => {
                let shared = Self::key(&key.0).ecdh(ephemeral).expect("a point on the curve");
                TpmReply::Plain { bytes: Secret::new(shared.to_vec()) }
            }
            TpmCommand::Decrypt { .. } => return Err(TpmError::Code(0x0000_018b)),
            TpmCommand::Delete { .. } => TpmReply::Done,
        })
    }
}

/// A certificate for `key`, valid from so many minutes after the world began.
pub(crate) fn certificate(key: &PublicKey, subject: &str, from_minutes: i64) -> Vec<u8> {
    let ca = PrivateKey::generate(KeyKind::P256, &mut Stream::new(9, &["ca"]));
    let request = IssueRequest {
        serial: vec![2],
        issuer: Name::common_name("Test CA"),
        subject: Name::common_name(subject),
        public_key: key.clone(),
        not_before: EPOCH.plus_seconds(from_minutes * 60),
        not_after: EPOCH.plus_days(90),
        profile: Profile::client(),
    };
    issue(&request, &ca)
}
