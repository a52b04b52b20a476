//! How long a TPM takes for a command, in virtual time (MOD-040: orders of magnitude of published measurements of discrete
//! and firmware TPMs; no vendor publishes a table).

use oobe_agent::time::Span;
use oobe_wire::crypto::KeyKind;
use tpm_sim::manufacture::profile::Kind;
use tpm2_protocol::data::TpmCc;

/// The time for one command with a key of that kind.
pub(super) const fn of(command: TpmCc, key: KeyKind, tpm: Kind) -> Span {
    let rsa = matches!(key, KeyKind::Rsa2048);
    let (discrete, firmware, virtually) = match command {
        TpmCc::CreatePrimary | TpmCc::Create if rsa => (6_000, 800, 300),
        TpmCc::CreatePrimary | TpmCc::Create => (180, 40, 10),
        TpmCc::Sign | TpmCc::Quote | TpmCc::Certify | TpmCc::ActivateCredential | TpmCc::RsaDecrypt
            if rsa =>
        {
            (250, 30, 10)
        }
        TpmCc::Sign | TpmCc::Quote | TpmCc::Certify | TpmCc::ActivateCredential | TpmCc::EcdhZGen => {
            (120, 20, 5)
        }
        TpmCc::Load => (60, 10, 3),
        TpmCc::EvictControl => (40, 20, 5),
        // Out of its memory, in less than a millisecond.
        TpmCc::GetCapability | TpmCc::GetTestResult => (0, 0, 0),
        _ => (10, 2, 1),
    };
    Span::from_millis(match tpm {
        Kind::Discrete => discrete,
        Kind::Firmware => firmware,
        Kind::Virtual => virtually,
    })
}
