//! Standard output and standard error. A reader that goes away (`oobe list | head`) is no error: the rest is simply
//! not printed, and the exit code stays what it was.

use std::io::{self, IsTerminal, Write};

use anstream::adapter::strip_str;
use anstream::{AutoStream, ColorChoice};

use super::args::Color;
use crate::report::{Tone, paint, terminal_width};

/// Standard output.
pub(super) struct Output {
    to: io::BufWriter<io::Stdout>,
    colours: bool,
    closed: bool,
    failed: Option<io::Error>,
    /// Width to lay out for.
    pub(super) width: usize,
}

impl Output {
    /// Colours as asked for, here and on standard error.
    pub(super) fn new(color: Color) -> Self {
        let choice = match color {
            Color::Auto => ColorChoice::Auto,
            Color::Always => ColorChoice::AlwaysAnsi,
            Color::Never => ColorChoice::Never,
        };
        choice.write_global();
        let colours = AutoStream::choice(&io::stdout()) != ColorChoice::Never;
        Self {
            to: io::BufWriter::new(io::stdout()),
            colours,
            closed: false,
            failed: None,
            width: terminal_width(),
        }
    }

    /// Prints text; paint is taken off where nobody would see it.
    pub(super) fn print(&mut self, text: &str) {
        if self.colours {
            self.write(text.as_bytes());
        } else {
            self.write(strip_str(text).to_string().as_bytes());
        }
    }

    /// Prints text that is not painted: JSON, whose strings must stay as they are.
    pub(super) fn raw(&mut self, text: &str) {
        self.write(text.as_bytes());
    }

    /// What was printed so far can be seen now.
    pub(super) fn flush(&mut self) {
        if !self.closed {
            let result = self.to.flush();
            self.note(result);
        }
    }

    fn write(&mut self, bytes: &[u8]) {
        if !self.closed {
            let result = self.to.write_all(bytes);
            self.note(result);
        }
    }

    fn note(&mut self, result: io::Result<()>) {
        if let Err(error) = result {
            self.closed = true;
            if error.kind() != io::ErrorKind::BrokenPipe {
                self.failed = Some(error);
            }
        }
    }

    /// Whether everything could be printed, or nobody was there to read it.
    pub(super) fn finish(mut self) -> io::Result<()> {
        self.flush();
        self.failed.map_or(Ok(()), Err)
    }
}

/// Tells on standard error what went wrong, and what to do about it.
pub(super) fn error(message: impl std::fmt::Display, help: Option<&str>) {
    let mut to = anstream::stderr().lock();
    let _ = writeln!(to, "{} {message}", paint(Tone::Bad, "error:"));
    if let Some(help) = help {
        let _ = writeln!(to, "  {} {help}", paint(Tone::Reference, "help:"));
    }
}

/// Tells on standard error what somebody should know, though nothing went wrong here.
pub(super) fn hint(message: &str) {
    let _ = writeln!(anstream::stderr().lock(), "{} {message}", paint(Tone::Reference, "note:"));
}

/// Says on standard error how far a long work is, when somebody looks.
pub(super) struct Progress {
    shown: bool,
    all: usize,
}

impl Progress {
    pub(super) fn new(all: usize, wanted: bool) -> Self {
        Self { shown: wanted && all > 1 && io::stderr().is_terminal(), all }
    }

    pub(super) fn at(&self, done: usize) {
        if self.shown {
            let _ = write!(io::stderr(), "\r{done} of {} worlds", self.all);
        }
    }

    /// Takes the line away before something else is printed.
    pub(super) fn clear(&self) {
        if self.shown {
            let _ = write!(io::stderr(), "\r\x1b[K");
        }
    }
}
