//! What differs between signatures that are in a firewall and those that should be.

use core::net::IpAddr;
use std::cmp::Reverse;
use std::collections::{BTreeMap, BTreeSet, VecDeque};

use ipnet::IpNet;
use rustc_hash::{FxHashMap, FxHashSet};

use super::Group;
use crate::suricata::parse::{self, Unreadable};
use crate::suricata::{Addresses, Metadata, Ruleset, Signature, sid};

/// What differs; two that are the same have none of it.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Drift {
    /// The signatures: those of the firewall in its order, then those that are missing there.
    pub changes: Vec<Change>,
    /// The addresses behind their names, by group and name.
    pub sets: Vec<SetChange>,
}

impl Drift {
    /// Whether nothing differs.
    pub fn is_empty(&self) -> bool {
        self.changes.is_empty() && self.sets.is_empty()
    }
}

/// A signature that is not the same, or not at the same place.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Change {
    /// It is there, and nothing asks for it.
    Added(Live),
    /// It should be there.
    Removed(Expected),
    /// It says something else than it should.
    Changed(Live, Expected),
    /// It is evaluated before or after others, and should not be.
    Moved(Live),
}

/// A line that is in a firewall.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Live {
    /// The rule group.
    pub group: String,
    /// The number of the line in it, from 1.
    pub line: u32,
    /// The line.
    pub text: String,
    /// What it says.
    pub signature: Result<Signature, Unreadable>,
}

/// A signature that should be in a firewall.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Expected {
    /// Its line.
    pub text: String,
    /// The same as data.
    pub signature: Signature,
}

impl Change {
    /// `added`, `removed`, `changed` or `moved`.
    pub const fn as_str(&self) -> &'static str {
        match self {
            Self::Added(_) => "added",
            Self::Removed(_) => "removed",
            Self::Changed(..) => "changed",
            Self::Moved(_) => "moved",
        }
    }

    /// The line that is in the firewall.
    pub const fn live(&self) -> Option<&Live> {
        match self {
            Self::Added(live) | Self::Changed(live, _) | Self::Moved(live) => Some(live),
            Self::Removed(_) => None,
        }
    }

    /// What should be in the firewall.
    pub const fn expected(&self) -> Option<&Expected> {
        match self {
            Self::Removed(expected) | Self::Changed(_, expected) => Some(expected),
            Self::Added(_) | Self::Moved(_) => None,
        }
    }

    /// The signature that it is about: the one that should be there, or else the one that is, if
    /// it can be read.
    pub fn signature(&self) -> Option<&Signature> {
        let expected = self.expected().map(|it| &it.signature);
        expected.or_else(|| self.live()?.signature.as_ref().ok())
    }

    /// Whose it is and what it is about; `None` for a part of the skeleton, and for what is not
    /// ours.
    pub fn metadata(&self) -> Option<&Metadata> {
        self.signature()?.metadata()
    }
}

/// Addresses that signatures name and that are not what they should be.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SetChange {
    /// The rule group.
    pub group: String,
    /// The name, without `$` or `@`.
    pub name: String,
    /// What it stands for in the firewall; `None` for nothing.
    pub live: Option<Set>,
    /// What it should stand for.
    pub expected: Set,
}

/// What a name stands for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Set {
    /// Networks, aggregated and sorted.
    Networks(Vec<IpNet>),
    /// A set that AWS fills, by its ARN.
    Reference(String),
}

/// The rule groups of a firewall, read.
pub(super) struct Firewall<'l> {
    pub(super) lines: Vec<Line<'l>>,
    /// What each group names.
    pub(super) sets: Vec<Sets<'l>>,
}

/// A line of a rule group.
pub(super) struct Line<'l> {
    /// The number of the group.
    pub(super) group: usize,
    name: &'l str,
    pub(super) read: parse::Line<'l>,
}

/// What the signatures of a group may name.
pub(super) struct Sets<'l> {
    group: &'l str,
    /// One that cannot be read is not there.
    pub(super) variables: BTreeMap<&'l str, Vec<IpNet>>,
    pub(super) references: &'l BTreeMap<String, String>,
}

