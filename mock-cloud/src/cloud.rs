//! The cloud as its driver holds it.

use std::net::IpAddr;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use axum::Router;
use oobe_wire::time::Utc;

use crate::admin::{self, AdminAction, AdminError};
use crate::channel::{self, ChannelError, PeerCertificate};
use crate::fault::{self, ServiceFault};
use crate::journal::JournalEntry;
use crate::route;
use crate::setup::{CloudSetup, SetupError};
use crate::state::State;
use crate::store::{self, LoadError};

/// A cloud. Clones are handles to the same one; [`Cloud::fork`] makes another.
#[derive(Clone)]
pub struct Cloud {
    state: Arc<Mutex<State>>,
}

impl std::fmt::Debug for Cloud {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Cloud").field("now", &self.now()).finish_non_exhaustive()
    }
}

impl Cloud {
    /// A cloud as the setup says. Costs no key and no signature: CA certificates are shared between worlds.
    pub fn new(setup: CloudSetup) -> Result<Self, SetupError> {
        State::new(setup).map(Self::of)
    }

    fn of(state: State) -> Self {
        Self { state: Arc::new(Mutex::new(state)) }
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        // A panic in a handler leaves a state that is whole enough to look at.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Works on the state.
    pub(crate) fn with<T>(&self, work: impl FnOnce(&mut State) -> T) -> T {
        work(&mut self.lock())
    }

    /// All services. Hosts are told apart by the request's address or its Host header, paths without regard to case.
    /// Handlers never wait, so the future of a request with its whole body is ready when first polled.
    pub fn router(&self) -> Router {
        Router::new().fallback(fault::answer).with_state(self.clone())
    }

    /// Sets the cloud's UTC. The driver does so before each request; TLS reads it too.
    pub fn set_now(&self, utc: Utc) {
        self.lock().now = utc;
    }

    /// The cloud's UTC.
    pub fn now(&self) -> Utc {
        self.lock().now
    }

    /// A nonce for a channel in process. `label` says whose channel it is, e.g. the device's name.
    pub fn channel_nonce(&self, label: &str) -> [u8; 32] {
        self.lock().draw("channel-nonce", label).bytes()
    }

    /// Opens a channel in process (MOD-006): `signature` is over `nonce`, in the form that certificates carry.
    pub fn open_channel(
        &self,
        certificate_der: &[u8],
        nonce: &[u8],
        signature: &[u8],
    ) -> Result<PeerCertificate, ChannelError> {
        channel::open(&mut self.lock(), certificate_der, nonce, signature)
    }

    /// CA certificates (DER) that a TLS acceptor must accept client certificates from. The issuing CA is among them,
    /// since clients send their own certificate only.
    pub fn client_roots(&self) -> Vec<Vec<u8>> {
        let authority = self.lock().authority();
        [&authority.devices, &authority.mdm_root, &authority.mdm].map(|ca| ca.certificate.clone()).to_vec()
    }

    /// A TLS server certificate for all host names of the cloud, those in `hosts` and loopback: chain (DER, leaf first)
    /// and key (PKCS#8 DER). From a TEST ONLY root; valid from a month before the cloud's time to a year after.
    pub fn tls_identity(&self, hosts: &[&str]) -> (Vec<Vec<u8>>, Vec<u8>) {
        (self.tls_chain(hosts), self.lock().authority().tls_key.to_pkcs8_der())
    }

    /// The chain of [`Cloud::tls_identity`] without its key: what a device looks at.
    pub fn tls_chain(&self, hosts: &[&str]) -> Vec<Vec<u8>> {
        let state = self.lock();
        let authority = state.authority();
        let mut names: Vec<&str> = route::HOSTS.to_vec();
        let enrolment: Vec<String> =
            state.tenants.iter().map(|t| format!("enterpriseenrollment.{}", t.domain)).collect();
        for name in enrolment.iter().map(String::as_str).chain(hosts.iter().copied()) {
            if !names.contains(&name) && name.parse::<IpAddr>().is_err() {
                names.push(name);
            }
        }
        vec![authority.tls_server(&names, Utc::from_unix_seconds(state.now.unix_seconds()))]
    }

    /// The root (DER) of [`Cloud::tls_identity`]: what a device has to trust.
    pub fn tls_root(&self) -> Vec<u8> {
        self.lock().authority().tls_root.certificate.clone()
    }

    /// Everything that was decided since the last call, in order.
    pub fn drain_journal(&self) -> Vec<JournalEntry> {
        self.lock().journal.drain()
    }

    /// Another cloud in the same state: what happens to one does not happen to the other.
    #[must_use]
    pub fn fork(&self) -> Self {
        Self::of(self.lock().clone())
    }

    /// The whole state as a versioned value ([`crate::STATE_VERSION`]). Holds passwords and session keys in the clear.
    pub fn save(&self) -> serde_json::Value {
        store::save(&self.lock())
    }

    /// A cloud from a saved state.
    pub fn load(saved: serde_json::Value) -> Result<Self, LoadError> {
        store::load(saved).map(Self::of)
    }

    /// Has the administrator do something. Tells what was done, in words.
    pub fn administer(&self, action: AdminAction) -> Result<String, AdminError> {
        admin::administer(&mut self.lock(), action)
    }

    /// Has a service misbehave, from its next matching request on.
    pub fn inject(&self, fault: ServiceFault) {
        self.inject_as("fault", fault);
    }

    /// The same for a fault that has a name: the journal calls it by it when it strikes.
    pub fn inject_as(&self, name: impl Into<String>, fault: ServiceFault) {
        fault::arm(&mut self.lock(), name.into(), fault);
    }

    /// Names of the faults that were injected and have not struck yet.
    pub fn unused_faults(&self) -> Vec<String> {
        fault::unused(&self.lock())
    }
}
