//! `oobe list`

use std::path::{Path, PathBuf};

use oobe_catalog::{codes, events, rules, screens};
use serde_json::{Value, json};

use super::args::{ListArgs, ListFormat};
use super::load;
use super::output::{Output, error};
use crate::exit::Exit;
use crate::report::{Layout, Tone, paint};
use crate::scenario::{Fixtures, KINDS, LoadOptions, load as load_scenario, suggest};

/// One line of a list.
struct Item {
    name: String,
    text: String,
    json: Value,
}

pub(super) fn list(args: &ListArgs, out: &mut Output) -> Exit {
    let found = if let Some(kind) = &args.presets {
        presets(kind, args.fixtures.as_deref())
    } else if args.rules {
        Ok(all_rules())
    } else if args.codes {
        Ok(all_codes())
    } else if args.events {
        Ok(all_events())
    } else if args.screens {
        Ok(all_screens())
    } else {
        scenarios(args)
    };
    let items = match found {
        Ok(items) => items,
        Err((message, help, exit)) => {
            error(message, help.as_deref());
            return exit;
        }
    };
    match args.format {
        ListFormat::Json => {
            let all: Vec<Value> = items.into_iter().map(|item| item.json).collect();
            out.raw(&format!("{:#}\n", Value::Array(all)));
        }
        ListFormat::Human => {
            let column = items.iter().map(|i| i.name.chars().count()).max().unwrap_or(0).min(40);
            let layout = Layout::new(out.width);
            for item in &items {
                let lines = layout.paragraph(column + 2, &item.text);
                let pad = " ".repeat(column.saturating_sub(item.name.chars().count()) + 2);
                out.print(&format!("{}{pad}{}", paint(Tone::Reference, &item.name), lines.trim_start()));
                if lines.is_empty() {
                    out.print("\n");
                }
            }
        }
    }
    Exit::Success
}

type Found = Result<Vec<Item>, (String, Option<String>, Exit)>;

fn scenarios(args: &ListArgs) -> Found {
    let path = args.path.clone().unwrap_or_else(|| PathBuf::from("scenarios"));
    if args.path.is_none() && !path.is_dir() {
        let help = "name a folder of scenarios: oobe list PATH";
        return Err(("there is no folder `scenarios` here".to_owned(), Some(help.to_owned()), Exit::Usage));
    }
    let files = load::files(&[path]).map_err(|message| (message, None, Exit::Invalid))?;
    let options = LoadOptions { set: Vec::new(), fixtures: args.fixtures.clone() };
    Ok(files
        .iter()
        .map(|file| {
            let name = file.display().to_string();
            match load_scenario(file, &options) {
                Ok(scenario) => Item {
                    json: json!({
                        "path": name, "title": scenario.spec.title, "description": scenario.spec.description,
                        "covers": scenario.spec.covers, "keys": scenario.spec.keys.name(),
                        "expectations": scenario.spec.expect.len(),
                    }),
                    text: scenario.spec.title,
                    name,
                },
                Err(_) => Item {
                    json: json!({ "path": name, "valid": false }),
                    text: "(not valid: `oobe check` tells why)".to_owned(),
                    name,
                },
            }
        })
        .collect())
}

fn presets(kind: &str, folder: Option<&Path>) -> Found {
    let known: Vec<&str> = KINDS.iter().map(|(kind, _)| *kind).collect();
    if !kind.is_empty() && !known.contains(&kind) {
        let help = suggest::help(kind, &known);
        return Err((format!("there are no presets of the kind `{kind}`"), Some(help), Exit::Usage));
    }
    let mut fixtures = Fixtures::built_in().with_folder(Path::new("fixtures"));
    if let Some(folder) = folder {
        fixtures = fixtures.with_folder(folder);
    }
    let mut items = Vec::new();
    for wanted in known.into_iter().filter(|k| kind.is_empty() || *k == kind) {
        for name in fixtures.names(wanted) {
            let text = fixtures.find(wanted, &name).and_then(|f| f.text.ok()).unwrap_or_default();
            let about = text
                .parse::<toml::Table>()
                .ok()
                .and_then(|table| table.get("about")?.as_str().map(str::to_owned))
                .unwrap_or_default();
            items.push(Item {
                json: json!({ "kind": wanted, "name": name, "about": about }),
                name: format!("{wanted}/{name}"),
                text: about,
            });
        }
    }
    Ok(items)
}

fn all_rules() -> Vec<Item> {
    rules::ALL
        .iter()
        .map(|rule| Item {
            name: rule.id.to_owned(),
            text: rule.text.to_owned(),
            json: json!({
                "id": rule.id, "area": rule.area, "rule": rule.text, "source": rule.source,
                "basis": rule.basis.to_string(), "since": rule.since.map(|l| l.text), "until": rule.until.map(|l| l.text),
            }),
        })
        .collect()
}

fn all_codes() -> Vec<Item> {
    codes::ALL
        .iter()
        .map(|code| Item {
            name: code.code.to_string(),
            text: match code.name {
                Some(name) => format!("{name}: {}", code.title),
                None => code.title.to_owned(),
            },
            json: json!({
                "code": code.code.to_string(), "name": code.name, "title": code.title, "basis": code.basis.to_string(),
            }),
        })
        .collect()
}

fn all_events() -> Vec<Item> {
    events::ALL
        .iter()
        .map(|event| Item {
            name: format!("{} {}", event.channel.short(), event.id),
            text: event.template.to_owned(),
            json: json!({
                "channel": event.channel.short(), "id": event.id, "level": format!("{:?}", event.level).to_lowercase(),
                "template": event.template, "basis": event.basis.to_string(),
            }),
        })
        .collect()
}

fn all_screens() -> Vec<Item> {
    screens::ALL
        .iter()
        .map(|screen| Item {
            name: screen.id.to_owned(),
            text: screen.w11_title.to_owned(),
            json: json!({
                "id": screen.id, "windows_11": screen.w11_title, "windows_10": screen.w10_title,
                "basis": screen.basis.to_string(),
            }),
        })
        .collect()
}
