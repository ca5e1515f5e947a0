//! A name or code that is no lint's, in a `lint allow` or in the project file.

use super::{Basis, Level, Lint};
use crate::diagnostic::codes;

/// Found by [`run`](super::run) itself, which looks every word up.
pub(super) static LINT: Lint = Lint {
    code: codes::UNKNOWN_LINT,
    level: Level::Deny,
    basis: Basis::WholePolicy,
    page: include_str!("../../docs/lints/unknown-lint.md"),
    check: |_, _| {},
};
