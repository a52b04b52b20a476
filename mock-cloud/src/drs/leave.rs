//! Leaving: the device removes its own object, proved by nothing but its certificate (reference: protocols, A.3).

use axum::http::StatusCode;
use oobe_wire::ids::Guid;
use oobe_wire::x509::{DeviceExtensions, parse_certificate};

use super::error::DrsError;
use crate::checks;
use crate::http::{Call, Reply, empty};
use crate::journal::Service;
use crate::proved::Issuer;
use crate::state::State;

/// `DELETE /EnrollmentServer/device/{id}`.
pub(super) fn leave(state: &mut State, call: &Call<'_>, device: &str) -> Result<Reply, DrsError> {
    let shown =
        call.peer.ok_or_else(|| "the channel has no client certificate".to_owned()).and_then(|peer| {
            let certificate = parse_certificate(&peer.0).map_err(|e| e.to_string())?;
            state.verify_chain(Issuer::Devices, &certificate).map_err(|e| e.to_string())?;
            let extensions = DeviceExtensions::decode(&certificate).map_err(|e| e.to_string())?;
            Ok((extensions.device_id, certificate.sha1_thumbprint_hex_upper()))
        });
    let (id, thumbprint) =
        state.journal.need(checks::DRS_DELETE_CERTIFICATE, shown).map_err(DrsError::authentication)?;
    let named = device.parse::<Guid>().ok() == Some(id);
    let current =
        state.devices.get(&id).and_then(|d| d.joined.as_ref()).is_some_and(|j| j.thumbprint == thumbprint);
    state
        .journal
        .expect(checks::DRS_DELETE_DEVICE, named && current, || {
            format!("the certificate is of device {id}, or no longer the one it has")
        })
        .map_err(DrsError::authentication)?;
    // The object of a registration stays, for the next join (REG-002).
    let rule = match state.devices.get_mut(&id) {
        Some(device) if device.registration.is_some() => {
            device.joined = None;
            Some(oobe_catalog::rules::REG_002.id)
        }
        _ => {
            state.devices.remove(&id);
            None
        }
    };
    state.journal.tell_by(Service::Drs, "device-left", rule, id.to_string());
    Ok(empty(StatusCode::OK))
}
