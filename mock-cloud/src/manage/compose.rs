//! What the server wants of a device: Intune's composition as far as it can be seen from outside (*model*; reference:
//! protocols, D.1 to D.6). Pure: from what [`Source`] holds, always the same orders.

use std::sync::Arc;

use oobe_catalog::rules;
use oobe_wire::ids::Guid;

use super::enrolment::{Composed, Materials};
use super::material::material_key;
use super::orders::{
    Gate, Leaf, MsiJob, Order, Orders, Patience, RELEASE, Stage, ime_package, ime_product_code, msi_node,
    package, provider_node, segment,
};
use crate::directory::{App, Assigned};
use crate::setup::{AppKind, CertificateKind, PolicySetup, Scope};
use crate::sidecar::content_url;

/// Between the entries of an Expected list (reference: protocols, D).
const DELIMITER: &str = "\u{f000}";

/// Areas whose policies the page tracks (ESD-025); of all others the last one stands for the rest, so that the row ends
/// as 1 of 1 (ESD-006; which one it is, is *model*).
const TRACKED_AREAS: [&str; 4] = ["microsoft_edge", "Browser", "AssignedAccess", "KioskBrowser"];

/// What the device is asked, once (reference: protocols, D.7).
const QUESTIONS: [&str; 6] = [
    "./DevInfo/DmV",
    "./DevDetail/SwV",
    "./DevDetail/OEM",
    "./DevDetail/Ext/Microsoft/DeviceName",
    "./DevDetail/Ext/Microsoft/OSPlatform",
    "./DevDetail/Ext/Microsoft/SMBIOSSerialNumber",
];

/// The rule that a batch of orders rests on.
pub(super) const fn rule_of(stage: Stage, user: bool) -> &'static str {
    match (stage, user) {
        (Stage::Remote, _) => rules::MOD_026.id,
        (Stage::Look, _) => rules::MOD_024.id,
        (Stage::Hold, false) => rules::WIR_001.id,
        (Stage::Hold, true) => rules::WIR_002.id,
        (Stage::Settings, _) => rules::ESD_025.id,
        (Stage::Apps, _) => rules::WIR_008.id,
        (Stage::Release, _) => rules::WIR_003.id,
    }
}

/// Everything that orders are made of. Seed and ids never change.
pub(super) struct Source<'a> {
    pub(super) seed: u64,
    pub(super) assigned: &'a Arc<Assigned>,
    pub(super) material: &'a Arc<Materials>,
    pub(super) device_id: &'a str,
    pub(super) intune_id: Guid,
}

impl Source<'_> {
    /// Orders of one stage, for the device or a user of it, as composed before if nothing has changed since. The look at
    /// the page and what an administrator asks for are not among them: they go by how orders stand.
    pub(super) fn orders(&self, composed: &mut Composed, stage: Stage, user: Option<Guid>) -> Orders {
        let made_of = (Arc::clone(self.assigned), Arc::clone(self.material));
        composed.of(made_of, (user, stage), || {
            let orders = match user {
                None => device_orders(stage, self),
                Some(user) => user_orders(stage, self, user),
            };
            orders.into_iter().map(Arc::new).collect()
        })
    }
}

/// Orders of one stage for the device.
fn device_orders(stage: Stage, source: &Source<'_>) -> Vec<Order> {
    match stage {
        // Those go by how orders stand: `remote::orders`, `reseal::look`.
        Stage::Remote | Stage::Look => Vec::new(),
        Stage::Hold => {
            let mut orders = hold(source);
            orders.extend(QUESTIONS.map(|uri| {
                Order::one(format!("get {uri}"), Stage::Hold, Patience::AnyAnswer, Leaf::get(uri))
            }));
            orders
        }
        Stage::Settings => settings(source, Scope::Device, source.device_id),
        Stage::Apps => {
            let mut orders = Vec::new();
            if source.assigned.apps.iter().any(|app| app.setup.kind == AppKind::Win32) {
                let package = ime_package();
                let job = MsiJob {
                    code: ime_product_code(),
                    version: "1.83.107.0",
                    url: content_url(source.seed, "IntuneWindowsAgent.msi"),
                    package: &package,
                    timeout_minutes: 30,
                    retries: 3,
                    retry_minutes: 1,
                };
                orders.extend(install(Scope::Device, "IntuneWindowsAgent.msi", &job));
            }
            orders.extend(apps(source, Scope::Device));
            orders
        }
        Stage::Release => vec![release(Scope::Device)],
    }
}

