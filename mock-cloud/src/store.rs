//! The state as a versioned value.

use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::state::State;

/// Version of the saved state. Raised whenever a stored field changes its meaning; a migration comes with it.
pub const STATE_VERSION: u32 = 1;

const FORMAT: &str = "oobe-cloud";

/// Why a saved state cannot be used.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum LoadError {
    /// Not a saved cloud.
    #[error("not a saved cloud: {0}")]
    Format(String),
    /// A version that this program does not know.
    #[error("the saved cloud has version {found}, this program reads {STATE_VERSION}")]
    Version {
        /// The version it has.
        found: u64,
    },
}

#[derive(Serialize, Deserialize)]
struct Saved {
    format: String,
    version: u64,
    state: Value,
}

pub(crate) fn save(state: &State) -> Value {
    let state =
        serde_json::to_value(state).expect("the state has only what JSON can carry; a test saves one");
    let saved = Saved { format: FORMAT.into(), version: STATE_VERSION.into(), state };
    serde_json::to_value(saved).expect("strings and numbers")
}

pub(crate) fn load(saved: Value) -> Result<State, LoadError> {
    let broken = |e: serde_json::Error| LoadError::Format(e.to_string());
    let saved: Saved = serde_json::from_value(saved).map_err(broken)?;
    if saved.format != FORMAT {
        return Err(LoadError::Format(format!("the format is {:?}", saved.format)));
    }
    if saved.version != u64::from(STATE_VERSION) {
        return Err(LoadError::Version { found: saved.version });
    }
    serde_json::from_value(saved.state).map_err(broken)
}
