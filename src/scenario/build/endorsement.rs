//! What the cloud has to know of TPMs before anybody switches a device on: the endorsement key in the registered hardware
//! hash, the vendors that are trusted, the certificates at their endpoints, and the firmware that nobody should have.
//!
//! Only worlds in which a device deploys without its user have any of this: the others never ask.

use oobe_mock_cloud::setup as cloud;
use oobe_wire::bcrypt;
use oobe_wire::crypto::{KeyKind, PublicKey};
use oobe_wire::encoding::base64_encode as base64;
use oobe_wire::tpm::PublicArea;
use tpm_sim::manufacture::ca::VendorCa;
use tpm_sim::manufacture::profile::{CertificateLocation, Generation, VULNERABLE_LINES};
use tpm_sim::manufacture::{EkTemplate, Vendor};

use crate::scenario::Spec;
use crate::scenario::spec::{Action, AdminAction, ProfileMode};
use crate::world::TpmSetup;

/// A TPM that is not the scenario's: what was read from it before the world began.
#[derive(Debug, Clone, PartialEq)]
pub struct OutsideTpm {
    /// Its endorsement key; none when it shows none, and then the registered hash has none.
    pub key: Option<PublicKey>,
    /// Certificates (DER) that the cloud trusts to vouch for it, besides those of the vendors.
    pub trusted: Vec<Vec<u8>>,
}

/// What is known of a device's TPM at its registration.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Endorsement {
    /// Record 25 of the hardware hash (MOD-022).
    pub(super) public: Vec<u8>,
    /// Where the vendor serves the certificate, when it is not in the TPM.
    pub(super) endpoint: Option<cloud::EkEndpoint>,
}

/// Whether a device may have to prove its TPM: its profile, the one that all devices get, or one that an administrator
/// assigns in the middle of the run is not a user's; or a technician sits down at it, who can press the Windows key five
/// times whatever the profile says (PRO-006).
pub(super) fn attests(spec: &Spec, name: &str) -> bool {
    let Some(registered) = spec.device.get(name).and_then(|d| d.registered.as_ref()) else { return false };
    let Some(tenant) = spec.tenant.get(&registered.tenant) else { return false };
    let own = |profile: &String, all: bool| registered.profile.as_ref().map_or(all, |p| p == profile);
    let later =
        |profile: &String| spec.when.iter().flat_map(|t| &t.actions).any(|a| assigns(a, name, profile));
    let by_profile = tenant.profile.iter().any(|(profile, p)| {
        (own(profile, p.all_devices) || later(profile)) && p.mode != ProfileMode::UserDriven
    });
    by_profile || spec.person.values().any(|p| p.technician && p.device.as_deref().is_none_or(|d| d == name))
}

fn assigns(action: &Action, to: &str, wanted: &str) -> bool {
    let Action::Admin { does: AdminAction::AssignProfile { device, profile } } = action else { return false };
    device == to && profile == wanted
}

/// Reads the endorsement key off the TPM as its maker made it; `None` when it has none that a cloud could register. Of a TPM
/// outside nothing is at a vendor's endpoint: what its maker serves there, or serves at all, is not known here.
pub(super) fn endorsement(
    tpm: &TpmSetup,
    kind: KeyKind,
    outside: Option<&OutsideTpm>,
) -> Option<Endorsement> {
    if let Some(outside) = outside {
        let key = outside.key.as_ref()?;
        return Some(Endorsement { public: bcrypt::encode_public(key), endpoint: None });
    }
    if tpm.profile.generation != Generation::Tpm20 {
        return None;
    }
    let template = template(tpm, kind);
    let made = tpm.manufacture();
    let area = PublicArea::parse(&made.ek_public_area(template)?).ok()?;
    let endpoint = made.ek_endpoint(template).map(|found| cloud::EkEndpoint {
        host: found.host.to_owned(),
        path: found.path,
        content_type: found.content_type.to_owned(),
        body: base64(&found.body),
    });
    Some(Endorsement { public: bcrypt::encode_public(&area.key), endpoint })
}

/// The key of that kind which Windows will find: the one with a certificate in the TPM, or the one of the low range.
fn template(tpm: &TpmSetup, kind: KeyKind) -> EkTemplate {
    let (low, high) = match kind {
        KeyKind::Rsa2048 => (EkTemplate::L1, EkTemplate::H1),
        KeyKind::P256 => (EkTemplate::L2, EkTemplate::H2),
    };
    let in_nv = |template: &EkTemplate| {
        tpm.profile.offer(*template).is_some_and(|offer| offer.location == CertificateLocation::Nv)
    };
    [low, high].into_iter().find(in_nv).unwrap_or(low)
}

/// Whose CA vouches for virtual TPMs: attestation does not take it for a hardware vendor's (SDM-004).
const NOT_HARDWARE: &[Vendor] = &[Vendor::Microsoft];

/// The attestation service: every hardware vendor of the catalogue is trusted, and those that `outside` brings along. Which
/// firmware is on the list is public for Infineon's weak keys only (CVE-2017-15361); the list is that one (MOD-023).
pub(super) fn service(
    ek_endpoints: Vec<cloud::EkEndpoint>,
    outside: Option<&OutsideTpm>,
) -> cloud::AttestationSetup {
    let hardware = Vendor::ALL.iter().filter(|vendor| !NOT_HARDWARE.contains(vendor));
    let vendors = hardware.map(|vendor| cloud::VendorCa {
        name: vendor.data().organization.to_owned(),
        certificate: base64(VendorCa::of(*vendor).root().certificate()),
        intermediates: vec![base64(VendorCa::of(*vendor).issuing().certificate())],
    });
    let outside = outside.into_iter().flat_map(|tpm| &tpm.trusted).map(|der| cloud::VendorCa {
        name: "named on the command line".to_owned(),
        certificate: base64(der),
        intermediates: Vec::new(),
    });
    let vulnerable = VULNERABLE_LINES.iter().map(|(vendor, line, fixed)| cloud::VulnerableFirmware {
        manufacturer: String::from_utf8_lossy(vendor).trim_end_matches('\0').to_owned(),
        from: format!("{line}.0"),
        fixed_in: format!("{line}.{fixed}"),
    });
    cloud::AttestationSetup {
        vendor_cas: vendors.chain(outside).collect(),
        vulnerable_firmware: vulnerable.collect(),
        ek_endpoints,
    }
}
