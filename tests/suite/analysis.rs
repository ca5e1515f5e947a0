//! What follows from a policy as a whole, held against the matcher: one flow after the other.

use std::net::IpAddr;

use fwc::analysis::claims;
use fwc::analysis::diff::{Delta, Diff, Effect, diff};
use fwc::analysis::flows::Flows;
use fwc::analysis::reach::Entries;
use fwc::analysis::report::{self, Review};
use fwc::analysis::rows::Witness;
use fwc::diagnostic::render::{Format, Style, render};
use fwc::matcher::reference::Reference;
use fwc::matcher::{Action, Matcher, Options, Reason, Source};
use fwc::policy::pattern::Pattern;
use fwc::policy::port::Protocol;
use fwc::policy::{Destination, Policy, RegionId, ServiceId};
use fwc::project::{self, Project};
use fwc::source::{FileId, SourceFile, Sources};
use jiff::civil::Date;
use proptest::prelude::*;
use proptest::sample::select;

use crate::corpus::{Compiled, corpus};
use crate::support::random::{policy, resolved};

fn today() -> Date {
    crate::corpus::TODAY.parse().unwrap()
}

fn between(before: &Policy, after: &Policy) -> Diff {
    diff(before, after, today(), &|_| true)
}

/// A flow near the boundaries of the policies.
fn flow() -> impl Strategy<Value = Witness> {
    let front = select(
        &["", "p-", "p-1.", "p-s.", "1-s.", "aaa.", "aaaa.", "aa1aa.", "a.", "q.a.", "x.b.", "-"][..],
    );
    let base =
        select(&["a.example", "b.a.example", "x.b.a.example", "ba.example", "elsewhere"][..]);
    let name = prop_oneof![
        6 => (front, base).prop_map(|(front, base)| Some(format!("{front}{base}"))),
        1 => Just(None),
    ];
    let address = prop_oneof![
        (0..10_u8).prop_map(|last| IpAddr::from([203, 0, 113, last])),
        (0..5_u16).prop_map(|last| IpAddr::from([0x2001, 0xdb8, 1, 0, 0, 0, 0, last])),
        Just(IpAddr::from([192, 0, 2, 1])),
    ];
    let port = select(&[443, 443, 80, 80, 81, 8443, 22, 444, 53, 1][..]);
    (select(&Protocol::ALL[..]), port, name, address).prop_map(|(protocol, port, name, address)| {
        Witness { protocol, port: Some(port), name: name.filter(|_| protocol.named()), address }
    })
}

fn flows() -> impl Strategy<Value = Vec<Witness>> {
    proptest::collection::vec(flow(), 100)
}

fn contains(set: &Flows, flow: &Witness) -> bool {
    set.contains(&flow.point())
}

/// Whose flow it is, and what becomes of it.
fn decide(matcher: &Matcher, flow: &Witness, source: Source) -> (Vec<ServiceId>, Action) {
    flow.flow(source, |flow| {
        let verdict = matcher.decide(flow);
        (verdict.services.to_vec(), verdict.action)
    })
}

fn addresses() -> impl Iterator<Item = IpAddr> {
    let four = (0..14_u8).map(|last| IpAddr::from([10, 0, 0, last]));
    four.chain((0..5_u16).map(|last| IpAddr::from([0x2001, 0xdb8, 0, 0, 0, 0, 0, last])))
}

fn matcher(policy: &Policy) -> Matcher {
    Matcher::new(policy, RegionId(0), &Options::new(today()))
}

proptest! {
    #[test]
    fn reach_is_what_the_matcher_allows(text in policy(), flows in flows()) {
        let policy = resolved(&text);
        let (matcher, entries) = (matcher(&policy), Entries::new(&policy, RegionId(0), today()));
        for number in 0..policy.services.len() {
            let id = ServiceId(number as u32);
            let reach = entries.reach(&[id]);
            for flow in &flows {
                let (_, action) = decide(&matcher, flow, Source::Service(id));
                prop_assert_eq!(
                    contains(&reach, flow), action == Action::Allow, "{}{:?}", text, flow
                );
            }
        }
        for address in addresses() {
            let (services, _) = decide(&matcher, &flows[0], Source::Address(address));
            let reach = entries.reach(&services);
            for flow in &flows {
                let (_, action) = decide(&matcher, flow, Source::Address(address));
                prop_assert_eq!(
                    contains(&reach, flow), action == Action::Allow, "{}{:?}", text, flow
                );
            }
        }
    }
}

