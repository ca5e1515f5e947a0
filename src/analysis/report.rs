//! A diff for people and for programs: text for a terminal, markdown for a pull request, JSON.

mod json;
mod markdown;
mod text;

use std::collections::BTreeMap;
use std::sync::Arc;

use super::diff::{Cause, Change, Diff, Effect, Fact, Side};
use super::rows::Witness;
use crate::source::{Location, Sources};

pub use json::json;
pub use markdown::markdown;
pub use text::text;

/// A diff and the files its places are in.
#[derive(Debug, Clone, Copy)]
pub struct Review<'r> {
    /// What changed.
    pub diff: &'r Diff,
    /// The files of the policy before.
    pub before: &'r Sources,
    /// The files of the policy after.
    pub after: &'r Sources,
    /// How many regions were compared: what is the same in all of them names none.
    pub regions: usize,
}

/// A place as people write it.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
struct Place {
    /// In which policy.
    side: Side,
    file: String,
    line: u32,
    /// The line, without what is blank around it.
    text: String,
}

/// Destinations that one line opened or closed in the same way.
#[derive(Debug)]
struct Group<'r> {
    effect: Effect,
    services: &'r [Arc<str>],
    regions: Vec<&'r str>,
    /// Each as a policy writes it.
    destinations: Vec<&'r str>,
    /// `443/tls`
    reach: String,
    witness: &'r Witness,
    /// Whether the witness says more than the destination.
    is_pattern: bool,
    /// What allows it.
    grant: Place,
    /// What denies it in the other policy.
    deny: Option<Place>,
    observed: bool,
}

impl<'r> Review<'r> {
    fn place(&self, side: Side, at: Location) -> Place {
        let sources = match side {
            Side::Before => self.before,
            Side::After => self.after,
        };
        let Some(file) = sources.get(at.file) else {
            return Place { side, file: String::new(), line: 0, text: String::new() };
        };
        let line = file.position(at.span.start).line;
        let text = file.text.get(file.line(line)).unwrap_or_default().trim().to_owned();
        Place { side, file: file.path.clone(), line, text }
    }

    /// The line that allows, and the one of the other policy that denies.
    fn places(&self, effect: Effect, cause: &Cause) -> (Place, Option<Place>) {
        let (with, without) = match effect {
            Effect::Opens => (Side::After, Side::Before),
            Effect::Closes => (Side::Before, Side::After),
        };
        (self.place(with, cause.grant), cause.deny.map(|deny| self.place(without, deny)))
    }

    /// The changes, those of one line together, and one in several regions once.
    fn groups(&self) -> Vec<Group<'r>> {
        let twins = joined(
            self.diff.changes.iter().map(|change| self.group(change)),
            |it| {
                (
                    it.of(),
                    it.destinations.clone(),
                    it.reach.clone(),
                    it.grant.clone(),
                    it.deny.clone(),
                )
            },
            |first, twin| first.regions.extend(twin.regions),
        );
        joined(
            twins.into_iter(),
            // One `deny` that is gone opens what many lines allow.
            |it| {
                let grant = Some(it.grant.clone()).filter(|_| it.deny.is_none());
                (it.of(), it.regions.clone(), it.reach.clone(), grant, it.deny.clone())
            },
            |first, more| first.destinations.extend(more.destinations),
        )
    }

    fn group(&self, change: &'r Change) -> Group<'r> {
        let (grant, deny) = self.places(change.effect, &change.cause);
        let reach = match &change.row.ports {
            Some(ports) => format!("{ports}/{}", change.row.protocol),
            None => change.row.protocol.to_string(),
        };
        Group {
            effect: change.effect,
            services: &change.services,
            regions: vec![&change.region],
            destinations: vec![&change.written],
            reach,
            witness: &change.row.witness,
            is_pattern: !change.row.destination.is_one_name(),
            grant,
            deny,
            observed: change.observed,
        }
    }

    /// `opens 2, closes 1`, in groups.
    fn summary(&self, groups: &[Group<'_>]) -> String {
        let count = |effect| -> usize {
            let of = groups.iter().filter(|group| group.effect == effect);
            of.map(|group| group.destinations.len()).sum()
        };
        match (count(Effect::Opens), count(Effect::Closes)) {
            (0, 0) => "opens nothing, closes nothing".to_owned(),
            (opens, 0) => format!("opens {opens}, closes nothing"),
            (0, closes) => format!("opens nothing, closes {closes}"),
            (opens, closes) => format!("opens {opens}, closes {closes}"),
        }
    }

    /// The regions, unless it is all of them.
    fn regions(&self, regions: &[&str]) -> Option<String> {
        (regions.len() < self.regions).then(|| regions.join(", "))
    }
}

/// The groups, those of one key as one, where the first of them stood.
fn joined<'r, K: Ord>(
    groups: impl Iterator<Item = Group<'r>>,
    key: impl Fn(&Group<'r>) -> K,
    join: impl Fn(&mut Group<'r>, Group<'r>),
) -> Vec<Group<'r>> {
    let mut places: BTreeMap<K, usize> = BTreeMap::new();
    let mut joined: Vec<Group<'r>> = Vec::new();
    for group in groups {
        let place = *places.entry(key(&group)).or_insert(joined.len());
        match joined.get_mut(place) {
            Some(first) => join(first, group),
            None => joined.push(group),
        }
    }
    joined
}

