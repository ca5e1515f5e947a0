//! Findings as text, in the format that was asked for.

use annotate_snippets::normalize_untrusted_str;

use super::{Diagnostic, Severity, concise, full, github, json, sarif};
use crate::source::Sources;

/// How findings are written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Format {
    /// For people: the message, the source with its places marked, notes, help, and the fix.
    #[default]
    Full,
    /// A line each: `path:line:column: error[FW101]: message`.
    Concise,
    /// One JSON object for programs; the module `json` has its form.
    Json,
    /// SARIF 2.1.0, for code scanning.
    Sarif,
    /// Annotations of a workflow of GitHub Actions.
    Github,
}

impl Format {
    /// Every format.
    pub const ALL: [Self; 5] = [Self::Full, Self::Concise, Self::Json, Self::Sarif, Self::Github];
}

/// How text for people looks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Style {
    /// Whether to colour.
    pub color: bool,
    /// Columns of the terminal; lines of source that are longer are cut.
    pub width: usize,
}

impl Default for Style {
    fn default() -> Self {
        Self { color: false, width: 100 }
    }
}

/// Some sources and what was found in them.
pub type Report<'r> = (&'r Sources, &'r [Diagnostic]);

/// The findings in that format, in the order given; empty if there are none, except as JSON.
///
/// No text of the user reaches the terminal as a control character.
pub fn render(
    format: Format,
    sources: &Sources,
    diagnostics: &[Diagnostic],
    style: Style,
) -> String {
    render_all(format, &[(sources, diagnostics)], style)
}

/// The findings of several reviews as one text.
pub fn render_all(format: Format, reports: &[Report<'_>], style: Style) -> String {
    let one_by_one = |write: fn(&Sources, &[Diagnostic], Style) -> String, between: &str| {
        let texts = reports.iter().map(|(sources, found)| write(sources, found, style));
        texts.filter(|text| !text.is_empty()).collect::<Vec<_>>().join(between)
    };
    match format {
        Format::Full => one_by_one(full::render, "\n"),
        Format::Concise => one_by_one(concise::render, ""),
        Format::Github => one_by_one(|sources, found, _| github::render(sources, found), ""),
        Format::Json => json::render(reports),
        Format::Sarif => sarif::render(reports),
    }
}

/// How many findings of which severity: `2 errors, 1 warning`.
pub fn summary(diagnostics: &[Diagnostic]) -> String {
    let count = |severity, name: &str| {
        let number = diagnostics.iter().filter(|found| found.severity == severity).count();
        match number {
            0 => None,
            1 => Some(format!("1 {name}")),
            _ => Some(format!("{number} {name}s")),
        }
    };
    let counts = [count(Severity::Error, "error"), count(Severity::Warning, "warning")];
    let counts: Vec<String> = counts.into_iter().flatten().collect();
    if counts.is_empty() { "no findings".to_owned() } else { counts.join(", ") }
}

/// Text on one line, with every character that could steer a terminal made visible.
pub(super) fn one_line(text: &str) -> String {
    visible(&normalize_untrusted_str(&text.replace(['\n', '\r'], " ")))
}

/// Text without what the renderer of excerpts lets through: the control characters of ISO 8859
/// (U+009B starts an escape sequence on some terminals), line breaks that are none to us, and marks
/// of writing direction.
pub(super) fn visible(text: &str) -> String {
    let steers = |char| {
        matches!(char, '\u{80}'..='\u{9f}' | '\u{61c}' | '\u{200e}' | '\u{200f}')
            || matches!(char, '\u{2028}' | '\u{2029}')
    };
    text.replace(steers, "\u{fffd}")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::diagnostic::codes;

    #[test]
    fn a_summary_counts() {
        let error = Diagnostic::error(codes::SYNTAX, "");
        let warning = Diagnostic::warning(codes::SYNTAX, "");
        assert_eq!(summary(&[]), "no findings");
        assert_eq!(
            summary(&[error.clone(), warning.clone(), error.clone()]),
            "2 errors, 1 warning"
        );
        assert_eq!(summary(&[warning]), "1 warning");
        assert_eq!(summary(&[error]), "1 error");
    }
}
