//! Management messages: SyncML 1.2 as MS-MDM uses it (reference: protocols, C).

mod read;
mod status;
#[cfg(test)]
mod tests;
mod write;

pub use read::{SyncmlError, complete_enough};
pub use status::StatusCode;

/// The media type of messages in both directions.
pub const CONTENT_TYPE: &str = "application/vnd.syncml.dm+xml";

/// One message of a management session.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Message {
    /// Who sends what to whom.
    pub header: Header,
    /// The commands, in order.
    pub commands: Vec<Command>,
    /// Whether `Final` closes the body. Its absence is tolerated when reading and shows here.
    pub final_: bool,
}

/// `SyncHdr`.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Header {
    /// `SessionID`, as text: decimal or hexadecimal, depending on the application version.
    pub session_id: String,
    /// `MsgID`.
    pub msg_id: String,
    /// `Target/LocURI`: from the device, the management URL.
    pub target: String,
    /// `Source/LocURI`: from the device, its DeviceID.
    pub source: String,
    /// `Source/LocName`: the user name of application-level authentication.
    pub source_name: Option<String>,
    /// Application-level authentication.
    pub cred: Option<Cred>,
    /// `Meta/MaxMsgSize`, in bytes.
    pub max_msg_size: Option<u32>,
}

/// `Cred`.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Cred {
    /// `Meta/Format`: `b64`.
    pub format: Option<String>,
    /// `Meta/Type`: `syncml:auth-md5`, `syncml:auth-basic`.
    pub type_: Option<String>,
    /// `Data`.
    pub data: String,
}

/// `Chal`: what the server wants as `Cred`.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Chal {
    /// `Meta/Format`: `b64`.
    pub format: Option<String>,
    /// `Meta/Type`: `syncml:auth-md5`.
    pub type_: Option<String>,
    /// `Meta/NextNonce`, as text.
    pub next_nonce: Option<String>,
}

/// One command.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Command {
    /// `CmdID`; blank when it was missing, which is answered with 400. Peers repeat ids inside a message.
    pub cmd_id: String,
    /// What it is.
    pub body: Body,
}

/// What a command is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Body {
    /// `Alert`.
    Alert {
        /// `Data`: 1200, 1201, 1224, 1226, ...
        code: u16,
        /// The items.
        items: Vec<Item>,
    },
    /// `Add`.
    Add {
        /// The items.
        items: Vec<Item>,
    },
    /// `Replace`.
    Replace {
        /// The items.
        items: Vec<Item>,
    },
    /// `Get`.
    Get {
        /// The items.
        items: Vec<Item>,
    },
    /// `Delete`.
    Delete {
        /// The items.
        items: Vec<Item>,
    },
    /// `Exec`.
    Exec {
        /// The items.
        items: Vec<Item>,
    },
    /// `Atomic`: all or nothing.
    Atomic(Vec<Command>),
    /// `Sequence`: in order.
    Sequence(Vec<Command>),
    /// `Status`: the answer to one command.
    Status(Status),
    /// `Results`: what a Get found.
    Results {
        /// `MsgRef`.
        msg_ref: String,
        /// `CmdRef`.
        cmd_ref: String,
        /// The items.
        items: Vec<Item>,
    },
    /// An element that is no command: the device answers it with 400.
    Unknown {
        /// Its local name.
        name: String,
    },
}

/// `Status`.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Status {
    /// `MsgRef`.
    pub msg_ref: String,
    /// `CmdRef`; `0` is the header.
    pub cmd_ref: String,
    /// `Cmd`: the name of the command that is answered.
    pub cmd: String,
    /// `TargetRef`.
    pub target_ref: Option<String>,
    /// `SourceRef`.
    pub source_ref: Option<String>,
    /// `Data`.
    pub code: StatusCode,
    /// `Chal`.
    pub chal: Option<Chal>,
    /// Attribute `msft:originalerror`: the CSP's HRESULT, as text.
    pub original_error: Option<String>,
    /// The items.
    pub items: Vec<Item>,
}

/// `Item`.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Item {
    /// `Target/LocURI`.
    pub target: Option<String>,
    /// `Source/LocURI`.
    pub source: Option<String>,
    /// `Meta/Format`: `chr` `int` `bool` `node` `b64` `bin` `xml` `null` `float` `date` `time`. A command's
    /// own `Meta` holds for its items.
    pub format: Option<String>,
    /// `Meta/Type`.
    pub type_: Option<String>,
    /// `Meta/Mark`: importance of a generic alert.
    pub mark: Option<String>,
    /// `Data`: text, or XML as text when there was markup inside. With format `xml` it is written as markup
    /// again.
    pub data: Option<String>,
    /// `MoreData`: the object goes on in the next message.
    pub more_data: bool,
}

impl Message {
    /// Writes the message as Windows does, unindented.
    pub fn write(&self) -> String {
        write::message(self)
    }

    /// Reads a message leniently.
    pub fn parse(xml: &[u8]) -> Result<Self, SyncmlError> {
        read::message(xml)
    }
}

impl Command {
    /// A command.
    pub fn new(cmd_id: impl Into<String>, body: Body) -> Self {
        Self { cmd_id: cmd_id.into(), body }
    }
}

impl Body {
    /// The element's name, which a Status repeats as `Cmd`.
    pub fn name(&self) -> &str {
        match self {
            Self::Alert { .. } => "Alert",
            Self::Add { .. } => "Add",
            Self::Replace { .. } => "Replace",
            Self::Get { .. } => "Get",
            Self::Delete { .. } => "Delete",
            Self::Exec { .. } => "Exec",
            Self::Atomic(_) => "Atomic",
            Self::Sequence(_) => "Sequence",
            Self::Status(_) => "Status",
            Self::Results { .. } => "Results",
            Self::Unknown { name } => name,
        }
    }

    /// The items; none for what has no items.
    pub fn items(&self) -> &[Item] {
        match self {
            Self::Alert { items, .. }
            | Self::Add { items }
            | Self::Replace { items }
            | Self::Get { items }
            | Self::Delete { items }
            | Self::Exec { items }
            | Self::Results { items, .. } => items,
            Self::Status(status) => &status.items,
            Self::Atomic(_) | Self::Sequence(_) | Self::Unknown { .. } => &[],
        }
    }
}

impl Item {
    /// An item that names a node: for Get, Delete, Exec.
    pub fn target(uri: impl Into<String>) -> Self {
        Self { target: Some(uri.into()), ..Self::default() }
    }

    /// An item that says where data comes from: DevInfo, Results, generic alerts.
    pub fn source(uri: impl Into<String>) -> Self {
        Self { source: Some(uri.into()), ..Self::default() }
    }

    /// This item with `format`.
    #[must_use]
    pub fn with_format(mut self, format: impl Into<String>) -> Self {
        self.format = Some(format.into());
        self
    }

    /// This item with `type_`.
    #[must_use]
    pub fn with_type(mut self, type_: impl Into<String>) -> Self {
        self.type_ = Some(type_.into());
        self
    }

    /// This item with `data`.
    #[must_use]
    pub fn with_data(mut self, data: impl Into<String>) -> Self {
        self.data = Some(data.into());
        self
    }
}
