//! A TPM behind the protocol of the reference simulator (TPM 2.0 Library, part 4, *TcpServer*): a port for commands, and
//! one for what the platform does.

use oobe_agent::time::Span;

use super::stream::Stream;
use super::{Backend, BackendError, Owner};

const SIGNAL_POWER_ON: u32 = 1;
const SIGNAL_POWER_OFF: u32 = 2;
const SEND_COMMAND: u32 = 8;
const SIGNAL_NV_ON: u32 = 11;
const SESSION_END: u32 = 20;

/// A connection to a simulator.
#[derive(Debug)]
pub(in crate::world::tpm) struct Mssim {
    commands: Stream,
    platform: Stream,
}

impl Mssim {
    /// Connects to the command port and the platform port above it, and switches the TPM off.
    pub(in crate::world::tpm) fn connect(host: &str, port: u16) -> Result<Self, BackendError> {
        let above = port
            .checked_add(1)
            .ok_or_else(|| BackendError::Protocol(format!("port {port} has no platform port above it")))?;
        let commands = Stream::connect(host, port)?;
        let mut simulator = Self { commands, platform: Stream::connect(host, above)? };
        simulator.power(false)?;
        Ok(simulator)
    }

    fn signal(&mut self, signal: u32) -> Result<(), BackendError> {
        self.platform.send(&[&signal.to_be_bytes()])?;
        match self.platform.number()? {
            0 => Ok(()),
            status => Err(self.platform.nonsense(&format!("answers signal {signal} with {status}"))),
        }
    }
}

impl Backend for Mssim {
    fn transmit(&mut self, command: &[u8]) -> Result<Vec<u8>, BackendError> {
        let size = u32::try_from(command.len()).expect("commands have 4096 bytes at most");
        let locality = [0];
        self.commands.send(&[&SEND_COMMAND.to_be_bytes(), &locality, &size.to_be_bytes(), command])?;
        let size = self.commands.number()?;
        let response = self.commands.bytes(size)?;
        match self.commands.number()? {
            0 => Ok(response),
            status => Err(self.commands.nonsense(&format!("ends its response with {status}"))),
        }
    }

    fn power(&mut self, on: bool) -> Result<(), BackendError> {
        if on {
            self.signal(SIGNAL_POWER_ON)?;
            self.signal(SIGNAL_NV_ON)
        } else {
            self.signal(SIGNAL_POWER_OFF)
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

impl Drop for Mssim {
    fn drop(&mut self) {
        // A courtesy: the simulator need not find out by itself. It may have gone first.
        let end = SESSION_END.to_be_bytes();
        let _ = self.commands.send(&[&end]);
        let _ = self.platform.send(&[&end]);
    }
}
