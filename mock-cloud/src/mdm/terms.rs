//! Terms of use, shown before an enrolment with Entra join (reference: protocols, B.3).

use axum::http::StatusCode;
use oobe_wire::encoding::base64url_encode;
use oobe_wire::ids::Guid;
use oobe_wire::time::Utc;
use oobe_wire::xml::escape_attribute;
use serde::{Deserialize, Serialize};
use url::Url;

use super::caller::Caller;
use crate::checks;
use crate::entra::{Audience, TokenChecks, verify};
use crate::http::{Call, Reply, redirect, reply, text};
use crate::journal::{Refused, Service};
use crate::state::State;

const TOKEN_CHECKS: TokenChecks = TokenChecks::all_in_one(checks::TERMS_TOKEN);

/// A user was shown the terms of use, and perhaps accepted them.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct Acceptance {
    tenant: Guid,
    user: Guid,
    shown: Utc,
    accepted: bool,
}

/// Whether `blob` says that the caller accepted the terms.
pub(super) fn accepted(state: &State, blob: &str, caller: &Caller) -> bool {
    state
        .acceptances
        .get(blob)
        .is_some_and(|a| a.accepted && a.tenant == caller.tenant && Some(a.user) == caller.user)
}

/// `GET /TermsofUse.aspx`: the page, or straight back when the tenant has no terms.
pub(super) fn page(state: &mut State, call: &Call<'_>) -> Reply {
    let place = match place(state, call) {
        Ok(place) => place,
        Err(refused) => return text(StatusCode::BAD_REQUEST, refused.why),
    };
    let (tenant, user) = match caller(state, call) {
        Ok(caller) => caller,
        Err(refused) => {
            return back(&place, &[("error", "unauthorized_client"), ("error_description", &refused.why)]);
        }
    };
    let secret: [u8; 32] = state.draw("terms-of-use", &user.to_string()).bytes();
    let blob = base64url_encode(&secret);
    let words = state.tenant_by_id(tenant).and_then(|t| t.mdm.terms_of_use.clone());
    let acceptance = Acceptance { tenant, user, shown: state.now, accepted: words.is_none() };
    state.acceptances.insert(blob.clone(), acceptance);
    let Some(words) = words else {
        return back(&place, &[("IsAccepted", "true"), ("OpaqueBlob", &blob)]);
    };
    state.journal.tell(Service::Mdm, "terms-shown", "");
    let button =
        |value: &str, label: &str| format!("<button name=\"IsAccepted\" value=\"{value}\">{label}</button>");
    let body = format!(
        "<html><head><title>Terms of use</title></head><body><p>{}</p><form method=\"post\" action=\"\">\
         <input type=\"hidden\" name=\"OpaqueBlob\" value=\"{}\"/>{}{}</form></body></html>",
        oobe_wire::xml::escape_text(&words),
        escape_attribute(&blob),
        button("true", "Accept"),
        button("false", "Decline"),
    );
    reply(StatusCode::OK, "text/html; charset=utf-8", body)
}

/// `POST /TermsofUse.aspx`: what the page's form sends.
pub(super) fn decide(state: &mut State, call: &Call<'_>) -> Reply {
    let place = match place(state, call) {
        Ok(place) => place,
        Err(refused) => return text(StatusCode::BAD_REQUEST, refused.why),
    };
    let form = call.form();
    let field =
        |name: &str| form.iter().find(|(n, _)| n == name).map(|(_, v)| v.as_str()).unwrap_or_default();
    let (blob, yes) = (field("OpaqueBlob"), field("IsAccepted") == "true");
    let shown = state.acceptances.get_mut(blob).ok_or("these terms were shown to nobody");
    match state.journal.need(checks::TERMS_TOKEN, shown) {
        Ok(acceptance) => acceptance.accepted = yes,
        Err(refused) => {
            return back(&place, &[("error", "access_denied"), ("error_description", &refused.why)]);
        }
    }
    state.journal.tell(Service::Mdm, if yes { "terms-accepted" } else { "terms-declined" }, "");
    if yes {
        back(&place, &[("IsAccepted", "true"), ("OpaqueBlob", blob)])
    } else {
        back(&place, &[("IsAccepted", "false")])
    }
}

/// Where to go back to.
fn place(state: &mut State, call: &Call<'_>) -> Result<Url, Refused> {
    let given = call.query("redirect_uri").unwrap_or_default();
    let place = Url::parse(given).map_err(|_| format!("redirect_uri {given:?} is no address"));
    state.journal.need(checks::TERMS_REDIRECT, place)
}

fn caller(state: &mut State, call: &Call<'_>) -> Result<(Guid, Guid), Refused> {
    let token = call.bearer().ok_or("the request has no bearer token");
    let token = state.journal.part(checks::TERMS_TOKEN, token)?;
    let bearer = verify(state, token, &[Audience::Enrolment], &TOKEN_CHECKS)?;
    let user = bearer.user.ok_or("the token has no user");
    let user = state.journal.part(checks::TERMS_TOKEN, user)?;
    Ok((bearer.tenant, user))
}

fn back(place: &Url, pairs: &[(&str, &str)]) -> Reply {
    let mut place = place.clone();
    place.query_pairs_mut().extend_pairs(pairs);
    redirect(place.as_str(), String::new())
}
