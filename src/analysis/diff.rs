//! What a change of a policy opens and closes, decided by algebra and shown by flows.
//!
//! Services are compared by name and regions by role. A service is compared as one that shares its
//! addresses with no other. The flows from addresses that several share, before or after, are compared
//! as well, and what the services alone and their addresses do not tell is a change of its own: whoever
//! leaves an address may take along a `deny` that held for its neighbours.

use core::net::IpAddr;
use std::borrow::Cow;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use ipnet::IpNet;
use jiff::civil::Date;

use super::addresses::{AddressSet, overlay};
use super::flows::Flows;
use super::reach::{self, Entries, Line, of_grant};
use super::rows::{Context, Destination, Row, rows};
use crate::matcher::{Matcher, Options, Reason, Source};
use crate::policy::port::{PortSet, Protocol};
use crate::policy::{self, Action, Grant, Origins, Policy, Reach, RegionId, Service, ServiceId};
use crate::source::Location;

/// Everything that changed; two policies that mean the same have an empty one.
#[derive(Debug, Clone, Default)]
pub struct Diff {
    /// What opens and closes, exactly.
    pub deltas: Vec<Delta>,
    /// The same as destinations, what opens first, then by service, region and destination.
    pub changes: Vec<Change>,
    /// What else changed.
    pub facts: Vec<Fact>,
}

/// What opens and closes for services in a region.
#[derive(Debug, Clone)]
pub struct Delta {
    /// The role of the region.
    pub region: Arc<str>,
    /// The service; several for what only the addresses that they share tell.
    pub services: Vec<Arc<str>>,
    /// What is allowed after and was not before.
    pub opens: Flows,
    /// What was allowed before and is not after.
    pub closes: Flows,
}

/// Whether something became reachable or ceased to be.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Effect {
    /// Became.
    Opens,
    /// Ceased.
    Closes,
}

impl Effect {
    /// The word for it.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Opens => "opens",
            Self::Closes => "closes",
        }
    }
}

/// One of the two policies.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Side {
    /// The old one.
    Before,
    /// The new one.
    After,
}

/// A destination that became reachable or ceased to be.
#[derive(Debug, Clone)]
pub struct Change {
    /// Which of the two.
    pub effect: Effect,
    /// The role of the region.
    pub region: Arc<str>,
    /// The service; several for what only the addresses that they share tell.
    pub services: Vec<Arc<str>>,
    /// What, over what, to which ports, and a flow of it.
    pub row: Row,
    /// The destination with its variables unexpanded: the same in every region.
    pub written: String,
    /// The line that decides about the witness.
    pub cause: Cause,
    /// Whether the service observes in both: then it passed before, or passes still, with a line in
    /// the log.
    pub observed: bool,
}

/// The lines that decide about the witness of a change.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Cause {
    /// What allows it: after the change if it opens, before the change if it closes.
    pub grant: Location,
    /// What denies it in the other policy; `None` if nothing allows it there.
    pub deny: Option<Location>,
}

/// A change of something else than what entries let a service reach.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Fact {
    /// A service is new, at least in these regions.
    ServiceAdded {
        /// Its name.
        service: Arc<str>,
        /// Where.
        regions: Vec<Arc<str>>,
    },
    /// A service is gone, at least from these regions.
    ServiceRemoved {
        /// Its name.
        service: Arc<str>,
        /// Where.
        regions: Vec<Arc<str>>,
    },
    /// Who the service is changed.
    Sources {
        /// Its name.
        service: Arc<str>,
        /// The role of the region.
        region: Arc<str>,
        /// The addresses that are new.
        gained: Vec<String>,
        /// The addresses that are gone.
        lost: Vec<String>,
    },
    /// Whether a service observes changed, or until when.
    Observe {
        /// Its name.
        service: Arc<str>,
        /// Until when it observed; `None` if it enforced.
        before: Option<Date>,
        /// Until when it observes; `None` if it enforces.
        after: Option<Date>,
    },
    /// An entry that is in force in both ends on another day.
    Expiry {
        /// Whose; `None` for every service.
        service: Option<Arc<str>>,
        /// `allow api.example.com port 8443`.
        entry: String,
        /// What it does.
        action: Action,
        /// Its last day; `None` if it has none.
        before: Option<Date>,
        /// The same after.
        after: Option<Date>,
        /// The entry after the change.
        at: Location,
    },
    /// A `deny` came or went: it names in the log who is responsible, and holds whatever is allowed
    /// later.
    Deny {
        /// Whose; `None` for every service.
        service: Option<Arc<str>>,
        /// `deny **.example.com`.
        entry: String,
        /// Where it stands.
        side: Side,
        /// The entry.
        at: Location,
    },
}

