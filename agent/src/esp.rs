//! The Enrollment Status Page: what it waits for, where each row stands, and how it ends.

mod page;
pub mod preparation;

pub use page::{EspPage, Phase, PhaseState, PhaseView, RowState, RowView, Text};
pub use preparation::Step;
