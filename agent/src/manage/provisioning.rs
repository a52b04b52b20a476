//! Applying a provisioning document (reference: protocols, B.6): certificates into their stores, the management
//! account, the first nodes of the tree.

mod account;
mod stores;

use oobe_catalog::codes::{self, Code};
use oobe_wire::ids::Guid;
use oobe_wire::wap::{Characteristic, ProvisioningDoc};

use super::csp::{Facts, Format, LocUri, Request, Tree, Verb, escape, execute};
use super::enrolment::{Enrolment, EnrolmentDetails, ProvisioningError};
use crate::cx::Cx;
use crate::io::ClientIdentity;
use crate::registry::RegistryValue;

pub(super) fn refused(code: &'static Code, detail: impl Into<String>) -> ProvisioningError {
    ProvisioningError { code, detail: detail.into() }
}

/// Applies `doc`; nothing is kept of a document that is refused.
pub(super) fn apply(
    cx: &mut Cx<'_>,
    doc: &ProvisioningDoc,
    details: EnrolmentDetails,
) -> Result<(Enrolment, Tree), ProvisioningError> {
    let mut tree = Tree::default();
    let mine = stores::install(cx, doc, &details, &mut tree)?;
    let account =
        account::read(doc).inspect_err(|e| cx.checked("provisioning-account", Some(e.detail.clone())))?;
    stores::check_search_criteria(cx, &account, &mine)?;
    let enrolment = Enrolment {
        id: Guid::derive(cx.setup.seed, &["enrolment", &cx.setup.name, &details.device_id]),
        provider: account.provider,
        name: account.name,
        server: account.address,
        device_id: details.device_id,
        user: details.user,
        entra: details.entra,
        identity: ClientIdentity { certificate: mine, key: details.key },
        autopilot: details.autopilot,
        attested: details.attested,
        device_name: details.device_name,
        backoff: account.backoff,
    };
    plant(cx, &enrolment, &mut tree);
    dm_client(cx, doc, &enrolment, &mut tree)?;
    record(cx, &enrolment);
    Ok((enrolment, tree))
}

/// What the device itself puts below its provider node.
fn plant(cx: &Cx<'_>, enrolment: &Enrolment, tree: &mut Tree) {
    let provider = enrolment.provider_node();
    tree.add_interior(&provider.child("FirstSyncStatus"));
    tree.set(&provider.child("EntDeviceName"), Format::Chr, enrolment.device_name.as_str());
    tree.set(&provider.child("ManagementServiceAddress"), Format::Chr, enrolment.server.as_str());
    if let Some(user) = &enrolment.user {
        tree.set(&provider.child("UPN"), Format::Chr, user.as_str());
    }
    if let Some(entra) = &enrolment.entra {
        tree.set(&provider.child("AADDeviceID"), Format::Chr, entra.device_id.to_string());
    }
    let _ = cx;
}

/// The `DMClient` part: written through the CSP like any other command, so its rules hold here too.
fn dm_client(
    cx: &mut Cx<'_>,
    doc: &ProvisioningDoc,
    enrolment: &Enrolment,
    tree: &mut Tree,
) -> Result<(), ProvisioningError> {
    let providers = doc.all("DMClient").filter_map(|c| c.child("Provider")).flat_map(|c| &c.children);
    for provider in providers {
        if provider.kind != enrolment.provider {
            let detail =
                format!("DMClient names provider {:?}, APPLICATION {:?}", provider.kind, enrolment.provider);
            cx.checked("provisioning-provider", Some(detail));
            continue;
        }
        let base = format!("./Device/Vendor/MSFT/DMClient/Provider/{}", escape(&provider.kind));
        write(cx, enrolment, tree, &base, provider)?;
    }
    Ok(())
}

fn write(
    cx: &mut Cx<'_>,
    enrolment: &Enrolment,
    tree: &mut Tree,
    base: &str,
    node: &Characteristic,
) -> Result<(), ProvisioningError> {
    for parm in &node.parms {
        let uri = format!("{base}/{}", escape(&parm.name));
        let request = Request { verb: Verb::Replace, uri: &uri, format: None, data: parm.value.as_deref() };
        let facts = Facts {
            setup: cx.setup,
            device_id: &enrolment.device_id,
            device_name: &enrolment.device_name,
            utc: cx.utc,
        };
        let outcome = execute(tree, request, &facts);
        if !outcome.status.is_success() {
            let detail = format!("{uri} = {:?} was refused with {}", parm.value, outcome.status);
            cx.checked("provisioning-dmclient", Some(detail.clone()));
            return Err(refused(codes::MENROLL_E_PROV_CSP_DMCLIENT, detail));
        }
    }
    for child in &node.children {
        write(cx, enrolment, tree, &format!("{base}/{}", escape(&child.kind)), child)?;
    }
    Ok(())
}

/// What diagnostic tools read about an enrolment (reference: artifacts, 4; WIR-016, WIR-017).
fn record(cx: &mut Cx<'_>, enrolment: &Enrolment) {
    let key = enrolment.registry_key();
    let kind = if enrolment.entra.is_some() { 6 } else { 1 };
    cx.write_registry(&key, "ProviderId", RegistryValue::String(enrolment.provider.clone()));
    cx.write_registry(&key, "EnrollmentState", RegistryValue::Dword(1));
    cx.write_registry(&key, "EnrollmentType", RegistryValue::Dword(kind));
    if let Some(user) = &enrolment.user {
        cx.write_registry(&key, "UPN", RegistryValue::String(user.clone()));
    }
    if let Some(entra) = &enrolment.entra {
        cx.write_registry(&key, "AADTenantID", RegistryValue::String(entra.tenant.to_string()));
    }
}

/// `LocURI` of a certificate in a store of the device.
fn store_uri(store: &str, location: &str, thumbprint: &str) -> LocUri {
    LocUri::device("Vendor/MSFT/CertificateStore")
        .into_child(store)
        .into_child(location)
        .into_child(thumbprint)
}
