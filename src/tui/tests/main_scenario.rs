//! The main scenario as a run really tells it, drawn screen by screen: each as it was when the next one took its place.

use std::path::Path;

use super::screens;
use super::snapshots::check;
use crate::scenario::{self, LoadOptions};
use crate::trace::record::What;
use crate::tui::app::App;
use crate::world::{self, RunOptions, Speed};

#[test]
fn the_main_scenario_screen_by_screen() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("scenarios/user-driven.toml");
    let scenario = scenario::load(&path, &LoadOptions::default()).expect("the scenario is valid");
    let mut records = Vec::new();
    world::run(&scenario, &RunOptions::default(), &mut |record| records.push(record.clone()))
        .expect("it runs");

    let mut app = App::new(&screens::header(), true, false, Speed::Scaled(60.0));
    let mut shown: Vec<String> = Vec::new();
    for record in &records {
        if let What::Screen { screen } = &record.what {
            match shown.last() {
                Some(id) if *id == screen.id => {}
                last => {
                    if let Some(id) = last {
                        check(&format!("main_{:02}_{id}", shown.len()), &app);
                    }
                    shown.push(screen.id.clone());
                }
            }
        }
        app.apply(record);
        app.tempo.t = record.t;
    }
    check(&format!("main_{:02}_{}", shown.len(), shown.last().expect("it shows screens")), &app);
    assert_eq!(shown.last().map(String::as_str), Some("desktop"));
    let visited = |id: &str| shown.iter().filter(|shown| *shown == id).count();
    assert_eq!(visited("winlogon.signin"), 1, "the user signs on once, after the restart: {shown:?}");
}
