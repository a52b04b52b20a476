//! The pages that a technician sees while a device is pre-provisioned: options, information, result (reference:
//! screens, group `preprov`; artifacts, "Win×5"). What they say comes from the device, how they look is here.
//!
//! Captions of buttons and tiles are those of the documents; the headings and sentences of the result pages are ours
//! (the documents describe the pages and print no text).

use oobe_catalog::screens::{self, ScreenFact};

use super::{Button, Choice, Fact, Screen, Verdict};
use crate::time::Span;

/// The tile that leads to the information page, on Windows 11 (PRE-001).
pub const PRE_PROVISION: &str = "Pre-provision with Windows Autopilot";
/// The same tile on Windows 10 (PRE-001).
pub const PROVISIONING: &str = "Windows Autopilot provisioning";
/// Another entry of the options page: it is there and leads nowhere here.
pub const PACKAGE: &str = "Install provisioning package";

/// Caption of the button that leads on from the information page, on Windows 10.
pub const PROVISION: &str = "Provision";
/// Downloads the profile again (PRE-003).
pub const REFRESH: &str = "Refresh";
/// Switches the device off; its next start is the user's (PRE-008).
pub const RESEAL: &str = "Reseal";
/// Tries the provisioning again (PRE-012).
pub const RETRY: &str = "Retry";
/// Starts the whole process over (PRE-012).
pub const RESET: &str = "Reset";
/// Shows what went wrong, on Windows 10 (PRE-011).
pub const VIEW_DIAGNOSTICS: &str = "View diagnostics";
/// The key combination that does so on Windows 11 (PRE-011).
pub const DIAGNOSTICS_KEY: &str = "Ctrl+Shift+D";

/// How a run ends that ends with the device resealed ([`Note::Ended`](crate::io::Note::Ended)).
pub const RESEALED: &str = "resealed";

/// What the pages tell of the deployment (PRE-002).
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Deployment {
    /// Whose device it is.
    pub organization: String,
    /// Name of the Autopilot profile.
    pub profile: String,
    /// The user who is assigned to the device, if one is.
    pub user: Option<String>,
    /// The device's id in the Autopilot service (`ZtdRegistrationId`).
    pub device_id: String,
}

impl Deployment {
    /// What the QR code carries: the device's id and nothing else (MOD-030). In capitals, for which QR codes have an
    /// alphabet of their own: the code is a size smaller and scans from farther away.
    pub fn qr(&self) -> String {
        self.device_id.to_uppercase()
    }

    fn facts(&self) -> Vec<Fact> {
        let mut facts = vec![fact("Organization", &self.organization), fact("Profile", &self.profile)];
        facts.extend(self.user.as_deref().map(|user| fact("Assigned user", user)));
        facts
    }
}

fn fact(label: &str, value: &str) -> Fact {
    Fact { label: label.to_owned(), value: value.to_owned() }
}

fn buttons(labels: &[&str]) -> Vec<Button> {
    labels.iter().map(|label| Button::new(label)).collect()
}

fn page(fact: &ScreenFact, title: &str, text: &str) -> Screen {
    let mut screen = Screen::new(fact.id, title);
    screen.text.push(text.to_owned());
    screen
}

const fn titled(fact: &ScreenFact, windows_11: bool) -> &'static str {
    if windows_11 { fact.w11_title } else { fact.w10_title }
}

/// The tile that this Windows offers.
pub const fn tile(windows_11: bool) -> &'static str {
    if windows_11 { PRE_PROVISION } else { PROVISIONING }
}

/// `preprov.options`: what would you like to do? `picked` is the entry that the person chose.
pub fn options(windows_11: bool, picked: Option<&str>) -> Screen {
    let fact = screens::PREPROV_OPTIONS;
    let mut screen = page(
        fact,
        titled(fact, windows_11),
        "These options are for the people who prepare devices for others.",
    );
    let labels = [tile(windows_11), PACKAGE];
    let chosen = labels.iter().position(|label| picked == Some(*label)).unwrap_or(0);
    let choice = |(at, label): (usize, &&str)| Choice { label: (*label).to_owned(), chosen: at == chosen };
    screen.choices = labels.iter().enumerate().map(choice).collect();
    screen.buttons = buttons(&["Cancel", if windows_11 { "Next" } else { "Continue" }]);
    screen
}

