//! What the person does to the screen, turned into what it means.

use super::{Device, Tray};
use crate::dialogue::Credentials;
use crate::flow::{Event, Stage, options_open_here};
use crate::io::{Act, Effect, Note};
use crate::screen::WINDOWS_KEY;
use crate::screen::captions::PERSONAL;
use crate::screen::technician::{DIAGNOSTICS_KEY, PACKAGE, REFRESH, RESET, RETRY, VIEW_DIAGNOSTICS};
use oobe_wire::secret::{Personal, Secret};

impl Device {
    /// The event that an act amounts to; `None` when it changes nothing but a field.
    pub(super) fn act(&mut self, tray: &mut Tray, act: &Act) -> Option<Event> {
        let Some(screen) = self.memory.screen.clone() else {
            return Self::nothing(tray, "the screen is dark");
        };
        match act {
            Act::Fill { field, text } => {
                if screen.fields.iter().any(|f| f.name == *field) {
                    self.memory.typed.insert(field.clone(), text.clone());
                    None
                } else {
                    Self::nothing(tray, &format!("there is no field {field:?} on {}", screen.id))
                }
            }
            Act::Press { button } => match screen.buttons.iter().find(|b| b.label == *button) {
                Some(found) if found.enabled => self.pressed(tray, button),
                Some(_) => Self::nothing(tray, &format!("{button:?} is greyed out on {}", screen.id)),
                None if screen.choices.iter().any(|c| c.label == *button) => {
                    self.memory.picked = Some(button.clone());
                    None
                }
                None => Self::nothing(tray, &format!("there is no button {button:?} on {}", screen.id)),
            },
            Act::Command { .. } => None, // the prompt's, not the screen's
            Act::Key { key } if key.starts_with(WINDOWS_KEY) && options_open_here(&self.flow) => {
                self.windows_key(act)
            }
            Act::Key { key } => match (key.as_str(), self.flow.stage) {
                (DIAGNOSTICS_KEY, _) if screen.keys.iter().any(|k| k == key) => {
                    Self::nothing(tray, "the logs are exported")
                }
                ("Esc", Stage::Esp(_)) if screen.keys.iter().any(|k| k == "Esc") => {
                    Some(Event::ContinuedAnyway)
                }
                _ => Self::nothing(tray, &format!("{key:?} does nothing on {}", screen.id)),
            },
        }
    }

    fn pressed(&mut self, tray: &mut Tray, button: &str) -> Option<Event> {
        if matches!(button, "Start over" | "Back" | "Try again") {
            self.memory.error = None; // a new try begins without the old one's message
        }
        match button {
            "Decline" | "Start over" | "Back" | "Cancel" => Some(Event::StartedOver),
            REFRESH => Some(Event::RefreshChosen),
            RESET => Some(Event::ResetChosen),
            VIEW_DIAGNOSTICS => Self::nothing(tray, "the logs are shown"),
            "Try again" | RETRY => Some(Event::TriedAgain),
            "Continue anyway" => Some(Event::ContinuedAnyway),
            "Reset device" => Some(Event::ResetChosen),
            "Collect logs" => Self::nothing(tray, "the logs are collected"),
            _ => self.answered_page(tray),
        }
    }

    /// A forward button: the page's fields must be filled.
    fn answered_page(&mut self, tray: &mut Tray) -> Option<Event> {
        let typed = |memory: &super::Memory, name: &str| memory.typed.get(name).cloned().unwrap_or_default();
        match self.flow.stage {
            Stage::SignInName => {
                let name = typed(&self.memory, "username").trim().to_owned();
                if name.is_empty() {
                    self.memory.error = Some("Enter a user name.".into());
                    return None;
                }
                if !name.contains('@') {
                    self.memory.error = Some("Enter the full address, like name@organization.com.".into());
                    return None;
                }
                self.memory.user_name = name;
                self.memory.error = None;
            }
            Stage::PersonalOrWork if self.memory.picked.as_deref() == Some(PERSONAL) => {
                self.memory.error =
                    Some("Personal accounts are not simulated: set the device up for work.".into());
                return Self::nothing(tray, "a personal account is no part of this simulation");
            }
            Stage::PersonalOrWork => self.memory.error = None,
            Stage::Options if self.memory.picked.as_deref() == Some(PACKAGE) => {
                return Self::nothing(tray, "provisioning packages are no part of this simulation");
            }
            Stage::SignInPassword => {
                let user = self.memory.user_name.clone();
                return self.credentials(tray, user);
            }
            Stage::SignOn(_) => {
                // The field comes filled with the user who joined the device.
                let shown =
                    self.memory.screen.as_ref().and_then(|s| s.fields.first()).map(|f| f.value.clone());
                let user = self.memory.typed.get("username").cloned().or(shown).unwrap_or_default();
                return self.credentials(tray, user.trim().to_owned());
            }
            _ => {}
        }
        Some(Event::Answered)
    }

    fn credentials(&mut self, tray: &mut Tray, user: String) -> Option<Event> {
        let password = self.memory.typed.remove("password").unwrap_or_default();
        if password.is_empty() || user.is_empty() {
            self.memory.error = Some("Enter the user name and the password.".into());
            return Self::nothing(tray, "a field is empty");
        }
        self.memory.error = None;
        self.memory.credentials =
            Some(Credentials { user: Personal::new(user), password: Secret::new(password) });
        Some(Event::Answered)
    }

    fn nothing(tray: &mut Tray, text: &str) -> Option<Event> {
        tray.effects.push(Effect::Note(Note::Remark { text: text.to_owned() }));
        None
    }
}
