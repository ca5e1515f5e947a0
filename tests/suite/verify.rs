//! `fwc verify`: that the matcher and both engines agree, and that it would be noticed if they did not.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;
use std::fs;
use std::os::unix::fs::{PermissionsExt as _, symlink};
use std::path::Path;
use std::process::Output;
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;

use assert_cmd::Command;
use fwc::emit::Context;
use fwc::flow::record::{Origin, OwnedRequest, Record, Words};
use fwc::flow::{Flow, Source, Spoken};
use fwc::policy::Policy;
use fwc::project::Project;
use fwc::source::{SourceFile, Sources};
use fwc::suricata::profile::HARDENED;
use fwc::suricata::{self, Ruleset};
use fwc::verify::{
    Asked, Boundary, Case, Demand, Disagreement, Manner, Traffic, engine_text, stand_ins, traffic,
};
use proptest::prelude::*;
use proptest::strategy::ValueTree as _;
use proptest::test_runner::{Config, RngAlgorithm, TestRng, TestRunner};
use serde_json::Value;
use tempfile::TempDir;

use crate::allowlists;
use crate::corpus::{Compiled, TODAY, compile_cases, corpus};
use crate::forms::{compiled, project_of, settings};
use crate::support::engine::{Engine, Release, Settings};
use crate::support::random;

/// Runs `fwc verify` with both engines of the tests.
fn verify(arguments: &[&str]) -> Output {
    let mut command = Command::cargo_bin("fwc").unwrap();
    command.env_remove("FWC_PROJECT").args(["verify", "--today", TODAY]).args(arguments);
    for release in [Release::Seven, Release::Eight] {
        command.arg("--suricata").arg(Engine::path(release));
    }
    command.output().unwrap()
}

/// What it says as JSON, which must be that there is no disagreement.
fn agreement(arguments: &[&str]) -> Value {
    let output = verify(&[arguments, &["--format", "json"]].concat());
    let said = String::from_utf8_lossy(&output.stdout);
    let errors = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(0), "{arguments:?}:\n{errors}{said}");
    serde_json::from_str(&said).unwrap()
}

/// How many flows each engine was asked about.
fn flows(report: &Value) -> usize {
    let rows = report["engines"].as_array().unwrap();
    rows.iter().map(|row| row["flows"].as_u64().unwrap() as usize).sum::<usize>() / 2
}

#[test]
fn the_example_is_what_it_says_at_20_000_boundaries() {
    let report = agreement(&["--flows", "10000"]);
    assert_eq!(flows(&report), 20_000);
    for row in report["engines"].as_array().unwrap() {
        let kinds = row["boundaries"].as_object().unwrap();
        // It has no deny that crosses what is allowed.
        assert_eq!(kinds.len(), 13, "{kinds:?}");
    }
}

#[test]
fn the_readme_counts_the_boundaries_of_the_example() {
    let project = project_of("prod");
    let Compiled { policy, rulesets, .. } = compiled("prod", &project);
    let filled = BTreeMap::new();
    let count = |ruleset: &Ruleset| {
        let region = ruleset.id;
        let demand =
            Demand { region, profile: &HARDENED, filled: &filled, flows: usize::MAX, seed: 1 };
        traffic(&policy, &demand).cases.len()
    };
    let flows: usize = rulesets.iter().map(count).sum();
    let written = format!("{},{:03}\n  flows on each", flows / 1_000, flows % 1_000);
    assert!(include_str!("../../README.md").contains(&written), "{flows} flows");
}

#[test]
fn every_policy_of_the_corpus_is_what_it_says() {
    let mut asked = 0;
    let emitted = corpus().join("emit");
    for case in compile_cases().into_iter().map(|(case, _)| case).chain([emitted]) {
        let policy = case.join("policy.fw");
        asked += flows(&agreement(&[policy.to_str().unwrap(), "--flows", "1500"]));
    }
    assert!(asked > 15_000, "{asked} flows");
}

/// A policy for one region, compiled, with what it was made from.
struct Made {
    project: Project,
    sources: Sources,
    policy: Policy,
    rulesets: Vec<Ruleset>,
}

impl Made {
    /// `None` if it is refused.
    fn of(text: &str) -> Option<Self> {
        Self::within(Project::without_file(), text)
    }

    fn within(project: Project, text: &str) -> Option<Self> {
        let mut sources = Sources::new();
        sources.add(SourceFile::new("prod.fw", text));
        // What is refused is left out; the rest is a policy like any other.
        let policy = fwc::analyse(&sources, &project).policy;
        let rulesets = suricata::compile(&policy, &options(&project)).ok()?;
        Some(Self { project, sources, policy, rulesets })
    }

