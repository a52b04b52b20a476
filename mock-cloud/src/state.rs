//! Everything the cloud knows. One value: it can be cloned, saved, and read back.

use std::collections::BTreeMap;

use oobe_wire::crypto::KeyKind;
use oobe_wire::ids::Guid;
use oobe_wire::rng::Stream;
use oobe_wire::time::Utc;
use oobe_wire::x509::{ChainError, ParsedCertificate};
use serde::{Deserialize, Serialize};

use crate::attestation::Attestation;
use crate::authority::Authority;
use crate::autopilot::Ticket;
use crate::directory::{Device, Tenant};
use crate::entra::Grants;
use crate::fault::ArmedFault;
use crate::journal::Journal;
use crate::manage::Enrolment;
use crate::mdm::Acceptance;
use crate::proved::{Issuer, Proved};
use crate::setup::{CloudSetup, SetupError};
use crate::sidecar::Listed;

/// The whole state.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct State {
    pub(crate) seed: u64,
    pub(crate) keys: KeyKind,
    pub(crate) as_of: (i16, i8, i8),
    pub(crate) now: Utc,
    pub(crate) tenants: Vec<Tenant>,
    /// Device objects of all tenants, by device id.
    pub(crate) devices: BTreeMap<Guid, Device>,
    /// Device tickets, by their text.
    pub(crate) tickets: BTreeMap<String, Ticket>,
    /// Nonces, codes and refresh tokens of Entra ID.
    pub(crate) grants: Grants,
    /// Accepted terms of use, by the blob that says so.
    pub(crate) acceptances: BTreeMap<String, Acceptance>,
    /// Enrolments, by MDM device id (lower case).
    pub(crate) enrolments: BTreeMap<String, Enrolment>,
    /// What the attestation service trusts, and what is under way there.
    #[serde(default)]
    pub(crate) attestation: Attestation,
    pub(crate) faults: Vec<ArmedFault>,
    pub(crate) journal: Journal,
    /// Signatures that held before.
    #[serde(skip)]
    pub(crate) proved: Proved,
    /// Lists of apps that were packed before.
    #[serde(skip)]
    pub(crate) listed: Listed,
    /// How many streams were drawn for the same purpose and subject at the same instant.
    draws: BTreeMap<String, (Utc, u32)>,
}

impl State {
    pub(crate) fn new(setup: CloudSetup) -> Result<Self, SetupError> {
        let mut state = Self {
            seed: setup.seed,
            keys: setup.keys,
            as_of: setup.as_of,
            now: setup.epoch,
            tenants: Vec::with_capacity(setup.tenants.len()),
            devices: BTreeMap::new(),
            tickets: BTreeMap::new(),
            grants: Grants::default(),
            acceptances: BTreeMap::new(),
            enrolments: BTreeMap::new(),
            attestation: Attestation::new(setup.attestation)?,
            faults: Vec::new(),
            journal: Journal::default(),
            proved: Proved::default(),
            listed: Listed::default(),
            draws: BTreeMap::new(),
        };
        for tenant in setup.tenants {
            let tenant = Tenant::new(setup.seed, tenant)?;
            let same = |t: &Tenant| t.id == tenant.id || t.domain.eq_ignore_ascii_case(&tenant.domain);
            if state.tenants.iter().any(same) {
                return Err(SetupError::DuplicateTenant(tenant.domain));
            }
            for registration in &tenant.registrations {
                let device = Device::precreated(tenant.id, registration);
                state.devices.insert(device.id, device);
            }
            state.tenants.push(tenant);
        }
        Ok(state)
    }

    /// The cloud's authorities.
    pub(crate) fn authority(&self) -> &'static Authority {
        Authority::of(self.keys)
    }

    /// A stream of chance for one use. `subject` says whose use it is (a device, a user), so that what one device gets
    /// does not depend on how many others there are; time and a number tell uses of the same subject apart.
    pub(crate) fn draw(&mut self, purpose: &str, subject: &str) -> Stream {
        let now = self.now;
        let entry = self.draws.entry(format!("{purpose}\u{1f}{subject}")).or_insert((now, 0));
        if entry.0 != now {
            *entry = (now, 0);
        }
        let turn = entry.1;
        entry.1 += 1;
        let (time, turn) = (now.0.to_string(), turn.to_string());
        Stream::new(self.seed, &["cloud", purpose, subject, &time, &turn])
    }

    /// Whether a client certificate leads to that authority and is valid now.
    pub(crate) fn verify_chain(
        &mut self,
        issuer: Issuer,
        certificate: &ParsedCertificate,
    ) -> Result<(), ChainError> {
        let (authority, now) = (self.authority(), self.now);
        self.proved.chain(issuer, certificate, now, || match issuer {
            Issuer::Devices => authority.verify_device(&certificate.der, now),
            Issuer::Mdm => authority.verify_mdm(&certificate.der, now),
            Issuer::Aik => authority.verify_aik(&certificate.der, now),
        })
    }

    /// A tenant by its id or domain.
    pub(crate) fn tenant(&self, name: &str) -> Option<&Tenant> {
        let id = name.parse::<Guid>().ok();
        self.tenants.iter().find(|t| Some(t.id) == id || t.domain.eq_ignore_ascii_case(name))
    }

    /// A tenant by its id.
    pub(crate) fn tenant_by_id(&self, id: Guid) -> Option<&Tenant> {
        self.tenants.iter().find(|t| t.id == id)
    }

    /// A tenant by its id, to change it.
    pub(crate) fn tenant_mut(&mut self, id: Guid) -> Option<&mut Tenant> {
        self.tenants.iter_mut().find(|t| t.id == id)
    }
}
