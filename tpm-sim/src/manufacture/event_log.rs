//! The log of a measured boot (TCG PC Client Platform Firmware Profile 1.05, chapter 10): which event extended which
//! register with which digests. Written in the crypto-agile form; read in that one and the older one of SHA-1 alone.

mod read;
mod write;

use crate::crypto::hash::HashAlg;
use crate::state::pcr::PCR_COUNT;

/// Type of an event (table 14 of the profile): any number, with names for those that are written here.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct EventType(pub u32);

impl EventType {
    /// EV_POST_CODE.
    pub const POST_CODE: Self = Self(0x1);
    /// EV_NO_ACTION: informs, extends nothing.
    pub const NO_ACTION: Self = Self(0x3);
    /// EV_SEPARATOR.
    pub const SEPARATOR: Self = Self(0x4);
    /// EV_EVENT_TAG: an event of the operating system.
    pub const EVENT_TAG: Self = Self(0x6);
    /// EV_S_CRTM_VERSION.
    pub const S_CRTM_VERSION: Self = Self(0x8);
    /// EV_EFI_VARIABLE_DRIVER_CONFIG.
    pub const EFI_VARIABLE_DRIVER_CONFIG: Self = Self(0x8000_0001);
    /// EV_EFI_VARIABLE_BOOT.
    pub const EFI_VARIABLE_BOOT: Self = Self(0x8000_0002);
    /// EV_EFI_BOOT_SERVICES_APPLICATION.
    pub const EFI_BOOT_SERVICES_APPLICATION: Self = Self(0x8000_0003);
    /// EV_EFI_GPT_EVENT.
    pub const EFI_GPT_EVENT: Self = Self(0x8000_0006);
    /// EV_EFI_ACTION.
    pub const EFI_ACTION: Self = Self(0x8000_0007);
    /// EV_EFI_PLATFORM_FIRMWARE_BLOB.
    pub const EFI_PLATFORM_FIRMWARE_BLOB: Self = Self(0x8000_0008);
    /// EV_EFI_HANDOFF_TABLES.
    pub const EFI_HANDOFF_TABLES: Self = Self(0x8000_0009);
    /// EV_EFI_VARIABLE_AUTHORITY.
    pub const EFI_VARIABLE_AUTHORITY: Self = Self(0x8000_00e0);

    /// Its name in the profile.
    pub const fn name(self) -> Option<&'static str> {
        Some(match self {
            Self::POST_CODE => "EV_POST_CODE",
            Self::NO_ACTION => "EV_NO_ACTION",
            Self::SEPARATOR => "EV_SEPARATOR",
            Self::EVENT_TAG => "EV_EVENT_TAG",
            Self::S_CRTM_VERSION => "EV_S_CRTM_VERSION",
            Self::EFI_VARIABLE_DRIVER_CONFIG => "EV_EFI_VARIABLE_DRIVER_CONFIG",
            Self::EFI_VARIABLE_BOOT => "EV_EFI_VARIABLE_BOOT",
            Self::EFI_BOOT_SERVICES_APPLICATION => "EV_EFI_BOOT_SERVICES_APPLICATION",
            Self::EFI_GPT_EVENT => "EV_EFI_GPT_EVENT",
            Self::EFI_ACTION => "EV_EFI_ACTION",
            Self::EFI_PLATFORM_FIRMWARE_BLOB => "EV_EFI_PLATFORM_FIRMWARE_BLOB",
            Self::EFI_HANDOFF_TABLES => "EV_EFI_HANDOFF_TABLES",
            Self::EFI_VARIABLE_AUTHORITY => "EV_EFI_VARIABLE_AUTHORITY",
            _ => return None,
        })
    }
}

/// A digest in the log.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LoggedDigest {
    /// TPM_ALG_ID of its hash.
    pub alg: u16,
    /// The digest.
    pub value: Vec<u8>,
}

/// One event.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Event {
    /// The register; a log may name any number.
    pub pcr: u32,
    /// Its type.
    pub kind: EventType,
    /// What it extended the register with, a digest for each bank.
    pub digests: Vec<LoggedDigest>,
    /// What it says.
    pub data: Vec<u8>,
}

