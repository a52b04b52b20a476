//! RequestSecurityToken (B.5): checks what real servers check, and issues the certificate.

use super::asn1::{self, Csr};
use super::discovery::is_dotted_quad;
use super::fault::Fault;
use super::http::Request;
use super::pki;
use super::plan::Trouble;
use super::provisioning;
use super::route::{self, Desk};
use super::seen::{Enrol, What};
use super::soap::{self, Envelope, WSSE, WST, WSTEP};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use std::collections::{BTreeMap, BTreeSet};

const TOKEN: &str =
    "http://schemas.microsoft.com/5.0.0.0/ConfigurationManager/Enrollment/DeviceEnrollmentToken";
const DOCUMENT: &str =
    "http://schemas.microsoft.com/5.0.0.0/ConfigurationManager/Enrollment/DeviceEnrollmentProvisionDoc";

/// Context items that Windows always sends.
const CONTEXT: [&str; 12] = [
    "DeviceType",
    "OSEdition",
    "OSVersion",
    "ApplicationVersion",
    "DeviceName",
    "DeviceID",
    "EnrollmentType",
    "HWDevID",
    "Locale",
    "TargetedUserLoggedIn",
    "UXInitiated",
    "NotInOobe",
];

/// An enrolment that was granted.
pub(crate) struct Granted {
    /// The answer.
    pub(crate) answer: route::Answer,
    /// SHA-1 of the certificate, hex.
    pub(crate) thumbprint: String,
    /// `DeviceID`.
    pub(crate) device_id: String,
}

/// Answers RequestSecurityToken.
pub(crate) fn answer(
    desk: &Desk,
    request: &Request,
    message_ids: &mut BTreeSet<String>,
) -> Result<Granted, Fault> {
    let mut envelope =
        soap::read(request, &desk.url(route::ENROL), &format!("{WSTEP}/RST/wstep"), message_ids)?;
    let mut remarks = std::mem::take(&mut envelope.remarks);
    let user = desk.admit(envelope.credentials()?)?.to_owned();
    let context = context(&envelope)?;
    raw_text(&request.body)?;
    // What servers look for has no declarations in between (G1). Discovery and GetPolicies may have a default one.
    if soap::declares_late(&request.body) {
        remarks.push("a namespace is declared outside the Envelope".into());
    }
    context_remarks(&context, &mut remarks);
    let device_id = context["DeviceID"][0].clone();
    let csr = csr(&envelope, &device_id)?;
    remarks.extend(csr.remarks.iter().cloned());

    let key = if desk.plan.trouble == Some(Trouble::OtherKey) { pki::stray_key() } else { csr.spki };
    let issuer = if desk.plan.trouble == Some(Trouble::ForeignCa) { &desk.foreign } else { &desk.authority };
    let certificate = issuer.device(&device_id, &key).map_err(Fault::request)?;
    let store = if context["EnrollmentType"][0] == "Device" { "System" } else { "User" };
    let document = provisioning::document(desk, &certificate, &device_id, store);
    let response = soap::response(
        200,
        &format!("{WSTEP}/RSTRC/wstep"),
        &envelope.message_id,
        &format!(
            "<RequestSecurityTokenResponseCollection xmlns=\"{WST}\"><RequestSecurityTokenResponse>\
             <TokenType>{TOKEN}</TokenType><DispositionMessage xmlns=\"{WSTEP}\"/>\
             <RequestedSecurityToken><BinarySecurityToken xmlns=\"{WSSE}\" ValueType=\"{DOCUMENT}\" \
             EncodingType=\"{WSSE}#base64binary\">\r\n    {}\r\n  </BinarySecurityToken></RequestedSecurityToken>\
             <RequestID xmlns=\"{WSTEP}\">0</RequestID></RequestSecurityTokenResponse>\
             </RequestSecurityTokenResponseCollection>",
            STANDARD.encode(document)
        ),
    );
    let what = What::Enrol(Enrol { user, context, subject: csr.subject, key: csr.key });
    let thumbprint = pki::thumbprint(&certificate);
    Ok(Granted { answer: route::Answer { what, response, remarks }, thumbprint, device_id })
}

