//! A name with an underscore, which hosts do not have.

use crate::diagnostic::{Diagnostic, codes};
use super::{Basis, Findings, Level, Lint, Review};

pub(super) static LINT: Lint = Lint {
    code: codes::UNDERSCORE_NAME,
    level: Level::Warn,
    basis: Basis::Entries,
    page: include_str!("../../docs/lints/underscore-name.md"),
    check,
};

fn check(review: &Review<'_>, findings: &mut Findings) {
    for named in review.allowed_names().filter(|named| named.pattern.text().contains('_')) {
        let message = format!("`{}` has an underscore", named.written());
        let found = Diagnostic::warning(codes::UNDERSCORE_NAME, message);
        let found = named.here(found, "no certificate of the public web has such a name");
        let help = "write the hyphen that was meant, or keep it for a server that really has that name";
        findings.report(named.grant.service, found.help(help));
    }
}
