//! The Windows event log, as far as provisioning writes to it.

use std::collections::BTreeMap;

use oobe_catalog::events::{Event, Level};
use oobe_wire::time::Utc;
use serde::{Deserialize, Serialize};

/// One record, rendered from its catalogue entry.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct EventRecord {
    /// Channel by its short name in the catalogue: `autopilot`, `mdm`, `udr`, `shell`, ...
    pub channel: String,
    /// Event id; negative ids are ours, where the documents print none.
    pub id: i32,
    /// `Info`, `Warning`, `Error`.
    pub level: String,
    /// Rendered text.
    pub text: String,
    /// The values that went into it.
    pub data: BTreeMap<String, String>,
    /// The device's own clock when it was written.
    pub time: Utc,
}

impl EventRecord {
    /// Renders `event` with `data`, stamped with the device's clock.
    pub fn new(event: &'static Event, data: &[(&str, &str)], time: Utc) -> Self {
        Self {
            channel: event.channel.short().to_owned(),
            id: event.id,
            level: match event.level {
                Level::Info => "Info",
                Level::Warning => "Warning",
                Level::Error => "Error",
            }
            .to_owned(),
            text: event.render(data),
            data: data.iter().map(|(k, v)| ((*k).to_owned(), (*v).to_owned())).collect(),
            time,
        }
    }
}
