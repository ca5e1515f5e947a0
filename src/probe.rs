//! Network traffic as data: conversations described step by step and written out as packets.
//!
//! A [`Conversation`] says who talks to whom and what each side sends, cut into packets exactly as
//! described, because verdicts depend on the cuts. [`Conversation::packets`] renders it, and
//! [`pcap::write`] makes a capture file of any number of packets. The bytes that are sent come from
//! [`tls`], [`http`] and [`quic`], which can also say what no well-behaved client would; [`exchange`]
//! has whole conversations made of them.
//!
//! ```
//! use fwc::probe::{Addresses, Conversation, Side, Transport, pcap, tls::ClientHello};
//!
//! let addresses = Addresses::between("10.1.0.5".parse()?, "203.0.113.9".parse()?)
//!     .expect("both are IPv4");
//! let hello = ClientHello::to(b"www.example.com").record();
//! let conversation = Conversation::new(addresses, Transport::Tcp { client: 40000, server: 443 })
//!     .open()
//!     .send(Side::Client, &hello)
//!     .close();
//! let packets = conversation.packets();
//! assert_eq!(packets.len(), 3 + 1 + 3);
//! let capture = pcap::write(packets.iter().map(|packet| packet.frame.as_slice()));
//! assert_eq!(&capture[..4], &0xa1b2_c3d4_u32.to_le_bytes());
//! # Ok::<(), std::net::AddrParseError>(())
//! ```

use core::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use core::ops::Range;

pub mod exchange;
pub mod http;
mod packet;
pub mod pcap;
pub mod quic;
pub mod tls;

/// The largest payload of one packet, in bytes: a full TCP segment on an Ethernet of 1500.
///
/// Leaves room for IPv6 and TCP options. What is longer is sent as several packets.
pub const SEGMENT: usize = 1400;

/// Who sends.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Side {
    /// The one that opens the conversation.
    Client,
    /// The other.
    Server,
}

impl Side {
    /// The one that receives.
    #[must_use]
    pub fn peer(self) -> Self {
        match self {
            Self::Client => Self::Server,
            Self::Server => Self::Client,
        }
    }
}

/// Two addresses of one family.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Addresses {
    /// Both are IPv4.
    V4 {
        /// The one that opens the conversation.
        client: Ipv4Addr,
        /// The other.
        server: Ipv4Addr,
    },
    /// Both are IPv6.
    V6 {
        /// The one that opens the conversation.
        client: Ipv6Addr,
        /// The other.
        server: Ipv6Addr,
    },
}

impl Addresses {
    /// From a client to a server; `None` if they are of different families.
    #[must_use]
    pub fn between(client: IpAddr, server: IpAddr) -> Option<Self> {
        match (client, server) {
            (IpAddr::V4(client), IpAddr::V4(server)) => Some(Self::V4 { client, server }),
            (IpAddr::V6(client), IpAddr::V6(server)) => Some(Self::V6 { client, server }),
            (IpAddr::V4(_), IpAddr::V6(_)) | (IpAddr::V6(_), IpAddr::V4(_)) => None,
        }
    }
}

/// What carries the payload, and the numbers that tell one conversation from another.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Transport {
    /// TCP, with the port of each side.
    Tcp {
        /// Of the client.
        client: u16,
        /// Of the server.
        server: u16,
    },
    /// UDP, with the port of each side.
    Udp {
        /// Of the client.
        client: u16,
        /// Of the server.
        server: u16,
    },
    /// ICMP or ICMPv6 echo: requests of the client, replies of the server.
    Echo {
        /// Identifier of the client's program.
        id: u16,
    },
    /// Any other protocol over IP, by its number; the payload follows the IP header.
    Other(u8),
}

/// One thing that happens in a conversation.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum Step {
    /// SYN, SYN-ACK, ACK.
    Open {
        /// Payload of the SYN (TCP Fast Open); usually empty. At most [`SEGMENT`] bytes are sent.
        early: Vec<u8>,
    },
    /// Payload, one packet for every [`SEGMENT`] bytes of it.
    Data {
        /// Who sends it.
        from: Side,
        /// Where it belongs in the stream of that side; `None` after everything sent so far.
        /// An earlier place is a retransmission or an overlap, a later one leaves a hole.
        at: Option<u32>,
        /// The payload.
        bytes: Vec<u8>,
    },
    /// A packet that only acknowledges.
    Ack {
        /// Who sends it.
        from: Side,
    },
    /// FIN.
    Finish {
        /// Who sends it.
        from: Side,
    },
    /// RST.
    Reset {
        /// Who sends it.
        from: Side,
    },
}

/// Who talks to whom, and what happens, in order.
///
/// Only [`Step::Data`] means something over UDP, ICMP and other protocols; the other steps render
/// to no packet there.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Conversation {
    addresses: Addresses,
    transport: Transport,
    steps: Vec<Step>,
}

