//! A region of AWS spelled out where the policy holds in several.

use crate::diagnostic::Applicability;
use crate::diagnostic::{Diagnostic, codes};
use crate::policy::{Action, Destination};
use super::{Basis, Findings, Level, Lint, Review};

pub(super) static LINT: Lint = Lint {
    code: codes::SPELLED_OUT_REGION,
    level: Level::Warn,
    basis: Basis::Entries,
    page: include_str!("../../docs/lints/spelled-out-region.md"),
    check,
};

fn check(review: &Review<'_>, findings: &mut Findings) {
    let regions: Vec<&str> =
        review.policy.regions.iter().filter_map(|region| region.aws.as_deref()).collect();
    if regions.len() < 2 {
        return;
    }
    for (_, grant, _) in review.entries(Action::Allow) {
        let is_name = matches!(grant.destination.first(), Some(Destination::Names(_)));
        if !is_name || review.regions(grant.service).nth(1).is_none() {
            continue;
        }
        let written = grant.written();
        let Some(region) = regions.iter().find(|region| has_part(&written, region)) else { continue };
        let message = format!("`{written}` is in `{region}` wherever the service runs");
        let found = Diagnostic::warning(codes::SPELLED_OUT_REGION, message)
            .at(grant.at, "the other regions reach it across the ocean, or not at all in an outage")
            .fix(
                Applicability::Unsafe,
                "write the variable",
                grant.at,
                written.replace(region, "${region}"),
            );
        findings.report(grant.service, found);
    }
}

/// Whether a name holds a region between dots, hyphens or its ends.
fn has_part(name: &str, region: &str) -> bool {
    let is_edge = |text: Option<char>| text.is_none_or(|char| matches!(char, '.' | '-'));
    name.match_indices(region).any(|(at, _)| {
        let before = name.get(..at).and_then(|text| text.chars().next_back());
        let behind = name.get(at + region.len()..).and_then(|text| text.chars().next());
        is_edge(before) && is_edge(behind)
    })
}
