//! What the page waits for in one half of the tree: the Expected lists of the server and the apps of the providers.

use oobe_catalog::codes;

use super::Row;
use crate::manage::csp::{Node, Scope, UriText};
use crate::manage::{Activity, Management, SIDECAR};

/// Delimiter of the lists (reference: protocols, D.1).
const DELIMITER: char = '\u{f000}';

/// Where policy providers tell what they track.
const TRACKING: [&str; 3] = ["Vendor", "MSFT", "EnrollmentStatusTracking"];

/// Where one row stands.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Count {
    pub(super) done: usize,
    pub(super) total: usize,
    /// Whether it is known what there is.
    pub(super) known: bool,
    /// The first that failed: code and words.
    pub(super) failed: Option<(Option<String>, String)>,
}

impl Count {
    pub(super) fn complete(&self) -> bool {
        self.known && self.done == self.total && self.failed.is_none()
    }

    fn add(&mut self, item: Item) {
        self.total += 1;
        match item {
            Item::Done => self.done += 1,
            Item::Pending => {}
            Item::Failed(code, detail) => {
                self.failed.get_or_insert((code, detail));
            }
        }
    }
}

enum Item {
    Pending,
    Done,
    Failed(Option<String>, String),
}

/// Whether the server is done, by the half's FirstSyncStatus.
fn finished(first_sync: Option<&Node>) -> bool {
    first_sync.and_then(|node| node.value(&["ServerHasFinishedProvisioning"])) == Some("true")
}

/// What one of the lists in the half's FirstSyncStatus names.
fn expected<'a>(first_sync: Option<&'a Node>, list: &str) -> impl Iterator<Item = UriText<'a>> + use<'a> {
    let text = first_sync.and_then(|node| node.value(&[list])).unwrap_or_default();
    let uris = text.split(DELIMITER).map(str::trim).filter(|uri| !uri.is_empty());
    // `;n`, the number of apps, stands behind app URIs and is not verified.
    uris.filter_map(|uri| UriText::parse(uri.rsplit_once(';').map_or(uri, |(uri, _)| uri)).ok())
}

impl Management {
    /// Whether an agent called Sidecar drives the page (ESS-027, ESD-035).
    pub(super) fn has_sidecar(&self) -> bool {
        let tracking = || self.tree.at(Scope::Device, &TRACKING);
        let provides = |below: &[&str]| tracking().and_then(|node| node.find(below)).is_some();
        self.agent.is_some()
            || provides(&["DevicePreparation", "PolicyProviders", SIDECAR])
            || provides(&["Setup", "Apps", "PolicyProviders", SIDECAR])
    }

    pub(super) fn server_finished(&self, scope: Scope) -> bool {
        finished(self.first_sync_node(scope))
    }

    /// Where one of the four rows stands.
    pub(super) fn count(&self, scope: Scope, row: Row) -> Count {
        let first_sync = self.first_sync_node(scope);
        let mut count = Count { known: finished(first_sync), ..Count::default() };
        match row {
            Row::Policies => self.policies(first_sync, &mut count),
            Row::Certificates => {
                for uri in expected(first_sync, "ExpectedPFXCerts") {
                    count.add(self.certificate(&uri, "0"));
                }
                for uri in expected(first_sync, "ExpectedSCEPCerts") {
                    count.add(self.certificate(&uri, "1"));
                }
            }
            Row::Networks => {
                for uri in expected(first_sync, "ExpectedNetworkProfiles") {
                    let there = self.tree.look(&uri).is_some();
                    let pending = self.work.networks.iter().any(|work| uri.is_above(&work.names));
                    count.add(if there && !pending { Item::Done } else { Item::Pending });
                }
            }
            Row::Apps => self.apps(scope, first_sync, &mut count),
            Row::Hardware | Row::Join | Row::Enrolment | Row::Providers => {}
        }
        count
    }

    /// ESS-028: for a server without Sidecar the list of policies moves nothing.
    fn policies(&self, first_sync: Option<&Node>, count: &mut Count) {
        if !self.has_sidecar() {
            return;
        }
        for uri in expected(first_sync, "ExpectedPolicies") {
            let there = self.tree.look(&uri).is_some();
            let pending = self.work.policies.iter().any(|work| uri.is(work));
            count.add(if there && !pending { Item::Done } else { Item::Pending });
        }
    }

