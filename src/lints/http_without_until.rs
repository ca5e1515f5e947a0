//! An `allow` of plain HTTP that never ends.

use crate::diagnostic::{Diagnostic, codes};
use crate::policy::port::Protocol;
use crate::policy::{Action, Reach};
use super::{Basis, Findings, Level, Lint, Review};

pub(super) static LINT: Lint = Lint {
    code: codes::HTTP_WITHOUT_UNTIL,
    level: Level::Warn,
    basis: Basis::Entries,
    page: include_str!("../../docs/lints/http-without-until.md"),
    check,
};

fn check(review: &Review<'_>, findings: &mut Findings) {
    for (_, grant, terms) in review.entries(Action::Allow) {
        if terms.until.is_some() || !matches!(terms.reach, Reach::Protocol(Protocol::Http, _)) {
            continue;
        }
        let message = format!("`{}` is plain HTTP and never ends", grant.written());
        let found = Diagnostic::warning(codes::HTTP_WITHOUT_UNTIL, message)
            .at(grant.at, "")
            .help("add `until` with the day on which somebody asks for HTTPS again");
        findings.report(grant.service, found);
    }
}
