//! The matcher as anybody would write it: every entry is asked, one after the other.
//!
//! It is the specification. [`Matcher`](super::Matcher) gives the same answers faster, and a
//! property holds the two together; what both of them make of the bytes on the wire is
//! [`wire`](crate::flow::wire), and real engines hold that.

use super::judge::{Ask, Entries, Found, Judge};
use super::name::Bytes;
use super::{Flow, Options, Source, Verdict, verdict};
use crate::flow::wire::Said;
use crate::policy::pattern::{Glob, Pattern};
use crate::policy::port::Protocol;
use crate::policy::{
    Action, Destination, Grant, GrantId, Origins, Policy, Reach, RegionId, ServiceId, Terms,
};

/// A policy that is asked line by line.
#[derive(Debug, Clone, Copy)]
pub struct Reference<'p> {
    policy: &'p Policy,
    region: RegionId,
    options: &'p Options<'p>,
}

impl<'p> Reference<'p> {
    /// The matcher of a region.
    pub fn new(policy: &'p Policy, region: RegionId, options: &'p Options<'p>) -> Self {
        Self { policy, region, options }
    }

    /// What the firewall does with the flow, and the services it is of.
    pub fn decide(&self, flow: &Flow<'_>) -> Verdict<Vec<ServiceId>> {
        let services = self.services(flow.source);
        let Options { engine, profile, today, .. } = *self.options;
        let judgement = Judge { entries: self, engine, profile }.judge(&services, flow);
        let observes = |id: &ServiceId| self.policy.service(*id).observes(today);
        let observed = services.iter().any(observes);
        verdict(judgement, services, observed)
    }

    fn services(&self, source: Source) -> Vec<ServiceId> {
        let services = (0..self.policy.services.len() as u32).map(ServiceId);
        let has = |id: &ServiceId| {
            let Some(origins) = self.policy.service(*id).sources(self.region) else { return false };
            match (source, origins) {
                (Source::Service(service), _) => service == *id,
                (Source::Address(address), Origins::Networks(networks)) => {
                    networks.iter().any(|network| network.contains(&address))
                }
                (Source::Address(address), Origins::Reference { network, .. }) => {
                    let filled = self.options.filled.get(network);
                    filled.is_some_and(|them| them.iter().any(|it| it.contains(&address)))
                }
            }
        };
        services.filter(has).collect()
    }

    /// What is in force here and now, in the order of the policy.
    fn in_force(&self) -> impl Iterator<Item = Line<'p>> {
        let Self { policy, region, options } = *self;
        policy.grants.iter().enumerate().filter_map(move |(number, grant)| {
            let terms = policy.terms(grant);
            let service = grant.service.map(|id| policy.service(id));
            let runs = service.is_none_or(|service| service.sources(region).is_some());
            let line = Line {
                id: GrantId(number as u32),
                grant,
                terms,
                destination: grant.destination.get(region)?,
                except: terms.except(region),
            };
            (runs && terms.in_force(options.today)).then_some(line)
        })
    }

    /// The first lines about a name, or about the address.
    fn find(&self, ask: &Ask<'_>, name: Option<&[u8]>) -> Found {
        let first = |action| {
            let mut lines = self.in_force().filter(|line| line.grant.action == action);
            lines.find(|line| self.speaks_of(line, ask, name)).map(|line| line.id)
        };
        Found { denied: first(Action::Deny), allowed: first(Action::Allow) }
    }

    /// Whether what is asked is something the line speaks about.
    fn speaks_of(&self, line: &Line<'p>, ask: &Ask<'_>, name: Option<&[u8]>) -> bool {
        let theirs = line.grant.service.is_none_or(|id| ask.services.contains(&id));
        let reaches = match &line.terms.reach {
            Reach::Everything => true,
            Reach::Protocol(protocol, ports) => {
                Some(*protocol) == ask.protocol
                    && ports.as_ref().is_none_or(|ports| ports.contains(ask.port))
            }
        };
        theirs && reaches && self.is_of(line, ask, name)
    }

    /// Whether the destination is one of the line.
    fn is_of(&self, line: &Line<'p>, ask: &Ask<'_>, name: Option<&[u8]>) -> bool {
        match line.destination {
            Destination::Addresses(network) => {
                let excepted = line.except.iter().any(|except| match except {
                    Destination::Addresses(network) => network.contains(ask.destination),
                    Destination::Names(_) => false,
                });
                name.is_none() && network.contains(ask.destination) && !excepted
            }
            Destination::Names(pattern) => {
                let Some(name) = name else { return false };
                let excepted = line.except.iter().any(|except| match except {
                    Destination::Names(pattern) => is_name_of(name, pattern),
                    Destination::Addresses(_) => false,
                });
                let to = line.terms.to();
                let here = to.is_empty() || to.iter().any(|it| it.contains(ask.destination));
                let said = match self.bytes(line, ask.protocol) {
                    Bytes::Names => is_name_of(name, pattern),
                    Bytes::Any => are_bytes_of(name, pattern),
                };
                here && said && !excepted
            }
        }
    }

    /// What the form of a line makes of bytes that are no name.
    fn bytes(&self, line: &Line<'p>, protocol: Option<Protocol>) -> Bytes {
        let is_below = matches!(line.destination, Destination::Names(Pattern::Below(_)));
        match line.grant.action {
            Action::Deny => Bytes::Any,
            // A name and everything below it share the form that AWS prints.
            Action::Allow
                if protocol != Some(Protocol::Http)
                    && line.except.is_empty()
                    && is_below
                    && self.has_twin(line) =>
            {
                Bytes::Any
            }
            Action::Allow => Bytes::Names,
        }
    }

    /// Whether the name that everything is below is granted by a line that says the same.
    fn has_twin(&self, line: &Line<'p>) -> bool {
        // Of lines that grant the same thing the first one speaks.
        let first = |is_it: &dyn Fn(&Pattern) -> bool| {
            let alike = self.in_force().filter(|other| match other.destination {
                Destination::Names(pattern) => is_it(pattern) && line.is_alike(other),
                Destination::Addresses(_) => false,
            });
            alike.min_by_key(|other| (other.grant.at, other.id))
        };
        let Destination::Names(below) = line.destination else { return false };
        let apex = first(&|pattern| *pattern == Pattern::Exact(below.base().clone()));
        let below = first(&|pattern| pattern == below);
        apex.zip(below).is_some_and(|(apex, below)| apex.says_the_same(&below))
    }
}

