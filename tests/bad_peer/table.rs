//! What came of everything, in a table.

use std::fmt::Write as _;

use crate::Outcomes;
use crate::faults::ALL;
use crate::run::{Asked, Outcome};

const LEGEND: &str = "
ok desktop, ok- desktop without management, err entra.error, esp! esp.error, esp the page still up,
busy oobe.checking, cred the sign-in page, sign winlogon.signin, net oobe.network, plai plain OOBE
";

/// A line for each request, a column for each fault.
pub(crate) fn print(asked: &[Asked], outcomes: &Outcomes) -> String {
    let mut text = format!("{:52}", "");
    for fault in ALL {
        write!(text, "{:>5}", fault.short()).expect("a String takes everything");
    }
    for (index, request) in asked.iter().enumerate() {
        let why: String = request.why.chars().take(46).collect();
        write!(text, "\n{index:>3}  {why:47}").expect("a String takes everything");
        for fault in ALL {
            let cell = outcomes.get(&(index, fault)).map_or("?", cell);
            write!(text, "{cell:>5}").expect("a String takes everything");
        }
    }
    let most = outcomes.iter().max_by_key(|(_, outcome)| outcome.records);
    if let Some(((index, fault), outcome)) = most {
        write!(text, "\nmost records: {} at {index}, {}", outcome.records, fault.short())
            .expect("a String takes everything");
    }
    text.push_str(LEGEND);
    text
}

fn cell(outcome: &Outcome) -> &'static str {
    if outcome.desktop {
        return if outcome.enrolled { "ok" } else { "ok-" };
    }
    match outcome.screen.as_str() {
        "entra.error" => "err",
        "esp.error" => "esp!",
        "oobe.network" => "net",
        "oobe.checking" => "busy",
        "winlogon.signin" => "sign",
        "entra.password" | "entra.signin" => "cred",
        screen if screen.starts_with("plain.") => "plai",
        screen if screen.starts_with("esp.") => "esp",
        screen if screen.starts_with("oobe.") => "oobe",
        "" => "same",
        _ => "else",
    }
}
