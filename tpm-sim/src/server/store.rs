//! The state directory: a TPM that outlives its process.
//!
//! | file | what |
//! | --- | --- |
//! | `tpm.state` | what of the TPM outlives a loss of power, as of the last command that was answered |
//! | `tpm.volatile` | the whole TPM, put aside on request (swtpm's STORE_VOLATILE); gone once it is resumed, or older than `tpm.state` |
//! | `lock` | held by the process that serves the directory |
//!
//! A file is written beside its place, synced, and renamed, and the directory is synced: after a crash there is the old
//! one or the new one. Nobody but their owner can read the files: they hold the TPM's seeds.
//!
//! What moves all the time is not written all the time. Clock falls back to its last value in NV, as part 1 ("Clock") has
//! it. The random stream is noted in advance: the file says where the next [`RESERVED`] words begin, and a process that was
//! killed goes on there, so that no random number comes twice; one that ended in order goes on where it stopped.

use std::cell::{Cell, RefCell};
use std::fs::{self, File, OpenOptions, TryLockError};
use std::io::{self, ErrorKind, Write};
use std::path::{Path, PathBuf};

use crate::manufacture::Mismatch;
use crate::{RestoreError, Tpm};

const STATE: &str = "tpm.state";
const VOLATILE: &str = "tpm.volatile";
const LOCK: &str = "lock";

/// Words of the random stream that are noted at a time.
const RESERVED: u64 = 1 << 12;

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
    /// There is a file where the directory should be.
    #[error("{}: there is a file of this name, and the TPM is kept in a folder: name another", .0.display())]
    NotAFolder(PathBuf),
    /// There is a directory where a file should be.
    #[error("{}: this is a folder, and should be the file of a TPM: move it away", .0.display())]
    NotAFile(PathBuf),
    /// What `tpm.state` holds is no TPM of this version.
    #[error(
        "{}: {source}. Nothing was changed. Put back the file that belongs there, or begin with a new TPM: tpm-sim serve \
         --remanufacture, tpm_server -rm",
        path.display()
    )]
    Damaged {
        /// Which.
        path: PathBuf,
        /// What is wrong with it.
        source: RestoreError,
    },
    /// What `tpm.volatile` holds is no TPM of this version.
    #[error(
        "{}: {source}. Nothing was changed. Delete it, and the TPM goes on as after a loss of power",
        path.display()
    )]
    DamagedAside {
        /// Which.
        path: PathBuf,
        /// What is wrong with it.
        source: RestoreError,
    },
    /// Another process serves it.
    #[error("{}: another process serves this TPM", .0.display())]
    InUse(PathBuf),
    /// The TPM in it is not the one that was asked for.
    #[error(
        "{} holds a TPM {mismatch}: leave the argument out, name another folder, or begin with a new TPM: tpm-sim serve \
         --remanufacture, tpm_server -rm",
        dir.display()
    )]
    Another {
        /// The directory.
        dir: PathBuf,
        /// In what it differs.
        mismatch: Mismatch,
    },
}

/// A directory with one TPM in it, held by this process until it is dropped.
#[derive(Debug)]
pub struct Store {
    dir: PathBuf,
    _lock: File,
    /// What the file holds, less the parts that move without a command.
    kept: Option<Vec<u8>>,
    /// What was put aside, in the same way: the first command that changes anything of it makes it a thing of the past.
    aside: RefCell<Option<Vec<u8>>>,
    /// The file was renamed into its place, and may or may not last.
    in_doubt: Cell<bool>,
    /// Makes a renamed file last; tests put one in its place that fails.
    sync: fn(&Path) -> io::Result<()>,
}

impl Store {
    /// Takes hold of the directory, which is made if it isn't there.
    pub fn open(dir: &Path) -> Result<Self, StoreError> {
        let at = |path: &Path| {
            let path = path.to_owned();
            move |source| StoreError::File { path, source }
        };
        if dir.is_file() {
            return Err(StoreError::NotAFolder(dir.to_owned()));
        }
        make_private(dir).map_err(at(dir))?;
        let path = dir.join(LOCK);
        let lock = private_file(&path).map_err(at(&path))?;
        match lock.try_lock() {
            Ok(()) => Ok(Self {
                dir: dir.to_owned(),
                _lock: lock,
                kept: None,
                aside: RefCell::default(),
                in_doubt: Cell::new(false),
                sync: sync_dir,
            }),
            Err(TryLockError::WouldBlock) => Err(StoreError::InUse(dir.to_owned())),
            Err(TryLockError::Error(source)) => Err(StoreError::File { path, source }),
        }
    }

    /// The TPM in it, without power; `None` in a directory that has none yet.
    pub fn load(&self) -> Result<Option<Tpm>, StoreError> {
        self.read(STATE, |path, source| StoreError::Damaged { path, source })
    }

