//! What the model makes of records.

use oobe_agent::io::{Act, Note, Slot, Timer};
use oobe_agent::time::VirtualTime;

use super::fake;
use super::screens::{self, DEVICE, Tape};
use crate::trace::record::What;
use crate::tui::model::{Change, End, Model, Power, Station};

fn station(model: &Model) -> Option<&Station> {
    model.stations.iter().find(|s| s.name == DEVICE)
}

fn waits(model: &Model) -> Vec<String> {
    station(model).map(|s| s.waits().iter().map(|w| w.words(model.now)).collect()).unwrap_or_default()
}

#[test]
fn a_restart_forgets_what_was_waited_for() {
    let (mut model, mut tape) = (Model::default(), Tape::default());
    model.apply(&tape.device(What::PowerOn));
    model.apply(&tape.device(screens::request(
        Slot::Session,
        "https://mdm.test/omadm",
        "reporting to the server",
    )));
    model.apply(&tape.after(2_000).device(screens::timer(Timer::EspLimit, 60, "the page's limit")));
    assert_eq!(
        waits(&model),
        ["reporting to the server (mdm.test, 2.0 s)", "at most 1:00: the page's limit"]
    );
    let why = "a policy needs a restart".to_owned();
    assert_eq!(model.apply(&tape.device(What::Restart { why: why.clone() })), Change::Scene);
    assert!(waits(&model).is_empty());
    let station = station(&model).expect("it is there");
    assert_eq!((station.restarts, &station.power), (1, &Power::Starting(why)));
    // An answer to a request from before the restart changes nothing.
    model.apply(&tape.device(screens::reply(Slot::Session)));
    assert!(waits(&model).is_empty());
}

#[test]
fn a_screen_that_asks_is_waited_for_first() {
    let (mut model, mut tape) = (Model::default(), Tape::default());
    model.apply(&tape.device(screens::timer(Timer::Poll, 60, "the next session")));
    model.apply(&tape.show(screens::password()));
    assert_eq!(
        waits(&model),
        ["to type password, then \"Back\" or \"Sign in\"", "in 1:00: the next session"]
    );
    assert!(station(&model).is_some_and(Station::asks));
    model.apply(&tape.show(screens::checking("Signing in...")));
    assert!(!station(&model).is_some_and(Station::asks));
}

#[test]
fn power_goes_and_comes_back() {
    let (mut model, mut tape) = (Model::default(), Tape::default());
    let power = |model: &Model| station(model).map(|s| s.power.clone());
    model.apply(&tape.device(What::PowerOn));
    assert_eq!(power(&model), Some(Power::Starting("switched on".into())));
    model.apply(&tape.show(screens::region()));
    assert_eq!(power(&model), Some(Power::Up));
    model.apply(&tape.device(What::PowerLost));
    assert_eq!(power(&model), Some(Power::Off("power was cut".into())));
    assert_eq!(station(&model).map(|s| (s.screen.is_none(), s.power_cuts)), Some((true, 1)));
}

#[test]
fn only_news_deserves_a_frame_of_its_own() {
    let (mut model, mut tape) = (Model::default(), Tape::default());
    assert_eq!(model.apply(&tape.show(screens::device_setup())), Change::Scene);
    assert_eq!(model.apply(&tape.show(screens::device_setup())), Change::Little);
    assert_eq!(model.apply(&tape.device(screens::event("mdm", 72, "enrolled"))), Change::Little);
    let act = Act::Press { button: "Yes".into() };
    assert_eq!(model.apply(&tape.device(What::Act { person: "alice".into(), act })), Change::Acted);
    assert_eq!(model.apply(&tape.show(screens::password())), Change::Scene);
    assert_eq!(model.apply(&tape.show(screens::wrong_password())), Change::Scene);
}

#[test]
fn what_a_decision_rests_on_is_counted_once() {
    let (mut model, mut tape) = (Model::default(), Tape::default());
    for rule in ["USR-013", "USR-013", "MOD-007", "XXX-999"] {
        model.apply(&tape.device(screens::decided(rule, "something")));
    }
    assert_eq!(model.basis().to_string(), "rests on 1 documented, 0 observed, 1 modelled rules");
    let decided = station(&model).and_then(|s| s.decided.clone());
    assert_eq!(decided.map(|d| d.rule).as_deref(), Some("XXX-999"));
}

#[test]
fn cloud_and_world_are_no_devices() {
    let (mut model, mut tape) = (Model::default(), Tape::default());
    let what = || What::Cloud {
        service: "entra".into(),
        what: "token-issued".into(),
        ok: true,
        detail: "to alice".into(),
        rule: None,
    };
    model.apply(&tape.of("cloud", what()));
    model.apply(&tape.of("world", What::End { outcome: "quiet".into(), detail: "nobody acts".into() }));
    assert!(model.stations.is_empty());
    assert_eq!(model.story.front().map(|l| l.text.as_str()), Some("entra token-issued: to alice"));
    assert_eq!(model.end, Some(End { outcome: "quiet".into(), detail: "nobody acts".into() }));
}

#[test]
fn the_story_tells_what_a_person_would() {
    let mut model = Model::default();
    for record in fake::records(fake::user_driven()) {
        model.apply(&record);
    }
    let story: Vec<String> =
        model.story.iter().map(|l| format!("{:>7} {} {}", l.t, l.mark.sign(), l.text)).collect();
    insta::with_settings!({ snapshot_path => "../snapshots", prepend_module_to_snapshot => false }, {
        insta::assert_snapshot!("story", story.join("\n"));
    });
    assert_eq!(model.now, VirtualTime(545_000));
    assert_eq!(station(&model).and_then(|s| s.ended.clone()).as_deref(), Some("desktop"));
}

#[test]
fn failures_are_told_with_their_code() {
    let (mut model, mut tape) = (Model::default(), Tape::default());
    let note = Note::Failed {
        doing: "joining".into(),
        fault: oobe_agent::io::NoteFault::PeerRefused,
        code: Some("0x801C0003 X".into()),
        detail: "no".into(),
    };
    model.apply(&tape.device(What::Note { note }));
    assert_eq!(station(&model).and_then(|s| s.failed.clone()).as_deref(), Some("joining: no (0x801C0003 X)"));
}
