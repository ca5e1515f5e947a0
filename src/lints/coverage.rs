//! Which entries say what others say already, decided exactly.
//!
//! An entry is a set of flows: names, addresses and ports on a protocol. Whether others cover it is
//! asked by witness: take a flow of the set that nothing has covered so far, find an entry that has
//! it, take that entry's flows out, and go on. The search ends with a flow that no other entry has,
//! or with nothing left. Both are proofs; nearly always the first flow decides, so the time grows
//! with the entries and not with their pairs.

use core::net::IpAddr;
use std::cell::OnceCell;

use ipnet::IpNet;
use jiff::civil::Date;
use rustc_hash::FxHashMap;

use super::review::Review;
use crate::policy::names::NameSet;
use crate::policy::pattern::Pattern;
use crate::policy::port::{PortSet, Protocol};
use crate::policy::{
    Action, Destination, Grant, GrantId, Reach, RegionId, ServiceId, Terms, networks,
};

/// How many entries may be taken out of one before it counts as not covered: more than anybody
/// writes, and a bound on the time of what nobody writes.
const MOST_STEPS: usize = 64;

/// How many entries with the same base name are looked at for one flow; the same.
const MOST_ALIKE: usize = 128;

/// How many entries are asked whether a deny stops them; the same.
const MOST_MET: usize = 4_096;

/// The entries of a policy in one region, to be asked which of them have a flow.
pub(super) struct Coverage<'p> {
    pieces: Vec<Piece<'p>>,
    /// By whom and what, then by base name.
    names: FxHashMap<(Pool, &'p str), Vec<u32>>,
    /// By whom and what, then by network.
    networks: FxHashMap<(Pool, IpNet), Vec<u32>>,
    /// The lengths of prefixes that occur, of either family.
    prefixes: Vec<u8>,
    /// What allows, whoever's it is; few policies ask.
    openings: OnceCell<Openings>,
}

/// The entries that allow: by the labels of their base name from right to left, so that what lies below
/// a name stands together; and those of addresses.
struct Openings {
    names: Vec<(String, u32)>,
    networks: Vec<u32>,
}

/// Whose entries, and what they do.
pub(super) type Pool = (Option<ServiceId>, Action);

/// What one entry says on one protocol.
#[derive(Clone, Copy)]
pub(super) struct Piece<'p> {
    pub(super) id: GrantId,
    pub(super) grant: &'p Grant,
    pub(super) terms: &'p Terms,
    pub(super) destination: &'p Destination,
    pub(super) except: &'p [Destination],
    /// `None` for every protocol there is.
    protocol: Option<Protocol>,
    /// `None` for every port.
    ports: Option<&'p PortSet>,
}

/// A flow, as far as it decides which entries have it.
struct Witness {
    /// `None` for one without a name.
    name: Option<String>,
    address: IpAddr,
    port: u16,
}

/// Flows that are not covered yet.
#[derive(Clone)]
struct Rest {
    /// `None` for every name and none at all.
    names: Option<NameSet>,
    addresses: Vec<IpNet>,
    ports: PortSet,
}

impl<'p> Coverage<'p> {
    /// What is in force in a region.
    pub(super) fn new(review: &Review<'p>, region: RegionId) -> Self {
        let policy = review.policy;
        let mut coverage = Self {
            pieces: Vec::with_capacity(policy.grants.len()),
            names: FxHashMap::default(),
            networks: FxHashMap::default(),
            prefixes: Vec::new(),
            openings: OnceCell::new(),
        };
        for (number, grant) in policy.grants.iter().enumerate() {
            let terms = policy.terms(grant);
            let runs = |id| policy.service(id).sources(region).is_some();
            if terms.in_force(review.today) && grant.service.is_none_or(runs) {
                coverage.add(GrantId(number as u32), grant, terms, region);
            }
        }
        // The widest first, so that what covers is found early.
        let Self { pieces, names, networks, prefixes, .. } = &mut coverage;
        for alike in names.values_mut().chain(networks.values_mut()) {
            alike.sort_by_cached_key(|at| pieces.get(*at as usize).map(Piece::narrowness));
        }
        prefixes.sort_unstable();
        prefixes.dedup();
        coverage
    }

