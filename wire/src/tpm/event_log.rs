//! The measured-boot log in its crypto-agile form (TCG PC Client Platform Firmware Profile, "Event Logging"): reading it,
//! and replaying it to the values that the platform configuration registers then have.

use std::collections::BTreeMap;

use ring::digest::{Context, SHA1_FOR_LEGACY_USE_ONLY, SHA256, SHA384};

use crate::attestation::PcrHash;

/// Events of this type are told, not measured.
pub const EV_NO_ACTION: u32 = 3;

const SPEC_ID: &[u8; 16] = b"Spec ID Event03\0";
const STARTUP_LOCALITY: &[u8; 16] = b"StartupLocality\0";

/// More events than any firmware logs; a log that has more is refused.
const MOST_EVENTS: usize = 4096;
/// Registers of a PC Client TPM.
const REGISTERS: u32 = 24;

/// Why a log cannot be read.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum EventLogError {
    /// The first event is not the header of a crypto-agile log.
    #[error("the log does not begin with a Spec ID event of the crypto-agile form")]
    Header,
    /// It ends in the middle of an event.
    #[error("the log ends in the middle of event {0}")]
    Short(usize),
    /// An event that no such log can have.
    #[error("event {0} is malformed")]
    Malformed(usize),
    /// More events than are taken.
    #[error("the log has more than {MOST_EVENTS} events")]
    TooLong,
}

/// A log, read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct EventLog {
    /// The banks that were measured into: TPM_ALG_ID and length of a digest.
    pub banks: Vec<(u16, u16)>,
    /// Locality at which the TPM was started: what register 0 begins with.
    pub startup_locality: u8,
    /// The events, in order, without the header.
    pub events: Vec<Event>,
}

/// An event (TCG_PCR_EVENT2).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Event {
    /// Register.
    pub pcr: u8,
    /// Type.
    pub kind: u32,
    /// What was extended, bank by bank.
    pub digests: BTreeMap<u16, Vec<u8>>,
    /// What it tells.
    pub data: Vec<u8>,
}

impl EventLog {
    /// Reads a log.
    pub fn parse(bytes: &[u8]) -> Result<Self, EventLogError> {
        let mut reader = Reader(bytes);
        let banks = header(&mut reader).ok_or(EventLogError::Header)?;
        let mut log = Self { banks, startup_locality: 0, events: Vec::new() };
        while !reader.0.is_empty() {
            let number = log.events.len() + 1;
            if number > MOST_EVENTS {
                return Err(EventLogError::TooLong);
            }
            let event = event(&mut reader, &log.banks, number)?;
            if event.kind == EV_NO_ACTION
                && let Some(locality) = event.data.strip_prefix(STARTUP_LOCALITY)
            {
                let [locality] = locality else { return Err(EventLogError::Malformed(number)) };
                log.startup_locality = *locality;
            }
            log.events.push(event);
        }
        Ok(log)
    }

    /// The value that each register of a bank has after this log; registers without an event are absent. `None` when the
    /// log has no digests of that bank.
    pub fn replay(&self, bank: PcrHash) -> Option<BTreeMap<u8, Vec<u8>>> {
        self.banks.iter().find(|(alg, _)| *alg == bank.alg())?;
        let mut values: BTreeMap<u8, Vec<u8>> = BTreeMap::new();
        for event in self.events.iter().filter(|e| e.kind != EV_NO_ACTION) {
            let value =
                values.entry(event.pcr).or_insert_with(|| initial(bank, event.pcr, self.startup_locality));
            *value = extend(bank, value, event.digests.get(&bank.alg())?);
        }
        Some(values)
    }
}

/// What a register holds before anything is measured (PC Client Platform TPM Profile, "PCR Initial and Reset Values").
pub fn initial(bank: PcrHash, pcr: u8, startup_locality: u8) -> Vec<u8> {
    let mut value = vec![if (17..=22).contains(&pcr) { 0xff } else { 0 }; bank.digest_len()];
    if let (0, Some(last)) = (pcr, value.last_mut()) {
        *last = startup_locality;
    }
    value
}

