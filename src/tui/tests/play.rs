//! The loop without a terminal: keys and a wall clock by hand.

use std::time::{Duration, Instant};

use crossterm::event::{Event, KeyCode, KeyEvent, KeyModifiers};
use oobe_agent::io::Act;
use oobe_agent::time::VirtualTime;

use super::fake::{self, Fake, user_driven};
use super::screens;
use crate::trace::Trace;
use crate::tui::app::App;
use crate::tui::model::{Power, Station};
use crate::tui::player::Player;
use crate::tui::source::{Replay, Source};
use crate::world::Speed;

struct Stage {
    player: Player<Fake>,
    wall: Instant,
}

#[allow(clippy::disallowed_methods)] // any moment will do
fn stage(speed: Speed) -> Stage {
    let app = App::new(&screens::header(), true, true, speed);
    let wall = Instant::now();
    Stage { player: Player::new(Fake::new(user_driven()), app, speed, wall), wall }
}

impl Stage {
    /// So much time goes by on the wall; then one frame's worth of events.
    fn wait(&mut self, ms: u64) {
        self.wall += Duration::from_millis(ms);
        let wall = self.wall;
        self.player.advance(wall, &mut |_| Ok(()), &|| wall);
        self.player.take_dirty();
    }

    /// Plays on until the screen has that title, a frame at a time.
    fn until(&mut self, title: &str) {
        for _ in 0..20_000 {
            if self.title().as_deref() == Some(title) {
                return;
            }
            self.wait(50);
        }
        panic!("{title:?} never came up, {:?} did", self.title());
    }

    fn title(&self) -> Option<String> {
        self.player.app.screen().map(|s| s.title.clone())
    }

    fn key(&mut self, code: KeyCode) -> bool {
        let event = Event::Key(KeyEvent::new(code, KeyModifiers::NONE));
        self.player.event(&event, self.wall, &mut |_| Ok(()))
    }

    fn type_in(&mut self, text: &str) {
        for c in text.chars() {
            assert!(self.key(KeyCode::Char(c)));
        }
        self.key(KeyCode::Enter);
    }
}

fn play(speed: Speed) -> Stage {
    let mut stage = stage(speed);
    for title in [screens::region().title, screens::keyboard().title, screens::second_keyboard().title] {
        stage.until(&title);
        stage.key(KeyCode::Enter);
    }
    stage.until("Welcome to Contoso!");
    stage.type_in("alice@contoso.test");
    stage.until("Enter password");
    stage.type_in("wrong");
    stage.until("Signing in...");
    stage.until("Enter password");
    stage.type_in("right");
    stage.until("Other user");
    stage.type_in("right");
    stage.until("Desktop");
    stage
}

#[test]
fn a_person_goes_all_the_way() {
    for speed in [Speed::Scaled(60.0), Speed::Scaled(100_000.0), Speed::Instant] {
        let mut stage = play(speed);
        stage.wait(50);
        assert_eq!(stage.player.source.ending().map(|e| e.outcome).as_deref(), Some("desktop"));
        let passwords: Vec<_> =
            stage.player.source.acts.iter().filter(|a| matches!(a, Act::Fill { .. })).collect();
        assert_eq!(passwords.len(), 4);
        assert!(!stage.key(KeyCode::Char('q')), "q leaves");
    }
}

#[test]
fn thinking_costs_no_virtual_time() {
    let mut slow = stage(Speed::Scaled(60.0));
    slow.until(&screens::region().title);
    let asked = slow.player.source.now();
    slow.wait(3_600_000);
    assert_eq!(slow.player.app.tempo.t, asked);
    slow.key(KeyCode::Enter);
    slow.wait(50);
    assert_eq!(slow.player.source.now(), asked, "the next screen comes at once, not an hour later");
    assert_eq!(slow.title(), Some(screens::keyboard().title));
}

#[test]
fn every_screen_gets_a_frame_however_fast() {
    let mut stage = stage(Speed::Instant);
    let mut seen = Vec::new();
    for _ in 0..200 {
        stage.wait(1);
        let title = stage.title();
        if seen.last() != Some(&title) {
            seen.push(title);
        }
        if stage.player.app.your_turn() {
            stage.key(KeyCode::Enter);
        }
    }
    let titles: Vec<String> = seen.into_iter().map(|t| t.unwrap_or_else(|| "(dark)".into())).collect();
    insta::with_settings!({ snapshot_path => "../snapshots", prepend_module_to_snapshot => false }, {
        insta::assert_snapshot!("every_screen", titles.join("\n"));
    });
}

#[test]
fn pause_holds_and_step_goes_one_event_on() {
    let mut stage = stage(Speed::Scaled(60.0));
    stage.wait(0);
    stage.key(KeyCode::F(5));
    stage.wait(60_000);
    assert_eq!(stage.player.source.now(), VirtualTime::ZERO);
    assert!(
        stage.player.rest(stage.wall) >= Duration::from_millis(200),
        "nothing turns while time stands still"
    );
    stage.key(KeyCode::F(6));
    stage.wait(0);
    assert_eq!(stage.player.source.now(), VirtualTime(25_000));
    assert_eq!(stage.title(), Some(screens::region().title));
    stage.key(KeyCode::Char('n'));
    assert_eq!(stage.player.source.now(), VirtualTime(25_000), "the screen waits for the person");
    assert!(stage.player.app.tempo.paused);
}

