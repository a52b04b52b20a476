//! One try at the proof: endorsement key and its certificate, attestation key, challenge, activation, quote, event log,
//! attestation, the key that will join, device token. The messages are those of `oobe_wire::attestation` (MOD-017).

use oobe_catalog::codes::{self, ResultCode};
use oobe_catalog::rules::Rule;
use oobe_catalog::{AsOf, InForce, events, in_force, rules};
use oobe_wire::attestation::{
    ATTEST_PATH, AttestReply, AttestRequest, AttestationRefusal, CHALLENGE_PATH, ChallengeReply,
    ChallengeRequest, DEVICE_TOKEN_PATH, DeviceTokenReply, DeviceTokenRequest, KeyAttestation, PcrValue,
    TpmDescription, VERSION, aik_host,
};
use oobe_wire::crypto::PublicKey;
use oobe_wire::secret::Secret;
use oobe_wire::time::Utc;
use oobe_wire::x509;
use serde::Serialize;
use serde::de::DeserializeOwned;

use super::vendor::Vendor;
use super::{AIK, Claim, Proof};
use crate::cx::{Answer, Ask, Cx};
use crate::dialogue::join::DEVICE_KEY;
use crate::dialogue::need;
use crate::dialogue::token::CLOCK_ALLOWANCE;
use crate::io::{HttpReply, HttpRequest, NoteFault, Slot, TransportError};
use crate::keys::KeyName;
use crate::time::Span;
use crate::tpm::{Blob, KeyPurpose, TpmCommand, TpmError, TpmProperties, TpmReply};

/// How a try ended.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Ended {
    /// With the proof.
    Proved(Box<Proof>),
    /// It did not: the TPM is at work, and the same command is to be asked again after that.
    Busy(Span),
    /// What it takes is not there; that is no failed try.
    NotYet {
        /// What that rests on.
        rule: &'static Rule,
        /// Whose fault.
        fault: NoteFault,
        /// In words.
        detail: String,
    },
    /// The service or the TPM did not do its part: counted.
    Failed {
        /// Whose fault.
        fault: NoteFault,
        /// In words.
        detail: String,
    },
    /// It can't succeed, for a cause with a code of its own.
    Defect {
        /// That code.
        code: &'static ResultCode,
        /// What that rests on.
        rule: &'static Rule,
        /// Whose fault.
        fault: NoteFault,
        /// In words.
        detail: String,
    },
    /// The proof, or its lack, is final.
    Rejected {
        /// What that rests on.
        rule: &'static Rule,
        /// Whose fault.
        fault: NoteFault,
        /// In words.
        detail: String,
    },
}

/// What is being waited for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum State {
    Properties,
    Endorsement,
    VendorCertificate(Vendor),
    Aik,
    Challenge,
    Activation,
    Quote,
    EventLog,
    Attestation,
    Key,
    Certification,
    Token,
}

/// One try, and what it has learnt so far.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Attempt {
    claim: Claim,
    /// Which try this is, from 1.
    number: u32,
    state: State,
    /// The command that the TPM was last asked, in case it is busy.
    asked: Option<TpmCommand>,
    tpm: Option<TpmProperties>,
    aik: Option<PublicKey>,
    key: Option<PublicKey>,
    request: ChallengeRequest,
    challenge: ChallengeReply,
    proof: AttestRequest,
    attested: AttestReply,
    statement: KeyAttestation,
}

type Step = Result<(), Ended>;

impl Attempt {
    /// Begins.
    pub(super) fn begin(cx: &mut Cx<'_>, claim: Claim, number: u32) -> Self {
        let request = ChallengeRequest {
            version: VERSION,
            ztd_registration_id: claim.registration,
            device_ticket: claim.ticket.expose().clone(),
            ..ChallengeRequest::default()
        };
        let mut attempt = Self {
            claim,
            number,
            state: State::Properties,
            asked: None,
            tpm: None,
            aik: None,
            key: None,
            request,
            challenge: ChallengeReply::default(),
            proof: AttestRequest::default(),
            attested: AttestReply::default(),
            statement: KeyAttestation::default(),
        };
        attempt.tpm(cx, State::Properties, TpmCommand::GetProperties);
        attempt
    }

