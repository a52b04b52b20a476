//! Which enrolled device a channel belongs to.

use std::sync::Arc;

use axum::http::StatusCode;
use oobe_wire::x509::ParsedCertificate;

use crate::http::Call;
use crate::journal::Check;
use crate::proved::Issuer;
use crate::state::State;

/// Under which names a service checks its peer.
pub(crate) struct PeerChecks {
    pub(crate) certificate: Check,
    pub(crate) chain: Check,
    pub(crate) enrolled: Check,
    pub(crate) current: Check,
}

/// The enrolment behind the channel's certificate, by its key in the state, and that certificate.
pub(crate) fn enrolment_of(
    state: &mut State,
    call: &Call<'_>,
    checks: &PeerChecks,
) -> Result<(String, Arc<ParsedCertificate>), StatusCode> {
    let shown = call.peer.ok_or("the channel has no client certificate");
    let der = &state.journal.need(checks.certificate, shown).map_err(|_| StatusCode::UNAUTHORIZED)?.0;
    let certificate = state.proved.read(der).map_err(|e| e.to_string()).and_then(|certificate| {
        state.verify_chain(Issuer::Mdm, &certificate).map_err(|e| e.to_string())?;
        Ok(certificate)
    });
    let certificate = state.journal.need(checks.chain, certificate).map_err(|_| StatusCode::UNAUTHORIZED)?;

    let thumbprint = certificate.sha1_thumbprint_hex_upper();
    let name = certificate.subject_cn.to_lowercase();
    let by_certificate = state.enrolments.iter().find(|(_, e)| e.thumbprint == thumbprint);
    // A certificate of an earlier enrolment still tells whose it was.
    let by_name = || {
        state
            .enrolments
            .iter()
            .find(|(key, e)| **key == name || e.entra_device.is_some_and(|device| device.to_string() == name))
    };
    let found =
        by_certificate.or_else(by_name).map(|(key, e)| (key.clone(), e.removed, e.thumbprint == thumbprint));
    let enrolled = match found {
        None => Err("no device enrolled with this certificate"),
        Some((_, true, _)) => Err("the device was removed from management"),
        Some((key, false, current)) => Ok((key, current)),
    };
    let (key, current) = state.journal.need(checks.enrolled, enrolled).map_err(|_| StatusCode::FORBIDDEN)?;
    state
        .journal
        .expect(checks.current, current, || "the device has enrolled again since".into())
        .map_err(|_| StatusCode::FORBIDDEN)?;
    Ok((key, certificate))
}
