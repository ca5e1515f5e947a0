//! Other ways to find the first pattern of a name, each with an exact answer, and the floor.
//!
//! All of them answer what the matcher answers for one service over TLS: the number of the first
//! grant. None of them knows services, protocols, ports, exceptions or odd bytes, which the matcher
//! does. Each folds the case of a name into a buffer first.

#![allow(dead_code, reason = "each bench uses a part of it")]
#![expect(clippy::indexing_slicing, reason = "no input but our own")]
#![expect(clippy::expect_used, reason = "a peer that cannot be made has nothing to compare")]

use std::collections::HashMap;
use std::hash::{BuildHasherDefault, Hasher};

use aho_corasick::automaton::{Automaton, OverlappingState};
use aho_corasick::nfa::contiguous::NFA;
use aho_corasick::{Anchored, Input, MatchKind};
use rustc_hash::{FxBuildHasher, FxHashMap};

use crate::questions::{Ends, NONE, Patterns};

/// One way to find a pattern.
pub(crate) trait Peer {
    fn new(patterns: &Patterns) -> Self;

    /// The number of the first grant of a name, or [`NONE`].
    fn find(&self, name: &[u8]) -> u32;
}

/// A name in lower case.
struct Folded {
    bytes: [u8; 64],
    length: usize,
}

impl Folded {
    fn new(name: &[u8]) -> Self {
        let mut bytes = [0; 64];
        bytes[..name.len()].copy_from_slice(name);
        bytes.make_ascii_lowercase();
        Self { bytes, length: name.len() }
    }

    fn bytes(&self) -> &[u8] {
        &self.bytes[..self.length]
    }

    fn dots(&self) -> usize {
        self.bytes().iter().filter(|byte| **byte == b'.').count()
    }

    fn text(&self) -> &str {
        str::from_utf8(self.bytes()).expect("names are ASCII")
    }
}

fn ends(patterns: &Patterns) -> Vec<(&str, Ends)> {
    let mut ends: Vec<_> = patterns.by_name().into_iter().collect();
    ends.sort_unstable_by_key(|(name, _)| *name);
    ends
}

fn reversed(name: &str) -> Vec<u8> {
    name.bytes().rev().collect()
}

/// What anybody would write: a map of names, asked for the name and for what stands behind each of
/// its dots.
pub(crate) struct SuffixWalk(HashMap<String, Ends>);

impl Peer for SuffixWalk {
    fn new(patterns: &Patterns) -> Self {
        Self(ends(patterns).into_iter().map(|(name, ends)| (name.to_owned(), ends)).collect())
    }

    fn find(&self, name: &[u8]) -> u32 {
        let name = Folded::new(name);
        let (mut rest, mut depth, mut first) = (name.text(), 0, NONE);
        loop {
            if let Some(ends) = self.0.get(rest) {
                first = first.min(ends.at(depth));
            }
            let Some((_, behind)) = rest.split_once('.') else { return first };
            (rest, depth) = (behind, depth + 1);
        }
    }
}

/// The same with one hash that grows from the end to the start, a byte at a time.
pub(crate) struct SuffixHash {
    names: HashMap<u64, (Box<[u8]>, Ends), BuildHasherDefault<Known>>,
}

/// The hash of what is its own hash.
#[derive(Default)]
pub(crate) struct Known(u64);

impl Hasher for Known {
    fn write(&mut self, _: &[u8]) {}

    fn write_u64(&mut self, hash: u64) {
        self.0 = hash;
    }

    fn finish(&self) -> u64 {
        self.0
    }
}

fn with(hash: u64, byte: u8) -> u64 {
    (hash ^ u64::from(byte)).wrapping_mul(0x9e37_79b9_7f4a_7c15).rotate_left(31)
}

impl Peer for SuffixHash {
    fn new(patterns: &Patterns) -> Self {
        let mut names = HashMap::default();
        for (name, ends) in ends(patterns) {
            let hash = name.bytes().rev().fold(0, with);
            let before = names.insert(hash, (name.as_bytes().into(), ends));
            assert!(before.is_none(), "two names have one hash");
        }
        Self { names }
    }

    fn find(&self, name: &[u8]) -> u32 {
        let name = Folded::new(name);
        let (bytes, mut depth) = (name.bytes(), name.dots());
        let (mut hash, mut first) = (0, NONE);
        for (at, byte) in bytes.iter().enumerate().rev() {
            if *byte == b'.' {
                first = first.min(self.get(hash, &bytes[at + 1..], depth));
                depth -= 1;
            }
            hash = with(hash, *byte);
        }
        first.min(self.get(hash, bytes, 0))
    }
}

impl SuffixHash {
    fn get(&self, hash: u64, name: &[u8], depth: usize) -> u32 {
        let found = self.names.get(&hash).filter(|(text, _)| **text == *name);
        found.map_or(NONE, |(_, ends)| ends.at(depth))
    }
}

