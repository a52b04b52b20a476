//! The way that goes well, service by service, with nothing but the wire formats.

mod common;

use common::device::TestDevice;
use common::gateway::ask;
use common::http::get;
use common::session::{TestSession, obedient};
use common::setup::*;
use common::steps::*;
use common::{nothing_refused, told};
use oobe_mock_cloud::Cloud;
use oobe_mock_cloud::setup::RegisteredDevice;
use oobe_wire::content::{Keys, Sealed, decrypt, unpack};
use oobe_wire::crypto::{KeyKind, PublicKey};
use oobe_wire::encoding::{base64_decode, base64_encode};
use oobe_wire::jwt;
use oobe_wire::model::PackageManifest;
use oobe_wire::soap::{AuthPolicy, DiscoverResult, PoliciesResult, Security};
use serde_json::{Value, json};

#[test]
fn probe() {
    let answer = get("http://www.msftconnecttest.com/connecttest.txt").send(&cloud()).ok();
    assert_eq!(answer.text(), "Microsoft Connect Test");
}

#[test]
fn registered_device_gets_its_profile() {
    let cloud = cloud();
    let ticket = device_ticket(&cloud, 1);
    let profile = profile(&cloud, &ticket).ok().json();
    assert_eq!(profile["CloudAssignedTenantDomain"], "contoso.test");
    assert_eq!(profile["CloudAssignedOobeConfig"], 286);
    assert_eq!(profile["DeploymentProfileName"], "Offices");
    let journal = nothing_refused(&cloud);
    assert!(told(&journal, "profile-delivered") && !told(&journal, "hardware-looks-alike"));
}

#[test]
fn hardware_that_two_tenants_registered_goes_to_the_first_and_the_cloud_says_so() {
    let mut setup = contoso();
    let hardware_hash = hash(&hardware(1), EPOCH.plus_days(-30));
    let device = RegisteredDevice { hardware_hash, ..RegisteredDevice::default() };
    setup.tenants[1].autopilot.devices.push(device);
    let cloud = Cloud::new(setup).unwrap();
    let profile = profile(&cloud, &device_ticket(&cloud, 1)).ok().json();
    assert_eq!(profile["CloudAssignedTenantDomain"], "contoso.test");
    let journal = nothing_refused(&cloud);
    let alike = journal.iter().find(|e| e.what == "hardware-looks-alike").unwrap();
    assert_eq!(alike.rule.as_deref(), Some("REG-043"));
}

#[test]
fn home_realm_discovery_and_keys() {
    let cloud = cloud();
    let realm =
        get("https://login.microsoftonline.com/common/UserRealm/alice%40contoso.test?api-version=1.0");
    let realm = realm.send(&cloud).ok().json();
    assert_eq!((&realm["account_type"], &realm["NameSpaceType"]), (&json!("Managed"), &json!("Managed")));
    let config = get("https://login.microsoftonline.com/contoso.test/.well-known/openid-configuration");
    let config = config.send(&cloud).ok().json();
    let tenant = config["token_endpoint"].as_str().unwrap().split('/').nth(3).unwrap().to_owned();
    assert!(tenant.parse::<oobe_wire::ids::Guid>().is_ok());

    let keys = get(config["jwks_uri"].as_str().unwrap()).send(&cloud).ok().json();
    let jwk = serde_json::from_value(keys["keys"][0].clone()).unwrap();
    let key = PublicKey::from_jwk(&jwk).unwrap();
    let token = token(&cloud, ALICE, DRS);
    let claims = jwt::parse(&token).unwrap().verify(&key).unwrap().claims;
    assert_eq!(claims["aud"], DRS);
    assert_eq!(claims["tid"], tenant);
    nothing_refused(&cloud);
}

