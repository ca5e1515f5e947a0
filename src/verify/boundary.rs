//! Traffic on both sides of everything that a policy says.

use core::net::IpAddr;
use std::collections::{BTreeMap, BTreeSet};

use ipnet::IpNet;
use serde::Serialize;

use super::case::{Case, Manner};
use super::names;
use crate::flow::record::{Origin, OwnedRequest, Record, Words};
use crate::policy::pattern::Pattern;
use crate::policy::port::Protocol;
use crate::policy::{Action, Destination, Grant, Origins, Policy, Reach, RegionId, ServiceId};
use crate::suricata::profile::{Frame, Profile};

/// What a flow lies at the boundary of.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Boundary {
    /// A name.
    Name,
    /// A name, by saying none.
    Nameless,
    /// The addresses of a service.
    Source,
    /// The ports of an entry.
    Port,
    /// The protocol of an entry.
    Protocol,
    /// The addresses that an entry is narrowed to, or that another one grants.
    Place,
    /// A hello or request in pieces.
    Cut,
    /// Several requests on one connection, one after the other.
    Requests,
    /// The same in one go.
    Pipelined,
    /// Methods: tunnels, unknown ones.
    Method,
    /// Targets with an authority.
    Target,
    /// Hosts: several, with ports, with blanks.
    Host,
    /// An entry of addresses, by anything that can be said there.
    Address,
    /// Names that one entry denies and another one allows.
    Crossing,
}

/// What traffic is made for.
#[derive(Debug, Clone, Copy)]
pub struct Demand<'d> {
    /// The region.
    pub region: RegionId,
    /// How the policy is compiled.
    pub profile: &'static Profile,
    /// The addresses in the sets that AWS fills, by the name of the network in the project file.
    pub filled: &'d BTreeMap<String, Vec<IpNet>>,
    /// How many flows there may be.
    pub flows: usize,
    /// Which ones, if there could be more.
    pub seed: u64,
}

/// Flows at the boundaries of a policy.
#[derive(Debug, Clone)]
pub struct Traffic {
    /// The flows, in an order that depends on the seed; no two are the same.
    pub cases: Vec<Case>,
    /// Whether these are all there could be.
    pub complete: bool,
}

/// Traffic at every boundary of the policy in a region. If there is more than asked for, each kind of
/// boundary has the same share, as far as it needs one.
pub fn traffic(policy: &Policy, demand: &Demand<'_>) -> Traffic {
    let mut writer = Writer::new(policy, demand);
    writer.entries();
    writer.crossings();
    writer.finish()
}

/// Places where no entry of addresses is likely to be: documentation addresses.
const ELSEWHERE: [IpAddr; 2] = [
    IpAddr::V4(core::net::Ipv4Addr::new(192, 0, 2, 9)),
    IpAddr::V6(core::net::Ipv6Addr::new(0x2001, 0xdb8, 0xffff, 0, 0, 0, 0, 9)),
];

/// At how many addresses that other entries grant a name is said.
const PLACES: usize = 16;

/// How many pairs of entries are looked at for what one denies and the other one allows.
const PAIRS: usize = 4_000_000;

/// How many bytes of a TLS record tell what it is.
const RECORD_HEADER: usize = 5;

/// Who says something where.
#[derive(Debug, Clone, Copy)]
struct Meeting {
    from: IpAddr,
    to: IpAddr,
    port: u16,
}

struct Writer<'d> {
    policy: &'d Policy,
    demand: &'d Demand<'d>,
    role: &'d str,
    /// Addresses that entries grant or deny.
    granted: Vec<IpAddr>,
    kept: BTreeMap<Boundary, BTreeMap<u64, Case>>,
    complete: bool,
}

impl<'d> Writer<'d> {
    fn new(policy: &'d Policy, demand: &'d Demand<'d>) -> Self {
        let granted: BTreeSet<IpAddr> = policy
            .grants
            .iter()
            .filter_map(|grant| match grant.destination.get(demand.region) {
                Some(Destination::Addresses(network)) => Some(network.addr()),
                _ => None,
            })
            .collect();
        let region = policy.regions.get(demand.region.0 as usize);
        Self {
            policy,
            demand,
            role: region.map_or("", |region| &region.role),
            granted: granted.into_iter().collect(),
            kept: BTreeMap::new(),
            complete: true,
        }
    }

