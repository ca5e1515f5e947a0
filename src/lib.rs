//! fwc: egress as code.
//!
//! The library is pure: no files, no clock, no network, no terminal, no environment. The shell in
//! `main.rs` does what touches the world.

pub mod diagnostic;
pub mod emit;
pub mod load;
pub mod policy;
pub mod project;
pub mod source;
pub mod suricata;
pub mod syntax;
