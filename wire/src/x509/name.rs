//! Distinguished names.

use std::fmt;

use const_oid::ObjectIdentifier;
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

/// The kinds that have names of their own.
const KINDS: [(ObjectIdentifier, AttributeType); 7] = [
    (ObjectIdentifier::new_unwrap("2.5.4.3"), AttributeType::CommonName),
    (ObjectIdentifier::new_unwrap("2.5.4.6"), AttributeType::Country),
    (ObjectIdentifier::new_unwrap("2.5.4.7"), AttributeType::Locality),
    (ObjectIdentifier::new_unwrap("2.5.4.8"), AttributeType::State),
    (ObjectIdentifier::new_unwrap("2.5.4.10"), AttributeType::Organization),
    (ObjectIdentifier::new_unwrap("2.5.4.11"), AttributeType::OrganizationalUnit),
    (ObjectIdentifier::new_unwrap("0.9.2342.19200300.100.1.25"), AttributeType::DomainComponent),
];

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
    /// OBJECT IDENTIFIER, encoded.
    fn to_der(&self) -> Vec<u8> {
        if let Self::Other(oid) = self {
            return derenc::oid(oid);
        }
        let known = KINDS.iter().find(|(_, kind)| kind == self);
        derenc::object_id(&known.expect("every kind but `Other` has its object identifier in `KINDS`").0)
    }

    fn from_oid(oid: &ObjectIdentifier) -> Self {
        let known = KINDS.iter().find(|(known, _)| known == oid);
        known.map_or_else(|| Self::Other(oid.to_string()), |(_, kind)| kind.clone())
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
            derenc::set(&[&derenc::sequence(&[&kind.to_der(), &value])])
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
            (AttributeType::from_oid(&attribute.oid), value)
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
