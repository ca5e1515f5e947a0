//! Flows: who asks for what, in the bytes a client sends.
//!
//! A [`Flow`] is what is asked about, [`record`] is one as a line of JSON, and [`wire`] is what the
//! engine makes of its bytes. What becomes of it, the [`matcher`](crate::matcher) says.

pub mod record;
pub mod wire;

use core::net::IpAddr;

use crate::policy::ServiceId;
use crate::policy::port::Protocol;

/// Who asks for what.
#[derive(Debug, Clone, Copy)]
pub struct Flow<'f> {
    /// Who.
    pub source: Source,
    /// Where the packets go.
    pub destination: IpAddr,
    /// To which port; not looked at where there are none.
    pub port: u16,
    /// What is said.
    pub spoken: Spoken<'f>,
}

/// Who opens a flow.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Source {
    /// Whoever has this address.
    Address(IpAddr),
    /// This service, from an address that no other one has.
    Service(ServiceId),
}

/// What is said on a flow, whatever its port.
#[derive(Debug, Clone, Copy)]
pub enum Spoken<'f> {
    /// A TLS hello over TCP.
    Tls {
        /// Its first name, as sent; `None` without one.
        name: Option<&'f [u8]>,
    },
    /// Requests of HTTP/1 over TCP, each after the answer to the one before.
    Http {
        /// The requests; with none of them it is [`Spoken::Tcp`].
        requests: &'f [Request<'f>],
    },
    /// HTTP/2 in clear text over TCP.
    Http2 {
        /// The `:authority` of its request, as sent.
        authority: Option<&'f [u8]>,
    },
    /// A QUIC hello over UDP.
    Quic {
        /// Its first name, as sent; `None` without one.
        name: Option<&'f [u8]>,
    },
    /// Bytes of no protocol that is told apart, over TCP.
    Tcp,
    /// The same over UDP.
    Udp,
    /// An echo of ICMP or ICMPv6.
    Icmp,
    /// Any other protocol over IP.
    Other,
}

/// What happens to a flow.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Action {
    /// It passes.
    Allow,
    /// It is stopped.
    Deny,
    /// It passes and is logged, because it would be stopped if its service did not observe.
    Observe,
}

/// A request of HTTP/1.
#[derive(Debug, Clone, Copy)]
pub struct Request<'f> {
    /// Its method, as sent.
    pub method: &'f [u8],
    /// Its target, as sent: a path, `http://a.example/`, or for `CONNECT` a host and port.
    pub target: &'f [u8],
    /// The values of its Host headers, as sent.
    pub hosts: &'f [&'f [u8]],
}

impl<'f> Spoken<'f> {
    /// What is said over a protocol: a name where one is heard, and over HTTP these requests.
    pub const fn over(
        protocol: Protocol,
        name: Option<&'f [u8]>,
        requests: &'f [Request<'f>],
    ) -> Self {
        match protocol {
            Protocol::Tls => Self::Tls { name },
            Protocol::Http => Self::Http { requests },
            Protocol::Quic => Self::Quic { name },
            Protocol::Tcp => Self::Tcp,
            Protocol::Udp => Self::Udp,
            Protocol::Icmp => Self::Icmp,
        }
    }
}

impl<'f> Request<'f> {
    /// `GET /` with these Host headers.
    pub const fn get(hosts: &'f [&'f [u8]]) -> Self {
        Self { method: b"GET", target: b"/", hosts }
    }
}
