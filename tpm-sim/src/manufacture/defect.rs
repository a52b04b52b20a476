//! What a TPM with a defect answers before any command is looked at.

use super::profile::{Defect, Generation};
use crate::Tpm;
use crate::commands::capability::identity;
use crate::rc::Rc;

/// Command codes that defects are about.
mod code {
    pub(super) const CREATE_PRIMARY: u32 = 0x131;
    pub(super) const ACTIVATE_CREDENTIAL: u32 = 0x147;
    pub(super) const CREATE: u32 = 0x153;
    pub(super) const CREATE_LOADED: u32 = 0x191;
}

impl Tpm {
    /// The response that the TPM's defect gives in the place of its command's; `None` when the command goes its way.
    pub(crate) fn defective_response(&mut self, command: &[u8]) -> Option<Vec<u8>> {
        let profile = self.state.factory.profile();
        let sound = profile.generation == Generation::Tpm20 && profile.defects.is_empty();
        if sound || !self.state.powered {
            return None;
        }
        if profile.generation == Generation::Tpm12 {
            return Some(tpm12_response(command));
        }
        if profile.has(Defect::FailureMode) {
            return Some(self.failure_mode_response(command));
        }
        let code = u32::from_be_bytes(*command.get(6..10)?.first_chunk()?);
        for defect in profile.defects {
            let answer = match defect {
                Defect::VulnerableFirmware | Defect::FailureMode => None,
                Defect::EndorsementNeverReady => {
                    (code == code::ACTIVATE_CREDENTIAL).then(|| refusal(Rc::RETRY))
                }
                Defect::SlowFirstBoot(milliseconds) => self.first_boot(code, u64::from(*milliseconds)),
            };
            if answer.is_some() {
                return answer;
            }
        }
        None
    }

    /// The response in failure mode (part 1, 12.3.3): TPM2_GetTestResult and TPM2_GetCapability are answered, without sessions
    /// and whether TPM2_Startup has run or not, and everything else, whatever the bytes, is TPM_RC_FAILURE.
    pub(crate) fn failure_mode_response(&self, command: &[u8]) -> Vec<u8> {
        const NO_SESSIONS: [u8; 2] = [0x80, 0x01];
        match command {
            // TPM2B_MAX_BUFFER without anything, TPM_RC_FAILURE as the result.
            [0x80, 0x01, 0, 0, 0, 10, 0, 0, 0x01, 0x7c] => {
                response(NO_SESSIONS, 0, &[&[0, 0][..], &Rc::FAILURE.raw().to_be_bytes()].concat())
            }
            // TPM_CAP_TPM_PROPERTIES.
            [0x80, 0x01, 0, 0, 0, 22, 0, 0, 0x01, 0x7a, 0, 0, 0, 6, p0, p1, p2, p3, c0, c1, c2, c3] => {
                let property = u32::from_be_bytes([*p0, *p1, *p2, *p3]);
                let count = u32::from_be_bytes([*c0, *c1, *c2, *c3]);
                response(NO_SESSIONS, 0, &identity(self, property, count))
            }
            _ => refusal(Rc::FAILURE),
        }
    }

    /// Commands that make keys have to wait for the end of the first boot.
    fn first_boot(&mut self, code: u32, milliseconds: u64) -> Option<Vec<u8>> {
        let factory = &mut self.state.factory;
        factory.ready |= self.state.clock.clock >= milliseconds;
        let makes_keys = matches!(code, code::CREATE_PRIMARY | code::CREATE | code::CREATE_LOADED);
        (makes_keys && !factory.ready).then(|| refusal(Rc::RETRY))
    }
}

fn response(tag: [u8; 2], code: u32, body: &[u8]) -> Vec<u8> {
    let size = u32::try_from(10 + body.len()).expect("bodies here have a few bytes");
    [&tag[..], &size.to_be_bytes(), &code.to_be_bytes(), body].concat()
}

fn refusal(rc: Rc) -> Vec<u8> {
    response([0x80, 0x01], rc.raw(), &[])
}

/// TPM 1.2 (TPM Main Specification, part 2, chapter 16): TPM_BADTAG for tags that are not its own, as those of TPM 2.0 are
/// not; TPM_BAD_PARAM_SIZE for a wrong size; TPM_BAD_ORDINAL for its own commands, of which this model has none.
fn tpm12_response(command: &[u8]) -> Vec<u8> {
    const RSP_COMMAND: [u8; 2] = [0x00, 0xc4];
    const BAD_ORDINAL: u32 = 0x0a;
    const BAD_PARAM_SIZE: u32 = 0x19;
    const BAD_TAG: u32 = 0x1e;
    let code = match command {
        [0, tag @ 0xc1..=0xc3, size @ ..] => {
            let stated = size.first_chunk().map(|size| u32::from_be_bytes(*size) as usize);
            if stated != Some(command.len()) || command.len() < 10 {
                return response([0, tag + 3], BAD_PARAM_SIZE, &[]);
            }
            return response([0, tag + 3], BAD_ORDINAL, &[]);
        }
        _ => BAD_TAG,
    };
    response(RSP_COMMAND, code, &[])
}
