//! The entries of a region by the end of the name they ask for, and by address.
//!
//! A name is read once, from its end to its start, which gives the hash of all that stands behind
//! each dot. One table tells whether any pattern is made of that; behind a name of the table stand
//! its lines, by service, so that what others ask for costs nothing.

use std::collections::{BTreeMap, BTreeSet};
use std::ops::Range;

use ipnet::IpNet;
use jiff::civil::Date;

use super::addresses::Addresses;
use super::judge::{Ask, Entries, Found};
use super::name::{self, Bytes, END, Name, Suffix};
use crate::policy::pattern::{Glob, Pattern};
use crate::policy::port::Protocol;
use crate::policy::{
    Action, Destination, Grant, GrantId, Policy, Reach, RegionId, ServiceId, Terms, networks,
};

/// Everything that is in force.
#[derive(Debug)]
pub(super) struct Index {
    bases: Bases,
    /// What is asked of addresses, and where.
    addressed: Box<[Line]>,
    destinations: Addresses<u32>,
    kinds: Kinds,
    clauses: Box<[Clause]>,
    globs: Box<[Glob]>,
}

/// One destination of one entry, as two numbers: its kind, then its grant.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
struct Line(u64);

/// All that is said by a line beside the name or address it is about. Few say different things.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
struct Kind {
    /// `None` sorts first, and is for every service.
    service: Option<ServiceId>,
    action: Action,
    shape: Shape,
    clause: u32,
}

/// Kinds by number, those of one service behind one another.
#[derive(Debug)]
struct Kinds {
    kinds: Box<[Kind]>,
    /// The first kind of each service; everybody's come before.
    starts: Box<[u32]>,
}

/// What stands in front of the name a line is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Shape {
    /// Nothing, or it is about addresses.
    Nothing,
    /// One label that a glob matches, by its number.
    Label(u32, Bytes),
    /// One or more labels.
    Labels(Bytes),
}

/// What entries say beside their destinations; few do so differently.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
struct Clause {
    reach: Reach,
    to: Box<[IpNet]>,
    /// The names taken away.
    except: Box<[Pattern]>,
}

impl Index {
    pub(super) fn new(policy: &Policy, region: RegionId, today: Date) -> Self {
        let entries = entries(policy, region, today);
        let twins = Twins::of(&entries);
        let (mut clauses, mut globs) = (Numbered::default(), Numbered::default());
        let mut named: Vec<(&str, Kind, GrantId)> = Vec::new();
        let (mut addressed, mut places) = (Vec::new(), Vec::new());
        for entry in &entries {
            let Entry { id, grant, terms, destination, except } = *entry;
            let names = except.iter().filter_map(|except| match except {
                Destination::Names(pattern) => Some(pattern.clone()),
                Destination::Addresses(_) => None,
            });
            let clause = Clause {
                reach: terms.reach.clone(),
                to: terms.to().into(),
                except: names.collect(),
            };
            let clause = clauses.number(clause);
            let Grant { service, action, .. } = *grant;
            let kind = |shape| Kind { service, action, shape, clause };
            match destination {
                Destination::Names(pattern) => {
                    let strict = match grant.action {
                        Action::Allow => Bytes::Names,
                        Action::Deny => Bytes::Any,
                    };
                    let shape = match pattern {
                        Pattern::Exact(_) => Shape::Nothing,
                        Pattern::OneLabel { label, .. } => {
                            Shape::Label(globs.number(label.clone()), strict)
                        }
                        Pattern::Below(_) if twins.has(entry) => Shape::Labels(Bytes::Any),
                        Pattern::Below(_) => Shape::Labels(strict),
                    };
                    named.push((pattern.base().as_str(), kind(shape), id));
                }
                Destination::Addresses(network) => {
                    let without: Vec<IpNet> = except
                        .iter()
                        .filter_map(|except| match except {
                            Destination::Addresses(network) => Some(*network),
                            Destination::Names(_) => None,
                        })
                        .collect();
                    let number = addressed.len() as u32;
                    let left = networks::difference(&[*network], &without);
                    places.extend(left.into_iter().map(|network| (network, number)));
                    addressed.push((kind(Shape::Nothing), id));
                }
            }
        }
        let all = named.iter().map(|(_, kind, _)| kind).chain(addressed.iter().map(|it| &it.0));
        let kinds = Kinds::new(all, policy.services.len() as u32);
        let lines = named.into_iter().map(|(base, kind, id)| (base, kinds.line(&kind, id)));
        Self {
            bases: Bases::new(lines.collect()),
            addressed: addressed.into_iter().map(|(kind, id)| kinds.line(&kind, id)).collect(),
            destinations: Addresses::new(places),
            kinds,
            clauses: clauses.into_values(),
            globs: globs.into_values(),
        }
    }

