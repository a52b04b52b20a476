//! What the management extension asks the side-car gateway.

use oobe_mock_cloud::Cloud;
use oobe_wire::content::unpack;
use oobe_wire::encoding::base64_decode;
use serde_json::{Value, json};

use super::device::TestDevice;
use super::http::call;

/// Address and body of a request.
pub fn session_request(kind: &str, payload: &str) -> (String, Value) {
    let id = "e8b482aa-3f82-4692-b111-92d62cd7db71";
    let url = format!(
        "https://fef.manage.microsoft.com/SideCar/StatelessSideCarGatewayService/SideCarGatewaySessions('{id}')?api-version=1.5"
    );
    let body = json!({
        "Key": id, "SessionId": id, "RequestContentType": kind, "RequestPayload": payload,
        "ResponseContentType": null, "ClientInfo": "{}", "ResponsePayload": null,
    });
    (url, body)
}

/// Asks; gives the payload of the answer.
#[track_caller]
pub fn ask(cloud: &Cloud, device: &TestDevice, kind: &str, payload: &str, token: Option<&str>) -> String {
    let (url, body) = session_request(kind, payload);
    let mut request = call("PUT", url).peer(&device.mdm_certificate).body(body.to_string());
    if let Some(token) = token {
        request = request.bearer(token);
    }
    request.send(cloud).ok().json()["ResponsePayload"].as_str().unwrap().to_owned()
}

/// Names of the apps that the device gets, or with a token its user.
#[track_caller]
pub fn apps(cloud: &Cloud, device: &TestDevice, token: Option<&str>) -> Vec<String> {
    let packed = base64_decode(&ask(cloud, device, "GetSelectedApp", "[]", token)).unwrap();
    let apps: Vec<Value> = serde_json::from_slice(&unpack(&packed).unwrap()).unwrap();
    apps.iter().map(|app| app["Name"].as_str().unwrap().to_owned()).collect()
}
