//! The network between devices and cloud: how long things take, and what goes wrong on the way. On the wire the same
//! decisions are made here, before a byte is sent, so that a run is the same on either transport.

use oobe_agent::io::{HttpReply, HttpRequest, TlsFailure, TransportError};
use oobe_agent::time::{Span, VirtualTime};
use oobe_wire::rng::Stream;

use crate::expect::{host_and_path, request_fits};
use crate::scenario::build;
use crate::scenario::spec::{FaultSpec, ForceFault, NetworkFailure, NetworkFault, Spec};
use crate::trace::record::FaultPlace;

/// The network.
#[derive(Debug, Clone)]
pub(super) struct Network {
    stream: Stream,
    reply: Span,
    rate: u64,
    faults: Vec<Armed>,
}

/// A fault and how often it could have struck.
#[derive(Debug, Clone)]
struct Armed {
    name: String,
    device: Option<String>,
    from: VirtualTime,
    until: Option<VirtualTime>,
    nth: Option<u32>,
    times: Option<u32>,
    what: Kind,
    /// Requests that fit.
    seen: u32,
    /// Requests that met it, whether or not another fault was there first.
    met: u32,
    /// Whether it ever decided what became of a request.
    struck: bool,
}

#[derive(Debug, Clone)]
enum Kind {
    Network(NetworkFault),
    Force(ForceFault),
}

/// A fault that a request met, for the trace.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Struck {
    /// What the scenario calls it.
    pub(super) fault: String,
    /// On the way, or nowhere.
    pub(super) place: FaultPlace,
    /// What it does, in words.
    pub(super) does: String,
}

/// What becomes of a request.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Fate {
    /// It arrives, and so does its answer.
    Fair,
    /// It arrives, its answer is late.
    Late(Span),
    /// It never arrives; nobody says so.
    Lost,
    /// It does not arrive, and the device is told.
    Fails(TransportError),
    /// The answer's body is noise.
    Garbage,
    /// The answer's body breaks off in the middle.
    Truncated,
    /// The answer's body is larger than a device takes.
    Oversized,
    /// Another answer is put in its place: forced, no cause.
    Forced(HttpReply),
}

impl Fate {
    /// What the device gets in place of `result`.
    pub(super) fn apply(
        &self,
        result: Result<HttpReply, TransportError>,
    ) -> Result<HttpReply, TransportError> {
        match self {
            Self::Garbage => {
                result.map(|reply| HttpReply { body: b"\x00\xff<noise>\x80&&&".to_vec(), ..reply })
            }
            Self::Truncated => match result {
                Ok(mut reply) => {
                    reply.body.truncate(reply.body.len() / 2);
                    super::transport::incomplete(reply)
                }
                error => error,
            },
            Self::Oversized => result.and(Err(TransportError::BodyTooLarge)),
            _ => result,
        }
    }

    /// How much later the answer comes.
    pub(super) fn delay(&self) -> Span {
        if let Self::Late(by) = self { *by } else { Span::ZERO }
    }
}

impl Network {
    pub(super) fn new(seed: u64, spec: &Spec) -> Self {
        let faults =
            spec.fault.iter().enumerate().filter_map(|(at, fault)| Armed::from_spec(at, fault)).collect();
        Self {
            stream: Stream::new(seed, &["network"]),
            reply: spec.network.reply.0,
            rate: spec.network.rate.0.max(1),
            faults,
        }
    }

    /// A network without faults of its own (a foreign server brings them).
    pub(super) fn real(seed: u64) -> Self {
        Self {
            stream: Stream::new(seed, &["network"]),
            reply: Span::ZERO,
            rate: u64::MAX,
            faults: Vec::new(),
        }
    }

    /// A fault begins in the middle of a run.
    pub(super) fn begin(&mut self, now: VirtualTime, name: &str, fault: NetworkFault, lasts: Option<Span>) {
        self.faults.push(Armed {
            name: name.to_owned(),
            device: None,
            from: now,
            until: lasts.map(|span| now + span),
            nth: None,
            times: None,
            what: Kind::Network(fault),
            seen: 0,
            met: 0,
            struck: false,
        });
    }

    /// What becomes of a request, and the fault that has it so: the first of those it meets.
    pub(super) fn decide(
        &mut self,
        now: VirtualTime,
        device: &str,
        request: &HttpRequest,
    ) -> (Fate, Option<Struck>) {
        let (host, path) = host_and_path(&request.url);
        let mut met = None;
        for fault in &mut self.faults {
            if fault.meets(now, device, request, host, path) && met.is_none() {
                fault.struck = true;
                met = Some((fault.fate(), fault.told()));
            }
        }
        met.map_or((Fate::Fair, None), |(fate, struck)| (fate, Some(struck)))
    }

