//! Everything that is tested from outside the crate, in one binary that links once.

#![allow(
    clippy::indexing_slicing,
    clippy::panic,
    clippy::string_slice,
    clippy::unwrap_used,
    reason = "a test that panics has failed"
)]

mod allocations;
mod allowlists;
mod analysis;
mod architecture;
mod cli;
mod corpus;
#[cfg(feature = "aws")]
mod delivery;
mod deploy;
mod docs;
mod editor;
mod emit;
mod emulator;
mod engine;
mod forms;
mod laws;
mod lints;
#[cfg(feature = "lsp")]
mod lsp;
mod matcher;
mod model;
mod project;
mod pushes;
mod readback;
mod render;
mod support;
mod terminal;
mod terraform;
mod twins;
mod verdicts;
mod verify;
