//! EnterpriseDesktopAppManagement: a server hands over a job, the device fetches, checks and runs the package
//! (reference: protocols, D.4).

use oobe_catalog::codes::{self, Code};
use oobe_catalog::{events, rules};
use oobe_wire::crypto::sha256;
use oobe_wire::encoding::hex_upper;
use oobe_wire::model::PackageManifest;

use super::msi_job::{MsiJob, MsiState};
use super::{Content, from_exit_code, package};
use crate::cx::{Answer, Cx};
use crate::io::{HttpRequest, Note, NoteFault, Slot, Timer};
use crate::manage::csp::{Format, LocUri, Scope, parse_msi_job};
use crate::manage::session::PendingAlert;
use crate::manage::{Activity, Management};
use crate::time::Span;

const DOING: &str = "installing an MSI package";

impl Management {
    /// `DownloadInstall` was run.
    pub(in crate::manage) fn msi_asked(
        &mut self,
        a: &mut Activity,
        cx: &mut Cx<'_>,
        node: &LocUri,
        data: &str,
    ) {
        // The CSP refused anything else before it got here.
        let Ok(job) = parse_msi_job(data) else { return };
        let same =
            |known: &MsiJob| known.node == *node && known.job == job && known.state == MsiState::Completed;
        if self.installed.contains(node.last()) && self.msi.iter().any(same) {
            // A server that repeats its Exec in every session is told by the Status node, not by an alert each time.
            cx.note(Note::Remark { text: format!("{} is installed already", node.last()) });
            return;
        }
        let number = match self.msi.iter().position(|known| known.node == *node) {
            Some(at) if !self.msi[at].state.is_final() => {
                cx.note(Note::Remark { text: format!("{} is at work already", node.last()) });
                return;
            }
            Some(at) => {
                self.msi[at].job = job;
                self.msi[at].failed = 0;
                self.msi[at].number
            }
            None => {
                let number = u16::try_from(self.msi.len()).unwrap_or(u16::MAX);
                let state = MsiState::Initialised;
                self.msi.push(MsiJob { number, node: node.clone(), job, state, failed: 0 });
                number
            }
        };
        if self.installed.contains(node.last()) {
            self.msi_completed(a, cx, number, "is installed already");
            return;
        }
        self.msi_state(cx, number, MsiState::Initialised);
    }

    /// The product's node was deleted: the product is uninstalled.
    pub(in crate::manage) fn msi_removed(&mut self, cx: &mut Cx<'_>, node: &LocUri) {
        if self.installed.remove(node.last()) {
            cx.note(Note::Progress { item: node.last().to_owned(), state: "uninstalled".into() });
        }
        self.msi.iter_mut().filter(|job| job.node == *node).for_each(|job| job.state = MsiState::Completed);
    }

    pub(super) fn next_msi(&self) -> Option<u16> {
        let due = |job: &&MsiJob| {
            let user_ready = job.node.scope == Scope::Device || self.tree.user().is_some();
            user_ready && matches!(job.state, MsiState::Initialised | MsiState::AwaitingUser)
        };
        self.msi.iter().find(due).map(|job| job.number)
    }

    fn msi(&self, number: u16) -> Option<&MsiJob> {
        self.msi.iter().find(|job| job.number == number)
    }

    fn msi_state(&mut self, cx: &mut Cx<'_>, number: u16, state: MsiState) {
        let Some(job) = self.msi.iter_mut().find(|job| job.number == number) else { return };
        job.state = state;
        let node = job.node.clone();
        self.tree.set(&node.child("Status"), Format::Int, state.number().to_string());
        cx.note(Note::Progress {
            item: format!("MSI {}", node.last()),
            state: format!("status {}", state.number()),
        });
    }

    pub(super) fn start_msi(&mut self, a: &mut Activity, cx: &mut Cx<'_>, number: u16) {
        let Some(job) = self.msi(number) else { return };
        let product = job.node.last().to_owned();
        if self.installed.contains(&product) {
            self.msi_completed(a, cx, number, "is installed already");
            return;
        }
        a.installer = Some(Slot::Msi(number));
        cx.event(events::MDM_1905, &[("product", &product)]);
        self.msi_state(cx, number, MsiState::Downloading);
        self.fetch_msi(a, cx, number, 0);
    }

    fn fetch_msi(&mut self, a: &mut Activity, cx: &mut Cx<'_>, number: u16, url: usize) {
        let Some(job) = self.msi(number) else { return };
        let Some(address) = job.job.urls.get(url) else { return };
        let why = format!("downloading the MSI {}", job.node.last());
        cx.send(Slot::Msi(number), HttpRequest::get(address.as_str()), why);
        a.content.insert(Slot::Msi(number), Content::Fetching { url });
    }

