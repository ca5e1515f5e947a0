//! A label with letters of several alphabets.

use unicode_security::MixedScript as _;

use crate::diagnostic::{Diagnostic, codes};
use super::{Basis, Findings, Level, Lint, Review};

pub(super) static LINT: Lint = Lint {
    code: codes::MIXED_SCRIPT_NAME,
    level: Level::Deny,
    basis: Basis::Entries,
    page: include_str!("../../docs/lints/mixed-script-name.md"),
    check,
};

fn check(review: &Review<'_>, findings: &mut Findings) {
    for named in review.allowed_names() {
        let text = named.pattern.base();
        // Only a label that encodes other letters can mix them.
        let Some(unicode) = text.unicode() else { continue };
        let Some(label) = unicode.split('.').find(|label| !label.is_single_script()) else { continue };
        let message = format!("`{label}` mixes letters of several alphabets");
        let found = Diagnostic::warning(codes::MIXED_SCRIPT_NAME, message);
        let found = named.here(found, &format!("`{text}` on the wire"));
        let help = "compare it with the name in the other side's documents, letter by letter";
        findings.report(named.grant.service, found.help(help));
    }
}
