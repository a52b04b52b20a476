//! The screen that belongs to the step the device is in. Captions are those of the screen catalogue; where the
//! catalogue offers two by version, the image's build decides.

use std::sync::Arc;

use oobe_catalog::screens::{self, ScreenFact};

use super::Device;
use super::memory::Memory;
use crate::esp::Step;
use crate::esp::preparation::{self, Going};
use crate::flow::{SignOnFor, Stage, options_open_here};
use crate::manage::DEFAULT_TEXT;
use crate::screen::captions::{LAYOUTS, PERSONAL, REGIONS, WORK};
use crate::screen::{Button, Choice, Field, Screen, WINDOWS_KEY_FIVE_TIMES};

impl Device {
    /// What a person would see now; `None` while the screen is dark.
    pub(super) fn screen(&mut self) -> Option<Screen> {
        if let Some(page) = self.technician_page() {
            return Some(page);
        }
        let mut screen = match self.flow.stage {
            Stage::Off
            | Stage::Booting
            | Stage::Options
            | Stage::Information
            | Stage::Refreshing
            | Stage::Provisioning
            | Stage::Resealable => return None,
            Stage::Recovery => Self::page(screens::OOBE_RECOVERY, "Let's start over").buttons(&["Next"]),
            Stage::Region => self.plain(screens::OOBE_REGION).choices(&self.memory, &REGIONS).buttons(&["Yes"]),
            Stage::Keyboard => self.plain(screens::OOBE_KEYBOARD).choices(&self.memory, &LAYOUTS).buttons(&["Yes"]),
            Stage::SecondKeyboard => self.plain(screens::OOBE_KEYBOARD2).buttons(&["Add layout", "Skip"]),
            Stage::Network => self.network(),
            Stage::Probing | Stage::FetchingProfile => {
                Self::page(screens::OOBE_CHECKING, "Just a moment...").text("Please wait while we set up your device.").busy()
            }
            Stage::CheckingUpdates => {
                Self::page(screens::OOBE_CHECKING, "Checking for updates").text("This might take a few minutes.").busy()
            }
            Stage::Eula => self.plain(screens::OOBE_EULA).buttons(&["Decline", "Accept"]),
            Stage::PersonalOrWork => self
                .plain(screens::PLAIN_PERSONAL_OR_WORK)
                .choices(&self.memory, &[WORK, PERSONAL])
                .error(self.memory.error.clone())
                .buttons(&["Next"]),
            Stage::SignInName => self.sign_in_name(),
            Stage::SignInPassword => self.password(),
            Stage::SigningIn => Self::working("Signing in..."),
            Stage::Preparing(step) => self.preparing(step),
            Stage::PreparingFailed(step) => self.preparing_failed(step),
            Stage::AwaitingEspDecision if self.flow.kept.deployment.is_by_device() => {
                self.preparing(Step::Preparing)
            }
            Stage::Joining => Self::working("Joining your organization's network"),
            Stage::Enrolling | Stage::AwaitingEspDecision => Self::working("Setting up your device for mobile management"),
            Stage::WrongOrganization => self
                .plain(screens::ENTRA_WRONG_ORG)
                .text("Try signing in again, or start over with a different account.")
                .buttons(&["Start over"]),
            Stage::SetupError => Self::page(screens::ENTRA_ERROR, "Something went wrong")
                .text("Confirm you are using the correct sign-in information and that your organization uses this feature.")
                .error(self.memory.error.clone())
                .buttons(&["Try again"]),
            Stage::Esp(phase) => self.esp(phase),
            Stage::EspFailed(_) => self.esp_failed(),
            Stage::Privacy => self.plain(screens::OOBE_PRIVACY).buttons(&["Accept"]),
            Stage::AutoSignOn => Self::page(screens::WINLOGON_SIGNIN, "Hi")
                .text("We're getting everything ready for you.")
                .busy(),
            Stage::SignOn(what) => self.sign_on(what),
            Stage::SigningOn(_) => Self::page(screens::WINLOGON_SIGNIN, "Welcome").busy(),
            Stage::Desktop => Self::page(screens::DESKTOP, "Desktop"),
        };
        if options_open_here(&self.flow) {
            screen.keys.push(WINDOWS_KEY_FIVE_TIMES.into());
        }
        Some(screen)
    }

    fn windows_11(&self) -> bool {
        self.setup.image.build.is_windows_11()
    }

    /// A page with the catalogue's own caption.
    fn plain(&self, fact: &'static ScreenFact) -> Screen {
        let title = match (self.windows_11(), fact.w11_title) {
            (true, title) if title != "same" => title,
            _ => fact.w10_title,
        };
        Self::page(fact, title)
    }

    /// A page whose caption the catalogue only describes.
    fn page(fact: &'static ScreenFact, title: &str) -> Screen {
        Screen::new(fact.id, title)
    }

    fn working(title: &str) -> Screen {
        Self::page(screens::OOBE_CHECKING, title).text("Please wait while we set up your device.").busy()
    }

    fn network(&self) -> Screen {
        let link = if self.flow.link { "Connected" } else { "Not connected" };
        let mut screen = self
            .plain(screens::OOBE_NETWORK)
            .text("You'll need an internet connection to continue setting up your device.")
            .text(link)
            .buttons(&["Next"]);
        screen.buttons[0].enabled = self.flow.link;
        screen
    }

    fn organization(&self) -> Option<&str> {
        self.disk.profile.as_ref().map(|p| p.organization_name.as_str()).filter(|name| !name.is_empty())
    }

