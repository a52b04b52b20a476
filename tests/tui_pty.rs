//! `oobe tui` as a person meets it: the real program in a pseudo-terminal, a password that is really typed, the
//! desktop, and a terminal that is as it was before.

#![cfg(unix)]

use std::io::{Read, Write};
use std::num::NonZeroU16;
use std::path::Path;
use std::sync::{Arc, Condvar, Mutex};
use std::thread;
use std::time::{Duration, Instant};

use portable_pty::{Child, CommandBuilder, MasterPty, PtySize, native_pty_system};

/// The longest time anything may take. Nothing waits that long: a test goes on as soon as it can.
const PATIENCE: Duration = Duration::from_secs(50);

const ENTER: &str = "\r";
const TAB: &str = "\t";
const F1: &str = "\x1bOP";
const F5: &str = "\x1b[15~";
const F9: &str = "\x1b[20~";
const CTRL_C: &str = "\x03";

/// What came out of the pseudo-terminal so far.
struct Seen {
    screen: vt100::Parser,
    /// Everything, as bytes: what escape sequences were sent.
    bytes: Vec<u8>,
    closed: bool,
}

/// The program in its pseudo-terminal.
struct Session {
    seen: Arc<(Mutex<Seen>, Condvar)>,
    keyboard: Box<dyn Write + Send>,
    child: Box<dyn Child + Send + Sync>,
    master: Box<dyn MasterPty + Send>,
    begun: Instant,
}

