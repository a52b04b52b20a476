//! The device's side of a run: its trace, one JSON object a line.

use serde_json::Value;

/// Records of a trace, in order, the header left out.
#[derive(Debug, Clone, Default)]
pub(crate) struct Trace(Vec<Value>);

impl Trace {
    /// Reads a trace file.
    pub(crate) fn read(text: &str) -> Self {
        let json = |line| serde_json::from_str(line).unwrap_or_else(|e| panic!("no JSON: {e}: {line}"));
        let mut lines = text.lines().map(json);
        let header: Value = lines.next().expect("a trace has a header");
        assert_eq!(header["format"], "oobe-trace", "no header: {header}");
        Self(lines.collect())
    }

    /// Screens that came up; the same one twice in a row counts once.
    pub(crate) fn screens(&self) -> Vec<&str> {
        let mut ids: Vec<&str> = self.of("screen").map(|r| text(&r["screen"]["id"])).collect();
        ids.dedup();
        ids
    }

    /// Those of them that are the status page, with its phases; the first sign-in goes by the name of `esp.account`
    /// too, and is none.
    pub(crate) fn pages(&self) -> Vec<&str> {
        let pages = self.of("screen").map(|r| &r["screen"]).filter(|s| s["esp"].is_object());
        let mut ids: Vec<&str> = pages.map(|s| text(&s["id"])).collect();
        ids.dedup();
        ids
    }

    /// State of a phase on the last contents of a screen.
    pub(crate) fn phase(&self, id: &str, phase: &str) -> &str {
        let phases = self.screen(id).and_then(|s| s["esp"]["phases"].as_array());
        let hit = phases.into_iter().flatten().find(|p| p["phase"] == phase);
        hit.map_or("", |p| text(&p["state"]))
    }

    /// The last contents of a screen.
    pub(crate) fn screen(&self, id: &str) -> Option<&Value> {
        self.of("screen").map(|r| &r["screen"]).filter(|s| s["id"] == id).last()
    }

    /// Labels of a screen's buttons.
    pub(crate) fn buttons(&self, id: &str) -> Vec<&str> {
        let buttons = self.screen(id).and_then(|s| s["buttons"].as_array());
        buttons.into_iter().flatten().map(|b| text(&b["label"])).collect()
    }

    /// Statuses that the device gave for a command on a node.
    pub(crate) fn csp(&self, verb: &str, uri: &str) -> Vec<u64> {
        let notes = self.of("note").map(|r| inner(&r["note"]));
        let hits = notes
            .filter(|n| n["verb"].as_str().is_some_and(|v| v.eq_ignore_ascii_case(verb)) && n["uri"] == uri);
        hits.filter_map(|n| n["status"].as_u64()).collect()
    }

    /// Result codes of failures that the device told.
    pub(crate) fn codes(&self) -> Vec<String> {
        let notes = self.of("note").map(|r| inner(&r["note"]));
        notes.filter_map(|n| n["code"].as_str()).map(str::to_ascii_lowercase).collect()
    }

    /// Why requests whose URL holds `path` had no answer.
    pub(crate) fn errors(&self, path: &str) -> Vec<&str> {
        let asked = self.of("request").filter(|r| text(&r["url"]).contains(path)).map(|r| &r["id"]);
        let asked: Vec<&Value> = asked.collect();
        let replies = self.of("reply").filter(|r| asked.contains(&&r["id"]));
        replies.filter_map(|r| r["error"].as_str()).collect()
    }

    /// Milliseconds from the first reply of that status to the next request whose URL holds `path`.
    pub(crate) fn pause_after(&self, status: u16, path: &str) -> Option<u64> {
        let reply = self.0.iter().position(|r| r["kind"] == "reply" && r["status"] == status)?;
        let next = |r: &&Value| r["kind"] == "request" && text(&r["url"]).contains(path);
        let request = self.0[reply..].iter().find(next)?;
        Some(request["t"].as_u64()? - self.0[reply]["t"].as_u64()?)
    }

    /// How the run ended.
    pub(crate) fn outcome(&self) -> Option<&str> {
        self.of("end").last().map(|r| text(&r["outcome"]))
    }

    /// The last records, for messages.
    pub(crate) fn tail(&self) -> String {
        let from = self.0.len().saturating_sub(40);
        self.0[from..].iter().map(|r| r.to_string() + "\n").collect()
    }

    fn of<'a>(&'a self, kind: &'a str) -> impl Iterator<Item = &'a Value> {
        self.0.iter().filter(move |r| r["kind"] == kind)
    }
}

/// The fields of an enum value, whether its variant is a key round them or a tag among them.
fn inner(value: &Value) -> &Value {
    match value.as_object() {
        Some(object) if object.len() == 1 => {
            object.values().next().filter(|v| v.is_object()).unwrap_or(value)
        }
        _ => value,
    }
}

fn text(value: &Value) -> &str {
    value.as_str().unwrap_or_default()
}
