//! A name under a top-level domain that does not exist.

use crate::diagnostic::did_you_mean;
use crate::diagnostic::{Diagnostic, codes};
use super::{Basis, Findings, Level, Lint, Review};

pub(super) static LINT: Lint = Lint {
    code: codes::UNKNOWN_TOP_LEVEL_DOMAIN,
    level: Level::Warn,
    basis: Basis::Entries,
    page: include_str!("../../docs/lints/unknown-top-level-domain.md"),
    check,
};

/// Domains that are no public ones and are meant to be none: RFC 2606, RFC 6761, RFC 6762, RFC 7686,
/// RFC 9476 and ICANN's resolution 2024.07.29.06 (`internal`).
const SPECIAL: &[&str] =
    &["alt", "example", "internal", "invalid", "local", "localhost", "onion", "test"];

/// Those that a slip of the pen is most often meant to be.
const COMMON: &[&str] = &["com", "net", "org", "io", "cloud", "app", "dev", "eu", "de", "uk"];

fn check(review: &Review<'_>, findings: &mut Findings) {
    for named in review.allowed_names() {
        let name = named.pattern.base().as_str();
        let Some((_, top)) = name.rsplit_once('.') else { continue };
        if SPECIAL.contains(&top) || review.suffixes.has_top_level(top) {
            continue;
        }
        let message = format!("there is no top-level domain `{top}`");
        let found = Diagnostic::warning(codes::UNKNOWN_TOP_LEVEL_DOMAIN, message);
        let help = match did_you_mean(top, COMMON.iter().copied()) {
            Some(near) => format!("did you mean `.{near}`?"),
            None => "correct the name; one of your own zones belongs under `.internal`".to_owned(),
        };
        findings.report(named.grant.service, named.here(found, "").help(help));
    }
}
