//! Every check that the cloud makes, by its stable name. A test holds that each has a negative test of its name:
//! `refuses_nonce_single_use` or `refuses_nonce_single_use_<how>` for `nonce-single-use`.

use oobe_catalog::rules;

use crate::journal::{Check, Service};

macro_rules! checks {
    ($($(#[$doc:meta])* $id:ident = $service:ident $name:literal $($rule:ident)?;)*) => {
        $($(#[$doc])* pub const $id: Check = Check {
            service: Service::$service,
            name: $name,
            rule: checks!(@rule $($rule)?),
        };)*
        /// All checks.
        pub const ALL: &[Check] = &[$($id),*];
    };
    (@rule) => { None };
    (@rule $rule:ident) => { Some(rules::$rule.id) };
}

checks! {
    // Channel.
    /// A certificate can be read.
    CHANNEL_CERTIFICATE = Channel "channel-certificate" MOD_006;
    /// Whoever shows a client certificate has its key.
    CHANNEL_SIGNATURE = Channel "channel-signature" MOD_006;
    /// A client certificate leads to the device CA or the MDM CA.
    CHANNEL_CHAIN = Channel "channel-chain" MOD_006;
    /// A client certificate is valid now.
    CHANNEL_VALIDITY = Channel "channel-validity" MOD_006;

    // HTTP.
    /// A body is no larger than what is taken.
    BODY_SIZE = Http "body-size";
    /// A service and a path of ours.
    ROUTE = Http "route";

    // Device credential service and deployment service.
    /// The device credential request can be read.
    LIVE_REQUEST = Live "live-request" MOD_007;
    /// The hardware hash can be read (REG-014).
    LIVE_HARDWARE_HASH = Live "live-hardware-hash" REG_014;
    /// The profile request can be read.
    ZTD_REQUEST = Ztd "ztd-request" MOD_001;
    /// The device token is one that we gave out.
    ZTD_DEVICE_TOKEN = Ztd "ztd-device-token" MOD_001;
    /// The device token has not expired.
    ZTD_TOKEN_EXPIRY = Ztd "ztd-token-expiry" MOD_001;
    /// The hardware belongs to a registered device (REG-001).
    ZTD_REGISTERED = Ztd "ztd-registered" REG_001;
    /// The hardware is still that of the record (REG-009).
    ZTD_HARDWARE = Ztd "ztd-hardware" REG_009;
    /// The record needs no repair (REG-029).
    ZTD_RECORD_SOUND = Ztd "ztd-record-sound" REG_029;
    /// There is a profile for the device (REG-034).
    ZTD_PROFILE = Ztd "ztd-profile" REG_034;

    // Attestation service, and vendors of TPMs.
    /// The vendor has a certificate for that endorsement key.
    VENDOR_CERTIFICATE_KNOWN = TpmVendor "vendor-certificate-known" NET_012;
    /// The message can be read.
    ATTEST_REQUEST = Attestation "attest-request" MOD_017;
    /// The device ticket is one that we gave out, and is fresh.
    ATTEST_DEVICE_TICKET = Attestation "attest-device-ticket" MOD_007;
    /// The hardware is that of the registration that the device names.
    ATTEST_REGISTERED = Attestation "attest-registered" REG_001;
    /// The endorsement key is a restricted storage key of a TPM.
    ATTEST_EK_PUBLIC = Attestation "attest-ek-public" MOD_017;
    /// There is an endorsement key certificate, and it can be read.
    ATTEST_EK_CERTIFICATE = Attestation "attest-ek-certificate" SDM_003;
    /// It leads to a TPM vendor that we trust (SDM-004: a virtual TPM's does not).
    ATTEST_EK_CHAIN = Attestation "attest-ek-chain" SDM_004;
    /// It is valid now.
    ATTEST_EK_VALIDITY = Attestation "attest-ek-validity" SDM_003;
    /// It is about the endorsement key that the TPM shows.
    ATTEST_EK_KEY = Attestation "attest-ek-key" MOD_017;
    /// That key is the one in the registered hardware hash.
    ATTEST_EK_REGISTERED = Attestation "attest-ek-registered" LIC_008;
    /// The firmware has no known vulnerabilities (SDM-021).
    ATTEST_FIRMWARE_VULNERABLE = Attestation "attest-firmware-vulnerable" SDM_021;
    /// The AIK is a restricted signing key that cannot leave its TPM.
    ATTEST_AIK_ATTRIBUTES = Attestation "attest-aik-attributes" MOD_017;
    /// The challenge is one that we gave out.
    ATTEST_CHALLENGE_KNOWN = Attestation "attest-challenge-known" MOD_018;
    /// The challenge was not answered before.
    ATTEST_CHALLENGE_SINGLE_USE = Attestation "attest-challenge-single-use" MOD_018;
    /// The challenge is not too old.
    ATTEST_CHALLENGE_FRESH = Attestation "attest-challenge-fresh" MOD_018;
    /// The credential was opened: the AIK is in the TPM of that endorsement key.
    ATTEST_SECRET = Attestation "attest-secret" MOD_017;
    /// The quote was signed with the AIK.
    ATTEST_QUOTE_SIGNATURE = Attestation "attest-quote-signature" MOD_017;
    /// It is a quote, made by a TPM.
    ATTEST_QUOTE = Attestation "attest-quote" MOD_017;
    /// The quote is over the nonce of the challenge.
    ATTEST_QUOTE_NONCE = Attestation "attest-quote-nonce" MOD_017;
    /// The quote is over the registers that were asked for.
    ATTEST_PCR_SELECTION = Attestation "attest-pcr-selection" MOD_018;
    /// The values of the registers are those that were quoted.
    ATTEST_PCR_DIGEST = Attestation "attest-pcr-digest" MOD_017;
    /// The event log can be read.
    ATTEST_EVENT_LOG = Attestation "attest-event-log" MOD_017;
    /// The event log replays to the quoted values.
    ATTEST_EVENT_LOG_REPLAY = Attestation "attest-event-log-replay" MOD_017;
    /// The AIK's certificate is ours and valid.
    TOKEN_AIK_CERTIFICATE = Attestation "token-aik-certificate" MOD_017;
    /// The AIK was certified for that registration.
    TOKEN_AIK_REGISTRATION = Attestation "token-aik-registration" MOD_018;
    /// The certification of the join key was signed with the AIK.
    TOKEN_CERTIFICATION_SIGNATURE = Attestation "token-certification-signature" MOD_017;
    /// It certifies the key that is shown.
    TOKEN_CERTIFICATION_KEY = Attestation "token-certification-key" MOD_017;
    /// That key signs, and cannot leave its TPM.
    TOKEN_KEY_ATTRIBUTES = Attestation "token-key-attributes" MOD_017;
    /// The certification is over the nonce that we gave out.
    TOKEN_NONCE = Attestation "token-nonce" MOD_018;
    /// No device token was given for that nonce before.
    TOKEN_NONCE_SINGLE_USE = Attestation "token-nonce-single-use" MOD_018;
    /// The nonce is not too old.
    TOKEN_NONCE_FRESH = Attestation "token-nonce-fresh" MOD_018;

    // Entra ID.
    /// The tenant in the path exists.
    TENANT_EXISTS = Entra "tenant-exists";
    /// A grant carries the fields that it needs.
    GRANT_FIELDS = Entra "grant-fields";
    /// The grant type is one that we know.
    GRANT_TYPE = Entra "grant-type";
    /// The resource asked for exists.
    RESOURCE_EXISTS = Entra "resource-exists";
    /// The user exists in the tenant.
    USER_EXISTS = Entra "user-exists";
    /// The account may sign in.
    USER_ENABLED = Entra "user-enabled";
    /// The account is not locked after too many wrong passwords.
    USER_NOT_LOCKED = Entra "user-not-locked";
    /// The password is right.
    PASSWORD = Entra "password";
    /// The refresh token is one that we gave out.
    REFRESH_TOKEN_KNOWN = Entra "refresh-token-known";
    /// The refresh token has not expired and was not revoked.
    REFRESH_TOKEN_FRESH = Entra "refresh-token-fresh";
    /// The refresh token belongs to the client that shows it.
    REFRESH_TOKEN_CLIENT = Entra "refresh-token-client";
    /// The code is one that we gave out and that nobody redeemed.
    CODE_KNOWN = Entra "code-known";
    /// The code has not expired.
    CODE_FRESH = Entra "code-fresh";
    /// The code was given to that client for that redirection.
    CODE_CLIENT = Entra "code-client";
    /// The user finished the sign-in of a device code.
    DEVICE_CODE_DONE = Entra "device-code-done";
    /// A signed request can be read.
    JWT_FORMAT = Entra "jwt-format";
    /// The nonce is one that we gave out.
    NONCE_KNOWN = Entra "nonce-known";
    /// The nonce was not used before.
    NONCE_SINGLE_USE = Entra "nonce-single-use";
    /// The nonce is not too old.
    NONCE_FRESH = Entra "nonce-fresh";
    /// The certificate in `x5c` was issued by MS-Organization-Access.
    X5C_CHAIN = Entra "x5c-chain";
    /// The device of the certificate is in the directory.
    DEVICE_KNOWN = Entra "device-known" REG_003;
    /// The certificate is the one that the device has now.
    DEVICE_CERTIFICATE = Entra "device-certificate";
    /// The device is enabled.
    DEVICE_ENABLED = Entra "device-enabled";
    /// The request was signed with the device's key.
    JWT_SIGNATURE = Entra "jwt-signature";
    /// The signed request's times hold.
    JWT_TIMES = Entra "jwt-times";
    /// User and device belong to the same tenant.
    DEVICE_TENANT = Entra "device-tenant";
    /// The scope of a primary refresh token is asked for.
    PRT_SCOPE = Entra "prt-scope";
    /// The primary refresh token is one that we gave out.
    PRT_KNOWN = Entra "prt-known";
    /// The primary refresh token has not expired and was not revoked.
    PRT_FRESH = Entra "prt-fresh";
    /// The request was signed with a key derived from the session key.
    PRT_SIGNATURE = Entra "prt-signature";
    /// The authorize request can be answered.
    AUTHORIZE_REQUEST = Entra "authorize-request";

    // Device Registration Service.
    /// The tenant in the path exists.
    DRS_TENANT = Drs "drs-tenant";
    /// A join carries a token.
    DRS_TOKEN_PRESENT = Drs "drs-token-present";
    /// The token was signed by Entra.
    DRS_TOKEN_SIGNATURE = Drs "drs-token-signature";
    /// The token was issued by Entra for a tenant of ours.
    DRS_TOKEN_ISSUER = Drs "drs-token-issuer";
    /// The token is meant for device registration.
    DRS_TOKEN_AUDIENCE = Drs "drs-token-audience";
    /// The token is valid now.
    DRS_TOKEN_TIMES = Drs "drs-token-times";
    /// The token's user is there and may sign in.
    DRS_USER = Drs "drs-user";
    /// The join request can be read.
    DRS_REQUEST = Drs "drs-request";
    /// The join type is supported.
    DRS_JOIN_TYPE = Drs "drs-join-type";
    /// The certificate request can be read.
    DRS_CSR_FORMAT = Drs "drs-csr-format";
    /// The certificate request has the subject that joins use.
    DRS_CSR_SUBJECT = Drs "drs-csr-subject";
    /// The certificate request was signed with its own key.
    DRS_CSR_SIGNATURE = Drs "drs-csr-signature";
    /// The device key is of the kind that this cloud takes (MOD-002).
    DRS_CSR_KEY = Drs "drs-csr-key" MOD_002;
    /// The transport key can be read and is of that kind.
    DRS_TRANSPORT_KEY = Drs "drs-transport-key" MOD_002;
    /// The nonce in the certificate request is ours and unused.
    DRS_CSR_NONCE = Drs "drs-csr-nonce";
    /// The device ticket is one that we gave out.
    DRS_DEVICE_TICKET = Drs "drs-device-ticket" MOD_007;
    /// The user may join devices (USR-008).
    DRS_JOIN_POLICY = Drs "drs-join-policy" USR_008;
    /// The user has not reached the device quota (USR-017).
    DRS_QUOTA = Drs "drs-quota" USR_017;
    /// A registered device's directory object is there (REG-003).
    DRS_DEVICE_OBJECT = Drs "drs-device-object" REG_003;
    /// The device token is one that the attestation service gave out.
    DRS_DEVICE_TOKEN_KNOWN = Drs "drs-device-token-known" MOD_018;
    /// The device token was not used before.
    DRS_DEVICE_TOKEN_SINGLE_USE = Drs "drs-device-token-single-use" MOD_018;
    /// The device token was given to the device that joins (SDM-006).
    DRS_DEVICE_TOKEN_DEVICE = Drs "drs-device-token-device" SDM_006;
    /// The AIK's certificate was issued by the attestation service and is valid.
    DRS_AIK_CERTIFICATE = Drs "drs-aik-certificate" SDM_006;
    /// The device token was given to that AIK.
    DRS_AIK_TOKEN = Drs "drs-aik-token" MOD_018;
    /// The attestation of the join key can be read.
    DRS_ATTESTATION_DATA = Drs "drs-attestation-data" MOD_017;
    /// It was signed with the AIK (SDM-006).
    DRS_ATTESTATION_SIGNATURE = Drs "drs-attestation-signature" SDM_006;
    /// It certifies the key that it shows.
    DRS_ATTESTATION_KEY = Drs "drs-attestation-key" SDM_006;
    /// That key signs, and cannot leave its TPM.
    DRS_ATTESTATION_ATTRIBUTES = Drs "drs-attestation-attributes" SDM_006;
    /// It is the key that joins, and the one of the device token.
    DRS_ATTESTED_KEY = Drs "drs-attested-key" MOD_018;
    /// Leaving is asked for over a channel with the device's certificate.
    DRS_DELETE_CERTIFICATE = Drs "drs-delete-certificate";
    /// The certificate is that of the device to be removed.
    DRS_DELETE_DEVICE = Drs "drs-delete-device";

    // Graph.
    /// Graph is called with a token for it.
    GRAPH_TOKEN = Graph "graph-token";
    /// The user belongs to the MDM user scope (USR-010).
    GRAPH_MDM_SCOPE = Graph "graph-mdm-scope" USR_010;
    /// The user has Entra ID P1 (USR-027).
    GRAPH_ENTRA_P1 = Graph "graph-entra-p1" USR_027;

    // MDM enrolment.
    /// The envelope can be read.
    MDM_ENVELOPE = Mdm "mdm-envelope";
    /// The action is the one of that address.
    MDM_ACTION = Mdm "mdm-action";
    /// Discovery names a user of a tenant of ours, or none.
    MDM_DISCOVERY_USER = Mdm "mdm-discovery-user";
    /// Client and server have a way of authentication in common.
    MDM_AUTH_POLICY = Mdm "mdm-auth-policy";
    /// There is a security token of a known kind.
    MDM_SECURITY_TOKEN = Mdm "mdm-security-token";
    /// The token was signed by Entra.
    MDM_TOKEN_SIGNATURE = Mdm "mdm-token-signature";
    /// The token was issued by Entra for a tenant of ours.
    MDM_TOKEN_ISSUER = Mdm "mdm-token-issuer";
    /// The token is meant for enrolment.
    MDM_TOKEN_AUDIENCE = Mdm "mdm-token-audience";
    /// The token is valid now.
    MDM_TOKEN_TIMES = Mdm "mdm-token-times";
    /// The token's device is in the directory and enabled.
    MDM_TOKEN_DEVICE = Mdm "mdm-token-device";
    /// The user is there and may sign in.
    MDM_USER = Mdm "mdm-user";
    /// The password is right.
    MDM_PASSWORD = Mdm "mdm-password";
    /// The request is for a new enrolment.
    MDM_REQUEST_TYPE = Mdm "mdm-request-type";
    /// The context names a device id of 32 hexadecimal digits.
    MDM_DEVICE_ID = Mdm "mdm-device-id";
    /// The certificate request can be read.
    MDM_CSR_FORMAT = Mdm "mdm-csr-format";
    /// The certificate request was signed with its own key.
    MDM_CSR_SIGNATURE = Mdm "mdm-csr-signature";
    /// The key is of the kind that this cloud takes (MOD-002).
    MDM_CSR_KEY = Mdm "mdm-csr-key" MOD_002;
    /// The certificate request is for the device that enrols.
    MDM_CSR_DEVICE = Mdm "mdm-csr-device";
    /// The terms of use were accepted.
    MDM_TERMS = Mdm "mdm-terms";
    /// The user belongs to the MDM user scope (USR-010).
    MDM_SCOPE = Mdm "mdm-scope" USR_010;
    /// The user has an Intune licence (USR-015).
    MDM_LICENCE = Mdm "mdm-licence" USR_015;
    /// The user has not reached the device limit (USR-015).
    MDM_DEVICE_CAP = Mdm "mdm-device-cap" USR_015;
    /// The platform is allowed (LIC-005).
    MDM_PLATFORM = Mdm "mdm-platform" LIC_005;
    /// The registration that the device names is one of the tenant's (REG-046).
    MDM_ZERO_TOUCH = Mdm "mdm-zero-touch" REG_046;
    /// A registration that was deployed without a user has been unblocked (SDM-009).
    MDM_NOT_BLOCKED = Mdm "mdm-not-blocked" SDM_009;
    /// The profile allows the technician flow (PRO-006).
    MDM_PRE_PROVISIONING = Mdm "mdm-pre-provisioning" PRO_006;
    /// A device that enrols without a user was not deployed so before, or was unblocked since (SDM-008).
    MDM_ONE_TIME_LIMIT = Mdm "mdm-one-time-limit" SDM_008;
    /// The terms of use are asked for with a token for enrolment.
    TERMS_TOKEN = Mdm "terms-token";
    /// The terms of use are asked for with a place to go back to.
    TERMS_REDIRECT = Mdm "terms-redirect";

    // Management sessions.
    /// The session shows a client certificate.
    DM_CERTIFICATE = Dm "dm-certificate";
    /// The certificate was issued by the MDM CA and is valid.
    DM_CHAIN = Dm "dm-chain";
    /// The device is enrolled and was not removed.
    DM_ENROLLED = Dm "dm-enrolled";
    /// The certificate is the one of the enrolment.
    DM_CERTIFICATE_CURRENT = Dm "dm-certificate-current";
    /// The message can be read.
    DM_MESSAGE = Dm "dm-message";
    /// The message names the device that the certificate belongs to.
    DM_SOURCE = Dm "dm-source";
    /// The message names a session, and goes on where the last one ended.
    DM_MESSAGE_ID = Dm "dm-message-id";
    /// The management URL in the message is ours.
    DM_TARGET = Dm "dm-target";
    /// A Status answers a command that we sent.
    DM_STATUS_REFERENCE = Dm "dm-status-reference";
    /// Every command that we sent is answered.
    DM_STATUS_COMPLETE = Dm "dm-status-complete";
    /// Results belong to a Get that we sent.
    DM_RESULTS_REFERENCE = Dm "dm-results-reference";
    /// The first message introduces the device.
    DM_FIRST_MESSAGE = Dm "dm-first-message";
    /// A user token in the session was signed by Entra, for enrolment, and is valid now.
    DM_USER_TOKEN = Dm "dm-user-token";
    /// A user token that names a device names this one.
    DM_USER_TOKEN_DEVICE = Dm "dm-user-token-device";

    // Side-car.
    /// The side-car shows a client certificate.
    SIDECAR_CERTIFICATE = SideCar "sidecar-certificate";
    /// The certificate was issued by the MDM CA and is valid.
    SIDECAR_CHAIN = SideCar "sidecar-chain";
    /// Its device is enrolled and was not removed.
    SIDECAR_ENROLLED = SideCar "sidecar-enrolled";
    /// The certificate is the one of the enrolment.
    SIDECAR_CERTIFICATE_CURRENT = SideCar "sidecar-certificate-current";
    /// A user token is of a user of the device's tenant, for enrolment, and names no other device.
    SIDECAR_USER_TOKEN = SideCar "sidecar-user-token";
    /// The request can be read.
    SIDECAR_REQUEST = SideCar "sidecar-request";
    /// The session in the body is the one in the address.
    SIDECAR_SESSION = SideCar "sidecar-session";
    /// The app is assigned to the device or its user.
    SIDECAR_APP = SideCar "sidecar-app";
    /// Content keys are asked for with the certificate of the channel.
    SIDECAR_CONTENT_CERTIFICATE = SideCar "sidecar-content-certificate";
    /// The content exists.
    CONTENT_EXISTS = Content "content-exists";
}