impl<'r> Group<'r> {
    fn of(&self) -> (Effect, &'r [Arc<str>]) {
        (self.effect, self.services)
    }

    /// Whose, with `+` between services of shared addresses.
    fn service(&self) -> String {
        self.services.join(" + ")
    }

    /// What the line does, in front of its text.
    fn cause(&self) -> (&Place, &'static str) {
        match (&self.deny, self.effect) {
            (Some(deny), Effect::Opens) => (deny, "no longer denied by"),
            (Some(deny), Effect::Closes) => (deny, "denied by"),
            (None, Effect::Opens) => (&self.grant, "allowed by"),
            (None, Effect::Closes) => (&self.grant, "no longer allowed by"),
        }
    }

    /// What is to be said of a service that observes.
    fn observed(&self) -> Option<&'static str> {
        self.observed.then_some(match self.effect {
            Effect::Opens => "passed already while observed; is no longer logged",
            Effect::Closes => "still passes while observed; is logged as would-deny",
        })
    }
}

impl Fact {
    /// The fact as a sentence, without its place.
    fn sentence(&self) -> String {
        let joined = |regions: &[Arc<str>]| regions.join(", ");
        let whose = |service: &Option<Arc<str>>| match service {
            Some(service) => format!("`{service}`"),
            None => "every service".to_owned(),
        };
        match self {
            Self::ServiceAdded { service, regions } => {
                format!("`{service}` is new in {}", joined(regions))
            }
            Self::ServiceRemoved { service, regions } => {
                format!("`{service}` is gone from {}", joined(regions))
            }
            Self::Sources { service, region, gained, lost } => {
                let mut parts = Vec::new();
                if !gained.is_empty() {
                    parts.push(format!("also {}", gained.join(" ")));
                }
                if !lost.is_empty() {
                    parts.push(format!("no longer {}", lost.join(" ")));
                }
                format!("`{service}` is {} in {region}", parts.join(" and "))
            }
            Self::Observe { service, before: None, after: Some(until) } => format!(
                "`{service}` observes now, until {until}: whatever it may not reach passes and is logged"
            ),
            Self::Observe { service, before: Some(_), after: None } => {
                format!("`{service}` no longer observes: whatever it may not reach is stopped")
            }
            Self::Observe { service, before, after } => {
                format!("`{service}` observes until {}, before until {}", day(*after), day(*before))
            }
            Self::Expiry { service, entry, before, after, .. } => format!(
                "`{entry}` of {} ends {}, before {}",
                whose(service),
                day(*after),
                day(*before)
            ),
            Self::Deny { service, entry, side: Side::Before, .. } => {
                format!("`{entry}` of {} is gone: whoever allows it later may", whose(service))
            }
            Self::Deny { service, entry, side: Side::After, .. } => {
                format!("`{entry}` of {} is new: it holds whatever is allowed", whose(service))
            }
        }
    }

    /// Where it stands, if it is about an entry.
    fn at(&self) -> Option<(Side, Location)> {
        match self {
            Self::Expiry { at, .. } => Some((Side::After, *at)),
            Self::Deny { side, at, .. } => Some((*side, *at)),
            Self::ServiceAdded { .. }
            | Self::ServiceRemoved { .. }
            | Self::Sources { .. }
            | Self::Observe { .. } => None,
        }
    }

    /// The kind of fact as programs know it.
    fn kind(&self) -> &'static str {
        match self {
            Self::ServiceAdded { .. } => "service-added",
            Self::ServiceRemoved { .. } => "service-removed",
            Self::Sources { .. } => "sources",
            Self::Observe { .. } => "observe",
            Self::Expiry { .. } => "expiry",
            Self::Deny { .. } => "deny",
        }
    }

    fn service(&self) -> Option<&str> {
        match self {
            Self::ServiceAdded { service, .. }
            | Self::ServiceRemoved { service, .. }
            | Self::Sources { service, .. }
            | Self::Observe { service, .. } => Some(service),
            Self::Expiry { service, .. } | Self::Deny { service, .. } => service.as_deref(),
        }
    }
}

fn day(day: Option<jiff::civil::Date>) -> String {
    day.map_or_else(|| "never".to_owned(), |day| format!("on {day}"))
}
