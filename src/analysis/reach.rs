//! What entries let a service reach: from lines of a policy to sets of flows.

use std::collections::BTreeMap;

use ipnet::IpNet;
use jiff::civil::Date;

use super::addresses::AddressSet;
use super::flows::{Flows, Operation, Places, Said};
use crate::policy::names::NameSet;
use crate::policy::pattern::Pattern;
use crate::policy::port::{PortSet, Protocol};
use crate::policy::{Action, Destination, Grant, Policy, Reach, RegionId, ServiceId};

/// The entries of a region that are in force on a day, by service.
#[derive(Debug)]
pub struct Entries<'p> {
    /// Those of each service that runs there, in the order of the policy.
    services: Vec<Option<Vec<Line<'p>>>>,
    /// Those for every service, which only deny.
    everyone: Vec<Line<'p>>,
    denied: Flows,
}

/// One destination of one entry. Two are equal if they say the same.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Line<'p> {
    action: Action,
    destination: &'p Destination,
    reach: &'p Reach,
    to: &'p [IpNet],
    except: &'p [Destination],
}

impl<'p> Entries<'p> {
    /// The entries of a policy in a region.
    pub fn new(policy: &'p Policy, region: RegionId, today: Date) -> Self {
        let runs =
            policy.services.iter().map(|service| service.sources(region).map(|_| Vec::new()));
        let (mut services, mut everyone): (Vec<Option<Vec<_>>>, _) = (runs.collect(), Vec::new());
        for grant in &policy.grants {
            let Some(destination) = grant.destination.get(region) else { continue };
            if !policy.terms(grant).in_force(today) {
                continue;
            }
            let line = Line::new(policy, grant, destination, region);
            match grant.service {
                None => everyone.push(line),
                Some(id) => {
                    if let Some(Some(lines)) = services.get_mut(id.0 as usize) {
                        lines.push(line);
                    }
                }
            }
        }
        let denied = of_lines(&everyone);
        Self { services, everyone, denied }
    }

    /// The lines of a service; `None` where it does not run.
    pub(super) fn lines(&self, service: ServiceId) -> Option<&[Line<'p>]> {
        self.services.get(service.0 as usize)?.as_deref()
    }

    /// The lines for every service.
    pub(super) fn everyone(&self) -> &[Line<'p>] {
        &self.everyone
    }

    /// What entries deny to these services, those for every service included.
    pub fn denied(&self, services: &[ServiceId]) -> Flows {
        of_lines(&self.of(services, Action::Deny)).union(&self.denied)
    }

    fn of(&self, services: &[ServiceId], action: Action) -> Vec<Line<'p>> {
        let lines = services.iter().filter_map(|id| self.lines(*id)).flatten();
        lines.filter(|line| line.action == action).copied().collect()
    }

    /// What flows from an address of these services, and of no other, may reach: whatever an entry
    /// of any of them allows, and none of them denies.
    ///
    /// One that observes reaches more on its day: everything, with a line in the log. That is not in
    /// it.
    pub fn reach(&self, services: &[ServiceId]) -> Flows {
        self.reach_where(services, &|_| true, &AddressSet::clone)
    }

    /// The same, of those entries that `count`, and of the addresses that `part` makes of those that
    /// entries with equal ports allow. What denies always counts.
    pub(super) fn reach_where(
        &self,
        services: &[ServiceId],
        count: &dyn Fn(&Line<'p>) -> bool,
        part: &dyn Fn(&AddressSet) -> AddressSet,
    ) -> Flows {
        let mut allows = self.of(services, Action::Allow);
        allows.retain(count);
        let allowed = flows(&allows, part);
        let denied = of_lines(&self.of(services, Action::Deny));
        allowed.difference(&denied).difference(&self.denied)
    }
}

