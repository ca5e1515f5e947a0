//! The compiler's own text before real engines: that it loads, and that it means what was written.
//!
//! Expectations are tables of flows in `tests/corpus/traffic`, see [`table`](crate::support::table).

use std::fmt::Write as _;
use std::path::Path;
use std::sync::Mutex;
use std::{fs, thread};

use fwc::policy::Policy;
use fwc::project::{OnDeny, Project};
use fwc::suricata::Ruleset;
use fwc::suricata::profile::HARDENED;
use fwc::verify::{APP_LAYER_DEFAULTS, engine_text, engine_variables, stand_ins};

use crate::corpus::{self, Compiled, corpus};
use crate::support::engine::{Engine, Order, Release, Settings};
use crate::support::table::{self, Row, Section};
use crate::support::traffic::{Fate, cases};

/// What may come out differently on 7.0.10 and 8.0.8, by the name that a table gives as the reason.
/// Any other difference is a surprise.
const DIFFERENCES: [&str; 6] = [
    // 7.0.10 and 8.0.3 cut the name of a hello at a NUL.
    "NUL in SNI:",
    // 7.0.10 and 8.0.3 need four bytes of a handshake message in each record.
    "short record:",
    // 7.0.10 does not take it for a blank around a value.
    "vertical tab:",
    // 7.0.10 does not fold the case of a Host that has a port.
    "case and port:",
    // Only the log differs.
    "early:",
    "split hello:",
];

/// A packet that a signature dropped can still pass the flow on 7.0.10; strict order keeps a grant by
/// name of QUIC from doing so, an order by marks would not.
const KNOWN_LEAK: &str = "sent again, too:";

/// A default action may drop UDP by flow: then a hello in two datagrams has no second chance, see
/// docs/limits.md.
const LOST_TO_DEFAULT: &str = "two datagrams:";

/// Another default action, `drop_established`, which drops UDP and ICMP both ways.
const ESTABLISHED_DEFAULTS: &str = r#"
drop tcp any any -> any any (msg:"default: tcp"; flow:established,to_server; noalert; sid:999991;)
drop udp any any -> any any (msg:"default: udp"; noalert; sid:999992;)
drop icmp any any -> any any (msg:"default: icmp"; noalert; sid:999993;)
drop ip any any -> any any (msg:"default: other"; ip_proto:!TCP; ip_proto:!UDP; ip_proto:!ICMP; noalert; sid:999994;)
"#;

/// What may stand behind a text that decides everything itself: nothing of it may matter.
const INDIFFERENT: [&str; 3] = ["", APP_LAYER_DEFAULTS, ESTABLISHED_DEFAULTS];

/// A policy of the corpus, or `prod` for the example, with its project.
pub(crate) fn project_of(policy: &str) -> Project {
    if policy == "prod" {
        return corpus::project(&Path::new(env!("CARGO_MANIFEST_DIR")).join("fwc.yaml"));
    }
    let own = corpus().join(policy).join("fwc.yaml");
    corpus::project(&if own.exists() { own } else { corpus().join("fwc.yaml") })
}

/// What becomes of a policy, which must be good.
pub(crate) fn compiled(policy: &str, project: &Project) -> Compiled {
    let compiled = if policy == "prod" {
        corpus::compile(
            Path::new(env!("CARGO_MANIFEST_DIR")),
            project.policy.as_deref().unwrap(),
            project,
        )
    } else {
        corpus::compile(&corpus().join(policy), "policy.fw", project)
    };
    assert!(!compiled.rulesets.is_empty(), "{policy}:\n{}", compiled.findings);
    compiled
}

/// What AWS is told beside the text.
pub(crate) fn settings(policy: &Policy, ruleset: &Ruleset) -> Settings {
    let filled = stand_ins(policy, ruleset.id);
    Settings { addresses: engine_variables(ruleset, &filled), ..Settings::default() }
}

#[test]
fn every_ruleset_loads_without_a_warning() {
    let mut waiting: Vec<(String, String, Settings)> = Vec::new();
    let mut add = |name: String, compiled: Compiled| {
        waiting.extend(compiled.rulesets.iter().map(|ruleset| {
            let name = format!("{name} {}", ruleset.region.role);
            // Without the default action that `published` relies on.
            let text = engine_text(ruleset, &HARDENED);
            (name, text, settings(&compiled.policy, ruleset))
        }));
    };
    add("prod".to_owned(), compiled("prod", &project_of("prod")));
    for (case, project) in corpus::compile_cases() {
        let compiled = corpus::compile(&case, "policy.fw", &project);
        add(case.display().to_string(), compiled);
    }
    let project = project_of("compile");
    for entry in fs::read_dir(corpus().join("parse/ok")).unwrap() {
        let name = entry.unwrap().file_name().into_string().unwrap();
        if name.ends_with(".fw") {
            let compiled = corpus::compile(&corpus().join("parse/ok"), &name, &project);
            add(name, compiled);
        }
    }
    assert!(waiting.len() > 20, "{} rulesets", waiting.len());
    let (waiting, complaints) = (Mutex::new(waiting), Mutex::new(String::new()));
    let engines = Engine::both();
    thread::scope(|scope| {
        let work = || {
            loop {
                let Some((name, text, settings)) = waiting.lock().unwrap().pop() else { break };
                for engine in &engines {
                    if let Err(lines) = engine.load(&text, &settings) {
                        let release = engine.release();
                        let mut complaints = complaints.lock().unwrap();
                        writeln!(complaints, "{name} {release:?}: {lines:#?}").unwrap();
                    }
                }
            }
        };
        scope.spawn(work);
        scope.spawn(work);
    });
    assert_eq!(complaints.into_inner().unwrap(), "");
}

