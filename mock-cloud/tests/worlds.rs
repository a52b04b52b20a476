//! The cloud as a value: the same inputs give the same bytes, forks part, a saved state goes on; and every check has
//! its negative test.

mod common;

use common::device::TestDevice;
use common::http::{call, get};
use common::session::{TestSession, obedient};
use common::setup::*;
use common::steps::*;
use common::told;
use common::tpm::{Run, send};
use oobe_mock_cloud::{
    AdminAction, AdminError, Cloud, CloudSetup, FaultKind, LoadError, Matcher, STATE_VERSION, ServiceFault,
    SetupError, checks,
};
use oobe_wire::attestation::ATTEST_PATH;
use proptest::prelude::*;
use serde_json::json;

/// The tests in sources: name and body, without comments and blanks. One that is ignored or should panic is none.
fn tests_in(sources: &str) -> Vec<(String, String)> {
    let lines = sources.lines().filter(|line| !line.trim_start().starts_with("//"));
    let code = lines.collect::<Vec<_>>().join("\n");
    let tests = code.split("#[test]\nfn ").skip(1);
    tests
        .map(|rest| {
            let (name, rest) = rest.split_once("()").expect("a test takes nothing");
            let (body, _) = rest.split_once("\n}").expect("a test ends at the margin");
            (name.to_owned(), body.split_whitespace().collect())
        })
        .collect()
}

/// The checks that have no test `refuses_<name>` or `refuses_<name>_<how>` that sees them fail; and the tests that see
/// checks fail, but not the one that they are named after.
fn not_held(checks: &[&str], sources: &str) -> Vec<String> {
    let tests = tests_in(sources);
    let named = |test: &str, check: &str| {
        let tail = test.strip_prefix("refuses_").and_then(|t| t.strip_prefix(&check.replace('-', "_")));
        tail.is_some_and(|tail| tail.is_empty() || tail.starts_with('_'))
    };
    let sees = |body: &str, check: &str| {
        let constant = check.replace('-', "_").to_uppercase();
        body.contains(&format!("refused(&cloud,checks::{constant})"))
    };
    let mut wrong: Vec<String> = checks
        .iter()
        .filter(|check| !tests.iter().any(|(test, body)| named(test, check) && sees(body, check)))
        .map(|check| format!("{check} has no negative test"))
        .collect();
    let refusing = tests
        .iter()
        .filter(|(t, body)| t.starts_with("refuses_") || body.contains("refused(&cloud,checks::"));
    for (test, body) in refusing {
        // Of checks whose names begin alike it is the longest.
        let check = checks.iter().filter(|check| named(test, check)).max_by_key(|check| check.len());
        if !check.is_some_and(|check| sees(body, check)) {
            wrong.push(format!("{test} sees no check fail that it is named after"));
        }
    }
    wrong
}

#[test]
fn every_check_has_a_negative_test() {
    let folder = std::fs::read_dir(concat!(env!("CARGO_MANIFEST_DIR"), "/tests")).unwrap();
    let negative = folder
        .map(|file| file.unwrap())
        .filter(|file| file.file_name().to_str().is_some_and(|name| name.starts_with("negative_")));
    let sources: String = negative.map(|file| std::fs::read_to_string(file.path()).unwrap()).collect();
    let mut names: Vec<&str> = checks::ALL.iter().map(|c| c.name).collect();
    assert_eq!(not_held(&names, &sources), [""; 0]);
    names.sort_unstable();
    names.dedup();
    assert_eq!(names.len(), checks::ALL.len(), "two checks have the same name");
}

