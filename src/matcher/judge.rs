//! What becomes of a flow, once it is known which entries speak about it.
//!
//! It follows the order of the signatures, see [`suricata::compile`](crate::suricata::compile()):
//! what closes stands before what opens; what is asked of the packets of a connection is decided
//! before a name is known; a grant of any bytes over TCP or UDP lets through whatever is spoken,
//! except what is denied by name.

use core::net::IpAddr;

use crate::flow::wire::{self, Engine, Said, Shape};
use crate::flow::{Flow, Request, Spoken};
use crate::policy::port::Protocol;
use crate::policy::{GrantId, ServiceId};
use crate::suricata::profile::{Http, Profile};

/// What is asked of the entries of a policy.
#[derive(Debug, Clone, Copy)]
pub(super) struct Ask<'f> {
    /// Whose; entries for every service are asked, too.
    pub(super) services: &'f [ServiceId],
    /// `None` for a protocol that no entry has a word for.
    pub(super) protocol: Option<Protocol>,
    pub(super) destination: &'f IpAddr,
    /// 0 where there are no ports.
    pub(super) port: u16,
}

/// The first entries, in the order of the policy, that speak about what was asked.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(super) struct Found {
    pub(super) denied: Option<GrantId>,
    pub(super) allowed: Option<GrantId>,
}

/// Entries that can be asked.
pub(super) trait Entries {
    /// Those that are about the address.
    fn of_address(&self, ask: &Ask<'_>) -> Found;

    /// Those that are about a name.
    fn of_name(&self, ask: &Ask<'_>, name: Said<'_>) -> Found;
}

/// What becomes of a flow whose service enforces.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Judgement {
    /// It passes.
    Granted(GrantId),
    /// It is stopped.
    Refused {
        /// At which request; `None` if before any.
        at: Option<usize>,
        /// By which entry; `None` for want of one.
        by: Option<GrantId>,
    },
}

/// How the judgement follows from the entries.
#[derive(Debug, Clone, Copy)]
pub(super) struct Judge<'m, E> {
    pub(super) entries: &'m E,
    pub(super) engine: Engine,
    pub(super) profile: &'static Profile,
}

