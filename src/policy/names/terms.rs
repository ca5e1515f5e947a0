//! Writing a set back as a policy would: patterns, each with what is excepted from it.

use std::fmt;

use super::labels::Outline;
use super::{NameSet, Node};
use crate::policy::fqdn::Fqdn;
use crate::policy::pattern::Pattern;

/// The names of a pattern without those of others.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Term {
    /// What is in, but for the exceptions.
    pub pattern: Pattern,
    /// What is out.
    pub except: Vec<Pattern>,
}

/// Each round writes what the exceptions of the round before took too much, usually nothing. It
/// lies deeper each time, unless only intricate sets of labels are left.
const ROUNDS: usize = 128;

impl NameSet {
    /// Terms that together have the names of the set, in the order of the tree and of their depth.
    ///
    /// Few, but not always as few as possible. `None` if it is too intricate, or if what is left
    /// over is a label that no policy can write (`-a`); a set that was made of patterns alone seldom
    /// is, and never if none of them has an underscore.
    pub fn terms(&self) -> Option<Vec<Term>> {
        let mut terms = Vec::new();
        let mut left = self.clone();
        for _ in 0..ROUNDS {
            if left.is_empty() {
                return Some(terms);
            }
            let outline = left.outline()?;
            let too_much = NameSet::from_patterns(&outline).difference(self);
            let mut excepted = Vec::new();
            for pattern in outline {
                let names = NameSet::from_pattern(&pattern);
                let except = names.intersection(&too_much).outline()?;
                excepted.extend(except.iter().cloned());
                if !except.iter().any(|other| other.covers(&pattern)) {
                    terms.push(Term { pattern, except });
                }
            }
            left = left.intersection(&NameSet::from_patterns(&excepted));
        }
        None
    }

    /// Patterns that match every name of the set, and as few others as they can.
    fn outline(&self) -> Option<Vec<Pattern>> {
        let mut patterns = Vec::new();
        self.root.outline("", Implied::default(), &mut patterns)?;
        Some(patterns)
    }
}

/// What the patterns above a node match already.
#[derive(Debug, Clone, Copy, Default)]
struct Implied {
    here: bool,
    below: bool,
}

impl Node {
    fn outline(&self, path: &str, implied: Implied, patterns: &mut Vec<Pattern>) -> Option<()> {
        let name = || Fqdn::parse(path).ok().map(|name| name.value);
        if self.here && !implied.here {
            patterns.push(Pattern::Exact(name()?));
        }
        let below = implied.below || self.deep;
        if self.deep && !implied.below {
            patterns.push(Pattern::Below(name()?));
        }
        let mut labels = Outline::default();
        if !below && self.one.as_constant() != Some(false) {
            labels = self.one.outline();
            for label in labels.short.iter().filter(|label| self.child(label).is_none()) {
                let name = Fqdn::parse(&format!("{label}.{path}")).ok()?;
                patterns.push(Pattern::Exact(name.value));
            }
            let parent = name()?;
            patterns.extend(labels.globs.iter().map(|label| {
                let (label, parent) = (label.clone(), parent.clone());
                Pattern::OneLabel { label, parent }
            }));
        }
        for (label, child) in &self.children {
            let path = if path.is_empty() { label.to_string() } else { format!("{label}.{path}") };
            let here = below || labels.matches(label);
            child.outline(&path, Implied { here, below }, patterns)?;
        }
        Some(())
    }
}

impl fmt::Display for Term {
    /// As a policy writes it: `**.example.com except *.dev.example.com`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.pattern.fmt(f)?;
        for (at, pattern) in self.except.iter().enumerate() {
            write!(f, "{} {pattern}", if at == 0 { " except" } else { "" })?;
        }
        Ok(())
    }
}
