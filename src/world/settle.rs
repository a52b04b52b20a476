//! Whether a run is over.

use oobe_agent::flow::Stage;
use oobe_agent::io::Note;
use oobe_agent::screen::technician::RESEALED;

use super::actors::Deed;
use super::host::Host;
use super::run::Ending;
use super::{Sink, World};
use crate::scenario::spec::Action;
use crate::trace::record::What;

impl World {
    /// After everything that happened at once: is the run over? Conversations that are under way when the last device
    /// reaches its end are finished first: a server must hear of the write that ended the run.
    pub(super) fn settle(&mut self, sink: &mut Sink<'_>) {
        if self.ending.is_some() || self.queue.holds_traffic() {
            return;
        }
        // A device that starts again after it had reached its end takes up its sessions: what comes of them belongs to the run,
        // and so does power that comes back.
        if self.queue.holds_power()
            || self.hosts.values().any(|host| host.device.flow().stage == Stage::Booting)
        {
            return;
        }
        let moot = |deed: &Deed, on: Option<&str>| self.is_moot(deed, on);
        if self.queue.holds_action(moot) {
            return;
        }
        // At the sign-on screen of a device that deployed itself, its first user may be on the way; a device that was
        // resealed may be switched on by whoever sits at the terminal.
        let comes = |name: &str, h: &Host| match h.ended.as_deref() {
            Some(Note::SIGN_IN) => self.people.at_the_terminal() || self.queue.holds_person(name),
            Some(RESEALED) => self.people.at_the_terminal(),
            _ => false,
        };
        if self.hosts.iter().all(|(name, h)| h.ended.is_some() && !comes(name, h)) {
            let ending = Ending::of(self.hosts.values().filter_map(|h| h.ended.clone()));
            self.end(ending, sink);
        } else if self
            .hosts
            .iter()
            .all(|(name, h)| (h.ended.is_some() && !comes(name, h)) || self.people.gave_up(name, &self.queue))
        {
            // A device whose owner walked away goes on polling its server for ever; nothing comes of that.
            self.end(Ending::quiet(), sink);
        }
    }

    /// Whether an action of the scenario has nothing left to do: somebody at the terminal was faster with the power button.
    pub(super) fn is_moot(&self, deed: &Deed, on: Option<&str>) -> bool {
        let Deed::Action(Action::PowerOn { device }) = deed else { return false };
        let host = device.as_deref().or(on).and_then(|name| self.hosts.get(name));
        host.is_some_and(|host| host.device.flow().stage != Stage::Off)
    }

    pub(super) fn end(&mut self, ending: Ending, sink: &mut Sink<'_>) {
        self.tell_unused(sink);
        self.emit(
            "world",
            What::End { outcome: ending.outcome.clone(), detail: ending.detail.clone() },
            sink,
        );
        self.ending = Some(ending);
    }
}
