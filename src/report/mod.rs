//! Reports: what a run looks like to people and to programs. All of them read the trace and nothing else.

mod human;
mod junit;
mod layout;
mod paint;
mod story;
mod summary;
#[cfg(test)]
mod tests;
mod words;

pub use human::{ending, failures, heading, result_line, unused};
pub use junit::junit;
pub use story::{Detail, Narrator};
pub use summary::{Broken, Counts, RestsOn, Summary, unused_of};

pub(crate) use layout::{Layout, terminal_width};
pub(crate) use paint::{Tone, paint};
pub(crate) use words::{came_to_nothing, json_line, push};