fn whole_line(cloud: &Cloud, kind: KeyKind) {
    let mut device = TestDevice::with_keys(1, kind);
    device.ticket = Some(device_ticket(cloud, 1));
    let profile = profile(cloud, device.ticket.as_ref().unwrap()).ok().json();
    let joined = join(cloud, &mut device, ALICE);
    assert_eq!(joined["User"]["Upn"], ALICE);
    assert_eq!(joined["MembershipChanges"][0]["LocalSID"], "S-1-5-32-544");
    // The object that the registration made is the one that joins (REG-002).
    assert_eq!(device.entra_id.unwrap().to_string(), profile["AadDeviceId"].as_str().unwrap());

    let prt = prt(cloud, &device, ALICE);
    let user_token = prt_token(cloud, &prt, MDM);
    let claims = jwt::parse(&user_token).unwrap().claims;
    assert_eq!(claims["deviceid"], json!(device.entra_id));

    let graph = token(cloud, ALICE, GRAPH);
    let url = "https://graph.microsoft.com/v1.0/myorganization/servicePrincipals/appId=0000000a-0000-0000-c000-000000000000/endpoints";
    let list = get(url).bearer(&graph).send(cloud).ok().json();
    let found = list["value"].as_array().unwrap().iter().find(|e| e["providerName"] == "WindowsEnrollment");
    let discovery = found.unwrap()["uri"].as_str().unwrap().to_owned();
    assert!(get(discovery).send(cloud).ok().body.is_empty());
    let found = discover(cloud, ALICE, &[AuthPolicy::OnPremise, AuthPolicy::Federated]).ok();
    assert_eq!(DiscoverResult::parse(&found.body).unwrap().auth_policy, AuthPolicy::Federated);
    let token = token(cloud, ALICE, MDM);
    let found = policies(cloud, Security::Jwt(token.clone())).ok();
    assert_eq!(PoliciesResult::parse(&found.body).unwrap().key_length, 2048);
    let doc = enrol_with(cloud, &mut device, Security::Jwt(token));
    assert_eq!(doc.path(&["APPLICATION"]).unwrap().parm("PROVIDER-ID"), Some("MS DM Server"));

    let mut csp = obedient();
    let mut first = TestSession::new(cloud, &device, "1");
    first.run(None, &mut csp);
    assert_eq!(first.ordered("ServerHasFinishedProvisioning").len(), 1);
    assert!(first.ordered("./User").is_empty(), "nobody is there yet");
    assert_eq!(first.ordered("SkipDeviceStatusPage")[0].2, "false");

    let mut second = TestSession::new(cloud, &device, "2");
    second.run(Some(&user_token), &mut csp);
    assert!(second.ordered("./Device").is_empty(), "{:?}", second.orders);
    assert_eq!(second.ordered("./User/Vendor/MSFT/DMClient/Provider/MS%20DM%20Server").len(), 5);

    let mut third = TestSession::new(cloud, &device, "3");
    assert_eq!(third.run(Some(&user_token), &mut csp).len(), 1);
    side_car(cloud, &device, &user_token, &first);
    let journal = nothing_refused(cloud);
    for what in ["device-joined", "prt-issued", "device-enrolled", "device-released", "user-released"] {
        assert!(told(&journal, what), "{what}");
    }
}

fn side_car(cloud: &Cloud, device: &TestDevice, user_token: &str, session: &TestSession<'_>) {
    let url = "https://manage.microsoft.com/RestUserAuthLocationService/RestUserAuthLocationService/Certificate/ServiceAddresses";
    let services = get(url).peer(&device.mdm_certificate).send(cloud).ok().json();
    assert_eq!(services[0]["Services"][0]["ServiceName"], "SideCarGatewayService");
    assert_eq!(ask(cloud, device, "PolicyRequest", "[]", None), "[]");
    let apps = |token| -> Vec<Value> {
        let packed = base64_decode(&ask(cloud, device, "GetSelectedApp", "[]", token)).unwrap();
        serde_json::from_slice(&unpack(&packed).unwrap()).unwrap()
    };
    let names =
        |apps: &[Value]| apps.iter().map(|a| a["Name"].as_str().unwrap().to_owned()).collect::<Vec<_>>();
    assert_eq!(names(&apps(None)), ["Editor"]);
    assert_eq!(names(&apps(Some(user_token))), ["Notes"]);

    let app = &apps(None)[0];
    let wanted = json!({
        "ApplicationId": app["Id"], "CertificateBlob": base64_encode(&device.mdm_certificate),
    });
    let info: Value =
        serde_json::from_str(&ask(cloud, device, "GetContentInfo", &wanted.to_string(), None)).unwrap();
    let place: Value = serde_json::from_str(info["ContentInfo"].as_str().unwrap()).unwrap();
    let xml = oobe_wire::xml::parse(info["DecryptInfo"].as_str().unwrap().as_bytes()).unwrap();
    let sealed =
        Sealed::parse(&base64_decode(&xml.text_at(&["EncryptedContent"]).unwrap()).unwrap()).unwrap();
    let key = device.mdm_key.unwrap(&sealed.wrapped_key).unwrap();
    let plain: Value = serde_json::from_slice(&sealed.open(&key).unwrap()).unwrap();
    let half = |name: &str| base64_decode(plain[name].as_str().unwrap()).unwrap().try_into().unwrap();
    let keys = Keys { encryption: half("EncryptionKey"), mac: half("MacKey") };
    let blob = get(place["UploadLocation"].as_str().unwrap()).send(cloud).ok().body;
    let package = PackageManifest::read(&decrypt(&keys, &blob).unwrap()).unwrap();
    assert_eq!(package.name, "Editor");
    let results = json!([{ "ApplicationId": app["Id"], "EnforcementState": 1000, "ErrorCode": 0 }]);
    ask(cloud, device, "ReportAppResults", &results.to_string(), None);

    // The MSI is what its job says.
    let jobs: Vec<_> = session.orders.iter().filter(|(verb, _, _)| verb == "Exec").collect();
    assert_eq!(jobs.len(), 2);
    for (_, _, job) in jobs {
        let job = oobe_wire::xml::parse(job.as_bytes()).unwrap();
        let url = job.text_at(&["Product", "Download", "ContentURLList", "ContentURL"]).unwrap();
        let file = get(url).send(cloud).ok().body;
        let hash = oobe_wire::encoding::hex_upper(&oobe_wire::crypto::sha256(&file));
        assert_eq!(job.text_at(&["Product", "Validation", "FileHash"]), Some(hash));
    }
}

#[test]
fn power_on_to_release_with_p256() {
    whole_line(&cloud(), KeyKind::P256);
}

#[test]
fn power_on_to_release_with_rsa() {
    whole_line(&rsa(), KeyKind::Rsa2048);
}
