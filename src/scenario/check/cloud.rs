//! Tenants and devices.

use std::collections::{BTreeMap, BTreeSet};

use oobe_catalog::WindowsBuild;
use oobe_wire::ids::Guid;

use super::Checker;
use crate::scenario::spec::{AppSpec, Blocking, Detection, DeviceSpec, Scalar, TenantSpec, TpmSpec};
use crate::scenario::suggest;
use crate::scenario::tree::shorten;

pub(super) fn check(checker: &mut Checker<'_>) {
    let spec = checker.spec;
    let mut domains: BTreeMap<String, &str> = BTreeMap::new();
    let mut upns: BTreeMap<String, &str> = BTreeMap::new();
    for (name, tenant) in &spec.tenant {
        checker.name(&["tenant", name], name);
        if let Some(first) = domains.insert(tenant.domain.to_ascii_lowercase(), name) {
            checker.wrong(
                &["tenant", name, "domain"],
                format!("the tenant `{first}` has this domain already"),
                "a domain belongs to one tenant",
            );
        }
        for (key, user) in &tenant.user {
            if upns.insert(user.upn.to_ascii_lowercase(), key).is_some() {
                checker.wrong(
                    &["tenant", name, "user", key, "upn"],
                    format!("another user is called `{}` already", shorten(&user.upn)),
                    "a user name belongs to one user",
                );
            }
        }
        check_tenant(checker, name, tenant);
    }
    let mut serials: BTreeMap<&str, &str> = BTreeMap::new();
    for (name, device) in &spec.device {
        check_device(checker, name, device);
        if let Some(first) = serials.insert(&device.serial, name) {
            checker.wrong(
                &["device", name],
                format!("this device has the serial number of `{first}`"),
                "add a line `serial = \"...\"`: a serial number belongs to one device",
            );
        }
    }
}

