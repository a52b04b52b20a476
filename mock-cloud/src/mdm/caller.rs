//! Who enrols: an Entra access token, or a name and a password (reference: protocols, B.3).

use oobe_wire::ids::Guid;
use oobe_wire::soap::Security;

use super::fault::EnrolError;
use crate::checks;
use crate::entra::{Audience, TokenChecks, sign_in, verify};
use crate::state::State;

const TOKEN_CHECKS: TokenChecks = TokenChecks {
    signature: checks::MDM_TOKEN_SIGNATURE,
    issuer: checks::MDM_TOKEN_ISSUER,
    audience: checks::MDM_TOKEN_AUDIENCE,
    times: checks::MDM_TOKEN_TIMES,
};

/// Whoever enrols.
#[derive(Debug, Clone, Copy)]
pub(super) struct Caller {
    pub(super) tenant: Guid,
    /// None for a device on its own.
    pub(super) user: Option<Guid>,
    /// The Entra device that the token names.
    pub(super) device: Option<Guid>,
    /// By name and password, without Entra ID.
    pub(super) on_premise: bool,
}

/// Finds out who calls.
pub(super) fn identify(state: &mut State, security: &Security) -> Result<Caller, EnrolError> {
    let known = match security {
        Security::Jwt(_) | Security::UsernameToken { .. } => Ok(()),
        Security::None => Err("the request has no security token"),
        _ => Err("security tokens of this kind are not served"),
    };
    state.journal.need(checks::MDM_SECURITY_TOKEN, known).map_err(EnrolError::invalid_security)?;
    let caller = match security {
        Security::UsernameToken { user, password } => by_password(state, user, password)?,
        Security::Jwt(token) => by_token(state, token)?,
        _ => unreachable!("every other kind was refused above"),
    };
    let user = match caller.user {
        None => Ok(()),
        Some(id) => match state.tenant_by_id(caller.tenant).and_then(|t| t.user(id)) {
            Some(user) if user.setup.enabled => Ok(()),
            Some(_) => Err("the account is disabled"),
            None => Err("the account is not there"),
        },
    };
    state.journal.need(checks::MDM_USER, user).map_err(EnrolError::authentication)?;
    Ok(caller)
}

fn by_token(state: &mut State, token: &str) -> Result<Caller, EnrolError> {
    let bearer =
        verify(state, token, &[Audience::Enrolment], &TOKEN_CHECKS).map_err(EnrolError::authentication)?;
    if let Some(device) = bearer.device {
        let sound = match state.devices.get(&device) {
            Some(d) if d.tenant == bearer.tenant && d.joined.is_some() && d.enabled => Ok(()),
            Some(d) if !d.enabled => Err("the token's device is disabled"),
            _ => Err("the token's device is not in the directory"),
        };
        state.journal.need(checks::MDM_TOKEN_DEVICE, sound).map_err(EnrolError::authentication)?;
    }
    Ok(Caller { tenant: bearer.tenant, user: bearer.user, device: bearer.device, on_premise: false })
}

fn by_password(state: &mut State, user: &str, password: &str) -> Result<Caller, EnrolError> {
    let signed_in = sign_in(state, None, user, password);
    let signed_in = signed_in.map_err(|e| e.code().map_or_else(String::new, |code| code.title.to_owned()));
    let (tenant, user) =
        state.journal.need(checks::MDM_PASSWORD, signed_in).map_err(EnrolError::authentication)?;
    Ok(Caller { tenant, user: Some(user), device: None, on_premise: true })
}
