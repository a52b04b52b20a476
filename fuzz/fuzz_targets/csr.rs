//! Any certificate request is read or refused.
#![no_main]

use libfuzzer_sys::fuzz_target;
use oobe_wire::x509::parse_csr;

fuzz_target!(|der: &[u8]| {
    if let Ok(request) = parse_csr(der) {
        let _ = request.verify_signature();
        let _ = request.extensions.iter().map(|extension| extension.text()).count();
    }
});
