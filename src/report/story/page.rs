//! Small texts of the story.

use std::collections::BTreeMap;

use oobe_agent::screen::Screen;

/// `for the installer of Archiver, then login.live.com`.
pub(super) fn waited_for(reasons: &[String]) -> String {
    let mut known: Vec<&str> = reasons.iter().map(String::as_str).filter(|r| !r.is_empty()).collect();
    known.dedup();
    match known.as_slice() {
        [] => "later".to_owned(),
        [one] => format!("for {one}"),
        [one, two] => format!("for {one}, then {two}"),
        [one, two, rest @ ..] => format!("for {one}, then {two}, then {} more", rest.len()),
    }
}

/// Phases and rows of the Enrollment Status Page that say something new.
pub(super) fn changed_rows(before: Option<&Screen>, now: &Screen) -> Vec<String> {
    let rows = |screen: &Screen| {
        let mut rows: Vec<(String, String)> = Vec::new();
        for phase in screen.esp.iter().flat_map(|page| &page.phases) {
            rows.push((phase.phase.title().to_owned(), phase.status.to_string()));
            rows.extend(
                phase
                    .rows
                    .iter()
                    .map(|row| (format!("{} / {}", phase.phase.title(), row.title), row.status.to_string())),
            );
        }
        rows
    };
    // When the page comes up, its phases are enough.
    let page_was_up = before.is_some_and(|screen| screen.esp.is_some());
    let old: BTreeMap<String, String> = before.map(rows).unwrap_or_default().into_iter().collect();
    rows(now)
        .into_iter()
        .filter(|(title, status)| !status.is_empty() && old.get(title) != Some(status))
        .filter(|(title, _)| page_was_up || !title.contains(" / "))
        .map(|(title, status)| format!("{}: {status}", title.rsplit(" / ").next().unwrap_or(&title)))
        .collect()
}

/// At most 200 characters: the trace has the rest.
pub(super) fn shortened(text: &str) -> String {
    match text.char_indices().nth(200) {
        Some((end, _)) => format!("{}…", &text[..end]),
        None => text.to_owned(),
    }
}