impl Line<'_> {
    fn to_live(&self) -> Live {
        let parse::Line { number, text, signature } = &self.read;
        let (group, text) = (self.name.to_owned(), (*text).to_owned());
        Live { group, line: *number, text, signature: signature.clone() }
    }
}

impl<'l> Sets<'l> {
    fn new(group: &Group<'l>) -> Self {
        let network = |text: &String| -> Option<IpNet> {
            text.parse().ok().or_else(|| Some(IpNet::from(text.parse::<IpAddr>().ok()?)))
        };
        let networks = |definition: &'l Vec<String>| {
            let networks = definition.iter().map(network).collect::<Option<Vec<_>>>()?;
            let mut networks = IpNet::aggregate(&networks);
            networks.sort_unstable();
            Some(networks)
        };
        let variables = group.variables.iter();
        let variables = variables.filter_map(|(name, it)| Some((name.as_str(), networks(it)?)));
        let Group { name, references, .. } = *group;
        Self { group: name, variables: variables.collect(), references }
    }
}

/// Which ids have to be the same.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Ids {
    /// All of them.
    All,
    /// The fixed ones: the others follow from what entries say with their variables.
    OfSkeleton,
}

impl Ids {
    /// As much of a line as has to be the same.
    fn key<'t>(self, text: &'t str, signature: &Signature) -> &'t str {
        match self {
            Self::OfSkeleton if signature.sid >= sid::FIRST => {
                text.rsplit_once(" sid:").map_or(text, |(key, _)| key)
            }
            Self::All | Self::OfSkeleton => text,
        }
    }
}

/// How lines compare with a ruleset.
pub(super) struct Comparison<'r> {
    pub(super) changes: Vec<Change>,
    /// The lines that the ruleset has, by number.
    pub(super) reproduced: FxHashSet<usize>,
    /// The signatures of the ruleset that no line is.
    pub(super) lacking: Vec<&'r Signature>,
}

impl<'l> Firewall<'l> {
    pub(super) fn new(live: &[Group<'l>]) -> Self {
        let groups = live.iter().enumerate();
        let lines = groups.flat_map(|(group, it)| {
            parse::lines(it.text).map(move |read| Line { group, name: it.name, read })
        });
        Self { lines: lines.collect(), sets: live.iter().map(Sets::new).collect() }
    }

    /// What differs in the addresses that the lines of each group name.
    pub(super) fn sets(&self, expected: &Ruleset) -> Vec<SetChange> {
        let mut named: BTreeSet<(usize, &Addresses)> = BTreeSet::new();
        for line in &self.lines {
            if let Ok(signature) = &line.read.signature {
                named.insert((line.group, &signature.source));
                named.insert((line.group, &signature.destination));
            }
        }
        let mut changes = Vec::new();
        for (group, addresses) in named {
            let Some(sets) = self.sets.get(group) else { continue };
            let (name, live, expected) = match addresses {
                Addresses::Variable(name) => (
                    name,
                    sets.variables.get(&**name).cloned().map(Set::Networks),
                    expected.variables.get(name).cloned().map(Set::Networks),
                ),
                Addresses::Reference(name) => (
                    name,
                    sets.references.get(&**name).cloned().map(Set::Reference),
                    expected.references.get(name).cloned().map(Set::Reference),
                ),
                Addresses::Any | Addresses::Networks(_) => continue,
            };
            // What only a line names that should not be there is told with it.
            let Some(expected) = expected.filter(|expected| live.as_ref() != Some(expected)) else {
                continue;
            };
            let (group, name) = (sets.group.to_owned(), name.to_string());
            changes.push(SetChange { group, name, live, expected });
        }
        changes
    }

    /// Compares every line with a ruleset.
    pub(super) fn compare<'r>(&self, expected: &'r Ruleset, ids: Ids) -> Comparison<'r> {
        compare(&self.lines, expected, ids)
    }
}

