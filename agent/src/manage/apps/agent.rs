//! The management extension on the device: which apps it knows and where each stands (reference: protocols, F).

use std::collections::BTreeMap;

use oobe_catalog::codes::{self, Code};
use oobe_catalog::rules;
use oobe_wire::model::DetectionRule;
use serde::{Deserialize, Serialize};
use serde_json::json;

use crate::cx::Cx;
use crate::io::Note;
use crate::manage::csp::{Format, LocUri, Scope};
use crate::manage::{Activity, Management};
use crate::registry::RegistryValue;

/// Name under which the agent drives the status page (ESD-035).
pub(crate) const SIDECAR: &str = "Sidecar";

/// The agent, from the moment its MSI is installed. On disk.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Agent {
    /// Apps it was told of, in the order in which they came.
    pub(in crate::manage) apps: Vec<Win32App>,
    /// Whether the device's apps are listed.
    pub(in crate::manage) device_listed: bool,
    /// Whose apps are listed.
    pub(in crate::manage) users_listed: Vec<String>,
    /// Results that the service was not told yet.
    pub(in crate::manage) results: Vec<AppResult>,
}

/// How an app ended, as the service is told (MOD-011).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct AppResult {
    /// App id.
    pub(super) application_id: String,
    /// EnforcementState.
    pub(super) enforcement_state: u32,
    /// HRESULT as a signed number; 0 for none.
    pub(super) error_code: i32,
}

/// A Win32 app, on disk.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Win32App {
    /// Number: names the slot.
    pub(in crate::manage) number: u16,
    /// Whose it is; a user's app knows whose.
    pub(in crate::manage) scope: Scope,
    /// App id.
    pub(in crate::manage) id: String,
    /// Name.
    pub(in crate::manage) name: String,
    /// Version.
    pub(in crate::manage) version: String,
    /// 1 available, 3 required, 4 uninstall.
    pub(in crate::manage) intent: u64,
    /// 1 user, 2 system.
    pub(in crate::manage) install_context: u64,
    /// How to tell that it is there: all must hold.
    pub(in crate::manage) detection: Vec<DetectionRule>,
    /// What exit codes mean, by code.
    pub(in crate::manage) return_codes: BTreeMap<u32, ReturnKind>,
    /// Minutes that the installer may take (ESD-016).
    pub(in crate::manage) timeout_minutes: u64,
    /// Tries after the first.
    pub(in crate::manage) retries: u32,
    /// Minutes between two tries.
    pub(in crate::manage) retry_minutes: u64,
    /// Ids of apps that come first.
    pub(in crate::manage) depends_on: Vec<String>,
    /// Whether the status page waits for it; if not it is installed when the page is gone (ESD-023).
    pub(in crate::manage) tracked: bool,
    /// Where it stands.
    pub(in crate::manage) state: AppState,
    /// Tries that failed.
    pub(in crate::manage) failed: u32,
    /// Result code of the last failure.
    pub(in crate::manage) error: Option<String>,
}

/// What an exit code means (reference: protocols, F).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum ReturnKind {
    /// Failed.
    Failed,
    /// Done.
    Success,
    /// Done; a restart is wanted.
    SoftReboot,
    /// Done; a restart is needed at once.
    HardReboot,
    /// Try again.
    Retry,
}

/// Where an app stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum AppState {
    /// Its turn has not come.
    Waiting,
    /// Being fetched or installed.
    Working,
    /// A try failed; another is due.
    RetryLater,
    /// There.
    Installed,
    /// Given up.
    Failed,
}

impl AppState {
    /// `InstallationState` of its tracking node (reference: protocols, D.2).
    pub(crate) const fn tracking(self) -> u32 {
        match self {
            Self::Waiting => 1,
            Self::Working | Self::RetryLater => 2,
            Self::Installed => 3,
            Self::Failed => 4,
        }
    }
}

impl Win32App {
    /// Its name in the tracking tree: `Win32App_<id>_<version>`.
    pub(crate) fn tracking_name(&self) -> String {
        format!("Win32App_{}_{}", self.id, self.version)
    }
}

fn tracking(scope: Scope) -> LocUri {
    LocUri::at(scope, "Vendor/MSFT/EnrollmentStatusTracking/Setup/Apps")
}

impl Management {
    /// The agent's MSI is installed: the agent starts, and tells the page that it is there (ESD-005, ESD-033).
    pub(super) fn agent_arrived(&mut self, a: &mut Activity, cx: &mut Cx<'_>) {
        if self.agent.is_none() {
            self.agent = Some(Agent::default());
        }
        cx.decided(rules::ESD_005, "the management extension is installed and begins to list apps");
        let node = LocUri::device("Vendor/MSFT/EnrollmentStatusTracking/DevicePreparation/PolicyProviders")
            .into_child(SIDECAR);
        self.tree.set(&node.child("InstallationState"), Format::Int, "3");
        self.tree.set(&node.child("TrackedResourceTypes").into_child("Apps"), Format::Bool, "true");
        cx.note(Note::Progress { item: "management extension".into(), state: "running".into() });
        self.check_in(a, cx, false);
        self.look_soon(a, cx);
    }

