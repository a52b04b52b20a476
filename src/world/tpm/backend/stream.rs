//! Sockets of TPM simulators.

use std::io::{Read, Write};
use std::net::{TcpStream, ToSocketAddrs};
use std::time::Duration;

use super::BackendError;

/// A simulator that makes an RSA key may take its time; one that has gone shall not hold the world for ever.
const PATIENCE: Duration = Duration::from_mins(2);
/// No response is larger than this (TPM_PT_MAX_RESPONSE_SIZE is 4096 everywhere).
const MOST: u32 = 65_536;

/// A connection, with numbers in the order of the network.
#[derive(Debug)]
pub(super) struct Stream {
    socket: TcpStream,
    peer: String,
}

impl Stream {
    pub(super) fn connect(host: &str, port: u16) -> Result<Self, BackendError> {
        let peer = if host.contains(':') { format!("[{host}]:{port}") } else { format!("{host}:{port}") };
        let error = |source| BackendError::Io { what: format!("no connection to {peer}"), source };
        let mut last = std::io::Error::other("the name has no address");
        for address in (host, port).to_socket_addrs().map_err(error)? {
            match TcpStream::connect_timeout(&address, Duration::from_secs(10)) {
                Ok(socket) => {
                    socket.set_nodelay(true).map_err(error)?;
                    socket.set_read_timeout(Some(PATIENCE)).map_err(error)?;
                    socket.set_write_timeout(Some(PATIENCE)).map_err(error)?;
                    return Ok(Self { socket, peer });
                }
                Err(refused) => last = refused,
            }
        }
        Err(error(last))
    }

    pub(super) fn send(&mut self, parts: &[&[u8]]) -> Result<(), BackendError> {
        // One write: a part in a packet of its own would wait for its acknowledgement.
        self.socket.write_all(&parts.concat()).map_err(|source| self.broken(source))
    }

    pub(super) fn bytes(&mut self, count: u32) -> Result<Vec<u8>, BackendError> {
        if count > MOST {
            return Err(self.nonsense(&format!("announces {count} bytes")));
        }
        let mut bytes = vec![0; count as usize];
        self.socket.read_exact(&mut bytes).map_err(|source| self.broken(source))?;
        Ok(bytes)
    }

    pub(super) fn number(&mut self) -> Result<u32, BackendError> {
        let bytes = self.bytes(4)?;
        Ok(bytes.iter().fold(0, |number, byte| number << 8 | u32::from(*byte)))
    }

    pub(super) fn nonsense(&self, what: &str) -> BackendError {
        BackendError::Protocol(format!("the TPM at {} {what}", self.peer))
    }

    fn broken(&self, source: std::io::Error) -> BackendError {
        BackendError::Io { what: format!("the TPM at {} does not answer", self.peer), source }
    }
}