#[test]
fn a_check_without_its_negative_test_is_found() {
    let held = |sources: &str| not_held(&["foo", "foo-bar"], sources);
    let test = |name: &str, body: &str| format!("#[test]\nfn {name}() {{\n    {body}\n}}\n");
    let (foo, bar) = ("refused(&cloud, checks::FOO);", "refused(\n&cloud,\nchecks::FOO_BAR).rule;");
    let both = test("refuses_foo_twice", foo) + &test("refuses_foo_bar", bar);
    assert_eq!(held(&both), [""; 0]);
    let (no_foo, no_bar) = ("foo has no negative test", "foo-bar has no negative test");
    assert_eq!(held(&test("refuses_foo_bar", bar)), [no_foo]);
    assert_eq!(
        held(&both.replace("#[test]\nfn refuses_foo_bar", "#[test]\n#[ignore]\nfn refuses_foo_bar")),
        [no_bar]
    );
    // What another test sees, or a comment, is not seen.
    let wrong = "refuses_foo_bar sees no check fail that it is named after";
    for body in [foo, "// refused(&cloud, checks::FOO_BAR)", "nothing_refused(&cloud);"] {
        let sources = test("refuses_foo_bar", body) + &test("refuses_foo", &format!("{foo}\n{bar}"));
        assert_eq!(held(&sources), [no_bar, wrong]);
    }
    let wrong = "foo_is_refused sees no check fail that it is named after";
    assert_eq!(held(&(both + &test("foo_is_refused", foo))), [wrong]);
}

/// A whole deployment; gives everything the cloud said.
fn deploy(cloud: &Cloud, number: u8) -> String {
    let mut said = String::new();
    let mut device = TestDevice::new(number);
    device.ticket = Some(device_ticket(cloud, number));
    said += &join(cloud, &mut device, ALICE).to_string();
    let prt = prt(cloud, &device, ALICE);
    let token = prt_token(cloud, &prt, MDM);
    said += &prt.token;
    said += &enrol_with(cloud, &mut device, oobe_wire::soap::Security::Jwt(token.clone())).write();
    let mut csp = obedient();
    for (session, user) in [("1", None), ("2", Some(token.as_str()))] {
        for reply in TestSession::new(cloud, &device, session).run(user, &mut csp) {
            said += &reply.write();
        }
    }
    said += &serde_json::to_string(&cloud.drain_journal()).unwrap();
    said
}

#[test]
fn two_clouds_say_the_same() {
    assert_eq!(deploy(&cloud(), 1), deploy(&cloud(), 1));
    let other = Cloud::new(CloudSetup { seed: 8, ..contoso() }).unwrap();
    assert_ne!(deploy(&cloud(), 1), deploy(&other, 1));
}

#[test]
fn another_device_changes_nothing_for_this_one() {
    let alone = cloud();
    let shared = cloud();
    deploy(&shared, 2);
    shared.set_now(EPOCH.plus_seconds(1));
    alone.set_now(EPOCH.plus_seconds(1));
    assert_eq!(deploy(&alone, 1), deploy(&shared, 1));
}

#[test]
fn fork_is_independent() {
    let first = cloud();
    deploy(&first, 1);
    let second = first.fork();
    let same = first.clone();
    assert_eq!(deploy(&first, 2), deploy(&second, 2));
    first.administer(AdminAction::EnableUser { user: ALICE.into(), enabled: false }).unwrap();
    first.set_now(EPOCH.plus_days(1));
    assert_eq!(same.now(), first.now());
    assert_eq!(second.now(), EPOCH);
    assert_eq!(password(&same, ALICE, PASSWORD, DRS).status, 400);
    password(&second, ALICE, PASSWORD, DRS).ok();
}

#[test]
fn saved_state_goes_on_where_it_was() {
    let first = cloud();
    first.inject(ServiceFault {
        matcher: Matcher { path: Some("connecttest".into()), ..Matcher::default() },
        what: FaultKind::Status { status: 503 },
    });
    let device = enrolled(&first, 1, ALICE);
    let saved = first.save();
    assert_eq!(saved["version"], STATE_VERSION);
    let second = Cloud::load(saved.clone()).unwrap();
    assert_eq!(second.save(), saved);
    let mut session = TestSession::new(&second, &device, "1");
    session.run(None, &mut obedient());
    assert_eq!(deploy(&first, 2), {
        second.drain_journal();
        deploy(&second, 2)
    });
    assert_eq!(get("http://www.msftconnecttest.com/connecttest.txt").send(&second).status, 503);
}