/// What lines are about, whatever they do.
pub(super) fn of_lines(lines: &[Line<'_>]) -> Flows {
    flows(lines, &AddressSet::clone)
}

/// What a grant is about in a region, whatever else is said.
pub(super) fn of_grant(policy: &Policy, grant: &Grant, region: RegionId) -> Flows {
    let destination = grant.destination.get(region);
    let line = destination.map(|destination| Line::new(policy, grant, destination, region));
    of_lines(line.as_slice())
}

impl<'p> Line<'p> {
    fn new(
        policy: &'p Policy,
        grant: &'p Grant,
        destination: &'p Destination,
        region: RegionId,
    ) -> Self {
        let terms = policy.terms(grant);
        Self {
            action: grant.action,
            destination,
            reach: &terms.reach,
            to: terms.to(),
            except: terms.except(region),
        }
    }

    /// Whether it opens.
    pub(super) fn allows(&self) -> bool {
        self.action == Action::Allow
    }

    /// Whether it may be about one of the names, or about names anywhere.
    pub(super) fn may_say(&self, names: &NameSet) -> bool {
        match self.destination {
            Destination::Names(pattern) if !self.to.is_empty() => {
                !NameSet::from_pattern(pattern).intersection(names).is_empty()
            }
            Destination::Names(_) | Destination::Addresses(_) => true,
        }
    }

    /// Whether it is about names, and says nothing of addresses.
    pub(super) fn is_of_names_anywhere(&self) -> bool {
        matches!(self.destination, Destination::Names(_)) && self.to.is_empty()
    }

    /// The addresses it is about; `None` if it is about names.
    pub(super) fn addresses(&self) -> Option<AddressSet> {
        let Destination::Addresses(network) = self.destination else { return None };
        let except = self.except.iter().filter_map(|except| match except {
            Destination::Addresses(network) => Some(network),
            Destination::Names(_) => None,
        });
        Some(AddressSet::from_networks([network]).difference(&AddressSet::from_networks(except)))
    }

    fn excepted_names(&self) -> impl Iterator<Item = &Pattern> {
        self.except.iter().filter_map(|except| match except {
            Destination::Names(pattern) => Some(pattern),
            Destination::Addresses(_) => None,
        })
    }
}

/// Every flow that any of the lines is about.
fn flows(lines: &[Line<'_>], part: &dyn Fn(&AddressSet) -> AddressSet) -> Flows {
    let mut by_reach: BTreeMap<&Reach, Vec<&Line<'_>>> = BTreeMap::new();
    for line in lines {
        by_reach.entry(line.reach).or_default().push(line);
    }
    let mut sets = Vec::new();
    for (reach, lines) in by_reach {
        sets.push(of_names(reach, &places_of_names(&lines)));
        let addresses: Vec<_> = lines.iter().filter_map(|line| line.addresses()).collect();
        sets.push(of_addresses(reach, &part(&AddressSet::of_all(&addresses))));
    }
    Flows::of_all(sets)
}

/// The flows of a destination, whoever grants it: what an assertion speaks about.
pub(super) fn target(destination: &Destination, reach: &Reach) -> Flows {
    match destination {
        Destination::Names(pattern) => {
            let said = Said::of(NameSet::from_pattern(pattern));
            of_names(reach, &Places::new(AddressSet::everything(), said))
        }
        Destination::Addresses(network) => {
            of_addresses(reach, &AddressSet::from_networks([network]))
        }
    }
}

/// The names of lines about names, and where each may be said.
fn places_of_names(lines: &[&Line<'_>]) -> Places {
    let mut by_address: BTreeMap<&[IpNet], (Vec<&Pattern>, Vec<NameSet>)> = BTreeMap::new();
    for line in lines {
        let Destination::Names(pattern) = line.destination else { continue };
        let (whole, cut) = by_address.entry(line.to).or_default();
        let mut except = line.excepted_names().peekable();
        if except.peek().is_some() {
            cut.push(NameSet::from_pattern(pattern).difference(&NameSet::from_patterns(except)));
        } else {
            whole.push(pattern);
        }
    }
    let mut places = by_address.into_iter().map(|(to, (whole, cut))| {
        let names = cut.iter().fold(NameSet::from_patterns(whole), |all, names| all.union(names));
        let addresses =
            if to.is_empty() { AddressSet::everything() } else { AddressSet::from_networks(to) };
        Places::new(addresses, Said::of(names))
    });
    // Names for any address, most of all, come first, and are joined with all others at once.
    let anywhere = places.next().unwrap_or_default();
    Places::of_all(places.collect()).combine(&anywhere, Operation::Union)
}

/// Names said over a protocol that has them; over all of these, if it is not said which.
fn of_names(reach: &Reach, names: &Places) -> Flows {
    let over = |protocol, ports: &PortSet| Flows::over(protocol, ports, names.clone());
    match reach {
        Reach::Protocol(protocol, ports) if protocol.named() => {
            over(*protocol, ports.as_ref().unwrap_or(&PortSet::all()))
        }
        Reach::Protocol(..) => Flows::default(),
        Reach::Everything => {
            let named = Protocol::ALL.into_iter().filter(|protocol| protocol.named());
            Flows::of_all(named.map(|protocol| over(protocol, &PortSet::all())).collect())
        }
    }
}

/// Whatever is said to the addresses: TCP and UDP carry what has names, too.
fn of_addresses(reach: &Reach, addresses: &AddressSet) -> Flows {
    use Protocol::{Http, Icmp, Quic, Tcp, Tls, Udp};
    let (protocols, ports): (&[Protocol], _) = match reach {
        Reach::Everything => (&[Tls, Http, Quic, Tcp, Udp, Icmp], None),
        Reach::Protocol(Tcp, ports) => (&[Tls, Http, Tcp], ports.as_ref()),
        Reach::Protocol(Udp, ports) => (&[Quic, Udp], ports.as_ref()),
        Reach::Protocol(protocol, ports) => (std::slice::from_ref(protocol), ports.as_ref()),
    };
    let all = PortSet::all();
    let ports = ports.unwrap_or(&all);
    let over = |protocol: &Protocol| {
        let said = if protocol.named() { Said::anything() } else { Said::without_name() };
        Flows::over(*protocol, ports, Places::new(addresses.clone(), said))
    };
    Flows::of_all(protocols.iter().map(over).collect())
}
