//! Files that the program writes about itself are checked in. `OOBE_UPDATE=1 cargo test --test cli` writes them anew.

use super::{oobe, root, text};

fn hold(path: &str, now: &str) {
    let path = root().join(path);
    if std::env::var_os("OOBE_UPDATE").is_some() {
        std::fs::write(&path, now).expect("it can be written");
    }
    let then = std::fs::read_to_string(&path).unwrap_or_default();
    assert!(then == now, "{} is out of date: run OOBE_UPDATE=1 cargo test --test cli", path.display());
}

#[test]
fn schemas() {
    hold("schema/scenario.schema.json", &text(&oobe(&["schema"]).stdout));
    hold("schema/trace.schema.json", &text(&oobe(&["schema", "trace"]).stdout));
}

#[test]
fn reference() {
    hold("docs/scenario-reference.md", &oobe::schema::reference());
}
