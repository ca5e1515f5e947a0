//! What a decision costs in memory: nothing; and what a matcher does.

use std::fmt::Write as _;
use std::net::IpAddr;

use fwc::matcher::{Engine, Matcher, Options, Source, Spoken};
use fwc::policy::{Destination, RegionId, ServiceId};
use fwc::suricata::profile::PROFILES;
use proptest::strategy::{Strategy as _, ValueTree as _};
use proptest::test_runner::TestRunner;

use crate::corpus::TODAY;
use crate::support::random::{asked, policy, resolved};

#[test]
fn a_decision_allocates_nothing() {
    let mut runner = TestRunner::deterministic();
    let strategy = (policy(), proptest::collection::vec(asked(), 100));
    for _ in 0..64 {
        let (text, flows) = strategy.new_tree(&mut runner).unwrap().current();
        let policy = resolved(&text);
        for profile in PROFILES {
            for engine in [Engine::V7_0_10, Engine::V8_0_3, Engine::V8_0_8] {
                let options = Options { engine, profile, ..Options::new(TODAY.parse().unwrap()) };
                let matcher = Matcher::new(&policy, RegionId(0), &options);
                for asked in &flows {
                    asked.ask(|flow| {
                        let measured = allocation_counter::measure(|| {
                            std::hint::black_box(matcher.decide(flow));
                        });
                        assert_eq!(measured.count_total, 0, "{text}{flow:?}");
                    });
                }
            }
        }
    }
}

#[test]
fn flows_are_answered_together_as_one_by_one() {
    let policy = resolved("fwc 1\nservice a from 10.0.0.0/24 {\n  allow a.example\n}\n");
    let matcher = Matcher::new(&policy, RegionId(0), &Options::new(TODAY.parse().unwrap()));
    let names: [&[u8]; 3] = [b"a.example", b"b.example", b"A.example"];
    let flows = names.map(|name| fwc::matcher::Flow {
        source: Source::Service(ServiceId(0)),
        destination: IpAddr::from([192, 0, 2, 1]),
        port: 443,
        spoken: Spoken::Tls { name: Some(name) },
    });
    let mut together = Vec::with_capacity(flows.len());
    let measured = allocation_counter::measure(|| matcher.decide_all(&flows, &mut together));
    assert_eq!(measured.count_total, 0);
    let alone: Vec<_> = flows.iter().map(|flow| matcher.decide(flow)).collect();
    assert_eq!(together, alone);
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
    let options = Options::new(TODAY.parse().unwrap());
    let mut matcher = None;
    let taken = allocation_counter::measure(|| {
        matcher = Some(Matcher::new(&policy, RegionId(0), &options))
    });
    let patterns = policy.grants.len() as f64;
    let text = names as f64 / patterns;
    let bytes = taken.bytes_current as f64 / patterns - text;
    assert!(bytes <= 60.0, "{bytes} bytes, and {text} of text");
    drop(matcher);
}
