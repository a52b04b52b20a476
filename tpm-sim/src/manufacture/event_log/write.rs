//! Writing a log.

use super::{Event, EventLog, EventType, SpecId};

fn u32_size(bytes: &[u8]) -> [u8; 4] {
    // Events are far below 4 GiB.
    u32::try_from(bytes.len()).unwrap_or(u32::MAX).to_le_bytes()
}

pub(super) fn write(log: &EventLog) -> Vec<u8> {
    let mut out = Vec::with_capacity(log.events.len() * 256);
    if let Some(header) = &log.header {
        let data = spec_id(header);
        old_event(&mut out, 0, EventType::NO_ACTION, &[0; 20], &data);
    }
    for event in &log.events {
        if log.header.is_some() {
            agile_event(&mut out, event);
        } else {
            let digest = event.digests.first().map_or(&[0; 20][..], |digest| &digest.value);
            old_event(&mut out, event.pcr, event.kind, digest, &event.data);
        }
    }
    out
}

fn old_event(out: &mut Vec<u8>, pcr: u32, kind: EventType, digest: &[u8], data: &[u8]) {
    out.extend_from_slice(&pcr.to_le_bytes());
    out.extend_from_slice(&kind.0.to_le_bytes());
    out.extend_from_slice(digest);
    out.extend_from_slice(&u32_size(data));
    out.extend_from_slice(data);
}

fn agile_event(out: &mut Vec<u8>, event: &Event) {
    out.extend_from_slice(&event.pcr.to_le_bytes());
    out.extend_from_slice(&event.kind.0.to_le_bytes());
    out.extend_from_slice(&u32::try_from(event.digests.len()).unwrap_or(u32::MAX).to_le_bytes());
    for digest in &event.digests {
        out.extend_from_slice(&digest.alg.to_le_bytes());
        out.extend_from_slice(&digest.value);
    }
    out.extend_from_slice(&u32_size(&event.data));
    out.extend_from_slice(&event.data);
}

fn spec_id(header: &SpecId) -> Vec<u8> {
    let mut out = b"Spec ID Event03\0".to_vec();
    out.extend_from_slice(&header.platform_class.to_le_bytes());
    out.extend_from_slice(&header.version);
    out.push(header.uintn_size);
    out.extend_from_slice(&u32::try_from(header.algorithms.len()).unwrap_or(u32::MAX).to_le_bytes());
    for algorithm in &header.algorithms {
        out.extend_from_slice(&algorithm.alg.to_le_bytes());
        out.extend_from_slice(&algorithm.size.to_le_bytes());
    }
    let size = u8::try_from(header.vendor_info.len()).unwrap_or(u8::MAX);
    out.push(size);
    out.extend_from_slice(&header.vendor_info[..usize::from(size)]);
    out
}

/// TPM2_PCR_Extend (Part 3, 22.2) with the empty password.
pub(super) fn extend_command(event: &Event) -> Vec<u8> {
    const PASSWORD_SESSION: [u8; 9] = [0x40, 0, 0, 9, 0, 0, 0, 0, 0];
    let mut body = event.pcr.to_be_bytes().to_vec();
    body.extend_from_slice(&9_u32.to_be_bytes());
    body.extend_from_slice(&PASSWORD_SESSION);
    body.extend_from_slice(&u32::try_from(event.digests.len()).unwrap_or(u32::MAX).to_be_bytes());
    for digest in &event.digests {
        body.extend_from_slice(&digest.alg.to_be_bytes());
        body.extend_from_slice(&digest.value);
    }
    let mut command = vec![0x80, 0x02];
    let size = u32::try_from(10 + body.len()).expect("a handful of digests");
    command.extend_from_slice(&size.to_be_bytes());
    command.extend_from_slice(&0x182_u32.to_be_bytes());
    command.extend_from_slice(&body);
    command
}
