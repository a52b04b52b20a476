//! Screens, phases and buttons of the status page, keys.

use serde::Deserialize;

use crate::bounds::Kbs;
use crate::emit::{self, Row, opt, str, strs};

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct File {
    #[serde(rename = "key")]
    keys: Vec<Key>,
    esp_phase: Vec<Phase>,
    esp_status: Vec<Status>,
    esp_buttons: Vec<Buttons>,
    #[serde(rename = "screen")]
    screens: Vec<Screen>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Key {
    key: String,
    effect: String,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Phase {
    id: String,
    title: String,
    part: String,
    runs_in: Vec<String>,
    #[serde(default)]
    not_in: Vec<String>,
    subtasks: Vec<String>,
    #[serde(default)]
    instantly_complete_in_user_driven: Vec<String>,
    tracked: Option<String>,
    corrected: Option<String>,
    identifying_state: Option<String>,
    identifying_stuck_when: Option<String>,
    source: String,
    basis: String,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Status {
    values: Vec<String>,
    note: String,
    source: String,
    basis: String,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Buttons {
    mask: u8,
    #[serde(default, rename = "buttons")]
    shown: Vec<String>,
    #[serde(default)]
    note: String,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Screen {
    id: String,
    group: String,
    w10_title: String,
    w11_title: String,
    #[serde(default)]
    content: Vec<String>,
    #[serde(default)]
    buttons: Vec<String>,
    #[serde(default)]
    keys: Vec<String>,
    visibility: String,
    #[serde(default)]
    next: Vec<String>,
    #[serde(default)]
    results: Vec<String>,
    since: Option<String>,
    source: Vec<String>,
    note: Option<String>,
    corrected: Option<String>,
    #[serde(default)]
    card: bool,
    basis: String,
    #[serde(default)]
    rules: Vec<String>,
}

pub(crate) fn emit(mut file: File, kbs: &Kbs) -> String {
    file.screens.sort_by(|a, b| a.id.cmp(&b.id));
    let rows: Vec<Row> = file.screens.iter().map(|s| screen(s, kbs)).collect();
    let keys = file.keys.iter().map(|k| format!("KeyFact {{ key: {:?}, effect: {:?} }}", k.key, k.effect));
    let buttons = file.esp_buttons.iter().map(|b| {
        let shown = strs(&b.shown);
        format!("EspButtons {{ mask: {}, buttons: {shown}, note: {:?} }}", b.mask, b.note)
    });
    let [s] = file.esp_status.as_slice() else { panic!("one esp_status") };
    let status = format!(
        "static STATUS: EspStatus = EspStatus {{ values: {}, note: {}, source: {}, basis: {} }};\n",
        strs(&s.values),
        str(&s.note),
        str(&s.source),
        emit::basis(&s.basis)
    );
    emit::table("ScreenFact", &rows)
        + &emit::list("KEY_TABLE", "KeyFact", keys)
        + &emit::list("PHASE_TABLE", "EspPhase", file.esp_phase.iter().map(phase))
        + &emit::list("BUTTON_TABLE", "EspButtons", buttons)
        + &status
}

fn phase(p: &Phase) -> String {
    format!(
        "EspPhase {{ id: {}, title: {}, part: {}, runs_in: {}, not_in: {}, subtasks: {}, \
         instantly_complete_in_user_driven: {}, tracked: {}, corrected: {}, identifying_state: {}, \
         identifying_stuck_when: {}, source: {}, basis: {} }}",
        str(&p.id),
        str(&p.title),
        str(&p.part),
        strs(&p.runs_in),
        strs(&p.not_in),
        strs(&p.subtasks),
        strs(&p.instantly_complete_in_user_driven),
        opt(p.tracked.as_ref()),
        opt(p.corrected.as_ref()),
        opt(p.identifying_state.as_ref()),
        opt(p.identifying_stuck_when.as_ref()),
        str(&p.source),
        emit::basis(&p.basis),
    )
}

fn screen(s: &Screen, kbs: &Kbs) -> Row {
    let value = format!(
        "ScreenFact {{ id: {}, group: {}, w10_title: {}, w11_title: {}, content: {}, buttons: {}, keys: {}, \
         visibility: {}, next: {}, results: {}, since: {}, sources: {}, note: {}, corrected: {}, card: {}, basis: {}, rules: {} }}",
        str(&s.id),
        str(&s.group),
        str(&s.w10_title),
        str(&s.w11_title),
        strs(&s.content),
        strs(&s.buttons),
        strs(&s.keys),
        str(&s.visibility),
        strs(&s.next),
        strs(&s.results),
        kbs.limit(s.since.as_ref()),
        strs(&s.source),
        opt(s.note.as_ref()),
        opt(s.corrected.as_ref()),
        s.card,
        emit::basis(&s.basis),
        strs(&s.rules),
    );
    Row { name: emit::ident(&s.id), doc: format!("{}: {}", s.id, s.w11_title), value }
}