/// What servers in the field look for in the raw text (G1); they crash when it is not there.
fn raw_text(body: &str) -> Result<(), Fault> {
    let marks = [
        format!(
            "<wsse:BinarySecurityToken ValueType=\"{WSTEP}#PKCS10\" EncodingType=\"{WSSE}#base64binary\">"
        ),
        "<ac:ContextItem Name=\"DeviceID\"><ac:Value>".to_owned(),
        "<ac:ContextItem Name=\"EnrollmentType\"><ac:Value>".to_owned(),
    ];
    match marks.iter().find(|mark| !body.contains(mark.as_str())) {
        Some(mark) => Err(Fault::format(format!("no {mark} in the text"))),
        None => Ok(()),
    }
}

fn context(envelope: &Envelope) -> Result<BTreeMap<String, Vec<String>>, Fault> {
    let list = envelope
        .body(&["RequestSecurityToken", "AdditionalContext"])
        .ok_or_else(|| Fault::format("no AdditionalContext"))?;
    let mut items = BTreeMap::<String, Vec<String>>::new();
    for item in list.all("ContextItem") {
        let name = item.attribute("Name").ok_or_else(|| Fault::format("a ContextItem without Name"))?;
        items.entry(name.to_owned()).or_default().push(item.text_at(&["Value"]).to_owned());
    }
    if let Some(name) = CONTEXT.iter().find(|name| !items.contains_key(**name)) {
        return Err(Fault::format(format!("context item {name} is missing")));
    }
    let fixed = [("DeviceID", 32), ("HWDevID", 64)];
    for (name, digits) in fixed {
        let value = &items[name][0];
        if value.len() != digits || !value.chars().all(|c| c.is_ascii_hexdigit()) {
            return Err(Fault::format(format!("{name} is not {digits} hex digits")));
        }
    }
    if !["Full", "Device"].contains(&items["EnrollmentType"][0].as_str()) {
        return Err(Fault::format("EnrollmentType is neither Full nor Device"));
    }
    Ok(items)
}

fn context_remarks(context: &BTreeMap<String, Vec<String>>, remarks: &mut Vec<String>) {
    let mut must = |holds: bool, what: &str| {
        if !holds {
            remarks.push(what.to_owned());
        }
    };
    let first = |name: &str| context[name][0].as_str();
    must(first("DeviceType") == "CIMClient_Windows", "DeviceType is not CIMClient_Windows");
    must(first("OSEdition").parse::<u32>().is_ok(), "OSEdition is not a number");
    must(is_dotted_quad(first("OSVersion")), "OSVersion is not a dotted quad");
    must(is_dotted_quad(first("ApplicationVersion")), "ApplicationVersion is not a dotted quad");
    must(!first("DeviceName").is_empty(), "DeviceName is empty");
    must(first("NotInOobe") == "false", "NotInOobe is not false, in OOBE");
    for name in ["TargetedUserLoggedIn", "UXInitiated"] {
        must(["true", "false"].contains(&first(name)), &format!("{name} is no boolean"));
    }
    for (name, values) in context {
        must(values.len() == 1 || name == "MAC", &format!("{name} is there {} times", values.len()));
    }
    for mac in context.get("MAC").into_iter().flatten() {
        let pairs: Vec<&str> = mac.split('-').collect();
        must(pairs.len() == 6 && pairs.iter().all(|p| p.len() == 2), "MAC is not AA-BB-CC-DD-EE-FF");
    }
}

fn csr(envelope: &Envelope, device_id: &str) -> Result<Csr, Fault> {
    let body = envelope
        .body(&["RequestSecurityToken"])
        .ok_or_else(|| Fault::format("no RequestSecurityToken in the body"))?;
    let expected = [("TokenType", TOKEN.to_owned()), ("RequestType", format!("{WST}/Issue"))];
    for (name, value) in expected {
        if body.text_at(&[name]) != value {
            return Err(Fault::format(format!("{name} is not {value}")));
        }
    }
    let text: String = body.text_at(&["BinarySecurityToken"]).split_whitespace().collect();
    let der = STANDARD.decode(text).map_err(|e| Fault::request(format!("PKCS#10: {e}")))?;
    asn1::read(&der, device_id).map_err(Fault::request)
}
