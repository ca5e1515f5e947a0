//! Entries to units: what one signature will ask for, before it is known who asks.
//!
//! Equal entries are asked for once, a name and everything below it share a signature, and so do
//! partial names under one suffix; all of it only where the entries say the same of their
//! destinations, so that a log line can speak for each.

use std::cmp::{Ordering, Reverse};
use std::fmt::Write as _;

use ipnet::IpNet;
use jiff::civil::Date;

use super::form::Names;
use super::profile::Profile;
use super::sid::Identity;
use super::{Addresses, Protocol};
use crate::policy::pattern::{Glob, Pattern};
use crate::policy::port::PortSet;
use crate::policy::{
    self, Destination, Grant, GrantId, Policy, Reach, RegionId, ServiceId, Terms, networks,
};
use crate::source::Location;

/// How many bytes partial names under one suffix may take in one signature, so that the addresses
/// of its service still fit beside them.
const LONGEST_ALTERNATION: usize = 5_000;

/// What one signature asks for.
pub(super) struct Unit<'p> {
    /// The first entry that says it; the others say the same.
    pub(super) grant: &'p Grant,
    pub(super) terms: &'p Terms,
    /// Every grant that says it, by its place in the text.
    pub(super) grants: Box<[GrantId]>,
    pub(super) wire: Wire<'p>,
    asked: Asked<'p>,
    pub(super) except: &'p [Destination],
    /// The destinations, each canonical.
    pub(super) destinations: Box<[&'p Destination]>,
    /// The text its identity is made of.
    pub(super) identity: Identity,
}

/// What is spoken, and to which ports.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Wire<'p> {
    pub(super) protocol: Protocol,
    pub(super) ports: Option<&'p PortSet>,
}

/// Which destination a signature asks for.
enum Asked<'p> {
    Network(&'p IpNet),
    One(&'p Pattern),
    Globs(&'p Pattern, Box<[&'p Glob]>),
    ApexAndBelow(&'p Pattern),
}

impl<'p> Unit<'p> {
    /// Whether it opens.
    pub(super) fn is_grant(&self) -> bool {
        self.grant.action == policy::Action::Allow
    }

    /// Whether it asks for addresses alone.
    pub(super) fn is_network(&self) -> bool {
        matches!(self.asked, Asked::Network(_))
    }

    /// Calls `ask` with the names that are asked for; not at all for a network.
    pub(super) fn names(&self, ask: impl FnOnce(Names<'_>)) {
        match &self.asked {
            Asked::Network(_) => {}
            Asked::One(Pattern::Exact(name)) => ask(Names::Exact(name)),
            Asked::One(Pattern::Below(parent)) => ask(Names::Below(parent)),
            Asked::One(Pattern::OneLabel { label, parent }) if label.is_any() => {
                ask(Names::OneLabel(parent));
            }
            Asked::One(Pattern::OneLabel { label, parent }) => ask(Names::Globs(parent, &[label])),
            Asked::Globs(pattern, globs) => ask(Names::Globs(pattern.base(), globs)),
            Asked::ApexAndBelow(pattern) => ask(Names::ApexAndBelow(pattern.base())),
        }
    }

    /// The names that are not asked for after all.
    pub(super) fn except_names(&self) -> Vec<&'p Pattern> {
        let names = self.except.iter().filter_map(|destination| match destination {
            Destination::Names(pattern) => Some(pattern),
            Destination::Addresses(_) => None,
        });
        names.collect()
    }

    /// Where the packets go.
    pub(super) fn destination(&self) -> Addresses {
        match self.asked {
            Asked::Network(network) => {
                let without: Vec<IpNet> = self
                    .except
                    .iter()
                    .filter_map(|destination| match destination {
                        Destination::Addresses(network) => Some(*network),
                        Destination::Names(_) => None,
                    })
                    .collect();
                // A negated address would make the signature one that looks at packets.
                Addresses::Networks(networks::difference(&[*network], &without).into())
            }
            _ if self.terms.to().is_empty() => Addresses::Any,
            _ => Addresses::Networks(self.terms.to().into()),
        }
    }
}

/// The units of a region on a day, in the order of their signatures: denies first, then grants. Those
/// of one subject lie together, so that their memory goes when their signatures are written.
pub(super) fn units<'p>(
    policy: &'p Policy,
    region: RegionId,
    today: Date,
    profile: &Profile,
) -> Vec<Vec<Unit<'p>>> {
    let mut lines = lines(policy, region, today);
    let mut merger =
        Merger { policy, profile, units: Vec::new(), text: String::new(), grants: Vec::new() };
    // Grants come by service, so that this is done at once, and what is sorted next is near.
    lines.sort_by_key(Line::subject);
    let mut units = Vec::new();
    for lines in lines.chunk_by_mut(|a, b| a.subject() == b.subject()) {
        lines.sort_by(|a, b| {
            let by_destination = || a.destination.cmp(b.destination);
            a.order(b).then_with(by_destination).then_with(|| a.seniority().cmp(&b.seniority()))
        });
        merger.units.reserve_exact(lines.len());
        for alike in lines.chunk_by(|a, b| a.order(b).is_eq()) {
            merger.merge(alike);
        }
        units.push(std::mem::take(&mut merger.units));
    }
    units
}

