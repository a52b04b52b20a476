//! The time service that devices ask (UDP port 123, NET-010): it answers by the cloud's UTC. It stands in the world and not
//! behind a transport: what it says is the same in process and on the wire.

use oobe_agent::io::{HttpReply, HttpRequest};
use oobe_wire::ntp::{Mode, Packet};
use oobe_wire::time::Utc;

/// Whether a request is a question for the time.
pub(super) fn is_asked(request: &HttpRequest) -> bool {
    request.url.starts_with("udp://")
}

/// What it answers; nothing to what is no question.
pub(super) fn answer(request: &HttpRequest, now: Utc) -> Option<HttpReply> {
    let question = Packet::parse(&request.body).ok().filter(|packet| packet.mode == Mode::Client)?;
    Some(HttpReply {
        status: 200,
        headers: Vec::new(),
        body: Packet::answer(&question, now).encode().to_vec(),
    })
}