    /// Names of faults that have decided the fate of no request: none of those of that name, if a trigger began it again
    /// and again.
    pub(super) fn unused(&self) -> impl Iterator<Item = &str> {
        let struck = |name: &str| self.faults.iter().any(|fault| fault.name == name && fault.struck);
        self.faults.iter().map(|fault| fault.name.as_str()).filter(move |name| !struck(name))
    }

    /// How long a request takes to its service.
    pub(super) fn outbound(&mut self) -> Span {
        self.half()
    }

    /// How long an answer of that size takes back.
    pub(super) fn inbound(&mut self, bytes: u64) -> Span {
        Span(self.half().0.saturating_add(bytes.saturating_mul(1_000) / self.rate))
    }

    /// How long it takes to learn that nobody listens.
    pub(super) fn refusal(&mut self) -> Span {
        self.half()
    }

    /// Half a round trip, drawn round the median: three quarters to five quarters of it.
    fn half(&mut self) -> Span {
        Span(self.reply.0.saturating_mul(750 + self.stream.below(501)) / 2_000)
    }
}

impl Armed {
    fn from_spec(at: usize, spec: &FaultSpec) -> Option<Self> {
        let what = match (&spec.network, &spec.force) {
            (Some(network), _) => Kind::Network(network.clone()),
            (_, Some(force)) => Kind::Force(force.clone()),
            _ => return None,
        };
        Some(Self {
            name: spec.called(at),
            device: spec.device.clone(),
            from: VirtualTime(spec.from.map_or(0, |d| d.0.0)),
            until: spec.until.map(|d| VirtualTime(d.0.0)),
            nth: spec.nth,
            times: spec.times,
            what,
            seen: 0,
            met: 0,
            struck: false,
        })
    }

    /// Whether this request meets the fault; counts it.
    fn meets(
        &mut self,
        now: VirtualTime,
        device: &str,
        request: &HttpRequest,
        host: &str,
        path: &str,
    ) -> bool {
        if now < self.from || self.until.is_some_and(|until| now >= until) {
            return false;
        }
        if self.device.as_deref().is_some_and(|only| only != device) {
            return false;
        }
        let fits = match &self.what {
            Kind::Network(fault) => {
                fault.host.as_ref().is_none_or(|h| h.matches(host))
                    && fault.path.as_ref().is_none_or(|p| p.matches(path))
            }
            Kind::Force(force) => request_fits(&force.request, &request.method.to_string(), &request.url),
        };
        if !fits {
            return false;
        }
        self.seen += 1;
        let first = self.nth.unwrap_or(1);
        let most = self.times.unwrap_or(if self.nth.is_some() { 1 } else { u32::MAX });
        let strikes = self.seen >= first && self.met < most;
        self.met += u32::from(strikes);
        strikes
    }

    fn told(&self) -> Struck {
        let (place, does) = match &self.what {
            Kind::Network(fault) => (FaultPlace::Network, build::network_fault(fault)),
            Kind::Force(force) => (
                FaultPlace::Force,
                format!("status {} is put in place of the real answer: forced, no cause", force.status),
            ),
        };
        Struck { fault: self.name.clone(), place, does }
    }

    fn fate(&self) -> Fate {
        let fault = match &self.what {
            Kind::Force(force) => {
                let headers = match force.content_type.as_str() {
                    "" => Vec::new(),
                    kind => vec![("content-type".to_owned(), kind.to_owned())],
                };
                let body = force.body.clone().into_bytes();
                return Fate::Forced(HttpReply { status: force.status, headers, body });
            }
            Kind::Network(fault) => fault,
        };
        match fault.fails {
            NetworkFailure::Refused => Fate::Fails(TransportError::Refused),
            NetworkFailure::Reset => Fate::Fails(TransportError::Reset),
            NetworkFailure::Timeout => Fate::Lost,
            NetworkFailure::Dns => Fate::Fails(TransportError::Dns),
            NetworkFailure::TlsDate => Fate::Fails(TransportError::Tls(TlsFailure::CertificateDate)),
            NetworkFailure::TlsUntrusted => Fate::Fails(TransportError::Tls(TlsFailure::UntrustedRoot)),
            NetworkFailure::TlsName => Fate::Fails(TransportError::Tls(TlsFailure::NameMismatch)),
            NetworkFailure::TlsClientCertificate => {
                Fate::Fails(TransportError::Tls(TlsFailure::ClientCertificateRefused))
            }
            NetworkFailure::TlsHandshake => Fate::Fails(TransportError::Tls(TlsFailure::Handshake)),
            NetworkFailure::Proxy => Fate::Fails(TransportError::Proxy(407)),
            NetworkFailure::Slow => Fate::Late(fault.delay.map_or(Span::ZERO, |d| d.0)),
            NetworkFailure::Garbage => Fate::Garbage,
            NetworkFailure::Truncated => Fate::Truncated,
            NetworkFailure::Oversized => Fate::Oversized,
        }
    }
}

#[cfg(test)]
mod tests;
