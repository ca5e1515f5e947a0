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
use fwc::source::{SourceFile, Sources};
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
use crate::laws;
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
    fn what_is_read_is_what_is_printed(
        signature in signature(),
        at in any::<prop::sample::Index>(),
        new in any::<char>(),
    ) {
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

/// The rule groups of a firewall.
#[derive(Clone)]
struct Firewall {
    /// The text of each.
    texts: Vec<String>,
    variables: BTreeMap<String, Vec<String>>,
    references: BTreeMap<String, String>,
}

impl Firewall {
    /// What a ruleset is delivered as.
    fn of(ruleset: &Ruleset) -> Self {
        let written = |networks: &Vec<IpNet>| networks.iter().map(IpNet::to_string).collect();
        let variables = ruleset.variables.iter().map(|(name, it)| (name.to_string(), written(it)));
        let references = ruleset.references.iter().map(|(name, it)| (name.to_string(), it.clone()));
        let texts = ruleset.groups.iter().map(|group| ruleset.text(group).to_owned()).collect();
        Self { texts, variables: variables.collect(), references: references.collect() }
    }

    /// The same in groups of so many lines.
    fn cut(&self, lines: usize) -> Self {
        let whole = self.texts.concat();
        let all: Vec<&str> = whole.split_inclusive('\n').collect();
        Self { texts: all.chunks(lines).map(<[&str]>::concat).collect(), ..self.clone() }
    }

    /// The same with one text for all, changed.
    fn edited(&self, edit: impl FnOnce(String) -> String) -> Self {
        Self { texts: vec![edit(self.texts.concat())], ..self.clone() }
    }

    fn groups(&self) -> Vec<Group<'_>> {
        let groups = self.texts.iter().zip(["shop-1", "shop-2", "shop-3", "shop-4"].iter().cycle());
        let groups = groups.map(|(text, name)| {
            let Self { variables, references, .. } = self;
            Group { name, text, variables, references }
        });
        groups.collect()
    }

    fn read(&self, policy: &Policy, project: &Project, region: RegionId) -> Readback {
        let desired = Desired { policy, project, region };
        readback::read(&self.groups(), &desired, today())
    }
}

