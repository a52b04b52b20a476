//! Everything that can stand on a screen of this device for a person to press, fill in or stroke: what scenario files
//! are held against, so that a button that never comes is an error of the file and not a silence of the run. A device
//! built for debugging holds each screen that it shows against the same lists.

use oobe_catalog::screens;

use super::technician as pages;
use super::{Screen, WINDOWS_KEY};

/// Regions that an image offers.
pub(crate) const REGIONS: [&str; 4] = ["United States", "Germany", "Japan", "United Kingdom"];
/// Keyboard layouts.
pub(crate) const LAYOUTS: [&str; 4] = ["US", "German", "Japanese", "United Kingdom"];
/// Entries of `plain.personal-or-work`.
pub(crate) const WORK: &str = "Set up for work or school";
pub(crate) const PERSONAL: &str = "Set up for personal use";

/// Buttons and entries of lists that a screen of that id may show; empty when this device never shows such a screen,
/// or nothing on it can be pressed.
pub fn captions(screen: &str) -> Vec<&'static str> {
    let fixed: &[&str] = match screen {
        "oobe.recovery" | "oobe.network" => &["Next"],
        "oobe.region" => return [&REGIONS[..], &["Yes"]].concat(),
        "oobe.keyboard" => return [&LAYOUTS[..], &["Yes"]].concat(),
        "oobe.keyboard2" => &["Add layout", "Skip"],
        "oobe.eula" => &["Decline", "Accept"],
        "oobe.privacy" => &["Accept"],
        "plain.personal-or-work" => &[WORK, PERSONAL, "Next"],
        "plain.account" | "entra.signin" => &["Sign in", "Next"],
        "entra.password" => &["Back", "Sign in", "Next"],
        "entra.wrong-org" => &["Start over"],
        "entra.error" => &["Try again"],
        "esp.error" => &["Reset device", "Try again", "Continue anyway", "Collect logs"],
        "winlogon.signin" => &["Sign in"],
        "preprov.options" => {
            &[pages::PRE_PROVISION, pages::PROVISIONING, pages::PACKAGE, "Cancel", "Next", "Continue"]
        }
        "preprov.info" => &[pages::REFRESH, "Next", pages::PROVISION],
        "preprov.success" => &[pages::RESEAL],
        "preprov.failure" => &[pages::VIEW_DIAGNOSTICS, pages::RESET, pages::RETRY],
        _ => &[],
    };
    fixed.to_vec()
}

/// Names of the fields that a screen of that id may have.
pub fn fields(screen: &str) -> &'static [&'static str] {
    match screen {
        "plain.account" | "entra.signin" => &["username"],
        "entra.password" => &["password"],
        "winlogon.signin" => &["username", "password"],
        _ => &[],
    }
}

/// Keys that some screen of this device, or of the documents, takes.
pub fn keys() -> Vec<&'static str> {
    let mut keys: Vec<&str> = screens::keys().iter().map(|fact| fact.key).collect();
    keys.extend([WINDOWS_KEY, "Esc"]);
    keys
}

/// What stands on a screen and is in no list: nothing, or the list was forgotten.
pub(crate) fn unlisted(screen: &Screen) -> Vec<String> {
    let (known, fields) = (captions(&screen.id), fields(&screen.id));
    let pressed = screen.buttons.iter().map(|b| &b.label).chain(screen.choices.iter().map(|c| &c.label));
    let pressed = pressed.filter(|label| !known.contains(&label.as_str()));
    let filled = screen.fields.iter().map(|f| &f.name).filter(|name| !fields.contains(&name.as_str()));
    pressed.chain(filled).cloned().collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_lists_are_of_screens_that_the_catalogue_has() {
        for screen in screens::ALL {
            let captions = captions(screen.id);
            let mut once = captions.clone();
            once.sort_unstable();
            once.dedup();
            assert_eq!(once.len(), captions.len(), "{}", screen.id);
        }
        assert!(captions("entra.signin").contains(&"Sign in"));
        assert!(captions("no.such").is_empty());
        assert!(keys().contains(&super::super::WINDOWS_KEY_FIVE_TIMES));
    }

    #[test]
    fn the_technicians_pages_are_all_in_the_lists() {
        let deployment = pages::Deployment::default();
        for windows_11 in [false, true] {
            for screen in [
                pages::options(windows_11, None),
                pages::information(windows_11, &deployment, None, false),
                pages::success(windows_11, &deployment, crate::time::Span::ZERO),
                pages::failure(windows_11, &deployment, "", crate::time::Span::ZERO),
            ] {
                assert_eq!(unlisted(&screen), [""; 0], "{}", screen.id);
            }
        }
    }
}
