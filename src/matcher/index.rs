//! The entries of a region by the end of the name they ask for, and by address.
//!
//! A name is read once. From its end to its start a hash grows byte by byte; at each dot it is the
//! hash of all that stands behind, and one table tells whether any pattern is made of that. Behind
//! a name of the table stand its lines, by service, so that what others ask for costs nothing.

use std::collections::BTreeMap;
use std::ops::Range;

use ipnet::IpNet;
use jiff::civil::Date;

use super::addresses::Addresses;
use super::judge::{Ask, Entries, Found};
use super::name::{Bytes, Name};
use crate::policy::pattern::{Glob, Pattern};
use crate::policy::port::Protocol;
use crate::policy::{
    Action, Destination, Grant, GrantId, Policy, Reach, RegionId, ServiceId, Terms, networks,
};

/// Everything that is in force.
#[derive(Debug)]
pub(super) struct Index {
    bases: Bases,
    /// What is asked of names: of one base after the other, of each by service.
    named: Box<[Line]>,
    /// What is asked of addresses, and where.
    addressed: Box<[Line]>,
    destinations: Addresses<u32>,
    clauses: Box<[Clause]>,
    globs: Box<[Glob]>,
}

/// One destination of one entry.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
struct Line {
    /// `None` sorts first, and is for every service.
    service: Option<ServiceId>,
    grant: GrantId,
    action: Action,
    shape: Shape,
    clause: u32,
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
        let mut named: Vec<(&str, Line)> = Vec::new();
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
            let line = |shape, clause| {
                let Grant { service, action, .. } = *grant;
                Line { service, grant: id, action, shape, clause }
            };
            let clause = clauses.number(clause);
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
                    named.push((pattern.base().as_str(), line(shape, clause)));
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
                    addressed.push(line(Shape::Nothing, clause));
                }
            }
        }
        named.sort_unstable();
        Self {
            bases: Bases::new(named.chunk_by(|a, b| a.0 == b.0).map(|lines| {
                let base = lines.first().map_or("", |(base, _)| *base);
                (base, lines.len() as u32)
            })),
            named: named.into_iter().map(|(_, line)| line).collect(),
            addressed: addressed.into(),
            destinations: Addresses::new(places),
            clauses: clauses.into_values(),
            globs: globs.into_values(),
        }
    }

    /// Calls `see` with every line of a base that could be about a name, and with the place in the
    /// end of the name where the base begins.
    fn lines(&self, name: &Name<'_>, mut see: impl FnMut(&[Line], usize)) {
        let end = name.end();
        let mut hash = Hash::default();
        for (at, byte) in end.iter().enumerate().rev() {
            if *byte == b'.'
                && let Some(lines) = self.bases.get(hash, end.get(at + 1..).unwrap_or_default())
            {
                see(self.named.get(lines).unwrap_or_default(), at + 1);
            }
            hash = hash.with(*byte);
        }
        if name.begins_at(0)
            && let Some(lines) = self.bases.get(hash, end)
        {
            see(self.named.get(lines).unwrap_or_default(), 0);
        }
    }

    /// Whether a line about the name that begins at `base` is about all of it.
    fn is_of(&self, line: &Line, name: &Name<'_>, base: usize) -> bool {
        match (line.shape, base.checked_sub(1)) {
            (Shape::Nothing, None) => true,
            (Shape::Label(glob, bytes), Some(dot)) => {
                self.globs.get(glob as usize).is_some_and(|glob| name.is_label(dot, glob, bytes))
            }
            (Shape::Labels(bytes), Some(dot)) => name.is_below(dot, bytes),
            (Shape::Nothing, Some(_)) | (Shape::Label(..) | Shape::Labels(_), None) => false,
        }
    }

    fn clause(&self, line: &Line) -> Option<&Clause> {
        self.clauses.get(line.clause as usize)
    }
}

