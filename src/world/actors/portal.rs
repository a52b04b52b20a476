//! The administrator's portal: what a scenario's administrator does, in the words that the cloud knows devices, profiles and
//! tenants by.

use std::collections::BTreeMap;

use oobe_mock_cloud::RemoteAction;

use super::ADMINISTRATOR;
use crate::scenario::build;
use crate::scenario::spec::AdminAction;
use crate::trace::record::What;
use crate::world::host::Host;
use crate::world::queue::Due;
use crate::world::{Sink, World};

/// The device that the management server asks for a session, so that it learns of the action.
fn asks_for_session(does: &AdminAction) -> Option<&str> {
    match does {
        AdminAction::WipeDevice { device }
        | AdminAction::RestartDevice { device }
        | AdminAction::SyncDevice { device } => Some(device),
        _ => None,
    }
}

impl World {
    /// An administrator does something; a device that is to learn of it is asked for a session.
    pub(super) fn administer(&mut self, does: &AdminAction, sink: &mut Sink<'_>) {
        let utc = self.utc();
        let Some(cloud) = &self.cloud else { return };
        cloud.set_now(utc);
        let done = self.portal_action(does).and_then(|a| cloud.administer(a).map_err(|e| e.to_string()));
        let (ok, detail) = match done {
            Ok(done) => (true, done),
            Err(error) => (false, error),
        };
        let what =
            What::Cloud { service: "admin".into(), what: ADMINISTRATOR.into(), ok, detail, rule: None };
        self.journal(None, sink);
        self.emit("cloud", what, sink);
        if let (true, Some(device)) = (ok, asks_for_session(does)) {
            let at = self.now + self.network.outbound();
            self.queue.push(at, Due::Push { device: device.to_owned() });
        }
    }

    /// The device's hardware as it is now, registered anew.
    fn import(&self, device: &str) -> Result<oobe_mock_cloud::AdminAction, String> {
        let (Some(host), Some(known)) = (self.hosts.get(device), self.actors.registrations.get(device))
        else {
            return Err(format!("{device} is registered nowhere"));
        };
        let mut registered = known.device.clone();
        let hardware = &host.device.setup().hardware.record;
        registered.hardware_hash = build::hash(hardware, self.utc()).map_err(|error| error.to_string())?;
        Ok(oobe_mock_cloud::AdminAction::RegisterDevice { tenant: known.domain.clone(), device: registered })
    }

    /// Serial numbers by device name: what the administrator's portal knows devices by.
    fn hosts_serials(&self) -> BTreeMap<String, String> {
        let serial = |host: &Host| host.device.setup().hardware.record.smbios.system_serial_number.clone();
        self.hosts.iter().map(|(name, host)| (name.clone(), serial(host))).collect()
    }

    /// What the administrator's portal calls it. Devices go by their serial number there.
    fn portal_action(&self, does: &AdminAction) -> Result<oobe_mock_cloud::AdminAction, String> {
        use oobe_mock_cloud::{AdminAction as Portal, Record as Which};
        let serials = self.hosts_serials();
        let serial = |device: &String| serials.get(device).cloned().unwrap_or_else(|| device.clone());
        Ok(match does {
            AdminAction::AssignProfile { device, profile } => {
                let called = self.actors.profiles.get(device).and_then(|known| known.get(profile));
                Portal::AssignProfile {
                    device: serial(device),
                    profile: Some(called.unwrap_or(profile).clone()),
                }
            }
            AdminAction::UnassignProfile { device } => {
                Portal::AssignProfile { device: serial(device), profile: None }
            }
            AdminAction::Deregister { device } => {
                Portal::DeleteDevice { device: serial(device), which: Which::Autopilot }
            }
            AdminAction::Register { device } => self.import(device)?,
            AdminAction::DeleteEntraDevice { device } => {
                Portal::DeleteDevice { device: serial(device), which: Which::Entra }
            }
            AdminAction::DeleteManagedDevice { device } => {
                Portal::DeleteDevice { device: serial(device), which: Which::Intune }
            }
            AdminAction::BlockDevice { device } => Portal::BlockDevice { device: serial(device) },
            AdminAction::UnblockDevice { device } => Portal::UnblockDevice { device: serial(device) },
            AdminAction::WipeDevice { device } => {
                Portal::Remote { device: serial(device), does: RemoteAction::Wipe }
            }
            AdminAction::RestartDevice { device } => {
                Portal::Remote { device: serial(device), does: RemoteAction::Restart }
            }
            AdminAction::SyncDevice { device } => {
                Portal::Remote { device: serial(device), does: RemoteAction::Sync }
            }
            AdminAction::EnableDevice { device, enabled } => {
                Portal::EnableDevice { device: serial(device), enabled: *enabled }
            }
            AdminAction::AssignUser { device, user } => {
                Portal::AssignUser { device: serial(device), user: user.clone() }
            }
            AdminAction::LicenseUser { user, licensed } => {
                Portal::LicenseUser { user: user.clone(), licensed: *licensed }
            }
            AdminAction::SetMdmScope { tenant, users } => Portal::SetMdmScope {
                tenant: self.actors.domains[tenant].clone(),
                scope: build::mdm_scope(*users),
            },
            AdminAction::AssignApp { tenant, app } => {
                let (domain, app) = self.actors.apps[&(tenant.clone(), app.clone())].clone();
                Portal::AssignApp { tenant: domain, app: Box::new(app) }
            }
            AdminAction::SetPassword { user, password } => {
                Portal::ResetPassword { user: user.clone(), password: password.clone() }
            }
            AdminAction::EnableUser { user, enabled } => {
                Portal::EnableUser { user: user.clone(), enabled: *enabled }
            }
        })
    }
}
