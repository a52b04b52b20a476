//! What keys do: to fields, lists, phases, buttons, and to the run.

use crossterm::event::{KeyCode, KeyEvent, KeyModifiers};
use oobe_agent::io::Act;
use oobe_agent::screen::Screen;
use ratatui::Terminal;
use ratatui::backend::TestBackend;

use super::screens::{self, DEVICE, Tape};
use crate::trace::record::What;
use crate::tui::app::{App, Command, Hint, Overlay, Seats};
use crate::tui::entry::Entry;
use crate::tui::form::Spot;
use crate::tui::palette::Palette;
use crate::tui::view;
use crate::world::Speed;

fn app(interactive: bool, screen: Screen) -> App {
    let mut app = App::new(&screens::header(), true, interactive, Speed::Scaled(60.0));
    app.apply(&Tape::default().show(screen));
    app
}

fn key(app: &mut App, code: KeyCode) -> Option<Command> {
    app.key(KeyEvent::new(code, KeyModifiers::NONE))
}

fn type_in(app: &mut App, text: &str) {
    for c in text.chars() {
        assert_eq!(key(app, KeyCode::Char(c)), None, "{c:?} is typed, it does nothing else");
    }
}

fn act(acts: Vec<Act>) -> Command {
    Command::Act(DEVICE.into(), acts)
}

fn press(button: &str) -> Act {
    Act::Press { button: button.into() }
}

fn fill(field: &str, text: &str) -> Act {
    Act::Fill { field: field.into(), text: text.into() }
}

#[test]
fn letters_go_to_the_field_and_enter_sends_it() {
    let mut app = app(true, screens::sign_in());
    type_in(&mut app, "q t?-@contoso.test");
    for code in [KeyCode::Home, KeyCode::Delete, KeyCode::Char('a'), KeyCode::End, KeyCode::Backspace] {
        assert_eq!(key(&mut app, code), None);
    }
    let sent = Some(act(vec![fill("username", "a t?-@contoso.tes"), press("Sign in")]));
    assert_eq!(key(&mut app, KeyCode::Enter), sent);
}

#[test]
fn function_keys_work_while_typing() {
    let mut app = app(true, screens::sign_in());
    let commands: Vec<_> = [5, 6, 3, 4].into_iter().map(|n| key(&mut app, KeyCode::F(n))).collect();
    let all = [Command::Pause, Command::Step, Command::Slower, Command::Faster].map(Some);
    assert_eq!(commands, all);
    let quit = KeyEvent::new(KeyCode::Char('c'), KeyModifiers::CONTROL);
    assert_eq!(app.key(quit), Some(Command::Quit));
}

#[test]
fn letters_are_commands_where_there_is_no_field() {
    let mut app = app(true, screens::second_keyboard());
    let codes = [' ', 'n', '-', '+', 'q'].map(KeyCode::Char);
    let commands: Vec<_> = codes.into_iter().map(|code| key(&mut app, code)).collect();
    let all = [Command::Pause, Command::Step, Command::Slower, Command::Faster, Command::Quit].map(Some);
    assert_eq!(commands, all);
}

#[test]
fn tab_walks_round_and_enter_presses_what_has_the_focus() {
    let mut app = app(true, screens::password());
    let mut seen = vec![app.form.focus];
    for _ in 0..3 {
        key(&mut app, KeyCode::Tab);
        seen.push(app.form.focus);
    }
    let round = [Spot::Field(0), Spot::Button(0), Spot::Button(1), Spot::Field(0)].map(Some);
    assert_eq!(seen, round);
    key(&mut app, KeyCode::BackTab);
    key(&mut app, KeyCode::BackTab);
    assert_eq!(key(&mut app, KeyCode::Enter), Some(act(vec![press("Back")])), "going back sends nothing");
}

