//! The cloud's own keys. They are fixed, lie in the repository and are worth nothing: TEST ONLY. Made by
//! `cargo run -p oobe-mock-cloud --example make_test_keys`.

use oobe_wire::crypto::{KeyKind, PrivateKey};
use oobe_wire::encoding::base64_decode;

/// What the cloud has keys for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Role {
    /// Entra ID signs tokens.
    TokenSigning,
    /// MS-Organization-Access issues device certificates.
    OrganizationAccess,
    /// Root of the MDM CA.
    MdmRoot,
    /// Issues MDM client certificates.
    MdmIssuing,
    /// Root of the TLS server certificates.
    TlsRoot,
    /// The TLS server.
    TlsServer,
    /// A customer's own CA: trusted roots and PFX certificates.
    CustomerRoot,
    /// Issues certificates of attestation keys.
    AikRoot,
    /// Somebody else's: what an injected fault signs with.
    Foreign,
}

macro_rules! pem {
    ($kind:literal, $role:expr) => {
        match $role {
            Role::TokenSigning => include_str!(concat!("../keys/", $kind, "/token-signing.TEST-ONLY.pem")),
            Role::OrganizationAccess => {
                include_str!(concat!("../keys/", $kind, "/organization-access.TEST-ONLY.pem"))
            }
            Role::MdmRoot => include_str!(concat!("../keys/", $kind, "/mdm-root.TEST-ONLY.pem")),
            Role::MdmIssuing => include_str!(concat!("../keys/", $kind, "/mdm-issuing.TEST-ONLY.pem")),
            Role::TlsRoot => include_str!(concat!("../keys/", $kind, "/tls-root.TEST-ONLY.pem")),
            Role::TlsServer => include_str!(concat!("../keys/", $kind, "/tls-server.TEST-ONLY.pem")),
            Role::CustomerRoot => include_str!(concat!("../keys/", $kind, "/customer-root.TEST-ONLY.pem")),
            Role::AikRoot => include_str!(concat!("../keys/", $kind, "/aik-root.TEST-ONLY.pem")),
            Role::Foreign => include_str!(concat!("../keys/", $kind, "/foreign.TEST-ONLY.pem")),
        }
    };
}

/// The key of that kind for that role. Reads PEM each time: callers keep it.
pub(crate) fn load(kind: KeyKind, role: Role) -> PrivateKey {
    let pem = match kind {
        KeyKind::P256 => pem!("p256", role),
        KeyKind::Rsa2048 => pem!("rsa", role),
    };
    let body: String = pem
        .lines()
        .skip_while(|line| !line.starts_with("-----BEGIN"))
        .skip(1)
        .take_while(|line| !line.starts_with("-----END"))
        .collect();
    base64_decode(&body)
        .ok()
        .and_then(|der| PrivateKey::from_pkcs8_der(&der).ok())
        .expect("the test keys in the repository are PKCS#8; a unit test reads them all")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_test_key_can_be_read() {
        for kind in [KeyKind::P256, KeyKind::Rsa2048] {
            for role in [
                Role::TokenSigning,
                Role::OrganizationAccess,
                Role::MdmRoot,
                Role::MdmIssuing,
                Role::TlsRoot,
                Role::TlsServer,
                Role::CustomerRoot,
                Role::AikRoot,
                Role::Foreign,
            ] {
                assert_eq!(load(kind, role).kind(), kind, "{role:?}");
            }
        }
    }
}
