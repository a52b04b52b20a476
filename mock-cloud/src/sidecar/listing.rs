//! App objects, as the management extension gets them. Names of members are those that logs of the real agent show;
//! `EspTracked` is ours, and so is what stands in `DetectionRule` (MOD-003).

use oobe_wire::model::DetectionRule;
use serde_json::{Value, json};

use crate::directory::{App, Tenant};
use crate::manage::default_path;
use crate::setup::{AppKind, InstallContext, ReturnCode, ReturnKind, Scope};

/// The Win32 apps of a tenant in those scopes.
pub(super) fn list(tenant: &Tenant, scopes: &[Scope]) -> Value {
    let apps = tenant
        .apps
        .iter()
        .filter(|a| a.setup.kind == AppKind::Win32 && scopes.contains(&a.setup.scope))
        .map(|app| object(tenant, app));
    Value::Array(apps.collect())
}

fn object(tenant: &Tenant, app: &App) -> Value {
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
        .filter_map(|name| tenant.apps.iter().find(|other| &other.setup.name == name))
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
