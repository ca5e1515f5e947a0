//! Decision trees over endless texts, as small as the answers allow.

use std::collections::BTreeMap;
use std::ops::ControlFlow;
use std::sync::Arc;

use super::{Effect, Operation};

/// The letters of labels, the pleasant ones first.
const LETTERS: &str = "abcdefghijklmnopqrstuvwxyz0123456789_-";

/// What continues a label that is too short to decide; a letter that globs seldom have.
pub(super) const PAD: u8 = b'_';

/// An answer for each endless text.
///
/// Reading stops where no edge goes on. The answer of a node is that of its text continued by
/// [`PAD`] forever, and an edge whose node says the same and nothing more is left out: so the
/// tree is a function of the answers.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(super) struct Trie<V> {
    pub(super) answer: V,
    edges: BTreeMap<u8, Arc<Self>>,
}

/// What a [`Trie`] answers: yes or no, or in turn a set.
pub(super) trait Answer: Clone + Eq {
    /// The answer that is empty or full.
    fn constant(full: bool) -> Self;

    /// Whether it is empty or full, if it is one of these.
    fn as_constant(&self) -> Option<bool>;

    fn combine(&self, other: &Self, operation: Operation) -> Self;
}

impl Answer for bool {
    fn constant(full: bool) -> Self {
        full
    }

    fn as_constant(&self) -> Option<bool> {
        Some(*self)
    }

    fn combine(&self, other: &Self, operation: Operation) -> Self {
        operation.apply(*self, *other)
    }
}

impl<V: Answer> Answer for Arc<Trie<V>> {
    fn constant(full: bool) -> Self {
        Trie::leaf(V::constant(full))
    }

    fn as_constant(&self) -> Option<bool> {
        self.answer.as_constant().filter(|_| self.edges.is_empty())
    }

    fn combine(&self, other: &Self, operation: Operation) -> Self {
        let effects = [
            other.as_constant().map(|answer| (operation.with_right(answer), self)),
            self.as_constant().map(|answer| (operation.with_left(answer), other)),
        ];
        for (effect, set) in effects.into_iter().flatten() {
            match effect {
                Effect::Constant(answer) => return Self::constant(answer),
                Effect::Identity => return Self::clone(set),
                Effect::Complement => {}
            }
        }
        let answer = self.answer.combine(&other.answer, operation);
        let of_other = other.edges.keys().filter(|letter| !self.edges.contains_key(letter));
        let edges = self.edges.keys().chain(of_other).filter_map(|letter| {
            let node = self.follow(*letter).combine(&other.follow(*letter), operation);
            (!node.is_leaf(&answer)).then_some((*letter, node))
        });
        let edges = edges.collect();
        Arc::new(Trie { answer, edges })
    }
}

impl<V: Answer> Trie<V> {
    fn leaf(answer: V) -> Arc<Self> {
        Arc::new(Self { answer, edges: BTreeMap::new() })
    }

    fn is_leaf(&self, answer: &V) -> bool {
        self.edges.is_empty() && self.answer == *answer
    }

    /// The node behind an edge, made up if there is no such edge.
    fn follow(&self, letter: u8) -> Arc<Self> {
        self.edges.get(&letter).cloned().unwrap_or_else(|| Self::leaf(self.answer.clone()))
    }

    /// The answer `inside` for what begins with `text`, otherwise empty.
    pub(super) fn along(text: impl DoubleEndedIterator<Item = u8>, inside: V) -> Arc<Self> {
        let outside = V::constant(false);
        text.rev().fold(Self::leaf(inside), |next, letter| {
            // The text continued by `PAD` begins with itself, if all that is left of it is `PAD`.
            let answer = if letter == PAD { next.answer.clone() } else { outside.clone() };
            let mut edges = BTreeMap::new();
            if answer != outside {
                let leaf = Self::leaf(outside.clone());
                edges.extend(LETTERS.bytes().map(|other| (other, leaf.clone())));
            }
            if next.is_leaf(&answer) {
                edges.remove(&letter);
            } else {
                edges.insert(letter, next);
            }
            Arc::new(Self { answer, edges })
        })
    }

    /// The text that leads to the node, with `PAD` if that is all its own answer is about.
    pub(super) fn text(&self, path: &str) -> String {
        let mut others = LETTERS.bytes().filter(|letter| *letter != PAD);
        let mut text = path.to_owned();
        if others.all(|letter| self.edges.contains_key(&letter)) {
            text.push(char::from(PAD));
        }
        text
    }

    /// The letters without an edge, the pleasant ones first.
    pub(super) fn free(&self) -> Vec<char> {
        let has_edge = |letter: &u8| self.edges.contains_key(letter);
        LETTERS.bytes().filter(|letter| !has_edge(letter)).map(char::from).collect()
    }

    /// The answer for a text, continued by `PAD`.
    pub(super) fn get(&self, text: impl Iterator<Item = u8>) -> &V {
        let mut node = self;
        for letter in text {
            match node.edges.get(&letter) {
                Some(next) => node = next,
                None => break,
            }
        }
        &node.answer
    }

    /// Shows every node with what leads to it.
    pub(super) fn visit<B>(
        &self,
        text: &mut String,
        show: &mut dyn FnMut(&str, &Self) -> ControlFlow<B>,
    ) -> ControlFlow<B> {
        show(text, self)?;
        for (letter, node) in &self.edges {
            text.push(char::from(*letter));
            node.visit(text, show)?;
            text.pop();
        }
        ControlFlow::Continue(())
    }
}
