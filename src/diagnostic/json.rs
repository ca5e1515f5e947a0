//! Findings as one JSON object for programs, schema 1.
//!
//! Lines and columns count from 1, columns in characters; ends are exclusive. A finding about no
//! text at all has `null` for its place. `help` is one string, a phrase a line, or `null`; `fix`
//! is `null` or `{title, safe, edits}`, where each edit replaces what stands from its start to its
//! end by `text`. Edits do not overlap, and mean the text as it was before any of them.

use serde::Serialize;

use super::render::Report;
use super::{Applicability, Diagnostic, Edit, Severity};
use crate::source::{Location, Sources};

#[derive(Serialize)]
struct Document<'a> {
    schema: u32,
    findings: Vec<Finding<'a>>,
}

#[derive(Serialize)]
struct Finding<'a> {
    code: &'static str,
    name: &'static str,
    level: &'static str,
    message: &'a str,
    #[serde(flatten)]
    place: Place<'a>,
    help: Option<String>,
    fix: Option<Fix<'a>>,
}

#[derive(Serialize, Default)]
struct Place<'a> {
    file: Option<&'a str>,
    line: Option<u32>,
    column: Option<u32>,
    end_line: Option<u32>,
    end_column: Option<u32>,
}

#[derive(Serialize)]
struct Fix<'a> {
    title: &'a str,
    safe: bool,
    edits: Vec<Replacement<'a>>,
}

#[derive(Serialize)]
struct Replacement<'a> {
    #[serde(flatten)]
    place: Place<'a>,
    text: &'a str,
}

pub(super) fn render(reports: &[Report<'_>]) -> String {
    let each = reports
        .iter()
        .flat_map(|(sources, found)| found.iter().map(|found| finding(sources, found)));
    let findings = each.collect();
    // Strings and numbers always have a JSON form.
    let text = serde_json::to_string(&Document { schema: 1, findings }).unwrap_or_default();
    text + "\n"
}

fn finding<'a>(sources: &'a Sources, found: &'a Diagnostic) -> Finding<'a> {
    let fix = found.fix.as_ref().map(|fix| Fix {
        title: &fix.title,
        safe: fix.applicability == Applicability::Safe,
        edits: fix.edits.iter().map(|edit| replacement(sources, edit)).collect(),
    });
    Finding {
        code: found.code.id,
        name: found.code.name,
        level: match found.severity {
            Severity::Error => "error",
            Severity::Warning => "warning",
        },
        message: &found.message,
        place: found.location().map(|at| place(sources, at)).unwrap_or_default(),
        help: (!found.help.is_empty()).then(|| found.help.join("\n")),
        fix,
    }
}

fn replacement<'a>(sources: &'a Sources, edit: &'a Edit) -> Replacement<'a> {
    Replacement { place: place(sources, edit.at), text: &edit.text }
}

fn place(sources: &Sources, at: Location) -> Place<'_> {
    let Some(file) = sources.get(at.file) else { return Place::default() };
    let start = file.position(at.span.start);
    let end = file.position(at.span.end.max(at.span.start));
    Place {
        file: Some(&file.path),
        line: Some(start.line),
        column: Some(start.column),
        end_line: Some(end.line),
        end_column: Some(end.column),
    }
}
