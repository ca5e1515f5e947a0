//! The matcher against what real engines say: the tables of flows, and the boundaries of every
//! entry of every policy.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::{Display, Write as _};
use std::net::IpAddr;
use std::sync::Mutex;
use std::{fs, thread};

use fwc::matcher::{self, Action, Matcher, Options, Verdict};
use fwc::policy::pattern::Pattern;
use fwc::policy::{Destination, Origins, Policy, Reach, RegionId, ServiceId};
use fwc::probe::Side::Client;
use fwc::project::{ProfileName, Project};
use fwc::suricata::{Evaluator, Profile, Ruleset, evaluate};
use ipnet::IpNet;

use crate::corpus::{Compiled, TODAY, compile_cases, corpus};
use crate::forms::{APP_LAYER_DEFAULTS, compiled, project_of, settings, text};
use crate::support::engine::{self, Engine, Outcome, Release};
use crate::support::table::{self, Row, Section, escaped};
use crate::twins::judged_at;

fn options(project: &Project, engine: matcher::Engine) -> Options<'static> {
    let profile = Profile::of(project.firewall.profile);
    Options { profile, engine, ..Options::new(TODAY.parse().unwrap()) }
}

/// Both engines that tests run, in the order of the columns of a table.
const ENGINES: [matcher::Engine; 2] = [matcher::Engine::V7_0_10, matcher::Engine::V8_0_8];

#[test]
fn the_matcher_agrees_with_every_table() {
    let (mut asked, mut wrong) = (0, String::new());
    for name in ["forms.txt", "denies.txt", "observe.txt", "published.txt", "prod.txt"] {
        let text = fs::read_to_string(corpus().join("traffic").join(name)).unwrap();
        for Section { policy: of, region, rows } in table::read(&text) {
            let project = project_of(&of);
            let policy = compiled(&of, &project).policy;
            let region = policy.regions.iter().position(|it| it.role == region).unwrap();
            let region = RegionId(region as u32);
            let matchers =
                ENGINES.map(|engine| Matcher::new(&policy, region, &options(&project, engine)));
            for row in &rows {
                let Some(said) = &row.said else { continue };
                for (matcher, expected) in matchers.iter().zip(&row.verdicts) {
                    asked += 1;
                    let action = said.ask(|flow| matcher.decide(flow).action);
                    let expected = table::action(expected);
                    if action != expected {
                        writeln!(wrong, "{of}: {}: {action:?}, not {expected:?}", row.flow)
                            .unwrap();
                    }
                }
            }
        }
    }
    assert!(asked > 1_000, "{asked} flows");
    assert!(wrong.is_empty(), "{wrong}");
}

/// How many flows are asked about a ruleset, at most: every few of those at its boundaries.
const FLOWS: usize = 3_000;

#[test]
fn the_matcher_agrees_with_both_engines_at_every_boundary() {
    let mut policies = vec!["prod".to_owned()];
    policies.extend(
        compile_cases()
            .iter()
            .map(|(case, _)| format!("compile/{}", case.file_name().unwrap().to_str().unwrap())),
    );
    // The addresses of its services are known to AWS alone.
    policies.retain(|policy| policy != "compile/prefix-list");
    let (waiting, wrong) = (Mutex::new(policies), Mutex::new(String::new()));
    let asked = Mutex::new(0);
    thread::scope(|scope| {
        let work = || {
            loop {
                let Some(of) = waiting.lock().unwrap().pop() else { break };
                let project = project_of(&of);
                let Compiled { policy, rulesets, .. } = compiled(&of, &project);
                for ruleset in &rulesets {
                    let (flows, found) = disagreements(&policy, &project, ruleset);
                    *asked.lock().unwrap() += flows;
                    let mut wrong = wrong.lock().unwrap();
                    for line in found {
                        writeln!(wrong, "{of} {}: {line}", ruleset.region.role).unwrap();
                    }
                }
            }
        };
        scope.spawn(work);
        scope.spawn(work);
    });
    let asked = asked.into_inner().unwrap();
    assert!(asked > 10_000, "{asked} flows");
    let wrong = wrong.into_inner().unwrap();
    assert!(wrong.is_empty(), "{} of {asked}:\n{wrong}", wrong.lines().count());
}

