//! What the management server knows of an enrolled device.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use oobe_wire::ids::Guid;
use oobe_wire::time::Utc;
use serde::{Deserialize, Serialize};

use super::orders::{Orders, Patience, Stage};
use super::remote::RemoteAction;
use crate::directory::Assigned;
use crate::kept::Kept;

/// An enrolled device.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
pub(crate) struct Enrolment {
    /// DeviceID of the enrolment, later the Source of every message.
    pub(crate) device_id: String,
    /// Intune's own id of it (EntDMID).
    pub(crate) intune_id: Guid,
    pub(crate) tenant: Guid,
    /// Who enrolled it; none for a device on its own.
    pub(crate) user: Option<Guid>,
    /// By name and password: there are no Entra tokens in its sessions.
    pub(crate) on_premise: bool,
    pub(crate) entra_device: Option<Guid>,
    pub(crate) registration: Option<Guid>,
    /// A technician enrolled it for a user who is to come.
    #[serde(default)]
    pub(crate) prepared: bool,
    /// SHA-1 of its certificate, upper-case hexadecimal.
    pub(crate) thumbprint: String,
    pub(crate) name: String,
    pub(crate) os_version: String,
    pub(crate) enrolled: Utc,
    /// Deleted by the administrator, or left.
    pub(crate) removed: bool,
    /// What Gets found, by LocURI.
    pub(crate) facts: BTreeMap<String, String>,
    /// What the device reported of its own accord (Alert 1226), by Source, and what the management extension reported
    /// of its apps, by app id.
    pub(crate) reports: BTreeMap<String, String>,
    /// Certificates made for this device and its users. Shared with what is composed of it: whoever changes it gets another
    /// one ([`Arc::make_mut`]).
    pub(crate) material: Arc<Materials>,
    /// What an administrator has asked of the device as a whole, in order.
    #[serde(default)]
    pub(crate) remote: Vec<RemoteAction>,
    /// How the orders of the device stand.
    pub(crate) device_orders: BTreeMap<String, Progress>,
    /// How the orders of its users stand, by object id.
    pub(crate) user_orders: BTreeMap<Guid, BTreeMap<String, Progress>>,
    /// The session under way, or the last one.
    pub(crate) session: Option<Session>,
    /// Orders composed before, by user and stage.
    #[serde(skip)]
    pub(crate) composed: Composed,
}

/// Orders by user and stage.
pub(crate) type Composed = Kept<(Arc<Assigned>, Arc<Materials>), (Option<Guid>, Stage), Orders>;

/// Certificates made for a device and its users, by their names for good.
pub(crate) type Materials = BTreeMap<String, Material>;

/// A certificate made for an enrolment.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct Material {
    /// Upper-case hexadecimal SHA-1.
    pub(crate) thumbprint: String,
    /// Base64: the certificate, or the PKCS#12 file.
    pub(crate) data: String,
    /// Password of a PKCS#12 file.
    pub(crate) password: String,
}

/// How an order stands.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Progress {
    /// The last status.
    pub(crate) status: u16,
    /// How often it was sent.
    pub(crate) tries: u32,
    /// Nothing more is to be done about it.
    pub(crate) settled: bool,
}

/// A session.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
pub(crate) struct Session {
    pub(crate) id: String,
    /// Number of the device's last message.
    pub(crate) device_message: u32,
    /// Hash of it, to tell a repeated message from another with the same number.
    pub(crate) digest: String,
    /// Number of our last message.
    pub(crate) server_message: u32,
    /// Our last message, to be sent again when the answer was lost.
    pub(crate) reply: String,
    /// Commands of our last message that are not answered yet, by CmdID.
    pub(crate) open: BTreeMap<String, Sent>,
    /// Orders that were sent in this session: none is sent twice.
    pub(crate) sent: BTreeSet<String>,
    /// The user who is there, if a token proved it.
    pub(crate) user: Option<Guid>,
    /// Nothing more will come.
    pub(crate) over: bool,
}

/// A command that was sent.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Sent {
    /// The order it belongs to.
    pub(crate) order: String,
    /// Number of the message that it went out in.
    pub(crate) message: u32,
    /// Name of the command.
    pub(crate) name: String,
    /// LocURI.
    pub(crate) uri: String,
    /// A command inside an Atomic: the Atomic's own status counts.
    pub(crate) inner: bool,
    /// For a user.
    pub(crate) user: Option<Guid>,
    /// When the server is content.
    pub(crate) patience: Patience,
}
