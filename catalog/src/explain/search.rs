//! What a query means.

use super::{Topic, topics};
use crate::codes::{self, ResultCode};
use crate::events::{self, Channel, Event};
use crate::files::{self, FileFact};
use crate::registry::{self, RegistryFact};
use crate::screens::{self, ScreenFact};
use crate::suggest::{nearest, plain};
use crate::{kbs, rules};

/// A query in words gives at most so many topics.
const MOST: usize = 12;

/// All topics that a query may mean: a code in any of its forms, `autopilot 171` or `171`, a screen, a rule, a registry
/// value, a file, `KB5072033`; failing all that, words of a title or a text. Case does not matter.
pub fn explain(query: &str) -> Vec<Topic> {
    let query = query.trim();
    if query.is_empty() {
        return Vec::new();
    }
    let mut found: Vec<Topic> = codes::find(query).into_iter().map(topics::code).collect();
    found.extend(events::ALL.iter().filter(|e| is_event(e, query)).map(topics::event));
    found.extend(screens::ALL.iter().filter(|s| is_screen(s, query)).map(topics::screen));
    found.extend(rules::find(query).map(topics::rule));
    found.extend(registry::ALL.iter().filter(|r| is_registry(r, query)).map(topics::registry));
    found.extend(files::ALL.iter().filter(|f| is_file(f, query)).map(topics::file));
    found.extend(kb_number(query).and_then(kbs::find).map(topics::kb));
    if found.is_empty() { by_words(query) } else { found }
}

/// What a query without an answer may have meant, nearest first.
pub fn suggestions(query: &str) -> Vec<String> {
    let codes = codes::ALL.iter().flat_map(|c| c.name.into_iter().chain([c.id]));
    let numbers: Vec<String> = codes::ALL.iter().map(|c| c.code.to_string()).collect();
    let events = events::ALL.iter().map(|e| e.name);
    let screens = screens::ALL.iter().map(|s| s.id);
    let rules = rules::ALL.iter().map(|r| r.id);
    let values = registry::ALL.iter().map(|r| r.value);
    let all = codes.chain(events).chain(screens).chain(rules).chain(values);
    nearest(query, all.chain(numbers.iter().map(String::as_str)), 6)
}

fn same(a: &str, b: &str) -> bool {
    plain(a) == plain(b)
}

/// `171`, `event 171`, `autopilot 171`, `AUTOPILOT_171`, or the full name of the log and the id.
fn is_event(event: &Event, query: &str) -> bool {
    if same(event.name, query) {
        return true;
    }
    let (before, id) = query.rsplit_once(' ').unwrap_or(("event", query));
    let of_channel = before.eq_ignore_ascii_case("event") || before.parse::<Channel>() == Ok(event.channel);
    of_channel && id.parse() == Ok(event.id)
}

fn is_screen(screen: &ScreenFact, query: &str) -> bool {
    let captions = [screen.w11_title, screen.w10_title];
    same(screen.id, query) || captions.iter().any(|c| *c != "same" && c.eq_ignore_ascii_case(query))
}

fn is_registry(value: &RegistryFact, query: &str) -> bool {
    value.value.eq_ignore_ascii_case(query)
        || same(value.id, query)
        || value.path().eq_ignore_ascii_case(query)
}

fn is_file(file: &FileFact, query: &str) -> bool {
    let name = file.path.rsplit('\\').next().unwrap_or(file.path);
    name.eq_ignore_ascii_case(query) || same(file.id, query) || file.path.eq_ignore_ascii_case(query)
}

fn kb_number(query: &str) -> Option<u32> {
    query.get(..2).filter(|kb| kb.eq_ignore_ascii_case("kb"))?;
    query[2..].trim().parse().ok()
}

/// Every word of the query occurs in what the entry is called.
fn by_words(query: &str) -> Vec<Topic> {
    let lower = query.to_ascii_lowercase();
    let words: Vec<&str> = lower.split_whitespace().collect();
    if lower.len() < 4 {
        return Vec::new();
    }
    let has = |texts: &[&str]| {
        let text = texts.join(" ").to_ascii_lowercase();
        words.iter().all(|word| text.contains(word))
    };
    let code = |c: &&ResultCode| has(&[c.id, c.label(), c.title, c.seen]);
    let event = |e: &&Event| has(&[e.name, e.template]);
    let screen = |s: &&ScreenFact| has(&[s.id, s.w10_title, s.w11_title]);
    let mut found: Vec<Topic> = codes::ALL.iter().filter(code).map(topics::code).collect();
    found.extend(screens::ALL.iter().filter(screen).map(topics::screen));
    found.extend(events::ALL.iter().filter(event).map(topics::event));
    found.extend(registry::ALL.iter().filter(|r| has(&[r.key, r.value])).map(topics::registry));
    found.extend(rules::ALL.iter().filter(|r| has(&[r.text])).map(topics::rule));
    found.truncate(MOST);
    found
}
