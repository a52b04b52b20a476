//! What an attestation key signs.

use oobe_agent::keys::KeyName;
use oobe_agent::tpm::{Blob, PcrValue, TpmError, TpmReply};
use oobe_wire::attestation::PcrHash;
use tss_esapi::interface_types::algorithm::HashingAlgorithm;
use tss_esapi::interface_types::session_handles::AuthSession;
use tss_esapi::structures::{Data, PcrSelectionList, PcrSelectionListBuilder, PcrSlot, SignatureScheme};

use crate::EsapiTpm;
use crate::convert::{bytes, fitting};

/// TPM_RC_VALUE: there is no such register.
const VALUE: TpmError = TpmError::Code(0x84);

const fn algorithm(bank: PcrHash) -> HashingAlgorithm {
    match bank {
        PcrHash::Sha1 => HashingAlgorithm::Sha1,
        PcrHash::Sha256 => HashingAlgorithm::Sha256,
        PcrHash::Sha384 => HashingAlgorithm::Sha384,
    }
}

fn slot(register: u8) -> Result<PcrSlot, TpmError> {
    let bit = 1_u32.checked_shl(register.into()).ok_or(VALUE)?;
    PcrSlot::try_from(bit).map_err(|_| VALUE)
}

fn selection(bank: PcrHash, registers: &[u8]) -> Result<PcrSelectionList, TpmError> {
    let slots = registers.iter().map(|register| slot(*register)).collect::<Result<Vec<_>, _>>()?;
    PcrSelectionListBuilder::new().with_selection(algorithm(bank), &slots).build().map_err(|_| VALUE)
}

impl EsapiTpm {
    pub(crate) fn quote(
        &mut self,
        aik: &KeyName,
        nonce: &[u8],
        bank: PcrHash,
        registers: &[u8],
    ) -> Result<TpmReply, TpmError> {
        let qualifying: Data = fitting(nonce)?;
        let list = selection(bank, registers)?;
        let mut pcrs = Vec::with_capacity(registers.len());
        // Eight at most come in one answer.
        for part in registers.chunks(8) {
            let list = selection(bank, part)?;
            let (_, _, values) = self.call("TPM2_PCR_Read", |context| context.pcr_read(list))?;
            let digests = values.value().iter().map(|digest| Blob(digest.value().to_vec()));
            pcrs.extend(part.iter().zip(digests).map(|(index, digest)| PcrValue { index: *index, digest }));
        }
        let aik = self.load(aik)?;
        let (attested, signature) = self.call_with_password("TPM2_Quote", |context| {
            context.quote(aik.handle, qualifying, SignatureScheme::Null, list)
        })?;
        Ok(TpmReply::Quote { attested: bytes(&attested)?, signature: bytes(&signature)?, pcrs })
    }

    pub(crate) fn certify(
        &mut self,
        key: &KeyName,
        aik: &KeyName,
        nonce: &[u8],
    ) -> Result<TpmReply, TpmError> {
        let qualifying: Data = fitting(nonce)?;
        let key = self.load(key)?;
        let aik = self.load(aik)?;
        let both = (Some(AuthSession::Password), Some(AuthSession::Password));
        let (attested, signature) = self.call_with("TPM2_Certify", both, |context| {
            context.certify(key.handle.into(), aik.handle, qualifying, SignatureScheme::Null)
        })?;
        Ok(TpmReply::Certified { attested: bytes(&attested)?, signature: bytes(&signature)? })
    }
}