impl Change {
    /// The `deny` that makes the difference, and where it stands.
    fn deny(&self) -> Option<(Side, Location)> {
        let side = match self.effect {
            Effect::Opens => Side::Before,
            Effect::Closes => Side::After,
        };
        self.cause.deny.map(|at| (side, at))
    }
}

impl Fact {
    /// Whether anybody may reach more by it, now or on a later day.
    ///
    /// A new service alone does not: what it may reach is a change of its own.
    pub fn widens(&self) -> bool {
        match self {
            Self::ServiceAdded { .. } | Self::ServiceRemoved { .. } | Self::Deny { .. } => false,
            Self::Sources { gained, .. } => !gained.is_empty(),
            Self::Observe { before, after, .. } => after > before,
            Self::Expiry { action: Action::Allow, before, after, .. } => End(*after) > End(*before),
            Self::Expiry { action: Action::Deny, before, after, .. } => End(*after) < End(*before),
        }
    }
}

impl Diff {
    /// Whether nothing changed.
    pub fn is_empty(&self) -> bool {
        self.changes.is_empty() && self.facts.is_empty()
    }

    /// Whether anybody may reach more, now or on a later day.
    pub fn widens(&self) -> bool {
        let opens = self.deltas.iter().any(|delta| !delta.opens.is_empty());
        opens || self.facts.iter().any(Fact::widens)
    }
}

/// What changed between two policies on a day, in the regions with a role that is wanted.
pub fn diff(before: &Policy, after: &Policy, today: Date, wanted: &dyn Fn(&str) -> bool) -> Diff {
    let pair = Pair { before, after, today };
    let roles: Vec<Arc<str>> = pair.roles().filter(|role| wanted(role)).map(Arc::from).collect();
    let mut diff = Diff::default();
    for role in &roles {
        pair.region(role, &mut diff);
    }
    // What is told of a region is sorted already, and sorting keeps that.
    let place = |role: &Arc<str>| roles.iter().position(|other| other == role);
    diff.changes.sort_by(|a, b| {
        let by_region = || place(&a.region).cmp(&place(&b.region));
        (a.effect, &a.services).cmp(&(b.effect, &b.services)).then_with(by_region)
    });
    pair.facts(&roles, &mut diff.facts);
    // What came or went with a `deny` is told with it.
    let told: BTreeSet<_> = diff.changes.iter().filter_map(Change::deny).collect();
    diff.facts.retain(|fact| match fact {
        Fact::Deny { side, at, .. } => !told.contains(&(*side, *at)),
        _ => true,
    });
    diff
}

/// The two policies, on a day.
#[derive(Debug, Clone, Copy)]
struct Pair<'p> {
    before: &'p Policy,
    after: &'p Policy,
    today: Date,
}

/// One of them in a region.
struct Half<'p> {
    policy: &'p Policy,
    region: RegionId,
    today: Date,
    entries: Entries<'p>,
    /// Says which line decides; made when that is asked.
    matcher: Option<Matcher>,
}

