//! The world: one cloud, its devices, its people, one queue of what happens next. It is the unit of determinism: one
//! thread, never split, and whatever happens in it follows from the scenario, the seed and the kind of keys.
//!
//! ```text
//!   queue (virtual time, sequence)
//!      |  next thing due
//!      v
//!   device.step(now, input) --> effects --> requests --> network --> transport --> cloud
//!      |                          |   timers ---------------> queue
//!      |                          |   keys, TPM ------------> queue
//!      v                          v
//!   records (the trace) --> triggers, people --> queue
//! ```

mod actors;
mod effects;
mod host;
mod network;
mod people;
mod queue;
mod record;
mod run;
mod settle;
mod time_service;
mod tpm;
pub mod transport;

pub(crate) use actors::ADMINISTRATOR;
pub use run::{Ending, Pace, Run, RunError, RunOptions, RunResult, Speed, TOGETHER, run};
pub use tpm::{BackendError, TpmBackend, TpmBackendError, TpmSetup, TpmSocket};
pub use transport::TransportKind;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use oobe_agent::flow::Stage;
use oobe_agent::io::{Act, Correlation, HttpReply, HttpRequest, Input, Link, Note, TransportError};
use oobe_agent::setup::DeviceSetup;
use oobe_agent::time::{DeviceClock, Span, VirtualTime};
use oobe_mock_cloud::{Cloud, JournalEntry, Service};
use oobe_wire::crypto::KeyKind;
use oobe_wire::time::Utc;

use self::actors::Actors;
use self::host::Host;
use self::network::Network;
use self::people::People;
use self::queue::{Due, Queue};
use self::transport::{Allowed, Foreign, Transport};
use crate::scenario::Scenario;
use crate::scenario::build::{self, OutsideTpm, Variation};
use crate::trace::record::{FaultPlace, Record, TRACE_VERSION, TraceHeader, What};

/// A world in the middle of its run.
///
/// In process it can be [`fork`](Self::fork)ed at any moment: both go on from the same point and know nothing of each
/// other.
pub struct World {
    header: TraceHeader,
    epoch: Utc,
    limit: VirtualTime,
    now: VirtualTime,
    queue: Queue,
    cloud: Option<Cloud>,
    transport: Transport,
    network: Network,
    hosts: BTreeMap<String, Host>,
    people: People,
    actors: Actors,
    records: u64,
    /// Names in records so far: each is written down a thousand times.
    names: BTreeSet<Arc<str>>,
    ending: Option<Ending>,
    /// Timers run this many times faster than the clock (against a foreign server; otherwise 1).
    hurry: u32,
    interceptor: Option<Interceptor>,
    advice: Option<String>,
}

/// Sees a request and may change its answer.
pub type Interceptor = Arc<dyn Fn(&HttpRequest, &mut HttpReply) + Send + Sync>;

/// Where records go.
pub type Sink<'a> = dyn FnMut(&Record) + 'a;

impl World {
    /// Builds the world that a scenario describes.
    pub fn new(scenario: &Scenario, options: &RunOptions) -> Result<Self, RunError> {
        let spec = &scenario.spec;
        let seed = options.seed.unwrap_or(spec.seed);
        let with = Variation {
            seed,
            keys: options.keys.unwrap_or(spec.keys),
            as_of: options.as_of.unwrap_or(spec.as_of),
        };
        let (outside, advice) = Self::outside_tpm(scenario, with, options)?;
        let plan =
            build::plan(scenario, with, outside.as_ref()).map_err(|e| RunError::Scenario(e.to_string()))?;
        let tpms = plan.devices.iter().filter(|d| d.tpm.is_some()).count();
        if options.tpm != TpmBackend::InProcess && tpms > 1 {
            return Err(RunError::OneTpm(tpms));
        }
        let cloud = Cloud::new(plan.cloud).map_err(|e| RunError::Setup(e.to_string()))?;
        let transport = Transport::new(options.transport, &cloud).map_err(RunError::Transport)?;
        let roots = vec![cloud.tls_root()];
        let mut queue = Queue::default();
        let mut hosts = BTreeMap::new();
        for planned in plan.devices {
            let mut setup = planned.setup;
            setup.trusted_roots.clone_from(&roots);
            let name = setup.name.clone();
            queue.push(VirtualTime::ZERO + planned.power_on, Due::Power { device: name.clone() });
            let tpm = match planned.tpm {
                Some(tpm) => TpmSocket::new(tpm, &options.tpm, seed, &name)?,
                None => TpmSocket::empty(),
            };
            hosts.insert(name, Host::new(setup, tpm));
        }
        let mut world = Self {
            header: TraceHeader {
                format: "oobe-trace".into(),
                version: TRACE_VERSION,
                scenario: scenario.name.clone(),
                scenario_sha256: scenario.sha256.clone(),
                seed,
                keys: plan.keys,
                as_of: plan.as_of,
                epoch: plan.epoch.to_rfc3339(),
                program: format!("oobe {}", env!("CARGO_PKG_VERSION")),
            },
            epoch: plan.epoch,
            limit: VirtualTime::ZERO + plan.time_limit,
            now: VirtualTime::ZERO,
            queue,
            cloud: Some(cloud),
            transport,
            network: Network::new(seed, spec),
            hosts,
            people: People::new(seed, scenario, options.interactive),
            actors: Actors::new(spec),
            records: 0,
            names: BTreeSet::new(),
            ending: None,
            hurry: 1,
            interceptor: None,
            advice,
        };
        world.actors.arm(&mut world.queue, world.cloud.as_ref());
        Ok(world)
    }

