//! Two entries that say the same.

use crate::diagnostic::{Diagnostic, codes};
use crate::policy::Terms;
use super::{Basis, Findings, Level, Lint, Review};

pub(super) static LINT: Lint = Lint {
    code: codes::DUPLICATE_ENTRY,
    level: Level::Warn,
    basis: Basis::Entries,
    page: include_str!("../../docs/lints/duplicate-entry.md"),
    check,
};

fn check(review: &Review<'_>, findings: &mut Findings) {
    for duplicate in review.redundant().iter().filter(|it| it.is_duplicate()) {
        let Some(first) = duplicate.by.first() else { continue };
        let piece = &duplicate.piece;
        let message = format!("`{}` is said twice", review.say(piece.grant));
        let mut found = Diagnostic::warning(codes::DUPLICATE_ENTRY, message)
            .at(piece.grant.at, "")
            .at(first.grant.at, "says the same");
        if says_the_same(piece.terms, first.terms) {
            found.fix = review.removal(piece.grant.at);
        } else {
            found = found.note("they differ in reason, owner or end");
        }
        if found.fix.is_none() {
            found = found.help("keep the one whose reason is right");
        }
        findings.report(piece.grant.service, found);
    }
}

/// Whether nothing is lost with one of the two.
fn says_the_same(one: &Terms, other: &Terms) -> bool {
    let said = |terms: &Terms| {
        let Terms { ticket, reason, owner, until, .. } = terms;
        (ticket.clone(), reason.clone(), owner.clone(), *until)
    };
    said(one) == said(other)
}