impl<'p> Pair<'p> {
    /// The roles of both, in their order.
    fn roles(self) -> impl Iterator<Item = &'p str> {
        let of = |policy: &'p Policy| policy.regions.iter().map(|region| region.role.as_str());
        let known: BTreeSet<&str> = of(self.before).collect();
        of(self.before).chain(of(self.after).filter(move |role| !known.contains(role)))
    }

    /// The names of the services of both, sorted.
    fn services(self) -> BTreeSet<Arc<str>> {
        let services = self.before.services.iter().chain(&self.after.services);
        services.map(|service| Arc::clone(&service.name)).collect()
    }

    fn region(self, role: &Arc<str>, diff: &mut Diff) {
        let mut halves = Halves {
            before: Half::new(self.before, role, self.today),
            after: Half::new(self.after, role, self.today),
        };
        let same_for_all = same(halves.before.everyone(), halves.after.everyone());
        // A `deny` that goes may open nothing to its service, and something to its neighbours: every
        // service that is written otherwise is kept here.
        let mut alone: BTreeMap<Arc<str>, Option<Delta>> = BTreeMap::new();
        for name in self.services() {
            if same_for_all && same(halves.before.lines(&name), halves.after.lines(&name)) {
                continue;
            }
            let who = vec![Arc::clone(&name)];
            let change = halves.change([who.clone(), who], same_for_all);
            let told = self.tell(role, None, change, &mut halves, diff);
            alone.insert(name, told);
        }
        if alone.is_empty() && !self.has_moved(&halves) {
            return;
        }
        let (before, after) = (halves.before.crowds(), halves.after.crowds());
        let (olds, news) = (Vec::from_iter(before.keys()), Vec::from_iter(after.keys()));
        for (crowds, shared) in overlay(before.values(), after.values()) {
            let (Some(old), Some(new)) = crowds else { continue };
            let (Some(old), Some(new)) = (olds.get(old), news.get(new)) else { continue };
            let Some(address) = shared.witness() else { continue };
            let told = |crowd: &[Arc<str>]| -> Vec<_> {
                crowd.iter().filter_map(|name| alone.get(name)).cloned().collect()
            };
            let (opened, closed) = (told(new), told(old));
            if old == new && (old.len() == 1 || opened.is_empty()) {
                continue;
            }
            let mut change = halves.change([old.to_vec(), new.to_vec()], same_for_all);
            for delta in opened.into_iter().flatten() {
                change.opens = change.opens.difference(&delta.opens);
            }
            for delta in closed.into_iter().flatten() {
                change.closes = change.closes.difference(&delta.closes);
            }
            // That a service has other addresses is a fact, and so is all that it brings or takes along.
            let moved = |from: &[Arc<str>], to: &[Arc<str>]| -> Vec<_> {
                to.iter().filter(|name| !from.contains(name)).cloned().collect()
            };
            for name in moved(old, new) {
                change.opens = change.opens.difference(&halves.after.reach(&[name]));
            }
            for name in moved(new, old) {
                change.closes = change.closes.difference(&halves.before.reach(&[name]));
            }
            self.tell(role, Some(address), change, &mut halves, diff);
        }
    }

    /// Whether the addresses of a service are others.
    fn has_moved(self, halves: &Halves<'p>) -> bool {
        let services = self.services();
        services.iter().any(|name| halves.before.sources(name) != halves.after.sources(name))
    }

    /// Adds what opens and closes to the diff; `address` is one that the services share.
    fn tell(
        self,
        role: &Arc<str>,
        address: Option<IpAddr>,
        change: Comparison,
        halves: &mut Halves<'p>,
        diff: &mut Diff,
    ) -> Option<Delta> {
        let Comparison { who, before, after, opens, closes } = change;
        if opens.is_empty() && closes.is_empty() {
            return None;
        }
        let observed = [self.before, self.after].iter().zip(&who).all(|(policy, who)| {
            let services = who.iter().filter_map(|name| named(policy, name));
            services.map(|(_, it)| it).any(|service| service.observes(self.today))
        });
        let [old, new] = &who;
        let services: BTreeSet<_> = old.iter().chain(new).cloned().collect();
        let services = Vec::from_iter(services);
        let effects = [(Effect::Opens, &opens, &before), (Effect::Closes, &closes, &after)];
        for (effect, flows, elsewhere) in effects {
            let (with, without, had, had_not) = match effect {
                Effect::Opens => (&mut halves.after, &mut halves.before, new, old),
                Effect::Closes => (&mut halves.before, &mut halves.after, old, new),
            };
            if flows.is_empty() {
                continue;
            }
            let denied = with.denied(had);
            for row in rows(flows, &Context { denied: &denied, elsewhere }) {
                let granted = with.reason(had, address, &row);
                let (Some(Reason::Grant(grant)), denied) =
                    (granted, without.reason(had_not, address, &row))
                else {
                    debug_assert!(false, "the matcher allows {}: {granted:?}", row.witness);
                    continue;
                };
                let Some(grant) = with.policy.grant(grant) else { continue };
                let deny = match denied {
                    Some(Reason::DenyEntry(deny)) => without.policy.grant(deny).map(|it| it.at),
                    _ => None,
                };
                diff.changes.push(Change {
                    effect,
                    region: Arc::clone(role),
                    services: services.clone(),
                    written: written(&row, grant, with.region),
                    row,
                    cause: Cause { grant: grant.at, deny },
                    observed,
                });
            }
        }
        let delta = Delta { region: Arc::clone(role), services, opens, closes };
        diff.deltas.push(delta.clone());
        Some(delta)
    }
}

