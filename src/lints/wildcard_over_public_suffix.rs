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
        let suffixes: Vec<String> = review.suffixes.below(parent).collect();
        // The shortest one is the one that people know.
        let Some(known) = suffixes.iter().min_by_key(|suffix| suffix.len()) else { continue };
        let more = match suffixes.len() {
            1 => "lies below it".to_owned(),
            2 => "and another public suffix lie below it".to_owned(),
            count => format!("and {} more public suffixes lie below it", count - 1),
        };
        let message = format!("`{}` covers names that anybody can register", named.written());
        let found = Diagnostic::warning(codes::WILDCARD_OVER_PUBLIC_SUFFIX, message);
        let found = named.here(found, &format!("`{known}` {more}"));
        findings.report(named.grant.service, found.help("name the hosts that are needed"));
    }
}
