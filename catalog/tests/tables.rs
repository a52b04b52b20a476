//! The tables agree with themselves and with each other.

use std::collections::BTreeSet;

use oobe_catalog::{codes, events, explain, files, registry, rules, screens};

#[track_caller]
fn unique<'a>(what: &str, ids: impl IntoIterator<Item = &'a str>) {
    let mut seen = BTreeSet::new();
    for id in ids {
        assert!(seen.insert(id), "{what} {id} twice");
    }
}

#[test]
fn ids_are_unique_and_sorted() {
    unique("rule", rules::ALL.iter().map(|r| r.id));
    unique("code", codes::ALL.iter().map(|c| c.id));
    unique("event", events::ALL.iter().map(|e| e.name));
    unique("screen", screens::ALL.iter().map(|s| s.id));
    unique("registry value", registry::ALL.iter().map(|r| r.id));
    unique("file", files::ALL.iter().map(|f| f.id));
    assert!(rules::ALL.is_sorted_by_key(|r| r.id));
    assert!(codes::ALL.is_sorted_by_key(|c| c.id));
    assert!(events::ALL.is_sorted_by(|a, b| (a.channel, a.id) < (b.channel, b.id)));
    assert!(screens::ALL.is_sorted_by_key(|s| s.id));
}

#[test]
fn everything_is_there() {
    let documents = rules::ALL.iter().filter(|r| !r.id.starts_with("MOD-")).count();
    assert_eq!(documents, 759);
    assert_eq!(screens::ALL.len(), 63);
    assert_eq!(screens::phases().len(), 3);
    assert_eq!(events::sequences().len(), 12);
    // all 101 entries of the error catalogue went somewhere
    let errors: BTreeSet<&str> = codes::ALL.iter().flat_map(|c| c.errors).copied().collect();
    for n in 1..=101 {
        let id = format!("ERR-{n:03}");
        assert!(errors.contains(id.as_str()), "{id} is in no code");
    }
}

#[test]
fn one_entry_for_each_number() {
    let numbers = codes::ALL.iter().filter(|c| c.kind() != codes::CodeKind::Text);
    let mut seen = BTreeSet::new();
    for entry in numbers {
        assert!(seen.insert(entry.code), "{} twice", entry.code);
        assert_eq!(codes::of(entry.code), Some(entry));
    }
}

#[test]
fn named_rules_exist() {
    let exists = |from: &str, ids: &[&str]| {
        for id in ids {
            assert!(rules::find(id).is_some(), "{from} names {id}, which is no rule");
        }
    };
    for r in rules::ALL {
        exists(r.id, r.supersedes);
        exists(r.id, r.superseded_by);
        exists(r.id, r.refined_by);
    }
    let of_codes = codes::ALL.iter().map(|c| (c.id, c.rules));
    let of_events = events::ALL.iter().map(|e| (e.name, e.rules));
    let of_sequences = events::sequences().iter().map(|s| (s.name, s.rules));
    let of_screens = screens::ALL.iter().map(|s| (s.id, s.rules));
    let of_values = registry::ALL.iter().map(|r| (r.id, r.rules));
    let of_files = files::ALL.iter().map(|f| (f.id, f.rules));
    let all =
        of_codes.chain(of_events).chain(of_sequences).chain(of_screens).chain(of_values).chain(of_files);
    for (name, rules) in all {
        exists(name, rules);
    }
}

#[test]
fn replacements_go_both_ways() {
    for old in rules::ALL {
        for new in old.superseded_by {
            let new = rules::find(new).expect("named rules exist");
            assert!(new.supersedes.contains(&old.id), "{} does not name {}", new.id, old.id);
            assert!(old.until.is_some(), "{} is replaced and has no until", old.id);
        }
    }
}

#[test]
fn model_rules_are_marked() {
    for r in rules::ALL {
        if r.id.starts_with("MOD-") {
            assert!(r.is_model(), "{}: basis {}", r.id, r.basis);
        }
    }
    assert!(rules::MOD_001.is_model());
}