/// A tree of labels, the last one at its root: a map in each node.
pub(crate) struct LabelTrie {
    nodes: Vec<Node>,
}

#[derive(Default)]
struct Node {
    ends: Ends,
    children: FxHashMap<Box<[u8]>, u32>,
}

impl Peer for LabelTrie {
    fn new(patterns: &Patterns) -> Self {
        let mut nodes = vec![Node::default()];
        for (name, ends) in ends(patterns) {
            let mut node = 0;
            for label in name.rsplit('.') {
                let next = nodes.len() as u32;
                let child = *nodes[node].children.entry(label.as_bytes().into()).or_insert(next);
                if child == next {
                    nodes.push(Node::default());
                }
                node = child as usize;
            }
            nodes[node].ends = ends;
        }
        Self { nodes }
    }

    fn find(&self, name: &[u8]) -> u32 {
        let name = Folded::new(name);
        let (mut node, mut first, mut depth) = (&self.nodes[0], NONE, name.dots());
        for label in name.bytes().rsplit(|byte| *byte == b'.') {
            let Some(child) = node.children.get(label) else { break };
            node = &self.nodes[*child as usize];
            first = first.min(node.ends.at(depth));
            depth = depth.saturating_sub(1);
        }
        first
    }
}

/// `fst`: a minimal automaton over the names, each from its end to its start.
pub(crate) struct Fst {
    map: fst::raw::Fst<Vec<u8>>,
    ends: Vec<Ends>,
}

impl Peer for Fst {
    fn new(patterns: &Patterns) -> Self {
        let mut names: Vec<_> =
            ends(patterns).into_iter().map(|(name, ends)| (reversed(name), ends)).collect();
        names.sort_unstable_by(|a, b| a.0.cmp(&b.0));
        let numbered = names.iter().enumerate().map(|(number, (name, _))| (name, number as u64));
        let map = fst::raw::Fst::from_iter_map(numbered).expect("sorted and different");
        Self { map, ends: names.into_iter().map(|(_, ends)| ends).collect() }
    }

    fn find(&self, name: &[u8]) -> u32 {
        let name = Folded::new(name);
        let (mut node, mut number) = (self.map.root(), fst::raw::Output::zero());
        let (mut first, mut depth) = (NONE, name.dots());
        for byte in name.bytes().iter().rev() {
            if *byte == b'.' {
                if node.is_final() {
                    first = first.min(self.at(number.cat(node.final_output()), depth));
                }
                depth -= 1;
            }
            let Some(at) = node.find_input(*byte) else { return first };
            let transition = node.transition(at);
            number = number.cat(transition.out);
            node = self.map.node(transition.addr);
        }
        if node.is_final() {
            first = first.min(self.at(number.cat(node.final_output()), 0));
        }
        first
    }
}

impl Fst {
    fn at(&self, number: fst::raw::Output, depth: usize) -> u32 {
        self.ends[number.value() as usize].at(depth)
    }
}

/// `qp-trie`, with the names from their end to their start, asked once a suffix.
pub(crate) struct QpTrie(qp_trie::Trie<Vec<u8>, Ends>);

impl Peer for QpTrie {
    fn new(patterns: &Patterns) -> Self {
        Self(ends(patterns).into_iter().map(|(name, ends)| (reversed(name), ends)).collect())
    }

    fn find(&self, name: &[u8]) -> u32 {
        let mut name = Folded::new(name);
        let (length, mut first, mut depth) = (name.length, NONE, name.dots());
        let bytes = &mut name.bytes[..length];
        bytes.reverse();
        for (at, byte) in bytes.iter().enumerate() {
            if *byte == b'.' {
                first = first.min(self.0.get(&bytes[..at]).map_or(NONE, |ends| ends.at(depth)));
                depth -= 1;
            }
        }
        first.min(self.0.get(&*bytes).map_or(NONE, |ends| ends.at(0)))
    }
}

/// `aho-corasick`: its contiguous automaton over the names from their end to their start, anchored,
/// every match seen.
pub(crate) struct AhoCorasick {
    automaton: NFA,
    ends: Vec<Ends>,
}

impl Peer for AhoCorasick {
    fn new(patterns: &Patterns) -> Self {
        let (names, ends): (Vec<_>, Vec<_>) =
            ends(patterns).into_iter().map(|(name, ends)| (reversed(name), ends)).unzip();
        let automaton = NFA::builder().match_kind(MatchKind::Standard).build(names);
        Self { automaton: automaton.expect("it fits"), ends }
    }

