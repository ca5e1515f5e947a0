//! Two services that share source addresses.

use std::collections::BTreeMap;

use ipnet::IpNet;

use crate::diagnostic::{Diagnostic, codes};
use crate::policy::{Origins, RegionId, ServiceId};
use super::{Basis, Findings, Level, Lint, Review};

pub(super) static LINT: Lint = Lint {
    code: codes::OVERLAPPING_SOURCES,
    level: Level::Warn,
    basis: Basis::WholePolicy,
    page: include_str!("../../docs/lints/overlapping-sources.md"),
    check,
};

/// How many services one network is compared with: each pair is said, and nobody reads more.
const MOST_AROUND: usize = 16;

fn check(review: &Review<'_>, findings: &mut Findings) {
    // Each pair once, with the addresses it shares in the first region where it does.
    let mut pairs: BTreeMap<(ServiceId, ServiceId), String> = BTreeMap::new();
    for region in (0..review.policy.regions.len() as u32).map(RegionId) {
        let (mut networks, mut sets) = (Vec::new(), BTreeMap::new());
        for (id, service) in review.services() {
            match service.sources(region) {
                Some(Origins::Networks(own)) => networks.extend(own.iter().map(|it| (*it, id))),
                Some(Origins::Reference { network, arn }) => {
                    if let Some(first) = sets.insert(arn, id) {
                        pairs.entry((first, id)).or_insert_with(|| network.clone());
                    }
                }
                None => {}
            }
        }
        // Two networks share addresses only if one lies in the other, and then it stands behind it.
        networks.sort_unstable();
        let mut around: Vec<(IpNet, ServiceId)> = Vec::new();
        for (network, id) in networks {
            around.retain(|(outer, _)| outer.contains(&network));
            for (_, other) in around.iter().filter(|(_, other)| *other != id) {
                let pair = (id.min(*other), id.max(*other));
                pairs.entry(pair).or_insert_with(|| network.to_string());
            }
            if around.len() < MOST_AROUND {
                around.push((network, id));
            }
        }
    }
    for ((one, other), shared) in pairs {
        let (first, second) = (review.policy.service(one), review.policy.service(other));
        let message = format!("`{}` and `{}` are both from `{shared}`", first.name, second.name);
        let found = Diagnostic::warning(codes::OVERLAPPING_SOURCES, message)
            .at(second.at, "")
            .at(first.at, "from there, too")
            .note("what either allows is allowed to both, what either denies is denied to both")
            .help("give each a network of its own, or make them one service");
        findings.report(Some(other), found);
    }
}
