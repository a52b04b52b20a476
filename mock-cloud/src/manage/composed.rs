//! Orders are composed once: every message asks for them, and what they are made of seldom changes. Not part of the
//! saved state, and without any influence on what the server says.

use std::collections::BTreeMap;
use std::sync::Arc;

use oobe_wire::ids::Guid;

use super::compose;
use super::enrolment::{Enrolment, Materials};
use super::orders::{Order, Stage};
use crate::directory::Assigned;

/// Orders of one stage.
pub(super) type Orders = Arc<[Arc<Order>]>;

/// Orders of an enrolment that were composed before, and what they were made of.
#[derive(Debug, Clone, Default)]
pub(crate) struct Composed {
    made_of: Option<(Arc<Assigned>, Arc<Materials>)>,
    stages: BTreeMap<(Option<Guid>, Stage), Orders>,
}

impl Composed {
    /// Orders of one stage, for the device or a user of it.
    pub(super) fn orders(
        &mut self,
        stage: Stage,
        seed: u64,
        assigned: &Arc<Assigned>,
        enrolment: &Enrolment,
        user: Option<Guid>,
    ) -> Orders {
        let compose = || -> Orders {
            let orders = match user {
                None => compose::device_orders(stage, seed, assigned, enrolment),
                Some(user) => compose::user_orders(stage, seed, assigned, enrolment, user),
            };
            orders.into_iter().map(Arc::new).collect()
        };
        // The one stage that goes by how other orders stand.
        if stage == Stage::Look {
            return compose();
        }
        // What is held here is never changed in place, only replaced: the same place is the same content.
        let same = self.made_of.as_ref().is_some_and(|(before, material)| {
            Arc::ptr_eq(before, assigned) && Arc::ptr_eq(material, &enrolment.material)
        });
        if !same {
            self.stages.clear();
            self.made_of = Some((Arc::clone(assigned), Arc::clone(&enrolment.material)));
        }
        if let Some(orders) = self.stages.get(&(user, stage)) {
            debug_assert_eq!(*orders, compose(), "{stage:?} is made of something that is not looked at");
            return Arc::clone(orders);
        }
        let orders = compose();
        self.stages.insert((user, stage), Arc::clone(&orders));
        orders
    }
}
