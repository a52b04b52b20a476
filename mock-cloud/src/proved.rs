//! What was proved already: signatures need not be verified twice. Dates are not among it, they are looked at each time.
//! Not part of the saved state, and without any influence on what the cloud says.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use oobe_wire::crypto::sha256;
use oobe_wire::time::Utc;
use oobe_wire::x509::{ChainError, ParsedCertificate, X509Error, parse_certificate};

/// More is forgotten: a cloud may run for long.
const MOST: usize = 4096;

/// Which authority a certificate leads to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Issuer {
    /// MS-Organization-Access.
    Devices,
    /// The MDM CA.
    Mdm,
}

/// Certificates and tokens whose signatures held.
#[derive(Debug, Clone, Default)]
pub(crate) struct Proved {
    chains: BTreeMap<(Issuer, [u8; 32]), (Utc, Utc)>,
    tokens: BTreeSet<[u8; 32]>,
    read: BTreeMap<[u8; 32], Arc<ParsedCertificate>>,
}

impl Proved {
    /// Reads a certificate, once: a client shows the same one with every request.
    pub(crate) fn read(&mut self, der: &[u8]) -> Result<Arc<ParsedCertificate>, X509Error> {
        let key = sha256(der);
        if let Some(certificate) = self.read.get(&key) {
            return Ok(Arc::clone(certificate));
        }
        let certificate = Arc::new(parse_certificate(der)?);
        if self.read.len() >= MOST {
            self.read.clear();
        }
        self.read.insert(key, Arc::clone(&certificate));
        Ok(certificate)
    }

    /// Whether a certificate leads to `issuer` and is valid at `at`; `verify` finds out when it is not known.
    pub(crate) fn chain(
        &mut self,
        issuer: Issuer,
        certificate: &ParsedCertificate,
        at: Utc,
        verify: impl FnOnce() -> Result<(), ChainError>,
    ) -> Result<(), ChainError> {
        let key = (issuer, sha256(&certificate.der));
        if self.chains.get(&key).is_some_and(|(from, until)| *from <= at && at <= *until) {
            return Ok(());
        }
        verify()?;
        if self.chains.len() >= MOST {
            self.chains.clear();
        }
        self.chains.insert(key, (certificate.not_before, certificate.not_after));
        Ok(())
    }

    /// Whether a token's signature holds; `verify` finds out when it is not known.
    pub(crate) fn token<E>(&mut self, token: &str, verify: impl FnOnce() -> Result<(), E>) -> Result<(), E> {
        let key = sha256(token.as_bytes());
        if self.tokens.contains(&key) {
            return Ok(());
        }
        verify()?;
        if self.tokens.len() >= MOST {
            self.tokens.clear();
        }
        self.tokens.insert(key);
        Ok(())
    }
}