/// How many flows were asked about, and where an engine and the matcher disagree.
fn disagreements(policy: &Policy, project: &Project, ruleset: &Ruleset) -> (usize, Vec<String>) {
    let rows = boundaries(policy, ruleset.id);
    if rows.is_empty() {
        return (0, Vec::new());
    }
    let conversations: Vec<_> = rows.iter().map(|row| row.conversation.clone()).collect();
    let mut text = text(ruleset);
    if project.firewall.profile == ProfileName::Published {
        text.push_str(APP_LAYER_DEFAULTS);
    }
    let (profile, nothing) = (Profile::of(project.firewall.profile), BTreeMap::new());
    let evaluator = Evaluator::new(ruleset, profile, &nothing).unwrap();
    let mut found = Vec::new();
    for engine in Engine::both() {
        let version = match engine.release() {
            Release::Seven => matcher::Engine::V7_0_10,
            Release::Eight => matcher::Engine::V8_0_8,
        };
        let matcher = Matcher::new(policy, ruleset.id, &options(project, version));
        let outcomes = engine.converse(&text, &settings(ruleset), &conversations);
        for (row, outcome) in rows.iter().zip(&outcomes) {
            let Some(said) = &row.said else { continue };
            let verdict = said.ask(|flow| matcher.decide(flow));
            let mut wrong: Vec<String> = disagreement(&verdict, row, outcome).into_iter().collect();
            let read = said.ask(|flow| evaluator.evaluate(version, flow)).unwrap();
            if (read.action, judged_at(&read, verdict.reason)) != (verdict.action, verdict.at) {
                wrong.push(format!("{verdict:?}, but the signatures {read:?}"));
            }
            if !is_logged(&read, outcome) {
                wrong.push(format!("the log is not {:?}", read.logged));
            }
            for wrong in wrong {
                found.push(format!("{version:?}: {} | {wrong}: {}", row.flow, outcome.trace()));
            }
        }
    }
    (2 * rows.len(), found)
}

/// What the engine did, if it is not what the matcher says.
fn disagreement<S>(verdict: &Verdict<S>, row: &Row, outcome: &Outcome) -> Option<String> {
    let Verdict { action, at, reason, .. } = verdict;
    let agrees = delivers(*action, *at, row, outcome);
    (!agrees).then(|| format!("{action:?} {at:?} {reason:?}, but {}", table::verdict(outcome)))
}

/// Whether the log has the lines of these signatures, and no others. Packets that are sent again are
/// logged again; behind a refusal there may be more, because a server answers here even what it never
/// got.
pub(crate) fn is_logged(read: &evaluate::Outcome, outcome: &Outcome) -> bool {
    let log: BTreeSet<u64> = outcome.alerts().iter().map(|alert| alert.sid).collect();
    let expected: BTreeSet<u64> = read.logged.iter().map(|sid| (*sid).into()).collect();
    match read.action {
        Action::Deny => log.is_superset(&expected) && log.is_empty() == expected.is_empty(),
        Action::Allow | Action::Observe => log == expected,
    }
}

/// Whether the engine let through and logged what a verdict says.
pub(crate) fn delivers(action: Action, at: Option<usize>, row: &Row, outcome: &Outcome) -> bool {
    let would = outcome.alerts().iter().any(|alert| alert.message.contains(": would deny"));
    let passed = outcome.packets.iter().all(|(_, it)| it.action == engine::Action::Passed);
    match action {
        Action::Allow => passed && !would,
        Action::Observe => passed && would,
        Action::Deny => {
            // Every request before the one that was stopped came through, and nothing else.
            let before = row.requests.iter().take(at.unwrap_or_default()).sum::<usize>();
            match outcome.delivered(Client).as_slice() {
                [] => before == 0,
                [first] => *first == (0..before as u32),
                _ => false,
            }
        }
    }
}

/// Flows on both sides of what every entry says.
fn boundaries(policy: &Policy, region: RegionId) -> Vec<Row> {
    let mut lines = BTreeSet::new();
    let elsewhere = ["192.0.2.9", "2001:db8:ffff::9"].map(|address| address.parse().unwrap());
    // Where names meet entries of addresses.
    let granted: Vec<IpAddr> = policy
        .grants
        .iter()
        .filter_map(|grant| match grant.destination.get(region) {
            Some(Destination::Addresses(network)) => Some(network.addr()),
            _ => None,
        })
        .collect();
    for grant in &policy.grants {
        let terms = policy.terms(grant);
        let Some(destination) = grant.destination.get(region) else { continue };
        let except = terms.except(region);
        let sources = sources(policy, grant.service, region);
        let targets = std::iter::once(destination).chain(except);
        for target in targets {
            match target {
                Destination::Names(pattern) => {
                    let mut places = edges(terms.to());
                    if places.is_empty() {
                        places.extend(elsewhere.iter().chain(&granted));
                    }
                    by_name(pattern, &terms.reach, &sources, &places, &mut lines);
                }
                Destination::Addresses(network) => {
                    by_address(&terms.reach, &sources, &edges(&[*network]), &mut lines);
                }
            }
        }
    }
    // An engine takes all echoes between two addresses for one flow, and so with other protocols.
    let mut portless = BTreeSet::new();
    let rows: Vec<Row> = lines
        .iter()
        .map(|line| table::read_row(line, "", ""))
        .filter(|row| {
            !["icmp", "gre"].iter().any(|kind| row.flow.starts_with(kind))
                || portless.insert(row.flow.clone())
        })
        .collect();
    let every = rows.len().div_ceil(FLOWS).max(1);
    // A step that shares no factor with the periods in which flows are made.
    let every = if every == 1 { 1 } else { every | 1 };
    rows.into_iter().step_by(every).collect()
}

