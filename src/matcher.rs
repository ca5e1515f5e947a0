//! What the firewall does with a flow, without a firewall.
//!
//! A [`Matcher`] is made once, of a policy for one of its regions, and then answers for any number
//! of flows: [`Matcher::decide`] gives the verdict that Suricata gives with the compiled
//! signatures, for any bytes a client may send, and says which entry is the reason. It does not
//! allocate, takes no locks, and is cheap to clone and to share between threads.
//!
//! # Overview
//!
//! * [`Options`] say what the matcher is made for: the day, the profile, the engine.
//! * [`Flow`] is who asks for what: addresses, port, and the bytes of the name as they are sent.
//! * [`Verdict`] is the answer: what happens, at which request, why, and whose flow it is.
//! * [`Engine`] is a version of Suricata; versions disagree about some bytes.
//! * [`Matcher::decide_all`] decides many flows, such as those of a log, into memory of the caller.
//! * [`mod@reference`] is the same answer, given slowly: what [`Matcher`] is held against.
//!
//! # Example: who may reach a name
//!
//! ```
//! use fwc::matcher::{Action, Flow, Matcher, Options, Reason, Source, Spoken};
//! use fwc::policy::{GrantId, RegionId};
//! # use fwc::project::Project;
//! # use fwc::source::{SourceFile, Sources};
//! # let mut sources = Sources::new();
//! # sources.add(SourceFile::new("prod.fw", "
//! # fwc 1
//! # service checkout from 10.10.64.0/24 {
//! #   allow api.stripe.com
//! #   allow { mirror.example **.mirror.example } port /http
//! # }
//! # "));
//! # let (policy, _) = fwc::analyse(&sources, &Project::without_file()).accept().unwrap();
//!
//! // service checkout from 10.10.64.0/24 { allow api.stripe.com … }
//! let options = Options::new("2026-11-24".parse()?);
//! let matcher = Matcher::new(&policy, RegionId(0), &options);
//! let mut flow = Flow {
//!     source: Source::Address("10.10.64.7".parse()?),
//!     destination: "203.0.113.9".parse()?,
//!     port: 443,
//!     spoken: Spoken::Tls { name: Some(b"API.stripe.com") },
//! };
//! let verdict = matcher.decide(&flow);
//! assert_eq!(verdict.action, Action::Allow);
//! assert_eq!(verdict.reason, Reason::Grant(GrantId(0)));
//! assert_eq!(&*policy.service(verdict.services[0]).name, "checkout");
//!
//! flow.port = 8443;
//! assert_eq!(matcher.decide(&flow).reason, Reason::NoGrant);
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! # Example: several requests on one connection
//!
//! Each request is judged; [`Verdict::at`] is the first that is stopped.
//!
//! ```
//! # use fwc::matcher::{Action, Flow, Matcher, Options, Source, Spoken};
//! # use fwc::policy::RegionId;
//! # use fwc::project::Project;
//! # use fwc::source::{SourceFile, Sources};
//! # let mut sources = Sources::new();
//! # sources.add(SourceFile::new("prod.fw", "
//! # fwc 1
//! # service checkout from 10.10.64.0/24 {
//! #   allow { mirror.example **.mirror.example } port /http
//! # }
//! # "));
//! # let (policy, _) = fwc::analyse(&sources, &Project::without_file()).accept().unwrap();
//! # let matcher = Matcher::new(&policy, RegionId(0), &Options::new("2026-11-24".parse()?));
//! use fwc::matcher::Request;
//!
//! // allow { mirror.example **.mirror.example } port /http
//! let flow = Flow {
//!     source: Source::Address("10.10.64.7".parse()?),
//!     destination: "203.0.113.9".parse()?,
//!     port: 80,
//!     spoken: Spoken::Http {
//!         requests: &[Request::get(&[b"mirror.example:80"]), Request::get(&[b"evil.example"])],
//!     },
//! };
//! let verdict = matcher.decide(&flow);
//! assert_eq!((verdict.action, verdict.at), (Action::Deny, Some(1)));
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! # Semantics
//!
//! * **Services are known by source.** An address may be of several: what opens for one of them
//!   opens, what closes for one of them closes. One that observes is stopped in nothing, and with
//!   it nobody at its addresses.
//! * **What closes wins.** A `deny` of addresses without ports, or over TCP or UDP, is decided on the
//!   first packet; one of names when the name is said, even where any bytes are granted to the
//!   address.
//! * **Names are what the client says**, not where it goes: [`wire`](crate::flow::wire) has what the engine does
//!   to the bytes. A pattern matches names; bytes that are no name are refused by every grant but
//!   that of a name together with everything below it (`{ a.example **.a.example }`, over TLS and
//!   QUIC), and are stopped by every `deny` whose suffix they have.
//! * **HTTP.** Under [`HARDENED`] a Host that is not one name,
//!   a NUL in the head, `CONNECT` and HTTP/2 in clear text are granted by no entry but one of TCP.
//!   Under [`PUBLISHED`](crate::suricata::profile::PUBLISHED) the first request lets its
//!   connection through, whatever follows.
//! * **The verdict is about the flow as a whole.** While a hello or a head is incomplete and the
//!   server silent, the skeleton lets up to 16 kB wait; that is no verdict. Which bytes came through
//!   before one is for [`probe`](crate::probe) to find out.

