//! Connections under way, and their end.

use std::collections::BTreeMap;
use std::net::{Shutdown, TcpStream};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread::{self, JoinHandle};

/// So many connections at once, both ports together; a further one is closed. Suites hold one or two.
pub const MOST_CONNECTIONS: usize = 256;

#[derive(Debug, Default)]
struct Inner {
    next: u64,
    open: BTreeMap<u64, (TcpStream, Option<JoinHandle<()>>)>,
    ended: bool,
}

/// The open connections, each with its thread.
#[derive(Debug, Default)]
pub(super) struct Connections(Mutex<Inner>);

impl Connections {
    fn lock(&self) -> MutexGuard<'_, Inner> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Runs `client` in a thread of its own, and closes the stream when it returns or panics.
    pub(super) fn spawn(
        self: &Arc<Self>,
        stream: TcpStream,
        client: impl FnOnce(TcpStream) + Send + 'static,
    ) {
        let Ok(kept) = stream.try_clone() else { return };
        let id = {
            let mut inner = self.lock();
            if inner.ended || inner.open.len() >= MOST_CONNECTIONS {
                return;
            }
            let id = inner.next;
            inner.next += 1;
            inner.open.insert(id, (kept, None));
            id
        };
        let entry = Entry { connections: Arc::clone(self), id };
        // Not under the lock: without a thread the closure is dropped here, and the entry with it, which takes the lock.
        let spawned = thread::Builder::new().name("tpm-client".to_owned()).spawn(move || {
            let _entry = entry;
            client(stream);
        });
        if let (Ok(thread), Some((_, slot))) = (spawned, self.lock().open.get_mut(&id)) {
            *slot = Some(thread);
        }
    }

    /// Closes every connection and waits for its thread. A command that is being executed is executed to its end.
    pub(super) fn end_all(&self) {
        let open = {
            let mut inner = self.lock();
            inner.ended = true;
            std::mem::take(&mut inner.open)
        };
        for (stream, _) in open.values() {
            // Fails when the client has closed already.
            let _ = stream.shutdown(Shutdown::Both);
        }
        for (_, (_, thread)) in open {
            if let Some(thread) = thread {
                // A client's panic was reported when it happened.
                let _ = thread.join();
            }
        }
    }
}

/// Takes the connection off the list at the end of its thread, however that comes.
struct Entry {
    connections: Arc<Connections>,
    id: u64,
}

impl Drop for Entry {
    fn drop(&mut self) {
        let removed = self.connections.lock().open.remove(&self.id);
        if let Some((stream, _)) = removed {
            let _ = stream.shutdown(Shutdown::Both);
        }
    }
}
