//! The examples of the documents: what they show compiles, what they warn of is refused.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

use fwc::diagnostic::render::{Format, Style, render};
use fwc::diagnostic::{Diagnostic, refuses};
use fwc::project::{self, Project};
use fwc::source::{FileId, SourceFile, Sources};
use fwc::suricata::{self, Options, Profile, sid};

use crate::corpus::{TODAY, compile, compile_cases};

/// A fenced block of a page.
struct Block {
    /// The words behind the fence: `fw error`.
    kind: String,
    line: usize,
    text: String,
}

fn page(name: &str) -> String {
    fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join(name)).unwrap()
}

fn blocks(page: &str) -> Vec<Block> {
    let mut blocks: Vec<Block> = Vec::new();
    let mut open = false;
    for (index, line) in page.lines().enumerate() {
        match line.strip_prefix("```") {
            Some(_) if open => open = false,
            Some(kind) => {
                open = true;
                let (kind, text) = (kind.to_owned(), String::new());
                blocks.push(Block { kind, line: index + 1, text });
            }
            None if open => {
                let block = blocks.last_mut().unwrap();
                block.text.push_str(line);
                block.text.push('\n');
            }
            None => {}
        }
    }
    blocks
}

/// What is found in a policy, and the files it is found in.
fn check(text: &str, project: &Project) -> (Sources, Vec<Diagnostic>) {
    let mut sources = Sources::new();
    sources.add(SourceFile::new("policy.fw", text));
    let resolved = fwc::analyse(&sources, project);
    let mut found = resolved.diagnostics.clone();
    let firewall = &project.firewall;
    let options =
        Options { today: TODAY.parse().unwrap(), profile: Profile::of(firewall.profile), firewall };
    if let Ok((policy, _)) = resolved.accept() {
        found.extend(suricata::compile(&policy, &options).err().unwrap_or_default());
    }
    (sources, found)
}

/// A block is a whole policy, or the statements of one.
fn whole(text: &str) -> String {
    if text.contains("fwc 1") || text.starts_with("fwc ") {
        text.to_owned()
    } else {
        format!("fwc 1\n{text}")
    }
}

#[test]
fn the_language_is_what_its_page_says() {
    let page = page("docs/language.md");
    let blocks = blocks(&page);
    let yaml = blocks.iter().find(|block| block.kind == "yaml").unwrap();
    let (project, found) = project::parse(FileId(0), &yaml.text);
    assert!(!refuses(&found), "{found:?}");
    let project = project.unwrap();
    let mut refused = String::new();
    for block in &blocks {
        let (sources, found) = check(&whole(&block.text), &project);
        let text = render(Format::Full, &sources, &found, Style::default());
        match block.kind.as_str() {
            "fw" => assert!(!refuses(&found), "line {}:\n{text}", block.line),
            "fw error" => {
                assert!(refuses(&found), "line {} is not refused", block.line);
                refused.push_str(&text);
            }
            _ => {}
        }
    }
    insta::assert_snapshot!(refused);
}

/// The rows of the table of fixed signatures: id and message.
fn fixed(page: &str) -> Vec<(u32, String)> {
    let rows = page.lines().filter_map(|line| line.strip_prefix("| 900")?.split_once(" | `"));
    rows.map(|(id, rest)| {
        let (message, _) = rest.split_once('`').unwrap();
        (format!("900{id}").parse().unwrap(), message.to_owned())
    })
    .collect()
}

#[test]
fn the_page_of_signatures_lists_every_fixed_one() {
    let mut emitted = BTreeSet::new();
    for (case, project) in compile_cases() {
        for ruleset in compile(&case, "policy.fw", &project).rulesets {
            let fixed = ruleset.signatures.iter().filter(|signature| signature.sid < sid::FIRST);
            emitted
                .extend(fixed.map(|signature| (signature.sid, signature.message().into_owned())));
        }
    }
    let emitted: Vec<_> = emitted.into_iter().collect();
    assert_eq!(fixed(&page("docs/signatures.md")), emitted);
}
