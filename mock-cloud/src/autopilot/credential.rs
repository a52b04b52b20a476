//! Device credentials: the service learns the hardware, the device gets a ticket (MOD-007).

use axum::http::StatusCode;
use oobe_wire::encoding::{base64url_encode, hex_upper};
use oobe_wire::hwhash::{HardwareRecord, Warning, decode_base64};
use oobe_wire::model::{DeviceCredentialReply, DeviceCredentialRequest};
use oobe_wire::rng::Stream;
use oobe_wire::time::Utc;
use serde::{Deserialize, Serialize};
use serde_json::json;

use crate::checks;
use crate::http::{Call, Reply, json as json_reply};
use crate::journal::{Refused, Service};
use crate::state::State;

/// How long a ticket holds, in days (*model*).
const TICKET_DAYS: i64 = 1;

/// A device ticket: bound to the hardware that asked for it.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct Ticket {
    pub(crate) hardware: HardwareRecord,
    pub(crate) issued: Utc,
}

impl Ticket {
    pub(crate) fn expired(&self, now: Utc) -> bool {
        now > self.issued.plus_days(TICKET_DAYS)
    }
}

/// The hardware behind a ticket that is known and fresh.
pub(crate) fn ticket_known(state: &State, ticket: &str) -> Result<HardwareRecord, &'static str> {
    match state.tickets.get(ticket) {
        None => Err("this device ticket was not given out here"),
        Some(known) if known.expired(state.now) => Err("the device ticket has expired"),
        Some(known) => Ok(known.hardware.clone()),
    }
}

/// `POST /ppsecure/deviceaddcredential.srf`.
pub(crate) fn add(state: &mut State, call: &Call<'_>) -> Reply {
    match try_add(state, call) {
        Ok(reply) => json_reply(StatusCode::OK, &reply),
        Err(refused) => json_reply(StatusCode::BAD_REQUEST, &json!({ "error": refused.why })),
    }
}

fn try_add(state: &mut State, call: &Call<'_>) -> Result<DeviceCredentialReply, Refused> {
    let request: DeviceCredentialRequest =
        state.journal.need(checks::LIVE_REQUEST, serde_json::from_slice(call.body))?;
    let decoded = match decode_base64(&request.hardware_hash) {
        Ok(decoded) if decoded.warnings.contains(&Warning::Checksum) => Err(Warning::Checksum.to_string()),
        Ok(decoded) => Ok(decoded.record),
        Err(error) => Err(error.to_string()),
    };
    let hardware = state.journal.need(checks::LIVE_HARDWARE_HASH, decoded)?;

    let machine = machine_label(&hardware);
    let now = state.now;
    state.tickets.retain(|_, ticket| !ticket.expired(now));
    let secret: [u8; 48] = state.draw("device-ticket", &machine).bytes();
    let device_ticket = format!("t={}", base64url_encode(&secret));
    state.tickets.insert(device_ticket.clone(), Ticket { hardware, issued: now });
    state.journal.tell(Service::Live, "device-ticket-issued", "");
    let number: [u8; 6] = Stream::new(state.seed, &["device-puid", &machine]).bytes();
    Ok(DeviceCredentialReply { device_puid: format!("0018{}", hex_upper(&number)), device_ticket })
}

/// What a machine is told apart by when ids are derived for it.
fn machine_label(hardware: &HardwareRecord) -> String {
    format!("{}/{}", hardware.smbios_uuid, hardware.smbios.system_serial_number)
}
