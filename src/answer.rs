//! What the firewall does with a flow, and where that is written.
//!
//! [`Answers`] holds a region together: the matcher that decides, the entries that are the reason,
//! and the signatures that log it. A [`Question`] is about a host as people ask it, a
//! [`Flow`] is about its bytes.
//!
//! ```
//! use fwc::answer::{Answers, Question};
//! use fwc::emit::Context;
//! use fwc::matcher::Action;
//! use fwc::policy::{ServiceId, host::Host, port::Protocol};
//! use fwc::project::Project;
//! use fwc::source::{SourceFile, Sources};
//! use fwc::suricata::{self, profile};
//!
//! let mut sources = Sources::new();
//! sources.add(SourceFile::new("prod.fw", "
//! fwc 1
//! service checkout from 10.10.64.0/24 {
//!   allow api.stripe.com because PAY-812 \"card payments\"
//! }
//! "));
//! let project = Project::without_file();
//! let (policy, _warnings) = fwc::analyse(&sources, &project).accept().unwrap();
//! let options = suricata::Options {
//!     today: "2026-11-24".parse().unwrap(),
//!     profile: &profile::HARDENED,
//!     firewall: &project.firewall,
//! };
//! let rulesets = suricata::compile(&policy, &options).unwrap();
//! let context =
//!     Context { project: &project, policy: &policy, sources: &sources, options, root: "" };
//! let answers = Answers::new(&context, &rulesets[0]);
//!
//! let host = Host::parse("api.stripe.com").unwrap().value;
//! let question = Question { host: &host, port: 443, protocol: Protocol::Tls, at: None };
//! let answer = answers.ask(ServiceId(0), &question);
//! assert_eq!(answer.verdict.action, Action::Allow);
//! let entry = answer.reason.entry.unwrap();
//! assert_eq!((entry.place.line, &*entry.text), (4, "allow api.stripe.com"));
//! ```

pub mod json;
mod question;
pub mod sample;

use core::net::IpAddr;

use crate::emit::{Context, Place};
use crate::flow::{Flow, Spoken};
use crate::matcher::{self, Action, Matcher, Reason, Verdict};
use crate::policy::{self, Destination, Grant, GrantId, Policy, Reach, RegionId, ServiceId};
use crate::source::Location;
use crate::suricata::profile::Frame;
use crate::suricata::{self, Keyword, Log, Mode, Protocol, Refused, Ruleset, Signature};

pub use question::Question;
pub(crate) use question::elsewhere;

/// A region that is asked.
#[derive(Debug)]
pub struct Answers<'p> {
    context: Context<'p>,
    region: RegionId,
    matcher: Matcher,
    /// Which signature logs what no entry speaks about.
    log: Log,
    /// The signatures of entries, sorted.
    ids: Vec<(Decider, u32)>,
    /// Where a name is that the policy gives no address, for IPv4 and IPv6.
    elsewhere: [IpAddr; 2],
}

/// What a signature decides for: a grant on a protocol, and for whom it only logs.
type Decider = (GrantId, Protocol, Option<ServiceId>);

/// What the firewall does with a flow, and why.
#[derive(Debug, Clone)]
pub struct Answer<'a> {
    /// What it does.
    pub verdict: Verdict<&'a [ServiceId]>,
    /// Where that is written.
    pub reason: Explanation<'a>,
    /// Where the packets go.
    pub destination: IpAddr,
}

/// Why, in words that lead to the text and to the log.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Explanation<'a> {
    /// Why.
    pub reason: Reason,
    /// The entry that decides, if one does.
    pub entry: Option<Entry<'a>>,
    /// The signature that decides, or of a refusal the one that logs it; `None` if nothing does:
    /// a default action of the firewall policy refuses it.
    pub sid: Option<u32>,
}

/// An entry as people look for it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Entry<'a> {
    /// What it says: `allow api.stripe.com`.
    pub text: String,
    /// Where its destination stands.
    pub place: Place<'a>,
    /// The same.
    pub at: Location,
    /// Whose it is.
    pub owner: Option<&'a str>,
    /// The ticket of its reason.
    pub ticket: Option<&'a str>,
}