    fn add(&mut self, id: GrantId, grant: &'p Grant, terms: &'p Terms, region: RegionId) {
        let Some(destination) = grant.destination.get(region) else { return };
        let piece = |protocol, ports| Piece {
            id,
            grant,
            terms,
            destination,
            except: terms.except(region),
            protocol,
            ports,
        };
        let pieces = match (&terms.reach, destination) {
            (Reach::Protocol(protocol, ports), _) => vec![piece(Some(*protocol), ports.as_ref())],
            (Reach::Everything, Destination::Names(_)) => {
                let named = Protocol::ALL.into_iter().filter(|protocol| protocol.named());
                named.map(|protocol| piece(Some(protocol), None)).collect()
            }
            (Reach::Everything, Destination::Addresses(_)) => vec![piece(None, None)],
        };
        let pool = (grant.service, grant.action);
        for piece in pieces {
            let at = self.pieces.len() as u32;
            self.pieces.push(piece);
            match destination {
                Destination::Names(pattern) => {
                    self.names.entry((pool, pattern.base().as_str())).or_default().push(at);
                }
                Destination::Addresses(network) => {
                    self.prefixes.push(network.prefix_len());
                    self.networks.entry((pool, *network)).or_default().push(at);
                }
            }
        }
    }

    /// The pieces of an entry.
    pub(super) fn of(&self, id: GrantId) -> &[Piece<'p>] {
        let first = self.pieces.partition_point(|piece| piece.id < id);
        let behind = self.pieces.partition_point(|piece| piece.id <= id);
        self.pieces.get(first..behind).unwrap_or_default()
    }

    /// Whether a deny has a flow in common with any entry that allows. Where too many would have to be
    /// asked, it counts as one that has.
    pub(super) fn stops_something(&self, deny: &Piece<'p>) -> bool {
        let mut asked = 0;
        let mut meets = |other: &Piece<'p>| {
            asked += 1;
            let whom = deny.grant.service;
            asked > MOST_MET
                || (whom.is_none() || other.grant.service == whom)
                    && (deny.speaks(other.protocol) || other.speaks(deny.protocol))
                    && deny.meets(other)
        };
        let piece = |at: &u32| self.pieces.get(*at as usize);
        let openings = self.openings.get_or_init(|| self.openings());
        let Destination::Names(pattern) = deny.destination else {
            // Names may be at any address, so nearly every entry is met.
            let allows = |it: &&Piece<'p>| it.grant.action == Action::Allow;
            return self.pieces.iter().filter(allows).any(meets);
        };
        let base = pattern.base().as_str();
        let mut around = Some(base);
        while let Some(name) = around {
            let key = reversed(name);
            let first = openings.names.partition_point(|(other, _)| *other < key);
            let mut alike =
                openings.names.iter().skip(first).take_while(|(other, _)| *other == key);
            if alike.any(|(_, at)| piece(at).is_some_and(&mut meets)) {
                return true;
            }
            around = name.split_once('.').map(|(_, rest)| rest);
        }
        let key = reversed(base);
        let first = openings.names.partition_point(|(other, _)| *other < key);
        let mut below =
            openings.names.iter().skip(first).take_while(|(other, _)| other.starts_with(&key));
        below.any(|(_, at)| piece(at).is_some_and(&mut meets))
            || openings.networks.iter().any(|at| piece(at).is_some_and(&mut meets))
    }

    fn openings(&self) -> Openings {
        let (mut names, mut networks) = (Vec::new(), Vec::new());
        for (at, piece) in self.pieces.iter().enumerate() {
            match piece.destination {
                _ if piece.grant.action == Action::Deny => {}
                Destination::Names(pattern) => {
                    names.push((reversed(pattern.base().as_str()), at as u32));
                }
                Destination::Addresses(_) => networks.push(at as u32),
            }
        }
        names.sort_unstable();
        Openings { names, networks }
    }

    /// Whether any entry of some pools has the first flow of a piece that comes to mind: none that does
    /// not is covered.
    pub(super) fn touches(
        &self,
        piece: &Piece<'p>,
        pools: &[Pool],
        may: impl Fn(&Piece<'p>) -> bool,
    ) -> bool {
        let Some(witness) = piece.witness() else { return false };
        let may = |other: &Piece<'p>| other.speaks(piece.protocol) && may(other);
        self.find(pools, &witness, may).is_some()
    }

    /// The entries of some pools that together have every flow of a piece, if they do; `may` tells
    /// which of them count. Alone or not at all if `one` is all that may be used.
    pub(super) fn covering(
        &self,
        piece: &Piece<'p>,
        pools: &[Pool],
        most: usize,
        may: impl Fn(&Piece<'p>) -> bool,
    ) -> Option<Vec<Piece<'p>>> {
        let most = most.min(MOST_STEPS);
        let mut used: Vec<Piece<'p>> = Vec::new();
        let mut rest: Option<Vec<Rest>> = None;
        loop {
            let witness = match &rest {
                None => piece.witness()?,
                Some(rest) => match rest.last() {
                    Some(last) => last.witness()?,
                    None => return Some(used),
                },
            };
            let next =
                self.find(pools, &witness, |other| other.speaks(piece.protocol) && may(other))?;
            // What almost always decides needs no sets.
            if used.is_empty() && next.covers(piece) {
                return Some(vec![*next]);
            }
            if used.len() + 1 >= most {
                return None;
            }
            used.push(*next);
            let before = rest.unwrap_or_else(|| vec![piece.flows()]);
            rest = Some(before.into_iter().flat_map(|rest| rest.without(next)).collect());
        }
    }

    /// The first entry of some pools with that flow.
    fn find(
        &self,
        pools: &[Pool],
        flow: &Witness,
        may: impl Fn(&Piece<'p>) -> bool,
    ) -> Option<&Piece<'p>> {
        let found = |alike: &[u32]| {
            let alike = alike.iter().take(MOST_ALIKE);
            let mut alike = alike.filter_map(|at| self.pieces.get(*at as usize));
            alike.find(|piece| piece.has(flow) && may(piece))
        };
        for pool in pools {
            let mut base = flow.name.as_deref();
            while let Some(name) = base {
                if let Some(piece) = self.names.get(&(*pool, name)).and_then(|it| found(it)) {
                    return Some(piece);
                }
                base = name.split_once('.').map(|(_, rest)| rest);
            }
            for prefix in &self.prefixes {
                let Ok(network) = IpNet::new(flow.address, *prefix) else { continue };
                let alike = self.networks.get(&(*pool, network.trunc()));
                if let Some(piece) = alike.and_then(|it| found(it)) {
                    return Some(piece);
                }
            }
        }
        None
    }
}

