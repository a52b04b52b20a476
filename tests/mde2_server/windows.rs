//! A Windows device by hand: requests as the reference says that Windows writes them, sent over plain rustls. It
//! proves that the server works, and that it can fail a client.

use super::Server;
use super::raw::{self, Reply};
use super::xml::{self, Node};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use rcgen::{CertificateParams, CustomExtension, DnType, ExtendedKeyUsagePurpose, KeyPair};
use rustls::ClientConfig;
use rustls::pki_types::CertificateDer;
use std::collections::BTreeMap;
use std::io;
use std::sync::Arc;

/// Device id of the enrolment.
pub(crate) const DEVICE_ID: &str = "0123456789ABCDEF0123456789ABCDEF";

const ENVELOPE: &str = concat!(
    r#"<s:Envelope xmlns:s="http://www.w3.org/2003/05/soap-envelope" xmlns:a="http://www.w3.org/2005/08/addressing""#,
    r#" xmlns:u="http://docs.oasis-open.org/wss/2004/01/oasis-200401-wss-wssecurity-utility-1.0.xsd""#,
    r#" xmlns:wsse="http://docs.oasis-open.org/wss/2004/01/oasis-200401-wss-wssecurity-secext-1.0.xsd""#,
    r#" xmlns:wst="http://docs.oasis-open.org/ws-sx/ws-trust/200512""#,
    r#" xmlns:ac="http://schemas.xmlsoap.org/ws/2006/12/authorization""#,
    r#" xmlns:xcep="http://schemas.microsoft.com/windows/pki/2009/01/enrollmentpolicy""#,
    r#" xmlns:enroll="http://schemas.microsoft.com/windows/management/2012/01/enrollment""#,
    r#" xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance">"#
);

const ENROLL: &str = "http://schemas.microsoft.com/windows/management/2012/01/enrollment";
const XCEP: &str = "http://schemas.microsoft.com/windows/pki/2009/01/enrollmentpolicy";
const WSTEP: &str = "http://schemas.microsoft.com/windows/pki/2009/01/enrollment";
const WSSE: &str = "http://docs.oasis-open.org/wss/2004/01/oasis-200401-wss-wssecurity-secext-1.0.xsd";
const PASSWORD_TEXT: &str =
    "http://docs.oasis-open.org/wss/2004/01/oasis-200401-wss-username-token-profile-1.0#PasswordText";

/// The device.
pub(crate) struct Windows<'a> {
    server: &'a Server,
    key: KeyPair,
    certificate: Option<CertificateDer<'static>>,
    address: String,
    messages: u32,
    sessions: u32,
    /// Nodes that were added or given a value.
    pub(crate) nodes: BTreeMap<String, String>,
}

impl<'a> Windows<'a> {
    /// A device in front of a server.
    pub(crate) fn new(server: &'a Server) -> Self {
        let key = KeyPair::generate().expect("ring makes P-256 keys");
        let (certificate, address, nodes) = (None, String::new(), BTreeMap::new());
        Self { server, key, certificate, address, messages: 0, sessions: 0, nodes }
    }

