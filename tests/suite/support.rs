//! What several test modules share.

pub(crate) mod client;
pub(crate) mod emulator;
pub(crate) mod engine;
pub(crate) mod fake;
pub(crate) mod random;
pub(crate) mod table;
pub(crate) mod traffic;
