//! The directory: tenants with their users and assignments, registered devices, device objects.

use std::sync::Arc;

use oobe_wire::crypto::PublicKey;
use oobe_wire::hwhash::{HardwareRecord, decode_base64};
use oobe_wire::ids::Guid;
use oobe_wire::time::Utc;
use serde::{Deserialize, Serialize};

use crate::setup::{
    AppSetup, CertificateSetup, EspSetup, JoinSetup, MdmSetup, PolicySetup, ProfileSetup, RegisteredDevice,
    SetupError, TenantSetup, UserSetup,
};

/// An organization.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct Tenant {
    pub(crate) id: Guid,
    pub(crate) domain: String,
    pub(crate) name: String,
    pub(crate) sign_in_text: String,
    pub(crate) region: String,
    pub(crate) users: Vec<User>,
    pub(crate) join: JoinSetup,
    pub(crate) mdm: MdmSetup,
    pub(crate) registrations: Vec<Registration>,
    pub(crate) profiles: Vec<ProfileSetup>,
    /// Shared with what is composed of it: whoever changes it gets another one ([`Arc::make_mut`]).
    #[serde(flatten)]
    pub(crate) assigned: Arc<Assigned>,
}

/// What management brings to the devices and people of a tenant.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct Assigned {
    pub(crate) esp: EspSetup,
    pub(crate) policies: Vec<PolicySetup>,
    pub(crate) certificates: Vec<CertificateSetup>,
    pub(crate) apps: Vec<App>,
}

/// A person's account.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct User {
    pub(crate) id: Guid,
    pub(crate) setup: UserSetup,
    /// Tokens given out before are no good: set when the password is reset.
    pub(crate) tokens_valid_from: Utc,
    pub(crate) wrong_passwords: u32,
    pub(crate) locked_until: Option<Utc>,
}

/// A device in the Autopilot deployment service.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct Registration {
    /// What Graph calls the id of the windowsAutopilotDeviceIdentity; `ZtdRegistrationId` in the profile.
    pub(crate) id: Guid,
    pub(crate) serial: String,
    pub(crate) group_tag: String,
    pub(crate) assigned_user: Option<String>,
    pub(crate) profile: Option<String>,
    pub(crate) fix_pending: bool,
    pub(crate) hardware: HardwareRecord,
    /// The device object that was made with it (REG-002).
    pub(crate) device: Guid,
    /// Deployed once without a user: has to be unblocked before the next time.
    pub(crate) blocked: bool,
    /// The join under which the device was enrolled without a user: thumbprint of its certificate. Another join is another
    /// deployment, which has to be allowed first (SDM-008).
    #[serde(default)]
    pub(crate) deployed: Option<String>,
}

/// An app with its ids.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct App {
    pub(crate) id: Guid,
    pub(crate) product_code: Guid,
    pub(crate) setup: AppSetup,
}

/// A device object.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct Device {
    pub(crate) id: Guid,
    pub(crate) tenant: Guid,
    pub(crate) display_name: String,
    pub(crate) os_version: String,
    pub(crate) enabled: bool,
    /// Made by registration, before the device ever joined (REG-002).
    pub(crate) registration: Option<Guid>,
    /// Present once the device has joined.
    pub(crate) joined: Option<Joined>,
}

/// What a join leaves behind.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct Joined {
    pub(crate) at: Utc,
    pub(crate) join_type: u8,
    /// Who joined it; none for a join without a user.
    pub(crate) owner: Option<Guid>,
    /// SHA-1 of the certificate it got, upper-case hexadecimal.
    pub(crate) thumbprint: String,
    pub(crate) transport_key: PublicKey,
}

impl Tenant {
    pub(crate) fn new(seed: u64, setup: TenantSetup) -> Result<Self, SetupError> {
        let domain_sound = !setup.domain.is_empty()
            && setup.domain.split('.').all(|label| {
                !label.is_empty() && label.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-')
            });
        if !domain_sound {
            return Err(SetupError::Domain(setup.domain));
        }
        check_numbers(&setup)?;
        let domain = setup.domain.to_ascii_lowercase();
        let id = setup.id.unwrap_or_else(|| Guid::derive(seed, &["tenant", &domain]));
        let mut tenant = Self {
            id,
            domain,
            name: setup.name,
            sign_in_text: setup.sign_in_text,
            region: setup.region,
            users: Vec::with_capacity(setup.users.len()),
            join: setup.join,
            mdm: setup.mdm,
            registrations: Vec::new(),
            profiles: setup.autopilot.profiles,
            assigned: Arc::new(Assigned {
                esp: setup.esp,
                policies: setup.policies,
                certificates: setup.certificates,
                apps: Vec::with_capacity(setup.apps.len()),
            }),
        };
        for user in setup.users {
            tenant.add_user(seed, user)?;
        }
        for app in setup.apps {
            tenant.add_app(seed, app)?;
        }
        for device in setup.autopilot.devices {
            tenant.register(seed, device)?;
        }
        Ok(tenant)
    }

