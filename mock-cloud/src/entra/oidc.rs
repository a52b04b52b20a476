//! Home realm, OIDC discovery and keys: what anybody may ask.

use oobe_wire::crypto::KeyKind;
use oobe_wire::encoding::base64_encode;
use oobe_wire::ids::Guid;
use oobe_wire::jwt::Algorithm;
use serde_json::json;

use super::ok;
use crate::http::Reply;
use crate::state::State;

/// Entra's own address.
pub(crate) const LOGIN: &str = "https://login.microsoftonline.com";

/// The issuer of a tenant's tokens.
pub(crate) fn issuer(tenant: &str, v2: bool) -> String {
    if v2 { format!("{LOGIN}/{tenant}/v2.0") } else { format!("https://sts.windows.net/{tenant}/") }
}

/// `GET /common/UserRealm/{upn}`: the union of versions 1.0 and 2.0.
pub(super) fn realm(state: &State, user: &str) -> Reply {
    let domain = user.rsplit_once('@').map_or("", |(_, domain)| domain).to_lowercase();
    let kind = if state.tenant(&domain).is_some() { "Managed" } else { "Unknown" };
    ok(&json!({
        "ver": "1.0",
        "account_type": kind,
        "domain_name": domain,
        "cloud_instance_name": "microsoftonline.com",
        "cloud_audience_urn": "urn:federation:MicrosoftOnline",
        "NameSpaceType": kind,
        "DomainName": domain,
        "Login": user,
    }))
}

/// `GET /{tenant}/.well-known/openid-configuration`.
pub(super) fn configuration(state: &State, tenant: Option<Guid>, v2: bool) -> Reply {
    let algorithm = Algorithm::of(state.keys);
    let name = tenant.map_or_else(|| "common".to_owned(), |t| t.to_string());
    let issued_by = tenant.map_or_else(|| "{tenantid}".to_owned(), |t| t.to_string());
    let base = if v2 { format!("{LOGIN}/{name}/oauth2/v2.0") } else { format!("{LOGIN}/{name}/oauth2") };
    let keys = if v2 { "discovery/v2.0/keys" } else { "discovery/keys" };
    ok(&json!({
        "token_endpoint": format!("{base}/token"),
        "token_endpoint_auth_methods_supported": ["client_secret_post", "private_key_jwt"],
        "jwks_uri": format!("{LOGIN}/{name}/{keys}"),
        "response_modes_supported": ["query", "fragment", "form_post"],
        "subject_types_supported": ["pairwise"],
        "id_token_signing_alg_values_supported": [algorithm],
        "response_types_supported": ["code", "id_token"],
        "scopes_supported": ["openid"],
        "issuer": issuer(&issued_by, v2),
        "authorization_endpoint": format!("{base}/authorize"),
        "device_authorization_endpoint": format!("{base}/devicecode"),
        "tenant_region_scope": null,
        "cloud_instance_name": "microsoftonline.com",
        "cloud_graph_host_name": "graph.windows.net",
        "msgraph_host": "graph.microsoft.com",
    }))
}

/// `GET /{tenant}/discovery/keys`.
pub(super) fn keys(state: &State) -> Reply {
    let authority = state.authority();
    let mut jwk = authority.tokens.public().to_jwk();
    jwk.kid = Some(authority.tokens_kid.clone());
    jwk.use_ = Some("sig".into());
    // Entra leaves the algorithm out where it is RS256; the dialect names it.
    if authority.tokens.kind() == KeyKind::P256 {
        jwk.alg = Some("ES256".into());
    }
    jwk.x5c = Some(vec![base64_encode(&authority.tokens_certificate)]);
    ok(&json!({ "keys": [jwk] }))
}
