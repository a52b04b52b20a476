//! Orders: what the server wants done on a device, one command each, and when it is content with the answer.

use std::sync::Arc;

use oobe_wire::encoding::hex_upper;
use oobe_wire::ids::Guid;
use oobe_wire::model::PackageManifest;
use oobe_wire::syncml::StatusCode;
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
use serde::{Deserialize, Serialize};

use super::PROVIDER;
use crate::directory::App;
use crate::setup::{AppKind, Scope};

/// What is escaped in a segment of a LocURI.
const SEGMENT: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'.').remove(b'_').remove(b'~');

/// Key of the order that lets the page end.
pub(super) const RELEASE: &str = "release";

/// When an order goes out. Each stage waits until those before it are settled.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Stage {
    /// What an administrator has the device do as a whole: before anything else (MOD-026).
    Remote,
    /// A look at the page of a device that waits for its user (MOD-024).
    Look,
    /// The hold: it must be in the very first answer, or OOBE goes past the page (WIR-001).
    Hold,
    /// What the page waits for, policies and certificates.
    Settings,
    /// Apps.
    Apps,
    /// The release.
    Release,
}

/// What a command does.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Verb {
    Add,
    Replace,
    Get,
    Exec,
}

/// One command on one node.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Leaf {
    pub(super) verb: Verb,
    pub(super) uri: String,
    pub(super) format: &'static str,
    pub(super) data: Option<String>,
}

/// When the server is content.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) enum Patience {
    /// Whatever the answer: it was a question.
    AnyAnswer,
    /// Success, or it is there already. Otherwise again in every later session (field bugs 1 and 3).
    Forever,
    /// Whatever the answer, and again in every later session: the answer changes.
    EverySession,
    /// Like `Forever`, but given up after three sessions.
    ThreeTimes,
}

/// What a stage waits for before the next one begins.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Gate {
    /// An answer, whichever.
    Answered,
    /// That the order is settled.
    Settled,
}

/// An order.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Order {
    /// Names it for good: what was settled stays settled.
    pub(super) key: String,
    pub(super) stage: Stage,
    pub(super) patience: Patience,
    pub(super) gate: Gate,
    /// One command; several travel in an Atomic.
    pub(super) leaves: Vec<Leaf>,
}

/// Orders of one stage.
pub(crate) type Orders = Arc<[Arc<Order>]>;

impl Patience {
    /// Whether an answer settles an order that was now sent for the `tries`th time.
    pub(super) fn settles(self, status: StatusCode, tries: u32) -> bool {
        let done = status.is_success() || status == StatusCode::ALREADY_EXISTS;
        match self {
            Self::AnyAnswer => true,
            Self::EverySession => false,
            Self::Forever => done,
            Self::ThreeTimes => done || tries >= 3,
        }
    }
}

impl Order {
    pub(super) fn one(key: impl Into<String>, stage: Stage, patience: Patience, leaf: Leaf) -> Self {
        Self { key: key.into(), stage, patience, gate: Gate::Answered, leaves: vec![leaf] }
    }

    /// The next stage waits until this order is settled.
    pub(super) fn gated(self) -> Self {
        Self { gate: Gate::Settled, ..self }
    }
}

impl Leaf {
    pub(super) fn add(uri: impl Into<String>, format: &'static str, data: impl Into<String>) -> Self {
        Self { verb: Verb::Add, uri: uri.into(), format, data: Some(data.into()) }
    }

    pub(super) fn node(uri: impl Into<String>) -> Self {
        Self { verb: Verb::Add, uri: uri.into(), format: "node", data: None }
    }

    pub(super) fn replace(uri: impl Into<String>, format: &'static str, data: impl Into<String>) -> Self {
        Self { verb: Verb::Replace, uri: uri.into(), format, data: Some(data.into()) }
    }

    /// An Add that makes a node to be Exec'd.
    pub(super) fn job(uri: impl Into<String>) -> Self {
        Self { verb: Verb::Add, uri: uri.into(), format: "", data: None }
    }

    pub(super) fn get(uri: impl Into<String>) -> Self {
        Self { verb: Verb::Get, uri: uri.into(), format: "", data: None }
    }