    fn forward(&self) -> &'static str {
        if self.windows_11() { "Sign in" } else { "Next" }
    }

    fn sign_in_name(&self) -> Screen {
        let mut screen = match (self.flow.kept.profile, self.organization()) {
            (Some(_), Some(name)) => Self::page(screens::ENTRA_SIGNIN, &format!("Welcome to {name}!")),
            (Some(_), None) => {
                Self::page(screens::ENTRA_SIGNIN, "Let's set things up for your work or school")
            }
            (None, _) => Self::page(screens::PLAIN_ACCOUNT, "Let's set things up for your work or school"),
        };
        if let Some(profile) = &self.disk.profile {
            if let Some(name) = self.organization() {
                screen = screen.text(&format!("Enter your {name} email."));
            }
            if !profile.sign_in_text.is_empty() {
                screen = screen.text(&profile.sign_in_text);
            }
        }
        let typed = self.memory.typed.get("username").cloned().unwrap_or_default();
        screen
            .error(self.memory.error.clone())
            .field("username", "Email", typed, false)
            .buttons(&[self.forward()])
    }

    fn password(&self) -> Screen {
        Self::page(screens::ENTRA_PASSWORD, "Enter password")
            .text(&self.memory.user_name)
            .error(self.memory.error.clone())
            .field("password", "Password", String::new(), true)
            .buttons(&["Back", self.forward()])
    }

    fn sign_on(&self, what: SignOnFor) -> Screen {
        let text = match what {
            SignOnFor::AccountSetup => "Sign in to finish setting up your account.",
            SignOnFor::FirstUser | SignOnFor::Desktop => "Sign in.",
        };
        let known = self.disk.joined.as_ref().map(|j| j.upn.expose().clone()).unwrap_or_default();
        let typed = self.memory.typed.get("username").cloned().unwrap_or(known);
        Self::page(screens::WINLOGON_SIGNIN, "Other user")
            .text(text)
            .error(self.memory.error.clone())
            .field("username", "User name", typed, false)
            .field("password", "Password", String::new(), true)
            .buttons(&["Sign in"])
    }

    fn esp_title(&self) -> &'static str {
        if self.windows_11() { "Setting up for work or school" } else { "Setting up your device for work" }
    }

    /// Device preparation while there is no management: the rows are this device's own (SDM-013).
    fn preparing(&self, step: Step) -> Screen {
        let mut screen =
            Self::page(screens::ESP_DEVICE_PREP, self.esp_title()).text("This could take a while.").busy();
        screen.esp = Some(preparation::page(step, Going::Working).into());
        screen
    }

    /// MOD-021: no server wrote a mask yet, so the buttons are ours.
    fn preparing_failed(&self, step: Step) -> Screen {
        let code = self.memory.code.as_deref();
        let mut screen = Self::page(screens::ESP_ERROR, self.esp_title())
            .error(Some(DEFAULT_TEXT.to_owned()))
            .buttons(&["Reset device", "Try again"]);
        screen.esp = Some(preparation::page(step, Going::Failed(code)).into());
        if let Some(code) = code {
            screen = screen.text(&format!("Error code: {code}"));
        }
        screen
    }

    fn esp(&mut self, phase: crate::esp::Phase) -> Screen {
        let fact = match phase {
            crate::esp::Phase::DevicePreparation => screens::ESP_DEVICE_PREP,
            crate::esp::Phase::DeviceSetup => screens::ESP_DEVICE_SETUP,
            crate::esp::Phase::AccountSetup => screens::ESP_ACCOUNT,
        };
        let mut screen = Self::page(fact, self.esp_title()).text("This could take a while.").busy();
        if let Some(management) = &self.disk.management {
            screen.esp = Some(management.page(&mut self.memory.activity));
            if !management.blocks() {
                // ESS-018 (model): a page that does not block can be left; no document names the key, ours is Esc.
                screen.keys.push("Esc".into());
            }
        }
        screen
    }

    fn esp_failed(&mut self) -> Screen {
        let mut screen = Self::page(screens::ESP_ERROR, self.esp_title());
        if let Some(management) = &self.disk.management {
            screen.esp = Some(management.page(&mut self.memory.activity));
            if let Some(failure) = management.failure() {
                // The message stands once, above the phases.
                screen.esp.iter_mut().for_each(|page| Arc::make_mut(page).message = None);
                screen.error = Some(failure.message.clone());
                screen.buttons = failure.buttons.iter().map(|label| Button::new(label)).collect();
                if let Some(code) = &failure.code {
                    screen.text.push(format!("Error code: {code}"));
                }
            }
            if !management.blocks() {
                screen.buttons.push(Button::new("Continue anyway"));
            }
        }
        screen
    }
}

/// Short ways to put things on a page.
impl Screen {
    fn text(mut self, line: &str) -> Self {
        self.text.push(line.to_owned());
        self
    }

    fn error(mut self, error: Option<String>) -> Self {
        self.error = error;
        self
    }

    fn busy(mut self) -> Self {
        self.busy = true;
        self
    }

    fn buttons(mut self, labels: &[&str]) -> Self {
        self.buttons = labels.iter().map(|label| Button::new(label)).collect();
        self
    }

    /// The entry that the person picked is the chosen one; the first, until they pick.
    fn choices(mut self, memory: &Memory, labels: &[&str]) -> Self {
        let picked = labels.iter().position(|l| memory.picked.as_deref() == Some(*l)).unwrap_or(0);
        self.choices = labels
            .iter()
            .enumerate()
            .map(|(i, l)| Choice { label: (*l).to_owned(), chosen: i == picked })
            .collect();
        self
    }

    fn field(mut self, name: &str, label: &str, value: String, secret: bool) -> Self {
        let value = if secret { String::new() } else { value };
        self.fields.push(Field { name: name.to_owned(), label: label.to_owned(), value, secret });
        self
    }
}