    /// Goes on; `None` while it is not over.
    pub(super) fn resume(&mut self, cx: &mut Cx<'_>, answer: Answer) -> Option<Ended> {
        let step = match answer {
            Answer::Tpm(Ok(reply)) => self.told(cx, reply),
            Answer::Tpm(Err(error)) => self.refused_by_tpm(cx, error),
            Answer::Http(result) => match self.heard(cx, result) {
                Ok(Some(proof)) => return Some(Ended::Proved(proof)),
                Ok(None) => Ok(()),
                Err(ended) => Err(ended),
            },
            Answer::Keys(_) => Ok(()),
        };
        step.err()
    }

    /// Asks the TPM once more what it had no time for.
    pub(super) fn ask_again(&mut self, cx: &mut Cx<'_>) {
        if let Some(command) = self.asked.clone() {
            cx.ask(Slot::Attest, Ask::Tpm(command));
        }
    }

    fn tpm(&mut self, cx: &mut Cx<'_>, state: State, command: TpmCommand) {
        self.state = state;
        self.asked = Some(command.clone());
        cx.ask(Slot::Attest, Ask::Tpm(command));
    }

    fn post<T: Serialize>(&mut self, cx: &mut Cx<'_>, state: State, path: &str, body: &T, why: &str) {
        self.state = state;
        let manufacturer = self.tpm.as_ref().map_or("", |tpm| tpm.manufacturer.as_str());
        let url = format!("https://{}{path}", aik_host(manufacturer));
        let body = serde_json::to_vec(body)
            .expect("messages hold only strings, numbers and lists of them, which always serialise");
        cx.send(Slot::Attest, HttpRequest::post(url, "application/json", body), why);
    }

    /// The TPM answered.
    fn told(&mut self, cx: &mut Cx<'_>, reply: TpmReply) -> Step {
        let kind = cx.setup.keys;
        match (self.state, reply) {
            (State::Properties, TpmReply::Properties(properties)) => {
                capable(cx, &properties)?;
                self.request.tpm = TpmDescription {
                    manufacturer: properties.manufacturer.clone(),
                    firmware: properties.firmware.clone(),
                };
                self.tpm = Some(properties);
                self.tpm(cx, State::Endorsement, TpmCommand::ReadEkCertificate { endorsement: kind });
                Ok(())
            }
            (State::Endorsement, TpmReply::EkCertificate { certificate, chain, key, public_area }) => {
                self.request.ek_public = public_area.0;
                self.request.ek_chain = chain.into_iter().map(|der| der.0).collect();
                match certificate {
                    Some(der) => {
                        cx.decided(rules::NET_012, "the endorsement key's certificate is in the TPM");
                        self.request.ek_certificate = Some(der.0);
                        self.make_aik(cx);
                        Ok(())
                    }
                    None => self.ask_vendor(cx, &key),
                }
            }
            (State::Aik, TpmReply::Aik { key, public_area }) => {
                self.aik = Some(key);
                self.request.aik_public = public_area.0;
                let request = self.request.clone();
                self.post(
                    cx,
                    State::Challenge,
                    CHALLENGE_PATH,
                    &request,
                    "showing the TPM to the attestation service",
                );
                Ok(())
            }
            (State::Activation, TpmReply::Activated { secret }) => {
                self.proof = AttestRequest {
                    version: VERSION,
                    request_id: self.challenge.request_id,
                    secret: secret.into_exposed(),
                    ..AttestRequest::default()
                };
                let selection = self.challenge.pcr_selection.clone();
                let quote = TpmCommand::Quote {
                    aik: KeyName::new(AIK),
                    nonce: Blob(self.challenge.nonce.clone()),
                    bank: selection.bank,
                    pcrs: selection.pcrs,
                };
                self.tpm(cx, State::Quote, quote);
                Ok(())
            }
            (State::Quote, TpmReply::Quote { attested, signature, pcrs }) => {
                self.proof.quote = attested.0;
                self.proof.signature = signature.0;
                self.proof.pcrs =
                    pcrs.into_iter().map(|p| PcrValue { index: p.index, digest: p.digest.0 }).collect();
                self.tpm(cx, State::EventLog, TpmCommand::ReadEventLog);
                Ok(())
            }
            (State::EventLog, TpmReply::EventLog { log }) => {
                self.proof.event_log = log.0;
                let proof = std::mem::take(&mut self.proof);
                self.post(cx, State::Attestation, ATTEST_PATH, &proof, "proving the TPM");
                Ok(())
            }
            (State::Key, TpmReply::Key { key, public_area }) => {
                self.key = Some(key);
                self.statement.public = public_area.0;
                let certify = TpmCommand::Certify {
                    key: KeyName::new(DEVICE_KEY),
                    aik: KeyName::new(AIK),
                    nonce: Blob(self.attested.nonce.clone()),
                };
                self.tpm(cx, State::Certification, certify);
                Ok(())
            }
            (State::Certification, TpmReply::Certified { attested, signature }) => {
                self.statement.attest = attested.0;
                self.statement.signature = signature.0;
                let request = DeviceTokenRequest {
                    version: VERSION,
                    ztd_registration_id: self.claim.registration,
                    aik_certificate: self.attested.aik_certificate.clone(),
                    key_public: self.statement.public.clone(),
                    certification: self.statement.attest.clone(),
                    signature: self.statement.signature.clone(),
                };
                self.post(cx, State::Token, DEVICE_TOKEN_PATH, &request, "asking for a device token");
                Ok(())
            }
            (state, _) => Err(Ended::Failed {
                fault: NoteFault::Device,
                detail: format!("the TPM answered something else than it was asked ({state:?})"),
            }),
        }
    }

