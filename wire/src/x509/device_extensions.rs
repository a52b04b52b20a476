//! The extensions of an Entra device certificate (reference: protocols, A.3).

use super::{Extension, ParsedCertificate, X509Error, oid};
use crate::derenc;
use crate::ids::Guid;

/// What an Entra device certificate says about the device.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DeviceExtensions {
    /// The device object; also the common name.
    pub device_id: Guid,
    /// The user who joined the device; the device id for a join without a user.
    pub user_id: Guid,
    /// The tenant.
    pub tenant_id: Guid,
    /// Join type, one digit: 0 join, 4 register, 6 hybrid.
    pub join_type: u8,
    /// Region of the tenant: `EU`, `NA`, ...
    pub region: Option<String>,
}

impl DeviceExtensions {
    /// As extensions. Every value is an OCTET STRING whose length is needlessly in the long form
    /// (`04 81 10 <16 bytes>`): that is how Microsoft's service writes it.
    pub fn encode(&self) -> Vec<Extension> {
        let join_type = self.join_type.to_string();
        let mut extensions = vec![
            Extension::new(oid::ENTRA_DEVICE, long_form(&self.device_id.to_le_bytes())),
            Extension::new(oid::ENTRA_USER, long_form(&self.user_id.to_le_bytes())),
            Extension::new(oid::ENTRA_TENANT, long_form(&self.tenant_id.to_le_bytes())),
            Extension::new(oid::ENTRA_JOIN_TYPE, long_form(join_type.as_bytes())),
        ];
        if let Some(region) = &self.region {
            extensions.push(Extension::new(oid::ENTRA_REGION, long_form(region.as_bytes())));
        }
        extensions
    }

    /// Reads them from a certificate. The region may be missing, the others may not.
    pub fn decode(certificate: &ParsedCertificate) -> Result<Self, X509Error> {
        let required = |oid: &'static str| {
            certificate.extension(oid).and_then(inner).ok_or(X509Error::MissingExtension(oid))
        };
        let guid = |oid: &'static str| {
            let bytes = required(oid)?.try_into().map_err(|_| X509Error::MissingExtension(oid))?;
            Ok(Guid::from_le_bytes(bytes))
        };
        let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
        Ok(Self {
            device_id: guid(oid::ENTRA_DEVICE)?,
            user_id: guid(oid::ENTRA_USER)?,
            tenant_id: guid(oid::ENTRA_TENANT)?,
            join_type: text(required(oid::ENTRA_JOIN_TYPE)?)
                .parse()
                .map_err(|_| X509Error::MissingExtension(oid::ENTRA_JOIN_TYPE))?,
            region: certificate.extension(oid::ENTRA_REGION).and_then(inner).map(text),
        })
    }
}

/// An OCTET STRING of at most 255 bytes whose length takes two bytes although one would do.
fn long_form(content: &[u8]) -> Vec<u8> {
    let length = u8::try_from(content.len()).unwrap_or(u8::MAX);
    [&[derenc::OCTET_STRING, 0x81, length], &content[..usize::from(length)]].concat()
}

/// The content of an OCTET STRING, its length in either form.
fn inner(value: &[u8]) -> Option<&[u8]> {
    let content = match value {
        [derenc::OCTET_STRING, 0x81, length, content @ ..] if content.len() == usize::from(*length) => {
            content
        }
        [derenc::OCTET_STRING, length @ 0..=0x7f, content @ ..] if content.len() == usize::from(*length) => {
            content
        }
        _ => return None,
    };
    Some(content)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_published_encoding() {
        let extensions = DeviceExtensions {
            device_id: Guid::from_bytes(std::array::from_fn(|i| u8::try_from(i).unwrap())),
            user_id: Guid::NIL,
            tenant_id: Guid::NIL,
            join_type: 1,
            region: None,
        }
        .encode();
        assert_eq!(
            crate::encoding::hex_lower(&extensions[0].value),
            "048110030201000504070608090a0b0c0d0e0f"
        );
        assert_eq!(extensions[3].value, [0x04, 0x81, 0x01, 0x31]);
    }
}
