//! A wildcard over names that a provider gives to its customers, and that are no public suffixes.

use crate::diagnostic::{Diagnostic, codes};
use crate::policy::pattern::Pattern;
use super::tenants::Tenant;
use super::{Basis, Findings, Level, Lint, Review};

pub(super) static LINT: Lint = Lint {
    code: codes::WILDCARD_ON_TENANT_PARENT,
    level: Level::Deny,
    basis: Basis::Entries,
    page: include_str!("../../docs/lints/wildcard-on-tenant-parent.md"),
    check,
};

fn check(review: &Review<'_>, findings: &mut Findings) {
    for named in review.allowed_names() {
        let (parent, is_deep) = match named.pattern {
            Pattern::Exact(_) => continue,
            Pattern::OneLabel { parent, .. } => (parent, false),
            Pattern::Below(parent) => (parent, true),
        };
        let tenants = Tenant::near(parent).iter();
        let mut met = tenants.filter(|it| it.is(parent) || is_deep && it.lies_below(parent));
        let Some(tenant) = met.next() else { continue };
        // Where the public suffix list knows better, its own lints speak.
        let suffixes = review.suffixes;
        if suffixes.contains(parent) || is_deep && suffixes.below(parent).next().is_some() {
            continue;
        }
        let message = format!("`{}` covers names of other customers", named.written());
        let found = Diagnostic::warning(codes::WILDCARD_ON_TENANT_PARENT, message);
        let text = format!("`{}` holds {}", tenant.name, tenant.what);
        let help = format!("name what is yours: `your-name.{parent}`");
        findings.report(named.grant.service, named.here(found, &text).help(help));
    }
}
