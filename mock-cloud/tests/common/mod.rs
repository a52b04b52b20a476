//! A client for tests: what a device does, by hand, with every knob in reach.
#![allow(dead_code, unreachable_pub, reason = "each test file uses its own part of this module")]

pub mod device;
pub mod gateway;
pub mod http;
pub mod session;
pub mod setup;
pub mod steps;
pub mod tpm;

use oobe_mock_cloud::{Check, Cloud, JournalEntry};

/// The one entry that says that `check` failed.
#[track_caller]
pub fn refused(cloud: &Cloud, check: Check) -> JournalEntry {
    let journal = cloud.drain_journal();
    let found = journal.iter().find(|e| e.what == check.name && e.service == check.service && !e.ok);
    found.cloned().unwrap_or_else(|| panic!("{} did not fail: {journal:#?}", check.name))
}

/// No check failed.
#[track_caller]
pub fn nothing_refused(cloud: &Cloud) -> Vec<JournalEntry> {
    let journal = cloud.drain_journal();
    if let Some(entry) = journal.iter().find(|e| !e.ok) {
        panic!("{entry:#?} in {journal:#?}");
    }
    journal
}

/// Whether something was told.
pub fn told(journal: &[JournalEntry], what: &str) -> bool {
    journal.iter().any(|e| e.what == what)
}
