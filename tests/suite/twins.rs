//! The firewall said four ways, held together: the matcher, its reference, the signatures read
//! alone, and real engines.

use std::cell::Cell;
use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;
use std::fs;

use fwc::answer::Answers;
use fwc::emit::Context;
use fwc::matcher::reference::Reference;
use fwc::matcher::{Action, Engine, Flow, Matcher, Options, Reason, Source, Spoken};
use fwc::policy::{GrantId, Policy, RegionId};
use fwc::probe::Side::Client;
use fwc::project::Project;
use fwc::source::{SourceFile, Sources};
use fwc::suricata::evaluate::Outcome;
use fwc::suricata::profile::PROFILES;
use fwc::suricata::{self, Evaluator, Profile, Ruleset};
use fwc::verify::{self, Demand, engine_text};
use proptest::prelude::*;

use crate::corpus::{Compiled, TODAY, compile_cases, corpus};
use crate::forms::{compiled, project_of, settings};
use crate::support::engine;
use crate::support::random::{asked, policy, resolved};
use crate::support::table::{self, Row, Section};

const ENGINES: [Engine; 3] = [Engine::V7_0_10, Engine::V8_0_3, Engine::V8_0_8];

/// A policy of the table, and flows.
struct Case {
    title: String,
    text: String,
    lines: Vec<Line>,
}

/// A flow and what becomes of it, by engine.
struct Line {
    row: Row,
    profiles: Vec<&'static Profile>,
    verdicts: [String; 3],
    reasons: [String; 3],
}

fn read(text: &str) -> Vec<Case> {
    let mut cases: Vec<Case> = Vec::new();
    let (mut from, mut to) = (String::new(), String::new());
    let mut profiles = PROFILES.to_vec();
    for line in text.lines().filter(|line| !line.is_empty() && !line.starts_with('#')) {
        if let Some(title) = line.strip_prefix("=== ") {
            let (title, text) = (title.to_owned(), "fwc 1\n".to_owned());
            cases.push(Case { title, text, lines: Vec::new() });
            profiles = PROFILES.to_vec();
        } else if line.starts_with("  ") {
            writeln!(cases.last_mut().unwrap().text, "{line}").unwrap();
        } else if let Some(address) = line.strip_prefix("from ") {
            address.clone_into(&mut from);
        } else if let Some(address) = line.strip_prefix("to ") {
            address.clone_into(&mut to);
        } else if let Some(name) = line.strip_prefix("profile ") {
            profiles = PROFILES.iter().copied().filter(|it| it.name == name).collect();
            assert!(!profiles.is_empty(), "{line}");
        } else {
            let lines = &mut cases.last_mut().unwrap().lines;
            lines.push(read_line(line, &from, &to, profiles.clone()));
        }
    }
    cases
}

fn read_line(line: &str, from: &str, to: &str, profiles: Vec<&'static Profile>) -> Line {
    let fields: Vec<&str> = line.splitn(5, '|').map(str::trim).collect();
    let field = |number: usize| fields.get(number).copied().unwrap_or_default();
    let by_engine = |field: &str| match field.split(" / ").collect::<Vec<_>>().as_slice() {
        [all] => [all; 3].map(|it| (*it).to_owned()),
        [seven, three, eight] => [seven, three, eight].map(|it| (*it).to_owned()),
        _ => panic!("one engine or three: {line}"),
    };
    Line {
        row: table::read_row(&format!("{} | {} | -", field(0), field(1)), from, to),
        profiles,
        verdicts: by_engine(field(2)),
        reasons: by_engine(field(3)),
    }
}

/// A verdict as the table writes it.
fn verdict(action: Action, at: Option<usize>) -> String {
    let action = match action {
        Action::Allow => "allow",
        Action::Deny => "deny",
        Action::Observe => "observe",
    };
    at.map_or(action.to_owned(), |at| format!("{action} at {at}"))
}

/// A policy of the table, and what is asked about it.
struct Subject {
    sources: Sources,
    policy: Policy,
}

