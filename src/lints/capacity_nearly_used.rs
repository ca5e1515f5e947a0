//! Over 80 percent of what a firewall policy takes is used.

use crate::diagnostic::{Diagnostic, codes};
use crate::suricata::limits::MOST_GROUPS;
use super::{Basis, Findings, Level, Lint, Review};

pub(super) static LINT: Lint = Lint {
    code: codes::CAPACITY_NEARLY_USED,
    level: Level::Warn,
    basis: Basis::WholePolicy,
    page: include_str!("../../docs/lints/capacity-nearly-used.md"),
    check,
};

/// From which part of a limit on somebody should know, in percent.
const NOTICE: usize = 80;

fn check(review: &Review<'_>, findings: &mut Findings) {
    let quota = review.project.firewall.quotas.signatures_per_policy as usize;
    for ruleset in review.rulesets {
        let used = [
            (ruleset.signatures.len(), quota, "signatures"),
            (ruleset.groups.len(), MOST_GROUPS, "rule groups"),
        ];
        for (count, most, what) in used.into_iter().filter(|(it, most, _)| it * 100 > most * NOTICE) {
            let role = &ruleset.region.role;
            let message = format!("{count} of {most} {what} are used in region `{role}`");
            let found = Diagnostic::warning(codes::CAPACITY_NEARLY_USED, message).help(
                "remove shadowed entries and names nobody needs, or have the quota of AWS raised",
            );
            findings.report(None, found);
        }
    }
}
