//! Requests in the very words of other people's clients (reference: captures): they must be understood.

mod common;

use common::device::TestDevice;
use common::http::{form, get, post};
use common::nothing_refused;
use common::session::MANAGE;
use common::setup::*;
use common::steps::*;
use oobe_wire::encoding::base64_encode;
use oobe_wire::soap::{CONTENT_TYPE, TokenResponse};
use oobe_wire::syncml::{Body, Message};
use oobe_wire::wap::ProvisioningDoc;

const V1: &str = "https://login.microsoftonline.com/common/oauth2/token";
const V2: &str = "https://login.microsoftonline.com/contoso.test/oauth2/v2.0/token";

#[test]
fn roadtx_signs_in_with_another_client() {
    let cloud = cloud();
    let fields = [
        ("client_id", "04b07795-8ddb-461a-bbee-02f9e1bf7b46"),
        ("grant_type", "password"),
        ("resource", DRS),
        ("username", ALICE),
        ("password", PASSWORD),
    ];
    let reply = form(V1, &fields).send(&cloud).ok().json();
    assert!(reply["expires_on"].is_string() && reply["id_token"].is_string());
    nothing_refused(&cloud);
}

#[test]
fn libhimmelblau_asks_by_scope() {
    let cloud = cloud();
    let scope = "openid profile offline_access https://enrollment.manage.microsoft.com/.default";
    let fields = [
        ("client_id", BROKER),
        ("scope", scope),
        ("username", ALICE),
        ("password", PASSWORD),
        ("grant_type", "password"),
        ("client_info", "1"),
    ];
    let reply = form(V2, &fields).send(&cloud).ok().json();
    assert_eq!(reply["resource"], MDM);
    let fields = [
        ("client_id", BROKER),
        ("scope", "openid profile offline_access 01cb2876-7ebd-4aa4-9cc9-d28bd4d359a9/.default"),
        ("grant_type", "refresh_token"),
        ("refresh_token", reply["refresh_token"].as_str().unwrap()),
        ("client_info", "1"),
    ];
    let reply = form(V2, &fields).send(&cloud).ok().json();
    assert_eq!(reply["resource"], DRS);
    let device = TestDevice::new(1);
    join_with(&cloud, reply["access_token"].as_str().unwrap(), &device.join_body(|_| ())).ok();
    nothing_refused(&cloud);
}

/// pytune's enrolment: indented, its own prefixes in its own order.
fn pytune_rst(token: &str, csr: &[u8], device_id: &str) -> String {
    format!(
        r#"
    <s:Envelope xmlns:s="http://www.w3.org/2003/05/soap-envelope" xmlns:a="http://www.w3.org/2005/08/addressing" xmlns:u="http://docs.oasis-open.org/wss/2004/01/oasis-200401-wss-wssecurity-utility-1.0.xsd" xmlns:wsse="http://docs.oasis-open.org/wss/2004/01/oasis-200401-wss-wssecurity-secext-1.0.xsd" xmlns:wst="http://docs.oasis-open.org/ws-sx/ws-trust/200512" xmlns:ac="http://schemas.xmlsoap.org/ws/2006/12/authorization">
        <s:Header>
            <a:Action s:mustUnderstand="1">http://schemas.microsoft.com/windows/pki/2009/01/enrollment/RST/wstep</a:Action>
            <a:MessageID>urn:uuid:fc62047d-53ab-4f6a-8e6f-aade7708a6dd</a:MessageID>
            <a:ReplyTo>
                <a:Address>http://www.w3.org/2005/08/addressing/anonymous</a:Address>
            </a:ReplyTo>
            <a:To s:mustUnderstand="1">https://enrollment.manage.microsoft.com/enrollmentserver/enroll.svc</a:To>
            <wsse:Security s:mustUnderstand="1">
                <wsse:BinarySecurityToken ValueType="urn:ietf:params:oauth:token-type:jwt" EncodingType="http://docs.oasis-open.org/wss/2004/01/oasis-200401-wss-wssecurity-secext-1.0.xsd#base64binary">{}</wsse:BinarySecurityToken>
            </wsse:Security>
        </s:Header>
        <s:Body>
            <wst:RequestSecurityToken>
                <wst:TokenType>http://schemas.microsoft.com/5.0.0.0/ConfigurationManager/Enrollment/DeviceEnrollmentToken</wst:TokenType>
                <wst:RequestType>http://docs.oasis-open.org/ws-sx/ws-trust/200512/Issue</wst:RequestType>
                <wsse:BinarySecurityToken ValueType="http://schemas.microsoft.com/windows/pki/2009/01/enrollment#PKCS10" EncodingType="http://docs.oasis-open.org/wss/2004/01/oasis-200401-wss-wssecurity-secext-1.0.xsd#base64binary">
                    {}
                </wsse:BinarySecurityToken>
                <ac:AdditionalContext xmlns="http://schemas.xmlsoap.org/ws/2006/12/authorization">
                    <ac:ContextItem Name="DeviceID">
                        <ac:Value>{device_id}</ac:Value>
                    </ac:ContextItem>
                    <ac:ContextItem Name="EnrollmentType">
                        <ac:Value>Device</ac:Value>
                    </ac:ContextItem>
                </ac:AdditionalContext>
            </wst:RequestSecurityToken>
        </s:Body>
    </s:Envelope>"#,
        base64_encode(token.as_bytes()),
        base64_encode(csr),
    )
}