/// What services reach in both policies, as far as it was needed to say what opens and closes.
struct Comparison {
    /// Whose flows, before and after.
    who: [Vec<Arc<str>>; 2],
    /// Everything that is reached before; empty if nothing opens.
    before: Flows,
    /// Everything that is reached after; empty if nothing closes.
    after: Flows,
    opens: Flows,
    closes: Flows,
}

/// Whether both are the same lines, in any order.
fn same(these: &[Line<'_>], those: &[Line<'_>]) -> bool {
    these == those || sorted(these) == sorted(those)
}

fn sorted<'p>(lines: &[Line<'p>]) -> BTreeSet<Line<'p>> {
    lines.iter().copied().collect()
}

/// Both policies in a region.
struct Halves<'p> {
    before: Half<'p>,
    after: Half<'p>,
}

impl<'p> Halves<'p> {
    /// What opens and what closes for flows that are of all these services, before and after.
    fn change(&self, who: [Vec<Arc<str>>; 2], same_for_all: bool) -> Comparison {
        let [was, is] = &who;
        let lines = |half: &Half<'p>, services: &[Arc<str>]| {
            let lines = services.iter().flat_map(|name| half.lines(name)).copied();
            let (allows, denies) = lines.partition(Line::allows);
            (allows, denies)
        };
        let (old, new): ((BTreeSet<Line<'p>>, BTreeSet<_>), (BTreeSet<_>, BTreeSet<_>)) =
            (lines(&self.before, was), lines(&self.after, is));
        if !same_for_all || old.1 != new.1 {
            let (before, after) = (self.before.reach(was), self.after.reach(is));
            let (opens, closes) = (after.difference(&before), before.difference(&after));
            return Comparison { who, before, after, opens, closes };
        }
        // What is allowed in both neither opens nor closes, and is most of it.
        let denied = self.after.denied(is);
        let beyond = |these: &BTreeSet<Line<'p>>,
                      those: &BTreeSet<Line<'p>>,
                      other: Vec<_>,
                      half: &Half<'p>| {
            let lines: Vec<_> = these.difference(those).copied().collect();
            let new = reach::of_lines(&lines).difference(&denied);
            if new.is_empty() {
                return (new, Flows::default());
            }
            // Names that others say to some place only cut what is large into many pieces.
            let names = new.names();
            let may_say = |line: &Line<'_>| line.may_say(&names);
            let known = half.entries.reach_where(&other, &may_say, &AddressSet::clone);
            (new.difference(&known), known)
        };
        let (opens, before) = beyond(&new.0, &old.0, self.before.ids(was), &self.before);
        let (closes, after) = beyond(&old.0, &new.0, self.after.ids(is), &self.after);
        Comparison { who, before, after, opens, closes }
    }
}

