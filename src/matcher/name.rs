//! A name as it was said: what stands behind each of its dots, by hash, and what stands in front.
//!
//! Names are read from their end, eight bytes at a time. That a letter has two cases is settled in
//! the hash by forgetting the bit in which they differ, in every byte; what a hash finds is compared.

use crate::flow::wire::Said;
use crate::policy::pattern::{Glob, Pattern};

/// The bytes of a word: the last one that was said is its lowest.
pub(super) const WORD: usize = size_of::<u64>();

/// The bytes of a block: each of them has a bit in a word.
const BLOCK: usize = WORD * WORD;

/// The most bytes at the end of a name that are looked at for what patterns are made of, which has
/// at most 253.
pub(super) const END: usize = 4 * BLOCK - 1;

/// Numbers that look random: the fractions of the golden ratio and of the root of 3.
const FACTORS: [u64; 2] = [0x9e37_79b9_7f4a_7c15, 0xbb67_ae85_84ca_a73b];

/// What a pattern says about bytes that are no name.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(super) enum Bytes {
    /// They never match.
    Names,
    /// In front of the suffix they match whatever they are.
    Any,
}

/// A name as it was said.
#[derive(Debug, Clone, Copy)]
pub(super) struct Name<'f> {
    said: Said<'f>,
    /// Its bytes as sent; at most the last [`END`] of them unless they are in one place.
    bytes: &'f [u8],
    is_in_one_place: bool,
    is_folded: bool,
}

/// The end of a name: all of it, or what stands behind one of its dots.
#[derive(Debug, Clone, Copy)]
pub(super) struct Suffix {
    /// In bytes.
    pub(super) length: usize,
    pub(super) hash: u64,
}

impl<'f> Name<'f> {
    /// A name, if its bytes are in one place.
    pub(super) fn in_one_place(said: Said<'f>) -> Option<Self> {
        let bytes = said.as_slice()?;
        Some(Self { said, bytes, is_in_one_place: true, is_folded: said.is_folded() })
    }

    /// A name that is put together.
    pub(super) fn put_together(said: Said<'f>, end: &'f mut [u8; END]) -> Self {
        let before = said.len().saturating_sub(END);
        for (place, byte) in end.iter_mut().zip(said.bytes().skip(before)) {
            *place = byte;
        }
        let bytes = end.get(..said.len() - before).unwrap_or_default();
        Self { said, bytes, is_in_one_place: false, is_folded: false }
    }

    /// Calls `see` with each of its ends that a pattern could be made of and whose hash `may_be`, the
    /// shortest first.
    #[inline]
    pub(super) fn suffixes(&self, may_be: impl Fn(u64) -> bool, mut see: impl FnMut(Suffix)) {
        suffixes(self.bytes, may_be, |suffix| {
            // What was cut off begins nowhere.
            if suffix.length < END || self.is(suffix.length) {
                see(suffix);
            }
        });
    }

    /// Whether an end of that length is all of it.
    pub(super) fn is(&self, length: usize) -> bool {
        length == self.said.len()
    }

    /// Whether it ends with these words.
    #[inline]
    pub(super) fn ends_with(&self, length: usize, words: impl Iterator<Item = u64>) -> bool {
        words.enumerate().all(|(at, expected)| {
            let word = low_bytes(word(self.bytes, at), length - at * WORD);
            expected == if self.is_folded { lower_case(word) } else { word }
        })
    }

    /// Whether in front of the dot before an end stands something that a pattern of everything
    /// below may stand for.
    pub(super) fn is_below(&self, end: usize, bytes: Bytes) -> bool {
        // For the hash, other bytes may be dots.
        let dot = self.bytes.len().checked_sub(end + 1);
        if dot.and_then(|dot| self.bytes.get(dot)) != Some(&b'.') {
            return false;
        }
        bytes == Bytes::Any
            || self.front(end).is_some_and(|front| {
                let mut before = b'.';
                let belongs = |byte: &u8| {
                    let is_label = matches!(byte, b'a'..=b'z' | b'0'..=b'9' | b'_' | b'-')
                        || (self.is_folded && byte.is_ascii_uppercase())
                        || (*byte == b'.' && before != b'.');
                    before = *byte;
                    is_label
                };
                front.iter().all(belongs) && before != b'.'
            })
    }

