//! Object identifiers used here, in dotted form.

/// Extended key usage: TLS server.
pub const SERVER_AUTH: &str = "1.3.6.1.5.5.7.3.1";
/// Extended key usage: TLS client.
pub const CLIENT_AUTH: &str = "1.3.6.1.5.5.7.3.2";
/// Extended key usage: endorsement key of a TPM (TCG EK Credential Profile).
pub const TCG_EK_CERTIFICATE: &str = "2.23.133.8.1";
/// Extended key usage: attestation key of a TPM.
pub const TCG_AIK_CERTIFICATE: &str = "2.23.133.8.3";
/// Extension: subject key identifier.
pub const SUBJECT_KEY_IDENTIFIER: &str = "2.5.29.14";
/// Extension: key usage.
pub const KEY_USAGE: &str = "2.5.29.15";
/// Extension: subject alternative name.
pub const SUBJECT_ALT_NAME: &str = "2.5.29.17";
/// Extension: basic constraints.
pub const BASIC_CONSTRAINTS: &str = "2.5.29.19";
/// Extension: authority key identifier.
pub const AUTHORITY_KEY_IDENTIFIER: &str = "2.5.29.35";
/// Extension: extended key usage.
pub const EXTENDED_KEY_USAGE: &str = "2.5.29.37";
/// Extension of the join request: the registration service's nonce (reference: protocols, A.2).
pub const JOIN_NONCE: &str = "1.2.840.113556.1.5.284.2.1";
/// Extension of the enrolment request: the MDM device id (reference: protocols, B.5).
pub const MDM_DEVICE_ID: &str = "1.3.6.1.4.1.311.66.1.0";
/// Extension of the device certificate: device object (reference: protocols, A.3).
pub const ENTRA_DEVICE: &str = "1.2.840.113556.1.5.284.2";
/// Extension of the device certificate: joining user.
pub const ENTRA_USER: &str = "1.2.840.113556.1.5.284.3";
/// Extension of the device certificate: tenant.
pub const ENTRA_TENANT: &str = "1.2.840.113556.1.5.284.5";
/// Extension of the device certificate: join type, one ASCII digit.
pub const ENTRA_JOIN_TYPE: &str = "1.2.840.113556.1.5.284.7";
/// Extension of the device certificate: region of the tenant, ASCII.
pub const ENTRA_REGION: &str = "1.2.840.113556.1.5.284.8";
