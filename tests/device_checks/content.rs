//! What the device checks on what a server has it install: certificates, MSI packages, the side-car's answers, Win32
//! apps.

use oobe_agent::esp::{Phase, RowState};
use oobe_agent::io::{HttpReply, Note, NoteFault};
use oobe_agent::manage::Management;
use oobe_agent::manage::csp::LocUri;
use oobe_catalog::codes::{self, ResultCode};
use oobe_mock_cloud::{FaultKind, Matcher};
use oobe_wire::content::{pack, seal_for, unpack};
use oobe_wire::crypto::{KeyKind, PrivateKey};
use oobe_wire::encoding::{base64_decode, base64_encode};
use oobe_wire::rng::Stream;
use serde_json::{Value, json};

use crate::edit::{
    flip, json as edit_json, payload, replace_between, session, sidecar, syncml, url, written,
};
use crate::harness::Trial;

/// The device's management.
fn management(trial: &Trial) -> &Management {
    trial.device().disk().management.as_ref().expect("the device is enrolled")
}

/// Whether an app or package was installed by now.
fn installed(trial: &Trial, item: &str) -> bool {
    trial.progress(item, "installed") + trial.progress(item, "success") > 0
}

#[test]
fn device_refuses_root_certificate() {
    let set = ["tenant.contoso.certificate.corporate.kind=trusted-root"];
    let roots = LocUri::device("Vendor/MSFT/RootCATrustedCertificates/Root");
    let mut right = Trial::with(&set);
    right.reaches_the_desktop();
    assert_eq!(management(&right).tree().names(&roots).len(), 1);
    assert_eq!(right.progress("", "root certificate installed"), 1);

    // Under the name of another certificate, and no certificate at all.
    let renamed = |reply: &mut HttpReply| {
        let before = "RootCATrustedCertificates/Root/";
        replace_between(reply, before, "/EncodedCertificate", &"00".repeat(20))
    };
    let garbage = |reply: &mut HttpReply| {
        syncml(reply, |m| written(&mut m.commands, "RootCATrustedCertificates", "VGVzdA=="))
    };
    for spoil in [renamed as fn(&mut HttpReply) -> bool, garbage] {
        let mut trial = Trial::with(&set).meddle_once(session, move |_, reply| spoil(reply));
        trial.until_refused("root-certificate").told(NoteFault::PeerBrokeProtocol, Some(codes::E_INVALIDARG));
        trial.reaches_the_desktop().refused_only("root-certificate");
        assert_eq!(management(&trial).tree().names(&roots), Vec::<String>::new());
        assert_eq!(trial.progress("", "root certificate installed"), 0);
    }
}

#[test]
fn device_refuses_pfx() {
    let password =
        |reply: &mut HttpReply| syncml(reply, |m| written(&mut m.commands, "/PFXCertPassword", "guess"));
    let garbage = |reply: &mut HttpReply| syncml(reply, |m| written(&mut m.commands, "/PFXCertBlob", "MIIB"));
    for spoil in [password as fn(&mut HttpReply) -> bool, garbage] {
        let mut trial = Trial::new().meddle_once(session, move |_, reply| spoil(reply));
        trial.until_refused("pfx").told(NoteFault::PeerBrokeProtocol, Some(codes::E_INVALIDARG));
        let node = LocUri::device("Vendor/MSFT/ClientCertificateInstall/PFXCertInstall")
            .child("Contoso network access");
        let tree = management(&trial).tree();
        let signed = codes::E_INVALIDARG.code.signed();
        assert_eq!(tree.number(&node.child("Status")), Some(signed.into()));
        for forgotten in ["PFXCertBlob", "PFXCertPassword", "Thumbprint"] {
            assert_eq!(tree.read(&node.child(forgotten)), None, "{forgotten} is kept");
        }
        // The page waits for this certificate: its row fails, and with it the phase.
        trial.until_screen("esp.error").refused_only("pfx");
        let page = trial.screen().esp.clone().expect("the page");
        let setup = page.phases.iter().find(|p| p.phase == Phase::DeviceSetup).expect("Device setup");
        let row =
            setup.rows.iter().find(|row| row.title.contains("ertificates")).expect("the certificates' row");
        assert_eq!(row.state, RowState::Error);
        assert_eq!(trial.progress("", "certificate installed"), 0);
    }
}

/// A package is refused, nothing of it is installed, and a later try brings it.
fn refused_package(mut trial: Trial, check: &str, item: &str, code: &'static ResultCode) {
    trial.until_refused(check).refused_only(check).told(NoteFault::PeerBrokeProtocol, Some(code));
    assert!(!installed(&trial, item), "{}", trial.tail());
    assert_eq!(trial.reaches_the_desktop().refusals(check), 1);
    assert!(installed(&trial, item));
}

#[test]
fn device_refuses_msi_sha256() {
    let package = |request: &_| {
        url("/content/")(request) && !url("IntuneWindowsAgent")(request) && url(".msi")(request)
    };
    let trial = Trial::new().meddle_once(package, |_, reply| flip(reply));
    refused_package(trial, "msi-sha256", "8F2B7C1E-5D34-4A0B-9C55-1E2F3A4B5C6D", codes::E_FAIL);
    let agent = Matcher { path: Some("IntuneWindowsAgent.msi".into()), ..Matcher::default() };
    let trial = Trial::new().fault(agent, FaultKind::Truncate);
    refused_package(trial, "msi-sha256", "EF64DF29-F55A-4730-9D43-8A8257054E61", codes::E_FAIL);
}

