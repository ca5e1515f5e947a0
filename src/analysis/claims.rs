//! Assertions, decided over every name: what holds, and a flow that shows what does not.
//!
//! Assertions speak of what entries allow a service that shares its addresses with no other, so one
//! that observes breaks none. A claim about names asks what may be *said*: to any address, for a name
//! may be at any. What is granted by address counts for every name where that is much of the
//! Internet ([`WIDE_V4`], [`WIDE_V6`]); a smaller network is a place, and what is said there reaches
//! no other. A claim about addresses asks where packets may *go*: it counts what is granted by
//! address, and names narrowed by `to`, for any other name may be at any address.

use std::cell::OnceCell;
use std::collections::BTreeSet;

use ipnet::IpNet;
use jiff::civil::Date;

use super::addresses::AddressSet;
use super::flows::{Flows, Places, Said};
use super::reach::{Entries, Line, target};
use super::rows::Witness;
use crate::diagnostic::{Diagnostic, codes};
use crate::matcher::{Matcher, Options, Reason, Source};
use crate::policy::names::NameSet;
use crate::policy::pattern::Pattern;
use crate::policy::port::{PortSet, Protocol};
use crate::policy::{Assertion, Claim, Destination, Policy, Reach, RegionId, Regional, ServiceId};
use crate::source::Location;

/// The longest prefix of a network of IPv4 that is much of the Internet: a 256th of it.
pub const WIDE_V4: u8 = 8;

/// The same for IPv6, where a 256th of what is routed (`2000::/3`) is one of 2,048.
pub const WIDE_V6: u8 = 11;

/// Whether an assertion holds.
#[derive(Debug, Clone)]
pub struct Outcome {
    /// Which one, by its place in [`Policy::assertions`].
    pub assertion: usize,
    /// What breaks it, at most one a service and region; none if it holds.
    pub failures: Vec<Failure>,
}

impl Outcome {
    /// Whether it holds.
    pub fn holds(&self) -> bool {
        self.failures.is_empty()
    }
}

/// What breaks an assertion.
#[derive(Debug, Clone)]
pub enum Failure {
    /// A flow is allowed that may not be.
    Allowed(Counterexample),
    /// A flow is not allowed that has to be.
    NotAllowed(Counterexample),
    /// A flow is allowed in one region and what it would be in another is not allowed there.
    OnlyHere {
        /// Where it is allowed.
        here: Counterexample,
        /// Where the same is not.
        there: RegionId,
    },
    /// The other policy cannot be read.
    NoEnvelope {
        /// Why, as a phrase.
        reason: String,
    },
}

/// A flow, whose, and what decides about it.
#[derive(Debug, Clone)]
pub struct Counterexample {
    /// Whose.
    pub service: ServiceId,
    /// Where.
    pub region: RegionId,
    /// What.
    pub flow: Witness,
    /// The entry that allows or denies it; `None` if none does.
    pub entry: Option<Location>,
}

/// Decides every assertion of a policy on a day. `envelope` gives the policy that an
/// `assert within` names, resolved for the same project, or says why it cannot.
pub fn decide(
    policy: &Policy,
    today: Date,
    envelope: &dyn Fn(&Assertion, &str) -> Result<Policy, String>,
) -> Vec<Outcome> {
    if policy.assertions.is_empty() {
        return Vec::new();
    }
    let regions = (0..policy.regions.len() as u32).map(RegionId);
    let entries: Vec<_> = regions.map(|region| Entries::new(policy, region, today)).collect();
    let matchers = entries.iter().map(|_| OnceCell::new()).collect();
    let all = All { policy, today, entries, matchers };
    let assertions = policy.assertions.iter().enumerate();
    let outcomes = assertions.map(|(number, assertion)| {
        let failures = match &assertion.claim {
            Claim::Only { services, targets, reach } => {
                let others = all.services().filter(|id| !services.contains(id));
                all.unreached(others, targets, reach.as_ref())
            }
            Claim::Never { service, targets, reach } => {
                let named = all.services().filter(|id| service.is_none_or(|it| it == *id));
                all.unreached(named, targets, reach.as_ref())
            }
            Claim::Reaches { service, targets, reach } => {
                all.reached(*service, targets, reach.as_ref())
            }
            Claim::RegionsEqual { except } => {
                let named = all.services().filter(|id| !except.contains(id));
                named.filter_map(|id| all.equal(id)).collect()
            }
            Claim::Within { path } => match envelope(assertion, path) {
                Ok(envelope) => all.within(&envelope),
                Err(reason) => vec![Failure::NoEnvelope { reason }],
            },
        };
        Outcome { assertion: number, failures }
    });
    outcomes.collect()
}