    /// Whether in front of the dot before an end stands one label that looks like that.
    pub(super) fn is_label(&self, end: usize, label: &Glob, bytes: Bytes) -> bool {
        let length = self.said.len().saturating_sub(end + 1);
        let (prefix, suffix) = (label.prefix().as_bytes(), label.suffix().as_bytes());
        if length < (prefix.len() + suffix.len()).max(1) || !self.is_below(end, bytes) {
            return false;
        }
        let alike = |front: &[u8], text: &[u8]| match self.is_folded {
            true => front.eq_ignore_ascii_case(text),
            false => front == text,
        };
        match self.front(end) {
            Some(front) => {
                !front.contains(&b'.')
                    && front.get(..prefix.len()).is_some_and(|start| alike(start, prefix))
                    && front.get(length - suffix.len()..).is_some_and(|rest| alike(rest, suffix))
            }
            None => {
                let front = || self.said.bytes().take(length);
                front().all(|byte| byte != b'.')
                    && front().take(prefix.len()).eq(prefix.iter().copied())
                    && front().skip(length - suffix.len()).eq(suffix.iter().copied())
            }
        }
    }

    /// Whether it is a name, and one of the pattern.
    pub(super) fn is_of(&self, pattern: &Pattern) -> bool {
        let base = pattern.base().as_str().as_bytes();
        self.ends_with(base.len(), words(base))
            && match pattern {
                Pattern::Exact(_) => self.is(base.len()),
                Pattern::OneLabel { label, .. } => self.is_label(base.len(), label, Bytes::Names),
                Pattern::Below(_) => self.is_below(base.len(), Bytes::Names),
            }
    }

    /// What stands in front of the dot before an end, if it is in one place. What is not has `, `
    /// in front of whatever a pattern is made of, so that it is no name.
    fn front(&self, end: usize) -> Option<&'f [u8]> {
        let bytes = Some(self.bytes).filter(|_| self.is_in_one_place)?;
        bytes.get(..bytes.len().checked_sub(end + 1)?)
    }
}

/// The hash of a text in lower case.
pub(super) fn hash(text: &[u8]) -> u64 {
    let mut whole = 0;
    suffixes(text, |_| true, |suffix| whole = suffix.hash);
    whole
}

/// A text as words, the last one first, with zeros in front.
pub(super) fn words(text: &[u8]) -> impl Iterator<Item = u64> {
    (0..text.len().div_ceil(WORD)).map(|at| word(text, at))
}

/// Calls `see` with what stands behind each dot of the last [`END`] bytes, and at last with all of
/// them, if the hash `may_be`.
#[inline]
fn suffixes(bytes: &[u8], may_be: impl Fn(u64) -> bool, mut see: impl FnMut(Suffix)) {
    let mut rest = bytes.get(bytes.len().saturating_sub(END)..).unwrap_or_default();
    let (mut hash, mut behind) = (0, 0);
    loop {
        let start = rest.len().saturating_sub(BLOCK);
        let (before, block) = rest.split_at_checked(start).unwrap_or_default();
        // Each word of the block, and the hash of what stands behind it.
        let mut words = [(0, 0); WORD];
        let mut dots = 0;
        // One more than there are, for what ends where a word does.
        for (at, place) in words.iter_mut().enumerate().take(block.len() / WORD + 1) {
            let word = word(block, at) | each_byte(CASE);
            *place = (word, hash);
            hash = mixed(hash ^ word, FACTORS[0]);
            dots |= bytes_equal(word, b'.') << (at * WORD);
        }
        let is_last = block.len() < BLOCK;
        if is_last {
            dots |= 1 << block.len();
        }
        let hash_at = |at: usize| {
            let (word, hash) = words.get(at / WORD).copied().unwrap_or_default();
            mixed(hash ^ low_bytes(word, at % WORD), FACTORS[1])
        };
        // All are asked before the first is seen, without a branch that could be guessed wrong.
        let mut seen = 0;
        for at in bits(dots) {
            seen |= u64::from(may_be(hash_at(at))) << at;
        }
        for at in bits(seen) {
            see(Suffix { length: behind + at, hash: hash_at(at) });
        }
        if is_last {
            return;
        }
        rest = before;
        behind += BLOCK;
    }
}