impl<'p> Answers<'p> {
    /// Makes a region ready, as what is compiled for it says, with the engine that AWS runs.
    pub fn new(context: &Context<'p>, ruleset: &Ruleset) -> Self {
        let suricata::Options { today, profile, .. } = context.options;
        let options = matcher::Options { profile, ..matcher::Options::new(today) };
        Self::with(context, ruleset, &options)
    }

    /// The same with a matcher that is made otherwise.
    pub fn with(context: &Context<'p>, ruleset: &Ruleset, options: &matcher::Options<'_>) -> Self {
        let policy = context.policy;
        Self {
            context: *context,
            region: ruleset.id,
            matcher: Matcher::new(policy, ruleset.id, options),
            log: ruleset.log.clone(),
            ids: ids(policy, ruleset),
            elsewhere: elsewhere(policy, ruleset.id),
        }
    }

    /// The region.
    pub fn region(&self) -> &'p policy::Region {
        #[expect(clippy::indexing_slicing, reason = "a ruleset is only made of a region")]
        &self.context.policy.regions[self.region.0 as usize]
    }

    /// What it is asked about.
    pub fn policy(&self) -> &'p Policy {
        self.context.policy
    }

    /// Whether a service runs here.
    pub fn runs(&self, service: ServiceId) -> bool {
        self.policy().service(service).sources(self.region).is_some()
    }

    /// What the firewall does with a flow.
    pub fn answer(&self, flow: &Flow<'_>) -> Answer<'_> {
        let verdict = self.matcher.decide(flow);
        let reason = self.explain(flow, &verdict);
        Answer { verdict, reason, destination: flow.destination }
    }

    /// Where it is written that the firewall does this with the flow.
    pub fn explain(&self, flow: &Flow<'_>, verdict: &Verdict<&[ServiceId]>) -> Explanation<'p> {
        let reason = verdict.reason;
        let (entry, sid) = match reason {
            Reason::Grant(id) => (self.entry(id), self.decider(id, flow, None)),
            Reason::DenyEntry(id) if verdict.action == Action::Observe => {
                (self.entry(id), self.observed(id, flow, verdict))
            }
            Reason::DenyEntry(id) => (self.entry(id), self.decider(id, flow, None)),
            Reason::UnknownSource => (None, self.unknown(flow, verdict)),
            Reason::NoGrant => (None, self.logged(flow, verdict)),
        };
        Explanation { reason, entry, sid }
    }

    /// Those of the verdict's services that observe.
    fn observers(&self, verdict: &Verdict<&[ServiceId]>) -> impl Iterator<Item = ServiceId> {
        verdict.services.iter().copied().filter(|id| self.matcher.observes(*id))
    }

    /// The signature of a grant that decides about a flow, or logs it for a service that observes.
    fn decider(&self, id: GrantId, flow: &Flow<'_>, observer: Option<ServiceId>) -> Option<u32> {
        let protocol = self.protocol(self.policy().grant(id)?, flow)?;
        let decider = (id, protocol, observer);
        let at = self.ids.binary_search_by_key(&decider, |(decider, _)| *decider).ok()?;
        self.ids.get(at).map(|(_, sid)| *sid)
    }

    /// The protocol of the signature by which a grant decides about a flow.
    fn protocol(&self, grant: &Grant, flow: &Flow<'_>) -> Option<Protocol> {
        match (&self.policy().terms(grant).reach, grant.destination.get(self.region)?) {
            (Reach::Protocol(protocol, _), _) => Some((*protocol).into()),
            (Reach::Everything, Destination::Addresses(_)) => Some(Protocol::Ip),
            (Reach::Everything, Destination::Names(_)) => match flow.spoken {
                Spoken::Tls { .. } => Some(Protocol::Tls),
                Spoken::Http { .. } | Spoken::Http2 { .. } => Some(Protocol::Http),
                Spoken::Quic { .. } => Some(Protocol::Quic),
                Spoken::Tcp | Spoken::Udp | Spoken::Icmp | Spoken::Other => None,
            },
        }
    }

    /// The signature that logs what an entry would stop.
    ///
    /// Where the skeleton logs before the entry of a name is asked, or the entry asks for a mark
    /// that the flow cannot have, it is the skeleton's.
    fn observed(
        &self,
        id: GrantId,
        flow: &Flow<'_>,
        verdict: &Verdict<&[ServiceId]>,
    ) -> Option<u32> {
        let refused = Refused::of(flow, verdict.at, self.matcher.engine());
        let protocol = self.protocol(self.policy().grant(id)?, flow)?;
        let profile = self.context.options.profile;
        let by_skeleton = match protocol {
            Protocol::Http => match refused {
                Refused::Http2 => profile.frame == Frame::Closed,
                refused => refused == Refused::Connect,
            },
            Protocol::Ip => refused == Refused::Other,
            _ => false,
        };
        if by_skeleton {
            return self.logged(flow, verdict);
        }
        self.observers(verdict).find_map(|it| self.decider(id, flow, Some(it)))
    }

    /// The signature that logs a flow of nobody. A deny for everybody asks for no source as long as
    /// nobody observes, and stops it first.
    fn unknown(&self, flow: &Flow<'_>, verdict: &Verdict<&[ServiceId]>) -> Option<u32> {
        let mut services = (0..self.policy().services.len() as u32).map(ServiceId);
        let denied = match services.any(|id| self.runs(id) && self.matcher.observes(id)) {
            true => None,
            false => self.matcher.denied_to_everybody(flow),
        };
        let decider = denied.and_then(|id| self.decider(id, flow, None));
        decider.or_else(|| self.logged(flow, verdict))
    }

    /// The signature that logs a flow no entry speaks about.
    fn logged(&self, flow: &Flow<'_>, verdict: &Verdict<&[ServiceId]>) -> Option<u32> {
        let refused = Refused::of(flow, verdict.at, self.matcher.engine());
        if verdict.action != Action::Observe {
            return self.log.of_refusal(refused, flow.port);
        }
        let granted = || verdict.at.is_some_and(|at| self.matcher.grants_host(flow, at));
        let refused = match refused {
            // It is refused for its host before anybody looks at its shape.
            Refused::Nul | Refused::OddHost if !granted() => Refused::Host,
            refused => refused,
        };
        self.observers(verdict).find_map(|it| self.log.of_observer(it, refused, flow.port))
    }

    /// The entry of a grant.
    fn entry(&self, id: GrantId) -> Option<Entry<'p>> {
        let policy = self.policy();
        let grant = policy.grant(id)?;
        let terms = policy.terms(grant);
        Some(Entry {
            text: policy.entry_text(grant),
            place: self.context.place(grant.at)?,
            at: grant.at,
            owner: terms.owner.as_deref(),
            ticket: terms.ticket.as_deref(),
        })
    }
}

/// The signatures that decide or log for an entry.
fn ids(policy: &Policy, ruleset: &Ruleset) -> Vec<(Decider, u32)> {
    let service = |name: &str| {
        let at = policy.services.iter().position(|service| *service.name == *name)?;
        Some(ServiceId(at as u32))
    };
    let mut ids = Vec::with_capacity(ruleset.signatures.len());
    for signature in ruleset.signatures.iter().filter(|signature| !is_silent_refusal(signature)) {
        let Some(metadata) = signature.metadata() else { continue };
        let observer = match metadata.mode {
            Mode::Observed => metadata.service.as_deref().and_then(service),
            Mode::Enforced => None,
        };
        let decided = signature.grants.iter().map(|id| (*id, signature.protocol, observer));
        ids.extend(decided.map(|decider| (decider, signature.sid)));
    }
    ids.sort_unstable();
    ids
}

/// Whether it is the second signature of a deny by address, behind the one that logs.
fn is_silent_refusal(signature: &Signature) -> bool {
    use crate::suricata::Action::{Drop, Reject};
    matches!(signature.action, Drop | Reject) && signature.keywords.contains(&Keyword::Noalert)
}