/// What assertions that do not hold have to say: each once a service, with its flow in the first
/// region where it fails.
pub fn diagnostics(policy: &Policy, outcomes: &[Outcome]) -> Vec<Diagnostic> {
    let mut found = Vec::new();
    for Outcome { assertion, failures } in outcomes {
        let Some(assertion) = policy.assertions.get(*assertion) else { continue };
        let mut told = BTreeSet::new();
        for failure in failures {
            if failure.service().is_none_or(|service| told.insert(service)) {
                let of_it = failures.iter().filter_map(Failure::flow);
                let of_it = of_it.filter(|flow| Some(flow.service) == failure.service());
                let regions = of_it.map(|flow| flow.region).collect();
                found.push(diagnostic(policy, assertion, failure, &regions));
            }
        }
    }
    found
}

impl Failure {
    fn flow(&self) -> Option<&Counterexample> {
        match self {
            Self::Allowed(flow) | Self::NotAllowed(flow) | Self::OnlyHere { here: flow, .. } => {
                Some(flow)
            }
            Self::NoEnvelope { .. } => None,
        }
    }

    fn service(&self) -> Option<ServiceId> {
        self.flow().map(|flow| flow.service)
    }
}

fn diagnostic(
    policy: &Policy,
    assertion: &Assertion,
    failure: &Failure,
    regions: &BTreeSet<RegionId>,
) -> Diagnostic {
    let role = |region: &RegionId| {
        policy.regions.get(region.0 as usize).map_or("", |region| region.role.as_str())
    };
    let (message, help) = match (failure, &assertion.claim) {
        (Failure::NoEnvelope { reason }, _) => {
            return Diagnostic::error(
                codes::NO_ENVELOPE,
                format!("no policy to be within: {reason}"),
            )
            .at(assertion.at, "")
            .help("name a policy that stands alone, relative to this file");
        }
        (Failure::Allowed(shown), Claim::Within { path }) => (
            format!(
                "`{}` may reach {}, which `{path}` does not allow",
                name(policy, shown),
                shown.flow
            ),
            "narrow the entry, or ask the owners of that policy to allow it".to_owned(),
        ),
        (Failure::Allowed(shown), Claim::Only { .. }) => (
            format!("`{}` may reach {}, too", name(policy, shown), shown.flow),
            format!(
                "narrow the entry, or name `{0}` here: `only {0} … reach …`",
                name(policy, shown)
            ),
        ),
        (Failure::Allowed(shown), _) => (
            format!("`{}` may reach {}", name(policy, shown), shown.flow),
            format!("narrow the entry, or `deny` the name in `{}`", name(policy, shown)),
        ),
        (Failure::NotAllowed(shown), _) => (
            format!("`{}` may not reach {}", name(policy, shown), shown.flow),
            match shown.entry {
                Some(_) => "narrow what denies it, or the assertion".to_owned(),
                None => format!("allow it in `{}`, or narrow the assertion", name(policy, shown)),
            },
        ),
        (Failure::OnlyHere { here, there }, _) => (
            format!(
                "`{}` may reach {} in region `{}`, and not the same in `{}`",
                name(policy, here),
                here.flow,
                role(&here.region),
                role(there)
            ),
            format!(
                "let both regions agree, or write `regions equal except {}`",
                name(policy, here)
            ),
        ),
    };
    let mut found =
        Diagnostic::error(codes::FAILED_ASSERTION, message).at(assertion.at, "this does not hold");
    if let Some(shown) = failure.flow() {
        if let Some(entry) = shown.entry {
            let denies = matches!(failure, Failure::NotAllowed(_));
            found = found.at(entry, if denies { "denied here" } else { "allowed here" });
        }
        let is_one_of_many =
            policy.regions.len() > 1 && !matches!(failure, Failure::OnlyHere { .. });
        if is_one_of_many {
            let regions: Vec<_> = regions.iter().map(|it| format!("`{}`", role(it))).collect();
            let word = if regions.len() == 1 { "region" } else { "regions" };
            found = found.note(format!("in {word} {}", regions.join(" and ")));
        }
    }
    found.help(help)
}

