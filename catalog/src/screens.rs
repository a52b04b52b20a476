//! Screens, phases and buttons of the Enrollment Status Page, and keys (`data/screens.toml`).

use crate::bounds::window;
use crate::{AsOf, Basis, Bound, InForce, Limit, WindowsBuild};
#[allow(unused_imports, reason = "which of them the generated table needs depends on the data")]
use jiff::civil::date;

/// A screen.
#[derive(Clone, Copy, Debug)]
pub struct ScreenFact {
    /// Group and name, such as `entra.signin`.
    pub id: &'static str,
    /// The group, such as `oobe`, `esp`, `portal`.
    pub group: &'static str,
    /// The caption on Windows 10.
    pub w10_title: &'static str,
    /// The caption on Windows 11; `same` where it is that of Windows 10.
    pub w11_title: &'static str,
    /// What it shows.
    pub content: &'static [&'static str],
    /// Its buttons.
    pub buttons: &'static [&'static str],
    /// Key strokes that it takes.
    pub keys: &'static [&'static str],
    /// What shows or hides it.
    pub visibility: &'static str,
    /// Ids of screens that may follow.
    pub next: &'static [&'static str],
    /// Results with which it may end.
    pub results: &'static [&'static str],
    /// From when on there is such a screen.
    pub since: Option<Limit>,
    /// The documents.
    pub sources: &'static [&'static str],
    /// A remark.
    pub note: Option<&'static str>,
    /// What was wrong in an earlier text.
    pub corrected: Option<&'static str>,
    /// One of the core screens.
    pub card: bool,
    /// What it stands on.
    pub basis: Basis,
    /// Ids of related rules.
    pub rules: &'static [&'static str],
}

impl ScreenFact {
    /// The caption on this build.
    pub fn title(&self, build: WindowsBuild) -> &'static str {
        if build.is_windows_11() && self.w11_title != "same" { self.w11_title } else { self.w10_title }
    }

    /// Is there such a screen in this world?
    pub fn in_force(&self, world: &AsOf) -> InForce {
        window(self.since.as_ref(), None, world)
    }
}

/// A phase of the Enrollment Status Page.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct EspPhase {
    /// Such as `device-setup`.
    pub id: &'static str,
    /// The caption.
    pub title: &'static str,
    /// Device or user part of the page.
    pub part: &'static str,
    /// Modes in which it runs.
    pub runs_in: &'static [&'static str],
    /// Modes in which it does not.
    pub not_in: &'static [&'static str],
    /// Captions of the rows.
    pub subtasks: &'static [&'static str],
    /// Rows that are complete at once in user-driven mode.
    pub instantly_complete_in_user_driven: &'static [&'static str],
    /// What is tracked.
    pub tracked: Option<&'static str>,
    /// What was wrong in an earlier text.
    pub corrected: Option<&'static str>,
    /// The word for a row whose list is not known yet.
    pub identifying_state: Option<&'static str>,
    /// What keeps a row at that word.
    pub identifying_stuck_when: Option<&'static str>,
    /// The document.
    pub source: &'static str,
    /// What it stands on.
    pub basis: Basis,
}

/// Words for the state of a row.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct EspStatus {
    /// The words.
    pub values: &'static [&'static str],
    /// A remark.
    pub note: &'static str,
    /// The document.
    pub source: &'static str,
    /// What it stands on.
    pub basis: Basis,
}

/// The buttons of the failure page for a value of `BlockInStatusPage`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct EspButtons {
    /// The bit mask.
    pub mask: u8,
    /// The buttons.
    pub buttons: &'static [&'static str],
    /// A remark.
    pub note: &'static str,
}

/// What a key stroke does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct KeyFact {
    /// The stroke.
    pub key: &'static str,
    /// Its effect.
    pub effect: &'static str,
}

include!(concat!(env!("OUT_DIR"), "/screens.rs"));

/// All screens, by id.
pub static ALL: &[ScreenFact] = &TABLE;

/// The screen with this id.
pub fn find(id: &str) -> Option<&'static ScreenFact> {
    ALL.binary_search_by(|screen| screen.id.cmp(id)).ok().map(|n| &ALL[n])
}

/// The phases of the status page, in their order.
pub fn phases() -> &'static [EspPhase] {
    PHASE_TABLE
}

/// Words for the state of a row.
pub fn status_words() -> &'static EspStatus {
    &STATUS
}

/// The buttons of the failure page for a value of `BlockInStatusPage`; bits above 4 have no meaning.
pub fn esp_buttons(mask: u8) -> &'static EspButtons {
    BUTTON_TABLE.iter().find(|b| b.mask == mask & 7).expect("the table has the masks 0 to 7")
}

/// Key strokes.
pub fn keys() -> &'static [KeyFact] {
    KEY_TABLE
}