#[test]
fn the_shown_time_never_passes_the_next_event() {
    let mut stage = stage(Speed::Scaled(60.0));
    let mut last = VirtualTime::ZERO;
    for _ in 0..100 {
        stage.wait(7);
        let shown = stage.player.app.tempo.t;
        assert!(shown >= last && shown <= VirtualTime(25_000));
        last = shown;
    }
}

#[test]
fn idle_means_idle() {
    let mut stage = stage(Speed::Instant);
    stage.until(&screens::region().title);
    stage.wait(10);
    assert!(stage.player.rest(stage.wall) >= Duration::from_millis(200));
    assert!(!stage.player.take_dirty(), "nothing changed, nothing is drawn");
}

#[test]
fn power_goes_and_comes_back() {
    let mut stage = stage(Speed::Scaled(600.0));
    stage.until(&screens::region().title);
    stage.key(KeyCode::Char('p'));
    stage.key(KeyCode::Char('y'));
    assert!(matches!(stage.player.app.station().map(|s| &s.power), Some(Power::Off(_))));
    for _ in 0..10 {
        stage.wait(50);
    }
    assert!(!matches!(stage.player.app.station().map(|s| &s.power), Some(Power::Off(_))));
}

#[test]
fn what_somebody_else_types_can_be_read() {
    let app = App::new(&screens::header(), true, false, Speed::Scaled(60.0));
    let mut stage = stage(Speed::Scaled(60.0));
    stage.player.app = app;
    let mut typed = false;
    for _ in 0..400 {
        stage.wait(50);
        if stage.title().as_deref() == Some("Welcome to Contoso!") && !typed {
            typed = true;
            let mut made = Vec::new();
            let fill = Act::Fill { field: "username".into(), text: "alice".into() };
            for act in [fill, Act::Press { button: "Sign in".into() }] {
                stage.player.source.act("", act, &mut |r| made.push(r.clone()));
            }
            stage.player.take_in(made, &mut |_| Ok(()));
            stage.wait(1);
            let before = stage.player.source.now();
            assert_eq!(stage.player.app.station().map(|s| s.typed.len()), Some(1));
            stage.wait(500);
            assert_eq!(stage.title().as_deref(), Some("Welcome to Contoso!"), "still there to be read");
            stage.wait(300);
            assert_eq!(stage.player.source.now(), before, "the look cost no virtual time");
        }
        if stage.player.app.station().is_some_and(Station::asks) && !typed {
            let last = stage.player.app.screen().and_then(|s| s.buttons.last().map(|b| b.label.clone()));
            if let Some(button) = last {
                stage.player.source.act("", Act::Press { button }, &mut |_| {});
            }
        }
    }
    assert!(typed);
}

#[test]
fn a_trace_that_breaks_off_ends_there() {
    let records = fake::records(user_driven()).into_iter().take(12);
    let mut text = serde_json::to_string(&screens::header()).expect("it serialises");
    for record in records {
        text = format!("{text}\n{}", serde_json::to_string(&record).expect("it serialises"));
    }
    let replay = Replay::of(Trace::read("test", text.as_bytes()).expect("a trace"));
    let app = App::new(replay.header(), false, true, Speed::Instant);
    let wall = stage(Speed::Instant).wall;
    let mut player = Player::new(replay, app, Speed::Instant, wall);
    for _ in 0..50 {
        player.advance(wall, &mut |_| Ok(()), &|| wall);
        player.take_dirty();
    }
    assert_eq!(player.app.model.end.as_ref().map(|e| e.outcome.as_str()), Some("broken off"));
    assert!(player.rest(wall) > Duration::ZERO, "and nothing turns any more");
    let enter = Event::Key(KeyEvent::new(KeyCode::Enter, KeyModifiers::NONE));
    assert!(player.event(&enter, wall, &mut |_| Ok(())), "nobody can act in the past");
}

/// In a demonstration a page that asks somebody stays up, though its answer is due at once.
#[test]
#[allow(clippy::disallowed_methods)] // any moment will do
fn in_a_demonstration_pages_can_be_read() {
    let speed = Speed::Scaled(60.0);
    let wall = Instant::now();
    let app = App::new(&screens::header(), true, false, speed);
    let mut player = Player::new(Fake::new(user_driven()), app, speed, wall);
    player.linger = true;
    let mut stage = Stage { player, wall };
    stage.until("Is this the right country or region?");
    assert!(stage.player.rest(stage.wall) > Duration::ZERO, "nothing to do but to read");
    stage.player.source.people_act(true);
    let time = stage.player.app.tempo.t;
    stage.wait(1_000);
    assert_eq!(stage.player.app.tempo.t, time, "reading costs no virtual time");
}
