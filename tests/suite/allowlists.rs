//! Allowlists that people really use, written for other tools: each compiles, or is refused with a
//! message that a person understands.
//!
//! The lists are in `tests/corpus/allowlists`; its README counts what became of them.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::net::IpAddr;
use std::path::Path;

use fwc::diagnostic::render::{Format, Style, render};
use fwc::diagnostic::{Diagnostic, codes};
use fwc::project::{Project, Region};
use fwc::source::{FileId, SourceFile, Sources};
use fwc::suricata::{self, Ruleset, profile};
use fwc::syntax;
use ipnet::IpNet;

use crate::corpus::{Below, TODAY, corpus};
use crate::support::engine::{Engine, Settings};

/// One list and where it is from: a row of the manifest.
struct List {
    name: String,
    source: String,
    licence: String,
    kind: String,
    entries: Vec<String>,
}

/// What the names of a list mean to the tool it was written for.
#[derive(Clone, Copy)]
struct Dialect {
    /// `example.com`
    plain: Reach,
    /// `*.example.com`
    star: Reach,
}

/// Which names an entry stands for.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Reach {
    Itself,
    OneLabelBelow,
    Below,
    ItselfAndBelow,
}

/// A list that compiles.
struct Compiled {
    /// The name of the list.
    name: String,
    /// Its signatures, one a line.
    signatures: String,
    /// The address variables they use: name to an address group as the engine reads it.
    variables: BTreeMap<String, String>,
}

#[test]
fn each_list_compiles_or_is_refused() {
    let lists = lists();
    let (mut outcomes, mut refusals) = (String::new(), String::new());
    let mut counts = [0; 2];
    for list in &lists {
        let entries = list.entries.len();
        match compile(list) {
            Ok((findings, ruleset)) => {
                counts[0] += 1;
                let signatures = ruleset.signatures.len();
                let _ =
                    write!(outcomes, "{}: {entries} entries, {signatures} signatures", list.name);
                let _ = writeln!(outcomes, "{}", code_list(" with", &findings));
            }
            Err((sources, findings)) => {
                counts[1] += 1;
                let _ = write!(outcomes, "{}: {entries} entries, refused", list.name);
                let _ = writeln!(outcomes, "{}", code_list(":", &findings));
                let shown = render(Format::Full, &sources, &findings, Style::default());
                let _ = writeln!(refusals, "{shown}");
            }
        }
    }
    insta::assert_snapshot!("outcomes", outcomes);
    insta::assert_snapshot!("refusals", refusals);

    let readme = include_str!("../corpus/allowlists/README.md");
    let [compiled, refused] = counts;
    for (what, count) in [("compile", compiled), ("are refused", refused), ("in all", lists.len())]
    {
        assert!(readme.contains(&format!("| {what} | {count} |")), "README.md: {what} {count}");
    }
}

#[test]
fn each_list_is_linted() {
    let counted = [
        ("on a public suffix", codes::WILDCARD_ON_PUBLIC_SUFFIX),
        ("over public suffixes", codes::WILDCARD_OVER_PUBLIC_SUFFIX),
        ("on a tenant parent", codes::WILDCARD_ON_TENANT_PARENT),
        ("duplicate", codes::DUPLICATE_ENTRY),
        ("shadowed", codes::SHADOWED_ENTRY),
    ];
    let mut text = "list".to_owned();
    text.extend(counted.iter().map(|(what, _)| format!(" | {what}")));
    let mut sums = vec![0; counted.len()];
    let mut lists_with = vec![0; counted.len()];
    for list in lists() {
        let (sources, project) = as_policy(&list);
        let found =
            fwc::lint(&sources, &project, &Below(corpus()), &crate::lints::options()).diagnostics;
        let _ = write!(text, "\n{}", list.name);
        for (at, (_, code)) in counted.iter().enumerate() {
            let count = found.iter().filter(|found| found.code == *code).count();
            sums[at] += count;
            lists_with[at] += usize::from(count > 0);
            let _ = write!(text, " | {count}");
        }
    }
    let _ =
        write!(text, "\n\nall {}", sums.iter().map(|it| format!("| {it} ")).collect::<String>());
    let lists_with: String = lists_with.iter().map(|it| format!("| {it} ")).collect();
    let _ = write!(text, "\nlists {lists_with}");
    insta::assert_snapshot!("findings", text);
}

#[test]
fn suricata_7_loads_each_list() {
    load_each(&Engine::seven());
}

#[test]
fn suricata_8_loads_each_list() {
    load_each(&Engine::eight());
}

fn load_each(engine: &Engine) {
    for Compiled { name, signatures, variables } in compiled() {
        let settings = Settings { addresses: variables, ..Settings::default() };
        assert_eq!(engine.load(&signatures, &settings), Ok(()), "{name}");
    }
}

/// Every list that compiles.
fn compiled() -> Vec<Compiled> {
    let compiled = lists().into_iter().filter_map(|list| {
        let (_, ruleset) = compile(&list).ok()?;
        let group = |networks: &Vec<IpNet>| {
            let networks: Vec<String> = networks.iter().map(IpNet::to_string).collect();
            format!("[{}]", networks.join(","))
        };
        let variables = ruleset.variables.iter();
        let variables = variables.map(|(name, networks)| (name.to_string(), group(networks)));
        Some(Compiled { name: list.name, variables: variables.collect(), signatures: ruleset.text })
    });
    compiled.collect()
}

