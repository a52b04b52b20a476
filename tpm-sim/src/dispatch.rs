//! A command from its first byte to its response's last, in the order of part 1, "Command Processing".

use crate::Tpm;
use crate::auth;
use crate::command::{self, Call};
use crate::params::{Out, Param, Params};
use crate::rc::Rc;
use tpm2_protocol::data::{TpmCc, TpmSt};

const HEADER: usize = 10;

/// Executes one command.
pub(crate) fn execute(tpm: &mut Tpm, command: &[u8]) -> Vec<u8> {
    if let Some(response) = tpm.defective_response(command) {
        return response;
    }
    match run(tpm, command) {
        Ok(response) => response,
        Err(rc) => {
            // A bad tag is answered in the format of TPM 1.2 (part 3, section 5.2).
            let tag = if rc == Rc::BAD_TAG { TpmSt::RspCommand } else { TpmSt::NoSessions };
            frame(tag, rc.raw(), &[])
        }
    }
}

fn frame(tag: TpmSt, code: u32, body: &[u8]) -> Vec<u8> {
    let size = u32::try_from(HEADER + body.len()).expect("responses are a few kilobytes at most");
    let mut out = Vec::with_capacity(HEADER + body.len());
    out.extend(tag.value().to_be_bytes());
    out.extend(size.to_be_bytes());
    out.extend(code.to_be_bytes());
    out.extend(body);
    out
}

fn run(tpm: &mut Tpm, frame_in: &[u8]) -> Result<Vec<u8>, Rc> {
    let mut rest = frame_in;
    let Ok(tag @ (TpmSt::Sessions | TpmSt::NoSessions)) = TpmSt::try_from(u16::read(&mut rest)?) else {
        return Err(Rc::BAD_TAG);
    };
    if u32::read(&mut rest)? as usize != frame_in.len() {
        return Err(Rc::COMMAND_SIZE);
    }
    let code = u32::read(&mut rest)?;
    let command = command::find(code).ok_or(Rc::COMMAND_CODE)?;
    // TPM2_Startup is for a TPM that is not started, everything else for one that is (part 3, 5.3).
    if !tpm.state.powered || tpm.state.started == (code == TpmCc::Startup.value()) {
        return Err(Rc::INITIALIZE);
    }
    let mut handles = Vec::with_capacity(command.handles.len());
    for (number, (kind, _)) in (1..).zip(command.handles) {
        let handle = u32::read(&mut rest).map_err(|rc| rc.handle(number))?;
        if !kind.allows(handle) {
            return Err(Rc::VALUE.handle(number));
        }
        handles.push(handle);
    }
    tpm.check_loaded(&handles)?;
    let (auth, params) = auth::authorize(tpm, tag, command, &handles, rest)?;
    let mut call = Call { command, handles, params: Params::new(params), out: Out::default(), auth };
    (command.handler)(tpm, &mut call)?;
    Ok(respond(tpm, tag, call))
}

fn respond(tpm: &mut Tpm, tag: TpmSt, mut call: Call) -> Vec<u8> {
    let sessions = auth::respond(tpm, &mut call);
    let mut body = Vec::new();
    if let Some(handle) = call.out.handle {
        body.extend(handle.to_be_bytes());
    }
    if tag == TpmSt::Sessions {
        let size = u32::try_from(call.out.bytes.len()).expect("responses are a few kilobytes at most");
        body.extend(size.to_be_bytes());
    }
    body.extend(&call.out.bytes);
    body.extend(sessions);
    frame(tag, 0, &body)
}

#[cfg(test)]
mod tests {
    use crate::Tpm;
    use crate::crypto::HashAlg;

    const STARTUP: [u8; 12] = [0x80, 1, 0, 0, 0, 12, 0, 0, 1, 0x44, 0, 0];
    const RANDOM: [u8; 12] = [0x80, 1, 0, 0, 0, 12, 0, 0, 1, 0x7b, 0, 8];

    fn code(response: &[u8]) -> u32 {
        u32::from_be_bytes(response[6..10].try_into().unwrap())
    }

    #[test]
    fn header_errors_in_their_order() {
        let mut tpm = Tpm::new(b"seed", &HashAlg::ALL);
        assert_eq!(code(&tpm.execute(&STARTUP)), 0x100, "no power");
        tpm.power_on();
        assert_eq!(code(&tpm.execute(&RANDOM)), 0x100, "TPM_RC_INITIALIZE");
        assert_eq!(code(&tpm.execute(&STARTUP)), 0);
        assert_eq!(code(&tpm.execute(&STARTUP)), 0x100);
        let random = tpm.execute(&RANDOM);
        assert_eq!((random.len(), code(&random)), (20, 0));
        let mut bad = RANDOM;
        bad[1] = 3;
        let response = tpm.execute(&bad);
        assert_eq!((&response[..2], code(&response)), (&[0x00, 0xc4][..], 0x1e));
        assert_eq!(code(&tpm.execute(&RANDOM[..11])), 0x142, "TPM_RC_COMMAND_SIZE");
        bad = RANDOM;
        bad[9] = 0xff;
        assert_eq!(code(&tpm.execute(&bad)), 0x143, "TPM_RC_COMMAND_CODE");
        assert_eq!(code(&tpm.execute(&[])), 0x9a, "TPM_RC_INSUFFICIENT");
    }
}
