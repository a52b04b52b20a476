//! The end that the system asks for.

use std::io;
use std::sync::Arc;
use std::thread;

use signal_hook::consts::{SIGINT, SIGTERM};
use signal_hook::iterator::Signals;

use super::Host;

/// From here on SIGTERM and SIGINT end the server as a client's request does: commands under way are executed, the TPM is
/// kept, and [`Server::run`](super::Server::run) returns.
pub fn stop_on_signals(host: &Arc<Host>) -> io::Result<()> {
    let mut signals = Signals::new([SIGTERM, SIGINT])?;
    let host = Arc::clone(host);
    thread::Builder::new().name("tpm-signals".to_owned()).spawn(move || {
        for _ in signals.forever() {
            host.stop();
        }
    })?;
    Ok(())
}