fn pair() -> impl Strategy<Value = (String, String)> {
    // Two that have much in common, and two that have little.
    let near = (policy(), any::<prop::sample::Index>(), any::<prop::sample::Index>()).prop_map(
        |(text, from, to)| {
            let mut lines: Vec<&str> = text.lines().collect();
            let entries: Vec<usize> = (0..lines.len())
                .filter(|at| lines[*at].starts_with("  ") || lines[*at].starts_with("deny"))
                .collect();
            if !entries.is_empty() {
                lines.remove(entries[from.index(entries.len())]);
            }
            if entries.len() > 1 {
                lines.remove(entries[to.index(entries.len() - 1)]);
            }
            let less = lines.join("\n") + "\n";
            (text, less)
        },
    );
    prop_oneof![3 => near, 2 => (policy(), policy())]
}

/// The same services, each at the addresses of another one.
fn moved(text: &str, by: usize) -> String {
    let head = |line: &str| {
        let (name, rest) = line.strip_prefix("service ")?.split_once(" from ")?;
        let end = rest.find(" observe ").or_else(|| rest.find(" {"))?;
        Some((name.to_owned(), rest[..end].to_owned(), rest[end..].to_owned()))
    };
    let heads: Vec<_> = text.lines().filter_map(head).collect();
    let mut number = 0;
    let lines = text.lines().map(|line| match head(line) {
        Some((name, _, rest)) => {
            number += 1;
            format!("service {name} from {}{rest}\n", heads[(number - 1 + by) % heads.len()].1)
        }
        None => format!("{line}\n"),
    });
    lines.collect()
}

