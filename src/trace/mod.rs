//! Traces: everything that was observed in a run, as JSON lines (docs/trace-format.md).

pub mod diff;
pub mod mask;
pub mod read;
pub mod record;
mod whole;
pub mod write;

pub use diff::{Diff, diff};
pub use mask::Mask;
pub use read::{Line, Trace, TraceError};
pub use record::{Record, TRACE_VERSION, TraceHeader, What};
pub use whole::Whole;
pub use write::{Hasher, TraceFile};
