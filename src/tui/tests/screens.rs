//! The screens of the user-driven way, as a device shows them.

use std::collections::BTreeMap;

use oobe_agent::esp::{EspPage, Phase, PhaseState, PhaseView, RowState, RowView};
use oobe_agent::eventlog::EventRecord;
use oobe_agent::io::{Correlation, Note, Slot, Timer};
use oobe_agent::keys::KeyName;
use oobe_agent::screen::{Button, Choice, Field, Screen, technician};
use oobe_agent::time::{Span, VirtualTime};
use oobe_agent::tpm::{Blob, TpmCommand, TpmProperties, TpmReply};
use oobe_wire::crypto::KeyKind;
use oobe_wire::time::Utc;
use oobe_wire::tpm::PcrHash;

use crate::trace::record::{Record, TraceHeader, What};

pub(crate) const DEVICE: &str = "LAPTOP-1";

pub(crate) fn header() -> TraceHeader {
    TraceHeader {
        format: "oobe-trace".into(),
        version: 1,
        scenario: "user-driven".into(),
        scenario_sha256: "0".repeat(64),
        seed: 1,
        keys: "p256".into(),
        as_of: "2026-11-20".into(),
        epoch: "2026-11-20T08:00:00Z".into(),
        program: "oobe 0.1.0".into(),
    }
}

pub(crate) fn page(id: &str, title: &str, text: &[&str]) -> Screen {
    let mut screen = Screen::new(id, title);
    screen.text = text.iter().map(|t| (*t).to_owned()).collect();
    screen
}

fn choices(mut screen: Screen, labels: &[&str]) -> Screen {
    let choice = |(at, label): (usize, &&str)| Choice { label: (*label).to_owned(), chosen: at == 0 };
    screen.choices = labels.iter().enumerate().map(choice).collect();
    screen
}

pub(crate) fn buttons(mut screen: Screen, labels: &[&str]) -> Screen {
    screen.buttons = labels.iter().map(|label| Button::new(label)).collect();
    screen
}

fn field(mut screen: Screen, name: &str, label: &str, value: &str, secret: bool) -> Screen {
    screen.fields.push(Field { name: name.into(), label: label.into(), value: value.into(), secret });
    screen
}

fn busy(mut screen: Screen) -> Screen {
    screen.busy = true;
    screen
}

fn wrong(mut screen: Screen, error: &str) -> Screen {
    screen.error = Some(error.into());
    screen
}

pub(crate) fn region() -> Screen {
    let screen = page("oobe.region", "Is this the right country or region?", &[]);
    buttons(choices(screen, &["United States", "Germany", "Japan", "United Kingdom"]), &["Yes"])
}

pub(crate) fn keyboard() -> Screen {
    let screen = page("oobe.keyboard", "Is this the right keyboard layout or input method?", &[]);
    buttons(choices(screen, &["US", "German", "Japanese", "United Kingdom"]), &["Yes"])
}

pub(crate) fn second_keyboard() -> Screen {
    buttons(page("oobe.keyboard2", "Want to add a second keyboard layout?", &[]), &["Add layout", "Skip"])
}

pub(crate) fn network(connected: bool) -> Screen {
    let state = if connected { "Connected" } else { "Not connected" };
    let text = ["You'll need an internet connection to continue setting up your device.", state];
    let mut screen = buttons(page("oobe.network", "Let's connect you to a network", &text), &["Next"]);
    screen.buttons[0].enabled = connected;
    screen
}

pub(crate) fn checking(title: &str) -> Screen {
    busy(page("oobe.checking", title, &["Please wait while we set up your device."]))
}

pub(crate) fn sign_in() -> Screen {
    let text = ["Enter your Contoso email.", "Trouble signing in? Call 555-0100."];
    let screen = page("entra.signin", "Welcome to Contoso!", &text);
    buttons(field(screen, "username", "Email", "", false), &["Sign in"])
}

pub(crate) fn password() -> Screen {
    let screen = page("entra.password", "Enter password", &["alice@contoso.test"]);
    buttons(field(screen, "password", "Password", "", true), &["Back", "Sign in"])
}

pub(crate) fn wrong_password() -> Screen {
    wrong(password(), "Your account or password is incorrect.")
}

pub(crate) fn wrong_organization() -> Screen {
    let text = ["Try signing in again, or start over with a different account."];
    buttons(
        page("entra.wrong-org", "Looks like this isn't your organization's device", &text),
        &["Start over"],
    )
}

/// What the technician's pages tell.
pub(crate) fn deployment(user: Option<&str>) -> technician::Deployment {
    technician::Deployment {
        organization: "Contoso".into(),
        profile: "Contoso standard deployment".into(),
        user: user.map(str::to_owned),
        device_id: "e13be37b-1913-4983-9bc4-0d6ccfe0153b".into(),
    }
}

