//! What a scenario says must make sense: everything that it names exists, and nothing contradicts itself.

mod actors;
mod cloud;
mod expect;

use std::collections::BTreeMap;

use oobe_catalog::{events, rules, screens};

use super::problem::Problem;
use super::quantity::Duration;
use super::spec::{EventPattern, Spec};
use super::suggest;
use super::tree::{Node, shorten};

/// The most devices of one scenario; for more, run more worlds (`--devices`).
const MOST_DEVICES: usize = 1_000;

/// Adds everything that makes no sense to `problems`.
pub(super) fn check(spec: &Spec, root: &Node, problems: &mut Vec<Problem>) {
    let mut checker = Checker { spec, root, problems };
    checker.head();
    cloud::check(&mut checker);
    actors::check(&mut checker);
    expect::check(&mut checker);
}

struct Checker<'a> {
    spec: &'a Spec,
    root: &'a Node,
    problems: &'a mut Vec<Problem>,
}

impl Checker<'_> {
    /// Something is wrong at `path`.
    fn wrong(&mut self, path: &[&str], message: impl Into<String>, help: impl Into<String>) {
        let at = self.root.nearest(path);
        self.problems.push(Problem::new("scenario::meaning", at, message).help(help));
    }

    /// `name` must be one of `known`, which people call `what`.
    fn known<'k>(
        &mut self,
        path: &[&str],
        what: &str,
        name: &str,
        known: impl IntoIterator<Item = &'k str>,
    ) -> bool {
        let known: Vec<&str> = known.into_iter().collect();
        if known.contains(&name) {
            return true;
        }
        let help = suggest::question(name, known.iter().copied()).unwrap_or_else(|| match known.len() {
            0 => format!("there is no {what} at all here"),
            n if n <= 12 => format!("there are: {}", known.join(", ")),
            n => format!("there are {n} others"),
        });
        self.wrong(path, format!("there is no {what} `{}`", shorten(name)), help);
        false
    }

    fn device(&mut self, path: &[&str], name: &str) -> bool {
        let spec = self.spec;
        self.known(path, "device", name, spec.device.keys().map(String::as_str))
    }

    fn screen(&mut self, path: &[&str], id: &str) {
        if screens::find(id).is_none() {
            let help = suggest::question(id, screens::ALL.iter().map(|s| s.id))
                .unwrap_or_else(|| "`oobe list --screens` shows all screens".to_owned());
            self.wrong(path, format!("there is no screen `{}`", shorten(id)), help);
        }
    }

    fn rule(&mut self, path: &[&str], id: &str) {
        if rules::find(id).is_none() {
            let help = suggest::question(id, rules::ALL.iter().map(|r| r.id)).unwrap_or_else(|| {
                "rules have ids such as `USR-004`; `oobe list --rules` shows all".to_owned()
            });
            self.wrong(path, format!("there is no rule `{}`", shorten(id)), help);
        }
    }

    fn event(&mut self, path: &[&str], event: &EventPattern) {
        let id = [path, &["id"]].concat();
        let known: Vec<&events::Event> = events::ALL.iter().filter(|e| e.id == event.id).collect();
        let channels =
            known.iter().map(|e| format!("`{}`", e.channel.short())).collect::<Vec<_>>().join(", ");
        match &event.channel {
            None if known.is_empty() => {
                let help = "`oobe list --events` shows all events";
                self.wrong(&id, format!("no channel has an event {}", event.id), help);
            }
            Some(name) => match name.parse::<events::Channel>().ok() {
                None => {
                    let path = [path, &["channel"]].concat();
                    let all: Vec<&str> = events::Channel::ALL.iter().map(|c| c.short()).collect();
                    self.wrong(
                        &path,
                        format!("there is no channel `{}`", shorten(name)),
                        suggest::help(name, &all),
                    );
                }
                Some(channel) if !known.iter().any(|e| e.channel == channel) => {
                    let help = match known.len() {
                        0 => "`oobe list --events` shows all events".to_owned(),
                        _ => format!("an event of that number is in {channels}"),
                    };
                    self.wrong(&id, format!("the channel `{name}` has no event {}", event.id), help);
                }
                Some(_) => {}
            },
            None => {}
        }
    }

    /// A name that this file gives to something.
    fn name(&mut self, path: &[&str], name: &str) {
        let fine = |c: char| c.is_ascii_alphanumeric() || matches!(c, '.' | '_' | '-');
        if name.is_empty() || name.len() > 40 || !name.chars().all(fine) {
            self.wrong(
                path,
                format!("`{}` can't be a name", shorten(name)),
                "names have 1 to 40 characters: letters a-z, digits, `.`, `_` and `-`",
            );
        }
    }

    /// Text for people: not empty, not a book, no control characters.
    fn line(&mut self, path: &[&str], text: &str, most: usize) {
        if text.trim().is_empty() {
            self.wrong(path, "this text is empty", "write a few words");
        }
        self.printable(path, text, most);
    }

    fn printable(&mut self, path: &[&str], text: &str, most: usize) {
        let length = text.chars().count();
        if length > most {
            self.wrong(path, format!("this text has {length} characters"), format!("{most} are allowed"));
        } else if text.chars().any(|c| c.is_control() && c != '\n' && c != '\t') {
            self.wrong(path, "this text has control characters in it", "write it without them");
        }
    }

    /// Text for machines: printable ASCII, not empty.
    fn ascii(&mut self, path: &[&str], text: &str, most: usize) {
        if text.trim().is_empty()
            || text.len() > most
            || !text.chars().all(|c| c.is_ascii_graphic() || c == ' ')
        {
            let message = format!("`{}` can't stand here", shorten(text));
            self.wrong(path, message, format!("1 to {most} printable ASCII characters"));
        }
    }

    /// Whole minutes, since that is what goes over the wire.
    fn minutes(&mut self, path: &[&str], time: Duration, least: u64, most: u64) {
        let minutes = time.0.0 / 60_000;
        if !time.0.0.is_multiple_of(60_000) || minutes < least || minutes > most {
            self.wrong(
                path,
                format!("\"{time}\" is not a number of whole minutes from {least} to {most}"),
                format!("for example \"{}m\"", most.min(60)),
            );
        }
    }

    /// No two of the names are the same.
    fn different<'n>(&mut self, list: &str, names: impl Iterator<Item = (usize, &'n str)>) {
        let mut seen: BTreeMap<&str, usize> = BTreeMap::new();
        for (i, name) in names {
            if let Some(first) = seen.insert(name, i) {
                self.wrong(
                    &[list, &i.to_string(), "name"],
                    format!("two entries of `{list}` are called {:?}", shorten(name)),
                    format!("the first is number {} of the list: give each its own name", first + 1),
                );
            }
        }
    }

    fn head(&mut self) {
        let spec = self.spec;
        self.line(&["title"], &spec.title, 120);
        self.printable(&["description"], &spec.description, 4_000);
        for (i, id) in spec.covers.iter().enumerate() {
            self.rule(&["covers", &i.to_string()], id);
        }
        // The CAs of the mock cloud are valid from 2015 to 2049, and devices hold certificates of theirs for a year.
        let year = spec.epoch.year();
        if !(2016..=2047).contains(&year) {
            self.wrong(
                &["epoch"],
                format!("no world begins in the year {year}"),
                "choose a year from 2016 to 2047: the simulated CAs have no certificates for other times",
            );
        }
        if spec.time_limit.0.0 == 0 {
            self.wrong(&["time_limit"], "a run can't end before it begins", "write for example \"6h\"");
        }
        if spec.network.rate.0 == 0 {
            self.wrong(&["network", "rate"], "nothing would ever arrive", "write for example \"5MB\"");
        }
        if spec.device.is_empty() {
            self.wrong(
                &["device"],
                "there is no device",
                "add one: `[device.pc]` with `preset = \"laptop\"`",
            );
        }
        if spec.device.len() > MOST_DEVICES {
            self.wrong(
                &["device"],
                format!("there are {} devices", spec.device.len()),
                format!("{MOST_DEVICES} at most; `oobe run --devices N` runs N worlds"),
            );
        }
        self.different("when", named(spec.when.iter().map(|w| w.name.as_deref())));
        self.different("fault", named(spec.fault.iter().map(|f| f.name.as_deref())));
        self.different("expect", named(spec.expect.iter().map(|e| e.name.as_deref())));
    }
}

fn named<'n>(names: impl Iterator<Item = Option<&'n str>>) -> impl Iterator<Item = (usize, &'n str)> {
    names.enumerate().filter_map(|(i, name)| Some((i, name?)))
}

/// The keys of `present` that are there.
fn given(present: &[(&'static str, bool)]) -> Vec<&'static str> {
    present.iter().filter(|(_, there)| *there).map(|(key, _)| *key).collect()
}
