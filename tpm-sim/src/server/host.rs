//! The TPM behind the ports: one lock, real time, the state directory, the journal.

use std::fmt;
use std::fs::{File, OpenOptions};
use std::io::{self, BufWriter, Write};
use std::path::Path;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Instant;

use super::frame::{self, response_code};
use super::store::{Store, StoreError};
use crate::{Rc, Tpm};

/// A TPM that several connections share.
///
/// Time passes for it between commands: the wall's, from the moment at which the host was made, while power is on.
pub struct Host {
    inner: Mutex<Inner>,
    stopped: AtomicBool,
    on_stop: Mutex<Option<Box<dyn Fn() + Send>>>,
}

impl fmt::Debug for Host {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Host").field("stopped", &self.stopped).finish_non_exhaustive()
    }
}

struct Inner {
    tpm: Tpm,
    /// Failure mode, until the next `_TPM_Init`.
    failed: bool,
    /// Commands are executed; swtpm's control channel can stop that, with power on.
    running: bool,
    /// Locality of clients that don't name one with each command.
    locality: u8,
    established: bool,
    /// Permanent and volatile state that a client has brought so far.
    brought: [Vec<u8>; 2],
    last: Instant,
    store: Option<Store>,
    /// Somebody was told that the store fails, and not yet that it does so no longer.
    trouble: bool,
    warn: Warn,
    journal: Option<Journal>,
}

/// Where the words go that are for people and belong in no response.
pub type Warn = fn(&str);

#[allow(clippy::disallowed_methods)] // real time comes in here and nowhere else: a listener lives in it
fn now() -> Instant {
    Instant::now()
}

impl Host {
    /// A TPM without power, kept nowhere.
    pub fn new(tpm: Tpm) -> Self {
        Self {
            inner: Mutex::new(Inner {
                tpm,
                failed: false,
                running: true,
                locality: 0,
                established: false,
                brought: [Vec::new(), Vec::new()],
                last: now(),
                store: None,
                trouble: false,
                warn: |_| {},
                journal: None,
            }),
            stopped: AtomicBool::new(false),
            on_stop: Mutex::new(None),
        }
    }

    /// The TPM is kept in `store`: what of it outlives a loss of power is on the disk before a command is answered. A TPM
    /// that was put there with [`Host::store_volatile`] goes on where it was.
    pub fn with_store(self, store: Store) -> Result<Self, StoreError> {
        {
            let mut inner = self.lock();
            if let Some(tpm) = store.take_volatile()? {
                inner.tpm = tpm;
            }
            inner.store = Some(store);
            inner.keep()?;
        }
        Ok(self)
    }

    /// Whom to tell when the TPM can't be kept, in a sentence; nobody if this is not called.
    #[must_use]
    pub fn with_warnings(self, warn: Warn) -> Self {
        self.lock().warn = warn;
        self
    }

    /// The end of the process is near: the TPM is kept as it is. A TPM that is kept nowhere is gone.
    pub fn finish(&self) {
        let mut inner = self.lock();
        inner.pass_time();
        inner.finish();
    }

    /// Commands and responses are written down.
    #[must_use]
    pub fn with_journal(self, journal: Journal) -> Self {
        self.lock().journal = Some(journal);
        self
    }

