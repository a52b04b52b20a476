//! Runs in which something else comes in place of an answer.

use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use oobe::scenario::quantity::Duration;
use oobe::scenario::spec::FaultSpec;
use oobe::scenario::{self, LoadOptions, Scenario};
use oobe::trace::record::{Record, What};
use oobe::world::{RunOptions, World};
use oobe_agent::disk::Disk;
use oobe_agent::io::HttpRequest;
use oobe_agent::time::{Span, VirtualTime};
use oobe_mock_cloud::{Matcher, ServiceFault};

use crate::faults::Fault;

/// The device of the main scenario.
const DEVICE: &str = "pc";
/// More records than any of these runs may have: a loop that never ends has more.
const TOO_MANY: usize = 20_000;
/// Longer than the page's limit of an hour behind a healthy run of 18 minutes; short, since most of it is waiting.
const TIME_LIMIT: &str = "time_limit=90m";
/// The time limit of runs in which the device's clock is wrong.
const HALF_AN_HOUR: Duration = Duration(Span::from_mins(30));

/// The main scenario with a time limit that comes sooner.
pub(crate) fn scenario() -> Scenario {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("scenarios/user-driven.toml");
    let options = LoadOptions { set: vec![TIME_LIMIT.into()], ..LoadOptions::default() };
    scenario::load(&path, &options).expect("the main scenario is valid")
}

/// A request of the healthy run.
#[derive(Debug, Clone)]
pub(crate) struct Asked {
    /// When.
    pub(crate) at: VirtualTime,
    /// Host.
    pub(crate) host: String,
    /// Path, with the query left out; every path when absent.
    pub(crate) path: Option<String>,
    /// Why, in the device's words.
    pub(crate) why: String,
    method: String,
    url: String,
}

impl Asked {
    fn of(record: &Record) -> Option<Self> {
        let What::Request { method, url, why, .. } = &record.what else { return None };
        let address = url::Url::parse(url).expect("devices ask at whole addresses");
        Some(Self {
            at: record.t,
            host: address.host_str().unwrap_or_default().to_owned(),
            path: Some(address.path().to_owned()),
            why: why.clone(),
            method: method.clone(),
            url: url.clone(),
        })
    }

    /// Every request of the healthy run, in order.
    pub(crate) fn all(scenario: &Scenario) -> Vec<Self> {
        let (mut asked, mut replies) = (Vec::new(), 0);
        let mut world = build(scenario);
        while world.next_due().is_some() {
            world.step(&mut |record| {
                asked.extend(Self::of(record));
                replies += usize::from(matches!(record.what, What::Reply { .. }));
            });
        }
        // What is asked when the desktop is reached is answered after the end.
        asked.truncate(replies);
        assert_eq!(world.ending().map(|e| e.outcome.as_str()), Some("desktop"));
        asked
    }

    /// The services of the healthy run: the first request to each address.
    pub(crate) fn services(scenario: &Scenario) -> Vec<Self> {
        let mut services: Vec<Self> = Vec::new();
        for mut asked in Self::all(scenario) {
            // The last segments of these paths name a session or a file.
            let path = asked.path.take().unwrap_or_default();
            let part = path.split("SideCarGatewaySessions").next().unwrap_or_default().to_owned();
            let content = part.starts_with("/content/");
            asked.path = Some(if content { "/content/*".to_owned() } else { format!("{part}*") });
            let known = |s: &&Self| s.host == asked.host && s.path == asked.path;
            if services.iter().find(known).is_none() {
                services.push(asked);
            }
        }
        services
    }

    /// Whether a request is this one.
    fn is(&self, request: &HttpRequest) -> bool {
        request.url == self.url && request.method.to_string() == self.method
    }

    /// Whether a request goes to the same service.
    fn same_service(&self, request: &HttpRequest) -> bool {
        let address = url::Url::parse(&request.url).expect("devices ask at whole addresses");
        let path = self.path.as_deref().unwrap_or_default().trim_end_matches('*');
        address.host_str() == Some(self.host.as_str()) && address.path().starts_with(path)
    }
}

/// How a run ended.
#[derive(Debug, Clone)]
pub(crate) struct Outcome {
    /// Whether at the desktop.
    pub(crate) desktop: bool,
    /// Whether it is managed.
    pub(crate) enrolled: bool,
    /// The screen that was up.
    pub(crate) screen: String,
    /// How many records it had.
    pub(crate) records: usize,
}

fn build(scenario: &Scenario) -> World {
    World::new(scenario, &RunOptions::default()).expect("the scenario can be built")
}

