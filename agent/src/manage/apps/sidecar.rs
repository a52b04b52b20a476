//! The conversation of the management extension with its gateway (reference: protocols, F): where it is, which scripts,
//! which apps.

use oobe_catalog::rules;
use oobe_wire::content;
use oobe_wire::encoding::base64_decode;
use serde_json::Value;

use super::listing;
use crate::cx::{Answer, Cx};
use crate::io::{HttpReply, HttpRequest, Note, NoteFault, Slot, Timer};
use crate::manage::csp::Scope;
use crate::manage::{Activity, Management};
use crate::time::Span;

/// Where the conversation stands. Memory only: after a restart the agent begins anew.
#[derive(Debug, Clone, Default)]
pub(crate) struct SideCar {
    /// Address of the gateway, once it is known.
    pub(super) url: Option<String>,
    step: Option<Step>,
    /// Whether to ask for the device's apps once more when this is over.
    device_next: bool,
    /// Whether to ask for the user's apps when this is over.
    user_next: bool,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Step {
    Addresses {
        user: bool,
    },
    Policies {
        user: bool,
    },
    Apps {
        user: bool,
    },
    /// So many results are being reported.
    Results(usize),
}

impl Step {
    const fn user(self) -> bool {
        match self {
            Self::Addresses { user } | Self::Policies { user } | Self::Apps { user } => user,
            Self::Results(_) => false,
        }
    }
}

/// Between two tries of the agent at its service (MOD-011).
const AGAIN: Span = Span::from_secs(60);
const DOING: &str = "checking in with the side-car gateway";

impl Management {
    /// The agent checks in: for the device's apps, or for those of the user who is signed on.
    pub(in crate::manage) fn check_in(&mut self, a: &mut Activity, cx: &mut Cx<'_>, user: bool) {
        if self.agent.is_none() {
            return;
        }
        if a.sidecar.step.is_some() {
            a.sidecar.user_next |= user;
            return;
        }
        cx.cancel_timer(Timer::Retry(Slot::SideCar));
        if a.sidecar.url.is_some() {
            self.ask_gateway(a, cx, Step::Policies { user });
            return;
        }
        let url = format!(
            "{}/RestUserAuthLocationService/RestUserAuthLocationService/Certificate/ServiceAddresses",
            cx.setup.endpoints.manage
        );
        let request = HttpRequest::get(url).identity(self.enrolment.identity.clone());
        cx.send(Slot::SideCar, request, "looking up the side-car gateway");
        a.sidecar.step = Some(Step::Addresses { user });
    }

    /// The agent lists the device's apps anew, whatever it listed before.
    pub(in crate::manage) fn list_again(&mut self, a: &mut Activity, cx: &mut Cx<'_>) {
        let Some(agent) = &mut self.agent else { return };
        agent.device_listed = false;
        a.sidecar.device_next = a.sidecar.step.is_some();
        self.check_in(a, cx, false);
    }

    fn ask_gateway(&mut self, a: &mut Activity, cx: &mut Cx<'_>, step: Step) {
        let (kind, why) = match step {
            Step::Addresses { .. } | Step::Results(_) => return,
            Step::Policies { .. } => ("PolicyRequest", "asking the side-car gateway for scripts"),
            Step::Apps { user: false } => {
                ("GetSelectedApp", "asking the side-car gateway for the device's apps")
            }
            Step::Apps { user: true } => {
                ("GetSelectedApp", "asking the side-car gateway for the user's apps")
            }
        };
        let Some(url) = a.sidecar.url.clone() else { return };
        let request = self.gateway_request(a, cx, &url, (kind, "[]"), step.user());
        cx.send(Slot::SideCar, request, why);
        a.sidecar.step = Some(step);
    }

    /// The service answered, or did not.
    pub(in crate::manage) fn sidecar_answer(&mut self, a: &mut Activity, cx: &mut Cx<'_>, answer: Answer) {
        let Some(step) = a.sidecar.step.take() else { return };
        let result = match answer {
            Answer::Http(Ok(reply)) if reply.is_success() => self.sidecar_reply(a, cx, step, &reply),
            Answer::Http(Ok(reply)) => Err((NoteFault::PeerRefused, format!("status {}", reply.status))),
            Answer::Http(Err(error)) => Err((error.blames(), error.to_string())),
            Answer::Keys(_) | Answer::Tpm(_) => return,
        };
        if result.is_ok() {
            self.report_results(a, cx);
        }
        if let Err((fault, detail)) = result {
            a.sidecar.user_next |= step.user();
            // The next try asks for the device's apps, whoever's turn it was.
            a.sidecar.device_next = false;
            cx.failed(DOING, fault, None, detail);
            cx.set_timer(Timer::Retry(Slot::SideCar), AGAIN, "another try of the management extension");
        }
    }

