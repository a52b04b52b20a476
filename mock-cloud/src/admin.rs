//! The administrator: what is done to the cloud from its own side while devices are under way.

use oobe_wire::ids::Guid;
use oobe_wire::secret::Secret;
use serde::{Deserialize, Serialize};

use crate::directory::{Device, Tenant};
use crate::journal::Service;
use crate::manage::{RemoteAction, take_away};
use crate::setup::{AppSetup, MdmScope, ProfileSetup, RegisteredDevice, SetupError};
use crate::state::State;

/// Three different things, each of which can be missing (reference: flows, section 0).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Record {
    /// The registration in the Autopilot deployment service.
    Autopilot,
    /// The managed device in Intune.
    Intune,
    /// The device object in Entra ID.
    Entra,
}

/// Something an administrator does. Devices are named by serial number, by the name they enrolled or joined with, or by
/// any of their ids; tenants by id or domain.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "action", rename_all = "kebab-case")]
pub enum AdminAction {
    /// Registers a device.
    RegisterDevice {
        /// Tenant.
        tenant: String,
        /// The device.
        device: RegisteredDevice,
    },
    /// Creates a deployment profile; it is the newest.
    CreateProfile {
        /// Tenant.
        tenant: String,
        /// The profile.
        profile: ProfileSetup,
    },
    /// Deletes a deployment profile; devices that it was assigned to keep the assignment.
    DeleteProfile {
        /// Tenant.
        tenant: String,
        /// Name of the profile.
        profile: String,
    },
    /// Assigns a deployment profile to a registered device; none takes it away.
    AssignProfile {
        /// Device.
        device: String,
        /// Name of the profile.
        profile: Option<String>,
    },
    /// Assigns a user to a registered device; none takes it away.
    AssignUser {
        /// Device.
        device: String,
        /// User principal name.
        user: Option<String>,
    },
    /// Deletes one of a device's records.
    DeleteDevice {
        /// Device.
        device: String,
        /// Which record.
        which: Record,
    },
    /// Marks a device as deployed without a user: it has to be unblocked before the next time. Stands in for the
    /// self-deploying run that does so.
    BlockDevice {
        /// Device.
        device: String,
    },
    /// Lets a device that was deployed without a user be deployed again (SDM-009).
    UnblockDevice {
        /// Device.
        device: String,
    },
    /// Has a managed device hold a session, restart or be wiped. That it is asked to check in is up to whoever can reach
    /// it; it learns of it in its next session.
    Remote {
        /// Device.
        device: String,
        /// What it is to do.
        does: RemoteAction,
    },
    /// Disables or enables a device object.
    EnableDevice {
        /// Device.
        device: String,
        /// Whether it is enabled afterwards.
        enabled: bool,
    },
    /// Disables or enables an account.
    EnableUser {
        /// User principal name.
        user: String,
        /// Whether it is enabled afterwards.
        enabled: bool,
    },
    /// Resets a password. Tokens given out before are no good any more.
    ResetPassword {
        /// User principal name.
        user: String,
        /// The new password.
        #[serde(serialize_with = "exposed")]
        password: Secret<String>,
    },
    /// Gives or takes an Intune licence.
    LicenseUser {
        /// User principal name.
        user: String,
        /// Whether the user has one afterwards.
        licensed: bool,
    },
    /// Sets the MDM user scope.
    SetMdmScope {
        /// Tenant.
        tenant: String,
        /// The scope.
        scope: MdmScope,
    },
    /// Assigns an app.
    AssignApp {
        /// Tenant.
        tenant: String,
        /// The app.
        app: Box<AppSetup>,
    },
    /// Stands in for a user who signs in elsewhere with the code that a device shows.
    ApproveDeviceCode {
        /// The user code.
        user_code: String,
        /// User principal name.
        user: String,
    },
}

fn exposed<S: serde::Serializer>(secret: &Secret<String>, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_str(secret.expose())
}

/// Why nothing was done.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum AdminError {
    /// No such tenant.
    #[error("there is no tenant {0:?}")]
    NoSuchTenant(String),
    /// No such device, or not in that record.
    #[error("there is no device {0:?} there")]
    NoSuchDevice(String),
    /// The device is not managed, or not any more.
    #[error("{0:?} is not managed")]
    NotManaged(String),
    /// No such user.
    #[error("there is no user {0:?}")]
    NoSuchUser(String),
    /// No such code.
    #[error("nobody shows the code {0:?}")]
    NoSuchCode(String),
    /// What is to be made is not sound.
    #[error(transparent)]
    Setup(#[from] SetupError),
}

