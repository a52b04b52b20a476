//! Certificates in files that the user names.

use std::path::Path;

use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject;

use crate::scenario::describe_io;

/// What a PEM file has in it somewhere.
const PEM: &[u8] = b"-----BEGIN";

/// Certificates (DER) of a PEM file, or the one of a DER file; why not, in words.
pub fn read(path: &Path) -> Result<Vec<Vec<u8>>, String> {
    let bytes = std::fs::read(path).map_err(|e| describe_io(&e))?;
    let found = if bytes.windows(PEM.len()).any(|part| part == PEM) {
        let all: Result<Vec<_>, _> = CertificateDer::pem_slice_iter(&bytes).collect();
        let all = all.map_err(|e| format!("a part of the PEM text can't be read: {e}"))?;
        all.iter().map(|der| der.to_vec()).collect()
    } else {
        vec![bytes]
    };
    if found.is_empty() {
        return Err("there is no certificate in the PEM text".to_owned());
    }
    for der in &found {
        oobe_wire::x509::parse_certificate(der)
            .map_err(|_| "it is no certificate, neither as PEM text nor in DER".to_owned())?;
    }
    Ok(found)
}
