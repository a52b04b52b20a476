//! A connection on which nobody waits for the other's acknowledgement.

use std::io::{self, Read, Write};
use std::net::TcpStream;

/// A stream that sends at once, and acknowledges at once.
///
/// Clients of the reference simulator's protocol send a request in two or three small packets and, as their system has it
/// by default, hold the second back until the first is acknowledged; a system that delays acknowledgements makes that 40 ms
/// a command.
#[derive(Debug)]
pub(super) struct Prompt(TcpStream);

impl Prompt {
    pub(super) fn new(stream: TcpStream) -> io::Result<Self> {
        stream.set_nodelay(true)?;
        let prompt = Self(stream);
        prompt.acknowledge();
        Ok(prompt)
    }

    /// Holds until the system thinks better of it, so it is said again after every read.
    fn acknowledge(&self) {
        // Where it can't be had everything works, more slowly.
        #[cfg(target_os = "linux")]
        let _ = rustix::net::sockopt::set_tcp_quickack(&self.0, true);
    }
}

impl Read for Prompt {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let count = self.0.read(buffer)?;
        self.acknowledge();
        Ok(count)
    }
}

impl Write for Prompt {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.write(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.0.flush()
    }
}