fn check_tenant(checker: &mut Checker<'_>, name: &str, tenant: &TenantSpec) {
    let path = |rest: &[&'static str]| [&["tenant", name], rest].concat();
    checker.line(&path(&["organization"]), &tenant.organization, 100);
    checker.printable(&path(&["sign_in_text"]), &tenant.sign_in_text, 1_000);
    if !is_domain(&tenant.domain) {
        checker.wrong(
            &path(&["domain"]),
            format!("`{}` is not a domain name", shorten(&tenant.domain)),
            "letters a-z, digits, hyphens and dots, for example \"contoso.test\"",
        );
    }
    checker.minutes(&path(&["mdm", "poll"]), tenant.mdm.poll, 1, 10_080);
    for (key, user) in &tenant.user {
        checker.name(&["tenant", name, "user", key], key);
        if !is_upn(&user.upn) {
            checker.wrong(
                &["tenant", name, "user", key, "upn"],
                format!("`{}` is not a user name", shorten(&user.upn)),
                "a user name is plain ASCII, for example \"alice@contoso.test\"",
            );
        }
        if is_upn(&user.upn) && is_domain(&tenant.domain) && !is_of(&user.upn, &tenant.domain) {
            checker.wrong(
                &["tenant", name, "user", key, "upn"],
                format!("`{}` is no user of the domain {}", shorten(&user.upn), tenant.domain),
                format!("user names of this tenant end with `@{}`", tenant.domain),
            );
        }
        if user.password.expose().is_empty() {
            checker.wrong(&["tenant", name, "user", key, "password"], "this password is empty", "invent one");
        }
    }
    let defaults = tenant.profile.iter().filter(|(_, p)| p.all_devices).count();
    for (key, profile) in &tenant.profile {
        checker.name(&["tenant", name, "profile", key], key);
        if profile.keyboard && profile.language.is_none() {
            checker.wrong(
                &["tenant", name, "profile", key, "keyboard"],
                "the keyboard can only be configured together with a language (PRO-012)",
                "add `language = \"en-US\"`",
            );
        }
        if profile.all_devices && defaults > 1 {
            checker.wrong(
                &["tenant", name, "profile", key, "all_devices"],
                "several profiles are for all devices",
                "keep one of them",
            );
        }
    }
    for (key, profile) in &tenant.profile {
        if let Some(text) = &profile.name {
            checker.line(&["tenant", name, "profile", key, "name"], text, 200);
        }
        for (field, text, most) in
            [("name_template", &profile.name_template, 60), ("language", &profile.language, 35)]
        {
            if let Some(text) = text {
                checker.ascii(&["tenant", name, "profile", key, field], text, most);
            }
        }
    }
    for (key, policy) in &tenant.policy {
        checker.name(&["tenant", name, "policy", key], key);
        for (field, text) in [("area", &policy.area), ("name", &policy.name)] {
            if text.is_empty() || text.contains('/') || !text.is_ascii() {
                checker.wrong(
                    &["tenant", name, "policy", key, field],
                    format!("`{}` is not one step of a policy's path", shorten(text)),
                    "for ./Device/Vendor/MSFT/Policy/Config/DeviceLock/DevicePasswordEnabled write area = \
                     \"DeviceLock\" and name = \"DevicePasswordEnabled\"",
                );
            }
        }
        if let Scalar::Text(text) = &policy.value {
            checker.printable(&["tenant", name, "policy", key, "value"], text, 10_000);
        }
    }
    for (key, certificate) in &tenant.certificate {
        checker.name(&["tenant", name, "certificate", key], key);
        if let Some(text) = &certificate.name {
            checker.line(&["tenant", name, "certificate", key, "name"], text, 60);
        }
    }
    for (key, app) in &tenant.app {
        check_app(checker, name, key, app, tenant);
    }
    shown_once(checker, name, tenant);
    let Some(esp) = &tenant.esp else { return };
    checker.minutes(&path(&["esp", "time_limit"]), esp.time_limit, 1, 1_440);
    checker.minutes(&path(&["esp", "provider_limit"]), esp.provider_limit, 1, 1_440);
    if let Some(message) = &esp.message {
        checker.line(&path(&["esp", "message"]), message, 1_000);
    }
    if let Blocking::Selected(apps) = &esp.apps {
        for app in apps {
            checker.known(&path(&["esp", "apps"]), "app", app, tenant.app.keys().map(String::as_str));
        }
    }
}

/// The services know apps and profiles by the names that people see.
fn shown_once(checker: &mut Checker<'_>, name: &str, tenant: &TenantSpec) {
    let apps = tenant.app.iter().map(|(key, app)| ("app", key, app.name.as_ref()));
    let profiles = tenant.profile.iter().map(|(key, profile)| ("profile", key, profile.name.as_ref()));
    let mut seen: BTreeMap<(&str, &str), &str> = BTreeMap::new();
    for (kind, key, shown) in apps.chain(profiles) {
        let shown = shown.unwrap_or(key);
        if let Some(first) = seen.insert((kind, shown), key) {
            checker.wrong(
                &["tenant", name, kind, key],
                format!("the {kind} `{first}` is called {:?} already", shorten(shown)),
                "add a line `name = \"...\"`: each has its own name",
            );
        }
    }
}

fn check_app(checker: &mut Checker<'_>, tenant_name: &str, key: &str, app: &AppSpec, tenant: &TenantSpec) {
    let path = |rest: &'static str| ["tenant", tenant_name, "app", key, rest];
    checker.name(&["tenant", tenant_name, "app", key], key);
    checker.minutes(&path("time_limit"), app.time_limit, 1, 1_440);
    checker.minutes(&path("retry_after"), app.retry_after, 1, 1_440);
    if let Some(text) = &app.name {
        checker.line(&path("name"), text, 200);
    }
    checker.ascii(&path("version"), &app.version, 50);
    if let Some(Detection::File(file)) = &app.detection {
        checker.line(&path("detection"), file, 260);
    }
    for file in app.leaves.iter().flatten() {
        checker.line(&path("leaves"), file, 260);
    }
    let codes = [("product_code", app.product_code.as_ref()), ("detection", detected_msi(app))];
    for (field, code) in codes {
        let Some(code) = code else { continue };
        if !(code.starts_with('{') && code.ends_with('}') && code.parse::<Guid>().is_ok()) {
            checker.wrong(
                &["tenant", tenant_name, "app", key, field],
                format!("`{}` is not a product code", shorten(code)),
                "a GUID in braces: \"{8f2b7c1e-5d34-4a0b-9c55-1e2f3a4b5c6d}\"",
            );
        }
    }
    for other in &app.depends_on {
        if checker.known(&path("depends_on"), "app", other, tenant.app.keys().map(String::as_str))
            && reaches(tenant, other, key)
        {
            checker.wrong(
                &path("depends_on"),
                format!("`{key}` and `{other}` wait for each other"),
                "leave one of the two out",
            );
        }
    }
}

fn detected_msi(app: &AppSpec) -> Option<&String> {
    match &app.detection {
        Some(Detection::Msi(code)) => Some(code),
        _ => None,
    }
}

/// Whether `from` needs `to`, at once or through others.
fn reaches(tenant: &TenantSpec, from: &str, to: &str) -> bool {
    let mut seen = BTreeSet::from([from]);
    let mut next = vec![from];
    while let Some(name) = next.pop() {
        if name == to {
            return true;
        }
        let needs = tenant.app.get(name).into_iter().flat_map(|app| &app.depends_on);
        next.extend(needs.map(String::as_str).filter(|name| seen.insert(*name)));
    }
    false
}

fn check_device(checker: &mut Checker<'_>, name: &str, device: &DeviceSpec) {
    let path = |rest: &[&'static str]| [&["device", name], rest].concat();
    checker.name(&["device", name], name);
    if matches!(name, "cloud" | "world") {
        checker.wrong(
            &["device", name],
            format!("a device can't be called `{name}`"),
            "the trace uses that name for something else",
        );
    }
    let serial = &device.serial;
    let printable = |c: char| c.is_ascii_graphic() || c == ' ';
    if serial.is_empty() || serial.len() > 64 || !serial.chars().all(printable) || serial.trim() != serial {
        checker.wrong(
            &path(&["serial"]),
            format!("`{}` can't be a serial number", shorten(serial)),
            "1 to 64 printable ASCII characters, no blanks at its ends",
        );
    }
    // All of this goes into a hardware hash, which has room for 3000 bytes.
    checker.line(&path(&["manufacturer"]), &device.manufacturer, 64);
    checker.line(&path(&["model"]), &device.model, 64);
    tpm(checker, &path(&["tpm"]), &device.tpm);
    if let Err(error) = device.build.parse::<WindowsBuild>() {
        let help = "build and revision, for example \"26100.4061\" (Windows 11 24H2)";
        checker.wrong(&path(&["build"]), error.to_string(), help);
    }
    let tag = &device.language;
    if tag.is_empty() || tag.len() > 35 || !tag.chars().all(|c| c.is_ascii_alphanumeric() || c == '-') {
        checker.wrong(
            &path(&["language"]),
            format!("`{}` is not a language tag", shorten(tag)),
            "for example \"en-US\"",
        );
    }
    if let Some(computer) = &device.computer_name {
        let fine = |c: char| c.is_ascii_alphanumeric() || c == '-';
        if computer.is_empty() || computer.len() > 15 || !computer.chars().all(fine) {
            checker.wrong(
                &path(&["computer_name"]),
                format!("`{}` can't be the name of a computer", shorten(computer)),
                "1 to 15 letters, digits and hyphens",
            );
        }
    }
    let Some(registered) = &device.registered else { return };
    let spec = checker.spec;
    let tenants = spec.tenant.keys().map(String::as_str);
    if !checker.known(&path(&["registered", "tenant"]), "tenant", &registered.tenant, tenants) {
        return;
    }
    let tenant = &spec.tenant[&registered.tenant];
    if let Some(profile) = &registered.profile {
        let profiles = tenant.profile.keys().map(String::as_str);
        checker.known(&path(&["registered", "profile"]), "profile", profile, profiles);
    }
    if let Some(user) = &registered.user {
        let users = tenant.user.keys().map(String::as_str);
        checker.known(&path(&["registered", "user"]), "user", user, users);
    }
}

/// Whether there is a kind of TPM of this name.
pub(super) fn tpm(checker: &mut Checker<'_>, path: &[&str], named: &TpmSpec) -> bool {
    let known = named.profile().is_some();
    if !known {
        let kinds: Vec<&str> = tpm_sim::manufacture::profile_list().map(|(id, _)| id).collect();
        let message = format!("there is no TPM called `{}`", shorten(&named.0));
        checker.wrong(path, message, suggest::help(&named.0, &kinds));
    }
    known
}

fn is_domain(text: &str) -> bool {
    let label = |l: &str| {
        !l.is_empty()
            && l.len() <= 63
            && !l.starts_with('-')
            && !l.ends_with('-')
            && l.chars().all(|c| c.is_ascii_alphanumeric() || c == '-')
    };
    text.len() <= 253 && text.contains('.') && text.split('.').all(label)
}

fn is_upn(text: &str) -> bool {
    text.split_once('@').is_some_and(|(name, domain)| {
        let fine = |c: char| c.is_ascii_alphanumeric() || "!#$%&'*+-/=?^_`{|}~.".contains(c);
        !name.is_empty() && name.len() <= 64 && name.chars().all(fine) && is_domain(domain)
    })
}

fn is_of(upn: &str, domain: &str) -> bool {
    upn.split_once('@').is_some_and(|(_, of)| of.eq_ignore_ascii_case(domain))
}
