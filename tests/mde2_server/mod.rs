//! A small MDM server for tests: MS-MDE2 enrolment (OnPremise) and SyncML 1.2 sessions over TLS on loopback.
//!
//! It was written from `reference/protocols.md` (B, C, D, G) and the rules WIR-*, ESS-*, ESU-* alone, and shares no
//! code with `oobe-wire`, `oobe-mock-cloud` or `oobe-agent`: when the device gets on with it, two independent
//! readings of the specification have met. It is strict about what real servers match in raw text and it has, on
//! purpose, the odd habits that real servers have.
//!
//! * [`Server::start`] with a [`Plan`] gives a running server; dropping it stops it.
//! * [`Plan::release`] chooses how it lets the device go, [`Plan::trouble`] what it does wrong.
//! * [`Server::ledger`] is everything it saw. Whatever a real server stumbles over, but this one could live with, is
//!   a remark: `ledger.remarks()`.

pub(crate) mod asn1;
pub(crate) mod devices;
pub(crate) mod discovery;
pub(crate) mod enrol;
pub(crate) mod esp;
pub(crate) mod fault;
pub(crate) mod http;
pub(crate) mod listen;
pub(crate) mod manage;
pub(crate) mod pki;
pub(crate) mod plan;
pub(crate) mod policy;
pub(crate) mod provisioning;
pub(crate) mod raw;
pub(crate) mod route;
pub(crate) mod run;
pub(crate) mod seen;
mod smoke;
pub(crate) mod soap;
pub(crate) mod syncml;
pub(crate) mod trace;
pub(crate) mod windows;
pub(crate) mod xml;

pub(crate) use listen::Server;
pub(crate) use plan::{Plan, Release, Step, Trouble};
