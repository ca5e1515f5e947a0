//! A network of the project file that no service is from.

use std::collections::BTreeSet;

use crate::diagnostic::{Diagnostic, codes};
use crate::project;
use super::review::Lines;
use super::{Basis, Findings, Level, Lint, Review};

pub(super) static LINT: Lint = Lint {
    code: codes::UNUSED_NETWORK,
    level: Level::Warn,
    basis: Basis::WholePolicy,
    page: include_str!("../../docs/lints/unused-network.md"),
    check,
};

fn check(review: &Review<'_>, findings: &mut Findings) {
    // Another policy of the project may use what this one does not.
    if !review.is_main() {
        return;
    }
    let mut used: BTreeSet<&str> = BTreeSet::new();
    for block in review.blocks() {
        if let Lines::Service(service) = block.lines {
            used.extend(service.from.iter().map(|word| word.node));
        }
    }
    let mut told: BTreeSet<&str> = BTreeSet::new();
    for (role, region) in &review.project.regions {
        for name in region.networks.keys() {
            if used.contains(name.as_str()) || !told.insert(name) {
                continue;
            }
            let message = format!("no service is from the network `{name}`");
            let mut found = Diagnostic::warning(codes::UNUSED_NETWORK, message);
            let place = review.sources.project().and_then(|(id, file)| {
                project::locate(id, &file.text, &["regions", role, "networks", name])
            });
            if let Some(at) = place {
                found = found.at(at, "");
            }
            let found = found.help("remove it, or give it a service: what sends from it reaches nothing");
            findings.report(None, found);
        }
    }
}
