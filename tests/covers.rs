//! A scenario that names a rule in `covers` really asserts it: an expectation asks for the rule itself, or says in its
//! name which rule it stands for.

use std::path::{Path, PathBuf};

use oobe::scenario::{self, LoadOptions};

fn scenarios(dir: &Path) -> Vec<PathBuf> {
    let mut found = Vec::new();
    for entry in std::fs::read_dir(dir).expect("the scenarios are there").flatten() {
        let path = entry.path();
        if path.is_dir() {
            found.extend(scenarios(&path));
        } else if path.extension().is_some_and(|e| e == "toml") {
            found.push(path);
        }
    }
    found.sort();
    found
}

#[test]
fn every_rule_that_a_scenario_covers_is_asserted_by_it() {
    let mut covered = 0;
    let mut idle = Vec::new();
    for path in scenarios(&Path::new(env!("CARGO_MANIFEST_DIR")).join("scenarios")) {
        let scenario = scenario::load(&path, &LoadOptions::default()).expect("a scenario of ours is valid");
        for id in &scenario.spec.covers {
            covered += 1;
            let asserted = scenario.spec.expect.iter().any(|expect| {
                expect.rule.as_ref() == Some(id)
                    || expect.name.as_ref().is_some_and(|name| name.contains(id.as_str()))
            });
            if !asserted {
                idle.push(format!("{}: {id}", scenario.name));
            }
        }
    }
    assert!(covered > 20, "the scenarios cover rules: {covered}");
    assert!(idle.is_empty(), "covered, but asserted by no expectation:\n{}", idle.join("\n"));
}
