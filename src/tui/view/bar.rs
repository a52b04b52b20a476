//! Head and foot of the frame.

use oobe_agent::screen::WINDOWS_KEY_FIVE_TIMES;
use ratatui::layout::Rect;

use super::canvas::{Canvas, columns};
use crate::tui::app::App;
use crate::tui::keymap::{self, Action, KEYMAP};
use crate::tui::model::Station;
use crate::tui::pace::speed_name;

/// What runs, and where virtual time stands.
pub(super) fn head(canvas: &mut Canvas<'_>, area: Rect, app: &App) {
    let look = canvas.look;
    canvas.fill(area, look.bar);
    let mut x = canvas.put_at(area, 1, 0, "oobe", look.bar_strong) + 1;
    let device = app.station().map(|s| format!(" · {}", s.name)).unwrap_or_default();
    x += canvas.put_at(area, x, 0, &format!("  {}{device}", app.scenario), look.bar);
    let time = format!(" {}  {} ", app.tempo.t, speed_name(app.tempo.speed));
    canvas.put_right(area, 0, &time, look.bar_strong);
    let (chip, style) = match &app.model.end {
        Some(end) if app.model.ended_well() => (format!(" ENDED: {} ", end.outcome), look.bar_good),
        Some(end) => (format!(" ENDED: {} ", end.outcome), look.bar_alert),
        None if app.tempo.paused => (" PAUSED ".to_owned(), look.bar_alert),
        None => match (app.asking(), app.station()) {
            (Some(asking), Some(looked_at)) if asking.name != looked_at.name => {
                let key = keymap::name(Action::Device, app.is_typing());
                (format!(" YOUR TURN: {} ({key}) ", asking.name), look.bar_alert)
            }
            (Some(asking), _) => (your_turn(app, asking), look.bar_alert),
            (None, _) => return,
        },
    };
    let at = area.width.saturating_sub(columns(&time) + columns(&chip) + 1).max(x + 1);
    let room = Rect { width: area.width.saturating_sub(columns(&time) + 1), ..area };
    canvas.put_at(room, at, 0, &chip, style);
}

/// Whose place the person at the terminal takes, where the scenario says it.
fn your_turn(app: &App, asking: &Station) -> String {
    app.sitting(asking)
        .filter(|who| *who != "you")
        .map_or_else(|| " YOUR TURN ".to_owned(), |who| format!(" YOUR TURN, {who} "))
}

/// The keys that mean something now.
pub(super) fn foot(canvas: &mut Canvas<'_>, area: Rect, app: &App) {
    let look = canvas.look;
    canvas.fill(area, look.bar);
    if let Some(notice) = &app.notice {
        canvas.put_at(area, 1, 0, notice, look.bar_alert);
        return;
    }
    let typing = app.is_typing();
    let mut listed: Vec<(String, &str)> = Vec::new();
    for binding in KEYMAP.iter().filter(|b| !b.short.is_empty() && app.offers(b.action)) {
        let name = keymap::name(binding.action, typing);
        let short =
            if binding.action == Action::Hands && app.is_interactive() { "give back" } else { binding.short };
        match listed.last_mut() {
            Some((before, before_short)) if *before_short == short => *before = format!("{before}/{name}"),
            _ => listed.push((name, short)),
        }
    }
    if let Some(screen) = app.screen().filter(|_| app.hands()) {
        // The Windows key has a key of its own above.
        let plain = screen.keys.iter().filter(|key| *key != WINDOWS_KEY_FIVE_TIMES);
        listed.extend(plain.map(|key| (key.clone(), "(screen)")));
    }
    // Quitting is never the one that is left out.
    let taken = |listed: &[(String, &str)]| -> u16 {
        listed.iter().map(|(key, short)| columns(key) + columns(short) + 3).sum::<u16>() + 1
    };
    while taken(&listed) > area.width + 2 {
        let Some(at) = listed.iter().rposition(|(_, short)| *short != "quit") else { break };
        listed.remove(at);
    }
    let mut x = 1;
    for (key, short) in listed {
        x += canvas.put_at(area, x, 0, &key, look.bar_strong);
        x += canvas.put_at(area, x + 1, 0, short, look.bar) + 3;
    }
}
