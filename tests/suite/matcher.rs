//! The matcher against its obvious twin: the same verdict for any policy and any bytes.

use std::fmt::Write as _;
use std::net::IpAddr;

use fwc::matcher::reference::Reference;
use fwc::matcher::{Engine, Flow, Matcher, Options, Request, Source, Spoken, Verdict};
use fwc::policy::{Policy, RegionId, ServiceId};
use fwc::project::Project;
use fwc::source::{SourceFile, Sources};
use fwc::suricata::profile::PROFILES;
use proptest::prelude::*;
use proptest::sample::select;

/// Names that patterns are made of; each ends as another one does.
const BASES: [&str; 4] = ["a.example", "b.a.example", "x.b.a.example", "ba.example"];

/// A destination or two with what may stand behind them.
fn destination() -> impl Strategy<Value = String> {
    let base = select(&BASES[..]);
    let shape =
        select(&["=", "*.=", "**.=", "p-*.=", "*-s.=", "aa*aa.=", "{ = **.= }", "{ = **.= }"][..]);
    let names = (shape, base).prop_map(|(shape, base)| shape.replace('=', base));
    let named = prop_oneof![
        5 => Just(String::new()),
        1 => Just(" except *.b.a.example".to_owned()),
        1 => Just(" except **.x.b.a.example p-*.a.example".to_owned()),
        1 => Just(" to 203.0.113.0/29".to_owned()),
    ];
    let ports =
        select(&["", " port 443,8443", " port /http", " port 80-81/http", " port /quic"][..]);
    let names = (names, named, ports).prop_map(|(names, more, ports)| names + &more + ports);
    let network = select(&["203.0.113.0/29", "203.0.113.2", "2001:db8:1::/126"][..]);
    let spoken = select(
        &["", " port 22/tcp", " port 443-444/tcp", " port /http", " port 53/udp", " port /icmp"][..],
    );
    let addresses = (network, spoken).prop_map(|(network, ports)| format!("{network}{ports}"));
    prop_oneof![4 => names, 1 => addresses]
}

/// The text of a policy.
pub(crate) fn policy() -> impl Strategy<Value = String> {
    let reason =
        select(&["", " because A-1 \"one\"", " because A-2 \"two\"", " until 2026-11-23"][..]);
    let entry = (0..4_usize, any::<bool>(), destination(), reason);
    proptest::collection::vec(entry, 0..16).prop_map(|entries| {
        let mut text = "fwc 1\n".to_owned();
        let services = [
            "service first from 10.0.0.0/30",
            "service second from 10.0.0.0/29 2001:db8::/126",
            "service third from 10.0.0.6/31 10.0.0.8/30 observe until 2026-11-24",
        ];
        for (number, head) in services.iter().enumerate() {
            writeln!(text, "{head} {{").unwrap();
            for (_, denies, what, why) in entries.iter().filter(|entry| entry.0 == number) {
                writeln!(text, "  {} {what}{why}", if *denies { "deny" } else { "allow" }).unwrap();
            }
            text.push_str("}\n");
        }
        for (.., what, why) in entries.iter().filter(|entry| entry.0 == services.len()) {
            writeln!(text, "deny {what}{why}").unwrap();
        }
        text
    })
}

/// Bytes near the names of the policies.
fn said() -> impl Strategy<Value = Vec<u8>> {
    let front = prop_oneof![
        4 => select(&["", "p-", "p-1.", "p-s.", "1-s.", "aaa.", "aaaa.", "a.", "q.a.", "x.b.", ".", "*.", "A.", "-"][..])
            .prop_map(|front| front.as_bytes().to_vec()),
        1 => proptest::collection::vec(select(&b"ab.-_*AP s\0\xff:/"[..]), 0..6),
        1 => (200..330_usize).prop_map(|length| [vec![b'a'; length], b".".to_vec()].concat()),
    ];
    let back = select(
        &["", "", "", "", "", ":80", ":80.ba.example", ".", "\0", "\0.ba.example", "/x", " "][..],
    );
    (front, select(&BASES[..]), back, any::<bool>()).prop_map(|(front, base, back, upper)| {
        let base = if upper { base.to_ascii_uppercase() } else { base.to_owned() };
        [&front, base.as_bytes(), back.as_bytes()].concat()
    })
}

#[derive(Debug, Clone)]
struct Asked {
    source: Source,
    destination: IpAddr,
    port: u16,
    kind: usize,
    /// What is said, in the place of a name, or by one request after the other.
    said: Vec<Vec<u8>>,
}