    /// What has to be known of the TPM outside before the world begins.
    fn outside_tpm(
        scenario: &Scenario,
        with: Variation,
        options: &RunOptions,
    ) -> Result<(Option<OutsideTpm>, Option<String>), RunError> {
        if options.tpm == TpmBackend::InProcess {
            return Ok((None, None));
        }
        let Some(setup) = build::attesting(scenario, with) else { return Ok((None, None)) };
        let shown = tpm::endorsement_key(&setup, &options.tpm, with.keys.into(), scenario.spec.epoch.0)?;
        let outside = OutsideTpm { key: shown.key, trusted: options.tpm_ca.clone() };
        Ok((Some(outside), shown.advice))
    }

    /// A world of one device and no cloud of ours: it talks to a server that the user named. Time is the clock on the
    /// wall; `hurry` shortens the device's timers, never its timestamps.
    pub fn foreign(
        mut setup: DeviceSetup,
        allowed: Allowed,
        hurry: u32,
        limit: Span,
    ) -> Result<Self, RunError> {
        let epoch = transport::wall_clock();
        setup.clock = DeviceClock { epoch, skew_ms: 0 };
        let name = setup.name.clone();
        let header = TraceHeader {
            format: "oobe-trace".into(),
            version: TRACE_VERSION,
            scenario: "enroll".into(),
            scenario_sha256: String::new(),
            seed: setup.seed,
            keys: match setup.keys {
                KeyKind::P256 => "p256".into(),
                KeyKind::Rsa2048 => "rsa".into(),
            },
            as_of: setup.as_of.to_string(),
            epoch: epoch.to_rfc3339(),
            program: format!("oobe {}", env!("CARGO_PKG_VERSION")),
        };
        let mut queue = Queue::default();
        queue.push(VirtualTime::ZERO, Due::Power { device: name.clone() });
        let seed = setup.seed;
        // A request blocks the world while it is under way, so it may take no longer than the device would wait, but
        // never so short that a healthy server could miss it.
        let limit_ms = setup.timings.request_limit.as_millis() / u64::from(hurry.max(1));
        let patience = std::time::Duration::from_millis(limit_ms.max(3_000));
        Ok(Self {
            header,
            epoch,
            limit: VirtualTime::ZERO + limit,
            now: VirtualTime::ZERO,
            queue,
            cloud: None,
            transport: Transport::Foreign(Box::new(Foreign::new(allowed, patience)?)),
            network: Network::real(seed),
            people: People::patient(&name, seed),
            hosts: BTreeMap::from([(name, Host::new(setup, TpmSocket::empty()))]),
            actors: Actors::default(),
            records: 0,
            names: BTreeSet::new(),
            ending: None,
            hurry: hurry.max(1),
            interceptor: None,
            advice: None,
        })
    }

    /// Time went by while nothing was due: against a foreign server virtual time is the clock on the wall, and whoever
    /// sits at the terminal may act between two events.
    pub(crate) fn elapse(&mut self, to: VirtualTime) {
        self.now = self.now.max(to.min(self.limit));
    }

    /// The header of its trace.
    pub fn header(&self) -> &TraceHeader {
        &self.header
    }

    /// Virtual time.
    pub fn now(&self) -> VirtualTime {
        self.now
    }

    /// What somebody should know of the TPM outside before they wonder how the run ends.
    pub fn advice(&self) -> Option<&str> {
        self.advice.as_deref()
    }

    /// How it ended, once it has.
    pub fn ending(&self) -> Option<&Ending> {
        self.ending.as_ref()
    }

    /// When the next thing happens, the end by the time limit among them; `None` once nothing more can.
    pub fn next_due(&self) -> Option<VirtualTime> {
        if self.ending.is_some() { None } else { self.queue.next_time().map(|time| time.min(self.limit)) }
    }

