//! What a device waits for, and why: requests without an answer, timers that run, and the person in front of it.

use std::collections::BTreeMap;

use oobe_agent::io::{Correlation, Timer};
use oobe_agent::screen::Screen;
use oobe_agent::time::{Span, VirtualTime};

/// Requests and timers of one device.
#[derive(Debug, Clone, Default)]
pub(super) struct Waits {
    requests: BTreeMap<Correlation, Request>,
    timers: BTreeMap<Timer, Running>,
}

#[derive(Debug, Clone)]
struct Request {
    why: String,
    host: String,
    since: VirtualTime,
}

#[derive(Debug, Clone)]
struct Running {
    why: String,
    due: VirtualTime,
}

/// What a timer is there for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Role {
    /// The work itself: what comes next comes when it fires.
    Work,
    /// The work may not take longer.
    Limit,
    /// Something of its own that comes later.
    Later,
}

/// One thing that is waited for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Wait {
    /// The person: what the screen asks of them.
    Person(String),
    /// Something that lets the screen's button be pressed.
    Button(String),
    /// An answer.
    Answer {
        /// Why the request was made.
        why: String,
        /// Who is to answer.
        host: String,
        /// When it was made.
        since: VirtualTime,
    },
    /// A timer.
    Timer {
        /// What it stands for.
        why: String,
        /// When it runs out.
        due: VirtualTime,
        /// What for.
        role: Role,
    },
}

impl Wait {
    /// In words, as they stand at `now`.
    pub(crate) fn words(&self, now: VirtualTime) -> String {
        match self {
            Self::Person(what) => what.clone(),
            Self::Button(label) => format!("what makes \"{label}\" available"),
            Self::Answer { why, host, since } if host.is_empty() => format!("{why} ({})", age(now - *since)),
            Self::Answer { why, host, since } => format!("{why} ({host}, {})", age(now - *since)),
            Self::Timer { why, due, role } => {
                let left = *due - now;
                match role {
                    Role::Work => format!("{why} ({left} left)"),
                    Role::Limit => format!("at most {left}: {why}"),
                    Role::Later => format!("in {left}: {why}"),
                }
            }
        }
    }
}

fn age(span: Span) -> String {
    if span.0 < 10_000 { format!("{}.{} s", span.0 / 1_000, span.0 % 1_000 / 100) } else { span.to_string() }
}

impl Waits {
    pub(super) fn asked(&mut self, id: Correlation, why: &str, url: &str, since: VirtualTime) {
        let request = Request { why: why.to_owned(), host: host(url).to_owned(), since };
        self.requests.insert(id, request);
    }

    pub(super) fn answered(&mut self, id: Correlation) {
        self.requests.remove(&id);
    }

    pub(super) fn timer_set(&mut self, timer: Timer, due: VirtualTime, why: &str) {
        self.timers.insert(timer, Running { why: why.to_owned(), due });
    }

    pub(super) fn timer_gone(&mut self, timer: Timer) {
        self.timers.remove(&timer);
        // The device gives a question up when its time limit is over.
        if let Timer::RequestLimit(slot) = timer {
            self.requests.retain(|id, _| id.slot != slot);
        }
    }

    /// Memory is lost: nobody waits for anything any more.
    pub(super) fn forget(&mut self) {
        *self = Self::default();
    }

    /// Everything that is waited for, what matters most first.
    pub(super) fn list(&self, screen: Option<&Screen>) -> Vec<Wait> {
        let mut list: Vec<Wait> = screen.and_then(question).map(Wait::Person).into_iter().collect();
        let greyed = screen.and_then(|s| s.buttons.last()).filter(|_| list.is_empty());
        list.extend(greyed.map(|button| Wait::Button(button.label.clone())));
        list.extend(self.requests.values().map(|r| Wait::Answer {
            why: r.why.clone(),
            host: r.host.clone(),
            since: r.since,
        }));
        let mut timers: Vec<_> =
            self.timers.iter().filter(|(timer, _)| !matches!(timer, Timer::RequestLimit(_))).collect();
        timers.sort_by_key(|(timer, running)| (role(**timer), running.due));
        list.extend(timers.into_iter().map(|(timer, running)| Wait::Timer {
            why: running.why.clone(),
            due: running.due,
            role: role(*timer),
        }));
        list
    }
}

fn role(timer: Timer) -> Role {
    match timer {
        Timer::EspLimit | Timer::ProviderLimit | Timer::RequestLimit(_) => Role::Limit,
        Timer::Poll => Role::Later,
        _ => Role::Work,
    }
}

/// What a screen asks of the person; `None` when it asks nothing.
pub(crate) fn question(screen: &Screen) -> Option<String> {
    let buttons: Vec<&str> = screen.buttons.iter().filter(|b| b.enabled).map(|b| b.label.as_str()).collect();
    if buttons.is_empty() {
        return None;
    }
    let press = buttons.iter().map(|b| format!("\"{b}\"")).collect::<Vec<_>>().join(" or ");
    let fields = screen.fields.iter().map(|f| f.label.to_lowercase()).collect::<Vec<_>>().join(" and ");
    Some(if fields.is_empty() {
        format!("to press {press}")
    } else {
        format!("to type {fields}, then {press}")
    })
}

/// The host of an absolute URL.
fn host(url: &str) -> &str {
    let rest = url.split_once("://").map_or(url, |(_, rest)| rest);
    rest.split(['/', '?', '#']).next().unwrap_or(rest)
}

#[cfg(test)]
mod tests {
    use super::*;
    use oobe_agent::io::Slot;
    use oobe_agent::screen::Button;

    fn id(slot: Slot) -> Correlation {
        Correlation { boot: 1, slot, serial: 1 }
    }

    #[test]
    fn the_work_comes_before_its_limits() {
        let mut waits = Waits::default();
        waits.timer_set(Timer::EspLimit, VirtualTime(10_000), "the time limit of the page");
        waits.timer_set(Timer::Row(1), VirtualTime(20_000), "policies to be applied");
        waits.timer_set(Timer::RequestLimit(Slot::Session), VirtualTime(5_000), "an answer");
        waits.asked(
            id(Slot::Session),
            "reporting to the server",
            "https://mdm.test:1/omadm?x",
            VirtualTime(1_000),
        );
        let words: Vec<_> = waits.list(None).iter().map(|w| w.words(VirtualTime(4_000))).collect();
        assert_eq!(
            words,
            [
                "reporting to the server (mdm.test:1, 3.0 s)",
                "policies to be applied (0:16 left)",
                "at most 0:06: the time limit of the page"
            ]
        );
    }

    #[test]
    fn a_request_that_timed_out_is_no_longer_waited_for() {
        let mut waits = Waits::default();
        waits.asked(id(Slot::Probe), "probing", "http://a.test/", VirtualTime::ZERO);
        waits.timer_gone(Timer::RequestLimit(Slot::Probe));
        assert_eq!(waits.list(None), []);
    }

    #[test]
    fn only_what_can_be_pressed_is_asked() {
        let mut screen = Screen::new("oobe.network", "Network");
        screen.buttons = vec![Button { label: "Next".into(), enabled: false }];
        assert_eq!(question(&screen), None);
        screen.buttons = vec![Button::new("Add layout"), Button::new("Skip")];
        assert_eq!(question(&screen).as_deref(), Some("to press \"Add layout\" or \"Skip\""));
    }
}