mod addresses;
mod index;
mod judge;
mod name;
pub mod reference;

use std::collections::BTreeMap;
use std::sync::Arc;

use ipnet::IpNet;
use jiff::civil::Date;

pub use crate::flow::wire::Engine;
pub use crate::flow::{Action, Flow, Request, Source, Spoken};
use crate::policy::{GrantId, Origins, Policy, RegionId, ServiceId};
use crate::suricata::profile::{HARDENED, Profile};
use addresses::Addresses;
use index::Index;
use judge::{Judge, Judgement};

/// A policy, ready to be asked about one region.
#[derive(Debug, Clone)]
pub struct Matcher {
    inner: Arc<Inner>,
}

/// What a matcher is made for.
#[derive(Debug, Clone, Copy)]
pub struct Options<'o> {
    /// The day, UTC: what expired before it says nothing.
    pub today: Date,
    /// How the policy is compiled.
    pub profile: &'static Profile,
    /// What runs the signatures.
    pub engine: Engine,
    /// The addresses in the sets that AWS fills, by the name of the network in the project file. A
    /// service whose set is not here has no address, and is known as [`Source::Service`] alone.
    pub filled: &'o BTreeMap<String, Vec<IpNet>>,
}

/// The answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Verdict<S> {
    /// What happens.
    pub action: Action,
    /// The number of the request that is stopped, or is logged because it would be; `None` if that
    /// is decided before any request, or if nothing is stopped. A request with a method that the
    /// engine does not know by its first bytes is stopped behind itself, at the next one.
    pub at: Option<usize>,
    /// Why; for [`Action::Observe`] why it would be stopped.
    pub reason: Reason,
    /// Whose flow it is, in the order of the policy.
    pub services: S,
}

/// Why.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Reason {
    /// This entry opens; of several the first in the policy. On a connection with several requests
    /// it is the one of the first.
    Grant(GrantId),
    /// This entry closes; of several the first in the policy.
    DenyEntry(GrantId),
    /// No entry opens.
    NoGrant,
    /// It is no service's flow.
    UnknownSource,
}

impl Action {
    /// Its word: `allow`, `deny` or `observe`.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Allow => "allow",
            Self::Deny => "deny",
            Self::Observe => "observe",
        }
    }
}

impl Reason {
    /// Its word: `grant`, `deny-entry`, `no-grant` or `unknown-source`.
    pub const fn kind(self) -> &'static str {
        match self {
            Self::Grant(_) => "grant",
            Self::DenyEntry(_) => "deny-entry",
            Self::NoGrant => "no-grant",
            Self::UnknownSource => "unknown-source",
        }
    }
}

#[derive(Debug)]
struct Inner {
    engine: Engine,
    profile: &'static Profile,
    sources: Addresses<ServiceId>,
    services: Box<[Service]>,
    index: Index,
}

/// What is known of a service.
#[derive(Debug)]
struct Service {
    /// Itself where it runs, to be lent as a list of one; empty elsewhere.
    alone: Box<[ServiceId]>,
    observes: bool,
}

impl Matcher {
    /// Makes the matcher of a region.
    pub fn new(policy: &Policy, region: RegionId, options: &Options<'_>) -> Self {
        let numbers = (0..policy.services.len() as u32).map(ServiceId);
        let networks = numbers.clone().flat_map(|id| {
            let networks = match policy.service(id).sources(region) {
                Some(Origins::Networks(networks)) => Some(networks),
                Some(Origins::Reference { network, .. }) => options.filled.get(network),
                None => None,
            };
            networks.into_iter().flatten().map(move |network| (*network, id))
        });
        let services = numbers.clone().map(|id| {
            let service = policy.service(id);
            Service {
                alone: service.sources(region).map(|_| id).into_iter().collect(),
                observes: service.observes(options.today),
            }
        });
        let inner = Inner {
            engine: options.engine,
            profile: options.profile,
            sources: Addresses::new(networks),
            services: services.collect(),
            index: Index::new(policy, region, options.today),
        };
        Self { inner: Arc::new(inner) }
    }