    /// Writes the TPM if what would outlive a loss of power has changed, and says whether it had.
    pub(super) fn keep(&mut self, tpm: &Tpm) -> Result<bool, StoreError> {
        let mut left = tpm.permanent();
        left.state.rng.reserve(RESERVED);
        let image = image(&left);
        let changed = self.kept.as_ref() != Some(&image);
        let behind = |aside: &Vec<u8>| *aside != self::image(tpm);
        if changed || self.aside.borrow().as_ref().is_some_and(behind) {
            // What was put aside is older than this: to go on from it would take back what clients were told is done.
            self.forget_volatile()?;
        }
        if changed {
            let written = self.write(STATE, &left.save());
            if written.is_ok() {
                self.kept = Some(image);
            } else if self.is_in_doubt() {
                self.kept = None;
            }
            written?;
        }
        Ok(changed)
    }

    /// Writes the TPM at the end of its process: the random stream goes on where it stopped.
    pub(super) fn finish(&mut self, tpm: &Tpm) -> Result<(), StoreError> {
        self.kept = None;
        self.write(STATE, &tpm.permanent().save())
    }

    /// Whether the last failure left a file in its place of which nobody knows whether it lasts.
    pub(super) fn is_in_doubt(&self) -> bool {
        self.in_doubt.get()
    }

    /// Puts the whole TPM aside.
    pub(super) fn put_volatile(&self, tpm: &Tpm) -> Result<(), StoreError> {
        self.write(VOLATILE, &tpm.save())?;
        *self.aside.borrow_mut() = Some(image(tpm));
        Ok(())
    }

    /// The TPM that was put aside, if any.
    pub(super) fn volatile(&self) -> Result<Option<Tpm>, StoreError> {
        self.read(VOLATILE, |path, source| StoreError::DamagedAside { path, source })
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
    pub fn forget_volatile(&self) -> Result<(), StoreError> {
        *self.aside.borrow_mut() = None;
        let path = self.dir.join(VOLATILE);
        match fs::remove_file(&path) {
            Ok(()) => self.sync_dir(),
            Err(source) if source.kind() == ErrorKind::NotFound => Ok(()),
            Err(source) => Err(StoreError::File { path, source }),
        }
    }

    fn read(
        &self,
        name: &str,
        damaged: impl FnOnce(PathBuf, RestoreError) -> StoreError,
    ) -> Result<Option<Tpm>, StoreError> {
        let path = self.dir.join(name);
        match fs::read(&path) {
            Ok(bytes) => Tpm::restore(&bytes).map(Some).map_err(|source| damaged(path, source)),
            Err(error) if error.kind() == ErrorKind::NotFound => Ok(None),
            Err(error) if error.kind() == ErrorKind::IsADirectory => Err(StoreError::NotAFile(path)),
            Err(source) => Err(StoreError::File { path, source }),
        }
    }

    fn write(&self, name: &str, bytes: &[u8]) -> Result<(), StoreError> {
        let path = self.dir.join(name);
        let beside = self.dir.join(format!("{name}.new"));
        let written = private_file(&beside)
            .and_then(|mut file| file.write_all(bytes).and_then(|()| file.sync_all()))
            .and_then(|()| fs::rename(&beside, &path));
        written.map_err(|source| StoreError::File { path, source })?;
        self.in_doubt.set(true);
        self.sync_dir()?;
        self.in_doubt.set(false);
        Ok(())
    }

    fn sync_dir(&self) -> Result<(), StoreError> {
        (self.sync)(&self.dir).map_err(|source| StoreError::File { path: self.dir.clone(), source })
    }
}

/// A TPM to compare with others: without what moves when no command does.
fn image(tpm: &Tpm) -> Vec<u8> {
    let mut still = tpm.state.clone();
    (still.clock.time, still.clock.clock, still.clock.remainder) = (0, 0, 0);
    still.locality = 0;
    still.to_body()
}

fn sync_dir(dir: &Path) -> io::Result<()> {
    File::open(dir)?.sync_all()
}

/// An empty file that its owner alone can read.
fn private_file(path: &Path) -> io::Result<File> {
    let mut options = OpenOptions::new();
    options.write(true).create(true).truncate(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    let file = options.open(path)?;
    // One that was there before keeps its mode when it is opened.
    #[cfg(unix)]
    file.set_permissions(std::os::unix::fs::PermissionsExt::from_mode(0o600))?;
    Ok(file)
}

/// A directory that its owner alone can enter; one that is there already stays as it is.
fn make_private(dir: &Path) -> io::Result<()> {
    let mut builder = fs::DirBuilder::new();
    builder.recursive(true);
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
    builder.create(dir)
}

#[cfg(test)]
mod tests;
