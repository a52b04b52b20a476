//! One Win32 app: detection, content, installer, detection again (reference: protocols, F).

use oobe_catalog::codes::{self, Code};
use oobe_catalog::rules;
use oobe_wire::content;
use oobe_wire::model::{DetectionRule, PackageManifest};

use super::agent::{AppState, ReturnKind, Win32App};
use super::delivery::{content_info, content_keys};
use super::{Content, package, printed};
use crate::cx::{Answer, Ask, Cx};
use crate::io::{HttpRequest, NoteFault, Slot, Timer};
use crate::keys::{KeyCommand, KeyReply};
use crate::manage::csp::Scope;
use crate::manage::{Activity, ManageEvent, Management, in_force};
use crate::time::Span;

/// Tries that are made more often since September 2026; the number is not published (ESD-026, MOD-011).
const EXTRA_TRIES: u32 = 2;
const DOING: &str = "installing a Win32 app";

/// What went wrong with a try.
struct Trouble {
    fault: NoteFault,
    code: &'static Code,
    enforcement: &'static Code,
    detail: String,
    /// Whether another try may help.
    again: bool,
}

impl Trouble {
    fn download(fault: NoteFault, detail: impl Into<String>) -> Self {
        let code = codes::IME_DOWNLOAD_FAILED;
        Self {
            fault,
            code,
            enforcement: codes::ENFORCEMENT_DOWNLOAD_ERROR,
            detail: detail.into(),
            again: true,
        }
    }

    fn content(detail: impl Into<String>) -> Self {
        let fault = NoteFault::PeerBrokeProtocol;
        let code = codes::IME_UNZIP_OR_CONTENT_INFO;
        Self { fault, code, enforcement: codes::ENFORCEMENT_ERROR, detail: detail.into(), again: true }
    }
}

impl Management {
    fn app(&self, number: u16) -> Option<&Win32App> {
        self.agent.as_ref()?.apps.iter().find(|app| app.number == number)
    }

    pub(super) fn next_win32(&self, a: &Activity) -> Option<u16> {
        let agent = self.agent.as_ref()?;
        a.sidecar.url.as_ref()?;
        let due = |app: &&Win32App| {
            app.state == AppState::Waiting && self.may_run(app) && self.dependencies_done(app)
        };
        agent.apps.iter().find(due).map(|app| app.number)
    }

    /// Whether the app's time has come: the device's from Device setup on, the user's once the context is up, and
    /// what the page does not wait for when the page is gone (ESD-023).
    fn may_run(&self, app: &Win32App) -> bool {
        let user_ready =
            app.scope == Scope::Device || (self.tree.user().is_some() && self.tracker.account_part_begun());
        user_ready && self.tracker.apps_may_run() && (app.tracked || self.tracker.is_over())
    }

    fn dependencies_done(&self, app: &Win32App) -> bool {
        let apps = self.agent.as_ref().map(|agent| agent.apps.as_slice()).unwrap_or_default();
        let of = |id: &String| apps.iter().find(|other| other.id == *id);
        app.depends_on
            .iter()
            .filter_map(of)
            .all(|d| matches!(d.state, AppState::Installed | AppState::Failed))
    }

    fn detected(&self, app: &Win32App) -> bool {
        app.detection.iter().all(|rule| {
            let wanted = match rule {
                DetectionRule::File { path } => path,
                DetectionRule::Msi { product_code } => product_code,
            };
            self.installed.iter().any(|found| found.eq_ignore_ascii_case(wanted))
        })
    }

    pub(super) fn start_win32(&mut self, a: &mut Activity, cx: &mut Cx<'_>, number: u16) {
        let Some(app) = self.app(number).cloned() else { return };
        let apps = self.agent.as_ref().map(|agent| agent.apps.as_slice()).unwrap_or_default();
        let failed_dependency = apps
            .iter()
            .find(|d| app.depends_on.contains(&d.id) && d.state == AppState::Failed)
            .map(|d| d.name.clone());
        if let Some(name) = failed_dependency {
            let trouble = Trouble {
                fault: NoteFault::Device,
                code: codes::IME_UNKNOWN,
                enforcement: codes::ENFORCEMENT_DEPENDENCY_FAILED,
                detail: format!("{} needs {name}, which failed", app.name),
                again: false,
            };
            self.win32_failed(a, cx, &app, &trouble);
            return;
        }
        if self.detected(&app) {
            self.app_state(cx, number, AppState::Installed, codes::ENFORCEMENT_SUCCESS);
            self.report_results(a, cx);
            self.look_soon(a, cx);
            return;
        }
        if !app.tracked && self.tracker.has_page() && app.failed == 0 {
            let why = format!("the page did not wait for {}: it comes now that the page is over", app.name);
            cx.decided(rules::ESD_023, why);
        }
        // An app's turn comes only once the gateway is known.
        let Some(url) = a.sidecar.url.clone() else { return };
        a.installer = Some(Slot::Win32(number));
        self.app_state(cx, number, AppState::Working, codes::ENFORCEMENT_IN_PROGRESS);
        let payload = self.content_info_payload(&app);
        let as_user = app.scope == Scope::User;
        let request = self.gateway_request(a, cx, &url, ("GetContentInfo", &payload), as_user);
        cx.send(Slot::Win32(number), request, format!("asking for the content of {}", app.name));
        a.content.insert(Slot::Win32(number), Content::Locating);
    }

