//! Findings as SARIF 2.1.0, the format of code scanning.
//!
//! The schema is in `tests/corpus/sarif`, and a test holds the output to it. Columns count Unicode
//! code points, as the log says of itself; paths are relative to where fwc runs.

use std::borrow::Cow;
use std::collections::BTreeMap;

use serde::Serialize;

use super::render::Report;
use super::{Applicability, Code, Diagnostic, Edit, Severity};
use crate::source::{Location, Sources};

const SCHEMA: &str =
    "https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/sarif-schema-2.1.0.json";

#[derive(Serialize)]
struct Log<'a> {
    #[serde(rename = "$schema")]
    schema: &'static str,
    version: &'static str,
    runs: [Run<'a>; 1],
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Run<'a> {
    tool: Tool,
    column_kind: &'static str,
    results: Vec<Finding<'a>>,
}

#[derive(Serialize)]
struct Tool {
    driver: Driver,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Driver {
    name: &'static str,
    semantic_version: &'static str,
    rules: Vec<Kind>,
}

/// What SARIF calls a reporting descriptor: a code.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Kind {
    id: &'static str,
    name: &'static str,
    short_description: Text<'static>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Finding<'a> {
    rule_id: &'static str,
    rule_index: usize,
    level: &'static str,
    message: Text<'a>,
    locations: Vec<Place<'a>>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    related_locations: Vec<Place<'a>>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    fixes: Vec<Repair<'a>>,
}

#[derive(Serialize)]
struct Text<'a> {
    text: Cow<'a, str>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Place<'a> {
    physical_location: Physical<'a>,
    #[serde(skip_serializing_if = "Option::is_none")]
    message: Option<Text<'a>>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Physical<'a> {
    artifact_location: Artifact<'a>,
    region: Region,
}

#[derive(Serialize)]
struct Artifact<'a> {
    uri: Cow<'a, str>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Region {
    start_line: u32,
    start_column: u32,
    end_line: u32,
    end_column: u32,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Repair<'a> {
    description: Text<'a>,
    artifact_changes: Vec<Change<'a>>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Change<'a> {
    artifact_location: Artifact<'a>,
    replacements: Vec<Replacement<'a>>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Replacement<'a> {
    deleted_region: Region,
    inserted_content: Text<'a>,
}

pub(super) fn render(reports: &[Report<'_>]) -> String {
    let all = || reports.iter().flat_map(|(_, found)| found.iter());
    let codes: BTreeMap<&str, Code> = all().map(|found| (found.code.id, found.code)).collect();
    let index = |code: Code| codes.keys().position(|id| *id == code.id).unwrap_or(0);
    let results = reports.iter().flat_map(|(sources, found)| {
        found.iter().map(move |found| finding(sources, found, index(found.code)))
    });
    let results = results.collect();
    let kinds = codes.values().map(|code| Kind {
        id: code.id,
        name: code.name,
        short_description: text(code.summary),
    });
    let driver =
        Driver { name: "fwc", semantic_version: env!("CARGO_PKG_VERSION"), rules: kinds.collect() };
    let run = Run { tool: Tool { driver }, column_kind: "unicodeCodePoints", results };
    let log = Log { schema: SCHEMA, version: "2.1.0", runs: [run] };
    // Strings and numbers always have a JSON form.
    serde_json::to_string(&log).unwrap_or_default() + "\n"
}

fn text<'a>(text: impl Into<Cow<'a, str>>) -> Text<'a> {
    Text { text: text.into() }
}

fn finding<'a>(sources: &'a Sources, found: &'a Diagnostic, rule_index: usize) -> Finding<'a> {
    // Notes and help have no place of their own in the format.
    let said = std::iter::once(&found.message).chain(&found.notes).chain(&found.help);
    let said: Vec<&str> = said.map(String::as_str).collect();
    let mut places = found.labels.iter().filter_map(|label| {
        let message = (!label.text.is_empty()).then(|| text(label.text.as_str()));
        Some(Place { physical_location: physical(sources, label.at)?, message })
    });
    Finding {
        rule_id: found.code.id,
        rule_index,
        level: match found.severity {
            Severity::Error => "error",
            Severity::Warning => "warning",
        },
        message: text(said.join("; ")),
        locations: places.next().into_iter().collect(),
        related_locations: places.collect(),
        fixes: repair(sources, found).into_iter().collect(),
    }
}

/// The fix, if it may be applied: a viewer offers it as a button.
fn repair<'a>(sources: &'a Sources, found: &'a Diagnostic) -> Option<Repair<'a>> {
    let fix = found.fix.as_ref().filter(|fix| fix.applicability == Applicability::Safe)?;
    let change = |edit: &'a Edit| {
        let Physical { artifact_location, region } = physical(sources, edit.at)?;
        let replacement =
            Replacement { deleted_region: region, inserted_content: text(edit.text.as_str()) };
        Some(Change { artifact_location, replacements: vec![replacement] })
    };
    let artifact_changes = fix.edits.iter().filter_map(change).collect();
    Some(Repair { description: text(fix.title.as_str()), artifact_changes })
}

fn physical(sources: &Sources, at: Location) -> Option<Physical<'_>> {
    let file = sources.get(at.file)?;
    let (start, end) =
        (file.position(at.span.start), file.position(at.span.end.max(at.span.start)));
    Some(Physical {
        artifact_location: Artifact { uri: uri(&file.path) },
        region: Region {
            start_line: start.line,
            start_column: start.column,
            end_line: end.line,
            end_column: end.column,
        },
    })
}

/// A path as a reference of RFC 3986: what may not stand in one, percent-encoded.
fn uri(path: &str) -> Cow<'_, str> {
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"/-._~".contains(&byte);
    if path.bytes().all(plain) {
        return path.into();
    }
    let encoded = path.bytes().map(|byte| match byte {
        byte if plain(byte) => char::from(byte).to_string(),
        byte => format!("%{byte:02X}"),
    });
    encoded.collect::<String>().into()
}
