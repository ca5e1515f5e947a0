//! An exception that has nothing in common with what it is an exception of.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use crate::diagnostic::{Diagnostic, codes};
use crate::policy::{Destination, Grant, Region, RegionId, TermsId};
use super::{Basis, Findings, Level, Lint, Review};

pub(super) static LINT: Lint = Lint {
    code: codes::IDLE_EXCEPTION,
    level: Level::Warn,
    basis: Basis::Entries,
    page: include_str!("../../docs/lints/idle-exception.md"),
    check,
};

fn check(review: &Review<'_>, findings: &mut Findings) {
    // An exception is of all the destinations of its entry. What comes of a `use` is left alone: it is
    // of every line of the set, and need not concern them all.
    let mut entries: BTreeMap<TermsId, Vec<&Grant>> = BTreeMap::new();
    let own = review.policy.grants.iter().filter(|it| review.is_own(it.service, it.at));
    for grant in own.filter(|grant| review.policy.terms(grant).narrowed.is_some()) {
        entries.entry(grant.terms).or_default().push(grant);
    }
    for grants in entries.values() {
        let Some(first) = grants.first() else { continue };
        for exception in review.exceptions(first) {
            let is_idle = |(region, _, exception): &(RegionId, &Region, &Destination)| {
                let mut granted = grants.iter().filter_map(|it| it.destination.get(*region));
                !granted.any(|it| touch(it, exception))
            };
            let (idle, of_use): (Vec<_>, Vec<_>) = exception.each.into_iter().partition(is_idle);
            if idle.is_empty() {
                continue;
            }
            let (written, entry) = (exception.written, first.written());
            let mut message = format!("the exception `{written}` is no part of `{entry}`");
            let mut help = "correct the name, or remove the exception";
            if !of_use.is_empty() {
                let roles = idle.iter().map(|(_, region, _)| format!("`{}`", region.role));
                let _ = write!(message, " in region {}", roles.collect::<Vec<_>>().join(", "));
                help = "write the variable in both, so that every region has the exception";
            }
            let found = Diagnostic::warning(codes::IDLE_EXCEPTION, message).at(first.at, "");
            findings.report(first.service, found.help(help));
        }
    }
}

/// Whether two destinations have anything in common.
fn touch(one: &Destination, other: &Destination) -> bool {
    match (one, other) {
        (Destination::Names(one), Destination::Names(other)) => one.overlap(other).is_some(),
        (Destination::Addresses(one), Destination::Addresses(other)) => {
            one.contains(other) || other.contains(one)
        }
        _ => false,
    }
}
