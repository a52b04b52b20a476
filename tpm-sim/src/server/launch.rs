//! From the wish to serve a TPM to a server that only has to be run: what every program here does.

use std::io;
use std::path::{Path, PathBuf};

use super::{Config, Host, Journal, ServeError, Server, Store, StoreError};
use crate::Tpm;
use crate::manufacture::{ManufactureError, ManufactureOptions, profile};

/// Seed of a TPM for which none is given: TEST ONLY, everybody knows its keys.
const SEED: &str = "tpm-sim";

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
    /// File for commands and responses.
    pub journal: Option<PathBuf>,
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
    /// There is no such kind of TPM.
    #[error("there is no profile {0:?}; `tpm-sim profiles` lists them")]
    Profile(String),
    /// The TPM can't be manufactured.
    #[error(transparent)]
    Manufacture(#[from] ManufactureError),
}

/// Makes a TPM of a profile (the simulator's own if `None`) from a seed.
pub fn new_tpm(profile_id: Option<&str>, seed: Option<&str>) -> Result<Tpm, LaunchError> {
    let id = profile_id.unwrap_or("simulator");
    let profile = profile(id).ok_or_else(|| LaunchError::Profile(id.to_owned()))?;
    Ok(Tpm::manufacture(&ManufactureOptions::new(seed.unwrap_or(SEED).as_bytes(), profile))?)
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
        Self { config, readiness: Readiness::Off, state: None, remanufacture: false, journal: None }
    }

    /// Binds the ports and puts a TPM behind them: the one in the state directory, or what `make` gives.
    pub fn bind(self, make: impl FnOnce() -> Result<Tpm, LaunchError>) -> Result<Server, LaunchError> {
        let mut host = match &self.state {
            None => Host::new(make()?),
            Some(dir) => open(dir, self.remanufacture, make)?,
        };
        if let Some(path) = self.journal {
            let journal = Journal::create(&path).map_err(|source| LaunchError::Journal { path, source })?;
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
                if rc != 0 {
                    return Err(LaunchError::Startup(rc));
                }
            }
        }
        Ok(Server::bind(self.config, host)?)
    }
}

fn open(
    dir: &Path,
    remanufacture: bool,
    make: impl FnOnce() -> Result<Tpm, LaunchError>,
) -> Result<Host, LaunchError> {
    let store = Store::open(dir)?;
    if remanufacture {
        store.forget_volatile()?;
    }
    let kept = if remanufacture { None } else { store.load()? };
    let tpm = kept.map_or_else(make, Ok)?;
    Ok(Host::new(tpm).with_store(store)?)
}
