//! DER from the inside out, one function per type: every byte is the caller's, nothing is drawn from the system.

use const_oid::ObjectIdentifier;

pub(crate) const SEQUENCE: u8 = 0x30;
pub(crate) const SET: u8 = 0x31;

/// Any type: tag, length, content.
pub(crate) fn tlv(tag: u8, content: &[u8]) -> Vec<u8> {
    let mut out = Vec::with_capacity(content.len() + 6);
    out.push(tag);
    let length = content.len().to_be_bytes();
    let significant = &length[length.iter().take_while(|byte| **byte == 0).count()..];
    match significant {
        [] => out.push(0),
        [short] if *short < 0x80 => out.push(*short),
        long => {
            out.push(0x80 | u8::try_from(long.len()).expect("a length has eight bytes at most"));
            out.extend_from_slice(long);
        }
    }
    out.extend_from_slice(content);
    out
}

pub(crate) fn sequence(parts: &[&[u8]]) -> Vec<u8> {
    tlv(SEQUENCE, &parts.concat())
}

/// A SET OF: DER orders its elements by their encoding.
pub(crate) fn set(parts: &[&[u8]]) -> Vec<u8> {
    let mut parts = parts.to_vec();
    parts.sort_unstable();
    tlv(SET, &parts.concat())
}

/// `[number]` around whole elements.
pub(crate) fn context(number: u8, content: &[u8]) -> Vec<u8> {
    tlv(0xa0 | number, content)
}

/// `[number] IMPLICIT` in place of a primitive tag.
pub(crate) fn context_primitive(number: u8, content: &[u8]) -> Vec<u8> {
    tlv(0x80 | number, content)
}

/// An INTEGER that is not negative, from its big-endian bytes.
pub(crate) fn unsigned(big_endian: &[u8]) -> Vec<u8> {
    let zeros = big_endian.iter().take_while(|byte| **byte == 0).count();
    match &big_endian[zeros..] {
        [] => tlv(0x02, &[0]),
        significant if significant[0] & 0x80 != 0 => tlv(0x02, &[&[0], significant].concat()),
        significant => tlv(0x02, significant),
    }
}

pub(crate) fn small(number: u32) -> Vec<u8> {
    unsigned(&number.to_be_bytes())
}

pub(crate) fn boolean(value: bool) -> Vec<u8> {
    tlv(0x01, &[if value { 0xff } else { 0 }])
}

pub(crate) fn null() -> Vec<u8> {
    tlv(0x05, &[])
}

pub(crate) fn octets(content: &[u8]) -> Vec<u8> {
    tlv(0x04, content)
}

/// A BIT STRING of whole bytes.
pub(crate) fn bits(content: &[u8]) -> Vec<u8> {
    tlv(0x03, &[&[0], content].concat())
}

/// A named BIT STRING of one byte: bit 0 is the highest; trailing zeros are not part of it.
pub(crate) fn named_bits(byte: u8) -> Vec<u8> {
    let unused = (0..8).take_while(|bit| byte >> bit & 1 == 0).count() % 8;
    tlv(0x03, &[u8::try_from(unused).expect("fewer than eight"), byte])
}

pub(crate) fn utf8(text: &str) -> Vec<u8> {
    tlv(0x0c, text.as_bytes())
}

pub(crate) fn oid(oid: ObjectIdentifier) -> Vec<u8> {
    tlv(0x06, oid.as_bytes())
}

/// An extension (RFC 5280, 4.1): what is inside its OCTET STRING, and whether it is critical.
pub(crate) fn extension(id: ObjectIdentifier, critical: bool, value: &[u8]) -> Vec<u8> {
    let critical = if critical { boolean(true) } else { Vec::new() };
    sequence(&[&oid(id), &critical, &octets(value)])
}

/// Seconds since the epoch as a certificate's Time: UTCTime until 2049, GeneralizedTime from 2050 (RFC 5280, 4.1.2.5).
pub(crate) fn time(seconds: u64) -> Vec<u8> {
    let (year, rest) = civil(seconds);
    if year < 2050 {
        tlv(0x17, format!("{:02}{rest}", year % 100).as_bytes())
    } else {
        generalized_time(seconds)
    }
}

/// Seconds since the epoch as GeneralizedTime.
pub(crate) fn generalized_time(seconds: u64) -> Vec<u8> {
    let (year, rest) = civil(seconds);
    tlv(0x18, format!("{year:04}{rest}").as_bytes())
}

/// The year, and month to second as twelve characters with the Z of UTC.
fn civil(seconds: u64) -> (u16, String) {
    // The last second that X.509 can express stands for everything after it (RFC 5280, 4.1.2.5).
    const LAST: u64 = 253_402_300_799;
    let duration = std::time::Duration::from_secs(seconds.min(LAST));
    let at = der::DateTime::from_unix_duration(duration)
        .expect("no later than the year 9999, which DateTime knows");
    let rest =
        format!("{:02}{:02}{:02}{:02}{:02}Z", at.month(), at.day(), at.hour(), at.minutes(), at.seconds());
    (at.year(), rest)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lengths_take_as_many_bytes_as_they_need() {
        assert_eq!(tlv(4, &[])[..2], [4, 0]);
        assert_eq!(tlv(4, &[0; 127])[..2], [4, 127]);
        assert_eq!(tlv(4, &[0; 128])[..3], [4, 0x81, 128]);
        assert_eq!(tlv(4, &[0; 256])[..4], [4, 0x82, 1, 0]);
    }

    #[test]
    fn times_change_their_type_in_2050() {
        assert_eq!(time(0), [&[0x17, 13][..], b"700101000000Z"].concat());
        assert_eq!(time(2_524_607_999), [&[0x17, 13][..], b"491231235959Z"].concat());
        assert_eq!(time(2_524_608_000), [&[0x18, 15][..], b"20500101000000Z"].concat());
        assert_eq!(time(u64::MAX), [&[0x18, 15][..], b"99991231235959Z"].concat());
    }

    #[test]
    fn named_bits_end_at_the_last_one() {
        assert_eq!(named_bits(0b0010_0000), [3, 2, 5, 0x20]);
        assert_eq!(named_bits(0b0000_0110), [3, 2, 1, 6]);
    }
}