proptest! {
    #[test]
    fn a_flow_changes_its_verdict_where_the_diff_says_so(
        (before, after) in pair(),
        turned in any::<bool>(),
        flows in flows(),
    ) {
        let (before, after) = if turned { (after, before) } else { (before, after) };
        let texts = format!("{before}\n{after}");
        let (before, after) = (resolved(&before), resolved(&after));
        let found = between(&before, &after);
        let (old, new) = (matcher(&before), matcher(&after));
        for number in 0..before.services.len() {
            let id = ServiceId(number as u32);
            let name = &before.service(id).name;
            let told = |flow: &Witness| {
                let alone = |it: &&Delta| *it.services == [name.clone()];
                let delta = found.deltas.iter().find(alone);
                delta.map_or((false, false), |it| (contains(&it.opens, flow), contains(&it.closes, flow)))
            };
            let witnesses = found.changes.iter().map(|change| &change.row.witness);
            for flow in flows.iter().chain(witnesses) {
                let allows = |matcher| decide(matcher, flow, Source::Service(id)).1 == Action::Allow;
                let (was, is) = (allows(&old), allows(&new));
                prop_assert_eq!(told(flow), (is && !was, was && !is), "{}{:?}", texts, flow);
            }
        }
        // At addresses that services share the changes of each and those of all together tell.
        for address in addresses() {
            for flow in &flows {
                let (services, was) = decide(&old, flow, Source::Address(address));
                let (_, is) = decide(&new, flow, Source::Address(address));
                let (was, is) = (was == Action::Allow, is == Action::Allow);
                let here = |it: &&Delta| {
                    let of = |name: &std::sync::Arc<str>| {
                        services.iter().any(|id| before.service(*id).name == *name)
                    };
                    it.services.iter().all(of)
                        && (it.services.len() == 1 || it.services.len() == services.len())
                };
                let mut told = found.deltas.iter().filter(here);
                if is && !was {
                    prop_assert!(told.any(|it| contains(&it.opens, flow)), "{}{:?}", texts, flow);
                } else if was && !is {
                    prop_assert!(told.any(|it| contains(&it.closes, flow)), "{}{:?}", texts, flow);
                }
            }
        }
        for change in &found.changes {
            let source = match change.services.as_slice() {
                [name] => {
                    let number = before.services.iter().position(|it| it.name == *name).unwrap();
                    Source::Service(ServiceId(number as u32))
                }
                _ => continue,
            };
            let allows = |matcher| {
                decide(matcher, &change.row.witness, source).1 == Action::Allow
            };
            let opens = change.effect == Effect::Opens;
            prop_assert_eq!((allows(&old), allows(&new)), (!opens, opens), "{}{:?}", texts, change);
        }
        // The rows are what opens and closes, but for what is denied, or allowed in both.
        for delta in &found.deltas {
            let ids = |policy: &Policy| {
                let named = |name: &std::sync::Arc<str>| policy.services.iter().position(|it| it.name == *name);
                let numbers = delta.services.iter().filter_map(named);
                numbers.map(|number| ServiceId(number as u32)).collect::<Vec<_>>()
            };
            let of = |policy| Entries::new(policy, RegionId(0), today());
            let (old, new) = (of(&before), of(&after));
            let sides = [
                (Effect::Opens, &delta.opens, new.denied(&ids(&after)), old.reach(&ids(&before))),
                (Effect::Closes, &delta.closes, old.denied(&ids(&before)), new.reach(&ids(&after))),
            ];
            for (effect, exact, denied, elsewhere) in sides {
                let changes = found.changes.iter();
                let mine = changes.filter(|it| it.effect == effect && it.services == delta.services);
                let rows: Option<Vec<Flows>> = mine.map(|change| change.row.flows()).collect();
                let Some(rows) = rows else { continue };
                let all = rows.iter().fold(Flows::default(), |all, row| all.union(row));
                let left = all.difference(&denied).difference(&elsewhere);
                prop_assert_eq!(&left, exact, "{}{:#?}", texts, found.changes);
            }
        }
    }

    /// A service that leaves an address takes along what it denied there, and one that comes brings it.
    #[test]
    fn a_flow_changes_its_verdict_where_the_diff_says_so_though_services_move(
        (before, after) in pair(),
        by in 1..3_usize,
        flows in flows(),
    ) {
        let after = moved(&after, by);
        let texts = format!("{before}\n{after}");
        let (before, after) = (resolved(&before), resolved(&after));
        let found = between(&before, &after);
        let (old, new) = (matcher(&before), matcher(&after));
        let of = |policy| Entries::new(policy, RegionId(0), today());
        let (entries_before, entries_after) = (of(&before), of(&after));
        for address in addresses() {
            for flow in &flows {
                let (left, was) = decide(&old, flow, Source::Address(address));
                let (here, is) = decide(&new, flow, Source::Address(address));
                let (was, is) = (was == Action::Allow, is == Action::Allow);
                // No service is new or gone, so both policies number them alike.
                let (crowd, others, entries) = match (was, is) {
                    (false, true) => (&here, &left, &entries_after),
                    (true, false) => (&left, &here, &entries_before),
                    _ => continue,
                };
                let mut all: Vec<_> = left.iter().chain(&here).copied().collect();
                all.sort_unstable();
                all.dedup();
                let name = |id: &ServiceId| before.service(*id).name.clone();
                let mut told = found.deltas.iter().filter(|delta| {
                    let alone = matches!(delta.services.as_slice(), [one] if crowd.iter().any(|id| name(id) == *one));
                    alone || delta.services == all.iter().map(name).collect::<Vec<_>>()
                });
                let is_told = told.any(|it| contains(if is { &it.opens } else { &it.closes }, flow));
                let mut movers = crowd.iter().filter(|id| !others.contains(id));
                let is_brought = movers.any(|id| contains(&entries.reach(&[*id]), flow));
                prop_assert!(is_told || is_brought, "{}{:?} from {}", texts, flow, address);
            }
        }
    }

    #[test]
    fn what_means_the_same_is_no_change(text in policy(), seed in any::<u64>()) {
        let policy = resolved(&text);
        prop_assert!(between(&policy, &policy).is_empty());
        let shuffled = shuffled(&text, seed);
        let found = between(&policy, &resolved(&shuffled));
        prop_assert!(found.is_empty(), "{}{}{:#?}", text, shuffled, found);
        let parsed = fwc::syntax::parse(FileId(0), &text);
        let formatted = fwc::syntax::format(&parsed.file, &text);
        prop_assert!(between(&policy, &resolved(&formatted)).is_empty(), "{}", formatted);
    }
}

