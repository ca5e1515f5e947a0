//! A flow, how it is sent, and the packets that come of it.

use core::fmt;
use core::net::IpAddr;
use core::ops::Range;

use super::boundary::Boundary;
use crate::flow::record::{Origin, OwnedRequest, Record, Words};
use crate::flow::{Flow, Source};
use crate::probe::Side::Client;
use crate::probe::http::{self, Request};
use crate::probe::tls::ClientHello;
use crate::probe::{Addresses, Conversation, Transport, exchange, quic};

/// A flow that an engine and a matcher are both asked about.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Case {
    flow: Record,
    addresses: Addresses,
    manner: Manner,
    boundary: Boundary,
}

/// How a flow is cut into packets. The verdict is the same for all of them.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Manner {
    /// A hello or a request at a time.
    Whole,
    /// The last hello or request in two packets, cut behind so many bytes.
    Split(usize),
    /// A TLS hello in two records, cut behind so many bytes of its message.
    Records(usize),
    /// Every request in one go.
    Pipelined,
    /// The server speaks first, for bytes of no protocol.
    Greeted,
}

/// Something the client says that is judged by itself: a hello, a request, a datagram.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Saying {
    /// Its place in the client's stream.
    pub bytes: Range<u32>,
    /// Where the go begins that it is part of: what is sent together is stopped together.
    pub go: u32,
}

/// A longer `:authority` is more than [`http::clear_text_h2`](crate::probe::http::clear_text_h2)
/// writes, in bytes.
const LONGEST_AUTHORITY: usize = 126;

/// A longer name makes a second datagram of the hello, whose first one is lost to want of a name, in
/// bytes.
const LONGEST_QUIC_NAME: usize = 600;

/// What bytes of no protocol are.
const RAW: &[u8] = b"raw bytes here\r\n";
const BANNER: &[u8] = b"SSH-2.0-OpenSSH_9.2\r\n";
/// GRE, which stands for every protocol that a policy has no word for.
const GRE: u8 = 47;
const GRE_PAYLOAD: &[u8] = b"\0\0\x88\x0bxxxxxxxx";

impl Case {
    /// `None` if nothing could be sent, or something else than is asked about: without a source address
    /// of the destination's family, or with words that the wire makes others of.
    pub fn new(flow: Record, manner: Manner, boundary: Boundary) -> Option<Self> {
        let Origin::Address(source) = flow.source else { return None };
        let addresses = Addresses::between(source, flow.destination)?;
        is_sendable(&flow.words).then_some(Self { flow, addresses, manner, boundary })
    }

    /// What is asked about.
    pub fn flow(&self) -> &Record {
        &self.flow
    }

    /// How it is sent.
    pub fn manner(&self) -> Manner {
        self.manner
    }

    /// At which boundary of its policy it lies.
    pub fn boundary(&self) -> Boundary {
        self.boundary
    }

