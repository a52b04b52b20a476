//! Any provisioning document is read or refused, and what was read can be written and read again.
#![no_main]

use libfuzzer_sys::fuzz_target;
use oobe_wire::wap::ProvisioningDoc;

fuzz_target!(|xml: &[u8]| {
    if let Ok(document) = ProvisioningDoc::parse(xml) {
        ProvisioningDoc::parse(document.write().as_bytes()).expect("what is written is a document");
    }
});
