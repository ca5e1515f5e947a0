//! Exact sets of addresses of both families, as ranges.

use core::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use std::fmt;

use ipnet::{IpNet, Ipv4Subnets, Ipv6Subnets};
use rustc_hash::FxHashMap;

/// A set of addresses; equal sets are `==`.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct AddressSet {
    /// First and last address of each range, sorted; no two touch.
    ranges: Box<[(IpAddr, IpAddr)]>,
}

/// The first and the last address of each family.
const FAMILIES: [(IpAddr, IpAddr); 2] = [
    (IpAddr::V4(Ipv4Addr::UNSPECIFIED), IpAddr::V4(Ipv4Addr::BROADCAST)),
    (IpAddr::V6(Ipv6Addr::UNSPECIFIED), IpAddr::V6(Ipv6Addr::from_bits(u128::MAX))),
];

/// An address that nobody has (RFC 5737), to stand for any other.
pub(super) const ANY: IpAddr = IpAddr::V4(Ipv4Addr::new(192, 0, 2, 1));

impl AddressSet {
    /// No address.
    pub fn empty() -> Self {
        Self { ranges: Box::default() }
    }

    /// Every address.
    pub fn everything() -> Self {
        Self { ranges: FAMILIES.into() }
    }

    /// The addresses of any of the networks.
    pub fn from_networks<'n>(networks: impl IntoIterator<Item = &'n IpNet>) -> Self {
        Self::from_ranges(networks.into_iter().map(|it| (it.network(), it.broadcast())).collect())
    }

    /// The addresses of any of the sets.
    pub(super) fn of_all<'s>(sets: impl IntoIterator<Item = &'s Self>) -> Self {
        Self::from_ranges(sets.into_iter().flat_map(|set| set.ranges.iter().copied()).collect())
    }

    fn from_ranges(mut ranges: Vec<(IpAddr, IpAddr)>) -> Self {
        ranges.sort_unstable();
        ranges.dedup_by(|next, last| {
            let touches = next.0 <= last.1 || Some(next.0) == after(last.1);
            if touches {
                last.1 = last.1.max(next.1);
            }
            touches
        });
        Self { ranges: ranges.into() }
    }

    /// Whether there is no address in it.
    pub fn is_empty(&self) -> bool {
        self.ranges.is_empty()
    }

    /// Whether every address is in it.
    pub fn is_everything(&self) -> bool {
        *self.ranges == FAMILIES
    }

    /// Whether it is shorter to say what is missing.
    pub(super) fn is_most(&self) -> bool {
        let networks = self.networks();
        networks.len() > 1 && Self::everything().difference(self).networks().len() < networks.len()
    }

    /// Whether the address is in it.
    pub fn contains(&self, address: IpAddr) -> bool {
        let below = self.ranges.partition_point(|(_, last)| *last < address);
        self.ranges.get(below).is_some_and(|(first, _)| *first <= address)
    }

    /// An address of the set, always the same one; one that nobody has, if there is a choice.
    pub fn witness(&self) -> Option<IpAddr> {
        let (first, last) = *self.ranges.first()?;
        // The address of a network itself is an odd one to connect to.
        let second = after(first).filter(|it| *it <= last);
        Some(if self.contains(ANY) { ANY } else { second.unwrap_or(first) })
    }

    /// The set as networks, as few as possible, sorted.
    pub fn networks(&self) -> Vec<IpNet> {
        let networks = |range: &(IpAddr, IpAddr)| -> Vec<IpNet> {
            match *range {
                (IpAddr::V4(first), IpAddr::V4(last)) => {
                    Ipv4Subnets::new(first, last, 0).map(IpNet::V4).collect()
                }
                (IpAddr::V6(first), IpAddr::V6(last)) => {
                    Ipv6Subnets::new(first, last, 0).map(IpNet::V6).collect()
                }
                // No range reaches from one family into the other.
                _ => Vec::new(),
            }
        };
        self.ranges.iter().flat_map(networks).collect()
    }

    /// The addresses of both.
    #[must_use]
    pub fn intersection(&self, other: &Self) -> Self {
        if self.is_everything() {
            return other.clone();
        }
        let mut both = Vec::new();
        for &(first, last) in &self.ranges {
            for &(other_first, other_last) in other.from(first).take_while(|it| it.0 <= last) {
                both.push((first.max(other_first), last.min(other_last)));
            }
        }
        Self { ranges: both.into() }
    }

    /// The addresses of this set that are not in the other.
    #[must_use]
    pub fn difference(&self, other: &Self) -> Self {
        let mut left = Vec::new();
        for &(first, last) in &self.ranges {
            let mut next = Some(first);
            for &(cut_first, cut_last) in other.from(first).take_while(|it| it.0 <= last) {
                let end = before(cut_first).filter(|_| cut_first > first);
                let start = next.filter(|next| *next < cut_first);
                left.extend(start.zip(end));
                next = after(cut_last);
            }
            left.extend(next.filter(|next| *next <= last).map(|next| (next, last)));
        }
        Self { ranges: left.into() }
    }

    /// The set with its gaps closed where `filling` has what lies in them: a set between this one
    /// and the other that is easier to write. Everything, if the other is.
    pub(super) fn filled(&self, filling: &Self) -> Self {
        if filling.is_everything() {
            return Self::everything();
        }
        let ranges = filling.ranges.iter().filter_map(|&(first, last)| {
            let mut inside = self.from(first).take_while(|it| it.0 <= last);
            let low = inside.next()?;
            let high = inside.last().unwrap_or(low);
            Some((low.0.max(first), high.1.min(last)))
        });
        Self { ranges: ranges.collect() }
    }

    /// One address.
    pub(super) fn single(address: IpAddr) -> Self {
        Self { ranges: [(address, address)].into() }
    }

    /// Whether the two have an address in common; the other one is of few ranges.
    pub(super) fn meets(&self, other: &Self) -> bool {
        let meets = |&(first, last): &(IpAddr, IpAddr)| {
            self.from(first).next().is_some_and(|range| range.0 <= last)
        };
        other.ranges.iter().any(meets)
    }

    /// The addresses with every gap closed that a family has between them.
    pub(super) fn around(&self) -> Self {
        let of_family = |(least, most): (IpAddr, IpAddr)| {
            let mut inside = self.from(least).take_while(|it| it.0 <= most);
            let first = inside.next()?;
            Some((first.0, inside.last().unwrap_or(first).1))
        };
        Self { ranges: FAMILIES.into_iter().filter_map(of_family).collect() }
    }

    /// An address next to it, outside; `None` if there is none.
    pub(super) fn beside(&self) -> Option<IpAddr> {
        let around = self.around();
        let sides = |&(first, last): &(IpAddr, IpAddr)| after(last).or_else(|| before(first));
        around.ranges.iter().find_map(sides)
    }

    /// The ranges that reach the address or lie above it.
    fn from(&self, address: IpAddr) -> impl Iterator<Item = &(IpAddr, IpAddr)> {
        self.ranges.iter().skip(self.ranges.partition_point(|(_, last)| *last < address))
    }
}

