//! An exception for a name that leaves what is below that name open.

use crate::diagnostic::{Diagnostic, codes};
use crate::policy::pattern::Pattern;
use crate::policy::{Destination, RegionId};
use super::{Basis, Findings, Level, Lint, Review};

pub(super) static LINT: Lint = Lint {
    code: codes::SHALLOW_EXCEPTION,
    level: Level::Warn,
    basis: Basis::Entries,
    page: include_str!("../../docs/lints/shallow-exception.md"),
    check,
};

fn check(review: &Review<'_>, findings: &mut Findings) {
    for named in review.allowed_names() {
        let Pattern::Below(_) = named.pattern else { continue };
        let except = named.terms.except(RegionId(0));
        let names = || except.iter().filter_map(|destination| match destination {
            Destination::Names(pattern) => Some(pattern),
            Destination::Addresses(_) => None,
        });
        for name in names() {
            let Pattern::Exact(name) = name else { continue };
            let below = Pattern::Below(name.clone());
            if !named.pattern.covers(&below) || names().any(|other| other.overlap(&below).is_some()) {
                continue;
            }
            let written = named.written();
            let message = format!("`{written} except {name}` still allows `a.{name}`");
            let found = Diagnostic::warning(codes::SHALLOW_EXCEPTION, message);
            let help = format!("write `except {name} **.{name}` if everything there is meant");
            findings.report(named.grant.service, named.here(found, "").help(help));
        }
    }
}
