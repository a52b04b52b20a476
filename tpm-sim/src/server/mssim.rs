//! The protocol of the reference simulator: a port for commands, and one for what the platform does to a TPM.
//!
//! A request is a number of four bytes and what belongs to it; a reply is what was asked for and then a status of four
//! bytes, 0. All numbers have their most significant byte first. A request that is unknown, or bytes that can't be one, end
//! the connection: there is nothing to say where the next request begins.

use std::io::{self, Read, Write};

use super::Host;
use super::frame::{self, Announced, read_announced, read_u8, read_u32, read_u32_or_end, send};
use crate::Rc;

/// Requests of both ports.
mod request {
    pub(super) const SIGNAL_POWER_ON: u32 = 1;
    pub(super) const SIGNAL_POWER_OFF: u32 = 2;
    pub(super) const SIGNAL_PHYS_PRES_ON: u32 = 3;
    pub(super) const SIGNAL_PHYS_PRES_OFF: u32 = 4;
    pub(super) const SIGNAL_HASH_START: u32 = 5;
    pub(super) const SIGNAL_HASH_DATA: u32 = 6;
    pub(super) const SIGNAL_HASH_END: u32 = 7;
    pub(super) const SEND_COMMAND: u32 = 8;
    pub(super) const SIGNAL_CANCEL_ON: u32 = 9;
    pub(super) const SIGNAL_CANCEL_OFF: u32 = 10;
    pub(super) const SIGNAL_NV_ON: u32 = 11;
    pub(super) const SIGNAL_NV_OFF: u32 = 12;
    pub(super) const SIGNAL_KEY_CACHE_ON: u32 = 13;
    pub(super) const SIGNAL_KEY_CACHE_OFF: u32 = 14;
    pub(super) const REMOTE_HANDSHAKE: u32 = 15;
    pub(super) const SET_ALTERNATIVE_RESULT: u32 = 16;
    pub(super) const SIGNAL_RESET: u32 = 17;
    pub(super) const SIGNAL_RESTART: u32 = 18;
    pub(super) const STOP: u32 = 21;
    pub(super) const GET_COMMAND_RESPONSE_SIZES: u32 = 25;
    pub(super) const ACT_GET_SIGNALED: u32 = 26;
    pub(super) const TEST_FAILURE_MODE: u32 = 30;
}

/// Version of the protocol (the handshake's answer).
const SERVER_VERSION: u32 = 1;
/// What the handshake says of this end: a platform port (1), raw mode (4), physical presence (8).
const END_POINT: u32 = 1 | 4 | 8;
/// No command and no measurement is larger than this on the socket; the TPM's own limit is smaller and answered by it.
const MOST: usize = 64 * 1024;
const OK: [u8; 4] = [0; 4];

/// Serves one connection to the command port, until the client ends it.
pub fn commands(stream: &mut (impl Read + Write), host: &Host) -> io::Result<()> {
    while let Some(code) = read_u32_or_end(stream)? {
        match code {
            request::SEND_COMMAND => {
                let locality = read_u8(stream)?;
                let length = read_u32(stream)?;
                let Announced::Whole(command) = read_announced(stream, length, MOST)? else {
                    let refusal = frame::response_code(Rc::COMMAND_SIZE);
                    return send_sized(stream, &refusal);
                };
                // A TPM without power says nothing, in no bytes.
                let response = host.execute(Some(locality), &command).unwrap_or_default();
                send_sized(stream, &response)?;
            }
            request::REMOTE_HANDSHAKE => {
                let _version_of_the_client = read_u32(stream)?;
                send(stream, &[&SERVER_VERSION.to_be_bytes(), &END_POINT.to_be_bytes(), &OK])?;
            }
            request::SET_ALTERNATIVE_RESULT => {
                // A leftover of tests of the first transports: read, and without effect in the reference simulator too.
                read_u32(stream)?;
                send(stream, &[&OK])?;
            }
            request::SIGNAL_HASH_START | request::SIGNAL_HASH_DATA | request::SIGNAL_HASH_END => {
                if !hash(stream, host, code)? {
                    return Ok(());
                }
            }
            request::STOP => {
                host.stop();
                return Ok(());
            }
            // SESSION_END, or nothing that this port knows.
            _ => return Ok(()),
        }
    }
    Ok(())
}

/// Serves one connection to the platform port, until the client ends it.
pub fn platform(stream: &mut (impl Read + Write), host: &Host) -> io::Result<()> {
    while let Some(code) = read_u32_or_end(stream)? {
        match code {
            request::SIGNAL_POWER_ON => host.power_on(),
            request::SIGNAL_POWER_OFF => host.power_off(),
            request::SIGNAL_RESET | request::SIGNAL_RESTART => {
                // Neither exists without power.
                if host.is_powered() {
                    host.reset();
                }
            }
            request::SIGNAL_PHYS_PRES_ON => host.set_physical_presence(true),
            request::SIGNAL_PHYS_PRES_OFF => host.set_physical_presence(false),
            // Commands are over before a cancellation could reach them, which part 1 leaves to the TPM; NV is always there, and
            // there is no cache of keys.
            request::SIGNAL_CANCEL_ON
            | request::SIGNAL_CANCEL_OFF
            | request::SIGNAL_NV_ON
            | request::SIGNAL_NV_OFF
            | request::SIGNAL_KEY_CACHE_ON
            | request::SIGNAL_KEY_CACHE_OFF => {}
            request::SIGNAL_HASH_START | request::SIGNAL_HASH_DATA | request::SIGNAL_HASH_END => {
                if !hash(stream, host, code)? {
                    return Ok(());
                }
                continue;
            }
            request::GET_COMMAND_RESPONSE_SIZES => {
                let most = u32::try_from(frame::MAX_COMMAND).expect("a few kilobytes").to_be_bytes();
                send(stream, &[&most, &most])?;
            }
            request::ACT_GET_SIGNALED => {
                let _timer = read_u32(stream)?;
                // There are no authenticated countdown timers, so none has signalled.
                send(stream, &[&0u32.to_be_bytes()])?;
            }
            request::TEST_FAILURE_MODE => host.fail(),
            request::STOP => {
                host.stop();
                return Ok(());
            }
            // SESSION_END, or nothing that this port knows.
            _ => return Ok(()),
        }
        send(stream, &[&OK])?;
    }
    Ok(())
}

/// The requests of a measured launch, with their reply; whether the connection goes on.
fn hash(stream: &mut (impl Read + Write), host: &Host, code: u32) -> io::Result<bool> {
    match code {
        request::SIGNAL_HASH_START => host.hash_start(),
        request::SIGNAL_HASH_DATA => {
            let length = read_u32(stream)?;
            let Announced::Whole(data) = read_announced(stream, length, MOST)? else { return Ok(false) };
            host.hash_data(&data);
        }
        _ => host.hash_end(),
    }
    send(stream, &[&OK])?;
    Ok(true)
}

fn send_sized(stream: &mut impl Write, response: &[u8]) -> io::Result<()> {
    let size = u32::try_from(response.len()).expect("responses are a few kilobytes at most");
    send(stream, &[&size.to_be_bytes(), response, &OK])
}
