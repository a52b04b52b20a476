//! What an administrator and a wipe do in the middle of a run.

use crate::scenario::{Fixtures, parse};
use crate::trace::record::{Record, What};
use crate::world::{RunOptions, RunResult, World, run};
use oobe_agent::io::Note;
use oobe_agent::time::{Span, VirtualTime};

const SCENARIO: &str = r#"
    oobe = 1
    title = "A device that deploys itself"
    time_limit = "3h"
    [tenant.contoso]
    preset = "contoso"
    [tenant.contoso.profile.shared]
    preset = "self-deploying"
    [tenant.contoso.profile.prepared]
    preset = "pre-provisioned"
"#;

fn runs(rest: &str) -> (RunResult, Vec<Record>) {
    let text = format!("{SCENARIO}{rest}");
    let scenario = parse("test", "test.toml", &text, &Fixtures::built_in(), &[]).expect("it is sound");
    let mut records = Vec::new();
    let result = run(&scenario, &RunOptions::default(), &mut |r| records.push(r.clone())).expect("it runs");
    (result, records)
}

/// What the cloud told under that name: whether it was allowed, and in words.
fn told<'t>(records: &'t [Record], name: &str) -> Vec<(bool, &'t str)> {
    let one = |record: &'t Record| match &record.what {
        What::Cloud { what, ok, detail, .. } if what == name => Some((*ok, detail.as_str())),
        _ => None,
    };
    records.iter().filter_map(one).collect()
}

#[test]
fn a_device_that_is_wiped_at_the_sign_on_screen_begins_anew() {
    let (result, records) = runs(
        r#"
        [device.pc]
        preset = "laptop"
        registered = { tenant = "contoso", profile = "shared" }
        [[when]]
        on = { screen = "winlogon.signin" }
        after = "10m"
        do = [{ wipe = {} }]
        "#,
    );
    assert_eq!(result.ending.outcome, "quiet", "the end that it had reached is taken back");
    assert_eq!(told(&records, "device-enrolled").len(), 1);
    assert!(
        told(&records, "mdm-one-time-limit")
            .contains(&(false, "Enrollment blocked for AP device by SDM One Time Limit Check"))
    );
}

const TECHNICIAN: &str = r#"
    [device.pc]
    preset = "laptop"
    registered = { tenant = "contoso", profile = "prepared" }
    [person.tina]
    preset = "quick"
    technician = true
    [person.alice]
    preset = "quick"
    user = "alice@contoso.test"
    [[when]]
    on = { power_off = true }
    after = "1m"
    do = [{ wipe = {} }]
"#;

#[test]
fn a_device_that_is_wiped_while_it_is_off_stays_off_and_is_new_at_its_next_start() {
    let (result, _) = runs(TECHNICIAN);
    assert_eq!(result.ending.outcome, "resealed", "it has been resealed all the same");

    let on_again = "[[when]]\non = { power_off = true }\nafter = \"95m\"\ndo = [{ power-on = {} }]";
    let (_, records) = runs(&format!("{TECHNICIAN}{on_again}"));
    let downloads =
        |r: &&Record| matches!(&r.what, What::Request { url, .. } if url.ends_with("/ztd/v1/profile"));
    assert_eq!(records.iter().filter(downloads).count(), 2, "nothing is left of the first profile");
}

#[test]
fn time_never_runs_back_and_ends_at_the_limit() {
    let text = format!("{SCENARIO}{TECHNICIAN}").replace("\"3h\"", "\"30m\"");
    let scenario = parse("test", "test.toml", &text, &Fixtures::built_in(), &[]).expect("it is sound");
    let options = RunOptions { interactive: true, ..RunOptions::default() };
    let mut world = World::new(&scenario, &options).expect("it can be built");
    let mut times = Vec::new();
    while let Some(due) = world.next_due() {
        // Whoever sits at the terminal looks at the page for hours.
        world.elapse(due + Span::from_mins(600));
        world.step(&mut |record| times.push(record.t));
    }
    assert!(times.is_sorted());
    assert_eq!(times.last(), Some(&(VirtualTime::ZERO + Span::from_mins(30))));
}