/// Reads back what a policy compiles to in a region, which has to mean the same.
fn check(policy: &Policy, project: &Project, ruleset: &Ruleset) -> Readback {
    let firewall = Firewall::of(ruleset);
    assert!(readback::drift(&firewall.groups(), ruleset).is_empty());
    let read = firewall.cut(7).read(policy, project, ruleset.id);
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

#[test]
fn each_kind_of_edit_is_found() {
    let (policy, project, rulesets) = compiled(EDITED, ProfileName::Hardened, OnDeny::Reject);
    let [ruleset] = rulesets.as_slice() else { panic!() };
    let firewall = Firewall::of(ruleset);
    let line = |text: &str, with: &[&str]| -> String {
        let has = |line: &&str| with.iter().all(|part| line.contains(part));
        text.lines().find(has).unwrap_or_else(|| panic!("{with:?}")).to_owned() + "\n"
    };
    let grant = ["pass tls", "api.example"];
    type Edit<'e> = (&'static str, Box<dyn Fn(String) -> String + 'e>);
    let edit = |name, edit: Box<dyn Fn(String) -> String>| -> Edit<'_> { (name, edit) };
    let replaced = |with: &'static [&'static str], from: &'static str, to: &'static str| {
        Box::new(move |text: String| {
            let old = line(&text, with);
            let new = old.replacen(from, to, 1);
            assert_ne!(old, new);
            text.replacen(&old, &new, 1)
        })
    };
    let removed = |with: &'static [&'static str]| {
        Box::new(move |text: String| text.replacen(&line(&text, with), "", 1))
    };
    let added = |new: &'static str| Box::new(move |text: String| format!("{new}\n{text}"));
    let edits = [
        edit(
            "a name behind the metadata",
            replaced(
                &["pass tls", "api.example"],
                "\"api.example\"; nocase; bsize:11",
                "\"evil.test\"; nocase; bsize:9",
            ),
        ),
        edit("a name by half", replaced(&["pass tls", "api.example"], "; bsize:11", "")),
        edit(
            "metadata and message",
            replaced(
                &["pass tls", "api.example"],
                "fwc_allow api.example",
                "fwc_allow other.example",
            ),
        ),
        edit("the port of a header", replaced(&["pass tls", "api.example"], "any 443", "any any")),
        edit("the source of a header", replaced(&["pass tls", "api.example"], "$web", "any")),
        edit(
            "an owner that is none",
            replaced(
                &["pass tls", "api.example"],
                "fwc_owner @shop/web",
                "fwc_owner %0a} service evil",
            ),
        ),
        edit(
            "a service of its metadata",
            replaced(&["pass tls", "api.example"], "fwc_service web", "fwc_service ops"),
        ),
        edit(
            "a name in message and metadata",
            Box::new(|text| {
                let old = line(&text, &grant);
                let new = old.replacen("web: api.example", "web: other.example", 1);
                text.replacen(&old, &new.replacen("allow api.example", "allow other.example", 1), 1)
            }),
        ),
        edit(
            "a policy in an owner",
            replaced(
                &["pass tls", "api.example"],
                "fwc_owner @shop/web",
                "fwc_owner @a%0a%7d%0aservice evil from 0.0.0.0/0 %7b%0aallow evil.test",
            ),
        ),
        edit(
            "a policy in the name of who observes",
            Box::new(|text| {
                let old = line(&text, &["alert tls", "bad.example"]);
                let evil = "ops from 0.0.0.0/0 %7b%0aallow evil.test%0a%7d%0aservice x";
                let new = old.replacen("fwc ops:", &format!("fwc {evil}:"), 1);
                let new = new.replacen("fwc_service ops", &format!("fwc_service {evil}"), 1);
                text.replacen(&old, &new, 1)
            }),
        ),
        edit("the action of a denial", replaced(&["reject tls", "bad.example"], "reject", "alert")),
        edit("one protocol of a denial", removed(&["drop quic", "bad.example"])),
        edit("the log of a denial", removed(&["alert tls", "bad.example"])),
        edit(
            "a denial behind the grants",
            Box::new(|text| {
                let denial = line(&text, &["reject tls", "bad.example"]);
                text.replacen(&denial, "", 1) + &denial
            }),
        ),
        edit("a line of the skeleton", removed(&["sid:900159;"])),
        edit("a line of the skeleton, weakened", replaced(&["sid:900131;"], "16384", "99999")),
        edit("a line of an observing service", removed(&["would deny this name"])),
        edit(
            "a line that is nobody's",
            added("pass ip any any -> any any (msg:\"debug\"; sid:1; rev:1;)"),
        ),
        edit(
            "a line like ours",
            added(
                "pass tcp any any -> any any (msg:\"fwc: replies\"; flow:to_server; sid:900999; rev:1;)",
            ),
        ),
        edit("a line twice", Box::new(|text| line(&text, &grant) + &text)),
        edit("a comment", added("# looked at on Friday")),
        edit("a grant", removed(&["pass tls", "api.example"])),
    ];
    let mut told = String::new();
    for (name, edit) in edits {
        let firewall = firewall.edited(edit);
        let read = firewall.read(&policy, &project, ruleset.id);
        let _ = writeln!(told, "# {name}");
        let _ = writeln!(told, "status\n{}", lines(&readback::drift(&firewall.groups(), ruleset)));
        let _ = writeln!(told, "plan\n{}", lines(&read.drift));
        let found = diff(&read.policy, &policy, today(), &|_| true);
        for change in found.changes {
            let _ = writeln!(told, "  {} {}", change.effect.as_str(), change.written);
        }
        for fact in found.facts {
            let _ = writeln!(told, "  {fact:?}");
        }
    }
    insta::assert_snapshot!(told);
}

