//! The terminal is given back, panics included: this test runs itself again in a pseudo-terminal, and panics there.

use std::io::Read;

use portable_pty::{CommandBuilder, PtySize, native_pty_system};

use crate::tui::terminal::Guard;

/// Set while the test runs itself.
const INSIDE: &str = "OOBE_TEST_PANICS_WITH_THE_TERMINAL";

/// Does nothing by itself: [`a_panic_gives_the_terminal_back`] runs it.
#[test]
fn panics_with_the_terminal() {
    if std::env::var_os(INSIDE).is_none() {
        return;
    }
    let mut guard = Guard::take().expect("a terminal");
    guard.terminal.draw(|frame| frame.set_cursor_position((0, 0))).expect("a terminal");
    panic!("on purpose");
}

#[test]
#[cfg(unix)]
fn a_panic_gives_the_terminal_back() {
    let size = PtySize { rows: 24, cols: 80, pixel_width: 0, pixel_height: 0 };
    let pair = native_pty_system().openpty(size).expect("a pseudo-terminal");
    let mut command = CommandBuilder::new(std::env::current_exe().expect("this test is a program"));
    command.env(INSIDE, "1");
    command.args(["--nocapture", "--exact", "tui::tests::terminal::panics_with_the_terminal"]);
    let mut child = pair.slave.spawn_command(command).expect("it starts");
    drop(pair.slave);
    let mut output = pair.master.try_clone_reader().expect("its output");
    let (mut bytes, mut buffer) = (Vec::new(), [0; 4096]);
    while let Ok(read @ 1..) = output.read(&mut buffer) {
        bytes.extend_from_slice(&buffer[..read]);
    }
    assert!(!child.wait().expect("it ends").success());
    let text = String::from_utf8_lossy(&bytes);
    let entered = text.find("\u{1b}[?1049h").expect("it took the terminal");
    let left = text.find("\u{1b}[?1049l").expect("it gave the terminal back");
    let told = text.find("on purpose").expect("it told why");
    assert!(entered < left && left < told, "the message is on the screen that stays: {text}");
    assert!(text[left..].contains("\u{1b}[?25h"), "the cursor shows");
}
