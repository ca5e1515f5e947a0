//! An `allow` that a `deny` covers.

use crate::diagnostic::{Diagnostic, codes};
use super::redundancy::{Redundant, denied};
use super::{Basis, Findings, Level, Lint, Review};

pub(super) static LINT: Lint = Lint {
    code: codes::ENTRY_NEVER_IN_FORCE,
    level: Level::Warn,
    basis: Basis::Entries,
    page: include_str!("../../docs/lints/entry-never-in-force.md"),
    check,
};

fn check(review: &Review<'_>, findings: &mut Findings) {
    for Redundant { piece, by } in denied(review) {
        let others: Vec<_> =
            by.iter().map(|other| format!("`{}`", review.say(other.grant))).collect();
        let text = review.say(piece.grant);
        let message = format!("`{text}` opens nothing: {} closes it", others.join(" and "));
        let mut found = Diagnostic::warning(codes::ENTRY_NEVER_IN_FORCE, message)
            .at(piece.grant.at, "never in force");
        for other in by {
            found = found.at(other.grant.at, "a deny wins, wherever it stands");
        }
        let found = found.help("remove the entry, or make an exception of the deny: `except`");
        findings.report(piece.grant.service, found);
    }
}
