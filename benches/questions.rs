//! Patterns, the policy that grants them, and names to ask about: the same ones every time.

#![allow(dead_code, reason = "each bench uses a part of it")]
#![expect(clippy::panic, reason = "a policy that is refused has nothing to measure")]
#![expect(clippy::indexing_slicing, reason = "by a remainder, and no input but our own")]

use std::collections::HashMap;
use std::fmt::Write as _;
use std::net::{IpAddr, Ipv4Addr};

use fwc::matcher::{Flow, Source, Spoken};
use fwc::policy::{Policy, ServiceId};
use fwc::source::{SourceFile, Sources};

use crate::data::{self, LABELS, Numbers, SEED};

/// The shortest and the longest name that is asked about, in bytes.
const LENGTHS: std::ops::RangeInclusive<usize> = 8..=60;

/// How many sets the patterns are in, at most.
const SETS: usize = 200;

/// How many services use a set, if there are several.
const SHARED_BY: usize = 4;

/// What stands in front of a name in a pattern.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Front {
    Nothing,
    OneLabel,
    Below,
}

/// What is granted, in the order of the policy.
pub(crate) struct Patterns {
    pub(crate) names: Vec<String>,
    /// By the number of its grant, if there is one service: a name by its number, and its front.
    pub(crate) grants: Vec<(u32, Front)>,
}

impl Patterns {
    /// Of so many names, 50 % exact, 35 % with everything below, 10 % one label, 5 % all below.
    pub(crate) fn new(count: usize) -> Self {
        let names = data::names(count);
        let mut numbers = Numbers(SEED);
        let mut grants = Vec::new();
        for number in 0..names.len() as u32 {
            let fronts: &[Front] = match numbers.below(100) {
                0..50 => &[Front::Nothing],
                50..85 => &[Front::Nothing, Front::Below],
                85..95 => &[Front::OneLabel],
                _ => &[Front::Below],
            };
            grants.extend(fronts.iter().map(|front| (number, *front)));
        }
        Self { names, grants }
    }

    /// By the name they are made of.
    pub(crate) fn by_name(&self) -> HashMap<&str, Ends> {
        let mut found: HashMap<&str, Ends> = HashMap::new();
        for (grant, (name, front)) in self.grants.iter().enumerate() {
            let ends = found.entry(self.names[*name as usize].as_str()).or_default();
            let first = match front {
                Front::Nothing => &mut ends.exact,
                Front::OneLabel => &mut ends.label,
                Front::Below => &mut ends.below,
            };
            *first = (*first).min(grant as u32);
        }
        found
    }

    /// A policy that grants them all to one service, or each to four of several.
    pub(crate) fn policy(&self, services: usize) -> Policy {
        let a_set = self.names.len().div_ceil(SETS);
        let sets = self.grants.chunk_by(|a, b| a.0 as usize / a_set == b.0 as usize / a_set);
        let (mut text, mut texts, mut count) = (String::new(), Vec::new(), 0);
        for grants in sets {
            let _ = writeln!(text, "set part-{count} {{");
            for (name, front) in grants {
                let front = match front {
                    Front::Nothing => "",
                    Front::OneLabel => "*.",
                    Front::Below => "**.",
                };
                let _ = writeln!(text, "  {front}{}", self.names[*name as usize]);
            }
            text.push_str("}\n");
            count += 1;
            if text.len() > fwc::syntax::MAX_FILE_SIZE / 2 {
                texts.push(std::mem::take(&mut text));
            }
        }
        for service in 0..services {
            let _ = writeln!(text, "service team-{service:03} from 10.{service}.0.0/20 {{");
            let used = if services == 1 { count } else { SHARED_BY };
            for set in 0..used {
                let _ = writeln!(text, "  use part-{}", (service + set) % count);
            }
            text.push_str("}\n");
        }
        texts.push(text);
        let mut sources = Sources::new();
        for (number, text) in texts.into_iter().enumerate() {
            sources.add(SourceFile::new(format!("part-{number}.fw"), format!("fwc 1\n{text}")));
        }
        let accepted = fwc::analyse(&sources, &data::project()).accept();
        accepted.unwrap_or_else(|found| panic!("{:?}", found.first())).0
    }

    /// The services that are granted a name, of so many.
    fn service(&self, name: u32, services: usize) -> usize {
        name as usize / self.names.len().div_ceil(SETS) % services
    }
}

