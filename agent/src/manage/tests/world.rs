//! A tiny world: one managed device, one peer, a clock and a queue of timers.

use std::collections::{BTreeMap, VecDeque};

use oobe_wire::ids::Guid;
use oobe_wire::rng::Stream;

use super::fixtures::{details, document, enrol, mdm_key, setup};
use super::peer::Peer;
use crate::cx::{Answer, Ask, Cx};
use crate::esp::Phase;
use crate::io::{Effect, Note, Slot, Timer};
use crate::keys::SoftwareKeyStore;
use crate::manage::{Activity, ManageEvent, Management, SignedOnUser, Verdict};
use crate::registry::Registry;
use crate::setup::DeviceSetup;
use crate::time::VirtualTime;

pub(super) struct World {
    pub(super) now: VirtualTime,
    pub(super) boot: u32,
    pub(super) setup: DeviceSetup,
    pub(super) rng: Stream,
    pub(super) registry: Registry,
    pub(super) keys: SoftwareKeyStore,
    pub(super) management: Management,
    pub(super) activity: Activity,
    pub(super) timers: BTreeMap<Timer, VirtualTime>,
    pub(super) pending: VecDeque<(Slot, Ask)>,
    pub(super) effects: Vec<Effect>,
    pub(super) events: Vec<ManageEvent>,
    pub(super) peer: Peer,
    pub(super) user: Option<SignedOnUser>,
    /// What the flow of the device would be at.
    pub(super) phase: Option<Phase>,
    pub(super) restarts: u32,
}

impl World {
    /// A freshly enrolled device; its first session is on its way.
    pub(super) fn new(provider: &str, peer: Peer) -> Self {
        let mut keys = SoftwareKeyStore::new(1, "pc-1");
        let key = mdm_key(&mut keys);
        let (management, effects) = enrol(&document(provider, &key), details(key));
        let mut world = Self {
            now: VirtualTime::ZERO,
            boot: 0,
            setup: setup(),
            rng: Stream::new(1, &["device"]),
            registry: Registry::default(),
            keys,
            management: management.expect("the document is sound"),
            activity: Activity::default(),
            timers: BTreeMap::new(),
            pending: VecDeque::new(),
            effects,
            events: Vec::new(),
            peer,
            user: None,
            phase: None,
            restarts: 0,
        };
        world.start();
        world
    }

