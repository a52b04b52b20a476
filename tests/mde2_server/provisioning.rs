//! The provisioning document (B.6): one root, the issued certificate, w7 and DMClient.

use super::pki::thumbprint;
use super::plan::PROVIDER;
use super::route::Desk;
use super::xml::escape;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

/// The document. The My certificate has no `PrivateKeyContainer`, as real servers leave it out (G7), and base64 has
/// whitespace round it (G6).
pub(crate) fn document(desk: &Desk, certificate: &[u8], device_id: &str, store: &str) -> String {
    let root = desk.authority.der();
    let stores = characteristic(
        "CertificateStore",
        &[
            characteristic("Root", &[characteristic("System", &[kept(&root)])]),
            characteristic(
                "My",
                &[
                    characteristic(store, &[kept(certificate)]),
                    characteristic("WSTEP", &[characteristic("Renew", &renewal())]),
                ],
            ),
        ],
    );
    let provider = [
        parm("UPN", Some((&desk.plan.user, None))),
        parm("EntDeviceName", Some(("oobetest device", Some("string")))),
        characteristic("Poll", &poll(desk)),
    ];
    let client =
        characteristic("DMClient", &[characteristic("Provider", &[characteristic(PROVIDER, &provider)])]);
    format!(
        "<wap-provisioningdoc version=\"1.1\">{stores}{}{client}</wap-provisioningdoc>",
        characteristic("APPLICATION", &w7(desk, device_id, store))
    )
}

fn w7(desk: &Desk, device_id: &str, store: &str) -> Vec<String> {
    let criteria = format!("Subject=CN%3d{device_id}&Stores=My%5C{store}");
    let values = [
        ("APPID", "w7"),
        ("PROVIDER-ID", PROVIDER),
        ("NAME", "OOBE test MDM"),
        ("ADDR", &desk.management_url(device_id)),
        ("CONNRETRYFREQ", "6"),
        ("INITIALBACKOFFTIME", "30000"),
        ("MAXBACKOFFTIME", "120000"),
        ("DEFAULTENCODING", "application/vnd.syncml.dm+xml"),
        ("SSLCLIENTCERTSEARCHCRITERIA", &criteria),
    ];
    let mut parms: Vec<String> = values.iter().map(|(n, v)| parm(n, Some((v, None)))).collect();
    parms.push(parm("BACKCOMPATRETRYDISABLED", None));
    parms
}

fn poll(desk: &Desk) -> Vec<String> {
    let minutes = desk.plan.poll_minutes.to_string();
    let numbers = [
        ("NumberOfFirstRetries", "8"),
        ("IntervalForFirstSetOfRetries", &minutes),
        ("NumberOfSecondRetries", "8"),
        ("IntervalForSecondSetOfRetries", &minutes),
        ("NumberOfRemainingScheduledRetries", "0"),
        ("IntervalForRemainingScheduledRetries", &minutes),
    ];
    let mut parms: Vec<String> = numbers.iter().map(|(n, v)| parm(n, Some((v, Some("integer"))))).collect();
    parms.push(parm("PollOnLogin", Some(("true", Some("boolean")))));
    parms.push(parm("AllUsersPollOnFirstLogin", Some(("true", Some("boolean")))));
    parms
}

fn renewal() -> Vec<String> {
    vec![
        parm("ROBOSupport", Some(("true", Some("boolean")))),
        parm("RenewPeriod", Some(("42", Some("integer")))),
        parm("RetryInterval", Some(("7", Some("integer")))),
    ]
}

fn kept(certificate: &[u8]) -> String {
    let text = format!("\n{}\n", STANDARD.encode(certificate));
    characteristic(&thumbprint(certificate), &[parm("EncodedCertificate", Some((&text, None)))])
}

fn characteristic(kind: &str, inside: &[String]) -> String {
    format!("<characteristic type=\"{}\">{}</characteristic>", escape(kind), inside.concat())
}

fn parm(name: &str, value: Option<(&str, Option<&str>)>) -> String {
    match value {
        None => format!("<parm name=\"{name}\"/>"),
        Some((value, None)) => format!("<parm name=\"{name}\" value=\"{}\"/>", escape(value)),
        Some((value, Some(datatype))) => {
            format!("<parm name=\"{name}\" value=\"{}\" datatype=\"{datatype}\"/>", escape(value))
        }
    }
}
