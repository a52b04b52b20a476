//! Whatever stands in a scenario file: an answer, never a panic.

use oobe::scenario::{Fixtures, parse};
use proptest::prelude::*;

const MAIN: &str = include_str!("../scenarios/user-driven.toml");

fn read(text: &str, set: &[String]) {
    match parse("x", "x.toml", text, &Fixtures::built_in(), set) {
        Ok(scenario) => assert_eq!(scenario.sha256.len(), 64),
        Err(error) => {
            assert!(!error.problems().is_empty());
            for problem in error.problems() {
                let (line, column) = problem.place();
                assert!(line >= 1 && column >= 1 && !problem.to_string().is_empty());
                let mut shown = String::new();
                miette::GraphicalReportHandler::new()
                    .render_report(&mut shown, problem)
                    .expect("it can be shown");
            }
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(400))]

    #[test]
    fn any_text(text in "(\\PC|\n){0,300}") {
        read(&text, &[]);
    }

    #[test]
    fn anything_that_looks_like_toml(lines in prop::collection::vec(
        prop_oneof![
            Just("oobe = 1".to_owned()),
            "(title|seed|keys|as_of|device|covers|time_limit) = [0-9\"\\[\\]{}a-z.-]{0,12}",
            "\\[(device|tenant|person)\\.[a-z]{1,3}(\\.(esp|app|user|profile)(\\.[a-z])?)?\\]",
            "\\[\\[(expect|when|fault)\\]\\]",
            "(preset|screen|event|on|do|network|serial|upn|kind) = [0-9\"\\[\\]{}a-z.= -]{0,24}",
        ], 0..20)
    ) {
        read(&lines.join("\n"), &[]);
    }

    #[test]
    fn the_main_scenario_with_a_part_replaced(at in 0..MAIN.len(), length in 0_usize..60, new in "(\\PC|\n){0,20}") {
        let start = (0..=at).rev().find(|i| MAIN.is_char_boundary(*i)).unwrap_or(0);
        let end = (at + length).min(MAIN.len());
        let end = (end..=MAIN.len()).find(|i| MAIN.is_char_boundary(*i)).unwrap_or(MAIN.len());
        read(&format!("{}{new}{}", &MAIN[..start], &MAIN[end.max(start)..]), &[]);
    }

    #[test]
    fn any_override(set in "\\PC{0,60}") {
        read(MAIN, &[set]);
    }

    #[test]
    fn any_override_of_a_known_key(
        key in "(device\\.pc|tenant\\.contoso|person\\.alice|expect\\.0|expect)(\\.[a-z_]{1,10}){0,2}",
        value in "\\PC{0,20}",
    ) {
        read(MAIN, &[format!("{key}={value}")]);
    }
}
