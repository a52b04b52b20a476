//! The program in a pseudo-terminal, and what a person does there: look, wait, type.

use std::io::{Read, Write};
use std::num::NonZeroU16;
use std::sync::{Arc, Condvar, Mutex};
use std::thread;
use std::time::{Duration, Instant};

use portable_pty::{Child, CommandBuilder, MasterPty, PtySize, native_pty_system};

/// The longest time anything may take. Nothing waits that long: a test goes on as soon as it can.
pub(crate) const PATIENCE: Duration = Duration::from_secs(50);

pub(crate) const ENTER: &str = "\r";
pub(crate) const TAB: &str = "\t";
pub(crate) const F1: &str = "\x1bOP";
pub(crate) const F5: &str = "\x1b[15~";
pub(crate) const F9: &str = "\x1b[20~";
pub(crate) const CTRL_C: &str = "\x03";
pub(crate) const LEFT: &str = "\x1b[D";

/// What came out of the pseudo-terminal so far.
pub(crate) struct Seen {
    pub(crate) screen: vt100::Parser,
    /// Everything, as bytes: what escape sequences were sent.
    pub(crate) bytes: Vec<u8>,
    closed: bool,
}

/// The program in its pseudo-terminal.
pub(crate) struct Session {
    pub(crate) seen: Arc<(Mutex<Seen>, Condvar)>,
    keyboard: Box<dyn Write + Send>,
    pub(crate) child: Box<dyn Child + Send + Sync>,
    master: Box<dyn MasterPty + Send>,
    begun: Instant,
}

impl Session {
    pub(crate) fn start(arguments: &[&str], columns: u16, rows: u16) -> Self {
        Self::start_with(arguments, columns, rows, &[])
    }

    /// With these variables in its environment, besides.
    pub(crate) fn start_with(
        arguments: &[&str],
        columns: u16,
        rows: u16,
        variables: &[(&str, &str)],
    ) -> Self {
        let size = PtySize { rows, cols: columns, pixel_width: 0, pixel_height: 0 };
        let pair = native_pty_system().openpty(size).expect("a pseudo-terminal");
        let mut command = CommandBuilder::new(env!("CARGO_BIN_EXE_oobe"));
        command.args(arguments);
        command.env("TERM", "xterm-256color");
        command.env_remove("NO_COLOR");
        for (name, value) in variables {
            command.env(name, value);
        }
        command.cwd(env!("CARGO_MANIFEST_DIR"));
        let child = pair.slave.spawn_command(command).expect("the program starts");
        drop(pair.slave);
        let seen = Seen {
            screen: vt100::Parser::new(cells(rows), cells(columns), 0),
            bytes: Vec::new(),
            closed: false,
        };
        let seen = Arc::new((Mutex::new(seen), Condvar::new()));
        let mut output = pair.master.try_clone_reader().expect("its output");
        let keyboard = pair.master.take_writer().expect("its input");
        let shared = Arc::clone(&seen);
        thread::spawn(move || {
            let mut buffer = [0; 8192];
            loop {
                // At the end, Linux reports an error in place of an end.
                let read = output.read(&mut buffer).unwrap_or(0);
                let mut seen = shared.0.lock().expect("nobody panics with it");
                seen.screen.process(&buffer[..read]);
                seen.bytes.extend_from_slice(&buffer[..read]);
                seen.closed = read == 0;
                shared.1.notify_all();
                if read == 0 {
                    return;
                }
            }
        });
        Self { seen, keyboard, child, master: pair.master, begun: now() }
    }

    /// Waits until the screen is as wanted; `what` is for the message if it never is.
    pub(crate) fn wait(&self, what: &str, wanted: impl Fn(&Seen) -> bool) {
        let (lock, news) = &*self.seen;
        let mut seen = lock.lock().expect("nobody panics with it");
        while !wanted(&seen) {
            let left = PATIENCE.checked_sub(self.begun.elapsed()).filter(|_| !seen.closed);
            let Some(left) = left else {
                let why = if seen.closed { "the program ended" } else { "time ran out" };
                panic!("{why} before {what}:\n{}", seen.screen.screen().contents());
            };
            seen = news.wait_timeout(seen, left).expect("nobody panics with it").0;
        }
    }

    pub(crate) fn wait_for(&self, text: &str) {
        self.wait(&format!("{text:?} showed"), |seen| seen.screen.screen().contents().contains(text));
    }

    pub(crate) fn press(&mut self, keys: &str) {
        self.keyboard.write_all(keys.as_bytes()).and_then(|()| self.keyboard.flush()).expect("it takes keys");
    }

    /// Waits for a screen, then types.
    pub(crate) fn at(&mut self, screen: &str, keys: &str) {
        self.wait_for(screen);
        self.press(keys);
    }

    pub(crate) fn contents(&self) -> String {
        self.seen.0.lock().expect("nobody panics with it").screen.screen().contents()
    }

    /// The terminal has another size from now on.
    pub(crate) fn resize(&self, columns: u16, rows: u16) {
        self.seen.0.lock().expect("nobody panics with it").screen.set_size(cells(rows), cells(columns));
        let size = PtySize { rows, cols: columns, pixel_width: 0, pixel_height: 0 };
        self.master.resize(size).expect("it can be resized");
    }

    /// Everything that came out, as text.
    pub(crate) fn output(&self) -> String {
        let seen = self.seen.0.lock().expect("nobody panics with it");
        String::from_utf8_lossy(&seen.bytes).into_owned()
    }

    /// Leaves; the program ends well, and the terminal is as it was.
    pub(crate) fn leave(&mut self) {
        self.press("q");
        assert_eq!(self.end(), 0);
        self.assert_restored();
    }

    /// Waits for the program to end; its exit code.
    pub(crate) fn end(&mut self) -> u32 {
        self.wait("it ended", |seen| seen.closed);
        self.child.wait().expect("it ended").exit_code()
    }

    /// The terminal is as it was: the main screen, a cursor, no bracketed paste.
    pub(crate) fn assert_restored(&self) {
        let seen = self.seen.0.lock().expect("nobody panics with it");
        let screen = seen.screen.screen();
        assert!(seen.bytes.windows(8).any(|w| w == b"\x1b[?1049h"), "it was on the alternate screen");
        assert!(!screen.alternate_screen(), "it left the alternate screen");
        assert!(!screen.hide_cursor(), "the cursor shows");
        assert!(!screen.bracketed_paste(), "pasting is as it was");
    }
}

impl Drop for Session {
    /// A test that fails leaves no program behind.
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

// The wall is what this test is about: it has to end.
#[allow(clippy::disallowed_methods)]
pub(crate) fn now() -> Instant {
    Instant::now()
}

pub(crate) fn cells(number: u16) -> NonZeroU16 {
    NonZeroU16::new(number).expect("a terminal has cells")
}
