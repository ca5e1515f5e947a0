//! Sets of labels: what globs leave when they are combined, but for finitely many labels.
//!
//! Whether a long label is in such a set depends on how it begins and how it ends, independently:
//! `a*b` is "begins with `a`" and "ends with `b`". Of a short one the beginning and the end may
//! overlap (`aba` begins with `ab` and ends with `ba`, and is no `ab*ba`). So a [`LabelSet`] is a
//! set of pairs of beginning and end, and its members among the labels are found by continuing a
//! label with [`PAD`] to the right for the beginning, to the left for the end. This makes
//! membership of a combination the combination of memberships, and the set a function of the long
//! labels alone, hence of all but any finite number of labels. The finitely many for which a glob
//! says otherwise, at most as many as it has characters, are the exceptions of
//! [`LabelSet::from_globs`]; the tree holds them as children.

use std::collections::{BTreeMap, BTreeSet};
use std::ops::ControlFlow;
use std::sync::Arc;

use super::Operation;
use super::trie::{Answer, PAD, Trie};
use crate::policy::pattern::Glob;

/// A set of labels that begins and ends decide.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(super) enum LabelSet {
    /// No label.
    None,
    /// Every label.
    All,
    /// Neither of these.
    Mixed(Beginnings),
}

/// For each beginning the set of ends.
type Beginnings = Arc<Trie<Ends>>;

/// The set of ends, read from the right.
type Ends = Arc<Trie<bool>>;

impl LabelSet {
    /// No label or every label.
    pub(super) const fn constant(full: bool) -> Self {
        if full { Self::All } else { Self::None }
    }

    /// Whether it is no label or every label, if it is one of these.
    pub(super) const fn as_constant(&self) -> Option<bool> {
        match self {
            Self::None => Some(false),
            Self::All => Some(true),
            Self::Mixed(_) => None,
        }
    }

    /// The labels that any of the globs matches, but for the exceptions: these are in the set and
    /// match none.
    pub(super) fn from_globs(globs: &[&Glob]) -> (Self, BTreeSet<String>) {
        if globs.iter().any(|glob| glob.is_any()) {
            return (Self::All, BTreeSet::new());
        }
        if globs.is_empty() {
            return (Self::None, BTreeSet::new());
        }
        let mut index = Index::default();
        globs.iter().for_each(|glob| index.insert(glob.prefix(), glob.suffix()));
        let groups: Vec<_> = index.suffixes.iter().collect();
        let set = Self::from(union(&groups, &beginnings));
        let short = globs.iter().flat_map(|glob| overlapping(glob));
        let exceptions =
            short.filter(|label| set.contains(label) && !index.matches(label)).collect();
        (set, exceptions)
    }

    /// Globs and single labels that together match every label of the set, and more only where the
    /// set is not a union of globs.
    pub(super) fn outline(&self) -> Outline {
        let mut globs = Vec::new();
        let mut index = Index::default();
        // Short ones come first, so what is left out is covered by what came before.
        let visited = self.beginnings().visit(&mut String::new(), &mut |prefix, ends| {
            ends.answer.visit(&mut String::new(), &mut |reversed, end| {
                let suffix: String = end.text(reversed).chars().rev().collect();
                let prefix = ends.text(prefix);
                if end.answer && !index.covers(&prefix, &suffix) {
                    index.insert(&prefix, &suffix);
                    globs.push(Glob::new(&prefix, &suffix));
                }
                ControlFlow::<()>::Continue(())
            })
        });
        debug_assert!(visited.is_continue(), "nothing stops it");
        let (_, mut short) = Self::from_globs(&globs.iter().collect::<Vec<_>>());
        short.retain(|label| self.contains(label));
        Outline { globs, short, index }
    }

    /// Whether the label is in the set.
    pub(super) fn contains(&self, label: &str) -> bool {
        match self {
            Self::None => false,
            Self::All => true,
            Self::Mixed(set) => *set.get(label.bytes()).get(label.bytes().rev()),
        }
    }

    pub(super) fn combine(&self, other: &Self, operation: Operation) -> Self {
        match (self.as_constant(), other.as_constant()) {
            (Some(left), Some(right)) => Self::constant(operation.apply(left, right)),
            _ => self.beginnings().combine(&other.beginnings(), operation).into(),
        }
    }

    /// Whether every label of `other` is in this set.
    pub(super) fn covers(&self, other: &Self) -> bool {
        match (self, other) {
            (Self::All, _) | (_, Self::None) => true,
            (Self::None, _) | (_, Self::All) => false,
            (Self::Mixed(left), Self::Mixed(right)) => {
                right.combine(left, Operation::Difference).as_constant() == Some(false)
            }
        }
    }

    fn beginnings(&self) -> Beginnings {
        match self {
            Self::None => Answer::constant(false),
            Self::All => Answer::constant(true),
            Self::Mixed(set) => set.clone(),
        }
    }

    /// Shows labels of the set that are not taken, the pleasant ones first, until told to stop; at
    /// least one if the set is not empty and only finitely many are taken.
    pub(super) fn visit<B>(
        &self,
        taken: &dyn Fn(&str) -> bool,
        show: &mut dyn FnMut(&str) -> ControlFlow<B>,
    ) -> ControlFlow<B> {
        if self.as_constant() == Some(false) {
            return ControlFlow::Continue(());
        }
        self.beginnings().visit(&mut String::new(), &mut |prefix, ends| {
            ends.answer.visit(&mut String::new(), &mut |reversed, end| {
                if !end.answer {
                    return ControlFlow::Continue(());
                }
                let suffix: String = reversed.chars().rev().collect();
                let first = ends.free();
                let last = end.free();
                // Longer than both together, so that nothing else decides, …
                let around = |middle: &str| {
                    Some(format!("{prefix}{middle}{suffix}")).filter(|label| !taken(label))
                };
                let long = [
                    letters(&first, &last).find_map(|middle| around(&middle)),
                    texts(&first, &last).find_map(|middle| around(&middle)),
                ];
                // … or as long, or with the end of the one as the beginning of the other.
                let short = (0..=prefix.len().min(suffix.len())).filter_map(|shared| {
                    let (start, rest) = suffix.split_at_checked(shared)?;
                    prefix.ends_with(start).then(|| format!("{prefix}{rest}"))
                });
                let short = short
                    .filter(|label| !label.is_empty() && self.contains(label) && !taken(label));
                long.into_iter().flatten().chain(short).try_for_each(|label| show(&label))
            })
        })
    }
}

