//! Every screen of the user-driven way, as it looks in a terminal of 80 x 24 and one of 120 x 40.

use crossterm::event::{KeyCode, KeyEvent, KeyModifiers};
use oobe_agent::io::{Slot, Timer};
use oobe_agent::screen::Screen;
use oobe_agent::time::VirtualTime;
use ratatui::Terminal;
use ratatui::backend::TestBackend;
use ratatui::buffer::Buffer;

use super::fake;
use super::screens::{self, DEVICE, Tape};
use crate::trace::record::What;
use crate::tui::app::{App, Hint, Overlay, Seats};
use crate::tui::palette::Palette;
use crate::tui::view;
use crate::world::Speed;

pub(super) const SIZES: [(u16, u16); 2] = [(80, 24), (120, 40)];

/// A device that was switched on and has asked for its profile.
fn begun() -> (App, Tape) {
    let mut app = App::new(&screens::header(), true, true, Speed::Scaled(60.0));
    let hint = Hint { user: "alice@contoso.test".into(), password: "Correct-Horse-1".into() };
    app.hints.insert(DEVICE.into(), hint);
    let mut tape = Tape::default();
    let boot = screens::timer(Timer::Boot, 25, "Windows to start");
    for what in [What::PowerOn, boot, What::TimerFired { timer: Timer::Boot }] {
        app.apply(&tape.device(what));
        tape.after(12_000);
    }
    (app, tape)
}

pub(super) fn with(screen: Screen) -> App {
    let (mut app, mut tape) = begun();
    let profile = "asking for the Autopilot profile";
    app.apply(&tape.device(screens::request(Slot::Profile, "https://ztd.dds.microsoft.com/ztd", profile)));
    app.apply(&tape.after(700).device(screens::reply(Slot::Profile)));
    app.apply(&tape.device(screens::decided("USR-013", "the profile applies only to its own tenant")));
    let text = "AutopilotManager determined internet is available, and got the profile.";
    app.apply(&tape.device(screens::event("autopilot", 164, text)));
    app.apply(&tape.after(1_000).show(screen));
    app.tempo.t = VirtualTime(tape.t);
    app
}

fn keys(app: &mut App, codes: &[KeyCode]) {
    for code in codes {
        app.key(KeyEvent::new(*code, KeyModifiers::NONE));
    }
}

fn type_in(app: &mut App, text: &str) {
    for c in text.chars() {
        keys(app, &[KeyCode::Char(c)]);
    }
}

pub(super) fn frame(app: &App, (width, height): (u16, u16), look: &Palette) -> (Buffer, Option<(u16, u16)>) {
    let mut terminal = Terminal::new(TestBackend::new(width, height)).expect("a test terminal");
    let mut cursor = None;
    let done = terminal.draw(|frame| view::draw(frame, app, look)).expect("a test terminal");
    let buffer = done.buffer.clone();
    if terminal.backend().cursor_visible() {
        let at = terminal.backend_mut().cursor_position();
        cursor = Some((at.x, at.y));
    }
    (buffer, cursor)
}

fn text(buffer: &Buffer) -> String {
    let area = buffer.area;
    let mut text = String::new();
    for y in area.rows() {
        let line: String = y.positions().map(|p| buffer[p].symbol()).collect();
        text.push_str(line.trim_end());
        text.push('\n');
    }
    text
}

/// Compares with the kept snapshots, at both sizes.
pub(super) fn check(name: &str, app: &App) {
    for size in SIZES {
        let (buffer, cursor) = frame(app, size, &Palette::windows());
        let cursor = cursor.map_or("hidden".to_owned(), |(x, y)| format!("{x},{y}"));
        let name = format!("{name}_{}x{}", size.0, size.1);
        insta::with_settings!({ snapshot_path => "../snapshots", prepend_module_to_snapshot => false }, {
            insta::assert_snapshot!(name, format!("{}cursor {cursor}", text(&buffer)));
        });
    }
}

#[test]
fn off() {
    let app = App::new(&screens::header(), true, true, Speed::Scaled(60.0));
    check("off", &app);
}

#[test]
fn starting() {
    let (mut app, mut tape) = begun();
    let why = "a policy needs a restart before Device setup can end";
    app.apply(&tape.device(What::Restart { why: why.into() }));
    app.apply(&tape.device(screens::timer(Timer::Boot, 30, "Windows to start")));
    app.tempo.t = VirtualTime(tape.t + 9_000);
    check("starting", &app);
}

#[test]
fn region() {
    let mut app = with(screens::region());
    keys(&mut app, &[KeyCode::Down]);
    check("region", &app);
}

#[test]
fn keyboard() {
    let mut app = with(screens::keyboard());
    keys(&mut app, &[KeyCode::Tab]);
    check("keyboard", &app);
}

