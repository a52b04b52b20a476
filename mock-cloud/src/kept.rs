//! What was made is kept as long as what it was made of stays the same. Not part of the saved state, and without any
//! influence on what the cloud says: debug builds make it anew each time and compare.

use std::collections::BTreeMap;
use std::fmt::Debug;
use std::sync::Arc;

/// Values by `K`, made of an `S`.
#[derive(Debug, Clone)]
pub(crate) struct Kept<S, K, V> {
    made_of: Option<S>,
    values: BTreeMap<K, V>,
}

impl<S, K, V> Default for Kept<S, K, V> {
    fn default() -> Self {
        Self { made_of: None, values: BTreeMap::new() }
    }
}

impl<S: Shared, K: Ord, V: Clone + PartialEq + Debug> Kept<S, K, V> {
    /// The value of `key` as `make` makes it of `source`, and of nothing else that changes.
    pub(crate) fn of(&mut self, source: S, key: K, make: impl Fn() -> V) -> V {
        if !self.made_of.as_ref().is_some_and(|before| before.is(&source)) {
            self.values.clear();
            self.made_of = Some(source);
        }
        if let Some(value) = self.values.get(&key) {
            debug_assert_eq!(*value, make(), "it is made of something that is not looked at");
            return value.clone();
        }
        let value = make();
        self.values.insert(key, value.clone());
        value
    }
}

/// What values are made of: held in an [`Arc`], so that whoever changes it ([`Arc::make_mut`]) gets another one while it is
/// held here too. The same place is the same content.
pub(crate) trait Shared {
    /// Whether both are one.
    fn is(&self, other: &Self) -> bool;
}

impl<T> Shared for Arc<T> {
    fn is(&self, other: &Self) -> bool {
        Self::ptr_eq(self, other)
    }
}

impl<A: Shared, B: Shared> Shared for (A, B) {
    fn is(&self, other: &Self) -> bool {
        self.0.is(&other.0) && self.1.is(&other.1)
    }
}
