//! The server against a client written by hand: it works, and it can fail a client.

use super::esp::{NOWHERE, POLICY, device_release, first_sync, preparation, provider, user_release};
use super::pki::thumbprint;
use super::raw::Reply;
use super::seen::What;
use super::windows::{DEVICE_ID, Windows, context_item};
use super::{Plan, Release, Server, Step, Trouble};
use std::time::Duration;

/// The one thing in which the client by hand differs from Windows: ring makes no RSA keys.
const SHORT_KEY: &str = "the key is EC-256, the policy asks for RSA of 2048 bits or more";

#[test]
fn a_device_enrols_and_is_released() {
    let server = Server::start(Plan { hold_sessions: 1, ..Plan::default() });
    let mut device = Windows::new(&server);
    enrol(&mut device);
    assert_eq!(device.address(), server.management_url(DEVICE_ID));
    device.session("none", false);
    device.session("others", false);
    device.session("user", false);
    device.session("user", true);
    device.session("user", true);

    let ledger = server.ledger();
    assert_eq!(ledger.refusals(), [""; 0]);
    let remarks = ledger.remarks();
    assert!(remarks.len() == 1 && remarks[0].ends_with(SHORT_KEY), "{remarks:#?}");
    assert_eq!(ledger.names()[..4], ["probe", "discover", "policies", "enrol"]);
    let enrolment = ledger.enrolments()[0];
    assert_eq!((enrolment.user.as_str(), enrolment.key.as_str()), ("alice@foreign.test", "EC-256"));
    assert_eq!(enrolment.context["MAC"].len(), 2);

    assert_eq!(ledger.sessions(), 5);
    assert_eq!(ledger.statuses("Add", &provider("User")), [(1, 500), (2, 500), (3, 500), (4, 200)]);
    assert_eq!(ledger.statuses("Add", &preparation()), [(1, 200), (2, 418)]);
    assert_eq!(
        ledger.statuses("Replace", &format!("{}/InstallationState", preparation())),
        [(1, 200), (2, 200)]
    );
    assert_eq!(ledger.statuses("Replace", POLICY), [(1, 200)]);
    assert_eq!(ledger.statuses("Replace", &device_release()), [(2, 200)]);
    assert_eq!(ledger.statuses("Replace", &user_release()), [(3, 405), (4, 200)]);
    assert_eq!(ledger.statuses("Get", NOWHERE), [(1, 404)]);
    assert_eq!(ledger.messages()[2].results.len(), 5);
    assert_eq!(ledger.messages()[0].replaced["./DevInfo/DevId"], DEVICE_ID);
    let value = |node: &str| device.nodes[&first_sync("Device", node)].clone();
    assert_eq!((value("BlockInStatusPage"), value("SkipUserStatusPage")), ("5".into(), "false".into()));
    assert_eq!(value("TimeOutUntilSyncFailure"), "60");
}

#[test]
fn the_early_release_is_lost_or_repeated() {
    for (retries, expected) in [(false, vec![(2, 405)]), (true, vec![(2, 405), (3, 200)])] {
        let release = Release::TooEarly { retries };
        let server = Server::start(Plan { hold_sessions: 1, release, ..Plan::default() });
        let mut device = Windows::new(&server);
        enrol(&mut device);
        device.session("none", false);
        device.session("none", false);
        device.session("user", true);
        device.session("user", true);
        assert_eq!(server.ledger().statuses("Replace", &user_release()), expected, "retries: {retries}");
    }
}

#[test]
fn raw_text_that_windows_would_not_write_is_refused() {
    type Spoil = fn(&str) -> String;
    let cases: [(&str, Spoil); 12] = [
        ("no <a:MessageID>", |t| t.replace("a:MessageID", "wsa:MessageID")),
        ("was used before", str::to_owned),
        ("the Action is", |t| t.replace("/RST/wstep", "/RST/other")),
        ("To is", |t| t.replace("/Enrollment.svc", "/Elsewhere.svc")),
        ("no <wsse:BinarySecurityToken", |t| {
            let (value, encoding) = ("ValueType=\"", "EncodingType=\"");
            t.replace(value, "X=\"").replace(encoding, value).replace("X=\"", encoding)
        }),
        ("no <ac:ContextItem Name=\"DeviceID\"><ac:Value>", |t| t.replace("\"DeviceID\">", "\"DeviceID\"> ")),
        ("context item NotInOobe is missing", |t| t.replace(&context_item("NotInOobe", "false"), "")),
        ("HWDevID is not 64 hex digits", |t| t.replace("0123456789abcdef0123456789abcdef", "")),
        ("RequestType is not", |t| t.replace("200512/Issue", "200512/Renew")),
        ("PKCS#10: ", |t| t.replace("#base64binary\">MII", "#base64binary\">MIJ")),
        ("password is wrong", |t| t.replace("Correct-Horse", "Battery-Staple")),
        ("ends inside an element", |t| t.replace("</s:Envelope>", "")),
    ];
    let server = Server::start(Plan::default());
    let mut device = Windows::new(&server);
    let url = server.discovery_url().replace("Discovery", "Enrollment");
    let good = device.request_token(&url);
    assert_eq!(device.soap(&url, &good).status, 200);
    for (why, spoil) in cases {
        let text = if why == "was used before" { good.clone() } else { device.request_token(&url) };
        let reply = device.soap(&url, &spoil(&text));
        assert_eq!(reply.status, 500, "{why}: {}", reply.body);
        let refusals = server.ledger().refusals();
        assert!(refusals.last().is_some_and(|r| r.contains(why)), "{why}: {refusals:#?}");
    }
    assert_eq!(server.ledger().enrolments().len(), 1);
}