/// `preprov.info`: what the device will be (PRE-002). `error` says what a refresh met; `refreshing`, that one is under
/// way (the buttons stay, pressing them then does nothing).
pub fn information(
    windows_11: bool,
    deployment: &Deployment,
    error: Option<String>,
    refreshing: bool,
) -> Screen {
    let fact = screens::PREPROV_INFO;
    let mut screen = page(
        fact,
        titled(fact, windows_11),
        if refreshing {
            "Asking for the profile..."
        } else {
            "Check that this is what the device should become. If it is not, change the assignment and refresh."
        },
    );
    screen.error = error;
    screen.facts = deployment.facts();
    screen.qr = Some(deployment.qr());
    screen.buttons = buttons(&[REFRESH, if windows_11 { "Next" } else { PROVISION }]);
    screen.busy = refreshing;
    screen
}

/// `preprov.restart`: the device gets its name and restarts (PRE-005).
pub fn restarting() -> Screen {
    let fact = screens::PREPROV_RESTART;
    let mut screen = page(fact, fact.w11_title, "Please wait while we set up your device.");
    screen.busy = true;
    screen
}

/// `preprov.success`: the green page (PRE-007). Its QR code is there on Windows 10 only (PRE-010).
pub fn success(windows_11: bool, deployment: &Deployment, elapsed: Span) -> Screen {
    let mut screen = page(
        screens::PREPROV_SUCCESS,
        "This device is ready for its user",
        "Reseal it: the device turns off, and its user goes on from there.",
    );
    result(&mut screen, Verdict::Success, windows_11, deployment, elapsed);
    screen.buttons = buttons(&[RESEAL]);
    screen
}

/// `preprov.failure`: the red page (PRE-009). `error` is what went wrong, its code included.
pub fn failure(windows_11: bool, deployment: &Deployment, error: &str, elapsed: Span) -> Screen {
    let mut screen = page(
        screens::PREPROV_FAILURE,
        "Something went wrong",
        "Retry once the cause is gone, or reset the device to begin again.",
    );
    result(&mut screen, Verdict::Failure, windows_11, deployment, elapsed);
    screen.error = Some(error.to_owned());
    screen.buttons = buttons(if windows_11 { &[RESET, RETRY] } else { &[VIEW_DIAGNOSTICS, RESET, RETRY] });
    screen
}

fn result(screen: &mut Screen, verdict: Verdict, windows_11: bool, deployment: &Deployment, elapsed: Span) {
    screen.verdict = Some(verdict);
    screen.facts = deployment.facts();
    screen.facts.push(fact("Elapsed time", &clock(elapsed)));
    if windows_11 {
        screen.keys.push(DIAGNOSTICS_KEY.to_owned());
    } else {
        screen.qr = Some(deployment.qr());
    }
}

/// `0:23:07`: hours, minutes, seconds.
fn clock(span: Span) -> String {
    let seconds = span.as_millis() / 1_000;
    format!("{}:{:02}:{:02}", seconds / 3_600, seconds / 60 % 60, seconds % 60)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn deployment() -> Deployment {
        Deployment {
            organization: "Contoso".into(),
            profile: "Shop floor".into(),
            user: Some("alice@contoso.test".into()),
            device_id: "e13be37b-1913-4983-9bc4-0d6ccfe0153b".into(),
        }
    }

    #[test]
    fn the_pages_tell_what_the_documents_list() {
        let info = information(true, &deployment(), None, false);
        let labels: Vec<&str> = info.facts.iter().map(|f| f.label.as_str()).collect();
        assert_eq!(labels, ["Organization", "Profile", "Assigned user"]);
        assert_eq!(info.qr.as_deref(), Some("E13BE37B-1913-4983-9BC4-0D6CCFE0153B"));

        let nobody = Deployment { user: None, ..deployment() };
        let green = success(true, &nobody, Span::from_secs(1_387));
        let facts: Vec<&str> = green.facts.iter().map(|f| f.value.as_str()).collect();
        assert_eq!(facts, ["Contoso", "Shop floor", "0:23:07"]);
        assert_eq!(green.verdict, Some(Verdict::Success));
    }

    #[test]
    fn only_windows_10_has_the_qr_code_and_the_diagnostics_button_on_its_result_pages() {
        let labels = |screen: &Screen| screen.buttons.iter().map(|b| b.label.clone()).collect::<Vec<_>>();
        let (ten, eleven) =
            (failure(false, &deployment(), "x", Span::ZERO), failure(true, &deployment(), "x", Span::ZERO));
        assert_eq!(labels(&ten), [VIEW_DIAGNOSTICS, RESET, RETRY]);
        assert_eq!(labels(&eleven), [RESET, RETRY]);
        assert!(ten.qr.is_some() && eleven.qr.is_none());
        assert_eq!(eleven.keys, [DIAGNOSTICS_KEY]);
    }
}