impl Subject {
    fn new(case: &Case) -> Self {
        let mut sources = Sources::new();
        sources.add(SourceFile::new("policy.fw", case.text.as_str()));
        let (policy, found) = fwc::analyse(&sources, &Project::without_file())
            .accept()
            .unwrap_or_else(|found| panic!("{}: {found:?}", case.title));
        let _ = found;
        Self { sources, policy }
    }

    /// An entry as it is written, from its action on.
    fn entry(&self, grant: GrantId) -> String {
        let at = self.policy.grants[grant.0 as usize].at;
        let text = &self.sources.get(at.file).unwrap().text;
        let start = text[..at.span.start as usize].rfind('\n').map_or(0, |end| end + 1);
        text[start..].lines().next().unwrap().trim().to_owned()
    }

    fn reason(&self, reason: Reason) -> String {
        match reason {
            Reason::Grant(grant) | Reason::DenyEntry(grant) => self.entry(grant),
            Reason::NoGrant => "no grant".to_owned(),
            Reason::UnknownSource => "unknown source".to_owned(),
        }
    }
}

#[test]
fn every_verdict_is_the_same_four_ways() {
    let text = fs::read_to_string(corpus().join("verdicts.txt")).unwrap();
    let cases = read(&text);
    let lines = cases.iter().map(|case| case.lines.len()).sum::<usize>();
    let mut wrong = String::new();
    for case in &cases {
        let subject = Subject::new(case);
        for profile in PROFILES {
            let lines: Vec<&Line> =
                case.lines.iter().filter(|line| line.profiles.contains(profile)).collect();
            for found in disagreements(&subject, profile, &lines) {
                writeln!(wrong, "{}, {profile}: {found}", case.title).unwrap();
            }
        }
    }
    assert!(lines > 200, "{lines} lines");
    assert!(wrong.is_empty(), "{wrong}");
}

/// What one of the four says otherwise than the table.
fn disagreements(subject: &Subject, profile: &'static Profile, lines: &[&Line]) -> Vec<String> {
    let policy = &subject.policy;
    let Some(ruleset) = compiles(policy, profile) else { return vec!["is refused".to_owned()] };
    let nothing = BTreeMap::new();
    let evaluator = Evaluator::new(&ruleset, profile, &nothing).unwrap();
    let mut found = Vec::new();
    for (number, engine) in ENGINES.into_iter().enumerate() {
        let options = Options { engine, profile, ..Options::new(TODAY.parse().unwrap()) };
        let matcher = Matcher::new(policy, RegionId(0), &options);
        let reference = Reference::new(policy, RegionId(0), &options);
        let outcomes = converse(policy, &ruleset, profile, engine, lines);
        for (place, line) in lines.iter().enumerate() {
            let said = line.row.said.as_ref().unwrap();
            let (expected, reason) = (&line.verdicts[number], &line.reasons[number]);
            let mut check = |twin: &str, verdict: String, why: String| {
                if (&verdict, &why) != (expected, reason) {
                    let flow = &line.row.flow;
                    found.push(format!(
                        "{flow}: {twin} on {engine:?} says {verdict}, {why}; not {expected}, {reason}"
                    ));
                }
            };
            let fast = table::ask(said, |flow| {
                let it = matcher.decide(flow);
                (verdict(it.action, it.at), subject.reason(it.reason))
            });
            let slow = table::ask(said, |flow| {
                let it = reference.decide(flow);
                (verdict(it.action, it.at), subject.reason(it.reason))
            });
            let reason_given = table::ask(said, |flow| matcher.decide(flow).reason);
            check("the matcher", fast.0, fast.1);
            check("the reference", slow.0, slow.1);
            let outcome = table::ask(said, |flow| evaluator.evaluate(engine, flow)).unwrap();
            let at = judged_at(&outcome, reason_given);
            let fits = table::ask(said, |flow| fits(&ruleset, &outcome, flow, reason_given));
            let why = if fits { reason.clone() } else { format!("{outcome:?}") };
            check("the signatures", verdict(outcome.action, at), why);
            let Some(outcomes) = &outcomes else { continue };
            let real = &outcomes[place];
            let agrees = delivers(outcome.action, at, &line.row, real);
            if !agrees || !is_logged(&outcome, real) {
                let (flow, trace, real) = (&line.row.flow, real.trace(), table::verdict(real));
                found.push(format!(
                    "{flow}: {engine:?} itself says {real}: {trace}; the signatures {outcome:?}"
                ));
            }
        }
    }
    found
}

