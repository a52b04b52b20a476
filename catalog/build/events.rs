//! Events, sequences, registry values, files.

use serde::Deserialize;

use crate::emit::{self, Row, nums, opt, str, strs};

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct File {
    event: Vec<Event>,
    sequence: Vec<Sequence>,
    registry: Vec<Registry>,
    #[serde(rename = "file")]
    paths: Vec<Path>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Event {
    id: i32,
    channel: String,
    level: String,
    r#const: Option<String>,
    template: String,
    #[serde(default)]
    params: Vec<String>,
    text_source: String,
    emit_when: String,
    #[serde(default)]
    states: Vec<String>,
    #[serde(default)]
    modes: Vec<String>,
    #[serde(default)]
    followed_by: Vec<i32>,
    #[serde(default)]
    after: Vec<i32>,
    #[serde(default)]
    known: Vec<String>,
    registry_effect: Option<String>,
    note: Option<String>,
    source: String,
    #[serde(default)]
    card: bool,
    basis: String,
    #[serde(default)]
    rules: Vec<String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Sequence {
    name: String,
    #[serde(default)]
    ids: Vec<i32>,
    #[serde(default)]
    steps: Vec<String>,
    note: Option<String>,
    basis: String,
    #[serde(default)]
    rules: Vec<String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Registry {
    r#const: String,
    key: String,
    value: String,
    r#type: String,
    type_source: String,
    meaning: String,
    written_when: String,
    #[serde(default)]
    note: Vec<String>,
    source: String,
    #[serde(default)]
    card: bool,
    basis: String,
    #[serde(default)]
    rules: Vec<String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Path {
    r#const: String,
    #[serde(rename = "path")]
    name: String,
    meaning: String,
    note: Option<String>,
    source: String,
    basis: String,
    #[serde(default)]
    rules: Vec<String>,
}

/// Order and variant of a channel.
fn channel(name: &str) -> (u8, &'static str) {
    match name {
        "autopilot" => (0, "Autopilot"),
        "management" => (1, "Management"),
        "mdm" => (2, "Mdm"),
        "udr" => (3, "Udr"),
        "shell" => (4, "Shell"),
        "hello" => (5, "Hello"),
        "push" => (6, "Push"),
        "odj" => (7, "Odj"),
        other => panic!("unknown channel {other}"),
    }
}

fn event(e: &Event) -> Row {
    let level = match e.level.as_str() {
        "info" => "Info",
        "warning" => "Warning",
        "error" => "Error",
        other => panic!("event {}: unknown level {other}", e.id),
    };
    let text_source = match e.text_source.as_str() {
        "document" => "Document",
        "observed" => "Observed",
        "public" => "Public",
        "ours" => "Ours",
        other => panic!("event {}: unknown text source {other}", e.id),
    };
    let name = e.r#const.clone().unwrap_or_else(|| emit::ident(&format!("{}_{}", e.channel, e.id)));
    let value = format!(
        "Event {{ name: {}, channel: Channel::{}, id: {}, level: Level::{level}, template: {}, params: {}, \
         text_source: TextSource::{text_source}, emit_when: {}, states: {}, modes: {}, followed_by: {}, after: {}, \
         known: {}, registry_effect: {}, note: {}, source: {}, card: {}, basis: {}, rules: {} }}",
        str(&name),
        channel(&e.channel).1,
        e.id,
        str(&e.template),
        strs(&e.params),
        str(&e.emit_when),
        strs(&e.states),
        strs(&e.modes),
        nums(&e.followed_by),
        nums(&e.after),
        strs(&e.known),
        opt(e.registry_effect.as_ref()),
        opt(e.note.as_ref()),
        str(&e.source),
        e.card,
        emit::basis(&e.basis),
        strs(&e.rules),
    );
    Row { doc: format!("{} {}: {}", e.channel, e.id, e.template), name, value }
}

fn sequence(s: &Sequence) -> String {
    format!(
        "Sequence {{ name: {}, ids: {}, steps: {}, note: {}, basis: {}, rules: {} }}",
        str(&s.name),
        nums(&s.ids),
        strs(&s.steps),
        opt(s.note.as_ref()),
        emit::basis(&s.basis),
        strs(&s.rules),
    )
}

pub(crate) fn emit(file: &File) -> String {
    let mut events: Vec<&Event> = file.event.iter().collect();
    events.sort_by_key(|e| (channel(&e.channel).0, e.id));
    let rows: Vec<Row> = events.into_iter().map(event).collect();
    emit::table("Event", &rows) + &emit::list("SEQUENCES", "Sequence", file.sequence.iter().map(sequence))
}

pub(crate) fn emit_registry(file: &File) -> String {
    let rows: Vec<Row> = file
        .registry
        .iter()
        .map(|r| Row {
            name: r.r#const.clone(),
            doc: format!("{} {}: {}", r.key.replace('\\', "/"), r.value, r.meaning),
            value: format!(
                "RegistryFact {{ id: {}, key: {}, value: {}, kind: {}, kind_source: {}, meaning: {}, \
                 written_when: {}, notes: {}, source: {}, card: {}, basis: {}, rules: {} }}",
                str(&r.r#const),
                str(&r.key),
                str(&r.value),
                str(&r.r#type),
                str(&r.type_source),
                str(&r.meaning),
                str(&r.written_when),
                strs(&r.note),
                str(&r.source),
                r.card,
                emit::basis(&r.basis),
                strs(&r.rules),
            ),
        })
        .collect();
    emit::table("RegistryFact", &rows)
}

pub(crate) fn emit_files(file: &File) -> String {
    let rows: Vec<Row> = file
        .paths
        .iter()
        .map(|f| Row {
            name: f.r#const.clone(),
            doc: format!("{}: {}", f.name.replace('\\', "/"), f.meaning),
            value: format!(
                "FileFact {{ id: {}, path: {}, meaning: {}, note: {}, source: {}, basis: {}, rules: {} }}",
                str(&f.r#const),
                str(&f.name),
                str(&f.meaning),
                opt(f.note.as_ref()),
                str(&f.source),
                emit::basis(&f.basis),
                strs(&f.rules),
            ),
        })
        .collect();
    emit::table("FileFact", &rows)
}