impl Session {
    fn start(arguments: &[&str], columns: u16, rows: u16) -> Self {
        let size = PtySize { rows, cols: columns, pixel_width: 0, pixel_height: 0 };
        let pair = native_pty_system().openpty(size).expect("a pseudo-terminal");
        let mut command = CommandBuilder::new(env!("CARGO_BIN_EXE_oobe"));
        command.args(arguments);
        command.env("TERM", "xterm-256color");
        command.env_remove("NO_COLOR");
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
    fn wait(&self, what: &str, wanted: impl Fn(&Seen) -> bool) {
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

    fn wait_for(&self, text: &str) {
        self.wait(&format!("{text:?} showed"), |seen| seen.screen.screen().contents().contains(text));
    }

    fn press(&mut self, keys: &str) {
        self.keyboard.write_all(keys.as_bytes()).and_then(|()| self.keyboard.flush()).expect("it takes keys");
    }

    /// Waits for a screen, then types.
    fn at(&mut self, screen: &str, keys: &str) {
        self.wait_for(screen);
        self.press(keys);
    }

    fn contents(&self) -> String {
        self.seen.0.lock().expect("nobody panics with it").screen.screen().contents()
    }

    /// Waits for the program to end; its exit code.
    fn end(&mut self) -> u32 {
        self.wait("it ended", |seen| seen.closed);
        self.child.wait().expect("it ended").exit_code()
    }

    /// The terminal is as it was: the main screen, a cursor, no bracketed paste.
    fn assert_restored(&self) {
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
fn now() -> Instant {
    Instant::now()
}

fn cells(number: u16) -> NonZeroU16 {
    NonZeroU16::new(number).expect("a terminal has cells")
}

const SCENARIO: &str = "scenarios/user-driven.toml";

/// Region and keyboard, up to the sign-in page.
fn up_to_sign_in(session: &mut Session) {
    session.at("Is this the right country or region?", ENTER);
    session.at("Is this the right keyboard layout", ENTER);
    session.at("Want to add a second keyboard layout?", ENTER);
    session.wait_for("Welcome to Contoso!");
}

#[test]
fn a_person_types_their_way_to_the_desktop() {
    let mut session = Session::start(&["tui", SCENARIO, "--speed", "3600x"], 80, 24);
    up_to_sign_in(&mut session);
    session.press("alice@contoso.test");
    session.wait_for("alice@contoso.test");
    session.press(ENTER);
    // A wrong password first: it is told, and tried again.
    session.at("Enter password", "not the password");
    session.wait_for("●●●●●●●●●●●●●●●●");
    assert!(!session.contents().contains("not the password"), "what is typed is hidden");
    session.press(ENTER);
    session.wait_for("Your account or password is incorrect.");
    session.press("TEST ONLY correct horse");
    // With Tab to the button this time.
    session.press(&format!("{TAB}{TAB}"));
    session.wait_for("▐ Sign in ▌");
    session.press(ENTER);
    session.wait_for("Device preparation");
    // The restart in Device setup costs the credentials.
    session.at("Other user", "TEST ONLY correct horse");
    session.press(ENTER);
    session.wait_for("ENDED: desktop");
    session.wait_for("press q to leave");
    session.press("q");
    assert_eq!(session.end(), 0);
    session.assert_restored();
    let contents = session.contents();
    assert!(contents.contains("user-driven: desktop after "), "one line says how it went:\n{contents}");
    let all =
        String::from_utf8_lossy(&session.seen.0.lock().expect("nobody panics with it").bytes).into_owned();
    assert!(!all.contains("not the password"));
}

#[test]
fn somebody_watches_at_full_speed() {
    let mut session = Session::start(&["tui", SCENARIO, "--speed", "instant", "--auto"], 120, 40);
    session.wait_for("ENDED: desktop");
    session.wait_for("rests on");
    session.press("q");
    assert_eq!(session.end(), 0);
    session.assert_restored();
}

#[test]
fn a_recorded_run_is_played_again() {
    let folder = tempfile::tempdir().expect("a folder");
    let trace = folder.path().join("trace.jsonl");
    let trace = trace.to_str().expect("its name is text");
    let mut session =
        Session::start(&["tui", SCENARIO, "--speed", "instant", "--auto", "--trace", trace], 80, 24);
    session.at("ENDED: desktop", "q");
    assert_eq!(session.end(), 0);
    assert!(Path::new(trace).is_file());
    let mut session = Session::start(&["tui", "--replay", trace, "--speed", "instant"], 80, 24);
    session.at("ENDED: desktop", "q");
    assert_eq!(session.end(), 0);
    session.assert_restored();
}

#[test]
fn pause_help_and_leaving_in_the_middle() {
    let mut session = Session::start(&["tui", SCENARIO, "--speed", "600x"], 80, 24);
    up_to_sign_in(&mut session);
    session.press(F5);
    session.wait_for("PAUSED");
    session.press(F1);
    session.wait_for("TEST ONLY correct horse");
    session.press(F1);
    session.press(F9);
    session.wait("the name was filled in", |seen| {
        let (row, column) = seen.screen.screen().cursor_position();
        let line = seen.screen.screen().contents_between(row, 0, row, column);
        line.contains("alice@contoso.test") && !line.contains("F9")
    });
    session.press(CTRL_C);
    assert_eq!(session.end(), 0);
    session.assert_restored();
    assert!(session.contents().contains("user-driven: left after "));
}

#[test]
fn the_end_of_the_process_gives_the_terminal_back() {
    let mut session = Session::start(&["tui", SCENARIO], 80, 24);
    session.wait_for("oobe");
    let id = session.child.process_id().expect("it runs").to_string();
    let killed = std::process::Command::new("kill").args(["-TERM", &id]).status().expect("kill runs");
    assert!(killed.success());
    session.end();
    session.assert_restored();
}

#[test]
fn a_terminal_that_is_closed_ends_the_program() {
    let size = PtySize { rows: 24, cols: 80, pixel_width: 0, pixel_height: 0 };
    let pair = native_pty_system().openpty(size).expect("a pseudo-terminal");
    let mut command = CommandBuilder::new(env!("CARGO_BIN_EXE_oobe"));
    command.args(["tui", SCENARIO]);
    command.cwd(env!("CARGO_MANIFEST_DIR"));
    let mut child = pair.slave.spawn_command(command).expect("the program starts");
    drop(pair.slave);
    let mut output = pair.master.try_clone_reader().expect("its output");
    let (mut bytes, mut buffer) = (Vec::new(), [0; 4096]);
    while !bytes.windows(4).any(|w| w == b"oobe") {
        let read = output.read(&mut buffer).expect("it draws");
        bytes.extend_from_slice(&buffer[..read]);
    }
    // The window is closed.
    drop((output, pair.master));
    let begun = now();
    while child.try_wait().expect("it can be asked").is_none() {
        if begun.elapsed() > PATIENCE {
            let _ = child.kill();
            panic!("it goes on without a terminal");
        }
        thread::sleep(Duration::from_millis(10));
    }
}

#[test]
fn the_terminal_may_change_its_size() {
    let mut session = Session::start(&["tui", SCENARIO, "--speed", "3600x"], 80, 24);
    session.wait_for("Is this the right country or region?");
    let resize = |session: &Session, columns, rows| {
        session.seen.0.lock().expect("nobody panics with it").screen.set_size(cells(rows), cells(columns));
        let size = PtySize { rows, cols: columns, pixel_width: 0, pixel_height: 0 };
        session.master.resize(size).expect("it can be resized");
    };
    resize(&session, 40, 10);
    session.wait_for("oobe needs at least 60 x 20");
    resize(&session, 120, 40);
    session.wait_for("WAITS FOR");
    session.press("q");
    assert_eq!(session.end(), 0);
    session.assert_restored();
}

#[test]
fn without_a_terminal_it_says_so() {
    let output = std::process::Command::new(env!("CARGO_BIN_EXE_oobe"))
        .args(["tui", SCENARIO])
        .current_dir(env!("CARGO_MANIFEST_DIR"))
        .output()
        .expect("the program runs");
    assert!(!output.status.success());
    let text = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(text.contains("this needs a terminal"), "{text}");
    assert!(output.stdout.is_empty());
}
