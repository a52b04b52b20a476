//! The one table of result codes (`data/codes.toml`): code, name, what the person sees, root causes, remedy, source.

mod fault;
mod lookup;
mod value;

#[allow(unused_imports, reason = "which of them the generated table needs depends on the data")]
use jiff::civil::date;

pub use self::fault::from_fault;
pub use self::lookup::{aadsts, find, hresult, of, syncml, ztd};
pub use self::value::{CodeKind, CodeValue, ParseCodeError};
use crate::bounds::window;
use crate::{AsOf, Basis, Bound, InForce, Limit, WindowsBuild};

/// One result code; its text form is that of its [`CodeValue`].
#[derive(Clone, Copy, Debug)]
pub struct ResultCode {
    /// The name of its const.
    pub id: &'static str,
    /// Kind and number; this is what to store, and what reads back from text.
    pub code: CodeValue,
    /// The symbolic name that documents print, where there is one.
    pub name: Option<&'static str>,
    /// Other spellings of the name.
    pub aliases: &'static [&'static str],
    /// What it says, in our words.
    pub title: &'static str,
    /// Who shows it.
    pub class: Class,
    /// How it travels: a SOAP subcode, a detail, an OAuth text.
    pub wire: Option<&'static str>,
    /// What the person sees.
    pub seen: &'static str,
    /// Where it is seen.
    pub shown_at: &'static str,
    /// Root causes, any of which leads to it.
    pub causes: &'static [&'static str],
    /// What the list of causes stands on: `seed`, `seed+inferred`, `public`, `model`.
    pub causes_basis: &'static str,
    /// What helps, in the order of trying.
    pub remedy: &'static [&'static str],
    /// Deployment modes that meet it; empty: any.
    pub modes: &'static [&'static str],
    /// Phases in which it comes up; empty: any.
    pub phases: &'static [&'static str],
    /// From when on it is known.
    pub since: Option<Limit>,
    /// Up to when it occurs.
    pub until: Option<Limit>,
    /// What ended it.
    pub fixed_by: Option<Limit>,
    /// A remark.
    pub note: Option<&'static str>,
    /// The documents.
    pub sources: &'static [&'static str],
    /// One of the core entries.
    pub card: bool,
    /// What it stands on.
    pub basis: Basis,
    /// Ids of related rules.
    pub rules: &'static [&'static str],
    /// Ids of the error catalogue that it was merged from.
    pub errors: &'static [&'static str],
}

/// A short name for [`ResultCode`].
pub type Code = ResultCode;

/// Who shows a code.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Class {
    /// The device.
    Device,
    /// The portal, an import, an administrator's tool.
    Service,
}

impl std::fmt::Display for ResultCode {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        self.code.fmt(f)
    }
}

impl ResultCode {
    /// The number in hexadecimal as Windows prints it: `0x800705B4`.
    pub fn hex(&self) -> String {
        self.code.hex()
    }

    /// The number; 0 for a text.
    pub const fn value(&self) -> u32 {
        self.code.value()
    }

    /// The kind.
    pub const fn kind(&self) -> CodeKind {
        self.code.kind()
    }

    /// The HRESULT, if it is one.
    pub const fn hresult(&self) -> Option<u32> {
        match self.code {
            CodeValue::Hresult(value) => Some(value),
            _ => None,
        }
    }

    /// The symbolic name, or else the title.
    pub const fn label(&self) -> &'static str {
        match self.name {
            Some(name) => name,
            None => self.title,
        }
    }

    /// Does it occur in this world?
    pub fn in_force(&self, world: &AsOf) -> InForce {
        window(self.since.as_ref(), self.until.as_ref(), world)
    }
}

include!(concat!(env!("OUT_DIR"), "/codes.rs"));

/// All codes, by id.
pub static ALL: &[ResultCode] = &TABLE;