    fn ruleset(&self) -> &Ruleset {
        &self.rulesets[0]
    }

    fn traffic(&self, flows: usize, seed: u64) -> Traffic {
        let region = self.ruleset().id;
        let filled = stand_ins(&self.policy, region);
        let demand = Demand { region, profile: &HARDENED, filled: &filled, flows, seed };
        traffic(&self.policy, &demand)
    }

    /// Where an engine that is told this text disagrees.
    fn disagreements(&self, engine: &Engine, text: &str, cases: &[Case]) -> Vec<Disagreement> {
        let Self { project, sources, policy, .. } = self;
        let context = Context { project, policy, sources, options: options(project), root: "" };
        let filled = stand_ins(policy, self.ruleset().id);
        let asked = Asked::new(&context, self.ruleset(), engine.version(), &filled);
        let conversations: Vec<_> = cases.iter().map(Case::conversation).collect();
        let outcomes = engine.converse(text, &self.settings(), &conversations);
        let release = engine.version().release();
        let pairs = cases.iter().zip(&outcomes);
        pairs.filter_map(|(case, outcome)| asked.disagreement(release, case, outcome)).collect()
    }

    fn settings(&self) -> Settings {
        settings(&self.policy, self.ruleset())
    }
}

fn options(project: &Project) -> suricata::Options<'_> {
    suricata::Options {
        today: TODAY.parse().unwrap(),
        profile: &HARDENED,
        firewall: &project.firewall,
    }
}

#[test]
#[ignore = "takes minutes; scripts/test --full runs it"]
fn every_allowlist_is_what_it_says() {
    let (next, asked) = (AtomicUsize::new(0), AtomicUsize::new(0));
    let wrong = Mutex::new(String::new());
    let policies = allowlists::policies();
    let work = || {
        while let Some(text) = policies.get(next.fetch_add(1, Ordering::Relaxed)) {
            let made = Made::within(allowlists::project(), text).unwrap();
            let cases = made.traffic(1_000, 1).cases;
            let ruleset = engine_text(made.ruleset(), &HARDENED);
            for engine in Engine::both() {
                asked.fetch_add(cases.len(), Ordering::Relaxed);
                for found in made.disagreements(&engine, &ruleset, &cases) {
                    writeln!(wrong.lock().unwrap(), "{text}{}", found.text()).unwrap();
                }
            }
        }
    };
    thread::scope(|scope| {
        scope.spawn(work);
        scope.spawn(work);
    });
    let (asked, wrong) = (asked.into_inner(), wrong.into_inner().unwrap());
    assert!(wrong.is_empty(), "{wrong}");
    assert!(asked > 200_000, "{asked} flows");
}

/// What random policies are made from; another one is another set of them.
const SEED: [u8; 32] = *b"two hundred policies, 100 flows.";
const POLICIES: usize = 200;
const FLOWS: usize = 100;

#[test]
fn random_policies_are_what_they_say() {
    let rng = TestRng::from_seed(RngAlgorithm::ChaCha, &SEED);
    let mut runner = TestRunner::new_with_rng(Config::default(), rng);
    let strategy = (
        random::policy(),
        // Many of them cannot be sent.
        proptest::collection::vec((random::asked(), 0..4_usize), 5 * FLOWS),
    );
    let mut made = Vec::new();
    while made.len() < POLICIES {
        let (text, flows) = strategy.new_tree(&mut runner).unwrap().current();
        if let Some(policy) = Made::of(&text) {
            made.push((text, policy, flows));
        }
    }
    let (next, asked) = (AtomicUsize::new(0), AtomicUsize::new(0));
    let wrong = Mutex::new(String::new());
    let work = || {
        let engines = Engine::both();
        while let Some((text, made, flows)) = made.get(next.fetch_add(1, Ordering::Relaxed)) {
            // Half of them at its boundaries, half of them anywhere.
            let mut cases = made.traffic(FLOWS / 2, 1).cases;
            let random = flows.iter().filter_map(|(asked, manner)| case(asked, *manner));
            let mut known: BTreeSet<String> = cases.iter().map(written).collect();
            cases.extend(random.filter(|case| known.insert(written(case))));
            cases.truncate(FLOWS);
            for engine in &engines {
                asked.fetch_add(cases.len(), Ordering::Relaxed);
                let ruleset = engine_text(made.ruleset(), &HARDENED);
                for found in made.disagreements(engine, &ruleset, &cases) {
                    writeln!(wrong.lock().unwrap(), "{text}{}", found.text()).unwrap();
                }
            }
        }
    };
    thread::scope(|scope| {
        scope.spawn(work);
        scope.spawn(work);
    });
    let wrong = wrong.into_inner().unwrap();
    let seed = String::from_utf8_lossy(&SEED);
    assert!(wrong.is_empty(), "seed {seed:?}:\n{wrong}");
    assert_eq!(asked.into_inner(), 2 * POLICIES * FLOWS);
}

