//! What diagnostic tools read of the page in the registry (reference: artifacts, 4.1 to 4.3).

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::sync::Arc;

use serde::Serialize;

use crate::cx::Cx;
use crate::esp::{Phase, PhaseState, PhaseView, RowState};
use crate::manage::csp::{Node, Scope};
use crate::manage::{Activity, Management};
use crate::registry::RegistryValue;

const SETTINGS: &str = "HKLM\\SOFTWARE\\Microsoft\\Provisioning\\AutopilotSettings";
const TRACKING: &str = "HKLM\\SOFTWARE\\Microsoft\\Windows\\Autopilot\\EnrollmentStatusTracking\\Device";

impl Management {
    /// Writes everything that changed; unchanged values are no write.
    pub(in crate::manage) fn mirror(&self, a: &mut Activity, cx: &mut Cx<'_>) {
        if self.tracker.wanted.is_none() {
            return;
        }
        if a.mirrored_tree != Some(self.tree.changes()) {
            self.mirror_first_sync(cx);
            self.mirror_tracking(cx);
            a.mirrored_tree = Some(self.tree.changes());
        }
        let (device, user) = self.tracker.wanted.unwrap_or((false, false));
        let page = self.page(a);
        if a.mirrored.as_ref().is_some_and(|mirrored| Arc::ptr_eq(mirrored, &page)) {
            return;
        }
        for view in &page.phases {
            let shown = if view.phase == Phase::AccountSetup { user } else { device };
            // The text is dear to make, and most looks find what the last one found.
            if shown && !a.mirrored.as_ref().is_some_and(|mirrored| mirrored.phases.contains(view)) {
                mirror_phase(cx, view);
            }
        }
        a.mirrored = Some(page);
    }

    fn mirror_first_sync(&self, cx: &mut Cx<'_>) {
        let node = self.first_sync_node(Scope::Device);
        let read = |leaf: &str| node.and_then(|node| node.value(&[leaf]));
        let key = format!("{}\\FirstSync", self.enrolment.registry_key());
        let flag = |leaf: &str| read(leaf) == Some("true");
        // 0xffffffff: skipped, 0: shown.
        for leaf in ["SkipDeviceStatusPage", "SkipUserStatusPage"] {
            let value = if flag(leaf) { u32::MAX } else { 0 };
            cx.write_registry(&key, leaf, RegistryValue::Dword(value));
        }
        for leaf in ["ServerHasFinishedProvisioning", "IsSyncDone", "AllowCollectLogsButton"] {
            cx.write_registry(&key, leaf, RegistryValue::Dword(u32::from(flag(leaf))));
        }
        for (leaf, name) in [
            ("BlockInStatusPage", "BlockInStatusPage"),
            ("TimeOutUntilSyncFailure", "SyncFailureTimeout"),
            ("WasDeviceSuccessfullyProvisioned", "WasDeviceSuccessfullyProvisioned"),
        ] {
            let number = read(leaf).and_then(|text| text.parse::<i64>().ok());
            let number = number.and_then(|n| u32::try_from(n).ok()).unwrap_or(0);
            cx.write_registry(&key, name, RegistryValue::Dword(number));
        }
        if let Some(text) = read("CustomErrorText").filter(|text| !text.is_empty()) {
            cx.write_registry(&key, "CustomErrorText", RegistryValue::String(text.to_owned()));
        }
    }

    fn mirror_tracking(&self, cx: &mut Cx<'_>) {
        let root = self.tree.at(Scope::Device, &["Vendor", "MSFT", "EnrollmentStatusTracking"]);
        let below =
            |path: &[&str]| root.and_then(|root| root.find(path)).into_iter().flat_map(Node::children);
        for (name, provider) in below(&["DevicePreparation", "PolicyProviders"]) {
            let key = format!("{TRACKING}\\DevicePreparation\\PolicyProviders\\{name}");
            mirror_number(cx, &key, provider, "InstallationState");
            mirror_number(cx, &key, provider, "LastError");
        }
        for (name, provider) in below(&["Setup", "Apps", "PolicyProviders"]) {
            let key = format!("{TRACKING}\\Setup\\Apps\\PolicyProviders\\{name}");
            let created = u32::from(provider.find(&["TrackingPoliciesCreated"]).is_some_and(Node::is_true));
            cx.write_registry(&key, "TrackingPoliciesCreated", RegistryValue::Dword(created));
        }
        for (name, provider) in below(&["Setup", "Apps", "Tracking"]) {
            for (app, node) in provider.children() {
                let key = format!("{TRACKING}\\Setup\\Apps\\Tracking\\{name}\\{app}");
                mirror_number(cx, &key, node, "InstallationState");
                mirror_number(cx, &key, node, "RebootRequired");
            }
        }
    }
}

fn mirror_number(cx: &mut Cx<'_>, key: &str, node: &Node, leaf: &str) {
    let number = node.value(&[leaf]).and_then(|text| text.parse::<i64>().ok());
    if let Some(number) = number.and_then(|n| u32::try_from(n).ok()) {
        cx.write_registry(key, leaf, RegistryValue::Dword(number));
    }
}

/// Writes one phase of the page.
pub(crate) fn mirror_phase(cx: &mut Cx<'_>, view: &PhaseView) {
    let name = format!("{}Category.Status", category(view.phase));
    cx.write_registry(SETTINGS, &name, RegistryValue::String(status_json(view)));
}

const fn category(phase: Phase) -> &'static str {
    match phase {
        Phase::DevicePreparation => "DevicePreparation",
        Phase::DeviceSetup => "DeviceSetup",
        Phase::AccountSetup => "AccountSetup",
    }
}

/// Subcategories in the order of the rows.
const fn subcategories(phase: Phase) -> [&'static str; 4] {
    match phase {
        Phase::DevicePreparation => [
            "TpmAttestationSubcategory",
            "AadjSubcategory",
            "MdmEnrollmentSubcategory",
            "EspProviderInstallationSubcategory",
        ],
        Phase::DeviceSetup | Phase::AccountSetup => [
            "SecurityPoliciesSubcategory",
            "CertificatesSubcategory",
            "NetworkConnectionsSubcategory",
            "AppsSubcategory",
        ],
    }
}

fn status_json(view: &PhaseView) -> String {
    let state = match view.state {
        PhaseState::Waiting => "notStarted",
        PhaseState::Working => "inProgress",
        PhaseState::Complete => "succeeded",
        PhaseState::Error => "failed",
    };
    let mut entries = BTreeMap::from([
        (Cow::Borrowed("categoryState"), Entry::Text(state)),
        (Cow::Borrowed("categoryStatusText"), Entry::Text(&view.status)),
    ]);
    for (name, row) in subcategories(view.phase).into_iter().zip(&view.rows) {
        let state = match row.state {
            RowState::Waiting => "notStarted",
            RowState::Identifying | RowState::Working => "inProgress",
            RowState::Completed => "succeeded",
            RowState::NoSetupNeeded => "notRequired",
            RowState::Error | RowState::PreviousFailed => "failed",
        };
        let entry = Entry::Subcategory {
            subcategory_state: state,
            subcategory_status_text: format!("{} ({})", row.title, row.status),
        };
        entries.insert(format!("{}.{name}", category(view.phase)).into(), entry);
    }
    serde_json::to_string(&entries).expect("names and texts are JSON")
}

/// What stands behind a name in a phase's text. The map and the fields here are in the order of their names.
#[derive(Serialize)]
#[serde(untagged, rename_all_fields = "camelCase")]
enum Entry<'a> {
    Text(&'a str),
    Subcategory { subcategory_state: &'static str, subcategory_status_text: String },
}
