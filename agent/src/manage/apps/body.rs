//! Bodies of the side-car requests: the members, their order and their spelling as real clients send them (reference:
//! protocols, F, and captures).

use oobe_wire::encoding::base64_encode;
use serde::Serialize;
use serde_json::json;

use super::agent::Win32App;
use crate::cx::Cx;
use crate::esp::Phase;
use crate::io::{HttpRequest, Method};
use crate::manage::{Activity, Management};

/// Version of the agent that is played.
const AGENT_VERSION: &str = "1.83.107.0";

#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
struct Gateway<'a> {
    key: &'a str,
    session_id: &'a str,
    request_content_type: &'a str,
    request_payload: &'a str,
    response_content_type: Option<&'a str>,
    client_info: String,
    response_payload: Option<&'a str>,
    enabled_flights: Option<&'a str>,
    checkin_interval_minutes: Option<u32>,
    generic_workload_requests: Option<&'a str>,
    generic_workload_response: Option<&'a str>,
    checkin_reason: &'a str,
    checkin_reason_payload: Option<&'a str>,
}

#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
struct ClientInfo<'a> {
    device_name: &'a str,
    operating_system_version: String,
    side_car_agent_version: &'a str,
    #[serde(rename = "Win10SMode")]
    win10_s_mode: bool,
    #[serde(rename = "UnlockWin10SModeTenantId")]
    unlock_tenant: Option<&'a str>,
    #[serde(rename = "UnlockWin10SModeDeviceId")]
    unlock_device: Option<&'a str>,
    channel_uri_information: Option<&'a str>,
    agent_execution_start_time: String,
    agent_execution_end_time: String,
    agent_crash_seen: bool,
    extended_inventory_map: Inventory,
}

#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
struct Inventory {
    operating_system_revision_number: String,
    #[serde(rename = "SKU")]
    sku: String,
    dot_net_framework_release_value: &'static str,
}

impl Management {
    fn client_info(&self, cx: &Cx<'_>) -> String {
        let build = cx.setup.image.build;
        let info = ClientInfo {
            device_name: &self.enrolment.device_name,
            operating_system_version: format!("10.0.{}", build.branch),
            side_car_agent_version: AGENT_VERSION,
            win10_s_mode: false,
            unlock_tenant: None,
            unlock_device: None,
            channel_uri_information: None,
            agent_execution_start_time: cx.utc.to_rfc3339(),
            agent_execution_end_time: cx.utc.to_rfc3339(),
            agent_crash_seen: false,
            extended_inventory_map: Inventory {
                operating_system_revision_number: build.revision.to_string(),
                sku: cx.setup.image.edition_sku.to_string(),
                dot_net_framework_release_value: "533509",
            },
        };
        serde_json::to_string(&info).expect("strings, flags and numbers always serialise")
    }

    /// `PUT {Url}/SideCarGatewaySessions('{guid}')?api-version=1.5`.
    pub(super) fn gateway_request(
        &self,
        a: &Activity,
        cx: &mut Cx<'_>,
        url: &str,
        (kind, payload): (&str, &str),
        as_user: bool,
    ) -> HttpRequest {
        let session = cx.rng.guid().to_string();
        let body = Gateway {
            key: &session,
            session_id: &session,
            request_content_type: kind,
            request_payload: payload,
            response_content_type: None,
            client_info: self.client_info(cx),
            response_payload: None,
            enabled_flights: None,
            checkin_interval_minutes: None,
            generic_workload_requests: None,
            generic_workload_response: None,
            checkin_reason: "AgentRestart",
            checkin_reason_payload: None,
        };
        let body = serde_json::to_vec(&body).expect("strings and numbers always serialise");
        let url =
            format!("{}/SideCarGatewaySessions('{session}')?api-version=1.5", url.trim_end_matches('/'));
        let mut request = HttpRequest::post(url, "application/json", body).header("prefer", "return-content");
        request.method = Method::Put;
        // The user's own requests carry the user's token (MOD-011: how the service tells them apart is not public).
        if let Some(token) = a.user.as_ref().filter(|_| as_user).and_then(|user| user.token.as_ref()) {
            request = request.header("authorization", format!("Bearer {}", token.expose()));
        }
        request.identity(self.enrolment.identity.clone())
    }

    /// What GetContentInfo asks for one app.
    pub(super) fn content_info_payload(&self, app: &Win32App) -> String {
        let phase = match self.tracker.running() {
            None => 0,
            Some(Phase::DevicePreparation) => 1,
            Some(Phase::DeviceSetup) => 2,
            Some(Phase::AccountSetup) => 3,
        };
        json!({
            "ApplicationId": app.id,
            "ApplicationVersion": app.version,
            "Intent": app.intent,
            "CertificateBlob": base64_encode(&self.enrolment.identity.certificate),
            "ContentInfo": null,
            "SecondaryContentInfo": null,
            "DecryptInfo": null,
            "UploadLocation": null,
            "TargetingMethod": 0,
            "ErrorCode": null,
            "TargetType": 2,
            "InstallContext": app.install_context,
            "EspPhase": phase,
            "ApplicationName": app.name,
            "AssignmentFilterIds": null,
            "ManagedInstallerStatus": 1,
            "ApplicationEnforcement": 0,
        })
        .to_string()
    }
}
