//! The pages of the lints, which are their tests, and what lints say about real lists.

use std::collections::BTreeSet;
use std::fmt::Write as _;
use std::fs;

use fwc::diagnostic::render::{Format, Style, render, render_all};
use fwc::diagnostic::{Diagnostic, Severity, codes, fix};
use fwc::lints::suffix::PublicSuffixes;
use fwc::lints::{LINTS, Lint, Options};
use fwc::matcher::{self, Flow, Matcher, Source, Spoken};
use fwc::policy::{RegionId, ServiceId};
use fwc::project::{self, Project};
use fwc::source::{FileId, SourceFile, Sources};
use fwc::suricata::{self, Profile};
use proptest::prelude::*;

use crate::corpus::{Below, TODAY, corpus};
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
    let found = fwc::lint(&sources, &project.unwrap(), &Below(corpus()), &options()).diagnostics;
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
        || found.severity == Severity::Warning && found.location().is_none()
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
    let files = Below(root.to_owned());
    let loaded = fwc::load::load("policies/prod.fw", &files).unwrap();
    let mut sources = loaded.sources;
    let text = fs::read_to_string(root.join("fwc.yaml")).unwrap();
    let id = sources.add_project(SourceFile::new("fwc.yaml", text.as_str()));
    let project: Project = project::parse(id, &text).0.unwrap();
    let found = fwc::lint(&sources, &project, &files, &options()).diagnostics;
    let text = render(Format::Concise, &sources, &found, Style::default());
    assert_eq!(text, "");
}

/// A policy with everything that can be mended unseen.
const MENDABLE: &str = "\
fwc 1
owner @shop/netsec

set stripe \"Stripe API\" {
  api.stripe.com
  files.stripe.com
  api.stripe.com
}

service checkout from web {
  use stripe because PAY-812 \"card payments\"
  allow API.Example.com. because PAY-1 \"upper case and a dot at the end\"
  allow bücher.example   because PAY-2 \"letters outside ASCII\"
  allow a.example        because PAY-3 \"twice\"

  allow b.example        because PAY-3 \"once\"
  allow a.example        because PAY-3 \"twice\"
  allow { c.example d.example c.example } because PAY-4 \"twice in braces\"
  allow a.example        because PAY-5 \"with another reason\"
  allow e.example        because PAY-6 \"commented\"
  allow e.example        because PAY-6 \"commented\"   # a comment that may be about more
}

deny x.example x.example because SEC-1 \"twice\"
deny y.example           because SEC-1 \"twice\"
deny y.example           because SEC-1 \"twice\"
";

/// The signatures of each region.
fn compiled(policy: &str, project: &Project) -> Vec<String> {
    let mut sources = Sources::new();
    sources.add(SourceFile::new("policies/prod.fw", policy));
    let (policy, _) = fwc::analyse(&sources, project).accept().unwrap();
    let firewall = &project.firewall;
    let profile = Profile::of(firewall.profile);
    let options = suricata::Options { today: TODAY.parse().unwrap(), profile, firewall };
    let rulesets = suricata::compile(&policy, &options).unwrap();
    rulesets.into_iter().map(|ruleset| ruleset.text).collect()
}

#[test]
fn fixes_change_the_text_and_not_the_firewall() {
    let yaml = default_project();
    let project = project::parse(FileId(0), &yaml).0.unwrap();
    let mut text = MENDABLE.to_owned();
    let mut rounds = 0;
    loop {
        let (sources, found) = lint(&text, &yaml);
        let fixed = fix::safe(&sources, &found);
        let Some(next) = fixed.texts.into_values().next() else { break };
        assert_eq!(compiled(&text, &project), compiled(&next, &project), "{next}");
        text = next;
        rounds += 1;
        assert!(rounds < 5, "fixes do not come to an end:\n{text}");
    }
    insta::assert_snapshot!("mended", text);
}

