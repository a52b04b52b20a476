//! What the person at the terminal has typed, chosen and put the focus on, on the screen that is up. It follows the
//! screens of the trace and turns a key stroke into what is done to the device.

use std::collections::BTreeMap;

use oobe_agent::esp::{Phase, PhaseState, PhaseView};
use oobe_agent::io::Act;
use oobe_agent::screen::{Screen, Verdict};

use super::entry::Entry;

/// Where the focus can be.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Spot {
    /// A field, by its place on the screen.
    Field(usize),
    /// The list.
    List,
    /// A phase of the Enrollment Status Page.
    Phase(Phase),
    /// A button, by its place on the screen.
    Button(usize),
}

/// State of the hands.
#[derive(Debug, Clone, Default)]
pub(super) struct Form {
    /// Which screen this is for.
    key: (String, String, Vec<String>),
    error: Option<String>,
    entries: Vec<Entry>,
    /// Entry of the list that is marked.
    pub(super) chosen: usize,
    /// Focus.
    pub(super) focus: Option<Spot>,
    /// Phases that the person opened or closed.
    expanded: BTreeMap<Phase, bool>,
    /// Whether the person may act, or only looks.
    hands: bool,
}

impl Form {
    /// Follows what the device shows. `hands`: the person at the terminal may act.
    pub(super) fn follow(&mut self, screen: Option<&Screen>, hands: bool) {
        let Some(screen) = screen else {
            *self = Self::default();
            return;
        };
        let fields = screen.fields.iter().map(|f| f.name.clone()).collect();
        let key = (screen.id.clone(), screen.title.clone(), fields);
        self.hands = hands;
        if key != self.key {
            self.entries = screen.fields.iter().map(|f| Entry::new(&f.value)).collect();
            self.chosen = screen.choices.iter().position(|c| c.chosen).unwrap_or(0);
            self.focus = None;
            if screen.esp.is_none() {
                self.expanded.clear();
            }
            self.key = key;
        } else if self.error != screen.error {
            // Refused: what is secret is typed again.
            for (entry, field) in self.entries.iter_mut().zip(&screen.fields) {
                if field.secret {
                    *entry = Entry::default();
                }
            }
        }
        self.error.clone_from(&screen.error);
        let spots = self.spots(screen);
        if !self.focus.is_some_and(|spot| spots.contains(&spot)) {
            self.focus = self.first_focus(screen, &spots);
        }
    }

    /// Everything that can have the focus, in order.
    pub(super) fn spots(&self, screen: &Screen) -> Vec<Spot> {
        let phases = screen.esp.iter().flat_map(|esp| &esp.phases).filter(|p| !p.rows.is_empty());
        let phases = phases.map(|p| Spot::Phase(p.phase));
        if !self.hands {
            return phases.collect();
        }
        let fields = (0..screen.fields.len()).map(Spot::Field);
        let list = (!screen.choices.is_empty()).then_some(Spot::List);
        let buttons =
            screen.buttons.iter().enumerate().filter(|(_, b)| b.enabled).map(|(at, _)| Spot::Button(at));
        fields.chain(list).chain(phases).chain(buttons).collect()
    }

    fn first_focus(&self, screen: &Screen, spots: &[Spot]) -> Option<Spot> {
        // The first field that still wants something, else the first one.
        let empty = spots.iter().find(|s| matches!(s, Spot::Field(at) if self.entries[*at].is_empty()));
        let field = || spots.iter().find(|s| matches!(s, Spot::Field(_) | Spot::List));
        let button = || first_button(screen, spots);
        let active = |p: &&PhaseView| matches!(p.state, PhaseState::Working | PhaseState::Error);
        let phase =
            screen.esp.as_ref().and_then(|esp| esp.phases.iter().find(active)).map(|p| Spot::Phase(p.phase));
        let phase = phase.filter(|p| spots.contains(p));
        empty.or_else(field).or_else(button).copied().or(phase).or_else(|| spots.first().copied())
    }

    /// What was typed into a field.
    pub(super) fn entry(&self, at: usize) -> Option<&Entry> {
        self.entries.get(at)
    }

    /// The field that is typed into.
    pub(super) fn typing(&mut self) -> Option<&mut Entry> {
        match self.focus {
            Some(Spot::Field(at)) => self.entries.get_mut(at),
            _ => None,
        }
    }

    /// Whether somebody types into a field.
    pub(super) fn is_typing(&self) -> bool {
        matches!(self.focus, Some(Spot::Field(_)))
    }

