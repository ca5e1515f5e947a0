//! A service that is everybody in the VPC, or beyond it.

use ipnet::IpNet;

use crate::diagnostic::{Diagnostic, codes};
use crate::policy::Origins;
use super::{Basis, Findings, Level, Lint, Review};

pub(super) static LINT: Lint = Lint {
    code: codes::UNSCOPED_SOURCE,
    level: Level::Warn,
    basis: Basis::WholePolicy,
    page: include_str!("../../docs/lints/unscoped-source.md"),
    check,
};

/// A network with a shorter prefix is taken for everybody where the VPC is not known: the three
/// private networks of IPv4 have 8, 12 and 16.
const SHORTEST: u8 = 16;

fn check(review: &Review<'_>, findings: &mut Findings) {
    for (id, service) in review.services() {
        let regions = review.project.regions.iter().zip(&service.sources);
        let wide = regions.filter_map(|((role, region), sources)| {
            let Some(Origins::Networks(networks)) = sources else { return None };
            let is_wide = |network: &&IpNet| match &region.vpc_cidr {
                Some(vpc) => network.contains(vpc),
                None => network.prefix_len() < SHORTEST && network.addr().is_ipv4(),
            };
            networks.iter().find(is_wide).map(|network| (role, network))
        });
        let Some((role, network)) = wide.into_iter().next() else { continue };
        let message = format!("`{}` is everybody: it is from `{network}`", service.name);
        let found = Diagnostic::warning(codes::UNSCOPED_SOURCE, message)
            .at(service.at, "")
            .note(format!("in region `{role}` that is the whole VPC, or more"))
            .help("give the service subnets of its own, and name them under `networks` of fwc.yaml");
        findings.report(Some(id), found);
    }
}
