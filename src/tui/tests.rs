//! Tests of the terminal, from hand-built records: no device and no cloud take part.

mod fake;
mod keys;
mod main_scenario;
mod model;
mod play;
mod scan;
mod screens;
mod snapshots;
mod terminal;