#[test]
fn an_attestation_under_way_survives_a_save() {
    let first = cloud();
    let run = Run::new(&first, 1);
    let proof = run.proof(&run.challenge());
    let second = Cloud::load(first.save()).unwrap();
    for cloud in [&first, &second] {
        assert_eq!(send(cloud, ATTEST_PATH, &proof).status, 200);
    }
    // The same chance on both sides, and used up on both.
    assert_eq!(first.save(), second.save());
    assert_eq!(send(&second, ATTEST_PATH, &proof).status, 403);
    let join = run.to_join(&TestDevice::new(1));
    let third = Cloud::load(first.save()).unwrap();
    assert_eq!(join.send(&first).status, 200);
    assert_eq!(join.send(&third).status, 200);
}

#[test]
fn a_state_from_before_attestation_still_loads() {
    let mut saved = cloud().save();
    let state = saved["state"].as_object_mut().unwrap();
    assert!(state.remove("attestation").is_some());
    for tenant in state["tenants"].as_array_mut().unwrap() {
        for registration in tenant["registrations"].as_array_mut().unwrap() {
            assert!(registration.as_object_mut().unwrap().remove("deployed").is_some());
        }
    }
    let cloud = Cloud::load(saved).unwrap();
    deploy(&cloud, 1);
    assert_eq!(Run::new(&cloud, 1).challenge_with(|_| ()).status, 403, "no vendor is trusted in it");
}

#[test]
fn foreign_and_newer_states_are_refused() {
    let mut saved = cloud().save();
    saved["version"] = json!(STATE_VERSION + 1);
    let found = u64::from(STATE_VERSION) + 1;
    assert_eq!(Cloud::load(saved).unwrap_err(), LoadError::Version { found });
    assert!(matches!(Cloud::load(json!({})).unwrap_err(), LoadError::Format(_)));
    assert!(matches!(Cloud::load(json!([1])).unwrap_err(), LoadError::Format(_)));
}

#[test]
fn setups_that_make_no_sense_are_refused() {
    type Spoil = fn(&mut CloudSetup);
    type Expected = fn(&SetupError) -> bool;
    let spoils: [(Spoil, Expected); 8] = [
        (|s| s.tenants[0].domain = "no domain".into(), |e| matches!(e, SetupError::Domain(_))),
        (|s| s.tenants[1].domain = "Contoso.test".into(), |e| matches!(e, SetupError::DuplicateTenant(_))),
        (|s| s.tenants[0].users[0].upn = "alice".into(), |e| matches!(e, SetupError::Upn(_))),
        (|s| s.tenants[0].users[0].upn = BOB.to_uppercase(), |e| matches!(e, SetupError::DuplicateUser(_))),
        (
            |s| s.tenants[0].autopilot.devices[0].hardware_hash = "x".into(),
            |e| matches!(e, SetupError::HardwareHash { .. }),
        ),
        (
            |s| s.tenants[0].autopilot.devices[0].profile = Some("x".into()),
            |e| matches!(e, SetupError::NoSuchProfile(_)),
        ),
        (|s| s.tenants[0].esp.timeout_minutes = 10_800, |e| matches!(e, SetupError::OutOfRange { .. })),
        (|s| s.tenants[0].apps[0].product_code = "{x}".into(), |e| matches!(e, SetupError::ProductCode(_))),
    ];
    for (spoil, expected) in spoils {
        let mut setup = contoso();
        spoil(&mut setup);
        let error = Cloud::new(setup).unwrap_err();
        assert!(expected(&error), "{error}");
    }
}