    /// Calls management with a context, and takes in what it wants.
    pub(super) fn with<T>(
        &mut self,
        call: impl FnOnce(&mut Management, &mut Activity, &mut Cx<'_>) -> T,
    ) -> T {
        let (mut asks, mut effects) = (Vec::new(), Vec::new());
        let mut cx = Cx {
            now: self.now,
            utc: self.setup.clock.utc(self.now),
            boot: self.boot,
            rng: &mut self.rng,
            setup: &self.setup,
            registry: &mut self.registry,
            asks: &mut asks,
            effects: &mut effects,
        };
        let result = call(&mut self.management, &mut self.activity, &mut cx);
        self.pending.extend(asks);
        for effect in &effects {
            match effect {
                Effect::SetTimer { timer, after, .. } => {
                    self.timers.insert(*timer, self.now + *after);
                }
                Effect::CancelTimer { timer } => {
                    self.timers.remove(timer);
                }
                _ => {}
            }
        }
        self.effects.extend(effects);
        result
    }

    /// Power goes and comes back: memory is lost, what is on disk is read back.
    pub(super) fn restart(&mut self) {
        self.restarts += 1;
        self.user = None;
        let disk = serde_json::to_string(&self.management).expect("the disk can be written");
        self.management = serde_json::from_str(&disk).expect("the disk can be read");
        self.start();
    }

    fn start(&mut self) {
        self.boot += 1;
        self.activity = Activity::default();
        self.timers.clear();
        self.pending.clear();
        self.activity = self.with(|m, _, cx| m.boot(cx));
        match self.phase {
            Some(Phase::AccountSetup) => self.sign_on(),
            Some(phase) => self.begin(phase),
            None => {}
        }
    }

    pub(super) fn begin(&mut self, phase: Phase) {
        self.phase = Some(phase);
        self.with(|m, a, cx| m.begin_phase(a, cx, phase));
    }

    pub(super) fn sign_on(&mut self) {
        let user = SignedOnUser {
            upn: "alice@contoso.test".into(),
            oid: Some(Guid::NIL),
            token: Some("tok".to_owned().into()),
        };
        self.user = Some(user.clone());
        self.with(|m, a, cx| m.user_signed_on(a, cx, user));
        self.begin(Phase::AccountSetup);
    }

    /// One step: the oldest question is answered, or the next timer fires. `false` when nothing is left.
    pub(super) fn step(&mut self) -> bool {
        let events = if let Some((slot, ask)) = self.pending.pop_front() {
            let answer = match ask {
                Ask::Http { request, .. } => Answer::Http(self.peer.answer(&request)),
                Ask::Keys(command) => Answer::Keys(self.keys.execute(&command)),
                Ask::Tpm(_) => Answer::Tpm(Err(crate::tpm::TpmError::Absent)),
            };
            self.with(|m, a, cx| m.answer(a, cx, slot, answer))
        } else {
            let Some((timer, at)) =
                self.timers.iter().map(|(t, at)| (*t, *at)).min_by_key(|(t, at)| (*at, *t))
            else {
                return false;
            };
            self.now = self.now.max(at);
            self.timers.remove(&timer);
            self.with(|m, a, cx| m.timer(a, cx, timer))
        };
        for event in events {
            self.events.push(event.clone());
            self.follow(&event);
        }
        true
    }

    /// What the flow of the device does.
    fn follow(&mut self, event: &ManageEvent) {
        match event {
            ManageEvent::Decided(wanted) if wanted.device => self.begin(Phase::DevicePreparation),
            ManageEvent::PhaseEnded { phase: Phase::DevicePreparation, verdict: Verdict::Succeeded } => {
                self.begin(Phase::DeviceSetup);
            }
            ManageEvent::PhaseEnded { phase: Phase::DeviceSetup, verdict: Verdict::Succeeded } => {
                self.phase = Some(Phase::AccountSetup);
                self.sign_on();
            }
            ManageEvent::PhaseEnded { phase: Phase::AccountSetup, verdict: Verdict::Succeeded } => {
                self.phase = None;
                self.with(Management::finish);
            }
            ManageEvent::RestartNeeded { .. } => self.restart(),
            _ => {}
        }
    }

    /// Runs until a phase has ended in any way; panics when nothing moves any more.
    pub(super) fn until_end_of(&mut self, wanted: Phase) -> Verdict {
        for _ in 0..20_000 {
            let ended = self.events.iter().find_map(|event| match event {
                ManageEvent::PhaseEnded { phase, verdict } if *phase == wanted => Some(verdict.clone()),
                _ => None,
            });
            if let Some(verdict) = ended {
                return verdict;
            }
            assert!(self.step(), "nothing moves: {:?}", self.page());
        }
        panic!("no end of {wanted:?} in sight: {:?}", self.page());
    }

    /// Runs until `done` holds.
    pub(super) fn until(&mut self, mut done: impl FnMut(&Self) -> bool) {
        for _ in 0..20_000 {
            if done(self) {
                return;
            }
            assert!(self.step(), "nothing moves: {:?}", self.page());
        }
        panic!("it never comes: {:?}", self.page());
    }

    pub(super) fn page(&self) -> std::sync::Arc<crate::esp::EspPage> {
        self.management.page(&mut self.activity.clone())
    }

    /// What is printed behind a row.
    pub(super) fn row(&self, phase: Phase, title: &str) -> String {
        let page = self.page();
        let view = page.phases.iter().find(|view| view.phase == phase).expect("the phase is on the page");
        view.rows.iter().find(|row| row.title == title).expect("the row is on the page").status.to_string()
    }

    pub(super) fn notes(&self) -> impl Iterator<Item = &Note> {
        self.effects
            .iter()
            .filter_map(|effect| if let Effect::Note(note) = effect { Some(note) } else { None })
    }

    /// Ids of the rules that decisions rested on.
    pub(super) fn rules(&self) -> Vec<&str> {
        self.notes()
            .filter_map(|note| if let Note::Decided { rule, .. } = note { Some(&**rule) } else { None })
            .collect()
    }

    /// Names of checks that failed.
    pub(super) fn failed_checks(&self) -> Vec<&str> {
        self.notes()
            .filter_map(|note| match note {
                Note::Checked { check, failed: Some(_) } => Some(&**check),
                _ => None,
            })
            .collect()
    }

    /// Ids of events of one channel.
    pub(super) fn event_ids(&self) -> Vec<i32> {
        self.effects
            .iter()
            .filter_map(|effect| if let Effect::WriteEvent(record) = effect { Some(record.id) } else { None })
            .collect()
    }

    /// Status of every CSP command so far, as `Verb uri -> status`.
    pub(super) fn commands(&self) -> Vec<String> {
        self.notes()
            .filter_map(|note| match note {
                Note::Csp { verb, uri, status, .. } => Some(format!("{verb} {uri} -> {status}")),
                _ => None,
            })
            .collect()
    }
}
