//! What the front of the cloud refuses: channels, bodies, the deployment service, Graph. One test for each check.

mod common;

use common::device::TestDevice;
use common::http::{get, post};
use common::setup::*;
use common::steps::*;
use common::{nothing_refused, refused};
use oobe_mock_cloud::setup::MdmScope;
use oobe_mock_cloud::{AdminAction, ChannelError, Cloud, FaultKind, Matcher, ServiceFault, checks};
use oobe_wire::crypto::{KeyKind, PrivateKey};
use oobe_wire::hwhash::{Disk, HardwareRecord, Nic};
use oobe_wire::rng::Stream;
use serde_json::json;

fn stranger() -> PrivateKey {
    PrivateKey::generate(KeyKind::P256, &mut Stream::new(99, &["stranger"]))
}

fn joined(cloud: &Cloud) -> TestDevice {
    let mut device = TestDevice::new(1);
    join(cloud, &mut device, ALICE);
    cloud.drain_journal();
    device
}

#[test]
fn channel_opens_for_the_holder_of_the_key() {
    let cloud = cloud();
    let device = joined(&cloud);
    let nonce = cloud.channel_nonce("pc-1");
    assert_ne!(nonce, cloud.channel_nonce("pc-1"));
    let signature = device.device_key.sign_x509(&nonce);
    let peer = cloud.open_channel(&device.device_certificate, &nonce, &signature).unwrap();
    assert_eq!(peer.0, device.device_certificate);
    nothing_refused(&cloud);
}

#[test]
fn refuses_channel_certificate_unreadable() {
    let cloud = cloud();
    assert_eq!(cloud.open_channel(b"no certificate", &[0; 32], &[]), Err(ChannelError::Malformed));
    refused(&cloud, checks::CHANNEL_CERTIFICATE);
}

#[test]
fn refuses_channel_signature_of_another_key() {
    let cloud = cloud();
    let device = joined(&cloud);
    let nonce = cloud.channel_nonce("pc-1");
    let signature = stranger().sign_x509(&nonce);
    let opened = cloud.open_channel(&device.device_certificate, &nonce, &signature);
    assert_eq!(opened, Err(ChannelError::BadSignature));
    refused(&cloud, checks::CHANNEL_SIGNATURE);
}

#[test]
fn refuses_channel_chain_foreign() {
    let cloud = cloud();
    let mut device = TestDevice::new(1);
    let token = token(&cloud, ALICE, DRS);
    cloud.inject(ServiceFault { matcher: Matcher::default(), what: FaultKind::ForeignChain });
    let answer = join_with(&cloud, &token, &device.join_body(|_| ())).ok().json();
    device.device_certificate =
        oobe_wire::encoding::base64_decode(answer["Certificate"]["RawBody"].as_str().unwrap()).unwrap();
    let nonce = cloud.channel_nonce("pc-1");
    let signature = device.device_key.sign_x509(&nonce);
    let opened = cloud.open_channel(&device.device_certificate, &nonce, &signature);
    assert_eq!(opened, Err(ChannelError::UntrustedChain));
    refused(&cloud, checks::CHANNEL_CHAIN);
}

#[test]
fn refuses_channel_validity_over_and_not_yet_begun() {
    let cloud = cloud();
    let device = joined(&cloud);
    for (days, outcome) in [(4000, ChannelError::Expired), (-1, ChannelError::NotYetValid)] {
        cloud.set_now(EPOCH.plus_days(days));
        let nonce = cloud.channel_nonce("pc-1");
        let signature = device.device_key.sign_x509(&nonce);
        let opened = cloud.open_channel(&device.device_certificate, &nonce, &signature);
        assert_eq!(opened, Err(outcome));
        refused(&cloud, checks::CHANNEL_VALIDITY);
    }
}

#[test]
fn refuses_body_size_beyond_the_limit() {
    let cloud = cloud();
    let answer = post(TOKEN, "application/x-www-form-urlencoded", vec![b'a'; 5 * 1024 * 1024]).send(&cloud);
    assert_eq!(answer.status, 413);
    refused(&cloud, checks::BODY_SIZE);
}

#[test]
fn refuses_route_unknown() {
    let cloud = cloud();
    assert_eq!(get("https://graph.microsoft.com/v1.0/users").send(&cloud).status, 404);
    refused(&cloud, checks::ROUTE);
    // A path of another service's is none of this host's.
    assert_eq!(get("https://graph.microsoft.com/connecttest.txt").send(&cloud).status, 404);
    refused(&cloud, checks::ROUTE);
    assert_eq!(get("https://127.0.0.1:8443/connecttest.txt").send(&cloud).status, 200);
}

const CREDENTIAL: &str = "https://login.live.com/ppsecure/deviceaddcredential.srf";

#[test]
fn refuses_live_request_malformed() {
    let cloud = cloud();
    assert_eq!(post(CREDENTIAL, "application/json", "{}").send(&cloud).status, 400);
    refused(&cloud, checks::LIVE_REQUEST);
}

#[test]
fn refuses_live_hardware_hash_damaged() {
    let cloud = cloud();
    let mut hash = hash(&hardware(1), EPOCH);
    // One character of the content: the checksum tells.
    let at = hash.char_indices().position(|(i, c)| i > 200 && c == 'A').unwrap();
    hash.replace_range(at..=at, "B");
    for hash in [hash, "T0E".into()] {
        let body = json!({ "modelVersion": 1, "hardwareHash": hash });
        assert_eq!(post(CREDENTIAL, "application/json", body.to_string()).send(&cloud).status, 400);
        refused(&cloud, checks::LIVE_HARDWARE_HASH);
    }
}

