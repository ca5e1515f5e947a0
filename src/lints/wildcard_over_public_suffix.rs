//! A wildcard with public suffixes somewhere below it.

use super::{Basis, Findings, Level, Lint, Review};
use crate::diagnostic::{Diagnostic, codes};
use crate::policy::pattern::Pattern;

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
        let more = suffixes.count();
        let message = format!("`{}` covers names that anybody can register", named.written());
        let found = Diagnostic::warning(codes::WILDCARD_OVER_PUBLIC_SUFFIX, message);
        let others = match more {
            0 => String::new(),
            1 => " and one more public suffix".to_owned(),
            _ => format!(" and {more} more public suffixes"),
        };
        let found = named.here(found, &format!("`{first}`{others} lie below it"));
        let found = found.help(format!("name the hosts you need, or `*.{parent}` for one label"));
        findings.report(named.grant.service, found);
    }
}
