//! Result codes.

use serde::Deserialize;

use crate::bounds::Kbs;
use crate::emit::{self, Row, opt, str, strs};

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct File {
    #[serde(rename = "code")]
    codes: Vec<Code>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Code {
    id: String,
    kind: String,
    value: Option<String>,
    #[serde(rename = "code")]
    text: Option<String>,
    name: Option<String>,
    /// A second const.
    also: Option<String>,
    #[serde(default)]
    aliases: Vec<String>,
    title: String,
    class: String,
    wire: Option<String>,
    seen: String,
    shown_at: String,
    causes: Vec<String>,
    causes_basis: String,
    remedy: Vec<String>,
    #[serde(default)]
    modes: Vec<String>,
    #[serde(default)]
    phases: Vec<String>,
    since: Option<String>,
    until: Option<String>,
    fixed_by: Option<String>,
    note: Option<String>,
    source: Vec<String>,
    #[serde(default)]
    card: bool,
    basis: String,
    #[serde(default)]
    rules: Vec<String>,
    #[serde(default)]
    errors: Vec<String>,
}

fn kind(kind: &str) -> &'static str {
    match kind {
        "hresult" => "Hresult",
        "aadsts" => "Aadsts",
        "syncml" => "SyncMl",
        "ztd" => "Ztd",
        "exit" => "Exit",
        "msi" => "Msi",
        "enforcement" => "Enforcement",
        "text" => "Text",
        other => panic!("unknown kind of code {other}"),
    }
}

fn number(text: &str) -> u32 {
    match text.strip_prefix("0x") {
        Some(hex) => u32::from_str_radix(hex, 16),
        None => text.parse(),
    }
    .unwrap_or_else(|e| panic!("{text}: {e}"))
}

pub(crate) fn emit(file: File, kbs: &Kbs) -> String {
    let mut codes = file.codes;
    codes.sort_by(|a, b| a.id.cmp(&b.id));
    let rows: Vec<Row> = codes.iter().map(|c| row(c, kbs)).collect();
    let second = codes.iter().filter_map(|c| {
        let name = emit::ident(c.also.as_ref()?);
        let of = emit::ident(&c.id);
        Some(format!("/// The same as [`{of}`].\npub const {name}: &ResultCode = {of};\n"))
    });
    emit::table("ResultCode", &rows) + &second.collect::<String>()
}

fn row(c: &Code, kbs: &Kbs) -> Row {
    let value = c.value.as_deref().map(number);
    let number = match (c.kind.as_str(), value) {
        ("hresult", Some(v)) => format!("CodeValue::Hresult({})", emit::hex(v)),
        ("text", None) => format!("CodeValue::Text({:?})", c.text.as_ref().expect("a text code")),
        (k, Some(v)) => format!("CodeValue::{}({})", kind(k), emit::number(v)),
        (k, None) => panic!("{}: a code of kind {k} needs a value", c.id),
    };
    let class = match c.class.as_str() {
        "device" => "Class::Device",
        "service" => "Class::Service",
        other => panic!("{}: unknown class {other}", c.id),
    };
    let aliases: Vec<String> = c.aliases.iter().chain(&c.also).cloned().collect();
    let text = format!(
        "ResultCode {{ id: {}, code: {number}, name: {}, aliases: {}, title: {}, class: {class}, wire: {}, seen: {}, \
         shown_at: {}, causes: {}, causes_basis: {}, remedy: {}, modes: {}, phases: {}, since: {}, until: {}, \
         fixed_by: {}, note: {}, sources: {}, card: {}, basis: {}, rules: {}, errors: {} }}",
        str(&c.id),
        opt(c.name.as_ref()),
        strs(&aliases),
        str(&c.title),
        opt(c.wire.as_ref()),
        str(&c.seen),
        str(&c.shown_at),
        strs(&c.causes),
        str(&c.causes_basis),
        strs(&c.remedy),
        strs(&c.modes),
        strs(&c.phases),
        kbs.limit(c.since.as_ref()),
        kbs.limit(c.until.as_ref()),
        kbs.limit(c.fixed_by.as_ref()),
        opt(c.note.as_ref()),
        strs(&c.source),
        c.card,
        emit::basis(&c.basis),
        strs(&c.rules),
        strs(&c.errors),
    );
    let shown = c.value.as_ref().or(c.text.as_ref()).map_or("", String::as_str);
    Row { name: emit::ident(&c.id), doc: format!("{} {shown}: {}", c.kind, c.title), value: text }
}
