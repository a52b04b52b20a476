//! No result code appears in code outside the catalog (design, rule 9). Comments may name one, and so may unit tests: what
//! stands behind `#[cfg(test)]` at the end of a file checks the tables against the wire.

use std::fs;
use std::path::{Path, PathBuf};

/// Where device, cloud, wire and program live, seen from the workspace.
const TREES: [&str; 4] = ["agent/src", "mock-cloud/src", "src", "wire/src"];

/// Lines that may name a code all the same: (end of the path, what the line holds, why).
const ALLOWED: &[(&str, &str, &str)] = &[
    ("src/cli/args/mod.rs", "oobe explain", "an example in the help text"),
    ("src/cli/args/knowledge.rs", "oobe explain", "an example in the help text"),
    ("src/world/tpm/primary.rs", "const STORAGE_ROOT", "a persistent handle of the TPM"),
    ("src/world/tpm/primary.rs", "const ENDORSEMENT", "persistent handles of the TPM"),
];

#[test]
fn no_result_code_outside_the_catalog() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
    let mut found = Vec::new();
    for tree in TREES {
        for file in rust_files(&root.join(tree)) {
            let text = fs::read_to_string(&file).unwrap_or_default();
            let code = text.lines().take_while(|line| *line != "#[cfg(test)]");
            for (n, line) in code.map(without_comment).enumerate() {
                let allowed = ALLOWED.iter().any(|(end, part, _)| file.ends_with(end) && line.contains(part));
                if let Some(code) = code_in(line).filter(|_| !allowed) {
                    let file = file.strip_prefix(&root).unwrap_or(&file);
                    found.push(format!("{}:{}: {code}", file.display(), n + 1));
                }
            }
        }
    }
    assert!(
        found.is_empty(),
        "result codes belong into catalog/data/codes.toml, and their consts here:\n{}",
        found.join("\n")
    );
}

/// The line up to a comment; the `//` of an address is none.
fn without_comment(line: &str) -> &str {
    let is_comment = |at: &usize| !line[..*at].ends_with(':');
    let at = line.match_indices("//").map(|(at, _)| at).find(is_comment);
    &line[..at.unwrap_or(line.len())]
}

fn rust_files(dir: &Path) -> Vec<PathBuf> {
    let mut files = Vec::new();
    for entry in fs::read_dir(dir).into_iter().flatten().flatten() {
        let path = entry.path();
        // Test modules in files of their own check the tables against the wire, like those behind `#[cfg(test)]`.
        if path.file_stem().is_some_and(|name| name == "tests") {
            continue;
        }
        if path.is_dir() {
            files.extend(rust_files(&path));
        } else if path.extension().is_some_and(|e| e == "rs") {
            files.push(path);
        }
    }
    files.sort();
    files
}

/// A failing HRESULT (`0x8` and seven digits, underscores aside), the one that begins with `0xc`, or a number of Entra ID.
fn code_in(line: &str) -> Option<String> {
    let plain = line.replace('_', "").to_ascii_lowercase();
    let hresult = plain.match_indices("0x").map(|(at, _)| &plain[at..]).find_map(|rest| {
        let digits = rest[2..].bytes().take_while(u8::is_ascii_hexdigit).count();
        let number = &rest[..2 + digits];
        (digits == 8 && (number.starts_with("0x8") || number == "0xc1036501")).then(|| number.to_owned())
    });
    let entra = || {
        // in a string, not the name of a const
        let at = plain.match_indices("aadsts").find(|(at, _)| plain[..*at].matches('"').count() % 2 == 1)?.0;
        let rest = &plain[at + 6..];
        let digits = rest.bytes().take_while(u8::is_ascii_digit).count();
        (digits > 0).then(|| format!("aadsts{}", &rest[..digits]))
    };
    hresult.or_else(entra)
}

#[test]
fn codes_are_recognised() {
    for line in [
        "const X: u32 = 0x8007_05B4;",
        "\"0x800705b4\"",
        "let x = 0xC1036501;",
        "\"AADSTS50126: wrong\"",
        "f(0x80180014); // why",
    ] {
        assert!(code_in(without_comment(line)).is_some(), "{line}");
    }
    for line in [
        "0x80",
        "0x8000_0000_0000",
        "AADSTS{n}",
        "0x0000_8000",
        "codes::ERROR_TIMEOUT",
        "0x7fff_ffff",
        "// 0x80180014",
    ] {
        assert!(code_in(without_comment(line)).is_none(), "{line}");
    }
}
