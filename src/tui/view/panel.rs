//! What the run tells beside the device's screen: time, what the device waits for and why, the rule that the last
//! decision rests on, the last event record, the story.

use oobe_catalog::rules;
use ratatui::layout::Rect;
use ratatui::style::Style;

use super::canvas::{Canvas, below, inset};
use crate::tui::app::App;
use crate::tui::keymap::{self, Action};
use crate::tui::model::{Mark, Power, Station, StoryLine, Wait};
use crate::tui::palette::Palette;
use crate::tui::text;

/// The lines below the device's screen.
pub(super) fn bottom(canvas: &mut Canvas<'_>, area: Rect, app: &App) {
    let look = canvas.look;
    canvas.fill(area, look.panel);
    let area = inset(area, 1, 0);
    let mut rows: Vec<(&str, String, Style)> = Vec::new();
    if app.model.end.is_some() {
        rows.extend(
            ending(app).into_iter().zip(["ended", "after", "basis", ""]).map(|(t, l)| (l, t, look.panel)),
        );
    } else if let Some(station) = app.station() {
        rows.push(("waits", waits(station, app).join("; "), look.panel));
        if let Some(rule) = &station.decided {
            rows.push(("rule", format!("{}: {}", named(&rule.rule), rule.what), look.panel_soft));
        }
        if let Some(event) = &station.event {
            let style = if event.level == "Info" { look.panel_soft } else { look.panel_bad };
            rows.push(("event", format!("{} {}: {}", event.channel, event.id, event.text), style));
        }
        if let Some(line) =
            app.model.story.iter().rev().find(|l| !matches!(l.mark, Mark::Event | Mark::Screen | Mark::Cloud))
        {
            rows.push(("last", format!("{} {}", line.t, line.words()), mark_style(look, line.mark)));
        }
    }
    for (y, (label, value, style)) in (0..area.height).zip(rows) {
        canvas.put(area, y, label, look.label);
        canvas.put_at(area, 7, y, &value, style);
    }
}

/// The panel at the right.
pub(super) fn side(canvas: &mut Canvas<'_>, area: Rect, app: &App) {
    let look = canvas.look;
    canvas.fill(area, look.panel);
    let area = inset(area, 2, 1);
    let mut y = 0;
    if app.model.end.is_some() {
        y = section(canvas, area, y, "ENDED");
        for (at, line) in ending(app).into_iter().enumerate() {
            let style = match (at, app.model.ended_well()) {
                (0, true) => look.panel_good,
                (0, false) => look.panel_bad,
                _ => look.panel,
            };
            y = canvas.put_wrapped(area, y, &line, 3, style);
        }
        y += 1;
    }
    if let Some(station) = app.station() {
        if app.model.end.is_none() {
            y = section(canvas, area, y, "WAITS FOR");
            for (at, line) in waits(station, app).into_iter().take(4).enumerate() {
                y = canvas.put_wrapped(area, y, &line, 3, if at == 0 { look.panel } else { look.panel_soft });
            }
            y += 1;
        }
        if let Some(rule) = &station.decided {
            y = section(canvas, area, y, "RESTS ON");
            y = canvas.put_wrapped(area, y, &format!("{}: {}", named(&rule.rule), rule.what), 4, look.panel);
            y = canvas.put_wrapped(area, y, &format!("oobe explain {}", rule.rule), 1, look.panel_soft) + 1;
        }
        if let Some(event) = &station.event {
            y = section(canvas, area, y, "EVENT LOG");
            let style = if event.level == "Info" { look.panel } else { look.panel_bad };
            y = canvas.put_wrapped(
                area,
                y,
                &format!("{} {} · {}", event.channel, event.id, event.level),
                1,
                style,
            );
            y = canvas.put_wrapped(area, y, &event.text, 3, look.panel_soft) + 1;
        }
        if let Some(line) = interruptions(station).filter(|_| app.model.end.is_none()) {
            y = canvas.put_wrapped(area, y, &line, 2, look.panel_accent) + 1;
        }
    }
    y = section(canvas, area, y, "STORY");
    // What went into the event log stands above, and all of it in the whole story.
    let told = |mark: Mark| !matches!(mark, Mark::Cloud | Mark::Event);
    let lines = app.model.story.iter().rev().filter(|line| told(line.mark));
    story(canvas, below(area, y), app, lines);
}