#[test]
fn a_request_signed_by_another_key_is_refused() {
    let server = Server::start(Plan::default());
    let url = server.discovery_url().replace("Discovery", "Enrollment");
    let mut device = Windows::new(&server);
    let text = device.request_token(&url);
    // The last characters are of the signature.
    let end = text.find("</wsse:BinarySecurityToken>").expect("a token") - 12;
    let other = if &text[end..=end] == "A" { "B" } else { "A" };
    let spoilt = format!("{}{other}{}", &text[..end], &text[end + 1..]);
    let reply = device.soap(&url, &spoilt);
    assert_eq!(reply.status, 500);
    assert!(reply.body.contains("<s:Value>s:CertificateRequest</s:Value>"), "{}", reply.body);
}

#[test]
fn habits_that_are_not_windows_are_remarked() {
    let server = Server::start(Plan::default());
    let mut device = Windows::new(&server);
    let url = server.discovery_url().replace("Discovery", "Enrollment");
    let spoilt = device
        .request_token(&url)
        .replace("<wst:RequestSecurityToken>", "\n<wst:RequestSecurityToken xmlns=\"urn:x\">")
        .replace("urn:uuid:", "")
        .replace("<a:To s:mustUnderstand=\"1\">", "<a:To>")
        .replace(" xmlns:xcep=\"", " xmlns:xcep=\"urn:x:")
        .replace("10.0.26200.8655", "10.0")
        .replace(&context_item("NotInOobe", "false"), &context_item("NotInOobe", "true"));
    assert_eq!(device.soap(&url, &spoilt).status, 200);
    let remarks = server.ledger().remarks().join("\n");
    let parts =
        ["outside the Envelope", "between tags", "urn:uuid", "To is not mustUnderstand", "prefix xcep"];
    for part in parts.into_iter().chain(["OSVersion is not a dotted quad", "NotInOobe is not false"]) {
        assert!(remarks.contains(part), "{part}: {remarks}");
    }
}

#[test]
fn management_demands_the_certificate_it_issued() {
    let server = Server::start(Plan { hold_sessions: 1, ..Plan::default() });
    let mut device = Windows::new(&server);
    enrol(&mut device);
    let text = device.opening("none");

    device.show(None);
    assert!(device.syncml(&text).is_err(), "no certificate, and yet TLS came about");
    let foreign = server.foreign().device(DEVICE_ID, &device.public_key()).expect("a certificate");
    device.show(Some(foreign));
    assert!(device.syncml(&text).is_err(), "a foreign certificate, and yet TLS came about");
    // The client knows before the server has noted it.
    let refused = || {
        let seen = server.ledger().0;
        seen.iter().filter(|s| matches!(s.what, What::NoTls(Step::Manage, _))).count()
    };
    for _ in 0..500 {
        if refused() == 2 {
            break;
        }
        std::thread::sleep(Duration::from_millis(10));
    }
    let ledger = server.ledger();
    assert_eq!(refused(), 2, "{}", ledger.story());
    assert_eq!(ledger.sessions(), 0);
}

#[test]
fn sessions_that_windows_would_not_hold_are_remarked() {
    let server = Server::start(Plan::default());
    let mut device = Windows::new(&server);
    enrol(&mut device);
    let text = device.opening("none");
    let wrong_source = text.replace(&format!("<Source><LocURI>{DEVICE_ID}"), "<Source><LocURI>other");
    assert_eq!(device.syncml(&wrong_source).expect("an answer").status, 400);
    let apart = text.replace("</Target><Source>", "</Target> <Source>");
    assert_eq!(device.syncml(&apart).expect("an answer").status, 400);
    let numbers = text.replace("<CmdID>2</CmdID>", "<CmdID>1</CmdID>").replace("<Final/>", "");
    assert_eq!(device.syncml(&numbers).expect("an answer").status, 200);
    let second = text.replace("<MsgID>1</MsgID>", "<MsgID>2</MsgID>");
    assert_eq!(device.syncml(&second).expect("an answer").status, 200);
    let remarks = server.ledger().remarks().join("\n");
    for part in ["message 1 begins with", "no Final", "statuses are for []"] {
        assert!(remarks.contains(part), "{part}: {remarks}");
    }
}

