//! Screens as data: everything a person would see, nothing about how it is drawn. The trace carries them, the
//! terminal draws them.

use serde::{Deserialize, Serialize};

use crate::esp::EspPage;

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
    pub esp: Option<EspPage>,
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
            fields: Vec::new(),
            choices: Vec::new(),
            buttons: Vec::new(),
            keys: Vec::new(),
            esp: None,
            busy: false,
        }
    }
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
