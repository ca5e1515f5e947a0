//! One name under which the storage of every customer is reached.

use crate::diagnostic::{Diagnostic, codes};
use super::tenants::Kind;
use super::{Basis, Findings, Level, Lint, Review};

pub(super) static LINT: Lint = Lint {
    code: codes::SHARED_STORAGE,
    level: Level::Warn,
    basis: Basis::Entries,
    page: include_str!("../../docs/lints/shared-storage.md"),
    check,
};

fn check(review: &Review<'_>, findings: &mut Findings) {
    for (named, risk) in review.risky_names(|kind| matches!(kind, Kind::Storage)) {
        let message = format!("`{}` is the storage of every customer, not only yours", named.written());
        let found = Diagnostic::warning(codes::SHARED_STORAGE, message);
        let found = named.here(found, &format!("`{}` is {}", risk.name, risk.what));
        let help = "write the name that only your bucket has: `your-bucket.s3.${region}.amazonaws.com`";
        findings.report(named.grant.service, found.help(help));
    }
}
