//! Writing traces: one JSON object a line, the header first. A file appears under its name only when it is complete.

use std::fs::File;
use std::io::{self, BufWriter, Write};
use std::path::Path;

use serde::Serialize;
use sha2::{Digest, Sha256};

use super::whole::Whole;
use super::{Mask, Record, TraceHeader};

/// One line of a trace, without its line break.
pub fn line(value: &impl Serialize, mask: &Mask) -> String {
    mask.json(&plain(value)).into_owned()
}

/// The same with its secrets.
pub(crate) fn plain(value: &impl Serialize) -> String {
    serde_json::to_string(value).expect("records have string keys only, which always serialise")
}

/// The fingerprint of a run: SHA-256 over the lines of its records, each with a line break. The header is left out:
/// it holds what may differ between two programs that do the same.
#[derive(Debug, Clone, Default)]
pub struct Hasher {
    bytes: Sha256,
}

impl Hasher {
    /// Takes a line in.
    pub fn line(&mut self, line: &str) {
        self.bytes.update(line);
        self.bytes.update(b"\n");
    }

    /// The fingerprint, hex.
    pub fn finish(self) -> String {
        oobe_wire::encoding::hex_lower(&self.bytes.finalize())
    }
}

/// A trace on its way to a file.
#[derive(Debug)]
pub struct TraceFile {
    whole: Whole,
    file: BufWriter<File>,
    finished: bool,
}

impl TraceFile {
    /// Begins a trace that will be at `to`.
    pub fn create(to: &Path) -> io::Result<Self> {
        let whole = Whole::new(to);
        let file = BufWriter::new(File::create(whole.path())?);
        Ok(Self { whole, file, finished: false })
    }

    /// Writes the header; comes first.
    pub fn header(&mut self, header: &TraceHeader) -> io::Result<()> {
        writeln!(self.file, "{}", line(header, &Mask::default()))
    }

    /// Writes a record.
    pub fn record(&mut self, record: &Record, mask: &Mask) -> io::Result<()> {
        writeln!(self.file, "{}", line(record, mask))
    }

    /// Writes lines that are ready, each with its line break.
    pub fn lines(&mut self, lines: &str) -> io::Result<()> {
        self.file.write_all(lines.as_bytes())
    }

    /// The trace is complete: gives it its name.
    pub fn finish(mut self) -> io::Result<()> {
        self.file.flush()?;
        self.whole.complete()?;
        self.finished = true;
        Ok(())
    }
}

impl Drop for TraceFile {
    /// What is not complete leaves nothing behind.
    fn drop(&mut self) {
        if !self.finished {
            self.whole.give_up();
        }
    }
}
