//! An exception that has nothing in common with what it is an exception of.

use std::collections::BTreeMap;

use crate::diagnostic::{Diagnostic, codes};
use crate::policy::{Destination, Grant, RegionId, TermsId};
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
        let regions = || (0..review.policy.regions.len() as u32).map(RegionId);
        for exception in review.policy.terms(first).except(RegionId(0)) {
            let meets = |grant: &&Grant| {
                regions().filter_map(|it| grant.destination.get(it)).any(|it| touch(it, exception))
            };
            if grants.iter().any(meets) {
                continue;
            }
            let message = format!("the exception `{exception}` is no part of `{}`", first.written());
            let found = Diagnostic::warning(codes::IDLE_EXCEPTION, message)
                .at(first.at, "")
                .help("correct the name, or remove the exception");
            findings.report(first.service, found);
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
