//! The device name that a profile gives: a template, expanded on the device, pending until it starts again.
//!
//! PRO-034 also has that restart come before the ESP when it can. Nothing here asks for one: the name waits for
//! whatever start comes next, and without one it stays pending.

use oobe_catalog::{events, registry, rules};
use oobe_wire::model::AutopilotProfile;
use oobe_wire::rng::Stream;

use super::Parts;
use crate::cx::Cx;
use crate::dialogue::profile::write;
use crate::registry::RegistryValue;

/// Most characters that a name may have (PRO-007).
const MOST: usize = 15;

/// Expands the profile's template, once on each disk: the name waits there for the next start (PRO-034). Called when
/// the device is joined, so the join and the enrolment that follows it carry the old name.
pub(super) fn assign(cx: &mut Cx<'_>, parts: &mut Parts<'_>) {
    let Some(profile) = parts.profile.as_ref() else { return };
    if parts.assigned_name.is_some() || !names_the_device(profile) {
        return;
    }
    let template = profile.cloud_assigned_device_name.clone();
    cx.event(events::AUTOPILOT_103, &[("name", "CloudAssignedDeviceName"), ("value", &template)]);
    let whole = expand(&template, &cx.setup.hardware.record.smbios.system_serial_number, cx.rng);
    let Some(name) = fit(&whole) else {
        let text = format!("{template:?} gives no name that a device can have: it keeps its own");
        cx.decided(rules::PRO_007, text);
        return;
    };
    cx.decided(rules::PRO_008, format!("{template:?} gives the device name {name:?}"));
    if name != whole.text() {
        cx.decided(rules::MOD_016, format!("{:?} does not fit: {name:?} is left of it", whole.text()));
    }
    cx.decided(rules::PRO_034, "the name is pending until the device starts again");
    write(cx, registry::COMPUTER_NAME_PENDING, RegistryValue::String(name.clone()));
    *parts.assigned_name = Some(name);
}

/// Windows starts: a pending name becomes the device's own, and management says it from now on.
pub(super) fn take(cx: &mut Cx<'_>, parts: &mut Parts<'_>) {
    let Some(name) = parts.assigned_name.clone().filter(|name| name != parts.computer_name) else { return };
    cx.decided(rules::PRO_034, format!("the device starts as {name:?}"));
    write(cx, registry::COMPUTER_NAME_ACTIVE, RegistryValue::String(name.clone()));
    if let Some(management) = parts.management.as_mut() {
        management.renamed(&name);
    }
    *parts.computer_name = name;
}

/// PRO-034 is about the Entra join; a hybrid join names devices in a way of its own.
fn names_the_device(profile: &AutopilotProfile) -> bool {
    !profile.cloud_assigned_device_name.is_empty() && profile.cloud_assigned_domain_join_method == 0
}

/// A template with its values put in.
#[derive(Debug, PartialEq, Eq)]
struct Expanded(Vec<Piece>);

#[derive(Debug, PartialEq, Eq)]
enum Piece {
    /// Stands as it is: text and random digits.
    Fixed(String),
    /// The serial number: gives way when the name is too long.
    Serial(String),
}

impl Expanded {
    /// The name before anything is made to fit.
    fn text(&self) -> String {
        self.0.iter().map(|(Piece::Fixed(text) | Piece::Serial(text))| text.as_str()).collect()
    }
}

/// PRO-008. What is no known macro stays as it is.
fn expand(template: &str, serial: &str, rng: &mut Stream) -> Expanded {
    let mut pieces = Vec::new();
    let mut rest = template;
    while let Some(at) = rest.find('%') {
        let (before, from) = rest.split_at(at);
        pieces.push(Piece::Fixed(before.to_owned()));
        if let Some(after) = from.strip_prefix("%SERIAL%") {
            pieces.push(Piece::Serial(serial.to_owned()));
            rest = after;
        } else if let Some((count, after)) = random(from) {
            let digits = (0..count).map(|_| char::from(b"0123456789"[digit(rng)])).collect();
            pieces.push(Piece::Fixed(digits));
            rest = after;
        } else {
            pieces.push(Piece::Fixed("%".to_owned()));
            rest = &from[1..];
        }
    }
    pieces.push(Piece::Fixed(rest.to_owned()));
    Expanded(pieces)
}

