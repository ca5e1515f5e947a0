//! What follows from a policy as a whole, held against the matcher: one flow after the other.

use std::net::IpAddr;

use fwc::analysis::diff::{Delta, Diff, Effect, diff};
use fwc::analysis::flows::Flows;
use fwc::analysis::reach::Entries;
use fwc::analysis::rows::Witness;
use fwc::matcher::{Action, Matcher, Options, Source};
use fwc::policy::port::Protocol;
use fwc::policy::{Policy, RegionId, ServiceId};
use jiff::civil::Date;
use proptest::prelude::*;
use proptest::sample::select;

use crate::matcher::{policy, resolved};

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

    #[test]
    fn what_means_the_same_is_no_change(text in policy(), seed in any::<u64>()) {
        let policy = resolved(&text);
        prop_assert!(between(&policy, &policy).is_empty());
        let shuffled = shuffled(&text, seed);
        let found = between(&policy, &resolved(&shuffled));
        prop_assert!(found.is_empty(), "{}{}{:#?}", text, shuffled, found);
        let parsed = fwc::syntax::parse(fwc::source::FileId(0), &text);
        let formatted = fwc::syntax::format(&parsed.file, &text);
        prop_assert!(between(&policy, &resolved(&formatted)).is_empty(), "{}", formatted);
    }
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
