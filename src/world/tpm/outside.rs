//! What the registration of a device tells the cloud of a TPM that is outside: its endorsement key, read from it before
//! the world begins, as the tool that takes a hardware hash does.

use oobe_agent::time::VirtualTime;
use oobe_agent::tpm::{TpmCommand, TpmError, TpmProperties, TpmReply};
use oobe_wire::crypto::{KeyKind, PublicKey};
use oobe_wire::time::Utc;
use oobe_wire::x509::parse_certificate;
use tpm_sim::manufacture::profile::{Defect, Generation};
use tpm_sim::manufacture::{Profile, Vendor};

use super::backend::BackendError;
use super::choice::TpmBackend;
use super::properties::{text, version};
use super::setup::TpmSetup;
use super::socket::TpmSocket;
use crate::scenario::spec::TpmSpec;

/// What a TPM outside shows of its endorsement key.
pub(in crate::world) struct Shown {
    /// The key; none when the TPM does not give one of that kind.
    pub(in crate::world) key: Option<PublicKey>,
    /// What somebody should know of this TPM: that it is none of the scenario's kind, and what to do when nobody vouches
    /// for its key, or not yet.
    pub(in crate::world) advice: Option<String>,
}

/// Reads the endorsement key of that kind off the TPM of `backend`.
pub(in crate::world) fn endorsement_key(
    setup: &TpmSetup,
    backend: &TpmBackend,
    kind: KeyKind,
    epoch: Utc,
) -> Result<Shown, BackendError> {
    let mut socket = TpmSocket::new(setup.clone(), backend, 0, "registration")?;
    socket.power_on(VirtualTime::ZERO);
    let who = match socket.execute(&TpmCommand::GetProperties, VirtualTime::ZERO).result {
        Ok(TpmReply::Properties(who)) => Ok(who),
        Ok(_) => Err(TpmError::Transport),
        Err(error) => Err(error),
    };
    let read = socket.execute(&TpmCommand::ReadEkCertificate { endorsement: kind }, VirtualTime::ZERO).result;
    socket.power_off(VirtualTime::ZERO, true);
    let mut advice: Vec<String> =
        other_kind(setup.profile, backend, who.as_ref(), read.is_ok()).into_iter().collect();
    let key = match read {
        Ok(TpmReply::EkCertificate { key, certificate, .. }) => {
            match &certificate {
                None => advice.push(uncertified(backend, kind, who.ok().as_ref())),
                Some(der) => advice.extend(too_early(backend, &der.0, epoch)),
            }
            Some(key)
        }
        Ok(_) => None,
        Err(error) => {
            advice.push(hidden(backend, &error));
            None
        }
    };
    let advice = (!advice.is_empty()).then(|| advice.join("\n"));
    Ok(Shown { key, advice })
}

/// For a scenario that is about another kind of TPM than the one outside. Every TPM serves a scenario that says nothing of
/// it.
fn other_kind(
    wanted: &Profile,
    backend: &TpmBackend,
    who: Result<&TpmProperties, &TpmError>,
    makes_keys: bool,
) -> Option<String> {
    if wanted.id == TpmSpec::default().0 {
        return None;
    }
    // That it is slow at its first boot is the one thing that a TPM doesn't say of itself.
    let slow = wanted.defects.iter().any(|defect| matches!(defect, Defect::SlowFirstBoot(_)));
    let same = !(slow && makes_keys)
        && match who {
            Ok(who) => {
                wanted.generation == Generation::Tpm20
                    && who.manufacturer == id(wanted.vendor)
                    && who.firmware == version(wanted.firmware.into())
                    && who.reduced == wanted.has(Defect::FailureMode)
            }
            Err(error) => *error == TpmError::Tpm12 && wanted.generation == Generation::Tpm12,
        };
    let is = match who {
        Ok(TpmProperties { manufacturer, firmware, reduced: false, .. }) => {
            format!("it is one of {manufacturer}, firmware {firmware}")
        }
        Ok(TpmProperties { manufacturer, firmware, .. }) => {
            format!("it is one of {manufacturer}, firmware {firmware}, in failure mode")
        }
        Err(error) => error.to_string(),
    };
    (!same).then(|| {
        format!(
            "the scenario is about a TPM `{}` ({}), and the TPM at {backend} is not such a one: {is}. The scenario may come \
             to another end",
            wanted.id, wanted.name
        )
    })
}

/// As the TPM itself says it.
fn id(vendor: Vendor) -> String {
    text(u32::from_be_bytes(vendor.data().id))
}

/// For a TPM that has no certificate for its key.
fn uncertified(backend: &TpmBackend, kind: KeyKind, who: Option<&TpmProperties>) -> String {
    let (name, other) = match kind {
        KeyKind::P256 => ("a P-256", "Most TPMs have one for an RSA key: add --keys rsa. "),
        KeyKind::Rsa2048 => ("an RSA-2048", ""),
    };
    let vendor = who.and_then(|who| Vendor::ALL.into_iter().find(|vendor| id(*vendor) == who.manufacturer));
    if let Some(host) = vendor.and_then(|vendor| vendor.data().ek_host) {
        return format!(
            "the TPM at {backend} has no certificate for {name} endorsement key. Its vendor's endpoint, {host}, would have \
             one, but is not simulated for a TPM outside: the key is not attested"
        );
    }
    format!(
        "the TPM at {backend} has no certificate for {name} endorsement key, and is not attested without. {other}For \
         swtpm, `swtpm_setup --tpm2 --create-ek-cert` makes one for an RSA key; --tpm-ca names who signed it"
    )
}

