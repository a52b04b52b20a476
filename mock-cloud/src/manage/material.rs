//! Certificates that the server makes for a device and its users.

use std::sync::Arc;

use oobe_catalog::rules;
use oobe_wire::crypto::{PrivateKey, sha1};
use oobe_wire::encoding::{base64_encode, hex_lower, hex_upper};
use oobe_wire::ids::Guid;
use oobe_wire::time::Utc;
use oobe_wire::x509::{Name, Profile};

use super::enrolment::Material;
use crate::authority::Ca;
use crate::journal::Service;
use crate::setup::{CertificateKind, CertificateSetup, Scope};
use crate::state::State;

/// Names a certificate for good. `owner` is the device's or the user's id.
pub(super) fn material_key(setup: &CertificateSetup, owner: &str) -> String {
    match setup.kind {
        CertificateKind::TrustedRoot => format!("root {}", setup.name),
        CertificateKind::Pfx => format!("pfx {} {owner}", setup.name),
    }
}

/// Makes what is missing for an enrolment: keys and signatures cost time, so each is made once.
pub(super) fn prepare(state: &mut State, device: &str, user: Option<Guid>) {
    let Some(enrolment) = state.enrolments.get(device) else { return };
    let Some(tenant) = state.tenant_by_id(enrolment.tenant) else { return };
    let device_id = enrolment.device_id.clone();
    let owner_of = |scope| match scope {
        Scope::Device => Some(device_id.clone()),
        Scope::User => user.map(|u| u.to_string()),
    };
    let missing: Vec<(CertificateSetup, String)> = tenant
        .assigned
        .certificates
        .iter()
        .filter_map(|setup| Some((setup, owner_of(setup.scope)?)))
        .filter(|(setup, owner)| !enrolment.material.contains_key(&material_key(setup, owner)))
        .map(|(setup, owner)| (setup.clone(), owner))
        .collect();
    if missing.is_empty() {
        return;
    }
    let root_name = tenant
        .assigned
        .certificates
        .iter()
        .find(|c| c.kind == CertificateKind::TrustedRoot)
        .map_or_else(|| format!("{} Root CA", tenant.name), |c| c.name.clone());
    let made: Vec<(String, Material)> = missing
        .into_iter()
        .map(|(setup, owner)| {
            let material = match setup.kind {
                CertificateKind::TrustedRoot => root(&state.authority().customer_root(&setup.name)),
                CertificateKind::Pfx => {
                    let ca = state.authority().customer_root(&root_name);
                    pfx(state, &ca, &setup, &owner)
                }
            };
            (material_key(&setup, &owner), material)
        })
        .collect();
    if let Some(enrolment) = state.enrolments.get_mut(device) {
        Arc::make_mut(&mut enrolment.material).extend(made);
    }
}

fn root(ca: &Ca) -> Material {
    Material {
        thumbprint: hex_upper(&sha1(&ca.certificate)),
        data: base64_encode(&ca.certificate),
        password: String::new(),
    }
}

fn pfx(state: &mut State, ca: &Ca, setup: &CertificateSetup, owner: &str) -> Material {
    let mut stream = state.draw("pfx", &format!("{}/{owner}", setup.name));
    let key = PrivateKey::generate(state.keys, &mut stream);
    let start = Utc::from_unix_seconds(state.now.unix_seconds()).plus_seconds(-300);
    let certificate = ca.issue(
        Guid::derive(state.seed, &["pfx", &setup.name, owner]),
        Name::common_name(owner),
        key.public(),
        (start, start.plus_days(365)),
        Profile { usages_critical: false, ..Profile::client() },
    );
    let detail = format!("{:?} with its key, for {owner}: 64 rounds of key derivation guard it", setup.name);
    state.journal.tell_by(Service::Dm, "certificate-packed", Some(rules::MOD_041.id), detail);
    let password = hex_lower(&stream.bytes::<16>());
    let file =
        oobe_wire::pfx::make(&key, &certificate, &[&ca.certificate], &password, &setup.name, &mut stream);
    Material { thumbprint: hex_upper(&sha1(&certificate)), data: base64_encode(&file), password }
}
