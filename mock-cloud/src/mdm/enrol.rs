//! The enrolment itself: RequestSecurityToken (reference: protocols, B.5 to B.7).

use oobe_wire::ids::Guid;
use oobe_wire::soap::{Envelope, RequestSecurityToken, RequestType, TokenResponse};
use oobe_wire::time::Utc;
use oobe_wire::x509::{Extension, Name, ParsedCsr, Profile, oid, parse_csr};

use super::caller::{Caller, identify};
use super::document::{Account, document};
use super::fault::EnrolError;
use super::{terms, userless};
use crate::checks;
use crate::fault::FaultKind;
use crate::http::Call;
use crate::journal::Service;
use crate::manage::Enrolment;
use crate::proved::Issuer;
use crate::setup::MdmScope;
use crate::state::State;

/// How long an MDM certificate lasts, days (public: Intune's last a year).
pub(super) const CERTIFICATE_DAYS: i64 = 365;
const BACKDATED_SECONDS: i64 = 300;

/// Answers a RequestSecurityToken.
pub(super) fn enrol(
    state: &mut State,
    call: &Call<'_>,
    envelope: &Envelope,
) -> Result<TokenResponse, EnrolError> {
    let caller = identify(state, &envelope.security)?;
    let request = RequestSecurityToken::parse(call.body);
    let request = state.journal.need(checks::MDM_ENVELOPE, request).map_err(EnrolError::message_format)?;
    let issue = request.request_type == RequestType::Issue;
    state
        .journal
        .expect(checks::MDM_REQUEST_TYPE, issue, || format!("{:?} is not served", request.request_type))
        .map_err(EnrolError::not_supported)?;
    let device_id = device_id(state, &request)?;
    let (csr, entra_device) = csr(state, &request, &caller, &device_id)?;
    terms(state, &request, &caller)?;
    rights(state, &caller, &device_id)?;
    let registration = zero_touch(state, &request, &caller)?;
    let registration = userless::admit(state, &request, &caller, registration)?;

    let subject = match entra_device {
        Some(device) => Name::common_name(device.to_string()),
        None if csr.subject_cn.is_empty() => Name::common_name(device_id.clone()),
        None => Name::common_name(csr.subject_cn.clone()),
    };
    let certificate = certificate(state, call, &csr, subject.clone(), &device_id);
    let intune_id = Guid::derive(state.seed, &["intune-device", &caller.tenant.to_string(), &device_id]);
    let item = |name: &str| request.context_item(name).unwrap_or_default().to_owned();
    let enrolment = Enrolment {
        device_id: device_id.clone(),
        intune_id,
        tenant: caller.tenant,
        user: caller.user,
        on_premise: caller.on_premise,
        entra_device,
        registration,
        prepared: caller.user.is_none() && userless::technician(&request),
        thumbprint: oobe_wire::encoding::hex_upper(&oobe_wire::crypto::sha1(&certificate)),
        name: item("DeviceName"),
        os_version: item("OSVersion"),
        enrolled: state.now,
        ..Enrolment::default()
    };
    let system = caller.device.is_some() || item("EnrollmentType").eq_ignore_ascii_case("Device");
    let upn =
        caller.user.and_then(|user| Some(state.tenant_by_id(caller.tenant)?.user(user)?.setup.upn.clone()));
    let account = Account {
        certificate: &certificate,
        subject: &subject,
        store: if system { "System" } else { "User" },
        upn: upn.as_deref(),
        device_name: &enrolment.name,
        intune_id,
        poll_minutes: state.tenant_by_id(caller.tenant).map_or(480, |t| t.mdm.poll_minutes),
    };
    let doc = document(state.authority(), &account);
    // What was known of an earlier life of this device is forgotten (field bug 3).
    state.enrolments.insert(device_id.to_lowercase(), enrolment);
    state.journal.tell(Service::Mdm, "device-enrolled", format!("{device_id} as {intune_id}"));
    userless::deployed(state, &caller, registration);
    Ok(TokenResponse { provisioning_doc: doc.write().into_bytes() })
}

fn device_id(state: &mut State, request: &RequestSecurityToken) -> Result<String, EnrolError> {
    let id = request.context_item("DeviceID").unwrap_or_default().trim().to_owned();
    let compact: String = id.chars().filter(|c| *c != '-').collect();
    let sound = compact.len() == 32 && compact.bytes().all(|b| b.is_ascii_hexdigit());
    state
        .journal
        .expect(checks::MDM_DEVICE_ID, sound, || format!("the context says {id:?}"))
        .map_err(EnrolError::message_format)?;
    Ok(id)
}

/// The certificate request, and the Entra device that it is for.
fn csr(
    state: &mut State,
    request: &RequestSecurityToken,
    caller: &Caller,
    device_id: &str,
) -> Result<(ParsedCsr, Option<Guid>), EnrolError> {
    let csr = state
        .journal
        .need(checks::MDM_CSR_FORMAT, parse_csr(&request.csr_der))
        .map_err(EnrolError::certificate_request)?;
    state
        .journal
        .need(checks::MDM_CSR_SIGNATURE, csr.verify_signature())
        .map_err(EnrolError::certificate_request)?;
    let (kind, wanted) = (csr.public_key.kind(), state.keys);
    state
        .journal
        .expect(checks::MDM_CSR_KEY, kind == wanted, || {
            format!("the key is {kind:?}, this cloud takes {wanted:?}")
        })
        .map_err(EnrolError::certificate_request)?;

    let named = csr.subject_cn.parse::<Guid>().ok().filter(|id| state.devices.contains_key(id));
    let extension = csr.extension(oid::MDM_DEVICE_ID).and_then(Extension::text);
    let extension = extension.map(|text| text.trim_end_matches('\0').to_owned());
    let fits = match (&extension, named, caller.device) {
        (Some(text), _, _) if !text.eq_ignore_ascii_case(device_id) => {
            Err(format!("the request is for device {text:?}, the context says {device_id:?}"))
        }
        (_, Some(subject), Some(device)) if subject != device => {
            Err(format!("the request is for device {subject}, the token for {device}"))
        }
        (_, Some(subject), _) => {
            let device = &state.devices[&subject];
            let owner = device.joined.as_ref().is_some_and(|j| j.owner == caller.user);
            if device.tenant == caller.tenant && (owner || caller.user.is_none()) {
                Ok(Some(subject))
            } else {
                Err(format!("device {subject} was joined by somebody else"))
            }
        }
        (_, None, device) => Ok(device),
    };
    let device = state.journal.need(checks::MDM_CSR_DEVICE, fits).map_err(EnrolError::certificate_request)?;
    Ok((csr, device))
}

