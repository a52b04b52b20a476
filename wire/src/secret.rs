//! Values that must not reach a log, a trace or a report by accident.

use std::fmt;

use serde::{Deserialize, Deserializer, Serialize, Serializer};

const MASK: &str = "***";

/// A password, token or key. Printing and serialising give `***`; [`Secret::expose`] gives the value.
#[derive(Clone, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Secret<T>(T);

/// Data that identifies a person or their device (user name, serial number). Printing and serialising give
/// the first letter, and the domain if there is one: `a***@contoso.test`; [`Personal::expose`] gives the
/// value.
#[derive(Clone, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Personal<T>(T);

impl<T> Secret<T> {
    /// Hides `value`.
    pub const fn new(value: T) -> Self {
        Self(value)
    }

    /// The value itself: at the call, say to yourself where it goes.
    pub const fn expose(&self) -> &T {
        &self.0
    }

    /// The value itself, taken out.
    pub fn into_exposed(self) -> T {
        self.0
    }
}

impl<T> Personal<T> {
    /// Hides most of `value`.
    pub const fn new(value: T) -> Self {
        Self(value)
    }

    /// The value itself: at the call, say to yourself where it goes.
    pub const fn expose(&self) -> &T {
        &self.0
    }

    /// The value itself, taken out.
    pub fn into_exposed(self) -> T {
        self.0
    }
}

impl<T> From<T> for Secret<T> {
    fn from(value: T) -> Self {
        Self(value)
    }
}

impl<T> From<T> for Personal<T> {
    fn from(value: T) -> Self {
        Self(value)
    }
}

impl<T> fmt::Display for Secret<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(MASK)
    }
}

impl<T> fmt::Debug for Secret<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(MASK)
    }
}

impl<T> Serialize for Secret<T> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(MASK)
    }
}

impl<'de, T: Deserialize<'de>> Deserialize<'de> for Secret<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        T::deserialize(deserializer).map(Self)
    }
}

impl<T: fmt::Display> fmt::Display for Personal<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let text = self.0.to_string();
        let domain = text.find('@').map_or("", |at| &text[at..]);
        // An address such as `@contoso.test` has no letter to show before the domain.
        match text.chars().next() {
            Some(first) if first != '@' => write!(f, "{first}{MASK}{domain}"),
            _ => write!(f, "{MASK}{domain}"),
        }
    }
}

impl<T: fmt::Display> fmt::Debug for Personal<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl<T: fmt::Display> Serialize for Personal<T> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de, T: Deserialize<'de>> Deserialize<'de> for Personal<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        T::deserialize(deserializer).map(Self)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn secrets_do_not_print() {
        let secret = Secret::new("hunter2".to_owned());
        assert_eq!(format!("{secret} {secret:?}"), "*** ***");
        assert_eq!(serde_json::to_string(&secret).unwrap(), "\"***\"");
        assert_eq!(secret.expose(), "hunter2");
    }

    #[test]
    fn personal_data_keeps_first_letter_and_domain() {
        let upn = Personal::new("alice@contoso.test".to_owned());
        assert_eq!(format!("{upn} {upn:?}"), "a***@contoso.test a***@contoso.test");
        assert_eq!(Personal::new("SN-1234").to_string(), "S***");
        assert_eq!(Personal::new("").to_string(), "***");
        assert_eq!(Personal::new("@x").to_string(), "***@x");
        assert_eq!(serde_json::from_str::<Personal<String>>("\"bob\"").unwrap().expose(), "bob");
    }
}
