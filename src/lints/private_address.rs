//! An address that is not on the internet.

use ipnet::IpNet;

use crate::diagnostic::{Diagnostic, codes};
use crate::policy::Action;
use super::{Basis, Findings, Level, Lint, Review};

pub(super) static LINT: Lint = Lint {
    code: codes::PRIVATE_ADDRESS,
    level: Level::Warn,
    basis: Basis::Entries,
    page: include_str!("../../docs/lints/private-address.md"),
    check,
};

/// What is not on the internet, <https://www.iana.org/assignments/iana-ipv4-special-registry> and its
/// sibling for IPv6 (checked 2026-11-24). The networks of documentation are left out: examples use them.
const SPECIAL: &[(&str, &str)] = &[
    ("0.0.0.0/8", "this host"),
    ("10.0.0.0/8", "private"),
    ("100.64.0.0/10", "shared by carriers"),
    ("127.0.0.0/8", "loopback"),
    ("169.254.0.0/16", "link-local, where instance metadata is"),
    ("172.16.0.0/12", "private"),
    ("192.168.0.0/16", "private"),
    ("224.0.0.0/4", "multicast"),
    ("240.0.0.0/4", "reserved"),
    ("::1/128", "loopback"),
    ("fc00::/7", "private"),
    ("fe80::/10", "link-local"),
    ("ff00::/8", "multicast"),
];

fn check(review: &Review<'_>, findings: &mut Findings) {
    let special: Vec<(IpNet, &str)> =
        SPECIAL.iter().filter_map(|(text, what)| Some((text.parse().ok()?, *what))).collect();
    for (_, grant, terms) in review.entries(Action::Allow) {
        let mut networks = review.networks(grant).chain(terms.to().iter().copied());
        let met = networks.find_map(|network| {
            let around = special.iter().find(|(special, _)| special.contains(&network));
            around.map(|(_, what)| (network, *what))
        });
        let Some((network, what)) = met else { continue };
        let message = format!("`{network}` is not on the internet: it is {what}");
        let found = Diagnostic::warning(codes::PRIVATE_ADDRESS, message)
            .at(grant.at, "")
            .help("remove it: what stays in the VPC or goes over a peering does not pass here");
        findings.report(grant.service, found);
    }
}
