//! A `deny` of what no entry allows.

use crate::diagnostic::{Diagnostic, codes};
use super::redundancy::idle_denies;
use super::{Basis, Findings, Level, Lint, Review};

pub(super) static LINT: Lint = Lint {
    code: codes::DENY_DENIES_NOTHING,
    level: Level::Warn,
    basis: Basis::WholePolicy,
    page: include_str!("../../docs/lints/deny-denies-nothing.md"),
    check,
};

fn check(review: &Review<'_>, findings: &mut Findings) {
    for grant in idle_denies(review) {
        let whom = match grant.service {
            Some(service) => format!("`{}`", review.policy.service(service).name),
            None => "any service".to_owned(),
        };
        let message = format!("`{}` denies what nothing allows", review.say(grant));
        let found = Diagnostic::warning(codes::DENY_DENIES_NOTHING, message)
            .at(grant.at, format!("no entry of {whom} reaches it"))
            .help("remove it, or keep it as a guard and say so: `lint allow deny-denies-nothing`");
        findings.report(grant.service, found);
    }
}