fn asked() -> impl Strategy<Value = Asked> {
    let source = prop_oneof![
        (0..14_u8).prop_map(|last| Source::Address(IpAddr::from([10, 0, 0, last]))),
        (0..5_u16).prop_map(|last| {
            Source::Address(IpAddr::from([0x2001, 0xdb8, 0, 0, 0, 0, 0, last]))
        }),
        (0..4_u32).prop_map(|number| Source::Service(ServiceId(number))),
    ];
    let destination = prop_oneof![
        (0..10_u8).prop_map(|last| IpAddr::from([203, 0, 113, last])),
        (0..5_u16).prop_map(|last| IpAddr::from([0x2001, 0xdb8, 1, 0, 0, 0, 0, last])),
    ];
    let port = select(&[443, 443, 80, 80, 81, 8443, 22, 444, 53, 1][..]);
    let said = proptest::collection::vec(said(), 0..4);
    (source, destination, port, 0..12_usize, said).prop_map(
        |(source, destination, port, kind, said)| Asked { source, destination, port, kind, said },
    )
}

impl Asked {
    fn ask<A>(&self, answer: impl FnOnce(&Flow<'_>) -> A) -> A {
        let said: Vec<&[u8]> = self.said.iter().map(Vec::as_slice).collect();
        let name = said.first().copied();
        let one_by_one: Vec<Request<'_>> = said.chunks(1).map(Request::get).collect();
        let together = [Request::get(&said)];
        let target = [b"http://".as_slice(), name.unwrap_or_default()].concat();
        let targeted = |method| [Request { method, target: &target, hosts: &said }];
        let (targeted, tunnel, odd) = (targeted(b"POST"), targeted(b"CONNECT"), targeted(b"BREW"));
        let spoken = match self.kind {
            0 | 1 => Spoken::Tls { name },
            2 => Spoken::Quic { name },
            3 | 4 => Spoken::Http { requests: &one_by_one },
            5 => Spoken::Http { requests: &together },
            6 => Spoken::Http { requests: &targeted },
            7 => Spoken::Http { requests: if self.port == 80 { &tunnel } else { &odd } },
            8 => Spoken::Http2 { authority: name },
            9 => Spoken::Tcp,
            10 => Spoken::Udp,
            _ => {
                if self.port == 22 {
                    Spoken::Other
                } else {
                    Spoken::Icmp
                }
            }
        };
        let Self { source, destination, port, .. } = *self;
        answer(&Flow { source, destination, port, spoken })
    }
}

pub(crate) fn resolved(text: &str) -> Policy {
    let mut sources = Sources::new();
    sources.add(SourceFile::new("prod.fw", text));
    // What is refused is left out; the rest is a policy like any other.
    fwc::analyse(&sources, &Project::without_file()).policy
}

proptest! {
    #[test]
    fn it_gives_the_verdicts_of_the_reference(
        text in policy(),
        flows in proptest::collection::vec(asked(), 100),
    ) {
        let policy = resolved(&text);
        for engine in [Engine::V7_0_10, Engine::V8_0_3, Engine::V8_0_8] {
            for profile in PROFILES {
                let today = "2026-11-24".parse().unwrap();
                let options = Options { engine, profile, ..Options::new(today) };
                let matcher = Matcher::new(&policy, RegionId(0), &options);
                let reference = Reference::new(&policy, RegionId(0), &options);
                for asked in &flows {
                    let (fast, plain) = asked.ask(|flow| {
                        let Verdict { action, at, reason, services } = matcher.decide(flow);
                        let services = services.to_vec();
                        (Verdict { action, at, reason, services }, reference.decide(flow))
                    });
                    prop_assert_eq!(fast, plain, "{}{:?}", text, asked);
                }
            }
        }
    }
}

#[test]
fn odd_bytes_before_a_name_pass_where_a_name_and_all_below_it_are_one_grant() {
    let check = |policy: &str, name: &[u8], granted: bool| {
        let policy = resolved(&format!("fwc 1\nservice a from 10.0.0.0/24 {{\n{policy}\n}}\n"));
        let options = Options::new("2026-11-24".parse().unwrap());
        let flow = Flow {
            source: Source::Service(ServiceId(0)),
            destination: IpAddr::from([192, 0, 2, 1]),
            port: 443,
            spoken: Spoken::Tls { name: Some(name) },
        };
        for action in [
            Matcher::new(&policy, RegionId(0), &options).decide(&flow).action,
            Reference::new(&policy, RegionId(0), &options).decide(&flow).action,
        ] {
            assert_eq!(action == fwc::matcher::Action::Allow, granted, "{name:?}");
        }
    };
    let together = "allow { x.example **.x.example }";
    check(together, b"\xff.x.example", true);
    check(together, b".X.example", true);
    check(together, b"\xffx.example", false);
    let apart = "allow x.example because A-1 \"one\"\nallow **.x.example because A-2 \"two\"";
    check(apart, b"a.X.example", true);
    check(apart, b"\xff.x.example", false);
    // Of two grants of one name the first one speaks.
    let twice = format!("allow x.example because A-2 \"two\"\n{apart}");
    check(&twice, b"\xff.x.example", true);
    let twice = "allow x.example because A-1 \"one\"\nallow { x.example **.x.example }";
    check(twice, b"\xff.x.example", false);
    check("allow **.x.example", b"\xff.x.example", false);
    check("allow { x.example **.x.example } except a.x.example", b".x.example", false);
}