/// What a real engine does with the flows; nothing if there is none of its version.
fn converse(
    policy: &Policy,
    ruleset: &Ruleset,
    profile: &Profile,
    engine: Engine,
    lines: &[&Line],
) -> Option<Vec<verify::Outcome>> {
    let engine = match engine {
        Engine::V7_0_10 => engine::Engine::seven(),
        Engine::V8_0_3 => return None,
        Engine::V8_0_8 => engine::Engine::eight(),
    };
    let text = engine_text(ruleset, profile);
    let conversations: Vec<_> = lines.iter().map(|line| line.row.conversation.clone()).collect();
    Some(engine.converse(&text, &settings(policy, ruleset), &conversations))
}

/// Whether the log has the lines of these signatures, and no others. Packets that are sent again are
/// logged again; behind a refusal there may be more, because a server answers here even what it never
/// got.
pub(crate) fn is_logged(read: &Outcome, real: &verify::Outcome) -> bool {
    let log: BTreeSet<u64> = real.alerts().iter().map(|alert| alert.sid).collect();
    let expected: BTreeSet<u64> = read.logged.iter().map(|sid| (*sid).into()).collect();
    match read.action {
        Action::Deny => log.is_superset(&expected) && log.is_empty() == expected.is_empty(),
        Action::Allow | Action::Observe => log == expected,
    }
}

/// Whether the engine let through and logged what a verdict says.
fn delivers(action: Action, at: Option<usize>, row: &Row, real: &verify::Outcome) -> bool {
    let would = real.alerts().iter().any(|alert| alert.is_would_deny());
    match action {
        Action::Allow => real.passed() && !would,
        Action::Observe => real.passed() && would,
        Action::Deny => {
            // Every request before the one that was stopped came through, and nothing else.
            let before = row.requests.iter().take(at.unwrap_or_default()).sum::<usize>();
            match real.delivered(Client).as_slice() {
                [] => before == 0,
                [first] => *first == (0..before as u32),
                _ => false,
            }
        }
    }
}

/// The first region of a policy; nothing if the compiler refuses it.
fn compiles(policy: &Policy, profile: &'static Profile) -> Option<Ruleset> {
    let firewall = &Project::without_file().firewall;
    let options = suricata::Options { today: TODAY.parse().unwrap(), profile, firewall };
    suricata::compile(policy, &options).ok()?.into_iter().next()
}

/// Where signatures decide, as a matcher counts: it looks no further than an unknown source, while
/// they wait for the first request.
pub(crate) fn judged_at(outcome: &Outcome, reason: Reason) -> Option<usize> {
    match reason {
        Reason::UnknownSource => outcome.at.filter(|at| *at > 0),
        _ => outcome.at,
    }
}

/// Whether the signature that decides is one of what a matcher gives as the reason.
fn fits(ruleset: &Ruleset, outcome: &Outcome, flow: &Flow<'_>, reason: Reason) -> bool {
    let signature = |sid: u32| ruleset.signatures.iter().find(|it| it.sid == sid).unwrap();
    let decides = outcome.sid.map(signature);
    let is_entry = decides.is_some_and(|it| !it.grants.is_empty());
    let is_of = |grant: GrantId| {
        let mut candidates = outcome.matched.iter().chain(&outcome.logged);
        candidates.any(|sid| signature(*sid).grants.contains(&grant))
    };
    match reason {
        Reason::Grant(grant) => is_entry && is_of(grant),
        // It is logged for what it is, whatever denies it: the head of a tunnel is never complete, and
        // a packet without a flow has no marks.
        Reason::DenyEntry(_) if outcome.action == Action::Observe && is_unread(flow) => true,
        // Of several denies one line says that it would, and it need not be the first of the policy.
        Reason::DenyEntry(_) if outcome.action == Action::Observe => is_entry,
        Reason::DenyEntry(grant) => is_entry && is_of(grant),
        // With the default action of the firewall policy no signature decides.
        Reason::NoGrant => !is_entry,
        Reason::UnknownSource => outcome.action == Action::Deny,
    }
}

