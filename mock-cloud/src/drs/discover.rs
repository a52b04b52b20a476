//! Discovery (reference: protocols, A.2).

use axum::http::StatusCode;
use serde_json::json;

use super::HOST;
use super::error::DrsError;
use crate::checks;
use crate::directory::Tenant;
use crate::entra::oidc::LOGIN;
use crate::http::{Reply, json as json_reply};
use crate::state::State;

/// The tenant in a path.
pub(super) fn tenant<'a>(state: &'a mut State, name: &str) -> Result<&'a Tenant, DrsError> {
    let name = percent_encoding::percent_decode_str(name).decode_utf8_lossy().into_owned();
    let found = state.tenant(&name).map(|t| t.id).ok_or_else(|| format!("there is no tenant {name:?}"));
    let id = state.journal.need(checks::DRS_TENANT, found).map_err(DrsError::invalid)?;
    Ok(state.tenant_by_id(id).expect("it was found in this list"))
}

/// `GET /{tenant}/Discover`, and `GET /EnrollmentServer/discover` for whoever does not know its tenant yet.
pub(super) fn discover(state: &mut State, name: &str) -> Result<Reply, DrsError> {
    let (id, domain, display) = if name == "enrollmentserver" {
        ("common".to_owned(), String::new(), String::new())
    } else {
        let tenant = tenant(state, name)?;
        (tenant.id.to_string(), tenant.domain.clone(), tenant.name.clone())
    };
    let server = format!("https://{HOST}/EnrollmentServer");
    let resource = format!("urn:ms-drs:{HOST}");
    let service = |prefix: &str, endpoint: String, version: &str| {
        let mut value = json!({ "ServiceVersion": version });
        value[format!("{prefix}Endpoint")] = json!(endpoint);
        value[format!("{prefix}ResourceId")] = json!(resource);
        value
    };
    let mut answer = json!({
        "DiscoveryService": { "DiscoveryEndpoint": format!("{server}/discover"), "ServiceVersion": "1.9" },
        "DeviceRegistrationService": {
            "RegistrationEndpoint": format!("{server}/DeviceEnrollmentWebService.svc"),
            "RegistrationResourceId": resource,
            "ServiceVersion": "1.0",
        },
        "AuthenticationService": { "OAuth2": {
            "AuthCodeEndpoint": format!("{LOGIN}/{id}/oauth2/authorize"),
            "TokenEndpoint": format!("{LOGIN}/{id}/oauth2/token"),
        } },
        "IdentityProviderService": { "Federated": false, "PassiveAuthEndpoint": format!("{LOGIN}/{id}/wsfed") },
        "DeviceJoinService": service("Join", format!("{server}/device/"), "2.0"),
        "KeyProvisioningService": service("KeyProvision", format!("{server}/key/"), "1.0"),
        "WebAuthNService": service("WebAuthN", format!("https://{HOST}/webauthn/{id}/"), "1.0"),
        "DeviceManagementService": service("DeviceManagement", format!("https://{HOST}/manage/{id}/"), "1.0"),
        "MsaProviderData": { "SiteId": "295958", "SiteUrl": HOST },
        "PrecreateService": service("Precreate", format!("{server}/device/precreate/{id}/"), "1.0"),
        "AzureRbacService": { "RbacPolicyEndpoint": "https://pas.windows.net" },
        "DeviceJoinResourceService": service("", format!("{server}/device/resource/{id}/"), "2.0"),
        "NonceService": service("", format!("{server}/nonce/{id}/"), "1.0"),
    });
    if !domain.is_empty() {
        answer["TenantInfo"] = json!({ "TenantId": id, "TenantName": domain, "DisplayName": display });
    }
    Ok(json_reply(StatusCode::OK, &answer))
}
