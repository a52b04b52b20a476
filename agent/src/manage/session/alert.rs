//! Alert 1226: what the device tells of its own accord (reference: protocols, C.1).

use oobe_wire::syncml::Item;
use serde::{Deserialize, Serialize};

/// Something that ended between two sessions.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct PendingAlert {
    /// LocURI of what ended.
    pub source: String,
    /// `Meta/Type`.
    pub kind: String,
    /// `Meta/Format`.
    pub format: String,
    /// How it ended.
    pub data: String,
}

impl PendingAlert {
    /// An MSI of EnterpriseDesktopAppManagement ended with this result.
    pub(crate) fn msi(source: String, result: u32) -> Self {
        Self {
            source,
            kind: "Reversed-Domain-Name:com.microsoft.mdm.win32csp_install".to_owned(),
            format: "int".to_owned(),
            data: result.to_string(),
        }
    }

    pub(super) fn item(&self) -> Item {
        let mut item = Item::source(self.source.as_str())
            .with_format(self.format.as_str())
            .with_type(self.kind.as_str())
            .with_data(self.data.as_str());
        item.mark = Some("informational".to_owned());
        item
    }
}