impl Event {
    /// The digest for a bank.
    pub fn digest(&self, hash: HashAlg) -> Option<&[u8]> {
        let alg = hash.alg() as u16;
        self.digests.iter().find(|digest| digest.alg == alg).map(|digest| digest.value.as_slice())
    }

    /// The locality that an EV_NO_ACTION says Startup came from; it is the last byte with which register 0 begins.
    fn startup_locality(&self) -> Option<u8> {
        match self.data.strip_prefix(b"StartupLocality\0") {
            Some([locality]) if self.kind == EventType::NO_ACTION && self.pcr == 0 => Some(*locality),
            _ => None,
        }
    }
}

/// A hash that the log's header announces.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct LogAlgorithm {
    /// TPM_ALG_ID.
    pub alg: u16,
    /// Size of its digests in bytes.
    pub size: u16,
}

/// The header of a crypto-agile log (TCG_EfiSpecIDEvent).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SpecId {
    /// 0 for a client, 1 for a server.
    pub platform_class: u32,
    /// Minor version, major version, errata.
    pub version: [u8; 3],
    /// 2 when UINTN has 64 bits.
    pub uintn_size: u8,
    /// Hashes of the events.
    pub algorithms: Vec<LogAlgorithm>,
    /// The vendor's own.
    pub vendor_info: Vec<u8>,
}

impl SpecId {
    /// The header of a client's log with these banks.
    pub fn client(banks: &[HashAlg]) -> Self {
        let algorithms = banks
            .iter()
            .map(|hash| LogAlgorithm {
                alg: hash.alg() as u16,
                size: u16::try_from(hash.size()).expect("64 bytes at most"),
            })
            .collect();
        Self { platform_class: 0, version: [0, 2, 0], uintn_size: 2, algorithms, vendor_info: Vec::new() }
    }
}

/// A log.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct EventLog {
    /// The header; a log of the older form has none.
    pub header: Option<SpecId>,
    /// The events behind the header.
    pub events: Vec<Event>,
}

/// A log that was read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ReadLog {
    /// What could be read.
    pub log: EventLog,
    /// How many bytes that is; what is behind them (padding, or damage) is not part of the log.
    pub consumed: usize,
}

/// Why nothing could be read.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum LogError {
    /// It does not begin with an event.
    #[error("not an event log: no whole event at its start")]
    NoEvent,
    /// Its header is not one.
    #[error("the header of the event log is malformed")]
    Header,
}

impl EventLog {
    /// Reads a log, as far as it is one: a log in firmware's memory is followed by padding, and foreign logs end in
    /// the middle of an event. What follows the last whole event is left out.
    pub fn read(bytes: &[u8]) -> Result<ReadLog, LogError> {
        read::read(bytes)
    }

    /// The log's bytes.
    pub fn to_bytes(&self) -> Vec<u8> {
        write::write(self)
    }

    /// The registers of a bank after the log, from their values at a start (Part 1, 17.3). Events without a digest for
    /// the bank, and those for registers that do not exist, change nothing.
    pub fn replay(&self, hash: HashAlg) -> Vec<Vec<u8>> {
        let mut pcrs: Vec<Vec<u8>> = (0..PCR_COUNT)
            .map(|pcr| vec![if (17..=22).contains(&pcr) { 0xff } else { 0 }; hash.size()])
            .collect();
        for event in &self.events {
            if let Some(locality) = event.startup_locality() {
                pcrs[0][hash.size() - 1] = locality;
            }
            if event.kind == EventType::NO_ACTION {
                continue;
            }
            if let (Some(value), Some(digest)) = (pcrs.get_mut(event.pcr as usize), event.digest(hash)) {
                *value = hash.digest(&[value, digest]);
            }
        }
        pcrs
    }

