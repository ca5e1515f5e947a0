//! A service that reaches nothing.

use std::collections::BTreeSet;

use crate::diagnostic::{Diagnostic, codes};
use crate::policy::Action;
use super::{Basis, Findings, Level, Lint, Review};

pub(super) static LINT: Lint = Lint {
    code: codes::EMPTY_SERVICE,
    level: Level::Warn,
    basis: Basis::WholePolicy,
    page: include_str!("../../docs/lints/empty-service.md"),
    check,
};

fn check(review: &Review<'_>, findings: &mut Findings) {
    let allowed: BTreeSet<_> =
        review.entries(Action::Allow).filter_map(|(_, grant, _)| grant.service).collect();
    for (id, service) in review.services().filter(|(id, _)| !allowed.contains(id)) {
        let found = Diagnostic::warning(
            codes::EMPTY_SERVICE,
            format!("`{}` reaches nothing", service.name),
        )
        .at(service.at, "no entry of it is in force")
        .help("remove the block: what has no service is denied, too, and logged as unknown");
        findings.report(Some(id), found);
    }
}
