//! The terminal: taken on entry, given back whatever happens, panics included.

use std::io::{self, IsTerminal, Stdout, stdin, stdout};
use std::panic;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use crossterm::cursor::Show;
use crossterm::event::{DisableBracketedPaste, EnableBracketedPaste};
use crossterm::execute;
use crossterm::terminal::{EnterAlternateScreen, LeaveAlternateScreen, disable_raw_mode, enable_raw_mode};
use ratatui::Terminal;
use ratatui::backend::CrosstermBackend;

use super::TuiError;

/// Whether the terminal is ours now. A terminal is one for the whole process, and so is this.
static TAKEN: AtomicBool = AtomicBool::new(false);

/// The terminal while it is ours. Dropping it gives it back.
pub(super) struct Guard {
    pub(super) terminal: Terminal<CrosstermBackend<Stdout>>,
    hangup: Arc<AtomicBool>,
}

impl Guard {
    /// Takes the terminal.
    pub(super) fn take() -> Result<Self, TuiError> {
        if !stdin().is_terminal() || !stdout().is_terminal() {
            return Err(TuiError::NotATerminal);
        }
        let hangup = Arc::new(AtomicBool::new(false));
        #[cfg(unix)]
        for signal in [signal_hook::consts::SIGTERM, signal_hook::consts::SIGHUP, signal_hook::consts::SIGINT] {
            // The second one ends the process, should the first not be heard.
            signal_hook::flag::register_conditional_shutdown(signal, 1, Arc::clone(&hangup))?;
            signal_hook::flag::register(signal, Arc::clone(&hangup))?;
        }
        // A panic prints its message on the terminal as it was.
        let before = panic::take_hook();
        panic::set_hook(Box::new(move |info| {
            give_back();
            before(info);
        }));
        TAKEN.store(true, Ordering::SeqCst);
        let entered = enable_raw_mode()
            .and_then(|()| execute!(stdout(), EnterAlternateScreen, EnableBracketedPaste))
            .and_then(|()| Terminal::new(CrosstermBackend::new(stdout())));
        match entered {
            Ok(terminal) => Ok(Self { terminal, hangup }),
            Err(error) => {
                give_back();
                Err(error.into())
            }
        }
    }

    /// Whether somebody asked the process to end.
    pub(super) fn is_hung_up(&self) -> bool {
        self.hangup.load(Ordering::SeqCst)
    }
}

impl Drop for Guard {
    fn drop(&mut self) {
        give_back();
    }
}

/// Gives the terminal back, once. Nothing can be done about errors here: the rest is tried all the same.
fn give_back() {
    if TAKEN.swap(false, Ordering::SeqCst) {
        let _: io::Result<()> = execute!(stdout(), DisableBracketedPaste, LeaveAlternateScreen, Show);
        let _: io::Result<()> = disable_raw_mode();
    }
}
