//! What a firewall enforces, read back from what it was told.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::path::Path;
use std::sync::Arc;

use fwc::analysis::diff::diff;
use fwc::matcher::{Matcher, Options as Asking};
use fwc::policy::port::PortSet;
use fwc::policy::{self, Policy, RegionId, ServiceId};
use fwc::project::{OnDeny, ProfileName, Project};
use fwc::readback::{self, Desired, Group, Readback};
use fwc::suricata::{
    self, Action, Addresses, Anchor, Bit, BitOperation, Buffer, Comparison, Content, Flow, Keyword,
    Metadata, Mode, Narrowed, Options, Peer, Profile, Protocol, Ruleset, Signature, Subject, parse,
    print,
};
use ipnet::IpNet;
use jiff::civil::Date;
use proptest::prelude::*;
use proptest::sample::select;

use crate::corpus::{Compiled, TODAY, compile, compile_cases, project};
use crate::support::random::{asked, policy, resolved};

fn today() -> Date {
    TODAY.parse().unwrap()
}

// Text and signatures.

fn printed(signature: &Signature) -> String {
    let mut text = String::new();
    print::signature(signature, &mut text);
    text
}

fn without_grants(signature: &Signature) -> Signature {
    Signature { grants: Box::default(), ..signature.clone() }
}

/// Every line is read as the signature it was printed from, and printed as it was.
fn check_text(ruleset: &Ruleset) {
    let lines: Vec<_> = parse::lines(&ruleset.text).collect();
    assert_eq!(lines.len(), ruleset.signatures.len());
    for (line, signature) in lines.iter().zip(&ruleset.signatures) {
        assert_eq!(line.signature.as_ref(), Ok(&without_grants(signature)));
        assert_eq!(printed(line.signature.as_ref().unwrap()), line.text);
    }
}

fn networks() -> impl Strategy<Value = Vec<IpNet>> {
    let network = select(&["0.0.0.0/0", "203.0.113.7/32", "2001:db8::/33", "10.0.0.9/24"][..]);
    proptest::collection::vec(network.prop_map(|it| it.parse().unwrap()), 0..4)
}

fn addresses() -> impl Strategy<Value = Addresses> {
    prop_oneof![
        Just(Addresses::Any),
        "[a-zA-Z0-9_]{1,8}".prop_map(|name| Addresses::Variable(name.into())),
        "[a-zA-Z0-9_]{1,8}".prop_map(|name| Addresses::Reference(name.into())),
        networks().prop_map(|networks| Addresses::Networks(networks.into())),
    ]
}

fn keyword() -> impl Strategy<Value = Keyword> {
    let flow = select(vec![
        Flow::ToServer,
        Flow::ToClient,
        Flow::EstablishedToServer,
        Flow::EstablishedToClient,
        Flow::NotEstablished,
        Flow::NotEstablishedToServer,
    ]);
    let buffer = select(vec![
        Buffer::TlsSni,
        Buffer::QuicSni,
        Buffer::HttpHost,
        Buffer::HttpHostRaw,
        Buffer::HttpStart,
        Buffer::HttpHeaderNames,
        Buffer::HttpMethod,
        Buffer::Ja4,
    ]);
    let anchor = select(vec![Anchor::Anywhere, Anchor::Start, Anchor::End, Anchor::Whole]);
    let bytes = prop_oneof![
        proptest::collection::vec(any::<u8>(), 0..12),
        proptest::collection::vec(select(&b"a.-_|\"\\;: \0\xff"[..]), 0..12),
    ];
    let content = (bytes, anchor, any::<bool>()).prop_map(|(bytes, anchor, nocase)| Content {
        bytes: bytes.into(),
        nocase,
        anchor,
    });
    let operation = select(vec![
        BitOperation::Set,
        BitOperation::Unset,
        BitOperation::IsSet,
        BitOperation::IsNotSet,
    ]);
    let bit = select(vec![
        Bit::Allowed,
        Bit::Refused,
        Bit::Recognised,
        Bit::Settled,
        Bit::SeenBefore,
        Bit::Observed,
        Bit::Denied,
    ]);
    let peer = select(vec![Peer::Client, Peer::Server]);
    let comparison = select(vec![Comparison::Less, Comparison::Equal, Comparison::Greater]);
    prop_oneof![
        1 => flow.prop_map(Keyword::Flow),
        1 => buffer.prop_map(Keyword::Buffer),
        4 => content.prop_map(Keyword::Content),
        1 => any::<u16>().prop_map(Keyword::Bsize),
        // What ends an expression for the engine stands in none.
        2 => ("[^\"\r\n]{0,9}/?i?", any::<bool>(), any::<bool>()).prop_map(
            |(expression, negated, caseless)| Keyword::Pcre {
                negated,
                expression: expression.into(),
                caseless
            }
        ),
        1 => (operation, bit).prop_map(|(operation, bit)| Keyword::Flowbit(operation, bit)),
        1 => (peer, comparison, any::<u32>())
            .prop_map(|(peer, comparison, bytes)| Keyword::StreamSize(peer, comparison, bytes)),
        1 => (any::<bool>(), protocol()).prop_map(|(negated, protocol)| Keyword::AppLayerProtocol {
            negated,
            protocol
        }),
        1 => any::<u8>().prop_map(Keyword::NotIpProtocol),
        1 => select(vec![Keyword::Dotprefix, Keyword::ClientHello, Keyword::Payload, Keyword::Noalert]),
    ]
}

