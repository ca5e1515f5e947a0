//! More ports than a service listens on.

use crate::diagnostic::{Diagnostic, codes};
use crate::policy::{Action, Reach};
use super::{Basis, Findings, Level, Lint, Review};

pub(super) static LINT: Lint = Lint {
    code: codes::WIDE_PORTS,
    level: Level::Warn,
    basis: Basis::Entries,
    page: include_str!("../../docs/lints/wide-ports.md"),
    check,
};

/// More than the ports below 1024, which are those that systems give to known services.
const MOST: u32 = 1_024;

fn check(review: &Review<'_>, findings: &mut Findings) {
    for (_, grant, terms) in review.entries(Action::Allow) {
        let Reach::Protocol(protocol, Some(ports)) = &terms.reach else { continue };
        let size = |first: u16, last: u16| u32::from(last) - u32::from(first) + 1;
        let count: u32 = ports.ranges().map(|range| size(range.first(), range.last())).sum();
        if count <= MOST {
            continue;
        }
        let text = grant.written();
        let message = format!("`{text}` is open on {count} ports of {protocol}");
        let found = Diagnostic::warning(codes::WIDE_PORTS, message)
            .at(grant.at, "")
            .help("name the ports that the other side listens on: `port 5432/tcp`");
        findings.report(grant.service, found);
    }
}
