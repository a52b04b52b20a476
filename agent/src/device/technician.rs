//! The technician flow as the device carries it out: the strokes of the Windows key, the clock of the result pages, the
//! name before the page opens, Reseal; and its pages.

use oobe_catalog::{AsOf, InForce, in_force, rules};
use serde::{Deserialize, Serialize};

use super::{Device, Parts, Tray, name};
use crate::cx::Cx;
use crate::flow::{Deployment, Event, Stage, options_open_here};
use crate::io::{Act, Effect, Note};
use crate::screen::technician::{self as pages, RESEALED};
use crate::screen::{Screen, WINDOWS_KEY, WINDOWS_KEY_FIVE_TIMES};
use crate::time::{Span, VirtualTime};

/// A technician's run. On disk: the rename restarts the device in the middle of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Run {
    /// When Provision or Next was pressed.
    since: VirtualTime,
    /// How long it took, once a result page is up.
    took: Option<Span>,
}

/// Provision or Next was pressed.
pub(super) fn begin(cx: &mut Cx<'_>, parts: &mut Parts<'_>) -> Event {
    *parts.technician = Some(Run { since: cx.now, took: None });
    let image = &cx.setup.image;
    let world = AsOf { date: cx.setup.as_of, build: image.build, kbs: image.kbs.clone() };
    if in_force(rules::PRE_005, &world) != InForce::Yes {
        return Event::NameSettled;
    }
    name::assign(cx, parts);
    match parts.assigned_name.as_ref().filter(|name| *name != parts.computer_name) {
        Some(name) => {
            cx.decided(
                rules::PRE_005,
                format!("the device becomes {name:?} and restarts before the status page"),
            );
            Event::NamePending
        }
        None => Event::NameSettled,
    }
}

/// The page that tells the technician how it went.
const fn is_result(stage: Stage) -> bool {
    matches!(stage, Stage::Resealable | Stage::PreparingFailed(_) | Stage::EspFailed(_))
}

/// What is on the technician's result pages depends on the version of Windows.
pub(super) fn result_shown(cx: &mut Cx<'_>, stage: Stage) {
    if !is_result(stage) {
        return;
    }
    let eleven = cx.setup.image.build.is_windows_11();
    cx.decided(
        rules::PRE_010,
        if eleven { "no QR code on Windows 11" } else { "with a QR code on Windows 10" },
    );
    if stage != Stage::Resealable {
        let way = if eleven { "by Ctrl+Shift+D on Windows 11" } else { "by View diagnostics on Windows 10" };
        cx.decided(rules::PRE_011, format!("logs are had {way}"));
    }
}

impl Device {
    /// The flow moved on: a result page stops the clock, a new try lets it run on.
    pub(super) fn technician_clock(&mut self, now: VirtualTime) {
        let stage = self.flow.stage;
        let Some(run) = self.disk.technician.as_mut() else { return };
        if is_result(stage) {
            run.took.get_or_insert(now - run.since);
        } else if matches!(stage, Stage::Preparing(_) | Stage::Esp(_)) {
            run.took = None;
        }
    }

    /// The device turns off; its next start is the user's (PRE-008).
    pub(super) fn reseal(&mut self, tray: &mut Tray) {
        tray.asks.clear();
        if let Some(management) = self.disk.management.as_mut() {
            management.reseal();
        }
        self.disk.technician = None;
        self.memory = super::Memory::default();
        tray.effects.push(Effect::Note(Note::Ended { outcome: RESEALED.into() }));
        tray.effects.push(Effect::ShutDown { why: "the device is resealed".into() });
    }

    /// A stroke of the Windows key, or all five at once.
    pub(super) fn windows_key(&mut self, act: &Act) -> Option<Event> {
        let Act::Key { key } = act else { return None };
        if !options_open_here(&self.flow) {
            return None;
        }
        self.memory.strokes = match key.as_str() {
            WINDOWS_KEY => self.memory.strokes + 1,
            WINDOWS_KEY_FIVE_TIMES => 5,
            _ => 0,
        };
        (self.memory.strokes == 5).then(|| {
            self.memory.strokes = 0;
            Event::OptionsOpened
        })
    }

    /// The technician's own pages.
    pub(super) fn technician_page(&self) -> Option<Screen> {
        let (eleven, facts) = (self.setup.image.build.is_windows_11(), self.deployment());
        Some(match self.flow.stage {
            Stage::Options => pages::options(eleven, self.memory.picked.as_deref()),
            Stage::Information => pages::information(eleven, &facts, None, false),
            Stage::Refreshing => pages::information(eleven, &facts, None, true),
            Stage::Provisioning => pages::restarting(),
            Stage::Resealable => pages::success(eleven, &facts, self.took()),
            Stage::PreparingFailed(step) if self.is_technicians() => {
                let error = with_code(step.title(), self.memory.code.as_deref());
                pages::failure(eleven, &facts, &error, self.took())
            }
            Stage::EspFailed(phase) if self.is_technicians() => {
                let failure = self.disk.management.as_ref().and_then(crate::manage::Management::failure);
                let error = match &failure {
                    Some(failure) => {
                        format!("{} {}", with_code(phase.title(), failure.code.as_deref()), failure.message)
                    }
                    None => phase.title().to_owned(),
                };
                pages::failure(eleven, &facts, &error, self.took())
            }
            _ => return None,
        })
    }

    fn is_technicians(&self) -> bool {
        self.flow.kept.deployment == Deployment::Technician
    }

    fn took(&self) -> Span {
        self.disk.technician.and_then(|run| run.took).unwrap_or(Span::ZERO)
    }

    fn deployment(&self) -> pages::Deployment {
        let Some(profile) = &self.disk.profile else { return pages::Deployment::default() };
        pages::Deployment {
            organization: profile.organization_name.clone(),
            profile: profile.deployment_profile_name.clone(),
            user: Some(profile.cloud_assigned_tenant_upn.clone()).filter(|upn| !upn.is_empty()),
            device_id: profile.ztd_registration_id.to_string(),
        }
    }
}

/// `Securing your hardware failed (0x800705B4).`
fn with_code(what: &str, code: Option<&str>) -> String {
    match code {
        Some(code) => format!("{what} failed ({code})."),
        None => format!("{what} failed."),
    }
}
