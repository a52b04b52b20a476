//! The commands on the tree, strict as Windows (reference: protocols, C.2).

use oobe_catalog::rules::{self, Rule};
use oobe_wire::syncml::StatusCode;

use super::facts::Facts;
use super::node::{Format, Node, Value};
use super::schema::{self, Def, Kind, May};
use super::tree::Tree;
use super::uri::{LocUri, Scope};
use super::{first_sync, msi_job};
use crate::manage::remote::Remote;

/// What a server can ask of a node.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Verb {
    /// Read.
    Get,
    /// Make.
    Add,
    /// Write.
    Replace,
    /// Take away.
    Delete,
    /// Run.
    Exec,
}

impl Verb {
    /// As SyncML spells it.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Get => "Get",
            Self::Add => "Add",
            Self::Replace => "Replace",
            Self::Delete => "Delete",
            Self::Exec => "Exec",
        }
    }
}

/// One command on one node, as it came.
#[derive(Debug, Clone, Copy)]
pub struct Request<'a> {
    /// What to do.
    pub verb: Verb,
    /// `Target/LocURI`.
    pub uri: &'a str,
    /// `Meta/Format`.
    pub format: Option<&'a str>,
    /// `Data`.
    pub data: Option<&'a str>,
}

/// Something in the tree changed, or was run, at a server's command: what the rest of the device reacts to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Change {
    /// What was done.
    pub verb: Verb,
    /// Where.
    pub uri: LocUri,
    /// What was written, or the parameters of the Exec.
    pub data: String,
    /// Whether that is another value than before.
    pub differs: bool,
}

/// How a command came out.
#[derive(Debug, Clone, PartialEq)]
pub struct Outcome {
    /// Status to answer.
    pub status: StatusCode,
    /// What a Get found.
    pub found: Option<Value>,
    /// What changed.
    pub change: Option<Change>,
    /// The rule that decided, with words, where one did.
    pub rule: Option<(&'static Rule, String)>,
    /// Whether the value is secret.
    pub secret: bool,
}

impl Outcome {
    fn status(status: StatusCode) -> Self {
        Self { status, found: None, change: None, rule: None, secret: false }
    }

    fn because(status: StatusCode, rule: &'static Rule, why: impl Into<String>) -> Self {
        Self { rule: Some((rule, why.into())), ..Self::status(status) }
    }

    fn found(value: Value) -> Self {
        Self { found: Some(value), ..Self::status(StatusCode::OK) }
    }