    fn certificate(&self, uri: &UriText<'_>, good: &str) -> Item {
        match self.item(uri).and_then(|(_, item)| item.value(&["Status"])) {
            None | Some("2") => Item::Pending,
            Some(found) if found == good => Item::Done,
            Some(found) => {
                let code = codes::E_FAIL.code.to_string();
                Item::Failed(Some(code), format!("{} has status {found}", uri.to_loc_uri()))
            }
        }
    }

    /// What the URI is about, with its name: some servers write down the item, some its status.
    fn item<'a>(&self, uri: &'a UriText<'_>) -> Option<(&'a str, &Node)> {
        let mut names: Vec<&str> = uri.names().collect();
        names.pop_if(|last| *last == "Status");
        let item = self.tree.at(uri.scope(), &names)?;
        Some((names.last().copied().unwrap_or_default(), item))
    }

    fn apps(&self, scope: Scope, first_sync: Option<&Node>, count: &mut Count) {
        for uri in expected(first_sync, "ExpectedMSIAppPackages") {
            count.add(self.msi_item(&uri));
        }
        for uri in expected(first_sync, "ExpectedModernAppPackages") {
            count.add(if self.tree.look(&uri).is_some() { Item::Done } else { Item::Pending });
        }
        let setup = self.tree.at(scope, &TRACKING).and_then(|node| node.find(&["Setup", "Apps"]));
        let below = |path: &[&str]| setup.and_then(|node| node.find(path));
        let mut waited_for: Vec<&str> =
            below(&["PolicyProviders"]).into_iter().flat_map(Node::names).collect();
        if self.sidecar_is_expected() && !waited_for.contains(&SIDECAR) {
            waited_for.push(SIDECAR);
        }
        for name in waited_for {
            if !below(&["PolicyProviders", name, "TrackingPoliciesCreated"]).is_some_and(Node::is_true) {
                count.known = false;
            }
            let Some(tracking) = below(&["Tracking", name]) else { continue };
            for app in tracking.names() {
                count.add(self.tracked_item(scope, app, tracking.find(&[app])));
            }
        }
    }

    /// ESD-035: once the agent said in Device preparation that it tracks apps, the row waits for it by its name.
    pub(super) fn sidecar_is_expected(&self) -> bool {
        let path = ["DevicePreparation", "PolicyProviders", SIDECAR];
        let Some(provider) = self.tree.at(Scope::Device, &TRACKING).and_then(|node| node.find(&path)) else {
            return false;
        };
        let state = provider.value(&["InstallationState"]).and_then(|state| state.parse::<i64>().ok());
        let tracks = provider.find(&["TrackedResourceTypes", "Apps"]).is_some_and(Node::is_true);
        state.is_some_and(|state| state != 2) && tracks
    }

    fn msi_item(&self, uri: &UriText<'_>) -> Item {
        let Some((product, item)) = self.item(uri) else { return Item::Pending };
        match item.value(&["Status"]).and_then(|status| status.parse::<i64>().ok()) {
            Some(70) => Item::Done,
            Some(number @ (30 | 60)) => {
                let code = item.value(&["LastError"]).map(str::to_owned);
                Item::Failed(code, format!("{product} has status {number}"))
            }
            _ => Item::Pending,
        }
    }

    fn tracked_item(&self, scope: Scope, name: &str, node: Option<&Node>) -> Item {
        let state = node.and_then(|node| node.value(&["InstallationState"]));
        match state {
            Some("3") => Item::Done,
            Some("4") => {
                let apps = self.agent.as_ref().map(|agent| agent.apps.as_slice()).unwrap_or_default();
                let app = apps.iter().find(|app| app.scope == scope && app.tracking_name() == name);
                let detail = app.map_or_else(|| name.to_owned(), |app| app.name.clone());
                Item::Failed(
                    app.and_then(|app| app.error.clone()),
                    format!("{detail} could not be installed"),
                )
            }
            _ => Item::Pending,
        }
    }

    /// The first row of the phase that is not complete.
    pub(super) fn first_open_row(&self, _a: &Activity, phase: crate::esp::Phase) -> Row {
        if phase == crate::esp::Phase::DevicePreparation {
            return Row::Providers;
        }
        let scope = super::phase::half(phase);
        Row::SETUP.into_iter().find(|row| !self.count(scope, *row).complete()).unwrap_or(Row::Apps)
    }
}
