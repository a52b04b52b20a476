//! A writer for the few ASN.1 structures that are built here: DER from the inside out, one function per type.
//!
//! The builders of the certificate crates draw serial numbers and salts from the system and sign on the spot;
//! here the caller says every byte, and a signature may come later.

use const_oid::ObjectIdentifier;

use crate::time::Utc;

pub(crate) const SEQUENCE: u8 = 0x30;
pub(crate) const SET: u8 = 0x31;
pub(crate) const OCTET_STRING: u8 = 0x04;
pub(crate) const UTF8_STRING: u8 = 0x0c;
pub(crate) const PRINTABLE_STRING: u8 = 0x13;
pub(crate) const IA5_STRING: u8 = 0x16;
pub(crate) const BMP_STRING: u8 = 0x1e;

/// Any type: tag, length, content.
pub(crate) fn tlv(tag: u8, content: &[u8]) -> Vec<u8> {
    let mut out = Vec::with_capacity(content.len() + 6);
    out.push(tag);
    let length = content.len();
    if length < 0x80 {
        out.push(u8::try_from(length).unwrap_or_default());
    } else {
        let bytes = length.to_be_bytes();
        let significant = &bytes[bytes.iter().take_while(|b| **b == 0).count()..];
        out.push(0x80 | u8::try_from(significant.len()).unwrap_or_default());
        out.extend_from_slice(significant);
    }
    out.extend_from_slice(content);
    out
}

pub(crate) fn sequence(parts: &[&[u8]]) -> Vec<u8> {
    tlv(SEQUENCE, &parts.concat())
}

pub(crate) fn set(parts: &[&[u8]]) -> Vec<u8> {
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
    let zeros = big_endian.iter().take_while(|b| **b == 0).count();
    let significant = &big_endian[zeros..];
    match significant.first() {
        None => tlv(2, &[0]),
        Some(first) if first & 0x80 != 0 => tlv(2, &[&[0], significant].concat()),
        Some(_) => tlv(2, significant),
    }
}

pub(crate) fn small(number: u32) -> Vec<u8> {
    unsigned(&number.to_be_bytes())
}

pub(crate) fn boolean(value: bool) -> Vec<u8> {
    tlv(1, &[if value { 0xff } else { 0 }])
}

pub(crate) fn null() -> Vec<u8> {
    tlv(5, &[])
}

pub(crate) fn octets(content: &[u8]) -> Vec<u8> {
    tlv(OCTET_STRING, content)
}

/// A BIT STRING of whole bytes.
pub(crate) fn bits(content: &[u8]) -> Vec<u8> {
    tlv(3, &[&[0], content].concat())
}

/// An OBJECT IDENTIFIER in dotted form.
pub(crate) fn oid(dotted: &str) -> Vec<u8> {
    object_id(&ObjectIdentifier::new(dotted).expect("object identifiers are valid dotted OIDs"))
}

/// An OBJECT IDENTIFIER that was read already.
pub(crate) fn object_id(oid: &ObjectIdentifier) -> Vec<u8> {
    tlv(6, oid.as_bytes())
}

/// A Time: UTCTime until 2049, GeneralizedTime from 2050 (RFC 5280, 4.1.2.5).
pub(crate) fn time(at: Utc) -> Vec<u8> {
    // Readers know no time before the epoch.
    let when = at.max(Utc(0)).timestamp().to_zoned(jiff::tz::TimeZone::UTC);
    let year = when.year();
    let rest = format!(
        "{:02}{:02}{:02}{:02}{:02}Z",
        when.month(),
        when.day(),
        when.hour(),
        when.minute(),
        when.second()
    );
    if year < 2050 {
        tlv(0x17, format!("{:02}{rest}", year % 100).as_bytes())
    } else {
        tlv(0x18, format!("{year:04}{rest}").as_bytes())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lengths_take_as_many_bytes_as_they_need() {
        assert_eq!(tlv(4, &[7; 3]), [4, 3, 7, 7, 7]);
        assert_eq!(tlv(4, &[0; 200])[..3], [4, 0x81, 200]);
        assert_eq!(tlv(4, &[0; 300])[..4], [4, 0x82, 1, 44]);
    }

    #[test]
    fn integers_are_minimal_and_positive() {
        assert_eq!(unsigned(&[]), [2, 1, 0]);
        assert_eq!(unsigned(&[0, 0, 1]), [2, 1, 1]);
        assert_eq!(unsigned(&[0x80]), [2, 2, 0, 0x80]);
        assert_eq!(small(65537), [2, 3, 1, 0, 1]);
    }

    #[test]
    fn times_change_form_in_2050() {
        let at = |text| time(Utc::parse_rfc3339(text).unwrap());
        assert_eq!(at("2026-11-20T08:00:00Z"), tlv(0x17, b"261120080000Z"));
        assert_eq!(at("2050-01-02T03:04:05Z"), tlv(0x18, b"20500102030405Z"));
    }
}
