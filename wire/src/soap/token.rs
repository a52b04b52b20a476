//! The enrolment itself: a certificate request goes in, a provisioning document comes out (reference:
//! protocols, B.5, B.6).

use super::envelope::{Prefixes, request, response};
use super::{Envelope, ReplyError, RequestHeader, ResponseHeader, SoapError, ns};
use crate::encoding::{base64_decode, base64_encode};
use crate::xml::Element;

/// What is asked for.
#[derive(Copy, Clone, Debug, Default, PartialEq, Eq)]
pub enum RequestType {
    /// `/Issue`: enrolment.
    #[default]
    Issue,
    /// `/Renew`: renewal of the certificate.
    Renew,
    /// `/Recovery`: recovery of a lost enrolment.
    Recovery,
}

/// A RequestSecurityToken.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct RequestSecurityToken {
    /// The header.
    pub header: RequestHeader,
    /// `TokenType`; [`super::ns::DEVICE_ENROLLMENT_TOKEN`].
    pub token_type: String,
    /// `RequestType`.
    pub request_type: RequestType,
    /// The certificate request (DER): PKCS#10; for a renewal, CMS SignedData around it.
    pub csr_der: Vec<u8>,
    /// `ContextItem`s, name and value, in order; names may repeat (`MAC`).
    pub context: Vec<(String, String)>,
}

/// The answer.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct TokenResponse {
    /// The provisioning document: XML, already out of its base64.
    pub provisioning_doc: Vec<u8>,
}

impl RequestSecurityToken {
    /// The first context item of that name.
    pub fn context_item(&self, name: &str) -> Option<&str> {
        self.context.iter().find(|(n, _)| n == name).map(|(_, value)| value.as_str())
    }

    /// Writes the request.
    pub fn write(&self) -> String {
        let value_type = match self.request_type {
            RequestType::Issue | RequestType::Recovery => ns::PKCS10,
            RequestType::Renew => ns::PKCS7,
        };
        request(Prefixes::Full, ns::ACTION_RST, &self.header, |writer| {
            writer
                .start("wst:RequestSecurityToken", &[])
                .leaf("wst:TokenType", &[], &self.token_type)
                .leaf("wst:RequestType", &[], &format!("{}{}", ns::TRUST, self.request_type.suffix()))
                .leaf(
                    "wsse:BinarySecurityToken",
                    &[("ValueType", value_type), ("EncodingType", ns::BASE64)],
                    &base64_encode(&self.csr_der),
                )
                .start("ac:AdditionalContext", &[]);
            for (name, value) in &self.context {
                writer.start("ac:ContextItem", &[("Name", name)]).leaf("ac:Value", &[], value).end();
            }
        })
    }

    /// Reads a request.
    pub fn parse(xml: &[u8]) -> Result<Self, SoapError> {
        let envelope = Envelope::parse(xml)?;
        let request =
            envelope.body.child("RequestSecurityToken").ok_or(SoapError::Missing("RequestSecurityToken"))?;
        let context = request.child("AdditionalContext");
        let item = |item: &Element<'_>| Some((item.attr("Name")?.to_owned(), item.text_at(&["Value"])?));
        let csr = request.child("BinarySecurityToken").ok_or(SoapError::Missing("BinarySecurityToken"))?;
        Ok(Self {
            header: envelope.request_header(),
            token_type: request.text_at(&["TokenType"]).unwrap_or_default(),
            request_type: RequestType::from_wire(&request.text_at(&["RequestType"]).unwrap_or_default())
                .ok_or(SoapError::Value("RequestType"))?,
            csr_der: base64_decode(&csr.text()).map_err(|_| SoapError::Value("BinarySecurityToken"))?,
            context: context
                .into_iter()
                .flat_map(|list| list.children_named("ContextItem"))
                .filter_map(item)
                .collect(),
        })
    }
}

impl TokenResponse {
    /// Writes the response.
    pub fn write(&self, header: &ResponseHeader) -> String {
        let attributes = [
            ("ValueType", ns::DEVICE_ENROLLMENT_PROVISION_DOC),
            ("EncodingType", ns::BASE64),
            ("xmlns", ns::SECURITY),
        ];
        response(ns::ACTION_RSTRC, header, |writer| {
            writer
                .start("RequestSecurityTokenResponseCollection", &[("xmlns", ns::TRUST)])
                .start("RequestSecurityTokenResponse", &[])
                .leaf("TokenType", &[], ns::DEVICE_ENROLLMENT_TOKEN)
                .empty("DispositionMessage", &[("xmlns", ns::WSTEP)])
                .start("RequestedSecurityToken", &[])
                .leaf("BinarySecurityToken", &attributes, &base64_encode(&self.provisioning_doc))
                .end()
                .leaf("RequestID", &[("xmlns", ns::WSTEP)], "0");
        })
    }

    /// Reads a response, or the fault that came instead.
    pub fn parse(xml: &[u8]) -> Result<Self, ReplyError> {
        let envelope = Envelope::parse_reply(xml)?;
        // Some servers leave the collection out.
        let collection =
            envelope.body.child("RequestSecurityTokenResponseCollection").unwrap_or(&envelope.body);
        let token = collection
            .path(&["RequestSecurityTokenResponse", "RequestedSecurityToken", "BinarySecurityToken"])
            .ok_or(SoapError::Missing("RequestedSecurityToken/BinarySecurityToken"))?;
        let provisioning_doc =
            base64_decode(&token.text()).map_err(|_| SoapError::Value("BinarySecurityToken"))?;
        Ok(Self { provisioning_doc })
    }
}

impl RequestType {
    const fn suffix(self) -> &'static str {
        match self {
            Self::Issue => "/Issue",
            Self::Renew => "/Renew",
            Self::Recovery => "/Recovery",
        }
    }

    fn from_wire(uri: &str) -> Option<Self> {
        [Self::Issue, Self::Renew, Self::Recovery].into_iter().find(|kind| uri.ends_with(kind.suffix()))
    }
}
