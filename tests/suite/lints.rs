//! The pages of the lints, which are their tests, and what lints say about real lists.

use std::collections::BTreeSet;
use std::fmt::Write as _;
use std::fs;

use fwc::diagnostic::render::{Format, Style, render};
use fwc::diagnostic::{Diagnostic, codes};
use fwc::lints::suffix::PublicSuffixes;
use fwc::lints::{LINTS, Lint, Options};
use fwc::project::{self, Project};
use fwc::source::{FileId, SourceFile, Sources};

use crate::corpus::TODAY;
use crate::docs::{Block, blocks, page, whole};

pub(crate) fn options() -> Options<'static> {
    Options { today: TODAY.parse().unwrap(), suffixes: PublicSuffixes::embedded() }
}

/// A policy as the one that the project file names, with that file.
fn lint(policy: &str, project: &str) -> (Sources, Vec<Diagnostic>) {
    let mut sources = Sources::new();
    sources.add(SourceFile::new("policies/prod.fw", policy));
    let id = sources.add_project(SourceFile::new("fwc.yaml", project));
    let (project, found) = project::parse(id, project);
    assert_eq!(found, []);
    let found = fwc::lint(&sources, &project.unwrap(), &options());
    (sources, found)
}

/// The project of the language's page, which blocks have unless their page has another one.
fn default_project() -> String {
    let page = page("docs/language.md");
    blocks(&page).into_iter().find(|block| block.kind == "yaml").unwrap().text
}

#[test]
fn each_lint_is_what_its_page_says() {
    let default = default_project();
    let mut shown = String::new();
    for lint_ in LINTS {
        let Lint { code, page, .. } = lint_;
        let title = format!("# {} `{}`\n\n{}\n", code.id, code.name, code.summary);
        assert!(page.starts_with(&title), "{} begins differently", code.name);
        let mut project = default.clone();
        let mut kinds = BTreeSet::new();
        for Block { kind, line, text } in blocks(page) {
            let place = format!("docs/lints/{}.md, line {line}", code.name);
            match kind.as_str() {
                "yaml" => project = text,
                "fw fail" => {
                    let (sources, found) = lint(&whole(&text), &project);
                    let mine: Vec<_> = found.into_iter().filter(|it| it.code == *code).collect();
                    assert!(!mine.is_empty(), "{place} raises nothing");
                    let text = render(Format::Full, &sources, &mine, Style::default());
                    writeln!(shown, "{text}").unwrap();
                }
                "fw pass" => {
                    let (sources, found) = lint(&whole(&text), &project);
                    // What is right in one respect is no bad example in another.
                    let found: Vec<_> = found.into_iter().filter(|it| !is_noise(it)).collect();
                    let text = render(Format::Full, &sources, &found, Style::default());
                    assert!(found.is_empty(), "{place} raises:\n{text}");
                }
                other => panic!("{place} is a block of kind `{other}`"),
            }
            kinds.insert(kind);
        }
        assert!(kinds.contains("fw fail") && kinds.contains("fw pass"), "{}", code.name);
    }
    insta::assert_snapshot!("lints", shown);
}

/// Findings that say more about how short the examples are than about the examples.
fn is_noise(found: &Diagnostic) -> bool {
    [codes::UNUSED_NETWORK, codes::PLAINTEXT_HTTP, codes::UNBALANCED_REGIONS].contains(&found.code)
        || found.severity == fwc::diagnostic::Severity::Warning && found.location().is_none()
}

#[test]
fn lints_are_in_the_order_of_their_codes_and_own_those_below_100() {
    let ids: Vec<&str> = LINTS.iter().map(|lint| lint.code.id).collect();
    let below: Vec<&str> =
        codes::ALL.iter().map(|code| code.id).filter(|id| *id < "FW100").collect();
    assert_eq!(ids, below);
}

#[test]
fn every_page_belongs_to_a_lint() {
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/docs/lints");
    let pages = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().file_name());
    let pages: BTreeSet<String> =
        pages.map(|name| name.to_string_lossy().trim_end_matches(".md").to_owned()).collect();
    let mut names: BTreeSet<String> = LINTS.iter().map(|lint| lint.code.name.to_owned()).collect();
    names.insert("README".to_owned());
    assert_eq!(pages, names);
}

#[test]
fn the_table_of_lints_is_generated() {
    let mut table = "| Code | Name | Level | What it finds |\n|---|---|---|---|\n".to_owned();
    for Lint { code, level, .. } in LINTS {
        let (id, name, summary) = (code.id, code.name, code.summary);
        writeln!(table, "| {id} | [`{name}`]({name}.md) | {} | {summary} |", level.as_str())
            .unwrap();
    }
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/docs/lints/README.md");
    let page = fs::read_to_string(path).unwrap();
    let (before, rest) = page.split_once("| Code |").unwrap();
    let (_, after) = rest.split_once("\n\n").unwrap();
    let current = format!("{before}{table}\n{after}");
    if std::env::var_os("INSTA_UPDATE").is_some_and(|update| update == "always") {
        fs::write(path, &current).unwrap();
    } else {
        assert_eq!(page, current, "run this test with INSTA_UPDATE=always");
    }
}

#[test]
fn the_example_has_no_findings() {
    let root = std::path::Path::new(env!("CARGO_MANIFEST_DIR"));
    let files = crate::corpus::Below(root.to_owned());
    let loaded = fwc::load::load("policies/prod.fw", &files).unwrap();
    let mut sources = loaded.sources;
    let text = fs::read_to_string(root.join("fwc.yaml")).unwrap();
    let id = sources.add_project(SourceFile::new("fwc.yaml", text.as_str()));
    let project: Project = project::parse(id, &text).0.unwrap();
    let found = fwc::lint(&sources, &project, &options());
    let text = render(Format::Concise, &sources, &found, Style::default());
    assert_eq!(text, "");
    let _ = FileId(0);
}
