//! What was proved already: signatures need not be verified twice, nor those that this cloud has just made itself; it
//! knows them by the digest of the whole token or certificate, so that one changed bit is another one. Dates and claims
//! are not among it, they are looked at each time. Not part of the saved state, and without any influence on what the
//! cloud says.

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
    /// The attestation service.
    Aik,
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
        self.keep_chain(key, (certificate.not_before, certificate.not_after));
        Ok(())
    }

    /// A certificate that `issuer` has just issued.
    pub(crate) fn issued(&mut self, issuer: Issuer, der: &[u8], validity: (Utc, Utc)) {
        self.keep_chain((issuer, sha256(der)), validity);
    }

    fn keep_chain(&mut self, key: (Issuer, [u8; 32]), validity: (Utc, Utc)) {
        if self.chains.len() >= MOST {
            self.chains.clear();
        }
        self.chains.insert(key, validity);
    }

    /// Whether a token's signature holds; `verify` finds out when it is not known.
    pub(crate) fn token<E>(&mut self, token: &str, verify: impl FnOnce() -> Result<(), E>) -> Result<(), E> {
        let key = sha256(token.as_bytes());
        if self.tokens.contains(&key) {
            return Ok(());
        }
        verify()?;
        self.keep_token(key);
        Ok(())
    }

    /// A token that was just signed with the key that [`Self::token`] verifies with.
    pub(crate) fn signed(&mut self, token: &str) {
        self.keep_token(sha256(token.as_bytes()));
    }

    fn keep_token(&mut self, key: [u8; 32]) {
        if self.tokens.len() >= MOST {
            self.tokens.clear();
        }
        self.tokens.insert(key);
    }
}
