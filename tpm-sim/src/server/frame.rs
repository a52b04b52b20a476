//! Reading from a stream what a client announces, without believing it.

use std::io::{self, ErrorKind, Read, Write};

/// Bytes of the largest command (TPM_PT_MAX_COMMAND_SIZE).
pub(super) const MAX_COMMAND: usize = crate::state::limits::MAX_COMMAND_SIZE;

/// Bytes of a command's header: tag, size, command code.
pub(super) const HEADER: usize = 10;

/// A response that is a response code alone.
pub(super) fn response_code(rc: crate::Rc) -> [u8; HEADER] {
    let mut response = [0x80, 0x01, 0, 0, 0, 10, 0, 0, 0, 0];
    response[6..].copy_from_slice(&rc.raw().to_be_bytes());
    response
}

/// One byte.
pub(super) fn read_u8(stream: &mut impl Read) -> io::Result<u8> {
    let mut byte = [0];
    stream.read_exact(&mut byte)?;
    Ok(byte[0])
}

/// Four bytes, the most significant first.
pub(super) fn read_u32(stream: &mut impl Read) -> io::Result<u32> {
    let mut bytes = [0; 4];
    stream.read_exact(&mut bytes)?;
    Ok(u32::from_be_bytes(bytes))
}

/// Four bytes, or `None` when the client has closed the connection where a message would begin.
pub(super) fn read_u32_or_end(stream: &mut impl Read) -> io::Result<Option<u32>> {
    let mut bytes = [0; 4];
    let first = loop {
        match stream.read(&mut bytes) {
            Ok(0) => return Ok(None),
            Ok(count) => break count,
            Err(error) if error.kind() == ErrorKind::Interrupted => {}
            Err(error) => return Err(error),
        }
    };
    stream.read_exact(&mut bytes[first..])?;
    Ok(Some(u32::from_be_bytes(bytes)))
}

/// What came where `length` bytes were announced.
pub(super) enum Announced {
    /// The bytes.
    Whole(Vec<u8>),
    /// More than `most` were announced; nothing of them was read, so the stream is of no further use.
    TooLong,
}

/// So many bytes as the client announced, unless that is more than `most`.
pub(super) fn read_announced(stream: &mut impl Read, length: u32, most: usize) -> io::Result<Announced> {
    let length = length as usize;
    if length > most {
        return Ok(Announced::TooLong);
    }
    let mut bytes = vec![0; length];
    stream.read_exact(&mut bytes)?;
    Ok(Announced::Whole(bytes))
}

/// Writes it in one piece: two small packets would wait for each other.
pub(super) fn send(stream: &mut impl Write, parts: &[&[u8]]) -> io::Result<()> {
    stream.write_all(&parts.concat())?;
    stream.flush()
}