#[test]
fn arrows_choose_from_a_list() {
    let mut app = app(true, screens::region());
    assert_eq!(
        key(&mut app, KeyCode::Enter),
        Some(act(vec![press("Yes")])),
        "what is chosen already needs no telling"
    );
    for _ in 0..9 {
        key(&mut app, KeyCode::Down);
    }
    key(&mut app, KeyCode::Up);
    assert_eq!(key(&mut app, KeyCode::Enter), Some(act(vec![press("Japan"), press("Yes")])));
}

#[test]
fn a_greyed_button_can_not_be_pressed() {
    let mut app = app(true, screens::network(false));
    assert_eq!(app.form.focus, None);
    assert_eq!(key(&mut app, KeyCode::Enter), None);
    app.apply(&Tape::default().show(screens::network(true)));
    assert_eq!(key(&mut app, KeyCode::Enter), Some(act(vec![press("Next")])));
}

#[test]
fn a_wrong_password_is_typed_again() {
    let mut app = app(true, screens::password());
    type_in(&mut app, "wrong");
    app.apply(&Tape::default().show(screens::wrong_password()));
    assert_eq!(key(&mut app, KeyCode::Enter), Some(act(vec![fill("password", ""), press("Sign in")])));
}

#[test]
fn an_update_of_the_same_screen_keeps_what_was_typed() {
    let mut app = app(true, screens::sign_in());
    type_in(&mut app, "alice");
    let mut again = screens::sign_in();
    again.text.push("We are here to help.".into());
    app.apply(&Tape::default().show(again));
    type_in(&mut app, "@contoso.test");
    assert_eq!(
        key(&mut app, KeyCode::Enter),
        Some(act(vec![fill("username", "alice@contoso.test"), press("Sign in")]))
    );
}

#[test]
fn a_name_that_stands_there_is_not_typed_again() {
    let mut app = app(true, screens::sign_on());
    assert_eq!(app.form.focus, Some(Spot::Field(1)), "the first field that is empty");
    type_in(&mut app, "pw");
    assert_eq!(key(&mut app, KeyCode::Enter), Some(act(vec![fill("password", "pw"), press("Sign in")])));
}

#[test]
fn phases_open_and_close() {
    let mut app = app(true, screens::device_setup());
    let open = |app: &App| -> Vec<bool> {
        let phases = &app.screen().and_then(|s| s.esp.as_ref()).expect("the page").phases;
        phases.iter().map(|p| app.form.is_expanded(p)).collect()
    };
    assert_eq!(open(&app), [false, true, false], "the phase at work is open");
    assert_eq!(key(&mut app, KeyCode::Char('e')), None);
    assert_eq!(open(&app), [false, false, false]);
    key(&mut app, KeyCode::Down);
    assert_eq!(key(&mut app, KeyCode::Enter), None);
    assert_eq!(open(&app), [false, false, true]);
    app.apply(&Tape::default().show(screens::account_setup()));
    assert_eq!(open(&app), [false, false, true], "what the person chose stays");
}

#[test]
fn the_failure_page_offers_its_buttons() {
    let mut app = app(true, screens::esp_error());
    assert_eq!(app.form.focus, Some(Spot::Button(2)));
    assert_eq!(key(&mut app, KeyCode::Enter), Some(act(vec![press("Try again")])));
    key(&mut app, KeyCode::Left);
    key(&mut app, KeyCode::Left);
    assert_eq!(key(&mut app, KeyCode::Enter), Some(act(vec![press("Reset device")])));
}

#[test]
fn keys_that_the_screen_lists_go_to_the_device() {
    let mut screen = screens::device_setup();
    screen.keys = vec!["Esc".into(), "Shift+F10".into()];
    let mut app = app(true, screen);
    assert_eq!(key(&mut app, KeyCode::Esc), Some(act(vec![Act::Key { key: "Esc".into() }])));
    let cmd = KeyEvent::new(KeyCode::F(10), KeyModifiers::SHIFT);
    assert_eq!(app.key(cmd), Some(act(vec![Act::Key { key: "Shift+F10".into() }])));
    key(&mut app, KeyCode::F(1));
    assert_eq!(key(&mut app, KeyCode::Esc), None, "an overlay takes it first");
    assert_eq!(app.overlay, None);
}