    fn refused_by_tpm(&self, cx: &mut Cx<'_>, error: TpmError) -> Step {
        let fault = NoteFault::Device;
        Err(match error {
            TpmError::Busy(span) => Ended::Busy(span),
            TpmError::Absent | TpmError::Tpm12 => {
                Ended::NotYet { rule: rules::SDM_003, fault, detail: error.to_string() }
            }
            TpmError::Code(_) if self.state == State::Activation => {
                // The service's credential is not for the keys that this TPM has.
                let data = [("server_state", "credential"), ("client_state", "not-activated")];
                cx.event(events::AUTOPILOT_176, &data);
                Ended::Failed { fault, detail: format!("the credential can't be activated: {error}") }
            }
            TpmError::Code(_) | TpmError::Transport => Ended::Failed { fault, detail: error.to_string() },
        })
    }

    fn ask_vendor(&mut self, cx: &mut Cx<'_>, key: &PublicKey) -> Step {
        let tpm = self.tpm.as_ref();
        let manufacturer = tpm.map_or("", |tpm| tpm.manufacturer.as_str());
        let Some(vendor) = Vendor::of(manufacturer) else {
            let rule = if tpm.is_some_and(|tpm| tpm.is_virtual) { rules::SDM_004 } else { rules::SDM_003 };
            let detail = format!("the endorsement key has no certificate, and {manufacturer:?} serves none");
            return Err(Ended::NotYet { rule, fault: NoteFault::Device, detail });
        };
        cx.decided(rules::NET_012, "a firmware TPM: its vendor has the endorsement key's certificate");
        cx.send(
            Slot::Attest,
            HttpRequest::get(vendor.url(key)),
            "fetching the endorsement key's certificate from the TPM's vendor",
        );
        self.state = State::VendorCertificate(vendor);
        Ok(())
    }

    fn make_aik(&mut self, cx: &mut Cx<'_>) {
        let command = TpmCommand::CreateAik { aik: KeyName::new(AIK), kind: cx.setup.keys };
        self.tpm(cx, State::Aik, command);
    }

    /// A host answered, or did not.
    fn heard(
        &mut self,
        cx: &mut Cx<'_>,
        result: Result<HttpReply, TransportError>,
    ) -> Result<Option<Box<Proof>>, Ended> {
        let reply = result.map_err(|error| self.unreachable(&error))?;
        match self.state {
            State::VendorCertificate(vendor) => self.vendor_answered(cx, vendor, &reply)?,
            State::Challenge => self.challenged(cx, &reply)?,
            State::Attestation => self.certified(cx, &reply)?,
            State::Token => {
                let token: DeviceTokenReply = self.read(cx, &reply)?;
                let (Some(key), Some(_)) = (self.key.clone(), &self.aik) else { return Ok(None) };
                return Ok(Some(Box::new(Proof {
                    device_token: Secret::new(token.device_token),
                    aik_certificate: self.attested.aik_certificate.clone(),
                    key,
                    statement: self.statement.clone(),
                })));
            }
            _ => {}
        }
        Ok(None)
    }