/// A policy of which every part is worth an edit.
const EDITED: &str = "\
fwc 1
service web from 10.0.0.0/24 {
  owner @shop/web
  allow api.example because PAY-1 \"one\"
  allow plain.example port /http
}
service ops from 10.0.1.0/24 observe until 2027-01-01 { allow ops.example }
deny bad.example because SEC-1 \"never\"
";

/// Drift as people would read it.
fn lines(drift: &readback::Drift) -> String {
    let mut told = String::new();
    for change in &drift.changes {
        let _ = write!(told, "  {}", change.as_str());
        if let Some(live) = change.live() {
            let _ = write!(told, " {}:{}", live.group, live.line);
            if let Err(unreadable) = &live.signature {
                let _ = write!(told, ", {unreadable}");
            }
        }
        if let Some(signature) = change.signature() {
            let _ = write!(told, ": {} {}", signature.sid, signature.message());
        }
        if let Some(owner) = change.metadata().and_then(|metadata| metadata.owner.as_ref()) {
            let _ = write!(told, ", {owner}");
        }
        told.push('\n');
    }
    for set in &drift.sets {
        let _ = writeln!(told, "  {set:?}");
    }
    told
}

#[test]
fn addresses_that_were_edited_are_found() {
    let (policy, project, rulesets) = compiled(EDITED, ProfileName::Hardened, OnDeny::Reject);
    let ruleset = &rulesets[0];
    let with = |name: &str, networks: &[&str]| {
        let mut firewall = Firewall::of(ruleset);
        let networks = networks.iter().map(|network| (*network).to_owned()).collect();
        firewall.variables.insert(name.to_owned(), networks);
        firewall
    };
    let told = |firewall: &Firewall| lines(&readback::drift(&firewall.groups(), ruleset));
    let wider = with("web", &["10.0.0.0/24", "10.9.0.0/24"]);
    assert!(told(&wider).contains("10.9.0.0/24"), "{}", told(&wider));
    // It is what the firewall enforces.
    let read = wider.read(&policy, &project, ruleset.id);
    // What is denied to all is not denied there.
    let names: Vec<_> = read.drift.sets.iter().map(|set| set.name.as_str()).collect();
    assert_eq!((read.drift.changes.len(), names), (0, vec!["FWC_ENFORCED"]));
    let found = diff(&read.policy, &policy, today(), &|_| true);
    insta::assert_debug_snapshot!(found.facts);
    // Written otherwise they are the same.
    let same = with("web", &["10.0.0.128/25", "10.0.0.0/25"]);
    assert_eq!(told(&same), "");
    // An address alone is a network of one.
    let alone = |network| with("web", &[network]).read(&policy, &project, ruleset.id).policy;
    let sources =
        |policy: Policy| policy.services.iter().map(|it| it.sources.clone()).collect::<Vec<_>>();
    assert_eq!(sources(alone("10.0.0.9")), sources(alone("10.0.0.9/32")));
    // What cannot be read is nobody's address.
    let odd = with("web", &["10.0.0.0-10.0.0.9"]).read(&policy, &project, ruleset.id);
    assert!(!odd.drift.is_empty());
    // A `deny` for all that leaves somebody out is one that was edited, one for more is not.
    let less = with("FWC_ENFORCED", &["10.0.0.0/25"]).read(&policy, &project, ruleset.id).drift;
    assert_eq!((less.changes.len(), less.sets.len()), (0, 1));
    let more = with("FWC_ENFORCED", &["10.0.0.0/24", "10.7.0.0/24"]);
    assert!(more.read(&policy, &project, ruleset.id).drift.is_empty());
    // Groups that do not agree.
    let firewall = Firewall::of(ruleset).cut(12);
    let mut groups = firewall.groups();
    let other = with("ops", &["10.8.0.0/24"]);
    let last = groups.iter_mut().rev().find(|group| group.text.contains(" $ops ")).unwrap();
    last.variables = &other.variables;
    let desired = Desired { policy: &policy, project: &project, region: ruleset.id };
    let read = readback::read(&groups, &desired, today());
    assert_eq!((read.drift.changes.len(), read.drift.sets.len()), (0, 1));
}

