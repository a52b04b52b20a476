//! LocURIs: where a node lives (reference: protocols, C.2).

use std::borrow::Cow;
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

/// A LocURI as it stands in a text, for looking rather than for keeping: names without escapes are not copied.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(in crate::manage) struct UriText<'a> {
    scope: Scope,
    names: Vec<Cow<'a, str>>,
    query: Option<&'a str>,
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
        UriText::parse(text).map(|uri| uri.to_loc_uri())
    }

    /// The names as slices.
    pub fn path(&self) -> Vec<&str> {
        self.names.iter().map(String::as_str).collect()
    }

    /// A node below this one.
    #[must_use]
    pub fn child(&self, name: &str) -> Self {
        let mut names = Vec::with_capacity(self.names.len() + 1);
        names.extend(self.names.iter().cloned());
        names.push(name.to_owned());
        Self { scope: self.scope, names, query: None }
    }

    /// The same, when nobody else needs this one.
    #[must_use]
    pub fn into_child(mut self, name: &str) -> Self {
        self.query = None;
        self.names.push(name.to_owned());
        self
    }

    /// The node above; the root is above itself.
    #[must_use]
    pub fn parent(&self) -> Self {
        let above = self.names.len().saturating_sub(1);
        Self { scope: self.scope, names: self.names[..above].to_vec(), query: None }
    }

    /// The last name.
    pub fn last(&self) -> &str {
        self.names.last().map_or("", String::as_str)
    }
}

impl<'a> UriText<'a> {
    /// Reads a LocURI as it stands in a SyncML item.
    pub(in crate::manage) fn parse(text: &'a str) -> Result<Self, UriError> {
        if text.len() > MAX_LENGTH {
            return Err(UriError::TooLong);
        }
        let (path, query) = text.split_once('?').map_or((text, None), |(p, q)| (p, Some(q)));
        let mut parts = path.split('/');
        if parts.next() != Some(".") {
            return Err(UriError::NotRelative);
        }
        // Most are seven to nine names deep.
        let mut names = Vec::with_capacity(9);
        for part in parts {
            // Few have escapes.
            let name = if part.contains('%') {
                percent_decode_str(part).decode_utf8().map_err(|_| UriError::BadName)?
            } else {
                Cow::Borrowed(part)
            };
            if name.is_empty() {
                return Err(UriError::BadName);
            }
            names.push(name);
        }
        if names.len() > MAX_DEPTH {
            return Err(UriError::TooLong);
        }
        let half = names.first().map(|name| &**name);
        let scope = if half == Some("User") { Scope::User } else { Scope::Device };
        if matches!(half, Some("User" | "Device")) {
            names.remove(0);
        }
        Ok(Self { scope, names, query })
    }

    /// Which half.
    pub(in crate::manage) const fn scope(&self) -> Scope {
        self.scope
    }

    /// The names from the root down.
    pub(in crate::manage) fn names(&self) -> impl Iterator<Item = &str> {
        self.names.iter().map(|name| &**name)
    }

    /// Whether both are one place.
    pub(in crate::manage) fn is(&self, other: &LocUri) -> bool {
        self.scope == other.scope && self.names == other.names && self.query == other.query.as_deref()
    }

    /// Whether the place with these names, of whichever half, is here or below.
    pub(in crate::manage) fn is_above(&self, names: &[String]) -> bool {
        names.get(..self.names.len()).is_some_and(|first| self.names == first)
    }

    /// To keep it.
    pub(in crate::manage) fn to_loc_uri(&self) -> LocUri {
        LocUri {
            scope: self.scope,
            names: self.names().map(str::to_owned).collect(),
            query: self.query.map(str::to_owned),
        }
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
        fn a_text_that_is_looked_at_is_the_place_that_it_names(text in "(\\./)?((Device|User)/)?[a-c%0-9A-F/?]{0,20}") {
            let (looked_at, kept) = (UriText::parse(&text), LocUri::parse(&text));
            if let (Ok(looked_at), Ok(kept)) = (&looked_at, &kept) {
                prop_assert!(looked_at.is(kept));
                prop_assert!(looked_at.names().eq(kept.path()));
                prop_assert!(looked_at.is_above(&kept.child("below").names));
                let below = kept.child("below").to_string();
                prop_assert!(!UriText::parse(&below).unwrap().is_above(&kept.names));
                prop_assert!(!looked_at.is(&kept.child("below")));
            } else {
                prop_assert_eq!(looked_at.err(), kept.err());
            }
        }

        #[test]
        fn what_is_written_is_read_back(names in prop::collection::vec("[^/]{1,12}", 1..8), user: bool) {
            let scope = if user { Scope::User } else { Scope::Device };
            let uri = LocUri { scope, names, query: None };
            prop_assert_eq!(LocUri::parse(&uri.to_string()), Ok(uri));
        }
    }
}
