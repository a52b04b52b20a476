//! The rules of the documents and our own.

use serde::Deserialize;

use crate::bounds::Kbs;
use crate::emit::{self, Row, opt, str, strs};

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct File {
    #[serde(rename = "rule")]
    rules: Vec<Rule>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Rule {
    id: String,
    area: String,
    #[serde(rename = "rule")]
    text: String,
    kind: String,
    source: String,
    line: Option<u32>,
    #[serde(default)]
    card: bool,
    basis: String,
    since: Option<String>,
    until: Option<String>,
    fixed_by: Option<String>,
    #[serde(default)]
    supersedes: Vec<String>,
    #[serde(default)]
    superseded_by: Vec<String>,
    #[serde(default)]
    refined_by: Vec<String>,
    corrected: Option<String>,
}

pub(crate) fn emit(documents: File, model: File, kbs: &Kbs) -> String {
    let mut rules = documents.rules;
    rules.extend(model.rules);
    rules.sort_by(|a, b| a.id.cmp(&b.id));
    let rows: Vec<Row> = rules.iter().map(|r| row(r, kbs)).collect();
    emit::table("Rule", &rows)
}

fn row(r: &Rule, kbs: &Kbs) -> Row {
    let kind = match r.kind.as_str() {
        "flow" => "Flow",
        "limit" => "Limit",
        "error" => "Error",
        "ui" => "Ui",
        "artifact" => "Artifact",
        "data" => "Data",
        other => panic!("{}: unknown kind {other}", r.id),
    };
    let value = format!(
        "Rule {{ id: {}, area: {}, text: {}, kind: Kind::{kind}, source: {}, line: {:?}, card: {}, basis: {}, \
         since: {}, until: {}, fixed_by: {}, supersedes: {}, superseded_by: {}, refined_by: {}, corrected: {} }}",
        str(&r.id),
        str(&r.area),
        str(&r.text),
        str(&r.source),
        r.line,
        r.card,
        emit::basis(&r.basis),
        kbs.limit(r.since.as_ref()),
        kbs.limit(r.until.as_ref()),
        kbs.limit(r.fixed_by.as_ref()),
        strs(&r.supersedes),
        strs(&r.superseded_by),
        strs(&r.refined_by),
        opt(r.corrected.as_ref()),
    );
    Row { name: emit::ident(&r.id), doc: format!("{} ({}): {}", r.id, r.area, r.text), value }
}
