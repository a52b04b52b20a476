//! `oobe explain`

use std::fmt::Write as _;

use oobe_catalog::explain::{Topic, explain as topics, suggestions};
use serde_json::json;

use super::args::{ExplainArgs, ListFormat};
use super::output::{Output, error};
use crate::exit::Exit;
use crate::report::{Layout, Tone, paint};

/// More topics than these are listed by title only.
const IN_FULL: usize = 3;

pub(super) fn explain(args: &ExplainArgs, out: &mut Output) -> Exit {
    let query = args.what.join(" ");
    let mut found = topics(&query);
    let mut unknown = query.as_str();
    if found.is_empty() && args.what.len() > 1 {
        // Several things, not one of several words: `oobe explain 0x80180014 SDM-008`.
        let each: Vec<(&str, Vec<Topic>)> =
            args.what.iter().map(|word| (word.as_str(), topics(word))).collect();
        match each.iter().find(|(_, found)| found.is_empty()) {
            None => found = each.into_iter().flat_map(|(_, found)| found).collect(),
            Some((word, _)) if each.iter().any(|(_, found)| !found.is_empty()) => unknown = *word,
            Some(_) => {}
        }
    }
    if found.is_empty() {
        let close = suggestions(unknown);
        let help = if close.is_empty() {
            "codes, events, screens, rules, registry values and updates are known; `oobe list --codes`, `--events`, \
             `--screens` and `--rules` list most of them"
                .to_owned()
        } else {
            format!("did you mean {}?", close.join(", or "))
        };
        error(format!("nothing is known about {unknown:?}"), Some(&help));
        return Exit::Usage;
    }
    match args.format {
        ListFormat::Json => {
            let all: Vec<_> = found.iter().map(as_json).collect();
            out.raw(&format!("{:#}\n", serde_json::Value::Array(all)));
        }
        ListFormat::Human if found.len() > IN_FULL => {
            for topic in &found {
                let kind = paint(Tone::Faint, &topic.kind.to_string());
                out.print(&format!("{}  {kind}\n", paint(Tone::Strong, &topic.title)));
                out.print(&Layout::new(out.width).paragraph(4, &topic.summary));
            }
            out.print(&format!("\n{} topics; name one of them to read more\n", found.len()));
        }
        ListFormat::Human => {
            let pages: Vec<String> = found.iter().map(|topic| page(topic, out.width)).collect();
            out.print(&pages.join("\n"));
        }
    }
    Exit::Success
}

/// The whole topic.
fn page(topic: &Topic, width: usize) -> String {
    let layout = Layout::new(width);
    let kind = paint(Tone::Faint, &topic.kind.to_string());
    let mut out = format!("{}  {kind}\n", paint(Tone::Strong, &topic.title));
    out.push_str(&layout.paragraph(2, &topic.summary));
    for field in topic.fields.iter().filter(|field| field.lines != [topic.summary.as_str()]) {
        let _ = writeln!(out, "\n  {}", paint(Tone::Faint, field.label));
        let many = field.lines.len() > 1;
        for line in &field.lines {
            let text = if many { format!("- {line}") } else { line.clone() };
            out.push_str(&layout.paragraph(4, &text));
        }
    }
    let sources = topic.sources.iter().map(|s| (*s).to_owned());
    let basis = std::iter::once(format!("basis: {}", topic.basis.words()));
    let _ = writeln!(out, "\n  {}", paint(Tone::Faint, "Rests on"));
    for line in basis.chain(sources) {
        out.push_str(&layout.paragraph(4, &line));
    }
    if !topic.see_also.is_empty() {
        let _ = writeln!(out, "\n  {}", paint(Tone::Faint, "See also"));
        out.push_str(&layout.paragraph(4, &topic.see_also.join(", ")));
    }
    out
}

fn as_json(topic: &Topic) -> serde_json::Value {
    json!({
        "kind": topic.kind.to_string(),
        "title": topic.title,
        "summary": topic.summary,
        "fields": topic.fields.iter().map(|f| json!({ "label": f.label, "lines": f.lines })).collect::<Vec<_>>(),
        "basis": topic.basis.to_string(),
        "sources": topic.sources,
        "see_also": topic.see_also,
    })
}
