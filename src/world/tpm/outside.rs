//! What the registration of a device tells the cloud of a TPM that is outside: its endorsement key, read from it before
//! the world begins, as the tool that takes a hardware hash does.

use oobe_agent::time::VirtualTime;
use oobe_agent::tpm::{TpmCommand, TpmReply};
use oobe_wire::crypto::{KeyKind, PublicKey};
use oobe_wire::time::Utc;
use oobe_wire::x509::parse_certificate;

use super::backend::BackendError;
use super::choice::TpmBackend;
use super::setup::TpmSetup;
use super::socket::TpmSocket;

/// What a TPM outside shows of its endorsement key.
pub(in crate::world) struct Shown {
    /// The key; none when the TPM does not give one of that kind.
    pub(in crate::world) key: Option<PublicKey>,
    /// What to do when nobody vouches for that key, or not yet.
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
    let read = socket.execute(&TpmCommand::ReadEkCertificate { endorsement: kind }, VirtualTime::ZERO);
    socket.power_off(VirtualTime::ZERO, true);
    Ok(match read.result {
        Ok(TpmReply::EkCertificate { key, certificate, .. }) => {
            let advice = match &certificate {
                None => Some(advice(backend, kind)),
                Some(der) => too_early(backend, &der.0, epoch),
            };
            Shown { key: Some(key), advice }
        }
        _ => Shown { key: None, advice: Some(advice(backend, kind)) },
    })
}

/// For somebody whose TPM can't be attested.
fn advice(backend: &TpmBackend, kind: KeyKind) -> String {
    let (name, other) = match kind {
        KeyKind::P256 => ("a P-256", "Most TPMs have one for an RSA key: add --keys rsa. "),
        KeyKind::Rsa2048 => ("an RSA-2048", ""),
    };
    format!(
        "the TPM at {backend} has no certificate for {name} endorsement key, and is not attested without. {other}For \
         swtpm, `swtpm_setup --tpm2 --create-ek-cert` makes one for an RSA key; --tpm-ca names who signed it"
    )
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
    use oobe_wire::x509::{IssueRequest, Name, Profile, issue};

    use super::*;

    #[test]
    fn advice_names_the_way_out() {
        let swtpm: TpmBackend = "swtpm:127.0.0.1:2321".parse().unwrap();
        let text = advice(&swtpm, KeyKind::P256);
        assert!(
            text.contains("--keys rsa") && text.contains("swtpm_setup") && text.contains("--tpm-ca"),
            "{text}"
        );
        assert!(!advice(&swtpm, KeyKind::Rsa2048).contains("--keys"));

        let from = Utc::from_unix_seconds(1_800_000_000);
        let made = certificate(from);
        assert_eq!(too_early(&swtpm, &made, from.plus_days(1)), None);
        let text = too_early(&swtpm, &made, from.plus_days(-1)).unwrap();
        assert!(text.contains("--set 'epoch="), "{text}");
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
            profile: Profile::client(),
        };
        issue(&request, &key)
    }
}
