//! Enrolment policy: what certificate to ask for (reference: protocols, B.4).

use super::envelope::{Prefixes, request, response};
use super::{Envelope, ReplyError, RequestHeader, ResponseHeader, SoapError, ns};
use crate::xml::{Element, Writer};

/// A GetPolicies request.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct GetPolicies {
    /// The header.
    pub header: RequestHeader,
    /// Further elements inside `client`, name and text: newer clients tell about their TPM.
    pub client_hints: Vec<(String, String)>,
}

/// What to do when the key cannot be attested.
#[derive(Copy, Clone, Debug, Default, PartialEq, Eq)]
pub enum OnAttestationFailure {
    /// `FailOnError`.
    #[default]
    Fail,
    /// `IgnoreOnError`.
    Ignore,
    /// `RetryOnError`.
    Retry,
}

/// Whether and how the key has to be attested.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AttestationPolicy {
    /// What to do when that fails.
    pub on_failure: OnAttestationFailure,
    /// `OperationTimeout`, seconds; 100 unless said otherwise.
    pub timeout_seconds: u32,
    /// Version 6 and up: Azure Attestation, which wins over a plain claim.
    pub azure: Option<AzureAttestation>,
}

/// Where and how to attest with Azure Attestation.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct AzureAttestation {
    /// `nonce`.
    pub nonce: String,
    /// `relyingPartyId`.
    pub relying_party_id: String,
    /// `endpointUri`.
    pub endpoint_uri: String,
}

/// The answer. Whatever a server leaves out has a default: RSA-2048 with SHA-256.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PoliciesResult {
    /// `minimalKeyLength`, bits.
    pub key_length: u32,
    /// OID that `hashAlgorithmOIDReference` refers to.
    pub hash_oid: String,
    /// `validityPeriodSeconds`.
    pub validity_seconds: Option<u64>,
    /// `renewalPeriodSeconds`.
    pub renewal_seconds: Option<u64>,
    /// Key attestation (version 5 and up).
    pub attestation: Option<AttestationPolicy>,
}

impl Default for PoliciesResult {
    fn default() -> Self {
        Self {
            key_length: 2048,
            hash_oid: SHA_256.to_owned(),
            validity_seconds: None,
            renewal_seconds: None,
            attestation: None,
        }
    }
}

const SHA_256: &str = "2.16.840.1.101.3.4.2.1";

impl GetPolicies {
    /// Writes the request.
    pub fn write(&self) -> String {
        request(Prefixes::Nillable, ns::ACTION_GET_POLICIES, &self.header, |writer| {
            writer
                .start("GetPolicies", &[("xmlns", ns::XCEP)])
                .start("client", &[])
                .empty("lastUpdate", NIL)
                .empty("preferredLanguage", NIL);
            for (name, text) in &self.client_hints {
                writer.leaf(name, &[], text);
            }
            writer.end().empty("requestFilter", NIL);
        })
    }

    /// Reads a request.
    pub fn parse(xml: &[u8]) -> Result<Self, SoapError> {
        let envelope = Envelope::parse(xml)?;
        let request = envelope.body.child("GetPolicies").ok_or(SoapError::Missing("GetPolicies"))?;
        let client = request.child("client").into_iter().flat_map(Element::elements);
        Ok(Self {
            header: envelope.request_header(),
            client_hints: client
                .filter(|e| !matches!(&*e.name, "lastUpdate" | "preferredLanguage"))
                .map(|e| (e.name.to_string(), e.trimmed_text()))
                .collect(),
        })
    }
}

impl PoliciesResult {
    /// Writes the response.
    pub fn write(&self, header: &ResponseHeader) -> String {
        response(ns::ACTION_GET_POLICIES_RESPONSE, header, |writer| {
            writer
                .start("GetPoliciesResponse", &[("xmlns", ns::XCEP)])
                .start("response", &[])
                .empty("policyID", &[])
                .empty("policyFriendlyName", NIL)
                .empty("nextUpdateHours", NIL)
                .empty("policiesNotChanged", NIL)
                .start("policies", &[])
                .start("policy", &[])
                .leaf("policyOIDReference", &[], "0")
                .empty("cAs", NIL);
            self.write_attributes(writer);
            writer
                .end()
                .end()
                .end()
                .empty("cAs", NIL)
                .start("oIDs", &[])
                .start("oID", &[])
                .leaf("value", &[], &self.hash_oid)
                .leaf("group", &[], "1")
                .leaf("oIDReferenceID", &[], "0")
                .leaf("defaultName", &[], "hash");
        })
    }

