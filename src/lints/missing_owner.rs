//! A service that belongs to nobody.

use crate::diagnostic::{Diagnostic, codes};
use super::{Basis, Findings, Level, Lint, Review};

pub(super) static LINT: Lint = Lint {
    code: codes::MISSING_OWNER,
    level: Level::Warn,
    basis: Basis::Entries,
    page: include_str!("../../docs/lints/missing-owner.md"),
    check,
};

fn check(review: &Review<'_>, findings: &mut Findings) {
    for (id, service) in review.services().filter(|(_, service)| service.owner.is_none()) {
        let message = format!("`{}` belongs to nobody", service.name);
        let found = Diagnostic::warning(codes::MISSING_OWNER, message)
            .at(service.at, "")
            .help("write `owner @team` in the block, or at the top of the file");
        findings.report(Some(id), found);
    }
}
