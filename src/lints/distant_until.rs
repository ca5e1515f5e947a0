//! An end so far away that nobody will be there to look.

use jiff::Span;

use crate::diagnostic::{Diagnostic, codes};
use super::{Basis, Findings, Level, Lint, Review};

pub(super) static LINT: Lint = Lint {
    code: codes::DISTANT_UNTIL,
    level: Level::Warn,
    basis: Basis::Entries,
    page: include_str!("../../docs/lints/distant-until.md"),
    check,
};

/// How many years an entry may be promised for.
const MOST_YEARS: i64 = 2;

fn check(review: &Review<'_>, findings: &mut Findings) {
    let Ok(last) = review.today.checked_add(Span::new().years(MOST_YEARS)) else { return };
    for grant in &review.policy.grants {
        let until = review.policy.terms(grant).until.filter(|until| *until > last);
        let Some(until) = until else { continue };
        let message = format!("`{}` ends on {until}, in over {MOST_YEARS} years", review.say(grant));
        let found = Diagnostic::warning(codes::DISTANT_UNTIL, message)
            .at(grant.at, "")
            .help("set a day on which somebody will look; an end nobody sees is none");
        findings.report(grant.service, found);
    }
}