/// The numbers of the bits that are set.
fn bits(mut set: u64) -> impl Iterator<Item = usize> {
    std::iter::from_fn(move || {
        let first = (set != 0).then(|| set.trailing_zeros() as usize);
        set &= set.wrapping_sub(1);
        first
    })
}

/// A word of some bytes, counted from their end, with zeros in front.
#[inline]
fn word(bytes: &[u8], at: usize) -> u64 {
    let before = bytes.get(..bytes.len().saturating_sub(at * WORD)).unwrap_or_default();
    match (before.last_chunk(), bytes.first_chunk()) {
        (Some(word), _) => u64::from_be_bytes(*word),
        (None, _) if before.is_empty() => 0,
        // The first bytes are at hand together with some that were there already.
        (None, Some(first)) => {
            u64::from_be_bytes(*first) >> (u64::BITS as usize - 8 * before.len())
        }
        (None, None) => before.iter().fold(0, |word, byte| word << 8 | u64::from(*byte)),
    }
}

/// The last so many bytes of a word.
#[inline]
fn low_bytes(word: u64, count: usize) -> u64 {
    if count < WORD { word & ((1 << (8 * count)) - 1) } else { word }
}

/// The bit in which the cases of a letter differ.
const CASE: u8 = 0x20;

const fn each_byte(byte: u8) -> u64 {
    u64::from_ne_bytes([byte; WORD])
}

/// Which bytes of a word are that one: a bit each.
#[inline]
fn bytes_equal(word: u64, byte: u8) -> u64 {
    let low = each_byte(0x7f);
    let other = word ^ each_byte(byte);
    // The high bit of a byte is what carries out of its other bits, or is there, unless it is 0.
    let equal = !(((other & low) + low) | other | low);
    // Moves the high bit of byte n to bit n of the highest byte.
    (equal >> 7).wrapping_mul(0x0102_0408_1020_4080) >> 56
}

/// A word with the letters of ASCII in lower case.
#[inline]
fn lower_case(word: u64) -> u64 {
    let low = word & each_byte(0x7f);
    let is_letter = (low + each_byte(0x80 - b'A')) & !(low + each_byte(0x7f - b'Z')) & !word;
    word | (is_letter & each_byte(0x80)) >> 2
}

/// Both halves of a product: each of its bits depends on all of both numbers.
#[inline]
fn mixed(a: u64, b: u64) -> u64 {
    let product = u128::from(a ^ 0xa54f_f53a_5f1d_36f1) * u128::from(b);
    product as u64 ^ (product >> 64) as u64
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn each_suffix_has_the_hash_that_it_has_alone(name in "([a-cA-C.]{0,9}|[ab.]{60,70}|[ab]{250,260})[a.]{0,9}") {
            let lower = name.to_ascii_lowercase();
            let mut expected: Vec<_> =
                lower.match_indices('.').filter_map(|(dot, _)| lower.get(dot + 1..)).collect();
            expected.reverse();
            expected.push(&lower);
            expected.retain(|suffix| suffix.len() < END);
            let expected: Vec<_> =
                expected.iter().map(|suffix| (suffix.len(), hash(suffix.as_bytes()))).collect();
            let mut seen = Vec::new();
            suffixes(name.as_bytes(), |_| true, |suffix| seen.push((suffix.length, suffix.hash)));
            seen.retain(|(length, _)| *length < END);
            prop_assert_eq!(seen, expected);
        }

        #[test]
        fn words_are_bytes(bytes in proptest::collection::vec(any::<u8>(), 8), byte in any::<u8>()) {
            let read = word(&bytes, 0);
            let lower = word(&bytes.to_ascii_lowercase(), 0);
            prop_assert_eq!(lower_case(read), lower);
            let reversed = bytes.iter().rev().enumerate();
            let equal = reversed.map(|(at, other)| u64::from(*other == byte) << at);
            prop_assert_eq!(bytes_equal(read, byte), equal.sum::<u64>());
        }
    }
}
