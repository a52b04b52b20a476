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
use crate::exit::Exit;

/// Whether the terminal is ours now. A terminal is one for the whole process, and so is this.
static TAKEN: AtomicBool = AtomicBool::new(false);

/// How long the loop has to end after a signal.
#[cfg(unix)]
const GRACE: std::time::Duration = std::time::Duration::from_secs(1);

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
        listen(Arc::clone(&hangup))?;
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

/// Listens for those who want the process to end. The loop is given a moment to end it in good order; it may be stuck
/// reading from a terminal that is gone (crossterm 0.29 reads on and on at its end), and then nobody waits for it.
#[cfg(unix)]
fn listen(hangup: Arc<AtomicBool>) -> io::Result<()> {
    use signal_hook::consts::{SIGALRM, SIGHUP, SIGINT, SIGQUIT, SIGTERM, SIGUSR1, SIGUSR2};

    // All that would end the process and can be caught. (Ctrl+Z and Ctrl+\\ are keys like any other meanwhile.)
    let ends = [SIGHUP, SIGINT, SIGTERM, SIGQUIT, SIGUSR1, SIGUSR2, SIGALRM];
    let mut signals = signal_hook::iterator::Signals::new(ends)?;
    std::thread::Builder::new().name("signals".into()).spawn(move || {
        if signals.forever().next().is_none() {
            return;
        }
        hangup.store(true, Ordering::SeqCst);
        if TAKEN.load(Ordering::SeqCst) {
            std::thread::sleep(GRACE);
        }
        give_back();
        std::process::exit(Exit::Interrupted.code().into());
    })?;
    Ok(())
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