    pub(super) fn exec(uri: impl Into<String>, format: &'static str, data: impl Into<String>) -> Self {
        Self { verb: Verb::Exec, uri: uri.into(), format, data: Some(data.into()) }
    }
}

/// A segment of a LocURI.
pub(super) fn segment(text: &str) -> String {
    utf8_percent_encode(text, SEGMENT).to_string()
}

/// `.../DMClient/Provider/MS%20DM%20Server`.
pub(super) fn provider_node(scope: Scope) -> String {
    format!("{}/Vendor/MSFT/DMClient/Provider/{}", scope.root(), segment(PROVIDER))
}

/// A product code as Windows writes it: upper case, in braces.
pub(crate) fn product_code(code: Guid) -> String {
    format!("{{{}}}", code.to_string().to_uppercase())
}

/// Product code of the Intune Management Extension's installer (*model*).
pub(super) fn ime_product_code() -> Guid {
    Guid::derive(0, &["mock-cloud", "IntuneWindowsAgent.msi"])
}

/// The node of an MSI.
pub(super) fn msi_node(scope: Scope, code: Guid) -> String {
    let name = segment(&product_code(code));
    format!("{}/Vendor/MSFT/EnterpriseDesktopAppManagement/MSI/{name}", scope.root())
}

/// The package that an app's installer is (MOD-003).
pub(crate) fn package(app: &App) -> PackageManifest {
    let setup = &app.setup;
    let leaves = setup.leaves.clone().unwrap_or_else(|| match setup.kind {
        AppKind::Msi => vec![product_code(app.product_code)],
        AppKind::Win32 => match &setup.detection {
            Some(oobe_wire::model::DetectionRule::File { path }) => vec![path.clone()],
            Some(oobe_wire::model::DetectionRule::Msi { product_code }) => vec![product_code.clone()],
            None => vec![default_path(&setup.name)],
        },
    });
    PackageManifest {
        oobe_model_package: 1,
        name: setup.name.clone(),
        runs_ms: setup.runs_ms,
        hangs: setup.hangs,
        exit_code: setup.exit_code,
        leaves,
        size: setup.size,
    }
}

/// The file that an app without a detection rule of its own is found by.
pub(crate) fn default_path(name: &str) -> String {
    format!("C:\\Program Files\\{name}\\installed.txt")
}

/// The Intune Management Extension's installer (MOD-003).
pub(crate) fn ime_package() -> PackageManifest {
    PackageManifest {
        oobe_model_package: 1,
        name: "Microsoft Intune Management Extension".into(),
        runs_ms: 15_000,
        hangs: false,
        exit_code: 0,
        leaves: vec![
            product_code(ime_product_code()),
            "C:\\Program Files (x86)\\Microsoft Intune Management Extension\\Microsoft.Management.Services.IntuneWindowsAgent.exe".into(),
        ],
        size: 7_000_000,
    }
}

/// The job of an MSI (reference: protocols, D.4).
pub(super) struct MsiJob<'a> {
    pub(super) code: Guid,
    pub(super) version: &'a str,
    pub(super) url: String,
    pub(super) package: &'a PackageManifest,
    pub(super) timeout_minutes: u32,
    pub(super) retries: u32,
    pub(super) retry_minutes: u32,
}

impl MsiJob<'_> {
    /// `MsiInstallJob`.
    pub(super) fn xml(&self) -> String {
        let code = product_code(self.code);
        let hash = hex_upper(&oobe_wire::crypto::sha256(&self.package.write()));
        let mut xml = oobe_wire::xml::Writer::new();
        xml.start("MsiInstallJob", &[("id", &code)]);
        xml.start("Product", &[("Version", self.version)]);
        xml.start("Download", &[])
            .start("ContentURLList", &[])
            .leaf("ContentURL", &[], &self.url)
            .end()
            .end();
        xml.start("Validation", &[]).leaf("FileHash", &[], &hash).end();
        xml.start("Enforcement", &[])
            .leaf("CommandLine", &[], "/quiet /norestart")
            .leaf("TimeOut", &[], &self.timeout_minutes.to_string())
            .leaf("RetryCount", &[], &self.retries.to_string())
            .leaf("RetryInterval", &[], &self.retry_minutes.to_string())
            .end();
        xml.finish()
    }
}
