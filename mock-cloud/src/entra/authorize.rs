//! The authorize endpoint for whoever already has a primary refresh token (reference: protocols, A.6), and the codes
//! that it gives out. Pages to sign in on are not served: a device signs in by password grant.

use oobe_catalog::codes;
use oobe_wire::encoding::base64url_encode;
use oobe_wire::ids::Guid;
use oobe_wire::jwt::parse;

use super::error::EntraError;
use super::issue::Subject;
use super::store::AuthorizationCode;
use super::token::{Fields, audience, grant_tokens};
use super::{Audience, prt_use};
use crate::checks;
use crate::http::{Call, Reply, redirect};
use crate::journal::{Refused, Service};
use crate::state::State;

/// How long an authorization code is good for, seconds (public: 10 minutes).
const CODE_SECONDS: i64 = 600;
const CREDENTIAL: &str = "x-ms-refreshtokencredential";

/// `GET /{tenant}/oauth2/authorize` and `/oauth2/v2.0/authorize`.
pub(super) fn endpoint(
    state: &mut State,
    call: &Call<'_>,
    tenant: Option<Guid>,
) -> Result<Reply, EntraError> {
    let need = |name| call.query(name).filter(|v| !v.is_empty()).ok_or_else(|| format!("there is no {name}"));
    let read = need("client_id").and_then(|client| {
        let redirect = need("redirect_uri")?;
        let place = url::Url::parse(redirect).map_err(|_| "redirect_uri is no address".to_owned())?;
        if need("response_type")? != "code" {
            return Err("only response_type=code is served".to_owned());
        }
        Ok((client.to_owned(), redirect.to_owned(), place))
    });
    let (client, given, mut place) =
        state.journal.need(checks::AUTHORIZE_REQUEST, read).map_err(EntraError::invalid_request)?;
    let outcome = code_for(state, call, tenant, &client, &given);
    {
        let mut query = place.query_pairs_mut();
        match &outcome {
            Ok(code) => {
                query.append_pair("code", code);
            }
            Err(error) => {
                let (name, description) = error.parts();
                query.append_pair("error", name).append_pair("error_description", &description);
            }
        }
        if let Some(kept) = call.query("state") {
            query.append_pair("state", kept);
        }
    }
    let place = place.to_string();
    let link = oobe_wire::xml::escape_attribute(&place).into_owned();
    let page = format!(
        "<html><head><title>Object moved</title></head><body><h2>Object moved to <a href=\"{link}\">here</a>.</h2></body></html>"
    );
    Ok(redirect(&place, page))
}

fn code_for(
    state: &mut State,
    call: &Call<'_>,
    tenant: Option<Guid>,
    client: &str,
    redirect: &str,
) -> Result<String, EntraError> {
    let scope = call.query("scope").unwrap_or_default();
    let audience = match call.query("resource") {
        Some(resource) => Audience::of_resource(resource)
            .map(Some)
            .ok_or_else(|| format!("there is no resource {resource:?}")),
        None => Audience::of_scope(scope),
    };
    let audience =
        state.journal.need(checks::RESOURCE_EXISTS, audience).map_err(EntraError::invalid_resource)?;
    let credential = call.header(CREDENTIAL).map(str::to_owned).or_else(|| cookie(call));
    let Some(credential) = credential else {
        return Err(EntraError::interaction_required(Refused { why: "nobody is signed in".into() }));
    };
    let jwt =
        state.journal.need(checks::JWT_FORMAT, parse(&credential)).map_err(EntraError::invalid_request)?;
    let (prt, _) = prt_use::prove(state, &jwt)?;
    let same = tenant.is_none_or(|t| t == prt.tenant);
    state
        .journal
        .expect(checks::DEVICE_TENANT, same, || "the primary refresh token is of another tenant".into())
        .map_err(EntraError::invalid_grant(codes::AADSTS_USER_NOT_FOUND))?;
    let secret: [u8; 48] = state.draw("authorization-code", &prt.user.to_string()).bytes();
    let code = format!("0.C{}", base64url_encode(&secret));
    let record = AuthorizationCode {
        tenant: prt.tenant,
        user: prt.user,
        client: client.to_owned(),
        redirect: redirect.to_owned(),
        audience: audience.unwrap_or(Audience::Graph),
        device: Some(prt.device),
        issued: state.now,
        redeemed: false,
    };
    state.grants.codes.insert(code.clone(), record);
    state.journal.tell(Service::Entra, "authorization-code-issued", client);
    Ok(code)
}

/// The credential as a browser sends it.
fn cookie(call: &Call<'_>) -> Option<String> {
    call.header("cookie")?
        .split(';')
        .filter_map(|pair| pair.trim().split_once('='))
        .find(|(name, _)| name.eq_ignore_ascii_case(CREDENTIAL))
        .map(|(_, value)| value.to_owned())
}

/// Grant `authorization_code`.
pub(super) fn redeem(
    state: &mut State,
    call: &Call<'_>,
    fields: &Fields,
    v2: bool,
) -> Result<Reply, EntraError> {
    let [client, text, redirect] = fields.need(state, ["client_id", "code", "redirect_uri"])?;
    let State { grants, journal, now, .. } = &mut *state;
    let known = grants.codes.get_mut(text).filter(|c| !c.redeemed);
    let code = journal
        .need(checks::CODE_KNOWN, known.ok_or("this code was not given out here, or was redeemed"))
        .map_err(EntraError::invalid_grant(codes::AADSTS_GRANT_EXPIRED))?;
    let fresh = *now <= code.issued.plus_seconds(CODE_SECONDS);
    journal
        .expect(checks::CODE_FRESH, fresh, || format!("the code was given out at {}", code.issued))
        .map_err(EntraError::invalid_grant(codes::AADSTS_GRANT_EXPIRED))?;
    let same = code.client.eq_ignore_ascii_case(client) && code.redirect == redirect;
    journal
        .expect(checks::CODE_CLIENT, same, || {
            format!("it was given to client {} at {}", code.client, code.redirect)
        })
        .map_err(EntraError::invalid_grant(codes::AADSTS_GRANT_EXPIRED))?;
    code.redeemed = true;
    let code = code.clone();
    let audience = audience(state, fields, code.audience)?;
    let subject = Subject {
        tenant: code.tenant,
        user: Some(code.user),
        client: client.to_owned(),
        audience,
        device: code.device,
        v2,
        id_token: true,
    };
    Ok(grant_tokens(state, call, &subject, "authorization code"))
}
