//! The self-deploying mode: nobody presses a key until the device is ready, then its first user signs in.

use crate::session::{ENTER, F9, Session};

const SCENARIO: &str = "scenarios/self-deploying.toml";

#[test]
fn nobody_touches_the_device_until_its_first_user_signs_in() {
    for (columns, rows) in [(80, 24), (120, 40)] {
        let mut session = Session::start(&["tui", SCENARIO, "--speed", "3600x"], columns, rows);
        session.wait_for("Other user");
        session.wait_for("YOUR TURN, alice");
        session.wait_for("nobody touched it");
        // The run is not over: whoever sits at the terminal may sign in.
        session.press(F9);
        session.wait_for("●●●●");
        session.press(ENTER);
        session.wait_for("ENDED: desktop");
        session.leave();
    }
}