    /// What every entry says, by itself.
    fn entries(&mut self) {
        for (number, grant) in self.policy.grants.iter().enumerate() {
            let terms = self.policy.terms(grant);
            let Some(destination) = grant.destination.get(self.demand.region) else { continue };
            let sources = self.sources(grant.service);
            let targets = [destination].into_iter().chain(terms.except(self.demand.region));
            for target in targets {
                match target {
                    Destination::Names(pattern) => {
                        let mut places = edges(terms.to());
                        if places.is_empty() {
                            let others = self.granted.iter().cycle().skip(number * PLACES);
                            let others = others.take(self.granted.len().min(PLACES));
                            places = ELSEWHERE.iter().chain(others).copied().collect();
                        }
                        self.by_name(pattern, &terms.reach, &sources, &places);
                    }
                    Destination::Addresses(network) => {
                        self.by_address(&terms.reach, &sources, &edges(&[*network]));
                    }
                }
            }
        }
    }

    /// What one entry denies and another one allows.
    fn crossings(&mut self) {
        let policy = self.policy;
        let (denies, allows): (Vec<&Grant>, Vec<&Grant>) =
            policy.grants.iter().partition(|grant| grant.action == Action::Deny);
        let step = (denies.len() * allows.len()).div_ceil(PAIRS).max(1);
        let pairs = denies.iter().flat_map(|deny| allows.iter().map(move |allow| (deny, allow)));
        for (deny, allow) in pairs.step_by(step) {
            let region = self.demand.region;
            let (Some(Destination::Names(closed)), Some(Destination::Names(open))) =
                (deny.destination.get(region), allow.destination.get(region))
            else {
                continue;
            };
            let Some(name) = closed.overlap(open) else { continue };
            let sources = self.sources(allow.service);
            let reach = &policy.terms(allow).reach;
            let mut places = edges(policy.terms(allow).to());
            places.extend(ELSEWHERE);
            for protocol in protocols(reach) {
                for port in ports(reach) {
                    if let Some(meeting) = meeting(&sources, &places, port) {
                        let words = said(protocol, Some(name.as_bytes()));
                        self.add(Boundary::Crossing, meeting, words, Manner::Whole);
                    }
                }
            }
        }
    }

    /// Flows that say a name, or none.
    fn by_name(&mut self, pattern: &Pattern, reach: &Reach, sources: &[IpAddr], places: &[IpAddr]) {
        let ports = ports(reach);
        let Some(&port) = ports.first() else { return };
        let Some(here) = meeting(sources, places, port) else { return };
        let inside = names::inside(pattern);
        let inside = inside.as_bytes();
        let outside = names::ELSEWHERE.as_bytes();
        for protocol in protocols(reach) {
            for name in names::around(pattern) {
                self.add(Boundary::Name, here, said(protocol, Some(&name)), Manner::Whole);
            }
            self.add(Boundary::Nameless, here, said(protocol, None), Manner::Whole);
            for name in [inside, outside] {
                let words = said(protocol, Some(name));
                for from in sources {
                    if let Some(there) = meeting(&[*from], places, port) {
                        self.add(Boundary::Source, there, words.clone(), Manner::Whole);
                    }
                }
                for to in places {
                    if let Some(there) = meeting(sources, &[*to], port) {
                        self.add(Boundary::Place, there, words.clone(), Manner::Whole);
                    }
                }
                for &port in &ports {
                    let there = Meeting { port, ..here };
                    self.add(Boundary::Port, there, words.clone(), Manner::Whole);
                    for other in spoken(name) {
                        self.add(Boundary::Protocol, there, other, Manner::Whole);
                    }
                }
                self.cut(here, &words);
            }
            match protocol {
                Protocol::Http => self.requests(here, inside, outside),
                Protocol::Quic => {
                    // An engine looks for it on two ports only.
                    for port in [80, 443] {
                        let there = Meeting { port, ..here };
                        let words = said(protocol, Some(inside));
                        self.add(Boundary::Port, there, words, Manner::Whole);
                    }
                }
                Protocol::Tls | Protocol::Tcp | Protocol::Udp | Protocol::Icmp => {}
            }
        }
    }