#[test]
fn a_firewall_that_was_never_pushed_to_lacks_nothing() {
    let (policy, project, _) = compiled(EDITED, ProfileName::Hardened, OnDeny::Reject);
    let desired = Desired { policy: &policy, project: &project, region: RegionId(0) };
    let read = readback::read(&[], &desired, today());
    assert!(read.drift.is_empty() && read.policy.services.is_empty());
    assert!(diff(&read.policy, &policy, today(), &|_| true).widens());
}

#[test]
fn what_expired_is_in_force_until_it_is_pushed_away() {
    let text = "\
fwc 1
service web from 10.0.0.0/24 {
  allow { old.example **.old.example } until 2026-11-20
  allow older.example because PAY-1 \"one\" until 2026-11-10
  allow **.older.example until 2026-11-11
  allow api.example
}
service ops from 10.0.1.0/24 observe until 2026-11-15 { allow ops.example }
";
    let (policy, project, _) = compiled(text, ProfileName::Hardened, OnDeny::Reject);
    let options = Options {
        today: "2026-11-09".parse().unwrap(),
        profile: Profile::of(ProfileName::Hardened),
        firewall: &project.firewall,
    };
    let pushed = suricata::compile(&policy, &options).unwrap();
    let read = Firewall::of(&pushed[0]).read(&policy, &project, RegionId(0));
    assert_eq!(read.drift, readback::Drift::default());
    let found = diff(&read.policy, &policy, today(), &|_| true);
    let closes: Vec<_> =
        found.changes.iter().map(|it| (it.effect.as_str(), &*it.written)).collect();
    let names = ["old.example", "**.old.example", "older.example", "**.older.example"];
    let mut wanted = names.map(|name| ("closes", name)).to_vec();
    wanted.sort_unstable();
    let mut closes = closes;
    closes.sort_unstable();
    assert_eq!(closes, wanted);
    insta::assert_debug_snapshot!(found.facts);
}

