//! `oobe demo`: it needs no file and no key, and whoever watches can take over at any moment.

use crate::session::{ENTER, F9, Session};

/// The whole demo of a mode, in a hurry; what has to come up on the way.
fn watched(mode: &str, (columns, rows): (u16, u16), stations: &[&str], next: &str) {
    let mut session = Session::start(&["demo", mode, "--speed", "300x"], columns, rows);
    session.wait_for("the device is starting");
    session.wait_for("You watch. h takes over, ? lists the keys.");
    for station in stations {
        session.wait_for(station);
    }
    session.wait_for("ENDED: desktop");
    session.wait_for("next: oobe demo");
    session.wait_for(next);
    session.leave();
    assert!(session.contents().contains(": desktop after "), "{}", session.contents());
}

#[test]
fn user_driven_needs_no_key() {
    let stations = ["Welcome to Contoso!", "●●●●", "Account setup"];
    watched("user-driven", (80, 24), &stations, "self-deploying");
}

#[test]
fn self_deploying_needs_no_key() {
    let stations = [
        "Securing your hardware (Working on it...)",
        "TPM: opens a secret",
        "Securing your hardware (Completed)",
        "Other user",
        "alice, to type user name and password",
        "Account setup",
    ];
    watched("self-deploying", (80, 24), &stations, "pre-provisioned");
}

#[test]
fn pre_provisioned_needs_no_key() {
    let stations = [
        "tina presses Win (5",
        "What would you like to do?",
        "Assigned user",
        "Securing your hardware",
        "This device is ready for its user",
        "the device is resealed",
        "1:35:00 until something happens",
        "switched on again, after 1:35:00",
        "alice, to press",
        "Welcome to Contoso!",
        "Account setup",
    ];
    watched("pre-provisioned", (120, 40), &stations, "pre-provisioned --yours");
}

#[test]
fn whoever_watches_takes_over_at_the_sign_on_screen() {
    let mut session = Session::start(&["demo", "self-deploying", "--speed", "600x"], 80, 24);
    session.at("Other user", "h");
    session.wait_for("it is yours now");
    session.press(F9);
    session.wait_for("●●●●");
    session.press(ENTER);
    session.wait_for("ENDED: desktop");
    session.leave();
}
