//! Whatever a TPM is said to have stated is read or refused: public areas, attestations, signatures, event logs,
//! endorsement key certificates, key attestations.
#![no_main]

use libfuzzer_sys::fuzz_target;
use oobe_wire::attestation::KeyAttestation;
use oobe_wire::rng::Stream;
use oobe_wire::tpm::{Attest, EkCertificate, EventLog, PcrHash, PublicArea, make_credential, verify_signature};

fuzz_target!(|bytes: &[u8]| {
    if let Ok(area) = PublicArea::parse(bytes) {
        let _ = make_credential(&area, area.name(), &[0; 32], &mut Stream::new(1, &["fuzz"]));
        let _ = verify_signature(&area.key, b"message", bytes);
    }
    let _ = (Attest::parse(bytes), EkCertificate::parse(bytes), KeyAttestation::decode(bytes));
    if let Ok(log) = EventLog::parse(bytes) {
        let _ = log.replay(PcrHash::Sha256);
    }
});