#[test]
fn sarif_is_what_its_schema_says() {
    let schema = include_str!("../corpus/sarif/sarif-schema-2.1.0.json");
    // One of its expressions has a bracket that only a lenient reader takes.
    let schema = schema.replace("[a-zA-Z]{2}]?$", "[a-zA-Z]{2}?$");
    let mut compiler = boon::Compiler::new();
    compiler.add_resource("sarif.json", serde_json::from_str(&schema).unwrap()).unwrap();
    let mut schemas = boon::Schemas::new();
    let schema = compiler.compile("sarif.json", &mut schemas).unwrap();
    let yaml = default_project();
    let found = [lint(MENDABLE, &yaml), lint("fwc 1\nallow\n", &yaml), lint("fwc 1\n", &yaml)];
    let reports: Vec<(&Sources, &[Diagnostic])> =
        found.iter().map(|(sources, found)| (sources, found.as_slice())).collect();
    for reports in [&reports[..], &[]] {
        let text = render_all(Format::Sarif, reports, Style::default());
        let log = serde_json::from_str(&text).unwrap();
        let wrong = schemas.validate(&log, schema).err().map(|error| format!("{error:#}"));
        assert_eq!(wrong, None);
    }
    let broken = serde_json::json!({ "version": "2.1.0", "runs": [{ "tool": {} }] });
    assert!(schemas.validate(&broken, schema).is_err(), "the schema holds nothing");
}

#[test]
fn levels_and_suppressions_decide_what_is_shown() {
    let policy = "fwc 1\nowner @a/b\nservice checkout from web {\n\
        allow **.github.io because AB-1 \"x\" until 2027-01-31\n\
        allow *.b.example because AB-1 \"x\"\n LINE }\n";
    let check = |line: &str, lint_: &str, expected: &str| {
        let yaml = format!("{}lint: {{ {lint_} }}\n", default_project());
        let (sources, found) = lint(&policy.replace("LINE", line), &yaml);
        let found: Vec<_> = found.into_iter().filter(|it| !is_noise(it)).collect();
        let said = found.iter().map(|it| {
            let at = it.location().map(|at| sources.get(at.file).unwrap().slice(at.span));
            let level = if it.severity == Severity::Error { "E" } else { "W" };
            format!("{level} {} {}", it.code.id, at.unwrap_or_default())
        });
        assert_eq!(said.collect::<Vec<_>>().join(", "), expected, "{line} {lint_}");
    };
    let both = "E FW001 **.github.io, W FW031 *.b.example";
    check("", "", both);
    check("", "allow: [FW001]", "W FW031 *.b.example");
    check("", "warn: [wildcard-on-public-suffix]", "W FW001 **.github.io, W FW031 *.b.example");
    check("", "deny: [FW031]", "E FW001 **.github.io, E FW031 *.b.example");
    check("", "deny: [FW077]", "E FW001 **.github.io, W FW031 *.b.example, E FW029 FW077");
    check("lint allow FW001 FW031 because AB-2 \"x\"", "", "");
    check(
        "lint allow FW001 because AB-2 \"x\" until 2026-11-23",
        "",
        "E FW001 **.github.io, W FW031 *.b.example, W FW028 FW001",
    );
    check("lint allow FW001 because AB-2 \"x\" until 2026-11-24", "", "W FW031 *.b.example");
    check(
        "}\nlint allow FW001 because AB-2 \"x\"\nservice z from search {\nallow z.example because AB-1 \"z\"\n",
        "",
        "W FW031 *.b.example",
    );
}