    /// Moves the focus on by `step` places, round and round.
    pub(super) fn walk(&mut self, screen: &Screen, forward: bool) {
        let spots = self.spots(screen);
        if spots.is_empty() {
            return;
        }
        let at = self.focus.and_then(|spot| spots.iter().position(|s| *s == spot)).unwrap_or(0);
        let next = if forward { at + 1 } else { at + spots.len() - 1 };
        self.focus = Some(spots[next % spots.len()]);
    }

    /// Up or down: in a list from entry to entry, elsewhere from place to place.
    pub(super) fn up_down(&mut self, screen: &Screen, down: bool) {
        if self.focus == Some(Spot::List) {
            let last = screen.choices.len().saturating_sub(1);
            self.chosen = if down { (self.chosen + 1).min(last) } else { self.chosen.saturating_sub(1) };
        } else {
            self.walk(screen, down);
        }
    }

    /// Enter: presses the button in focus, or the default one; opens or closes a phase.
    pub(super) fn press(&mut self, screen: &Screen) -> Vec<Act> {
        match self.focus {
            Some(Spot::Phase(phase)) => {
                self.toggle(screen, phase);
                Vec::new()
            }
            _ if !self.hands => Vec::new(),
            Some(Spot::Button(at)) => self.acts(screen, at),
            Some(Spot::Field(_) | Spot::List) | None => {
                let default = screen.buttons.iter().rposition(|b| b.enabled);
                default.map(|at| self.acts(screen, at)).unwrap_or_default()
            }
        }
    }

    /// Opens or closes the phase in focus, or the one at work.
    pub(super) fn expand(&mut self, screen: &Screen) {
        let Some(esp) = &screen.esp else { return };
        let active = esp.phases.iter().find(|p| self.is_expanded(p)).or(esp.phases.first()).map(|p| p.phase);
        let focused = match self.focus {
            Some(Spot::Phase(phase)) => Some(phase),
            _ => active,
        };
        if let Some(phase) = focused {
            self.toggle(screen, phase);
        }
    }

    /// Whether the rows of a phase show: those of the phase at work or in trouble, unless the person chose otherwise.
    pub(super) fn is_expanded(&self, view: &PhaseView) -> bool {
        let active = matches!(view.state, PhaseState::Working | PhaseState::Error);
        !view.rows.is_empty() && self.expanded.get(&view.phase).copied().unwrap_or(active)
    }

    /// Fills a field in, as far as the screen has it.
    pub(super) fn fill(&mut self, at: usize, text: &str) {
        if let Some(entry) = self.entries.get_mut(at) {
            *entry = Entry::new(text);
        }
    }

    fn toggle(&mut self, screen: &Screen, phase: Phase) {
        let view = screen.esp.iter().flat_map(|esp| &esp.phases).find(|p| p.phase == phase);
        if let Some(view) = view {
            let open = self.is_expanded(view);
            self.expanded.insert(phase, !open);
        }
    }

    /// Pressing a button. The forward one takes with it what was typed and chosen.
    fn acts(&self, screen: &Screen, button: usize) -> Vec<Act> {
        let Some(pressed) = screen.buttons.get(button).filter(|b| b.enabled) else { return Vec::new() };
        let mut acts = Vec::new();
        if button + 1 == screen.buttons.len() {
            for (field, entry) in screen.fields.iter().zip(&self.entries) {
                let text = entry.text();
                if field.secret || text != field.value {
                    acts.push(Act::Fill { field: field.name.clone(), text });
                }
            }
            if let Some(choice) = screen.choices.get(self.chosen).filter(|c| !c.chosen) {
                acts.push(Act::Press { button: choice.label.clone() });
            }
        }
        acts.push(Act::Press { button: pressed.label.clone() });
        acts
    }
}

/// The button that has the focus first: the default one, which is the last. Where something failed it is the one that
/// tries again, or the first that destroys nothing.
fn first_button<'a>(screen: &Screen, spots: &'a [Spot]) -> Option<&'a Spot> {
    let label = |spot: &Spot| match spot {
        Spot::Button(at) => screen.buttons.get(*at).map(|b| b.label.as_str()),
        _ => None,
    };
    let mut buttons = spots.iter().filter(|s| matches!(s, Spot::Button(_)));
    let failed = screen.id == "esp.error" || screen.verdict == Some(Verdict::Failure);
    if !failed {
        return buttons.next_back();
    }
    let again = buttons.clone().find(|s| matches!(label(s), Some("Try again" | "Retry")));
    let harmless = buttons.clone().find(|s| !matches!(label(s), Some("Reset device" | "Reset")));
    again.or(harmless).or_else(|| buttons.next())
}