/// Orders of one stage for a user of the device.
fn user_orders(stage: Stage, source: &Source<'_>, user: Guid) -> Vec<Order> {
    match stage {
        Stage::Remote | Stage::Look => Vec::new(),
        // Added in every session until the device's user context is there (field bug 1; WIR-002).
        Stage::Hold => {
            let node = provider_node(Scope::User);
            let first_sync = format!("{node}/FirstSyncStatus");
            vec![
                Order::one("user provider", Stage::Hold, Patience::Forever, Leaf::node(node)).gated(),
                Order::one("user first sync", Stage::Hold, Patience::Forever, Leaf::node(first_sync)).gated(),
            ]
        }
        Stage::Settings => settings(source, Scope::User, &user.to_string()),
        Stage::Apps => apps(source, Scope::User),
        Stage::Release => vec![release(Scope::User)],
    }
}

/// Everything that keeps the device on the page (reference: protocols, D.1; WIR-001).
fn hold(source: &Source<'_>) -> Vec<Order> {
    let esp = &source.assigned.esp;
    let provider = provider_node(Scope::Device);
    let first_sync = |leaf: &str| format!("{provider}/FirstSyncStatus/{leaf}");
    let shown = |show: bool| (!show).to_string();
    let mut leaves = vec![
        Leaf::replace(first_sync("SkipDeviceStatusPage"), "bool", shown(esp.show)),
        Leaf::replace(first_sync("SkipUserStatusPage"), "bool", shown(esp.show && esp.show_user_phase)),
    ];
    if esp.show {
        leaves.extend([
            Leaf::replace(first_sync("BlockInStatusPage"), "int", esp.block_mask().to_string()),
            Leaf::replace(first_sync("AllowCollectLogsButton"), "bool", esp.log_collection.to_string()),
            Leaf::replace(first_sync("TimeOutUntilSyncFailure"), "int", esp.timeout_minutes.to_string()),
        ]);
        leaves.extend(
            esp.custom_error
                .iter()
                .map(|text| Leaf::replace(first_sync("CustomErrorText"), "chr", text.as_str())),
        );
    }
    leaves.push(Leaf::replace(format!("{provider}/EntDMID"), "chr", source.intune_id.to_string()));
    if source.assigned.apps.iter().any(|app| app.setup.kind == AppKind::Win32) {
        let sidecar =
            "./Device/Vendor/MSFT/EnrollmentStatusTracking/DevicePreparation/PolicyProviders/Sidecar";
        let minutes = esp.provider_timeout_minutes.to_string();
        leaves.extend([
            Leaf::node(sidecar),
            Leaf::replace(format!("{sidecar}/InstallationState"), "int", "1"),
            Leaf::replace(format!("{sidecar}/Timeout"), "int", minutes),
            Leaf::replace(format!("{sidecar}/TrackedResourceTypes/Apps"), "bool", "true"),
        ]);
    }
    leaves
        .into_iter()
        .map(|leaf| Order::one(format!("hold {}", leaf.uri), Stage::Hold, Patience::Forever, leaf))
        .collect()
}

/// Policies, certificates, and the lists of what the page waits for.
fn settings(source: &Source<'_>, scope: Scope, owner: &str) -> Vec<Order> {
    let assigned = source.assigned;
    let mut orders = expected(assigned, scope);
    for policy in assigned.policies.iter().filter(|p| p.scope == scope) {
        let leaf = Leaf {
            format: format_name(&policy.format),
            ..Leaf::replace(policy_uri(policy), "chr", policy.value.as_str())
        };
        let key = format!("policy {}", leaf.uri);
        orders.push(Order::one(key, Stage::Settings, Patience::ThreeTimes, leaf));
    }
    for setup in assigned.certificates.iter().filter(|c| c.scope == scope) {
        let Some(material) = source.material.get(&material_key(setup, owner)) else { continue };
        let key = format!("certificate {}", setup.name);
        let order = match setup.kind {
            CertificateKind::TrustedRoot => {
                let store = format!("{}/Vendor/MSFT/RootCATrustedCertificates/Root", scope.root());
                let uri = format!("{store}/{}/EncodedCertificate", material.thumbprint);
                let leaf = Leaf::replace(uri, "b64", material.data.as_str());
                Order::one(key, Stage::Settings, Patience::ThreeTimes, leaf)
            }
            CertificateKind::Pfx => {
                let node = pfx_node(scope, &setup.name);
                // The file comes last: its Add is what starts the installation.
                let leaves = vec![
                    Leaf::add(format!("{node}/KeyLocation"), "int", "3"),
                    Leaf::add(format!("{node}/ContainerName"), "chr", setup.name.as_str()),
                    Leaf::add(format!("{node}/PFXCertPassword"), "chr", material.password.as_str()),
                    Leaf::add(format!("{node}/PFXCertPasswordEncryptionType"), "int", "0"),
                    Leaf::add(format!("{node}/PFXKeyExportable"), "bool", "false"),
                    Leaf::add(format!("{node}/PFXCertBlob"), "chr", material.data.as_str()),
                ];
                let gate = Gate::Answered;
                Order { key, stage: Stage::Settings, patience: Patience::ThreeTimes, gate, leaves }
            }
        };
        orders.push(order);
    }
    orders
}

