//! People, triggers and faults.

use std::collections::{BTreeMap, BTreeSet};

use oobe_agent::prompt;
use oobe_agent::screen::{captions, fields, keys};
use oobe_catalog::screens;
use tpm_sim::manufacture::profile::{Generation, PROFILES};

use super::cloud::tpm;
use super::{Checker, given};
use crate::scenario::spec::{
    Action, AdminAction, Condition, FaultSpec, NetworkFailure, NetworkFault, ServiceFailure, Step, TpmSpec,
};
use crate::scenario::suggest;
use crate::scenario::tree::shorten;

pub(super) fn check(checker: &mut Checker<'_>) {
    people(checker);
    let spec = checker.spec;
    for (i, trigger) in spec.when.iter().enumerate() {
        let i = i.to_string();
        condition(checker, &["when", &i, "on"], &trigger.on);
        if trigger.times == 0 {
            checker.wrong(&["when", &i, "times"], "it could never happen", "count from 1");
        }
        if trigger.actions.is_empty() {
            checker.wrong(
                &["when", &i, "do"],
                "nothing is done",
                "add an action, for example `{ power-cut = { back = \"30s\" } }`",
            );
        }
        for (j, does) in trigger.actions.iter().enumerate() {
            action(checker, &["when", &i, "do", &j.to_string()], does);
        }
    }
    for (i, one) in spec.fault.iter().enumerate() {
        fault(checker, &i.to_string(), one);
    }
}

fn people(checker: &mut Checker<'_>) {
    let spec = checker.spec;
    let mut seats: BTreeMap<(&str, bool), &str> = BTreeMap::new();
    for (name, person) in &spec.person {
        checker.name(&["person", name], name);
        let seat = match &person.device {
            Some(device) => {
                if !checker.device(&["person", name, "device"], device) {
                    continue;
                }
                device
            }
            None if spec.device.len() > 1 => {
                checker.wrong(
                    &["person", name],
                    format!("at which device does `{name}` sit?"),
                    "there are several: add `device = \"...\"`",
                );
                continue;
            }
            None => match spec.device.keys().next() {
                Some(only) => only,
                None => continue,
            },
        };
        if let Some(first) = seats.insert((seat, person.technician), name) {
            checker.wrong(
                &["person", name],
                format!("`{first}` sits at the device `{seat}` already"),
                "one person at a device, and one technician before them (`technician = true`); a trigger can have \
                 either do something out of turn",
            );
        }
        for (screen, does) in &person.at {
            checker.screen(&["person", name, "at", screen], screen);
            steps(checker, &["person", name, "at", screen], Some(screen), does);
        }
        if person.user.is_empty() {
            if !person.technician {
                checker.wrong(
                    &["person", name],
                    format!("`user` is missing: as whom does `{name}` sign in?"),
                    "add `user = \"...\"`; only a technician (`technician = true`) needs none",
                );
            }
            continue;
        }
        let known = spec
            .tenant
            .values()
            .flat_map(|t| t.user.values())
            .any(|u| u.upn.eq_ignore_ascii_case(&person.user));
        if !known && person.passwords.is_empty() {
            checker.wrong(
                &["person", name, "user"],
                format!("no tenant has a user `{}`", shorten(&person.user)),
                "add the user to a tenant, or say with `passwords` what is typed",
            );
        }
    }
}

/// What somebody does must be something that can be done: on the screen named, or on any. Buttons, fields and keys that
/// this device never shows are refused, since nothing would come of them.
fn steps(checker: &mut Checker<'_>, path: &[&str], screen: Option<&str>, steps: &[Step]) {
    let none = screen.map_or_else(|| "no screen has a".to_owned(), |id| format!("the screen `{id}` has no"));
    let ids = || screens::ALL.iter().map(|s| s.id).filter(|id| screen.is_none_or(|here| here == *id));
    for (i, step) in steps.iter().enumerate() {
        let i = i.to_string();
        let path = [path, &[&i]].concat();
        let (what, name, known): (&str, &str, BTreeSet<&str>) = match step {
            Step::Press(caption) => ("button or entry", caption, ids().flat_map(captions).collect()),
            Step::Fill { field, .. } => ("field", field, ids().flat_map(fields).copied().collect()),
            Step::Key(key) => ("key", key, keys().into_iter().collect()),
            Step::Command(line) => {
                command(checker, &path, screen, line);
                continue;
            }
            Step::WindowsKey(times) if !(1..=20).contains(times) => {
                let help = "five times opens the Windows Autopilot options: `{ windows-key = 5 }`";
                checker.wrong(&path, format!("nobody presses a key {times} times"), help);
                continue;
            }
            Step::WindowsKey(_) | Step::Wait(_) | Step::Nothing => continue,
        };
        if known.contains(name) {
            continue;
        }
        let listed = || match known.len() {
            0 => format!("there is no {what} there at all"),
            _ => format!(
                "there are: {}",
                known.iter().map(|k| format!("`{k}`")).collect::<Vec<_>>().join(", ")
            ),
        };
        let help = suggest::question(name, known.iter().copied()).unwrap_or_else(listed);
        checker.wrong(&path, format!("{none} {what} `{}`", shorten(name)), help);
    }
}