#[test]
fn who_watches_changes_nothing() {
    let mut app = app(false, screens::sign_on());
    assert_eq!(app.form.focus, None);
    assert_eq!(key(&mut app, KeyCode::Enter), None);
    assert_eq!(key(&mut app, KeyCode::Char('q')), Some(Command::Quit), "no letter goes to a field");
}

#[test]
fn the_power_goes_only_after_a_question() {
    let mut app = app(true, screens::device_setup());
    assert_eq!(key(&mut app, KeyCode::Char('p')), None);
    assert_eq!(app.overlay, Some(Overlay::ConfirmPower));
    assert_eq!(key(&mut app, KeyCode::Esc), None);
    assert_eq!(app.overlay, None);
    key(&mut app, KeyCode::F(8));
    assert_eq!(key(&mut app, KeyCode::Char('y')), Some(Command::CutPower(DEVICE.into())));
    app.apply(&Tape::default().device(What::PowerLost));
    assert_eq!(
        key(&mut app, KeyCode::Char('p')),
        Some(Command::PressPower(DEVICE.into())),
        "it can't go twice: what is off is switched on"
    );
}

#[test]
fn a_line_that_is_no_command_stays_at_the_prompt() {
    let mut app = app(true, screens::device_setup());
    key(&mut app, KeyCode::Char(':'));
    for c in "help".chars() {
        key(&mut app, KeyCode::Char(c));
    }
    assert_eq!(key(&mut app, KeyCode::Enter), None);
    assert_eq!((app.overlay, app.unknown.as_deref()), (Some(Overlay::Prompt), Some("help")));
    // A second try is typed there, too: its `p` does not ask for the power.
    for c in "help".chars() {
        key(&mut app, KeyCode::Char(c));
    }
    assert_eq!((app.overlay, app.unknown.as_deref()), (Some(Overlay::Prompt), None));
}

#[test]
fn who_only_watches_does_not_switch_a_device_on() {
    let mut app = app(false, screens::device_setup());
    app.apply(&Tape::default().device(What::PowerOff { why: "the device is resealed".into() }));
    assert_eq!(key(&mut app, KeyCode::Char('p')), None);
    assert!(app.notice.is_some());
}

#[test]
fn a_command_prompt_takes_a_line() {
    let mut app = app(true, screens::device_setup());
    let open = KeyEvent::new(KeyCode::F(10), KeyModifiers::SHIFT);
    assert_eq!(app.key(open), None);
    type_in(&mut app, "w32tm /resync /force q");
    key(&mut app, KeyCode::Backspace);
    let line = Act::Command { line: "w32tm /resync /force".into() };
    assert_eq!(key(&mut app, KeyCode::Enter), Some(act(vec![line])));
    assert_eq!(app.overlay, None);
    // A terminal may keep Shift+F10 for itself.
    assert_eq!(key(&mut app, KeyCode::Char(':')), None);
    assert_eq!((app.overlay, key(&mut app, KeyCode::Enter)), (Some(Overlay::Prompt), None));
    app.apply(&Tape::default().show(screens::desktop()));
    assert_eq!((app.key(open), app.overlay), (None, None), "out of OOBE there is none");
}

#[test]
fn a_technician_sits_there_until_the_device_switches_itself_off() {
    let mut app = app(true, screens::region());
    let seats = Seats { technician: Some("tina".into()), user: Some("alice".into()) };
    app.seats.insert(DEVICE.into(), seats);
    let sitting = |app: &App| app.station().and_then(|s| app.sitting(s)).map(str::to_owned);
    assert_eq!(sitting(&app).as_deref(), Some("tina"));
    let mut tape = Tape::default();
    app.apply(&tape.device(What::PowerLost));
    assert_eq!(sitting(&app).as_deref(), Some("tina"), "a power cut hands nothing over");
    app.apply(&tape.device(What::PowerOff { why: "the device is resealed".into() }));
    assert_eq!(sitting(&app).as_deref(), Some("alice"));
}