    fn changed(status: StatusCode, verb: Verb, uri: LocUri, data: impl Into<String>) -> Self {
        Self { change: Some(Change { verb, uri, data: data.into(), differs: true }), ..Self::status(status) }
    }
}

/// Carries one command out.
pub fn execute(tree: &mut Tree, request: Request<'_>, facts: &Facts<'_>) -> Outcome {
    let Ok(uri) = LocUri::parse(request.uri) else { return Outcome::status(StatusCode::BAD_REQUEST) };
    if uri.scope == Scope::User && tree.user().is_none() {
        return without_user_context(request.verb);
    }
    let Some(def) = schema::find(uri.scope, &uri.path()) else {
        return unknown(request.verb, &uri);
    };
    if let Some(refused) = without_provider(tree, request.verb, &uri) {
        return refused;
    }
    let mut outcome = match request.verb {
        Verb::Get => get(tree, &uri, &def, facts),
        Verb::Add => add(tree, request, uri, &def),
        Verb::Replace => replace(tree, request, uri, &def),
        Verb::Delete => delete(tree, uri, &def),
        Verb::Exec => exec(tree, request, uri, &def),
    };
    outcome.secret = def.may.has(May::SECRET);
    outcome
}

/// No CSP knows such a node. Children of an Expected list get an answer of their own: `the parameter is incorrect`
/// (ESS-028).
fn unknown(verb: Verb, uri: &LocUri) -> Outcome {
    let path = uri.path();
    match path[..] {
        ["Vendor", "MSFT", "DMClient", "Provider", _, "FirstSyncStatus", list, _, ..]
            if list.starts_with("Expected") && matches!(verb, Verb::Add | Verb::Replace) =>
        {
            Outcome::because(
                StatusCode::COMMAND_FAILED,
                rules::ESS_028,
                "an Expected list has no child nodes",
            )
        }
        _ => Outcome::status(StatusCode::NOT_FOUND),
    }
}

/// ESU-012: while no user context exists, Replace is 405, Add of a root node 500; there is nothing to get.
fn without_user_context(verb: Verb) -> Outcome {
    let status = match verb {
        Verb::Replace | Verb::Exec => StatusCode::COMMAND_NOT_ALLOWED,
        Verb::Add => StatusCode::COMMAND_FAILED,
        Verb::Get | Verb::Delete => StatusCode::NOT_FOUND,
    };
    Outcome::because(
        status,
        rules::ESU_012,
        "no user MDM context is up, so there is no ./User tree to write to",
    )
}

/// WIR-002: below a provider node that does not exist nothing can be replaced; it must be added first.
fn without_provider(tree: &Tree, verb: Verb, uri: &LocUri) -> Option<Outcome> {
    let path = uri.path();
    let ["Vendor", "MSFT", "DMClient", "Provider", id, _, ..] = path[..] else { return None };
    let mut provider = uri.clone();
    provider.names.truncate(5);
    (verb == Verb::Replace && tree.find(&provider).is_none()).then(|| {
        let why =
            format!("{provider} must be added before anything below it is replaced ({id} is not there)");
        Outcome::because(StatusCode::COMMAND_NOT_ALLOWED, rules::WIR_002, why)
    })
}

fn get(tree: &Tree, uri: &LocUri, def: &Def, facts: &Facts<'_>) -> Outcome {
    let Some(node) = tree.find(uri) else { return Outcome::status(StatusCode::NOT_FOUND) };
    if !def.may.has(May::GET) {
        return Outcome::status(StatusCode::COMMAND_NOT_ALLOWED);
    }
    match uri.query.as_deref() {
        None => {}
        Some("prop=Type") => return Outcome::found(Value::new(Format::Chr, "text/plain")),
        Some("prop=Format") => return Outcome::found(Value::new(Format::Chr, format_name(node))),
        Some(_) => return Outcome::status(StatusCode::FEATURE_NOT_SUPPORTED),
    }
    Outcome::found(match node {
        Node::Interior(_) => Value::new(Format::Chr, node.listing()),
        Node::Leaf(value) => {
            facts.read(uri).map_or_else(|| value.clone(), |data| Value::new(value.format, data))
        }
    })
}

fn format_name(node: &Node) -> &'static str {
    match node {
        Node::Interior(_) => "node",
        Node::Leaf(value) => value.format.name(),
    }
}

fn add(tree: &mut Tree, request: Request<'_>, uri: LocUri, def: &Def) -> Outcome {
    if tree.find(&uri).is_some() {
        let why = format!("{uri} is there already");
        return Outcome::because(StatusCode::ALREADY_EXISTS, rules::WIR_005, why);
    }
    if !def.may.has(May::ADD) {
        return Outcome::status(StatusCode::COMMAND_NOT_ALLOWED);
    }
    if is_interior(def, request.format) {
        tree.add_interior(&uri);
        return Outcome::changed(StatusCode::OK, Verb::Add, uri, "");
    }
    write(tree, request, uri, def)
}

fn replace(tree: &mut Tree, request: Request<'_>, uri: LocUri, def: &Def) -> Outcome {
    let old = tree.find(&uri);
    if !def.may.has(May::REPLACE) || matches!(old, Some(Node::Interior(_))) {
        let there = old.is_some() || !def.may.has(May::ADD);
        return Outcome::status(if there { StatusCode::COMMAND_NOT_ALLOWED } else { StatusCode::NOT_FOUND });
    }
    if old.is_none() && !def.may.has(May::IMPLICIT) {
        return Outcome::status(StatusCode::NOT_FOUND);
    }
    write(tree, request, uri, def)
}