/// Addresses of the service and next to them; of any service for none.
fn sources(policy: &Policy, service: Option<ServiceId>, region: RegionId) -> Vec<IpAddr> {
    let services = (0..policy.services.len() as u32).map(ServiceId);
    let services = services.filter(|id| service.is_none_or(|service| service == *id));
    let networks: Vec<IpNet> = services
        .filter_map(|id| match policy.service(id).sources(region) {
            Some(Origins::Networks(networks)) => Some(networks.clone()),
            _ => None,
        })
        .flatten()
        .collect();
    edges(&networks)
}

/// The first and last addresses of networks, and their neighbours.
fn edges(networks: &[IpNet]) -> Vec<IpAddr> {
    let neighbours = |network: &IpNet| match network {
        IpNet::V4(network) => {
            let (first, last) = (u32::from(network.network()), u32::from(network.broadcast()));
            [first, last, first.wrapping_sub(1), last.wrapping_add(1)]
                .map(|address| IpAddr::V4(address.into()))
        }
        IpNet::V6(network) => {
            let (first, last) = (u128::from(network.network()), u128::from(network.broadcast()));
            [first, last, first.wrapping_sub(1), last.wrapping_add(1)]
                .map(|address| IpAddr::V6(address.into()))
        }
    };
    networks.iter().flat_map(neighbours).collect()
}

/// The ports of an entry, and those next to them.
fn ports(reach: &Reach) -> Vec<u16> {
    match reach {
        Reach::Protocol(_, Some(ports)) => {
            let ends = ports.ranges().flat_map(|range| {
                [
                    range.first(),
                    range.last(),
                    range.first().wrapping_sub(1),
                    range.last().wrapping_add(1),
                ]
            });
            ends.filter(|port| *port > 0).collect()
        }
        Reach::Protocol(_, None) | Reach::Everything => vec![443, 80, 22],
    }
}

/// Names at the boundary of a pattern, as bytes.
fn names(pattern: &Pattern) -> Vec<Vec<u8>> {
    let base = pattern.base().as_str();
    let labels = match pattern {
        Pattern::OneLabel { label, .. } => {
            let (prefix, suffix) = (label.prefix(), label.suffix());
            vec![
                format!("{prefix}{suffix}"),
                format!("{prefix}1{suffix}"),
                format!("x{prefix}1{suffix}"),
                format!("{prefix}1{suffix}x"),
                format!("{prefix}1{suffix}.x"),
                format!("x.{prefix}1{suffix}"),
                format!("{prefix}*{suffix}"),
            ]
        }
        Pattern::Exact(_) | Pattern::Below(_) => vec!["a.b".to_owned()],
    };
    let upper = base.to_ascii_uppercase();
    let mut names: Vec<Vec<u8>> = labels
        .iter()
        .flat_map(|label| [format!("{label}.{base}"), format!("{label}.{upper}")])
        .chain([
            base.to_owned(),
            upper.clone(),
            format!("a.{base}"),
            format!("x{base}"),
            format!("{base}."),
            format!(".{base}"),
            format!("..{base}"),
            format!("a..{base}"),
            format!("*.{base}"),
            format!("-_.{base}"),
            format!("a b.{base}"),
            format!("{base}.evil.example"),
            format!("evil.example/{base}"),
            format!("a.{base}\0.evil.example"),
            format!("evil.example\0.{base}"),
            format!("{base}\0"),
            format!("{base}\n"),
            format!("{base}:80"),
            format!("{}.{base}", "a".repeat(254 - base.len())),
            format!("{}.{base}", "a".repeat(255 - base.len())),
            base.replacen('.', "x", 1),
        ])
        .map(String::into_bytes)
        .collect();
    names.push([b"\xff.", base.as_bytes()].concat());
    if let Some((_, parent)) = base.split_once('.') {
        names.extend([parent, &format!("zz.{parent}")].map(|name| name.as_bytes().to_vec()));
    }
    names
}