/// A line for the command prompt, and a page that has one.
fn command(checker: &mut Checker<'_>, path: &[&str], screen: Option<&str>, line: &str) {
    if !prompt::COMMANDS.contains(&prompt::normal(line).as_str()) {
        let known = prompt::COMMANDS.map(|command| format!("`{command}`")).join(", ");
        checker.wrong(
            path,
            format!("the prompt knows no command `{}`", shorten(line)),
            format!("there are: {known}"),
        );
    }
    if let Some(screen) = screen.filter(|id| !prompt::opens_on(id)) {
        checker.wrong(
            path,
            format!("no prompt opens on `{screen}`"),
            "Shift+F10 opens one on the pages of OOBE",
        );
    }
}

fn condition(checker: &mut Checker<'_>, path: &[&str], on: &Condition) {
    let at = |key: &'static str| [path, &[key]].concat();
    let found = given(&[
        ("time", on.time.is_some()),
        ("screen", on.screen.is_some()),
        ("event", on.event.is_some()),
        ("state", on.state.is_some()),
        ("request", on.request.is_some()),
        ("progress", on.progress.is_some()),
        ("restart", on.restart.is_some()),
        ("power_off", on.power_off.is_some()),
    ]);
    if found.len() != 1 {
        checker.wrong(
            path,
            format!("a trigger waits for exactly one thing, here are {}", found.len()),
            "choose one of `time`, `screen`, `event`, `state`, `request`, `progress`, `restart`, `power_off`",
        );
    }
    if let Some(device) = &on.device {
        checker.device(&at("device"), device);
    }
    if let Some(screen) = &on.screen {
        checker.screen(&at("screen"), screen);
    }
    if on.shows.is_some() && on.screen.is_none() {
        checker.wrong(&at("shows"), "`shows` goes together with `screen`", "add `screen = \"...\"`");
    }
    if let Some(event) = &on.event {
        checker.event(&at("event"), event);
    }
    if on.nth == Some(0) {
        checker.wrong(&at("nth"), "there is no zeroth time", "count from 1");
    }
}

fn action(checker: &mut Checker<'_>, path: &[&str], does: &Action) {
    let spec = checker.spec;
    let at = |key: &'static str| [path, &[does.key(), key]].concat();
    match does {
        Action::PowerCut { device, .. }
        | Action::PowerOn { device }
        | Action::Restart { device }
        | Action::Wipe { device }
        | Action::Clock { device, .. }
        | Action::Link { device, .. } => {
            if let Some(device) = device {
                checker.device(&at("device"), device);
            }
        }
        Action::Firmware { device, tpm } => {
            firmware(checker, &at("device"), &at("tpm"), device.as_deref(), tpm);
        }
        Action::Person { who, does } => {
            if let Some(who) = who {
                checker.known(&at("who"), "person", who, spec.person.keys().map(String::as_str));
            }
            steps(checker, &at("does"), None, does);
        }
        Action::Network { fault, .. } => network(checker, &at("fault"), fault),
        Action::Admin { does } => admin(checker, &at("does"), does),
    }
}

/// New firmware must be for the part that the device has, and for every device's when none is named.
fn firmware(
    checker: &mut Checker<'_>,
    device_path: &[&str],
    path: &[&str],
    device: Option<&str>,
    new: &TpmSpec,
) {
    let spec = checker.spec;
    if device.is_some_and(|name| !checker.device(device_path, name)) || !tpm(checker, path, new) {
        return;
    }
    for (name, has) in spec.device.iter().filter(|(name, _)| device.is_none_or(|named| named == *name)) {
        let (Some(old), Some(wanted)) = (has.tpm.profile(), new.profile()) else { continue };
        if old.generation != Generation::None && old.runs_firmware_of(wanted) {
            continue;
        }
        let others = PROFILES.iter().filter(|p| old.generation != Generation::None && p.id != old.id);
        let fits: Vec<String> =
            others.filter(|p| old.runs_firmware_of(p)).map(|p| format!("`{}`", p.id)).collect();
        let help = if fits.is_empty() {
            format!("there is no other firmware for `{}`", old.id)
        } else {
            format!("there is the firmware of {}", fits.join(", "))
        };
        let message = format!("the firmware of `{}` does not run on the TPM of `{name}`", wanted.id);
        checker.wrong(path, message, help);
    }
}