impl From<Beginnings> for LabelSet {
    fn from(set: Beginnings) -> Self {
        set.as_constant().map_or(Self::Mixed(set), Self::constant)
    }
}

/// What [`LabelSet::outline`] finds.
#[derive(Debug, Default)]
pub(super) struct Outline {
    /// The globs; none covers another.
    pub(super) globs: Vec<Glob>,
    /// Labels of the set that no glob matches.
    pub(super) short: BTreeSet<String>,
    index: Index,
}

impl Outline {
    /// Whether any of the globs matches the label.
    pub(super) fn matches(&self, label: &str) -> bool {
        self.index.matches(label)
    }
}

/// Globs, found by prefix and suffix.
#[derive(Debug, Default)]
struct Index {
    suffixes: BTreeMap<String, BTreeSet<String>>,
}

impl Index {
    fn insert(&mut self, prefix: &str, suffix: &str) {
        self.suffixes.entry(prefix.to_owned()).or_default().insert(suffix.to_owned());
    }

    /// Whether any of the globs matches the label.
    fn matches(&self, label: &str) -> bool {
        self.any(label, |rest| rest)
    }

    /// Whether any of the globs covers this one.
    fn covers(&self, prefix: &str, suffix: &str) -> bool {
        self.any(prefix, |_| suffix)
    }

    /// Whether there is a glob that `text` begins with, and that ends what `end` makes of the rest.
    fn any<'a>(&self, text: &'a str, end: impl Fn(&'a str) -> &'a str) -> bool {
        (0..=text.len()).any(|at| {
            let Some((prefix, rest)) = text.split_at_checked(at) else { return false };
            let Some(suffixes) = self.suffixes.get(prefix) else { return false };
            let end = end(rest);
            (0..=end.len()).any(|at| end.get(at..).is_some_and(|end| suffixes.contains(end)))
        })
    }
}

/// The union of what is made of the parts, by halves, so that each is copied seldom.
fn union<T, V: Answer>(parts: &[T], make: &impl Fn(&T) -> V) -> V {
    match parts {
        [] => V::constant(false),
        [part] => make(part),
        _ => {
            let (left, right) = parts.split_at_checked(parts.len() / 2).unwrap_or((parts, &[]));
            union(left, make).combine(&union(right, make), Operation::Union)
        }
    }
}

/// What begins with the prefix and ends with one of the suffixes.
///
/// All ends of one beginning are made before any beginnings meet: so a set of ends that many
/// beginnings inherit is shared by them.
fn beginnings((prefix, suffixes): &(&String, &BTreeSet<String>)) -> Beginnings {
    let suffixes: Vec<&String> = suffixes.iter().collect();
    let ends = union(&suffixes, &|suffix| Trie::along(suffix.bytes().rev(), true));
    Trie::along(prefix.bytes(), ends)
}

/// The labels too short for the glob which nevertheless, continued by [`PAD`], may begin and end
/// as it does.
fn overlapping(glob: &Glob) -> impl Iterator<Item = String> {
    let (prefix, suffix) = (glob.prefix(), glob.suffix());
    // Shorter ones would have to be continued by something else than `PAD`.
    let pad = char::from(PAD);
    let least = prefix.trim_end_matches(pad).len().max(suffix.trim_start_matches(pad).len()).max(1);
    (least..prefix.len() + suffix.len()).filter_map(move |length| {
        // Each character is one of the prefix or of the suffix, or of both, which must agree.
        let beginning = prefix.get(..length).unwrap_or(prefix);
        let end = suffix.get(suffix.len().saturating_sub(length)..).unwrap_or(suffix);
        let shared = (beginning.len() + end.len()).checked_sub(length)?;
        let (start, rest) = end.split_at_checked(shared)?;
        beginning.ends_with(start).then(|| format!("{beginning}{rest}"))
    })
}

/// The letters of both.
fn letters(first: &[char], last: &[char]) -> impl Iterator<Item = String> {
    first.iter().filter(|letter| last.contains(letter)).map(char::to_string)
}

/// Endless texts that begin with the most pleasant letter of the one and end with that of the
/// other, if there are such letters.
fn texts(first: &[char], last: &[char]) -> impl Iterator<Item = String> {
    let ends = first.first().zip(last.first());
    ends.into_iter().flat_map(|(begin, end)| {
        let middles = std::iter::once(String::new()).chain(spellings());
        middles.map(move |middle| format!("{begin}{middle}{end}"))
    })
}

/// Every text of letters, short ones first: `a`, `b`, … `z`, `aa`, `ab`, …
pub(super) fn spellings() -> impl Iterator<Item = String> {
    (0u64..).map(|number| {
        let mut letters = Vec::new();
        let mut left = number + 1;
        while left > 0 {
            left -= 1;
            letters.push(char::from(b'a' + u8::try_from(left % 26).unwrap_or_default()));
            left /= 26;
        }
        letters.iter().rev().collect()
    })
}
