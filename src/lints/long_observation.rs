//! A service that observes for more than a year from now.

use jiff::Span;

use crate::diagnostic::{Diagnostic, codes};
use super::{Basis, Findings, Level, Lint, Review};

pub(super) static LINT: Lint = Lint {
    code: codes::LONG_OBSERVATION,
    level: Level::Warn,
    basis: Basis::Entries,
    page: include_str!("../../docs/lints/long-observation.md"),
    check,
};

fn check(review: &Review<'_>, findings: &mut Findings) {
    let Ok(last) = review.today.checked_add(Span::new().years(1)) else { return };
    for (id, service) in review.services() {
        let Some(until) = service.observe.filter(|until| *until > last) else { continue };
        let message = format!("`{}` is refused nothing until {until}, for over a year", service.name);
        let found = Diagnostic::warning(codes::LONG_OBSERVATION, message)
            .at(service.at, "")
            .help("observe for some weeks, and extend it if the log says that more is needed");
        findings.report(Some(id), found);
    }
}
