//! Tenants, as the cloud takes them.

use oobe_mock_cloud::setup as cloud;
use oobe_wire::model::DetectionRule;

use crate::scenario::quantity::Duration;
use crate::scenario::spec::{
    AccountType, AppKind, AppSpec, Blocking, CertificateKind, CertificateSpec, Detection, EspSpec, Members,
    PolicySpec, ProfileMode, ProfileSpec, RunsAs, Scalar, Scope, TenantSpec, UserSpec, Visibility,
};

pub(super) fn tenant(spec: &TenantSpec) -> cloud::TenantSetup {
    let usual = cloud::TenantSetup::default();
    let mut setup = cloud::TenantSetup {
        domain: spec.domain.clone(),
        name: spec.organization.clone(),
        sign_in_text: spec.sign_in_text.clone(),
        users: spec.user.values().map(user).collect(),
        join: cloud::JoinSetup {
            policy: match spec.join.users {
                Members::All => cloud::JoinPolicy::All,
                Members::Selected => cloud::JoinPolicy::Selected,
                Members::None => cloud::JoinPolicy::None,
            },
            quota: spec.join.quota,
        },
        mdm: cloud::MdmSetup {
            scope: mdm_scope(spec.mdm.users),
            block_windows: spec.mdm.block_windows,
            device_cap: spec.mdm.device_limit,
            terms_of_use: spec.mdm.terms_of_use.clone(),
            poll_minutes: minutes(spec.mdm.poll),
        },
        esp: spec.esp.as_ref().map_or_else(|| cloud::EspSetup { show: false, ..Default::default() }, esp),
        policies: spec.policy.values().map(policy).collect(),
        certificates: spec.certificate.iter().map(|(key, one)| certificate(key, one)).collect(),
        apps: assigned(spec, true).map(|(_, one)| one).collect(),
        ..usual
    };
    setup.autopilot.profiles = spec.profile.iter().map(|(key, p)| profile(key, p)).collect();
    setup
}

/// Whose devices are enrolled.
pub const fn mdm_scope(users: Members) -> cloud::MdmScope {
    match users {
        Members::All => cloud::MdmScope::All,
        Members::Selected => cloud::MdmScope::Some,
        Members::None => cloud::MdmScope::None,
    }
}

fn user(spec: &UserSpec) -> cloud::UserSetup {
    let called = spec.upn.split('@').next().unwrap_or_default();
    cloud::UserSetup {
        upn: spec.upn.clone(),
        display_name: if spec.name.is_empty() { called.to_owned() } else { spec.name.clone() },
        password: spec.password.clone(),
        enabled: spec.enabled,
        licensed: spec.licensed,
        entra_p1: spec.entra_p1,
        may_join: spec.may_join,
        in_mdm_scope: spec.may_enroll,
        devices_joined: spec.devices_joined,
        devices_enrolled: spec.devices_enrolled,
    }
}

pub(super) fn profile_name(key: &str, spec: &ProfileSpec) -> String {
    spec.name.clone().unwrap_or_else(|| key.to_owned())
}

fn profile(key: &str, spec: &ProfileSpec) -> cloud::ProfileSetup {
    let or_default = |text: &Option<String>| text.clone().unwrap_or_else(|| "os-default".to_owned());
    cloud::ProfileSetup {
        name: profile_name(key, spec),
        mode: match spec.mode {
            ProfileMode::UserDriven => cloud::DeploymentMode::UserDriven,
            ProfileMode::SelfDeploying => cloud::DeploymentMode::SelfDeploying,
            ProfileMode::PreProvisioned => cloud::DeploymentMode::PreProvisioned,
        },
        join: cloud::JoinMethod::Entra,
        oobe: cloud::OobeSettings {
            standard_user: spec.account_type == AccountType::Standard,
            hide_privacy: spec.privacy == Visibility::Hide,
            hide_eula: spec.license_terms == Visibility::Hide,
            skip_keyboard: spec.keyboard,
        },
        name_template: spec.name_template.clone().unwrap_or_default(),
        language: or_default(&spec.language),
        region: or_default(&spec.language),
        assigned_to_all: spec.all_devices,
    }
}