    fn find(&self, name: &[u8]) -> u32 {
        let mut name = Folded::new(name);
        let (length, mut first, dots) = (name.length, NONE, name.dots());
        let bytes = &mut name.bytes[..length];
        bytes.reverse();
        let input = Input::new(&*bytes).anchored(Anchored::Yes);
        let mut state = OverlappingState::start();
        loop {
            let searched = self.automaton.try_find_overlapping(&input, &mut state);
            searched.expect("it was made for this");
            let Some(found) = state.get_match() else { return first };
            if matches!(bytes.get(found.end()), None | Some(b'.')) {
                let behind = bytes[..found.end()].iter().filter(|byte| **byte == b'.').count();
                first = first.min(self.ends[found.pattern().as_usize()].at(dots - behind));
            }
        }
    }
}

/// A perfect hash (hash and displace, as in PTHash): each bucket of names has a number that sends
/// them to places of their own. The crates for it bring 40 others.
pub(crate) struct PerfectHash {
    pilots: Vec<u32>,
    places: Vec<(Box<[u8]>, Ends)>,
}

impl PerfectHash {
    fn hash(name: &[u8]) -> u64 {
        std::hash::BuildHasher::hash_one(&FxBuildHasher, name)
    }

    /// A number below `end` that depends on the high bits.
    fn reduce(hash: u64, end: usize) -> usize {
        ((u128::from(hash) * end as u128) >> 64) as usize
    }

    fn place(hash: u64, pilot: u32, places: usize) -> usize {
        let mixed = (hash ^ u64::from(pilot).wrapping_mul(0x9e37_79b9_7f4a_7c15))
            .wrapping_mul(0xd6e8_feb8_6659_fd93);
        Self::reduce(mixed ^ mixed >> 32, places)
    }

    fn get(&self, name: &[u8], depth: usize) -> u32 {
        let hash = Self::hash(name);
        let pilot = self.pilots[Self::reduce(hash, self.pilots.len())];
        let (text, ends) = &self.places[Self::place(hash, pilot, self.places.len())];
        if **text == *name { ends.at(depth) } else { NONE }
    }
}

impl Peer for PerfectHash {
    fn new(patterns: &Patterns) -> Self {
        let names = ends(patterns);
        let count = names.len().div_ceil(3);
        let mut buckets = vec![Vec::new(); count];
        for (name, ends) in &names {
            let hash = Self::hash(name.as_bytes());
            buckets[Self::reduce(hash, count)].push((hash, *name, *ends));
        }
        let mut order: Vec<usize> = (0..count).collect();
        order.sort_by_key(|bucket| std::cmp::Reverse(buckets[*bucket].len()));
        let free = (Box::default(), Ends::default());
        let mut made =
            Self { pilots: vec![0; count], places: vec![free; names.len() * 10 / 9 + 1] };
        for bucket in order {
            let place =
                |(hash, ..): &(u64, _, _), pilot| Self::place(*hash, pilot, made.places.len());
            let fits = |pilot: &u32| {
                let places = buckets[bucket].iter().map(|name| place(name, *pilot));
                let mut places: Vec<_> = places.collect();
                places.sort_unstable();
                places.windows(2).all(|pair| pair[0] != pair[1])
                    && places.iter().all(|place| made.places[*place].0.is_empty())
            };
            let pilot = (0..u32::MAX).find(fits).expect("one of them fits");
            made.pilots[bucket] = pilot;
            for (hash, name, ends) in &buckets[bucket] {
                let place = Self::place(*hash, pilot, made.places.len());
                made.places[place] = (name.as_bytes().into(), *ends);
            }
        }
        made
    }

    fn find(&self, name: &[u8]) -> u32 {
        let name = Folded::new(name);
        let (mut rest, mut depth, mut first) = (name.bytes(), 0, NONE);
        loop {
            first = first.min(self.get(rest, depth));
            let Some(dot) = rest.iter().position(|byte| *byte == b'.') else { return first };
            (rest, depth) = (&rest[dot + 1..], depth + 1);
        }
    }
}

/// The least that any of them can do: the name is read once, its case folded, hashed once, and one
/// place of a table is loaded that depends on it. Nothing is compared, and it is no answer.
pub(crate) struct Floor {
    table: Box<[u64]>,
}

impl Floor {
    /// With a table of so many bytes, a power of two.
    pub(crate) fn new(bytes: usize) -> Self {
        Self { table: (0..bytes as u64 / 8).collect() }
    }

    pub(crate) fn find(&self, name: &[u8]) -> u32 {
        let fold = |word: [u8; 8]| u64::from_le_bytes(word) | 0x2020_2020_2020_2020;
        let mix =
            |hash: u64, word: u64| (hash.rotate_left(5) ^ word).wrapping_mul(0x9e37_79b9_7f4a_7c15);
        let (words, rest) = name.as_chunks::<8>();
        let mut hash = words.iter().fold(0, |hash, word| mix(hash, fold(*word)));
        // The last eight bytes, some of them for a second time.
        if !rest.is_empty()
            && let Some(last) = name.last_chunk::<8>()
        {
            hash = mix(hash, fold(*last));
        }
        self.table[(hash >> 32) as usize & (self.table.len() - 1)] as u32
    }
}