/// Does it, and tells what was done.
pub(crate) fn administer(state: &mut State, action: AdminAction) -> Result<String, AdminError> {
    let (what, told) = match action {
        AdminAction::RegisterDevice { tenant, device } => register(state, &tenant, device)?,
        AdminAction::CreateProfile { tenant, profile } => {
            let name = profile.name.clone();
            tenant_mut(state, &tenant)?.profiles.push(profile);
            ("profile-created", format!("profile {name:?} created"))
        }
        AdminAction::DeleteProfile { tenant, profile } => {
            let tenant = tenant_mut(state, &tenant)?;
            if tenant.profile(&profile).is_none() {
                return Err(SetupError::NoSuchProfile(profile).into());
            }
            tenant.profiles.retain(|p| !p.name.eq_ignore_ascii_case(&profile));
            ("profile-deleted", format!("profile {profile:?} deleted"))
        }
        AdminAction::AssignProfile { device, profile } => assign_profile(state, &device, profile)?,
        AdminAction::AssignUser { device, user } => {
            let (tenant, at) = registration(state, &device)?;
            let tenant = &mut state.tenants[tenant];
            if let Some(user) = user.as_ref().filter(|u| tenant.user_by_upn(u).is_none()) {
                return Err(AdminError::NoSuchUser(user.clone()));
            }
            tenant.registrations[at].assigned_user = user;
            ("user-assigned", format!("user of {device} changed"))
        }
        AdminAction::DeleteDevice { device, which } => delete(state, &device, which)?,
        AdminAction::BlockDevice { device } => {
            let (tenant, at) = registration(state, &device)?;
            state.tenants[tenant].registrations[at].blocked = true;
            ("device-blocked", format!("{device} blocked"))
        }
        AdminAction::UnblockDevice { device } => {
            let (tenant, at) = registration(state, &device)?;
            let registration = &mut state.tenants[tenant].registrations[at];
            registration.blocked = false;
            registration.deployed = None;
            ("device-unblocked", format!("{device} unblocked"))
        }
        AdminAction::Remote { device, does } => {
            let missing = || AdminError::NotManaged(device.clone());
            let key = enrolment(state, &device).ok_or_else(missing)?;
            let managed = state.enrolments.get_mut(&key).filter(|e| !e.removed).ok_or_else(missing)?;
            // To check in is all that a sync asks for: there is nothing to be ordered then.
            managed.remote.extend(Some(does).filter(|does| *does != RemoteAction::Sync));
            (does.asked(), format!("{device} is asked to {does}"))
        }
        AdminAction::EnableDevice { device, enabled } => {
            entra_device(state, &device)?.enabled = enabled;
            (if enabled { "device-enabled" } else { "device-disabled" }, format!("device object of {device}"))
        }
        AdminAction::EnableUser { user, enabled } => {
            account(state, &user)?.setup.enabled = enabled;
            (if enabled { "user-enabled" } else { "user-disabled" }, "account changed".to_owned())
        }
        AdminAction::ResetPassword { user, password } => {
            let now = state.now;
            let account = account(state, &user)?;
            account.setup.password = password;
            account.tokens_valid_from = now;
            account.wrong_passwords = 0;
            account.locked_until = None;
            ("password-reset", "password reset, tokens revoked".to_owned())
        }
        AdminAction::LicenseUser { user, licensed } => {
            account(state, &user)?.setup.licensed = licensed;
            ("licence-changed", format!("licensed: {licensed}"))
        }
        AdminAction::SetMdmScope { tenant, scope } => {
            tenant_mut(state, &tenant)?.mdm.scope = scope;
            ("mdm-scope-changed", format!("{scope:?}"))
        }
        AdminAction::AssignApp { tenant, app } => {
            let (seed, name) = (state.seed, app.name.clone());
            tenant_mut(state, &tenant)?.add_app(seed, *app)?;
            ("app-assigned", format!("app {name:?} assigned"))
        }
        AdminAction::ApproveDeviceCode { user_code, user } => approve(state, &user_code, &user)?,
    };
    state.journal.tell(Service::Admin, what, told.clone());
    Ok(told)
}

