//! The matcher against its obvious twin: the same verdict for any policy and any bytes.

use std::net::IpAddr;

use fwc::matcher::reference::Reference;
use fwc::matcher::{Engine, Flow, Matcher, Options, Source, Spoken, Verdict};
use fwc::policy::{RegionId, ServiceId};
use fwc::suricata::profile::PROFILES;
use proptest::prelude::*;

use crate::support::random::{asked, policy, resolved};

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
                let mut together = Vec::new();
                for asked in &flows {
                    asked.ask(|flow| matcher.decide_all(&[*flow], &mut together));
                    let last = together.last().copied();
                    prop_assert_eq!(last, Some(asked.ask(|flow| matcher.decide(flow))));
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
    let apart = "allow x.example because PAY-1 \"one\"\nallow **.x.example because PAY-2 \"two\"";
    check(apart, b"a.X.example", true);
    check(apart, b"\xff.x.example", false);
    // Of two grants of one name the first one speaks.
    let twice = format!("allow x.example because PAY-2 \"two\"\n{apart}");
    check(&twice, b"\xff.x.example", true);
    let twice = "allow x.example because PAY-1 \"one\"\nallow { x.example **.x.example }";
    check(twice, b"\xff.x.example", false);
    // The first in the text, which need not come first in the service.
    let one = "because PAY-1 \"one\"";
    let below =
        format!("allow x.example {one}\nallow **.x.example {one}\n}}\nset late {{\nx.example");
    check(&format!("use late\n{below} because PAY-2 \"two\""), b"\xff.x.example", true);
    let below = format!("allow **.x.example {one}\n}}\nset late {{\nx.example");
    let twice = format!("use late {one}\nuse late because PAY-2 \"two\"\n{below}");
    check(&twice, b"\xff.x.example", true);
    check("allow **.x.example", b"\xff.x.example", false);
    check("allow { x.example **.x.example } except a.x.example", b".x.example", false);
}
