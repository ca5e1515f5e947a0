//! A name without a dot, which no certificate and no public resolver knows.

use crate::diagnostic::{Diagnostic, codes};
use crate::policy::pattern::Pattern;
use crate::policy::port::Protocol;
use super::{Basis, Findings, Level, Lint, Review};

pub(super) static LINT: Lint = Lint {
    code: codes::SINGLE_LABEL_NAME,
    level: Level::Warn,
    basis: Basis::Entries,
    page: include_str!("../../docs/lints/single-label-name.md"),
    check,
};

fn check(review: &Review<'_>, findings: &mut Findings) {
    for named in review.allowed_names() {
        let Pattern::Exact(name) = named.pattern else { continue };
        if name.as_str().contains('.') {
            continue;
        }
        let message = format!("`{name}` has no dot");
        let found = Diagnostic::warning(codes::SINGLE_LABEL_NAME, message);
        let found = named.here(found, "only a search list of a client makes a host of it");
        let help = match name.as_str().parse::<Protocol>() {
            // `allow a.example http` grants two names.
            Ok(protocol) => format!("here it is a name; a protocol is written `port /{protocol}`"),
            Err(_) => format!("write the whole name that the client sends: `{name}.example.com`"),
        };
        findings.report(named.grant.service, found.help(help));
    }
}
