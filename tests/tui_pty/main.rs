//! `oobe tui` and `oobe demo` as a person meets them: the real program in a pseudo-terminal, passwords that are really
//! typed, a code that is really scanned, the desktop, and a terminal that is as it was before.

#![cfg(unix)]

mod demo;
mod scan;
mod self_deploying;
mod session;
mod technician;
mod user_driven;