#[test]
fn second_keyboard() {
    check("second_keyboard", &with(screens::second_keyboard()));
}

#[test]
fn network() {
    check("network_down", &with(screens::network(false)));
    check("network_up", &with(screens::network(true)));
}

#[test]
fn checking() {
    let mut app = with(screens::checking("Just a moment..."));
    let mut tape = Tape { t: 26_000, ..Tape::default() };
    let profile = "asking for the Autopilot profile";
    app.apply(&tape.device(screens::request(Slot::Profile, "https://ztd.dds.microsoft.com/ztd", profile)));
    app.apply(&tape.device(screens::timer(Timer::Updates, 120, "critical updates to be looked for")));
    app.tempo.t = VirtualTime(28_500);
    check("checking", &app);
}

#[test]
fn sign_in_empty() {
    check("sign_in_empty", &with(screens::sign_in()));
}

#[test]
fn sign_in_half_typed() {
    let mut app = with(screens::sign_in());
    type_in(&mut app, "alice@con");
    keys(&mut app, &[KeyCode::Left, KeyCode::Left]);
    check("sign_in_half_typed", &app);
}

#[test]
fn password_as_dots() {
    let mut app = with(screens::password());
    type_in(&mut app, "Correct-Horse-1");
    check("password", &app);
    let (buffer, _) = frame(&app, SIZES[0], &Palette::windows());
    assert!(!text(&buffer).contains("Horse"));
}

#[test]
fn wrong_password() {
    check("wrong_password", &with(screens::wrong_password()));
}

#[test]
fn wrong_organization() {
    check("wrong_organization", &with(screens::wrong_organization()));
}

#[test]
fn esp_device_preparation() {
    check("esp_device_preparation", &with(screens::device_preparation()));
}

#[test]
fn esp_device_setup() {
    check("esp_device_setup", &with(screens::device_setup()));
}

#[test]
fn esp_account_setup() {
    check("esp_account_setup", &with(screens::account_setup()));
}

#[test]
fn esp_all_phases_open() {
    let mut app = with(screens::account_setup());
    keys(&mut app, &[KeyCode::Up, KeyCode::Enter, KeyCode::Up, KeyCode::Char('e')]);
    check("esp_open", &app);
}

#[test]
fn esp_error() {
    check("esp_error", &with(screens::esp_error()));
}

#[test]
fn esp_securing_the_hardware() {
    check("esp_securing", &with(screens::securing()));
}

#[test]
fn technician_options() {
    let mut app = with(oobe_agent::screen::technician::options(true, None));
    keys(&mut app, &[KeyCode::Down]);
    check("preprov_options", &app);
}

#[test]
fn technician_information() {
    check("preprov_info", &with(screens::information(true)));
    check("preprov_info_windows_10", &with(screens::information(false)));
}

#[test]
fn technician_green_page() {
    check("preprov_success", &with(screens::resealable(true)));
    check("preprov_success_windows_10", &with(screens::resealable(false)));
}

#[test]
fn technician_red_page() {
    check("preprov_failure", &with(screens::failed(true)));
    check("preprov_failure_windows_10", &with(screens::failed(false)));
}

#[test]
fn sign_on() {
    let mut app = with(screens::sign_on());
    type_in(&mut app, "secret");
    check("sign_on", &app);
}

#[test]
fn desktop() {
    check("desktop", &with(screens::desktop()));
}

#[test]
fn help() {
    let mut app = with(screens::sign_in());
    keys(&mut app, &[KeyCode::F(1)]);
    check("help", &app);
}

#[test]
fn timeline() {
    let mut app = App::new(&screens::header(), true, true, Speed::Scaled(60.0));
    for record in fake::records(fake::user_driven()) {
        app.apply(&record);
    }
    app.overlay = Some(Overlay::Timeline(3));
    check("timeline", &app);
}

/// The first moment of each demonstration: what it is, and which keys there are.
#[test]
fn demo_begins() {
    use crate::scenario::{Fixtures, parse};

    for name in ["user-driven", "self-deploying", "pre-provisioned"] {
        let file = format!("{}/scenarios/{name}.toml", env!("CARGO_MANIFEST_DIR"));
        let text = std::fs::read_to_string(&file).expect("the scenario is there");
        let scenario = parse(name, &file, &text, &Fixtures::built_in(), &[]).expect("it is sound");
        let header = crate::trace::TraceHeader { scenario: name.into(), ..screens::header() };
        let mut app = App::new(&header, true, false, Speed::Scaled(60.0));
        (app.title, app.may_take_over) = (scenario.spec.title, true);
        app.apply(&Tape::default().of("pc", What::PowerOn));
        check(&format!("demo_{name}"), &app);
    }
}

