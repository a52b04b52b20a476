//! Which request goes where, and what is noted of it.

use super::devices::Device;
use super::fault::Fault;
use super::http::{Request, Response};
use super::pki::Authority;
use super::plan::{Plan, Step, Trouble};
use super::seen::{Ledger, Seen, What};
use super::{discovery, enrol, manage, policy};
use std::collections::{BTreeMap, BTreeSet};

/// Path of discovery.
pub(crate) const DISCOVERY: &str = "/EnrollmentServer/Discovery.svc";
/// Path of GetPolicies.
pub(crate) const POLICY: &str = "/EnrollmentServer/Policy.svc";
/// Path of RequestSecurityToken.
pub(crate) const ENROL: &str = "/EnrollmentServer/Enrollment.svc";
/// Path of the management endpoint.
pub(crate) const MANAGE: &str = "/ManagementServer/MDM.svc";

/// What does not change while the server runs.
pub(crate) struct Desk {
    /// What the test asks for.
    pub(crate) plan: Plan,
    /// The CA.
    pub(crate) authority: Authority,
    /// A CA that nobody trusts.
    pub(crate) foreign: Authority,
    /// Port of the enrolment endpoints.
    pub(crate) enrolment_port: u16,
    /// Port of the management endpoint, which demands a client certificate.
    pub(crate) management_port: u16,
}

/// A served request.
pub(crate) struct Answer {
    /// What it was.
    pub(crate) what: What,
    /// The answer.
    pub(crate) response: Response,
    /// Remarks.
    pub(crate) remarks: Vec<String>,
}

/// What changes.
#[derive(Default)]
pub(crate) struct Book {
    /// What was seen.
    pub(crate) ledger: Ledger,
    message_ids: BTreeSet<String>,
    devices: BTreeMap<String, Device>,
    strikes: u32,
}

impl Desk {
    /// URL of an enrolment endpoint.
    pub(crate) fn url(&self, path: &str) -> String {
        format!("https://127.0.0.1:{}{path}", self.enrolment_port)
    }

    /// ADDR of the management endpoint. It holds a query already (G7).
    pub(crate) fn management_url(&self, device_id: &str) -> String {
        format!("https://127.0.0.1:{}{MANAGE}?hwid={device_id}", self.management_port)
    }

    /// The user, if name and password are right.
    pub(crate) fn admit<'a>(&self, (user, password): (&'a str, &str)) -> Result<&'a str, Fault> {
        if user == self.plan.user && password == self.plan.password {
            Ok(user)
        } else {
            Err(Fault::authentication(format!("{user} is unknown or the password is wrong")))
        }
    }

    fn stricken(&self, step: Step, book: &mut Book) -> Option<(Option<Response>, What)> {
        let trouble = self.plan.trouble.filter(|t| t.strikes() == Some(step))?;
        let response = match trouble {
            Trouble::Garbage(_) => Some(Response::new(200, "text/html", *b"\x00\xff<html>502 <b>Bad gate")),
            Trouble::Empty(_) => Some(Response::new(200, "text/plain", "")),
            Trouble::FaultWith200 => Some(Fault::cap_reached().response(200, "urn:uuid:none")),
            Trouble::TooMany { times, .. } if book.strikes >= times => return None,
            Trouble::TooMany { seconds, .. } => {
                let headers = vec![("Retry-After", seconds.to_string())];
                Some(Response { headers, ..Response::empty(429) })
            }
            _ => None,
        };
        book.strikes += 1;
        Some((response, What::Struck(step)))
    }
}

impl Book {
    /// Serves a request and notes it. `None` is silence.
    pub(crate) fn serve(
        &mut self,
        desk: &Desk,
        at_management: bool,
        request: &Request,
        client: Option<String>,
    ) -> Option<Response> {
        let path = request.path();
        let step = [(DISCOVERY, Step::Discovery), (POLICY, Step::Policy), (ENROL, Step::Enrol)]
            .into_iter()
            .find_map(|(known, step)| path.eq_ignore_ascii_case(known).then_some(step))
            .filter(|_| !at_management)
            .or((at_management && path.eq_ignore_ascii_case(MANAGE)).then_some(Step::Manage));
        let mut remarks = Vec::new();
        let (response, what) = match step {
            None => (Some(Response::empty(404)), What::Elsewhere),
            Some(step) => {
                if let Some(stricken) = desk.stricken(step, self) {
                    stricken
                } else {
                    let answer = self.answer(desk, step, request, client.as_deref());
                    remarks = answer.remarks;
                    (Some(answer.response), answer.what)
                }
            }
        };
        let answer = response.as_ref().map(|r| r.status);
        self.ledger.0.push(Seen { request: Some(request.clone()), client, answer, what, remarks });
        response
    }

    fn answer(&mut self, desk: &Desk, step: Step, request: &Request, client: Option<&str>) -> Answer {
        if step == Step::Discovery && request.method == "GET" {
            return probe(request);
        }
        if request.method != "POST" {
            return refusal(step, format!("method {}", request.method), Response::empty(405));
        }
        let ids = &mut self.message_ids;
        let answer = match step {
            Step::Discovery => discovery::answer(desk, request, ids),
            Step::Policy => policy::answer(desk, request, ids),
            Step::Enrol => enrol::answer(desk, request, ids).map(|granted| {
                self.devices.insert(granted.thumbprint, Device::new(granted.device_id));
                granted.answer
            }),
            Step::Manage => return self.manage(desk, request, client),
        };
        answer.unwrap_or_else(|fault| {
            let relates_to = super::soap::between(&request.body, "<a:MessageID>", "</a:MessageID>");
            refusal(step, fault.why.clone(), fault.response(500, relates_to.unwrap_or_default()))
        })
    }

    fn manage(&mut self, desk: &Desk, request: &Request, client: Option<&str>) -> Answer {
        let device = client.and_then(|thumbprint| self.devices.get_mut(thumbprint));
        let Some(device) = device else {
            return refusal(Step::Manage, "not the certificate of a device".into(), Response::empty(401));
        };
        manage::answer(desk, request, device)
            .unwrap_or_else(|why| refusal(Step::Manage, why, Response::empty(400)))
    }
}

fn probe(request: &Request) -> Answer {
    let fresh = ["Cache-Control", "Pragma"].iter().all(|h| request.header(h) == Some("no-cache"));
    let remarks = if fresh { vec![] } else { vec!["the probe does not say no-cache".into()] };
    Answer { what: What::Probe, response: Response::empty(200), remarks }
}

fn refusal(step: Step, why: String, response: Response) -> Answer {
    Answer { what: What::Refused(step, why), response, remarks: Vec::new() }
}