/// Flows that say a name, or nothing.
fn by_name(
    pattern: &Pattern,
    reach: &Reach,
    sources: &[IpAddr],
    places: &[IpAddr],
    lines: &mut BTreeSet<String>,
) {
    let names = names(pattern);
    let good: Vec<String> = names.iter().map(|name| escaped(name)).collect();
    // One flow a name and place; sources, ports and protocols take turns, so that each meets many.
    let kinds = match reach {
        Reach::Protocol(protocol, _) => vec![protocol.as_str()],
        Reach::Everything => vec!["tls", "http", "h2", "quic"],
    };
    let own = |places: &[IpAddr], from: &IpAddr| {
        places.iter().find(|to| to.is_ipv4() == from.is_ipv4()).copied()
    };
    let ports = ports(reach);
    let Some(port) = ports.first() else { return };
    let mut add = |kind: &str, port: u16, from: &IpAddr, to: &dyn Display, name: &str| {
        lines.insert(format!("{kind} {port} from {from} to {to} | {name} | -"));
    };
    let Some(from) = sources.first() else { return };
    let Some(to) = own(places, from) else { return };
    for kind in &kinds {
        for name in &good {
            add(kind, *port, from, &to, name);
        }
        add(kind, *port, from, &to, "-");
        for (number, name) in good.iter().take(4).enumerate() {
            for from in sources {
                if let Some(to) = own(places, from) {
                    add(kind, *port, from, &to, name);
                }
            }
            for to in places.iter().filter(|to| to.is_ipv4() == from.is_ipv4()) {
                add(kind, *port, from, to, name);
            }
            add(kind, ports[number % ports.len()], from, &to, name);
        }
        for port in &ports {
            add(kind, *port, from, &to, &good[0]);
        }
        for other in ["tls", "http", "h2", "quic", "tcp", "udp"] {
            add(other, *port, from, &to, &good[0]);
        }
    }
    if kinds.contains(&"http") {
        for name in &good[..good.len().min(4)] {
            for host in [
                format!("{name} then evil.example"),
                format!("evil.example then {name}"),
                format!("{name} then {name} then x.{name}"),
                format!("{name} then -"),
                format!("evil.example\\r\\nHost: {name}"),
                format!("{name}\\r\\nHost: evil.example"),
                format!("{name}:80"),
                format!("{name}:80.evil.example"),
                format!("u\\x40{name}"),
                format!("{name}/x"),
                format!("{name}?x"),
                format!("{name}\\x23x"),
                format!("\\s\\t{name}\\s"),
                format!("\\x0b{name}\\x0c"),
                format!("evil.example\\x0b\\r\\nHost: \\x0c{name}"),
            ] {
                add("http", *port, from, &to, &host);
            }
            for authority in [name.clone(), format!("{name}:80"), format!("u\\x40{name}")] {
                add("h2", *port, from, &to, &authority);
            }
            for (method, target) in [
                ("GET", format!("http://{name}/")),
                ("GET", format!("http://{}:80/x", name.to_ascii_uppercase())),
                ("GET", format!("http://u@{name}?x")),
                ("GET", format!("http://{name}@evil.example/")),
                ("GET", format!("//{name}/")),
                ("CONNECT", format!("{name}:443")),
            ] {
                let to = format!("{to} method {method} target {target}");
                add("http", *port, from, &to, "evil.example");
            }
            for method in ["get", "PROPFIND", "SUBSCRIBE", "BREW"] {
                let to = format!("{to} method {method}");
                add("http", *port, from, &to, name);
            }
        }
    }
}

/// Flows to addresses, whatever they say.
fn by_address(reach: &Reach, sources: &[IpAddr], places: &[IpAddr], lines: &mut BTreeSet<String>) {
    for from in sources {
        for to in places.iter().filter(|to| to.is_ipv4() == from.is_ipv4()) {
            for port in ports(reach) {
                for said in [
                    "tls PORT | a.example",
                    "tls PORT | -",
                    "http PORT | a.example then b.example",
                    "http PORT | evil.example:80.x",
                    "http PORT version HTTP/1.0 | -",
                    "http PORT method CONNECT target a.example:443 | a.example",
                    "h2 PORT | a.example",
                    "tcp PORT | raw bytes",
                    "ssh PORT | -",
                    "udp PORT | query",
                    "quic PORT | a.example",
                    "quic PORT | -",
                    "icmp | -",
                    "gre | -",
                ] {
                    let (wire, name) = said.split_once(" | ").unwrap();
                    let wire = wire.replace("PORT", &port.to_string());
                    lines.insert(format!("{wire} from {from} to {to} | {name} | -"));
                }
            }
        }
    }
}