    fn find_address(&self, ask: &Ask<'_>) -> Found {
        let mut found = Found::default();
        if self.addressed.is_empty() {
            return found;
        }
        for number in self.destinations.get(ask.destination) {
            if let Some(line) = self.addressed.get(*number as usize)
                && let Some(kind) = self.kinds.get(*line)
                && kind.service.is_none_or(|service| ask.services.contains(&service))
                && self.clause(kind).is_some_and(|clause| clause.reaches(ask))
            {
                found.add(kind.action, line.grant());
            }
        }
        found
    }

    fn find_name(&self, ask: &Ask<'_>, name: &Name<'_>) -> Found {
        let mut found = Found::default();
        name.suffixes(|suffix| {
            let Some(lines) = self.bases.get(suffix, name) else { return };
            self.kinds.of(lines, ask.services, |kind, line| {
                if self.is_of(kind, name, suffix.length)
                    && self.clause(kind).is_some_and(|clause| clause.reaches_name(ask, name))
                {
                    found.add(kind.action, line.grant());
                }
            });
        });
        found
    }

    /// Whether a line about an end of the name is about all of it.
    fn is_of(&self, kind: &Kind, name: &Name<'_>, end: usize) -> bool {
        match (kind.shape, name.is(end)) {
            (Shape::Nothing, is_all) => is_all,
            (Shape::Label(glob, bytes), false) => {
                self.globs.get(glob as usize).is_some_and(|glob| name.is_label(end, glob, bytes))
            }
            (Shape::Labels(bytes), false) => name.is_below(end, bytes),
            (Shape::Label(..) | Shape::Labels(_), true) => false,
        }
    }

    fn clause(&self, kind: &Kind) -> Option<&Clause> {
        self.clauses.get(kind.clause as usize)
    }
}

impl Entries for Index {
    fn find(&self, ask: &Ask<'_>) -> Found {
        let Some(said) = ask.name else { return self.find_address(ask) };
        match Name::in_one_place(said) {
            Some(name) => self.find_name(ask, &name),
            None => self.find_name(ask, &Name::put_together(said, &mut [0; END])),
        }
    }
}

impl Line {
    fn new(kind: u32, GrantId(grant): GrantId) -> Self {
        Self(u64::from(kind) << 32 | u64::from(grant))
    }

    fn kind(self) -> u32 {
        (self.0 >> 32) as u32
    }

    fn grant(self) -> GrantId {
        GrantId(self.0 as u32)
    }
}

impl Kinds {
    fn new<'k>(kinds: impl Iterator<Item = &'k Kind>, services: u32) -> Self {
        let kinds: BTreeSet<Kind> = kinds.copied().collect();
        let kinds: Box<[Kind]> = kinds.into_iter().collect();
        let first = |service| kinds.partition_point(|kind| kind.service < Some(service)) as u32;
        let starts = (0..=services).map(|service| first(ServiceId(service))).collect();
        Self { kinds, starts }
    }

    fn line(&self, kind: &Kind, id: GrantId) -> Line {
        Line::new(self.kinds.partition_point(|other| other < kind) as u32, id)
    }

    fn get(&self, line: Line) -> Option<&Kind> {
        self.kinds.get(line.kind() as usize)
    }

    /// Calls `see` with each of these lines, which are sorted, that is everybody's or one of the
    /// services'.
    fn of(&self, lines: &[u64], services: &[ServiceId], mut see: impl FnMut(&Kind, Line)) {
        let mut see_kinds = |kinds: Range<u32>| {
            let start = lines.partition_point(|line| Line(*line).kind() < kinds.start);
            let theirs = lines.get(start..).unwrap_or_default().iter().map(|line| Line(*line));
            for line in theirs.take_while(|line| line.kind() < kinds.end) {
                if let Some(kind) = self.get(line) {
                    see(kind, line);
                }
            }
        };
        let start = |service: usize| self.starts.get(service).copied().unwrap_or_default();
        if start(0) > 0 {
            see_kinds(0..start(0));
        }
        for ServiceId(service) in services {
            see_kinds(start(*service as usize)..start(*service as usize + 1));
        }
    }
}

