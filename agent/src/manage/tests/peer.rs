//! The other side: a management server that follows a script, a content server, a side-car gateway. Written as SyncML
//! and JSON text, from the reference alone.

use std::collections::BTreeMap;

use oobe_wire::content;
use oobe_wire::encoding::{base64_decode, base64_encode};
use oobe_wire::model::PackageManifest;
use oobe_wire::rng::Stream;
use oobe_wire::x509::parse_certificate;
use serde_json::{Value, json};

use crate::io::{HttpReply, HttpRequest, Method, TransportError};

pub(crate) type Answer = Result<HttpReply, TransportError>;

/// What the server does in one session: the batches of commands that it sends, message by message.
pub(super) type Batches = Vec<String>;

#[derive(Default)]
pub(crate) struct Peer {
    /// Batches by session number, beginning with 1; later sessions bring nothing.
    pub(super) sessions: BTreeMap<u32, Batches>,
    /// Batches that come in every session that has none of its own.
    pub(super) every: Batches,
    /// Answers that replace the regular one, by the count of management requests, beginning with 1.
    pub(super) instead: BTreeMap<u32, Answer>,
    /// Files by URL.
    pub(super) files: BTreeMap<String, Vec<u8>>,
    /// Apps for the device and for the user.
    pub(super) device_apps: Vec<Value>,
    pub(super) user_apps: Vec<Value>,
    /// Payloads that the gateway gives once in place of the regular one, by kind of request.
    pub(super) damaged: BTreeMap<&'static str, Value>,
    /// Bodies given once in place of the list of services.
    pub(super) damaged_addresses: Option<String>,
    /// What stands in the sealed key in place of the content's keys.
    pub(super) damaged_key: Option<String>,
    /// Everything the device sent to the management server.
    pub(super) heard: Vec<String>,
    /// URLs that were asked for, save the management server's.
    pub(super) asked: Vec<String>,
    requests: u32,
    session: u32,
    step: usize,
    last_session: String,
}

#[expect(clippy::unnecessary_wraps, reason = "an answer may also be a transport error")]
pub(super) fn ok(content_type: &str, body: impl Into<Vec<u8>>) -> Answer {
    let headers = vec![("content-type".to_owned(), content_type.to_owned())];
    Ok(HttpReply { status: 200, headers, body: body.into() })
}

pub(super) fn between<'t>(text: &'t str, start: &str, end: &str) -> &'t str {
    let Some((_, rest)) = text.split_once(start) else { return "" };
    rest.split_once(end).map_or("", |(found, _)| found)
}

pub(super) fn syncml(session: &str, message: &str, to: &str, body: &str) -> String {
    format!(
        "<?xml version=\"1.0\" encoding=\"utf-8\"?><SyncML xmlns=\"SYNCML:SYNCML1.2\"><SyncHdr><VerDTD>1.2</VerDTD>\
         <VerProto>DM/1.2</VerProto><SessionID>{session}</SessionID><MsgID>{message}</MsgID><Target><LocURI>{to}</LocURI>\
         </Target><Source><LocURI>https://mdm.test/manage</LocURI></Source></SyncHdr><SyncBody>{body}<Final/></SyncBody>\
         </SyncML>"
    )
}

impl Peer {
    pub(super) fn session(mut self, number: u32, batches: &[&str]) -> Self {
        self.sessions.insert(number, batches.iter().map(|b| (*b).to_owned()).collect());
        self
    }

    pub(super) fn file(mut self, url: &str, file: Vec<u8>) -> Self {
        self.files.insert(url.to_owned(), file);
        self
    }

    pub(crate) fn answer(&mut self, request: &HttpRequest) -> Answer {
        if request.url.starts_with("https://mdm.test/manage") {
            return self.management(request);
        }
        self.asked.push(request.url.clone());
        if request.url.ends_with("/Certificate/ServiceAddresses") {
            assert!(request.identity.is_some(), "the gateway is looked up with the client certificate");
            if let Some(body) = self.damaged_addresses.take() {
                return ok("application/json", body);
            }
            let services = json!([{ "Services": [
                { "ServiceName": "Other", "Url": "https://other.test" },
                { "ServiceName": "SideCarGatewayService", "Url": "https://sidecar.test/gateway" },
            ]}]);
            return ok("application/json", services.to_string());
        }
        if request.url.starts_with("https://sidecar.test/gateway/SideCarGatewaySessions('") {
            return self.gateway(request);
        }
        match self.files.get(&request.url) {
            Some(file) => ok("application/octet-stream", file.clone()),
            None => Ok(HttpReply { status: 404, headers: Vec::new(), body: Vec::new() }),
        }
    }

