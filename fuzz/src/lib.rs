//! What every fuzz target asks of findings and of places in a text.

use fwc::diagnostic::Diagnostic;
use fwc::diagnostic::render::{Format, Style, render};
use fwc::source::{FileId, Location, SourceFile, Sources, Span};

pub mod memory;
pub mod tree;

/// Bytes that all formats together may take for one finding beside the source: an excerpt is cut
/// to the width of a terminal, however long the line is.
const MOST_SHOWN: usize = 64 * 1024;

/// Checks what holds for any findings about a text, and that each format can show them.
///
/// # Panics
/// If one points outside the text, or if more is said than a person could read.
pub fn check_findings(path: &str, text: &str, findings: &[Diagnostic], most: usize) {
    assert!(findings.len() <= most, "{} findings", findings.len());
    for finding in findings {
        let edits = finding.fix.iter().flat_map(|fix| &fix.edits).map(|edit| edit.at);
        for Location { file, span } in finding.labels.iter().map(|label| label.at).chain(edits) {
            assert_eq!(file, FileId(0));
            assert!(is_in(span, text), "{span:?} is no part of the text: {finding:?}");
        }
        assert!(!finding.message.is_empty(), "{finding:?}");
    }
    let mut sources = Sources::new();
    sources.add(SourceFile::new(path, text));
    let show = |format| render(format, &sources, findings, Style::default());
    let [full, concise, json] = [Format::Full, Format::Concise, Format::Json].map(show);
    let shown = full.len() + concise.len() + json.len();
    assert!(shown <= MOST_SHOWN * (findings.len() + 1), "{shown} bytes for {}", findings.len());
    assert_eq!(concise.lines().count(), findings.len(), "{concise:?}");
    assert_eq!(json.lines().count(), 1, "{json:?}");
    let steers = |character: char| character.is_control() && character != '\n';
    assert!(!full.contains(steers) && !concise.contains(steers), "{full:?}");
}

/// Whether a span is a piece of the text, cut between characters.
pub fn is_in(span: Span, text: &str) -> bool {
    text.get(span.range()).is_some()
}