fn name<'p>(policy: &'p Policy, shown: &Counterexample) -> &'p str {
    &policy.service(shown.service).name
}

/// A policy in every region.
struct All<'p> {
    policy: &'p Policy,
    today: Date,
    entries: Vec<Entries<'p>>,
    /// Those that were asked for the line that decides.
    matchers: Vec<OnceCell<Matcher>>,
}

/// What a claim is about.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Asks {
    Names,
    Addresses,
}

impl<'p> All<'p> {
    fn services(&self) -> impl Iterator<Item = ServiceId> + use<> {
        (0..self.policy.services.len() as u32).map(ServiceId)
    }

    fn regions(&self) -> impl Iterator<Item = (RegionId, &Entries<'p>)> {
        (0..).map(RegionId).zip(&self.entries)
    }

    /// Services that may reach nothing of the targets.
    fn unreached(
        &self,
        services: impl Iterator<Item = ServiceId>,
        targets: &[Regional<Destination>],
        reach: Option<&Reach>,
    ) -> Vec<Failure> {
        let mut failures = Vec::new();
        let reach = reach.unwrap_or(&Reach::Everything);
        let wanted: Vec<_> = self
            .regions()
            .map(|(region, _)| {
                [Asks::Names, Asks::Addresses].map(|asks| claimed(targets, region, reach, asks))
            })
            .collect();
        for id in services {
            for ((region, entries), wanted) in self.regions().zip(&wanted) {
                let found = [Asks::Names, Asks::Addresses].into_iter().zip(wanted).find_map(
                    |(asks, wanted)| {
                        if wanted.is_empty() {
                            return None;
                        }
                        Witness::of(&counted(entries, id, asks).intersection(wanted))
                    },
                );
                failures.extend(found.map(|flow| Failure::Allowed(self.show(id, region, flow))));
            }
        }
        failures
    }

    /// A service that may reach everything of the targets: a name at some address, an address with
    /// some name or none.
    fn reached(
        &self,
        service: ServiceId,
        targets: &[Regional<Destination>],
        reach: Option<&Reach>,
    ) -> Vec<Failure> {
        let tls = Protocol::Tls.default_port().and_then(PortSet::single);
        let tls = Reach::Protocol(Protocol::Tls, tls);
        let reach = reach.unwrap_or(&tls);
        let mut failures = Vec::new();
        for (region, entries) in self.regions() {
            if entries.lines(service).is_none() {
                continue;
            }
            let missing = [Asks::Names, Asks::Addresses].into_iter().find_map(|asks| {
                let wanted = claimed(targets, region, reach, asks);
                let has = projected(&counted(entries, service, asks), asks);
                Witness::of(&projected(&wanted, asks).difference(&has))
            });
            let missing = missing.map(|flow| self.show(service, region, flow));
            failures.extend(missing.map(Failure::NotAllowed));
        }
        failures
    }

    /// Every flow is one that the other policy allows to the service of the same name.
    fn within(&self, envelope: &Policy) -> Vec<Failure> {
        let mut failures = Vec::new();
        for (region, entries) in self.regions() {
            let role = self.policy.regions.get(region.0 as usize).map(|region| &region.role);
            let there = envelope.regions.iter().position(|other| Some(&other.role) == role);
            let there = RegionId(there.map_or(u32::MAX, |number| number as u32));
            let outer = Entries::new(envelope, there, self.today);
            for id in self.services() {
                let name = &self.policy.service(id).name;
                let same = envelope.services.iter().position(|it| it.name == *name);
                let same: Vec<_> =
                    same.map(|number| ServiceId(number as u32)).into_iter().collect();
                let beyond = entries.reach(&[id]).difference(&outer.reach(&same));
                let found = Witness::of(&beyond).map(|flow| self.show(id, region, flow));
                failures.extend(found.map(Failure::Allowed));
            }
        }
        failures
    }

    /// A service that reaches in one region what it does not in another.
    fn equal(&self, service: ServiceId) -> Option<Failure> {
        let mut regions = self.regions();
        let first = regions.next()?;
        regions.find_map(|other| {
            let one_way = self.missing(service, first, other);
            one_way.or_else(|| self.missing(service, other, first))
        })
    }

