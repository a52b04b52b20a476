//! `w32tm /resync /force`: the time service is asked for the time, and the clock is set (NET-016, NET-010 for the port).
//! This is the one peer that does not speak HTTP: its packets (RFC 5905) go in the body of the request.

use oobe_wire::ntp::{Mode, Packet};

use super::Failure;
use crate::cx::{Answer, Cx};
use crate::io::{HttpRequest, Slot};

/// The command, as it is typed.
pub const COMMAND: &str = "w32tm /resync /force";
const DOING: &str = "asking for the time";

/// A question under way.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Resync {
    question: Packet,
}

impl Resync {
    /// Asks.
    pub fn begin(cx: &mut Cx<'_>) -> Self {
        let question = Packet::ask(cx.utc);
        let url = cx.setup.endpoints.time.clone();
        let request = HttpRequest { body: question.encode().to_vec(), ..HttpRequest::get(url) };
        cx.send(Slot::Time, request, DOING);
        Self { question }
    }

    /// By how many milliseconds the clock is behind.
    pub fn resume(self, cx: &mut Cx<'_>, answer: Answer) -> Result<i64, Failure> {
        let reply = match answer {
            Answer::Http(Ok(reply)) => reply,
            Answer::Http(Err(error)) => return Err(Failure::transport(DOING, &error)),
            other => unreachable!("only a request was made: {other:?}"),
        };
        let packet = Packet::parse(&reply.body).map_err(|e| e.to_string()).and_then(|packet| {
            // Whoever answers must have seen the question.
            let ours = packet.mode == Mode::Server && packet.originate == self.question.transmit;
            if ours { Ok(packet) } else { Err("an answer to another question".to_owned()) }
        });
        cx.checked("time-reply", packet.as_ref().err().cloned());
        match packet {
            Ok(packet) => Ok(packet.offset_ms(cx.utc)),
            Err(problem) => Err(Failure::broken(DOING, None, problem)),
        }
    }
}
