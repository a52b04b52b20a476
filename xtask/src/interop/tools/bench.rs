//! A folder, a TPM, and the tools: commands as lines, their files, what OpenSSL says of them.

use std::fs;
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};

use super::super::listener::Listener;

/// Where a topic does its checks.
pub(in super::super) struct Bench {
    dir: PathBuf,
    tcti: String,
    /// The TPM is ours: it has certificates of a known CA.
    pub(in super::super) ours: bool,
    /// Checks passed so far: commands that had to succeed or to be refused, and comparisons.
    pub(in super::super) checks: usize,
}

type Checked<T> = Result<T, String>;

impl Bench {
    pub(in super::super) fn new(listener: &Listener, dir: &Path, ours: bool) -> Self {
        Self { dir: dir.to_owned(), tcti: listener.tcti(), ours, checks: 0 }
    }

    /// A command that has to succeed; what it prints. Words end at spaces.
    pub(in super::super) fn ok(&mut self, line: &str) -> Checked<String> {
        let output = self.run(line)?;
        let text = String::from_utf8_lossy(&output.stdout).into_owned();
        if !output.status.success() {
            return Err(format!("{line}\n{text}{}", String::from_utf8_lossy(&output.stderr)));
        }
        self.flush()?;
        self.checks += 1;
        Ok(text)
    }

    /// A command that the TPM has to refuse with this response code.
    pub(in super::super) fn refused(&mut self, line: &str, code: u32) -> Checked<()> {
        let output = self.run(line)?;
        let text = String::from_utf8_lossy(&output.stderr);
        if output.status.success() {
            return Err(format!("{line}\nshould have been refused with {code:#05x}"));
        }
        if !text.contains(&format!("(0x{code:X})")) {
            return Err(format!("{line}\nshould have been refused with {code:#05x}, but:\n{text}"));
        }
        self.flush()?;
        self.checks += 1;
        Ok(())
    }

    /// A command that has to fail without asking the TPM, or whatever the TPM says.
    pub(in super::super) fn fails(&mut self, line: &str) -> Checked<()> {
        let output = self.run(line)?;
        self.flush()?;
        self.check(&format!("fails: {line}"), !output.status.success())
    }

    /// Something that has to hold.
    pub(in super::super) fn check(&mut self, what: &str, holds: bool) -> Checked<()> {
        if !holds {
            return Err(format!("does not hold: {what}"));
        }
        self.checks += 1;
        Ok(())
    }

    /// The two have to be the same.
    pub(in super::super) fn same(&mut self, what: &str, left: &[u8], right: &[u8]) -> Checked<()> {
        if left != right {
            return Err(format!("{what}: {} is not {}", hex(left), hex(right)));
        }
        self.checks += 1;
        Ok(())
    }

    /// The two files have to be the same.
    pub(in super::super) fn same_files(&mut self, left: &str, right: &str) -> Checked<()> {
        let (left_bytes, right_bytes) = (self.file(left)?, self.file(right)?);
        self.same(&format!("{left} and {right}"), &left_bytes, &right_bytes)
    }

    /// What is in a file.
    pub(in super::super) fn file(&self, name: &str) -> Checked<Vec<u8>> {
        fs::read(self.dir.join(name)).map_err(|error| format!("{name}: {error}"))
    }

    /// Writes a file.
    pub(in super::super) fn write(&self, name: &str, bytes: impl AsRef<[u8]>) -> Checked<()> {
        fs::write(self.dir.join(name), bytes).map_err(|error| format!("{name}: {error}"))
    }

    /// Writes a copy of a file with its last byte changed.
    pub(in super::super) fn tamper(&self, from: &str, to: &str) -> Checked<()> {
        let mut bytes = self.file(from)?;
        *bytes.last_mut().ok_or_else(|| format!("{from} is empty"))? ^= 1;
        self.write(to, bytes)
    }

    /// SHA-256 of a file, by OpenSSL.
    pub(in super::super) fn sha256(&self, name: &str) -> Checked<Vec<u8>> {
        self.sha256_of(&self.file(name)?)
    }

    /// SHA-256 of some bytes, by OpenSSL.
    pub(in super::super) fn sha256_of(&self, bytes: &[u8]) -> Checked<Vec<u8>> {
        self.digest("sha256", bytes)
    }

    /// A digest of some bytes, by OpenSSL.
    pub(in super::super) fn digest(&self, algorithm: &str, bytes: &[u8]) -> Checked<Vec<u8>> {
        let mut child = Command::new("openssl")
            .args(["dgst", "-binary", &format!("-{algorithm}")])
            .current_dir(&self.dir)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .map_err(|error| format!("openssl: {error}"))?;
        child
            .stdin
            .take()
            .expect("its input is piped")
            .write_all(bytes)
            .map_err(|error| error.to_string())?;
        let output = child.wait_with_output().map_err(|error| error.to_string())?;
        if output.status.success() {
            Ok(output.stdout)
        } else {
            Err(format!("openssl dgst -{algorithm} failed"))
        }
    }

    /// OpenSSL has to verify `signature` over `message`.
    pub(in super::super) fn verified(&mut self, key: &str, message: &str, signature: &str) -> Checked<()> {
        let line = format!("openssl dgst -sha256 -verify {key} -signature {signature} {message}");
        let text = self.ok(&line)?;
        self.check(&line, text.contains("Verified OK"))
    }

    fn run(&self, line: &str) -> Checked<Output> {
        let mut words = line.split_whitespace();
        let program = words.next().ok_or("an empty line")?;
        Command::new(program)
            .args(words)
            .current_dir(&self.dir)
            .env("TPM2TOOLS_TCTI", &self.tcti)
            .env("TSS2_LOG", "all+NONE")
            .stdin(Stdio::null())
            .output()
            .map_err(|error| format!("{line}: {error}"))
    }

    /// There is no resource manager between, and room for three objects: what a tool left there goes. Their contexts are in
    /// files.
    fn flush(&self) -> Checked<()> {
        let output = self.run("tpm2_flushcontext --transient-object")?;
        // A TPM that isn't started has no objects, and says so in its way.
        drop(output);
        Ok(())
    }
}

/// In hexadecimal, as tools print and take it.
pub(super) fn hex(bytes: &[u8]) -> String {
    bytes.iter().fold(String::new(), |text, byte| text + &format!("{byte:02x}"))
}
