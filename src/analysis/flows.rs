//! Exact sets of flows: protocol by protocol, port by port, address by address, name by name.
//!
//! # Universe
//!
//! A flow of one service is what it says, to which port, to which address. What it says is a TLS
//! or QUIC hello or a request of HTTP/1, with a name of [`names`](crate::policy::names) or with
//! none; other bytes over TCP; other bytes over UDP; or ICMP. QUIC is told apart on two ports, and
//! there any datagram that is no hello is one without a name: so other bytes over UDP are those to
//! other ports. ICMP stands at every port, for it has none.
//!
//! What is left out: protocols that no entry can grant, bytes that are no name, and HTTP/2 in clear
//! text, which nothing but TCP grants and a name closes as it closes HTTP/1.
//!
//! # Form
//!
//! A set says what is in it for each protocol and port, grouped: ports with equal answers stand
//! together, and of these addresses with equal answers. An answer is a set of names, and whether
//! flows without one are in. Groups are sorted, disjoint, and never empty, so equal sets are `==`;
//! a name is cut by addresses only where the set itself is.

use core::net::IpAddr;
use std::collections::BTreeMap;
use std::sync::Arc;

use rustc_hash::FxHashMap;

use super::addresses::{AddressSet, Meeting, overlay};
use crate::flow::wire;
use crate::policy::names::NameSet;
use crate::policy::port::{PortSet, Protocol};

/// An exact set of flows; equal sets are `==`.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Flows {
    protocols: BTreeMap<Protocol, Vec<Lane>>,
}

/// Ports to which the same may be said.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Lane {
    /// The ports; all of them for ICMP, which has none.
    pub ports: PortSet,
    /// What may be said to them, and where; not empty.
    pub places: Places,
}

/// What may be said to which addresses.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Places {
    places: Vec<Place>,
}

/// Addresses to which the same may be said.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Place {
    /// The addresses.
    pub addresses: AddressSet,
    /// What may be said to them; not nothing.
    pub said: Arc<Said>,
}

/// Which names, and whether none may be said at all.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Said {
    /// The names; empty where the protocol has none.
    pub names: NameSet,
    /// Whether flows without a name are in.
    pub nameless: bool,
}

/// One flow, as far as it matters to a [`Flows`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Point<'f> {
    /// What is spoken.
    pub protocol: Protocol,
    /// To which port; not looked at where there are none.
    pub port: u16,
    /// The name, in the form of [`names`](crate::policy::names).
    pub name: Option<&'f str>,
    /// Where to.
    pub address: IpAddr,
}

/// What is done to two sets, by what is done to membership.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Operation {
    Union,
    Intersection,
    Difference,
}

impl Operation {
    const fn apply(self, left: bool, right: bool) -> bool {
        match self {
            Self::Union => left || right,
            Self::Intersection => left && right,
            Self::Difference => left && !right,
        }
    }

    /// Whether what is in neither set but on one side may be in the result.
    const fn keeps_left(self) -> bool {
        self.apply(true, false)
    }

    const fn keeps_right(self) -> bool {
        self.apply(false, true)
    }
}

impl Said {
    /// Any name or none.
    pub(super) fn anything() -> Self {
        Self { names: NameSet::everything(), nameless: true }
    }

    /// Nothing that has a name.
    pub(super) fn without_name() -> Self {
        Self { names: NameSet::empty(), nameless: true }
    }

    pub(super) fn of(names: NameSet) -> Self {
        Self { names, nameless: false }
    }

    /// Whether all of the other is in it.
    pub(super) fn covers(&self, other: &Self) -> bool {
        (self.nameless || !other.nameless) && self.names.covers(&other.names)
    }

    fn is_nothing(&self) -> bool {
        !self.nameless && self.names.is_empty()
    }

    fn combine(&self, other: &Self, operation: Operation) -> Self {
        let names = match operation {
            Operation::Union => self.names.union(&other.names),
            Operation::Intersection => self.names.intersection(&other.names),
            Operation::Difference => self.names.difference(&other.names),
        };
        Self { names, nameless: operation.apply(self.nameless, other.nameless) }
    }
}

impl Places {
    /// The same at all of these addresses.
    pub(super) fn new(addresses: AddressSet, said: Said) -> Self {
        let is_empty = addresses.is_empty() || said.is_nothing();
        let place = Place { addresses, said: Arc::new(said) };
        Self { places: Some(place).filter(|_| !is_empty).into_iter().collect() }
    }

    /// Whether nothing may be said anywhere.
    pub fn is_empty(&self) -> bool {
        self.places.is_empty()
    }

