//! The technician flow by real keys, on through the user flow; and its red page.

use std::path::Path;

use oobe::scenario::{LoadOptions, load};
use oobe::world::{RunOptions, World};

use crate::scan::scan;
use crate::session::{ENTER, F5, LEFT, Session};

const SCENARIO: &str = "scenarios/pre-provisioned.toml";
const WINDOWS_KEY_FIVE_TIMES: &str = "wwwww";
const PASSWORD: &str = "TEST ONLY correct horse";

/// The id under which the Autopilot service knows the device of the scenario, once it has its profile.
fn registration_id() -> String {
    let scenario = load(Path::new(SCENARIO), &LoadOptions::default()).expect("the scenario is sound");
    let mut world = World::new(&scenario, &RunOptions::default()).expect("its world can be built");
    loop {
        let profile = world.device("pc").and_then(|device| device.disk().profile.clone());
        if let Some(profile) = profile {
            return profile.ztd_registration_id.to_string();
        }
        assert!(world.ending().is_none(), "the profile never came");
        world.step(&mut |_| {});
    }
}

/// From power-on to the information page.
fn up_to_information(session: &mut Session) {
    session.wait_for("Is this the right country or region?");
    session.wait_for("YOUR TURN, tina");
    session.wait_for("w five times (the");
    session.press(WINDOWS_KEY_FIVE_TIMES);
    session.at("What would you like to do?", ENTER);
    session.wait_for("Assigned user");
    session.wait_for("alice@contoso.test");
}

fn technician_then_user(columns: u16, rows: u16, variables: &[(&str, &str)]) {
    let arguments = ["tui", SCENARIO, "--speed", "3600x"];
    let mut session = Session::start_with(&arguments, columns, rows, variables);
    up_to_information(&mut session);
    let id = registration_id().to_uppercase();
    session.wait("the code scans", |seen| scan(seen.screen.screen()) == [id.as_str()]);

    // Time is held, so that what lasts two seconds can be seen.
    session.press(F5);
    session.at("PAUSED", ENTER);
    session.wait_for("Securing your hardware (Working on it...)");
    session.press(F5);

    session.wait_for("This device is ready for its user");
    session.wait_for("Elapsed time");
    let page = session.contents();
    // `0:01:12`: it took minutes, not hours. The clock of the head has no hours, so it can't be that.
    let minutes = |word: &str| word.len() == 7 && word.starts_with("0:0");
    assert!(page.split_whitespace().any(minutes), "{page}");
    session.at("▐ Reseal ▌", ENTER);
    session.wait_for("the device is resealed");
    session.at("p presses the power button", "p");

    // It is the user's from here on.
    session.wait_for("YOUR TURN, alice");
    for page in
        ["Is this the right country or region?", "Is this the right keyboard", "second keyboard layout?"]
    {
        session.at(page, ENTER);
    }
    session.at("Welcome to Contoso!", "alice@contoso.test");
    session.wait_for("alice@contoso.test");
    session.press(ENTER);
    session.at("Enter password", PASSWORD);
    session.wait_for("●●●●");
    session.press(ENTER);
    session.wait_for("ENDED: desktop");
    session.leave();
    assert!(session.contents().contains("pre-provisioned: desktop after "), "{}", session.contents());
}

#[test]
fn a_technician_reseals_the_device_and_its_user_gets_to_the_desktop() {
    technician_then_user(80, 24, &[]);
}

#[test]
fn the_same_on_a_large_terminal_without_colours() {
    technician_then_user(120, 40, &[("NO_COLOR", "1")]);
}

#[test]
fn the_red_page_tells_the_code_and_offers_retry_and_reset() {
    let vulnerable = "device.pc.tpm=vulnerable-firmware";
    let arguments = ["tui", SCENARIO, "--speed", "3600x", "--set", vulnerable];
    let mut session = Session::start(&arguments, 80, 24);
    up_to_information(&mut session);
    session.press(ENTER);
    session.wait_for("✗ Something went wrong");
    session.wait_for("Securing your hardware failed");
    session.wait_for("0x81039024");
    session.wait_for("Elapsed time");
    // Enter does not destroy anything: it tries again, and fails again.
    session.at("▐ Retry ▌", ENTER);
    session.at("0x81039024", LEFT);
    session.at("▐ Reset ▌", ENTER);
    // The device starts over, and is still its technician's.
    session.wait_for("Is this the right country or region?");
    session.wait_for("YOUR TURN, tina");
    session.leave();
}

/// A TPM that the service trusts nobody to vouch for: seven minutes of trying, then the code.
#[test]
fn a_virtual_tpm_runs_into_the_time_limit() {
    let arguments = ["tui", SCENARIO, "--speed", "3600x", "--set", "device.pc.tpm=hyper-v"];
    let mut session = Session::start(&arguments, 120, 40);
    up_to_information(&mut session);
    session.press(ENTER);
    session.wait_for("Something went wrong");
    session.wait_for("0x800705B4");
    session.wait_for("0:07:");
    session.leave();
}