    fn add_user(&mut self, seed: u64, setup: UserSetup) -> Result<(), SetupError> {
        match setup.upn.split_once('@') {
            Some((name, domain)) if !name.is_empty() && !domain.is_empty() && !domain.contains('@') => {}
            _ => return Err(SetupError::Upn(setup.upn)),
        }
        if self.user_by_upn(&setup.upn).is_some() {
            return Err(SetupError::DuplicateUser(setup.upn));
        }
        let id = Guid::derive(seed, &["user", &self.id.to_string(), &setup.upn.to_lowercase()]);
        let user =
            User { id, setup, tokens_valid_from: Utc(i64::MIN), wrong_passwords: 0, locked_until: None };
        self.users.push(user);
        Ok(())
    }

    /// Assigns an app.
    pub(crate) fn add_app(&mut self, seed: u64, setup: AppSetup) -> Result<(), SetupError> {
        if self.assigned.apps.iter().any(|app| app.setup.name == setup.name) {
            return Err(SetupError::DuplicateApp(setup.name));
        }
        let labels = |what| ["app", what, &self.domain, setup.name.as_str()];
        let product_code = if setup.product_code.is_empty() {
            Guid::derive(seed, &labels("product-code"))
        } else {
            setup.product_code.parse().map_err(|_| SetupError::ProductCode(setup.name.clone()))?
        };
        let app = App { id: Guid::derive(seed, &labels("id")), product_code, setup };
        Arc::make_mut(&mut self.assigned).apps.push(app);
        Ok(())
    }

    /// Registers a device by its hardware hash (REG-001). Gives the registration.
    pub(crate) fn register(
        &mut self,
        seed: u64,
        device: RegisteredDevice,
    ) -> Result<&Registration, SetupError> {
        let hardware = decode_base64(&device.hardware_hash)
            .map_err(|e| SetupError::HardwareHash { serial: device.serial.clone(), reason: e.to_string() })?
            .record;
        if let Some(profile) = &device.profile
            && self.profile(profile).is_none()
        {
            return Err(SetupError::NoSuchProfile(profile.clone()));
        }
        if let Some(user) = &device.assigned_user
            && self.user_by_upn(user).is_none()
        {
            return Err(SetupError::NoSuchUser(user.clone()));
        }
        let known_by = hardware.smbios_uuid.to_string();
        let tenant = self.id.to_string();
        let labels =
            |what| [what, tenant.as_str(), hardware.smbios.system_serial_number.as_str(), known_by.as_str()];
        let registration = Registration {
            id: Guid::derive(seed, &labels("registration")),
            device: Guid::derive(seed, &labels("registered-device")),
            serial: if device.serial.is_empty() {
                hardware.smbios.system_serial_number.clone()
            } else {
                device.serial
            },
            group_tag: device.group_tag,
            assigned_user: device.assigned_user,
            profile: device.profile,
            fix_pending: device.fix_pending,
            hardware,
            blocked: false,
            deployed: None,
        };
        self.registrations.retain(|r| r.id != registration.id);
        self.registrations.push(registration);
        Ok(&self.registrations[self.registrations.len() - 1])
    }

    pub(crate) fn user_by_upn(&self, upn: &str) -> Option<&User> {
        let upn = upn.to_lowercase();
        self.users.iter().find(|u| u.setup.upn.to_lowercase() == upn)
    }

    pub(crate) fn user(&self, id: Guid) -> Option<&User> {
        self.users.iter().find(|u| u.id == id)
    }

    pub(crate) fn user_mut(&mut self, id: Guid) -> Option<&mut User> {
        self.users.iter_mut().find(|u| u.id == id)
    }

    pub(crate) fn profile(&self, name: &str) -> Option<&ProfileSetup> {
        self.profiles.iter().find(|p| p.name.eq_ignore_ascii_case(name))
    }
}

fn check_numbers(setup: &TenantSetup) -> Result<(), SetupError> {
    let within = |what, value: u32, least: u32, most: u32| {
        if (least..=most).contains(&value) {
            return Ok(());
        }
        Err(SetupError::OutOfRange { what, value: value.into(), least: least.into(), most: most.into() })
    };
    within("the time limit of the Enrollment Status Page", setup.esp.timeout_minutes, 1, 1440)?;
    within("the time limit of the management extension", setup.esp.provider_timeout_minutes, 1, 1440)?;
    within("the poll schedule", setup.mdm.poll_minutes, 1, 525_600)?;
    setup.apps.iter().try_for_each(|app| within("an app's time limit", app.timeout_minutes, 0, 1440))
}

impl Device {
    /// The object that a registration makes (REG-002).
    pub(crate) fn precreated(tenant: Guid, registration: &Registration) -> Self {
        Self {
            id: registration.device,
            tenant,
            display_name: registration.serial.clone(),
            os_version: String::new(),
            enabled: true,
            registration: Some(registration.id),
            joined: None,
        }
    }
}