    fn unreachable(&self, error: &TransportError) -> Ended {
        let (rule, who) = match self.state {
            State::VendorCertificate(_) => (rules::NET_009, "the TPM's vendor"),
            _ => (rules::NET_013, "the attestation service"),
        };
        Ended::NotYet { rule, fault: error.blames(), detail: format!("{who} can't be reached: {error}") }
    }

    fn vendor_answered(&mut self, cx: &mut Cx<'_>, vendor: Vendor, reply: &HttpReply) -> Step {
        if reply.status == 404 {
            return Err(Ended::Defect {
                code: codes::ERROR_NOT_FOUND,
                rule: rules::SDM_022,
                fault: NoteFault::Device,
                detail: "the TPM's vendor has no certificate for this endorsement key".into(),
            });
        }
        let certificate = reply.is_success().then(|| vendor.certificate(&reply.body)).flatten();
        cx.checked(
            "ek-certificate-shape",
            certificate.is_none().then(|| format!("HTTP {} without a certificate", reply.status)),
        );
        let Some(der) = certificate else {
            return Err(broken(format!("the TPM's vendor sent no certificate (HTTP {})", reply.status)));
        };
        self.request.ek_certificate = Some(der);
        self.make_aik(cx);
        Ok(())
    }

    fn challenged(&mut self, cx: &mut Cx<'_>, reply: &HttpReply) -> Step {
        let challenge: ChallengeReply = self.read(cx, reply)?;
        let fits = !challenge.nonce.is_empty() && challenge.pcr_selection.pcrs.is_sorted_by(|a, b| a < b);
        cx.checked("challenge-shape", (!fits).then(|| "no nonce, or registers out of order".to_owned()));
        if !fits {
            return Err(broken("the challenge can't be answered".into()));
        }
        self.clock_agrees(cx, &challenge)?;
        let activate = TpmCommand::ActivateCredential {
            aik: KeyName::new(AIK),
            endorsement: cx.setup.keys,
            credential_blob: Blob(challenge.credential_blob.clone()),
            encrypted_secret: Blob(challenge.encrypted_secret.clone()),
        };
        self.challenge = challenge;
        self.tpm(cx, State::Activation, activate);
        Ok(())
    }

    /// The attestation key has its certificate: is it ours, and good by the device's clock?
    fn certified(&mut self, cx: &mut Cx<'_>, reply: &HttpReply) -> Step {
        let attested: AttestReply = self.read(cx, reply)?;
        let certificate = x509::parse_certificate(&attested.aik_certificate).map_err(|error| {
            cx.checked("aik-certificate-shape", Some(error.to_string()));
            broken(format!("the AIK certificate can't be read: {error}"))
        })?;
        let ours = self.aik.as_ref() == Some(&certificate.public_key);
        cx.checked(
            "aik-certificate-fits-key",
            (!ours).then(|| "the certificate is for another key".to_owned()),
        );
        if !ours {
            return Err(broken("the AIK certificate is for another key".into()));
        }
        let (from, to) = (certificate.not_before, certificate.not_after);
        let problem = (cx.utc < from || to < cx.utc).then(|| {
            format!(
                "valid from {} to {}, the device's clock says {}",
                from.to_rfc3339(),
                to.to_rfc3339(),
                cx.utc.to_rfc3339()
            )
        });
        cx.checked("aik-certificate-validity", problem.clone());
        if let Some(problem) = problem {
            return Err(self.clock_differs(cx, from, format!("the AIK certificate is {problem}")));
        }
        let command = TpmCommand::CreateKey {
            key: KeyName::new(DEVICE_KEY),
            kind: cx.setup.keys,
            purpose: KeyPurpose::Sign,
        };
        self.attested = attested;
        self.tpm(cx, State::Key, command);
        Ok(())
    }

    /// The body of an answer of the service, or what its refusal means.
    fn read<T: DeserializeOwned>(&self, cx: &mut Cx<'_>, reply: &HttpReply) -> Result<T, Ended> {
        if reply.is_success() {
            return need(cx, "attestation-reply-shape", serde_json::from_slice(&reply.body)).map_err(
                |error| broken(format!("the attestation service sent no answer of its kind: {error}")),
            );
        }
        if (400..500).contains(&reply.status)
            && let Ok(refusal) = serde_json::from_slice::<AttestationRefusal>(&reply.body)
        {
            return Err(self.rejected(&refusal));
        }
        let detail = format!("the attestation service failed: HTTP {}", reply.status);
        Err(Ended::Failed { fault: NoteFault::PeerRefused, detail })
    }