/// The lists of what the page waits for (reference: protocols, D.1).
fn expected(assigned: &Assigned, scope: Scope) -> Vec<Order> {
    let policies: Vec<&PolicySetup> = assigned.policies.iter().filter(|p| p.scope == scope).collect();
    let tracked = |p: &PolicySetup| TRACKED_AREAS.iter().any(|a| a.eq_ignore_ascii_case(&p.area));
    let mut waited_for: Vec<String> = policies.iter().filter(|p| tracked(p)).map(|p| policy_uri(p)).collect();
    waited_for.extend(policies.iter().rev().find(|p| !tracked(p)).map(|p| policy_uri(p)));
    let certificates = assigned
        .certificates
        .iter()
        .filter(|c| c.scope == scope && c.kind == CertificateKind::Pfx)
        .map(|c| pfx_node(scope, &c.name))
        .collect();
    let msi = assigned
        .apps
        .iter()
        .filter(|a| a.setup.scope == scope && a.setup.kind == AppKind::Msi && a.setup.blocking)
        .map(|a| format!("{}/Status;1", msi_node(scope, a.product_code)))
        .collect();
    let lists: [(&str, Vec<String>); 3] = [
        ("ExpectedPolicies", waited_for),
        ("ExpectedPFXCerts", certificates),
        ("ExpectedMSIAppPackages", msi),
    ];
    lists
        .into_iter()
        .filter(|(_, entries)| !entries.is_empty())
        .map(|(list, entries)| {
            let uri = format!("{}/FirstSyncStatus/{list}", provider_node(scope));
            let leaf = Leaf::replace(uri, "chr", entries.join(DELIMITER));
            Order::one(format!("expected {list}"), Stage::Settings, Patience::ThreeTimes, leaf)
        })
        .collect()
}

/// MSI apps.
fn apps(source: &Source<'_>, scope: Scope) -> Vec<Order> {
    let mine = |a: &&App| a.setup.scope == scope && a.setup.kind == AppKind::Msi;
    source
        .assigned
        .apps
        .iter()
        .filter(mine)
        .flat_map(|app| {
            let package = package(app);
            let job = MsiJob {
                code: app.product_code,
                version: &app.setup.version,
                url: content_url(source.seed, &format!("{}.msi", app.id)),
                package: &package,
                timeout_minutes: app.setup.timeout_minutes,
                retries: app.setup.retries,
                retry_minutes: app.setup.retry_minutes,
            };
            install(scope, &app.setup.name, &job)
        })
        .collect()
}

/// Add, then Exec of DownloadInstall. The first session may answer 404, and the server asks again (field bug 3).
fn install(scope: Scope, name: &str, job: &MsiJob<'_>) -> [Order; 2] {
    let uri = format!("{}/DownloadInstall", msi_node(scope, job.code));
    let add = Leaf::job(uri.clone());
    let exec = Leaf::exec(uri, "xml", job.xml());
    [
        Order::one(format!("msi add {name}"), Stage::Apps, Patience::Forever, add).gated(),
        Order::one(format!("msi exec {name}"), Stage::Apps, Patience::Forever, exec).gated(),
    ]
}

/// Nothing more will come: the page may end.
fn release(scope: Scope) -> Order {
    let uri = format!("{}/FirstSyncStatus/ServerHasFinishedProvisioning", provider_node(scope));
    Order::one(RELEASE, Stage::Release, Patience::Forever, Leaf::replace(uri, "bool", "true"))
}

fn policy_uri(policy: &PolicySetup) -> String {
    let (area, name) = (segment(&policy.area), segment(&policy.name));
    format!("{}/Vendor/MSFT/Policy/Config/{area}/{name}", policy.scope.root())
}

fn pfx_node(scope: Scope, name: &str) -> String {
    format!("{}/Vendor/MSFT/ClientCertificateInstall/PFXCertInstall/{}", scope.root(), segment(name))
}

/// The formats of SyncML; anything else is text.
fn format_name(format: &str) -> &'static str {
    const FORMATS: [&str; 9] = ["int", "bool", "b64", "bin", "xml", "null", "float", "date", "time"];
    FORMATS.into_iter().find(|f| f.eq_ignore_ascii_case(format)).unwrap_or("chr")
}
