//! Whether a real engine does what the matcher says, for traffic at every boundary of a policy.
//!
//! [`boundary::traffic`] makes the flows, [`Case::conversation`] what goes over the wire. Somebody
//! runs it through an engine with [`engine_text`] and comes back with an [`Outcome`];
//! [`disagreement`] compares, at the packet where it matters.

pub mod boundary;
pub mod case;
mod names;
pub mod outcome;
pub mod report;

use core::net::Ipv4Addr;
use std::collections::{BTreeMap, BTreeSet};

use ipnet::{IpNet, Ipv4Net};

pub use boundary::{Boundary, Demand, Traffic, traffic};
pub use case::{Case, Manner};
pub use outcome::Outcome;
pub use report::{Asked, Disagreement, Report, Tally};

use crate::matcher::{Action, Verdict};
use crate::policy::{Origins, Policy, RegionId};
use crate::probe::{Side, Transport};
use crate::suricata::profile::{Frame, Profile};
use crate::suricata::{Ruleset, print, variable};

/// The default action that `published` relies on, `drop_established_app_layer_to_server`, as
/// signatures: AWS prints these as "similar to the rules used by" it, with `reject` for `drop`
/// and with log lines (aws-security-services-best-practices, egress default block rules, after
/// 2026-07-22). Alone, the default action logs nothing.
pub const APP_LAYER_DEFAULTS: &str = r#"
drop tls any any -> any any (msg:"default: tls"; ssl_state:client_hello; ja4.hash; content:"_"; flowbits:set,blocked; flow:to_server; noalert; sid:999991;)
alert tls any any -> any any (msg:"default: hello seen"; flowbits:isnotset,blocked; flowbits:set,PQC; noalert; flow:to_server; sid:999993;)
drop http any any -> any any (msg:"default: http"; flowbits:set,blocked; flow:to_server; noalert; sid:999992;)
drop tcp any any -> any any (msg:"default: tcp"; flowbits:isnotset,blocked; flowbits:isnotset,PQC; flow:to_server,established; noalert; sid:999994;)
drop udp any any -> any any (msg:"default: udp"; flow:to_server; noalert; sid:999995;)
drop icmp any any -> any any (msg:"default: icmp"; flow:to_server; noalert; sid:999996;)
drop ip any any -> any any (msg:"default: other"; ip_proto:!TCP; ip_proto:!UDP; ip_proto:!ICMP; flow:to_server; noalert; sid:999997;)
"#;

/// How an engine disagrees with a verdict, in a few words; `None` if it does what the verdict says.
///
/// * What is allowed passes, every packet of both sides, and nothing is logged.
/// * What is observed passes, and a line says that it would be denied.
/// * What is denied ends where the verdict says: everything before the request that is stopped came
///   through, and of that one never the last byte. Signatures that wait for the end of a hello or a
///   head let its beginning through. A line is logged, unless a default action decides.
pub fn disagreement<S>(
    case: &Case,
    verdict: &Verdict<S>,
    outcome: &Outcome,
    frame: Frame,
) -> Option<&'static str> {
    let alerts = outcome.alerts();
    let would = alerts.iter().any(|alert| alert.is_would_deny());
    match verdict.action {
        Action::Allow if !outcome.passed() => Some("a packet of an allowed flow was stopped"),
        Action::Allow if !alerts.is_empty() => Some("an allowed flow was logged"),
        Action::Observe if !outcome.passed() => Some("a packet of an observed flow was stopped"),
        Action::Observe if !would => Some("an observed flow was not logged"),
        Action::Allow | Action::Observe => None,
        Action::Deny => stopped_elsewhere(case, verdict.at, outcome).or_else(|| {
            // A default action logs nothing.
            let silent = alerts.is_empty() && frame == Frame::Closed;
            silent.then_some("a denied flow was not logged")
        }),
    }
}

/// What is wrong with where a denied flow was stopped.
fn stopped_elsewhere(case: &Case, at: Option<usize>, outcome: &Outcome) -> Option<&'static str> {
    let delivered = match outcome.delivered(Side::Client).as_slice() {
        [] => 0,
        [first] if first.start == 0 => first.end,
        _ => return Some("what a denied client said came through with holes in it"),
    };
    let sayings = case.sayings();
    let all = sayings.last().map_or(0, |last| last.bytes.end);
    let (first, last) = match sayings.get(at.unwrap_or(0)) {
        // Only a stream is of use to nobody until its last byte.
        Some(said) if matches!(case.conversation().transport(), Transport::Tcp { .. }) => {
            (said.go, said.bytes.end.saturating_sub(1))
        }
        Some(_) => (0, 0),
        // It is stopped behind everything that was said.
        None => (all, all),
    };
    if delivered < first {
        Some("a denied flow was stopped too early")
    } else if delivered > last {
        Some("what is denied came through")
    } else {
        None
    }
}

/// The text of a ruleset as an engine is told it: with a variable for each set that AWS fills, which
/// no engine knows, and with the default action where signatures leave something to it.
pub fn engine_text(ruleset: &Ruleset, profile: &Profile) -> String {
    let mut text = String::with_capacity(ruleset.text.len());
    for line in ruleset.text.split_inclusive('\n') {
        let (header, rest) = line.split_at(line.find('(').unwrap_or(line.len()));
        text.push_str(&header.replace(" @", &format!(" ${FILLED}")));
        text.push_str(rest);
    }
    match profile.frame {
        Frame::Closed => {}
        Frame::Defaults => text.push_str(APP_LAYER_DEFAULTS),
    }
    text
}

/// The address variables of a ruleset, as an engine is told them.
pub fn engine_variables(
    ruleset: &Ruleset,
    filled: &BTreeMap<String, Vec<IpNet>>,
) -> BTreeMap<String, String> {
    let own = ruleset.variables.iter().map(|(name, networks)| (name.to_string(), networks));
    let filled = filled.iter();
    let filled = filled.map(|(name, networks)| (format!("{FILLED}{}", variable(name)), networks));
    own.chain(filled)
        .map(|(name, networks)| {
            let mut text = String::new();
            print::networks(networks, &mut text);
            (name, text)
        })
        .collect()
}

/// Before the name of a set that AWS fills. Variables of services have no upper case.
const FILLED: &str = "AWS_";

/// Addresses for the sets that AWS fills, by the name of the network: what holds for these holds for
/// any. They are of the range for benchmarks (RFC 2544), 198.18.0.0/15, 16 a set.
pub fn stand_ins(policy: &Policy, region: RegionId) -> BTreeMap<String, Vec<IpNet>> {
    let sets = policy.services.iter().filter_map(|service| match service.sources(region)? {
        Origins::Reference { network, .. } => Some(network.clone()),
        Origins::Networks(_) => None,
    });
    let sets: BTreeSet<String> = sets.collect();
    let first = u32::from(Ipv4Addr::new(198, 18, 0, 0));
    let networks = (first..).step_by(32).filter_map(|it| Ipv4Net::new(it.into(), 28).ok());
    sets.into_iter().zip(networks.map(|network| vec![IpNet::V4(network)])).collect()
}