/// A random flow as one that can be sent, in one of the manners of its kind.
fn case(asked: &random::Asked, manner: usize) -> Option<Case> {
    let Source::Address(source) = asked.source else { return None };
    asked.ask(|flow| {
        let flow = record(Origin::Address(source), flow);
        let manner = match (&flow.words, manner) {
            (Words::Tls(_), 0) => Manner::Split(60),
            (Words::Tls(_), 1) => Manner::Records(40),
            (Words::Http(_), 0) => Manner::Split(20),
            (Words::Http(_), 1) => Manner::Pipelined,
            (Words::Tcp, 0) => Manner::Greeted,
            _ => Manner::Whole,
        };
        Case::new(flow, manner, Boundary::Name)
    })
}

fn record(source: Origin, flow: &Flow<'_>) -> Record {
    let owned = |name: Option<&[u8]>| name.map(<[u8]>::to_vec);
    let words = match flow.spoken {
        Spoken::Tls { name } => Words::Tls(owned(name)),
        Spoken::Quic { name } => Words::Quic(owned(name)),
        Spoken::Http2 { authority } => Words::Http2(owned(authority)),
        Spoken::Http { requests: [] } | Spoken::Tcp => Words::Tcp,
        Spoken::Http { requests } => {
            let requests = requests.iter().map(|request| OwnedRequest {
                method: request.method.to_vec(),
                target: request.target.to_vec(),
                hosts: request.hosts.iter().map(|host| host.to_vec()).collect(),
            });
            Words::Http(requests.collect())
        }
        Spoken::Udp => Words::Udp,
        Spoken::Icmp => Words::Icmp,
        Spoken::Other => Words::Other,
    };
    let portless = matches!(words, Words::Icmp | Words::Other);
    let port = if portless { 0 } else { flow.port };
    Record { id: None, region: None, source, destination: flow.destination, port, words }
}

/// What tells one from another, wherever it was made.
fn written(case: &Case) -> String {
    format!("{} {}", Record { region: None, ..case.flow().clone() }, case.manner())
}

/// A policy with an entry of every kind, for a service that enforces and one that observes.
const EVERYTHING: &str = "\
fwc 1
service shop from 10.0.0.0/24 {
  allow exact.example
  allow { site.example **.site.example } port /http
  allow *.label.example
  allow q.example port /quic
  allow to.example to 203.0.113.16/30
  allow 203.0.113.0/30 port 22/tcp
  allow 203.0.113.0/30 port 53/udp
}
service eyes from 10.0.1.0/24 observe until 2026-11-24 {
  allow a.example
}
deny bad.site.example
deny 203.0.113.3
";

#[test]
fn a_sample_has_every_kind_of_boundary_and_is_always_the_same() {
    let made = Made::of(EVERYTHING).unwrap();
    let kinds = |cases: &[Case]| cases.iter().map(Case::boundary).collect::<BTreeSet<_>>();
    let (all, some) = (made.traffic(usize::MAX, 1), made.traffic(60, 1));
    assert!(all.complete && !some.complete);
    assert_eq!(some.cases.len(), 60);
    assert_eq!(kinds(&some.cases), kinds(&all.cases));
    assert_eq!(some.cases, made.traffic(60, 1).cases);
    assert_ne!(some.cases, made.traffic(60, 2).cases);
    let written: BTreeSet<String> = all.cases.iter().map(written).collect();
    assert_eq!(written.len(), all.cases.len(), "no flow is asked about twice");
}

/// What an engine is told instead of a signature.
type Change = fn(&str) -> String;

