//! A name as it was said, read once: its end, and how much of its start could be a name.

use crate::flow::wire::Said;
use crate::policy::pattern::{Glob, Pattern};

/// How many bytes of its end are kept, at least as many as a pattern may ask for: a label of 63, a
/// dot and a name of 253.
const KEPT: usize = 320;

/// What a pattern says about bytes that are no name.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(super) enum Bytes {
    /// They never match.
    Names,
    /// In front of the suffix they match whatever they are.
    Any,
}

/// A name as it was said.
#[derive(Debug)]
pub(super) struct Name<'f> {
    said: Said<'f>,
    end: [u8; KEPT],
    /// How many bytes of `end` there are.
    kept: usize,
    /// How many bytes were said before those.
    before: usize,
    /// Where the first dot is; the length if there is none.
    first_dot: usize,
    /// Where the first byte is that no name has in its place; the length if there is none.
    first_odd: usize,
}

impl<'f> Name<'f> {
    pub(super) fn read(said: Said<'f>) -> Self {
        let length = said.len();
        let kept = length.min(KEPT);
        let before = length - kept;
        let (mut end, mut first_dot, mut first_odd) = ([0; KEPT], length, length);
        let mut label = 0;
        for (at, byte) in said.bytes().enumerate() {
            if let Some(place) = at.checked_sub(before).and_then(|at| end.get_mut(at)) {
                *place = byte;
            }
            let is_odd = match byte {
                b'.' => {
                    first_dot = first_dot.min(at);
                    std::mem::take(&mut label) == 0
                }
                b'a'..=b'z' | b'0'..=b'9' | b'_' | b'-' => {
                    label += 1;
                    false
                }
                _ => {
                    label += 1;
                    true
                }
            };
            if is_odd {
                first_odd = first_odd.min(at);
            }
        }
        Self { said, end, kept, before, first_dot, first_odd }
    }

    /// The last bytes: all of them, if there are no more than a pattern may ask for.
    pub(super) fn end(&self) -> &[u8] {
        self.end.get(..self.kept).unwrap_or_default()
    }

    /// Whether nothing stands before the byte `at` of [`Name::end`].
    pub(super) fn begins_at(&self, at: usize) -> bool {
        self.before + at == 0
    }

    /// Whether there is something in front of the dot `at` of [`Name::end`] that a pattern of
    /// everything below may stand for.
    pub(super) fn is_below(&self, dot: usize, bytes: Bytes) -> bool {
        bytes == Bytes::Any || self.first_odd > self.before + dot
    }

    /// Whether the one label in front of the dot `at` of [`Name::end`] looks like that.
    pub(super) fn is_label(&self, dot: usize, label: &Glob, bytes: Bytes) -> bool {
        let length = self.before + dot;
        let (prefix, suffix) = (label.prefix().as_bytes(), label.suffix().as_bytes());
        self.first_dot == length
            && self.is_below(dot, bytes)
            && length >= (prefix.len() + suffix.len()).max(1)
            && self.said.bytes().zip(prefix).all(|(byte, expected)| byte == *expected)
            && self.end.get(..dot).is_some_and(|label| label.ends_with(suffix))
    }

    /// Whether it is a name, and one of the pattern.
    pub(super) fn is_of(&self, pattern: &Pattern) -> bool {
        let base = pattern.base().as_str().as_bytes();
        let Some(front) = self.end().strip_suffix(base) else { return false };
        let dot = front.len().checked_sub(1).filter(|dot| front.get(*dot) == Some(&b'.'));
        match (pattern, dot) {
            (Pattern::Exact(_), _) => self.begins_at(front.len()),
            (Pattern::OneLabel { label, .. }, Some(dot)) => self.is_label(dot, label, Bytes::Names),
            (Pattern::Below(_), Some(dot)) => self.is_below(dot, Bytes::Names),
            (Pattern::OneLabel { .. } | Pattern::Below(_), None) => false,
        }
    }
}