fn admin(checker: &mut Checker<'_>, path: &[&str], does: &AdminAction) {
    let spec = checker.spec;
    let (device, profile, user) = match does {
        AdminAction::AssignProfile { device, profile } => (Some(device), Some(profile), None),
        AdminAction::UnassignProfile { device }
        | AdminAction::Deregister { device }
        | AdminAction::Register { device }
        | AdminAction::DeleteEntraDevice { device }
        | AdminAction::DeleteManagedDevice { device }
        | AdminAction::BlockDevice { device }
        | AdminAction::UnblockDevice { device }
        | AdminAction::WipeDevice { device }
        | AdminAction::RestartDevice { device }
        | AdminAction::SyncDevice { device }
        | AdminAction::EnableDevice { device, .. } => (Some(device), None, None),
        AdminAction::AssignUser { device, user } => (Some(device), None, user.as_ref()),
        AdminAction::SetMdmScope { tenant, .. } => {
            checker.known(path, "tenant", tenant, spec.tenant.keys().map(String::as_str));
            (None, None, None)
        }
        AdminAction::AssignApp { tenant, app } => {
            app_to_assign(checker, path, tenant, app);
            (None, None, None)
        }
        AdminAction::SetPassword { user, .. }
        | AdminAction::EnableUser { user, .. }
        | AdminAction::LicenseUser { user, .. } => (None, None, Some(user)),
    };
    if let Some(device) = device
        && checker.device(path, device)
    {
        match &spec.device[device].registered {
            None => checker.wrong(
                path,
                format!("the device `{device}` is registered in no tenant"),
                "an administrator sees registered devices only",
            ),
            Some(registered) => {
                if let (Some(profile), Some(tenant)) = (profile, spec.tenant.get(&registered.tenant)) {
                    checker.known(path, "profile", profile, tenant.profile.keys().map(String::as_str));
                }
            }
        }
    }
    if let Some(user) = user {
        let upns: Vec<&str> =
            spec.tenant.values().flat_map(|t| t.user.values()).map(|u| u.upn.as_str()).collect();
        checker.known(path, "user", user, upns);
    }
}

fn app_to_assign(checker: &mut Checker<'_>, path: &[&str], tenant: &str, app: &str) {
    let spec = checker.spec;
    let Some(known) = spec.tenant.get(tenant) else {
        checker.known(path, "tenant", tenant, spec.tenant.keys().map(String::as_str));
        return;
    };
    match known.app.get(app) {
        None => {
            checker.known(path, "app", app, known.app.keys().map(String::as_str));
        }
        Some(found) if found.assigned => checker.wrong(
            path,
            format!("the app `{app}` is assigned from the beginning"),
            "add `assigned = false` to the app",
        ),
        Some(_) => {}
    }
}

fn network(checker: &mut Checker<'_>, path: &[&str], fault: &NetworkFault) {
    if (fault.fails == NetworkFailure::Slow) != fault.delay.is_some() {
        checker.wrong(
            path,
            "`fails = \"slow\"` and `delay` go together",
            "for example `fails = \"slow\", delay = \"20s\"`",
        );
    }
}

const fn status_of(failure: &ServiceFailure) -> Option<u16> {
    match failure {
        ServiceFailure::Status(status) | ServiceFailure::SoapFault { status, .. } => Some(*status),
        _ => None,
    }
}

fn fault(checker: &mut Checker<'_>, i: &str, fault: &FaultSpec) {
    let at = |key: &'static str| ["fault", i, key];
    let found = given(&[
        ("network", fault.network.is_some()),
        ("service", fault.service.is_some()),
        ("machine", fault.machine.is_some()),
        ("force", fault.force.is_some()),
    ]);
    if found.len() != 1 {
        checker.wrong(
            &["fault", i],
            format!("a fault is exactly one thing, here are {}", found.len()),
            "choose one of `network`, `service`, `machine`, `force`",
        );
    }
    if let Some(device) = &fault.device {
        checker.device(&at("device"), device);
    }
    if let (Some(from), Some(until)) = (fault.from, fault.until)
        && from >= until
    {
        checker.wrong(&at("until"), "it is over before it begins", "let `until` be later than `from`");
    }
    for (key, number) in [("nth", fault.nth), ("times", fault.times)] {
        if number == Some(0) {
            checker.wrong(&["fault", i, key], "it could never happen", "count from 1");
        }
        if number.is_some() && fault.machine.is_some() {
            checker.wrong(
                &["fault", i, key],
                format!("`{key}` counts requests, a fault of the machine has none"),
                "say with `from` when it strikes",
            );
        }
    }
    if fault.service.is_some() {
        for (key, there) in [("device", fault.device.is_some()), ("until", fault.until.is_some())] {
            if there {
                checker.wrong(
                    &["fault", i, key],
                    format!("`{key}` does not go together with a fault of a service"),
                    "say with `nth` and `times` which requests meet it",
                );
            }
        }
    }
    if fault.machine.is_some() && fault.until.is_some() {
        checker.wrong(&at("until"), "a fault of the machine strikes once", "say with `from` when");
    }
    if let Some(network_fault) = &fault.network {
        network(checker, &["fault", i, "network"], network_fault);
    }
    let statuses = [
        (&["fault", i, "force", "status"][..], fault.force.as_ref().map(|f| f.status)),
        (&["fault", i, "service", "does"], fault.service.as_ref().and_then(|s| status_of(&s.does))),
    ];
    for (path, status) in statuses {
        if status.is_some_and(|status| !(200..=599).contains(&status)) {
            checker.wrong(path, "this is no status of an answer", "a number from 200 to 599");
        }
    }
}