impl<'p> Half<'p> {
    fn new(policy: &'p Policy, role: &str, today: Date) -> Self {
        // A region that the policy does not have is one where no service runs.
        let none = RegionId(u32::MAX);
        let region = policy.regions.iter().position(|region| region.role == role);
        let region = region.map_or(none, |number| RegionId(number as u32));
        let entries = Entries::new(policy, region, today);
        Self { policy, region, today, entries, matcher: None }
    }

    fn everyone(&self) -> &[Line<'p>] {
        self.entries.everyone()
    }

    /// The lines of a service; none where it does not run.
    fn lines(&self, name: &str) -> &[Line<'p>] {
        let id = named(self.policy, name).map(|(id, _)| id);
        id.and_then(|id| self.entries.lines(id)).unwrap_or_default()
    }

    /// Where a service runs.
    fn sources(&self, name: &str) -> Option<&Origins> {
        named(self.policy, name).and_then(|(_, service)| service.sources(self.region))
    }

    fn reach(&self, services: &[Arc<str>]) -> Flows {
        self.entries.reach(&self.ids(services))
    }

    fn denied(&self, services: &[Arc<str>]) -> Flows {
        self.entries.denied(&self.ids(services))
    }

    fn ids(&self, services: &[Arc<str>]) -> Vec<ServiceId> {
        services.iter().filter_map(|name| named(self.policy, name)).map(|(id, _)| id).collect()
    }

    /// Why the witness passes or does not.
    fn reason(
        &mut self,
        services: &[Arc<str>],
        address: Option<IpAddr>,
        row: &Row,
    ) -> Option<Reason> {
        let Self { policy, region, today, .. } = *self;
        let source = match (address, services) {
            (Some(address), _) => Source::Address(address),
            (None, [name]) => Source::Service(named(policy, name)?.0),
            (None, _) => return None,
        };
        let matcher =
            self.matcher.get_or_insert_with(|| Matcher::new(policy, region, &Options::new(today)));
        Some(row.witness.flow(source, |flow| matcher.decide(flow).reason))
    }

    /// Services that run at the same addresses, and these addresses.
    fn crowds(&self) -> BTreeMap<Vec<Arc<str>>, AddressSet> {
        let mut crowds: Vec<(Vec<Arc<str>>, AddressSet)> = Vec::new();
        for service in &self.policy.services {
            let Some(Origins::Networks(networks)) = service.sources(self.region) else { continue };
            let mut rest = AddressSet::from_networks(networks);
            let mut new = Vec::new();
            for (names, addresses) in &mut crowds {
                let both = addresses.intersection(&rest);
                if both.is_empty() {
                    continue;
                }
                *addresses = addresses.difference(&both);
                rest = rest.difference(&both);
                let mut names = names.clone();
                names.push(Arc::clone(&service.name));
                new.push((names, both));
            }
            new.push((vec![Arc::clone(&service.name)], rest));
            crowds.extend(new);
            crowds.retain(|(_, addresses)| !addresses.is_empty());
        }
        let mut shared: BTreeMap<Vec<Arc<str>>, AddressSet> = BTreeMap::new();
        for (names, addresses) in crowds {
            let known = shared.entry(names).or_insert_with(AddressSet::empty);
            *known = AddressSet::of_all([&*known, &addresses]);
        }
        shared
    }
}

fn named<'p>(policy: &'p Policy, name: &str) -> Option<(ServiceId, &'p Service)> {
    // Services are sorted by name.
    let number = policy.services.binary_search_by(|service| (*service.name).cmp(name)).ok()?;
    Some((ServiceId(number as u32), policy.services.get(number)?))
}

/// The destination with the variables of the entry that grants it, where it is the same.
fn written(row: &Row, grant: &Grant, region: RegionId) -> String {
    let text = row.destination.to_string();
    let (Some(template), Some(policy::Destination::Names(granted))) =
        (&grant.template, grant.destination.get(region))
    else {
        return text;
    };
    match &row.destination {
        Destination::Names { term, .. } if term.pattern == *granted => {
            text.replacen(&*granted.text(), template, 1)
        }
        _ => text,
    }
}