#[test]
fn a_profile_is_assigned_under_the_name_that_the_portal_has_for_it() {
    let (result, records) = runs(
        r#"
        [device.pc]
        preset = "laptop"
        registered = { tenant = "contoso" }
        [[when]]
        on = { time = "10s" }
        do = [{ admin = { does = { assign-profile = { device = "pc", profile = "shared" } } } }]
        "#,
    );
    let assigned = told(&records, super::ADMINISTRATOR);
    assert!(assigned[0].0 && assigned[0].1.contains("Self-deploying, shared device"), "{assigned:?}");
    assert_eq!(
        result.ending.outcome, "sign-in",
        "a device whose profile comes later proves its TPM all the same"
    );
}

#[test]
fn an_import_takes_the_hardware_as_it_is_now() {
    let (result, records) = runs(
        r#"
        [device.pc]
        preset = "laptop"
        registered = { tenant = "contoso", profile = "shared", tpm_replaced = true }
        [[when]]
        on = { screen = "oobe.region" }
        do = [
          { admin = { does = { deregister = { device = "pc" } } } },
          { admin = { does = { register = { device = "pc" } } } },
          { wipe = {} },
        ]
        "#,
    );
    let asked: Vec<bool> = told(&records, "ztd-registered").iter().map(|(ok, _)| *ok).collect();
    assert_eq!(asked, [false, true], "LIC-008: with another TPM it was another device");
    assert_eq!(told(&records, "attest-ek-registered").len(), 1);
    assert_eq!(result.ending.outcome, "sign-in");
    let done: Vec<bool> = told(&records, super::ADMINISTRATOR).iter().map(|(ok, _)| *ok).collect();
    assert_eq!(done, [true, true]);
}

#[test]
fn a_device_that_deployed_itself_and_is_wiped_from_the_cloud_deploys_itself_again() {
    let (result, records) = runs(
        r#"
        [device.pc]
        preset = "laptop"
        registered = { tenant = "contoso", profile = "shared" }
        [[when]]
        on = { screen = "winlogon.signin" }
        after = "10m"
        do = [{ admin = { does = { wipe-device = { device = "pc" } } } }]
        "#,
    );
    assert_eq!(result.ending.outcome, "sign-in");
    assert_eq!(told(&records, "device-wiped").len(), 1, "the managed device's record goes with the wipe");
    assert_eq!(told(&records, "device-enrolled").len(), 2, "so the one-time limit does not stand in the way");
}

/// A push comes: whether the device heard it.
fn pushes(records: &[Record]) -> Vec<bool> {
    let heard = |record: &Record| match record.what {
        What::Push { heard } => Some(heard),
        _ => None,
    };
    records.iter().filter_map(heard).collect()
}

const USER_DRIVEN: &str = r#"
    [device.pc]
    preset = "laptop"
    registered = { tenant = "contoso", profile = "standard" }
    [person.alice]
    preset = "quick"
    user = "alice@contoso.test"
"#;

#[test]
fn a_push_to_a_device_that_is_off_is_lost_and_the_order_waits_for_its_next_session() {
    let (result, records) = runs(&format!(
        r#"{USER_DRIVEN}
        [[when]]
        name = "the power fails"
        on = {{ screen = "esp.device-setup" }}
        do = [{{ power-cut = {{ back = "10m" }} }}]
        [[when]]
        name = "meanwhile"
        on = {{ screen = "esp.device-setup" }}
        after = "5m"
        do = [{{ admin = {{ does = {{ wipe-device = {{ device = "pc" }} }} }} }}]
        "#
    ));
    assert_eq!(pushes(&records), [false]);
    assert_eq!(told(&records, "device-wiped").len(), 1, "its first session after the start has the order");
    assert_eq!(told(&records, "device-enrolled").len(), 2);
    assert_eq!(result.ending.outcome, "desktop");
}

#[test]
fn a_restart_from_the_cloud_comes_when_the_session_is_over_and_is_asked_for_once() {
    let (result, records) = runs(&format!(
        r#"{USER_DRIVEN}
        [[when]]
        on = {{ screen = "desktop" }}
        do = [{{ admin = {{ does = {{ restart-device = {{ device = "pc" }} }} }} }}]
        "#
    ));
    assert_eq!(pushes(&records), [true]);
    let restarts: Vec<&str> = records
        .iter()
        .filter_map(|record| match &record.what {
            What::Restart { why } => Some(why.as_str()),
            _ => None,
        })
        .collect();
    assert_eq!(restarts, ["the management server asks for it"]);
    let sessions = records.iter().filter(|record| {
        matches!(&record.what, What::Note { note: Note::State { machine, to, .. } } if machine == "session" && to != "idle")
    });
    assert!(sessions.count() >= 4, "it holds one after the restart, in which it could be asked again");
    let asked = records.iter().filter(|record| {
        matches!(&record.what, What::Note { note: Note::Csp { uri, .. } } if uri.ends_with("RebootNow"))
    });
    assert_eq!(asked.count(), 1);
    assert_eq!(told(&records, "device-enrolled").len(), 1);
    assert_eq!(result.ending.outcome, "desktop");
}

