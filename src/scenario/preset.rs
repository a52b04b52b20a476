//! Lays scenario text over the presets that it names.

use super::fixtures::Fixtures;
use super::problem::Problem;
use super::source::{Location, Sources};
use super::suggest;
use super::tree::{Entry, Node, Table, Value, parse, shorten};

/// Where `preset` may stand, and which folder of fixtures it means there. `*` is any name.
const PLACES: &[(&[&str], &str)] = &[
    (&["tenant", "*"], "tenants"),
    (&["tenant", "*", "profile", "*"], "profiles"),
    (&["tenant", "*", "esp"], "esp"),
    (&["tenant", "*", "policy", "*"], "policies"),
    (&["tenant", "*", "certificate", "*"], "certificates"),
    (&["tenant", "*", "app", "*"], "apps"),
    (&["device", "*"], "devices"),
    (&["person", "*"], "people"),
];

/// Replaces every `preset = "..."` of the tree by what it stands for. The key itself stays, for people to read.
pub(super) fn expand(
    root: &mut Node,
    fixtures: &Fixtures,
    sources: &mut Sources,
    problems: &mut Vec<Problem>,
) {
    // In the order of the list: what a tenant's preset brings may name presets itself.
    for (path, kind) in PLACES {
        visit(root, path, &mut |table| lay_under(table, kind, fixtures, sources, problems));
    }
}

fn visit(node: &mut Node, path: &[&str], change: &mut impl FnMut(&mut Table)) {
    let Some(table) = node.table_mut() else { return };
    match path {
        [] => change(table),
        ["*", rest @ ..] => table.entries.iter_mut().for_each(|e| visit(&mut e.node, rest, change)),
        [key, rest @ ..] => {
            if let Some(entry) = table.get_mut(key) {
                visit(&mut entry.node, rest, change);
            }
        }
    }
}

fn lay_under(
    table: &mut Table,
    kind: &str,
    fixtures: &Fixtures,
    sources: &mut Sources,
    problems: &mut Vec<Problem>,
) {
    let Some(Entry { node: Node { at, value: Value::Text(name) }, .. }) = table.get("preset") else { return };
    let (at, name) = (*at, name.clone());
    let Some(fixture) = fixtures.find(kind, &name) else {
        problems.push(unknown(at, kind, &name, fixtures));
        return;
    };
    let text = match fixture.text {
        Ok(text) => text,
        Err(message) => {
            problems.push(Problem::new(
                "scenario::preset",
                at,
                format!("this preset can't be used: {message}"),
            ));
            return;
        }
    };
    let whole = sources.add(fixture.name, text);
    let mut preset = parse(sources, whole, problems);
    check_version(&mut preset, whole, sources, problems);
    if let Value::Table(mut below) = preset.value {
        if let Some(entry) = below.remove("preset") {
            problems.push(
                Problem::new("scenario::preset", entry.key_at, "a preset can't be based on another one")
                    .help("put what it needs into this file"),
            );
        }
        table.lay_over(below);
    }
}

/// A fixture says `oobe = 1` like a scenario does, and may carry a title of its own.
fn check_version(preset: &mut Node, whole: Location, sources: &Sources, problems: &mut Vec<Problem>) {
    let Some(table) = preset.table_mut() else { return };
    table.remove("about");
    match table.remove("oobe") {
        Some(Entry { node: Node { value: Value::Integer(1), .. }, .. }) => {}
        Some(entry) => problems.push(
            Problem::new("scenario::version", entry.node.at, "this version of the format is not known")
                .help("this program reads `oobe = 1`"),
        ),
        None => problems.push(
            Problem::new(
                "scenario::version",
                Sources::part(whole, 0..0),
                "the preset does not say its version",
            )
            .help(format!("let {} begin with `oobe = 1`", sources.of(whole).name)),
        ),
    }
}

fn unknown(at: Location, kind: &str, name: &str, fixtures: &Fixtures) -> Problem {
    let names = fixtures.names(kind);
    let names: Vec<&str> = names.iter().map(String::as_str).collect();
    let help = suggest::question(name, names.iter().copied()).unwrap_or_else(|| match names.len() {
        0 => format!("there are no presets in fixtures/{kind}"),
        n if n <= 12 => format!("there are: {}", names.join(", ")),
        _ => "`oobe list --presets` shows them all".to_owned(),
    });
    let message = format!("there is no preset `{}` in fixtures/{kind}", shorten(name));
    Problem::new("scenario::unknown-preset", at, message).help(help)
}
