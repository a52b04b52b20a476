//! LocURIs: where a node lives (reference: protocols, C.2).

use std::fmt;

use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, percent_decode_str, utf8_percent_encode};
use serde::{Deserialize, Serialize};

/// What is escaped in a node name: everything that has a meaning in a LocURI, braces included (`%7B..%7D`).
const ESCAPED: &AsciiSet = &NON_ALPHANUMERIC
    .remove(b'-')
    .remove(b'.')
    .remove(b'_')
    .remove(b'~')
    .remove(b'!')
    .remove(b'(')
    .remove(b')');

/// The longest LocURI that is read, in bytes (ours; nothing published is near).
const MAX_LENGTH: usize = 2_048;
/// The deepest (ours).
const MAX_DEPTH: usize = 24;

/// Which half of the tree.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Scope {
    /// `./Device/...`, and whatever names no half.
    Device,
    /// `./User/...`: of the user who is signed in.
    User,
}

/// The place of a node: its names unescaped.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct LocUri {
    /// Which half.
    pub scope: Scope,
    /// Names from the root down.
    pub names: Vec<String>,
    /// What follows `?`, e.g. `prop=Type`.
    pub query: Option<String>,
}

/// The text is no LocURI.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum UriError {
    /// It does not begin with `.`.
    #[error("a LocURI begins with ./")]
    NotRelative,
    /// An empty name, or one that is no UTF-8.
    #[error("a name in the LocURI is empty or no text")]
    BadName,
    /// Longer or deeper than anything published.
    #[error("the LocURI is too long")]
    TooLong,
}

impl LocUri {
    /// A node of the device half.
    pub fn device(path: &str) -> Self {
        Self::at(Scope::Device, path)
    }

    /// A node of the half that is named, by its unescaped path with `/` between names.
    pub fn at(scope: Scope, path: &str) -> Self {
        Self { scope, names: path.split('/').map(str::to_owned).collect(), query: None }
    }

    /// Reads a LocURI as it stands in a SyncML item.
    pub fn parse(text: &str) -> Result<Self, UriError> {
        if text.len() > MAX_LENGTH {
            return Err(UriError::TooLong);
        }
        let (path, query) = text.split_once('?').map_or((text, None), |(p, q)| (p, Some(q.to_owned())));
        let mut parts = path.split('/');
        if parts.next() != Some(".") {
            return Err(UriError::NotRelative);
        }
        let mut names = Vec::new();
        for part in parts {
            let name = percent_decode_str(part).decode_utf8().map_err(|_| UriError::BadName)?;
            if name.is_empty() {
                return Err(UriError::BadName);
            }
            names.push(name.into_owned());
        }
        if names.len() > MAX_DEPTH {
            return Err(UriError::TooLong);
        }
        let scope = match names.first().map(String::as_str) {
            Some("User") => Scope::User,
            _ => Scope::Device,
        };
        if matches!(names.first().map(String::as_str), Some("User" | "Device")) {
            names.remove(0);
        }
        Ok(Self { scope, names, query })
    }

    /// The names as slices.
    pub fn path(&self) -> Vec<&str> {
        self.names.iter().map(String::as_str).collect()
    }

    /// A node below this one.
    #[must_use]
    pub fn child(&self, name: &str) -> Self {
        let mut child = self.clone();
        child.query = None;
        child.names.push(name.to_owned());
        child
    }

    /// The node above; the root is above itself.
    #[must_use]
    pub fn parent(&self) -> Self {
        let mut parent = self.clone();
        parent.query = None;
        parent.names.pop();
        parent
    }

    /// The last name.
    pub fn last(&self) -> &str {
        self.names.last().map_or("", String::as_str)
    }
}

/// Escapes one node name.
pub fn escape(name: &str) -> String {
    utf8_percent_encode(name, ESCAPED).to_string()
}

/// The full form, `./Device/...` or `./User/...`, names escaped.
impl fmt::Display for LocUri {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self.scope {
            Scope::Device => "./Device",
            Scope::User => "./User",
        })?;
        self.names.iter().try_for_each(|name| write!(f, "/{}", escape(name)))
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn the_three_roots() {
        let uri = LocUri::parse("./Vendor/MSFT/DMClient").unwrap();
        assert_eq!(uri, LocUri::parse("./Device/Vendor/MSFT/DMClient").unwrap());
        assert_eq!(LocUri::parse("./User/Vendor").unwrap().scope, Scope::User);
        assert_eq!(LocUri::parse("./DevInfo/Man").unwrap().path(), ["DevInfo", "Man"]);
        assert_eq!(LocUri::parse(".").unwrap().names.len(), 0);
    }

    #[test]
    fn names_are_unescaped_and_escaped_again() {
        let text = "./Device/Vendor/MSFT/EnterpriseDesktopAppManagement/MSI/%7B1A%7D/Status";
        let uri = LocUri::parse(text).unwrap();
        assert_eq!(uri.names[4], "{1A}");
        assert_eq!(uri.to_string(), text);
        let provider = LocUri::parse("./Vendor/MSFT/DMClient/Provider/MS%20DM%20Server").unwrap();
        assert_eq!(provider.last(), "MS DM Server");
    }

    #[test]
    fn what_is_no_locuri_is_told_apart() {
        assert_eq!(LocUri::parse("/Vendor"), Err(UriError::NotRelative));
        assert_eq!(LocUri::parse("./Vendor//MSFT"), Err(UriError::BadName));
        assert_eq!(LocUri::parse(&format!("./{}", "a/".repeat(30))), Err(UriError::BadName));
        assert_eq!(LocUri::parse(&format!(".{}", "/a".repeat(30))), Err(UriError::TooLong));
        assert_eq!(LocUri::parse(&"x".repeat(5_000)), Err(UriError::TooLong));
        assert_eq!(LocUri::parse("./a?prop=Type").unwrap().query.as_deref(), Some("prop=Type"));
    }

    proptest! {
        #[test]
        fn any_text_is_an_answer(text in ".*") {
            let _ = LocUri::parse(&text);
        }

        #[test]
        fn what_is_written_is_read_back(names in prop::collection::vec("[^/]{1,12}", 1..8), user: bool) {
            let scope = if user { Scope::User } else { Scope::Device };
            let uri = LocUri { scope, names, query: None };
            prop_assert_eq!(LocUri::parse(&uri.to_string()), Ok(uri));
        }
    }
}
