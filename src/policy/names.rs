//! The algebra of names: exact sets, built from patterns, closed under union, intersection and
//! difference.
//!
//! # Universe
//!
//! A name is one or more labels joined by dots; a label is a nonempty string over `a-z 0-9 - _`, of
//! any length and with hyphens anywhere. That is what an engine can match once case is folded, not
//! what DNS could resolve: so no answer depends on a limit of lengths. Witnesses are nevertheless
//! names that a host can have, wherever the set has one.
//!
//! # Form
//!
//! A set is a tree over labels from right to left. Its nodes hold three answers and the labels for
//! which these are not the whole truth, the *children*. Below a label that is no child, the answer
//! is the same for every name, so a child that says what its absence would say is left out. What
//! the three answers say is fixed by all but finitely many labels (`labels` has the argument for
//! the one that is not a mere bit), so the tree is a function of the set: equal sets are `==`.
//! An operation is done answer by answer and child by child, where a missing child is made from the
//! answers of its parent.

use std::borrow::Cow;
use std::cmp::Ordering;
use std::ops::ControlFlow;

use super::fqdn::Fqdn;
use super::pattern::{Glob, Pattern};
use labels::LabelSet;

mod labels;
mod terms;
mod trie;

pub use terms::Term;

/// An exact set of names; equal sets are `==`.
///
/// ```
/// use fwc::policy::{names::NameSet, pattern::Pattern};
///
/// let set = |text| Pattern::parse(text).map(|read| NameSet::from_pattern(&read.value));
/// let left = set("**.example.com")?.difference(&set("*.example.com")?);
/// assert!(left.contains("a.b.example.com"));
/// assert_eq!(left.witness().as_deref(), Some("a.a.example.com"));
/// # Ok::<(), fwc::policy::pattern::PatternError>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct NameSet {
    root: Node,
}

/// The names of a set that end with certain labels.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
struct Node {
    /// Whether those labels alone are a name of the set.
    here: bool,
    /// Which names with one label more are, if that label is no child.
    one: LabelSet,
    /// Whether names with two or more labels more are, if the first of these is no child.
    deep: bool,
    /// The labels for which the above is not the whole truth, sorted.
    ///
    /// A vector: nearly every node has one child or none, for which a map would pay a kilobyte.
    children: Vec<(Box<str>, Node)>,
}

/// What is done to two sets, by what is done to membership.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Operation {
    Union,
    Intersection,
    Difference,
}

/// What an operation does to a set if the other is empty or full.
enum Effect {
    /// The result is empty or full.
    Constant(bool),
    /// The result is the set.
    Identity,
    /// The result is its complement.
    Complement,
}

impl Operation {
    const fn apply(self, left: bool, right: bool) -> bool {
        match self {
            Self::Union => left || right,
            Self::Intersection => left && right,
            Self::Difference => left && !right,
        }
    }

    const fn with_left(self, left: bool) -> Effect {
        Effect::of(self.apply(left, false), self.apply(left, true))
    }

    const fn with_right(self, right: bool) -> Effect {
        Effect::of(self.apply(false, right), self.apply(true, right))
    }
}

impl Effect {
    const fn of(on_false: bool, on_true: bool) -> Self {
        match (on_false, on_true) {
            (false, true) => Self::Identity,
            (true, false) => Self::Complement,
            (answer, _) => Self::Constant(answer),
        }
    }
}

impl NameSet {
    /// The set without names.
    pub const fn empty() -> Self {
        Self { root: Node::constant(false, false) }
    }

    /// The set of all names.
    pub const fn everything() -> Self {
        Self { root: Node::constant(false, true) }
    }

    /// The names a pattern matches.
    pub fn from_pattern(pattern: &Pattern) -> Self {
        Self::from_patterns([pattern])
    }

