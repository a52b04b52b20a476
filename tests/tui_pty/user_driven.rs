//! The user-driven flow, and the terminal itself.

use std::io::Read;
use std::path::Path;
use std::thread;
use std::time::Duration;

use portable_pty::{CommandBuilder, PtySize, native_pty_system};

use crate::session::{CTRL_C, ENTER, F1, F5, F9, PATIENCE, Session, TAB, now};

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
    assert!(!session.output().contains("not the password"));
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
    for signal in ["-TERM", "-HUP", "-QUIT", "-USR1"] {
        let mut session = Session::start(&["tui", SCENARIO], 80, 24);
        session.wait_for("oobe");
        let id = session.child.process_id().expect("it runs").to_string();
        // The shell's own `kill`: the program of that name is not on every machine.
        let kill = format!("kill {signal} {id}");
        let killed = std::process::Command::new("sh").args(["-c", &kill]).status().expect("a shell runs");
        assert!(killed.success());
        assert_eq!(session.end(), 130, "{signal}: as docs/exit-codes.md says");
        session.assert_restored();
    }
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
    session.resize(40, 10);
    session.wait_for("oobe needs at least 60 x 20");
    session.resize(120, 40);
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