/// Lines of the story, given from the newest back, as many as fit; the newest at the bottom.
pub(super) fn story<'a>(
    canvas: &mut Canvas<'_>,
    area: Rect,
    app: &App,
    newest: impl Iterator<Item = &'a StoryLine>,
) {
    const INDENT: u16 = 10;
    let look = canvas.look;
    let columns = usize::from(area.width.saturating_sub(INDENT));
    let several = app.model.stations.len() > 1;
    let mut room = usize::from(area.height);
    let mut shown = Vec::new();
    for line in newest {
        let who = if several { format!("{}: ", line.who) } else { String::new() };
        let lines = text::wrap_to(&format!("{who}{}", line.words()), columns, 2);
        let Some(rest) = room.checked_sub(lines.len()) else { break };
        room = rest;
        shown.push((line, lines));
    }
    let mut y = 0;
    for (line, lines) in shown.into_iter().rev() {
        let style = mark_style(look, line.mark);
        canvas.put_right(Rect { width: 7.min(area.width), ..area }, y, &line.t.to_string(), look.panel_soft);
        canvas.put_at(area, 8, y, line.mark.sign(), style);
        for text in lines {
            canvas.put_at(area, INDENT, y, &text, style);
            y += 1;
        }
    }
}

fn section(canvas: &mut Canvas<'_>, area: Rect, y: u16, title: &str) -> u16 {
    let look = canvas.look;
    canvas.put(area, y, title, look.label);
    y + 1
}

fn mark_style(look: &Palette, mark: Mark) -> Style {
    match mark {
        Mark::Screen => look.label,
        Mark::Person | Mark::Power | Mark::Trigger | Mark::Tpm => look.panel_accent,
        Mark::Work | Mark::Event => look.panel,
        Mark::Cloud => look.panel_soft,
        Mark::Bad => look.panel_bad,
        Mark::Good => look.panel_good,
    }
}

/// What the device waits for, in words, what matters most first.
fn waits(station: &Station, app: &App) -> Vec<String> {
    let mut words: Vec<String> = station
        .waits()
        .iter()
        .map(|wait| match wait {
            Wait::Person(what) if app.hands() => format!("you, {}", with_windows_key(what, station, app)),
            Wait::Person(what) => format!("{}, {what}", app.sitting(station).unwrap_or("the person")),
            wait => wait.words(app.tempo.t),
        })
        .collect();
    if station.is_off() && app.can_switch_on() {
        words.push(format!("you, to press the power button ({})", keymap::name(Action::Power, false)));
    }
    if words.is_empty() {
        let starts = matches!(station.power, Power::Starting(_));
        words.push(if starts { "Windows to start".into() } else { "nothing".into() });
    }
    words
}

/// A technician has another way on from the first pages, which no page tells of.
fn with_windows_key(what: &str, station: &Station, app: &App) -> String {
    if app.is_technicians(station) && app.offers(Action::WindowsKey) {
        let key = keymap::name(Action::WindowsKey, app.is_typing());
        let what = what.strip_prefix("to press ").unwrap_or(what);
        format!("to press {key} five times (the Windows key), or {what}")
    } else {
        what.to_owned()
    }
}

/// A rule with what it stands on: `USR-013 (seed)`.
fn named(id: &str) -> String {
    rules::find(id).map_or_else(|| id.to_owned(), |rule| format!("{id} ({})", rule.basis))
}

fn interruptions(station: &Station) -> Option<String> {
    let times = |n: u32, one: &str, many: &str| match n {
        0 => None,
        1 => Some(format!("1 {one}")),
        n => Some(format!("{n} {many}")),
    };
    let parts: Vec<String> = [
        times(station.restarts, "restart", "restarts"),
        times(station.power_cuts, "power cut", "power cuts"),
    ]
    .into_iter()
    .flatten()
    .collect();
    (!parts.is_empty()).then(|| parts.join(", "))
}

/// How it ended.
fn ending(app: &App) -> Vec<String> {
    let Some(end) = &app.model.end else { return Vec::new() };
    let mut after = format!("{} of virtual time", app.model.now);
    if let Some(line) = app.station().and_then(interruptions) {
        after = format!("{after}, {line}");
    }
    let mut leave = format!("press {} to leave", keymap::name(Action::Quit, app.is_typing()));
    if !app.afterwards.is_empty() {
        leave = format!("{leave}; next: {}", app.afterwards);
    }
    vec![end.detail.clone(), after, app.model.basis().to_string(), leave]
}
