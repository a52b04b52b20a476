//! Puts the presets of `fixtures/` into the program.

use std::fmt::Write as _;
use std::path::{Path, PathBuf};
use std::{env, fs, io};

fn main() -> io::Result<()> {
    println!("cargo::rerun-if-changed=fixtures");
    println!("cargo::rerun-if-changed=build.rs");
    let root = PathBuf::from(env::var_os("CARGO_MANIFEST_DIR").expect("cargo sets it")).join("fixtures");
    let mut list = String::from(
        "/// The presets inside the program: kind, name, text.\nstatic EMBEDDED: &[(&str, &str, &str)] = &[\n",
    );
    for folder in sorted(&root)? {
        for file in sorted(&folder)? {
            if file.extension().is_some_and(|e| e == "toml") {
                let kind = name(&folder);
                let preset = name(&file);
                writeln!(list, "    ({kind:?}, {preset:?}, include_str!({:?})),", file.display().to_string())
                    .expect("writing to a String can't fail");
            }
        }
    }
    list.push_str("];\n");
    let out = PathBuf::from(env::var_os("OUT_DIR").expect("cargo sets it"));
    fs::write(out.join("fixtures.rs"), list)
}

fn sorted(folder: &Path) -> io::Result<Vec<PathBuf>> {
    if !folder.is_dir() {
        return Ok(Vec::new());
    }
    let mut paths = fs::read_dir(folder)?.map(|e| e.map(|e| e.path())).collect::<io::Result<Vec<_>>>()?;
    paths.sort();
    Ok(paths)
}

fn name(path: &Path) -> String {
    path.file_stem().map(|s| s.to_string_lossy().into_owned()).unwrap_or_default()
}
