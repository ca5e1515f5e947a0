//! More addresses than one organisation has.

use ipnet::IpNet;

use crate::diagnostic::{Diagnostic, codes};
use crate::policy::Action;
use super::{Basis, Findings, Level, Lint, Review};

pub(super) static LINT: Lint = Lint {
    code: codes::WIDE_ADDRESS,
    level: Level::Deny,
    basis: Basis::Entries,
    page: include_str!("../../docs/lints/wide-address.md"),
    check,
};

/// Shorter prefixes than these are more than one organisation has: 65,536 addresses of IPv4, and what a
/// registry gives to a provider of IPv6 (RFC 6177).
const SHORTEST: (u8, u8) = (16, 32);

fn check(review: &Review<'_>, findings: &mut Findings) {
    for (_, grant, terms) in review.entries(Action::Allow) {
        let networks = review.networks(grant).chain(terms.to().iter().copied());
        let shortest = |network: &IpNet| if network.addr().is_ipv4() { SHORTEST.0 } else { SHORTEST.1 };
        let is_wide = |network: &IpNet| network.prefix_len() < shortest(network);
        let Some(network) = networks.into_iter().find(is_wide) else { continue };
        let message = if network.prefix_len() == 0 {
            format!("`{network}` is the whole internet")
        } else {
            format!("`{network}` is more than one organisation has")
        };
        let found = Diagnostic::warning(codes::WIDE_ADDRESS, message)
            .at(grant.at, "")
            .help("name the hosts, or write the networks that the other side names in its contract");
        findings.report(grant.service, found);
    }
}
