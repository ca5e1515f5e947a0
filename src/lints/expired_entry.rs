//! An entry or an observation whose time is over.

use crate::diagnostic::{Diagnostic, codes};
use super::{Basis, Findings, Level, Lint, Review};

pub(super) static LINT: Lint = Lint {
    code: codes::EXPIRED_ENTRY,
    level: Level::Warn,
    basis: Basis::Entries,
    page: include_str!("../../docs/lints/expired-entry.md"),
    check,
};

fn check(review: &Review<'_>, findings: &mut Findings) {
    for grant in &review.policy.grants {
        let until = review.policy.terms(grant).until.filter(|until| *until < review.today);
        let Some(until) = until else { continue };
        let message = format!("`{}` ended on {until}", review.say(grant));
        let found = Diagnostic::warning(codes::EXPIRED_ENTRY, message)
            .at(grant.at, "no longer in force")
            .help("remove it, or set another day and say why");
        findings.report(grant.service, found);
    }
    for (id, service) in review.services() {
        let Some(until) = service.observe.filter(|until| *until < review.today) else { continue };
        let message = format!("`{}` stopped observing on {until}, and enforces", service.name);
        let found = Diagnostic::warning(codes::EXPIRED_ENTRY, message)
            .at(service.at, "")
            .help(format!("remove `observe until {until}`"));
        findings.report(Some(id), found);
    }
}