/// For a TPM whose key can't be read: the device is registered without it.
fn hidden(backend: &TpmBackend, error: &TpmError) -> String {
    let what = match error {
        TpmError::Busy(_) => {
            // It does not say for how long.
            "it is busy, and stays so when it is asked again. Once it is ready, run the scenario again"
                .to_owned()
        }
        other => other.to_string(),
    };
    format!("the TPM at {backend} does not show its endorsement key: {what}")
}

/// A TPM that was made after the world begins: its certificate is not valid there.
fn too_early(backend: &TpmBackend, certificate: &[u8], epoch: Utc) -> Option<String> {
    let from = parse_certificate(certificate).ok()?.not_before;
    (from > epoch).then(|| {
        format!(
            "the certificate of the TPM at {backend} is valid from {} on, and the world begins at {}: let it begin later, \
             for example with --set 'epoch=\"{}\"'",
            from.to_rfc3339(),
            epoch.to_rfc3339(),
            Utc::from_unix_seconds(from.unix_seconds()).plus_days(1).to_rfc3339(),
        )
    })
}

#[cfg(test)]
mod tests {
    use oobe_wire::crypto::PrivateKey;
    use oobe_wire::rng::Stream;
    use oobe_wire::x509::{IssueRequest, Name, Profile as Usage, issue};
    use tpm_sim::manufacture::profile;

    use super::*;

    fn backend() -> TpmBackend {
        "swtpm:127.0.0.1:2321".parse().unwrap()
    }

    /// The TPM of that kind, as it says it is.
    fn says(profile: &Profile) -> TpmProperties {
        TpmProperties {
            family: "2.0".into(),
            manufacturer: id(profile.vendor),
            firmware: version(profile.firmware.into()),
            is_virtual: profile.kind == tpm_sim::manufacture::profile::Kind::Virtual,
            locked_out: false,
            reduced: profile.has(Defect::FailureMode),
        }
    }

    #[test]
    fn advice_names_the_way_out() {
        let swtpm = backend();
        let text = uncertified(&swtpm, KeyKind::P256, None);
        assert!(
            text.contains("--keys rsa") && text.contains("swtpm_setup") && text.contains("--tpm-ca"),
            "{text}"
        );
        assert!(!uncertified(&swtpm, KeyKind::Rsa2048, None).contains("--keys"));

        let from = Utc::from_unix_seconds(1_800_000_000);
        let made = certificate(from);
        assert_eq!(too_early(&swtpm, &made, from.plus_days(1)), None);
        let text = too_early(&swtpm, &made, from.plus_days(-1)).unwrap();
        assert!(text.contains("--set 'epoch="), "{text}");

        let text = hidden(&swtpm, &TpmError::Busy(oobe_agent::time::Span::from_secs(10)));
        assert!(text.contains("busy") && text.contains("run the scenario again"), "{text}");
    }

    #[test]
    fn a_firmware_tpms_certificate_is_out_of_reach() {
        let amd = says(profile("amd-ftpm").unwrap());
        let text = uncertified(&backend(), KeyKind::P256, Some(&amd));
        assert!(text.contains("ftpm.amd.com") && text.contains("not simulated"), "{text}");
        let infineon = says(profile("infineon-slb9670").unwrap());
        let text = uncertified(&backend(), KeyKind::P256, Some(&infineon));
        assert!(!text.contains("endpoint"), "{text}");
    }

    #[test]
    fn a_tpm_of_another_kind_than_the_scenarios_is_told() {
        let other = |wanted: &str, is: &str, makes_keys| {
            let who = says(profile(is).unwrap());
            other_kind(profile(wanted).unwrap(), &backend(), Ok(&who), makes_keys)
        };
        for kind in ["hyper-v", "vulnerable-firmware", "reduced-functionality", "amd-ftpm"] {
            assert_eq!(other(kind, kind, true), None);
            let text = other(kind, "simulator", true).unwrap();
            assert!(text.contains(kind) && text.contains("SIM, firmware 1.0.0.0"), "{text}");
            assert_eq!(other("simulator", kind, true), None, "a scenario that says nothing takes every TPM");
        }
        // One and the same in all that they say of themselves.
        assert_eq!(other("slow-first-boot", "simulator", false), None);
        assert!(other("slow-first-boot", "simulator", true).is_some());

        let old = profile("tpm-1.2").unwrap();
        assert_eq!(other_kind(old, &backend(), Err(&TpmError::Tpm12), false), None);
        assert!(other("tpm-1.2", "simulator", true).is_some());
        let hyper_v = profile("hyper-v").unwrap();
        assert!(other_kind(hyper_v, &backend(), Err(&TpmError::Tpm12), false).is_some());
    }

    /// A certificate that is valid from then on.
    fn certificate(from: Utc) -> Vec<u8> {
        let key = PrivateKey::generate(KeyKind::P256, &mut Stream::new(1, &["outside"]));
        let request = IssueRequest {
            serial: vec![1],
            issuer: Name::common_name("Vendor"),
            subject: Name::default(),
            public_key: key.public().clone(),
            not_before: from,
            not_after: from.plus_days(3_650),
            profile: Usage::client(),
        };
        issue(&request, &key)
    }
}
