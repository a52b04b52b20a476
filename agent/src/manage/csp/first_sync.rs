//! What the first-sync nodes of DMClient let a server write: the contract of the Enrollment Status Page (reference:
//! protocols, D.1; CSP documentation of DMClient).

use oobe_catalog::rules::{self, Rule};
use oobe_wire::syncml::StatusCode;

use super::node::Node;
use super::uri::LocUri;

/// A refused write, and the rule it rests on.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Refusal {
    /// Status to answer.
    pub status: StatusCode,
    /// Rule.
    pub rule: &'static Rule,
    /// In words.
    pub why: &'static str,
}

const fn not_allowed(rule: &'static Rule, why: &'static str) -> Refusal {
    Refusal { status: StatusCode::COMMAND_NOT_ALLOWED, rule, why }
}

/// Leaves that may still be written once the server said that it has finished: the verdict, and who sees the page
/// (field bug 2 has the second user's page switched off in the release itself).
const AFTER_THE_END: [&str; 5] = [
    "ServerHasFinishedProvisioning",
    "IsSyncDone",
    "WasDeviceSuccessfullyProvisioned",
    "SkipDeviceStatusPage",
    "SkipUserStatusPage",
];

/// Whether the server may write `new` (in stored spelling) to the leaf at `uri`, where `root` is the root of its half.
pub(crate) fn admit(root: &Node, uri: &LocUri, new: &str) -> Result<(), Refusal> {
    let path = uri.path();
    let ["Vendor", "MSFT", "DMClient", "Provider", _, "FirstSyncStatus", leaf] = path[..] else {
        return Ok(());
    };
    let sibling = |name: &str| {
        let above: Vec<&str> = path[..6].iter().copied().chain([name]).collect();
        root.value(&above).map(str::to_owned)
    };
    let old = sibling(leaf);
    let unchanged = old.as_deref() == Some(new);
    let number = new.parse::<i64>().ok();
    match leaf {
        "ServerHasFinishedProvisioning" if old.as_deref() == Some("true") && new == "false" => {
            Err(not_allowed(rules::ESS_025, "the server had finished provisioning; it can't take that back"))
        }
        "IsSyncDone" if old.as_deref() == Some("true") => Err(not_allowed(
            rules::ESS_026,
            "IsSyncDone is true already; true to true and to false are refused",
        )),
        "WasDeviceSuccessfullyProvisioned" if matches!(old.as_deref(), Some("0" | "1")) && !unchanged => {
            Err(not_allowed(rules::ESS_026, "the verdict is final"))
        }
        "WasDeviceSuccessfullyProvisioned" if !matches!(number, Some(0..=2)) => {
            Err(not_allowed(rules::ESS_026, "a verdict is 0, 1 or 2"))
        }
        "TimeOutUntilSyncFailure" if !matches!(number, Some(1..=1_440)) => {
            Err(not_allowed(rules::ESS_024, "minutes from 1 to 1440 are allowed"))
        }
        "BlockInStatusPage" if !matches!(number, Some(0..=7)) => {
            Err(not_allowed(rules::ESS_017, "the mask has three bits"))
        }
        _ if !AFTER_THE_END.contains(&leaf)
            && !unchanged
            && sibling("ServerHasFinishedProvisioning").as_deref() == Some("true") =>
        {
            Err(not_allowed(rules::ESS_025, "the server had finished provisioning; this node is closed"))
        }
        _ => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::super::node::{Format, Value};
    use super::*;

    const FIRST_SYNC: &str = "Vendor/MSFT/DMClient/Provider/X/FirstSyncStatus";

    fn tried(old: &[(&str, &str)], leaf: &str, new: &str) -> Option<&'static str> {
        let mut root = Node::default();
        for (name, data) in old {
            let uri = LocUri::device(FIRST_SYNC).child(name);
            root.put(&uri.path(), Node::Leaf(Value::new(Format::Chr, *data)));
        }
        admit(&root, &LocUri::device(FIRST_SYNC).child(leaf), new).err().map(|refusal| refusal.rule.id)
    }

    #[test]
    fn the_release_can_be_repeated_but_not_taken_back() {
        let released = &[("ServerHasFinishedProvisioning", "true")];
        assert_eq!(tried(released, "ServerHasFinishedProvisioning", "true"), None);
        assert_eq!(tried(released, "ServerHasFinishedProvisioning", "false"), Some("ESS-025"));
    }

    #[test]
    fn after_the_release_the_lists_are_closed() {
        let released = &[("ServerHasFinishedProvisioning", "true"), ("BlockInStatusPage", "1")];
        assert_eq!(tried(released, "ExpectedPolicies", "./x"), Some("ESS-025"));
        assert_eq!(tried(released, "BlockInStatusPage", "1"), None);
        assert_eq!(tried(released, "BlockInStatusPage", "2"), Some("ESS-025"));
        assert_eq!(tried(released, "SkipUserStatusPage", "true"), None);
    }

    #[test]
    fn verdicts_are_final() {
        assert_eq!(tried(&[("IsSyncDone", "true")], "IsSyncDone", "true"), Some("ESS-026"));
        assert_eq!(tried(&[("IsSyncDone", "false")], "IsSyncDone", "true"), None);
        let succeeded = &[("WasDeviceSuccessfullyProvisioned", "1")];
        assert_eq!(tried(succeeded, "WasDeviceSuccessfullyProvisioned", "0"), Some("ESS-026"));
        assert_eq!(tried(succeeded, "WasDeviceSuccessfullyProvisioned", "1"), None);
    }

    #[test]
    fn the_time_limit_is_in_minutes() {
        assert_eq!(tried(&[], "TimeOutUntilSyncFailure", "10800"), Some("ESS-024"));
        assert_eq!(tried(&[], "TimeOutUntilSyncFailure", "0"), Some("ESS-024"));
        assert_eq!(tried(&[], "TimeOutUntilSyncFailure", "180"), None);
    }
}
