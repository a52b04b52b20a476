//! Certificates in files that the user names.

use std::path::Path;

use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject;

use crate::scenario::describe_io;

/// Certificates (DER) of a PEM file, or the one of a DER file; why not, in words.
pub(crate) fn read(path: &Path) -> Result<Vec<Vec<u8>>, String> {
    let bytes = std::fs::read(path).map_err(|e| describe_io(&e))?;
    let pem: Vec<Vec<u8>> =
        CertificateDer::pem_slice_iter(&bytes).filter_map(Result::ok).map(|der| der.to_vec()).collect();
    let found = if pem.is_empty() { vec![bytes] } else { pem };
    for der in &found {
        oobe_wire::x509::parse_certificate(der).map_err(|e| format!("no certificate in PEM or DER: {e}"))?;
    }
    Ok(found)
}
