//! `fwc verify`: that the matcher and both engines agree, and that it would be noticed if they did not.

use std::collections::BTreeSet;
use std::fmt::Write as _;
use std::path::Path;
use std::process::Output;
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::{env, fs, thread};

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
    Asked, Boundary, Case, Demand, Disagreement, Manner, engine_text, engine_variables, stand_ins,
    traffic,
};
use proptest::prelude::*;
use proptest::strategy::ValueTree as _;
use proptest::test_runner::{Config, RngAlgorithm, TestRng, TestRunner};
use serde_json::Value;
use tempfile::TempDir;

use crate::corpus::{TODAY, compile_cases};
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
fn every_policy_of_the_corpus_is_what_it_says() {
    let mut asked = 0;
    for (case, _) in compile_cases() {
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
        let project = Project::without_file();
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

    fn traffic(&self, flows: usize) -> Vec<Case> {
        let region = self.ruleset().id;
        let filled = stand_ins(&self.policy, region);
        let demand = Demand { region, profile: &HARDENED, filled: &filled, flows, seed: 1 };
        traffic(&self.policy, &demand).cases
    }

    /// Where an engine that is told this text disagrees.
    fn disagreements(&self, engine: &Engine, text: &str, cases: &[Case]) -> Vec<Disagreement> {
        let Self { project, sources, policy, .. } = self;
        let context =
            Context { project, policy, sources, options: options(project), root: "" };
        let filled = stand_ins(policy, self.ruleset().id);
        let asked = Asked::new(&context, self.ruleset(), engine.version(), &filled);
        let addresses = engine_variables(self.ruleset(), &filled);
        let settings = Settings { addresses, ..Settings::default() };
        let conversations: Vec<_> = cases.iter().map(Case::conversation).collect();
        let outcomes = engine.converse(text, &settings, &conversations);
        let pairs = cases.iter().zip(&outcomes);
        pairs.filter_map(|(case, outcome)| asked.disagreement("it", case, outcome)).collect()
    }
}

fn options(project: &Project) -> suricata::Options<'_> {
    suricata::Options {
        today: TODAY.parse().unwrap(),
        profile: &HARDENED,
        firewall: &project.firewall,
    }
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
        proptest::collection::vec((random::asked(), 0..4_usize), 2 * FLOWS),
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
            let mut cases = made.traffic(FLOWS / 2);
            let random = flows.iter().filter_map(|(asked, manner)| case(asked, *manner));
            let mut known: BTreeSet<String> = cases.iter().map(written).collect();
            cases.extend(random.filter(|case| known.insert(written(case))));
            cases.truncate(FLOWS);
            for engine in &engines {
                asked.fetch_add(cases.len(), Ordering::Relaxed);
                let ruleset = engine_text(made.ruleset(), &HARDENED);
                for found in made.disagreements(engine, &ruleset, &cases) {
                    let version = engine.release();
                    writeln!(wrong.lock().unwrap(), "{text}{version:?} {}", found.text()).unwrap();
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
fn scratch() {
    let made = Made::of(EVERYTHING).unwrap();
    let cases = made.traffic(3_000);
    let text = engine_text(made.ruleset(), &HARDENED);
    let lines: Vec<&str> = text.lines().filter(|line| !line.starts_with('#')).collect();
    println!("{} cases {} lines", cases.len(), lines.len());
    let next = AtomicUsize::new(0);
    let out = Mutex::new(std::collections::BTreeMap::new());
    let work = || {
        let engines = Engine::both();
        loop {
            let skip = next.fetch_add(1, Ordering::Relaxed);
            let Some(line) = lines.get(skip) else { break };
            let kept: Vec<&str> = lines.iter().enumerate().filter(|(at, _)| *at != skip).map(|(_, it)| *it).collect();
            let text = kept.join("\n") + "\n";
            let mut said = String::new();
            for engine in &engines {
                let n = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| made.disagreements(engine, &text, &cases).len()));
                write!(said, "{n:?} ").unwrap();
            }
            out.lock().unwrap().insert(skip, format!("{said} {}", &line[..line.len().min(190)]));
        }
    };
    thread::scope(|scope| {
        scope.spawn(work);
        scope.spawn(work);
    });
    for line in out.into_inner().unwrap().values() {
        println!("{line}");
    }
}