    /// The names any of the patterns matches.
    ///
    /// Costs a sort of the patterns; a union of as many sets would cost a copy each.
    pub fn from_patterns<'a>(patterns: impl IntoIterator<Item = &'a Pattern>) -> Self {
        let mut keys = String::new();
        let mut places = Vec::new();
        for pattern in patterns {
            let start = keys.len();
            for label in pattern.base().labels().rev() {
                keys.push_str(label);
                keys.push(SEPARATOR);
            }
            places.push((start..keys.len(), pattern));
        }
        let entry = |(place, pattern)| Entry { key: keys.get(place).unwrap_or_default(), pattern };
        let mut entries: Vec<Entry<'_>> = places.into_iter().map(entry).collect();
        entries.sort_unstable_by_key(|entry| entry.key);
        Self { root: Node::from_entries(&entries, 0, false) }
    }

    /// Whether the set has no names.
    pub fn is_empty(&self) -> bool {
        self.root == Node::constant(false, false)
    }

    /// Whether a name, as text in the form of this [module](self), is in the set.
    pub fn contains(&self, name: &str) -> bool {
        let mut node = &self.root;
        let mut labels = name.rsplit('.');
        while let Some(label) = labels.next() {
            let Some(child) = node.child(label) else {
                return if labels.next().is_some() { node.deep } else { node.one.contains(label) };
            };
            node = child;
        }
        node.here
    }

    /// The names of either.
    #[must_use]
    pub fn union(&self, other: &Self) -> Self {
        self.combine(other, Operation::Union)
    }

    /// The names of both.
    #[must_use]
    pub fn intersection(&self, other: &Self) -> Self {
        self.combine(other, Operation::Intersection)
    }

    /// The names of this set that are not in the other.
    #[must_use]
    pub fn difference(&self, other: &Self) -> Self {
        self.combine(other, Operation::Difference)
    }

    /// The names that end with `from`, or are it, with `to` in its place.
    #[must_use]
    pub fn moved(&self, from: &Fqdn, to: &Fqdn) -> Self {
        let mut node = Cow::Borrowed(&self.root);
        for label in from.labels().rev() {
            node = match node {
                Cow::Borrowed(node) => match node.child(label) {
                    Some(child) => Cow::Borrowed(child),
                    None => Cow::Owned(node.implied(label)),
                },
                Cow::Owned(node) => Cow::Owned(node.implied(label)),
            };
        }
        let root = to.labels().fold(node.into_owned(), |node, label| {
            let mut parent = Node::constant(false, false);
            parent.push(label, node);
            parent
        });
        Self { root }
    }

    fn combine(&self, other: &Self, operation: Operation) -> Self {
        Self { root: self.root.combine(&other.root, operation) }
    }

    /// Whether every name of `other` is in this set.
    ///
    /// The same as an empty `other.difference(self)`, without building it.
    pub fn covers(&self, other: &Self) -> bool {
        self.root.covers(&other.root)
    }

    /// A name of the set, always the same one.
    ///
    /// One that a host can have, unless the first 10,000 that come to mind are none.
    pub fn witness(&self) -> Option<String> {
        let mut first = None;
        let mut patience = PATIENCE;
        let suitable = self.root.visit("", &mut |name| {
            patience -= 1;
            if patience == 0 || Fqdn::parse(&name).is_ok() {
                return ControlFlow::Break(name);
            }
            first.get_or_insert(name);
            ControlFlow::Continue(())
        });
        suitable.break_value().filter(|_| patience > 0).or(first)
    }

    /// A name that is in both sets, as [`witness`](Self::witness) chooses it.
    pub fn overlap(&self, other: &Self) -> Option<String> {
        self.intersection(other).witness()
    }
}

/// How many names a search for a witness looks at. Labels longer than a host's come in products of
/// beginnings and ends, too many to see them all.
const PATIENCE: usize = 10_000;

/// Sorts below every character of a label, so that names sort by their labels.
const SEPARATOR: char = '\0';

/// A pattern on its way into a tree.
#[derive(Debug, Clone, Copy)]
struct Entry<'a> {
    /// The labels of its base from right to left, each followed by [`SEPARATOR`].
    key: &'a str,
    pattern: &'a Pattern,
}

impl<'a> Entry<'a> {
    /// The label that begins `at` bytes into the key; empty if the base ends there.
    fn label(&self, at: usize) -> &'a str {
        let rest = self.key.get(at..).unwrap_or_default();
        rest.split_once(SEPARATOR).map_or("", |(label, _)| label)
    }
}

impl Node {
    /// Nothing or everything below, whatever the answer here.
    const fn constant(here: bool, below: bool) -> Self {
        Self { here, one: LabelSet::constant(below), deep: below, children: Vec::new() }
    }

    /// Whether nothing or everything below is in, if it is one of these.
    fn below(&self) -> Option<bool> {
        let constant = self.one.as_constant().filter(|answer| *answer == self.deep);
        constant.filter(|_| self.children.is_empty())
    }

    fn child(&self, label: &str) -> Option<&Self> {
        let at = self.children.binary_search_by(|(other, _)| (**other).cmp(label)).ok()?;
        self.children.get(at).map(|(_, child)| child)
    }

    /// What is so below a label that is no child.
    fn implied(&self, label: &str) -> Self {
        Self::constant(self.one.contains(label), self.deep)
    }

    /// Whether every name below a label that is no child is out.
    fn implies_nothing(&self) -> bool {
        !self.deep && self.one.as_constant() == Some(false)
    }

    /// Adds a child behind the others, unless it says what its absence says.
    fn push(&mut self, label: &str, child: Self) {
        if child.below() != Some(self.deep) || child.here != self.one.contains(label) {
            self.children.push((label.into(), child));
        }
    }

