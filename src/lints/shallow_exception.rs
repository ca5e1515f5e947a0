//! An exception for a name that leaves what is below that name open.

use crate::diagnostic::{Diagnostic, codes};
use crate::policy::pattern::Pattern;
use crate::policy::{Action, Destination, Regional};
use super::review::Named;
use super::{Basis, Findings, Level, Lint, Review};

pub(super) static LINT: Lint = Lint {
    code: codes::SHALLOW_EXCEPTION,
    level: Level::Warn,
    basis: Basis::Entries,
    page: include_str!("../../docs/lints/shallow-exception.md"),
    check,
};

fn check(review: &Review<'_>, findings: &mut Findings) {
    for (_, grant, terms) in review.entries(Action::Allow) {
        for exception in review.exceptions(grant) {
            let mut each = exception.each.iter();
            let open = each.find_map(|(id, region, except)| {
                let Destination::Names(Pattern::Exact(name)) = except else { return None };
                let Some(Destination::Names(pattern)) = grant.destination.get(*id) else { return None };
                let below = Pattern::Below(name.clone());
                let closes = |other: &Destination| match other {
                    Destination::Names(other) => other.overlap(&below).is_some(),
                    Destination::Addresses(_) => false,
                };
                let is_open = pattern.covers(&below) && !terms.except(*id).iter().any(closes);
                is_open.then_some((name, pattern, *region))
            });
            let Some((name, pattern, region)) = open else { continue };
            let region = matches!(grant.destination, Regional::Each(_)).then_some(region);
            let named = Named { grant, pattern, region };
            let (entry, written) = (grant.written(), exception.written);
            let message = format!("`{entry} except {written}` still allows `a.{name}`");
            let found = Diagnostic::warning(codes::SHALLOW_EXCEPTION, message);
            let help = format!("write `except {written} **.{written}` if everything there is meant");
            findings.report(grant.service, named.here(found, "").help(help));
        }
    }
}
