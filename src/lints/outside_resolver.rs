//! A resolver that answers over HTTPS or TLS, past the resolver of the VPC.

use crate::diagnostic::{Diagnostic, codes};
use super::tenants::Kind;
use super::{Basis, Findings, Level, Lint, Review};

pub(super) static LINT: Lint = Lint {
    code: codes::OUTSIDE_RESOLVER,
    level: Level::Warn,
    basis: Basis::Entries,
    page: include_str!("../../docs/lints/outside-resolver.md"),
    check,
};

fn check(review: &Review<'_>, findings: &mut Findings) {
    for (named, risk) in review.risky_names(|kind| matches!(kind, Kind::Resolver)) {
        let message = format!("`{}` resolves names past the resolver of the VPC", named.written());
        let found = Diagnostic::warning(codes::OUTSIDE_RESOLVER, message);
        let found = named.here(found, &format!("`{}` is {}", risk.name, risk.what));
        let help = "remove it; clients in the VPC ask its own resolver, whose queries are logged and filtered";
        findings.report(named.grant.service, found.help(help));
    }
}
