//! Reading the list of apps that the service sends (reference: protocols, F). The JSON of real services is not public
//! as a whole; names are those that are seen in logs of the agent, and each may come as JSON or as JSON in a string.
//! Detection rules are MOD-003.

use std::collections::BTreeMap;

use oobe_wire::model::DetectionRule;
use serde_json::Value;

use super::agent::{AppState, ReturnKind, Win32App};
use crate::manage::csp::Scope;

/// Reads the array; entries that can't be used are told in words.
pub(super) fn read(json: &[u8], asked_for: Scope) -> Result<(Vec<Win32App>, Vec<String>), String> {
    let list: Value = serde_json::from_slice(json).map_err(|e| format!("the list is not JSON: {e}"))?;
    let Value::Array(entries) = list else { return Err("the list is no array".into()) };
    let mut apps = Vec::new();
    let mut odd = Vec::new();
    for entry in &entries {
        match app(entry, asked_for) {
            Ok(app) => apps.push(app),
            Err(why) => odd.push(why),
        }
    }
    Ok((apps, odd))
}

fn app(entry: &Value, asked_for: Scope) -> Result<Win32App, String> {
    let text = |name: &str| entry.get(name).and_then(as_text);
    let id = text("Id").filter(|id| !id.is_empty()).ok_or("an app without Id")?;
    let name = text("Name").unwrap_or_else(|| id.clone());
    let detection =
        detection(entry.get("DetectionRule")).ok_or_else(|| format!("{name}: no usable DetectionRule"))?;
    let ex = entry.get("InstallEx").and_then(unpacked).unwrap_or(Value::Null);
    let number = |of: &Value, name: &str| of.get(name).and_then(Value::as_u64);
    let scope = match number(entry, "TargetType") {
        Some(1) => Scope::User,
        Some(2) => Scope::Device,
        _ => asked_for,
    };
    let run_as_user = number(&ex, "RunAs") == Some(0);
    Ok(Win32App {
        number: 0,
        scope,
        version: text("Version").unwrap_or_else(|| "1".into()),
        intent: number(entry, "Intent").unwrap_or(3),
        install_context: number(entry, "InstallContext").unwrap_or(if run_as_user { 1 } else { 2 }),
        return_codes: return_codes(entry.get("ReturnCodes")),
        timeout_minutes: number(&ex, "MaxRunTimeInMinutes").unwrap_or(60).clamp(1, 1_440),
        retries: number(&ex, "MaxRetries").and_then(|n| u32::try_from(n).ok()).unwrap_or(3).min(100),
        retry_minutes: number(&ex, "RetryIntervalInMinutes").unwrap_or(5).clamp(1, 1_440),
        depends_on: dependencies(entry.get("FlatDependencies")),
        tracked: entry.get("EspTracked").and_then(Value::as_bool).unwrap_or(true),
        id,
        name,
        detection,
        state: AppState::Waiting,
        failed: 0,
        error: None,
    })
}

fn as_text(value: &Value) -> Option<String> {
    match value {
        Value::String(text) => Some(text.clone()),
        Value::Number(number) => Some(number.to_string()),
        _ => None,
    }
}

/// A value that may come as JSON in a string.
fn unpacked(value: &Value) -> Option<Value> {
    match value {
        Value::String(text) => serde_json::from_str(text).ok(),
        Value::Null => None,
        other => Some(other.clone()),
    }
}

fn detection(value: Option<&Value>) -> Option<Vec<DetectionRule>> {
    let value = unpacked(value?)?;
    let rules = match value {
        Value::Array(rules) => rules,
        one => vec![one],
    };
    let read = |rule: &Value| {
        serde_json::from_value::<DetectionRule>(rule.clone()).ok().or_else(|| logged_rule(rule))
    };
    let rules: Option<Vec<DetectionRule>> = rules.iter().map(read).collect();
    rules.filter(|rules| !rules.is_empty())
}

/// A rule as the agent's logs show it: `DetectionType` 1 (MSI) or 2 (file), `DetectionText` JSON in a string.
fn logged_rule(rule: &Value) -> Option<DetectionRule> {
    let text = rule.get("DetectionText").and_then(unpacked)?;
    let field = |name: &str| text.get(name).and_then(Value::as_str).map(str::to_owned);
    match rule.get("DetectionType")?.as_u64()? {
        1 => Some(DetectionRule::Msi { product_code: field("ProductCode")? }),
        2 => {
            Some(DetectionRule::File { path: format!("{}\\{}", field("Path")?, field("FileOrFolderName")?) })
        }
        _ => None,
    }
}

