//! A TPM behind swtpm's sockets: commands as they are on one port, and a control channel (swtpm(8), `tpm_ioctl.h`).

use oobe_agent::time::Span;

use super::stream::Stream;
use super::{Backend, BackendError, Owner};

const CMD_INIT: u32 = 2;
const CMD_STOP: u32 = 14;
/// What a response begins with: tag, size, response code.
const HEADER: u32 = 10;

/// A connection to a simulator.
#[derive(Debug)]
pub(in crate::world::tpm) struct Swtpm {
    data: Stream,
    control: Stream,
}

impl Swtpm {
    /// Connects to both ports and stops the TPM.
    pub(in crate::world::tpm) fn connect(host: &str, port: u16, control: u16) -> Result<Self, BackendError> {
        let control = Stream::connect(host, control)?;
        let mut simulator = Self { data: Stream::connect(host, port)?, control };
        simulator.power(false)?;
        Ok(simulator)
    }

    fn control(&mut self, name: &str, request: &[&[u8]]) -> Result<(), BackendError> {
        self.control.send(request)?;
        match self.control.number()? {
            0 => Ok(()),
            result => Err(self.control.nonsense(&format!("answers {name} with result {result:#x}"))),
        }
    }
}

impl Backend for Swtpm {
    fn transmit(&mut self, command: &[u8]) -> Result<Vec<u8>, BackendError> {
        self.data.send(&[command])?;
        let mut response = self.data.bytes(HEADER)?;
        let size = response[2..6].iter().fold(0, |size, byte| size << 8 | u32::from(*byte));
        let rest = size
            .checked_sub(HEADER)
            .ok_or_else(|| self.data.nonsense(&format!("sends a response of {size} bytes")))?;
        response.extend(self.data.bytes(rest)?);
        Ok(response)
    }

    fn power(&mut self, on: bool) -> Result<(), BackendError> {
        if on {
            // Without flags: what was put aside by a suspended machine stays where it is.
            self.control("INIT", &[&CMD_INIT.to_be_bytes(), &0_u32.to_be_bytes()])
        } else {
            self.control("STOP", &[&CMD_STOP.to_be_bytes()])
        }
    }

    fn pass(&mut self, _: Span) {}

    fn rest(&mut self, span: Span) {
        std::thread::sleep(std::time::Duration::from_millis(span.as_millis()));
    }

    fn owner(&self) -> Owner {
        Owner::Device
    }
}