/// What whoever watches sees of the TPM while it is proved.
#[test]
fn demo_tpm_at_work() {
    let mut app = with(screens::securing());
    let mut tape = Tape { t: 30_000, ..Tape::default() };
    for what in screens::attestation() {
        app.apply(&tape.after(300).device(what));
    }
    app.tempo.t = VirtualTime(tape.t);
    check("demo_tpm", &app);
}

fn seats() -> Seats {
    Seats { technician: Some("tina".into()), user: Some("alice".into()) }
}

/// The technician's hint on the first page; five strokes of the Windows key.
#[test]
fn technicians_first_page() {
    let mut region = screens::region();
    region.keys.push(oobe_agent::screen::WINDOWS_KEY_FIVE_TIMES.into());
    let mut app = with(region);
    app.seats.insert(DEVICE.into(), seats());
    check("preprov_first_page", &app);
}

#[test]
fn resealed() {
    let mut app = with(screens::resealable(true));
    app.seats.insert(DEVICE.into(), seats());
    let mut tape = Tape { t: 60_000, ..Tape::default() };
    app.apply(&tape.device(What::PowerOff { why: "the device is resealed".into() }));
    app.tempo.t = VirtualTime(1_200_000);
    app.tempo.quiet = Some(VirtualTime(60_000 + 5_700_000));
    check("resealed", &app);
    app.apply(&tape.after(5_700_000).device(What::PowerOn));
    app.apply(&tape.device(screens::timer(Timer::Boot, 25, "Windows to start")));
    (app.tempo.t, app.tempo.quiet) = (VirtualTime(tape.t), None);
    check("switched_on_again", &app);
}

#[test]
fn command_prompt() {
    let mut app = with(screens::failed(true));
    app.key(KeyEvent::new(KeyCode::F(10), KeyModifiers::SHIFT));
    type_in(&mut app, "w32tm /res");
    check("prompt", &app);
}

#[test]
fn demo_ends() {
    let mut app = App::new(&screens::header(), true, false, Speed::Scaled(60.0));
    app.afterwards = "oobe demo self-deploying".into();
    for record in fake::records(fake::user_driven()) {
        app.apply(&record);
    }
    app.tempo.t = app.model.now;
    check("demo_ended", &app);
}

#[test]
fn power_question() {
    let mut app = with(screens::device_setup());
    keys(&mut app, &[KeyCode::Char('p')]);
    check("power_question", &app);
}

#[test]
fn ended() {
    let mut app = App::new(&screens::header(), true, true, Speed::Scaled(60.0));
    for record in fake::records(fake::user_driven()) {
        app.apply(&record);
    }
    app.tempo.t = app.model.now;
    check("ended", &app);
}

#[test]
fn somebody_else_types() {
    let mut app = App::new(&screens::header(), true, false, Speed::Scaled(60.0));
    let mut tape = Tape::default();
    app.apply(&tape.show(screens::sign_on()));
    for (field, text) in [("username", "alice@contoso.test"), ("password", "***")] {
        let act = oobe_agent::io::Act::Fill { field: field.into(), text: text.into() };
        app.apply(&tape.device(What::Act { person: "alice".into(), act }));
    }
    check("watching", &app);
}

#[test]
fn smallest_terminals() {
    for (name, screen) in [("esp", screens::esp_error()), ("sign_on", screens::sign_on())] {
        let app = with(screen);
        for size in [view::SMALLEST, (59, 20), (60, 19), (20, 5), (1, 1)] {
            let (buffer, _) = frame(&app, size, &Palette::windows());
            let name = format!("small_{name}_{}x{}", size.0, size.1);
            insta::with_settings!({ snapshot_path => "../snapshots", prepend_module_to_snapshot => false }, {
                insta::assert_snapshot!(name, text(&buffer));
            });
        }
    }
}

#[test]
fn any_size_will_do() {
    for screen in [
        screens::region(),
        screens::esp_error(),
        screens::sign_on(),
        screens::desktop(),
        screens::information(true),
        screens::failed(false),
    ] {
        let mut app = with(screen);
        for overlay in [None, Some(Overlay::Help), Some(Overlay::Timeline(99)), Some(Overlay::ConfirmPower)] {
            app.overlay = overlay;
            for width in (1..180).step_by(29) {
                for height in (1..60).step_by(11) {
                    frame(&app, (width, height), &Palette::windows());
                }
            }
        }
    }
}

#[test]
fn without_colours_the_focus_still_shows() {
    let mut app = with(screens::password());
    keys(&mut app, &[KeyCode::Tab, KeyCode::Tab]);
    let (buffer, _) = frame(&app, SIZES[0], &Palette::plain());
    assert!(text(&buffer).contains("▐ Sign in ▌"));
    let coloured =
        |p| buffer[p].fg != ratatui::style::Color::Reset || buffer[p].bg != ratatui::style::Color::Reset;
    assert!(!buffer.area.positions().any(coloured));
}
