//! Examples in the documentation: they are run.

use std::path::Path;

use oobe::exit::Exit;
use oobe::scenario::{Fixtures, Scenario, parse};
use oobe::trace::Trace;

use super::{oobe_in, root, told};

/// A fenced block: its language line and its text.
struct Block {
    language: String,
    text: String,
    line: usize,
}

fn blocks(page: &str) -> Vec<Block> {
    let text = std::fs::read_to_string(root().join("docs").join(page)).expect("the page is there");
    let mut found: Vec<Block> = Vec::new();
    let mut open = false;
    for (number, line) in text.lines().enumerate() {
        match line.strip_prefix("```") {
            Some(_) if open => open = false,
            Some(language) => {
                open = true;
                found.push(Block { language: language.to_owned(), text: String::new(), line: number + 1 });
            }
            None if open => {
                let block = found.last_mut().expect("a block is open");
                block.text.push_str(line);
                block.text.push('\n');
            }
            None => {}
        }
    }
    found
}

fn scenario(text: &str, line: usize) -> Scenario {
    parse("example", &format!("docs/scenario-format.md line {line}"), text, &Fixtures::built_in(), &[])
        .unwrap_or_else(|error| panic!("{error}"))
}

#[test]
fn scenarios_are_valid_and_do_what_they_say() {
    let page = blocks("scenario-format.md");
    let whole: Vec<&Block> = page.iter().filter(|b| b.language == "toml").collect();
    let base = whole.last().expect("there is a whole scenario");
    assert!(whole.len() >= 2);
    let readme = blocks("../README.md");
    for block in whole.iter().copied().chain(readme.iter().filter(|b| b.language == "toml")) {
        let folder = tempfile::tempdir().expect("a folder");
        std::fs::write(folder.path().join("example.toml"), &block.text).expect("it can be written");
        scenario(&block.text, block.line);
        let output = oobe_in(folder.path(), &["run", "example.toml", "--quiet"]);
        let expected = if block.text.contains("[[expect]]") { Exit::Success } else { Exit::Unfinished };
        assert_eq!(
            output.status.code(),
            Some(i32::from(expected.code())),
            "line {}: {}",
            block.line,
            told(&output)
        );
    }
    // The parts are valid together with the last whole one, in which alice has a device of her own.
    let base = base.text.replace("[person.alice]\n", "[person.alice]\ndevice = \"pc\"\n");
    let parts: Vec<&Block> = page.iter().filter(|b| b.language == "toml,fragment").collect();
    assert!(parts.len() >= 5);
    for part in parts {
        scenario(&format!("{base}\n{}", part.text), part.line);
    }
}

#[test]
fn traces_are_read() {
    let blocks = blocks("trace-format.md");
    let example = blocks.iter().find(|b| b.language == "jsonl").expect("there is a trace");
    let trace = Trace::read("docs/trace-format.md", example.text.as_bytes()).expect("it is a trace");
    assert_eq!(
        trace.records().count(),
        trace.lines.len(),
        "the example has a kind that the program does not know"
    );
}

#[test]
fn every_kind_is_in_the_table() {
    let page = std::fs::read_to_string(root().join("docs/trace-format.md")).expect("the page is there");
    let rows: Vec<&str> = page
        .lines()
        .skip_while(|line| !line.starts_with("## Kinds"))
        .filter_map(|line| line.strip_prefix("| `")?.split('`').next())
        .collect();
    assert_eq!(rows, oobe::schema::KINDS);
}

#[test]
fn every_exit_code_is_in_the_table() {
    let page = std::fs::read_to_string(root().join("docs/exit-codes.md")).expect("the page is there");
    let rows: Vec<&str> =
        page.lines().filter(|l| l.starts_with("| ") && !l.contains("---") && !l.contains("code |")).collect();
    let all = Exit::ALL.map(|exit| format!("| {} | {} |", exit.code(), exit.meaning()));
    assert_eq!(rows, all);
}

/// `$ oobe ...` lines are run one after the other in a folder that holds the scenarios; `# exit N` says how they end.
#[test]
fn commands_do_what_they_say() {
    for page in ["scenario-format.md", "trace-format.md", "exit-codes.md"] {
        let folder = tempfile::tempdir().expect("a folder");
        copy(&root().join("scenarios"), &folder.path().join("scenarios"));
        for block in blocks(page).iter().filter(|b| b.language == "console") {
            for line in block.text.lines().filter_map(|line| line.strip_prefix("$ oobe ")) {
                let (command, exit) = line.split_once("# exit ").unwrap_or((line, "0"));
                let words = words(command);
                let arguments: Vec<&str> = words.iter().map(String::as_str).collect();
                let output = oobe_in(folder.path(), &arguments);
                assert_eq!(
                    output.status.code(),
                    exit.trim().parse().ok(),
                    "docs/{page}: oobe {command}\n{}",
                    told(&output)
                );
            }
        }
    }
}

/// What the README shows of a run is what the run prints, line for line; `(…)` stands for lines left out.
#[test]
fn the_readme_shows_true_output() {
    let blocks = blocks("../README.md");
    let mut shown = 0;
    for pair in blocks.windows(2) {
        let run = pair[0].text.lines().find_map(|line| line.strip_prefix("$ cargo run --release -- run "));
        let (Some(arguments), "console", "text") = (run, &*pair[0].language, &*pair[1].language) else {
            continue;
        };
        let words = words(&format!("run {arguments}"));
        let arguments: Vec<&str> = words.iter().map(String::as_str).collect();
        let output = oobe_in(root(), &arguments);
        let printed = String::from_utf8_lossy(&output.stdout).into_owned();
        let mut printed = printed.lines();
        for line in pair[1].text.lines().filter(|line| line.trim() != "(…)") {
            assert!(
                printed.any(|real| real.trim_end() == line.trim_end()),
                "README.md, the block at line {}: `oobe {}` prints no line (any more, or not there):\n{line}",
                pair[1].line,
                arguments.join(" ")
            );
        }
        shown += 1;
    }
    assert!(shown >= 4, "the three modes and a failure are shown: {shown}");
}

/// Words of a command line; single quotes keep blanks together.
fn words(line: &str) -> Vec<String> {
    let mut words = vec![String::new()];
    let mut quoted = false;
    for c in line.trim().chars() {
        match c {
            '\'' => quoted = !quoted,
            ' ' if !quoted => words.push(String::new()),
            c => words.last_mut().expect("there is a word").push(c),
        }
    }
    words.retain(|word| !word.is_empty());
    words
}

fn copy(from: &Path, to: &Path) {
    std::fs::create_dir_all(to).expect("it can be made");
    for entry in std::fs::read_dir(from).expect("it can be read") {
        let path = entry.expect("it can be read").path();
        let target = to.join(path.file_name().expect("it has a name"));
        if path.is_dir() {
            copy(&path, &target);
        } else {
            std::fs::copy(&path, &target).expect("it can be copied");
        }
    }
}
