//! A device's keys and what it knows.

use oobe_wire::bcrypt::encode_public;
use oobe_wire::crypto::{KeyKind, PrivateKey};
use oobe_wire::encoding::base64_encode;
use oobe_wire::ids::Guid;
use oobe_wire::rng::Stream;
use oobe_wire::x509::{Extension, Name, make_csr};
use serde_json::{Value, json};

pub const JOIN_CN: &str = "7E980AD9-B86D-4306-9425-9AC066FB014A";

pub struct TestDevice {
    pub number: u8,
    pub device_key: PrivateKey,
    pub transport_key: PrivateKey,
    pub mdm_key: PrivateKey,
    /// MDM device id.
    pub mdm_id: String,
    /// Entra device id, once joined.
    pub entra_id: Option<Guid>,
    pub device_certificate: Vec<u8>,
    pub mdm_certificate: Vec<u8>,
    pub ticket: Option<String>,
}

impl TestDevice {
    pub fn new(number: u8) -> Self {
        Self::with_keys(number, KeyKind::P256)
    }

    pub fn with_keys(number: u8, kind: KeyKind) -> Self {
        let key = |name| PrivateKey::generate(kind, &mut Stream::new(number.into(), &["test device", name]));
        Self {
            number,
            device_key: key("device"),
            transport_key: key("transport"),
            mdm_key: key("mdm"),
            mdm_id: Guid::from_bytes([number; 16]).simple().to_uppercase(),
            entra_id: None,
            device_certificate: Vec::new(),
            mdm_certificate: Vec::new(),
            ticket: None,
        }
    }

    pub fn join_csr(&self) -> Vec<u8> {
        make_csr(&Name::common_name(JOIN_CN), &self.device_key, &[])
    }

    /// A join request; `change` spoils it.
    pub fn join_body(&self, change: impl FnOnce(&mut Value)) -> Value {
        let mut body = json!({
            "CertificateRequest": { "Type": "pkcs10", "Data": base64_encode(&self.join_csr()) },
            "TransportKey": base64_encode(&encode_public(self.transport_key.public())),
            "TargetDomain": "contoso.test",
            "DeviceType": "Windows",
            "OSVersion": "10.0.26100.4061",
            "DeviceDisplayName": format!("PC-{}", self.number),
            "JoinType": 0,
            "AikCertificate": "",
            "AttestationData": "",
            "Attributes": { "ReuseDevice": "true", "ReturnClientSid": "true" },
        });
        if let Some(ticket) = &self.ticket {
            body["Attributes"]["MSA-DDID"] = json!(base64_encode(ticket.as_bytes()));
        }
        change(&mut body);
        body
    }

    pub fn mdm_csr(&self) -> Vec<u8> {
        let name = self.entra_id.map_or_else(|| self.mdm_id.clone(), |id| id.to_string());
        make_csr(&Name::common_name(name), &self.mdm_key, &[Extension::mdm_device_id(&self.mdm_id)])
    }
}