    /// A client's thread that panicked may have left anything: the TPM fails until it is initialised again.
    fn lock(&self) -> MutexGuard<'_, Inner> {
        self.inner.lock().unwrap_or_else(|poisoned| {
            self.inner.clear_poison();
            let mut inner = PoisonError::into_inner(poisoned);
            inner.failed = true;
            inner
        })
    }

    /// Executes a command, at the given locality or at that of [`Host::set_locality`]. `None` while there is no power: a TPM
    /// without power says nothing.
    pub fn execute(&self, locality: Option<u8>, command: &[u8]) -> Option<Vec<u8>> {
        let mut inner = self.lock();
        if !inner.tpm.is_powered() {
            return None;
        }
        let response = inner.execute(locality, command);
        if let Some(journal) = &mut inner.journal {
            journal.note(command, &response);
        }
        Some(response)
    }

    /// `_TPM_Init`, if there is no power yet.
    pub fn power_on(&self) {
        let mut inner = self.lock();
        if !inner.tpm.is_powered() {
            inner.init();
        }
    }

    /// Power goes, and with it all that is volatile.
    pub fn power_off(&self) {
        let mut inner = self.lock();
        inner.pass_time();
        inner.tpm.power_off();
        inner.keep_or_fail();
    }

    /// `_TPM_Init`: the reset line, or power off and on.
    pub fn reset(&self) {
        let mut inner = self.lock();
        inner.pass_time();
        inner.init();
    }

    /// Whether power is on.
    pub fn is_powered(&self) -> bool {
        self.lock().tpm.is_powered()
    }

    /// Whether commands are executed (power is on, and nobody has stopped the TPM with [`Host::halt`]).
    pub fn is_running(&self) -> bool {
        let inner = self.lock();
        inner.tpm.is_powered() && inner.running
    }

    /// Commands are answered TPM_RC_FAILURE until the next [`Host::reset`]; power stays.
    pub fn halt(&self) {
        self.lock().running = false;
    }

    /// The TPM enters failure mode, as if its self-test had failed.
    pub fn fail(&self) {
        self.lock().failed = true;
    }

    /// Locality of commands that come without one: 0 to 4.
    pub fn set_locality(&self, locality: u8) {
        self.lock().locality = locality;
    }

    /// `_TPM_Hash_Start`: a dynamic launch, or the measurement of the platform's first code, begins.
    pub fn hash_start(&self) {
        self.lock().change(Tpm::hash_start);
    }

    /// `_TPM_Hash_Data`.
    pub fn hash_data(&self, data: &[u8]) {
        self.lock().change(|tpm| tpm.hash_data(data));
    }

    /// `_TPM_Hash_End`.
    pub fn hash_end(&self) {
        let mut inner = self.lock();
        inner.established |= inner.tpm.is_powered();
        inner.change(Tpm::hash_end);
    }

    /// The whole TPM, in mid-session if need be, to where the next [`Host::with_store`] or [`Host::resume`] finds it.
    /// Without a state directory there is nowhere, and `false` comes back.
    pub fn store_volatile(&self) -> Result<bool, StoreError> {
        let inner = self.lock();
        let Some(store) = &inner.store else { return Ok(false) };
        store.put_volatile(&inner.tpm)?;
        Ok(true)
    }

    /// `_TPM_Init` of the TPM that was brought ([`Host::bring`]), or that was put aside ([`Host::store_volatile`]), or that there
    /// is. One with its volatile state goes on where it was; what was put aside stays there for another time, unless it is to
    /// be deleted, or permanent state was brought. `false`: what was brought is no TPM.
    pub fn resume(&self, delete: bool) -> Result<bool, StoreError> {
        let mut inner = self.lock();
        inner.pass_time();
        let [permanent, volatile] = std::mem::take(&mut inner.brought);
        let restore = |bytes: &[u8]| if bytes.is_empty() { Ok(None) } else { Tpm::restore(bytes).map(Some) };
        let (Ok(permanent), Ok(volatile)) = (restore(&permanent), restore(&volatile)) else {
            return Ok(false);
        };
        let aside = match &inner.store {
            // A TPM that is brought takes the place of the one there was, and of what was put aside of it.
            Some(store) if permanent.is_some() => store.forget_volatile().map(|()| None)?,
            Some(store) if delete => store.take_volatile()?,
            Some(store) => store.volatile()?,
            None => None,
        };
        if let Some(tpm) = permanent {
            inner.tpm = tpm;
        }
        match volatile.or(aside) {
            Some(tpm) => {
                inner.tpm = tpm;
                inner.running = true;
                inner.failed = false;
                inner.keep_or_fail();
            }
            None => inner.init(),
        }
        Ok(true)
    }

    /// Keeps bytes of [`Host::save`] until [`Host::resume`], behind those that came before. `false` when that makes more
    /// than `most`: then all of them are forgotten.
    pub fn bring(&self, permanent: bool, bytes: &[u8], most: usize) -> bool {
        let brought = &mut self.lock().brought[usize::from(!permanent)];
        brought.extend(bytes);
        let fits = brought.len() <= most;
        if !fits {
            brought.clear();
        }
        fits
    }

    /// The TPM as bytes: what outlives a loss of power, or all of it.
    pub fn save(&self, permanent: bool) -> Vec<u8> {
        let inner = self.lock();
        if permanent { inner.tpm.permanent().save() } else { inner.tpm.save() }
    }

    /// Whether a dynamic launch has been measured (tpmEstablished of the PC Client's interface).
    pub fn is_established(&self) -> bool {
        self.lock().established
    }

    /// Forgets that a dynamic launch has been measured.
    pub fn reset_established(&self) {
        self.lock().established = false;
    }

    /// Somebody stands in front of the platform, or doesn't.
    pub fn set_physical_presence(&self, present: bool) {
        self.lock().tpm.set_physical_presence(present);
    }

    /// Why the TPM can't be started, if it is of a kind that can't.
    pub(super) fn unable(&self) -> Option<&'static str> {
        super::launch::unable(self.lock().tpm.state.factory.profile())
    }

    /// Ends the server.
    pub fn stop(&self) {
        self.stopped.store(true, Ordering::SeqCst);
        if let Some(wake) = &*self.on_stop.lock().unwrap_or_else(PoisonError::into_inner) {
            wake();
        }
    }

    /// Whether the server is to end.
    pub fn is_stopped(&self) -> bool {
        self.stopped.load(Ordering::SeqCst)
    }

    /// What wakes those who wait for connections.
    pub(super) fn on_stop(&self, wake: Box<dyn Fn() + Send>) {
        *self.on_stop.lock().unwrap_or_else(PoisonError::into_inner) = Some(wake);
        if self.is_stopped() {
            self.stop();
        }
    }
}

