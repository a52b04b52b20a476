//! Reading a log.

use super::{Event, EventLog, EventType, LogAlgorithm, LogError, LoggedDigest, ReadLog, SpecId};

const SIGNATURE: &[u8; 16] = b"Spec ID Event03\0";
const SHA1: LogAlgorithm = LogAlgorithm { alg: 0x0004, size: 20 };

/// A reader of little-endian numbers; `None` at the end.
struct Bytes<'a> {
    whole: &'a [u8],
    at: usize,
}

impl<'a> Bytes<'a> {
    fn take(&mut self, size: usize) -> Option<&'a [u8]> {
        let end = self.at.checked_add(size)?;
        let taken = self.whole.get(self.at..end)?;
        self.at = end;
        Some(taken)
    }

    fn u8(&mut self) -> Option<u8> {
        self.take(1).map(|bytes| bytes[0])
    }

    fn u16(&mut self) -> Option<u16> {
        self.take(2).map(|bytes| u16::from_le_bytes([bytes[0], bytes[1]]))
    }

    fn u32(&mut self) -> Option<u32> {
        self.take(4).map(|bytes| u32::from_le_bytes([bytes[0], bytes[1], bytes[2], bytes[3]]))
    }
}

pub(super) fn read(bytes: &[u8]) -> Result<ReadLog, LogError> {
    let mut reader = Bytes { whole: bytes, at: 0 };
    let first = old_event(&mut reader).ok_or(LogError::NoEvent)?;
    let header = match &first.data {
        data if first.kind == EventType::NO_ACTION && data.starts_with(SIGNATURE) => {
            Some(spec_id(data).ok_or(LogError::Header)?)
        }
        _ => None,
    };
    let mut events = Vec::new();
    if header.is_none() {
        // Padding is no event.
        if is_padding(&first) {
            return Err(LogError::NoEvent);
        }
        events.push(first);
    }
    let mut consumed = reader.at;
    while let Some(event) = match &header {
        Some(header) => agile_event(&mut reader, &header.algorithms),
        None => old_event(&mut reader),
    } {
        if is_padding(&event) {
            break;
        }
        events.push(event);
        consumed = reader.at;
    }
    Ok(ReadLog { log: EventLog { header, events }, consumed })
}

/// Whether memory that was never written reads as this event.
fn is_padding(event: &Event) -> bool {
    event.pcr == 0
        && event.kind == EventType(0)
        && event.data.is_empty()
        && event.digests.iter().all(|digest| digest.value.iter().all(|byte| *byte == 0))
}

/// TCG_PCR_EVENT: one SHA-1 digest.
fn old_event(reader: &mut Bytes) -> Option<Event> {
    let (pcr, kind) = (reader.u32()?, EventType(reader.u32()?));
    let value = reader.take(usize::from(SHA1.size))?.to_vec();
    let size = reader.u32()? as usize;
    let data = reader.take(size)?.to_vec();
    Some(Event { pcr, kind, digests: vec![LoggedDigest { alg: SHA1.alg, value }], data })
}

/// TCG_PCR_EVENT2: as many digests as it says, of hashes that the header has the sizes of.
fn agile_event(reader: &mut Bytes, algorithms: &[LogAlgorithm]) -> Option<Event> {
    let (pcr, kind) = (reader.u32()?, EventType(reader.u32()?));
    let count = reader.u32()?;
    let mut digests = Vec::new();
    for _ in 0..count {
        let alg = reader.u16()?;
        let size = algorithms.iter().find(|algorithm| algorithm.alg == alg)?.size;
        digests.push(LoggedDigest { alg, value: reader.take(usize::from(size))?.to_vec() });
    }
    let size = reader.u32()? as usize;
    let data = reader.take(size)?.to_vec();
    Some(Event { pcr, kind, digests, data })
}

fn spec_id(data: &[u8]) -> Option<SpecId> {
    let mut reader = Bytes { whole: data, at: SIGNATURE.len() };
    let platform_class = reader.u32()?;
    let version = [reader.u8()?, reader.u8()?, reader.u8()?];
    let uintn_size = reader.u8()?;
    let count = reader.u32()?;
    let mut algorithms = Vec::new();
    for _ in 0..count {
        algorithms.push(LogAlgorithm { alg: reader.u16()?, size: reader.u16()? });
    }
    let size = reader.u8()?;
    let vendor_info = reader.take(usize::from(size))?.to_vec();
    // An event of size zero for each byte of the rest of memory would be a log without an end.
    if algorithms.iter().any(|algorithm| algorithm.size == 0) {
        return None;
    }
    Some(SpecId { platform_class, version, uintn_size, algorithms, vendor_info })
}
