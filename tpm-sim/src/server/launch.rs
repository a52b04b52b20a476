//! From the wish to serve a TPM to a server that only has to be run: what every program here does.

use std::io;
use std::path::{Path, PathBuf};

use super::host::Warn;
use super::{Config, Host, Journal, ServeError, Server, Store, StoreError};
use crate::Tpm;
use crate::manufacture::profile::{Defect, Generation, Profile};
use crate::manufacture::{ManufactureError, Order};

/// TPM2_Startup(TPM_SU_CLEAR).
const STARTUP_CLEAR: [u8; 12] = [0x80, 0x01, 0, 0, 0, 12, 0, 0, 1, 0x44, 0, 0];
/// TPM2_Startup(TPM_SU_STATE).
const STARTUP_STATE: [u8; 12] = [0x80, 0x01, 0, 0, 0, 12, 0, 0, 1, 0x44, 0, 1];

/// How far a TPM is when the first client comes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Readiness {
    /// Without power: the client switches it on.
    Off,
    /// Initialised: the client sends TPM2_Startup.
    On,
    /// Started by TPM2_Startup(CLEAR).
    Started,
    /// Started by TPM2_Startup(STATE).
    Resumed,
}

/// What to serve, and how.
#[derive(Debug)]
pub struct Launch {
    /// Ports and protocol.
    pub config: Config,
    /// How far the TPM is at first.
    pub readiness: Readiness,
    /// Directory in which the TPM is kept.
    pub state: Option<PathBuf>,
    /// Begin with a new TPM even if the directory holds one.
    pub remanufacture: bool,
    /// File for commands and responses; what it holds already stays.
    pub journal: Option<PathBuf>,
    /// Whom to tell, in a sentence, what is for people and belongs in no response.
    pub warn: Warn,
}

/// Why nothing is served.
#[derive(Debug, thiserror::Error)]
pub enum LaunchError {
    /// The ports.
    #[error(transparent)]
    Serve(#[from] ServeError),
    /// The state directory.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The journal.
    #[error("{}: {source}", path.display())]
    Journal {
        /// Its file.
        path: PathBuf,
        /// What the system says.
        source: io::Error,
    },
    /// TPM2_Startup failed.
    #[error("TPM2_Startup answers {0:#05x}")]
    Startup(u32),
    /// The TPM can't be manufactured.
    #[error(transparent)]
    Manufacture(#[from] ManufactureError),
}

/// Name of the variable that [`journal_from_environment`] reads.
pub const JOURNAL_VARIABLE: &str = "TPM_SIM_JOURNALS";

/// File for the journal of a program that others start, with arguments of their choice: in the folder that the variable
/// [`JOURNAL_VARIABLE`] names, with the process's number for a name.
pub fn journal_from_environment() -> Option<PathBuf> {
    std::env::var_os(JOURNAL_VARIABLE)
        .map(|dir| PathBuf::from(dir).join(format!("{}.txt", std::process::id())))
}

impl Launch {
    /// A TPM with the given ports, without power, kept nowhere.
    pub fn new(config: Config) -> Self {
        Self {
            config,
            readiness: Readiness::Off,
            state: None,
            remanufacture: false,
            journal: None,
            warn: |_| {},
        }
    }

    /// Binds the ports and puts a TPM behind them that was ordered: the one in the state directory, if it is as ordered, or
    /// a new one.
    pub fn bind_order(self, order: &Order) -> Result<Server, LaunchError> {
        let mut host = match &self.state {
            None => Host::new(order.make()?),
            Some(dir) => {
                let store = Store::open(dir)?;
                if self.remanufacture {
                    store.forget_volatile()?;
                    Host::new(order.make()?).with_store(store)?
                } else {
                    let tpm = match store.load()? {
                        Some(kept) => as_ordered(kept, order, dir)?,
                        None => order.make()?,
                    };
                    Host::new(tpm).with_store(store)?
                }
            }
        }
        .with_warnings(self.warn);
        if let Some(path) = self.journal {
            let journal = Journal::open(&path).map_err(|source| LaunchError::Journal { path, source })?;
            host = host.with_journal(journal);
        }
        let startup = match self.readiness {
            Readiness::Off => return Ok(Server::bind(self.config, host)?),
            Readiness::On => None,
            Readiness::Started => Some(STARTUP_CLEAR),
            Readiness::Resumed => Some(STARTUP_STATE),
        };
        // A TPM that goes on in mid-session has power already.
        if !host.is_powered() {
            host.power_on();
            if let Some(response) = startup.and_then(|startup| host.execute(Some(0), &startup)) {
                let rc = u32::from_be_bytes(response[6..10].try_into().expect("every response has a header"));
                match host.unable() {
                    _ if rc == 0 => {}
                    // That is how a TPM of this kind answers, and who asked for it wants to see it.
                    Some(why) => (self.warn)(&format!(
                        "TPM2_Startup answers {rc:#05x}, as {why} does; it is served all the same"
                    )),
                    None => return Err(LaunchError::Startup(rc)),
                }
            }
        }
        Ok(Server::bind(self.config, host)?)
    }
}

/// The TPM of a directory, if it is the one that was ordered.
fn as_ordered(kept: Tpm, order: &Order, dir: &Path) -> Result<Tpm, StoreError> {
    match order.fits(&kept) {
        Ok(()) => Ok(kept),
        Err(mismatch) => Err(StoreError::Another { dir: dir.to_owned(), mismatch }),
    }
}

/// Why a TPM of a profile can't be started, if that is how it is.
pub(super) fn unable(profile: &Profile) -> Option<&'static str> {
    if profile.generation == Generation::Tpm12 {
        Some("a TPM 1.2")
    } else if profile.has(Defect::FailureMode) {
        Some("a TPM in failure mode")
    } else {
        None
    }
}