    /// A download ended.
    pub(in crate::manage) fn msi_answer(
        &mut self,
        a: &mut Activity,
        cx: &mut Cx<'_>,
        number: u16,
        answer: Answer,
    ) {
        let slot = Slot::Msi(number);
        let Some(Content::Fetching { url }) = a.content.get(&slot).cloned() else { return };
        let Some(job) = self.msi(number).cloned() else { return };
        let problem = match answer {
            Answer::Http(Ok(reply)) if reply.is_success() => {
                let wrong = job.job.sha256.as_ref().and_then(|wanted| wrong_hash(wanted, &reply.body));
                cx.checked("msi-sha256", wrong.clone());
                match wrong {
                    None => {
                        let package = package(cx, &reply.body);
                        Self::arrive(a, cx, slot, package);
                        return;
                    }
                    Some(wrong) => (NoteFault::PeerBrokeProtocol, codes::E_FAIL, wrong),
                }
            }
            Answer::Http(Ok(reply)) => {
                let detail = format!("the download answered with status {}", reply.status);
                (NoteFault::PeerRefused, codes::ERROR_NOT_FOUND, detail)
            }
            Answer::Http(Err(error)) => {
                let detail = format!("the download failed: {error}");
                (error.blames(), error.code().unwrap_or(codes::E_FAIL), detail)
            }
            Answer::Keys(_) | Answer::Tpm(_) => return,
        };
        if url + 1 < job.job.urls.len() {
            cx.note(Note::Remark { text: format!("{}; the next URL is tried", problem.2) });
            self.fetch_msi(a, cx, number, url + 1);
            return;
        }
        self.msi_failed(a, cx, number, problem, true);
    }

    /// The package is there, or its installer ended.
    pub(in crate::manage) fn msi_timer(&mut self, a: &mut Activity, cx: &mut Cx<'_>, number: u16) {
        let slot = Slot::Msi(number);
        let Some(job) = self.msi(number).cloned() else { return };
        match a.content.remove(&slot) {
            Some(Content::Arriving(package)) => {
                let product = job.node.last();
                cx.event(events::MDM_1906, &[("product", product)]);
                self.msi_state(cx, number, MsiState::Downloaded);
                cx.event(events::MDM_1920, &[("product", product)]);
                self.msi_state(cx, number, MsiState::Enforcing);
                let limit = (job.job.timeout_minutes > 0).then(|| Span::from_mins(job.job.timeout_minutes));
                Self::run(a, cx, slot, *package, limit);
            }
            Some(Content::Running { package, killed }) => self.msi_ended(a, cx, &job, &package, killed),
            Some(other) => {
                a.content.insert(slot, other);
            }
            None => {}
        }
    }

    fn msi_ended(
        &mut self,
        a: &mut Activity,
        cx: &mut Cx<'_>,
        job: &MsiJob,
        package: &PackageManifest,
        killed: bool,
    ) {
        let exit = package.exit_code;
        cx.decided(rules::MOD_003, "what the installer does stands in its package");
        let success = [
            codes::EXIT_SUCCESS,
            codes::EXIT_PRODUCT_INSTALLED,
            codes::EXIT_SUCCESS_REBOOT_REQUIRED,
            codes::EXIT_SUCCESS_REBOOT_INITIATED,
        ];
        if killed {
            let detail = format!("the installer was ended after {} minutes", job.job.timeout_minutes);
            self.msi_failed(a, cx, job.number, (NoteFault::Device, codes::ERROR_TIMEOUT, detail), false);
        } else if success.iter().any(|code| code.value() == exit) {
            self.installed.extend(package.leaves.iter().cloned());
            self.installed.insert(job.node.last().to_owned());
            self.msi_completed(a, cx, job.number, "installed");
            if job.brings_agent() {
                self.agent_arrived(a, cx);
            }
        } else {
            let detail = format!("the installer ended with exit code {exit}");
            let code = codes::of(codes::CodeValue::Exit(exit)).unwrap_or(codes::EXIT_INSTALL_FAILURE);
            self.msi_failed(a, cx, job.number, (NoteFault::Device, code, detail), false);
        }
    }

