//! A grant of plain HTTP, which anybody on the way can read and answer.

use crate::diagnostic::{Diagnostic, codes};
use crate::policy::port::Protocol;
use crate::policy::{Action, Reach};
use super::{Basis, Findings, Level, Lint, Review};

pub(super) static LINT: Lint = Lint {
    code: codes::PLAINTEXT_HTTP,
    level: Level::Warn,
    basis: Basis::Entries,
    page: include_str!("../../docs/lints/plaintext-http.md"),
    check,
};

fn check(review: &Review<'_>, findings: &mut Findings) {
    for (_, grant, terms) in review.entries(Action::Allow) {
        if !matches!(terms.reach, Reach::Protocol(Protocol::Http, _)) {
            continue;
        }
        let message = format!("`{}` is reached over plain HTTP", grant.written());
        let found = Diagnostic::warning(codes::PLAINTEXT_HTTP, message)
            .at(grant.at, "anybody on the way can read and answer")
            .help("ask for HTTPS and drop `port`; if what is fetched is signed, say so with `lint allow`");
        findings.report(grant.service, found);
    }
}
