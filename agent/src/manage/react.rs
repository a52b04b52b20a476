//! What the device does because a server changed its tree.

use oobe_catalog::{codes, rules};

use super::csp::{Change, Format, LocUri, Scope, Verb};
use super::remote::Remote;
use super::{Activity, ManageEvent, Management};
use crate::cx::Cx;
use crate::io::{Note, NoteFault};

impl Management {
    /// Reacts to what one command changed, or all members of an Atomic.
    pub(super) fn react(&mut self, a: &mut Activity, cx: &mut Cx<'_>, changes: Vec<Change>) {
        for change in changes {
            self.react_to(a, cx, &change);
        }
        self.work(a, cx);
    }

    fn react_to(&mut self, a: &mut Activity, cx: &mut Cx<'_>, change: &Change) {
        let uri = &change.uri;
        let written = matches!(change.verb, Verb::Add | Verb::Replace);
        let path = uri.path();
        let ["Vendor", "MSFT", csp, below @ ..] = &path[..] else {
            device_detail(cx, change);
            return;
        };
        match (*csp, below) {
            ("Policy", ["Config", _, _]) if written && !self.work.policies.contains(uri) => {
                self.work.policies.push_back(uri.clone());
            }
            ("Policy", ["Config", area, name]) if change.verb == Verb::Delete => {
                let result =
                    LocUri::at(uri.scope, "Vendor/MSFT/Policy/Result").into_child(area).into_child(name);
                self.tree.remove(&result);
            }
            ("WiFi" | "VPNv2", [.., _leaf]) if written && !change.data.is_empty() => {
                self.work.networks.push_back(uri.clone());
            }
            ("RootCATrustedCertificates", [_, _, "EncodedCertificate"]) if written => {
                self.root_written(cx, uri, &change.data);
            }
            ("ClientCertificateInstall", ["PFXCertInstall", _, "PFXCertBlob" | "PFXCertPassword"])
                if written =>
            {
                self.pfx_written(a, cx, &uri.parent());
            }
            ("ClientCertificateInstall", ["SCEP", _, "Install", "Enroll"]) if change.verb == Verb::Exec => {
                self.scep_asked(cx, &uri.parent().parent());
            }
            ("EnterpriseDesktopAppManagement", ["MSI", _, "DownloadInstall"])
                if change.verb == Verb::Exec =>
            {
                self.msi_asked(a, cx, &uri.parent(), &change.data);
            }
            ("EnterpriseDesktopAppManagement", ["MSI", _]) if change.verb == Verb::Delete => {
                self.msi_removed(cx, uri);
            }
            ("AppLocker", [_, ..]) if change.differs && uri.scope == Scope::Device => self.applocker = true,
            ("DMClient", ["Provider", _, "Poll", _]) => self.sessions.scheduled = 0,
            ("DMClient", ["Provider", _, "FirstSyncStatus", leaf]) if written => {
                self.first_sync_written(a, cx, uri, leaf);
            }
            ("EnrollmentStatusTracking", _) => self.look_soon(a, cx),
            _ if change.verb == Verb::Exec => {
                if let Some(remote) = Remote::of(uri) {
                    self.remote_asked(remote);
                }
            }
            _ => {}
        }
    }

    /// ESD-040: application control that arrives in OOBE restarts the device, and nothing can put that off.
    pub(super) fn restart_for_applocker(&mut self, a: &mut Activity, cx: &mut Cx<'_>) {
        if std::mem::take(&mut self.applocker) && !self.tracker.is_over() {
            cx.decided(
                rules::ESD_040,
                "application control came by the AppLocker CSP: the device restarts at once",
            );
            a.tell(ManageEvent::RestartNeeded { why: "application control was delivered".into() });
        }
    }

    /// SCEP is a conversation of its own that is not simulated: the request fails the way a CA that can't be reached
    /// makes it fail.
    fn scep_asked(&mut self, cx: &mut Cx<'_>, node: &LocUri) {
        self.tree.set(&node.child("Status"), Format::Int, "16");
        self.tree.set(
            &node.child("ErrorCode"),
            Format::Int,
            i64::from(codes::ERROR_NOT_SUPPORTED.code.signed()).to_string(),
        );
        cx.failed(
            "enrolling a certificate by SCEP",
            NoteFault::Device,
            Some(codes::ERROR_NOT_SUPPORTED.code.to_string()),
            "SCEP is not simulated yet",
        );
        cx.decided(rules::MOD_012, "SCEP requests fail: the conversation is not simulated");
    }
}

/// A name that the server writes becomes the device's own at the next restart.
fn device_detail(cx: &mut Cx<'_>, change: &Change) {
    let path = change.uri.path();
    if let ["DevDetail", "Ext", "Microsoft", "DeviceName" | "DNSComputerName"] = path[..] {
        let text = format!("the device is to be called {:?} after a restart", change.data);
        cx.note(Note::Remark { text });
    }
}