/// `TPM2_PCR_Extend`.
pub fn extend(bank: PcrHash, value: &[u8], digest: &[u8]) -> Vec<u8> {
    hash(bank, &[value, digest])
}

/// The hash of a bank over parts put together.
fn hash(bank: PcrHash, parts: &[&[u8]]) -> Vec<u8> {
    let mut context = Context::new(match bank {
        PcrHash::Sha1 => &SHA1_FOR_LEGACY_USE_ONLY,
        PcrHash::Sha256 => &SHA256,
        PcrHash::Sha384 => &SHA384,
    });
    for part in parts {
        context.update(part);
    }
    context.finish().as_ref().to_vec()
}

/// The first event: TCG_PCClientPCREvent with the TCG_EfiSpecIDEvent in it.
fn header(reader: &mut Reader<'_>) -> Option<Vec<(u16, u16)>> {
    let (pcr, kind) = (reader.u32()?, reader.u32()?);
    reader.take(20)?;
    let size = reader.u32()?;
    let mut data = Reader(reader.take(size)?);
    if (pcr, kind, data.take(16)?) != (0, EV_NO_ACTION, SPEC_ID.as_slice()) {
        return None;
    }
    // Platform class, version, size of a UINTN.
    data.take(8)?;
    let count = data.u32().filter(|n| (1..=16).contains(n))?;
    let mut banks: Vec<(u16, u16)> = Vec::new();
    for _ in 0..count {
        let bank = (data.u16()?, data.u16()?);
        let sound = PcrHash::of_alg(bank.0).is_none_or(|hash| hash.digest_len() == usize::from(bank.1));
        if !sound || banks.iter().any(|known| known.0 == bank.0) {
            return None;
        }
        banks.push(bank);
    }
    let vendor = data.u8()?;
    data.take(u32::from(vendor))?;
    data.0.is_empty().then_some(banks)
}

fn event(reader: &mut Reader<'_>, banks: &[(u16, u16)], number: usize) -> Result<Event, EventLogError> {
    let short = EventLogError::Short(number);
    let malformed = EventLogError::Malformed(number);
    let (pcr, kind) = (reader.u32().ok_or(short)?, reader.u32().ok_or(short)?);
    let pcr = u8::try_from(pcr).ok().filter(|_| pcr < REGISTERS).ok_or(malformed)?;
    let count = reader.u32().ok_or(short)?;
    let mut digests = BTreeMap::new();
    for _ in 0..count {
        let alg = reader.u16().ok_or(short)?;
        let (_, length) = banks.iter().find(|(known, _)| *known == alg).ok_or(malformed)?;
        let digest = reader.take(u32::from(*length)).ok_or(short)?;
        if digests.insert(alg, digest.to_vec()).is_some() {
            return Err(malformed);
        }
    }
    if digests.len() != banks.len() {
        return Err(malformed);
    }
    let size = reader.u32().ok_or(short)?;
    Ok(Event { pcr, kind, digests, data: reader.take(size).ok_or(short)?.to_vec() })
}

/// Little-endian, as firmware writes it.
struct Reader<'a>(&'a [u8]);

impl<'a> Reader<'a> {
    fn take(&mut self, length: u32) -> Option<&'a [u8]> {
        let (taken, rest) = self.0.split_at_checked(usize::try_from(length).ok()?)?;
        self.0 = rest;
        Some(taken)
    }

    fn number<const N: usize>(&mut self) -> Option<[u8; N]> {
        let (taken, rest) = self.0.split_first_chunk()?;
        self.0 = rest;
        Some(*taken)
    }

    fn u8(&mut self) -> Option<u8> {
        self.number().map(u8::from_le_bytes)
    }

    fn u16(&mut self) -> Option<u16> {
        self.number().map(u16::from_le_bytes)
    }

    fn u32(&mut self) -> Option<u32> {
        self.number().map(u32::from_le_bytes)
    }
}
