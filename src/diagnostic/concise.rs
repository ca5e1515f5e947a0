//! Findings as lines that editors and `grep` understand: `path:line:column: error[FW101]: message`.

use super::render::{Style, one_line};
use super::{Diagnostic, Severity};
use crate::source::Sources;

pub(super) fn render(sources: &Sources, diagnostics: &[Diagnostic], style: Style) -> String {
    diagnostics.iter().map(|found| line(sources, found, style) + "\n").collect()
}

fn line(sources: &Sources, found: &Diagnostic, style: Style) -> String {
    let place = found.location().and_then(|at| {
        let file = sources.get(at.file)?;
        let start = file.position(at.span.start);
        Some(format!("{}:{}:{}: ", one_line(&file.path), start.line, start.column))
    });
    let (name, color) = match found.severity {
        Severity::Error => ("error", anstyle::AnsiColor::Red),
        Severity::Warning => ("warning", anstyle::AnsiColor::Yellow),
    };
    let loud = if style.color { color.on_default().bold() } else { anstyle::Style::new() };
    let (place, message) = (place.unwrap_or_default(), one_line(&found.message));
    format!("{place}{loud}{name}[{}]{loud:#}: {message}", found.code.id)
}