    /// The same words in pieces.
    fn cut(&mut self, here: Meeting, words: &Words) {
        let is_tls = matches!(words, Words::Tls(_));
        if !(is_tls || self.waits() && matches!(words, Words::Http(_))) {
            return;
        }
        let whole = self.case(Boundary::Cut, here, words.clone(), Manner::Whole);
        let length =
            whole.map_or(0, |case| case.sayings().last().map_or(0, |last| last.bytes.len()));
        // In the header of a record, around the six bytes after which signatures stop waiting for a
        // protocol, in the middle, and before the last byte.
        for at in [1, 3, 5, 6, length / 2, length.saturating_sub(1)] {
            if self.waits() || at > RECORD_HEADER {
                self.add(Boundary::Cut, here, words.clone(), Manner::Split(at));
            }
        }
        if is_tls {
            // Up to 8.0.3 an engine needs four bytes of a message in each record.
            for at in [4, 40] {
                self.add(Boundary::Cut, here, words.clone(), Manner::Records(at));
            }
        }
    }

    /// Everything that requests can say.
    fn requests(&mut self, here: Meeting, inside: &[u8], outside: &[u8]) {
        let get = |hosts: &[&[u8]]| OwnedRequest::get(hosts.iter().map(|it| it.to_vec()).collect());
        let below = [b"x.", inside].concat();
        let connections: [&[&[&[u8]]]; 7] = [
            &[&[inside], &[inside]],
            &[&[inside], &[outside]],
            &[&[outside], &[inside]],
            &[&[inside], &[]],
            &[&[], &[inside]],
            &[&[inside], &[inside], &[&below]],
            &[&[inside], &[inside], &[inside], &[outside], &[inside]],
        ];
        for connection in connections {
            let requests = Words::Http(connection.iter().map(|hosts| get(hosts)).collect());
            self.add(Boundary::Requests, here, requests.clone(), Manner::Whole);
            if self.waits() {
                self.add(Boundary::Pipelined, here, requests.clone(), Manner::Pipelined);
                for at in [3, 20] {
                    self.add(Boundary::Cut, here, requests.clone(), Manner::Split(at));
                }
            }
        }
        let around = |front: &[u8], back: &[u8]| [front, inside, back].concat();
        let hosts: [&[&[u8]]; 22] = [
            &[b""],
            &[b" "],
            &[inside, inside],
            &[inside, outside],
            &[outside, inside],
            &[b"", inside],
            &[&around(b"", b":80")],
            &[&around(b"", b":")],
            &[&around(b"", b":65536000")],
            &[&around(b"", b":80.evil.example")],
            &[&around(b"", b":@evil.example")],
            &[&around(b"", b":80"), outside],
            &[&around(b"u@", b"")],
            &[&around(b"", b"/x")],
            &[&around(b"", b"?x")],
            &[&around(b"", b"#x")],
            &[&around(b" \t", b" ")],
            &[&around(b"\x0b", b"\x0c")],
            &[b"evil.example\x0b", &around(b"\x0c", b"")],
            &[&around(b"[", b"]")],
            &[&around(b"evil.example, ", b"")],
            &[b"203.0.113.9"],
        ];
        for hosts in hosts {
            self.add(Boundary::Host, here, Words::Http(vec![get(hosts)]), Manner::Whole);
        }
        if self.waits() {
            let long = [b"a".repeat(3_000).as_slice(), b".", inside].concat();
            self.add(Boundary::Host, here, said(Protocol::Http, Some(&long)), Manner::Whole);
        }
        for authority in [inside.to_vec(), around(b"", b":80"), around(b"u@", b"")] {
            let words = Words::Http2(Some(authority));
            self.add(Boundary::Protocol, here, words, Manner::Whole);
        }
        let ask = |method: &[u8], target: Vec<u8>, host: &[u8]| {
            let (method, hosts) = (method.to_vec(), vec![host.to_vec()]);
            OwnedRequest { method, target, hosts }
        };
        let upper = inside.to_ascii_uppercase();
        for target in [
            around(b"http://", b"/"),
            around(b"HTTP://", b""),
            [b"http://", upper.as_slice(), b":80/x"].concat(),
            around(b"http://u@", b"?x"),
            around(b"http://", b"@evil.example/"),
            around(b"http://evil.example@", b"/"),
            around(b"//", b"/"),
            around(b"/http://", b"/"),
            b"http://evil.example/".to_vec(),
            b"*".to_vec(),
        ] {
            for host in [inside, outside] {
                let words = Words::Http(vec![ask(b"GET", target.clone(), host)]);
                self.add(Boundary::Target, here, words, Manner::Whole);
            }
        }
        let tunnel = |name: &[u8]| ask(b"CONNECT", [name, b":443"].concat(), name);
        for requests in [
            vec![tunnel(inside)],
            vec![tunnel(outside)],
            vec![get(&[inside]), tunnel(inside)],
            vec![get(&[inside]), ask(b"SUBSCRIBE", b"/".to_vec(), inside)],
            vec![get(&[inside]), ask(b"SUBSCRIBE", b"/".to_vec(), outside)],
        ] {
            self.add(Boundary::Method, here, Words::Http(requests), Manner::Whole);
        }
        for method in [b"POST".as_slice(), b"get", b"PROPFIND", b"SUBSCRIBE", b"BREW"] {
            let words = Words::Http(vec![ask(method, b"/".to_vec(), inside)]);
            self.add(Boundary::Method, here, words, Manner::Whole);
        }
    }

