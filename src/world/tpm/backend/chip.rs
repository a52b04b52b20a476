//! A TPM of this machine, by the character device of Linux' resource manager (`/dev/tpmrm0`).
//!
//! It belongs to the machine: it has been started, its registers hold the machine's own boot, and what others keep in it
//! is theirs. Nothing lasting is written to it, no register is extended.

use std::fs::{File, OpenOptions};
use std::io::{Read, Write};
use std::path::Path;

use oobe_agent::time::Span;

use super::{Backend, BackendError, Owner};

/// Largest response that the kernel gives (`TPM_BUFSIZE`).
const MOST: usize = 4096;

/// An open TPM device.
#[derive(Debug)]
pub(in crate::world::tpm) struct Chip {
    file: File,
    path: String,
    log: Option<Vec<u8>>,
}

impl Chip {
    /// Opens the device; the log of the machine's boot is read when the system shows it.
    pub(in crate::world::tpm) fn open(path: &Path) -> Result<Self, BackendError> {
        let shown = path.display().to_string();
        let file = OpenOptions::new()
            .read(true)
            .write(true)
            .open(path)
            .map_err(|source| BackendError::Io { what: format!("{shown} can't be opened"), source })?;
        Ok(Self { file, path: shown, log: boot_log(path) })
    }
}

/// The kernel's copy of the firmware's log: of `tpm0` for `/dev/tpm0` and `/dev/tpmrm0`. Only root may read it, usually.
fn boot_log(device: &Path) -> Option<Vec<u8>> {
    let name = device.file_name()?.to_str()?;
    let number: u32 = name.strip_prefix("tpmrm").or_else(|| name.strip_prefix("tpm"))?.parse().ok()?;
    std::fs::read(format!("/sys/kernel/security/tpm{number}/binary_bios_measurements")).ok()
}

impl Backend for Chip {
    fn transmit(&mut self, command: &[u8]) -> Result<Vec<u8>, BackendError> {
        let error = |source| BackendError::Io { what: format!("{} does not answer", self.path), source };
        // A command is one write and its response one read.
        let mut file = &self.file;
        file.write_all(command).map_err(error)?;
        let mut response = vec![0; MOST];
        let size = file.read(&mut response).map_err(error)?;
        response.truncate(size);
        Ok(response)
    }

    fn power(&mut self, _: bool) -> Result<(), BackendError> {
        Ok(())
    }

    fn pass(&mut self, _: Span) {}

    fn rest(&mut self, span: Span) {
        std::thread::sleep(std::time::Duration::from_millis(span.as_millis()));
    }

    fn owner(&self) -> Owner {
        Owner::Machine { log: self.log.clone() }
    }
}