impl<'p> Piece<'p> {
    /// Sorts what is said without conditions before what is said with some.
    fn narrowness(&self) -> impl Ord + use<> {
        let is_pattern = match self.destination {
            Destination::Names(Pattern::Below(_)) => 0,
            Destination::Names(Pattern::OneLabel { .. }) => 1,
            Destination::Names(Pattern::Exact(_)) | Destination::Addresses(_) => 2,
        };
        let conditions = (!self.terms.to().is_empty(), !self.except.is_empty());
        let ends = self.terms.until.map_or(Date::MAX, |until| until);
        (conditions, is_pattern, self.ports.is_some(), core::cmp::Reverse(ends), self.grant.at)
    }

    /// Whether two pieces have the same flows and are written alike.
    pub(super) fn same_flows(&self, other: &Self) -> bool {
        self.destination == other.destination
            && self.except == other.except
            && self.protocol == other.protocol
            && self.ports == other.ports
            && self.terms.to() == other.terms.to()
    }

    /// Whether it is in force as long as the other.
    pub(super) fn lasts(&self, other: &Self) -> bool {
        match (self.terms.until, other.terms.until) {
            (None, _) => true,
            (Some(_), None) => false,
            (Some(mine), Some(its)) => mine >= its,
        }
    }

    /// Whether it is about what is spoken there. A grant of any bytes to an address is one of any
    /// protocol that bytes can be, too; `None` for all of them.
    fn speaks(&self, protocol: Option<Protocol>) -> bool {
        let is_carried = || {
            matches!(
                (self.protocol, protocol),
                (Some(Protocol::Tcp), Some(Protocol::Tls | Protocol::Http))
                    | (Some(Protocol::Udp), Some(Protocol::Quic))
            )
        };
        self.protocol.is_none() || self.protocol == protocol || is_carried()
    }

    /// Whether every flow of the other is one of this, as far as that is plain to see.
    pub(super) fn covers(&self, other: &Self) -> bool {
        let names = match (self.destination, other.destination) {
            (Destination::Names(mine), Destination::Names(its)) => mine.covers(its),
            (Destination::Addresses(mine), Destination::Addresses(its)) => mine.contains(its),
            (Destination::Addresses(mine), Destination::Names(_)) => {
                let to = other.terms.to();
                !to.is_empty() && to.iter().all(|its| mine.contains(its))
            }
            (Destination::Names(_), Destination::Addresses(_)) => false,
        };
        let mine = self.terms.to();
        let within = |its: &IpNet| mine.iter().any(|mine| mine.contains(its));
        let its = other.terms.to();
        names
            && (self.except.is_empty() || self.except == other.except)
            && (mine.is_empty() || !its.is_empty() && its.iter().all(within))
            && match (self.ports, other.ports) {
                (None, _) => true,
                (Some(_), None) => false,
                (Some(mine), Some(its)) => mine.covers(its),
            }
    }

