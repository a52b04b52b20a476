//! What a restart or a power cut loses.

use std::collections::BTreeMap;

use crate::dialogue::Credentials;
use crate::dialogue::attest::{Attest, Proof};
use crate::dialogue::clock::Resync;
use crate::dialogue::enrol::Enrol;
use crate::dialogue::join::Join;
use crate::dialogue::profile::Profile;
use crate::dialogue::prt::Prt;
use crate::dialogue::sign_in::{SignIn, SignedIn};
use crate::io::{Correlation, Slot};
use crate::keys::KeyCommand;
use crate::manage::Activity;
use crate::screen::Screen;
use crate::tpm::TpmProperties;

/// Memory.
#[derive(Debug, Clone, Default)]
pub(super) struct Memory {
    /// Serial number of the last question.
    pub(super) serial: u32,
    /// The question each conversation waits on.
    pub(super) pending: BTreeMap<Slot, Correlation>,
    /// What the person typed into the fields of the current screen.
    pub(super) typed: BTreeMap<String, String>,
    /// The entry that the person picked in the list of the current screen.
    pub(super) picked: Option<String>,
    /// Strokes of the Windows key on the current screen, one after the other.
    pub(super) strokes: u8,
    /// The user name given on the sign-in page.
    pub(super) user_name: String,
    /// The user's credentials (USR-004: a restart loses them).
    pub(super) credentials: Option<Credentials>,
    /// The user as Entra ID confirmed them.
    pub(super) signed_in: Option<SignedIn>,
    /// Message of the current error page or field.
    pub(super) error: Option<String>,
    /// How often the profile was asked for since power-on.
    pub(super) profile_attempts: u32,
    /// The time service was asked.
    pub(super) resync: Option<Resync>,
    pub(super) profile: Option<Profile>,
    pub(super) sign_in: Option<SignIn>,
    pub(super) attest: Option<Attest>,
    /// What the TPM proved: good for one join.
    pub(super) proof: Option<Proof>,
    /// Code on the failure page of Device preparation.
    pub(super) code: Option<String>,
    /// What the TPM said of itself at this start.
    pub(super) tpm: Option<TpmProperties>,
    /// Key operations that the TPM carries out for a conversation.
    pub(super) in_tpm: BTreeMap<Slot, KeyCommand>,
    pub(super) join: Option<Join>,
    pub(super) enrol: Option<Enrol>,
    pub(super) prt: Option<Prt>,
    /// What management is doing.
    pub(super) activity: Activity,
    /// The screen that is up.
    pub(super) screen: Option<Screen>,
}