/// What may go wrong between a policy and its firewall, and what becomes of the signatures with these
/// words in them.
const SABOTAGE: [(&str, &str, Change); 9] = [
    ("a grant of more names", "fwc shop: exact.example", |line| line.replace(" bsize:13;", "")),
    ("a grant for everybody", "fwc shop: exact.example", |line| line.replace("$shop", "any")),
    ("a grant on every port", "fwc shop: exact.example", |line| line.replace(" 443 ", " any ")),
    ("a grant to anywhere", "fwc shop: to.example", |line| {
        line.replace("[203.0.113.16/30]", "any")
    }),
    ("a deny that is gone", "fwc any: deny bad.site.example", |_| String::new()),
    ("an end that is open", "sid:900159;", |_| String::new()),
    ("a request that is remembered", "sid:900001;", |_| String::new()),
    ("a mark asked for the wrong way", "sid:900132;", |line| line.replace("isset", "isnotset")),
    ("an observer that is not logged", "would deny udp", |_| String::new()),
];

#[test]
fn a_firewall_that_is_not_what_the_policy_says_is_noticed() {
    let made = Made::of(EVERYTHING).unwrap();
    let cases = made.traffic(2_000, 1).cases;
    let text = engine_text(made.ruleset(), &HARDENED);
    let engines = Engine::both();
    for engine in &engines {
        let found = made.disagreements(engine, &text, &cases);
        assert!(found.is_empty(), "{}", found[0].text());
    }
    let check = |engine: &Engine, what: &str, text: &str| {
        let found = made.disagreements(engine, text, &cases);
        let Some(first) = found.first() else { panic!("{:?}: {what}", engine.release()) };
        // The line that reproduces it is a flow of `fwc test flows`.
        first.line.parse::<Record>().unwrap();
        first.clone()
    };
    for ((what, words, change), engine) in SABOTAGE.iter().zip(engines.iter().cycle()) {
        let changed: String = text
            .split_inclusive('\n')
            .map(|line| if line.contains(words) { change(line) } else { line.to_owned() })
            .collect();
        assert_ne!(changed, text, "{what}");
        check(engine, what, &changed);
    }
    // The signature that refuses everything, before the grants.
    let (last, others): (Vec<&str>, Vec<&str>) =
        text.split_inclusive('\n').partition(|line| line.contains("sid:900159;"));
    for engine in &engines {
        let changed = [last.concat(), others.concat()].concat();
        let found = check(engine, "another order", &changed);
        replay(&made, engine, &changed, &found);
    }
}

