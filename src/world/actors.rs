//! Triggers: when something shows in the trace, somebody does something. The scenario's administrator, its network,
//! its power cuts and its people out of turn all act through them, and so do faults of devices and services.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use oobe_agent::flow::Stage;
use oobe_agent::io::{Correlation, Fault, Input, Note};
use oobe_agent::time::{Span, VirtualTime};
use oobe_mock_cloud::setup::AppSetup;
use oobe_mock_cloud::{Cloud, ServiceFault};

use super::people::batches;
use super::queue::{Due, Queue};
use super::{Sink, World};
use crate::expect::request_fits;
use crate::scenario::build::{self, Registration};
use crate::scenario::spec::{Action, Condition, DeviceFault, FaultSpec, Glob, Spec, TriggerSpec};
use crate::trace::record::{FaultPlace, Record, ScenarioPart, What};

/// The name under which the trace tells what the scenario's administrator did in the cloud.
pub(crate) const ADMINISTRATOR: &str = "administrator";

/// What an actor does.
#[derive(Debug, Clone)]
pub(super) enum Deed {
    /// An action of the scenario.
    Action(Action),
    /// A fault strikes a device.
    Machine(DeviceFault),
    /// A service begins to misbehave.
    Service(ServiceFault),
}

/// Apps by tenant and app: the tenant's domain, and the app.
type Apps = BTreeMap<(String, String), (String, AppSetup)>;

/// All triggers of a world.
#[derive(Debug, Clone, Default)]
pub(super) struct Actors {
    triggers: Vec<Trigger>,
    faults: Vec<FaultSpec>,
    /// Apps that an administrator may assign, by tenant and app.
    apps: Apps,
    /// Domains of the tenants, by their names in the scenario.
    domains: BTreeMap<String, String>,
    /// What the portal calls the profiles that a device can be assigned, by device and their names in the scenario.
    profiles: BTreeMap<String, BTreeMap<String, String>>,
    /// How an administrator registers devices, by device.
    registrations: BTreeMap<String, Registration>,
    /// Triggers and faults that did something.
    used: BTreeSet<(ScenarioPart, String)>,
    /// Requests under way, for patterns that look at their answers.
    asked: BTreeMap<(Arc<str>, Correlation), (String, String)>,
}

#[derive(Debug, Clone)]
struct Trigger {
    name: String,
    spec: TriggerSpec,
    seen: u32,
    fired: u32,
}

impl Actors {
    pub(super) fn new(spec: &Spec) -> Self {
        let triggers = spec
            .when
            .iter()
            .enumerate()
            .map(|(i, t)| Trigger { name: t.called(i), spec: t.clone(), seen: 0, fired: 0 })
            .collect();
        let registration = |name: &String| Some((name.clone(), build::registration(spec, name)?));
        Self {
            triggers,
            faults: spec.fault.clone(),
            apps: build::unassigned(spec),
            domains: spec.tenant.iter().map(|(name, tenant)| (name.clone(), tenant.domain.clone())).collect(),
            profiles: spec.device.keys().map(|name| (name.clone(), build::profiles(spec, name))).collect(),
            registrations: spec.device.keys().filter_map(registration).collect(),
            used: BTreeSet::new(),
            asked: BTreeMap::new(),
        }
    }

    /// Triggers that did nothing, and faults of machines and services that never began. Faults that wait for a request are
    /// known where they wait.
    fn unused(&self) -> impl Iterator<Item = (ScenarioPart, String)> {
        let triggers = self.triggers.iter().map(|trigger| (ScenarioPart::When, trigger.name.clone()));
        let begins_later = |fault: &FaultSpec| fault.from.is_some_and(|from| from.0 != Span::ZERO);
        let of_its_own = move |fault: &FaultSpec| {
            fault.machine.is_some() || (fault.service.is_some() && begins_later(fault))
        };
        let faults = self.faults.iter().enumerate().filter(move |(_, fault)| of_its_own(fault));
        let faults = faults.map(|(at, fault)| (ScenarioPart::Fault, fault.called(at)));
        triggers.chain(faults).filter(|part| !self.used.contains(part))
    }