    /// The server it stands in front of.
    pub(crate) fn server(&self) -> &'a Server {
        self.server
    }

    /// GET on the discovery URL.
    pub(crate) fn probe(&self) -> Reply {
        let headers = "Cache-Control: no-cache\r\nPragma: no-cache\r\nUser-Agent: ENROLLClient\r\n";
        raw::exchange(&self.tls(), &self.server.discovery_url(), "GET", headers, "")
            .expect("the probe is answered")
    }

    /// Posts an envelope.
    pub(crate) fn soap(&self, url: &str, body: &str) -> Reply {
        let headers = "Content-Type: application/soap+xml; charset=utf-8\r\nUser-Agent: ENROLLClient\r\n";
        raw::exchange(&self.tls(), url, "POST", headers, body).expect("an envelope is answered")
    }

    /// The discovery request.
    pub(crate) fn discover(&mut self) -> String {
        let user = &self.server.plan().user;
        let body = format!(
            "<enroll:Discover><enroll:request><enroll:EmailAddress>{user}</enroll:EmailAddress>\
             <enroll:RequestVersion>4.0</enroll:RequestVersion><enroll:DeviceType>CIMClient_Windows</enroll:DeviceType>\
             <enroll:ApplicationVersion>10.0.26200.8655</enroll:ApplicationVersion><enroll:OSEdition>4</enroll:OSEdition>\
             <enroll:AuthPolicies><enroll:AuthPolicy>OnPremise</enroll:AuthPolicy></enroll:AuthPolicies>\
             </enroll:request></enroll:Discover>"
        );
        let url = self.server.discovery_url();
        self.envelope(&format!("{ENROLL}/IDiscoveryService/Discover"), &url, false, &body)
    }

    /// GetPolicies, to the URL that discovery gave.
    pub(crate) fn get_policies(&mut self, url: &str) -> String {
        let body = "<xcep:GetPolicies><xcep:client><xcep:lastUpdate xsi:nil=\"true\"></xcep:lastUpdate>\
                    <xcep:preferredLanguage xsi:nil=\"true\"></xcep:preferredLanguage></xcep:client>\
                    <xcep:requestFilter xsi:nil=\"true\"></xcep:requestFilter></xcep:GetPolicies>";
        self.envelope(&format!("{XCEP}/IPolicy/GetPolicies"), url, true, body)
    }

    /// RequestSecurityToken.
    pub(crate) fn request_token(&mut self, url: &str) -> String {
        let request = STANDARD.encode(self.request());
        let hardware = "0123456789abcdef".repeat(4);
        let items = [
            ("UXInitiated", "false"),
            ("HWDevID", &hardware),
            ("Locale", "en-US"),
            ("TargetedUserLoggedIn", "true"),
            ("OSEdition", "4"),
            ("DeviceName", "DESKTOP-RAW0001"),
            ("MAC", "02-00-00-00-00-01"),
            ("MAC", "02-00-00-00-00-02"),
            ("DeviceID", DEVICE_ID),
            ("EnrollmentType", "Full"),
            ("DeviceType", "CIMClient_Windows"),
            ("OSVersion", "10.0.26200.8655"),
            ("ApplicationVersion", "10.0.26200.8655"),
            ("NotInOobe", "false"),
        ];
        let items: String = items.iter().map(|(n, v)| context_item(n, v)).collect();
        let body = format!(
            "<wst:RequestSecurityToken><wst:TokenType>http://schemas.microsoft.com/5.0.0.0/ConfigurationManager/\
             Enrollment/DeviceEnrollmentToken</wst:TokenType><wst:RequestType>\
             http://docs.oasis-open.org/ws-sx/ws-trust/200512/Issue</wst:RequestType><wsse:BinarySecurityToken \
             ValueType=\"{WSTEP}#PKCS10\" EncodingType=\"{WSSE}#base64binary\">{request}</wsse:BinarySecurityToken>\
             <ac:AdditionalContext>{items}</ac:AdditionalContext></wst:RequestSecurityToken>"
        );
        self.envelope(&format!("{WSTEP}/RST/wstep"), url, true, &body)
    }

    /// ADDR of the provisioning document.
    pub(crate) fn address(&self) -> &str {
        &self.address
    }

    /// Takes certificate and ADDR out of the answer to RequestSecurityToken; gives the certificate.
    pub(crate) fn install(&mut self, reply: &Reply) -> Vec<u8> {
        let envelope = xml::read(&reply.body).expect("the answer is XML");
        let token = envelope.find("BinarySecurityToken").expect("a token").text.trim().to_owned();
        let document = String::from_utf8(STANDARD.decode(token).expect("base64")).expect("text");
        let document = xml::read(&document).expect("the provisioning document is XML");
        let of = |name: &'static str| move |c: &&Node| c.attribute("type") == Some(name);
        let my = document.children.iter().find(of("CertificateStore")).expect("stores");
        let my = my.children.iter().find(of("My")).expect("My");
        let kept = my
            .children
            .iter()
            .find(of("User"))
            .expect("My/User")
            .child("characteristic")
            .expect("a certificate");
        let text: String = value(kept, "EncodedCertificate").split_whitespace().collect();
        let certificate = STANDARD.decode(text).expect("base64");
        self.certificate = Some(certificate.clone().into());
        let application = document.children.iter().find(of("APPLICATION")).expect("w7");
        value(application, "ADDR").clone_into(&mut self.address);
        certificate
    }

    /// Uses another certificate from now on, or none.
    pub(crate) fn show(&mut self, certificate: Option<CertificateDer<'static>>) {
        self.certificate = certificate;
    }

    /// The SubjectPublicKeyInfo of the device's key.
    pub(crate) fn public_key(&self) -> Vec<u8> {
        use rcgen::PublicKeyData as _;
        self.key.subject_public_key_info()
    }

    /// Posts a SyncML message.
    pub(crate) fn syncml(&self, body: &str) -> io::Result<Reply> {
        let url = format!("{}&mode=Maintenance&Platform=WoA", self.address);
        let kind = "application/vnd.syncml.dm+xml";
        let headers = format!(
            "Content-Type: {kind}\r\nAccept: {kind}, application/vnd.syncml.dm+wbxml, application/octet-stream\r\n\
             User-Agent: MSFT OMA DM Client/1.2.0.1\r\nMS-CV: AAAAAAAAAAAAAAAA.0\r\n\
             client-request-id: 00000000-0000-0000-0000-000000000001\r\n"
        );
        raw::exchange(&self.tls(), &url, "POST", &headers, body)
    }

    /// The first message of a new session.
    pub(crate) fn opening(&mut self, login: &str) -> String {
        self.sessions += 1;
        let items: String =
            [("DevId", DEVICE_ID), ("Man", "Raw"), ("Mod", "R1"), ("DmV", "1.3"), ("Lang", "en-US")]
                .map(|(n, v)| dev_info(n, v))
                .concat();
        self.message(
            1,
            &format!(
                "<Alert><CmdID>2</CmdID><Data>1201</Data></Alert><Alert><CmdID>3</CmdID><Data>1224</Data><Item><Meta>\
                 <Type xmlns=\"syncml:metinf\">com.microsoft/MDM/LoginStatus</Type></Meta><Data>{login}</Data></Item>\
                 </Alert><Replace><CmdID>4</CmdID>{items}</Replace>"
            ),
        )
    }

    /// Runs a whole session; the user's nodes exist only `with_user_context`.
    pub(crate) fn session(&mut self, login: &str, with_user_context: bool) {
        let mut body = self.opening(login);
        for number in 2..10 {
            let reply = self.syncml(&body).expect("a session is answered");
            assert_eq!(reply.status, 200, "{}", reply.body);
            let message = xml::read(&reply.body).expect("the answer is XML");
            let commands: Vec<&Node> = message
                .child("SyncBody")
                .expect("a body")
                .children
                .iter()
                .filter(|c| !matches!(c.name.as_str(), "Status" | "Final"))
                .collect();
            if commands.is_empty() {
                return;
            }
            let theirs = message.text_at(&["SyncHdr", "MsgID"]);
            let mut statuses = status(1, theirs, "0", "SyncHdr", 200);
            let mut results = String::new();
            for (place, command) in commands.iter().enumerate() {
                let (code, data) = self.apply(command, with_user_context);
                let reference = command.text_at(&["CmdID"]);
                statuses.push_str(&status(place + 2, theirs, reference, &command.name, code));
                if let Some(data) = data {
                    results.push_str(&result(place + 100, theirs, reference, command, &data));
                }
            }
            body = self.message(number, &(statuses + &results));
        }
        panic!("the session does not end");
    }

    fn apply(&mut self, command: &Node, with_user_context: bool) -> (u16, Option<String>) {
        let uri = command.text_at(&["Item", "Target", "LocURI"]).to_owned();
        let data = command.text_at(&["Item", "Data"]).to_owned();
        let user = uri.starts_with("./User/");
        match command.name.as_str() {
            "Add" if user && !with_user_context => (500, None),
            "Replace" if user && !with_user_context => (405, None),
            "Add" if self.nodes.contains_key(&uri) => (418, None),
            "Get" if uri.ends_with("NoSuchNode") => (404, None),
            "Get" => (200, Some(format!("value of {uri}"))),
            _ => {
                self.nodes.insert(uri, data);
                (200, None)
            }
        }
    }

    fn tls(&self) -> Arc<ClientConfig> {
        raw::tls(self.server.root(), self.certificate.clone().map(|c| (c, self.key.serialize_der())))
    }

    fn message(&self, number: u32, commands: &str) -> String {
        format!(
            "<?xml version=\"1.0\" encoding=\"utf-8\"?><SyncML xmlns=\"SYNCML:SYNCML1.2\"><SyncHdr>\
             <VerDTD>1.2</VerDTD><VerProto>DM/1.2</VerProto><SessionID>{}</SessionID><MsgID>{number}</MsgID>\
             <Target><LocURI>{}</LocURI></Target><Source><LocURI>{DEVICE_ID}</LocURI></Source></SyncHdr>\
             <SyncBody>{commands}<Final/></SyncBody></SyncML>",
            self.sessions,
            xml::escape(&self.address)
        )
    }

    fn envelope(&mut self, action: &str, url: &str, secured: bool, body: &str) -> String {
        self.messages += 1;
        let plan = self.server.plan();
        let security = if secured {
            format!(
                "<wsse:Security s:mustUnderstand=\"1\"><wsse:UsernameToken \
                 u:Id=\"uuid-cc1ccc1f-2fba-4bcf-b063-ffc0cac77917-4\"><wsse:Username>{}</wsse:Username>\
                 <wsse:Password wsse:Type=\"{PASSWORD_TEXT}\">{}</wsse:Password></wsse:UsernameToken></wsse:Security>",
                plan.user, plan.password
            )
        } else {
            String::new()
        };
        format!(
            "{ENVELOPE}<s:Header><a:Action s:mustUnderstand=\"1\">{action}</a:Action>\
             <a:MessageID>urn:uuid:00000000-0000-4000-8000-{:012x}</a:MessageID><a:ReplyTo><a:Address>\
             http://www.w3.org/2005/08/addressing/anonymous</a:Address></a:ReplyTo>\
             <a:To s:mustUnderstand=\"1\">{url}</a:To>{security}</s:Header><s:Body>{body}</s:Body></s:Envelope>",
            self.messages
        )
    }

    fn request(&self) -> Vec<u8> {
        let mut params = CertificateParams::default();
        params.distinguished_name = rcgen::DistinguishedName::new();
        params.distinguished_name.push(DnType::CommonName, DEVICE_ID);
        params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ClientAuth];
        let oid = [1, 3, 6, 1, 4, 1, 311, 66, 1, 0];
        params.custom_extensions =
            vec![CustomExtension::from_oid_content(&oid, format!("{DEVICE_ID}\0").into_bytes())];
        params.serialize_request(&self.key).expect("a request can be signed").der().to_vec()
    }
}

