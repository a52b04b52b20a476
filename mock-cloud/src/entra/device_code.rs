//! Device codes (RFC 8628): the user signs in elsewhere. Here the administrator's action
//! [`crate::AdminAction::ApproveDeviceCode`] stands for that.

use oobe_catalog::codes;
use oobe_wire::ids::Guid;
use serde_json::json;

use super::error::EntraError;
use super::issue::Subject;
use super::store::DeviceCode;
use super::token::{Fields, audience, grant_tokens};
use super::{Audience, ok};
use crate::checks;
use crate::http::{Call, Reply};
use crate::journal::Service;
use crate::state::State;

/// How long a device code is good for, seconds.
const DEVICE_CODE_SECONDS: i64 = 900;

/// `POST /{tenant}/oauth2/devicecode` and `/oauth2/v2.0/devicecode`.
pub(super) fn begin(
    state: &mut State,
    call: &Call<'_>,
    _tenant: Option<Guid>,
    v2: bool,
) -> Result<Reply, EntraError> {
    /// Letters that nobody takes for digits.
    const LETTERS: &[u8; 20] = b"BCDFGHJKLMNPQRSTVWXZ";
    let fields = Fields::of(call);
    let [client] = fields.need(state, ["client_id"])?;
    let audience = audience(state, &fields, if v2 { Audience::Graph } else { Audience::AadGraph })?;
    let mut stream = state.draw("device-code", client);
    let secret: [u8; 48] = stream.bytes();
    let letter = |_| {
        let index = usize::try_from(stream.below(20)).unwrap_or_default();
        char::from(LETTERS[index])
    };
    let user_code: String = (0..9).map(letter).collect();
    let device_code = format!("DAQAB{}", oobe_wire::encoding::base64url_encode(&secret));
    let record = DeviceCode {
        user_code: user_code.clone(),
        client: client.to_owned(),
        audience,
        issued: state.now,
        approved: None,
        redeemed: false,
    };
    state.grants.device_codes.insert(device_code.clone(), record);
    state.journal.tell(Service::Entra, "device-code-issued", user_code.clone());
    let address = "https://microsoft.com/devicelogin";
    let lifetime = if v2 { json!(DEVICE_CODE_SECONDS) } else { json!(DEVICE_CODE_SECONDS.to_string()) };
    let mut answer = json!({
        "user_code": user_code,
        "device_code": device_code,
        "expires_in": lifetime,
        "interval": if v2 { json!(5) } else { json!("5") },
        "message": format!("To sign in, open {address} in a browser and enter the code {user_code}."),
    });
    answer[if v2 { "verification_uri" } else { "verification_url" }] = json!(address);
    Ok(ok(&answer))
}

/// Grant `device_code`.
pub(super) fn redeem(
    state: &mut State,
    call: &Call<'_>,
    fields: &Fields,
    v2: bool,
) -> Result<Reply, EntraError> {
    let [client] = fields.need(state, ["client_id"])?;
    let text = fields.get("device_code").or_else(|| fields.get("code")).unwrap_or_default();
    let State { grants, journal, now, .. } = state;
    let known = grants.device_codes.get_mut(text).filter(|c| !c.redeemed);
    let code = journal
        .need(checks::CODE_KNOWN, known.ok_or("this code was not given out here, or was redeemed"))
        .map_err(EntraError::invalid_grant(codes::AADSTS_GRANT_EXPIRED))?;
    let fresh = *now <= code.issued.plus_seconds(DEVICE_CODE_SECONDS);
    journal
        .expect(checks::CODE_FRESH, fresh, || format!("the code was given out at {}", code.issued))
        .map_err(EntraError::invalid_grant(codes::AADSTS_GRANT_EXPIRED))?;
    let same = code.client.eq_ignore_ascii_case(client);
    journal
        .expect(checks::CODE_CLIENT, same, || format!("the code was given to client {}", code.client))
        .map_err(EntraError::invalid_grant(codes::AADSTS_GRANT_EXPIRED))?;
    let approved = code.approved.ok_or("nobody has signed in with the user code yet");
    let (tenant, user) =
        journal.need(checks::DEVICE_CODE_DONE, approved).map_err(EntraError::authorization_pending)?;
    code.redeemed = true;
    let audience = code.audience;
    let subject = Subject {
        tenant,
        user: Some(user),
        client: client.to_owned(),
        audience,
        device: None,
        v2,
        id_token: true,
    };
    Ok(grant_tokens(state, call, &subject, "device code"))
}