#[test]
fn pytune_enrols_and_says_hello() {
    let cloud = cloud();
    let mut device = TestDevice::new(1);
    join(&cloud, &mut device, ALICE);
    let token = prt_token(&cloud, &prt(&cloud, &device, ALICE), MDM);
    let csr = oobe_wire::x509::make_csr(
        &oobe_wire::x509::Name::common_name("ConfigMgrEnroll"),
        &device.mdm_key,
        &[],
    );
    let id = device.entra_id.unwrap().to_string();
    let url = "https://enrollment.manage.microsoft.com/enrollmentserver/enroll.svc";
    let answer = post(url, CONTENT_TYPE, pytune_rst(&token, &csr, &id)).send(&cloud).ok();
    let doc = TokenResponse::parse(&answer.body).unwrap().provisioning_doc;
    // It reads the third certificate of the document (reference: protocols, G).
    let text = String::from_utf8(doc.clone()).unwrap();
    let third = text.split("name=\"EncodedCertificate\" value=\"").nth(3).unwrap().split('"').next().unwrap();
    device.mdm_certificate = oobe_wire::encoding::base64_decode(third).unwrap();
    let leaf = oobe_wire::x509::parse_certificate(&device.mdm_certificate).unwrap();
    assert_eq!(&leaf.public_key, device.mdm_key.public());
    assert!(ProvisioningDoc::parse(&doc).is_ok());

    let hello = format!(
        r#"<?xml version="1.0" encoding="utf-8"?>
<SyncML xmlns="SYNCML:SYNCML1.2"><SyncHdr><VerDTD>1.2</VerDTD><VerProto>DM/1.2</VerProto><SessionID>1</SessionID><MsgID>1</MsgID><Target><LocURI>https://r.manage.microsoft.com/devicegatewayproxy/cimhandler.ashx</LocURI></Target><Source><LocURI>imei:{id}</LocURI></Source></SyncHdr><SyncBody><Replace><CmdID>6</CmdID><Item><Source><LocURI>./DevInfo/DevId</LocURI></Source><Data>imei:{id}</Data></Item><Item><Source><LocURI>./DevInfo/Man</LocURI></Source><Data>Microsoft Corporation</Data></Item></Replace><Final></Final></SyncBody></SyncML>"#
    );
    let url = MANAGE.split('?').next().unwrap();
    let answer =
        post(url, "application/vnd.syncml.dm+xml", hello).peer(&device.mdm_certificate).send(&cloud).ok();
    let reply = Message::parse(&answer.body).unwrap();
    assert_eq!(reply.header.target, format!("imei:{id}"));
    assert!(reply.commands.iter().any(|c| matches!(&c.body, Body::Status(s) if s.cmd_ref == "6")));
    nothing_refused(&cloud);
}

#[test]
fn libhimmelblau_asks_for_its_realm() {
    let cloud = cloud();
    let url = "https://login.microsoftonline.com/common/UserRealm/mallory%40nowhere.test?api-version=2.0";
    assert_eq!(get(url).send(&cloud).ok().json()["NameSpaceType"], "Unknown");
}