    /// Whether the verdict is the same however a flow is cut: signatures wait for the end of what is
    /// said. What `published` leaves to the default action does not, see docs/limits.md: it drops the
    /// first piece of a request or of the header of a record, and what is sent in one go with an
    /// allowed request passes with it.
    fn waits(&self) -> bool {
        self.demand.profile.frame == Frame::Closed
    }

    /// Flows to addresses, whatever they say.
    fn by_address(&mut self, reach: &Reach, sources: &[IpAddr], places: &[IpAddr]) {
        let name = b"a.example".as_slice();
        let get = |host: &[u8]| OwnedRequest::get(vec![host.to_vec()]);
        let tunnel = OwnedRequest {
            method: b"CONNECT".to_vec(),
            target: b"a.example:443".to_vec(),
            hosts: vec![name.to_vec()],
        };
        let mut words: Vec<Words> = spoken(name).to_vec();
        words.extend([
            Words::Tls(None),
            Words::Quic(None),
            Words::Http(vec![OwnedRequest::get(Vec::new())]),
            Words::Http(vec![get(name), get(b"b.example")]),
            Words::Http(vec![get(b"evil.example:80.x")]),
            Words::Http(vec![get(b"")]),
            Words::Http(vec![tunnel]),
        ]);
        for from in sources {
            for to in places {
                for port in ports(reach) {
                    let Some(there) = meeting(&[*from], &[*to], port) else { continue };
                    for words in &words {
                        self.add(Boundary::Address, there, words.clone(), Manner::Whole);
                    }
                    self.add(Boundary::Address, there, Words::Tcp, Manner::Greeted);
                }
            }
        }
    }

    /// Addresses of the service and next to them; of every service for none.
    fn sources(&self, service: Option<ServiceId>) -> Vec<IpAddr> {
        let services = (0..self.policy.services.len() as u32).map(ServiceId);
        let services = services.filter(|id| service.is_none_or(|service| service == *id));
        let networks: Vec<IpNet> = services
            .filter_map(|id| match self.policy.service(id).sources(self.demand.region)? {
                Origins::Networks(networks) => Some(networks),
                Origins::Reference { network, .. } => self.demand.filled.get(network),
            })
            .flatten()
            .copied()
            .collect();
        edges(&networks)
    }

    fn add(&mut self, boundary: Boundary, meeting: Meeting, words: Words, manner: Manner) {
        let Some(case) = self.case(boundary, meeting, words, manner) else { return };
        let kept = self.kept.entry(boundary).or_default();
        kept.insert(number(&case, self.demand.seed), case);
        if kept.len() > self.demand.flows {
            kept.pop_last();
            self.complete = false;
        }
    }

    fn case(
        &self,
        boundary: Boundary,
        Meeting { from, to, port }: Meeting,
        words: Words,
        manner: Manner,
    ) -> Option<Case> {
        let portless = matches!(words, Words::Icmp | Words::Other);
        let flow = Record {
            id: None,
            region: Some(self.role.to_owned()),
            source: Origin::Address(from),
            destination: to,
            port: if portless { 0 } else { port },
            words,
        };
        Case::new(flow, manner, boundary)
    }

    /// One flow of each kind in turn, until there are enough.
    fn finish(self) -> Traffic {
        let mut kinds: Vec<_> = self.kept.into_values().map(BTreeMap::into_iter).collect();
        let (mut taken, mut complete) = (BTreeMap::new(), self.complete);
        while !kinds.is_empty() {
            kinds.retain_mut(|kind| {
                let Some((number, case)) = kind.next() else { return false };
                if taken.len() < self.demand.flows {
                    taken.entry(number).or_insert(case);
                } else {
                    complete &= taken.contains_key(&number);
                }
                true
            });
        }
        Traffic { cases: taken.into_values().collect(), complete }
    }
}

