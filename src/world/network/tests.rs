//! Faults of a scenario are told where they strike, each by its name; what comes to nothing is told at the end.

use oobe_agent::io::{Note, NoteFault};

use crate::scenario::{Fixtures, parse};
use crate::trace::record::{FaultPlace, Record, ScenarioPart, What};
use crate::world::{RunOptions, run};

const DEVICE: &str = r#"
    oobe = 1
    title = "Faults"
    time_limit = "2h"
    [tenant.contoso]
    preset = "contoso"
    [device.pc]
    preset = "laptop"
    registered = { tenant = "contoso", profile = "standard" }
    [person.alice]
    preset = "quick"
    user = "alice@contoso.test"
    tries = 20
"#;

fn trace(rest: &str) -> Vec<Record> {
    let scenario = parse("test", "test.toml", &format!("{DEVICE}{rest}"), &Fixtures::built_in(), &[]);
    let mut records = Vec::new();
    run(&scenario.expect("it is sound"), &RunOptions::default(), &mut |r| records.push(r.clone()))
        .expect("it runs");
    records
}

/// Where in the trace faults struck.
fn strikes(records: &[Record]) -> Vec<usize> {
    (0..records.len()).filter(|at| matches!(records[*at].what, What::Injected { .. })).collect()
}

/// The name and place of the fault at that record, what it does, and the URL of the request that it stands behind.
fn told(records: &[Record], at: usize) -> (&str, FaultPlace, &str, Option<&str>) {
    let What::Injected { fault, place, does, request } = &records[at].what else {
        panic!("no fault: {:?}", records[at])
    };
    let asked = request.map(|id| {
        let url = records[..at].iter().rev().find_map(|record| match &record.what {
            What::Request { id: asked, url, .. } if *asked == id => Some(url.as_str()),
            _ => None,
        });
        url.expect("the request stands before the fault")
    });
    (fault, *place, does, asked)
}

#[test]
fn a_fault_on_the_way_is_told_behind_the_request_that_meets_it() {
    let records = trace(
        r#"
        [[fault]]
        name = "the first sign-in is cut off"
        network = { host = "login.microsoftonline.com", path = "*/token", fails = "reset" }
        nth = 1
        "#,
    );
    let [at] = strikes(&records)[..] else { panic!("it strikes once") };
    let (fault, place, does, asked) = told(&records, at);
    assert_eq!((fault, place), ("the first sign-in is cut off", FaultPlace::Network));
    assert_eq!(does, "login.microsoftonline.com hangs up");
    assert!(asked.expect("a request").ends_with("/token"));
}

#[test]
fn a_fault_without_a_name_goes_by_its_number_and_the_first_of_two_is_the_one_that_counts() {
    let records = trace(
        r#"
        [[fault]]
        network = { host = "ztd.dds.microsoft.com", fails = "refused" }
        times = 1
        [[fault]]
        network = { host = "ztd.dds.microsoft.com", fails = "dns" }
        times = 1
        "#,
    );
    let [at] = strikes(&records)[..] else { panic!("one of them decides") };
    assert_eq!(told(&records, at).0, "fault 1");
    let unused: Vec<&Record> = records.iter().filter(|r| matches!(r.what, What::Unused { .. })).collect();
    let expected = What::Unused { part: ScenarioPart::Fault, name: "fault 2".into() };
    assert_eq!(unused.iter().map(|r| &r.what).collect::<Vec<_>>(), [&expected], "the other changed nothing");
}

#[test]
fn an_answer_put_in_the_place_of_the_real_one_is_called_forced_and_the_service_never_hears_of_it() {
    let records = trace(
        r#"
        [[fault]]
        name = "forced"
        force = { request = { host = "ztd.dds.microsoft.com", method = "POST" }, status = 503 }
        "#,
    );
    let at = strikes(&records)[0];
    let (fault, place, does, asked) = told(&records, at);
    assert_eq!((fault, place), ("forced", FaultPlace::Force));
    assert_eq!(does, "status 503 is put in place of the real answer: forced, no cause");
    assert!(asked.expect("a request").starts_with("https://ztd.dds.microsoft.com/"));
    let heard = |r: &&Record| matches!(&r.what, What::Cloud { service, .. } if service == "ztd");
    assert_eq!(records.iter().find(heard), None, "the service was never asked");
}

