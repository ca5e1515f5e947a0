//! What a matcher takes of memory: nothing for a decision, little for a pattern.
//!
//! A binary of its own, because `allocation-counter` replaces its allocator.

#![expect(clippy::unwrap_used, reason = "a test, whose figure is reported")]

use std::fmt::Write as _;
use std::hint::black_box;
use std::net::IpAddr;

use allocation_counter::{AllocationInfo, measure};
use fwc::matcher::{Engine, Flow, Matcher, Options, Request, Source, Spoken};
use fwc::policy::{Destination, Policy, RegionId};
use fwc::project::Project;
use fwc::source::{SourceFile, Sources};
use fwc::suricata::profile::PROFILES;

fn resolved(text: &str) -> Policy {
    let mut sources = Sources::new();
    sources.add(SourceFile::new("prod.fw", text));
    let (policy, found) = fwc::analyse(&sources, &Project::without_file()).accept().unwrap();
    assert!(found.is_empty(), "{found:?}");
    policy
}

fn options() -> Options<'static> {
    Options::new("2026-11-24".parse().unwrap())
}

const POLICY: &str = "fwc 1
service first from 10.0.0.0/24 {
  allow a.example *.a.example
  allow { b.example **.b.example } except *.x.b.example p-*.b.example
  allow p-*-s.b.example to 203.0.113.0/29
  allow c.example port 80,8080/http
  allow c.example port /quic
  allow 203.0.113.0/28 port 22/tcp
}
service second from 10.0.0.0/23 2001:db8::/64 observe until 2027-01-01 {
  allow **.a.example
}
deny **.x.example
deny 198.51.100.0/24
deny p-*.b.example
";

#[test]
fn no_decision_allocates() {
    let policy = resolved(POLICY);
    let long = [b"q".repeat(300), b".b.example".to_vec()].concat();
    let longest = b"a.".repeat(40_000);
    let names: Vec<&[u8]> = vec![
        b"a.example",
        b"Www.A.example",
        b"p-1-s.b.example",
        b"y.x.b.example",
        b"no.such.example",
        b"c.example:80",
        b"c.example\0.x.example",
        b"\xff.x.example",
        b"a.very-long-label-of-many-letters.and-another-one.and-more-than-sixty-four.b.example",
        b"...",
        b"",
        &long,
        &longest,
    ];
    let sources = ["10.0.0.1", "10.0.1.1", "2001:db8::1", "192.0.2.1"];
    let sources = sources.map(|address| Source::Address(address.parse().unwrap()));
    let destinations: [IpAddr; 3] =
        ["203.0.113.1", "198.51.100.1", "2001:db8:1::1"].map(|address| address.parse().unwrap());
    let mut decided = 0;
    for engine in [Engine::V7_0_10, Engine::V8_0_3, Engine::V8_0_8] {
        for profile in PROFILES {
            let options = Options { engine, profile, ..options() };
            let matcher = Matcher::new(&policy, RegionId(0), &options);
            let mut verdicts = Vec::with_capacity(names.len());
            for source in sources {
                for destination in destinations {
                    for name in &names {
                        let flow = |port, spoken| Flow { source, destination, port, spoken };
                        let twice = [*name, b"b.example"];
                        let targeted =
                            Request { method: b"CONNECT", target: name, hosts: &[b"a.example"] };
                        let requests = [
                            Request::get(&[b"c.example"]),
                            Request::get(&twice[..1]),
                            Request::get(&twice),
                            targeted,
                        ];
                        let flows = [
                            flow(443, Spoken::Tls { name: Some(name) }),
                            flow(443, Spoken::Tls { name: None }),
                            flow(443, Spoken::Quic { name: Some(name) }),
                            flow(80, Spoken::Http { requests: &requests }),
                            flow(80, Spoken::Http { requests: &requests[1..2] }),
                            flow(80, Spoken::Http { requests: &requests[2..] }),
                            flow(80, Spoken::Http2 { authority: Some(name) }),
                            flow(22, Spoken::Tcp),
                            flow(53, Spoken::Udp),
                            flow(0, Spoken::Icmp),
                            flow(0, Spoken::Other),
                        ];
                        verdicts.clear();
                        verdicts.reserve(flows.len());
                        let taken = measure(|| {
                            for flow in &flows {
                                black_box(matcher.decide(flow));
                            }
                            matcher.decide_all(&flows, &mut verdicts);
                        });
                        assert_eq!(taken, AllocationInfo::default(), "{}", name.escape_ascii());
                        decided += flows.len() + verdicts.len();
                    }
                }
            }
        }
    }
    assert!(decided > 10_000, "{decided}");
}

#[test]
fn a_pattern_takes_60_bytes_beside_its_text() {
    let mut text = "fwc 1\nservice all from 10.0.0.0/24 {\n".to_owned();
    for number in 0..100_000_u32 {
        let shape = match number % 20 {
            0..10 => "=",
            10..17 => "= **.=",
            17..19 => "*.=",
            _ => "**.=",
        };
        let name = format!(
            "{:06x}.region-{}.example.com",
            u64::from(number) * 2_654_435 % 0xff_fff1,
            number % 7
        );
        writeln!(text, "  allow {}", shape.replace('=', &name)).unwrap();
    }
    let policy = resolved(&(text + "}\n"));
    let names: usize = policy
        .grants
        .iter()
        .map(|grant| match grant.destination.first() {
            Some(Destination::Names(pattern)) => pattern.base().as_str().len(),
            Some(Destination::Addresses(_)) | None => 0,
        })
        .sum();
    let mut matcher = None;
    let taken = measure(|| matcher = Some(Matcher::new(&policy, RegionId(0), &options())));
    let patterns = policy.grants.len() as f64;
    let text = names as f64 / patterns;
    let bytes = taken.bytes_current as f64 / patterns - text;
    println!("bytes_a_pattern\t{bytes:.1}");
    assert!(bytes <= 60.0, "{bytes} bytes, and {text} of text");
    drop(matcher);
}