#[test]
fn the_story_scrolls_and_closes() {
    let mut app = app(true, screens::sign_in());
    key(&mut app, KeyCode::F(2));
    assert!(!app.is_typing(), "letters are commands in an overlay");
    key(&mut app, KeyCode::PageUp);
    assert_eq!(app.overlay, Some(Overlay::Timeline(1)), "no further than its beginning");
    key(&mut app, KeyCode::Down);
    assert_eq!(app.overlay, Some(Overlay::Timeline(0)));
    assert_eq!(key(&mut app, KeyCode::Char(' ')), Some(Command::Pause));
    key(&mut app, KeyCode::Char('q'));
    assert_eq!(app.overlay, None, "q closes the overlay first");
}

#[test]
fn known_answers_are_filled_in_on_demand() {
    let mut app = app(true, screens::sign_on());
    assert_eq!(key(&mut app, KeyCode::F(9)), None);
    assert_eq!(
        app.form.entry(1).map(Entry::text),
        Some(String::new()),
        "nothing is known, nothing is filled in"
    );
    app.hints.insert(DEVICE.into(), Hint { user: "bob@contoso.test".into(), password: "pw".into() });
    key(&mut app, KeyCode::F(9));
    let sent =
        Some(act(vec![fill("username", "bob@contoso.test"), fill("password", "pw"), press("Sign in")]));
    assert_eq!(key(&mut app, KeyCode::Enter), sent);
}

#[test]
fn pasting_fills_the_field() {
    let mut app = app(true, screens::sign_in());
    app.paste("alice@contoso.test\r\n");
    assert_eq!(app.form.entry(0).map(Entry::text).as_deref(), Some("alice@contoso.test"));
}

#[test]
fn several_devices_can_be_looked_at() {
    let mut app = app(true, screens::region());
    let mut tape = Tape::default();
    let other = What::Screen { screen: Box::new(screens::sign_in()) };
    app.apply(&tape.of("LAPTOP-2", other));
    assert_eq!(
        app.station().map(|s| s.name.as_str()),
        Some(DEVICE),
        "another device does not push itself forward"
    );
    key(&mut app, KeyCode::F(7));
    assert_eq!(app.station().map(|s| s.name.as_str()), Some("LAPTOP-2"));
    assert_eq!(app.asking().map(|s| s.name.as_str()), Some("LAPTOP-2"));
    type_in(&mut app, "a");
    assert_eq!(
        key(&mut app, KeyCode::Enter),
        Some(Command::Act("LAPTOP-2".into(), vec![fill("username", "a"), press("Sign in")]))
    );
}

proptest::proptest! {
    #![proptest_config(proptest::prelude::ProptestConfig::with_cases(64))]

    /// Whatever is pressed on whatever screen: no panic, and everything can be drawn.
    #[test]
    fn no_keys_do_harm(keys in proptest::collection::vec((0_usize..34, proptest::bool::ANY, 0_usize..12), 1..60)) {
        let look = Palette::windows();
        let mut terminal = Terminal::new(TestBackend::new(80, 24)).expect("a test terminal");
        let mut app = app(true, screens::sign_in());
        app.hints.insert(DEVICE.into(), Hint { user: "ä".into(), password: "日本".into() });
        for (code, control, screen) in keys {
            if let Some(screen) = screens::all().into_iter().nth(screen) {
                app.apply(&Tape::default().show(screen));
            }
            let code = match code {
                0 => KeyCode::Tab,
                1 => KeyCode::BackTab,
                2 => KeyCode::Up,
                3 => KeyCode::Down,
                4 => KeyCode::Left,
                5 => KeyCode::Right,
                6 => KeyCode::Enter,
                7 => KeyCode::Esc,
                8 => KeyCode::Backspace,
                9 => KeyCode::Delete,
                10 => KeyCode::Home,
                11 => KeyCode::End,
                12 => KeyCode::PageUp,
                13 => KeyCode::PageDown,
                14..24 => KeyCode::F(u8::try_from(code - 13).unwrap_or(1)),
                other => KeyCode::Char("aeqtpn ?日é".chars().nth(other - 24).unwrap_or('x')),
            };
            let modifiers = if control { KeyModifiers::CONTROL } else { KeyModifiers::NONE };
            app.key(KeyEvent::new(code, modifiers));
            terminal.draw(|frame| view::draw(frame, &app, &look)).expect("a test terminal");
        }
    }
}