    /// Puts what waits for a time into the queue, and faults that begin at a time.
    pub(super) fn arm(&mut self, queue: &mut Queue, cloud: Option<&Cloud>) {
        for trigger in &mut self.triggers {
            if let Some(time) = trigger.spec.on.time {
                let at = VirtualTime::ZERO + time.0 + trigger.spec.after.0;
                trigger.fired = trigger.spec.times;
                let device = trigger.spec.on.device.clone();
                for action in &trigger.spec.actions {
                    queue.push(at, due(&trigger.name, device.clone(), Deed::Action(action.clone())));
                }
            }
        }
        for (i, fault) in self.faults.iter().enumerate() {
            let name = fault.called(i);
            let at = VirtualTime::ZERO + fault.from.map_or(Span::ZERO, |d| d.0);
            if let Some(machine) = &fault.machine {
                queue.push(at, due(&name, fault.device.clone(), Deed::Machine(machine.clone())));
            }
            if let Some(service) = build::service_fault(fault) {
                match (at, cloud) {
                    (VirtualTime::ZERO, Some(cloud)) => cloud.inject_as(name, service),
                    _ => queue.push(at, due(&name, None, Deed::Service(service))),
                }
            }
        }
    }

    /// Hears a record.
    pub(super) fn hear(&mut self, queue: &mut Queue, record: &Record) {
        if self.triggers.is_empty() {
            return;
        }
        match &record.what {
            What::Request { id, method, url, .. } => {
                self.asked.insert((record.who.clone(), *id), (method.clone(), url.clone()));
            }
            What::Trigger { .. } => return,
            _ => {}
        }
        let asked = match &record.what {
            What::Reply { id, .. } => self.asked.remove(&(record.who.clone(), *id)),
            _ => None,
        };
        for trigger in &mut self.triggers {
            if trigger.fired >= trigger.spec.times || !fits(&trigger.spec.on, record, asked.as_ref()) {
                continue;
            }
            trigger.seen += 1;
            if trigger.seen < trigger.spec.on.nth.unwrap_or(1) {
                continue;
            }
            trigger.fired += 1;
            for action in &trigger.spec.actions {
                let device = Some(record.who.to_string());
                queue.push(
                    record.t + trigger.spec.after.0,
                    due(&trigger.name, device, Deed::Action(action.clone())),
                );
            }
        }
    }
}

fn due(trigger: &str, device: Option<String>, deed: Deed) -> Due {
    Due::Action { trigger: trigger.to_owned(), device, deed }
}

/// Whether a record is what a condition waits for.
fn fits(on: &Condition, record: &Record, asked: Option<&(String, String)>) -> bool {
    if on.device.as_ref().is_some_and(|device| **device != *record.who) {
        return false;
    }
    match &record.what {
        What::Screen { screen } => {
            on.screen.as_deref() == Some(screen.id.as_str())
                && on.shows.as_ref().is_none_or(|glob| crate::expect::screen_shows(screen, glob))
        }
        What::Event { event } => {
            on.event.as_ref().is_some_and(|pattern| crate::expect::event_fits(pattern, event))
        }
        What::Note { note: Note::State { machine, from, to } } => on.state.as_ref().is_some_and(|pattern| {
            pattern.machine == *machine && glob(pattern.to.as_ref(), to) && glob(pattern.from.as_ref(), from)
        }),
        What::Note { note: Note::Progress { item, state } } => on
            .progress
            .as_ref()
            .is_some_and(|pattern| pattern.item.matches(item) && pattern.state.matches(state)),
        What::Restart { .. } => on.restart == Some(true),
        What::PowerOff { .. } => on.power_off == Some(true),
        What::Request { method, url, .. } => on.request.as_ref().is_some_and(|pattern| {
            pattern.status.is_none() && pattern.error.is_none() && request_fits(pattern, method, url)
        }),
        What::Reply { status, error, .. } => on.request.as_ref().is_some_and(|pattern| {
            let answered = match (pattern.status, &pattern.error) {
                (Some(wanted), _) => *status == Some(wanted),
                (None, Some(wanted)) => error.as_ref().is_some_and(|e| wanted.matches(e)),
                (None, None) => return false,
            };
            answered && asked.is_some_and(|(method, url)| request_fits(pattern, method, url))
        }),
        _ => false,
    }
}

fn glob(pattern: Option<&Glob>, text: &str) -> bool {
    pattern.is_none_or(|p| p.matches(text))
}

impl World {
    /// Carries out what an actor does.
    pub(super) fn carry_out(&mut self, trigger: &str, device: Option<&str>, deed: Deed, sink: &mut Sink<'_>) {
        let (part, told) = match &deed {
            Deed::Action(action) => (ScenarioPart::When, Some(build::describe(action))),
            Deed::Machine(_) => (ScenarioPart::Fault, None),
            Deed::Service(fault) => (ScenarioPart::Fault, Some(format!("from now on {}", fault.what))),
        };
        self.actors.used.insert((part, trigger.to_owned()));
        if let Some(action) = told {
            self.emit("world", What::Trigger { trigger: trigger.to_owned(), action }, sink);
        }
        match deed {
            Deed::Action(action) => self.act_out(trigger, device, action, sink),
            Deed::Machine(fault) => {
                for name in self.aimed_at(device) {
                    let (fault_name, does) = (trigger.to_owned(), fault.to_string());
                    let place = FaultPlace::Machine;
                    self.emit(&name, What::Injected { fault: fault_name, place, does, request: None }, sink);
                    self.machine_fault(&name, &fault, sink);
                }
            }
            Deed::Service(fault) => {
                if let Some(cloud) = &self.cloud {
                    cloud.inject_as(trigger, fault);
                }
            }
        }
    }

