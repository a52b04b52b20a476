//! Asking for the time: a client's and a server's packet of the Network Time Protocol (RFC 5905, section 7.3; the simple
//! use of it in section 14). 48 bytes, all numbers big-endian.

use crate::time::Utc;

/// A packet's length without extensions.
pub const LENGTH: usize = 48;
/// Seconds from the protocol's epoch, 1900, to that of Unix.
const TO_UNIX: i64 = 2_208_988_800;
/// Version 4.
const VERSION: u8 = 4;
/// Leap indicator of a server that does not know the time.
const UNSYNCHRONISED: u8 = 3;

/// Which side a packet is from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Mode {
    /// Mode 3.
    Client,
    /// Mode 4.
    Server,
}

/// Why bytes are no answer to a question for the time.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum NtpError {
    /// Not a packet.
    #[error("{0} bytes are no packet: it has {LENGTH}")]
    Length(usize),
    /// Neither a client's nor a server's.
    #[error("mode {0} is neither a client's nor a server's")]
    Mode(u8),
    /// The server says that it does not know the time.
    #[error("the server does not know the time itself")]
    Unsynchronised,
}

/// A packet, without what nobody here uses.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Packet {
    /// Which side it is from.
    pub mode: Mode,
    /// Distance from the reference clock; 0 in what a client sends.
    pub stratum: u8,
    /// When the client asked, by its own clock: the server repeats the bits it was sent.
    pub originate: u64,
    /// When the question reached the server.
    pub receive: u64,
    /// When the packet left its sender.
    pub transmit: u64,
}

impl Packet {
    /// A client's question, sent at `now` by its clock.
    pub fn ask(now: Utc) -> Self {
        Self { mode: Mode::Client, stratum: 0, originate: 0, receive: 0, transmit: timestamp(now) }
    }

    /// A server's answer at `now` by its clock.
    pub fn answer(question: &Self, now: Utc) -> Self {
        let now = timestamp(now);
        Self { mode: Mode::Server, stratum: 2, originate: question.transmit, receive: now, transmit: now }
    }

    /// By how many milliseconds the client's clock is behind, when the answer came at `now` by that clock: the mean of the
    /// ways there and back (RFC 5905, section 8).
    pub fn offset_ms(&self, now: Utc) -> i64 {
        let there = difference(self.receive, self.originate);
        let back = difference(self.transmit, timestamp(now));
        i64::try_from((i128::midpoint(there, back) * 1_000) >> 32).unwrap_or(0)
    }

    /// As bytes.
    pub fn encode(&self) -> [u8; LENGTH] {
        let mut bytes = [0; LENGTH];
        let mode = match self.mode {
            Mode::Client => 3,
            Mode::Server => 4,
        };
        bytes[0] = VERSION << 3 | mode;
        bytes[1] = self.stratum;
        for (at, stamp) in [(24, self.originate), (32, self.receive), (40, self.transmit)] {
            bytes[at..at + 8].copy_from_slice(&stamp.to_be_bytes());
        }
        bytes
    }

    /// From bytes; what follows the first 48 is not looked at.
    pub fn parse(bytes: &[u8]) -> Result<Self, NtpError> {
        let Some(head) = bytes.first_chunk::<LENGTH>() else { return Err(NtpError::Length(bytes.len())) };
        let mode = match head[0] & 7 {
            3 => Mode::Client,
            4 => Mode::Server,
            other => return Err(NtpError::Mode(other)),
        };
        let stamp = |at: usize| {
            u64::from_be_bytes(*head[at..].first_chunk().expect("three stamps fit behind the first 24 bytes"))
        };
        let packet =
            Self { mode, stratum: head[1], originate: stamp(24), receive: stamp(32), transmit: stamp(40) };
        // Stratum 0 in an answer is a kiss of death (section 7.4): no time at all.
        if mode == Mode::Server && (head[0] >> 6 == UNSYNCHRONISED || packet.stratum == 0) {
            return Err(NtpError::Unsynchronised);
        }
        Ok(packet)
    }
}

/// Seconds since 1900 modulo 2^32, and their fraction.
fn timestamp(time: Utc) -> u64 {
    let ms = i128::from(time.0) + i128::from(TO_UNIX) * 1_000;
    // Rounded up, so that milliseconds survive the way back.
    let units = ((ms << 32) + 999).div_euclid(1_000);
    u64::try_from(units.rem_euclid(1 << 64)).expect("the remainder has 64 bits")
}

/// `a - b`, for two stamps less than 68 years apart.
fn difference(a: u64, b: u64) -> i128 {
    i128::from(a.wrapping_sub(b).cast_signed())
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn stamps_are_those_of_the_rfc() {
        // RFC 5905, figure 4: 1 January 1970 is 2,208,988,800 seconds in.
        assert_eq!(timestamp(Utc::from_unix_seconds(0)), 2_208_988_800 << 32);
        assert_eq!(timestamp(Utc::from_unix_seconds(0).plus_ms(500)), 2_208_988_800 << 32 | 1 << 31);
        // 2036: the second era begins at zero.
        assert_eq!(timestamp(Utc::from_unix_seconds(2_085_978_496)), 0);
    }

    #[test]
    fn what_tells_no_time_is_refused() {
        let question = Packet::ask(Utc::from_unix_seconds(1_795_161_600));
        let answer = Packet::answer(&question, Utc::from_unix_seconds(1_795_161_600));
        let changed = |at: usize, value: u8| {
            let mut bytes = answer.encode();
            bytes[at] = value;
            Packet::parse(&bytes)
        };
        assert_eq!(Packet::parse(&answer.encode()[..47]), Err(NtpError::Length(47)));
        assert_eq!(changed(0, 0x23 + 3), Err(NtpError::Mode(6)));
        assert_eq!(changed(0, 0xe4), Err(NtpError::Unsynchronised));
        assert_eq!(changed(1, 0), Err(NtpError::Unsynchronised));
    }

    proptest! {
        #[test]
        fn a_clock_is_told_by_how_much_it_is_behind(
            at in 0_i64..4_000_000_000, behind in -86_400_000_i64..86_400_000, way in 0_i64..2_000,
        ) {
            let server = |ms: i64| Utc::from_unix_seconds(at).plus_ms(ms);
            let device = |ms: i64| server(ms).plus_ms(-behind);
            let question = Packet::parse(&Packet::ask(device(0)).encode()).unwrap();
            let answer = Packet::parse(&Packet::answer(&question, server(way)).encode()).unwrap();
            prop_assert_eq!(answer.originate, question.transmit);
            prop_assert!((answer.offset_ms(device(2 * way)) - behind).abs() <= 1);
        }

        #[test]
        fn any_bytes_are_read_or_refused(bytes in proptest::collection::vec(any::<u8>(), 0..80)) {
            if let Ok(packet) = Packet::parse(&bytes) {
                prop_assert_eq!(Packet::parse(&packet.encode()).map(|p| p.transmit), Ok(packet.transmit));
            }
        }
    }
}
