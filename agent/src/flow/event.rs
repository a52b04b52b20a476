//! What can happen to the reducer, and what it can want.

use oobe_catalog::rules::Rule;

use super::{ProfileTraits, SignOnFor};
use crate::esp::Phase;

/// What happened, stripped of all bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Event {
    /// The power button of a device that is off.
    PowerPressed,
    /// Power went.
    PowerLost,
    /// The device restarts, for whatever reason: memory is lost.
    Restarted,
    /// Somebody wipes the device.
    Wiped,
    /// The boot timer ran out.
    Booted,
    /// A link came up.
    LinkUp,
    /// The link went.
    LinkDown,
    /// The person answered the page with its forward button.
    Answered,
    /// The person declined (license terms) or started over (wrong organization).
    StartedOver,
    /// The person pressed Try again.
    TriedAgain,
    /// The person pressed Continue anyway, or left a page that does not block.
    ContinuedAnyway,
    /// The person pressed Reset device.
    ResetChosen,
    /// The Windows key was pressed five times.
    OptionsOpened,
    /// The technician pressed Refresh.
    RefreshChosen,
    /// The name that the profile gives waits for a restart, which comes now (PRE-005).
    NamePending,
    /// There is no name to wait for.
    NameSettled,
    /// There is internet.
    ProbeSucceeded,
    /// There is none.
    ProbeFailed,
    /// A profile arrived.
    ProfileArrived(ProfileTraits),
    /// The service has none for this device, or can't be reached (NET-007).
    ProfileAbsent,
    /// No critical update needs a restart.
    UpdatesDone,
    /// One does.
    UpdatesNeedRestart,
    /// Entra accepted the user and the tenant matches (or there is no profile to match).
    SignInAccepted,
    /// Entra accepted the user, but of another tenant.
    TenantMismatch,
    /// Entra refused: wrong password, unknown user.
    SignInRefused,
    /// The sign-in could not be finished: network, broken answer.
    SignInFailed,
    /// The TPM was proved to the cloud, which granted a device token.
    AttestationSucceeded,
    /// It could not be proved: no answer, no TPM, or too many tries.
    AttestationFailed,
    /// The cloud rejects the proof: there is nothing to join with (SDM-006).
    AttestationRejected,
    /// The device is joined.
    JoinSucceeded,
    /// It is not.
    JoinFailed,
    /// The device is enrolled.
    EnrolSucceeded,
    /// It is not.
    EnrolFailed,
    /// The tenant enrols nobody, or not this user (USR-010, USR-027).
    EnrolSkipped,
    /// The first session decided on the pages.
    EspDecided {
        /// Device part.
        device: bool,
        /// User part.
        user: bool,
    },
    /// A phase of the page is complete.
    PhaseSucceeded(Phase),
    /// A phase is complete, and a restart comes before anything else (USR-025).
    PhaseSucceededBeforeRestart(Phase),
    /// A phase failed, or ran out of time.
    PhaseFailed(Phase),
    /// Windows sign-on succeeded.
    SignOnAccepted,
    /// It did not.
    SignOnRefused,
    /// The device learned that its registration is gone: it must sign in anew. Not recoverable at Windows sign-on.
    SignOnFailed,
}

/// What the reducer wants done, in order.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Action {
    /// Start the boot timer.
    Boot,
    /// Probe for internet.
    Probe,
    /// Fetch the profile; tells whether one is on disk already.
    FetchProfile,
    /// The profile on disk is used (event 163).
    UseResidentProfile,
    /// Look for critical updates.
    CheckUpdates,
    /// Check the credentials with Entra ID.
    SignIn,
    /// Prove the TPM to the cloud.
    Attest,
    /// Join Entra ID.
    Join,
    /// Enrol into MDM.
    Enrol,
    /// Take up management again after a start.
    ResumeManagement,
    /// Begin (or take up again) a phase of the page.
    BeginPhase(Phase),
    /// Try the failed phase again.
    RetryPhase(Phase),
    /// Sign on to Windows with the credentials in memory or as typed.
    SignOn(SignOnFor),
    /// Drop the credentials from memory.
    ForgetCredentials,
    /// Wipe the disk.
    Wipe,
    /// The device part is over, no user has come yet: the sign-on screen stays (SDM-014).
    AwaitFirstUser,
    /// The experience is over.
    Finish,
    /// The technician's run begins: the clock of the result pages, and the name that the profile gives.
    BeginProvisioning,
    /// Turn off and be ready for the user.
    Reseal,
    /// Restart.
    Restart(&'static str),
    /// A rule that this step rests on.
    Decided(&'static Rule, &'static str),
}