    /// What the firewall does with the flow.
    pub fn decide(&self, flow: &Flow<'_>) -> Verdict<&[ServiceId]> {
        let services = self.services(flow.source);
        let observed = services.iter().any(|id| self.observes(*id));
        verdict(self.judge().judge(services, flow), services, observed)
    }

    /// What it takes the engine to be.
    pub fn engine(&self) -> Engine {
        self.inner.engine
    }

    /// Whether a service observes instead of enforcing.
    pub fn observes(&self, service: ServiceId) -> bool {
        self.service(service).is_some_and(|it| it.observes)
    }

    /// Whether the host of a request is granted, whatever else may be wrong with it.
    pub(crate) fn grants_host(&self, flow: &Flow<'_>, at: usize) -> bool {
        let Spoken::Http { requests } = flow.spoken else { return false };
        let judge = self.judge();
        requests
            .get(at)
            .is_some_and(|request| judge.grants_host(self.services(flow.source), flow, request))
    }

    /// The first entry that closes the flow to everybody, whoever opens it.
    pub(crate) fn denied_to_everybody(&self, flow: &Flow<'_>) -> Option<GrantId> {
        match self.judge().judge(&[], flow) {
            Judgement::Refused { by, .. } => by,
            Judgement::Granted(_) => None,
        }
    }

    /// Whose flows come from there.
    fn services(&self, source: Source) -> &[ServiceId] {
        match source {
            Source::Address(address) => self.inner.sources.get(address),
            Source::Service(id) => self.service(id).map(|it| &*it.alone).unwrap_or_default(),
        }
    }

    fn judge(&self) -> Judge<'_, Index> {
        let Inner { engine, profile, index, .. } = &*self.inner;
        Judge { entries: index, engine: *engine, profile }
    }

    /// What the firewall does with each of several flows, in their order, behind the verdicts that
    /// are there already. With room for them it does not allocate.
    pub fn decide_all<'m>(
        &'m self,
        flows: &[Flow<'_>],
        verdicts: &mut Vec<Verdict<&'m [ServiceId]>>,
    ) {
        verdicts.extend(flows.iter().map(|flow| self.decide(flow)));
    }

    fn service(&self, id: ServiceId) -> Option<&Service> {
        self.inner.services.get(id.0 as usize)
    }
}

impl Options<'static> {
    /// For a day, with the profile and the engine that AWS runs.
    pub fn new(today: Date) -> Self {
        static NOTHING: BTreeMap<String, Vec<IpNet>> = BTreeMap::new();
        Self { today, profile: &HARDENED, engine: Engine::default(), filled: &NOTHING }
    }
}

/// A judgement as an answer, `observed` if one of the services observes.
fn verdict<S: AsRef<[ServiceId]>>(judgement: Judgement, services: S, observed: bool) -> Verdict<S> {
    let (action, at, reason) = match judgement {
        _ if services.as_ref().is_empty() => (Action::Deny, None, Reason::UnknownSource),
        Judgement::Granted(grant) => (Action::Allow, None, Reason::Grant(grant)),
        Judgement::Refused { at, by } => {
            let action = if observed { Action::Observe } else { Action::Deny };
            (action, at, by.map_or(Reason::NoGrant, Reason::DenyEntry))
        }
    };
    Verdict { action, at, reason, services }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn answers_have_the_words_that_programs_rely_on() {
        let actions = [Action::Allow, Action::Deny, Action::Observe].map(Action::as_str);
        assert_eq!(actions, ["allow", "deny", "observe"]);
        let entry = GrantId(0);
        let reasons = [
            Reason::Grant(entry),
            Reason::DenyEntry(entry),
            Reason::NoGrant,
            Reason::UnknownSource,
        ];
        let kinds = ["grant", "deny-entry", "no-grant", "unknown-source"];
        assert_eq!(reasons.map(Reason::kind), kinds);
    }

    #[test]
    fn a_matcher_knows_its_engine() {
        for engine in Engine::ALL {
            let options = Options { engine, ..Options::new(Date::constant(2026, 11, 24)) };
            let matcher = Matcher::new(&Policy::default(), RegionId(0), &options);
            assert_eq!(matcher.engine(), engine);
        }
    }

    #[test]
    fn a_matcher_is_shared_between_threads() {
        fn is_shared<T: Send + Sync + Clone + 'static>() {}
        is_shared::<Matcher>();
    }
}
