//! From an address to everything whose networks it is in.

use core::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use std::collections::BTreeMap;
use std::ops::Range;

use ipnet::IpNet;

/// Networks and what they stand for, as sorted ranges that do not overlap.
#[derive(Debug)]
pub(super) struct Addresses<T> {
    v4: Ranges<u32>,
    v6: Ranges<u128>,
    /// The sets of all ranges, one behind the other.
    members: Box<[T]>,
}

/// Where ranges begin, each with its set: it ends where the next one begins.
#[derive(Debug)]
struct Ranges<A> {
    starts: Box<[A]>,
    sets: Box<[Range<u32>]>,
}

impl<T: Copy + Ord> Addresses<T> {
    /// What each network stands for; one may stand for several things.
    pub(super) fn new(networks: impl IntoIterator<Item = (IpNet, T)>) -> Self {
        let (mut v4, mut v6) = (Changes::new(), Changes::new());
        for (network, member) in networks {
            match network {
                IpNet::V4(network) => {
                    let last = u32::from(network.broadcast());
                    change(&mut v4, network.network().into(), last.checked_add(1), member);
                }
                IpNet::V6(network) => {
                    let last = u128::from(network.broadcast());
                    change(&mut v6, network.network().into(), last.checked_add(1), member);
                }
            }
        }
        let mut sets = Sets { numbers: BTreeMap::new(), members: Vec::new() };
        let (v4, v6) = (sets.ranges(v4), sets.ranges(v6));
        Self { v4, v6, members: sets.members.into() }
    }

    /// Everything whose networks the address is in, sorted.
    pub(super) fn get(&self, address: IpAddr) -> &[T] {
        let set = match address {
            IpAddr::V4(address) => self.v4.get(Ipv4Addr::into(address)),
            IpAddr::V6(address) => self.v6.get(Ipv6Addr::into(address)),
        };
        let set = set.map(|set| set.start as usize..set.end as usize);
        set.and_then(|set| self.members.get(set)).unwrap_or_default()
    }
}

impl<A: Copy + Ord> Ranges<A> {
    fn get(&self, address: A) -> Option<Range<u32>> {
        let after = self.starts.partition_point(|start| *start <= address);
        self.sets.get(after.checked_sub(1)?).cloned()
    }
}

/// What begins and ends at an address.
type Changes<A, T> = BTreeMap<A, Vec<(T, Change)>>;

#[derive(Clone, Copy)]
enum Change {
    Begins,
    Ends,
}

fn change<A: Ord, T>(changes: &mut Changes<A, T>, first: A, behind: Option<A>, member: T)
where
    T: Copy,
{
    changes.entry(first).or_default().push((member, Change::Begins));
    if let Some(behind) = behind {
        changes.entry(behind).or_default().push((member, Change::Ends));
    }
}

/// Sets of members, each kept once.
struct Sets<T> {
    numbers: BTreeMap<Vec<T>, Range<u32>>,
    members: Vec<T>,
}

impl<T: Copy + Ord> Sets<T> {
    fn ranges<A: Copy + Ord>(&mut self, changes: Changes<A, T>) -> Ranges<A> {
        // How many networks of each member are open.
        let mut open: BTreeMap<T, usize> = BTreeMap::new();
        let (mut starts, mut sets) = (Vec::new(), Vec::new());
        for (address, changes) in changes {
            for (member, change) in changes {
                let count = open.entry(member).or_default();
                match change {
                    Change::Begins => *count += 1,
                    Change::Ends => *count -= 1,
                }
            }
            open.retain(|_, count| *count > 0);
            starts.push(address);
            sets.push(self.number(open.keys().copied().collect()));
        }
        Ranges { starts: starts.into(), sets: sets.into() }
    }

    fn number(&mut self, set: Vec<T>) -> Range<u32> {
        if let Some(range) = self.numbers.get(&set) {
            return range.clone();
        }
        let start = self.members.len() as u32;
        self.members.extend(&set);
        let range = start..self.members.len() as u32;
        self.numbers.insert(set, range.clone());
        range
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn the_ends_of_both_families_are_found() {
        let whole = ["0.0.0.0/0", "255.255.255.255/32", "::/0", "ffff::/16"];
        let networks = whole.iter().enumerate().map(|(at, net)| (net.parse().unwrap(), at));
        let addresses = Addresses::new(networks);
        let check = |address: &str, expected: &[usize]| {
            assert_eq!(addresses.get(address.parse().unwrap()), expected, "{address}");
        };
        check("0.0.0.0", &[0]);
        check("255.255.255.254", &[0]);
        check("255.255.255.255", &[0, 1]);
        check("::", &[2]);
        check("::ffff:255.255.255.255", &[2]);
        check("ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff", &[2, 3]);
        assert!(Addresses::<u8>::new([]).get("192.0.2.1".parse().unwrap()).is_empty());
    }

    proptest! {
        #[test]
        fn a_range_holds_what_its_networks_hold(
            networks in proptest::collection::vec((0u8..=255, 22u8..=32, 0u8..4), 0..12),
        ) {
            let networks: Vec<(IpNet, u8)> = networks
                .into_iter()
                .map(|(last, prefix, member)| {
                    let address = Ipv4Addr::new(10, 0, 0, last);
                    (IpNet::new(address.into(), prefix).unwrap(), member)
                })
                .collect();
            let addresses = Addresses::new(networks.iter().copied());
            for number in 0..=0x400_u32 {
                let address = IpAddr::from(Ipv4Addr::from(0x0a00_0000 - 0x100 + number));
                let mut expected: Vec<u8> = networks
                    .iter()
                    .filter(|(network, _)| network.contains(&address))
                    .map(|(_, member)| *member)
                    .collect();
                expected.sort_unstable();
                expected.dedup();
                prop_assert_eq!(addresses.get(address), expected);
            }
        }
    }
}