/// The numbers of the first grants whose patterns are made of a name; `u32::MAX` for none.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Ends {
    exact: u32,
    label: u32,
    below: u32,
}

impl Default for Ends {
    fn default() -> Self {
        Self { exact: u32::MAX, label: u32::MAX, below: u32::MAX }
    }
}

impl Ends {
    /// The first for a name that is so many labels longer; [`NONE`] without one.
    pub(crate) fn at(self, depth: usize) -> u32 {
        match depth {
            0 => self.exact,
            1 => self.label.min(self.below),
            _ => self.below,
        }
    }
}

/// The answer that no pattern matches.
pub(crate) const NONE: u32 = u32::MAX;

/// Names to ask about, one behind the other.
pub(crate) struct Questions {
    bytes: Vec<u8>,
    asked: Vec<Asked>,
}

#[derive(Clone, Copy)]
struct Asked {
    start: u32,
    length: u16,
    service: u16,
}

impl Questions {
    /// So many, of which some in a hundred are granted. The others look as if they were: a letter
    /// of a label is another one. One in ten has upper-case letters.
    pub(crate) fn new(patterns: &Patterns, services: usize, count: usize, hits: usize) -> Self {
        let by_name = patterns.by_name();
        let mut numbers = Numbers(SEED + 1);
        let mut questions = Self { bytes: Vec::new(), asked: Vec::with_capacity(count) };
        while questions.asked.len() < count {
            let (number, front) = patterns.grants[numbers.below(patterns.grants.len())];
            let mut name = match front {
                Front::Nothing => String::new(),
                Front::OneLabel => format!("{}.", numbers.one_of(LABELS)),
                Front::Below => match numbers.below(2) {
                    0 => format!("{}.", numbers.one_of(LABELS)),
                    _ => format!("{}.{}.", numbers.one_of(LABELS), numbers.one_of(LABELS)),
                },
            };
            name.push_str(&patterns.names[number as usize]);
            let is_hit = numbers.below(100) < hits;
            for _ in 0..100 {
                if is_hit || find(&by_name, &name) == NONE {
                    break;
                }
                change(&mut name, &mut numbers);
            }
            if !LENGTHS.contains(&name.len()) || is_hit != (find(&by_name, &name) != NONE) {
                continue;
            }
            if numbers.below(10) == 0 {
                let every = 1 + numbers.below(4);
                let upper = |(at, byte): (usize, char)| {
                    if at % every == 0 { byte.to_ascii_uppercase() } else { byte }
                };
                name = name.chars().enumerate().map(upper).collect();
            }
            let service = patterns.service(number, services) as u16;
            let (start, length) = (questions.bytes.len() as u32, name.len() as u16);
            questions.bytes.extend(name.bytes());
            questions.asked.push(Asked { start, length, service });
        }
        questions
    }

    pub(crate) fn len(&self) -> usize {
        self.asked.len()
    }

    pub(crate) fn name(&self, number: usize) -> &[u8] {
        let Asked { start, length, .. } = self.asked[number];
        &self.bytes[start as usize..][..length as usize]
    }

    /// TLS to that name, by a service that is granted it.
    pub(crate) fn flow(&self, number: usize) -> Flow<'_> {
        Flow {
            source: Source::Service(ServiceId(self.asked[number].service.into())),
            destination: IpAddr::V4(Ipv4Addr::new(203, 0, 113, 9)),
            port: 443,
            spoken: Spoken::Tls { name: Some(self.name(number)) },
        }
    }
}

/// The first grant of a name in lower case.
pub(crate) fn find(by_name: &HashMap<&str, Ends>, name: &str) -> u32 {
    let suffixes = std::iter::successors(Some(name), |name| Some(name.split_once('.')?.1));
    let found = suffixes
        .enumerate()
        .map(|(depth, suffix)| by_name.get(suffix).map_or(NONE, |ends| ends.at(depth)));
    found.min().unwrap_or(NONE)
}

/// Another letter somewhere before the last dot.
fn change(name: &mut String, numbers: &mut Numbers) {
    let end = name.rfind('.').unwrap_or(name.len());
    let at = numbers.below(end);
    if name.as_bytes()[at] != b'.' {
        name.replace_range(at..=at, &char::from(b'a' + numbers.below(26) as u8).to_string());
    }
}