type Done = (&'static str, String);

fn register(state: &mut State, tenant: &str, device: RegisteredDevice) -> Result<Done, AdminError> {
    let seed = state.seed;
    let tenant = tenant_mut(state, tenant)?;
    let id = tenant.id;
    let object = Device::precreated(id, tenant.register(seed, device)?);
    let told = format!("device {} registered", object.display_name);
    // An object that has joined already stays as it is.
    state.devices.entry(object.id).or_insert(object);
    Ok(("device-registered", told))
}

fn assign_profile(state: &mut State, device: &str, profile: Option<String>) -> Result<Done, AdminError> {
    let (tenant, at) = registration(state, device)?;
    let tenant = &mut state.tenants[tenant];
    if let Some(name) = profile.as_ref().filter(|name| tenant.profile(name).is_none()) {
        return Err(SetupError::NoSuchProfile(name.clone()).into());
    }
    let told = format!("profile of {device} is now {}", profile.as_deref().unwrap_or("none"));
    tenant.registrations[at].profile = profile;
    Ok(("profile-assigned", told))
}

fn delete(state: &mut State, device: &str, which: Record) -> Result<Done, AdminError> {
    match which {
        Record::Autopilot => {
            let (tenant, at) = registration(state, device)?;
            state.tenants[tenant].registrations.remove(at);
        }
        Record::Intune => {
            let missing = || AdminError::NoSuchDevice(device.to_owned());
            let key = enrolment(state, device).ok_or_else(missing)?;
            take_away(state, &key);
        }
        Record::Entra => {
            let id = entra_device(state, device)?.id;
            state.devices.remove(&id);
        }
    }
    Ok(("record-deleted", format!("{which:?} record of {device} deleted")))
}

fn approve(state: &mut State, user_code: &str, user: &str) -> Result<Done, AdminError> {
    let owner = state.tenants.iter().find_map(|t| t.user_by_upn(user).map(|u| (t.id, u.id)));
    let owner = owner.ok_or_else(|| AdminError::NoSuchUser(user.to_owned()))?;
    let code = state.grants.device_codes.values_mut().find(|c| c.user_code == user_code);
    code.ok_or_else(|| AdminError::NoSuchCode(user_code.to_owned()))?.approved = Some(owner);
    Ok(("device-code-approved", format!("code {user_code} approved")))
}

fn tenant_mut<'a>(state: &'a mut State, name: &str) -> Result<&'a mut Tenant, AdminError> {
    let id = state.tenant(name).map(|t| t.id).ok_or_else(|| AdminError::NoSuchTenant(name.to_owned()))?;
    state.tenant_mut(id).ok_or_else(|| AdminError::NoSuchTenant(name.to_owned()))
}

fn account<'a>(state: &'a mut State, upn: &str) -> Result<&'a mut crate::directory::User, AdminError> {
    let id = state.tenants.iter().find_map(|t| t.user_by_upn(upn).map(|u| (t.id, u.id)));
    let user = id.and_then(|(tenant, user)| state.tenant_mut(tenant)?.user_mut(user));
    user.ok_or_else(|| AdminError::NoSuchUser(upn.to_owned()))
}

/// Where a registration is: indices of tenant and registration.
fn registration(state: &State, device: &str) -> Result<(usize, usize), AdminError> {
    let id = device.parse::<Guid>().ok();
    let named = |r: &crate::directory::Registration| {
        r.serial.eq_ignore_ascii_case(device) || Some(r.id) == id || Some(r.device) == id
    };
    state
        .tenants
        .iter()
        .enumerate()
        .find_map(|(t, tenant)| tenant.registrations.iter().position(named).map(|r| (t, r)))
        .ok_or_else(|| AdminError::NoSuchDevice(device.to_owned()))
}

fn entra_device<'a>(state: &'a mut State, device: &str) -> Result<&'a mut Device, AdminError> {
    let registered = registration(state, device).ok().map(|(t, r)| state.tenants[t].registrations[r].device);
    let id = device.parse::<Guid>().ok().or(registered);
    state
        .devices
        .values_mut()
        .find(|d| Some(d.id) == id || d.display_name.eq_ignore_ascii_case(device))
        .ok_or_else(|| AdminError::NoSuchDevice(device.to_owned()))
}

fn enrolment(state: &State, device: &str) -> Option<String> {
    let id = device.parse::<Guid>().ok();
    let registered = registration(state, device).ok().map(|(t, r)| {
        let registration = &state.tenants[t].registrations[r];
        (registration.id, registration.device)
    });
    state
        .enrolments
        .iter()
        .find(|(key, e)| {
            key.eq_ignore_ascii_case(device)
                || e.name.eq_ignore_ascii_case(device)
                || (id.is_some() && (Some(e.intune_id) == id || e.entra_device == id))
                || registered.is_some_and(|(r, d)| e.registration == Some(r) || e.entra_device == Some(d))
        })
        .map(|(key, _)| key.clone())
}
