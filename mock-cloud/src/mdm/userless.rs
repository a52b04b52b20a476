//! What is asked of a device that enrols on its own, without a user: self-deploying mode and the technician flow.

use oobe_wire::hwhash::HardwareRecord;
use oobe_wire::ids::Guid;
use oobe_wire::soap::RequestSecurityToken;

use super::caller::Caller;
use super::fault::EnrolError;
use crate::autopilot::choose;
use crate::checks;
use crate::journal::Service;
use crate::setup::DeploymentMode;
use crate::state::State;

/// Vendors whose devices may be deployed again at once (SDM-012): what their names begin with, and the product line.
const OPTED_IN: [(&str, &str); 6] = [
    ("dell", ""),
    ("dynabook", ""),
    ("hp", ""),
    ("hewlett-packard", ""),
    ("lenovo", ""),
    ("microsoft", "surface"),
];

/// Whether the device may enrol on its own. Gives its registration: the named one, else that of the device object, so that
/// leaving the name out gets nobody past the limit.
pub(super) fn admit(
    state: &mut State,
    request: &RequestSecurityToken,
    caller: &Caller,
    named: Option<Guid>,
) -> Result<Option<Guid>, EnrolError> {
    if caller.user.is_some() {
        return Ok(named);
    }
    let device = caller.device.and_then(|id| state.devices.get(&id));
    let join = device.and_then(|d| d.joined.as_ref()).map(|joined| joined.thumbprint.clone());
    let Some(id) = named.or_else(|| device.and_then(|d| d.registration)) else { return Ok(None) };
    let State { tenants, journal, .. } = state;
    let found = tenants.iter().find(|t| t.id == caller.tenant);
    let found = found.and_then(|t| t.registrations.iter().find(|r| r.id == id).map(|r| (t, r)));
    let Some((tenant, registration)) = found else { return Ok(None) };

    if technician(request) {
        let allowed = choose(tenant, registration).is_ok_and(|p| p.mode == DeploymentMode::PreProvisioned);
        journal
            .expect(checks::MDM_PRE_PROVISIONING, allowed, || {
                "the deployment profile does not allow pre-provisioned deployment".into()
            })
            .map_err(EnrolError::enrollment_server)?;
    }
    let first = registration.deployed.as_ref().is_none_or(|under| Some(under) == join.as_ref());
    journal
        .expect(checks::MDM_ONE_TIME_LIMIT, first, || {
            "Enrollment blocked for AP device by SDM One Time Limit Check".into()
        })
        .map_err(EnrolError::device_not_supported)?;
    Ok(Some(id))
}

/// Whether a technician has the device enrolled, for a user who is to come.
pub(super) fn technician(request: &RequestSecurityToken) -> bool {
    request.context_item("WhiteGlove").is_some_and(|v| v.trim().eq_ignore_ascii_case("true"))
}

/// Remembers that the device was deployed without a user. The same join may enrol again (its answer may have been lost), the
/// next one may not; what becomes of Device setup does not matter (MOD-025).
pub(super) fn deployed(state: &mut State, caller: &Caller, registration: Option<Guid>) {
    let (None, Some(id)) = (caller.user, registration) else { return };
    let device = caller.device.and_then(|id| state.devices.get(&id));
    let join = device.and_then(|d| d.joined.as_ref()).map(|joined| joined.thumbprint.clone());
    let State { tenants, journal, .. } = state;
    let all = tenants.iter_mut().flat_map(|t| &mut t.registrations);
    for registration in all.filter(|r| r.id == id) {
        if opted_in(&registration.hardware) {
            let rule = Some(oobe_catalog::rules::SDM_012.id);
            journal.tell_by(Service::Mdm, "may-deploy-again", rule, registration.serial.clone());
            continue;
        }
        registration.deployed.clone_from(&join);
        let rule = Some(oobe_catalog::rules::SDM_008.id);
        journal.tell_by(Service::Mdm, "deployed-without-user", rule, registration.serial.clone());
    }
}

fn opted_in(hardware: &HardwareRecord) -> bool {
    let begins = |text: &str, with: &str| text.trim().to_lowercase().starts_with(with);
    let smbios = &hardware.smbios;
    OPTED_IN.iter().any(|(maker, product)| {
        begins(&smbios.system_manufacturer, maker) && begins(&smbios.product_name, product)
    })
}
