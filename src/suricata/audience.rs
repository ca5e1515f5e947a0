//! Whose packets a signature speaks about, in one region on one day.
//!
//! A service that observes is denied nothing: what a `deny` would stop is logged for it instead. So
//! a `deny` asks for the addresses of those who enforce, less the addresses of those who observe,
//! and each of the latter has a logging twin of it.

use std::collections::BTreeMap;
use std::sync::Arc;

use ipnet::IpNet;
use jiff::civil::Date;

use super::Addresses;
use crate::diagnostic::{Diagnostic, codes};
use crate::policy::{Origins, Policy, RegionId, Service, ServiceId, networks};
use crate::source::Location;

/// The variable that holds the addresses of every service that enforces, when some observe.
pub const ENFORCED: &str = "FWC_ENFORCED";

/// The services of a region and their addresses.
#[derive(Debug)]
pub(super) struct Audience<'p> {
    policy: &'p Policy,
    region: RegionId,
    /// Where the packets of each service come from.
    sources: Vec<Addresses>,
    /// Those that observe, by name.
    pub(super) observing: Vec<ServiceId>,
    /// The addresses of all that observe.
    observed: Vec<IpNet>,
    /// A service that observes and whose addresses are not known here.
    unknown_observer: Option<ServiceId>,
}

impl<'p> Audience<'p> {
    pub(super) fn new(policy: &'p Policy, region: RegionId, today: Date) -> Self {
        let mut audience = Self {
            policy,
            region,
            sources: policy.services.iter().map(|service| source(service, region)).collect(),
            observing: Vec::new(),
            observed: Vec::new(),
            unknown_observer: None,
        };
        for (number, service) in policy.services.iter().enumerate() {
            let id = ServiceId(number as u32);
            let Some(origins) = service.sources(region).filter(|_| service.observes(today)) else {
                continue;
            };
            audience.observing.push(id);
            match origins {
                Origins::Networks(networks) => audience.observed.extend(networks),
                Origins::Reference { .. } => audience.unknown_observer = Some(id),
            }
        }
        audience
    }

    /// Where the packets of a service come from.
    pub(super) fn source(&self, service: ServiceId) -> Addresses {
        self.sources.get(service.0 as usize).cloned().unwrap_or(Addresses::Any)
    }

    /// For whom a `deny` of a service, or of all of them, is enforced; `None` if for nobody, or if
    /// the addresses of an observer are not known, so that they cannot be left out.
    pub(super) fn enforced(
        &self,
        service: Option<ServiceId>,
        at: Location,
        found: &mut Vec<Diagnostic>,
    ) -> Option<Addresses> {
        if self.observing.is_empty() {
            return Some(service.map_or(Addresses::Any, |service| self.source(service)));
        }
        if service.is_some_and(|service| self.observing.contains(&service)) {
            return None;
        }
        if let Some(observer) = self.unknown_observer {
            found.push(self.unknown(observer, at));
            return None;
        }
        let Some(service) = service else {
            let everybody = !self.enforced_networks().is_empty();
            return everybody.then(|| Addresses::Variable(ENFORCED.into()));
        };
        let Some(Origins::Networks(networks)) = self.policy.service(service).sources(self.region)
        else {
            found.push(self.unknown(service, at));
            return None;
        };
        let inside = networks::difference(networks, &self.observed);
        if inside == *networks {
            return Some(self.source(service));
        }
        (!inside.is_empty()).then(|| Addresses::Networks(inside.into()))
    }

    /// For whom a `deny` of a service, or of all of them, is only logged: the observer and the
    /// addresses it shares with the service.
    pub(super) fn logged(&self, service: Option<ServiceId>) -> Vec<(ServiceId, Addresses)> {
        let own = service.and_then(|service| self.networks(service));
        let shared = |observer: ServiceId| {
            if service.is_none_or(|service| service == observer) {
                return Some(self.source(observer));
            }
            let inside = networks::intersection(own?, self.networks(observer)?);
            (!inside.is_empty()).then(|| Addresses::Networks(inside.into()))
        };
        self.observing.iter().filter_map(|id| Some((*id, shared(*id)?))).collect()
    }

    fn networks(&self, service: ServiceId) -> Option<&'p [IpNet]> {
        match self.policy.service(service).sources(self.region)? {
            Origins::Networks(networks) => Some(networks),
            Origins::Reference { .. } => None,
        }
    }

    /// The addresses of all who enforce and are shared with no observer.
    fn enforced_networks(&self) -> Vec<IpNet> {
        let all: Vec<IpNet> = (0..self.policy.services.len() as u32)
            .filter_map(|number| self.networks(ServiceId(number)))
            .flatten()
            .copied()
            .collect();
        networks::difference(&all, &self.observed)
    }

    /// The value of every variable a signature may name.
    pub(super) fn variables(&self) -> BTreeMap<Arc<str>, Vec<IpNet>> {
        let services = (0..self.policy.services.len() as u32).map(ServiceId);
        let mut variables: BTreeMap<Arc<str>, Vec<IpNet>> = services
            .filter_map(|id| {
                let name = variable(&self.policy.service(id).name);
                Some((name.into(), self.networks(id)?.to_vec()))
            })
            .collect();
        // Neither AWS nor the engine takes a variable without a value.
        let enforced = self.enforced_networks();
        if !self.observing.is_empty() && !enforced.is_empty() {
            variables.insert(ENFORCED.into(), enforced);
        }
        variables
    }

    /// The ARN of every set that AWS fills and a signature may refer to.
    pub(super) fn references(&self) -> BTreeMap<Arc<str>, String> {
        let sources = self.policy.services.iter().filter_map(|it| it.sources(self.region));
        sources
            .filter_map(|origins| match origins {
                Origins::Reference { network, arn } => {
                    Some((variable(network).into(), arn.clone()))
                }
                Origins::Networks(_) => None,
            })
            .collect()
    }

    fn unknown(&self, service: ServiceId, at: Location) -> Diagnostic {
        let observer = self.observing.first().map(|id| self.policy.service(*id));
        let service: &Service = self.policy.service(service);
        let diagnostic = Diagnostic::error(
            codes::UNKNOWN_OBSERVER,
            format!("the addresses of `{}` are known to AWS alone", service.name),
        )
        .at(at, "denies what an observing service may still reach");
        let diagnostic = match observer {
            Some(observer) => diagnostic.at(observer.at, "observes"),
            None => diagnostic,
        };
        diagnostic
            .note("whether the two share addresses decides what is denied")
            .help("bind the network to CIDRs while a service observes")
    }
}

fn source(service: &Service, region: RegionId) -> Addresses {
    match service.sources(region) {
        Some(Origins::Reference { network, .. }) => Addresses::Reference(variable(network).into()),
        Some(Origins::Networks(_)) | None => Addresses::Variable(variable(&service.name).into()),
    }
}

/// The name of a variable: letters, digits and `_`, which no name of a service has.
pub(crate) fn variable(name: &str) -> String {
    name.replace('-', "_")
}
