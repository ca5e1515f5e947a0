//! An entry or an observation that ends within 30 days.

use jiff::Span;
use jiff::civil::Date;

use crate::diagnostic::{Diagnostic, codes};
use super::{Basis, Findings, Level, Lint, Review};

pub(super) static LINT: Lint = Lint {
    code: codes::EXPIRING_SOON,
    level: Level::Warn,
    basis: Basis::Entries,
    page: include_str!("../../docs/lints/expiring-soon.md"),
    check,
};

/// How many days before the end somebody should know.
const NOTICE: i64 = 30;

fn check(review: &Review<'_>, findings: &mut Findings) {
    let Ok(last) = review.today.checked_add(Span::new().days(NOTICE)) else { return };
    let soon = |until: Option<Date>| until.filter(|it| (review.today..=last).contains(it));
    for grant in &review.policy.grants {
        let Some(until) = soon(review.policy.terms(grant).until) else { continue };
        let message = format!("`{}` ends on {until}", review.say(grant));
        let found = Diagnostic::warning(codes::EXPIRING_SOON, message)
            .at(grant.at, "refused from the day after")
            .help("remove it, or set another day and say why");
        findings.report(grant.service, found);
    }
    for (id, service) in review.services() {
        let Some(until) = soon(service.observe) else { continue };
        let message = format!("`{}` observes until {until}, and enforces then", service.name);
        let found = Diagnostic::warning(codes::EXPIRING_SOON, message)
            .at(service.at, "")
            .help("look at what it logs as would-deny, and allow what is missing");
        findings.report(Some(id), found);
    }
}