impl<E: Entries> Judge<'_, E> {
    pub(super) fn judge(&self, services: &[ServiceId], flow: &Flow<'_>) -> Judgement {
        let spoken = wire::recognised(flow);
        let Flow { destination, port, .. } = flow;
        let ask = Ask { services, protocol: carrier(&spoken), destination, port: *port };
        let Found { denied, allowed: any_bytes } = self.entries.of_address(&ask);
        if denied.is_some() {
            return Judgement::Refused { at: None, by: denied };
        }
        let over = |protocol| Ask { protocol: Some(protocol), ..ask };
        match spoken {
            Spoken::Tls { name } => {
                let name = name.and_then(|name| self.engine.tls_name(name));
                self.find(&over(Protocol::Tls), name).judged(any_bytes, None)
            }
            Spoken::Quic { name } => {
                let name = name.map(|name| self.engine.quic_name(name));
                self.find(&over(Protocol::Quic), name).judged(any_bytes, None)
            }
            Spoken::Http { requests } => self.http(&over(Protocol::Http), requests, any_bytes),
            Spoken::Http2 { authority } => {
                let name = authority.map(|authority| self.engine.authority(authority));
                let found = self.find(&over(Protocol::Http), name);
                match self.profile.http {
                    Http::EachRequest => Found { allowed: None, ..found }.judged(any_bytes, None),
                    Http::FirstRequest => found.judged(any_bytes, None),
                }
            }
            Spoken::Tcp | Spoken::Udp | Spoken::Icmp | Spoken::Other => {
                Found::default().judged(any_bytes, None)
            }
        }
    }

    /// Whether the address or host of a request is granted, whatever its shape.
    pub(super) fn grants_host(
        &self,
        services: &[ServiceId],
        flow: &Flow<'_>,
        request: &Request<'_>,
    ) -> bool {
        let Flow { destination, port, .. } = flow;
        let protocol = Some(Protocol::Http);
        let ask = Ask { services, protocol, destination, port: *port };
        self.find(&ask, self.engine.request(request).name).allowed.is_some()
    }

    /// What entries say of the address and of the name.
    fn find(&self, ask: &Ask<'_>, name: Option<Said<'_>>) -> Found {
        let by_address = self.entries.of_address(ask);
        match name {
            Some(name) => by_address.or(self.entries.of_name(ask, name)),
            None => by_address,
        }
    }

    fn http(
        &self,
        ask: &Ask<'_>,
        requests: &[Request<'_>],
        any_bytes: Option<GrantId>,
    ) -> Judgement {
        let Some(first) = requests.first() else {
            return Found::default().judged(any_bytes, None);
        };
        if !wire::is_http(first) {
            return self.unrecognised(ask, requests, any_bytes);
        }
        match self.profile.http {
            Http::EachRequest => self.each_request(ask, requests, any_bytes),
            Http::FirstRequest => self.first_request(ask, requests, any_bytes),
        }
    }

    /// A first request that is bytes like any others until it is answered: what it says is denied
    /// behind it.
    fn unrecognised(
        &self,
        ask: &Ask<'_>,
        requests: &[Request<'_>],
        any_bytes: Option<GrantId>,
    ) -> Judgement {
        if any_bytes.is_none() {
            return Found::default().judged(None, None);
        }
        match self.each_request(ask, requests, any_bytes) {
            Judgement::Refused { at: Some(0), by } => Judgement::Refused { at: Some(1), by },
            judgement => judgement,
        }
    }

    /// Every request needs a grant.
    fn each_request(
        &self,
        ask: &Ask<'_>,
        requests: &[Request<'_>],
        any_bytes: Option<GrantId>,
    ) -> Judgement {
        let mut first = None;
        for (at, request) in requests.iter().enumerate() {
            let heard = self.engine.request(request);
            let mut found = self.find(ask, heard.name);
            if heard.shape != Shape::Plain {
                found.allowed = None;
            }
            match found.judged(any_bytes, Some(at)) {
                Judgement::Granted(grant) => first = first.or(Some(grant)),
                refused @ Judgement::Refused { .. } => return refused,
            }
        }
        Found { denied: None, allowed: first }.judged(any_bytes, None)
    }

    /// A first request that is granted by its name lets the connection through. Where the address is
    /// granted, what is denied by name still is, in every request.
    fn first_request(
        &self,
        ask: &Ask<'_>,
        requests: &[Request<'_>],
        any_bytes: Option<GrantId>,
    ) -> Judgement {
        let by_address = self.entries.of_address(ask);
        let mut first = None;
        for (at, request) in requests.iter().enumerate() {
            let name = self.engine.request(request).name;
            let by_name = name.map(|name| self.entries.of_name(ask, name));
            let by_name = by_name.unwrap_or_default();
            let judged = by_address.or(by_name).judged(any_bytes, Some(at));
            let Judgement::Granted(grant) = judged else { return judged };
            if by_name.allowed.is_some() {
                return Judgement::Granted(*first.get_or_insert(grant));
            }
            first = first.or(Some(grant));
        }
        Found { denied: None, allowed: first }.judged(any_bytes, None)
    }
}

impl Found {
    /// The first of both, in the order of the policy.
    pub(super) fn or(self, other: Self) -> Self {
        let first = |one: Option<GrantId>, other: Option<GrantId>| match (one, other) {
            (Some(one), Some(other)) => Some(one.min(other)),
            (one, other) => one.or(other),
        };
        Self {
            denied: first(self.denied, other.denied),
            allowed: first(self.allowed, other.allowed),
        }
    }

    /// What follows from it, `at` a request, where any bytes may be granted, too.
    fn judged(self, any_bytes: Option<GrantId>, at: Option<usize>) -> Judgement {
        match (self.denied, self.allowed.or(any_bytes)) {
            (None, Some(grant)) => Judgement::Granted(grant),
            (by, _) => Judgement::Refused { at, by },
        }
    }
}

/// What carries it.
fn carrier(spoken: &Spoken<'_>) -> Option<Protocol> {
    match spoken {
        Spoken::Tls { .. } | Spoken::Http { .. } | Spoken::Http2 { .. } | Spoken::Tcp => {
            Some(Protocol::Tcp)
        }
        Spoken::Quic { .. } | Spoken::Udp => Some(Protocol::Udp),
        Spoken::Icmp => Some(Protocol::Icmp),
        Spoken::Other => None,
    }
}