/// Whether a signature stands for entries.
fn is_entry(ruleset: &Ruleset, sid: u32) -> bool {
    ruleset.signatures.iter().any(|it| it.sid == sid && !it.grants.is_empty())
}

/// Whether nothing reads what is in it.
fn is_unread(flow: &Flow<'_>) -> bool {
    match flow.spoken {
        Spoken::Http2 { .. } | Spoken::Other => true,
        Spoken::Http { requests } => {
            requests.iter().any(|it| it.method.eq_ignore_ascii_case(b"CONNECT"))
        }
        _ => false,
    }
}

#[test]
fn the_signatures_mean_what_the_matcher_says() {
    let (tried, refused, flows_asked) = (Cell::new(0_u32), Cell::new(0_u32), Cell::new(0_u32));
    let nothing = BTreeMap::new();
    let strategy = (policy(), proptest::collection::vec(asked(), 100));
    proptest!(|((text, flows) in strategy)| {
        let policy = resolved(&text);
        for profile in PROFILES {
            tried.set(tried.get() + 1);
            let Some(ruleset) = compiles(&policy, profile) else {
                refused.set(refused.get() + 1);
                continue;
            };
            let evaluator = Evaluator::new(&ruleset, profile, &nothing).unwrap();
            for engine in ENGINES {
                let options = Options { engine, profile, ..Options::new(TODAY.parse().unwrap()) };
                let matcher = Matcher::new(&policy, RegionId(0), &options);
                for asked in flows.iter().filter(|it| matches!(it.source, Source::Address(_))) {
                    flows_asked.set(flows_asked.get() + 1);
                    let found = asked.ask(|flow| {
                        let it = matcher.decide(flow);
                        let outcome = evaluator.evaluate(engine, flow).unwrap();
                        let at = judged_at(&outcome, it.reason);
                        let same = (outcome.action, at) == (it.action, it.at)
                            && fits(&ruleset, &outcome, flow, it.reason);
                        (!same).then(|| format!("{it:?}\n{outcome:?}"))
                    });
                    prop_assert!(
                        found.is_none(),
                        "{engine:?} {profile}\n{text}\n{asked:?}\n{}",
                        found.unwrap_or_default(),
                    );
                }
            }
        }
    });
    let (tried, refused) = (tried.get(), refused.get());
    assert!(refused * 4 < tried, "{refused} of {tried} rulesets were refused");
    assert!(flows_asked.get() > tried * 50, "{} flows", flows_asked.get());
}

#[test]
fn the_signatures_mean_what_the_matcher_says_at_every_boundary() {
    let policies = compile_cases()
        .into_iter()
        .map(|(case, _)| format!("compile/{}", case.file_name().unwrap().to_str().unwrap()));
    let mut asked = 0;
    for of in policies.chain(["prod".to_owned()]) {
        let project = project_of(&of);
        let Compiled { policy, rulesets, .. } = compiled(&of, &project);
        let profile = Profile::of(project.firewall.profile);
        for ruleset in &rulesets {
            let filled = verify::stand_ins(&policy, ruleset.id);
            let demand =
                Demand { region: ruleset.id, profile, filled: &filled, flows: 2_000, seed: 2 };
            let by_variable: BTreeMap<_, _> = filled
                .iter()
                .map(|(name, it)| (name.replace('-', "_").into(), it.clone()))
                .collect();
            let evaluator = Evaluator::new(ruleset, profile, &by_variable).unwrap();
            let matchers = ENGINES.map(|engine| {
                let today = TODAY.parse().unwrap();
                let options = Options { engine, profile, filled: &filled, ..Options::new(today) };
                (engine, Matcher::new(&policy, ruleset.id, &options))
            });
            for case in verify::traffic(&policy, &demand).cases {
                for (engine, matcher) in &matchers {
                    asked += 1;
                    case.ask(|flow| {
                        let it = matcher.decide(flow);
                        let outcome = evaluator.evaluate(*engine, flow).unwrap();
                        let at = judged_at(&outcome, it.reason);
                        let same = (outcome.action, at) == (it.action, it.at)
                            && fits(ruleset, &outcome, flow, it.reason);
                        assert!(same, "{of}: {}: {it:?}, but {outcome:?}", case.flow());
                    });
                }
            }
        }
    }
    assert!(asked > 50_000, "{asked} flows");
}