/// Every flow of a small world: whatever can be said in two labels of an alphabet below what policies
/// name, over every protocol, to ports and addresses on both sides of every boundary.
fn world() -> Vec<Witness> {
    let labels = ["b", "x", "p-1", "1-s", "aaaa"];
    let mut names = vec!["elsewhere".to_owned()];
    for base in ["a.example", "ba.example"] {
        names.push(base.to_owned());
        for label in labels {
            names.push(format!("{label}.{base}"));
            names.extend(labels.map(|below| format!("{below}.{label}.{base}")));
        }
    }
    let names: Vec<Option<String>> =
        std::iter::once(None).chain(names.into_iter().map(Some)).collect();
    let addresses: [IpAddr; 5] =
        ["203.0.113.2", "203.0.113.7", "203.0.113.8", "2001:db8:1::3", "192.0.2.1"]
            .map(|it| it.parse().unwrap());
    let mut flows = Vec::new();
    for protocol in Protocol::ALL {
        let names = if protocol.named() { &names[..] } else { &names[..1] };
        let ports = if protocol.has_ports() { &[443, 444, 80, 22, 53][..] } else { &[0][..] };
        for name in names {
            for port in ports {
                flows.extend(addresses.map(|address| {
                    let port = protocol.has_ports().then_some(*port);
                    Witness { protocol, port, name: name.clone(), address }
                }));
            }
        }
    }
    flows
}

/// What is allowed in that world, asked of the matcher that is its specification, flow by flow.
fn allowed(policy: &Policy, world: &[Witness], source: Source) -> Vec<bool> {
    let options = Options::new(today());
    let reference = Reference::new(policy, RegionId(0), &options);
    let is_allowed =
        |flow: &Witness| flow.flow(source, |flow| reference.decide(flow)).action == Action::Allow;
    world.iter().map(is_allowed).collect()
}

/// The flow that a set should have and has not, or has and should not.
fn odd<'w>(set: &Flows, expected: &[bool], world: &'w [Witness]) -> Option<&'w Witness> {
    let mut all = world.iter().zip(expected);
    all.find(|(flow, expected)| contains(set, flow) != **expected).map(|(flow, _)| flow)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(16))]

    // The properties above ask some flows about many policies; this one leaves no flow out.
    #[test]
    fn reach_and_diff_are_what_is_enumerated((before, after) in pair()) {
        let texts = format!("{before}\n{after}");
        let (before, after) = (resolved(&before), resolved(&after));
        let world = world();
        let found = between(&before, &after);
        for (number, service) in before.services.iter().enumerate() {
            let id = ServiceId(number as u32);
            let mut sides = [&before, &after].map(|policy| {
                let reach = Entries::new(policy, RegionId(0), today()).reach(&[id]);
                (reach, allowed(policy, &world, Source::Service(id)))
            });
            for (reach, expected) in &sides {
                prop_assert_eq!(odd(reach, expected, &world), None, "{}", texts);
            }
            let delta = found.deltas.iter().find(|it| *it.services == [service.name.clone()]);
            let empty = Flows::default();
            let told = delta.map_or([&empty, &empty], |it| [&it.closes, &it.opens]);
            for set in told {
                let [(_, these), (_, those)] = &sides;
                let gone = |(was, is): (&bool, &bool)| *was && !*is;
                let expected: Vec<bool> = these.iter().zip(those).map(gone).collect();
                prop_assert_eq!(odd(set, &expected, &world), None, "{}", texts);
                sides.reverse();
            }
        }
        // Addresses that are of two services: what either is allowed and neither is denied.
        for address in ["10.0.0.2", "10.0.0.6"] {
            let source = Source::Address(address.parse().unwrap());
            let (services, _) = decide(&matcher(&before), &world[0], source);
            let reach = Entries::new(&before, RegionId(0), today()).reach(&services);
            let expected = allowed(&before, &world, source);
            prop_assert_eq!(odd(&reach, &expected, &world), None, "{}", texts);
        }
    }
}