/// One destination of one entry on one protocol.
struct Line<'p> {
    id: GrantId,
    grant: &'p Grant,
    terms: &'p Terms,
    destination: &'p Destination,
    base: Base<'p>,
    except: &'p [Destination],
    wire: Wire<'p>,
}

/// What several patterns may have in common: the name behind their wildcard, or a network.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Base<'p> {
    Name(&'p str),
    Network(&'p IpNet),
}

impl<'p> Line<'p> {
    /// Who is let or stopped; denies come first. The numbers of services are in the order of their
    /// names.
    fn subject(&self) -> (Reverse<policy::Action>, Option<ServiceId>) {
        (Reverse(self.grant.action), self.grant.service)
    }

    /// The order of the signatures of one subject: by name, protocol and ports. Lines that may
    /// share a signature are equal in it.
    fn order(&self, other: &Self) -> Ordering {
        (self.base, self.wire)
            .cmp(&(other.base, other.wire))
            .then_with(|| (self.terms.to(), self.except).cmp(&(other.terms.to(), other.except)))
    }

    /// Which of two lines that say the same speaks for both: the one that stays longest, then one
    /// with a ticket. Only where they differ in nothing but their place does the place decide.
    fn seniority(&self) -> impl Ord {
        let Terms { until, ticket, owner, reason, .. } = self.terms;
        let lasting = (until.is_some(), Reverse(*until));
        (lasting, ticket.is_none(), ticket, owner, reason, self.grant.at)
    }

    /// Whether two lines say the same of their destinations.
    fn same_terms(&self, other: &Self) -> bool {
        let said = |line: &Self| {
            let Terms { owner, ticket, reason, until, .. } = line.terms;
            (owner, ticket, reason, *until)
        };
        std::ptr::eq(self.terms, other.terms) || said(self) == said(other)
    }
}

/// What is in force in a region on a day, on every protocol it concerns.
fn lines(policy: &Policy, region: RegionId, today: Date) -> Vec<Line<'_>> {
    let mut lines = Vec::with_capacity(policy.grants.len());
    for (number, grant) in policy.grants.iter().enumerate() {
        let id = GrantId(number as u32);
        let terms = policy.terms(grant);
        let service = grant.service.map(|id| policy.service(id));
        let runs = service.is_none_or(|service| service.sources(region).is_some());
        if !runs || !terms.in_force(today) {
            continue;
        }
        let Some(destination) = grant.destination.get(region) else { continue };
        let except = terms.except(region);
        let base = match destination {
            Destination::Names(pattern) => Base::Name(pattern.base().as_str()),
            Destination::Addresses(network) => Base::Network(network),
        };
        let line = |protocol, ports| {
            let wire = Wire { protocol, ports };
            Line { id, grant, terms, destination, base, except, wire }
        };
        match (&terms.reach, destination) {
            (Reach::Protocol(protocol, ports), _) => {
                lines.push(line((*protocol).into(), ports.as_ref()));
            }
            (Reach::Everything, Destination::Names(_)) => {
                let named = [Protocol::Tls, Protocol::Http, Protocol::Quic];
                lines.extend(named.map(|protocol| line(protocol, None)));
            }
            (Reach::Everything, Destination::Addresses(_)) => {
                lines.push(line(Protocol::Ip, None));
            }
        }
    }
    lines
}

/// Lines that say exactly the same; the first speaks for all.
type Same<'l, 'p> = &'l [Line<'p>];