#[test]
fn what_an_administrator_does_to_users_devices_and_tenants_is_asked_of_the_portal() {
    let (_, records) = runs(&format!(
        r#"{USER_DRIVEN}
        [[when]]
        on = {{ screen = "desktop" }}
        do = [
            {{ admin = {{ does = {{ sync-device = {{ device = "pc" }} }} }} }},
            {{ admin = {{ does = {{ enable-device = {{ device = "pc", enabled = false }} }} }} }},
            {{ admin = {{ does = {{ assign-user = {{ device = "pc", user = "alice@contoso.test" }} }} }} }},
            {{ admin = {{ does = {{ assign-user = {{ device = "pc" }} }} }} }},
            {{ admin = {{ does = {{ license-user = {{ user = "alice@contoso.test", licensed = false }} }} }} }},
            {{ admin = {{ does = {{ set-mdm-scope = {{ tenant = "contoso", users = "none" }} }} }} }},
        ]
        "#
    ));
    let done = told(&records, super::ADMINISTRATOR);
    assert_eq!(done.len(), 6);
    assert!(done.iter().all(|(ok, _)| *ok), "{done:?}");
    for change in ["sync-asked", "device-disabled", "licence-changed", "mdm-scope-changed"] {
        assert_eq!(told(&records, change).len(), 1, "{change}");
    }
    assert_eq!(told(&records, "user-assigned").len(), 2);
}

#[test]
fn an_administrator_can_not_wipe_what_is_not_managed() {
    let (_, records) = runs(&format!(
        r#"{USER_DRIVEN}
        [[when]]
        on = {{ screen = "oobe.region" }}
        do = [{{ admin = {{ does = {{ wipe-device = {{ device = "pc" }} }} }} }}]
        "#
    ));
    assert!(!told(&records, super::ADMINISTRATOR)[0].0);
    assert_eq!(pushes(&records), [] as [bool; 0], "nobody is asked for a session");
}

/// Power goes, or the device is resealed, between the order and the end of the session that would carry it out.
#[test]
fn a_wipe_that_was_accepted_is_not_lost_when_power_goes() {
    let wipe = |also: &str| {
        runs(&format!(
            r#"{USER_DRIVEN}
            [[when]]
            on = {{ screen = "desktop" }}
            do = [{{ admin = {{ does = {{ wipe-device = {{ device = "pc" }} }} }} }}]
            {also}"#
        ))
    };
    let (_, records) = wipe("");
    let accepted = records.iter().find_map(|record| match &record.what {
        What::Note { note: Note::Csp { uri, .. } } if uri.ends_with("doWipe") => Some(record.t),
        _ => None,
    });
    let at = accepted.expect("the device accepts it").as_millis() + 1;
    let (result, records) = wipe(&format!(
        r#"
            [[when]]
            on = {{ time = "{at}ms" }}
            do = [{{ power-cut = {{ back = "30s" }} }}]
        "#
    ));
    assert_eq!(told(&records, "device-enrolled").len(), 2, "it is wiped when power is back");
    assert_eq!(result.ending.outcome, "desktop");
}

#[test]
fn two_wipes_before_one_session_are_one() {
    let (_, records) = runs(&format!(
        r#"{USER_DRIVEN}
        [[when]]
        on = {{ screen = "desktop" }}
        do = [
            {{ admin = {{ does = {{ restart-device = {{ device = "pc" }} }} }} }},
            {{ admin = {{ does = {{ wipe-device = {{ device = "pc" }} }} }} }},
            {{ admin = {{ does = {{ wipe-device = {{ device = "pc" }} }} }} }},
        ]
        "#
    ));
    assert_eq!(told(&records, "device-wiped").len(), 1);
    let ordered: Vec<&str> = told(&records, "orders-sent").into_iter().map(|(_, orders)| orders).collect();
    assert!(ordered.contains(&"wipe 2"), "the wipe, and nothing else: {ordered:?}");
}
