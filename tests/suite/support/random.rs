//! Random policies, and flows near what they say.

use std::fmt::Write as _;
use std::net::IpAddr;

use fwc::matcher::{Flow, Request, Source, Spoken};
use fwc::policy::{Policy, ServiceId};
use fwc::project::Project;
use fwc::source::{SourceFile, Sources};
use proptest::prelude::*;
use proptest::sample::select;

/// Names that patterns are made of; each ends as another one does, and some of them end where a word
/// of the fast path does.
const BASES: [&str; 6] = [
    "a.example",
    "b.a.example",
    "x.b.a.example",
    "ba.example",
    "eightb.a.example",
    "a-label-that-makes-a-name-of-more-than-one-block-of-64-bytes.a.example",
];

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
        select(&["", " because PAY-1 \"one\"", " because PAY-2 \"two\"", " until 2026-11-23"][..]);
    let entry = (0..4_usize, any::<bool>(), destination(), reason);
    // The last service observes, or has done so.
    let until = select(&["2026-11-24", "2026-11-24", "2026-11-23"][..]);
    (proptest::collection::vec(entry, 0..16), until).prop_map(|(entries, until)| {
        let mut text = "fwc 1\n".to_owned();
        let third = format!("service third from 10.0.0.6/31 10.0.0.8/30 observe until {until}");
        let services = [
            "service first from 10.0.0.0/30",
            "service second from 10.0.0.0/29 2001:db8::/126",
            &third,
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

/// A flow that owns its bytes.
#[derive(Debug, Clone)]
pub(crate) struct Asked {
    pub(crate) source: Source,
    destination: IpAddr,
    port: u16,
    kind: usize,
    /// What is said, in the place of a name, or by one request after the other.
    said: Vec<Vec<u8>>,
}

/// Any flow that may meet a policy of [`policy`].
pub(crate) fn asked() -> impl Strategy<Value = Asked> {
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
    /// What `answer` says of the flow.
    pub(crate) fn ask<A>(&self, answer: impl FnOnce(&Flow<'_>) -> A) -> A {
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

/// What becomes of a text.
pub(crate) fn resolved(text: &str) -> Policy {
    let mut sources = Sources::new();
    sources.add(SourceFile::new("prod.fw", text));
    // What is refused is left out; the rest is a policy like any other.
    fwc::analyse(&sources, &Project::without_file()).policy
}
