//! Findings as commands of a workflow of GitHub Actions, which show them beside the changed line:
//! `::error file=a.fw,line=3,endLine=3,col=9,endColumn=23,title=FW001 wildcard-on-public-suffix::…`.
//!
//! The format: <https://docs.github.com/en/actions/reference/workflows-and-actions/workflow-commands>
//! (checked 2026-11-24). A place of several lines has no columns there.

use super::render::one_line;
use super::{Diagnostic, Severity};
use crate::source::Sources;

pub(super) fn render(sources: &Sources, diagnostics: &[Diagnostic]) -> String {
    diagnostics.iter().map(|found| line(sources, found) + "\n").collect()
}

fn line(sources: &Sources, found: &Diagnostic) -> String {
    let command = match found.severity {
        Severity::Error => "error",
        Severity::Warning => "warning",
    };
    let place = found.location().and_then(|at| {
        let file = sources.get(at.file)?;
        let start = file.position(at.span.start);
        let end = file.position(at.span.end.max(at.span.start));
        let path = property(&one_line(&file.path));
        let lines = format!("file={path},line={},endLine={},", start.line, end.line);
        let columns = format!("col={},endColumn={},", start.column, end.column.max(start.column));
        Some(if start.line == end.line { lines + &columns } else { lines })
    });
    let place = place.unwrap_or_default();
    let title = property(&format!("{} {}", found.code.id, found.code.name));
    let mut text = vec![one_line(&found.message)];
    text.extend(found.notes.iter().map(|note| format!("note: {}", one_line(note))));
    text.extend(found.help.iter().map(|help| format!("help: {}", one_line(help))));
    if let Some(fix) = &found.fix {
        text.push(format!("fix: {}", one_line(&fix.title)));
    }
    format!("::{command} {place}title={title}::{}", message(&text.join("\n")))
}

/// The text of a command, with what would end it escaped.
fn message(text: &str) -> String {
    text.replace('%', "%25").replace('\r', "%0D").replace('\n', "%0A")
}

/// The value of a property, with what would end it escaped.
fn property(text: &str) -> String {
    message(text).replace(':', "%3A").replace(',', "%2C")
}
