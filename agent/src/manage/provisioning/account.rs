//! The management account: w7 APPLICATION.

use oobe_catalog::codes;
use oobe_wire::wap::{Characteristic, ProvisioningDoc};

use super::refused;
use crate::manage::enrolment::{Backoff, ProvisioningError};

/// What the account says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(in crate::manage) struct Account {
    pub(in crate::manage) provider: String,
    pub(in crate::manage) name: String,
    pub(in crate::manage) address: String,
    pub(in crate::manage) backoff: Backoff,
    /// SSLCLIENTCERTSEARCHCRITERIA, as it stands there.
    pub(in crate::manage) search: Option<String>,
}

/// Reads the first w7 account; names are case-sensitive and upper-case (reference: protocols, B.6).
pub(in crate::manage) fn read(doc: &ProvisioningDoc) -> Result<Account, ProvisioningError> {
    let w7 = |c: &&Characteristic| c.parm("APPID") == Some("w7");
    let application = doc
        .all("APPLICATION")
        .find(w7)
        .ok_or_else(|| refused(codes::MENROLL_E_PROV_CSP_W7, "the document has no w7 APPLICATION"))?;
    let needed = |name: &str| {
        let missing = || refused(codes::MENROLL_E_PROV_CSP_W7, format!("the w7 APPLICATION has no {name}"));
        application.parm(name).map(str::trim).filter(|v| !v.is_empty()).ok_or_else(missing)
    };
    let provider = needed("PROVIDER-ID")?.to_owned();
    let address = needed("ADDR")?.to_owned();
    let host =
        url::Url::parse(&address).ok().filter(|u| matches!(u.scheme(), "https" | "http") && u.has_host());
    if host.is_none() {
        return Err(refused(codes::MENROLL_E_PROV_CSP_W7, format!("ADDR {address:?} is no HTTP address")));
    }
    if provider.contains('/') {
        return Err(refused(codes::MENROLL_E_PROV_CSP_W7, "PROVIDER-ID can't be the name of a node"));
    }
    let number = |name: &str| application.parm(name).and_then(|v| v.trim().parse::<u64>().ok());
    let standard = Backoff::default();
    let backoff = Backoff {
        retries: number("CONNRETRYFREQ").and_then(|n| u32::try_from(n).ok()).unwrap_or(standard.retries),
        initial_ms: number("INITIALBACKOFFTIME").unwrap_or(standard.initial_ms).max(1),
        max_ms: number("MAXBACKOFFTIME").unwrap_or(standard.max_ms).max(1),
    };
    Ok(Account {
        name: application.parm("NAME").unwrap_or(&provider).to_owned(),
        search: application.parm("SSLCLIENTCERTSEARCHCRITERIA").map(str::to_owned),
        provider,
        address,
        backoff,
    })
}