impl fmt::Display for AddressSet {
    /// As a policy writes it: `203.0.113.0/28 203.0.113.32`; by what is missing, if that is shorter.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut networks = self.networks();
        if self.is_most() && !self.is_everything() {
            f.write_str("any address but ")?;
            networks = Self::everything().difference(self).networks();
        }
        for (at, network) in networks.into_iter().enumerate() {
            let text = crate::policy::Destination::Addresses(network);
            write!(f, "{}{text}", if at == 0 { "" } else { " " })?;
        }
        Ok(())
    }
}

/// The next address of the family.
fn after(address: IpAddr) -> Option<IpAddr> {
    match address {
        IpAddr::V4(address) => Some(Ipv4Addr::from(u32::from(address).checked_add(1)?).into()),
        IpAddr::V6(address) => Some(Ipv6Addr::from(u128::from(address).checked_add(1)?).into()),
    }
}

/// Lays two partitions of addresses over each other: which sets of either lie where, by their numbers.
/// The sets of each side are disjoint. The time grows with the ranges, not with the pairs of sets.
pub(super) fn overlay<'s>(
    left: impl Iterator<Item = &'s AddressSet>,
    right: impl Iterator<Item = &'s AddressSet>,
) -> Vec<(Meeting, AddressSet)> {
    let (mut left, mut right) = (numbered(left), numbered(right));
    let (mut one, mut other) = (left.next(), right.next());
    let mut pieces: FxHashMap<Meeting, Vec<(IpAddr, IpAddr)>> = FxHashMap::default();
    let mut piece = |meeting, range| pieces.entry(meeting).or_default().push(range);
    loop {
        // The next piece begins where either side does, and ends where either ends or begins.
        match (one, other) {
            (None, None) => break,
            (Some((range, set)), None) => {
                piece((Some(set), None), range);
                one = left.next();
            }
            (None, Some((range, set))) => {
                piece((None, Some(set)), range);
                other = right.next();
            }
            (Some(((first, last), set)), Some(((other_first, other_last), other_set))) => {
                if first < other_first {
                    let end = before(other_first).filter(|end| *end < last).unwrap_or(last);
                    piece((Some(set), None), (first, end));
                    one = rest((first, last), end).map(|it| (it, set)).or_else(|| left.next());
                } else if other_first < first {
                    let end = before(first).filter(|end| *end < other_last).unwrap_or(other_last);
                    piece((None, Some(other_set)), (other_first, end));
                    other = rest((other_first, other_last), end)
                        .map(|it| (it, other_set))
                        .or_else(|| right.next());
                } else {
                    let end = last.min(other_last);
                    piece((Some(set), Some(other_set)), (first, end));
                    one = rest((first, last), end).map(|it| (it, set)).or_else(|| left.next());
                    other = rest((other_first, other_last), end)
                        .map(|it| (it, other_set))
                        .or_else(|| right.next());
                }
            }
        }
    }
    let sets = pieces.into_iter().map(|(at, ranges)| (at, AddressSet::from_ranges(ranges)));
    let mut sets: Vec<(Meeting, AddressSet)> = sets.collect();
    sets.sort_unstable_by_key(|(meeting, _)| *meeting);
    sets
}