    /// The tree of sorted entries that agree in the first `at` bytes of their keys.
    fn from_entries(entries: &[Entry<'_>], at: usize, here: bool) -> Self {
        let bases = entries.partition_point(|entry| entry.key.len() <= at);
        let (ending, longer) = entries.split_at_checked(bases).unwrap_or((entries, &[]));
        let mut node = Self::constant(here, false);
        let mut globs: Vec<&Glob> = Vec::new();
        for entry in ending {
            match entry.pattern {
                Pattern::Exact(_) => node.here = true,
                Pattern::OneLabel { label, .. } => globs.push(label),
                Pattern::Below(_) => node.deep = true,
            }
        }
        if node.deep {
            return Self::constant(node.here, true);
        }
        let (one, mut exceptions) = LabelSet::from_globs(&globs);
        node.one = one;
        for group in longer.chunk_by(|a, b| a.label(at) == b.label(at)) {
            let label = group.first().map_or("", |entry| entry.label(at));
            let here = node.one.contains(label) && !exceptions.remove(label);
            let next = at + label.len() + SEPARATOR.len_utf8();
            node.push(label, Self::from_entries(group, next, here));
        }
        if !exceptions.is_empty() {
            exceptions.iter().for_each(|label| node.push(label, Self::constant(false, false)));
            node.children.sort_unstable_by(|(a, _), (b, _)| a.cmp(b));
        }
        node.children.shrink_to_fit();
        node
    }

    fn combine(&self, other: &Self, operation: Operation) -> Self {
        let here = operation.apply(self.here, other.here);
        let effects = [
            other.below().map(|answer| (operation.with_right(answer), self)),
            self.below().map(|answer| (operation.with_left(answer), other)),
        ];
        for (effect, set) in effects.into_iter().flatten() {
            match effect {
                Effect::Constant(answer) => return Self::constant(here, answer),
                Effect::Identity => return Self { here, ..set.clone() },
                Effect::Complement => {}
            }
        }
        let mut node = Self {
            here,
            one: self.one.combine(&other.one, operation),
            deep: operation.apply(self.deep, other.deep),
            children: Vec::new(),
        };
        let mut add = |label: &str, left: Option<&Self>, right: Option<&Self>| {
            let child = match (left, right) {
                (Some(left), Some(right)) => left.combine(right, operation),
                (Some(left), None) => left.combine(&other.implied(label), operation),
                (None, Some(right)) => self.implied(label).combine(right, operation),
                (None, None) => return,
            };
            node.push(label, child);
        };
        // A small set and a large one should not cost the large one.
        let of_left = operation != Operation::Union && self.implies_nothing();
        let of_right = operation == Operation::Intersection && other.implies_nothing();
        if of_left && !(of_right && other.children.len() < self.children.len()) {
            for (label, left) in &self.children {
                add(label, Some(left), other.child(label));
            }
        } else if of_right {
            for (label, right) in &other.children {
                add(label, self.child(label), Some(right));
            }
        } else {
            for (label, left, right) in merge(&self.children, &other.children) {
                add(label, left, right);
            }
        }
        node.children.shrink_to_fit();
        node
    }

    fn covers(&self, other: &Self) -> bool {
        // What `one` and `deep` say is said of infinitely many labels, so children cannot mend it.
        if other.here && !self.here || other.deep && !self.deep || !self.one.covers(&other.one) {
            return false;
        }
        let of_other = other.children.iter().all(|(label, right)| match self.child(label) {
            Some(left) => left.covers(right),
            None => self.implied(label).covers(right),
        });
        of_other
            && (other.implies_nothing()
                || self.children.iter().all(|(label, left)| {
                    other.child(label).is_some() || left.covers(&other.implied(label))
                }))
    }

    /// Shows names of the set that end with `path`, the pleasant ones first, until told to stop;
    /// at least one if there is any.
    fn visit(
        &self,
        path: &str,
        show: &mut impl FnMut(String) -> ControlFlow<String>,
    ) -> ControlFlow<String> {
        let join = |label: &str| match path {
            "" => label.to_owned(),
            path => format!("{label}.{path}"),
        };
        if self.here {
            show(path.to_owned())?;
        }
        self.one.visit(&|label| self.child(label).is_some(), &mut |label| show(join(label)))?;
        for (label, child) in &self.children {
            child.visit(&join(label), show)?;
        }
        if self.deep {
            // The labels that are no children: every other one.
            let free = labels::spellings().find(|label| self.child(label).is_none());
            if let Some(label) = free {
                show(format!("a.{}", join(&label)))?;
            }
        }
        ControlFlow::Continue(())
    }
}

type Children<'a> = &'a [(Box<str>, Node)];

/// The labels of both in order, each with the child of either.
fn merge<'a>(
    left: Children<'a>,
    right: Children<'a>,
) -> impl Iterator<Item = (&'a str, Option<&'a Node>, Option<&'a Node>)> {
    let (mut left, mut right) = (left.iter().peekable(), right.iter().peekable());
    std::iter::from_fn(move || {
        let order = match (left.peek(), right.peek()) {
            (Some((left, _)), Some((right, _))) => left.cmp(right),
            (Some(_), None) => Ordering::Less,
            (None, _) => Ordering::Greater,
        };
        let left = if order.is_le() { left.next() } else { None };
        let right = if order.is_ge() { right.next() } else { None };
        let (label, _) = left.or(right)?;
        Some((&**label, left.map(|(_, node)| node), right.map(|(_, node)| node)))
    })
}

#[cfg(test)]
mod tests;
