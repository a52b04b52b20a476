//! Graph, as far as enrolment needs it: the endpoints of the tenant's MDM application (reference: protocols, B.2).

use axum::http::{Method, StatusCode};
use oobe_wire::ids::Guid;
use serde_json::json;

use crate::checks;
use crate::entra::{Audience, INTUNE_APP, TokenChecks, verify};
use crate::http::{Call, Reply, json as json_reply};
use crate::journal::Refused;
use crate::setup::MdmScope;
use crate::state::State;

const TOKEN_CHECKS: TokenChecks = TokenChecks::all_in_one(checks::GRAPH_TOKEN);

/// `graph.microsoft.com`.
pub(crate) fn handle(state: &mut State, call: &Call<'_>) -> Option<Reply> {
    let app = format!("appid={INTUNE_APP}");
    let segments = call.segments();
    match (call.method, segments.as_slice()) {
        // `myorganization` may stand after the version, or not.
        (&Method::GET, ["v1.0" | "beta", .., "serviceprincipals", named, "endpoints"]) if *named == app => {
            Some(endpoints(state, call))
        }
        _ => None,
    }
}

fn endpoints(state: &mut State, call: &Call<'_>) -> Reply {
    let user = match caller(state, call) {
        Ok(user) => user,
        Err(refused) => return unauthorized(state, call, &refused),
    };
    let mut list = vec![
        json!({ "capability": "IWService", "providerName": "IWService", "uri": "https://portal.manage.microsoft.com" }),
        json!({ "capability": "TokenRenewalService", "providerName": "TokenRenewalService", "uri": "https://manage.microsoft.com" }),
    ];
    if offers_mdm(state, user) {
        list.push(json!({
            "capability": "WindowsEnrollment",
            "providerName": "WindowsEnrollment",
            "providerId": "0",
            "uri": crate::mdm::DISCOVERY_URL,
        }));
    }
    let context = "https://graph.microsoft.com/v1.0/$metadata#servicePrincipals/endpoints";
    json_reply(StatusCode::OK, &json!({ "@odata.context": context, "value": list }))
}

/// The tenant, and who asks: a user, or a device on its own.
fn caller(state: &mut State, call: &Call<'_>) -> Result<(Guid, Option<Guid>), Refused> {
    let token = call.bearer().ok_or("the request has no bearer token");
    let token = state.journal.part(checks::GRAPH_TOKEN, token)?;
    let bearer = verify(state, token, &[Audience::Graph, Audience::AadGraph], &TOKEN_CHECKS)?;
    let known = bearer.device.is_some_and(|id| {
        state.devices.get(&id).is_some_and(|d| d.tenant == bearer.tenant && d.joined.is_some() && d.enabled)
    });
    let caller = if bearer.user.is_some() || known { Ok(()) } else { Err("the token is nobody's") };
    state.journal.part(checks::GRAPH_TOKEN, caller)?;
    Ok((bearer.tenant, bearer.user))
}

/// Whether the tenant manages this user's devices; those without a user, unless the scope is nobody (*model*). When not, the list has no enrolment service, and enrolment is
/// silently left out (USR-010, USR-027; that the list is where it shows is *model*).
fn offers_mdm(state: &mut State, (tenant, user): (Guid, Option<Guid>)) -> bool {
    let State { tenants, journal, .. } = state;
    let Some(tenant) = tenants.iter().find(|t| t.id == tenant) else { return false };
    let Some(user) = user else {
        let scope = tenant.mdm.scope != MdmScope::None;
        return journal
            .expect(checks::GRAPH_MDM_SCOPE, scope, || "the MDM user scope is nobody".into())
            .is_ok();
    };
    let Some(user) = tenant.user(user) else { return false };
    let p1 = journal
        .expect(checks::GRAPH_ENTRA_P1, user.setup.entra_p1, || "the user has no Entra ID P1".into())
        .is_ok();
    let scope = match tenant.mdm.scope {
        MdmScope::All => true,
        MdmScope::Some => user.setup.in_mdm_scope,
        MdmScope::None => false,
    };
    let scope = journal
        .expect(checks::GRAPH_MDM_SCOPE, scope, || "the user is outside the MDM user scope".into())
        .is_ok();
    p1 && scope
}

/// An error as Graph prints it (reference: protocols, E.3).
fn unauthorized(state: &mut State, call: &Call<'_>, refused: &Refused) -> Reply {
    let request = state.draw("trace-id", call.path).guid();
    json_reply(
        StatusCode::UNAUTHORIZED,
        &json!({ "error": {
            "code": "InvalidAuthenticationToken",
            "message": refused.why,
            "innerError": { "date": state.now.to_rfc3339(), "request-id": request, "client-request-id": request },
        } }),
    )
}
