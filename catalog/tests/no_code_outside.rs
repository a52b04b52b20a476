//! No result code appears in code outside the catalog (design, rule 9). Comments may name one, and so may unit tests: what
//! stands behind `#[cfg(test)]` at the end of a file checks the tables against the wire.

use std::fs;
use std::path::{Path, PathBuf};

use oobe_catalog::codes::{ALL, CodeKind};

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
            for (n, line) in without_tests(&text).map(|(n, line)| (n, without_comment(line))) {
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

/// The lines with their places, without modules for tests: `mod tests;` is one line, `mod tests {` goes on to its brace.
fn without_tests(text: &str) -> impl Iterator<Item = (usize, &str)> {
    let (mut asked, mut inside) = (false, false);
    text.lines().enumerate().filter(move |(_, line)| {
        let left_out = asked || inside;
        if inside {
            inside = *line != "}";
        } else if asked {
            asked = line.starts_with('#');
            inside = !asked && line.ends_with('{');
        }
        asked = asked || *line == "#[cfg(test)]";
        !left_out && *line != "#[cfg(test)]"
    })
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
    hresult.or_else(entra).or_else(|| deployment_service(line))
}

/// An error code of the deployment service as a number of its own: three digits, no part of a name, of text or of a time.
fn deployment_service(line: &str) -> Option<String> {
    let known = ALL.iter().filter(|code| code.kind() == CodeKind::Ztd).map(|code| code.value().to_string());
    let numbers: Vec<String> = known.collect();
    let outside_strings = line.split('"').step_by(2).collect::<Vec<_>>().join(" ");
    let is_word = |c: char| c.is_ascii_alphanumeric() || matches!(c, '_' | '.');
    outside_strings
        .split(|c: char| !is_word(c))
        .find(|word| numbers.iter().any(|n| n == word))
        .map(str::to_owned)
}

#[test]
fn only_test_modules_are_left_out() {
    let text = "a\n#[cfg(test)]\nmod tests;\nb\n#[cfg(test)]\n#[path = \"x\"]\nmod more {\n    c\n}\nd";
    let left: Vec<&str> = without_tests(text).map(|(_, line)| line).collect();
    assert_eq!(left, ["a", "b", "d"]);
}

#[test]
fn codes_are_recognised() {
    for line in [
        "const X: u32 = 0x8007_05B4;",
        "\"0x800705b4\"",
        "let x = 0xC1036501;",
        "\"AADSTS50126: wrong\"",
        "f(0x80180014); // why",
        "Some(809) => x,",
    ] {
        assert!(code_in(without_comment(line)).is_some(), "{line}");
    }
    for line in [
        "0x80",
        "0x8000_0000_0000",
        "AADSTS{n}",
        "0x0000_8000",
        "codes::ERROR_TIMEOUT",
        "events::AUTOPILOT_809",
        "\"809 of them\"",
        "0x7fff_ffff",
        "// 0x80180014",
    ] {
        assert!(code_in(without_comment(line)).is_none(), "{line}");
    }
}
