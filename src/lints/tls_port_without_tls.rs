//! A port of TLS opened for something else.

use crate::diagnostic::{Diagnostic, codes};
use crate::policy::port::Protocol;
use crate::policy::{Action, Reach};
use super::{Basis, Findings, Level, Lint, Review};

pub(super) static LINT: Lint = Lint {
    code: codes::TLS_PORT_WITHOUT_TLS,
    level: Level::Warn,
    basis: Basis::Entries,
    page: include_str!("../../docs/lints/tls-port-without-tls.md"),
    check,
};

fn check(review: &Review<'_>, findings: &mut Findings) {
    for (_, grant, terms) in review.entries(Action::Allow) {
        let Reach::Protocol(protocol, Some(ports)) = &terms.reach else { continue };
        let is_open = matches!(protocol, Protocol::Tcp | Protocol::Udp | Protocol::Http);
        if !is_open || !ports.contains(443) {
            continue;
        }
        let what = if *protocol == Protocol::Http { "plain HTTP" } else { "any bytes" };
        let message = format!("`{}` takes {what} on port 443", grant.written());
        let found = Diagnostic::warning(codes::TLS_PORT_WITHOUT_TLS, message)
            .at(grant.at, "nothing asks for a name there")
            .help("drop `port`: without it TLS with that name is meant");
        findings.report(grant.service, found);
    }
}