#[test]
fn the_enumerated_world_is_on_both_sides_of_what_policies_say() {
    let text =
        "fwc 1\nservice first from 10.0.0.0/30 {\n  allow **.a.example except *.b.a.example\n}\n";
    let (policy, world) = (resolved(text), world());
    let allowed = allowed(&policy, &world, Source::Service(ServiceId(0)));
    let number = allowed.iter().filter(|it| **it).count();
    // Five labels and five times five, but the five below `b`, at five addresses.
    assert_eq!(number, (5 + 25 - 5) * 5);
}

/// The policy with its blocks and the lines of each in another order, each set apart, and some said
/// twice.
fn shuffled(text: &str, mut seed: u64) -> String {
    let mut next = move |end: usize| {
        seed = seed.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (seed >> 33) as usize % end.max(1)
    };
    let mut blocks: Vec<(String, Vec<String>)> = vec![(String::new(), Vec::new())];
    for line in text.lines().skip(1) {
        match line {
            "}" => {}
            line if line.starts_with("service") => blocks.push((line.to_owned(), Vec::new())),
            line if line.starts_with("  ") => blocks.last_mut().unwrap().1.push(line.to_owned()),
            line => blocks[0].1.push(line.to_owned()),
        }
    }
    let mut sets = String::new();
    for (number, (head, lines)) in blocks.iter_mut().enumerate() {
        for last in (1..lines.len()).rev() {
            lines.swap(last, next(last + 1));
        }
        if let Some(line) = lines.first().filter(|_| next(2) == 0).cloned() {
            lines.push(line);
        }
        // A line that is granted by way of a set.
        let allow = lines.iter().position(|line| line.starts_with("  allow "));
        if let Some(at) = allow.filter(|_| !head.is_empty()) {
            let line = lines[at].strip_prefix("  allow ").unwrap().to_owned();
            sets.push_str(&format!("set s{number} {{\n  {line}\n}}\n"));
            lines[at] = format!("  use s{number}");
        }
    }
    let mut text = "fwc 1\n".to_owned();
    for (head, lines) in blocks.iter().rev() {
        let body = lines.join("\n");
        text.push_str(&if head.is_empty() {
            format!("{body}\n")
        } else {
            format!("{head}\n{body}\n}}\n")
        });
    }
    text + &sets
}

const PROJECT: &str = "\
name: claims
regions:
  primary:
    aws: us-east-1
    networks: { web: [10.10.64.0/24], ops: [10.10.80.0/24] }
  secondary:
    aws: us-west-2
    networks: { web: [10.20.64.0/24], ops: [10.20.80.0/24] }
";

/// What the assertions of a policy have to say, rendered; an envelope is another policy.
fn claimed(text: &str, envelope: Option<&str>) -> String {
    let project = project::parse(FileId(0), PROJECT).0.unwrap();
    let read = |text: &str| {
        let mut sources = Sources::new();
        sources.add(SourceFile::new("prod.fw", format!("fwc 1\n{text}")));
        let (policy, _) = fwc::analyse(&sources, &project).accept().unwrap();
        (policy, sources)
    };
    let ((policy, sources), envelope) = (read(text), envelope.map(read));
    let outcomes = claims::decide(&policy, today(), &|_, path| match &envelope {
        Some((policy, _)) => Ok(policy.clone()),
        None => Err(format!("cannot read `{path}`")),
    });
    let found = claims::diagnostics(&policy, &outcomes);
    render(Format::Full, &sources, &found, Style::default())
}