    /// The commands (TPM2_PCR_Extend, empty authorisation) that make a TPM's registers what the log says.
    pub fn extend_commands(&self) -> impl Iterator<Item = Vec<u8>> {
        self.events.iter().filter(|event| event.kind != EventType::NO_ACTION).map(write::extend_command)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn events(algorithms: Vec<LogAlgorithm>) -> impl Strategy<Value = Vec<Event>> {
        let event = (0..40_u32, any::<u32>(), any::<u8>(), proptest::collection::vec(any::<u8>(), 0..40))
            .prop_map(move |(pcr, kind, fill, data)| {
                let digests = algorithms
                    .iter()
                    .map(|a| LoggedDigest { alg: a.alg, value: vec![fill; usize::from(a.size)] })
                    .collect();
                Event { pcr, kind: EventType(kind), digests, data }
            });
        proptest::collection::vec(event, 0..8)
    }

    fn logs() -> impl Strategy<Value = EventLog> {
        // Unknown hashes too: a log of tomorrow is read as far as its header explains it.
        let algorithms = proptest::sample::subsequence(
            vec![(4_u16, 20_u16), (0xb, 32), (0xc, 48), (0xd, 64), (0x12, 32), (0x7777, 7)],
            1..=6,
        );
        algorithms.prop_flat_map(|list| {
            let algorithms: Vec<LogAlgorithm> =
                list.into_iter().map(|(alg, size)| LogAlgorithm { alg, size }).collect();
            let header = SpecId {
                platform_class: 0,
                version: [0, 2, 0],
                uintn_size: 2,
                algorithms: algorithms.clone(),
                vendor_info: b"vendor".to_vec(),
            };
            events(algorithms).prop_map(move |events| EventLog { header: Some(header.clone()), events })
        })
    }

    proptest! {
        #[test]
        fn what_is_written_is_read(log in logs(), padding in 0..3_usize) {
            let mut bytes = log.to_bytes();
            let written = bytes.len();
            bytes.extend_from_slice([&[][..], &[0; 64], &[0xff; 64]][padding]);
            let read = EventLog::read(&bytes).unwrap();
            prop_assert_eq!(read.log, log);
            prop_assert_eq!(read.consumed, written);
        }

        #[test]
        fn a_log_cut_short_keeps_its_whole_events(log in logs(), cut in any::<prop::sample::Index>()) {
            let bytes = log.to_bytes();
            let cut = cut.index(bytes.len() + 1);
            if let Ok(read) = EventLog::read(&bytes[..cut]) {
                prop_assert!(read.consumed <= cut);
                prop_assert_eq!(&read.log.events[..], &log.events[..read.log.events.len()]);
                prop_assert_eq!(read.log.to_bytes(), &bytes[..read.consumed]);
            }
        }

        #[test]
        fn no_bytes_make_it_panic(bytes in proptest::collection::vec(any::<u8>(), 0..200)) {
            if let Ok(read) = EventLog::read(&bytes) {
                prop_assert!(read.consumed <= bytes.len());
                let _ = read.log.replay(HashAlg::Sha256);
            }
        }

        #[test]
        fn a_header_with_noise_behind_it_does_not_panic(log in logs(), noise in proptest::collection::vec(any::<u8>(), 0..200)) {
            let mut bytes = EventLog { events: Vec::new(), ..log }.to_bytes();
            bytes.extend_from_slice(&noise);
            let read = EventLog::read(&bytes).unwrap();
            let _ = read.log.replay(HashAlg::Sha1);
        }
    }

    #[test]
    fn older_logs_have_no_header() {
        let event = Event {
            pcr: 4,
            kind: EventType::EFI_ACTION,
            digests: vec![LoggedDigest { alg: 4, value: vec![7; 20] }],
            data: b"Exit Boot Services Invocation".to_vec(),
        };
        let log = EventLog { header: None, events: vec![event.clone(), event] };
        let read = EventLog::read(&log.to_bytes()).unwrap();
        assert_eq!(read.log, log);
        let expected = HashAlg::Sha1.digest(&[&HashAlg::Sha1.digest(&[&[0; 20], &[7; 20]]), &[7; 20]]);
        assert_eq!(log.replay(HashAlg::Sha1)[4], expected);
    }

    #[test]
    fn startup_locality_is_where_register_0_begins() {
        let event = Event {
            pcr: 0,
            kind: EventType::NO_ACTION,
            digests: vec![LoggedDigest { alg: 0xb, value: vec![0; 32] }],
            data: b"StartupLocality\0\x03".to_vec(),
        };
        let log = EventLog { header: Some(SpecId::client(&[HashAlg::Sha256])), events: vec![event] };
        let pcrs = log.replay(HashAlg::Sha256);
        assert_eq!(pcrs[0][31], 3);
        assert_eq!(pcrs[1], [0; 32]);
        assert_eq!(pcrs[17], [0xff; 32]);
    }
}
