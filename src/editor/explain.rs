//! Destinations, ports and days in the words of people.

use ipnet::IpNet;
use jiff::civil::Date;

use crate::policy::pattern::Pattern;
use crate::policy::port::Protocol;
use crate::policy::{Destination, Reach};

/// What a destination matches, as a phrase.
pub(super) fn destination(destination: &Destination) -> String {
    match destination {
        Destination::Names(Pattern::Exact(name)) => match name.unicode() {
            Some(unicode) => format!("the name `{unicode}` and nothing below it"),
            None => "this name and nothing below it".to_owned(),
        },
        Destination::Names(Pattern::OneLabel { label, parent }) if label.is_any() => format!(
            "exactly one label more than `{parent}`: `a.{parent}`, not `{parent}` and not \
             `a.b.{parent}`"
        ),
        Destination::Names(Pattern::OneLabel { label, parent }) => {
            let looks = match (label.prefix(), label.suffix()) {
                (prefix, "") => format!("begins with `{prefix}`"),
                ("", suffix) => format!("ends with `{suffix}`"),
                (prefix, suffix) => format!("begins with `{prefix}` and ends with `{suffix}`"),
            };
            format!("one label that {looks}, directly below `{parent}`")
        }
        Destination::Names(Pattern::Below(parent)) => {
            format!("everything below `{parent}`: `a.{parent}`, `a.b.{parent}`, not `{parent}`")
        }
        Destination::Addresses(network) => addresses(network),
    }
}

fn addresses(network: &IpNet) -> String {
    if network.prefix_len() == network.max_prefix_len() {
        return "this address".to_owned();
    }
    let bits = network.max_prefix_len() - network.prefix_len();
    let (first, last) = (network.network(), network.broadcast());
    match 1u64.checked_shl(bits.into()) {
        Some(count) => format!("{count} addresses, `{first}` to `{last}`"),
        None => format!("2^{bits} addresses, `{first}` to `{last}`"),
    }
}

/// Over what an entry is reached, as a phrase.
pub(super) fn reach(reach: &Reach) -> String {
    match reach {
        Reach::Everything => "over any protocol and port".to_owned(),
        Reach::Protocol(protocol, None) => format!("over {}", title(*protocol)),
        Reach::Protocol(protocol, Some(ports)) => {
            let several = ports.to_string().contains([',', '-']);
            let word = if several { "ports" } else { "port" };
            format!("over {} on {word} {ports}", title(*protocol))
        }
    }
}

/// A protocol as people write it.
pub(super) fn title(protocol: Protocol) -> String {
    protocol.as_str().to_uppercase()
}

/// A last day, and how far away it is.
pub(super) fn until(day: Date, today: Date) -> String {
    let days = today.until(day).map_or(0, |span| span.get_days());
    match days {
        ..-1 => format!("until {day} (expired {} days ago)", -days),
        -1 => format!("until {day} (expired yesterday)"),
        0 => format!("until {day} (today is its last day)"),
        1 => format!("until {day} (tomorrow is its last day)"),
        _ => format!("until {day} ({days} days)"),
    }
}