    /// The places, sorted by address.
    pub fn iter(&self) -> impl Iterator<Item = &Place> {
        self.places.iter()
    }

    /// What may be said to an address.
    pub fn at(&self, address: IpAddr) -> Option<&Said> {
        let place = self.places.iter().find(|place| place.addresses.contains(address));
        place.map(|place| &*place.said)
    }

    /// The names that may be said somewhere.
    pub(super) fn names(&self) -> NameSet {
        let names = self.places.iter().map(|place| place.said.names.clone());
        by_halves(names.collect(), &|one, other| one.union(&other)).unwrap_or_else(NameSet::empty)
    }

    /// What becomes of it if each set of names becomes what `change` makes of it.
    pub(super) fn map_names(&self, change: &dyn Fn(&NameSet) -> NameSet) -> Self {
        let pieces = self.places.iter().map(|Place { addresses, said }| {
            let said = Said { names: change(&said.names), nameless: said.nameless };
            (addresses.clone(), Arc::new(said))
        });
        Self::from_pieces(pieces.collect())
    }

    /// The addresses to which something may be said.
    pub(super) fn addresses(&self) -> AddressSet {
        AddressSet::of_all(self.places.iter().map(|place| &place.addresses))
    }

    /// What may be said in any of them.
    pub(super) fn of_all(all: Vec<Self>) -> Self {
        let union = |one: Self, other: Self| one.combine(&other, Operation::Union);
        by_halves(all, &union).unwrap_or_default()
    }

    pub(super) fn combine(&self, other: &Self, operation: Operation) -> Self {
        if self == other {
            return if operation == Operation::Difference { Self::default() } else { self.clone() };
        }
        fn addresses(places: &Places) -> impl Iterator<Item = &AddressSet> {
            places.places.iter().map(|place| &place.addresses)
        }
        let said = |these: &Self, number: Option<usize>| {
            number.and_then(|number| these.places.get(number)).map(|place| Arc::clone(&place.said))
        };
        let piece = |((one, two), addresses): (Meeting, AddressSet)| {
            let said = match (said(self, one), said(other, two)) {
                (Some(one), Some(two)) => {
                    if Arc::ptr_eq(&one, &two) && operation != Operation::Difference {
                        Some(one)
                    } else {
                        Some(Arc::new(one.combine(&two, operation)))
                    }
                }
                (one, None) => one.filter(|_| operation.keeps_left()),
                (None, two) => two.filter(|_| operation.keeps_right()),
            };
            Some((addresses, said?))
        };
        let pieces = overlay(addresses(self), addresses(other));
        let pieces = pieces.into_iter().filter_map(piece).collect();
        Self::from_pieces(pieces)
    }

    /// Brings pieces that do not overlap into the one form.
    fn from_pieces(pieces: Vec<(AddressSet, Arc<Said>)>) -> Self {
        // Sorted afterwards: no order of a hash is left.
        let mut groups: FxHashMap<Arc<Said>, Vec<AddressSet>> = FxHashMap::default();
        for (addresses, said) in pieces {
            if !addresses.is_empty() && !said.is_nothing() {
                groups.entry(said).or_default().push(addresses);
            }
        }
        let place =
            |(said, sets): (_, Vec<_>)| Place { addresses: AddressSet::of_all(&sets), said };
        let mut places: Vec<Place> = groups.into_iter().map(place).collect();
        places.sort_by(|a, b| a.addresses.cmp(&b.addresses));
        Self { places }
    }
}

impl Flows {
    /// What may be said over a protocol to some ports; only what there is over it counts.
    pub(super) fn over(protocol: Protocol, ports: &PortSet, places: Places) -> Self {
        let ports = match protocol {
            Protocol::Quic => ports.intersection(&quic_ports()),
            Protocol::Udp => ports.difference(&quic_ports()),
            Protocol::Icmp => Some(PortSet::all()),
            Protocol::Tls | Protocol::Http | Protocol::Tcp => Some(ports.clone()),
        };
        let lane = ports.filter(|_| !places.is_empty()).map(|ports| Lane { ports, places });
        Self { protocols: lane.map(|lane| (protocol, vec![lane])).into_iter().collect() }
    }

    /// Whether there is no flow in it.
    pub fn is_empty(&self) -> bool {
        self.protocols.is_empty()
    }

    /// What is in it over a protocol, sorted by port.
    pub fn lanes(&self, protocol: Protocol) -> &[Lane] {
        self.protocols.get(&protocol).map(Vec::as_slice).unwrap_or_default()
    }