    /// NET-016: the challenge says what time it is at the service; a device whose clock is off does not go on.
    fn clock_agrees(&self, cx: &mut Cx<'_>, challenge: &ChallengeReply) -> Step {
        let Ok(server) = Utc::parse_rfc3339(&challenge.server_time) else { return Ok(()) };
        let drift = cx.utc.unix_seconds().abs_diff(server.unix_seconds());
        let off = drift > CLOCK_ALLOWANCE.unsigned_abs();
        cx.checked("attestation-clock", off.then(|| format!("{drift} s between device and service")));
        if off {
            Err(self.clock_differs(cx, server, format!("the clock is off by {drift} s")))
        } else {
            Ok(())
        }
    }

    fn clock_differs(&self, cx: &mut Cx<'_>, server: Utc, detail: String) -> Ended {
        let data = [
            ("server_time", server.to_rfc3339()),
            ("client_time", cx.utc.to_rfc3339()),
            ("n", self.number.to_string()),
            ("max", super::MOST.to_string()),
        ];
        let data: Vec<(&str, &str)> = data.iter().map(|(name, value)| (*name, value.as_str())).collect();
        cx.event(events::AUTOPILOT_753, &data);
        Ended::NotYet { rule: rules::NET_016, fault: NoteFault::Device, detail }
    }

    fn rejected(&self, refusal: &AttestationRefusal) -> Ended {
        let detail = format!("{}: {}", refusal.check, refusal.message);
        let fault = NoteFault::PeerRefused;
        let named = refusal.code.and_then(|code| codes::find(&format!("0x{code:08X}")).into_iter().next());
        match named {
            Some(code) if code.id != codes::DSREG_ATTESTATION_FAILED.id => {
                let rule = if code.id == codes::AUTOPILOT_TPM_VULNERABLE_FIRMWARE.id {
                    rules::SDM_021
                } else {
                    rules::MOD_019
                };
                Ended::Defect { code, rule, fault, detail }
            }
            // Nobody whom the service trusts vouches for a hypervisor's TPM, and Windows goes on hoping.
            _ if self.tpm.as_ref().is_some_and(|tpm| tpm.is_virtual) => {
                Ended::NotYet { rule: rules::SDM_004, fault, detail }
            }
            _ => Ended::Rejected { rule: rules::SDM_006, fault, detail },
        }
    }
}

/// Whether this TPM, under this Windows, can be attested at all.
fn capable(cx: &Cx<'_>, tpm: &TpmProperties) -> Step {
    let fault = NoteFault::Device;
    let build = cx.setup.image.build;
    let world = AsOf { date: cx.setup.as_of, build, kbs: cx.setup.image.kbs.clone() };
    if tpm.family != "2.0" {
        let detail = format!("the TPM is of family {}", tpm.family);
        return Err(Ended::NotYet { rule: rules::SDM_003, fault, detail });
    }
    if tpm.reduced {
        let detail = "the TPM works with reduced functionality only".to_owned();
        return Err(Ended::Rejected { rule: rules::SDM_025, fault, detail });
    }
    if tpm.locked_out {
        return Err(Ended::Failed { fault, detail: "the TPM is locked out".into() });
    }
    if build.is_windows_11() && in_force(rules::SDM_020, &world) == InForce::Yes {
        let detail = "this build of Windows can't attest its TPM".to_owned();
        let code = codes::AUTOPILOT_TPM_ATTESTATION_FAILED;
        return Err(Ended::Defect { code, rule: rules::SDM_020, fault, detail });
    }
    // Firmware 600 is that of the processors which are certified on the die.
    let on_die = tpm.manufacturer == "INTC" && tpm.firmware.starts_with("600.");
    if on_die && !build.is_windows_11() && in_force(rules::SDM_024, &world) == InForce::Yes {
        let detail = "this build of Windows does not know how this TPM is certified".to_owned();
        return Err(Ended::NotYet { rule: rules::SDM_024, fault, detail });
    }
    Ok(())
}

fn broken(detail: String) -> Ended {
    Ended::Failed { fault: NoteFault::PeerBrokeProtocol, detail }
}