/// Whether what is added is an interior node: by its definition, or inside a plain CSP by the format that was sent.
fn is_interior(def: &Def, format: Option<&str>) -> bool {
    match def.kind {
        Kind::Interior => true,
        Kind::Leaf(_) => def.path.ends_with("**") && format.is_some_and(|f| f.trim() == "node"),
    }
}

fn write(tree: &mut Tree, request: Request<'_>, uri: LocUri, def: &Def) -> Outcome {
    let Kind::Leaf(format) = def.kind else { return Outcome::status(StatusCode::COMMAND_NOT_ALLOWED) };
    let Some(data) = format.normalise(request.data.unwrap_or_default()) else {
        return Outcome::status(StatusCode::UNSUPPORTED_TYPE);
    };
    if let Some(root) = tree.root(uri.scope)
        && let Err(refusal) = first_sync::admit(root, &uri, &data)
    {
        return Outcome::because(refusal.status, refusal.rule, refusal.why);
    }
    let differs = tree.read(&uri) != Some(data.as_str());
    tree.set(&uri, format, data.as_str());
    if tree.read(&uri) != Some(data.as_str()) {
        // A leaf stands where an interior node would have to be: only inside a plain CSP.
        return Outcome::status(StatusCode::COMMAND_FAILED);
    }
    let mut outcome = Outcome::changed(StatusCode::OK, request.verb, uri, data);
    if let Some(change) = &mut outcome.change {
        change.differs = differs;
    }
    outcome
}

fn delete(tree: &mut Tree, uri: LocUri, def: &Def) -> Outcome {
    if tree.find(&uri).is_none() {
        return Outcome::status(StatusCode::NOT_FOUND);
    }
    // The provider of the running enrolment goes only with the enrolment itself.
    let permanent = !def.may.has(May::DELETE) || is_own_provider(&uri);
    if permanent || !tree.remove(&uri) {
        return Outcome::status(StatusCode::COMMAND_NOT_ALLOWED);
    }
    Outcome::changed(StatusCode::OK, Verb::Delete, uri, "")
}

fn is_own_provider(uri: &LocUri) -> bool {
    uri.scope == Scope::Device
        && matches!(
            uri.path()[..],
            ["Vendor", "MSFT", "DMClient", "Provider", _]
                | ["Vendor", "MSFT", "DMClient", "Provider", _, "FirstSyncStatus"]
        )
}

fn exec(tree: &Tree, request: Request<'_>, uri: LocUri, def: &Def) -> Outcome {
    if !def.may.has(May::EXEC) {
        return Outcome::status(StatusCode::COMMAND_NOT_ALLOWED);
    }
    let data = request.data.unwrap_or_default();
    // What a server has to add before it can run it: WIR-008 sees 404 when the node is not there yet.
    if def.may.has(May::ADD) && tree.find(&uri).is_none() {
        let why =
            format!("{uri} is not there; a server that never repeats the Exec leaves the device without it");
        return Outcome::because(StatusCode::NOT_FOUND, rules::WIR_008, why);
    }
    if uri.last() == "DownloadInstall" && msi_job::parse(data).is_err() {
        return Outcome::status(StatusCode::COMMAND_FAILED);
    }
    let status = match (Remote::of(&uri), uri.last()) {
        // It only means that the device will.
        (Some(_), _) => StatusCode::OK,
        (None, "DownloadInstall" | "Enroll") => StatusCode::ACCEPTED,
        (None, _) => {
            let why = format!("{uri}: what it does is not simulated");
            return Outcome::because(StatusCode::FEATURE_NOT_SUPPORTED, rules::MOD_012, why);
        }
    };
    Outcome::changed(status, Verb::Exec, uri, data)
}
