//! What can come in place of an answer.

use oobe::scenario::quantity::{Duration, Offset};
use oobe::scenario::spec::{DeviceFault, FaultSpec, Glob, NetworkFailure, NetworkFault};
use oobe_agent::io::HttpReply;
use oobe_agent::time::VirtualTime;
use oobe_mock_cloud::FaultKind;
use oobe_wire::soap::{EnrollmentFault, Fault as SoapFault, ResponseHeader};

use crate::run::Asked;

/// Ten years, in milliseconds.
const TEN_YEARS: i64 = 10 * 365 * 86_400_000;

/// What comes in place of an answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Fault {
    /// Noise, under the right content type.
    Garbage,
    /// Half the body, announced as whole.
    Truncated,
    /// Half the body, with the length of the whole announced.
    WrongLength,
    /// No body.
    Empty,
    /// 16 MB.
    Oversized,
    /// The body, called HTML.
    WrongContentType,
    /// A web page.
    Page,
    /// A SOAP fault under status 200.
    SoapUnder200,
    /// 500.
    ServerError,
    /// 404.
    NotFound,
    /// 429, to come back at once.
    Busy,
    /// 302 to somebody else.
    Redirect,
    /// Nothing, for ever.
    Silence,
    /// The connection is reset.
    Reset,
    /// The answer is right, but the device's clock is ten years slow by then.
    ClockSlow,
    /// The answer is right, but the device's clock is ten years fast by then.
    ClockFast,
}

/// All of them.
pub(crate) const ALL: [Fault; 16] = [
    Fault::Garbage,
    Fault::Truncated,
    Fault::WrongLength,
    Fault::Empty,
    Fault::Oversized,
    Fault::WrongContentType,
    Fault::Page,
    Fault::SoapUnder200,
    Fault::ServerError,
    Fault::NotFound,
    Fault::Busy,
    Fault::Redirect,
    Fault::Silence,
    Fault::Reset,
    Fault::ClockSlow,
    Fault::ClockFast,
];

impl Fault {
    /// Four letters, for the table.
    pub(crate) const fn short(self) -> &'static str {
        match self {
            Self::Garbage => "garb",
            Self::Truncated => "trun",
            Self::WrongLength => "leng",
            Self::Empty => "empt",
            Self::Oversized => "over",
            Self::WrongContentType => "type",
            Self::Page => "page",
            Self::SoapUnder200 => "soap",
            Self::ServerError => "500",
            Self::NotFound => "404",
            Self::Busy => "429",
            Self::Redirect => "302",
            Self::Silence => "sile",
            Self::Reset => "rese",
            Self::ClockSlow => "-10y",
            Self::ClockFast => "+10y",
        }
    }

    /// Puts it in place of a reply; `false` when it is no matter of the reply.
    pub(crate) fn spoil(self, reply: &mut HttpReply) -> bool {
        let status = |reply: &mut HttpReply, status: u16, headers: &[(&str, &str)]| {
            let owned = headers.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned()));
            *reply = HttpReply { status, headers: owned.collect(), body: Vec::new() };
        };
        match self {
            Self::Garbage => reply.body = b"\x00\xff{<\x80&&&>\"".repeat(40),
            Self::Truncated => reply.body.truncate(reply.body.len() / 2),
            Self::Empty => reply.body.clear(),
            Self::WrongContentType => reply.headers = vec![("content-type".into(), "text/html".into())],
            Self::Page => {
                reply.headers = vec![("content-type".into(), "text/html".into())];
                reply.body =
                    b"<!doctype html><html><body><p>Please sign in to the guest network</body></html>"
                        .to_vec();
            }
            Self::SoapUnder200 => {
                let fault = SoapFault::of(&EnrollmentFault::Authorization, "no", "a trace");
                reply.status = 200;
                reply.body = fault.write(&ResponseHeader::default()).into_bytes();
            }
            Self::ServerError => status(reply, 500, &[]),
            Self::NotFound => status(reply, 404, &[]),
            Self::Busy => status(reply, 429, &[("retry-after", "0")]),
            Self::Redirect => status(reply, 302, &[("location", "https://somebody.else.test/")]),
            Self::WrongLength
            | Self::Oversized
            | Self::Silence
            | Self::Reset
            | Self::ClockSlow
            | Self::ClockFast => {
                return false;
            }
        }
        true
    }

    /// The fault of a service that it is.
    pub(crate) fn of_service(self) -> Option<FaultKind> {
        match self {
            Self::Oversized => Some(FaultKind::Oversize),
            Self::Silence => Some(FaultKind::Silence),
            _ => None,
        }
    }

    /// The fault of a scenario that it is, from `from` on.
    pub(crate) fn of_scenario(
        self,
        asked: &Asked,
        from: VirtualTime,
        times: Option<u32>,
    ) -> Option<FaultSpec> {
        let nothing = FaultSpec {
            name: None,
            device: None,
            from: Some(Duration(from - VirtualTime::ZERO)),
            until: None,
            nth: None,
            times,
            network: None,
            service: None,
            machine: None,
            force: None,
        };
        let network = |fails| FaultSpec {
            network: Some(NetworkFault {
                host: Some(Glob(asked.host.clone())),
                path: asked.path.clone().map(Glob),
                fails,
                delay: None,
            }),
            ..nothing.clone()
        };
        let clock = |ms| FaultSpec { machine: Some(DeviceFault::Clock(Offset { ms })), ..nothing.clone() };
        match self {
            Self::WrongLength => Some(network(NetworkFailure::Truncated)),
            Self::Reset => Some(network(NetworkFailure::Reset)),
            Self::ClockSlow => Some(clock(-TEN_YEARS)),
            Self::ClockFast => Some(clock(TEN_YEARS)),
            _ => None,
        }
    }
}