impl Found {
    /// The first in the order of the policy stays.
    fn add(&mut self, action: Action, grant: GrantId) {
        let first = match action {
            Action::Allow => &mut self.allowed,
            Action::Deny => &mut self.denied,
        };
        *first = Some(first.map_or(grant, |first| first.min(grant)));
    }
}

impl Clause {
    fn reaches(&self, ask: &Ask<'_>) -> bool {
        match &self.reach {
            Reach::Everything => true,
            Reach::Protocol(protocol, ports) => {
                Some(*protocol) == ask.protocol
                    && ports.as_ref().is_none_or(|ports| ports.contains(ask.port))
            }
        }
    }

    fn reaches_name(&self, ask: &Ask<'_>, name: &Name<'_>) -> bool {
        let here =
            self.to.is_empty() || self.to.iter().any(|network| network.contains(&ask.destination));
        self.reaches(ask) && here && !self.except.iter().any(|pattern| name.is_of(pattern))
    }
}

/// One destination of one entry, in a region.
#[derive(Clone, Copy)]
struct Entry<'p> {
    id: GrantId,
    grant: &'p Grant,
    terms: &'p Terms,
    destination: &'p Destination,
    except: &'p [Destination],
}

/// What is in force in a region on a day.
fn entries(policy: &Policy, region: RegionId, today: Date) -> Vec<Entry<'_>> {
    let entries = policy.grants.iter().enumerate().filter_map(|(number, grant)| {
        let terms = policy.terms(grant);
        let service = grant.service.map(|id| policy.service(id));
        let runs = service.is_none_or(|service| service.sources(region).is_some());
        let entry = Entry {
            id: GrantId(number as u32),
            grant,
            terms,
            destination: grant.destination.get(region)?,
            except: terms.except(region),
        };
        (runs && terms.in_force(today)).then_some(entry)
    });
    entries.collect()
}

/// Grants of a name and of everything below it that say the same: they share a signature, in which
/// any bytes may stand in front of the dot over TLS and QUIC.
struct Twins<'p> {
    /// The first grant of the name, and the first of what is below.
    found: BTreeMap<Twin<'p>, [Option<Entry<'p>>; 2]>,
}

/// What twins have in common: service, name, protocol with its ports, and addresses.
type Twin<'p> = (Option<ServiceId>, &'p str, &'p Reach, &'p [IpNet]);