/// A number that stands for a flow and how it is sent, whatever it is a boundary of: FNV-1a of what
/// is written of it, so that it is the same on every machine.
fn number(case: &Case, seed: u64) -> u64 {
    let text = format!("{} {}", case.flow(), case.manner());
    let start = 0xcbf2_9ce4_8422_2325 ^ seed;
    let hash = text
        .bytes()
        .fold(start, |hash, byte| (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3));
    // Its high bits depend on too few of the last bytes.
    (hash ^ (hash >> 32)).wrapping_mul(0x9e37_79b9_7f4a_7c15)
}

/// A name in a protocol that has names.
fn said(protocol: Protocol, name: Option<&[u8]>) -> Words {
    let name = name.map(<[u8]>::to_vec);
    match protocol {
        Protocol::Tls => Words::Tls(name),
        Protocol::Http => Words::Http(vec![OwnedRequest::get(name.into_iter().collect())]),
        Protocol::Quic => Words::Quic(name),
        Protocol::Tcp => Words::Tcp,
        Protocol::Udp => Words::Udp,
        Protocol::Icmp => Words::Icmp,
    }
}

/// Everything that can be spoken, about a name where there are names.
fn spoken(name: &[u8]) -> [Words; 8] {
    let named = |protocol| said(protocol, Some(name));
    [
        named(Protocol::Tls),
        named(Protocol::Http),
        Words::Http2(Some(name.to_vec())),
        named(Protocol::Quic),
        Words::Tcp,
        Words::Udp,
        Words::Icmp,
        Words::Other,
    ]
}

/// The protocols in which the names of an entry are said.
fn protocols(reach: &Reach) -> Vec<Protocol> {
    match reach {
        Reach::Protocol(protocol, _) => vec![*protocol],
        Reach::Everything => vec![Protocol::Tls, Protocol::Http, Protocol::Quic],
    }
}

/// The ports of an entry, and those next to them.
fn ports(reach: &Reach) -> Vec<u16> {
    let ports: BTreeSet<u16> = match reach {
        Reach::Protocol(_, Some(ports)) => {
            let ends = ports.ranges().flat_map(|range| {
                let (first, last) = (range.first(), range.last());
                [first, last, first.saturating_sub(1), last.saturating_add(1)]
            });
            ends.filter(|port| *port > 0).collect()
        }
        Reach::Protocol(_, None) | Reach::Everything => BTreeSet::from([443, 80, 22]),
    };
    // A granted one first.
    let mut ports: Vec<u16> = ports.into_iter().collect();
    if let Reach::Protocol(_, Some(granted)) = reach {
        ports.sort_by_key(|port| !granted.contains(*port));
    }
    ports
}

/// The first and last addresses of networks, and their neighbours.
fn edges(networks: &[IpNet]) -> Vec<IpAddr> {
    let ends = |network: &IpNet| match network {
        IpNet::V4(network) => {
            let (first, last) = (u32::from(network.network()), u32::from(network.broadcast()));
            [first, last, first.wrapping_sub(1), last.wrapping_add(1)]
                .map(|address| IpAddr::V4(address.into()))
        }
        IpNet::V6(network) => {
            let (first, last) = (u128::from(network.network()), u128::from(network.broadcast()));
            [first, last, first.wrapping_sub(1), last.wrapping_add(1)]
                .map(|address| IpAddr::V6(address.into()))
        }
    };
    networks.iter().flat_map(ends).collect()
}

/// The first two of a family.
fn meeting(sources: &[IpAddr], places: &[IpAddr], port: u16) -> Option<Meeting> {
    let pairs = sources.iter().flat_map(|from| places.iter().map(move |to| (*from, *to)));
    let (from, to) = pairs.into_iter().find(|(from, to)| from.is_ipv4() == to.is_ipv4())?;
    Some(Meeting { from, to, port })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_network_is_met_at_its_ends_and_beside_them() {
        let edges: Vec<String> =
            edges(&["10.0.0.0/24".parse().unwrap()]).iter().map(IpAddr::to_string).collect();
        assert_eq!(edges, ["10.0.0.0", "10.0.0.255", "9.255.255.255", "10.0.1.0"]);
    }
}
