//! Entries compare and hash by their id, so that a state may hold them.

use std::cmp::Ordering;
use std::hash::{Hash, Hasher};

use crate::codes::ResultCode;
use crate::events::Event;
use crate::rules::Rule;
use crate::screens::ScreenFact;

macro_rules! by_id {
    ($($entry:ty, $id:ident);+) => {$(
        impl Hash for $entry {
            fn hash<H: Hasher>(&self, state: &mut H) {
                self.$id.hash(state);
            }
        }

        impl PartialEq for $entry {
            fn eq(&self, other: &Self) -> bool {
                self.$id == other.$id
            }
        }

        impl Eq for $entry {}

        impl PartialOrd for $entry {
            fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
                Some(self.cmp(other))
            }
        }

        impl Ord for $entry {
            fn cmp(&self, other: &Self) -> Ordering {
                self.$id.cmp(other.$id)
            }
        }
    )+};
}

by_id!(ResultCode, id; Event, name; Rule, id; ScreenFact, id);