    /// Whether any flow is of both, whatever they speak.
    fn meets(&self, other: &Self) -> bool {
        let ports = match (self.ports, other.ports) {
            (Some(mine), Some(its)) => mine.overlaps(its),
            _ => true,
        };
        let exact = |one: &Self, two: &Self| {
            let (one, two) = (one.flows(), two.flows());
            let names = match (&one.names, &two.names) {
                (Some(one), Some(two)) => one.overlap(two).is_some(),
                _ => true,
            };
            names && !networks::intersection(&one.addresses, &two.addresses).is_empty()
        };
        let are_patterns = match (self.destination, other.destination) {
            (Destination::Names(mine), Destination::Names(its)) => mine.overlap(its).is_some(),
            _ => true,
        };
        ports && are_patterns && exact(self, other)
    }

    fn has(&self, flow: &Witness) -> bool {
        let one = IpNet::from(flow.address);
        let is_destination = |destination: &Destination| match (destination, &flow.name) {
            (Destination::Names(pattern), Some(name)) => pattern.matches(name),
            (Destination::Names(_), None) => false,
            (Destination::Addresses(network), _) => network.contains(&one),
        };
        is_destination(self.destination)
            && !self.except.iter().any(is_destination)
            && (self.terms.to().is_empty() || self.terms.to().iter().any(|to| to.contains(&one)))
            && self.ports.is_none_or(|ports| flow.port == 0 || ports.contains(flow.port))
    }

    /// A flow of it, without building its set where that is not needed.
    fn witness(&self) -> Option<Witness> {
        if !self.except.is_empty() {
            return self.flows().witness();
        }
        let address = |networks: &[IpNet]| networks.first().map(IpNet::network);
        let (name, address) = match self.destination {
            Destination::Names(pattern) => {
                let name = pattern.overlap(pattern)?;
                let anywhere = IpAddr::from([0, 0, 0, 0]);
                (Some(name), address(self.terms.to()).unwrap_or(anywhere))
            }
            Destination::Addresses(network) => (None, network.network()),
        };
        Some(Witness { name, address, port: self.ports.map_or(1, PortSet::first) })
    }

    /// All its flows.
    fn flows(&self) -> Rest {
        let (names, addresses) = match self.destination {
            Destination::Names(pattern) => {
                let names = NameSet::from_pattern(pattern).difference(&except_names(self.except));
                let to = self.terms.to();
                (Some(names), if to.is_empty() { everywhere() } else { to.to_vec() })
            }
            Destination::Addresses(network) => {
                (None, networks::difference(&[*network], &except_networks(self.except)))
            }
        };
        Rest { names, addresses, ports: self.ports.cloned().unwrap_or_else(PortSet::all) }
    }
}

impl Rest {
    fn witness(&self) -> Option<Witness> {
        let name = match &self.names {
            Some(names) => Some(names.witness()?),
            None => None,
        };
        let address = self.addresses.first()?.network();
        Some(Witness { name, address, port: self.ports.first() })
    }

    fn is_empty(&self) -> bool {
        self.addresses.is_empty() || self.names.as_ref().is_some_and(NameSet::is_empty)
    }

    /// What is left without the flows of an entry: those with other names, those with its names at
    /// other addresses, those with both on other ports.
    fn without(self, entry: &Piece<'_>) -> Vec<Self> {
        let Rest { names, addresses, ports } = entry.flows();
        let mut left = Vec::new();
        let (inner, outer) = match (&self.names, &names) {
            (mine, None) => (mine.clone(), None),
            (Some(mine), Some(its)) => (Some(mine.intersection(its)), Some(mine.difference(its))),
            // An entry of names says nothing of flows without one.
            (None, Some(_)) => return vec![self],
        };
        left.extend(outer.map(|names| Self { names: Some(names), ..self.clone() }));
        let both = networks::intersection(&self.addresses, &addresses);
        left.push(Self {
            names: inner.clone(),
            addresses: networks::difference(&self.addresses, &addresses),
            ports: self.ports.clone(),
        });
        let other_ports = self.ports.difference(&ports);
        left.extend(other_ports.map(|ports| Self { names: inner, addresses: both, ports }));
        left.retain(|rest| !rest.is_empty());
        left
    }
}

/// The labels of a name from right to left, each followed by a dot.
fn reversed(name: &str) -> String {
    name.rsplit('.').flat_map(|label| [label, "."]).collect()
}

fn everywhere() -> Vec<IpNet> {
    let all = [IpNet::new(IpAddr::from([0; 4]), 0), IpNet::new(IpAddr::from([0; 16]), 0)];
    all.into_iter().flatten().collect()
}

fn except_names(except: &[Destination]) -> NameSet {
    NameSet::from_patterns(except.iter().filter_map(|destination| match destination {
        Destination::Names(pattern) => Some(pattern),
        Destination::Addresses(_) => None,
    }))
}

fn except_networks(except: &[Destination]) -> Vec<IpNet> {
    let networks = except.iter().filter_map(|destination| match destination {
        Destination::Addresses(network) => Some(*network),
        Destination::Names(_) => None,
    });
    networks.collect()
}