    /// Creates the tracking nodes of one half and says that the list is complete (reference: protocols, D.2).
    pub(super) fn track(&mut self, cx: &mut Cx<'_>, scope: Scope) {
        let apps = self.agent.as_ref().map(|agent| agent.apps.clone()).unwrap_or_default();
        for app in apps.iter().filter(|app| app.scope == scope && app.tracked) {
            let node =
                tracking(scope).into_child("Tracking").into_child(SIDECAR).into_child(&app.tracking_name());
            let state = node.child("InstallationState");
            self.tree.set(&node.child("TrackingUri"), Format::Chr, state.to_string());
            self.tree.set(&state, Format::Int, app.state.tracking().to_string());
            if self.tree.find(&node.child("RebootRequired")).is_none() {
                self.tree.set(&node.child("RebootRequired"), Format::Int, "1");
            }
        }
        let node = tracking(scope).child("PolicyProviders").child(SIDECAR);
        self.tree.set(&node.child("TrackingPoliciesCreated"), Format::Bool, "true");
        cx.decided(rules::ESD_034, "the provider has listed its apps: the page can count them");
    }

    /// Moves an app on, and everything that shows it.
    pub(super) fn app_state(
        &mut self,
        cx: &mut Cx<'_>,
        number: u16,
        state: AppState,
        enforcement: &'static Code,
    ) {
        let Some(app) = self.agent.as_mut().and_then(|g| g.apps.iter_mut().find(|app| app.number == number))
        else {
            return;
        };
        app.state = state;
        let app = app.clone();
        if matches!(state, AppState::Installed | AppState::Failed)
            && let Some(agent) = &mut self.agent
        {
            let error = app.error.as_ref().filter(|_| state == AppState::Failed);
            let error = error.and_then(|code| code.parse::<codes::CodeValue>().ok());
            agent.results.push(AppResult {
                application_id: app.id.clone(),
                enforcement_state: enforcement.value(),
                error_code: error.map_or(0, codes::CodeValue::signed),
            });
        }
        if app.tracked {
            let node = tracking(app.scope).child("Tracking").child(SIDECAR).child(&app.tracking_name());
            self.tree.set(&node.child("InstallationState"), Format::Int, state.tracking().to_string());
        }
        self.record_app(cx, &app, enforcement);
        let said = format!("{} ({})", enforcement.title, enforcement.value());
        cx.note(Note::Progress { item: format!("app {}", app.name), state: said });
    }

    /// The restart that an app wants (ESD-036): 1 none, 2 soft, 3 hard.
    pub(super) fn app_wants_restart(&mut self, app: &Win32App, kind: u32) {
        let node = tracking(app.scope).child("Tracking").child(SIDECAR).child(&app.tracking_name());
        self.tree.set(&node.child("RebootRequired"), Format::Int, kind.to_string());
    }

    /// What the agent leaves in the registry (reference: artifacts, 4.4).
    fn record_app(&self, cx: &mut Cx<'_>, app: &Win32App, enforcement: &'static Code) {
        let user = match app.scope {
            Scope::Device => "00000000-0000-0000-0000-000000000000",
            Scope::User => self.tree.user().unwrap_or("00000000-0000-0000-0000-000000000000"),
        };
        let key = format!(
            "HKLM\\SOFTWARE\\Microsoft\\IntuneManagementExtension\\Win32Apps\\{user}\\{}_{}",
            app.id, app.version
        );
        let installed = app.state == AppState::Installed;
        let enforced = json!({
            "ApplicationId": app.id,
            "EnforcementState": enforcement.value(),
            "ErrorCode": app.error,
        });
        let compliant = json!({
            "ApplicationId": app.id,
            "Applicability": 0,
            "ComplianceState": if installed { 1 } else { 2 },
        });
        cx.write_registry(&key, "EnforcementStateMessage", RegistryValue::String(enforced.to_string()));
        cx.write_registry(&key, "ComplianceStateMessage", RegistryValue::String(compliant.to_string()));
    }

    pub(super) fn record_exit(&self, cx: &mut Cx<'_>, app: &Win32App, exit: u32) {
        let user = match app.scope {
            Scope::Device => "00000000-0000-0000-0000-000000000000",
            Scope::User => self.tree.user().unwrap_or("00000000-0000-0000-0000-000000000000"),
        };
        let key = format!(
            "HKLM\\SOFTWARE\\Microsoft\\IntuneManagementExtension\\Win32Apps\\{user}\\{}_{}",
            app.id, app.version
        );
        cx.write_registry(&key, "ExitCode", RegistryValue::Dword(exit));
    }

    /// After a start: what was under way begins again, what is installed is found when its turn comes.
    pub(in crate::manage) fn resume_agent(&mut self, a: &mut Activity, cx: &mut Cx<'_>) {
        let Some(agent) = &self.agent else { return };
        let open: Vec<u16> = agent
            .apps
            .iter()
            .filter(|app| matches!(app.state, AppState::Working | AppState::RetryLater))
            .map(|app| app.number)
            .collect();
        for number in open {
            self.app_state(cx, number, AppState::Waiting, codes::ENFORCEMENT_NOT_ATTEMPTED);
        }
        self.check_in(a, cx, false);
    }

    /// Try again: apps that were given up start over. Tells whether there are any.
    pub(in crate::manage) fn retry_apps(&mut self, cx: &mut Cx<'_>) -> bool {
        let mut again = Vec::new();
        let Some(agent) = &mut self.agent else { return false };
        for app in agent.apps.iter_mut().filter(|app| app.state == AppState::Failed) {
            app.failed = 0;
            app.error = None;
            again.push(app.number);
        }
        for number in &again {
            self.app_state(cx, *number, AppState::Waiting, codes::ENFORCEMENT_RETRY_NOW);
        }
        !again.is_empty()
    }
}
