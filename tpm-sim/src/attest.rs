//! Attestation structures (TPMS_ATTEST, part 2, section 10.12): what every one of them says, and its signature. The commands
//! that attest fill in the rest.

use crate::Tpm;
use crate::command::Call;
use crate::commands::symmetric::GENERATED;
use crate::crypto::HashAlg;
use crate::crypto::kdf::kdfa;
use crate::entity::RH_NULL;
use crate::object::{Object, Scheme};
use crate::params::{put, put_2b};
use crate::rc::Rc;
use crate::signature;
use crate::state::Shutdown;
use std::sync::Arc;
use tpm2_protocol::data::{TpmRh, TpmSt};

/// Who signs an attestation, and how.
#[derive(Debug)]
pub(crate) struct Signer {
    /// `None` for TPM_RH_NULL: the structure is answered without a signature.
    key: Option<Arc<Object>>,
    /// The scheme; TPM_ALG_NULL without key.
    pub(crate) scheme: Scheme,
}

impl Signer {
    /// The signer of a handle and a requested scheme: TPM_RC_KEY with the number of the handle when it can't sign,
    /// TPM_RC_SCHEME with the number of the parameter when the scheme isn't the key's.
    pub(crate) fn new(
        tpm: &Tpm,
        (handle, handle_number): (u32, u32),
        (asked, parameter): (Scheme, u32),
    ) -> Result<Self, Rc> {
        let key = signature::signer(tpm, handle).map_err(|_| Rc::KEY.handle(handle_number))?;
        let scheme = signature::select_scheme(key.as_deref(), asked).map_err(|rc| rc.param(parameter))?;
        Ok(Self { key, scheme })
    }

    /// Whether there is a key.
    pub(crate) fn is_key(&self) -> bool {
        self.key.is_some()
    }

    /// Whether what is signed must not tell which key signed.
    pub(crate) fn is_anonymous(&self) -> bool {
        signature::is_anonymous(self.scheme.alg)
    }
}

impl Tpm {
    /// TPMS_ATTEST.firmwareVersion: TPM_PT_FIRMWARE_VERSION_1 and 2.
    pub(crate) fn firmware_version(&self) -> u64 {
        self.state.factory.profile().firmware_version()
    }
}

/// The structure as it is signed: `attested` is the part that differs by `tag`.
fn structure(tpm: &Tpm, signer: &Signer, extra: &[u8], tag: TpmSt, attested: &[u8]) -> Vec<u8> {
    let qualified_signer = match &signer.key {
        None => RH_NULL.to_be_bytes().to_vec(),
        Some(_) if signer.is_anonymous() => Vec::new(),
        Some(key) => key.qualified_name.clone(),
    };
    let mut clock = tpm.state.clock.info();
    let mut firmware = tpm.firmware_version();
    let hierarchy = signer.key.as_ref().map_or(TpmRh::Null, |key| key.hierarchy);
    if !matches!(hierarchy, TpmRh::Platform | TpmRh::Endorsement) {
        // Keys of the other hierarchies are not to be told by what is particular to this TPM (part 1, "Obfuscation").
        let proof = tpm.state.hierarchies.proof(TpmRh::Owner);
        let mask = kdfa(HashAlg::Sha512, proof, b"OBFUSCATE", &qualified_signer, &[], 128);
        let mask = u128::from_be_bytes(mask.try_into().expect("KDFa gives the 16 bytes it was asked for"));
        let part = |shift: u32, mask: u128| u64::try_from(mask >> shift & 0xffff_ffff).expect("32 bits");
        firmware = firmware.wrapping_add(part(96, mask) << 32 | part(64, mask));
        let add = |counter: u32, mask: u64| counter.wrapping_add(u32::try_from(mask).expect("32 bits"));
        clock.reset_count = add(clock.reset_count.into(), part(32, mask)).into();
        clock.restart_count = add(clock.restart_count.into(), part(0, mask)).into();
    }
    let mut out = GENERATED.to_vec();
    put(&mut out, &tag);
    put_2b(&mut out, &qualified_signer);
    put_2b(&mut out, if signer.is_anonymous() { &[] } else { extra });
    put(&mut out, &clock);
    out.extend(firmware.to_be_bytes());
    out.extend(attested);
    out
}

/// Answers with TPM2B_ATTEST and its signature. `extra` is the command's qualifyingData; an anonymous signature has it in what
/// is signed instead of in the structure.
pub(crate) fn answer(
    tpm: &mut Tpm,
    call: &mut Call,
    signer: &Signer,
    extra: &[u8],
    tag: TpmSt,
    attested: &[u8],
) -> Result<(), Rc> {
    let structure = structure(tpm, signer, extra, tag, attested);
    let signature = match (&signer.key, signer.scheme.hash) {
        (Some(key), Some(hash)) => {
            let mut digest = hash.digest(&[&structure]);
            if signer.is_anonymous() && !extra.is_empty() {
                digest = hash.digest(&[extra, &digest]);
            }
            signature::sign(tpm, key, signer.scheme, &digest)?
        }
        _ => signature::null(),
    };
    if signer.is_key() {
        // Clock has been reported: after an unorderly shutdown it may not seem to go back unnoticed.
        tpm.state.shutdown = Shutdown::None;
    }
    call.out.put_2b(&structure);
    call.out.bytes.extend(signature);
    Ok(())
}
