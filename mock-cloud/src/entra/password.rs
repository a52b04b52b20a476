//! Sign-in with user name and password.

use oobe_catalog::codes;
use oobe_wire::ids::Guid;

use super::error::EntraError;
use crate::checks;
use crate::journal::Service;
use crate::state::State;

/// Wrong passwords until an account is locked, and for how long (public: Entra's smart lockout, defaults).
const LOCKOUT_THRESHOLD: u32 = 10;
const LOCKOUT_SECONDS: i64 = 60;

/// Who signs in: tenant and user. `tenant` restricts the search to one.
pub(crate) fn sign_in(
    state: &mut State,
    tenant: Option<Guid>,
    upn: &str,
    password: &str,
) -> Result<(Guid, Guid), EntraError> {
    let State { tenants, journal, now, .. } = state;
    let found = tenants
        .iter_mut()
        .filter(|t| tenant.is_none_or(|id| id == t.id))
        .find_map(|t| {
            let id = t.user_by_upn(upn)?.id;
            let tenant = t.id;
            t.user_mut(id).map(|user| (tenant, user))
        })
        .ok_or_else(|| "there is no such account in this directory".to_owned());
    let (tenant, user) = journal
        .need(checks::USER_EXISTS, found)
        .map_err(EntraError::invalid_grant(codes::AADSTS_USER_NOT_FOUND))?;
    let locked = user.locked_until.is_some_and(|until| *now < until);
    journal
        .expect(checks::USER_NOT_LOCKED, !locked, || {
            "the account is locked after too many wrong passwords".into()
        })
        .map_err(EntraError::invalid_grant(codes::AADSTS_ACCOUNT_LOCKED))?;
    let right = user.setup.password.expose() == password;
    if right {
        user.wrong_passwords = 0;
        user.locked_until = None;
    } else {
        user.wrong_passwords += 1;
    }
    if user.wrong_passwords >= LOCKOUT_THRESHOLD {
        user.wrong_passwords = 0;
        user.locked_until = Some(now.plus_seconds(LOCKOUT_SECONDS));
        journal.tell(Service::Entra, "user-locked", "too many wrong passwords");
    }
    journal
        .expect(checks::PASSWORD, right, || "the user name or password is not right".into())
        .map_err(EntraError::invalid_grant(codes::AADSTS_INVALID_PASSWORD))?;
    let id = user.id;
    user_enabled(state, tenant, id)?;
    Ok((tenant, id))
}

/// Whether the account may sign in.
pub(super) fn user_enabled(state: &mut State, tenant: Guid, user: Guid) -> Result<(), EntraError> {
    let enabled = match state.tenant_by_id(tenant).and_then(|t| t.user(user)) {
        None => Err("the account was deleted"),
        Some(user) if !user.setup.enabled => Err("the account is disabled"),
        Some(_) => Ok(()),
    };
    state
        .journal
        .need(checks::USER_ENABLED, enabled)
        .map_err(EntraError::invalid_grant(codes::AADSTS_USER_DISABLED))
}