/// A context item as Windows writes it.
pub(crate) fn context_item(name: &str, value: &str) -> String {
    format!("<ac:ContextItem Name=\"{name}\"><ac:Value>{value}</ac:Value></ac:ContextItem>")
}

fn dev_info(node: &str, value: &str) -> String {
    format!("<Item><Source><LocURI>./DevInfo/{node}</LocURI></Source><Data>{value}</Data></Item>")
}

fn status(id: usize, message: &str, reference: &str, verb: &str, code: u16) -> String {
    format!(
        "<Status><CmdID>{id}</CmdID><MsgRef>{message}</MsgRef><CmdRef>{reference}</CmdRef><Cmd>{verb}</Cmd>\
         <Data>{code}</Data></Status>"
    )
}

fn result(id: usize, message: &str, reference: &str, command: &Node, data: &str) -> String {
    let uri = command.text_at(&["Item", "Target", "LocURI"]);
    format!(
        "<Results><CmdID>{id}</CmdID><MsgRef>{message}</MsgRef><CmdRef>{reference}</CmdRef><Item><Source>\
         <LocURI>{uri}</LocURI></Source><Meta><Format xmlns=\"syncml:metinf\">chr</Format></Meta>\
         <Data>{data}</Data></Item></Results>"
    )
}

fn value<'a>(characteristic: &'a Node, name: &str) -> &'a str {
    let parm = characteristic.all("parm").find(|p| p.attribute("name") == Some(name));
    parm.and_then(|p| p.attribute("value")).expect("the parm has a value")
}
