//! The bare value of a result code.

use std::fmt;
use std::str::FromStr;

use super::ALL;

/// Kind and number of a result code, the form to store: its text is read back by [`FromStr`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum CodeValue {
    /// `0x800705B4`.
    Hresult(u32),
    /// `AADSTS50126`.
    Aadsts(u32),
    /// `SyncML 405`.
    SyncMl(u32),
    /// `ZTD 807`: an answer of the Autopilot deployment service, also the id of its event.
    Ztd(u32),
    /// `exit 3010`: exit code of an installer.
    Exit(u32),
    /// `MSI 70`: status of an MSI that the MDM server delivers.
    Msi(u32),
    /// `enforcement 5000`: state of an app in the management extension.
    Enforcement(u32),
    /// No number, only words.
    Text(&'static str),
}

/// The kinds of [`CodeValue`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum CodeKind {
    /// A Windows HRESULT.
    Hresult,
    /// An error number of Entra ID.
    Aadsts,
    /// A status of a SyncML command.
    SyncMl,
    /// An answer of the Autopilot deployment service.
    Ztd,
    /// An exit code of an installer.
    Exit,
    /// A status of an MSI that the MDM server delivers.
    Msi,
    /// A state of an app in the management extension.
    Enforcement,
    /// Words only.
    Text,
}

impl CodeValue {
    /// The number; 0 for a text.
    pub const fn value(self) -> u32 {
        match self {
            Self::Hresult(v)
            | Self::Aadsts(v)
            | Self::SyncMl(v)
            | Self::Ztd(v)
            | Self::Exit(v)
            | Self::Msi(v)
            | Self::Enforcement(v) => v,
            Self::Text(_) => 0,
        }
    }

    /// The kind.
    pub const fn kind(self) -> CodeKind {
        match self {
            Self::Hresult(_) => CodeKind::Hresult,
            Self::Aadsts(_) => CodeKind::Aadsts,
            Self::SyncMl(_) => CodeKind::SyncMl,
            Self::Ztd(_) => CodeKind::Ztd,
            Self::Exit(_) => CodeKind::Exit,
            Self::Msi(_) => CodeKind::Msi,
            Self::Enforcement(_) => CodeKind::Enforcement,
            Self::Text(_) => CodeKind::Text,
        }
    }

    /// The number in hexadecimal as Windows prints it, whatever the kind: `0x800705B4`.
    pub fn hex(self) -> String {
        format!("0x{:08X}", self.value())
    }

    /// The number as a signed HRESULT, as some logs print it: `-2147023436`.
    pub const fn signed(self) -> i32 {
        self.value().cast_signed()
    }
}

impl fmt::Display for CodeValue {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Hresult(v) => write!(f, "0x{v:08X}"),
            Self::Aadsts(v) => write!(f, "AADSTS{v}"),
            Self::SyncMl(v) => write!(f, "SyncML {v}"),
            Self::Ztd(v) => write!(f, "ZTD {v}"),
            Self::Exit(v) => write!(f, "exit {v}"),
            Self::Msi(v) => write!(f, "MSI {v}"),
            Self::Enforcement(v) => write!(f, "enforcement {v}"),
            Self::Text(text) => f.write_str(text),
        }
    }
}

impl fmt::Display for CodeKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Hresult => "HRESULT",
            Self::Aadsts => "Entra error",
            Self::SyncMl => "SyncML status",
            Self::Ztd => "deployment service",
            Self::Exit => "exit code",
            Self::Msi => "MSI status",
            Self::Enforcement => "enforcement state",
            Self::Text => "error",
        })
    }
}

/// Not a result code.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ParseCodeError(String);

impl fmt::Display for ParseCodeError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:?} is not a result code", self.0)
    }
}

impl std::error::Error for ParseCodeError {}

/// Eight hexadecimal digits, with or without `0x`.
pub(super) fn parse_hresult(text: &str) -> Option<u32> {
    let digits = text.strip_prefix("0x").or_else(|| text.strip_prefix("0X")).unwrap_or(text);
    let all = digits.len() == 8 && digits.bytes().all(|b| b.is_ascii_hexdigit());
    all.then(|| u32::from_str_radix(digits, 16).ok()).flatten()
}

/// The text form, or eight hexadecimal digits without `0x`, or a text of the table.
impl FromStr for CodeValue {
    type Err = ParseCodeError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        type Make = fn(u32) -> CodeValue;
        let text = text.trim();
        if let Some(value) = parse_hresult(text) {
            return Ok(Self::Hresult(value));
        }
        let prefixes: [(&str, Make); 6] = [
            ("aadsts", Self::Aadsts),
            ("syncml", Self::SyncMl),
            ("ztd", Self::Ztd),
            ("exit", Self::Exit),
            ("msi", Self::Msi),
            ("enforcement", Self::Enforcement),
        ];
        let lower = text.to_ascii_lowercase();
        for (prefix, make) in prefixes {
            if let Some(Ok(value)) = lower.strip_prefix(prefix).map(|rest| rest.trim().parse()) {
                return Ok(make(value));
            }
        }
        ALL.iter()
            .map(|entry| entry.code)
            .find(|code| matches!(code, Self::Text(t) if t.eq_ignore_ascii_case(text)))
            .ok_or_else(|| ParseCodeError(text.into()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_code_reads_back() {
        for entry in ALL {
            assert_eq!(entry.code.to_string().parse(), Ok(entry.code), "{}", entry.id);
        }
        assert!("nothing of the kind".parse::<CodeValue>().is_err());
    }
}