/// The documented defaults (reference: protocols, F), with what the app says on top.
fn return_codes(value: Option<&Value>) -> BTreeMap<u32, ReturnKind> {
    use oobe_catalog::codes;
    let mut kinds = BTreeMap::from([
        (codes::EXIT_SUCCESS.value(), ReturnKind::Success),
        (codes::EXIT_PRODUCT_INSTALLED.value(), ReturnKind::Success),
        (codes::EXIT_SUCCESS_REBOOT_REQUIRED.value(), ReturnKind::SoftReboot),
        (codes::EXIT_SUCCESS_REBOOT_INITIATED.value(), ReturnKind::HardReboot),
        (codes::EXIT_INSTALL_ALREADY_RUNNING.value(), ReturnKind::Retry),
    ]);
    let Some(Value::Array(list)) = value.and_then(unpacked) else { return kinds };
    for entry in &list {
        let of = |names: &[&str]| names.iter().find_map(|name| entry.get(*name));
        let code =
            of(&["ReturnCode", "Code", "code"]).and_then(Value::as_i64).and_then(|n| u32::try_from(n).ok());
        let kind = of(&["Type", "Kind", "kind"]).and_then(return_kind);
        if let (Some(code), Some(kind)) = (code, kind) {
            kinds.insert(code, kind);
        }
    }
    kinds
}

/// 0 failed, 1 success, 2 soft reboot, 3 hard reboot, 4 retry; or the word.
fn return_kind(value: &Value) -> Option<ReturnKind> {
    let word = value.as_str().map(|w| w.to_ascii_lowercase().replace(['-', '_'], ""));
    Some(match (value.as_u64(), word.as_deref()) {
        (Some(0), _) | (_, Some("failed")) => ReturnKind::Failed,
        (Some(1), _) | (_, Some("success")) => ReturnKind::Success,
        (Some(2), _) | (_, Some("softreboot")) => ReturnKind::SoftReboot,
        (Some(3), _) | (_, Some("hardreboot")) => ReturnKind::HardReboot,
        (Some(4), _) | (_, Some("retry")) => ReturnKind::Retry,
        _ => return None,
    })
}

fn dependencies(value: Option<&Value>) -> Vec<String> {
    let Some(Value::Array(list)) = value.and_then(unpacked) else { return Vec::new() };
    let id = |entry: &Value| match entry {
        Value::String(id) => Some(id.clone()),
        other => ["ChildId", "AppId", "Id"].iter().find_map(|name| other.get(*name)).and_then(as_text),
    };
    list.iter().filter_map(id).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_app_is_read_with_its_strings_in_strings() {
        let json = r#"[{"Id":"a1","Name":"Editor","Version":"2","Intent":3,
            "DetectionRule":"[{\"type\":\"file\",\"path\":\"C:\\\\e.exe\"}]",
            "ReturnCodes":"[{\"ReturnCode\":7,\"Type\":2}]",
            "InstallEx":"{\"MaxRunTimeInMinutes\":30,\"MaxRetries\":1}",
            "FlatDependencies":[{"ChildId":"b2"}]},
            {"Name":"no id"}]"#;
        let (apps, odd) = read(json.as_bytes(), Scope::Device).unwrap();
        assert_eq!(odd.len(), 1);
        let app = &apps[0];
        assert_eq!(app.tracking_name(), "Win32App_a1_2");
        assert_eq!(app.return_codes[&7], ReturnKind::SoftReboot);
        assert_eq!(app.return_codes[&1641], ReturnKind::HardReboot);
        assert_eq!((app.timeout_minutes, app.retries, app.retry_minutes), (30, 1, 5));
        assert_eq!(app.depends_on, ["b2"]);
        assert_eq!(app.detection, [DetectionRule::File { path: "C:\\e.exe".into() }]);
    }

    #[test]
    fn a_rule_as_logs_show_it() {
        let json = r#"[{"Id":"a","DetectionRule":"[{\"DetectionType\":1,\"DetectionText\":\"{\\\"ProductCode\\\":\\\"{1}\\\"}\"}]"}]"#;
        let (apps, _) = read(json.as_bytes(), Scope::User).unwrap();
        assert_eq!(apps[0].detection, [DetectionRule::Msi { product_code: "{1}".into() }]);
        assert_eq!(apps[0].scope, Scope::User);
        assert!(read(b"{}", Scope::User).is_err());
    }
}