    fn management(&mut self, request: &HttpRequest) -> Answer {
        self.requests += 1;
        let text = String::from_utf8(request.body.clone()).expect("the device sends UTF-8");
        self.heard.push(text.clone());
        let session = between(&text, "<SessionID>", "</SessionID>").to_owned();
        let message = between(&text, "<MsgID>", "</MsgID>").to_owned();
        let device = between(&text, "<Source><LocURI>", "</LocURI>").to_owned();
        if session != self.last_session {
            self.session += 1;
            self.step = 0;
            self.last_session = session.clone();
        }
        if let Some(instead) = self.instead.remove(&self.requests) {
            return instead;
        }
        let batches = self.sessions.get(&self.session).unwrap_or(&self.every);
        let batch = batches.get(self.step).cloned().unwrap_or_default();
        self.step += 1;
        let mut body = status("1", &message, "0", "SyncHdr");
        for (number, id) in ids(&text).into_iter().enumerate() {
            body.push_str(&status(&(number + 2).to_string(), &message, &id.0, &id.1));
        }
        body.push_str(&batch);
        ok("application/vnd.syncml.dm+xml", syncml(&session, &message, &device, &body))
    }

    fn gateway(&mut self, request: &HttpRequest) -> Answer {
        assert_eq!(request.method, Method::Put);
        assert_eq!(
            request.headers.iter().find(|(n, _)| n == "prefer").map(|(_, v)| v.as_str()),
            Some("return-content")
        );
        let mut body: Value = serde_json::from_slice(&request.body).expect("the device sends JSON");
        assert_eq!(body["Key"], body["SessionId"]);
        assert!(serde_json::from_str::<Value>(body["ClientInfo"].as_str().unwrap()).is_ok());
        let kind = body["RequestContentType"].as_str().unwrap().to_owned();
        self.asked.push(kind.clone());
        let as_user = request.headers.iter().any(|(n, _)| n == "authorization");
        let payload = match kind.as_str() {
            "GetSelectedApp" => {
                let apps = if as_user { &self.user_apps } else { &self.device_apps };
                base64_encode(&content::pack(Value::from(apps.clone()).to_string().as_bytes()))
            }
            "GetContentInfo" => {
                content_info(body["RequestPayload"].as_str().unwrap(), self.damaged_key.take().as_deref())
            }
            _ => "[]".to_owned(),
        };
        body["ResponsePayload"] = self.damaged.remove(kind.as_str()).unwrap_or_else(|| Value::from(payload));
        ok("application/json", body.to_string())
    }
}

fn status(id: &str, message: &str, command: &str, name: &str) -> String {
    format!(
        "<Status><CmdID>{id}</CmdID><MsgRef>{message}</MsgRef><CmdRef>{command}</CmdRef><Cmd>{name}</Cmd><Data>200</Data></Status>"
    )
}

/// CmdIDs and names of what the device commands itself.
fn ids(text: &str) -> Vec<(String, String)> {
    ["Alert", "Replace"]
        .iter()
        .flat_map(|name| {
            let open = format!("<{name}><CmdID>");
            text.match_indices(&open)
                .map(|(at, found)| {
                    let id = text[at + found.len()..].split('<').next().unwrap_or_default();
                    (id.to_owned(), (*name).to_owned())
                })
                .collect::<Vec<_>>()
        })
        .collect()
}

/// Content of an app is under `https://cdn.test/{ApplicationId}`, encrypted with keys made of its id.
fn content_info(payload: &str, instead: Option<&str>) -> String {
    let payload: Value = serde_json::from_str(payload).expect("the payload is JSON");
    let id = payload["ApplicationId"].as_str().unwrap();
    let certificate = base64_decode(payload["CertificateBlob"].as_str().unwrap()).unwrap();
    let key = parse_certificate(&certificate).unwrap().public_key;
    let keys = content_keys(id);
    let plain = json!({
        "EncryptionKey": base64_encode(&keys.encryption),
        "MacKey": base64_encode(&keys.mac),
        "IV": base64_encode(&[1; 16]),
    });
    let plain = instead.map_or_else(|| plain.to_string(), str::to_owned);
    let sealed = content::seal_for(&key, &mut Stream::new(5, &[id]), plain.as_bytes());
    let decrypt = format!(
        "<EncryptedMessage><EncryptedContent>{}</EncryptedContent></EncryptedMessage>",
        base64_encode(&sealed)
    );
    json!({
        "ContentInfo": json!({ "UploadLocation": format!("https://cdn.test/{id}") }).to_string(),
        "DecryptInfo": decrypt,
    })
    .to_string()
}