impl Inner {
    fn pass_time(&mut self) {
        let elapsed = self.last.elapsed();
        // Whole milliseconds are passed on; the rest of the last one stays for the next time.
        let ms = u64::try_from(elapsed.as_millis()).unwrap_or(u64::MAX);
        self.last += std::time::Duration::from_millis(ms);
        self.tpm.advance(ms);
    }

    fn init(&mut self) {
        self.failed = false;
        self.running = true;
        self.locality = 0;
        self.tpm.power_on();
        self.keep_or_fail();
    }

    fn execute(&mut self, locality: Option<u8>, command: &[u8]) -> Vec<u8> {
        self.pass_time();
        if self.failed {
            return self.tpm.failure_mode_response(command);
        }
        if !self.running {
            return response_code(Rc::FAILURE).to_vec();
        }
        if command.len() > frame::MAX_COMMAND {
            return response_code(Rc::COMMAND_SIZE).to_vec();
        }
        let before = self.store.is_some().then(|| self.tpm.clone());
        self.tpm.set_locality(locality.unwrap_or(self.locality));
        let response = self.tpm.execute(command);
        match (self.keep(), before) {
            (Err(_), Some(before)) => {
                // What can't be kept has not happened. If the file says that it has, because what failed was to make the new
                // one last, it is put back; a TPM of which nobody knows what is in the file can't go on.
                self.tpm = before;
                self.failed |= self.put_back().is_err();
                response_code(Rc::NV_UNAVAILABLE).to_vec()
            }
            _ => response,
        }
    }

    fn change(&mut self, change: impl FnOnce(&mut Tpm)) {
        self.pass_time();
        if self.tpm.is_powered() {
            change(&mut self.tpm);
            self.keep_or_fail();
        }
    }

    fn keep(&mut self) -> Result<(), StoreError> {
        let kept = self.store.as_mut().map_or(Ok(false), |store| store.keep(&self.tpm));
        self.tell(&kept);
        kept.map(drop)
    }

    /// After a failure the file holds what it held before, or what was to be kept. The latter is replaced.
    fn put_back(&mut self) -> Result<(), StoreError> {
        match &mut self.store {
            Some(store) if store.is_in_doubt() => store.keep(&self.tpm).map(drop),
            _ => Ok(()),
        }
    }

    fn finish(&mut self) {
        if self.failed {
            // Whatever made it fail may have left anything in memory; the file has what was answered.
            return;
        }
        let kept = self.store.as_mut().map_or(Ok(false), |store| store.finish(&self.tpm).map(|()| true));
        self.tell(&kept);
    }

    /// Says once that the TPM can't be kept, and once that it can be again: when it was written.
    fn tell(&mut self, kept: &Result<bool, StoreError>) {
        match kept {
            Err(problem) if !self.trouble => {
                (self.warn)(&format!(
                    "the TPM can't be kept: {problem}. Commands that change it are refused (TPM_RC_NV_UNAVAILABLE) until it can"
                ));
            }
            Ok(true) if self.trouble => (self.warn)("the TPM can be kept again"),
            _ => {}
        }
        self.trouble = self.trouble && !matches!(kept, Ok(true)) || kept.is_err();
    }

    /// For changes that have no response to carry an error.
    fn keep_or_fail(&mut self) {
        self.failed |= self.keep().is_err();
    }
}

/// Commands and responses in a file: one line for each pair, both in hexadecimal, with a space between them.
#[derive(Debug)]
pub struct Journal(BufWriter<File>);

impl Journal {
    /// A journal in this file, behind what is in it already. Nobody but its owner can read a new one: passwords are in it.
    pub fn open(path: &Path) -> io::Result<Self> {
        let mut options = OpenOptions::new();
        options.append(true).create(true);
        #[cfg(unix)]
        std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
        options.open(path).map(|file| Self(BufWriter::new(file)))
    }

    fn note(&mut self, command: &[u8], response: &[u8]) {
        let hex = |bytes: &[u8]| bytes.iter().fold(String::new(), |text, byte| text + &format!("{byte:02x}"));
        // A journal that can't be written must not stop the TPM.
        let _ = writeln!(self.0, "{} {}", hex(command), hex(response)).and_then(|()| self.0.flush());
    }
}