fn minutes(time: Duration) -> u32 {
    u32::try_from(time.0.0 / 60_000).unwrap_or(u32::MAX)
}

fn esp(spec: &EspSpec) -> cloud::EspSetup {
    cloud::EspSetup {
        show: spec.show,
        show_user_phase: !spec.skip_account_setup,
        timeout_minutes: minutes(spec.time_limit),
        block: spec.block,
        allow_reset: spec.allow_reset,
        allow_retry: spec.allow_retry,
        allow_use_anyway: spec.allow_use,
        log_collection: spec.collect_logs,
        custom_error: spec.message.clone(),
        provider_timeout_minutes: minutes(spec.provider_limit),
    }
}

const fn scope(scope: Scope) -> cloud::Scope {
    match scope {
        Scope::Device => cloud::Scope::Device,
        Scope::User => cloud::Scope::User,
    }
}

fn policy(spec: &PolicySpec) -> cloud::PolicySetup {
    let format = match spec.value {
        Scalar::Text(_) => "chr",
        Scalar::Integer(_) => "int",
        Scalar::Bool(_) => "bool",
    };
    cloud::PolicySetup {
        scope: scope(spec.scope),
        area: spec.area.clone(),
        name: spec.name.clone(),
        value: spec.value.to_string(),
        format: format.to_owned(),
    }
}

fn certificate(key: &str, spec: &CertificateSpec) -> cloud::CertificateSetup {
    cloud::CertificateSetup {
        name: spec.name.clone().unwrap_or_else(|| key.to_owned()),
        scope: scope(spec.scope),
        kind: match spec.kind {
            CertificateKind::Pfx => cloud::CertificateKind::Pfx,
            CertificateKind::TrustedRoot => cloud::CertificateKind::TrustedRoot,
        },
    }
}

/// The apps that are assigned when the world begins, or those that are not yet; with the name that the scenario uses.
pub(super) fn assigned(spec: &TenantSpec, already: bool) -> impl Iterator<Item = (&str, cloud::AppSetup)> {
    let those = spec.app.iter().filter(move |(_, one)| one.assigned == already);
    those.map(|(key, one)| (key.as_str(), app(key, one, spec)))
}

fn app_name(key: &str, spec: &AppSpec) -> String {
    spec.name.clone().unwrap_or_else(|| key.to_owned())
}

fn app(key: &str, spec: &AppSpec, tenant: &TenantSpec) -> cloud::AppSetup {
    let blocking = match tenant.esp.as_ref().map(|e| &e.apps) {
        Some(Blocking::Selected(apps)) => apps.contains(key),
        Some(Blocking::All) | None => true,
    };
    cloud::AppSetup {
        name: app_name(key, spec),
        kind: match spec.kind {
            AppKind::Msi => cloud::AppKind::Msi,
            AppKind::Win32 => cloud::AppKind::Win32,
        },
        scope: scope(spec.scope),
        version: spec.version.clone(),
        product_code: spec.product_code.clone().unwrap_or_default(),
        runs_ms: spec.runs.0.0,
        size: spec.size.0,
        exit_code: spec.exit_code,
        hangs: spec.hangs,
        leaves: spec.leaves.clone(),
        detection: spec.detection.as_ref().map(|d| match d {
            Detection::File(path) => DetectionRule::File { path: path.clone() },
            Detection::Msi(code) => DetectionRule::Msi { product_code: code.clone() },
        }),
        blocking,
        return_codes: None,
        timeout_minutes: minutes(spec.time_limit),
        retries: spec.retries,
        retry_minutes: minutes(spec.retry_after),
        context: match spec.runs_as {
            RunsAs::System => cloud::InstallContext::System,
            RunsAs::User => cloud::InstallContext::User,
        },
        depends_on: spec.depends_on.iter().map(|d| app_name(d, &tenant.app[d])).collect(),
    }
}