    /// Something that the service reaches here, and there not what it is there.
    fn missing(
        &self,
        service: ServiceId,
        (here, entries): (RegionId, &Entries<'p>),
        (there, others): (RegionId, &Entries<'p>),
    ) -> Option<Failure> {
        let (reach, other) = (entries.reach(&[service]), others.reach(&[service]));
        let varied = self.varied(service, here, there);
        // Names that a variable makes are compared pattern by pattern, all others as they are.
        let mut common = reach.difference(&other);
        for (ours, theirs) in &varied {
            common = common.difference(&everywhere(ours)).difference(&everywhere(theirs));
        }
        let found = Witness::of(&common).or_else(|| {
            varied.iter().find_map(|(ours, theirs)| {
                let reached = reach.intersection(&everywhere(ours));
                let expected = other.intersection(&everywhere(theirs));
                let expected =
                    expected.map(&|places| places.map_names(&|names| carried(names, theirs, ours)));
                Witness::of(&reached.difference(&expected))
            })
        });
        let here = self.show(service, here, found?);
        Some(Failure::OnlyHere { here, there })
    }

    /// The patterns of the service that hold a variable, in two regions.
    fn varied(
        &self,
        service: ServiceId,
        here: RegionId,
        there: RegionId,
    ) -> BTreeSet<(&'p Pattern, &'p Pattern)> {
        let grants = self.policy.grants.iter().filter(|grant| grant.service == Some(service));
        let pairs = grants.filter_map(|grant| {
            match (grant.destination.get(here)?, grant.destination.get(there)?) {
                (Destination::Names(ours), Destination::Names(theirs)) if ours != theirs => {
                    Some((ours, theirs))
                }
                _ => None,
            }
        });
        pairs.collect()
    }

    /// A flow and the line that decides about it.
    fn show(&self, service: ServiceId, region: RegionId, flow: Witness) -> Counterexample {
        let new = || Matcher::new(self.policy, region, &Options::new(self.today));
        let matcher = self.matchers.get(region.0 as usize).map(|known| known.get_or_init(new));
        let ask = |matcher: &Matcher| {
            flow.flow(Source::Service(service), |flow| matcher.decide(flow).reason)
        };
        let grant = match matcher.map(ask) {
            Some(Reason::Grant(id) | Reason::DenyEntry(id)) => self.policy.grant(id),
            Some(Reason::NoGrant | Reason::UnknownSource) | None => None,
        };
        Counterexample { service, region, flow, entry: grant.map(|grant| grant.at) }
    }
}

/// The flows of those targets that the claim asks about in that way.
fn claimed(
    targets: &[Regional<Destination>],
    region: RegionId,
    reach: &Reach,
    asks: Asks,
) -> Flows {
    let here = targets.iter().filter_map(|destination| destination.get(region));
    let these = here.filter(|destination| match destination {
        Destination::Names(_) => asks == Asks::Names,
        Destination::Addresses(_) => asks == Asks::Addresses,
    });
    Flows::of_all(these.map(|destination| target(destination, reach)).collect())
}

/// What a service reaches, as far as a claim counts it.
fn counted(entries: &Entries<'_>, service: ServiceId, asks: Asks) -> Flows {
    match asks {
        Asks::Names => {
            let is_wide = |network: &IpNet| {
                let longest = if network.addr().is_ipv4() { WIDE_V4 } else { WIDE_V6 };
                network.prefix_len() <= longest
            };
            entries.reach_where(&[service], &|_| true, &|addresses| {
                let networks = addresses.networks();
                AddressSet::from_networks(networks.iter().filter(|network| is_wide(network)))
            })
        }
        Asks::Addresses => {
            let counts = |line: &Line<'_>| !line.is_of_names_anywhere();
            entries.reach_where(&[service], &counts, &AddressSet::clone)
        }
    }
}

/// The flows without the addresses, or without the names: what is not asked becomes the same
/// everywhere.
fn projected(flows: &Flows, asks: Asks) -> Flows {
    flows.map(&|places| match asks {
        Asks::Names => Places::new(AddressSet::everything(), Said::of(places.names())),
        Asks::Addresses => Places::new(places.addresses(), Said::without_name()),
    })
}

/// What names of one pattern are in the region of the other.
fn carried(names: &NameSet, theirs: &Pattern, ours: &Pattern) -> NameSet {
    if *names == NameSet::from_pattern(theirs) {
        return NameSet::from_pattern(ours);
    }
    names.moved(theirs.base(), ours.base())
}

/// The names of a pattern, however and wherever.
fn everywhere(pattern: &Pattern) -> Flows {
    target(&Destination::Names(pattern.clone()), &Reach::Everything)
}
