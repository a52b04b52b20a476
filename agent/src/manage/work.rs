//! What takes the device some time of its own: applying policies, installing certificates, setting up networks. One
//! thing of each kind at a time, in the order in which it came; each takes a time drawn round its median (MOD-004).

use std::collections::VecDeque;

use serde::{Deserialize, Serialize};

use super::csp::{Format, LocUri};
use super::{Activity, Management};
use crate::cx::Cx;
use crate::esp::Phase;
use crate::io::{Note, Timer};
use crate::registry::RegistryValue;
use oobe_catalog::{events, rules};

/// What there is to do, by kind. On disk: a restart does not lose it.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Work {
    /// Policies written and not yet applied.
    pub(super) policies: VecDeque<LocUri>,
    /// Certificates whose key is in its store and that are not yet reported, by job number.
    pub(super) certificates: VecDeque<u16>,
    /// Network profiles written and not yet set up.
    pub(super) networks: VecDeque<LocUri>,
}

/// Timers of the rows.
pub(super) const POLICIES: u16 = 0;
pub(super) const CERTIFICATES: u16 = 1;
pub(super) const NETWORKS: u16 = 2;

/// Policies whose change needs a restart: what stands under `RebootRequiredURIs` (USR-025). The real list is longer
/// and not public as a whole; these are the ones that the reference names (protocols, D.6; ESD-009..011). `*` stands
/// for every policy of the area (MOD-010).
const RESTART_AREAS: [(&str, &str); 6] = [
    ("DeviceLock", "*"),
    ("Security", "RequireRetrieveHealthCertificateOnBoot"),
    ("DeviceGuard", "*"),
    ("DmaGuard", "DeviceEnumerationPolicy"),
    ("LocalPoliciesSecurityOptions", "UserAccountControl_RunAllAdministratorsInAdminApprovalMode"),
    ("LocalSecurityAuthority", "ConfigureLsaProtectedProcess"),
];

/// Whether a policy is one of those.
fn needs_restart(uri: &LocUri) -> bool {
    let path = uri.path();
    let ["Vendor", "MSFT", "Policy", "Config", area, name] = path[..] else { return false };
    RESTART_AREAS.iter().any(|(a, n)| *a == area && (*n == "*" || *n == name))
}

impl Management {
    /// Starts the timer of every row that has something to do and no timer yet.
    pub(super) fn work(&mut self, a: &mut Activity, cx: &mut Cx<'_>) {
        let timings = &cx.setup.timings;
        let rows = [
            (POLICIES, self.work.policies.is_empty(), timings.policy, "a policy to be applied"),
            (
                CERTIFICATES,
                self.work.certificates.is_empty(),
                timings.certificate,
                "a certificate to be installed",
            ),
            (NETWORKS, self.work.networks.is_empty(), timings.network_profile, "a network to be set up"),
        ];
        for (row, empty, median, why) in rows {
            if !empty && a.rows.insert(row) {
                let after = cx.draw(median);
                cx.set_timer(Timer::Row(row), after, why);
            }
        }
    }

    /// A row's timer fired: its first thing is done.
    pub(super) fn row_done(&mut self, a: &mut Activity, cx: &mut Cx<'_>, row: u16) {
        if !a.rows.remove(&row) {
            return;
        }
        match row {
            POLICIES => {
                if let Some(uri) = self.work.policies.pop_front() {
                    self.policy_applied(cx, &uri);
                }
            }
            CERTIFICATES => {
                if let Some(number) = self.work.certificates.pop_front() {
                    self.certificate_done(cx, number);
                }
            }
            NETWORKS => {
                if let Some(uri) = self.work.networks.pop_front() {
                    cx.note(Note::Progress { item: uri.to_string(), state: "network set up".into() });
                }
            }
            _ => {}
        }
        self.work(a, cx);
        self.look_soon(a, cx);
    }

    fn policy_applied(&mut self, cx: &mut Cx<'_>, uri: &LocUri) {
        // Deleted, or the user's context went before its turn came.
        let Some(value) = self.tree.read(uri).map(str::to_owned) else { return };
        let path = uri.path();
        let ["Vendor", "MSFT", "Policy", "Config", area, name] = path[..] else { return };
        let result = LocUri::at(uri.scope, "Vendor/MSFT/Policy/Result").into_child(area).into_child(name);
        let changed = self.tree.read(&result) != Some(value.as_str());
        let data = [("policy", name), ("area", area), ("value", value.as_str())];
        cx.event(if value.parse::<i64>().is_ok() { events::MDM_813 } else { events::MDM_814 }, &data);
        self.tree.set(&result, Format::Chr, value.as_str());
        cx.note(Note::Progress { item: uri.to_string(), state: "policy applied".into() });
        if changed && area == "Update" {
            self.ring_written();
        }
        if changed && needs_restart(uri) {
            self.restart_by_policy(cx, uri);
        }
    }

    /// USR-025, USR-026: up to the end of Device setup the wish is kept for one restart at the end; in Account setup
    /// it is recorded and nothing follows.
    fn restart_by_policy(&mut self, cx: &mut Cx<'_>, uri: &LocUri) {
        cx.decided(rules::MOD_010, format!("{uri} is among the policies that need a restart"));
        let device_part = self.tracker.device_part_is_open();
        if self.tracker.running() == Some(Phase::AccountSetup) || !device_part {
            cx.event(events::MDM_2800, &[("uri", &uri.to_string())]);
            cx.decided(rules::USR_026, "a policy that needs a restart in Account setup: none follows");
            return;
        }
        let text = uri.to_string();
        if !self.restart_wanted.contains(&text) {
            self.restart_wanted.push(text);
        }
        cx.write_registry(RESTART_KEY, "RebootRequired", RegistryValue::Dword(1));
    }
}

/// Where the pending restart is noted.
pub(super) const RESTART_KEY: &str = "HKLM\\SOFTWARE\\Microsoft\\Provisioning\\OMADM\\SyncML";

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn restarts_by_area_and_by_name() {
        let at = |path: &str| needs_restart(&LocUri::device(&format!("Vendor/MSFT/Policy/Config/{path}")));
        assert!(at("DeviceLock/MinDevicePasswordLength"));
        assert!(at("Security/RequireRetrieveHealthCertificateOnBoot"));
        assert!(!at("Security/Other"));
        assert!(!at("Browser/AllowPopups"));
    }
}
