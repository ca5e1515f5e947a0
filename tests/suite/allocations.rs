//! What a decision costs in memory: nothing; and what a matcher does.

use std::net::IpAddr;

use fwc::matcher::{Engine, Matcher, Options, Source, Spoken};
use fwc::policy::{RegionId, ServiceId};
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