fn compare<'r>(live: &[Line<'_>], expected: &'r Ruleset, ids: Ids) -> Comparison<'r> {
    let mut places: FxHashMap<&str, Vec<usize>> = FxHashMap::default();
    for (index, line) in live.iter().enumerate() {
        if let Ok(signature) = &line.read.signature {
            places.entry(ids.key(line.read.text, signature)).or_default().push(index);
        }
    }
    let (mut found, mut missing) = (Vec::with_capacity(live.len()), Vec::new());
    for wanted in expected.signatures.iter().zip(expected.text.lines()) {
        let (signature, text) = wanted;
        let behind: usize = found.last().map_or(0, |last| last + 1);
        let places = places.get_mut(ids.key(text, signature));
        let nearest = places.and_then(|places| {
            let distance = |at: &usize| places.get(*at).map(|place| place.abs_diff(behind));
            let at = (0..places.len()).min_by_key(distance)?;
            Some(places.remove(at))
        });
        match nearest {
            Some(index) => found.push(index),
            None => missing.push(Some(wanted)),
        }
    }
    let lacking = missing.iter().flatten().map(|(signature, _)| *signature).collect();
    let reproduced: FxHashSet<usize> = found.iter().copied().collect();
    let in_order: FxHashSet<usize> = rising(&found).into_iter().collect();
    let odd = || live.iter().enumerate().filter(|(index, _)| !in_order.contains(index));
    // Of what is left, a line and a signature with one id belong together; then such that speak of
    // the same grant.
    let mut partners: BTreeMap<usize, Expected> = BTreeMap::new();
    for same in [same_id, same_subject] {
        let mut left: FxHashMap<&str, VecDeque<usize>> = FxHashMap::default();
        for (index, line) in odd().filter(|(index, _)| !reproduced.contains(index)) {
            if let Some(key) = same(line.read.text).filter(|_| !partners.contains_key(&index)) {
                left.entry(key).or_default().push_back(index);
            }
        }
        for slot in &mut missing {
            let Some((signature, text)) = *slot else { continue };
            let partner = same(text).and_then(|key| left.get_mut(key)?.pop_front());
            if let Some(index) = partner {
                partners.insert(index, told(signature, text));
                *slot = None;
            }
        }
    }
    let mut changes = Vec::new();
    for (index, line) in odd() {
        let live = line.to_live();
        changes.push(match partners.remove(&index) {
            Some(expected) => Change::Changed(live, expected),
            None if reproduced.contains(&index) => Change::Moved(live),
            None => Change::Added(live),
        });
    }
    let missing = missing.into_iter().flatten();
    changes.extend(missing.map(|(signature, text)| Change::Removed(told(signature, text))));
    Comparison { changes, reproduced, lacking }
}

fn told(signature: &Signature, text: &str) -> Expected {
    Expected { text: text.to_owned(), signature: signature.clone() }
}

/// The id of a line, however the rest of it reads.
fn same_id(text: &str) -> Option<&str> {
    let (_, behind) = text.rsplit_once("sid:")?;
    behind.split(';').next()
}

/// What a line says of its grant.
fn same_subject(text: &str) -> Option<&str> {
    let (_, behind) = text.split_once(" metadata:")?;
    behind.split(';').next()
}

/// As many of these numbers, which differ, as rise from each to the next.
fn rising(numbers: &[usize]) -> Vec<usize> {
    // The last number of the best run of each length, and before each number the one in its run.
    let mut ends: Vec<usize> = Vec::new();
    let mut before: FxHashMap<usize, usize> = FxHashMap::default();
    for &number in numbers {
        let length = ends.partition_point(|end| *end < number);
        if let Some(previous) = length.checked_sub(1).and_then(|it| ends.get(it)) {
            before.insert(number, *previous);
        }
        match ends.get_mut(length) {
            Some(end) => *end = number,
            None => ends.push(number),
        }
    }
    let mut run: Vec<usize> =
        std::iter::successors(ends.last().copied(), |number| before.get(number).copied()).collect();
    run.sort_unstable_by_key(|number| Reverse(*number));
    run.reverse();
    run
}