#[test]
fn setup_can_be_written_and_read() {
    let text = serde_json::to_string(&contoso()).unwrap();
    assert_eq!(serde_json::from_str::<CloudSetup>(&text).unwrap(), contoso());
    assert!(!format!("{:?}", contoso()).contains(PASSWORD));
}

#[test]
fn administrator_is_told_what_is_not_there() {
    let cloud = cloud();
    let assign = |device: &str, profile: &str| {
        cloud.administer(AdminAction::AssignProfile { device: device.into(), profile: Some(profile.into()) })
    };
    assert!(matches!(assign("SN-9999", "Offices"), Err(AdminError::NoSuchDevice(_))));
    assert!(matches!(assign("SN-0001", "x"), Err(AdminError::Setup(SetupError::NoSuchProfile(_)))));
    assert!(assign("sn-0001", "Offices").is_ok());
    let enable = AdminAction::EnableUser { user: "x@contoso.test".into(), enabled: true };
    assert!(matches!(cloud.administer(enable), Err(AdminError::NoSuchUser(_))));
    assert!(told(&cloud.drain_journal(), "profile-assigned"));
}

#[test]
fn faults_spoil_answers() {
    let cloud = cloud();
    let url = "http://www.msftconnecttest.com/connecttest.txt";
    let strike = |what: FaultKind| {
        let matcher = Matcher { host: Some("msftconnecttest".into()), ..Matcher::default() };
        cloud.inject(ServiceFault { matcher, what });
        let answer = get(url).send(&cloud);
        assert!(told(&cloud.drain_journal(), "fault-struck"));
        get(url).send(&cloud).ok();
        answer
    };
    assert_eq!(strike(FaultKind::Status { status: 429 }).status, 429);
    let html = FaultKind::Body {
        bytes: b"<html>sign in to Wi-Fi</html>".to_vec(),
        content_type: "text/html".into(),
    };
    assert!(strike(html).text().starts_with("<html>"));
    assert_eq!(strike(FaultKind::Truncate).text(), "Microsoft C");
    assert_eq!(strike(FaultKind::Oversize).body.len(), 16 * 1024 * 1024);
    assert_eq!(strike(FaultKind::WrongContentType).headers["content-type"], "text/html");
    assert!(strike(FaultKind::Silence).silent);
    assert!(strike(FaultKind::AnswerLost).silent);
}

#[test]
fn tls_identity_has_every_name() {
    let cloud = cloud();
    let (chain, key) = cloud.tls_identity(&["mdm.example.test", "127.0.0.1"]);
    let leaf = oobe_wire::x509::parse_certificate(&chain[0]).unwrap();
    for name in
        ["login.microsoftonline.com", "enterpriseenrollment.contoso.test", "mdm.example.test", "localhost"]
    {
        assert!(leaf.dns_names.iter().any(|n| n == name), "{name}");
    }
    let key = oobe_wire::crypto::PrivateKey::from_pkcs8_der(&key).unwrap();
    assert_eq!(key.public(), &leaf.public_key);
    let root = cloud.tls_root();
    let usage = oobe_wire::x509::Usage::ServerAuth;
    oobe_wire::x509::verify_chain(&chain[0], &[], &[&root], cloud.now(), usage).unwrap();
    assert!(oobe_wire::x509::verify_chain(&chain[0], &[], &[&root], EPOCH.plus_days(400), usage).is_err());
    assert_eq!(cloud.client_roots().len(), 3);
}

