//! App objects, as the management extension gets them. Names of members are those that logs of the real agent show;
//! `EspTracked` is ours, and so is what stands in `DetectionRule` (MOD-003).

use std::collections::BTreeMap;
use std::sync::Arc;

use oobe_wire::content::pack;
use oobe_wire::encoding::base64_encode;
use oobe_wire::ids::Guid;
use oobe_wire::model::DetectionRule;
use serde_json::{Value, json};

use crate::directory::{App, Assigned, Tenant};
use crate::kept::Kept;
use crate::manage::default_path;
use crate::setup::{AppKind, InstallContext, ReturnCode, ReturnKind, Scope};

/// Lists that were packed before, by tenant and scopes: devices ask for them again and again.
#[derive(Debug, Clone, Default)]
pub(crate) struct Listed(BTreeMap<Guid, Kept<Arc<Assigned>, &'static [Scope], List>>);

/// A list of apps.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct List {
    /// How many there are.
    pub(super) apps: usize,
    /// Packed and in base64.
    pub(super) packed: Arc<str>,
}

impl Listed {
    /// The Win32 apps of a tenant in those scopes.
    pub(super) fn of(&mut self, tenant: &Tenant, scopes: &'static [Scope]) -> List {
        let assigned = Arc::clone(&tenant.assigned);
        self.0.entry(tenant.id).or_default().of(assigned, scopes, || list(&tenant.assigned, scopes))
    }
}

fn list(assigned: &Assigned, scopes: &[Scope]) -> List {
    let apps: Vec<Value> = assigned
        .apps
        .iter()
        .filter(|a| a.setup.kind == AppKind::Win32 && scopes.contains(&a.setup.scope))
        .map(|app| object(assigned, app))
        .collect();
    List { apps: apps.len(), packed: base64_encode(&pack(Value::Array(apps).to_string().as_bytes())).into() }
}

fn object(assigned: &Assigned, app: &App) -> Value {
    let setup = &app.setup;
    let detection = setup.detection.clone().unwrap_or_else(|| match setup.kind {
        AppKind::Win32 => DetectionRule::File { path: default_path(&setup.name) },
        AppKind::Msi => DetectionRule::Msi { product_code: crate::manage::product_code(app.product_code) },
    });
    let codes = setup.return_codes.clone().unwrap_or_else(|| ReturnCode::DEFAULTS.to_vec());
    let codes: Vec<Value> =
        codes.iter().map(|c| json!({ "ReturnCode": c.code, "Type": return_type(c.kind) })).collect();
    let context = match setup.context {
        InstallContext::System => 1,
        InstallContext::User => 0,
    };
    let install = json!({
        "RunAs": context,
        "RequiresLogon": setup.context == InstallContext::User,
        "InstallProgramVisibility": 3,
        "MaxRetries": setup.retries,
        "RetryIntervalInMinutes": setup.retry_minutes,
        "MaxRunTimeInMinutes": setup.timeout_minutes,
        "DeviceRestartBehavior": 0,
    });
    let needed: Vec<Value> = setup
        .depends_on
        .iter()
        .filter_map(|name| assigned.apps.iter().find(|other| &other.setup.name == name))
        .map(|other| json!({ "AppId": app.id, "ChildId": other.id, "Action": 10, "Type": 0, "Level": 0 }))
        .collect();
    json!({
        "Id": app.id,
        "Name": setup.name,
        "Version": 1,
        "Intent": 3,
        "TargetType": if setup.scope == Scope::User { 1 } else { 2 },
        "AppApplicabilityStateDueToAssginmentFilters": null,
        "AssignmentFilterIds": null,
        "DetectionRule": json!([detection]).to_string(),
        "InstallCommandLine": "setup.exe /quiet",
        "UninstallCommandLine": "setup.exe /uninstall /quiet",
        "InstallContext": if setup.context == InstallContext::User { 1 } else { 2 },
        "RequirementRules": json!({ "RequiredOSArchitecture": 2, "MinimumWindows10BuildNumer": "10.0.17763" }).to_string(),
        "ExtendedRequirementRules": "[]",
        "InstallEx": install.to_string(),
        "ReturnCodes": Value::Array(codes).to_string(),
        "FlatDependencies": if needed.is_empty() { Value::Null } else { Value::Array(needed) },
        "ToastState": 0,
        "EspTracked": setup.blocking,
    })
}

/// 0 failed, 1 success, 2 soft reboot, 3 hard reboot, 4 retry.
const fn return_type(kind: ReturnKind) -> u32 {
    match kind {
        ReturnKind::Failed => 0,
        ReturnKind::Success => 1,
        ReturnKind::SoftReboot => 2,
        ReturnKind::HardReboot => 3,
        ReturnKind::Retry => 4,
    }
}