impl Pair<'_> {
    fn facts(self, roles: &[Arc<str>], facts: &mut Vec<Fact>) {
        for name in self.services() {
            self.service(&name, roles, facts);
        }
        self.expiries(facts);
        self.denies(roles, facts);
    }

    /// Where a service runs, who it is, and whether it observes.
    fn service(self, name: &Arc<str>, roles: &[Arc<str>], facts: &mut Vec<Fact>) {
        let service = || Arc::clone(name);
        let of = |policy| named(policy, name).map(|(_, service)| service);
        let (before, after) = (of(self.before), of(self.after));
        let (mut added, mut removed, mut moved) = (Vec::new(), Vec::new(), Vec::new());
        let mut runs = false;
        for region in roles {
            let origins = |policy: &Policy, service: Option<&Service>| {
                let region = policy.regions.iter().position(|it| it.role == **region)?;
                service?.sources(RegionId(region as u32)).cloned()
            };
            let (was, is) = (origins(self.before, before), origins(self.after, after));
            runs |= was.is_some() || is.is_some();
            match (was, is) {
                (None, Some(_)) => added.push(Arc::clone(region)),
                (Some(_), None) => removed.push(Arc::clone(region)),
                (Some(before), Some(after)) if before != after => {
                    let (gained, lost) = (beyond(&after, &before), beyond(&before, &after));
                    let region = Arc::clone(region);
                    moved.push(Fact::Sources { service: service(), region, gained, lost });
                }
                _ => {}
            }
        }
        if !added.is_empty() {
            facts.push(Fact::ServiceAdded { service: service(), regions: added });
        }
        if !removed.is_empty() {
            facts.push(Fact::ServiceRemoved { service: service(), regions: removed });
        }
        facts.extend(moved);
        let observes = |service: Option<&Service>| {
            service.filter(|service| service.observes(self.today)).and_then(|it| it.observe)
        };
        let is_here = runs && after.is_some();
        let (before, after) = (observes(before), observes(after));
        if before != after && is_here {
            facts.push(Fact::Observe { service: service(), before, after });
        }
    }

    /// Entries that say the same and end on another day. Of several that say the same the last day
    /// counts.
    fn expiries(self, facts: &mut Vec<Fact>) {
        // Nearly every entry has no end on either side.
        let mut ending: BTreeSet<Said<'_>> = BTreeSet::new();
        for policy in [self.before, self.after] {
            let has_end = |grant: &&Grant| policy.terms(grant).until.is_some();
            let grants = policy.grants.iter().filter(has_end);
            ending.extend(grants.map(|grant| Said::of(policy, grant)));
        }
        let ends = |policy| self.ends(policy, &|said| ending.contains(said));
        let before = ends(self.before);
        for (key, (until, grant)) in ends(self.after) {
            let Some((old, _)) = before.get(&key).copied().filter(|(old, _)| *old != until) else {
                continue;
            };
            facts.push(Fact::Expiry {
                service: key.service.map(Arc::from),
                entry: entry(self.after, grant),
                action: grant.action,
                before: old.0,
                after: until.0,
                at: grant.at,
            });
        }
    }

    /// The last day of what counts and is in force.
    fn ends<'p>(
        self,
        policy: &'p Policy,
        counts: &dyn Fn(&Said<'_>) -> bool,
    ) -> BTreeMap<Said<'p>, (End, &'p Grant)> {
        let mut ends: BTreeMap<Said<'p>, (End, &'p Grant)> = BTreeMap::new();
        let in_force = |grant: &&Grant| policy.terms(grant).in_force(self.today);
        for grant in policy.grants.iter().filter(in_force) {
            let said = Said::of(policy, grant);
            if counts(&said) {
                let end = End(policy.terms(grant).until);
                let known = ends.entry(said).or_insert((end, grant));
                if end > known.0 {
                    *known = (end, grant);
                }
            }
        }
        ends
    }

    /// Entries that deny and that only one side has, if the other does not deny the same.
    fn denies(self, roles: &[Arc<str>], facts: &mut Vec<Fact>) {
        let (before, after) = (self.denying(self.before), self.denying(self.after));
        let sides = [
            (Side::Before, self.before, &before, self.after, &after),
            (Side::After, self.after, &after, self.before, &before),
        ];
        for (side, policy, these, other, those) in sides {
            let mut alone = these.iter().filter(|(key, _)| !those.contains_key(key)).peekable();
            if alone.peek().is_none() {
                continue;
            }
            let halves: Vec<_> = roles
                .iter()
                .map(|role| {
                    (Half::new(policy, role, self.today), Half::new(other, role, self.today))
                })
                .collect();
            for (key, grant) in alone {
                let here = halves.iter().filter(|(here, _)| {
                    let service = grant.service.map(|id| policy.service(id));
                    service.is_none_or(|service| service.sources(here.region).is_some())
                });
                let differs = here.into_iter().any(|(here, there)| {
                    let same = key.service.and_then(|name| named(other, name)).map(|(id, _)| id);
                    let denied = there.entries.denied(same.as_slice());
                    !of_grant(policy, grant, here.region).difference(&denied).is_empty()
                });
                if differs {
                    let service = key.service.map(Arc::from);
                    let entry = entry(policy, grant);
                    facts.push(Fact::Deny { service, entry, side, at: grant.at });
                }
            }
        }
    }

    /// Every entry that denies and is in force.
    fn denying<'p>(self, policy: &'p Policy) -> BTreeMap<Said<'p>, &'p Grant> {
        let denies = policy.grants.iter().filter(|grant| grant.action == Action::Deny);
        let in_force = denies.filter(|grant| policy.terms(grant).in_force(self.today));
        in_force.map(|grant| (Said::of(policy, grant), grant)).collect()
    }
}

