//! A wildcard directly below a public suffix, where anybody can have a name.

use super::{Basis, Findings, Level, Lint, Review};
use crate::diagnostic::{Diagnostic, codes};
use crate::policy::pattern::Pattern;

pub(super) static LINT: Lint = Lint {
    code: codes::WILDCARD_ON_PUBLIC_SUFFIX,
    level: Level::Deny,
    basis: Basis::Entries,
    page: include_str!("../../docs/lints/wildcard-on-public-suffix.md"),
    check,
};

fn check(review: &Review<'_>, findings: &mut Findings) {
    for named in review.allowed_names() {
        let parent = match named.pattern {
            Pattern::Exact(_) => continue,
            Pattern::OneLabel { parent, .. } | Pattern::Below(parent) => parent,
        };
        if !review.suffixes.contains(parent) {
            continue;
        }
        let message = format!("`{}` covers names that anybody can register", named.written());
        let found = Diagnostic::warning(codes::WILDCARD_ON_PUBLIC_SUFFIX, message);
        let found = named.here(found, &format!("`{parent}` is a public suffix"));
        let found = found.help(format!("name the hosts that are yours: `your-name.{parent}`"));
        findings.report(named.grant.service, found);
    }
}
