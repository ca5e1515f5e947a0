//! A `lint allow` that silences nothing, or whose time is over.

use super::{Basis, Level, Lint};
use crate::diagnostic::codes;

/// Found by [`run`](super::run) itself, which knows what was silenced.
pub(super) static LINT: Lint = Lint {
    code: codes::UNUSED_SUPPRESSION,
    level: Level::Warn,
    basis: Basis::WholePolicy,
    page: include_str!("../../docs/lints/unused-suppression.md"),
    check: |_, _| {},
};
