//! The state directory: a TPM that outlives its process.
//!
//! | file | what |
//! | --- | --- |
//! | `tpm.state` | the TPM without power, as of the last command that was answered |
//! | `tpm.volatile` | the whole TPM, put aside on request (swtpm's STORE_VOLATILE); gone once it is resumed, or older than `tpm.state` |
//! | `lock` | held by the process that serves the directory |
//!
//! A file is written beside its place, synced, and renamed, and the directory is synced: after a crash there is the old
//! one or the new one.

use std::fs::{self, File, TryLockError};
use std::io::{self, ErrorKind, Write};
use std::path::{Path, PathBuf};

use crate::{RestoreError, Tpm};

const STATE: &str = "tpm.state";
const VOLATILE: &str = "tpm.volatile";
const LOCK: &str = "lock";

/// Why a state directory is of no use.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// A file can't be read or written.
    #[error("{}: {source}", path.display())]
    File {
        /// Which.
        path: PathBuf,
        /// What the system says.
        source: io::Error,
    },
    /// What it holds is no TPM of this version.
    #[error("{}: {source}", path.display())]
    Damaged {
        /// Which.
        path: PathBuf,
        /// What is wrong with it.
        source: RestoreError,
    },
    /// Another process serves it.
    #[error("{}: another process serves this TPM", .0.display())]
    InUse(PathBuf),
}

/// A directory with one TPM in it, held by this process until it is dropped.
#[derive(Debug)]
pub struct Store {
    dir: PathBuf,
    _lock: File,
    /// What the file holds, less the parts that move without a command.
    kept: Option<Vec<u8>>,
}

impl Store {
    /// Takes hold of the directory, which is made if it isn't there.
    pub fn open(dir: &Path) -> Result<Self, StoreError> {
        let at = |path: &Path| {
            let path = path.to_owned();
            move |source| StoreError::File { path, source }
        };
        fs::create_dir_all(dir).map_err(at(dir))?;
        let path = dir.join(LOCK);
        let lock = File::create(&path).map_err(at(&path))?;
        match lock.try_lock() {
            Ok(()) => Ok(Self { dir: dir.to_owned(), _lock: lock, kept: None }),
            Err(TryLockError::WouldBlock) => Err(StoreError::InUse(dir.to_owned())),
            Err(TryLockError::Error(source)) => Err(StoreError::File { path, source }),
        }
    }

    /// The TPM in it, without power; `None` in a directory that has none yet.
    pub fn load(&self) -> Result<Option<Tpm>, StoreError> {
        self.read(STATE)
    }

    /// Writes the TPM if what would outlive a loss of power has changed.
    pub(super) fn keep(&mut self, tpm: &Tpm) -> Result<(), StoreError> {
        let mut off = tpm.clone();
        off.power_off();
        // Time moves on its own, and Clock is allowed to fall back to the last value that is safely in NV (part 1, "Clock").
        let (time, clock, remainder) =
            (off.state.clock.time, off.state.clock.clock, off.state.clock.remainder);
        (off.state.clock.time, off.state.clock.clock, off.state.clock.remainder) = (0, 0, 0);
        let image = off.save();
        if self.kept.as_ref() != Some(&image) {
            // What was put aside is older than this: to go on from it would take back what clients were told is done.
            self.forget_volatile()?;
            (off.state.clock.time, off.state.clock.clock, off.state.clock.remainder) =
                (time, clock, remainder);
            self.write(STATE, &off.save())?;
            self.kept = Some(image);
        }
        Ok(())
    }

    /// Puts the whole TPM aside.
    pub(super) fn put_volatile(&self, tpm: &Tpm) -> Result<(), StoreError> {
        self.write(VOLATILE, &tpm.save())
    }

    /// The TPM that was put aside, if any.
    pub(super) fn volatile(&self) -> Result<Option<Tpm>, StoreError> {
        self.read(VOLATILE)
    }

    /// The TPM that was put aside, if any, which is there no longer.
    pub(super) fn take_volatile(&self) -> Result<Option<Tpm>, StoreError> {
        let found = self.volatile()?;
        if found.is_some() {
            self.forget_volatile()?;
        }
        Ok(found)
    }

    /// Removes the TPM that was put aside, readable or not.
    pub(super) fn forget_volatile(&self) -> Result<(), StoreError> {
        let path = self.dir.join(VOLATILE);
        match fs::remove_file(&path) {
            Err(source) if source.kind() != ErrorKind::NotFound => Err(StoreError::File { path, source }),
            _ => self.sync_dir(),
        }
    }

    fn read(&self, name: &str) -> Result<Option<Tpm>, StoreError> {
        let path = self.dir.join(name);
        match fs::read(&path) {
            Ok(bytes) => {
                Tpm::restore(&bytes).map(Some).map_err(|source| StoreError::Damaged { path, source })
            }
            Err(error) if error.kind() == ErrorKind::NotFound => Ok(None),
            Err(source) => Err(StoreError::File { path, source }),
        }
    }

    fn write(&self, name: &str, bytes: &[u8]) -> Result<(), StoreError> {
        let path = self.dir.join(name);
        let beside = self.dir.join(format!("{name}.new"));
        let written = File::create(&beside)
            .and_then(|mut file| file.write_all(bytes).and_then(|()| file.sync_all()))
            .and_then(|()| fs::rename(&beside, &path));
        written.map_err(|source| StoreError::File { path, source })?;
        self.sync_dir()
    }

    fn sync_dir(&self) -> Result<(), StoreError> {
        File::open(&self.dir)
            .and_then(|dir| dir.sync_all())
            .map_err(|source| StoreError::File { path: self.dir.clone(), source })
    }
}
