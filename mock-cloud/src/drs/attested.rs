//! Joins without a user: a device token of the attestation service in place of a user's, and the proof that the key that
//! joins lives in the TPM of the registered device (MS-DVRJ `AikCertificate` and `AttestationData`; MOD-017 to MOD-019).

use oobe_wire::attestation::KeyAttestation;
use oobe_wire::encoding::base64_decode;
use oobe_wire::ids::Guid;
use oobe_wire::x509::{ParsedCertificate, parse_certificate};

use super::error::DrsError;
use super::request::JoinRequest;
use crate::attestation::{StatementChecks, certified_key};
use crate::checks;
use crate::entra::JoinGrant;
use crate::journal::Refused;
use crate::proved::Issuer;
use crate::state::State;

const STATEMENT: StatementChecks = StatementChecks {
    signature: checks::DRS_ATTESTATION_SIGNATURE,
    key: checks::DRS_ATTESTATION_KEY,
    attributes: checks::DRS_ATTESTATION_ATTRIBUTES,
};

/// The token itself: given out here, and unused. Used up afterwards, however the rest ends.
pub(super) fn redeem(state: &mut State, grant: &JoinGrant) -> Result<(), DrsError> {
    let State { attestation, journal, .. } = state;
    let known =
        attestation.tokens.get_mut(&grant.id).filter(|token| token.registration == grant.registration);
    let token = known.ok_or("this device token was not given out here");
    let token = journal.need(checks::DRS_DEVICE_TOKEN_KNOWN, token).map_err(DrsError::attestation)?;
    let used = std::mem::replace(&mut token.used, true);
    let given = token.issued;
    journal
        .expect(checks::DRS_DEVICE_TOKEN_SINGLE_USE, !used, || {
            format!("the device token given out at {given} was used before")
        })
        .map_err(DrsError::attestation)
}

/// Whether the device is the token's: its hardware, its attestation key, and the key that it joins with.
pub(super) fn prove(
    state: &mut State,
    grant: &JoinGrant,
    request: &JoinRequest,
    registration: Option<Guid>,
) -> Result<(), DrsError> {
    let same = match registration {
        Some(registration) if registration == grant.registration => Ok(()),
        Some(_) => Err("the device token is another device's"),
        None => Err("the device names no registration of this tenant"),
    };
    state.journal.need(checks::DRS_DEVICE_TOKEN_DEVICE, same).map_err(DrsError::attestation)?;
    let aik = aik(state, grant, &request.aik_certificate).map_err(DrsError::attestation)?;
    let statement = base64_decode(&request.attestation_data)
        .map_err(|e| e.to_string())
        .and_then(|bytes| KeyAttestation::decode(&bytes).map_err(|e| e.to_string()));
    let statement =
        state.journal.need(checks::DRS_ATTESTATION_DATA, statement).map_err(DrsError::attestation)?;
    let certified = certified_key(state, &aik.public_key, &statement, &STATEMENT)
        .map_err(|(_, refused)| DrsError::attestation(refused))?;
    let joins = &request.csr.public_key;
    let same = if certified.key != *joins {
        Err("the certified key is not the one that joins")
    } else if grant.key != joins.thumbprint() {
        Err("the device token was given for another key")
    } else {
        Ok(())
    };
    state.journal.need(checks::DRS_ATTESTED_KEY, same).map_err(DrsError::attestation)
}

/// The attestation key's certificate: ours, valid, and the token's.
fn aik(state: &mut State, grant: &JoinGrant, text: &str) -> Result<ParsedCertificate, Refused> {
    let certificate = base64_decode(text)
        .map_err(|e| e.to_string())
        .and_then(|der| parse_certificate(&der).map_err(|e| e.to_string()))
        .and_then(|certificate| {
            state.verify_chain(Issuer::Aik, &certificate).map_err(|e| e.to_string())?;
            Ok(certificate)
        });
    let certificate = state.journal.need(checks::DRS_AIK_CERTIFICATE, certificate)?;
    let same = certificate.public_key.thumbprint() == grant.aik;
    state.journal.expect(checks::DRS_AIK_TOKEN, same, || {
        "the device token was given to another attestation key".into()
    })?;
    Ok(certificate)
}