    /// What of the scenario came to nothing.
    pub(super) fn tell_unused(&mut self, sink: &mut Sink<'_>) {
        let waiting = self.cloud.as_ref().map(Cloud::unused_faults).unwrap_or_default();
        let on_the_way = self.network.unused().map(str::to_owned);
        let faults = waiting.into_iter().chain(on_the_way).map(|name| (ScenarioPart::Fault, name));
        let all: BTreeSet<_> = self.actors.unused().chain(faults).collect();
        for (part, name) in all {
            self.emit("world", What::Unused { part, name }, sink);
        }
    }

    /// The device named, or all of them.
    fn aimed_at(&self, device: Option<&str>) -> Vec<String> {
        match device {
            Some(name) if self.hosts.contains_key(name) => vec![name.to_owned()],
            _ => self.hosts.keys().cloned().collect(),
        }
    }

    fn machine_fault(&mut self, name: &str, fault: &DeviceFault, sink: &mut Sink<'_>) {
        match fault {
            DeviceFault::Clock(skew) => self.strike(name, Fault::ClockSet { skew_ms: skew.ms }, sink),
            DeviceFault::PowerCut(back) => self.power_lost(name, Some(back.0), sink),
            DeviceFault::Restart => self.strike(name, Fault::Restart, sink),
        }
    }

    fn strike(&mut self, name: &str, fault: Fault, sink: &mut Sink<'_>) {
        self.emit(name, What::Fault { fault: fault.clone() }, sink);
        self.input(name, Input::Struck(fault), sink);
    }

    fn act_out(&mut self, trigger: &str, on: Option<&str>, action: Action, sink: &mut Sink<'_>) {
        let target = |named: &Option<String>| named.clone().or_else(|| on.map(str::to_owned));
        match action {
            Action::PowerCut { device, back } => {
                for name in self.aimed_at(target(&device).as_deref()) {
                    self.power_lost(&name, back.map(|d| d.0), sink);
                }
            }
            Action::PowerOn { device } => {
                for name in self.aimed_at(target(&device).as_deref()) {
                    self.power(&name, sink);
                }
            }
            Action::Restart { device } => {
                for name in self.aimed_at(target(&device).as_deref()) {
                    self.strike(&name, Fault::Restart, sink);
                }
            }
            Action::Wipe { device } => {
                for name in self.aimed_at(target(&device).as_deref()) {
                    // Wherever it had got to, it begins anew; one that is off does so at its next start.
                    if let Some(host) = self.hosts.get_mut(&name)
                        && host.device.flow().stage != Stage::Off
                    {
                        host.ended = None;
                    }
                    self.strike(&name, Fault::Wiped, sink);
                }
            }
            Action::Firmware { device, tpm } => {
                for name in self.aimed_at(target(&device).as_deref()) {
                    if let (Some(host), Some(profile)) = (self.hosts.get_mut(&name), tpm.profile()) {
                        host.tpm.install_firmware(profile);
                    }
                }
            }
            Action::Clock { device, skew } => {
                for name in self.aimed_at(target(&device).as_deref()) {
                    self.strike(&name, Fault::ClockSet { skew_ms: skew.ms }, sink);
                }
            }
            Action::Link { device, to } => {
                for name in self.aimed_at(target(&device).as_deref()) {
                    self.emit(&name, What::Link { link: to.into() }, sink);
                    self.input(&name, Input::LinkChanged(to.into()), sink);
                }
            }
            Action::Person { who, does } => {
                let seat =
                    who.as_deref().and_then(|name| self.people.seat_of(name)).or(on).map(str::to_owned);
                if let Some(device) = seat {
                    let person = self.people.name_at(&device).unwrap_or("somebody").to_owned();
                    let mut at = self.now;
                    for (wait, acts) in batches(&does) {
                        at = at + wait;
                        let screen = self.people.number(&device);
                        self.queue.push(
                            at,
                            Due::Person { person: person.clone(), device: device.clone(), screen, acts },
                        );
                    }
                }
            }
            Action::Network { fault, lasts } => {
                self.network.begin(self.now, trigger, fault, lasts.map(|d| d.0));
            }
            Action::Admin { does } => self.administer(&does, sink),
        }
    }
}

mod portal;
#[cfg(test)]
mod tests;