impl<'p> Twins<'p> {
    fn of(entries: &[Entry<'p>]) -> Self {
        let mut found: BTreeMap<_, [Option<Entry<'p>>; 2]> = BTreeMap::new();
        for entry in entries {
            let (Some(twin), Destination::Names(pattern)) = (Self::key(entry), entry.destination)
            else {
                continue;
            };
            let [apex, below] = found.entry(twin).or_default();
            let first = match pattern {
                Pattern::Exact(_) => apex,
                Pattern::Below(_) => below,
                Pattern::OneLabel { .. } => continue,
            };
            if first.is_none_or(|first| entry.grant.at < first.grant.at) {
                *first = Some(*entry);
            }
        }
        Self { found }
    }

    /// What it would have in common; nothing if its signature has another form anyway.
    fn key(entry: &Entry<'p>) -> Option<Twin<'p>> {
        let Destination::Names(pattern) = entry.destination else { return None };
        let Entry { grant, terms, except, .. } = entry;
        let plain = grant.action == Action::Allow && except.is_empty();
        plain.then(|| (grant.service, pattern.base().as_str(), &terms.reach, terms.to()))
    }

    /// Whether a grant of everything below a name has a twin.
    fn has(&self, entry: &Entry<'p>) -> bool {
        let said = |entry: &Entry<'p>| {
            let Terms { owner, ticket, reason, until, .. } = entry.terms;
            (owner, ticket, reason, *until)
        };
        let pair = Self::key(entry).and_then(|key| self.found.get(&key));
        matches!(pair, Some([Some(apex), Some(below)]) if said(apex) == said(below))
            && !matches!(entry.terms.reach, Reach::Protocol(Protocol::Http, _))
    }
}

/// Values, each kept once and known by its number.
struct Numbered<T> {
    numbers: BTreeMap<T, u32>,
}

impl<T: Ord> Default for Numbered<T> {
    fn default() -> Self {
        Self { numbers: BTreeMap::new() }
    }
}

impl<T: Ord> Numbered<T> {
    fn number(&mut self, value: T) -> u32 {
        let next = self.numbers.len() as u32;
        *self.numbers.entry(value).or_insert(next)
    }

    /// The values in the order of their numbers.
    fn into_values(self) -> Box<[T]> {
        let mut values: Vec<(T, u32)> = self.numbers.into_iter().collect();
        values.sort_by_key(|(_, number)| *number);
        values.into_iter().map(|(value, _)| value).collect()
    }
}

/// The names that patterns are made of, and their lines: a hash table with open addressing, at most
/// half full.
#[derive(Debug)]
struct Bases {
    /// The low half of a hash, then where in `texts` its name is; 0 is free.
    slots: Box<[u64]>,
    /// Of each name its length and the number of its lines, half a word each; its words, the last
    /// one first; and the lines.
    texts: Box<[u64]>,
}

impl Bases {
    fn new(mut lines: Vec<(&str, Line)>) -> Self {
        lines.sort_unstable();
        let count = lines.chunk_by(|a, b| a.0 == b.0).count();
        let mut slots: Box<[u64]> = vec![0; (2 * count).next_power_of_two().max(2)].into();
        // Nothing begins at 0.
        let mut texts = vec![0];
        for lines in lines.chunk_by(|a, b| a.0 == b.0) {
            let base = lines.first().map_or("", |(base, _)| *base).as_bytes();
            let hash = name::hash(base);
            let free = places(&slots, hash).find(|place| slots.get(*place) == Some(&0));
            if let Some(slot) = free.and_then(|place| slots.get_mut(place)) {
                *slot = hash << 32 | texts.len() as u64;
            }
            texts.push((base.len() as u64) << 32 | lines.len() as u64);
            texts.extend(name::words(base));
            texts.extend(lines.iter().map(|(_, Line(line))| line));
        }
        Self { slots, texts: texts.into() }
    }

    /// The lines of the end of a name.
    #[inline]
    fn get(&self, Suffix { length, hash }: Suffix, name: &Name<'_>) -> Option<&[u64]> {
        for place in places(&self.slots, hash) {
            let slot = self.slots.get(place).filter(|slot| **slot != 0)?;
            if slot >> 32 == hash & u64::from(u32::MAX)
                && let Some((head, rest)) = self.texts.get(*slot as u32 as usize..)?.split_first()
                && head >> 32 == length as u64
                && let (words, rest) = rest.split_at_checked(length.div_ceil(8))?
                && name.ends_with(length, words.iter().copied())
            {
                return rest.get(..*head as u32 as usize);
            }
        }
        None
    }
}

/// Where a hash may be, in order: every slot, so that a free one is always met.
#[inline]
fn places(slots: &[u64], hash: u64) -> impl Iterator<Item = usize> + use<> {
    let last = slots.len() - 1;
    let first = (hash >> 32) as usize;
    (0..=last).map(move |step| first.wrapping_add(step) & last)
}
