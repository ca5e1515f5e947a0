//! Sets of addresses: what remains of some without others, and what two have in common.

use core::net::{Ipv4Addr, Ipv6Addr};

use ipnet::{IpNet, Ipv4Net, Ipv4Subnets, Ipv6Net, Ipv6Subnets};

/// An inclusive range of addresses of one family, as numbers.
type Range = (u128, u128);

/// The addresses of `these` that are not in `those`, as few sorted networks as possible.
pub fn difference(these: &[IpNet], those: &[IpNet]) -> Vec<IpNet> {
    by_family(these, those, |these, those| {
        let mut left = Vec::new();
        for (start, end) in these {
            // The first address that has not been decided; `None` behind the last address of all.
            let mut from = Some(start);
            for (cut_start, cut_end) in those.iter().copied() {
                let Some(at) = from.filter(|at| *at <= end) else { break };
                if cut_end < at || cut_start > end {
                    continue;
                }
                if cut_start > at {
                    left.push((at, cut_start - 1));
                }
                from = cut_end.checked_add(1);
            }
            if let Some(at) = from.filter(|at| *at <= end) {
                left.push((at, end));
            }
        }
        left
    })
}

/// The addresses in both, as few sorted networks as possible.
pub fn intersection(these: &[IpNet], those: &[IpNet]) -> Vec<IpNet> {
    by_family(these, those, |these, those| {
        let mut both = Vec::new();
        for (start, end) in these {
            for (other_start, other_end) in those.iter().copied() {
                let (start, end) = (start.max(other_start), end.min(other_end));
                if start <= end {
                    both.push((start, end));
                }
            }
        }
        both
    })
}

fn by_family(
    these: &[IpNet],
    those: &[IpNet],
    combine: impl Fn(Vec<Range>, Vec<Range>) -> Vec<Range>,
) -> Vec<IpNet> {
    let four = combine(ranges_v4(these), ranges_v4(those));
    let six = combine(ranges_v6(these), ranges_v6(those));
    let four = four.into_iter().flat_map(|(start, end)| {
        // Both ends come from addresses of the family.
        let address = |number: u128| Ipv4Addr::from(number as u32);
        Ipv4Subnets::new(address(start), address(end), 0).map(IpNet::V4)
    });
    let six = six.into_iter().flat_map(|(start, end)| {
        Ipv6Subnets::new(Ipv6Addr::from(start), Ipv6Addr::from(end), 0).map(IpNet::V6)
    });
    let mut networks = IpNet::aggregate(&four.chain(six).collect());
    networks.sort_unstable();
    networks
}

fn ranges_v4(networks: &[IpNet]) -> Vec<Range> {
    let family: Vec<Ipv4Net> = networks
        .iter()
        .filter_map(|network| match network {
            IpNet::V4(network) => Some(*network),
            IpNet::V6(_) => None,
        })
        .collect();
    let mut family = Ipv4Net::aggregate(&family);
    family.sort_unstable();
    let number = |address: Ipv4Addr| u128::from(u32::from(address));
    family.iter().map(|network| (number(network.network()), number(network.broadcast()))).collect()
}

fn ranges_v6(networks: &[IpNet]) -> Vec<Range> {
    let family: Vec<Ipv6Net> = networks
        .iter()
        .filter_map(|network| match network {
            IpNet::V6(network) => Some(*network),
            IpNet::V4(_) => None,
        })
        .collect();
    let mut family = Ipv6Net::aggregate(&family);
    family.sort_unstable();
    family
        .iter()
        .map(|network| (u128::from(network.network()), u128::from(network.broadcast())))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn networks(text: &str) -> Vec<IpNet> {
        text.split_whitespace().map(|network| network.parse().unwrap()).collect()
    }

    fn shown(networks: &[IpNet]) -> String {
        networks.iter().map(IpNet::to_string).collect::<Vec<_>>().join(" ")
    }

    #[test]
    fn a_hole_splits_a_network() {
        let left = difference(&networks("10.0.0.0/30 2001:db8::/32"), &networks("10.0.0.1/32"));
        assert_eq!(shown(&left), "10.0.0.0/32 10.0.0.2/31 2001:db8::/32");
    }

    #[test]
    fn the_last_address_of_all_can_be_cut() {
        let left = difference(&networks("0.0.0.0/0 ::/0"), &networks("128.0.0.0/1 8000::/1"));
        assert_eq!(shown(&left), "0.0.0.0/1 ::/1");
    }

    fn any_networks() -> impl Strategy<Value = Vec<IpNet>> {
        let network = (0u8..64, 24u8..=32).prop_map(|(last, prefix)| {
            let last = last * 4;
            IpNet::new(Ipv4Addr::new(10, 0, 0, last).into(), prefix).unwrap().trunc()
        });
        proptest::collection::vec(network, 0..6)
    }

    proptest! {
        #[test]
        fn membership_decides(these in any_networks(), those in any_networks()) {
            let (left, both) = (difference(&these, &those), intersection(&these, &those));
            for last in 0..=255 {
                let address = IpNet::from(core::net::IpAddr::from([10, 0, 0, last]));
                let within = |networks: &[IpNet]| networks.iter().any(|it| it.contains(&address));
                prop_assert_eq!(within(&left), within(&these) && !within(&those));
                prop_assert_eq!(within(&both), within(&these) && within(&those));
            }
        }
    }
}