fn protocol() -> impl Strategy<Value = Protocol> {
    use Protocol::{Http, Http2, Icmp, Ip, Quic, Tcp, Tls, Udp};
    select(vec![Tls, Http, Http2, Quic, Tcp, Udp, Icmp, Ip])
}

/// Any text at all, or such that looks like what stands around it.
fn word() -> impl Strategy<Value = String> {
    prop_oneof!["[a-z0-9.*-]{0,9}", "[a-z ,;:%\"\\\\|éß/]{0,9}", any::<String>()]
}

fn metadata() -> impl Strategy<Value = Metadata> {
    let shared = || proptest::option::of(word().prop_map(Arc::<str>::from));
    let words = |least| {
        let word = word().prop_map(String::into_boxed_str);
        proptest::collection::vec(word, least..4).prop_map(Vec::into_boxed_slice)
    };
    let named = shared().prop_filter("stands for nobody", |it| it.as_deref() != Some("any"));
    let date = (1..=9999_i16, 1..=12_i8, 1..=28_i8)
        .prop_map(|(year, month, day)| Date::new(year, month, day).unwrap());
    (
        (named, shared(), shared(), shared()),
        (any::<bool>(), any::<bool>()),
        (words(1), words(0), networks()),
        word(),
        proptest::option::of(date),
    )
        .prop_map(
            |(
                (service, entry_of, owner, ticket),
                flags,
                (destinations, except, to),
                reach,
                until,
            )| {
                let (denies, observes) = flags;
                let narrowed = (!except.is_empty() || !to.is_empty())
                    .then(|| Box::new(Narrowed { except, to: to.into() }));
                let action = if denies { policy::Action::Deny } else { policy::Action::Allow };
                let mode = if observes { Mode::Observed } else { Mode::Enforced };
                let reach = reach.into();
                Metadata {
                    service,
                    action,
                    destinations,
                    narrowed,
                    reach,
                    mode,
                    entry_of,
                    owner,
                    ticket,
                    until,
                }
            },
        )
}

fn signature() -> impl Strategy<Value = Signature> {
    let action = select(vec![Action::Pass, Action::Drop, Action::Reject, Action::Alert]);
    let ports = select(&["1", "443,8443", "8000-8080", "1-65535", "1-2,4,6-9"][..])
        .prop_map(|ports| ports.parse::<PortSet>().unwrap());
    let subject = prop_oneof![
        word().prop_map(|message| Subject::Skeleton(message.into())),
        metadata().prop_map(|metadata| Subject::Entry(Box::new(metadata))),
    ];
    let keywords = proptest::collection::vec(keyword(), 0..6);
    let sides = (addresses(), addresses());
    (action, protocol(), sides, proptest::option::of(ports), keywords, subject, any::<u32>())
        .prop_map(|(action, protocol, (source, destination), ports, keywords, subject, sid)| {
            let (keywords, grants) = (keywords.into(), Box::default());
            Signature {
                action,
                protocol,
                source,
                destination,
                ports,
                keywords,
                subject,
                grants,
                sid,
            }
        })
}