fn terms(state: &mut State, request: &RequestSecurityToken, caller: &Caller) -> Result<(), EnrolError> {
    let wanted = state.tenant_by_id(caller.tenant).is_some_and(|t| t.mdm.terms_of_use.is_some());
    let blob = request.context_item("EnrollmentData").map(str::trim).filter(|b| !b.is_empty());
    let accepted = match blob {
        _ if caller.on_premise || caller.user.is_none() => Ok(()),
        None if wanted => Err("the terms of use were not accepted"),
        None => Ok(()),
        Some(blob) if terms::accepted(state, blob, caller) => Ok(()),
        Some(_) => Err("the acceptance of the terms of use was not given out here, or is somebody else's"),
    };
    state.journal.need(checks::MDM_TERMS, accepted).map_err(EnrolError::invalid_enrollment_data)
}

/// Scope, licence, device limit, platform.
fn rights(state: &mut State, caller: &Caller, device_id: &str) -> Result<(), EnrolError> {
    let State { tenants, enrolments, journal, .. } = state;
    let tenant = tenants.iter().find(|t| t.id == caller.tenant).expect("the caller's tenant was looked up");
    if let Some(user) = caller.user.and_then(|id| tenant.user(id)) {
        let scope = match tenant.mdm.scope {
            MdmScope::All => true,
            MdmScope::Some => user.setup.in_mdm_scope,
            MdmScope::None => false,
        };
        journal
            .expect(checks::MDM_SCOPE, scope || caller.on_premise, || {
                "the user is outside the MDM user scope".into()
            })
            .map_err(EnrolError::authorization)?;
        journal
            .expect(checks::MDM_LICENCE, user.setup.licensed, || "the user has no Intune licence".into())
            .map_err(EnrolError::user_license)?;
        let other = |e: &&Enrolment| {
            !e.removed && e.user == caller.user && !e.device_id.eq_ignore_ascii_case(device_id)
        };
        let enrolled =
            enrolments.values().filter(other).count() as u64 + u64::from(user.setup.devices_enrolled);
        let cap = u64::from(tenant.mdm.device_cap);
        journal
            .expect(checks::MDM_DEVICE_CAP, enrolled < cap, || {
                format!("this user has enrolled {enrolled} devices, {cap} are allowed")
            })
            .map_err(EnrolError::device_cap)?;
    }
    journal
        .expect(checks::MDM_PLATFORM, !tenant.mdm.block_windows, || {
            "a platform restriction blocks Windows".into()
        })
        .map_err(EnrolError::device_not_supported)
}

/// The registration that the device names. An unknown one makes it a device like any other (REG-046); one that was
/// deployed without a user has to be unblocked first (reference: protocols, B.7, DEVICENOTSUPPORTED).
fn zero_touch(
    state: &mut State,
    request: &RequestSecurityToken,
    caller: &Caller,
) -> Result<Option<Guid>, EnrolError> {
    let Some(named) = request.context_item("ZeroTouchProvisioning").filter(|n| !n.trim().is_empty()) else {
        return Ok(None);
    };
    let id = named.trim().parse::<Guid>().ok();
    let State { tenants, journal, .. } = state;
    let tenant = tenants.iter().find(|t| t.id == caller.tenant);
    let found = tenant.and_then(|t| t.registrations.iter().find(|r| Some(r.id) == id));
    let found = found.ok_or_else(|| format!("{named:?} is no registration of this tenant"));
    let Ok(registration) = journal.need(checks::MDM_ZERO_TOUCH, found) else { return Ok(None) };
    journal
        .expect(checks::MDM_NOT_BLOCKED, !registration.blocked, || {
            "the device was deployed without a user before, and was not unblocked".into()
        })
        .map_err(EnrolError::device_not_supported)?;
    Ok(Some(registration.id))
}

fn certificate(
    state: &mut State,
    call: &Call<'_>,
    csr: &ParsedCsr,
    subject: Name,
    device_id: &str,
) -> Vec<u8> {
    let authority = state.authority();
    let serial = Guid::derive(state.seed, &["mdm-certificate", device_id, &csr.public_key.thumbprint()]);
    let start = Utc::from_unix_seconds(state.now.unix_seconds()).plus_seconds(-BACKDATED_SECONDS);
    let foreign = call.tweaks.applies(&FaultKind::ForeignChain);
    let ca = if foreign { &authority.foreign } else { &authority.mdm };
    let key = if call.tweaks.applies(&FaultKind::CertificateForAnotherKey) {
        authority.foreign.key.public()
    } else {
        &csr.public_key
    };
    let profile = Profile { usages_critical: false, ..Profile::client() };
    let validity = (start, start.plus_days(CERTIFICATE_DAYS));
    let certificate = ca.issue(serial, subject, key, validity, profile);
    if !foreign {
        state.proved.issued(Issuer::Mdm, &certificate, validity);
    }
    certificate
}
