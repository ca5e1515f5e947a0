//! The matcher against both engines, at every boundary of every policy.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;
use std::sync::Mutex;
use std::thread;

use fwc::matcher::{Matcher, Options};
use fwc::policy::{Policy, RegionId};
use fwc::project::{ProfileName, Project};
use fwc::suricata::{Profile, Ruleset};
use fwc::verify::{
    Boundary, Case, Demand, Disagreement, Traffic, disagreement, engine_text, stand_ins, traffic,
};

use crate::corpus::{Compiled, TODAY, compile_cases};
use crate::forms::{compiled, project_of, settings};
use crate::support::engine::Engine;

/// As `fwc verify` has it unless told otherwise.
const SEED: u64 = 1;

fn demand(policy: &Policy, project: &Project, region: RegionId, flows: usize) -> Vec<Case> {
    let profile = Profile::of(project.firewall.profile);
    let filled = stand_ins(policy, region);
    let demand = Demand { region, profile, filled: &filled, flows, seed: SEED };
    traffic(policy, &demand).cases
}

/// Where an engine and the matcher disagree.
fn disagreements(
    engine: &Engine,
    policy: &Policy,
    project: &Project,
    ruleset: &Ruleset,
    text: &str,
    cases: &[Case],
) -> Vec<Disagreement> {
    let filled = stand_ins(policy, ruleset.id);
    let options = Options {
        profile: Profile::of(project.firewall.profile),
        engine: engine.version(),
        filled: &filled,
        ..Options::new(TODAY.parse().unwrap())
    };
    let matcher = Matcher::new(policy, ruleset.id, &options);
    let conversations: Vec<_> = cases.iter().map(Case::conversation).collect();
    let outcomes = engine.converse(text, &settings(policy, ruleset), &conversations);
    let pairs = cases.iter().zip(&outcomes);
    pairs.filter_map(|(case, outcome)| disagreement(&matcher, case, outcome)).collect()
}

fn shown(found: &Disagreement) -> String {
    let Disagreement { case, verdict, outcome, wrong } = found;
    let alerts: Vec<_> = outcome.alerts().iter().map(|alert| alert.message.clone()).collect();
    format!(
        "{wrong}\n  {:?}: {} {}\n  {verdict:?}\n  {} {alerts:?}",
        case.boundary(),
        case.flow(),
        case.manner(),
        outcome.trace()
    )
}

#[test]
fn explore() {
    let of = std::env::var("OF").unwrap_or("prod".to_owned());
    let flows = std::env::var("FLOWS").map_or(5_000, |it| it.parse().unwrap());
    let project = project_of(&of);
    let Compiled { policy, rulesets, .. } = compiled(&of, &project);
    for ruleset in &rulesets {
        let start = std::time::Instant::now();
        let cases = demand(&policy, &project, ruleset.id, flows);
        let mut kinds: BTreeMap<Boundary, usize> = BTreeMap::new();
        for case in &cases {
            *kinds.entry(case.boundary()).or_default() += 1;
        }
        println!("{of} {} {} cases {kinds:?} {:?}", ruleset.region.role, cases.len(), start.elapsed());
        let text = engine_text(ruleset, Profile::of(project.firewall.profile));
        for engine in Engine::both() {
            let start = std::time::Instant::now();
            let mut found = Vec::new();
            for cases in cases.chunks(5_000) {
                found.extend(disagreements(&engine, &policy, &project, ruleset, &text, cases));
            }
            println!("{:?} {} wrong {:?}", engine.release(), found.len(), start.elapsed());
            let mut by: BTreeMap<_, Vec<_>> = BTreeMap::new();
            for it in &found {
                by.entry((it.case.boundary(), it.wrong)).or_default().push(it);
            }
            for (key, list) in by {
                println!("== {key:?} {}", list.len());
                for it in list.iter().take(4) {
                    println!("{}", shown(it));
                }
            }
        }
    }
}