#[test]
fn the_windows_key_has_a_key_of_its_own_where_it_means_something() {
    let mut screen = screens::sign_in();
    screen.keys.push(oobe_agent::screen::WINDOWS_KEY_FIVE_TIMES.into());
    let mut app = app(true, screen);
    let stroke = Some(act(vec![Act::Key { key: "Win".into() }]));
    for _ in 0..4 {
        assert_eq!(key(&mut app, KeyCode::F(10)), stroke);
    }
    assert!(app.notice.as_deref().is_some_and(|n| n.contains("4 times")), "{:?}", app.notice);
    assert_eq!((key(&mut app, KeyCode::F(10)), &app.notice), (stroke, &None), "the page itself says it");
    app.apply(&Tape::default().show(screens::region()));
    assert_eq!(key(&mut app, KeyCode::F(10)), None, "this page does not list it");
}

#[test]
fn diagnostics_open_in_terminals_that_know_no_shift_with_a_letter() {
    let mut app = app(true, screens::failed(true));
    let export = Some(act(vec![Act::Key { key: "Ctrl+Shift+D".into() }]));
    let control = KeyModifiers::CONTROL;
    assert_eq!(app.key(KeyEvent::new(KeyCode::Char('d'), control)), export);
    assert_eq!(app.key(KeyEvent::new(KeyCode::Char('d'), control | KeyModifiers::SHIFT)), export);
}

#[test]
fn on_a_failure_page_the_focus_begins_where_nothing_is_destroyed() {
    let first = |labels: &[&str]| {
        let mut screen = screens::esp_error();
        screen.buttons = labels.iter().map(|l| oobe_agent::screen::Button::new(l)).collect();
        let mut app = app(true, screen);
        key(&mut app, KeyCode::Enter)
    };
    let all = ["Reset device", "Try again", "Continue anyway", "Collect logs"];
    assert_eq!(first(&all), Some(act(vec![press("Try again")])));
    assert_eq!(first(&["Reset device", "Continue anyway"]), Some(act(vec![press("Continue anyway")])));
    assert_eq!(first(&["Reset device"]), Some(act(vec![press("Reset device")])));
    let mut red = app(true, screens::failed(false));
    assert_eq!(key(&mut red, KeyCode::Enter), Some(act(vec![press("Retry")])));
}

#[test]
fn whoever_watches_can_take_over_and_give_back() {
    let mut app = app(false, screens::second_keyboard());
    assert_eq!(key(&mut app, KeyCode::Char('h')), None, "only where that is offered");
    app.may_take_over = true;
    assert_eq!(key(&mut app, KeyCode::Enter), None, "somebody else acts");
    assert_eq!(key(&mut app, KeyCode::Char('h')), Some(Command::Hands(true)));
    assert_eq!(key(&mut app, KeyCode::Enter), Some(act(vec![press("Skip")])));
    assert_eq!(key(&mut app, KeyCode::F(12)), Some(Command::Hands(false)));
    assert_eq!(key(&mut app, KeyCode::Enter), None);
}