const ROUTES: [(&str, &str); 22] = [
    ("GET", "http://www.msftconnecttest.com/other"),
    ("POST", "https://login.live.com/ppsecure/deviceaddcredential.srf"),
    ("POST", "https://ztd.dds.microsoft.com/ztd/v1/profile"),
    ("GET", "https://login.microsoftonline.com/x/.well-known/openid-configuration"),
    ("POST", "https://login.microsoftonline.com/common/oauth2/token"),
    ("POST", "https://login.microsoftonline.com/common/oauth2/v2.0/token"),
    ("POST", "https://login.microsoftonline.com/common/oauth2/devicecode"),
    ("GET", "https://login.microsoftonline.com/common/oauth2/authorize"),
    ("GET", "https://enterpriseregistration.windows.net/x/Discover"),
    ("GET", "https://enterpriseregistration.windows.net/EnrollmentServer/nonce/x/"),
    ("POST", "https://enterpriseregistration.windows.net/EnrollmentServer/device/"),
    ("DELETE", "https://enterpriseregistration.windows.net/EnrollmentServer/device/x"),
    (
        "GET",
        "https://graph.microsoft.com/v1.0/myorganization/servicePrincipals/appId=0000000a-0000-0000-c000-000000000000/endpoints",
    ),
    ("POST", "https://enrollment.manage.microsoft.com/enrollmentserver/discovery.svc"),
    ("POST", "https://enrollment.manage.microsoft.com/enrollmentserver/policy.svc"),
    ("POST", "https://enrollment.manage.microsoft.com/enrollmentserver/enroll.svc"),
    ("GET", "https://portal.manage.microsoft.com/termsofuse.aspx"),
    ("POST", "https://portal.manage.microsoft.com/termsofuse.aspx?redirect_uri=x"),
    ("POST", "https://r.manage.microsoft.com/devicegatewayproxy/cimhandler.ashx"),
    ("GET", "https://manage.microsoft.com/a/a/Certificate/ServiceAddresses"),
    (
        "PUT",
        "https://fef.manage.microsoft.com/SideCar/StatelessSideCarGatewayService/SideCarGatewaySessions('x')",
    ),
    ("GET", "https://swda01-mscdn.manage.microsoft.com/content/x/y"),
];

/// Words that get a body past the first look.
fn body() -> impl Strategy<Value = Vec<u8>> {
    let words = prop::sample::select(vec![
        "grant_type=password&username=",
        "grant_type=srv_challenge",
        "&request=",
        "a.b.c",
        "{\"",
        "\":",
        "[]",
        "}",
        "<s:Envelope>",
        "<s:Body>",
        "<SyncML>",
        "<SyncHdr>",
        "</",
        ">",
        "&amp;",
        "%00",
        "\u{f000}",
        "eyJhbGciOiJub25lIn0",
    ]);
    prop_oneof![
        prop::collection::vec(any::<u8>(), 0..300),
        prop::collection::vec(words, 0..12).prop_map(|w| w.concat().into_bytes()),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 100, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn whatever_comes_is_answered(body in body(), header in "[ -~]{0,40}", certificate in prop::option::of(prop::collection::vec(any::<u8>(), 0..60))) {
        let cloud = cloud();
        for (method, url) in ROUTES {
            let mut request = call(method, url).body(body.clone()).header("authorization", format!("Bearer {header}"));
            request = request.header("x-device-token", header.clone()).header("x-ms-RefreshTokenCredential", header.clone());
            if let Some(certificate) = &certificate {
                request = request.peer(certificate);
            }
            let answer = request.send(&cloud);
            let challenge = body.starts_with(b"grant_type=srv_challenge") && answer.status == 200;
            prop_assert!((400..600).contains(&answer.status) || challenge, "{method} {url}: {}", answer.status);
        }
    }

    #[test]
    fn whatever_an_enrolled_device_sends_is_answered(body in body()) {
        let cloud = cloud();
        let device = enrolled(&cloud, 1, ALICE);
        let url = "https://r.manage.microsoft.com/devicegatewayproxy/cimhandler.ashx";
        let answer = call("POST", url).peer(&device.mdm_certificate).body(body.clone()).send(&cloud);
        prop_assert!((400..600).contains(&answer.status));
        let url = "https://fef.manage.microsoft.com/SideCar/StatelessSideCarGatewayService/SideCarGatewaySessions('x')";
        let answer = call("PUT", url).peer(&device.mdm_certificate).body(body).send(&cloud);
        prop_assert!((400..600).contains(&answer.status));
    }
}