    /// Whether a flow is in it.
    pub fn contains(&self, flow: &Point<'_>) -> bool {
        // As the engine takes it, see `matcher::judge`.
        let protocol = match flow.protocol {
            Protocol::Udp if wire::is_quic(flow.port) => Protocol::Quic,
            Protocol::Quic if !wire::is_quic(flow.port) => Protocol::Udp,
            protocol => protocol,
        };
        let name = flow.name.filter(|_| protocol.named());
        let mut lanes = self.lanes(protocol).iter();
        let here = |lane: &&Lane| !protocol.has_ports() || lane.ports.contains(flow.port);
        let said = lanes.find(here).and_then(|lane| lane.places.at(flow.address));
        said.is_some_and(|said| name.map_or(said.nameless, |name| said.names.contains(name)))
    }

    /// The names that are said in any of them.
    pub(super) fn names(&self) -> NameSet {
        let places = self.protocols.values().flatten().map(|lane| lane.places.names());
        places.fold(NameSet::empty(), |all, names| all.union(&names))
    }

    /// The flows of either.
    #[must_use]
    pub fn union(&self, other: &Self) -> Self {
        self.combine(other, Operation::Union)
    }

    /// The flows of both.
    #[must_use]
    pub fn intersection(&self, other: &Self) -> Self {
        self.combine(other, Operation::Intersection)
    }

    /// The flows of this set that are not in the other.
    #[must_use]
    pub fn difference(&self, other: &Self) -> Self {
        self.combine(other, Operation::Difference)
    }

    /// The flows of any of the sets.
    pub(super) fn of_all(sets: Vec<Self>) -> Self {
        by_halves(sets, &|one, other| one.union(&other)).unwrap_or_default()
    }

    /// What becomes of the set if each of its places becomes what `change` makes of it.
    pub(super) fn map(&self, change: &dyn Fn(&Places) -> Places) -> Self {
        let protocols = self.protocols.iter().filter_map(|(protocol, lanes)| {
            let lane =
                |lane: &Lane| Lane { ports: lane.ports.clone(), places: change(&lane.places) };
            let lanes = merged(lanes.iter().map(lane));
            (!lanes.is_empty()).then_some((*protocol, lanes))
        });
        Self { protocols: protocols.collect() }
    }

    fn combine(&self, other: &Self, operation: Operation) -> Self {
        let mut protocols = BTreeMap::new();
        for protocol in Protocol::ALL {
            let lanes = combine(self.lanes(protocol), other.lanes(protocol), operation);
            if !lanes.is_empty() {
                protocols.insert(protocol, lanes);
            }
        }
        Self { protocols }
    }
}

/// Joins all of them, the halves first, so that each is copied seldom; `None` of none.
fn by_halves<T>(mut all: Vec<T>, join: &dyn Fn(T, T) -> T) -> Option<T> {
    if all.len() < 2 {
        return all.pop();
    }
    let right = all.split_off(all.len() / 2);
    Some(join(by_halves(all, join)?, by_halves(right, join)?))
}

/// The ports at which the engine looks for QUIC.
pub(super) fn quic_ports() -> PortSet {
    let ports = (1..=u16::MAX).filter(|port| wire::is_quic(*port)).filter_map(PortSet::single);
    ports.reduce(|all, port| all.union(&port)).unwrap_or_else(PortSet::all)
}

fn combine(left: &[Lane], right: &[Lane], operation: Operation) -> Vec<Lane> {
    let mut pieces = Vec::new();
    for one in left {
        for other in right.iter().filter(|other| one.ports.overlaps(&other.ports)) {
            if let Some(ports) = one.ports.intersection(&other.ports) {
                pieces.push(Lane { ports, places: one.places.combine(&other.places, operation) });
            }
        }
    }
    let mut alone = |these: &[Lane], those: &[Lane]| {
        for lane in these {
            let rest = those
                .iter()
                .try_fold(lane.ports.clone(), |rest, other| rest.difference(&other.ports));
            let places = lane.places.clone();
            pieces.extend(rest.map(|ports| Lane { ports, places }));
        }
    };
    if operation.keeps_left() {
        alone(left, right);
    }
    if operation.keeps_right() {
        alone(right, left);
    }
    merged(pieces.into_iter())
}

/// Brings lanes that do not overlap into the one form.
fn merged(pieces: impl Iterator<Item = Lane>) -> Vec<Lane> {
    let mut lanes: Vec<Lane> = Vec::new();
    for piece in pieces.filter(|piece| !piece.places.is_empty()) {
        match lanes.iter_mut().find(|lane| lane.places == piece.places) {
            Some(lane) => lane.ports = lane.ports.union(&piece.ports),
            None => lanes.push(piece),
        }
    }
    lanes.sort_by(|a, b| a.ports.cmp(&b.ports));
    lanes
}
