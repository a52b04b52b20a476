//! Namespaces and constant texts of the enrolment dialogue (reference: protocols, B.1, B.3, B.5, B.6).

/// Prefix `s`: SOAP 1.2.
pub const SOAP: &str = "http://www.w3.org/2003/05/soap-envelope";
/// Prefix `a`: addressing.
pub const ADDRESSING: &str = "http://www.w3.org/2005/08/addressing";
/// Prefix `u`: security utility.
pub const UTILITY: &str =
    "http://docs.oasis-open.org/wss/2004/01/oasis-200401-wss-wssecurity-utility-1.0.xsd";
/// Prefix `wsse`: security extensions.
pub const SECURITY: &str =
    "http://docs.oasis-open.org/wss/2004/01/oasis-200401-wss-wssecurity-secext-1.0.xsd";
/// Prefix `wst`: trust.
pub const TRUST: &str = "http://docs.oasis-open.org/ws-sx/ws-trust/200512";
/// Prefix `ac`: authorization context.
pub const CONTEXT: &str = "http://schemas.xmlsoap.org/ws/2006/12/authorization";
/// Enrolment policy (MS-XCEP).
pub const XCEP: &str = "http://schemas.microsoft.com/windows/pki/2009/01/enrollmentpolicy";
/// Enrolment (MS-WSTEP).
pub const WSTEP: &str = "http://schemas.microsoft.com/windows/pki/2009/01/enrollment";
/// Discovery (MS-MDE2).
pub const ENROLL: &str = "http://schemas.microsoft.com/windows/management/2012/01/enrollment";
/// Namespace of a reply's `ActivityId`.
pub const DIAGNOSTICS: &str = "http://schemas.microsoft.com/2004/09/ServiceModel/Diagnostics";
/// Schema instance, for `nil`.
pub const XSI: &str = "http://www.w3.org/2001/XMLSchema-instance";
/// Schema.
pub const XSD: &str = "http://www.w3.org/2001/XMLSchema";
/// The only `ReplyTo` there is.
pub const ANONYMOUS: &str = "http://www.w3.org/2005/08/addressing/anonymous";

/// Action of a Discover request.
pub const ACTION_DISCOVER: &str =
    "http://schemas.microsoft.com/windows/management/2012/01/enrollment/IDiscoveryService/Discover";
/// Action of a Discover response.
pub const ACTION_DISCOVER_RESPONSE: &str =
    "http://schemas.microsoft.com/windows/management/2012/01/enrollment/IDiscoveryService/DiscoverResponse";
/// Action of a GetPolicies request.
pub const ACTION_GET_POLICIES: &str =
    "http://schemas.microsoft.com/windows/pki/2009/01/enrollmentpolicy/IPolicy/GetPolicies";
/// Action of a GetPolicies response.
pub const ACTION_GET_POLICIES_RESPONSE: &str =
    "http://schemas.microsoft.com/windows/pki/2009/01/enrollmentpolicy/IPolicy/GetPoliciesResponse";
/// Action of a RequestSecurityToken.
pub const ACTION_RST: &str = "http://schemas.microsoft.com/windows/pki/2009/01/enrollment/RST/wstep";
/// Action of its response, and of faults.
pub const ACTION_RSTRC: &str = "http://schemas.microsoft.com/windows/pki/2009/01/enrollment/RSTRC/wstep";

/// `TokenType` of an enrolment.
pub const DEVICE_ENROLLMENT_TOKEN: &str =
    "http://schemas.microsoft.com/5.0.0.0/ConfigurationManager/Enrollment/DeviceEnrollmentToken";
/// `ValueType` of the token that a federated sign-in page hands over.
pub const DEVICE_ENROLLMENT_USER_TOKEN: &str =
    "http://schemas.microsoft.com/5.0.0.0/ConfigurationManager/Enrollment/DeviceEnrollmentUserToken";
/// `ValueType` of the provisioning document.
pub const DEVICE_ENROLLMENT_PROVISION_DOC: &str =
    "http://schemas.microsoft.com/5.0.0.0/ConfigurationManager/Enrollment/DeviceEnrollmentProvisionDoc";
/// `ValueType` of an Entra access token.
pub const JWT: &str = "urn:ietf:params:oauth:token-type:jwt";
/// `ValueType` of a certificate request.
pub const PKCS10: &str = "http://schemas.microsoft.com/windows/pki/2009/01/enrollment#PKCS10";
/// `ValueType` of a renewal's signed request.
pub const PKCS7: &str =
    "http://docs.oasis-open.org/wss/2004/01/oasis-200401-wss-wssecurity-secext-1.0.xsd#PKCS7";
/// `EncodingType` of every binary token. Lower-case `binary`, as Windows writes it.
pub const BASE64: &str =
    "http://docs.oasis-open.org/wss/2004/01/oasis-200401-wss-wssecurity-secext-1.0.xsd#base64binary";
/// `Type` of a password.
pub const PASSWORD_TEXT: &str =
    "http://docs.oasis-open.org/wss/2004/01/oasis-200401-wss-username-token-profile-1.0#PasswordText";
/// `u:Id` of a user name token.
pub const USERNAME_TOKEN_ID: &str = "uuid-cc1ccc1f-2fba-4bcf-b063-ffc0cac77917-4";