    /// The gateway, the key store or the content server answered.
    pub(in crate::manage) fn win32_answer(
        &mut self,
        a: &mut Activity,
        cx: &mut Cx<'_>,
        number: u16,
        answer: Answer,
    ) {
        let Some(app) = self.app(number).cloned() else { return };
        let Some(stage) = a.content.remove(&Slot::Win32(number)) else { return };
        if let Err(trouble) = self.win32_advance(a, cx, &app, stage, answer) {
            self.win32_failed(a, cx, &app, &trouble);
        }
    }

    fn win32_advance(
        &mut self,
        a: &mut Activity,
        cx: &mut Cx<'_>,
        app: &Win32App,
        stage: Content,
        answer: Answer,
    ) -> Result<(), Trouble> {
        let slot = Slot::Win32(app.number);
        let body = match answer {
            Answer::Http(Ok(reply)) if reply.is_success() => Ok(reply.body),
            Answer::Http(Ok(reply)) => {
                return Err(Trouble::download(NoteFault::PeerRefused, format!("status {}", reply.status)));
            }
            Answer::Http(Err(error)) => return Err(Trouble::download(error.blames(), error.to_string())),
            other => Err(other),
        };
        match (stage, body) {
            (Content::Locating, Ok(body)) => {
                let info = content_info(&body);
                cx.checked("content-info", info.as_ref().err().cloned());
                let (location, sealed) = info.map_err(Trouble::content)?;
                let key = self.enrolment.identity.key.clone();
                let wrapped = Some(sealed.wrapped_key.clone());
                cx.ask(slot, Ask::Keys(KeyCommand::Unwrap { key, wrapped }));
                a.content.insert(slot, Content::Unwrapping { sealed: Box::new(sealed), location });
            }
            (Content::Unwrapping { sealed, location }, Err(Answer::Keys(result))) => {
                let keys = match result {
                    Ok(KeyReply::Unwrapped { key }) => sealed.open(&key).map_err(|e| e.to_string()),
                    Ok(_) => Err("the key store answered something else".to_owned()),
                    Err(error) => Err(error.to_string()),
                };
                let keys = keys.and_then(|plain| content_keys(&plain));
                cx.checked("content-key", keys.as_ref().err().cloned());
                let keys = keys.map_err(Trouble::content)?;
                cx.send(slot, HttpRequest::get(location), format!("downloading {}", app.name));
                a.content.insert(slot, Content::Downloading { keys: Box::new(keys) });
            }
            (Content::Downloading { keys }, Ok(body)) => {
                let plain = content::decrypt(&keys, &body).map_err(|e| e.to_string());
                cx.checked("content-mac", plain.as_ref().err().cloned());
                let package = package(cx, &plain.map_err(Trouble::content)?);
                Self::arrive(a, cx, slot, package);
            }
            // An answer of another kind than was asked for: nothing changes.
            (stage, _) => {
                a.content.insert(slot, stage);
            }
        }
        Ok(())
    }

    /// The content is there, or the installer ended.
    pub(in crate::manage) fn win32_timer(&mut self, a: &mut Activity, cx: &mut Cx<'_>, number: u16) {
        let slot = Slot::Win32(number);
        let Some(app) = self.app(number).cloned() else { return };
        match a.content.remove(&slot) {
            Some(Content::Arriving(package)) => {
                self.app_state(cx, number, AppState::Working, codes::ENFORCEMENT_DOWNLOAD_COMPLETED);
                Self::run(a, cx, slot, *package, Some(Span::from_mins(app.timeout_minutes)));
            }
            Some(Content::Running { package, killed }) => self.win32_ended(a, cx, &app, &package, killed),
            Some(other) => {
                a.content.insert(slot, other);
            }
            None => {}
        }
    }