    /// Reads a response, or the fault that came instead.
    pub fn parse(xml: &[u8]) -> Result<Self, ReplyError> {
        let envelope = Envelope::parse_reply(xml)?;
        let reply =
            envelope.body.child("GetPoliciesResponse").ok_or(SoapError::Missing("GetPoliciesResponse"))?;
        let text = |name| find(reply, name).map(Element::trimmed_text).filter(|text| !text.is_empty());
        let number = |name| text(name).and_then(|text| text.parse::<u64>().ok());
        let default = Self::default();
        let reference = text("hashAlgorithmOIDReference");
        let hash_oid = reply.path(&["oIDs"]).and_then(|oids| {
            oids.children_named("oID")
                .find(|oid| oid.text_at(&["oIDReferenceID"]) == reference)
                .and_then(|oid| oid.text_at(&["value"]))
        });
        Ok(Self {
            key_length: number("minimalKeyLength")
                .and_then(|bits| u32::try_from(bits).ok())
                .unwrap_or(default.key_length),
            hash_oid: hash_oid.unwrap_or(default.hash_oid),
            validity_seconds: number("validityPeriodSeconds"),
            renewal_seconds: number("renewalPeriodSeconds"),
            attestation: AttestationPolicy::read(reply),
        })
    }

    fn write_attributes(&self, writer: &mut Writer) {
        writer.start("attributes", &[]).leaf("policySchema", &[], "3");
        if self.validity_seconds.is_some() || self.renewal_seconds.is_some() {
            writer.start("certificateValidity", &[]);
            for (name, seconds) in [
                ("validityPeriodSeconds", self.validity_seconds),
                ("renewalPeriodSeconds", self.renewal_seconds),
            ] {
                if let Some(seconds) = seconds {
                    writer.leaf(name, &[], &seconds.to_string());
                }
            }
            writer.end();
        }
        writer
            .start("permission", &[])
            .leaf("enroll", &[], "true")
            .leaf("autoEnroll", &[], "false")
            .end()
            .start("privateKeyAttributes", &[])
            .leaf("minimalKeyLength", &[], &self.key_length.to_string())
            .empty("keySpec", NIL)
            .empty("keyUsageProperty", NIL)
            .empty("permissions", NIL)
            .empty("algorithmOIDReference", NIL)
            .empty("cryptoProviders", NIL);
        if let Some(policy) = &self.attestation {
            writer.leaf("AttestationFailureBehavior", &[], policy.on_failure.as_str()).leaf(
                "OperationTimeout",
                &[],
                &policy.timeout_seconds.to_string(),
            );
        }
        writer
            .end()
            .start("revision", &[])
            .leaf("majorRevision", &[], "101")
            .leaf("minorRevision", &[], "0")
            .end()
            .empty("supersededPolicies", NIL)
            .empty("privateKeyFlags", NIL)
            .empty("subjectNameFlags", NIL)
            .empty("enrollmentFlags", NIL)
            .empty("generalFlags", NIL)
            .leaf("hashAlgorithmOIDReference", &[], "0")
            .empty("rARequirements", NIL)
            .empty("keyArchivalAttributes", NIL)
            .empty("extensions", NIL);
        if let Some((policy, azure)) =
            self.attestation.as_ref().and_then(|p| p.azure.as_ref().map(|a| (p, a)))
        {
            writer
                .start("attestation", &[])
                .leaf("attestationFailureBehavior", &[], policy.on_failure.as_str())
                .leaf("operationTimeout", &[], &policy.timeout_seconds.to_string())
                .start("azureAttestation", &[])
                .leaf("nonce", &[], &azure.nonce)
                .leaf("relyingPartyId", &[], &azure.relying_party_id)
                .leaf("endpointUri", &[], &azure.endpoint_uri)
                .end()
                .end();
        }
        writer.end();
    }
}

const NIL: &[(&str, &str)] = &[("xsi:nil", "true")];

/// The first element of that name at any depth: servers leave out or move what lies between.
fn find<'x, 'a>(element: &'x Element<'a>, name: &str) -> Option<&'x Element<'a>> {
    element.elements().find_map(|child| if child.name == name { Some(child) } else { find(child, name) })
}

impl OnAttestationFailure {
    /// The text on the wire.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Fail => "FailOnError",
            Self::Ignore => "IgnoreOnError",
            Self::Retry => "RetryOnError",
        }
    }

    fn from_wire(text: &str) -> Self {
        [Self::Ignore, Self::Retry]
            .into_iter()
            .find(|b| b.as_str().eq_ignore_ascii_case(text))
            .unwrap_or_default()
    }
}

impl AttestationPolicy {
    fn read(reply: &Element<'_>) -> Option<Self> {
        let version_6 = find(reply, "attestation");
        let text = |new, old| {
            let new = version_6.and_then(|a| find(a, new));
            new.or_else(|| find(reply, old)).map(Element::trimmed_text)
        };
        let behavior = text("attestationFailureBehavior", "AttestationFailureBehavior");
        let timeout = text("operationTimeout", "OperationTimeout");
        if version_6.is_none() && behavior.is_none() && timeout.is_none() {
            return None;
        }
        Some(Self {
            on_failure: OnAttestationFailure::from_wire(&behavior.unwrap_or_default()),
            timeout_seconds: timeout.and_then(|seconds| seconds.parse().ok()).unwrap_or(100),
            azure: version_6.and_then(|a| find(a, "azureAttestation")).map(|azure| {
                let text = |name| azure.text_at(&[name]).unwrap_or_default();
                AzureAttestation {
                    nonce: text("nonce"),
                    relying_party_id: text("relyingPartyId"),
                    endpoint_uri: text("endpointUri"),
                }
            }),
        })
    }
}