    fn msi_completed(&mut self, a: &mut Activity, cx: &mut Cx<'_>, number: u16, how: &str) {
        let Some(job) = self.msi(number).cloned() else { return };
        Self::free(a, Slot::Msi(number));
        self.tree.set(&job.node.child("LastError"), Format::Chr, "0");
        self.tree.set(&job.node.child("Version"), Format::Chr, job.job.version.as_str());
        self.tree.set(&job.node.child("InstallDate"), Format::Chr, cx.utc.to_rfc3339());
        self.msi_state(cx, number, MsiState::Completed);
        cx.event(events::MDM_1922, &[("product", job.node.last())]);
        cx.note(Note::Progress { item: format!("MSI {}", job.node.last()), state: how.to_owned() });
        self.msi_over(a, cx, &job, 0);
    }

    fn msi_failed(
        &mut self,
        a: &mut Activity,
        cx: &mut Cx<'_>,
        number: u16,
        (fault, code, detail): (NoteFault, &'static Code, String),
        download: bool,
    ) {
        let Some(job) = self.msi.iter_mut().find(|job| job.number == number) else { return };
        job.failed = job.failed.saturating_add(1);
        let job = job.clone();
        Self::free(a, Slot::Msi(number));
        let hresult = match code.code {
            codes::CodeValue::Exit(exit) => from_exit_code(exit),
            _ => code.value(),
        };
        let printed = codes::CodeValue::Hresult(hresult).to_string();
        self.tree.set(&job.node.child("LastError"), Format::Chr, printed.as_str());
        self.tree.set(&job.node.child("LastErrorDesc"), Format::Chr, detail.as_str());
        cx.failed(DOING, fault, Some(printed.clone()), detail.as_str());
        if job.failed <= job.job.retry_count {
            let state = if download { MsiState::DownloadRetry } else { MsiState::EnforcementRetry };
            self.msi_state(cx, number, state);
            let after = Span::from_mins(job.job.retry_interval_minutes.max(1));
            cx.set_timer(Timer::Retry(Slot::Msi(number)), after, "another try at the MSI package");
            self.pump(a, cx);
            return;
        }
        let state = if download { MsiState::DownloadFailed } else { MsiState::EnforcementFailed };
        self.msi_state(cx, number, state);
        let exit = code.value().to_string();
        let data = [("product", job.node.last()), ("message", detail.as_str()), ("code", exit.as_str())];
        cx.event(events::MDM_1924, &data);
        self.msi_over(a, cx, &job, hresult);
    }

    /// The server is told with the next session, which follows at once while the page is up.
    fn msi_over(&mut self, a: &mut Activity, cx: &mut Cx<'_>, job: &MsiJob, result: u32) {
        self.sessions.alerts.push(PendingAlert::msi(job.node.to_string(), result));
        if self.tracker.is_running() {
            cx.decided(rules::MOD_008, "an install ended while the page is up: the server is told at once");
            self.sync(a, cx, "an MSI package has ended");
        }
        self.pump(a, cx);
        self.look_soon(a, cx);
    }

    /// Another try is due.
    pub(in crate::manage) fn msi_retry(&mut self, a: &mut Activity, cx: &mut Cx<'_>, number: u16) {
        let waiting =
            |job: &MsiJob| matches!(job.state, MsiState::DownloadRetry | MsiState::EnforcementRetry);
        if self.msi(number).is_some_and(waiting) {
            self.msi_state(cx, number, MsiState::Initialised);
            self.pump(a, cx);
        }
    }

    /// What was under way when memory was lost begins again; what is installed is found and left alone.
    pub(in crate::manage) fn resume_msi(&mut self, cx: &mut Cx<'_>) {
        let open: Vec<u16> =
            self.msi.iter().filter(|job| !job.state.is_final()).map(|job| job.number).collect();
        for number in open {
            self.msi_state(cx, number, MsiState::Initialised);
        }
    }

    /// Try again: jobs that failed for good start over.
    pub(in crate::manage) fn retry_msi(&mut self, cx: &mut Cx<'_>) {
        let failed =
            |job: &&MsiJob| matches!(job.state, MsiState::DownloadFailed | MsiState::EnforcementFailed);
        let numbers: Vec<u16> = self.msi.iter().filter(failed).map(|job| job.number).collect();
        for number in numbers {
            self.msi.iter_mut().filter(|job| job.number == number).for_each(|job| job.failed = 0);
            self.msi_state(cx, number, MsiState::Initialised);
        }
    }
}

fn wrong_hash(wanted: &str, body: &[u8]) -> Option<String> {
    let found = hex_upper(&sha256(body));
    (!found.eq_ignore_ascii_case(wanted)).then(|| format!("the file has SHA-256 {found}, not {wanted}"))
}