#[test]
fn refuses_ztd_request_malformed() {
    let cloud = cloud();
    let url = "https://ztd.dds.microsoft.com/ztd/v1/profile";
    assert_eq!(post(url, "application/json", "[]").send(&cloud).status, 400);
    refused(&cloud, checks::ZTD_REQUEST);
}

#[test]
fn refuses_ztd_device_token_unknown() {
    let cloud = cloud();
    assert_eq!(profile(&cloud, "t=made-up").status, 401);
    refused(&cloud, checks::ZTD_DEVICE_TOKEN);
}

#[test]
fn refuses_ztd_token_expiry() {
    let cloud = cloud();
    let ticket = device_ticket(&cloud, 1);
    cloud.set_now(EPOCH.plus_days(2));
    assert_eq!(profile(&cloud, &ticket).status, 401);
    refused(&cloud, checks::ZTD_TOKEN_EXPIRY);
}

/// The code of a refusal for that hardware.
#[track_caller]
fn no_profile(cloud: &Cloud, hardware: &HardwareRecord) -> u64 {
    let body = json!({ "modelVersion": 1, "hardwareHash": hash(hardware, cloud.now()) });
    let ticket = post(CREDENTIAL, "application/json", body.to_string()).send(cloud).ok().json();
    let answer = profile(cloud, ticket["deviceTicket"].as_str().unwrap()).ok().json();
    answer["ErrorCode"].as_u64().unwrap_or(0)
}

#[test]
fn refuses_ztd_registered_nowhere() {
    let cloud = cloud();
    assert_eq!(no_profile(&cloud, &hardware(9)), 807);
    refused(&cloud, checks::ZTD_REGISTERED);
    // Another TPM makes another device (LIC-008).
    let other_tpm = HardwareRecord { tpm_ek_pub: Some(vec![77; 32]), ..hardware(1) };
    assert_eq!(no_profile(&cloud, &other_tpm), 807);
    refused(&cloud, checks::ZTD_REGISTERED);
}

#[test]
fn ztd_takes_another_disk_and_network_adapter() {
    let cloud = cloud();
    let changed = HardwareRecord {
        disks: vec![Disk { serial: "new".into(), ..Disk::default() }],
        nics: vec![Nic { medium: 14, mac: [9; 6] }],
        ..hardware(1)
    };
    assert_eq!(no_profile(&cloud, &changed), 0);
    nothing_refused(&cloud);
}

#[test]
fn refuses_ztd_hardware_with_another_serial_number() {
    let cloud = cloud();
    let mut changed = hardware(1);
    changed.smbios.system_serial_number = "SN-9999".into();
    assert_eq!(no_profile(&cloud, &changed), 908);
    refused(&cloud, checks::ZTD_HARDWARE);
}

#[test]
fn refuses_ztd_record_sound_when_it_awaits_repair() {
    let cloud = cloud_with(|t| t.autopilot.devices[0].fix_pending = true);
    assert_eq!(no_profile(&cloud, &hardware(1)), 908);
    refused(&cloud, checks::ZTD_RECORD_SOUND);
}

#[test]
fn refuses_ztd_profile_missing() {
    let cloud = cloud_with(|t| t.autopilot.profiles[0].assigned_to_all = false);
    assert_eq!(no_profile(&cloud, &hardware(1)), 815);
    refused(&cloud, checks::ZTD_PROFILE);
    // Assigned, but deleted since.
    let assign = AdminAction::AssignProfile { device: "SN-0001".into(), profile: Some("Offices".into()) };
    cloud.administer(assign).unwrap();
    let delete = AdminAction::DeleteProfile { tenant: "contoso.test".into(), profile: "offices".into() };
    cloud.administer(delete).unwrap();
    assert_eq!(no_profile(&cloud, &hardware(1)), 809);
    refused(&cloud, checks::ZTD_PROFILE);
}

const ENDPOINTS: &str = "https://graph.microsoft.com/v1.0/myorganization/servicePrincipals/appId=0000000a-0000-0000-c000-000000000000/endpoints";

fn offered(cloud: &Cloud) -> bool {
    let token = token(cloud, ALICE, GRAPH);
    let list = get(ENDPOINTS).bearer(&token).send(cloud).ok().json();
    list["value"].as_array().unwrap().iter().any(|e| e["providerName"] == "WindowsEnrollment")
}

#[test]
fn refuses_graph_token_for_another_service() {
    let cloud = cloud();
    let answer = get(ENDPOINTS).bearer(&token(&cloud, ALICE, DRS)).send(&cloud);
    assert_eq!(answer.status, 401);
    assert_eq!(answer.json()["error"]["code"], "InvalidAuthenticationToken");
    refused(&cloud, checks::GRAPH_TOKEN);
    assert_eq!(get(ENDPOINTS).send(&cloud).status, 401);
    refused(&cloud, checks::GRAPH_TOKEN);
}

#[test]
fn refuses_graph_mdm_scope_without_the_user() {
    let cloud = cloud_with(|t| {
        t.mdm.scope = MdmScope::Some;
        t.users[0].in_mdm_scope = false;
    });
    assert!(!offered(&cloud));
    refused(&cloud, checks::GRAPH_MDM_SCOPE);
    let wider = AdminAction::SetMdmScope { tenant: "contoso.test".into(), scope: MdmScope::All };
    cloud.administer(wider).unwrap();
    assert!(offered(&cloud));
}

#[test]
fn refuses_graph_entra_p1_missing() {
    let cloud = cloud_with(|t| t.users[0].entra_p1 = false);
    assert!(!offered(&cloud));
    refused(&cloud, checks::GRAPH_ENTRA_P1);
}
