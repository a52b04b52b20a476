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

use crate::crypto::HashAlg;
use crate::params::{marshal, wire_serde};
use crate::state::check::{Checked, check_auth, must};
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

    /// Whether it is such as TPM2_Load lets be: its public area reads back, its Name is that area's, its two areas belong
    /// together.
    pub(crate) fn check(&self) -> Checked {
        use TpmRh::{Endorsement, Null, Owner, Platform};
        must(
            matches!(self.hierarchy, Owner | Platform | Endorsement | Null),
            "an object is in no hierarchy",
        )?;
        let sizes = [self.public.auth_policy.len(), self.public.unique.size()];
        must(
            sizes.iter().all(|size| *size <= public::MAX_RSA_KEY_BYTES),
            "an object's public area is larger than any",
        )?;
        let wire = marshal(&self.public);
        let mut rest = wire.as_slice();
        let read = Public::read(&mut rest, true);
        must(
            read.as_ref() == Ok(&self.public) && rest.is_empty(),
            "an object's public area does not read back",
        )?;
        must(self.name == self.public.name(), "an object has the Name of another")?;
        must(
            self.qualified_name.len() <= 2 + HashAlg::MAX_SIZE,
            "an object's Qualified Name is longer than any",
        )?;
        if let Some(sensitive) = &self.sensitive {
            check_auth(&sensitive.auth_value)?;
            must(sensitive.seed_value.len() <= HashAlg::MAX_SIZE, "an object's seed is longer than any")?;
        }
        let sensitive = self.sensitive.clone().map(|sensitive| (self.object_type(), sensitive));
        checks::keys(&self.public, sensitive.as_ref(), checks::Binding::Checked)
            .map_err(|_| "an object's public and sensitive areas do not belong together")
    }

    /// A parent that can wrap or derive children: attributes and a sensitive area, and not an external object.
    pub fn is_parent(&self) -> bool {
        self.public.is_parent() && self.sensitive.is_some() && !self.external
    }
}
