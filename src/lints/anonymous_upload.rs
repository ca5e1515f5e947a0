//! A tunnel, a paste or drop site, a request catcher, or a dynamic name, which anybody can read or point elsewhere.

use crate::diagnostic::{Diagnostic, codes};
use super::tenants::Kind;
use super::{Basis, Findings, Level, Lint, Review};

pub(super) static LINT: Lint = Lint {
    code: codes::ANONYMOUS_UPLOAD,
    level: Level::Warn,
    basis: Basis::Entries,
    page: include_str!("../../docs/lints/anonymous-upload.md"),
    check,
};

fn check(review: &Review<'_>, findings: &mut Findings) {
    for (named, risk) in review.risky_names(|kind| matches!(kind, Kind::Tunnel | Kind::Paste | Kind::Catcher | Kind::Dynamic)) {
        let message = format!("`{}` carries data to whoever asks for it", named.written());
        let found = Diagnostic::warning(codes::ANONYMOUS_UPLOAD, message);
        let found = named.here(found, &format!("`{}` is {}", risk.name, risk.what));
        let help = "remove it, and keep files in a store of your own";
        findings.report(named.grant.service, found.help(help));
    }
}
