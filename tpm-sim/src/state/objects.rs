//! Transient and persistent objects, and sequences (part 1, "Handles", "Object Contexts").

use super::limits::MAX_LOADED_OBJECTS;
use crate::commands::sequence::Sequence;
use crate::object::Object;
use crate::rc::Rc;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::sync::Arc;
use tpm2_protocol::data::TpmRh;

/// First transient handle (TRANSIENT_FIRST).
pub const TRANSIENT_FIRST: u32 = 0x8000_0000;
/// First persistent handle (PERSISTENT_FIRST).
pub const PERSISTENT_FIRST: u32 = 0x8100_0000;
/// First persistent handle of the platform (PLATFORM_PERSISTENT).
pub const PLATFORM_PERSISTENT: u32 = 0x8180_0000;
/// Last persistent handle.
pub const PERSISTENT_LAST: u32 = 0x81ff_ffff;

/// What a transient handle stands for.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub enum Transient {
    /// An object.
    Object(Arc<Object>),
    /// A hash, HMAC or event sequence.
    Sequence(Box<Sequence>),
}

impl Transient {
    /// Whether it is an object of a hierarchy; sequences are of none.
    pub fn is_in(&self, hierarchy: TpmRh) -> bool {
        matches!(self, Self::Object(object) if object.hierarchy == hierarchy)
    }
}

/// All objects of a TPM.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
pub struct Objects {
    /// By handle.
    pub transient: BTreeMap<u32, Transient>,
    /// By handle.
    pub persistent: BTreeMap<u32, Arc<Object>>,
}

impl Objects {
    /// The handle that the next transient object will have: TPM_RC_OBJECT_MEMORY when all slots are taken.
    pub fn free_handle(&self) -> Result<u32, Rc> {
        let slots = u32::try_from(MAX_LOADED_OBJECTS).expect("there are few slots");
        (TRANSIENT_FIRST..TRANSIENT_FIRST + slots)
            .find(|handle| !self.transient.contains_key(handle))
            .ok_or(Rc::OBJECT_MEMORY)
    }

    /// Loads an object into the slot of [`Objects::free_handle`], and gives its handle.
    pub fn load(&mut self, object: Object) -> Result<u32, Rc> {
        let handle = self.free_handle()?;
        self.transient.insert(handle, Transient::Object(Arc::new(object)));
        Ok(handle)
    }

    /// Loads a sequence, and gives its handle.
    pub fn load_sequence(&mut self, sequence: Sequence) -> Result<u32, Rc> {
        let handle = self.free_handle()?;
        self.transient.insert(handle, Transient::Sequence(Box::new(sequence)));
        Ok(handle)
    }

    /// The object of a transient or persistent handle; `None` for sequences and for what is not there.
    pub fn object(&self, handle: u32) -> Option<&Arc<Object>> {
        match self.transient.get(&handle) {
            Some(Transient::Object(object)) => Some(object),
            Some(Transient::Sequence(_)) => None,
            None => self.persistent.get(&handle),
        }
    }

    /// The sequence of a transient handle.
    pub fn sequence(&self, handle: u32) -> Option<&Sequence> {
        match self.transient.get(&handle) {
            Some(Transient::Sequence(sequence)) => Some(sequence),
            _ => None,
        }
    }

    /// The same, to change it.
    pub fn sequence_mut(&mut self, handle: u32) -> Option<&mut Sequence> {
        match self.transient.get_mut(&handle) {
            Some(Transient::Sequence(sequence)) => Some(sequence),
            _ => None,
        }
    }
}