fn content_keys(id: &str) -> content::Keys {
    let mut stream = Stream::new(6, &[id]);
    content::Keys { encryption: stream.bytes(), mac: stream.bytes() }
}

pub(super) fn package(name: &str, exit_code: u32, leaves: &[&str]) -> PackageManifest {
    PackageManifest {
        oobe_model_package: 1,
        name: name.into(),
        runs_ms: 20_000,
        hangs: false,
        exit_code,
        leaves: leaves.iter().map(|l| (*l).to_owned()).collect(),
        size: 5_000_000,
    }
}

/// The encrypted content of app `id`, and its place.
pub(super) fn app_content(id: &str, package: &PackageManifest) -> (String, Vec<u8>) {
    (format!("https://cdn.test/{id}"), content::encrypt(&content_keys(id), &[1; 16], &package.write()))
}

pub(super) fn app(id: &str, detects: &str) -> Value {
    json!({
        "Id": id,
        "Name": format!("App {id}"),
        "Version": "1",
        "Intent": 3,
        "DetectionRule": json!([{ "type": "file", "path": detects }]).to_string(),
        "InstallEx": json!({ "MaxRetries": 1, "RetryIntervalInMinutes": 2, "MaxRunTimeInMinutes": 10 }).to_string(),
    })
}

pub(super) const P: &str = "./Device/Vendor/MSFT/DMClient/Provider";

/// A command on one node.
pub(super) fn cmd(id: u32, verb: &str, uri: &str, format: &str, data: &str) -> String {
    let meta = if format.is_empty() {
        String::new()
    } else {
        format!("<Meta><Format xmlns=\"syncml:metinf\">{format}</Format></Meta>")
    };
    let data = if data.is_empty() { String::new() } else { format!("<Data>{data}</Data>") };
    format!(
        "<{verb}><CmdID>{id}</CmdID><Item><Target><LocURI>{uri}</LocURI></Target>{meta}{data}</Item></{verb}>"
    )
}

/// The hold of a status page: both parts shown.
pub(super) fn hold(provider: &str) -> String {
    let first_sync = format!("{P}/{}/FirstSyncStatus", provider.replace(' ', "%20"));
    [
        cmd(20, "Replace", &format!("{first_sync}/SkipDeviceStatusPage"), "bool", "false"),
        cmd(21, "Replace", &format!("{first_sync}/SkipUserStatusPage"), "bool", "false"),
        cmd(22, "Replace", &format!("{first_sync}/BlockInStatusPage"), "int", "3"),
        cmd(23, "Replace", &format!("{first_sync}/TimeOutUntilSyncFailure"), "int", "60"),
    ]
    .concat()
}

/// The release of one half.
pub(super) fn release(id: u32, half: &str, provider: &str) -> String {
    let uri = format!(
        "./{half}/Vendor/MSFT/DMClient/Provider/{}/FirstSyncStatus/ServerHasFinishedProvisioning",
        provider.replace(' ', "%20")
    );
    cmd(id, "Replace", &uri, "bool", "true")
}

/// An MSI job that is added and run.
pub(super) fn msi(id: u32, product: &str, url: &str, file: &[u8]) -> String {
    let node =
        format!("./Device/Vendor/MSFT/EnterpriseDesktopAppManagement/MSI/%7B{product}%7D/DownloadInstall");
    let hash = oobe_wire::encoding::hex_upper(&oobe_wire::crypto::sha256(file));
    let job = format!(
        "<MsiInstallJob id=\"{{{product}}}\"><Product Version=\"1.0.0\"><Download><ContentURLList><ContentURL>{url}</ContentURL>\
         </ContentURLList></Download><Validation><FileHash>{hash}</FileHash></Validation><Enforcement><CommandLine>/quiet\
         </CommandLine><TimeOut>10</TimeOut><RetryCount>1</RetryCount><RetryInterval>1</RetryInterval></Enforcement></Product>\
         </MsiInstallJob>"
    );
    let add = format!("<Add><CmdID>{id}</CmdID><Item><Target><LocURI>{node}</LocURI></Target></Item></Add>");
    add + &cmd(id + 1, "Exec", &node, "xml", &job)
}