/// Runs what is written of a disagreement, without fwc, and sees the same.
fn replay(made: &Made, engine: &Engine, text: &str, found: &Disagreement) {
    let folder = tempfile::tempdir().unwrap();
    let settings = made.settings();
    engine.leave(text, &settings, folder.path());
    fs::write(folder.path().join("1.pcap"), &found.capture).unwrap();
    let script = folder.path().join("replay.sh");
    let output = std::process::Command::new("sh").arg(script).arg("1.pcap").output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let log = fs::read_to_string(folder.path().join("eve.json")).unwrap();
    let dropped = log.lines().filter(|line| line.contains(r#""event_type":"drop""#)).count();
    assert_eq!(dropped, found.packets.matches(['x', 'R']).count(), "{log}{}", found.text());
}

/// Runs `fwc verify` on a small policy with engines that are named, or found.
fn ask(engines: &[&Path]) -> (i32, String) {
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("prod.fw"), EVERYTHING).unwrap();
    let mut command = Command::cargo_bin("fwc").unwrap();
    command.current_dir(folder.path()).env_remove("FWC_PROJECT").env("NO_COLOR", "1");
    command.args(["verify", "prod.fw", "--today", TODAY, "--flows", "20"]);
    for engine in engines {
        command.arg("--suricata").arg(engine);
    }
    if engines.is_empty() {
        command.env("FWC_ENGINES", folder.path()).env("PATH", folder.path());
    }
    let output = command.output().unwrap();
    assert_eq!(output.stdout, b"", "no result without an answer");
    let said = String::from_utf8(output.stderr).unwrap();
    (output.status.code().unwrap(), said)
}

#[test]
fn without_an_engine_it_says_how_to_get_one() {
    let (code, said) = ask(&[]);
    assert_eq!(code, 2);
    assert!(said.contains("`scripts/engine 8`") && said.contains("`apt install"), "{said}");
}

#[test]
fn what_is_no_engine_is_an_error() {
    let folder = tempfile::tempdir().unwrap();
    let check = |path: &Path, reason: &str| {
        let (code, said) = ask(&[path]);
        assert_eq!(code, 2);
        assert!(said.contains("is no engine") && said.contains(reason), "{said}");
    };
    check(&folder.path().join("nothing"), "No such file");
    check(folder.path(), "not made by `scripts/engine`");
    check(Path::new("/bin/true"), "to `-V` it says");
    fs::write(folder.path().join("text"), "no program").unwrap();
    check(&folder.path().join("text"), "it does not start");
}

/// The source of the shim, which an engine's folder has beside the compiled one.
const SHIM: &str = include_str!("../../src/shell/engine/strictorder.c");
const STRICT: &str = "echo 'strict order in force: file' >&2";
const STARTED: &str = "echo 'Notice: threads: Threads created -> W: 1   Engine started.'";

/// A folder that looks like an engine, with a script for its loader.
fn fake(version: &str, script: &str) -> TempDir {
    let folder = tempfile::tempdir().unwrap();
    let (root, real) = (folder.path(), Engine::path(Release::Eight).canonicalize().unwrap());
    fs::create_dir_all(root.join("usr/lib64")).unwrap();
    for shared in ["usr/bin", "usr/lib", "strictorder.so"] {
        symlink(real.join(shared), root.join(shared)).unwrap();
    }
    fs::write(root.join("strictorder.c"), SHIM).unwrap();
    let version = format!("echo 'This is Suricata version {version} RELEASE'; exit 0");
    let script = format!("#!/bin/sh\ncase \"$*\" in *' -V') {version};; esac\n{script}\n");
    let loader = root.join("usr/lib64/ld-linux-fake.so.2");
    fs::write(&loader, script).unwrap();
    fs::set_permissions(&loader, fs::Permissions::from_mode(0o755)).unwrap();
    folder
}

#[test]
fn an_engine_that_gives_no_answer_is_an_error_with_its_last_lines() {
    let check = |script: &str, expected: &[&str]| {
        let engine = fake("8.0.8", script);
        let (code, said) = ask(&[engine.path()]);
        assert_eq!(code, 2, "{said}");
        for expected in expected {
            assert!(said.contains(expected), "{script}:\n{said}");
        }
    };
    check("echo 'Info: on my way'; kill -9 $$", &["8.0.8 died", "Info: on my way", "signal: 9"]);
    check(
        "echo 'Error: detect: error parsing signature' >&2; exit 1",
        &["8.0.8 complained", "error parsing signature"],
    );
    let (few, none) = ("echo 'Notice: pcap: read 1 file, 3 packets, 99 bytes'", "exit 0");
    check(&[STRICT, STARTED, few].join("\n"), &["8.0.8 stopped early", "3 packets"]);
    check(&[STRICT, none].join("\n"), &["8.0.8 stopped early"]);
    check(&[STARTED, few].join("\n"), &["8.0.8 has an order of its own"]);
    let real = Engine::path(Release::Eight).canonicalize().unwrap().join("usr/lib64");
    let run = format!("{}/ld-linux-* \"$@\" || exit", real.display());
    check(
        &[&run, "echo '{\"event_type\":\"al' >>eve.json"].join("\n"),
        &["8.0.8 wrote a log that makes no sense", "{\"event_type\":\"al"],
    );
    check(&[&run, "rm eve.json"].join("\n"), &["8.0.8 wrote no log", "Engine started"]);
}

#[test]
fn an_engine_of_an_unknown_line_is_an_error() {
    let engine = fake("6.0.20", "exit 0");
    let (code, said) = ask(&[engine.path()]);
    assert_eq!(code, 2);
    assert!(said.contains("Suricata 6.0.20; fwc knows how the lines 7.0 and 8.0"), "{said}");
}

/// A program that has what the shim changes, and nothing else of an engine.
const PROGRAM: &str = r#"
#include <stdio.h>
unsigned char action_order_sigs[4];
void SCSigRegisterSignatureOrderingFuncs(void *context) { (void)context; }
int main(int count, char **words)
{
    if (count > 1 && words[1][0] == '-' && words[1][1] == 'V') {
        puts("This is Suricata version 7.0.3 RELEASE");
        return 0;
    }
    puts("Notice: Engine started.\nNotice: read 1 file, 3 packets,");
    return 0;
}
"#;

#[test]
fn a_program_of_the_machine_is_made_strict() {
    let folder = tempfile::tempdir().unwrap();
    let (source, program) = (folder.path().join("engine.c"), folder.path().join("suricata"));
    fs::write(&source, PROGRAM).unwrap();
    let built = std::process::Command::new("cc")
        .args(["-rdynamic", "-o"])
        .args([&program, &source])
        .status()
        .unwrap();
    assert!(built.success());
    let (code, said) = ask(&[&program]);
    assert_eq!(code, 2);
    assert!(said.contains("7.0.3 stopped early"), "{said}");
    assert!(said.contains("strict order in force: file"), "{said}");
}