struct Merger<'p, 'o> {
    policy: &'p Policy,
    profile: &'o Profile,
    units: Vec<Unit<'p>>,
    /// A text and a list that are written again for every unit.
    text: String,
    grants: Vec<(Location, GrantId)>,
}

impl<'p> Merger<'p, '_> {
    /// Makes the units of lines that differ at most in what stands in front of their base name.
    fn merge(&mut self, alike: &[Line<'p>]) {
        // Sorted: the exact name, then one label more, then everything below.
        let (mut apex, mut below) = (None, None);
        let mut globs: Vec<(&'p Pattern, &'p Glob, &Line<'p>, Same<'_, 'p>)> = Vec::new();
        for same in alike.chunk_by(|a, b| a.destination == b.destination) {
            let Some(line) = same.first() else { continue };
            match line.destination {
                Destination::Addresses(network) => self.unit(&[same], Asked::Network(network)),
                Destination::Names(Pattern::Exact(_)) => apex = Some((line, same)),
                Destination::Names(Pattern::Below(_)) => below = Some((line, same)),
                Destination::Names(pattern @ Pattern::OneLabel { label, .. }) => {
                    if label.is_any() || !line.except.is_empty() {
                        self.unit(&[same], Asked::One(pattern));
                    } else {
                        globs.push((pattern, label, line, same));
                    }
                }
            }
        }
        match (apex, below) {
            (Some((first, apex)), Some((second, below))) if first.same_terms(second) => {
                if let Destination::Names(pattern) = first.destination {
                    self.unit(&[apex, below], Asked::ApexAndBelow(pattern));
                }
            }
            (apex, below) => {
                for (line, same) in [apex, below].into_iter().flatten() {
                    if let Destination::Names(pattern) = line.destination {
                        self.unit(&[same], Asked::One(pattern));
                    }
                }
            }
        }
        for mut family in globs.chunk_by(|a, b| a.2.same_terms(b.2)) {
            while let [(pattern, ..), ..] = family {
                let mut length = 0;
                let fitting = family.iter().take_while(|(pattern, glob, ..)| {
                    // Once in the expression, with the class of its star, and once in the metadata.
                    let label = glob.prefix().len() + glob.suffix().len();
                    length += 2 * label + pattern.base().as_str().len() + 32;
                    length <= LONGEST_ALTERNATION
                });
                let (together, later) = family.split_at(fitting.count().max(1));
                let lines: Vec<Same<'_, 'p>> = together.iter().map(|(.., same)| *same).collect();
                let globs = together.iter().map(|(_, glob, ..)| *glob).collect();
                self.unit(&lines, Asked::Globs(pattern, globs));
                family = later;
            }
        }
    }

    /// Makes one unit of one or more destinations.
    fn unit(&mut self, said: &[Same<'_, 'p>], asked: Asked<'p>) {
        let firsts = || said.iter().filter_map(|same| same.first());
        let Some(line) = firsts().next() else { return };
        self.grants.clear();
        self.grants.extend(said.iter().copied().flatten().map(|line| (line.grant.at, line.id)));
        self.grants.sort_unstable();
        let identity = self.identity(line, firsts());
        self.units.push(Unit {
            grant: line.grant,
            terms: line.terms,
            grants: self.grants.iter().map(|(_, id)| *id).collect(),
            wire: line.wire,
            asked,
            except: line.except,
            destinations: firsts().map(|line| line.destination).collect(),
            identity,
        });
    }

    /// What the unit says, with its variables unexpanded: the same in every region.
    fn identity<'l>(
        &mut self,
        line: &Line<'p>,
        said: impl Iterator<Item = &'l Line<'p>>,
    ) -> Identity
    where
        'p: 'l,
    {
        let text = &mut self.text;
        text.clear();
        let service = line.grant.service.map_or("any", |id| &self.policy.service(id).name);
        let (action, protocol) = (line.grant.action, line.wire.protocol.as_str());
        let _ = write!(text, "{}\t{action}\t{service}\t{protocol}\t", self.profile);
        if let Some(ports) = line.wire.ports {
            let _ = write!(text, "{ports}");
        }
        for network in line.terms.to() {
            let _ = write!(text, "\tto {network}");
        }
        for except in line.terms.except_written() {
            let _ = write!(text, "\texcept {except}");
        }
        let mut written: Vec<_> = said.map(|line| line.grant.written()).collect();
        written.sort_unstable();
        for destination in &written {
            text.extend(["\t", destination]);
        }
        Identity::of(text)
    }
}
