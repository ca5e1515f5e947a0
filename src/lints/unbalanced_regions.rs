//! A service that is missing in a region, and nothing says that it is meant.

use crate::diagnostic::{Diagnostic, codes};
use crate::policy::Claim;
use super::{Basis, Findings, Level, Lint, Review};

pub(super) static LINT: Lint = Lint {
    code: codes::UNBALANCED_REGIONS,
    level: Level::Warn,
    basis: Basis::WholePolicy,
    page: include_str!("../../docs/lints/unbalanced-regions.md"),
    check,
};

fn check(review: &Review<'_>, findings: &mut Findings) {
    let meant: Vec<_> = review
        .policy
        .assertions
        .iter()
        .filter_map(|assertion| match &assertion.claim {
            Claim::RegionsEqual { except } => Some(except),
            _ => None,
        })
        .flatten()
        .collect();
    for (id, service) in review.services().filter(|(id, _)| !meant.contains(&id)) {
        let regions = review.policy.regions.iter().zip(&service.sources);
        let (here, gone): (Vec<_>, Vec<_>) = regions.partition(|(_, sources)| sources.is_some());
        let (Some((here, _)), Some((gone, _))) = (here.first(), gone.first()) else { continue };
        let (name, gone, here) = (&service.name, &gone.role, &here.role);
        let message = format!("`{name}` runs in `{here}` and not in `{gone}`");
        let found = Diagnostic::warning(codes::UNBALANCED_REGIONS, message)
            .at(service.at, format!("after a failover to `{gone}` it reaches nothing"))
            .help(format!("drop `only`, or say that it is meant: `assert regions equal except {name}`"));
        findings.report(Some(id), found);
    }
}
