//! Turns the tables of `data/` into Rust: static slices, sorted, and one named const for each entry.

#[path = "build/bounds.rs"]
mod bounds;
#[path = "build/codes.rs"]
mod codes;
#[path = "build/emit.rs"]
mod emit;
#[path = "build/events.rs"]
mod events;
#[path = "build/rules.rs"]
mod rules;
#[path = "build/screens.rs"]
mod screens;

use std::path::Path;
use std::{env, fs};

use serde::de::DeserializeOwned;

fn main() {
    println!("cargo::rerun-if-changed=data");
    println!("cargo::rerun-if-changed=build");
    println!("cargo::rerun-if-changed=build.rs");
    let kbs = bounds::Kbs::new(read("kbs"));
    write("kbs", &kbs.emit());
    write("rules", &rules::emit(read("rules"), read("model"), &kbs));
    write("codes", &codes::emit(read("codes"), &kbs));
    let table: events::File = read("events");
    write("events", &events::emit(&table));
    write("registry", &events::emit_registry(&table));
    write("files", &events::emit_files(&table));
    write("screens", &screens::emit(read("screens"), &kbs));
}

fn read<T: DeserializeOwned>(table: &str) -> T {
    let root = env::var_os("CARGO_MANIFEST_DIR").expect("cargo sets it");
    let path = Path::new(&root).join("data").join(table).with_extension("toml");
    let text = fs::read_to_string(&path).unwrap_or_else(|e| panic!("{}: {e}", path.display()));
    toml::from_str(&text).unwrap_or_else(|e| panic!("{}: {e}", path.display()))
}

fn write(table: &str, code: &str) {
    let out = env::var_os("OUT_DIR").expect("cargo sets it");
    fs::write(Path::new(&out).join(table).with_extension("rs"), code).expect("OUT_DIR can be written");
}
