//! The examples of the documents: what they show compiles, what they warn of is refused.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

use fwc::diagnostic::render::{Format, Style, render};
use fwc::diagnostic::{Diagnostic, refuses};
use fwc::project::{self, Project};
use fwc::source::{FileId, SourceFile, Sources};
use fwc::suricata::{self, Action, Keyword, Options, Profile, Signature, sid};

use crate::corpus::{TODAY, compile, compile_cases};

/// A fenced block of a page.
pub(crate) struct Block {
    /// The words behind the fence: `fw error`.
    pub(crate) kind: String,
    pub(crate) line: usize,
    pub(crate) text: String,
}

pub(crate) fn page(name: &str) -> String {
    fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join(name)).unwrap()
}

pub(crate) fn blocks(page: &str) -> Vec<Block> {
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
pub(crate) fn whole(text: &str) -> String {
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

/// The rows of the table of fixed signatures: id, what it does, and message.
fn fixed(page: &str) -> Vec<(u32, String, String)> {
    let rows = page.lines().filter_map(|row| {
        let cells: Vec<_> = row.split(" | ").collect();
        let id = cells[0].strip_prefix("| ")?.parse().ok()?;
        Some((id, cells[1].to_owned(), cells[2].trim_matches('`').to_owned()))
    });
    rows.collect()
}

/// What a signature does, in the words of the page.
fn does(signature: &Signature) -> &'static str {
    match (signature.action, signature.keywords.contains(&Keyword::Noalert)) {
        (Action::Pass, _) => "passes",
        (Action::Alert, true) => "marks",
        (Action::Alert, false) => "logs",
        (Action::Drop | Action::Reject, true) => "refuses silently",
        (Action::Drop | Action::Reject, false) => "refuses",
    }
}

/// Every signature of the corpus.
fn signatures() -> Vec<Signature> {
    let compiled = compile_cases().into_iter().map(|(case, own)| compile(&case, "policy.fw", &own));
    compiled.flat_map(|compiled| compiled.rulesets).flat_map(|ruleset| ruleset.signatures).collect()
}

#[test]
fn the_page_of_signatures_lists_every_fixed_one() {
    let signatures = signatures();
    let emitted: BTreeSet<_> = signatures
        .iter()
        .filter(|signature| signature.sid < sid::FIRST)
        .map(|it| (it.sid, does(it).to_owned(), it.message().into_owned()))
        .collect();
    assert_eq!(fixed(&page("docs/signatures.md")), emitted.into_iter().collect::<Vec<_>>());
}

#[test]
fn the_page_of_signatures_lists_every_line_of_a_service_that_observes() {
    let page = page("docs/signatures.md");
    let (_, section) = page.split_once("## Services that observe").unwrap();
    let rows = section.lines().filter_map(|line| line.strip_prefix("| `")?.split_once('`'));
    // The first is the name of the column.
    let listed: BTreeSet<_> = rows.map(|(message, _)| message.to_owned()).skip(1).collect();
    let emitted: BTreeSet<_> = signatures()
        .iter()
        .filter(|signature| signature.sid >= sid::FIRST && signature.metadata().is_none())
        .map(|signature| signature.message().split_once(": ").unwrap().1.to_owned())
        .collect();
    assert_eq!(listed, emitted);
}