/// Runs to the end, and holds what must be true of every run against it.
fn finish(world: &mut World, before: usize, case: &str) -> Outcome {
    let (mut records, mut screen) = (before, String::new());
    while world.next_due().is_some() {
        world.step(&mut |record| {
            records += 1;
            if let What::Screen { screen: up } = &record.what {
                screen.clone_from(&up.id);
            }
        });
        assert!(records < TOO_MANY, "{case}: the run does not end");
    }
    world.step(&mut |_| {});
    let ending = world.ending().unwrap_or_else(|| panic!("{case}: the run has no ending"));
    let disk = world.device(DEVICE).expect("the scenario has this device").disk();
    let enrolled = disk.kept.enrolled;
    let outcome = Outcome { desktop: ending.outcome == "desktop", enrolled, screen, records };
    assert_eq!(disk.kept.joined, disk.joined.is_some(), "{case}: half a join is on the disk");
    assert_eq!(disk.kept.enrolled, disk.management.is_some(), "{case}: half an enrolment is on the disk");
    // The user's context is the one part of it that no disk holds.
    let read = Disk::read(&disk.write()).expect("the disk can be read");
    assert_eq!(
        (&read.joined, read.write()),
        (&disk.joined, disk.write()),
        "{case}: the disk can't be read again"
    );
    let cloud = world.cloud().expect("the world has a cloud").save();
    let objects = |name: &str| cloud["state"][name].as_object().expect("the cloud keeps objects by id");
    // An Autopilot registration brings a device object that nobody has joined as yet.
    let joined = objects("devices").values().filter(|device| !device["joined"].is_null()).count();
    assert!(joined <= 1, "{case}: the cloud has {joined} joined devices");
    assert!(objects("enrolments").len() <= 1, "{case}: the cloud has several enrolments");
    outcome
}

/// A run with a fault of the scenario.
fn with_fault(scenario: &Scenario, fault: FaultSpec, case: &str) -> Outcome {
    let mut scenario = scenario.clone();
    if fault.machine.is_some() {
        // Nothing sets the clock right, and a person who is told to sign in again does so every half minute.
        scenario.spec.time_limit = HALF_AN_HOUR;
    }
    scenario.spec.fault.push(fault);
    finish(&mut build(&scenario), 0, case)
}

/// The fault comes once, at each request in turn; gives what came of it.
pub(crate) fn one_answer(scenario: &Scenario, asked: &[Asked], fault: Fault) -> Vec<(usize, Outcome)> {
    let case = |index: usize| format!("request {index} ({}), {fault:?}", asked[index].why);
    let whole = |(index, asked): (usize, &Asked)| {
        let fault = fault.of_scenario(asked, asked.at, Some(1))?;
        Some((index, with_fault(scenario, fault, &case(index))))
    };
    if fault.of_scenario(&asked[0], VirtualTime::ZERO, None).is_some() {
        return asked.iter().enumerate().filter_map(whole).collect();
    }
    // Everything else can come into a run that is under way: the world is forked while the request is.
    let mut outcomes = Vec::new();
    let (mut world, mut records, mut index) = (build(scenario), 0, 0);
    while world.next_due().is_some() {
        let before = index;
        world.step(&mut |record| {
            records += 1;
            index += usize::from(matches!(record.what, What::Request { .. }));
        });
        for (under_way, request) in asked.iter().enumerate().take(index).skip(before) {
            let mut fork = world.fork().expect("a world in process can be forked");
            let struck = strike(&mut fork, request, fault);
            outcomes.push((under_way, finish(&mut fork, records, &case(under_way))));
            assert!(struck.load(Ordering::Relaxed), "{} never came", case(under_way));
        }
    }
    outcomes
}

/// Has the fault come in place of the answer that is under way. Tells whether it did.
fn strike(world: &mut World, asked: &Asked, fault: Fault) -> Arc<AtomicBool> {
    let struck = Arc::new(AtomicBool::new(false));
    if let Some(what) = fault.of_service() {
        let matcher =
            Matcher { host: Some(asked.host.clone()), path: asked.path.clone(), ..Matcher::default() };
        world.cloud().expect("the world has a cloud").inject(ServiceFault { matcher, what });
        struck.store(true, Ordering::Relaxed);
        return struck;
    }
    let (asked, seen) = (asked.clone(), Arc::clone(&struck));
    world.intercept(Arc::new(move |request, reply| {
        if !seen.load(Ordering::Relaxed) && asked.is(request) {
            seen.store(fault.spoil(reply), Ordering::Relaxed);
        }
    }));
    struck
}

/// From its first answer on a service never says anything else.
pub(crate) fn service_stays_bad(
    scenario: &Scenario,
    services: &[Asked],
    fault: Fault,
) -> Vec<(usize, Outcome)> {
    let run = |(index, service): (usize, &Asked)| {
        let case =
            format!("{}{} stays bad: {fault:?}", service.host, service.path.as_deref().unwrap_or_default());
        if let Some(fault) = fault.of_scenario(service, service.at, None) {
            return (index, with_fault(scenario, fault, &case));
        }
        let mut world = build(scenario);
        if let Some(what) = fault.of_service() {
            let path = service.path.as_ref().map(|path| path.trim_end_matches('*').to_owned());
            let matcher = Matcher { host: Some(service.host.clone()), path, times: 0, ..Matcher::default() };
            world.cloud().expect("the world has a cloud").inject(ServiceFault { matcher, what });
        } else {
            let service = service.clone();
            world.intercept(Arc::new(move |request, reply| {
                if service.same_service(request) {
                    fault.spoil(reply);
                }
            }));
        }
        (index, finish(&mut world, 0, &case))
    };
    services.iter().enumerate().map(run).collect()
}