/// The check-in of the management extension fails and is tried again.
fn refused_check_in(mut trial: Trial, check: &str) {
    trial.until_refused(check).refused_only(check).told(NoteFault::PeerBrokeProtocol, None);
    assert_eq!(trial.progress("app ", ""), 0, "{}", trial.tail());
    assert_eq!(trial.reaches_the_desktop().refusals(check), 1);
    assert!(installed(&trial, "Office suite"));
}

#[test]
fn device_refuses_sidecar_addresses() {
    for (member, value) in [("ServiceName", "AnotherService"), ("Url", "fef.manage.microsoft.com")] {
        let trial = Trial::new().meddle_once(url("/ServiceAddresses"), move |_, reply| {
            edit_json(reply, |list| list[0]["Services"][0][member] = json!(value))
        });
        refused_check_in(trial, "sidecar-addresses");
    }
}

#[test]
fn device_refuses_sidecar_payload() {
    let trial = Trial::new().meddle_once(sidecar("PolicyRequest"), |_, reply| {
        edit_json(reply, |answer| answer["ResponsePayload"] = Value::Null)
    });
    refused_check_in(trial, "sidecar-payload");
}

/// The list of apps, unpacked.
fn apps(answer: &Value) -> Value {
    let frame = base64_decode(answer["ResponsePayload"].as_str().expect("a payload")).expect("base64");
    serde_json::from_slice(&unpack(&frame).expect("a packed list")).expect("JSON")
}

#[test]
fn device_refuses_sidecar_app_list() {
    for packed in ["not base64!", "AAAA", "5QcAAB+LCAAAAAAAAP8="] {
        let trial = Trial::new().meddle_once(sidecar("GetSelectedApp"), move |_, reply| {
            edit_json(reply, |answer| answer["ResponsePayload"] = json!(packed))
        });
        refused_check_in(trial, "sidecar-app-list");
    }
}

#[test]
fn device_refuses_sidecar_app() {
    // An app without a detection rule can't be installed; the others are.
    let mut trial = Trial::new().meddle(u32::MAX, sidecar("GetSelectedApp"), |_, reply| {
        edit_json(reply, |answer| {
            let mut list = apps(answer);
            let entries = list.as_array_mut().expect("a list");
            for app in entries.iter_mut().filter(|app| app["Name"] == "Archiver") {
                app["DetectionRule"] = json!("[]");
            }
            answer["ResponsePayload"] = json!(base64_encode(&pack(list.to_string().as_bytes())));
        })
    });
    trial.until_refused("sidecar-app").reaches_the_desktop().refused_only("sidecar-app");
    assert!(!installed(&trial, "Archiver"));
    assert!(installed(&trial, "Office suite"));
}

/// The content of an app is refused and asked for again later.
fn refused_content(trial: Trial, check: &str) {
    refused_package(trial, check, "Archiver", codes::IME_UNZIP_OR_CONTENT_INFO);
}

#[test]
fn device_refuses_content_info() {
    for (member, value) in [
        ("DecryptInfo", json!("<EncryptedMessage/>")),
        ("DecryptInfo", json!("not XML")),
        ("ContentInfo", json!(r#"{"UploadLocation":"C:\\archiver.bin"}"#)),
        ("ContentInfo", Value::Null),
    ] {
        let trial = Trial::new().meddle_once(sidecar("GetContentInfo"), move |_, reply| {
            payload(reply, |info| info[member] = value.clone())
        });
        refused_content(trial, "content-info");
    }
}

#[test]
fn device_refuses_content_key() {
    // Sealed for another device's certificate.
    let trial = Trial::new().meddle_once(sidecar("GetContentInfo"), |_, reply| {
        let stranger = PrivateKey::generate(KeyKind::P256, &mut Stream::new(1, &["another device"]));
        let sealed = seal_for(stranger.public(), &mut Stream::new(2, &[]), b"{}");
        payload(reply, |info| {
            let xml = format!(
                "<EncryptedMessage><EncryptedContent>{}</EncryptedContent></EncryptedMessage>",
                base64_encode(&sealed)
            );
            info["DecryptInfo"] = json!(xml);
        })
    });
    refused_content(trial, "content-key");
}

#[test]
fn device_refuses_content_mac() {
    refused_content(Trial::new().meddle_once(url(".intunewin.bin"), |_, reply| flip(reply)), "content-mac");
    let content = Matcher { path: Some(".intunewin.bin".into()), ..Matcher::default() };
    refused_content(Trial::new().fault(content, FaultKind::Truncate), "content-mac");
}

#[test]
fn device_installs_nothing_that_it_refused_for_good() {
    // The content never becomes right: the app fails after its tries, and the page with it.
    let mut trial = Trial::new().meddle(u32::MAX, url(".intunewin.bin"), |_, reply| flip(reply));
    trial.until_screen("esp.error").refused_only("content-mac");
    assert!(!installed(&trial, "Archiver") && !installed(&trial, "Office suite"));
    let told = |note: &Note| matches!(note, Note::Failed { code: Some(c), .. } if *c == codes::IME_UNZIP_OR_CONTENT_INFO.to_string());
    assert!(trial.notes().any(told));
    assert!(!management(&trial).installed().any(|file| file.contains("rchiver")));
}