pub(crate) fn information(windows_11: bool) -> Screen {
    technician::information(windows_11, &deployment(Some("alice@contoso.test")), None, false)
}

pub(crate) fn resealable(windows_11: bool) -> Screen {
    technician::success(windows_11, &deployment(Some("alice@contoso.test")), Span::from_secs(1_387))
}

pub(crate) fn failed(windows_11: bool) -> Screen {
    let error =
        "Securing your hardware (0x800705B4): this operation returned because the timeout period expired.";
    technician::failure(windows_11, &deployment(None), error, Span::from_secs(472))
}

/// The page while the TPM is being proved, in a mode without a user.
pub(crate) fn securing() -> Screen {
    let rows = vec![
        row("Securing your hardware", RowState::Working, "Working on it..."),
        row("Joining your organization's network", RowState::Waiting, "Waiting for previous step"),
        row("Registering your device for mobile management", RowState::Waiting, "Waiting for previous step"),
        row("Preparing your device for mobile management", RowState::Waiting, "Waiting for previous step"),
    ];
    esp(
        "esp.device-prep",
        vec![
            phase(Phase::DevicePreparation, PhaseState::Working, "Working on it...", rows),
            phase(Phase::DeviceSetup, PhaseState::Waiting, "Waiting for previous step", unknown_rows()),
        ],
    )
}

fn row(title: &'static str, state: RowState, status: &'static str) -> RowView {
    RowView { title: title.into(), state, status: status.into() }
}