/// The set of either side that lies somewhere.
pub(super) type Meeting = (Option<usize>, Option<usize>);

/// The ranges of disjoint sets, sorted, each with the number of its set.
fn numbered<'s>(
    sets: impl Iterator<Item = &'s AddressSet>,
) -> impl Iterator<Item = ((IpAddr, IpAddr), usize)> {
    let ranges = |(number, set): (usize, &'s AddressSet)| {
        set.ranges.iter().map(move |range| (*range, number))
    };
    let mut ranges: Vec<_> = sets.enumerate().flat_map(ranges).collect();
    ranges.sort_unstable();
    ranges.into_iter()
}

/// What is left of a range behind an address.
fn rest((_, last): (IpAddr, IpAddr), end: IpAddr) -> Option<(IpAddr, IpAddr)> {
    let next = after(end).filter(|_| end < last)?;
    Some((next, last))
}

/// The address before it, of the family.
fn before(address: IpAddr) -> Option<IpAddr> {
    match address {
        IpAddr::V4(address) => Some(Ipv4Addr::from(u32::from(address).checked_sub(1)?).into()),
        IpAddr::V6(address) => Some(Ipv6Addr::from(u128::from(address).checked_sub(1)?).into()),
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn set(text: &str) -> AddressSet {
        let networks: Vec<IpNet> =
            text.split_whitespace().map(|text| text.parse().unwrap()).collect();
        AddressSet::from_networks(&networks)
    }

    #[test]
    fn the_ends_of_both_families_can_be_cut() {
        let left = AddressSet::everything().difference(&set("128.0.0.0/1 8000::/1"));
        assert_eq!(left, set("0.0.0.0/1 ::/1"));
        let left = AddressSet::everything().difference(&set("0.0.0.0/1 ::/1"));
        assert_eq!(left, set("128.0.0.0/1 8000::/1"));
        assert!(AddressSet::everything().difference(&set("0.0.0.0/0 ::/0")).is_empty());
        assert!(set("0.0.0.0/0 ::/0").is_everything());
        assert!(!set("255.255.255.255/32 ::/128").is_everything());
    }

    #[test]
    fn sets_are_written_short() {
        assert_eq!(
            set("203.0.113.0/25 203.0.113.128/25 2001:db8::1/128").to_string(),
            "203.0.113.0/24 2001:db8::1"
        );
        let most = AddressSet::everything().difference(&set("1.1.1.1/32 8.8.8.8/32"));
        assert_eq!(most.to_string(), "any address but 1.1.1.1 8.8.8.8");
    }

    #[test]
    fn gaps_are_filled_with_what_is_allowed_there() {
        let holes = set("10.0.0.0/24").difference(&set("10.0.0.9/32"));
        assert_eq!(holes.filled(&holes), holes);
        assert_eq!(holes.filled(&set("10.0.0.0/23")), set("10.0.0.0/24"));
        assert_eq!(
            set("10.0.0.4/30 10.0.2.4/30").filled(&set("10.0.0.0/24 10.0.2.0/24")),
            set("10.0.0.4/30 10.0.2.4/30")
        );
    }

    fn any_set() -> impl Strategy<Value = AddressSet> {
        let network = (0u8..64, 24u8..=32).prop_map(|(last, prefix)| {
            IpNet::new(Ipv4Addr::new(10, 0, 0, last * 4).into(), prefix).unwrap()
        });
        proptest::collection::vec(network, 0..6)
            .prop_map(|networks| AddressSet::from_networks(&networks))
    }

    proptest! {
        #[test]
        fn operations_are_those_of_membership(a in any_set(), b in any_set()) {
            let union = AddressSet::of_all([&a, &b]);
            let (both, left) = (a.intersection(&b), a.difference(&b));
            for last in 0..=255 {
                let address = IpAddr::from([10, 0, 0, last]);
                let (in_a, in_b) = (a.contains(address), b.contains(address));
                prop_assert_eq!(union.contains(address), in_a || in_b);
                prop_assert_eq!(both.contains(address), in_a && in_b);
                prop_assert_eq!(left.contains(address), in_a && !in_b);
            }
            prop_assert_eq!(AddressSet::of_all([&left, &both]), a.clone());
            prop_assert_eq!(AddressSet::from_networks(&a.networks()), a);
        }
    }
}
