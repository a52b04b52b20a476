//! Finding codes.

use super::value::parse_hresult;
use super::{ALL, CodeKind, CodeValue, ResultCode};

/// The entry of this code; texts have no number, so each is its own.
pub fn of(code: CodeValue) -> Option<&'static ResultCode> {
    ALL.iter().find(|entry| entry.code == code)
}

/// The entry of this HRESULT.
pub fn hresult(value: u32) -> Option<&'static ResultCode> {
    of(CodeValue::Hresult(value))
}

/// The entry of this error number of Entra ID.
pub fn aadsts(number: u32) -> Option<&'static ResultCode> {
    of(CodeValue::Aadsts(number))
}

/// The entry of this SyncML status.
pub fn syncml(status: u32) -> Option<&'static ResultCode> {
    of(CodeValue::SyncMl(status))
}

/// The entry of this answer of the deployment service.
pub fn ztd(number: u32) -> Option<&'static ResultCode> {
    of(CodeValue::Ztd(number))
}

/// All entries that a query may mean: `0x800705b4`, `800705B4`, `-2147023436`, `AADSTS50126`, `405`, `SyncML 405`, a name,
/// an id, `ERR-001`. Case does not matter.
pub fn find(query: &str) -> Vec<&'static ResultCode> {
    let query = query.trim();
    ALL.iter().filter(|entry| matches(entry, query)).collect()
}

fn matches(entry: &ResultCode, query: &str) -> bool {
    let is = |text: &str| text.eq_ignore_ascii_case(query);
    is(entry.id)
        || entry.name.is_some_and(is)
        || entry.aliases.iter().any(|a| is(a))
        || entry.errors.iter().any(|e| is(e))
        || is(&entry.code.to_string())
        || number(entry, query)
}

fn number(entry: &ResultCode, query: &str) -> bool {
    match entry.kind() {
        CodeKind::Hresult => {
            let value = entry.value();
            parse_hresult(query) == Some(value)
                || query.parse::<i32>().is_ok_and(|v| v < 0 && v.cast_unsigned() == value)
                || query.parse::<u32>() == Ok(value)
        }
        CodeKind::Text => false,
        CodeKind::Aadsts => query.parse() == Ok(entry.value()),
        _ => {
            let of_kind = match entry.kind() {
                CodeKind::SyncMl => ["status"].as_slice(),
                CodeKind::Exit => ["exit code"].as_slice(),
                CodeKind::Enforcement => ["state", "enforcement state"].as_slice(),
                _ => ["error"].as_slice(),
            };
            let lower = query.to_ascii_lowercase();
            let digits = of_kind.iter().find_map(|p| lower.strip_prefix(p)).unwrap_or(&lower);
            digits.trim().parse() == Ok(entry.value())
        }
    }
}
