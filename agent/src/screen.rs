//! Screens as data: everything a person would see, nothing about how it is drawn. The trace carries them, the
//! terminal draws them.

pub(crate) mod captions;
pub mod technician;

use std::sync::Arc;

use serde::{Deserialize, Serialize};

pub use self::captions::{captions, fields, keys};
use crate::esp::EspPage;

/// What the Windows key is called in [`Act::Key`](crate::io::Act::Key): one stroke of it.
pub const WINDOWS_KEY: &str = "Win";
/// The key combination of [`Screen::keys`] that opens the Windows Autopilot options: so many strokes of the Windows key
/// one after the other (PRE-001).
pub const WINDOWS_KEY_FIVE_TIMES: &str = "Win x5";

/// One screen and what stands on it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Screen {
    /// Id in the screen catalogue, e.g. `entra.password`.
    pub id: String,
    /// Caption.
    pub title: String,
    /// Lines of text below it.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub text: Vec<String>,
    /// Something went wrong: the message in red, code included when a person would see it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub error: Option<String>,
    /// What the screen tells, label by label: organization, profile, elapsed time.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub facts: Vec<Fact>,
    /// The text that a QR code on the screen carries.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub qr: Option<String>,
    /// The whole page says how it ended: green or red.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub verdict: Option<Verdict>,
    /// Fields a person can type into.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub fields: Vec<Field>,
    /// A list to choose from; the chosen entry is marked.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub choices: Vec<Choice>,
    /// Buttons, left to right; the last one is the default.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub buttons: Vec<Button>,
    /// Key combinations that work here.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub keys: Vec<String>,
    /// The Enrollment Status Page, when this screen is one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub esp: Option<Arc<EspPage>>,
    /// Whether the device is at work here (a person would see moving dots).
    #[serde(default)]
    pub busy: bool,
}

impl Screen {
    /// An empty screen.
    pub fn new(id: &str, title: impl Into<String>) -> Self {
        Self {
            id: id.to_owned(),
            title: title.into(),
            text: Vec::new(),
            error: None,
            facts: Vec::new(),
            qr: None,
            verdict: None,
            fields: Vec::new(),
            choices: Vec::new(),
            buttons: Vec::new(),
            keys: Vec::new(),
            esp: None,
            busy: false,
        }
    }
}

/// Something that a screen tells.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Fact {
    /// What it is about, e.g. `Organization`.
    pub label: String,
    /// What it is.
    pub value: String,
}

/// How a result page says that it ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Verdict {
    /// The green page.
    Success,
    /// The red page.
    Failure,
}

/// A field to type into.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Field {
    /// Name by which [`Act::Fill`](crate::io::Act::Fill) addresses it, e.g. `username`.
    pub name: String,
    /// Label.
    pub label: String,
    /// What stands in it (empty for a secret).
    pub value: String,
    /// Whether what is typed is hidden.
    pub secret: bool,
}

/// An entry of a list.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Choice {
    /// Label.
    pub label: String,
    /// Whether it is the chosen one.
    pub chosen: bool,
}

/// A button.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Button {
    /// Caption, by which [`Act::Press`](crate::io::Act::Press) addresses it.
    pub label: String,
    /// Greyed out when false.
    pub enabled: bool,
}

impl Button {
    /// A button that can be pressed.
    pub fn new(label: &str) -> Self {
        Self { label: label.to_owned(), enabled: true }
    }
}