    fn win32_ended(
        &mut self,
        a: &mut Activity,
        cx: &mut Cx<'_>,
        app: &Win32App,
        package: &PackageManifest,
        killed: bool,
    ) {
        if killed {
            cx.decided(rules::ESD_016, format!("{} took longer than its own limit", app.name));
            let trouble = Trouble {
                fault: NoteFault::Device,
                code: codes::IME_PROCESS_MAY_TIME_OUT,
                enforcement: codes::ENFORCEMENT_ERROR,
                detail: format!("the installer was ended after {} minutes", app.timeout_minutes),
                again: true,
            };
            self.win32_failed(a, cx, app, &trouble);
            return;
        }
        let exit = package.exit_code;
        cx.decided(rules::MOD_003, format!("what the installer of {} does stands in its package", app.name));
        self.record_exit(cx, app, exit);
        let kind = app.return_codes.get(&exit).copied().unwrap_or(ReturnKind::Failed);
        if matches!(kind, ReturnKind::Failed | ReturnKind::Retry) {
            let trouble = Trouble {
                fault: NoteFault::Device,
                code: codes::of(codes::CodeValue::Exit(exit)).unwrap_or(codes::EXIT_INSTALL_FAILURE),
                enforcement: codes::ENFORCEMENT_ERROR,
                detail: format!("the installer ended with exit code {exit}"),
                again: true,
            };
            self.win32_failed(a, cx, app, &trouble);
            return;
        }
        self.installed.extend(package.leaves.iter().cloned());
        if !self.detected(app) {
            cx.decided(
                rules::ESD_038,
                format!("{} was installed, its detection rule finds nothing", app.name),
            );
            let trouble = Trouble {
                fault: NoteFault::Device,
                code: codes::IME_APP_NOT_DETECTED,
                enforcement: codes::ENFORCEMENT_ERROR,
                detail: "the app is not detected after its installer succeeded".into(),
                again: true,
            };
            self.win32_failed(a, cx, app, &trouble);
            return;
        }
        self.win32_done(a, cx, app, kind);
    }

    fn win32_done(&mut self, a: &mut Activity, cx: &mut Cx<'_>, app: &Win32App, kind: ReturnKind) {
        Self::free(a, Slot::Win32(app.number));
        self.app_state(cx, app.number, AppState::Installed, codes::ENFORCEMENT_SUCCESS);
        match kind {
            ReturnKind::SoftReboot => {
                cx.decided(rules::ESD_036, format!("{} wants a restart at the end of the phase", app.name));
                self.app_wants_restart(app, 2);
                self.soft_restarts.push(app.name.clone());
            }
            ReturnKind::HardReboot => {
                cx.decided(rules::ESD_036, format!("{} needs a restart at once", app.name));
                self.app_wants_restart(app, 3);
                a.tell(ManageEvent::RestartNeeded { why: format!("{} needs a restart", app.name) });
            }
            ReturnKind::Success | ReturnKind::Failed | ReturnKind::Retry => {}
        }
        self.report_results(a, cx);
        self.pump(a, cx);
        self.look_soon(a, cx);
    }

    /// A try failed: another after a while, or the end.
    fn win32_failed(&mut self, a: &mut Activity, cx: &mut Cx<'_>, app: &Win32App, trouble: &Trouble) {
        Self::free(a, Slot::Win32(app.number));
        let code = match trouble.code.code {
            codes::CodeValue::Exit(exit) => {
                codes::CodeValue::Hresult(super::from_exit_code(exit)).to_string()
            }
            _ => printed(trouble.code),
        };
        cx.failed(DOING, trouble.fault, Some(code.clone()), format!("{}: {}", app.name, trouble.detail));
        let more = if in_force(cx, rules::ESD_026) { EXTRA_TRIES } else { 0 };
        let tries = app.retries.saturating_add(more);
        let again = trouble.again && app.failed < tries;
        if let Some(app) =
            self.agent.as_mut().and_then(|g| g.apps.iter_mut().find(|k| k.number == app.number))
        {
            app.failed = app.failed.saturating_add(1);
            app.error = Some(code);
        }
        if again {
            if more > 0 && app.failed >= app.retries {
                cx.decided(rules::ESD_026, "more attempts are made than before September 2026");
            }
            self.app_state(cx, app.number, AppState::RetryLater, trouble.enforcement);
            let after = Span::from_mins(app.retry_minutes);
            cx.set_timer(
                Timer::Retry(Slot::Win32(app.number)),
                after,
                format!("another try at {}", app.name),
            );
        } else {
            self.app_state(cx, app.number, AppState::Failed, trouble.enforcement);
            self.report_results(a, cx);
        }
        self.pump(a, cx);
        self.look_soon(a, cx);
    }

    /// Another try is due.
    pub(in crate::manage) fn win32_retry(&mut self, a: &mut Activity, cx: &mut Cx<'_>, number: u16) {
        if self.app(number).is_some_and(|app| app.state == AppState::RetryLater) {
            self.app_state(cx, number, AppState::Waiting, codes::ENFORCEMENT_RETRY_NOW);
            self.pump(a, cx);
        }
    }
}