#[test]
fn answers_have_the_habits_of_real_servers() {
    let server = Server::start(Plan::default());
    let mut device = Windows::new(&server);
    let (_, reply) = enrol(&mut device);
    assert!(reply.body.starts_with("\r\n  <?xml"), "no whitespace before the declaration");
    assert!(reply.body.contains("#base64binary\">\r\n    "), "no whitespace round base64");
    let text = device.opening("none");
    let session = device.syncml(&text).expect("an answer").body;
    assert!(session.starts_with("\n <?xml") && session.contains("<MsgID>41</MsgID>"), "{session}");
    assert!(session.contains("<A:Format>bool</A:Format>") && !session.contains("xmlns:A"), "{session}");
    assert!(session.contains("<CmdRef>0</CmdRef><CmdID>1</CmdID><Cmd>SyncHdr</Cmd>"), "{session}");
    assert!(session.contains("<Add><CmdID>1</CmdID>"), "{session}");
}

#[test]
fn troubles_are_what_they_say() {
    let at = |trouble| Server::start(Plan::with(trouble));
    let server = at(Trouble::Garbage(Step::Discovery));
    assert!(Windows::new(&server).probe().body.contains("Bad gate"));
    let server = at(Trouble::Empty(Step::Discovery));
    assert_eq!(Windows::new(&server).probe().body, "");

    let server = at(Trouble::TooMany { at: Step::Discovery, seconds: 120, times: 1 });
    let mut device = Windows::new(&server);
    let reply = device.probe();
    assert_eq!(reply.status, 429);
    assert!(reply.head.contains("Retry-After: 120"), "{}", reply.head);
    assert_eq!(device.probe().status, 200);

    let server = at(Trouble::FaultWith200);
    device = Windows::new(&server);
    let url = server.discovery_url().replace("Discovery", "Enrollment");
    let text = device.request_token(&url);
    let reply = device.soap(&url, &text);
    assert_eq!(reply.status, 200);
    assert!(reply.body.contains("<ErrorType>DeviceCapReached</ErrorType>"), "{}", reply.body);
}

#[test]
fn certificates_can_be_of_another_key_or_ca() {
    let server = Server::start(Plan::with(Trouble::ForeignCa));
    let mut device = Windows::new(&server);
    let (certificate, _) = enrol(&mut device);
    assert_ne!(thumbprint(&certificate), thumbprint(&server.root()));
    let text = device.opening("none");
    assert!(device.syncml(&text).is_err());

    let server = Server::start(Plan::with(Trouble::OtherKey));
    let mut device = Windows::new(&server);
    let (certificate, _) = enrol(&mut device);
    let key = device.public_key();
    assert!(!certificate.windows(key.len()).any(|w| w == key), "the certificate is of the device's own key");
}

#[test]
fn replies_can_be_shorter_than_announced() {
    for (trouble, whole_text) in [(Trouble::ShortBody, true), (Trouble::CutBody, false)] {
        let server = Server::start(Plan::with(trouble));
        let mut device = Windows::new(&server);
        enrol(&mut device);
        let text = device.opening("none");
        let reply = device.syncml(&text).expect("an answer");
        assert!(!reply.whole);
        assert_eq!(reply.body.ends_with("</SyncML>"), whole_text, "{}", reply.body);
    }
}

/// Goes through enrolment; gives the certificate and the last answer.
fn enrol(device: &mut Windows<'_>) -> (Vec<u8>, Reply) {
    assert_eq!(device.probe().status, 200);
    let discovery = device.server().discovery_url();
    let text = device.discover();
    let reply = device.soap(&discovery, &text);
    assert_eq!(reply.status, 200, "{}", reply.body);
    let found = super::xml::read(&reply.body).expect("the answer is XML");
    let of = |name: &str| found.find(name).expect("discovery names it").text.clone();
    let text = device.get_policies(&of("EnrollmentPolicyServiceUrl"));
    let reply = device.soap(&of("EnrollmentPolicyServiceUrl"), &text);
    assert_eq!(reply.status, 200, "{}", reply.body);
    let text = device.request_token(&of("EnrollmentServiceUrl"));
    let reply = device.soap(&of("EnrollmentServiceUrl"), &text);
    assert_eq!(reply.status, 200, "{}", reply.body);
    let certificate = device.install(&reply);
    (certificate, reply)
}