#[test]
fn assertions_that_do_not_hold_show_a_flow() {
    let services = "
service checkout from web {
  allow **.stripe.com because PAY-1 \"cards\"
  allow sts.${region}.amazonaws.com *.s3.${region}.amazonaws.com
}
service ci from ops only primary {
  allow *.stripe.com except api.stripe.com port 8443
  allow 203.0.113.0/28 port 8443/tcp
  allow wms.example to 203.0.113.32
  deny deep.stripe.com
}
service shipping from ops {
  allow mirror.example port /http
}
";
    let fails = [
        "assert only checkout reaches **.stripe.com",
        "assert ci never reaches *.stripe.com",
        "assert ci never reaches deep.stripe.com **.example a.stripe.com",
        "assert any never reaches 203.0.113.32/27",
        "assert checkout reaches stripe.com",
        "assert checkout reaches *.stripe.com port 8443",
        "assert ci reaches deep.stripe.com port 8443",
        "assert ci reaches 203.0.113.0/27 port 8443/tcp",
        "assert shipping reaches mirror.example",
        "assert regions equal",
        "assert within \"central.fw\"",
    ];
    let holds = [
        "assert only checkout ci reach **.stripe.com",
        "assert ci never reaches api.stripe.com a.b.stripe.com **.paypal.com",
        "assert ci never reaches **.stripe.com port 443",
        "assert ci never reaches 198.51.100.0/24",
        "assert checkout reaches a.b.stripe.com sts.${region}.amazonaws.com",
        "assert ci reaches wms.example",
        "assert ci reaches 203.0.113.0/28 port 8443/tcp",
        "assert shipping reaches mirror.example port /http",
        "assert regions equal except ci",
    ];
    for claim in holds {
        assert_eq!(claimed(&format!("{services}{claim}\n"), None), "", "{claim}");
    }
    let all = fails.join("\n");
    insta::assert_snapshot!(claimed(&format!("{services}{all}\n"), None));
}

#[test]
fn the_assertions_of_the_example_hold() {
    let root = std::path::Path::new(env!("CARGO_MANIFEST_DIR"));
    let project = crate::corpus::project(&root.join("fwc.yaml"));
    let example = crate::corpus::compile(root, "policies/prod.fw", &project);
    let check = |project: &Project| {
        let files = crate::corpus::Below(root.to_owned());
        let Compiled { policy, sources, .. } = &example;
        let found = fwc::check_assertions(policy, sources, project, &files, today());
        render(Format::Full, sources, &found, Style::default())
    };
    assert_eq!(check(&project), "");
    // Without its variables and networks the envelope is refused, and says so.
    let found = check(&Project::without_file());
    assert!(found.contains("`policies/envelope.fw` is refused"), "{found}");
}

#[test]
fn any_address_is_every_name_and_a_small_network_is_none() {
    let check = |grant: &str, holds: bool| {
        let text = format!(
            "service ci from ops {{\n  allow {grant}\n}}\nassert ci never reaches **.stripe.com\n"
        );
        assert_eq!(claimed(&text, None).is_empty(), holds, "{grant}");
    };
    check("0.0.0.0/0", false);
    check("0.0.0.0/0 except 10.0.0.0/8", false);
    check("0.0.0.0/9 port 443/tcp", true);
    check("{ 0.0.0.0/9 0.128.0.0/9 } port 443/tcp", false);
    check("::/0 port /quic", false);
    check("203.0.113.0/24 port 443/tcp", true);
    check("0.0.0.0/0 port 53/udp", true);
    check("0.0.0.0/0 port /icmp", true);
    check("0.0.0.0/0\n  deny **.stripe.com", true);
}

#[test]
fn regions_are_equal_if_only_variables_differ() {
    let check = |entries: &str, holds: bool| {
        let text = format!("service ci from ops {{\n{entries}\n}}\nassert regions equal\n");
        let found = claimed(&text, None);
        assert_eq!(found.is_empty(), holds, "{entries}\n{found}");
    };
    check("allow sts.${region}.amazonaws.com", true);
    check("allow sts.us-east-1.amazonaws.com", true);
    check("allow sts.${region}.amazonaws.com sts.us-east-1.amazonaws.com", true);
    check("allow **.${region}.amazonaws.com except sts.${region}.amazonaws.com", true);
    check("allow prod-${region}-*.s3.amazonaws.com", true);
    check("allow sts.${region}.amazonaws.com\ndeny **.us-east-1.amazonaws.com", false);
    check("allow **.${region}.amazonaws.com except sts.us-east-1.amazonaws.com", false);
    check("allow **.amazonaws.com\ndeny **.${region}.amazonaws.com", true);
}