/// The last day of an entry; one without any is later than all.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct End(Option<Date>);

impl PartialOrd for End {
    fn partial_cmp(&self, other: &Self) -> Option<std::cmp::Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for End {
    fn cmp(&self, other: &Self) -> std::cmp::Ordering {
        let key = |end: &Self| (end.0.is_none(), end.0);
        key(self).cmp(&key(other))
    }
}

/// What an entry says of one destination, but for the reason and the day.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
struct Said<'p> {
    service: Option<&'p str>,
    action: Action,
    destination: Cow<'p, str>,
    reach: &'p Reach,
    to: &'p [IpNet],
    except: &'p [Box<str>],
}

impl<'p> Said<'p> {
    fn of(policy: &'p Policy, grant: &'p Grant) -> Self {
        let terms = policy.terms(grant);
        Self {
            service: grant.service.map(|id| &*policy.service(id).name),
            action: grant.action,
            destination: grant.written(),
            reach: &terms.reach,
            to: terms.to(),
            except: terms.except_written(),
        }
    }
}

/// The entry as its line says it, with what decides: `allow api.example.com port 8443/tls`.
fn entry(policy: &Policy, grant: &Grant) -> String {
    let terms = policy.terms(grant);
    let mut text = policy.entry_text(grant);
    for (at, except) in terms.except_written().iter().enumerate() {
        text.push_str(if at == 0 { " except " } else { " " });
        text.push_str(except);
    }
    match &terms.reach {
        Reach::Everything => {}
        Reach::Protocol(Protocol::Tls, ports) if *ports == PortSet::single(443) => {}
        reach @ Reach::Protocol(..) => text.push_str(&format!(" port {reach}")),
    }
    if !terms.to().is_empty() {
        text.push_str(&format!(" to {}", AddressSet::from_networks(terms.to())));
    }
    text
}

/// The sources of the first that the second has not.
fn beyond(these: &Origins, those: &Origins) -> Vec<String> {
    match (these, those) {
        (Origins::Networks(these), Origins::Networks(those)) => {
            let left = crate::policy::networks::difference(these, those);
            left.iter().map(IpNet::to_string).collect()
        }
        (Origins::Networks(these), Origins::Reference { .. }) => {
            these.iter().map(IpNet::to_string).collect()
        }
        (Origins::Reference { arn, .. }, _) => vec![arn.clone()],
    }
}