/// One entry of a service, with everything that decides whether another one covers it.
fn any_entry() -> impl Strategy<Value = String> {
    const NAMES: &[&str] = &[
        "x.example",
        "a.x.example",
        "*.x.example",
        "**.x.example",
        "a*.x.example",
        "*b.x.example",
        "**.a.x.example",
        "*.a.x.example",
        "a.b.x.example",
        "203.0.113.0/24",
    ];
    let clause = |texts: &'static [&'static str]| prop_oneof![2 => Just(""), 1 => proptest::sample::select(texts)];
    let except =
        clause(&[" except a.x.example", " except **.a.x.example", " except b.a.x.example"]);
    let port = clause(&[" port 8443", " port 443,8443"]);
    let to = clause(&[" to 203.0.113.0/24", " to 203.0.113.0/25"]);
    let until = clause(&[" until 2027-01-31"]);
    (proptest::sample::select(NAMES), except, port, to, until).prop_map(
        |(name, except, port, to, until)| {
            let is_name = name.ends_with("example");
            let (except, to) = if is_name { (except, to) } else { ("", "") };
            format!("  allow {name}{except}{port}{to}{until}\n")
        },
    )
}

/// What the firewall does with every flow of a small world, now and when what ends has ended; `None` if
/// the policy is refused.
fn world(lines: &[String]) -> Option<Vec<bool>> {
    let mut sources = Sources::new();
    let text = format!("fwc 1\nservice s from 10.0.0.0/24 {{\n{}}}\n", lines.concat());
    sources.add(SourceFile::new("policies/prod.fw", text));
    let (policy, _) = fwc::analyse(&sources, &Project::without_file()).accept().ok()?;
    let labels = ["a", "b", "ab", "ac", "cb", "z"];
    let mut names = vec!["x.example".to_owned()];
    let mut level = names.clone();
    for _ in 0..3 {
        let longer = |name: &String| labels.map(|label| format!("{label}.{name}"));
        level = level.iter().flat_map(longer).collect();
        names.extend(level.iter().cloned());
    }
    let mut verdicts = Vec::new();
    for today in ["2026-11-24", "2027-02-01"] {
        let options = matcher::Options::new(today.parse().unwrap());
        let matcher = Matcher::new(&policy, RegionId(0), &options);
        for name in names.iter().map(|name| Some(name.as_bytes())).chain([None]) {
            for address in ["203.0.113.1", "203.0.113.200", "198.51.100.1"] {
                for port in [443, 8443] {
                    let flow = Flow {
                        source: Source::Service(ServiceId(0)),
                        destination: address.parse().unwrap(),
                        port,
                        spoken: Spoken::Tls { name },
                    };
                    verdicts.push(matcher.decide(&flow).action == matcher::Action::Allow);
                }
            }
        }
    }
    Some(verdicts)
}

/// The lines of a policy that lints would remove.
fn redundant(lines: &[String]) -> BTreeSet<usize> {
    let text = format!("fwc 1\nservice s from 10.0.0.0/24 {{\n{}}}\n", lines.concat());
    let mut sources = Sources::new();
    let file = sources.add(SourceFile::new("policies/prod.fw", text));
    let found =
        fwc::lint(&sources, &Project::without_file(), &Below(corpus()), &options()).diagnostics;
    let redundant = [codes::DUPLICATE_ENTRY, codes::SHADOWED_ENTRY];
    let found = found.iter().filter(|found| redundant.contains(&found.code));
    let places = found.map(|found| found.location().unwrap().span.start);
    places.map(|at| sources.get(file).unwrap().position(at).line as usize - 3).collect()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn what_is_redundant_can_be_removed_and_nothing_else_can(
        lines in proptest::collection::vec(any_entry(), 2..7)
    ) {
        let before = world(&lines);
        prop_assume!(before.is_some());
        let redundant = redundant(&lines);
        let kept = |without: Option<usize>| -> Vec<String> {
            let lines = lines.iter().enumerate();
            let lines = lines.filter(|(at, _)| !redundant.contains(at) && Some(*at) != without);
            lines.map(|(_, line)| line.clone()).collect()
        };
        prop_assert_eq!(&world(&kept(None)), &before, "{:?}", redundant);
        for at in (0..lines.len()).filter(|at| !redundant.contains(at)) {
            prop_assert_ne!(&world(&kept(Some(at))), &before, "line {} is redundant, too", at);
        }
    }
}
