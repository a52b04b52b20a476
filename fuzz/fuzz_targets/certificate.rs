//! Any certificate is read or refused, and no chain holds that leads to no root.
#![no_main]

use libfuzzer_sys::fuzz_target;
use oobe_wire::time::Utc;
use oobe_wire::x509::{DeviceExtensions, Usage, parse_certificate, verify_chain};

fuzz_target!(|der: &[u8]| {
    if let Ok(certificate) = parse_certificate(der) {
        let _ = DeviceExtensions::decode(&certificate);
        let _ = certificate.extensions.iter().map(|extension| extension.text()).count();
        let _ = certificate.public_key.verify_x509(b"message", der);
    }
    let at = Utc::from_unix_seconds(1_795_161_600);
    assert!(verify_chain(der, &[der], &[], at, Usage::ClientAuth).is_err());
    let _ = verify_chain(der, &[der], &[der], at, Usage::ServerAuth);
});