/// The policy of `compile/skeleton` grants what the cases take for granted.
#[test]
fn every_conversation_meets_its_fate() {
    let cases = cases();
    let conversations: Vec<_> = cases.iter().map(|case| case.conversation.clone()).collect();
    for on_deny in [OnDeny::Reject, OnDeny::Drop] {
        let mut project = project_of("compile/skeleton");
        project.firewall.on_deny = on_deny;
        let Compiled { policy, rulesets, .. } = compiled("compile/skeleton", &project);
        let ruleset = &rulesets[0];
        for engine in Engine::both() {
            // AWS does not say how it makes the engine strict; neither way may open or close
            // anything.
            for order in [Order::File, Order::Priority] {
                let settings = Settings { order: order.as_str(), ..settings(&policy, ruleset) };
                let outcomes = engine.converse(&ruleset.text, &settings, &conversations);
                for (case, outcome) in cases.iter().zip(&outcomes) {
                    let expected = case.fate.with(engine.release());
                    let of = format!("{}, {on_deny:?} {:?} {order:?}", case.name, engine.release());
                    assert_eq!(Fate::of(outcome), expected, "{of}: {}", outcome.trace());
                    let lines = if expected == Fate::Granted { 0..=0 } else { 1..=2 };
                    let alerts = outcome.alerts();
                    assert!(lines.contains(&alerts.len()), "{of}: {alerts:?}");
                }
            }
        }
    }
}

#[test]
fn each_form_matches_its_names_and_no_others() {
    check("forms.txt", &INDIFFERENT);
}

#[test]
fn a_deny_wins_over_every_grant() {
    check("denies.txt", &INDIFFERENT);
}

#[test]
fn who_observes_is_logged_and_never_harmed() {
    check("observe.txt", &INDIFFERENT);
}

#[test]
fn the_published_profile_holds_what_it_can() {
    check("published.txt", &[APP_LAYER_DEFAULTS]);
}

#[test]
fn the_example_means_what_it_says() {
    check("prod.txt", &INDIFFERENT);
}

/// Holds a table against both engines, with each of the default actions behind the compiled text.
fn check(name: &str, defaults: &[&str]) {
    let text = fs::read_to_string(corpus().join("traffic").join(name)).unwrap();
    let mut wrong = String::new();
    for section in table::read(&text) {
        let Section { policy, region, rows } = &section;
        let Compiled { policy: meant, rulesets, .. } = compiled(policy, &project_of(policy));
        let ruleset = rulesets.iter().find(|it| it.region.role == *region).unwrap();
        for row in rows {
            let explained = DIFFERENCES.iter().any(|name| row.why.starts_with(name));
            let differs = row.verdicts[0] != row.verdicts[1];
            assert_eq!(differs, explained, "{} | {}", row.flow, row.why);
        }
        for engine in Engine::both() {
            for default in defaults {
                let text = format!("{}{default}", ruleset.text);
                for order in [Order::File, Order::Priority] {
                    // Where AWS's own would stand in another order is nothing to guess about.
                    if order == Order::File || default.is_empty() {
                        let settings =
                            Settings { order: order.as_str(), ..settings(&meant, ruleset) };
                        let rows = rows.iter().filter(|row| {
                            *default != ESTABLISHED_DEFAULTS
                                || !row.why.starts_with(LOST_TO_DEFAULT)
                        });
                        let rows: Vec<&Row> = rows.collect();
                        let found = compare(&engine, &text, &settings, order, &rows);
                        if !found.is_empty() {
                            let release = engine.release();
                            let default = default.lines().nth(1).unwrap_or("nothing behind it");
                            writeln!(
                                wrong,
                                "{policy}, {release:?}, {order:?}, {default}:\n{found}"
                            )
                            .unwrap();
                        }
                    }
                }
            }
        }
    }
    assert!(wrong.is_empty(), "{wrong}");
}

/// The rows of which an engine thinks otherwise.
fn compare(
    engine: &Engine,
    text: &str,
    settings: &Settings,
    order: Order,
    rows: &[&Row],
) -> String {
    let conversations: Vec<_> = rows.iter().map(|row| row.conversation.clone()).collect();
    let outcomes = engine.converse(text, settings, &conversations);
    let mut found = String::new();
    for (row, outcome) in rows.iter().zip(&outcomes) {
        let [seven, eight] = &row.verdicts;
        let expected = match engine.release() {
            Release::Seven => seven,
            Release::Eight => eight,
        };
        let (verdict, leak) = (table::verdict(outcome), row.why.starts_with(KNOWN_LEAK));
        let right = match order {
            // What AWS's default action refuses is not logged in the models of it.
            Order::File => verdict == *expected || verdict == format!("{expected}, 0 logged"),
            // Only the log may suffer.
            Order::Priority => {
                unlogged(&verdict) == unlogged(expected)
                    || (leak && engine.release() == Release::Seven)
            }
        };
        if !right {
            let (flow, trace) = (&row.flow, outcome.trace());
            writeln!(found, "  {flow}\n    {verdict} instead of {expected}: {trace}").unwrap();
        }
    }
    found
}

/// A verdict without what it says of the log.
fn unlogged(verdict: &str) -> String {
    let verdict = verdict.split_once(", ").map_or(verdict, |(verdict, _)| verdict);
    verdict.replace("observe", "pass")
}
