//! Statements of an attestation key about another key (`TPM2_Certify`).

use oobe_wire::attestation::KeyAttestation;
use oobe_wire::crypto::PublicKey;
use oobe_wire::tpm::{Attest, Attested, PublicArea, verify_signature};

use crate::journal::{Check, Refused};
use crate::state::State;

/// Under which names a service checks a statement.
pub(crate) struct StatementChecks {
    /// Signed by the AIK.
    pub(crate) signature: Check,
    /// A certification of that very key.
    pub(crate) key: Check,
    /// A key that cannot leave its TPM, and that signs.
    pub(crate) attributes: Check,
}

/// A key that an AIK vouches for.
#[derive(Debug, Clone)]
pub(crate) struct CertifiedKey {
    pub(crate) key: PublicKey,
    /// Qualifying data of the statement.
    pub(crate) nonce: Vec<u8>,
}

/// Checks a statement. When one fails, tells which.
pub(crate) fn certified_key(
    state: &mut State,
    aik: &PublicKey,
    statement: &KeyAttestation,
    checks: &StatementChecks,
) -> Result<CertifiedKey, (Check, Refused)> {
    let journal = &mut state.journal;
    let signed = verify_signature(aik, &statement.attest, &statement.signature);
    journal.need(checks.signature, signed).map_err(|refused| (checks.signature, refused))?;
    let certified = PublicArea::parse(&statement.public).and_then(|area| {
        let attest = Attest::parse(&statement.attest)?;
        Ok((area, attest))
    });
    let certified = certified.map_err(|e| e.to_string()).and_then(|(area, attest)| match attest.attested {
        Attested::Certify { name, .. } if name == area.name() => Ok((area, attest.extra_data)),
        Attested::Certify { .. } => Err("the TPM certifies another key than the one shown".to_owned()),
        _ => Err("the TPM states something else than a certification".to_owned()),
    });
    let (area, nonce) = journal.need(checks.key, certified).map_err(|refused| (checks.key, refused))?;
    let bound = area.attributes.bound_to_tpm() && area.attributes.sign && !area.attributes.restricted;
    journal
        .expect(checks.attributes, bound, || {
            format!("the key may leave its TPM, or signs nothing: {:?}", area.attributes)
        })
        .map_err(|refused| (checks.attributes, refused))?;
    Ok(CertifiedKey { key: area.key, nonce })
}
