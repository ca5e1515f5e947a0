//! An entry that others cover, so that it decides nothing.

use crate::diagnostic::{Diagnostic, codes};
use super::redundancy::Redundant;
use super::{Basis, Findings, Level, Lint, Review};

pub(super) static LINT: Lint = Lint {
    code: codes::SHADOWED_ENTRY,
    level: Level::Warn,
    basis: Basis::Entries,
    page: include_str!("../../docs/lints/shadowed-entry.md"),
    check,
};

fn check(review: &Review<'_>, findings: &mut Findings) {
    for shadowed in review.redundant().iter().filter(|it| !it.is_duplicate()) {
        let Redundant { piece, by } = shadowed;
        let others: Vec<_> =
            by.iter().map(|other| format!("`{}`", review.say(other.grant))).collect();
        let text = review.say(piece.grant);
        let message = format!("`{text}` is covered by {}", others.join(" and "));
        let mut found = Diagnostic::warning(codes::SHADOWED_ENTRY, message)
            .at(piece.grant.at, "never decides");
        for other in by {
            found = found.at(other.grant.at, "covers it");
        }
        let found = found.help(match by.as_slice() {
            [_] => "remove it, or narrow the other entry to what is meant",
            _ => "remove it, or the others if it says better what is meant",
        });
        findings.report(piece.grant.service, found);
    }
}