    /// The same for whoever looks on: timers that were cancelled and screens that went away don't count.
    pub fn next_to_see(&self) -> Option<VirtualTime> {
        let over = |due: &Due| match due {
            Due::Timer { device, timer, ticket, .. } => {
                !self.hosts.get(device).is_some_and(|host| host.timer_runs(*timer, *ticket))
            }
            Due::Person { device, screen, .. } => !self.people.still_there(device, *screen),
            _ => false,
        };
        if self.ending.is_some() {
            None
        } else {
            self.queue.next_time_but(over).map(|time| time.min(self.limit))
        }
    }

    /// The devices in it.
    pub fn devices(&self) -> impl Iterator<Item = &oobe_agent::Device> {
        self.hosts.values().map(|h| &h.device)
    }

    /// One of them.
    pub fn device(&self, name: &str) -> Option<&oobe_agent::Device> {
        self.hosts.get(name).map(|h| &h.device)
    }

    /// Its cloud.
    pub fn cloud(&self) -> Option<&Cloud> {
        self.cloud.as_ref()
    }

    /// Keeps every input of every device from now on.
    pub fn record_inputs(&mut self) {
        for host in self.hosts.values_mut() {
            host.inputs = Some(Vec::new());
        }
    }

    /// The inputs that were kept: fed to a fresh device in this order, they give the same run.
    pub fn inputs(&self, device: &str) -> &[(VirtualTime, Input)] {
        self.hosts.get(device).and_then(|h| h.inputs.as_deref()).unwrap_or_default()
    }

    /// Puts somebody between devices and services who may change any answer: for tests of what a device checks.
    pub fn intercept(&mut self, interceptor: Interceptor) {
        self.interceptor = Some(interceptor);
    }

    /// A second world that goes on from here. `None` on the wire and with a TPM outside: sockets can't be forked.
    pub fn fork(&self) -> Option<Self> {
        if !self.hosts.values().all(|host| host.tpm.can_fork()) {
            return None;
        }
        let cloud = self.cloud.as_ref()?.fork();
        Some(Self {
            header: self.header.clone(),
            epoch: self.epoch,
            limit: self.limit,
            now: self.now,
            queue: self.queue.clone(),
            transport: self.transport.fork(&cloud)?,
            cloud: Some(cloud),
            network: self.network.clone(),
            hosts: self.hosts.clone(),
            people: self.people.clone(),
            actors: self.actors.clone(),
            records: self.records,
            names: self.names.clone(),
            ending: self.ending.clone(),
            hurry: self.hurry,
            interceptor: self.interceptor.clone(),
            advice: self.advice.clone(),
        })
    }

    /// Lets the next thing happen.
    pub fn step(&mut self, sink: &mut Sink<'_>) {
        if self.ending.is_some() {
            return;
        }
        match self.queue.next_time() {
            None => self.end(Ending::quiet(), sink),
            Some(time) if time > self.limit => {
                self.now = self.now.max(self.limit);
                self.end(Ending::time_limit(), sink);
            }
            Some(_) => {
                if let Some((time, due)) = self.queue.pop() {
                    self.now = self.now.max(time);
                    self.happen(due, sink);
                    self.settle(sink);
                }
            }
        }
    }

    /// A person does something now (an interactive terminal).
    pub fn act(&mut self, device: &str, act: Act, sink: &mut Sink<'_>) {
        let person = self.people.name_at(device).unwrap_or("you").to_owned();
        self.person_acts(&person, device, act, sink);
        self.settle(sink);
    }

    /// Somebody at the terminal presses the power button of a device that is off.
    pub fn press_power(&mut self, device: &str, sink: &mut Sink<'_>) {
        self.power(device, sink);
        self.settle(sink);
    }

    /// The people of the scenario keep their hands off from now on, or take up again what the screens ask for: somebody
    /// at the terminal takes over, or gives back.
    pub fn people_act(&mut self, act: bool) {
        self.people.take_part(&mut self.queue, self.now, act);
    }

    /// Power goes now; it comes back after `back`.
    pub fn cut_power(&mut self, device: &str, back: Option<Span>, sink: &mut Sink<'_>) {
        self.power_lost(device, back, sink);
        self.settle(sink);
    }

