//! A grant of HTTP under the profile that judges only the first request of a connection.

use crate::diagnostic::{Diagnostic, codes};
use crate::policy::port::Protocol;
use crate::policy::{Action, Reach};
use crate::project::ProfileName;
use super::{Basis, Findings, Level, Lint, Review};

pub(super) static LINT: Lint = Lint {
    code: codes::PUBLISHED_PROFILE_HOLE,
    level: Level::Warn,
    basis: Basis::Entries,
    page: include_str!("../../docs/lints/published-profile-hole.md"),
    check,
};

fn check(review: &Review<'_>, findings: &mut Findings) {
    if review.project.firewall.profile != ProfileName::Published {
        return;
    }
    for (_, grant, terms) in review.entries(Action::Allow) {
        if !matches!(terms.reach, Reach::Protocol(Protocol::Http, _)) {
            continue;
        }
        let message = format!("`{}` opens its connection for any host", grant.written());
        let found = Diagnostic::warning(codes::PUBLISHED_PROFILE_HOLE, message)
            .at(grant.at, "profile `published` judges the first request only")
            .help("use HTTPS, or `firewall.profile: hardened`, which judges each request");
        findings.report(grant.service, found);
    }
}
