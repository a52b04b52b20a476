//! Whatever comes in on either port of either protocol, the connection ends, what went out is no more than was asked for,
//! and the TPM behind it answers the next client.
#![no_main]

use std::io::{self, Read, Write};
use std::sync::OnceLock;

use libfuzzer_sys::fuzz_target;
use tpm_sim::Tpm;
use tpm_sim::manufacture::new_tpm;
use tpm_sim::server::{Host, mssim, swtpm};

const STARTUP: [u8; 12] = [0x80, 1, 0, 0, 0, 12, 0, 0, 1, 0x44, 0, 0];
const RANDOM: [u8; 12] = [0x80, 1, 0, 0, 0, 12, 0, 0, 1, 0x7b, 0, 8];

/// A client that has said everything, in pieces of some size, and reads along.
struct Client<'a> {
    input: &'a [u8],
    piece: usize,
    received: usize,
}

impl Read for Client<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let length = self.piece.min(buffer.len()).min(self.input.len());
        buffer[..length].copy_from_slice(&self.input[..length]);
        self.input = &self.input[length..];
        Ok(length)
    }
}

impl Write for Client<'_> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.received += bytes.len();
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

fn started() -> Tpm {
    static TPM: OnceLock<Tpm> = OnceLock::new();
    TPM.get_or_init(|| {
        let mut tpm = new_tpm(None, Some("fuzz")).expect("the default profile");
        tpm.power_on();
        tpm.execute(&STARTUP);
        tpm
    })
    .clone()
}

fuzz_target!(|bytes: &[u8]| {
    let [how, input @ ..] = bytes else { return };
    let host = Host::new(started());
    let mut client = Client { input, piece: usize::from(how >> 2) + 1, received: 0 };
    // How a connection ends is the client's affair.
    let _ = match how & 3 {
        0 => mssim::commands(&mut client, &host),
        1 => mssim::platform(&mut client, &host),
        2 => swtpm::data(&mut client, &host),
        _ => swtpm::control(&mut client, &host),
    };
    // The most that four bytes can ask for is a response of 4 KB, or a copy of the state.
    assert!(client.received <= (input.len() / 4 + 1) * (128 << 10), "{} bytes", client.received);
    host.reset();
    for command in [&STARTUP, &RANDOM] {
        let response = host.execute(Some(0), command).expect("the power is on");
        // Startup fails after nothing but a failure of the TPM, and the reset has ended that.
        assert_eq!(response[6..10], [0; 4]);
    }
});
