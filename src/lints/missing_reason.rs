//! An entry that does not say why.

use crate::diagnostic::{Diagnostic, codes};
use super::{Basis, Findings, Level, Lint, Review};

pub(super) static LINT: Lint = Lint {
    code: codes::MISSING_REASON,
    level: Level::Warn,
    basis: Basis::Entries,
    page: include_str!("../../docs/lints/missing-reason.md"),
    check,
};

fn check(review: &Review<'_>, findings: &mut Findings) {
    for grant in &review.policy.grants {
        if review.policy.terms(grant).reason.is_some() {
            continue;
        }
        let message = format!("`{}` does not say why", review.say(grant));
        let found = Diagnostic::warning(codes::MISSING_REASON, message)
            .at(grant.at, "")
            .help("add `because TICKET \"what for\"`, here or on the `use` of its set");
        findings.report(grant.service, found);
    }
}