    /// Lends the flow.
    pub fn ask<A>(&self, answer: impl FnOnce(&Flow<'_>) -> A) -> A {
        let source = match self.addresses {
            Addresses::V4 { client, .. } => IpAddr::V4(client),
            Addresses::V6 { client, .. } => IpAddr::V6(client),
        };
        self.flow.with_flow(Source::Address(source), answer)
    }

    /// What goes over the wire, from port 0 of the client.
    pub fn conversation(&self) -> Conversation {
        let port = self.flow.port;
        let over = |transport| Conversation::new(self.addresses, transport);
        let tcp = || over(Transport::Tcp { client: 0, server: port }).open();
        let udp = || over(Transport::Udp { client: 0, server: port });
        let cuts = match self.manner {
            Manner::Split(at) => vec![at],
            Manner::Whole | Manner::Records(_) | Manner::Pipelined | Manner::Greeted => Vec::new(),
        };
        match &self.flow.words {
            Words::Tls(name) => exchange::handshake(tcp(), &self.hello(name.as_deref()), &cuts),
            Words::Http(_) | Words::Http2(_) => {
                let goes: Vec<Vec<u8>> = self.goes().iter().map(|go| go.concat()).collect();
                let goes: Vec<&[u8]> = goes.iter().map(Vec::as_slice).collect();
                exchange::ask(tcp(), &goes, &cuts)
            }
            Words::Quic(name) => exchange::datagrams(udp(), &initials(name.as_deref())),
            Words::Tcp if self.manner == Manner::Greeted => {
                exchange::greeted(tcp(), BANNER, BANNER)
            }
            Words::Tcp => exchange::talk(tcp(), RAW),
            Words::Udp => exchange::datagrams(udp(), &[RAW.to_vec()]),
            Words::Icmp => exchange::datagrams(over(Transport::Echo { id: 0 }), &[RAW.to_vec()]),
            Words::Other => over(Transport::Other(GRE)).send(Client, GRE_PAYLOAD),
        }
    }

    /// What the client says that is judged by itself, in order.
    pub fn sayings(&self) -> Vec<Saying> {
        let mut sayings = Vec::new();
        let mut start = 0;
        for go in self.goes() {
            let begin = start;
            for said in go {
                let end = start + u32::try_from(said.len()).unwrap_or(u32::MAX);
                sayings.push(Saying { bytes: start..end, go: begin });
                start = end;
            }
        }
        sayings
    }

    /// The same as bytes: what is sent in one go, and what is said in it.
    fn goes(&self) -> Vec<Vec<Vec<u8>>> {
        match &self.flow.words {
            Words::Tls(name) => vec![vec![self.hello(name.as_deref())]],
            Words::Http(requests) => {
                let requests: Vec<Vec<u8>> = requests.iter().map(written).collect();
                match self.manner {
                    Manner::Pipelined => vec![requests],
                    _ => requests.into_iter().map(|request| vec![request]).collect(),
                }
            }
            Words::Http2(authority) => {
                vec![vec![http::clear_text_h2(authority.as_deref().unwrap_or_default())]]
            }
            Words::Quic(name) => initials(name.as_deref()).into_iter().map(|it| vec![it]).collect(),
            Words::Tcp if self.manner == Manner::Greeted => vec![vec![BANNER.to_vec()]],
            Words::Tcp | Words::Udp | Words::Icmp => vec![vec![RAW.to_vec()]],
            Words::Other => vec![vec![GRE_PAYLOAD.to_vec()]],
        }
    }

    fn hello(&self, name: Option<&[u8]>) -> Vec<u8> {
        match self.manner {
            Manner::Records(at) => client_hello(name).records(&[at]),
            _ => client_hello(name).record(),
        }
    }
}

/// Whether the words go over the wire as they are, without becoming others.
fn is_sendable(words: &Words) -> bool {
    let ends = |part: &[u8], ends: &[u8]| part.iter().any(|byte| ends.contains(byte));
    match words {
        Words::Http(requests) => requests.iter().all(|request| {
            let OwnedRequest { method, target, hosts } = request;
            let mut words = [method, target].into_iter();
            let broken = words.any(|word| ends(word, b" \t\r\n"));
            !broken && !hosts.iter().any(|host| ends(host, b"\r\n"))
        }),
        Words::Http2(authority) => {
            authority.as_ref().is_some_and(|it| it.len() <= LONGEST_AUTHORITY)
        }
        Words::Quic(name) => name.as_ref().is_none_or(|name| name.len() <= LONGEST_QUIC_NAME),
        Words::Tls(_) | Words::Tcp | Words::Udp | Words::Icmp | Words::Other => true,
    }
}

fn client_hello(name: Option<&[u8]>) -> ClientHello {
    name.map_or_else(ClientHello::nameless, ClientHello::to)
}

fn initials(name: Option<&[u8]>) -> Vec<Vec<u8>> {
    quic::client_initials(&client_hello(name))
}

fn written(request: &OwnedRequest) -> Vec<u8> {
    let head = Request::new(&request.method, &request.target);
    request.hosts.iter().fold(head, |head, host| head.host(host)).header(b"Accept: */*").bytes()
}

/// In words, as in `sent split after 60 bytes`.
impl fmt::Display for Manner {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Whole => f.write_str("whole"),
            Self::Split(at) => write!(f, "split after {at} bytes"),
            Self::Records(at) => write!(f, "in two records, cut after {at} bytes"),
            Self::Pipelined => f.write_str("in one go"),
            Self::Greeted => f.write_str("after the server spoke"),
        }
    }
}
