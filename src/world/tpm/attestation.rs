//! What an attestation key signs: the platform's registers, other keys.

use oobe_agent::keys::KeyName;
use oobe_agent::tpm::{Blob, PcrValue, TpmError, TpmReply};
use oobe_wire::attestation::PcrHash;
use tpm2_protocol::data::{
    Tpm2bData, TpmAlgId, TpmlPcrSelection, TpmsPcrSelect, TpmsPcrSelection, TpmtSigScheme,
};
use tpm2_protocol::frame::{
    TpmCertifyCommand, TpmCertifyResponse, TpmPcrReadCommand, TpmPcrReadResponse, TpmQuoteCommand,
    TpmQuoteResponse,
};

use super::container::Containers;
use super::conversation::{Conversation, bytes_of, garbled, password, sized};

/// TPM_RC_VALUE: what the TPM says to a register that it does not have.
const VALUE: TpmError = TpmError::Code(0x84);
/// A PC has 24 registers (PC Client Platform TPM Profile).
const REGISTERS: u8 = 24;

const fn algorithm(bank: PcrHash) -> TpmAlgId {
    match bank {
        PcrHash::Sha1 => TpmAlgId::Sha1,
        PcrHash::Sha256 => TpmAlgId::Sha256,
        PcrHash::Sha384 => TpmAlgId::Sha384,
    }
}

fn selection(bank: PcrHash, registers: &[u8]) -> Result<TpmlPcrSelection, TpmError> {
    let mut bits = [0_u8; REGISTERS as usize / 8];
    for register in registers {
        let byte = bits.get_mut(usize::from(register / 8)).ok_or(VALUE)?;
        *byte |= 1 << (register % 8);
    }
    let pcr_select = TpmsPcrSelect::try_from(&bits[..]).map_err(|_| VALUE)?;
    let mut list = TpmlPcrSelection::new();
    list.try_push(TpmsPcrSelection { hash: algorithm(bank), pcr_select }).map_err(|_| VALUE)?;
    Ok(list)
}

/// Quotes registers. Their values are read first: nothing extends a register that is quoted once Windows runs.
pub(super) fn quote(
    tpm: &mut Conversation<'_>,
    containers: &Containers,
    aik: &KeyName,
    nonce: &[u8],
    (bank, registers): (PcrHash, &[u8]),
) -> Result<TpmReply, TpmError> {
    let qualifying_data = sized::<Tpm2bData>(nonce)?;
    let pcr_select = selection(bank, registers)?;
    let pcrs = values(tpm, bank, registers)?;
    let aik = containers.load(tpm, aik)?;
    let quote = TpmQuoteCommand {
        handles: [aik.handle],
        qualifying_data,
        // The key's own.
        in_scheme: TpmtSigScheme::default(),
        pcr_select,
    };
    let quoted: TpmQuoteResponse = tpm.run(&quote, &[password()])?;
    Ok(TpmReply::Quote {
        attested: Blob(bytes_of(&quoted.quoted.inner)),
        signature: Blob(bytes_of(&quoted.signature)),
        pcrs,
    })
}

/// Reads registers: a TPM gives eight at most in one answer, and says which.
fn values(tpm: &mut Conversation<'_>, bank: PcrHash, registers: &[u8]) -> Result<Vec<PcrValue>, TpmError> {
    let mut left = registers.to_vec();
    let mut values = Vec::with_capacity(left.len());
    while !left.is_empty() {
        let read = TpmPcrReadCommand { handles: [], pcr_selection_in: selection(bank, &left)? };
        let answer: TpmPcrReadResponse = tpm.run(&read, &[])?;
        let given = answer.pcr_selection_out.first().map(|s| s.pcr_select).unwrap_or_default();
        let given: Vec<u8> = (0..REGISTERS)
            .filter(|n| given.get(usize::from(n / 8)).is_some_and(|byte| byte >> (n % 8) & 1 == 1))
            .collect();
        if given.len() != answer.pcr_values.len() {
            return Err(garbled("as many registers as it names are not in the TPM's answer"));
        }
        if given.is_empty() {
            // The TPM has no such bank: there is nothing to be read.
            break;
        }
        left.retain(|register| !given.contains(register));
        let digests = answer.pcr_values.iter().map(|digest| Blob(digest.to_vec()));
        values.extend(given.into_iter().zip(digests).map(|(index, digest)| PcrValue { index, digest }));
    }
    values.sort_by_key(|value| value.index);
    Ok(values)
}

/// Attests that a key is in this TPM.
pub(super) fn certify(
    tpm: &mut Conversation<'_>,
    containers: &Containers,
    key: &KeyName,
    aik: &KeyName,
    nonce: &[u8],
) -> Result<TpmReply, TpmError> {
    let qualifying_data = sized::<Tpm2bData>(nonce)?;
    let key = containers.load(tpm, key)?;
    let aik = containers.load(tpm, aik)?;
    let certify = TpmCertifyCommand {
        handles: [key.handle, aik.handle],
        qualifying_data,
        in_scheme: TpmtSigScheme::default(),
    };
    let certified: TpmCertifyResponse = tpm.run(&certify, &[password(), password()])?;
    Ok(TpmReply::Certified {
        attested: Blob(bytes_of(&certified.certify_info.inner)),
        signature: Blob(bytes_of(&certified.signature)),
    })
}
