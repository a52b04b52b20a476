//! Distinguished names.

use std::fmt;

use der::Decode;
use der::asn1::AnyRef;
use serde::{Deserialize, Serialize};

use super::extension::asn1_text;
use crate::derenc;

/// The kind of one part of a name.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub enum AttributeType {
    /// `CN`.
    CommonName,
    /// `OU`.
    OrganizationalUnit,
    /// `O`.
    Organization,
    /// `DC`.
    DomainComponent,
    /// `C`.
    Country,
    /// `L`.
    Locality,
    /// `ST`.
    State,
    /// Any other, by its dotted OID.
    Other(String),
}

/// A distinguished name: its parts in the order in which they are encoded.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Name(pub Vec<(AttributeType, String)>);

impl Name {
    /// A name with a common name only.
    pub fn common_name(cn: impl Into<String>) -> Self {
        Self::default().with(AttributeType::CommonName, cn)
    }

    /// This name with one more part at its end.
    #[must_use]
    pub fn with(mut self, kind: AttributeType, value: impl Into<String>) -> Self {
        self.0.push((kind, value.into()));
        self
    }

    /// The issuer of Entra device certificates: `DC=net, DC=windows, CN=MS-Organization-Access, OU=<guid>`
    /// (reference: protocols, A.3).
    pub fn organization_access(unit: crate::ids::Guid) -> Self {
        Self::default()
            .with(AttributeType::DomainComponent, "net")
            .with(AttributeType::DomainComponent, "windows")
            .with(AttributeType::CommonName, "MS-Organization-Access")
            .with(AttributeType::OrganizationalUnit, unit.to_string())
    }

    /// The first common name.
    pub fn cn(&self) -> Option<&str> {
        self.0.iter().find(|(kind, _)| *kind == AttributeType::CommonName).map(|(_, value)| value.as_str())
    }
}

impl AttributeType {
    fn oid(&self) -> &str {
        match self {
            Self::CommonName => "2.5.4.3",
            Self::Country => "2.5.4.6",
            Self::Locality => "2.5.4.7",
            Self::State => "2.5.4.8",
            Self::Organization => "2.5.4.10",
            Self::OrganizationalUnit => "2.5.4.11",
            Self::DomainComponent => "0.9.2342.19200300.100.1.25",
            Self::Other(oid) => oid,
        }
    }

    fn from_oid(oid: &str) -> Self {
        [
            Self::CommonName,
            Self::Country,
            Self::Locality,
            Self::State,
            Self::Organization,
            Self::OrganizationalUnit,
            Self::DomainComponent,
        ]
        .into_iter()
        .find(|kind| kind.oid() == oid)
        .unwrap_or_else(|| Self::Other(oid.to_owned()))
    }
}

impl Name {
    /// DER, one attribute for each part. RFC 4519 wants IA5String for DC, RFC 5280 PrintableString for C.
    pub(crate) fn to_der(&self) -> Vec<u8> {
        let part = |(kind, value): &(AttributeType, String)| {
            let tag = match kind {
                AttributeType::DomainComponent => derenc::IA5_STRING,
                AttributeType::Country => derenc::PRINTABLE_STRING,
                _ => derenc::UTF8_STRING,
            };
            let value = derenc::tlv(tag, value.as_bytes());
            derenc::set(&[&derenc::sequence(&[&derenc::oid(kind.oid()), &value])])
        };
        let parts: Vec<Vec<u8>> = self.0.iter().map(part).collect();
        derenc::tlv(derenc::SEQUENCE, &parts.concat())
    }

    /// Reads DER.
    pub(crate) fn read_der(der: &[u8]) -> Option<Self> {
        x509_cert::name::Name::from_der(der).ok().map(|name| Self::read(&name))
    }

    pub(super) fn read(name: &x509_cert::name::Name) -> Self {
        let part = |attribute: &x509_cert::attr::AttributeTypeAndValue| {
            let value = asn1_text(AnyRef::from(&attribute.value))
                .unwrap_or_else(|| format!("#{}", crate::encoding::hex_lower(attribute.value.value())));
            (AttributeType::from_oid(&attribute.oid.to_string()), value)
        };
        Self(name.iter().map(part).collect())
    }
}

impl fmt::Display for Name {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (i, (kind, value)) in self.0.iter().enumerate() {
            if i > 0 {
                f.write_str(", ")?;
            }
            let label = match kind {
                AttributeType::CommonName => "CN",
                AttributeType::OrganizationalUnit => "OU",
                AttributeType::Organization => "O",
                AttributeType::DomainComponent => "DC",
                AttributeType::Country => "C",
                AttributeType::Locality => "L",
                AttributeType::State => "ST",
                AttributeType::Other(oid) => oid,
            };
            write!(f, "{label}={value}")?;
        }
        Ok(())
    }
}
