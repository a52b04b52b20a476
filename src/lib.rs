//! The program: scenario files, the world that runs them, traces, expectations, reports and the command line.

pub mod certificates;
pub mod cli;
pub mod enroll;
pub mod exit;
pub mod expect;
pub mod report;
pub mod scenario;
pub mod schema;
pub mod trace;
pub mod tui;
pub mod world;
