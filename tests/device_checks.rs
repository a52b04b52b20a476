//! Every check that the device makes on what a peer sends has a negative test named after it: the peer really does
//! that one thing wrong, the check catches it, what follows is what the documents say, and nothing of it is kept.

#[path = "device_checks/complete.rs"]
mod complete;
#[path = "device_checks/content.rs"]
mod content;
#[path = "device_checks/edit.rs"]
mod edit;
#[path = "device_checks/enrol.rs"]
mod enrol;
#[path = "device_checks/harness.rs"]
mod harness;
#[path = "device_checks/join.rs"]
mod join;
#[path = "device_checks/session.rs"]
mod session;
#[path = "device_checks/sign_in.rs"]
mod sign_in;
#[path = "device_checks/sign_on.rs"]
mod sign_on;