/// One packet of a conversation.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Packet {
    /// Who sends it.
    pub from: Side,
    /// Index of the step it belongs to.
    pub step: usize,
    /// Which bytes of the sender's stream it carries; empty for a packet without payload.
    pub carries: Range<u32>,
    /// The whole Ethernet II frame, without the check sequence.
    pub frame: Vec<u8>,
}

impl Conversation {
    /// A conversation in which nothing has happened yet.
    #[must_use]
    pub fn new(addresses: Addresses, transport: Transport) -> Self {
        Self { addresses, transport, steps: Vec::new() }
    }

    /// The handshake of TCP.
    #[must_use]
    pub fn open(self) -> Self {
        self.open_with(&[])
    }

    /// The handshake of TCP with payload in the SYN.
    #[must_use]
    pub fn open_with(self, early: &[u8]) -> Self {
        self.step(Step::Open { early: early.to_vec() })
    }

    /// Payload, in as many packets as it needs.
    #[must_use]
    pub fn send(self, from: Side, bytes: &[u8]) -> Self {
        self.step(Step::Data { from, at: None, bytes: bytes.to_vec() })
    }

    /// Payload cut at the given offsets, a packet a piece; offsets out of order or past the end
    /// are ignored.
    #[must_use]
    pub fn send_cut(self, from: Side, bytes: &[u8], cuts: &[usize]) -> Self {
        pieces(bytes, cuts).fold(self, |conversation, piece| conversation.send(from, piece))
    }

    /// Payload at a place in the sender's stream, see [`Step::Data`].
    #[must_use]
    pub fn send_at(self, from: Side, at: u32, bytes: &[u8]) -> Self {
        self.step(Step::Data { from, at: Some(at), bytes: bytes.to_vec() })
    }

    /// A packet that only acknowledges.
    #[must_use]
    pub fn ack(self, from: Side) -> Self {
        self.step(Step::Ack { from })
    }

    /// Both sides finish, the client first.
    #[must_use]
    pub fn close(self) -> Self {
        self.step(Step::Finish { from: Side::Client })
            .step(Step::Finish { from: Side::Server })
            .step(Step::Ack { from: Side::Client })
    }

    /// Anything else that can happen.
    #[must_use]
    pub fn step(mut self, step: Step) -> Self {
        self.steps.push(step);
        self
    }

    /// The same conversation from another port (TCP, UDP) or identifier (ICMP) of the client, so
    /// that several can share a capture. Other protocols have no such number and stay as they are.
    #[must_use]
    pub fn with_client_number(mut self, number: u16) -> Self {
        match &mut self.transport {
            Transport::Tcp { client, .. } | Transport::Udp { client, .. } => *client = number,
            Transport::Echo { id } => *id = number,
            Transport::Other(_) => {}
        }
        self
    }

    /// Who talks to whom.
    #[must_use]
    pub fn addresses(&self) -> Addresses {
        self.addresses
    }

    /// What carries it.
    #[must_use]
    pub fn transport(&self) -> Transport {
        self.transport
    }

    /// What happens, in order.
    #[must_use]
    pub fn steps(&self) -> &[Step] {
        &self.steps
    }

    /// The packets, in order, with right lengths and checksums.
    #[must_use]
    pub fn packets(&self) -> Vec<Packet> {
        packet::render(self)
    }
}

/// The parts of `bytes` between `cuts`; never an empty one.
fn pieces<'b>(bytes: &'b [u8], cuts: &[usize]) -> impl Iterator<Item = &'b [u8]> {
    let mut start = 0;
    let mut found = Vec::new();
    for &end in cuts.iter().chain([&bytes.len()]) {
        if let Some(piece) = bytes.get(start..end)
            && !piece.is_empty()
        {
            found.push(piece);
            start = end;
        }
    }
    found.into_iter()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pieces_are_the_whole_in_order() {
        let check = |cuts: &[usize], expected: &[&str]| {
            let got: Vec<&[u8]> = pieces(b"abcdef", cuts).collect();
            assert_eq!(got, expected.iter().map(|piece| piece.as_bytes()).collect::<Vec<_>>());
        };
        check(&[], &["abcdef"]);
        check(&[2], &["ab", "cdef"]);
        check(&[0, 2, 2, 4], &["ab", "cd", "ef"]);
        check(&[4, 2, 99], &["abcd", "ef"]);
    }

    #[test]
    fn addresses_of_two_families_do_not_meet() {
        let v4 = IpAddr::V4(Ipv4Addr::LOCALHOST);
        let v6 = IpAddr::V6(Ipv6Addr::LOCALHOST);
        assert_eq!(Addresses::between(v4, v6), None);
        assert!(Addresses::between(v6, v6).is_some());
    }
}
