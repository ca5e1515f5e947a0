//! Which signature logs a flow that no entry speaks about.
//!
//! It is a part of the [`skeleton`](super::skeleton), whose numbers are here once more, beside what
//! each is for: a verdict can then name the line of the log that will be found for it.

use std::collections::BTreeMap;

use super::profile::Frame;
use crate::flow::wire::{self, Engine, Shape};
use crate::flow::{Flow, Spoken};
use crate::policy::ServiceId;
use crate::policy::port::PortSet;

/// The logging parts of the skeleton of a region.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Log {
    pub(super) frame: Frame,
    /// Where the skeleton waits for a hello or a head.
    pub(super) waits: Option<PortSet>,
    /// The ids of the parts that log for services that observe, by the numbers of the parts.
    pub(super) observed: BTreeMap<(ServiceId, u32), u32>,
}

/// What the engine took a flow for that nothing grants.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Refused {
    /// A hello of TLS.
    Hello,
    /// A request to a host that is not granted.
    Host,
    /// A request with a NUL in it.
    Nul,
    /// A request whose Host is not one name.
    OddHost,
    /// A request for a tunnel.
    Connect,
    /// HTTP/2 in clear text.
    Http2,
    /// Other bytes over TCP.
    Tcp,
    /// Anything over UDP.
    Udp,
    /// An echo.
    Icmp,
    /// Any other protocol over IP.
    Other,
}

impl Refused {
    /// What a flow was taken for that was stopped at this request, or before any at the first.
    pub fn of(flow: &Flow<'_>, at: Option<usize>, engine: Engine) -> Self {
        match wire::recognised(flow) {
            Spoken::Tls { .. } => Self::Hello,
            Spoken::Http { requests } => match (requests, requests.get(at.unwrap_or_default())) {
                ([first, ..], Some(request)) if wire::is_http(first) => {
                    match engine.request(request).shape {
                        Shape::Plain => Self::Host,
                        Shape::Connect => Self::Connect,
                        Shape::Nul => Self::Nul,
                        Shape::OddHost => Self::OddHost,
                    }
                }
                _ => Self::Tcp,
            },
            Spoken::Http2 { .. } => Self::Http2,
            Spoken::Tcp => Self::Tcp,
            Spoken::Quic { .. } | Spoken::Udp => Self::Udp,
            Spoken::Icmp => Self::Icmp,
            Spoken::Other => Self::Other,
        }
    }
}

impl Log {
    /// The id of the signature that logs a flow to this port which is refused; `None` if there is
    /// none, because a default action of the firewall policy refuses it.
    pub fn of_refusal(&self, refused: Refused, port: u16) -> Option<u32> {
        if self.frame == Frame::Defaults {
            return None;
        }
        Some(match refused {
            Refused::Hello => 900_112,
            Refused::Host => 900_125,
            Refused::Nul => 900_121,
            Refused::OddHost => 900_122,
            Refused::Connect => 900_123,
            Refused::Http2 => 900_124,
            Refused::Tcp if self.waits_at(port) => 900_152,
            Refused::Tcp => 900_151,
            Refused::Udp => 900_161,
            Refused::Icmp => 900_171,
            Refused::Other => 900_181,
        })
    }

    /// The id of the signature that logs what a service would be refused if it did not observe;
    /// `None` if it does not, or if nothing logs it.
    ///
    /// What is [`Refused::Nul`] or [`Refused::OddHost`] has a host that is granted; otherwise it is
    /// [`Refused::Host`].
    pub fn of_observer(&self, observer: ServiceId, refused: Refused, port: u16) -> Option<u32> {
        let number = match (self.frame, refused) {
            (_, Refused::Hello) => 2,
            (_, Refused::Host) => 3,
            (Frame::Closed, Refused::Nul) => 4,
            (Frame::Closed, Refused::OddHost) => 5,
            (_, Refused::Connect) => 6,
            (Frame::Closed, Refused::Http2) => 7,
            (Frame::Closed, Refused::Tcp) if self.waits_at(port) => 9,
            (_, Refused::Tcp) => 8,
            (_, Refused::Udp) => 12,
            (_, Refused::Icmp) => 13,
            (_, Refused::Other) => 14,
            (Frame::Defaults, Refused::Nul | Refused::OddHost | Refused::Http2) => 3,
        };
        self.observed.get(&(observer, number)).copied()
    }

    fn waits_at(&self, port: u16) -> bool {
        self.waits.as_ref().is_some_and(|ports| ports.contains(port))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::flow::{Request, Source};

    #[test]
    fn a_flow_is_refused_as_what_the_engine_takes_it_for() {
        let check = |port, at, spoken: Spoken<'_>, expected| {
            let source = Source::Service(ServiceId(0));
            let destination = [192, 0, 2, 1].into();
            let flow = Flow { source, destination, port, spoken };
            assert_eq!(Refused::of(&flow, at, Engine::default()), expected, "{flow:?}");
        };
        let get = |host: &'static [&'static [u8]]| Request::get(host);
        let said = |method, target| Request { method, target, hosts: &[b"a.example"] };
        let http = |at, requests: &[Request<'_>], expected| {
            check(80, at, Spoken::Http { requests }, expected);
        };
        http(None, &[get(&[b"a.example"])], Refused::Host);
        http(Some(0), &[get(&[])], Refused::Host);
        http(Some(0), &[get(&[b"a", b"b"])], Refused::OddHost);
        http(Some(1), &[get(&[b"a"]), said(b"GET", b"/\0")], Refused::Nul);
        http(Some(0), &[said(b"connect", b"a:443")], Refused::Connect);
        http(None, &[said(b"BREW", b"/")], Refused::Tcp);
        http(None, &[], Refused::Tcp);
        check(443, None, Spoken::Tls { name: None }, Refused::Hello);
        check(80, None, Spoken::Http2 { authority: None }, Refused::Http2);
        check(443, None, Spoken::Quic { name: None }, Refused::Udp);
        check(8443, None, Spoken::Quic { name: None }, Refused::Udp);
        check(22, None, Spoken::Tcp, Refused::Tcp);
        check(53, None, Spoken::Udp, Refused::Udp);
        check(0, None, Spoken::Icmp, Refused::Icmp);
        check(0, None, Spoken::Other, Refused::Other);
    }

    #[test]
    fn bytes_over_tcp_are_logged_where_they_are_waited_for_or_elsewhere() {
        let log = |frame| {
            let waits = PortSet::single(443);
            let observed = BTreeMap::from([((ServiceId(1), 8), 18), ((ServiceId(1), 9), 19)]);
            Log { frame, waits, observed }
        };
        let closed = log(Frame::Closed);
        assert_eq!(closed.of_refusal(Refused::Tcp, 443), Some(900_152));
        assert_eq!(closed.of_refusal(Refused::Tcp, 22), Some(900_151));
        assert_eq!(closed.of_observer(ServiceId(1), Refused::Tcp, 443), Some(19));
        assert_eq!(closed.of_observer(ServiceId(1), Refused::Tcp, 22), Some(18));
        assert_eq!(closed.of_observer(ServiceId(0), Refused::Tcp, 22), None);
        let defaults = log(Frame::Defaults);
        assert_eq!(defaults.of_refusal(Refused::Tcp, 443), None);
        assert_eq!(defaults.of_observer(ServiceId(1), Refused::Tcp, 443), Some(18));
    }
}
