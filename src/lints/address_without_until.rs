//! An `allow` of an address that never ends.

use crate::diagnostic::{Diagnostic, codes};
use crate::policy::{Action, Destination};
use super::{Basis, Findings, Level, Lint, Review};

pub(super) static LINT: Lint = Lint {
    code: codes::ADDRESS_WITHOUT_UNTIL,
    level: Level::Warn,
    basis: Basis::Entries,
    page: include_str!("../../docs/lints/address-without-until.md"),
    check,
};

fn check(review: &Review<'_>, findings: &mut Findings) {
    for (_, grant, terms) in review.entries(Action::Allow) {
        let Some(destination) = grant.destination.first() else { continue };
        let is_meant = matches!(destination, Destination::Addresses(_));
        if terms.until.is_some() || !is_meant {
            continue;
        }
        let message = format!("`{}` is an address and never ends", grant.written());
        let found = Diagnostic::warning(codes::ADDRESS_WITHOUT_UNTIL, message)
            .at(grant.at, "")
            .help("add `until` with the day on which somebody asks whose address it is by then");
        findings.report(grant.service, found);
    }
}