#[test]
fn an_envelope_holds_every_flow() {
    let check = |entries: &str, outer: &str, holds: bool| {
        let text = format!("service ci from ops {{\n{entries}\n}}\nassert within \"central.fw\"\n");
        let outer = format!("service ci from web {{\n{outer}\n}}\n");
        let found = claimed(&text, Some(&outer));
        assert_eq!(found.is_empty(), holds, "{entries}\n{found}");
    };
    check("allow a.example.com", "allow **.example.com", true);
    check("allow example.com", "allow **.example.com", false);
    check("allow a.example.com port 443,8443", "allow **.example.com", false);
    check("allow a.example.com", "allow **.example.com to 203.0.113.0/24", false);
    check("allow a.example.com to 203.0.113.7", "allow **.example.com to 203.0.113.0/24", true);
    check("allow a.example.com", "allow **.example.com\ndeny a.example.com", false);
    check("allow a.example.com\ndeny a.example.com", "allow b.example.com", true);
    check("allow 203.0.113.7 port 22/tcp", "allow 203.0.113.0/24 port 1-1024/tcp", true);
    check("allow 203.0.113.7 port 443/tls", "allow 203.0.113.0/24 port 1-1024/tcp", true);
    check("allow 203.0.113.7 port 22/tcp", "allow 203.0.113.0/24 port 22/tls", false);
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(128))]

    /// An assertion fails where a flow breaks it that an entry about names allows, and what it shows
    /// breaks it.
    #[test]
    fn assertions_are_about_every_flow(
        text in policy(),
        pattern in select(&["**.a.example", "*.b.a.example", "p-*.a.example", "ba.example"][..]),
        flows in flows(),
    ) {
        let text = format!("{text}assert any never reaches {pattern}\n");
        let policy = resolved(&text);
        let pattern = Pattern::parse(pattern).unwrap().value;
        let outcomes = claims::decide(&policy, today(), &|_, _| Err(String::new()));
        let matcher = matcher(&policy);
        let reason = |flow: &Witness, id| {
            flow.flow(Source::Service(id), |flow| matcher.decide(flow).reason)
        };
        for failure in outcomes.iter().flat_map(|outcome| &outcome.failures) {
            let claims::Failure::Allowed(shown) = failure else { panic!("{failure:?}") };
            prop_assert!(pattern.matches(shown.flow.name.as_deref().unwrap()), "{}", text);
            let is_granted = matches!(reason(&shown.flow, shown.service), Reason::Grant(_));
            prop_assert!(is_granted, "{}{:?}", text, shown);
        }
        let broken = |id: ServiceId| {
            flows.iter().filter(|flow| flow.name.as_deref().is_some_and(|it| pattern.matches(it))).any(|flow| {
                let Reason::Grant(grant) = reason(flow, id) else { return false };
                let grant = policy.grant(grant).unwrap();
                matches!(grant.destination.first(), Some(Destination::Names(_)))
            })
        };
        let any_broken = (0..policy.services.len() as u32).map(ServiceId).any(broken);
        prop_assert!(!any_broken || !outcomes[0].holds(), "{}", text);
    }
}

/// The folders of `corpus/diff`: what is told of each change.
#[test]
fn changes_are_told_to_people_and_programs() {
    let mut cases: Vec<_> = std::fs::read_dir(corpus().join("diff"))
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .filter(|path| path.is_dir())
        .collect();
    cases.sort();
    assert!(!cases.is_empty());
    for case in cases {
        let shared = corpus().join("fwc.yaml");
        let project_of = |name: &str| {
            let own = case.join(name);
            crate::corpus::project(if own.exists() { &own } else { &shared })
        };
        let read = |name: &str, project: &Project| {
            let compiled = crate::corpus::compile(&case, name, project);
            assert_eq!(compiled.findings, "", "{}", case.display());
            (compiled.policy, compiled.sources)
        };
        let (old, new) = (project_of("before.yaml"), project_of("after.yaml"));
        let ((before, old_sources), (after, new_sources)) =
            (read("before.fw", &old), read("after.fw", &new));
        let found = between(&before, &after);
        let review = Review {
            diff: &found,
            before: &old_sources,
            after: &new_sources,
            regions: after.regions.len(),
        };
        insta::with_settings!({ snapshot_path => &case, prepend_module_to_snapshot => false }, {
            insta::assert_snapshot!("text", report::text(&review));
            insta::assert_snapshot!("markdown", report::markdown(&review));
            insta::assert_snapshot!("json", report::json(&review));
        });
        let json: serde_json::Value = serde_json::from_str(&report::json(&review)).unwrap();
        assert_eq!(json["widens"], found.widens());
    }
}