impl Entries for Reference<'_> {
    fn of_address(&self, ask: &Ask<'_>) -> Found {
        self.find(ask, None)
    }

    fn of_name(&self, ask: &Ask<'_>, name: Said<'_>) -> Found {
        let name: Vec<u8> = name.bytes().collect();
        self.find(ask, Some(&name))
    }
}

/// One destination of one entry, in a region.
#[derive(Clone, Copy)]
struct Line<'p> {
    id: GrantId,
    grant: &'p Grant,
    terms: &'p Terms,
    destination: &'p Destination,
    except: &'p [Destination],
}

impl Line<'_> {
    /// Whether the two differ at most in their destinations and in why they are there.
    fn is_alike(&self, other: &Self) -> bool {
        let said = |line: &Self| (line.grant.action, line.grant.service, line.except);
        let reached = |line: &Self| (line.terms.reach.clone(), line.terms.to().to_vec());
        said(self) == said(other) && reached(self) == reached(other)
    }

    /// Whether the two say the same of their destinations.
    fn says_the_same(&self, other: &Self) -> bool {
        let said = |line: &Self| {
            let Terms { owner, ticket, reason, until, .. } = line.terms.clone();
            (owner, ticket, reason, until)
        };
        said(self) == said(other)
    }
}

/// Whether the bytes are a name of the pattern.
fn is_name_of(bytes: &[u8], pattern: &Pattern) -> bool {
    let is_label = |label: &[u8]| {
        let belongs = |byte: &u8| matches!(byte, b'a'..=b'z' | b'0'..=b'9' | b'_' | b'-');
        !label.is_empty() && label.iter().all(belongs)
    };
    bytes.split(|byte| *byte == b'.').all(is_label)
        && str::from_utf8(bytes).is_ok_and(|name| pattern.matches(name))
}

/// Whether the bytes end as a name of the pattern does.
fn are_bytes_of(bytes: &[u8], pattern: &Pattern) -> bool {
    let front = |parent: &str| bytes.strip_suffix(parent.as_bytes())?.strip_suffix(b".");
    match pattern {
        Pattern::Exact(name) => bytes == name.as_str().as_bytes(),
        Pattern::Below(parent) => front(parent.as_str()).is_some(),
        Pattern::OneLabel { label, parent } => {
            front(parent.as_str()).is_some_and(|front| are_bytes_of_label(front, label))
        }
    }
}

fn are_bytes_of_label(bytes: &[u8], label: &Glob) -> bool {
    let star = bytes.strip_prefix(label.prefix().as_bytes());
    let star = star.and_then(|rest| rest.strip_suffix(label.suffix().as_bytes()));
    star.is_some() && !bytes.is_empty() && !bytes.contains(&b'.')
}