fn setup_rows(states: [(RowState, &'static str); 4]) -> Vec<RowView> {
    let titles = ["Security policies", "Certificates", "Network connections", "Apps"];
    titles.into_iter().zip(states).map(|(title, (state, status))| row(title, state, status)).collect()
}

fn unknown_rows() -> Vec<RowView> {
    setup_rows([(RowState::Identifying, "Identifying"); 4])
}

fn preparation_rows(last: (RowState, &'static str)) -> Vec<RowView> {
    vec![
        row("Securing your hardware", RowState::Completed, "Completed"),
        row("Joining your organization's network", RowState::Completed, "Completed"),
        row("Registering your device for mobile management", RowState::Completed, "Completed"),
        row("Preparing your device for mobile management", last.0, last.1),
    ]
}

fn phase(phase: Phase, state: PhaseState, status: &'static str, rows: Vec<RowView>) -> PhaseView {
    PhaseView { phase, state, status: status.into(), rows }
}

fn esp(id: &str, phases: Vec<PhaseView>) -> Screen {
    let mut screen = busy(page(id, "Setting up for work or school", &["This could take a while."]));
    screen.esp = Some(EspPage { phases, message: None }.into());
    screen
}

pub(crate) fn device_preparation() -> Screen {
    let rows = preparation_rows((RowState::Working, "Working on it..."));
    esp(
        "esp.device-prep",
        vec![
            phase(Phase::DevicePreparation, PhaseState::Working, "Working on it...", rows),
            phase(Phase::DeviceSetup, PhaseState::Waiting, "Waiting for previous step", unknown_rows()),
            phase(Phase::AccountSetup, PhaseState::Waiting, "Waiting for previous step", unknown_rows()),
        ],
    )
}

fn setup(apps: (RowState, &'static str), state: PhaseState, status: &'static str) -> Vec<PhaseView> {
    let rows = setup_rows([
        (RowState::Completed, "1 of 1 applied"),
        (RowState::Completed, "1 of 1 applied"),
        (RowState::NoSetupNeeded, "No setup needed"),
        apps,
    ]);
    let ready = preparation_rows((RowState::Completed, "Completed"));
    vec![
        phase(Phase::DevicePreparation, PhaseState::Complete, "Complete", ready),
        phase(Phase::DeviceSetup, state, status, rows),
        phase(Phase::AccountSetup, PhaseState::Waiting, "Waiting for previous step", unknown_rows()),
    ]
}

pub(crate) fn device_setup() -> Screen {
    esp(
        "esp.device-setup",
        setup((RowState::Working, "1 of 3 installed"), PhaseState::Working, "Working on it..."),
    )
}

pub(crate) fn account_setup() -> Screen {
    let mut phases = setup((RowState::Completed, "3 of 3 installed"), PhaseState::Complete, "Complete");
    let rows = setup_rows([
        (RowState::Completed, "1 of 1 applied"),
        (RowState::NoSetupNeeded, "No setup needed"),
        (RowState::NoSetupNeeded, "No setup needed"),
        (RowState::Working, "0 of 1 installed"),
    ]);
    phases[2] = phase(Phase::AccountSetup, PhaseState::Working, "Working on it...", rows);
    esp("esp.account", phases)
}

pub(crate) fn esp_error() -> Screen {
    let mut screen = esp("esp.error", setup((RowState::Error, "Error"), PhaseState::Error, "Error"));
    screen.busy = false;
    screen.text = vec!["Error code: 0x87D1041C".into()];
    let error = "Setup could not be completed. Please try again or contact your support person for help.";
    buttons(wrong(screen, error), &["Reset device", "Collect logs", "Try again"])
}

pub(crate) fn sign_on() -> Screen {
    let screen = page("winlogon.signin", "Other user", &["Sign in to finish setting up your account."]);
    let screen = field(screen, "username", "User name", "alice@contoso.test", false);
    buttons(field(screen, "password", "Password", "", true), &["Sign in"])
}

pub(crate) fn desktop() -> Screen {
    page("desktop", "Desktop", &[])
}

/// A bit of everything.
pub(crate) fn all() -> Vec<Screen> {
    vec![
        region(),
        network(false),
        checking("Just a moment..."),
        sign_in(),
        wrong_password(),
        device_setup(),
        account_setup(),
        esp_error(),
        sign_on(),
        desktop(),
    ]
}

/// Counts records and time.
#[derive(Debug, Default)]
pub(crate) struct Tape {
    pub(crate) n: u64,
    pub(crate) t: u64,
}

impl Tape {
    pub(crate) fn after(&mut self, ms: u64) -> &mut Self {
        self.t += ms;
        self
    }

    pub(crate) fn of(&mut self, who: &str, what: What) -> Record {
        self.n += 1;
        Record { t: VirtualTime(self.t), n: self.n - 1, who: who.into(), what }
    }

    pub(crate) fn device(&mut self, what: What) -> Record {
        self.of(DEVICE, what)
    }

    pub(crate) fn show(&mut self, screen: Screen) -> Record {
        self.device(What::Screen { screen: Box::new(screen) })
    }
}

pub(crate) fn request(slot: Slot, url: &str, why: &str) -> What {
    What::Request {
        id: Correlation { boot: 1, slot, serial: 1 },
        method: "POST".into(),
        url: url.into(),
        bytes: 10,
        digest: String::new(),
        client: None,
        why: why.into(),
    }
}

pub(crate) fn reply(slot: Slot) -> What {
    What::Reply {
        id: Correlation { boot: 1, slot, serial: 1 },
        status: Some(200),
        bytes: 10,
        digest: String::new(),
        error: None,
        took: Span(300),
    }
}

pub(crate) fn timer(timer: Timer, seconds: u64, why: &str) -> What {
    What::TimerSet { timer, after: Span::from_secs(seconds), why: why.into() }
}

pub(crate) fn event(channel: &str, id: i32, text: &str) -> What {
    What::Event {
        event: EventRecord {
            channel: channel.into(),
            id,
            level: "Info".into(),
            text: text.into(),
            data: BTreeMap::new(),
            time: Utc::from_unix_seconds(1_795_161_600),
        },
    }
}

pub(crate) fn decided(rule: &'static str, what: &str) -> What {
    What::Note { note: Note::Decided { what: what.into(), rule: rule.into() } }
}

/// What a TPM is asked while it is proved, up to the quote.
pub(crate) fn attestation() -> Vec<What> {
    let aik = || KeyName::new("aik");
    let properties = TpmProperties {
        family: "2.0".into(),
        manufacturer: "INTC".into(),
        firmware: "600.18.43.0".into(),
        is_virtual: false,
        locked_out: false,
        reduced: false,
    };
    let quote = TpmCommand::Quote {
        aik: aik(),
        nonce: Blob::default(),
        bank: PcrHash::Sha256,
        pcrs: vec![0, 1, 2, 3, 4, 5, 6, 7, 11, 12, 14],
    };
    let asked = [
        (TpmCommand::GetProperties, Some(TpmReply::Properties(properties))),
        (TpmCommand::ReadEkCertificate { endorsement: KeyKind::P256 }, None),
        (TpmCommand::CreateAik { aik: aik(), kind: KeyKind::P256 }, None),
        (quote, None),
        (TpmCommand::Public { key: aik() }, None),
    ];
    let told = |(command, reply)| What::Tpm {
        id: Correlation { boot: 1, slot: Slot::Attest, serial: 1 },
        command,
        reply,
        error: None,
        ran: Vec::new(),
        took: Span(300),
    };
    asked.into_iter().map(told).collect()
}