#[test]
fn a_fault_of_a_service_is_told_by_its_name_and_the_device_blames_the_service() {
    let records = trace(
        r#"
        [[fault]]
        name = "maintenance"
        service = { host = "enrollment.manage.microsoft.com", operation = "RST/wstep", does = { soap-fault = { error = "InMaintenance" } } }
        times = 1
        "#,
    );
    let [at] = strikes(&records)[..] else { panic!("it strikes once") };
    let (fault, place, does, _) = told(&records, at);
    assert_eq!((fault, place), ("maintenance", FaultPlace::Service));
    assert_eq!(does, "the service answers with the SOAP fault InMaintenance");
    let blamed = records[at..].iter().find_map(|record| match &record.what {
        What::Note { note: Note::Failed { fault, .. } } => Some(*fault),
        _ => None,
    });
    assert_eq!(blamed, Some(NoteFault::PeerRefused), "a device can't know who is behind it");
}

#[test]
fn a_fault_of_the_machine_is_told_when_it_comes() {
    let records = trace(
        r#"
        [[fault]]
        name = "somebody leans on the button"
        machine = "restart"
        from = "30s"
        "#,
    );
    let [at] = strikes(&records)[..] else { panic!("it strikes once") };
    let (fault, place, does, asked) = told(&records, at);
    assert_eq!((fault, place, asked), ("somebody leans on the button", FaultPlace::Machine, None));
    assert_eq!((does, records[at].t.as_millis()), ("someone restarts the device", 30_000));
}

#[test]
fn what_comes_to_nothing_is_told_before_the_end() {
    let records = trace(
        r#"
        [[fault]]
        name = "a host that nobody asks"
        network = { host = "nobody.test", fails = "refused" }
        [[fault]]
        name = "a service that nobody asks"
        service = { host = "nobody.test", does = { status = 500 } }
        [[when]]
        name = "a screen that never shows"
        on = { screen = "oobe.recovery" }
        do = [{ restart = {} }]
        [[when]]
        name = "the first page"
        on = { screen = "oobe.region" }
        do = [{ link = { to = "wifi" } }]
        "#,
    );
    let unused: Vec<(ScenarioPart, &str)> = records
        .iter()
        .filter_map(|record| match &record.what {
            What::Unused { part, name } => Some((*part, name.as_str())),
            _ => None,
        })
        .collect();
    assert_eq!(
        unused,
        [
            (ScenarioPart::Fault, "a host that nobody asks"),
            (ScenarioPart::Fault, "a service that nobody asks"),
            (ScenarioPart::When, "a screen that never shows"),
        ]
    );
    assert!(matches!(records.last().expect("records").what, What::End { .. }));
}

fn unused(records: &[Record]) -> Vec<&str> {
    records
        .iter()
        .filter_map(|record| match &record.what {
            What::Unused { name, .. } => Some(name.as_str()),
            _ => None,
        })
        .collect()
}

#[test]
fn a_fault_that_struck_once_is_not_unused_whenever_it_began_and_however_often() {
    let records = trace(
        r#"
        [[fault]]
        name = "the token service is away"
        service = { host = "login.microsoftonline.com", operation = "grant_type=password", does = { status = 503 } }
        from = "0s"
        times = 1
        [[when]]
        name = "the cable is loose"
        on = { screen = "entra.signin" }
        times = 5
        do = [{ network = { fault = { host = "login.microsoftonline.com", path = "*UserRealm*", fails = "reset" }, lasts = "1m" } }]
        "#,
    );
    let names: Vec<&str> = strikes(&records).into_iter().map(|at| told(&records, at).0).collect();
    assert!(
        names.contains(&"the token service is away") && names.contains(&"the cable is loose"),
        "{names:?}"
    );
    assert_eq!(unused(&records), [] as [&str; 0]);
}

#[test]
fn only_what_a_service_really_does_wrong_is_told() {
    let records = trace(
        r#"
        [[fault]]
        name = "in its place"
        service = { host = "enrollment.manage.microsoft.com", operation = "RST/wstep", does = { status = 503 } }
        times = 1
        [[fault]]
        name = "nothing left to spoil"
        service = { host = "enrollment.manage.microsoft.com", operation = "RST/wstep", does = "foreign-chain" }
        nth = 1
        [[fault]]
        name = "tokens of a service that issues none"
        service = { host = "ztd.dds.microsoft.com", does = { token = "expired" } }
        "#,
    );
    let names: Vec<&str> = strikes(&records).into_iter().map(|at| told(&records, at).0).collect();
    assert_eq!(names, ["in its place"]);
    assert_eq!(unused(&records), ["nothing left to spoil", "tokens of a service that issues none"]);
}

#[test]
fn a_fault_of_one_machine_is_told_of_that_one() {
    let records = trace(
        r#"
        device = "pc"
        [device.other]
        preset = "laptop"
        serial = "FAKE-RB14-0002"
        [[fault]]
        name = "its clock"
        device = "other"
        machine = { clock = "-1d" }
        from = "30s"
        "#,
    );
    let [at] = strikes(&records)[..] else { panic!("it strikes once") };
    assert_eq!(&*records[at].who, "other");
}