impl Entries for Index {
    fn find(&self, ask: &Ask<'_>) -> Found {
        let mut found = Found::default();
        let Some(said) = ask.name else {
            for number in self.destinations.get(ask.destination) {
                if let Some(line) = self.addressed.get(*number as usize)
                    && line.service.is_none_or(|service| ask.services.contains(&service))
                    && self.clause(line).is_some_and(|clause| clause.reaches(ask))
                {
                    found.add(line);
                }
            }
            return found;
        };
        let name = Name::read(said);
        self.lines(&name, |lines, base| {
            let everybody = std::iter::once(None);
            for service in everybody.chain(ask.services.iter().copied().map(Some)) {
                let start = lines.partition_point(|line| line.service < service);
                let theirs = lines.get(start..).unwrap_or_default();
                for line in theirs.iter().take_while(|line| line.service == service) {
                    if self.is_of(line, &name, base)
                        && self.clause(line).is_some_and(|clause| clause.reaches_name(ask, &name))
                    {
                        found.add(line);
                    }
                }
            }
        });
        found
    }
}

impl Found {
    /// The first in the order of the policy stays.
    fn add(&mut self, line: &Line) {
        let first = match line.action {
            Action::Allow => &mut self.allowed,
            Action::Deny => &mut self.denied,
        };
        *first = Some(first.map_or(line.grant, |first| first.min(line.grant)));
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

/// The names that patterns are made of: a hash table with open addressing, at most half full.
#[derive(Debug)]
struct Bases {
    slots: Box<[Slot]>,
    /// One behind the other.
    texts: Box<[u8]>,
}

#[derive(Debug, Clone, Copy, Default)]
struct Slot {
    hash: u64,
    /// Where its text begins; its length is at least 1 unless the slot is free.
    text: u32,
    length: u32,
    /// Its lines, the first and how many.
    line: u32,
    lines: u32,
}

impl Bases {
    /// Of different names, each with the number of its lines, which stand one behind the other.
    fn new<'p>(bases: impl Iterator<Item = (&'p str, u32)>) -> Self {
        let bases: Vec<_> = bases.collect();
        let capacity = (2 * bases.len()).next_power_of_two();
        let mut table =
            Self { slots: vec![Slot::default(); capacity].into(), texts: Box::default() };
        let mut texts = Vec::new();
        let mut line = 0;
        for (base, lines) in bases {
            let hash = base.bytes().rev().fold(Hash::default(), Hash::with);
            let free = table
                .places(hash)
                .find(|place| table.slots.get(*place).is_some_and(|slot| slot.length == 0));
            if let Some(slot) = free.and_then(|place| table.slots.get_mut(place)) {
                let (text, length) = (texts.len() as u32, base.len() as u32);
                *slot = Slot { hash: hash.0, text, length, line, lines };
            }
            texts.extend(base.bytes());
            line += lines;
        }
        table.texts = texts.into();
        table
    }

    /// The lines of a name whose hash is known.
    fn get(&self, hash: Hash, name: &[u8]) -> Option<Range<usize>> {
        for place in self.places(hash) {
            let slot = self.slots.get(place).filter(|slot| slot.length > 0)?;
            let text = slot.text as usize..(slot.text + slot.length) as usize;
            if slot.hash == hash.0 && self.texts.get(text) == Some(name) {
                return Some(slot.line as usize..(slot.line + slot.lines) as usize);
            }
        }
        None
    }

    /// Where a name may be, in order: every slot, so that a free one is always met.
    fn places(&self, Hash(hash): Hash) -> impl Iterator<Item = usize> + use<> {
        let last = self.slots.len() - 1;
        // The high bits of a product depend on all of the bytes.
        let first = (hash >> 32) as usize;
        (0..=last).map(move |step| first.wrapping_add(step) & last)
    }
}

/// The hash of the end of a name: it grows towards the start.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Hash(u64);

impl Default for Hash {
    fn default() -> Self {
        Self(0xcbf2_9ce4_8422_2325)
    }
}

impl Hash {
    /// One more byte in front. Multiplies by 2^64 divided by the golden ratio, which is odd.
    fn with(self, byte: u8) -> Self {
        Self((self.0 ^ u64::from(byte)).wrapping_mul(0x9e37_79b9_7f4a_7c15))
    }
}