    fn happen(&mut self, due: Due, sink: &mut Sink<'_>) {
        match due {
            Due::Power { device } => self.power(&device, sink),
            Due::Timer { device, timer, boot, ticket } => {
                if self.hosts.get_mut(&device).is_some_and(|h| h.take_timer(timer, ticket)) {
                    self.emit(&device, What::TimerFired { timer }, sink);
                    self.input(&device, Input::TimerFired { timer, boot }, sink);
                }
            }
            Due::Arrive { device, id, request, asked, fate } => {
                self.arrive(device, id, &request, asked, &fate, sink);
            }
            Due::Deliver { device, id, result, asked } => {
                let linked = self.hosts.get(&device).is_some_and(|h| h.link != Link::Down);
                let result = if linked || matches!(result, Err(TransportError::NoNetwork)) {
                    result
                } else {
                    Err(TransportError::Reset)
                };
                let took = self.now - asked;
                self.emit(&device, record::reply(id, &result, took), sink);
                self.input(&device, Input::HttpReplied { id, result }, sink);
            }
            Due::Push { device } => self.push(&device, sink),
            Due::Keys { device, id, result } => self.input(&device, Input::KeysReplied { id, result }, sink),
            Due::Tpm { device, id, result } => self.input(&device, Input::TpmReplied { id, result }, sink),
            Due::Person { person, device, screen, acts } => {
                if self.people.still_there(&device, screen) {
                    for act in acts {
                        self.person_acts(&person, &device, act, sink);
                    }
                }
            }
            Due::Action { trigger, device, deed } => self.carry_out(&trigger, device.as_deref(), deed, sink),
        }
    }

    fn power(&mut self, device: &str, sink: &mut Sink<'_>) {
        // Somebody was faster: the button of a device that is on does nothing here.
        if self.hosts.get(device).is_some_and(|host| host.device.flow().stage != Stage::Off) {
            return;
        }
        if let Some(host) = self.hosts.get_mut(device) {
            host.goes_on();
            host.tpm.power_on(self.now);
        }
        self.emit(device, What::PowerOn, sink);
        self.input(device, Input::PowerPressed, sink);
    }

    /// A push notification comes to a device, if it is there to hear it.
    fn push(&mut self, device: &str, sink: &mut Sink<'_>) {
        let heard =
            self.hosts.get(device).is_some_and(|host| host.link != Link::Down && host.device.hears_pushes());
        self.emit(device, What::Push { heard }, sink);
        if heard {
            self.input(device, Input::Pushed, sink);
        }
    }

    fn power_lost(&mut self, device: &str, back: Option<Span>, sink: &mut Sink<'_>) {
        self.emit(device, What::PowerLost, sink);
        if let Some(host) = self.hosts.get_mut(device) {
            host.tpm.power_off(self.now, false);
            host.forget_timers();
        }
        self.input(device, Input::PowerLost, sink);
        self.people.screen_dark(device);
        if let Some(back) = back {
            self.queue.push(self.now + back, Due::Power { device: device.to_owned() });
        }
    }

    fn person_acts(&mut self, person: &str, device: &str, act: Act, sink: &mut Sink<'_>) {
        let masked = self.people.mask(device, &act);
        self.emit(device, What::Act { person: person.to_owned(), act: masked }, sink);
        // A device that deployed itself goes on when somebody comes after all.
        if let Some(host) = self.hosts.get_mut(device).filter(|h| h.ended.as_deref() == Some(Note::SIGN_IN)) {
            host.goes_on();
        }
        self.input(device, Input::Acted(act), sink);
    }

    /// Hands an input to a device and carries out what it wants.
    fn input(&mut self, device: &str, input: Input, sink: &mut Sink<'_>) {
        let Some(host) = self.hosts.get_mut(device) else { return };
        if let Input::LinkChanged(link) = &input {
            host.link = *link;
        }
        if let Some(inputs) = &mut host.inputs {
            inputs.push((self.now, input.clone()));
        }
        for effect in host.device.step(self.now, input) {
            self.effect(device, effect, sink);
        }
    }

    /// The cloud's UTC.
    fn utc(&self) -> Utc {
        self.epoch.plus_ms(i64::try_from(self.now.as_millis()).unwrap_or(i64::MAX))
    }

    /// What the cloud decided goes into the trace. How a channel was proved does not: on the wire that is TLS's work,
    /// and the trace must be the same on either transport. What came of it is in the answer.
    fn journal(&mut self, on: Option<(&str, Correlation)>, sink: &mut Sink<'_>) {
        let Some(cloud) = &self.cloud else { return };
        for entry in cloud.drain_journal().into_iter().filter(|e| e.service != Service::Channel) {
            match (entry.fault, on) {
                (Some(fault), Some((device, request))) => {
                    let (place, does) = (FaultPlace::Service, entry.detail);
                    self.emit(device, What::Injected { fault, place, does, request: Some(request) }, sink);
                }
                (fault, _) => self.emit("cloud", record::cloud(JournalEntry { fault, ..entry }), sink),
            }
        }
    }

    /// Writes a record; triggers hear it.
    fn emit(&mut self, who: &str, what: What, sink: &mut Sink<'_>) {
        let who = self.names.get(who).cloned().unwrap_or_else(|| {
            let name = Arc::<str>::from(who);
            self.names.insert(Arc::clone(&name));
            name
        });
        let record = Record { t: self.now, n: self.records, who, what };
        self.records += 1;
        sink(&record);
        self.actors.hear(&mut self.queue, &record);
    }
}
