//! Objects: public and sensitive areas, names, attributes, wrapping, derivation (part 1, "Object Structure Elements").

pub mod checks;
pub mod create;
pub mod protection;
pub mod public;
pub mod scheme;
pub mod secret;
pub mod sensitive;
pub mod ticket;

pub use public::{Parameters, Public, Unique};
pub use scheme::{Scheme, SymDef};
pub use sensitive::Sensitive;

use crate::params::wire_serde;
use serde::{Deserialize, Serialize};
use tpm2_protocol::data::{TpmAlgId, TpmRh, TpmaObject};

/// A loaded object, transient or persistent.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Object {
    /// The public area.
    pub public: Public,
    /// The sensitive area; `None` when only the public part is loaded.
    pub sensitive: Option<Sensitive>,
    /// The Name; empty when `nameAlg` is TPM_ALG_NULL.
    pub name: Vec<u8>,
    /// The Qualified Name (part 1, "Qualified Name"): digest over the parent's and its own Name.
    pub qualified_name: Vec<u8>,
    /// The hierarchy it is in: owner, platform, endorsement or null.
    #[serde(with = "wire_serde")]
    pub hierarchy: TpmRh,
    /// Loaded with TPM2_LoadExternal: no parent, so no object that is protected by its hierarchy's proof.
    pub external: bool,
    /// It or an ancestor has stClear: it does not survive TPM Reset and TPM Restart, saved contexts included.
    pub st_clear: bool,
}

impl Object {
    /// The object's type.
    pub fn object_type(&self) -> TpmAlgId {
        self.public.parameters.alg()
    }

    /// Whether all of `attributes` are SET.
    pub fn has(&self, attributes: TpmaObject) -> bool {
        self.public.has(attributes)
    }

    /// The authorisation value; empty for a public area alone.
    pub fn auth_value(&self) -> &[u8] {
        self.sensitive.as_ref().map_or(&[], |sensitive| &sensitive.auth_value)
    }

    /// A parent that can wrap or derive children: attributes and a sensitive area, and not an external object.
    pub fn is_parent(&self) -> bool {
        self.public.is_parent() && self.sensitive.is_some() && !self.external
    }
}
