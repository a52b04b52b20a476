//! A server in a thread, and what clients say to it.

use std::io::{Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::path::PathBuf;
use std::sync::Arc;
use std::thread::JoinHandle;
use std::time::Duration;

use tpm_sim::manufacture::Order;
use tpm_sim::server::{Config, Host, Launch, Protocol, Readiness, ServeError, Server};

pub(crate) const STARTUP: [u8; 12] = [0x80, 1, 0, 0, 0, 12, 0, 0, 1, 0x44, 0, 0];
pub(crate) const RANDOM: [u8; 12] = [0x80, 1, 0, 0, 0, 12, 0, 0, 1, 0x7b, 0, 8];
pub(crate) const READ_CLOCK: [u8; 10] = [0x80, 1, 0, 0, 0, 10, 0, 0, 1, 0x81];

/// HierarchyChangeAuth(TPM_RH_OWNER) from the empty password to "owner".
pub(crate) const OWN: [u8; 34] = [
    0x80, 2, 0, 0, 0, 34, 0, 0, 1, 0x29, 0x40, 0, 0, 1, 0, 0, 0, 9, 0x40, 0, 0, 9, 0, 0, 0, 0, 0, 0, 5, b'o',
    b'w', b'n', b'e', b'r',
];

/// Runs until it is dropped.
pub(crate) struct Running {
    pub(crate) host: Arc<Host>,
    pub(crate) data: SocketAddr,
    pub(crate) control: SocketAddr,
    thread: Option<JoinHandle<Result<(), ServeError>>>,
}

impl Running {
    pub(crate) fn new(protocol: Protocol, readiness: Readiness, state: Option<PathBuf>) -> Self {
        let config = Config { protocol, port: 0, ..Config::default() };
        let launch = Launch { readiness, state, ..Launch::new(config) };
        Self::run(launch.bind_order(&Order::new(None, Some("listener")).unwrap()).unwrap())
    }

    pub(crate) fn run(server: Server) -> Self {
        let (host, data, control) =
            (server.host(), server.data_address().unwrap(), server.control_address().unwrap());
        let thread = std::thread::spawn(move || server.run());
        Self { host, data, control, thread: Some(thread) }
    }

    pub(crate) fn data(&self) -> TcpStream {
        connect(self.data)
    }

    pub(crate) fn control(&self) -> TcpStream {
        connect(self.control)
    }

    /// Waits for the end that a client has asked for.
    pub(crate) fn join(mut self) {
        self.thread.take().unwrap().join().unwrap().unwrap();
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        self.host.stop();
        if let Some(thread) = self.thread.take() {
            thread.join().unwrap().unwrap();
        }
    }
}

pub(crate) fn connect(address: SocketAddr) -> TcpStream {
    prepared(TcpStream::connect(address).unwrap())
}

pub(crate) fn prepared(stream: TcpStream) -> TcpStream {
    stream.set_read_timeout(Some(Duration::from_secs(20))).unwrap();
    stream.set_nodelay(true).unwrap();
    stream
}

pub(crate) fn code(response: &[u8]) -> u32 {
    u32::from_be_bytes(response[6..10].try_into().unwrap())
}

pub(crate) fn read(stream: &mut TcpStream, length: usize) -> Vec<u8> {
    let mut bytes = vec![0; length];
    stream.read_exact(&mut bytes).unwrap();
    bytes
}

pub(crate) fn read_u32(stream: &mut TcpStream) -> u32 {
    u32::from_be_bytes(read(stream, 4).try_into().unwrap())
}

/// Whether the other side has ended the connection, and what it sent before.
pub(crate) fn rest(stream: &mut TcpStream) -> Vec<u8> {
    let mut bytes = Vec::new();
    // A reset is an end too.
    let _ = stream.read_to_end(&mut bytes);
    bytes
}

/// mssim: a command at a locality.
pub(crate) fn mssim(stream: &mut TcpStream, locality: u8, command: &[u8]) -> Vec<u8> {
    let length = u32::try_from(command.len()).unwrap().to_be_bytes();
    stream.write_all(&[&8u32.to_be_bytes()[..], &[locality], &length, command].concat()).unwrap();
    let size = read_u32(stream) as usize;
    let response = read(stream, size);
    assert_eq!(read_u32(stream), 0, "the status behind a response");
    response
}

/// mssim: a signal of the platform.
pub(crate) fn signal(stream: &mut TcpStream, code: u32) {
    stream.write_all(&code.to_be_bytes()).unwrap();
    assert_eq!(read_u32(stream), 0, "the status behind signal {code}");
}

/// swtpm: a command.
pub(crate) fn raw(stream: &mut TcpStream, command: &[u8]) -> Vec<u8> {
    stream.write_all(command).unwrap();
    let header = read(stream, 10);
    let size = u32::from_be_bytes(header[2..6].try_into().unwrap()) as usize;
    let body = read(stream, size - 10);
    [header, body].concat()
}

/// PCR_Read of one register of the SHA-256 bank: its value.
pub(crate) fn pcr(number: u8, execute: impl FnOnce(&[u8]) -> Vec<u8>) -> Vec<u8> {
    let mut map = [0; 3];
    map[usize::from(number / 8)] = 1 << (number % 8);
    let mut command = vec![0x80, 1, 0, 0, 0, 20, 0, 0, 1, 0x7e, 0, 0, 0, 1, 0, 0x0b, 3];
    command.extend(map);
    let response = execute(&command);
    assert_eq!(code(&response), 0);
    response[response.len() - 32..].to_vec()
}

/// PCR_Extend of one register of the SHA-256 bank.
pub(crate) fn extend(number: u8, digest: u8) -> Vec<u8> {
    let mut command = vec![0x80, 2, 0, 0, 0, 65, 0, 0, 1, 0x82, 0, 0, 0, number, 0, 0, 0, 9, 0x40, 0, 0, 9];
    command.extend([0, 0, 0, 0, 0, 0, 0, 0, 1, 0, 0x0b]);
    command.extend([digest; 32]);
    assert_eq!(command.len(), 65);
    command
}
