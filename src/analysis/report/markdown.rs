//! For a comment on a pull request.

use std::fmt::Write as _;

use super::{Effect, Group, Place, Review};
use crate::analysis::diff::Side;

/// How many rows a table has at most: a comment on GitHub holds 65,536 characters.
const MOST_ROWS: usize = 100;

/// How many destinations one row names at most.
const MOST_DESTINATIONS: usize = 10;

/// The diff as markdown: a summary line, the openings, the closings folded away, what else changed.
pub fn markdown(review: &Review<'_>) -> String {
    let groups = review.groups();
    let mut text = format!("**Egress: {}**\n", review.summary(&groups));
    let (opens, closes): (Vec<_>, Vec<_>) =
        groups.iter().partition(|group| group.effect == Effect::Opens);
    if !opens.is_empty() {
        text.push('\n');
        table(review, &opens, "may now reach", &mut text);
    }
    let (widening, other): (Vec<_>, Vec<_>) =
        review.diff.facts.iter().partition(|fact| fact.widens());
    for (facts, head) in [(widening, "Also wider:"), (other, "Also:")] {
        if facts.is_empty() {
            continue;
        }
        let _ = write!(text, "\n{head}\n\n");
        for fact in facts {
            let at = fact.at().map(|(side, at)| review.place(side, at));
            let at = at.map_or(String::new(), |at| format!(" ({})", place(&at)));
            let _ = writeln!(text, "- {}{at}", fact.sentence());
        }
    }
    if !closes.is_empty() {
        let count: usize = closes.iter().map(|group| group.destinations.len()).sum();
        let _ = write!(text, "\n<details><summary>closes {count}</summary>\n\n");
        table(review, &closes, "may no longer reach", &mut text);
        text.push_str("\n</details>\n");
    }
    text
}

fn table(review: &Review<'_>, groups: &[&Group<'_>], reach: &str, text: &mut String) {
    let _ = writeln!(text, "| service | {reach} | port | for example | because of |");
    text.push_str("|---|---|---|---|---|\n");
    for group in groups.iter().take(MOST_ROWS) {
        let mut destinations: Vec<_> = group.destinations.iter().map(|it| code(it)).collect();
        if let Some(more) = destinations.len().checked_sub(MOST_DESTINATIONS).filter(|it| *it > 1) {
            destinations.truncate(MOST_DESTINATIONS);
            destinations.push(format!("and {more} more"));
        }
        let mut service = code(&group.service());
        if let Some(regions) = review.regions(&group.regions) {
            let _ = write!(service, " in {regions}");
        }
        let mut destinations = destinations.join("<br>");
        if let Some(observed) = group.observed() {
            let _ = write!(destinations, "<br>({observed})");
        }
        let (line, what) = group.cause();
        let _ = writeln!(
            text,
            "| {service} | {destinations} | {} | {} | {what} {} |",
            code(&group.reach),
            code(&group.witness.to_string()),
            place(line)
        );
    }
    if let Some(more) = groups.len().checked_sub(MOST_ROWS).filter(|more| *more > 0) {
        let _ = writeln!(text, "\nand {more} more, which `fwc diff` lists");
    }
}

fn place(place: &Place) -> String {
    let before = if place.side == Side::Before { " (before)" } else { "" };
    format!("{}{before}", code(&format!("{}:{}", place.file, place.line)))
}

/// Text that means nothing to markdown. A bar would end the cell even within code.
fn code(text: &str) -> String {
    format!("`{}`", text.replace('`', "'").replace('|', "\\|"))
}