#[test]
fn codes_say_why_and_what_helps() {
    for c in codes::ALL {
        assert!(!c.causes.is_empty(), "{} has no cause", c.id);
        assert!(!c.remedy.is_empty(), "{} has no remedy", c.id);
        assert!(!c.sources.is_empty(), "{} has no source", c.id);
        assert!(!c.seen.is_empty() && !c.shown_at.is_empty() && !c.title.is_empty(), "{}", c.id);
    }
}

#[test]
fn screens_lead_to_screens() {
    for s in screens::ALL {
        for next in s.next {
            assert!(screens::find(next).is_some(), "{} leads to {next}", s.id);
        }
    }
}

#[test]
fn sequences_are_of_known_events() {
    for s in events::sequences() {
        for id in s.ids {
            assert!(events::find(events::Channel::Autopilot, *id).is_some(), "{}: {id}", s.name);
        }
    }
}

#[test]
fn every_deployment_answer_has_its_event() {
    let of_download = [807, 809, 815, 908];
    for id in of_download {
        assert!(codes::of(codes::CodeValue::Ztd(id)).is_some());
        assert!(events::find(events::Channel::Autopilot, id.cast_signed()).is_some());
    }
}

#[test]
fn buttons_follow_the_mask() {
    for mask in 0..8 {
        let shown = screens::esp_buttons(mask).buttons;
        assert_eq!(shown.contains(&"Reset device"), mask & 1 != 0);
        assert_eq!(shown.contains(&"Try again"), mask & 2 != 0);
        assert_eq!(shown.contains(&"Continue anyway"), mask & 4 != 0);
    }
}

#[test]
fn every_entry_explains_itself() {
    for r in rules::ALL {
        assert_eq!(explain::explain(r.id)[0].title, r.id);
    }
    let names = codes::ALL.iter().map(|c| c.id).chain(events::ALL.iter().map(|e| e.name));
    for name in names.chain(screens::ALL.iter().map(|s| s.id)) {
        let topics = explain::explain(name);
        assert!(!topics.is_empty(), "{name}");
        assert!(topics.iter().all(|t| !t.sources.is_empty()), "{name}");
    }
}

#[test]
fn what_topics_lead_to_is_there() {
    let of_codes = codes::ALL.iter().map(|c| c.id);
    for name in of_codes.chain(events::ALL.iter().map(|e| e.name)).chain(rules::ALL.iter().map(|r| r.id)) {
        for topic in explain::explain(name) {
            for other in &topic.see_also {
                assert!(!explain::explain(other).is_empty(), "{name} leads to {other}");
            }
        }
    }
}

#[test]
fn sources_are_readable() {
    let rules = rules::ALL.iter().map(|r| r.source);
    let codes = codes::ALL.iter().flat_map(|c| c.sources.iter().copied());
    let events = events::ALL.iter().map(|e| e.source);
    let screens = screens::ALL.iter().flat_map(|s| s.sources.iter().copied());
    let values = registry::ALL.iter().map(|r| r.source).chain(files::ALL.iter().map(|f| f.source));
    for source in rules.chain(codes).chain(events).chain(screens).chain(values) {
        assert!(!source.is_empty() && !source.contains(".txt") && !source.contains(": /"), "{source}");
    }
}

#[test]
fn every_code_that_a_text_names_is_in_the_table() {
    let rules = rules::ALL.iter().map(|r| (r.id, r.text));
    let events = events::ALL.iter().flat_map(|e| [(e.name, e.template), (e.name, e.emit_when)]);
    let codes = codes::ALL.iter().flat_map(|c| {
        let texts = [c.seen, c.shown_at, c.note.unwrap_or_default()].into_iter();
        texts.chain(c.causes.iter().copied()).chain(c.remedy.iter().copied()).map(|text| (c.id, text))
    });
    for (name, text) in rules.chain(events).chain(codes) {
        let words = text.split(|c: char| !c.is_ascii_alphanumeric());
        for word in words.filter(|w| w.len() == 10 && w.starts_with("0x8")) {
            assert!(!codes::find(word).is_empty(), "{name} names {word}");
        }
    }
}
