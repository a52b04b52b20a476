//! The packed list of apps: uncompressed length (u32, little-endian), then gzip.

use std::cell::RefCell;
use std::io::Read;

use flate2::bufread::GzDecoder;
use flate2::{Compress, Compression, Crc, FlushCompress, Status};

/// Most bytes that a list may have when unpacked.
pub const MAX_UNPACKED: usize = 16 << 20;

/// Why a packed list cannot be unpacked.
#[derive(Copy, Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum FrameError {
    /// Shorter than its length field.
    #[error("the list is too short")]
    Length,
    /// More than [`MAX_UNPACKED`].
    #[error("the list is larger than what is accepted")]
    TooLarge,
    /// Not gzip, or damaged.
    #[error("the list is not gzip data")]
    Gzip,
    /// The length field says otherwise.
    #[error("the list has {found} bytes, not {stated}")]
    Mismatch {
        /// What the length field says.
        stated: usize,
        /// What was unpacked.
        found: usize,
    },
}

/// What gzip begins with: deflate, no name, no modification time and no operating system, so the same list gives the same
/// bytes (RFC 1952, 2.3).
const GZIP_HEADER: [u8; 10] = [0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 0, 0xff];

thread_local! {
    // It has a third of a megabyte, which is dear to get anew for each list: a thirtieth of a deployment. The library lends its
    // state for that, but not in its writer of gzip.
    static DEFLATE: RefCell<Compress> = RefCell::new(Compress::new(Compression::default(), false));
}

/// Packs.
pub fn pack(json: &[u8]) -> Vec<u8> {
    let length = u32::try_from(json.len()).unwrap_or(u32::MAX).to_le_bytes();
    let mut checksum = Crc::new();
    checksum.update(json);
    let mut frame = Vec::with_capacity(json.len() / 2 + 128);
    frame.extend_from_slice(&length);
    frame.extend_from_slice(&GZIP_HEADER);
    DEFLATE.with_borrow_mut(|deflate| {
        deflate.reset();
        loop {
            let done = usize::try_from(deflate.total_in()).expect("a list is in memory");
            let status = deflate.compress_vec(&json[done..], &mut frame, FlushCompress::Finish);
            if status.expect("deflate takes any bytes") == Status::StreamEnd {
                break;
            }
            frame.reserve(frame.len());
        }
    });
    frame.extend_from_slice(&checksum.sum().to_le_bytes());
    frame.extend_from_slice(&length);
    frame
}

/// Unpacks.
pub fn unpack(frame: &[u8]) -> Result<Vec<u8>, FrameError> {
    let (length, gzip) = frame.split_first_chunk::<4>().ok_or(FrameError::Length)?;
    let stated = usize::try_from(u32::from_le_bytes(*length)).unwrap_or(usize::MAX);
    if stated > MAX_UNPACKED {
        return Err(FrameError::TooLarge);
    }
    // One byte more than allowed shows that there is more; a bomb is not unpacked any further.
    let limit = u64::try_from(stated).unwrap_or(u64::MAX).saturating_add(1);
    // Room for what it says it is, or for what so short a frame can hold.
    let mut json = Vec::with_capacity(stated.min(gzip.len().saturating_mul(1_032)));
    GzDecoder::new(gzip).take(limit).read_to_end(&mut json).map_err(|_| FrameError::Gzip)?;
    if json.len() == stated { Ok(json) } else { Err(FrameError::Mismatch { stated, found: json.len() }) }
}

#[cfg(test)]
mod tests {
    use std::io::Write as _;

    use super::*;
    use proptest::prelude::*;

    #[test]
    fn the_length_counts() {
        let mut frame = pack(b"[]");
        assert_eq!(frame[..6], [2, 0, 0, 0, 0x1f, 0x8b]);
        frame[0] = 1;
        assert_eq!(unpack(&frame), Err(FrameError::Mismatch { stated: 1, found: 2 }));
        frame[3] = 0xff;
        assert_eq!(unpack(&frame), Err(FrameError::TooLarge));
        assert_eq!(unpack(&[1, 0, 0]), Err(FrameError::Length));
        assert_eq!(unpack(&[1, 0, 0, 0, 7]), Err(FrameError::Gzip));
    }

    /// As the library writes it all by itself.
    fn packed_by_the_library(json: &[u8]) -> Vec<u8> {
        let length = u32::try_from(json.len()).unwrap().to_le_bytes();
        let mut encoder = flate2::write::GzEncoder::new(length.to_vec(), Compression::default());
        encoder.write_all(json).unwrap();
        encoder.finish().unwrap()
    }

    #[test]
    fn large_lists_are_packed_too() {
        let mut stream = crate::rng::Stream::new(1, &["list"]);
        let random: Vec<u8> = (0..4_000).flat_map(|_| stream.bytes::<64>()).collect();
        for list in [vec![b' '; 1 << 20], random] {
            assert_eq!(pack(&list), packed_by_the_library(&list));
            assert_eq!(unpack(&pack(&list)), Ok(list));
        }
    }

    proptest! {
        #[test]
        fn it_is_what_the_library_writes(json: Vec<u8>) {
            prop_assert_eq!(pack(&json), packed_by_the_library(&json));
        }

        #[test]
        fn round_trips(json: Vec<u8>) {
            prop_assert_eq!(unpack(&pack(&json)), Ok(json));
        }

        #[test]
        fn any_bytes_are_an_answer(bytes: Vec<u8>) {
            let _ = unpack(&bytes);
        }
    }
}
