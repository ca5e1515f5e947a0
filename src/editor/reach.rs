//! Who reaches a destination: the matcher, asked for every service and region.

use core::net::IpAddr;

use ipnet::IpNet;

use super::Draft;
use crate::answer::elsewhere;
use crate::flow::{Flow, Request, Source, Spoken};
use crate::matcher::{Action, Matcher, Options};
use crate::policy::names::NameSet;
use crate::policy::port::Protocol;
use crate::policy::{Destination, Origins, Reach, RegionId, Regional, Service, ServiceId, Terms};
use crate::suricata::Profile;

/// What is asked: one flow a region.
pub(super) struct Question<'q> {
    pub(super) destination: &'q Regional<Destination>,
    pub(super) protocol: Protocol,
    /// 0 where there are none.
    pub(super) port: u16,
    /// Where a name is, if an entry says so.
    pub(super) address: Option<IpAddr>,
}

impl<'q> Question<'q> {
    /// Asks for a destination as an entry with these terms is used: over its protocol, on the first
    /// of its ports.
    pub(super) fn of(destination: &'q Regional<Destination>, terms: Option<&Terms>) -> Self {
        let (protocol, ports) = match terms.map(|terms| &terms.reach) {
            Some(Reach::Protocol(protocol, ports)) => (*protocol, ports.as_ref()),
            Some(Reach::Everything) | None => (Protocol::Tls, None),
        };
        let port = ports.map(|ports| ports.first()).or(protocol.default_port()).unwrap_or(0);
        let address = terms.and_then(|terms| terms.to().first()).map(IpNet::addr);
        Self { destination, protocol, port, address }
    }
}

/// What a service gets in each region; `None` where it does not run.
pub(super) struct Row<'d> {
    pub(super) service: &'d Service,
    pub(super) actions: Vec<Option<Action>>,
}

impl Draft {
    /// What every service gets.
    pub(super) fn decide(&self, question: &Question<'_>) -> Vec<Row<'_>> {
        let profile = Profile::of(self.project.firewall.profile);
        let options = Options { profile, ..Options::new(self.today) };
        let services = self.policy.services.iter();
        let mut rows: Vec<_> =
            services.map(|service| Row { service, actions: Vec::new() }).collect();
        for region in (0..self.policy.regions.len() as u32).map(RegionId) {
            let matcher = Matcher::new(&self.policy, region, &options);
            for (id, row) in rows.iter_mut().enumerate() {
                let runs = row.service.sources(region).is_some();
                let id = ServiceId(id as u32);
                let action = runs.then(|| self.ask(&matcher, id, region, question)).flatten();
                row.actions.push(action);
            }
        }
        rows
    }

    fn ask(
        &self,
        matcher: &Matcher,
        service: ServiceId,
        region: RegionId,
        question: &Question<'_>,
    ) -> Option<Action> {
        let source = Source::Service(service);
        let has_v4 = match self.policy.service(service).sources(region)? {
            Origins::Networks(networks) => networks.iter().any(|it| matches!(it, IpNet::V4(_))),
            Origins::Reference { .. } => true,
        };
        let (name, destination) = match question.destination.get(region)? {
            Destination::Addresses(network) => (None, network.addr()),
            Destination::Names(pattern) => {
                let [v4, v6] = elsewhere(&self.policy, region);
                let address = question.address.unwrap_or(if has_v4 { v4 } else { v6 });
                (NameSet::from_pattern(pattern).witness(), address)
            }
        };
        let host = name.clone().unwrap_or_else(|| destination.to_string());
        let hosts = [host.as_bytes()];
        let requests = [Request::get(&hosts)];
        let name = name.as_deref().map(str::as_bytes);
        let spoken = Spoken::over(question.protocol, name, &requests);
        let flow = Flow { source, destination, port: question.port, spoken };
        Some(matcher.decide(&flow).action)
    }
}
