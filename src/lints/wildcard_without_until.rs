//! An `allow` of a wildcard that never ends.

use crate::diagnostic::{Diagnostic, codes};
use crate::policy::pattern::Pattern;
use crate::policy::{Action, Destination};
use super::{Basis, Findings, Level, Lint, Review};

pub(super) static LINT: Lint = Lint {
    code: codes::WILDCARD_WITHOUT_UNTIL,
    level: Level::Warn,
    basis: Basis::Entries,
    page: include_str!("../../docs/lints/wildcard-without-until.md"),
    check,
};

fn check(review: &Review<'_>, findings: &mut Findings) {
    for (_, grant, terms) in review.entries(Action::Allow) {
        let Some(destination) = grant.destination.first() else { continue };
        let is_meant = matches!(destination, Destination::Names(pattern) if !matches!(pattern, Pattern::Exact(_)));
        if terms.until.is_some() || !is_meant {
            continue;
        }
        let message = format!("`{}` is a wildcard and never ends", grant.written());
        let found = Diagnostic::warning(codes::WILDCARD_WITHOUT_UNTIL, message)
            .at(grant.at, "")
            .help("add `until` with the day on which somebody looks at what it covers");
        findings.report(grant.service, found);
    }
}