proptest! {
    #[test]
    fn what_is_printed_is_read(signature in signature()) {
        prop_assert_eq!(parse::signature(&printed(&signature)), Ok(signature));
    }

    #[test]
    fn what_is_read_is_what_is_printed(signature in signature(), at in any::<prop::sample::Index>(), new in any::<char>()) {
        // A character more, less, or another one: it is no longer ours, or it says what it says.
        let text: Vec<char> = printed(&signature).chars().collect();
        let at = at.index(text.len());
        let with = |middle: &[char], rest: usize| -> String {
            text[..at].iter().chain(middle).chain(&text[rest..]).collect()
        };
        for text in [with(&[new], at), with(&[], at + 1), with(&[new], at + 1)] {
            if let Ok(read) = parse::signature(&text) {
                prop_assert_eq!(printed(&read), text);
            }
        }
    }

    #[test]
    fn any_text_is_read_to_its_end(text in any::<String>()) {
        for line in parse::lines(&text) {
            let unreadable = line.signature.unwrap_err();
            prop_assert!(unreadable.column as usize <= line.text.chars().count() + 1);
        }
    }

    #[test]
    fn every_policy_is_printed_and_read(text in policy()) {
        let (policy, project) = (resolved(&text), Project::without_file());
        for profile in suricata::profile::PROFILES {
            let options = Options { today: today(), profile, firewall: &project.firewall };
            suricata::compile(&policy, &options).unwrap().iter().for_each(check_text);
        }
    }
}

#[test]
fn what_the_way_adds_is_read_over() {
    let line = "pass tls $web any -> any 443 (msg:\"fwc: a\"; flow:to_server; sid:900001; rev:1;)";
    let text = format!("\r\n# a comment\r\n{line}\r\n\r\n  \n{line} \n{line}");
    let lines: Vec<_> = parse::lines(&text).collect();
    assert_eq!(lines.iter().map(|line| line.number).collect::<Vec<_>>(), [3, 6, 7]);
    assert!(lines.iter().all(|it| it.text == line && it.signature.is_ok()));
}