#[test]
fn what_is_said_to_log_a_flow_logs_it() {
    let nothing = BTreeMap::new();
    let strategy = (policy(), proptest::collection::vec(asked(), 100));
    proptest!(|((text, flows) in strategy)| {
        let (project, mut sources) = (Project::without_file(), Sources::new());
        sources.add(SourceFile::new("prod.fw", text.as_str()));
        let policy = fwc::analyse(&sources, &project).policy;
        for profile in PROFILES {
            let Some(ruleset) = compiles(&policy, profile) else { continue };
            let evaluator = Evaluator::new(&ruleset, profile, &nothing).unwrap();
            let (today, firewall) = (TODAY.parse().unwrap(), &project.firewall);
            let options = suricata::Options { today, profile, firewall };
            let context =
                Context { project: &project, policy: &policy, sources: &sources, options, root: "" };
            for engine in ENGINES {
                let options = Options { engine, profile, ..Options::new(today) };
                let answers = Answers::with(&context, &ruleset, &options);
                for asked in flows.iter().filter(|it| matches!(it.source, Source::Address(_))) {
                    let found = asked.ask(|flow| {
                        let answer = answers.answer(flow);
                        let outcome = evaluator.evaluate(engine, flow).unwrap();
                        let is_it = match (answer.verdict.action, answer.reason.sid) {
                            (Action::Allow, Some(sid)) => outcome.matched.contains(&sid),
                            (Action::Allow, None) => false,
                            // Of several entries that deny it another one may log first.
                            (_, Some(sid)) if answer.reason.entry.is_some() => outcome
                                .logged
                                .iter()
                                .any(|logged| *logged == sid || is_entry(&ruleset, *logged)),
                            (_, Some(sid)) => outcome.logged.contains(&sid),
                            (_, None) => outcome.logged.is_empty(),
                        };
                        (!is_it).then(|| format!("{answer:?}\n{outcome:?}"))
                    });
                    prop_assert!(
                        found.is_none(),
                        "{engine:?} {profile}\n{text}\n{asked:?}\n{}",
                        found.unwrap_or_default(),
                    );
                }
            }
        }
    });
}

#[test]
fn the_signatures_agree_with_every_table() {
    let (mut asked, mut wrong) = (0, String::new());
    let nothing = BTreeMap::new();
    for name in ["forms.txt", "denies.txt", "observe.txt", "published.txt", "prod.txt"] {
        let text = fs::read_to_string(corpus().join("traffic").join(name)).unwrap();
        for Section { policy: of, region, rows } in table::read(&text) {
            let project = project_of(&of);
            let rulesets = compiled(&of, &project).rulesets;
            let ruleset = rulesets.iter().find(|it| it.region.role == region).unwrap();
            let profile = Profile::of(project.firewall.profile);
            let evaluator = Evaluator::new(ruleset, profile, &nothing).unwrap();
            for row in &rows {
                let Some(said) = &row.said else { continue };
                for (engine, expected) in
                    [Engine::V7_0_10, Engine::V8_0_8].into_iter().zip(&row.verdicts)
                {
                    asked += 1;
                    let outcome =
                        table::ask(said, |flow| evaluator.evaluate(engine, flow)).unwrap();
                    let expected = table::action(expected);
                    if outcome.action != expected {
                        let flow = &row.flow;
                        writeln!(wrong, "{of}: {flow}: {outcome:?}, not {expected:?}").unwrap();
                    }
                }
            }
        }
    }
    assert!(asked > 1_000, "{asked} flows");
    assert!(wrong.is_empty(), "{wrong}");
}
