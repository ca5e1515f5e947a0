//! A host as people ask about it, and the flow that is meant.

use core::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use ipnet::IpNet;

use super::{Answer, Answers};
use crate::flow::{Flow, Request, Source, Spoken};
use crate::policy::host::Host;
use crate::policy::port::Protocol;
use crate::policy::{Action, Destination, Grant, Origins, Policy, Reach, RegionId, ServiceId};

/// What is asked about a host.
///
/// A client that asks for a name says it as it stands here. One that asks for an address says no
/// name in TLS and QUIC, and the address as Host in HTTP.
#[derive(Debug, Clone, Copy)]
pub struct Question<'q> {
    /// The name or address.
    pub host: &'q Host,
    /// The port; not looked at where there are none.
    pub port: u16,
    /// What is spoken. A name is said over TLS, HTTP and QUIC alone; over anything else nobody
    /// hears it.
    pub protocol: Protocol,
    /// Where the name is. `None` asks where the policy says it is: at the first address of the
    /// first entry that allows the service this name, port and protocol `to` some addresses, or
    /// else where no entry says anything.
    pub at: Option<IpAddr>,
}

/// Addresses that no policy is about, reserved for documents and measurements (RFC 5737, 2544,
/// 3849 and 9637), should one be about the first of them after all.
const NOWHERE_V4: [Ipv4Addr; 4] = [
    Ipv4Addr::new(192, 0, 2, 1),
    Ipv4Addr::new(198, 51, 100, 1),
    Ipv4Addr::new(203, 0, 113, 1),
    Ipv4Addr::new(198, 18, 0, 1),
];
const NOWHERE_V6: [Ipv6Addr; 2] =
    [Ipv6Addr::new(0x2001, 0xdb8, 0, 0, 0, 0, 0, 1), Ipv6Addr::new(0x3fff, 0, 0, 0, 0, 0, 0, 1)];

impl Answers<'_> {
    /// What the firewall does when a service asks for a host, from an address that no other service
    /// has.
    pub fn ask(&self, service: ServiceId, question: &Question<'_>) -> Answer<'_> {
        let text = question.host.to_string();
        let (name, hosts): (_, &[&[u8]]) = match question.host {
            Host::Name(name) => (Some(name.as_str().as_bytes()), &[text.as_bytes()]),
            Host::Address(_) => (None, &[text.as_bytes()]),
        };
        let requests = [Request::get(hosts)];
        let spoken = Spoken::over(question.protocol, name, &requests);
        let destination = match question.host {
            Host::Address(address) => *address,
            Host::Name(_) => {
                let address = question.at.or_else(|| self.narrowed(service, question));
                address.unwrap_or_else(|| self.elsewhere(service))
            }
        };
        let source = Source::Service(service);
        self.answer(&Flow { source, destination, port: question.port, spoken })
    }

    /// An address that no entry says anything about, of a family the service has.
    fn elsewhere(&self, service: ServiceId) -> IpAddr {
        let [v4, v6] = self.elsewhere;
        if self.has_v4(service) { v4 } else { v6 }
    }

    fn has_v4(&self, service: ServiceId) -> bool {
        match self.policy().service(service).sources(self.region) {
            Some(Origins::Networks(networks)) => {
                networks.iter().any(|network| matches!(network, IpNet::V4(_)))
            }
            Some(Origins::Reference { .. }) | None => true,
        }
    }

    /// Where a name is asked for because an entry says so: the first address to which the entries
    /// are narrowed that allow it to the service, one of a family that the service has before others.
    pub fn narrowed(&self, service: ServiceId, question: &Question<'_>) -> Option<IpAddr> {
        let Host::Name(name) = question.host else { return None };
        if question.at.is_some() {
            return None;
        }
        let policy = self.policy();
        let v4 = self.has_v4(service);
        let allows = |grant: &&Grant| {
            grant.action == Action::Allow
                && grant.service == Some(service)
                && policy.terms(grant).in_force(self.context.options.today)
        };
        let grants = policy.grants.iter().filter(allows);
        let mut networks = grants.flat_map(|grant| {
            let terms = policy.terms(grant);
            let reaches = match &terms.reach {
                Reach::Protocol(protocol, ports) => {
                    *protocol == question.protocol
                        && ports.as_ref().is_some_and(|ports| ports.contains(question.port))
                }
                Reach::Everything => true,
            };
            let names = |destination: &Destination| match destination {
                Destination::Names(pattern) => pattern.matches(name.as_str()),
                Destination::Addresses(_) => false,
            };
            let named = grant.destination.get(self.region).is_some_and(names)
                && !terms.except(self.region).iter().any(names);
            if reaches && named { terms.to() } else { &[] }
        });
        let first = networks.next()?;
        let family = |network: &&IpNet| matches!(network, IpNet::V4(_)) == v4;
        let network = Some(first).into_iter().chain(networks).find(family).unwrap_or(first);
        Some(network.addr())
    }
}

/// Addresses of both families that as few entries as possible say anything about.
pub(crate) fn elsewhere(policy: &Policy, region: RegionId) -> [IpAddr; 2] {
    let spoken_of = |address: &IpAddr| {
        let entries = policy.grants.iter().filter(|grant| {
            let here = match grant.destination.get(region) {
                Some(Destination::Addresses(network)) => network.contains(address),
                Some(Destination::Names(_)) | None => false,
            };
            here || policy.terms(grant).to().iter().any(|network| network.contains(address))
        });
        entries.count()
    };
    let v4 = NOWHERE_V4.map(IpAddr::V4).into_iter().min_by_key(spoken_of);
    let v6 = NOWHERE_V6.map(IpAddr::V6).into_iter().min_by_key(spoken_of);
    [v4.unwrap_or(Ipv4Addr::UNSPECIFIED.into()), v6.unwrap_or(Ipv6Addr::UNSPECIFIED.into())]
}