#[test]
fn what_is_not_ours_is_told_with_its_place() {
    let text = "\
pass tls $web any -> any 443 (msg:\"fwc: a\"; sid:900001; rev:1;)
pas tls any any -> any any (msg:\"x\"; sid:1; rev:1;)
pass tls any any <> any any (msg:\"x\"; sid:1; rev:1;)
pass tls any any -> any [443 (msg:\"x\"; sid:1; rev:1;)
pass tls any any -> any any (msg:\"é\"; sid:1; rev:1;)
pass tls any any -> any any (msg:\"a%4\"; sid:1; rev:1;)
pass tls any any -> any any (msg:\"x\"; tls.version:1.3; sid:1; rev:1;)
pass tls any any -> any any (msg:\"x\"; content:\"a|7g|\"; sid:1; rev:1;)
pass tls any any -> any any (msg:\"x\"; content:\"|61|\"; sid:1; rev:1;)
pass tls any any -> any any (msg:\"x\"; bsize:70000; sid:1; rev:1;)
pass tls any any -> any any (msg:\"x\"; flowbits:set,mine; sid:1; rev:1;)
pass tls any any -> any any (msg:\"fwc a: b\"; metadata:fwc_service a, fwc_allow c, fwc_port 443/tls; sid:1; rev:1;)
pass tls any any -> any any (msg:\"fwc a: b\"; metadata:fwc_service a, colour blue; sid:1; rev:1;)
pass tls any any -> any any (msg:\"fwc a: b\"; metadata:fwc_service a; sid:1; rev:1;)
pass tls any any -> any any (msg:\"x\"; sid:1; rev:2;)
pass tls any any -> any any (msg:\"x\"; sid:1; rev:1;) # mine
pass tls any any -> any any (msg:\"x\"; sid:1
";
    let mut told = String::new();
    for line in parse::lines(text) {
        let _ = match line.signature {
            Ok(_) => writeln!(told, "{}: read", line.number),
            Err(unreadable) => writeln!(told, "{}: {unreadable}", line.number),
        };
    }
    insta::assert_snapshot!(told);
}

// Firewalls and policies.

/// The groups of a ruleset as they are in a firewall.
fn live(ruleset: &Ruleset) -> Vec<(String, String)> {
    let groups = ruleset.groups.iter();
    groups.map(|it| (format!("shop-{}", it.number), ruleset.text(it).to_owned())).collect()
}

fn groups<'l>(texts: &'l [(String, String)], ruleset: &Ruleset) -> Vec<Group<'l>> {
    let variables = ruleset.variables.iter().map(|(name, it)| (name.to_string(), it.clone()));
    let references = ruleset.references.iter().map(|(name, it)| (name.to_string(), it.clone()));
    let (variables, references): (BTreeMap<_, _>, BTreeMap<_, _>) =
        (variables.collect(), references.collect());
    let groups = texts.iter().map(|(name, text)| {
        // A group has what its signatures name, and nothing else.
        let named = |sign: char, name: &str| text.contains(&format!(" {sign}{name} "));
        let (mut variables, mut references) = (variables.clone(), references.clone());
        variables.retain(|name, _| named('$', name));
        references.retain(|name, _| named('@', name));
        Group { name, text, variables, references }
    });
    groups.collect()
}

/// Reads back what a policy compiles to in a region, which has to mean the same.
fn check(policy: &Policy, project: &Project, ruleset: &Ruleset) -> Readback {
    let texts = live(ruleset);
    let desired = Desired { policy, project, region: ruleset.id };
    let read = readback::read(&groups(&texts, ruleset), &desired, today());
    let shown = || {
        let texts = read.sources.policies().map(|(_, file)| file.text.as_str());
        format!("{}\n{}", texts.collect::<String>(), ruleset.text)
    };
    assert_eq!(read.refused, [], "{}", shown());
    assert_eq!(read.drift, readback::Drift::default(), "{}", shown());
    let found = fwc::analyse(&read.sources, &read.project).diagnostics;
    assert!(!fwc::diagnostic::refuses(&found), "{found:?}\n{}", shown());
    let here = |role: &str| role == ruleset.region.role;
    for (before, after) in [(&read.policy, policy), (policy, &read.policy)] {
        let found = diff(before, after, today(), &here);
        let same = found.is_empty() && found.deltas.is_empty();
        assert!(same, "{:?}\n{:?}\n{}", found.facts, found.changes, shown());
    }
    read
}

/// A policy, and what it compiles to; nothing for one that AWS would refuse.
fn compiled(text: &str, profile: ProfileName, on_deny: OnDeny) -> (Policy, Project, Vec<Ruleset>) {
    let (policy, mut project) = (resolved(text), Project::without_file());
    (project.firewall.profile, project.firewall.on_deny) = (profile, on_deny);
    let profile = Profile::of(profile);
    let options = Options { today: today(), profile, firewall: &project.firewall };
    let rulesets = suricata::compile(&policy, &options).unwrap_or_default();
    (policy, project, rulesets)
}

proptest! {
    #[test]
    fn a_firewall_is_read_back_as_the_policy_it_has(
        text in policy(),
        profile in select(vec![ProfileName::Hardened, ProfileName::Published]),
        on_deny in select(vec![OnDeny::Reject, OnDeny::Drop]),
        flows in proptest::collection::vec(asked(), 50),
    ) {
        let (policy, project, rulesets) = compiled(&text, profile, on_deny);
        for ruleset in &rulesets {
            let read = check(&policy, &project, ruleset);
            let profile = Profile::of(profile);
            prop_assert_eq!(Profile::of(read.project.firewall.profile), profile);
            let asking = Asking { profile, ..Asking::new(today()) };
            let matcher = |policy| Matcher::new(policy, RegionId(0), &asking);
            let (was, is) = (matcher(&policy), matcher(&read.policy));
            let names = |of: &Policy, ids: &[ServiceId]| -> Vec<Arc<str>> {
                ids.iter().map(|id| of.service(*id).name.clone()).collect()
            };
            for asked in &flows {
                // Services have the same numbers: none is silent without being added.
                let (before, after) = asked.ask(|flow| {
                    let (was, is) = (was.decide(flow), is.decide(flow));
                    let before = (was.action, was.at, names(&policy, was.services));
                    (before, (is.action, is.at, names(&read.policy, is.services)))
                });
                prop_assert_eq!(before, after, "{}{:?}", text, asked);
            }
        }
    }
}

#[test]
fn the_firewalls_of_the_corpus_are_read_back() {
    for (case, project) in compile_cases() {
        let Compiled { policy, rulesets, .. } = compile(&case, "policy.fw", &project);
        for ruleset in &rulesets {
            check_text(ruleset);
            check(&policy, &project, ruleset);
        }
    }
}

#[test]
fn the_example_is_read_back_as_this_policy() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let project = project(&root.join("fwc.yaml"));
    let Compiled { policy, rulesets, .. } = compile(root, "policies/prod.fw", &project);
    assert_eq!(rulesets.len(), 2);
    for ruleset in &rulesets {
        let read = check(&policy, &project, ruleset);
        let mut text = String::new();
        for (_, file) in read.sources.policies() {
            let _ = writeln!(text, "# {}\n{}", file.path, file.text);
        }
        insta::assert_snapshot!(format!("the_example_in_{}", ruleset.region.role), text);
        // The entries of the example have the ids they had: their variables are known.
        let profile = Profile::of(read.project.firewall.profile);
        let options = Options { today: today(), profile, firewall: &project.firewall };
        let again = suricata::compile(&read.policy, &options).unwrap();
        assert_eq!(again[0].text, ruleset.text);
    }
}
