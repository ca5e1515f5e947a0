//! A wildcard with public suffixes somewhere below it.

use crate::diagnostic::{Diagnostic, codes};
use crate::policy::pattern::Pattern;
use super::{Basis, Findings, Level, Lint, Review};

pub(super) static LINT: Lint = Lint {
    code: codes::WILDCARD_OVER_PUBLIC_SUFFIX,
    level: Level::Deny,
    basis: Basis::Entries,
    page: include_str!("../../docs/lints/wildcard-over-public-suffix.md"),
    check,
};

fn check(review: &Review<'_>, findings: &mut Findings) {
    for named in review.allowed_names() {
        let Pattern::Below(parent) = named.pattern else { continue };
        // On a public suffix itself, that is what has to be said.
        if review.suffixes.contains(parent) {
            continue;
        }
        let mut suffixes = review.suffixes.below(parent);
        let Some(first) = suffixes.next() else { continue };
        let more = match suffixes.count() {
            0 => "lies below it".to_owned(),
            1 => "and one more public suffix lie below it".to_owned(),
            more => format!("and {more} more public suffixes lie below it"),
        };
        let message = format!("`{}` covers names that anybody can register", named.written());
        let found = Diagnostic::warning(codes::WILDCARD_OVER_PUBLIC_SUFFIX, message);
        let found = named.here(found, &format!("`{first}` {more}"));
        findings.report(named.grant.service, found.help("name the hosts that are needed"));
    }
}
