//! What the TPM does, in words: one line for a command that says something of the device, nothing for the rest.

use oobe_agent::tpm::{TpmCommand, TpmReply};

/// The line for a command, and whether it tells of trouble.
pub(super) fn line(
    command: &TpmCommand,
    reply: Option<&TpmReply>,
    error: Option<&str>,
) -> Option<(bool, String)> {
    let told = words(command, reply);
    match error {
        Some(error) => {
            let told = told.unwrap_or_else(|| "TPM".to_owned());
            Some((true, format!("{told}: {error}")))
        }
        None => told.map(|told| (false, told)),
    }
}

/// Short: it has to be read in passing.
fn words(command: &TpmCommand, reply: Option<&TpmReply>) -> Option<String> {
    Some(match command {
        TpmCommand::GetProperties => match reply {
            Some(TpmReply::Properties(is)) => {
                let kind = if is.is_virtual { "virtual TPM" } else { "TPM" };
                format!("{kind} {} of {}, {}", is.family, is.manufacturer, is.firmware)
            }
            _ => "TPM: asked what it is".into(),
        },
        TpmCommand::ReadEkCertificate { .. } => "TPM: shows its endorsement key".into(),
        TpmCommand::CreateAik { .. } => "TPM: makes an attestation key".into(),
        TpmCommand::ActivateCredential { .. } => "TPM: opens a secret that only it can open".into(),
        TpmCommand::Quote { pcrs, .. } => format!("TPM: signs PCRs {}", ranges(pcrs)),
        TpmCommand::ReadEventLog => "TPM: the boot log is read".into(),
        TpmCommand::CreateKey { key, .. } => format!("TPM: makes the key \"{key}\""),
        TpmCommand::Certify { key, .. } => format!("TPM: certifies the key \"{key}\""),
        TpmCommand::Sign { key, .. } => format!("TPM: signs with \"{key}\""),
        TpmCommand::Decrypt { key, .. } | TpmCommand::Ecdh { key, .. } => {
            format!("TPM: decrypts with \"{key}\"")
        }
        TpmCommand::Public { .. } | TpmCommand::Delete { .. } => return None,
    })
}

/// `0-7 11 12 14`
fn ranges(sorted: &[u8]) -> String {
    let neighbours = |a: &u8, b: &u8| a.checked_add(1) == Some(*b);
    let words = sorted.chunk_by(neighbours).filter_map(|run| match run {
        [] => None,
        [one] => Some(one.to_string()),
        [one, other] => Some(format!("{one} {other}")),
        [first, .., last] => Some(format!("{first}-{last}")),
    });
    words.collect::<Vec<_>>().join(" ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn registers_are_told_in_few_words() {
        assert_eq!(ranges(&[0, 1, 2, 3, 4, 5, 6, 7, 11, 12, 14]), "0-7 11 12 14");
        assert_eq!(ranges(&[]), "");
        assert_eq!(ranges(&[23]), "23");
    }

    #[test]
    fn trouble_is_told_with_the_command() {
        let told = line(&TpmCommand::ReadEventLog, None, Some("locked out"));
        assert_eq!(told, Some((true, "TPM: the boot log is read: locked out".into())));
        let public = TpmCommand::Public { key: oobe_agent::keys::KeyName::new("aik") };
        assert_eq!(line(&public, None, None), None);
        assert_eq!(line(&public, None, Some("gone")), Some((true, "TPM: gone".into())));
    }
}