    fn sidecar_reply(
        &mut self,
        a: &mut Activity,
        cx: &mut Cx<'_>,
        step: Step,
        reply: &HttpReply,
    ) -> Result<(), (NoteFault, String)> {
        let broken = |detail: String| (NoteFault::PeerBrokeProtocol, detail);
        match step {
            Step::Addresses { user } => {
                let url = gateway(&reply.body);
                cx.checked("sidecar-addresses", url.as_ref().err().cloned());
                a.sidecar.url = Some(url.map_err(broken)?);
                self.ask_gateway(a, cx, Step::Policies { user });
            }
            Step::Policies { user } => {
                let payload = payload(&reply.body);
                cx.checked("sidecar-payload", payload.as_ref().err().cloned());
                let scripts = serde_json::from_str::<Value>(&payload.map_err(broken)?);
                let count = scripts.ok().and_then(|v| v.as_array().map(Vec::len)).unwrap_or(0);
                if count > 0 {
                    cx.note(Note::Remark {
                        text: format!("{count} scripts came; scripts are not simulated yet"),
                    });
                }
                self.ask_gateway(a, cx, Step::Apps { user });
            }
            Step::Results(count) => {
                if let Some(agent) = &mut self.agent {
                    agent.results.drain(..count.min(agent.results.len()));
                }
                if std::mem::take(&mut a.sidecar.device_next) {
                    self.check_in(a, cx, false);
                } else if std::mem::take(&mut a.sidecar.user_next) {
                    self.check_in(a, cx, true);
                }
            }
            Step::Apps { user } => {
                let list = packed(&reply.body);
                cx.checked("sidecar-app-list", list.as_ref().err().cloned());
                self.listed(a, cx, user, &list.map_err(broken)?)?;
            }
        }
        Ok(())
    }

    fn listed(
        &mut self,
        a: &mut Activity,
        cx: &mut Cx<'_>,
        user: bool,
        json: &[u8],
    ) -> Result<(), (NoteFault, String)> {
        let asked_for = if user { Scope::User } else { Scope::Device };
        let (apps, odd) = listing::read(json, asked_for).map_err(|e| (NoteFault::PeerBrokeProtocol, e))?;
        for why in odd {
            cx.checked("sidecar-app", Some(why));
        }
        let whose = self.tree.user().map(str::to_owned);
        let Some(agent) = &mut self.agent else { return Ok(()) };
        for mut app in apps {
            let known = agent.apps.iter().any(|k| k.id == app.id && k.version == app.version);
            if known || app.intent == 1 {
                continue;
            }
            app.number = u16::try_from(agent.apps.len()).unwrap_or(u16::MAX);
            cx.note(Note::Progress { item: format!("app {}", app.name), state: "assigned".into() });
            agent.apps.push(app);
        }
        match (user, whose) {
            // An answer to what was asked before the list was wanted anew does not settle it.
            (false, _) => agent.device_listed = !a.sidecar.device_next,
            (true, Some(whose)) if !agent.users_listed.contains(&whose) => agent.users_listed.push(whose),
            (true, _) => {}
        }
        self.track(cx, asked_for);
        if std::mem::take(&mut a.sidecar.device_next) {
            self.check_in(a, cx, false);
        } else if std::mem::take(&mut a.sidecar.user_next) && !user {
            self.check_in(a, cx, true);
        }
        self.pump(a, cx);
        self.look_soon(a, cx);
        Ok(())
    }

    /// Tells the service how apps ended, when nothing else is being said (MOD-011: the real form is not public).
    pub(in crate::manage) fn report_results(&mut self, a: &mut Activity, cx: &mut Cx<'_>) {
        let results = self.agent.as_ref().map(|agent| agent.results.as_slice()).unwrap_or_default();
        let Some(url) = a.sidecar.url.clone().filter(|_| a.sidecar.step.is_none() && !results.is_empty())
        else {
            return;
        };
        let count = results.len();
        let payload = serde_json::to_string(results).expect("strings and numbers always serialise");
        let request = self.gateway_request(a, cx, &url, ("ReportAppResults", &payload), false);
        cx.send(Slot::SideCar, request, "telling the service how apps ended");
        a.sidecar.step = Some(Step::Results(count));
    }

    /// Another try is due.
    pub(in crate::manage) fn sidecar_retry(&mut self, a: &mut Activity, cx: &mut Cx<'_>) {
        let listed = self.agent.as_ref().is_some_and(|agent| agent.device_listed);
        let user = listed && std::mem::take(&mut a.sidecar.user_next);
        cx.decided(rules::MOD_011, "the management extension checks in again");
        self.check_in(a, cx, user);
    }
}

/// `[0].Services[]`: the one called `SideCarGatewayService`.
fn gateway(body: &[u8]) -> Result<String, String> {
    let json: Value = serde_json::from_slice(body).map_err(|e| format!("not JSON: {e}"))?;
    let services = json.get(0).and_then(|first| first.get("Services")).and_then(Value::as_array);
    let services = services.ok_or("no list of services")?;
    let service = services
        .iter()
        .find(|s| s.get("ServiceName").and_then(Value::as_str) == Some("SideCarGatewayService"));
    let url =
        service.and_then(|s| s.get("Url")).and_then(Value::as_str).filter(|url| url.starts_with("http"));
    url.map(str::to_owned).ok_or_else(|| "no SideCarGatewayService with an address".into())
}

/// `ResponsePayload` of the object that the gateway echoes.
pub(super) fn payload(body: &[u8]) -> Result<String, String> {
    let json: Value = serde_json::from_slice(body).map_err(|e| format!("not JSON: {e}"))?;
    match json.get("ResponsePayload") {
        Some(Value::String(text)) => Ok(text.clone()),
        Some(Value::Null) | None => Err("no ResponsePayload".into()),
        Some(other) => Ok(other.to_string()),
    }
}

/// The packed list: base64 of length and gzip.
fn packed(body: &[u8]) -> Result<Vec<u8>, String> {
    let text = payload(body)?;
    let frame = base64_decode(&text).map_err(|e| e.to_string())?;
    content::unpack(&frame).map_err(|e| e.to_string())
}
