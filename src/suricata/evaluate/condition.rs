//! Whether a signature matches a packet: one line a keyword.

use core::net::IpAddr;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use ipnet::IpNet;

use super::Line;
use super::conversation::{Packet, Recognised, Transaction};
use crate::flow::{self, Spoken};
use crate::suricata::{
    Addresses, Anchor, Bit, BitOperation, Buffer, Comparison, Content, Flow, Keyword, Peer,
    Protocol, Signature,
};

/// Where a client's end of a connection is, as far as ports of signatures are concerned.
const CLIENT_PORT: u16 = 50_000;

/// The numbers of the protocols over IP; of those without a word one that stands for all (GRE).
const NUMBERS: [(Protocol, u8); 4] =
    [(Protocol::Tcp, 6), (Protocol::Udp, 17), (Protocol::Icmp, 1), (Protocol::Ip, 47)];

/// Who talks to whom.
#[derive(Debug, Clone, Copy)]
pub(super) struct Connection<'e> {
    pub(super) source: IpAddr,
    pub(super) flow: &'e flow::Flow<'e>,
    pub(super) variables: &'e BTreeMap<Arc<str>, &'e [IpNet]>,
}

impl Connection<'_> {
    /// Whether a signature matches a packet, or a transaction in it.
    pub(super) fn matches(
        &self,
        line: &Line<'_>,
        packet: &Packet,
        transaction: Option<&Transaction>,
        marks: &BTreeSet<Bit>,
    ) -> bool {
        self.header(line.signature, packet) && self.keywords(line, packet, transaction, marks)
    }

    fn header(&self, signature: &Signature, packet: &Packet) -> bool {
        let server = self.flow.destination;
        let (from, to, port) = match packet.from {
            Peer::Client => (self.source, server, self.flow.port),
            Peer::Server => (server, self.source, CLIENT_PORT),
        };
        self.has_protocol(signature.protocol, packet)
            && self.is_in(&signature.source, from)
            && self.is_in(&signature.destination, to)
            && signature.ports.as_ref().is_none_or(|ports| ports.contains(port))
    }

    /// What carries the flow.
    fn transport(&self) -> Protocol {
        match self.flow.spoken {
            Spoken::Tls { .. } | Spoken::Http { .. } | Spoken::Http2 { .. } | Spoken::Tcp => {
                Protocol::Tcp
            }
            Spoken::Quic { .. } | Spoken::Udp => Protocol::Udp,
            Spoken::Icmp => Protocol::Icmp,
            Spoken::Other => Protocol::Ip,
        }
    }

    /// Whether the engine keeps a flow of it.
    fn is_flow(&self) -> bool {
        self.transport() != Protocol::Ip
    }

    fn has_protocol(&self, protocol: Protocol, packet: &Packet) -> bool {
        match protocol {
            Protocol::Ip => true,
            Protocol::Tcp | Protocol::Udp | Protocol::Icmp => protocol == self.transport(),
            Protocol::Tls | Protocol::Http | Protocol::Http2 | Protocol::Quic => {
                is_recognised_as(protocol, packet.recognised)
            }
        }
    }

    fn is_in(&self, addresses: &Addresses, address: IpAddr) -> bool {
        let networks = match addresses {
            Addresses::Any => return true,
            Addresses::Networks(networks) => networks,
            Addresses::Variable(name) | Addresses::Reference(name) => {
                self.variables.get(name).copied().unwrap_or_default()
            }
        };
        networks.iter().any(|network| network.contains(&address))
    }

    fn keywords(
        &self,
        line: &Line<'_>,
        packet: &Packet,
        transaction: Option<&Transaction>,
        marks: &BTreeSet<Bit>,
    ) -> bool {
        let said = |buffer| transaction.and_then(|transaction| transaction.buffer(buffer));
        let mut expressions = line.expressions.iter();
        // The part of the traffic that contents and expressions are looked for in.
        let mut buffer: Vec<u8> = Vec::new();
        line.signature.keywords.iter().all(|keyword| match keyword {
            Keyword::Flow(flow) => has_state(*flow, packet),
            Keyword::Buffer(part) => match said(*part) {
                Some(bytes) => {
                    bytes.clone_into(&mut buffer);
                    true
                }
                None => false,
            },
            Keyword::Dotprefix => {
                buffer.insert(0, b'.');
                true
            }
            Keyword::Content(content) => has_content(&buffer, content),
            Keyword::Bsize(size) => buffer.len() == usize::from(*size),
            Keyword::Pcre { negated, .. } => {
                expressions.next().is_some_and(|it| it.is_match(&buffer) != *negated)
            }
            // Where there is no flow, neither form matches (measured).
            Keyword::Flowbit(BitOperation::IsSet, bit) => self.is_flow() && marks.contains(bit),
            Keyword::Flowbit(BitOperation::IsNotSet, bit) => self.is_flow() && !marks.contains(bit),
            Keyword::StreamSize(peer, comparison, bytes) => {
                let [client, server] = packet.sent;
                let sent = match peer {
                    Peer::Client => client,
                    Peer::Server => server,
                };
                match comparison {
                    Comparison::Less => sent < *bytes,
                    Comparison::Equal => sent == *bytes,
                    Comparison::Greater => sent > *bytes,
                }
            }
            Keyword::AppLayerProtocol { negated, protocol } => match packet.spoken {
                // Asked before it is known, neither form matches (measured).
                Recognised::NotYet => false,
                found => is_recognised_as(*protocol, found) != *negated,
            },
            Keyword::ClientHello => said(Buffer::Ja4).is_some(),
            Keyword::Payload => packet.has_payload,
            Keyword::NotIpProtocol(number) => !NUMBERS.contains(&(self.transport(), *number)),
            // What happens once it matches.
            Keyword::Flowbit(BitOperation::Set | BitOperation::Unset, _) | Keyword::Noalert => true,
        })
    }
}

/// `http` is HTTP/1 or HTTP/2 (`AppProtoEquals`).
fn is_recognised_as(protocol: Protocol, recognised: Recognised) -> bool {
    match recognised {
        Recognised::As(Protocol::Http2) => matches!(protocol, Protocol::Http | Protocol::Http2),
        Recognised::As(found) => found == protocol,
        Recognised::NotYet | Recognised::Nothing => false,
    }
}

fn has_state(flow: Flow, packet: &Packet) -> bool {
    let (from_client, established) = (packet.from == Peer::Client, packet.is_established);
    match flow {
        Flow::ToServer => from_client,
        Flow::ToClient => !from_client,
        Flow::EstablishedToServer => from_client && established,
        Flow::EstablishedToClient => !from_client && established,
        Flow::NotEstablished => !established,
        Flow::NotEstablishedToServer => from_client && !established,
    }
}

fn has_content(buffer: &[u8], content: &Content) -> bool {
    let fold = |bytes: &[u8]| {
        if content.nocase { bytes.to_ascii_lowercase() } else { bytes.to_vec() }
    };
    let (buffer, bytes) = (fold(buffer), fold(&content.bytes));
    match content.anchor {
        Anchor::Anywhere => buffer.windows(bytes.len().max(1)).any(|window| window == bytes),
        Anchor::Start => buffer.starts_with(&bytes),
        Anchor::End => buffer.ends_with(&bytes),
        Anchor::Whole => buffer == bytes,
    }
}