/// The distinct codes of findings, behind a word; nothing if there is none.
fn code_list(before: &str, findings: &[Diagnostic]) -> String {
    let mut ids: Vec<&str> = findings.iter().map(|found| found.code.id).collect();
    ids.sort_unstable();
    ids.dedup();
    if ids.is_empty() { String::new() } else { format!("{before} {}", ids.join(" ")) }
}

/// Every list of the manifest, in its order.
fn lists() -> Vec<List> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/corpus/allowlists");
    let manifest = include_str!("../corpus/allowlists/manifest.tsv");
    let lists = manifest.lines().skip(1).map(|row| {
        let [file, source, licence, kind, ..] = row.split('\t').collect::<Vec<_>>()[..] else {
            panic!("not a row of the manifest: {row}");
        };
        let text = std::fs::read_to_string(folder.join(file)).unwrap();
        List {
            name: file.trim_end_matches(".txt").to_owned(),
            source: source.to_owned(),
            licence: licence.to_owned(),
            kind: kind.to_owned(),
            entries: text.lines().filter(|line| !line.is_empty()).map(str::to_owned).collect(),
        }
    });
    lists.collect()
}

/// Compiles a list by itself: its findings and signatures, or why not.
fn compile(list: &List) -> Result<(Vec<Diagnostic>, Ruleset), (Sources, Vec<Diagnostic>)> {
    let (sources, project) = as_policy(list);
    let options = suricata::Options {
        today: TODAY.parse().unwrap(),
        profile: &profile::HARDENED,
        firewall: &project.firewall,
    };
    let accepted = fwc::analyse(&sources, &project).accept();
    let compiled = accepted.and_then(|(policy, findings)| {
        Ok((findings, suricata::compile(&policy, &options)?.swap_remove(0)))
    });
    compiled.map_err(|findings| (sources, findings))
}

/// A list as the sources of a policy, with its project.
fn as_policy(list: &List) -> (Sources, Project) {
    let mut sources = Sources::new();
    sources.add(SourceFile::new(format!("{}.fw", list.name), policy(list)));
    (sources, project())
}

/// The project of each of them.
pub(crate) fn project() -> Project {
    let mut project = Project::without_file();
    // Some lists have the region in their names.
    let region = Region { aws: Some("eu-west-2".to_owned()), ..Region::default() };
    project.regions.insert("default".to_owned(), region);
    project
}

/// Every list that compiles, as a policy of its own.
pub(crate) fn policies() -> Vec<String> {
    let lists = lists();
    lists.iter().filter(|list| compile(list).is_ok()).map(policy).collect()
}

/// A list as a policy of one service, in canonical form.
fn policy(list: &List) -> String {
    let List { source, licence, .. } = list;
    let mut text = format!("fwc 1\n# {source} ({licence})\n\n");
    text.push_str("service imported from 10.0.0.0/24 {\n");
    let dialect = dialect(&list.kind);
    for entry in &list.entries {
        let _ = writeln!(text, "  allow {}", destination(entry, dialect));
    }
    text.push_str("}\n");
    let parsed = syntax::parse(FileId(0), &text);
    assert_eq!(parsed.diagnostics, [], "{text}");
    syntax::format(&parsed.file, &text)
}

/// What the tools document; the README of the lists says where.
fn dialect(kind: &str) -> Dialect {
    let (plain, star) = match kind {
        "Cilium toFQDNs" => (Reach::Itself, Reach::OneLabelBelow),
        "gh-aw ecosystem domain set" => (Reach::ItselfAndBelow, Reach::Below),
        "AWS NFW domain list (json)"
        | "AWS NFW domain list (terraform)"
        | "AWS NFW suricata template input (terraform)"
        | "anfw-automate S3 config (yaml)"
        | "in-house YAML to suricata (tls.sni)"
        | "Azure firewall target_fqdns (python)"
        | "CI egress preset (bash)"
        | "Magento csp_whitelist.xml (browser-side allowlist, e-commerce)"
        | "bullfrog/gh allowed-domains"
        | "harden-runner allowed-endpoints" => (Reach::Itself, Reach::Below),
        other => panic!("nobody has looked up what `{other}` means by its names"),
    };
    Dialect { plain, star }
}

/// An entry as destinations and clauses.
fn destination(entry: &str, dialect: Dialect) -> String {
    let entry = entry.trim_start_matches("matchName: ").trim_start_matches("matchPattern: ");
    let entry = entry.replace("${var.aws_region}", "${region}");
    // What is left of `${{ env.NAME }}` of a workflow.
    if let Some(variable) = entry.strip_prefix("env.") {
        return format!("${{{variable}}}");
    }
    if entry.parse::<IpAddr>().is_ok() {
        return entry;
    }
    let (host, port) = match entry.rsplit_once(':') {
        Some((host, port)) => (host, port.parse().unwrap()),
        None => (&*entry, 443),
    };
    let (name, reach) = match (host.strip_prefix('.'), host.strip_prefix("*.")) {
        (Some(parent), _) => (parent, Reach::ItselfAndBelow),
        (_, Some(parent)) => (parent, dialect.star),
        _ if host.contains('*') || host.parse::<IpAddr>().is_ok() => (host, Reach::Itself),
        _ => (host, dialect.plain),
    };
    let names = match reach {
        Reach::Itself => name.to_owned(),
        Reach::OneLabelBelow => format!("*.{name}"),
        Reach::Below => format!("**.{name}"),
        Reach::ItselfAndBelow => format!("{{ {name} **.{name} }}"),
    };
    match port {
        443 => names,
        80 => format!("{names} port 80/http"),
        123 => format!("{names} port 123/udp"),
        other => format!("{names} port {other}/tcp"),
    }
}