/// Reads `%RAND:x%` at the beginning: how many digits, and what follows. More than a name can hold are not drawn.
fn random(from: &str) -> Option<(usize, &str)> {
    let (count, after) = from.strip_prefix("%RAND:")?.split_once('%')?;
    let plain = !count.is_empty() && count.bytes().all(|b| b.is_ascii_digit());
    plain.then(|| (count.parse().unwrap_or(MOST).min(MOST), after))
}

fn digit(rng: &mut Stream) -> usize {
    usize::try_from(rng.below(10)).unwrap_or(0)
}

/// PRO-007 by way of MOD-016: what a name can't hold is left out, a serial number that is too long loses its
/// beginning, and what is still too long its end. `None` when nothing is left or digits only.
fn fit(whole: &Expanded) -> Option<String> {
    let allowed =
        |text: &str| -> String { text.chars().filter(|c| c.is_ascii_alphanumeric() || *c == '-').collect() };
    let fixed: usize =
        whole.0.iter().map(|p| if let Piece::Fixed(text) = p { allowed(text).len() } else { 0 }).sum();
    let mut room = MOST.saturating_sub(fixed);
    let mut name = String::new();
    for piece in &whole.0 {
        match piece {
            Piece::Fixed(text) => name.push_str(&allowed(text)),
            Piece::Serial(serial) => {
                let serial = allowed(serial);
                let end = &serial[serial.len().saturating_sub(room)..];
                room -= end.len();
                name.push_str(end);
            }
        }
    }
    name.truncate(MOST);
    name.bytes().any(|b| !b.is_ascii_digit()).then_some(name)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn stream() -> Stream {
        Stream::new(1, &["device", "pc"])
    }

    fn name(template: &str, serial: &str) -> Option<String> {
        fit(&expand(template, serial, &mut stream()))
    }

    #[test]
    fn serial_and_random_digits_are_put_in() {
        assert_eq!(name("PC-%SERIAL%", "AB12").as_deref(), Some("PC-AB12"));
        assert_eq!(name("%SERIAL%-X", "AB12").as_deref(), Some("AB12-X"));
        assert_eq!(name("KIOSK", "AB12").as_deref(), Some("KIOSK"));
        let lab = name("LAB-%RAND:4%", "AB12").expect("a name");
        let digits = lab.strip_prefix("LAB-").expect("the text stays");
        assert!(digits.len() == 4 && digits.bytes().all(|b| b.is_ascii_digit()), "{lab}");
        let mut rng = stream();
        let mut next = || expand("%RAND:9%", "", &mut rng).text();
        assert_ne!(next(), next(), "digits are drawn anew");
    }

    #[test]
    fn what_does_not_fit_gives_way() {
        // The serial number from its beginning, then the whole name from its end.
        assert_eq!(name("PC-%SERIAL%", "FAKE-RB14-0001").as_deref(), Some("PC-KE-RB14-0001"));
        assert_eq!(name("%SERIAL%%SERIAL%-PC", "ABCDEFGHIJ").as_deref(), Some("ABCDEFGHIJIJ-PC"));
        assert_eq!(name("A-VERY-LONG-DEVICE-NAME-%SERIAL%", "AB12").as_deref(), Some("A-VERY-LONG-DEV"));
        assert_eq!(name("PC %SERIAL%", "AB/1 2\u{e9}").as_deref(), Some("PCAB12"));
        assert_eq!(name("A%RAND:99999999999999999999999%", "").map(|n| n.len()), Some(MOST));
    }

    #[test]
    fn no_name_is_made_of_digits_or_of_nothing() {
        assert_eq!(name("%SERIAL%", "1234"), None);
        assert_eq!(name("%RAND:5%", "AB12"), None);
        assert_eq!(name("%SERIAL%", ""), None);
        assert_eq!(name("%RAND:0%", "AB12"), None);
    }

    #[test]
    fn an_unknown_macro_is_text() {
        assert_eq!(expand("%USER%-1", "AB12", &mut stream()).text(), "%USER%-1");
        assert_eq!(name("A%RAND:%%RAND:x%%", "AB12").as_deref(), Some("ARANDRANDx"));
        assert_eq!(name("50%%SERIAL%", "AB12").as_deref(), Some("50AB12"));
    }
}