#[test]
fn a_service_of_which_nothing_is_said_is_no_change() {
    let text = "\
fwc 1
service web from 10.0.0.0/24 {}
service ops from 10.0.1.0/24 { allow a.example }
";
    let (policy, project, rulesets) = compiled(text, ProfileName::Hardened, OnDeny::Reject);
    check(&policy, &project, &rulesets[0]);
    // Of one that is gone nothing is known; what is denied to its addresses, too, is no edit.
    let more = "\
service old from 10.0.2.0/24 {}
service now from 10.0.3.0/24 observe until 2027-01-01 {}
deny b.example
";
    let text = [text, more].concat();
    let (_, _, before) = compiled(&text, ProfileName::Hardened, OnDeny::Reject);
    let read = Firewall::of(&before[0]).read(&policy, &project, RegionId(0));
    assert_eq!(read.drift, readback::Drift::default());
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(32))]

    #[test]
    fn each_region_is_read_back(blocks in laws::blocks()) {
        let (text, mut project) = (laws::policy(&laws::good(blocks)), laws::project());
        let mut sources = Sources::new();
        sources.add(SourceFile::new("laws.fw", text));
        let (policy, _) = fwc::analyse(&sources, &project).accept().unwrap();
        for name in [ProfileName::Hardened, ProfileName::Published] {
            project.firewall.profile = name;
            let (profile, firewall) = (Profile::of(name), &project.firewall);
            let options = Options { today: today(), profile, firewall };
            for ruleset in &suricata::compile(&policy, &options).unwrap() {
                check(&policy, &project, ruleset);
            }
        }
    }

    #[test]
    fn what_opens_and_closes_is_what_changed(
        before in policy(),
        after in policy(),
        profiles in (any::<bool>(), any::<bool>()),
    ) {
        let profile = |published| match published {
            true => ProfileName::Published,
            false => ProfileName::Hardened,
        };
        let (old, _, rulesets) = compiled(&before, profile(profiles.0), OnDeny::Drop);
        let (new, project, _) = compiled(&after, profile(profiles.1), OnDeny::Reject);
        for ruleset in &rulesets {
            let read = Firewall::of(ruleset).read(&new, &project, ruleset.id);
            prop_assert!(read.drift.is_empty() && read.refused.is_empty());
            let told = |before| {
                let found = diff(before, &new, today(), &|_| true);
                let deltas = found.deltas.into_iter();
                deltas.map(|it| (it.services, it.opens, it.closes)).collect::<Vec<_>>()
            };
            prop_assert_eq!(format!("{:?}", told(&read.policy)), format!("{:?}", told(&old)));
        }
    }

    /// Whatever is done to a line, it is told, or the policy that is read says what is left.
    #[test]
    fn no_edit_is_silent(
        text in policy(),
        at in any::<prop::sample::Index>(),
        to in any::<prop::sample::Index>(),
        kind in 0..4_usize,
    ) {
        let (policy, project, rulesets) = compiled(&text, ProfileName::Hardened, OnDeny::Reject);
        for ruleset in &rulesets {
            let firewall = Firewall::of(ruleset).edited(|text| edited(&text, at, to, kind));
            if firewall.texts.concat() == ruleset.text {
                continue;
            }
            let drift = readback::drift(&firewall.groups(), ruleset);
            prop_assert!(!drift.changes.is_empty(), "{}", firewall.texts.concat());
            let read = firewall.read(&policy, &project, ruleset.id);
            let found = diff(&read.policy, &policy, today(), &|_| true);
            // A grant that others cover may go: nothing opens or closes.
            let whole = Firewall::of(ruleset).read(&policy, &project, ruleset.id);
            let is_gone = read.policy.grants.len() < whole.policy.grants.len();
            prop_assert!(
                !read.drift.is_empty() || !found.is_empty() || is_gone,
                "{}", firewall.texts.concat()
            );
        }
    }
}

/// The text with a line gone, moved or doubled, or with another line's keywords.
fn edited(text: &str, at: prop::sample::Index, to: prop::sample::Index, kind: usize) -> String {
    let mut lines: Vec<String> = text.lines().map(str::to_owned).collect();
    let (at, to) = (at.index(lines.len()), to.index(lines.len()));
    match kind {
        0 => drop(lines.remove(at)),
        1 => {
            let line = lines.remove(at);
            lines.insert(to, line);
        }
        2 => lines.insert(to, lines[at].clone()),
        _ => {
            let (_, keywords) = lines[to].split_once(" any -> ").unwrap();
            let (header, _) = lines[at].split_once(" any -> ").unwrap();
            lines[at] = format!("{header} any -> {keywords}");
        }
    }
    lines.join("\n") + "\n"
}

#[test]
#[ignore = "some seconds; scripts/test runs it"]
fn the_firewalls_of_allowlists_are_read_back() {
    let project = crate::allowlists::project();
    for text in crate::allowlists::policies() {
        let mut sources = Sources::new();
        sources.add(SourceFile::new("list.fw", text));
        let (policy, _) = fwc::analyse(&sources, &project).accept().unwrap();
        let profile = Profile::of(ProfileName::Hardened);
        let options = Options { today: today(), profile, firewall: &project.firewall };
        for ruleset in &suricata::compile(&policy, &options).unwrap() {
            check_text(ruleset);
            check(&policy, &project, ruleset);
        }
    }
}
