//! The packets of a flow, and what the engine reads out of each.
//!
//! | Flow | Packets |
//! |---|---|
//! | TCP | SYN, SYN/ACK and ACK; then for each thing the client says: it, the answer, an ACK; at the end a FIN |
//! | UDP | what the client says, an answer, and bytes that say nothing new |
//! | ICMP | an echo, its answer, an echo |
//! | any other protocol | one packet: the engine keeps no flow of it |

use crate::flow::wire::{self, Engine};
use crate::flow::{Flow, Request, Spoken};
use crate::suricata::{Buffer, Peer, Protocol};

/// A packet, with what the engine knows when it is asked about it.
#[derive(Debug)]
pub(super) struct Packet {
    /// Who sends it.
    pub(super) from: Peer,
    /// Whether it is the first one of its side.
    pub(super) is_first: bool,
    /// Whether it comes after the handshake. The ACK that ends it does not (measured).
    pub(super) is_established: bool,
    /// Whether it carries payload.
    pub(super) has_payload: bool,
    /// What the connection is known for, by whatever either side has said.
    pub(super) recognised: Recognised,
    /// What the bytes of the client alone show it to be.
    pub(super) spoken: Recognised,
    /// How many bytes client and server have sent, their SYN counted as one (`stream_size`).
    pub(super) sent: [u32; 2],
    /// What there is to be judged for the first time.
    pub(super) transactions: Vec<Transaction>,
    /// What the client says with it, by number.
    said: Option<usize>,
}

/// What protocol detection has found.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(super) enum Recognised {
    /// It is not done yet.
    #[default]
    NotYet,
    /// None that it knows; it takes the answer of the server to be sure (measured).
    Nothing,
    /// This one.
    As(Protocol),
}

/// The parts of a hello or request that the engine has parsed.
#[derive(Debug, Clone, Default)]
pub(super) struct Transaction {
    /// Those that are there; a signature about one that is not does not match, whatever it says
    /// (measured: a negated one neither).
    buffers: Vec<(Buffer, Vec<u8>)>,
}

impl Packet {
    /// Whether the client says something with it.
    pub(super) fn is_said(&self) -> bool {
        self.said.is_some()
    }

    /// Whether it is the first thing the client says.
    pub(super) fn is_first_said(&self) -> bool {
        self.said == Some(0)
    }

    /// Whether the engine reads a request, or bytes behind one.
    pub(super) fn is_http(&self) -> bool {
        let http = Recognised::As(Protocol::Http);
        self.spoken == http || (self.recognised == http && !self.transactions.is_empty())
    }

    /// Whether `drop_established_app_layer_to_server` is about it, as AWS prints signatures that
    /// are "similar to" it (egress default block rules, after 2026-07-22).
    pub(super) fn is_for_the_default_action(&self) -> bool {
        self.from == Peer::Client && self.is_established
    }
}

impl Transaction {
    pub(super) fn buffer(&self, buffer: Buffer) -> Option<&[u8]> {
        self.buffers.iter().find(|(it, _)| *it == buffer).map(|(_, bytes)| bytes.as_slice())
    }

    fn of(buffers: impl IntoIterator<Item = (Buffer, Option<Vec<u8>>)>) -> Self {
        let there = |(buffer, bytes): (Buffer, Option<Vec<u8>>)| Some((buffer, bytes?));
        Self { buffers: buffers.into_iter().filter_map(there).collect() }
    }

    fn tls(engine: Engine, name: Option<&[u8]>) -> Self {
        let name = name.and_then(|name| engine.tls_name(name));
        Self::of([
            (Buffer::TlsSni, name.map(|name| name.as_sent().collect())),
            // Every hello has a fingerprint, in three parts with `_` between.
            (Buffer::Ja4, Some(b"t13d1516h2_8daaf6152771_e5627efa2ab1".to_vec())),
        ])
    }

    fn quic(engine: Engine, name: Option<&[u8]>) -> Self {
        let name = name.map(|name| engine.quic_name(name).as_sent().collect());
        Self::of([(Buffer::QuicSni, name)])
    }

    fn http2(engine: Engine, authority: Option<&[u8]>) -> Self {
        let host = authority.map(|authority| engine.authority(authority).bytes().collect());
        Self::of([
            (Buffer::HttpHost, host),
            (Buffer::HttpHostRaw, authority.map(<[u8]>::to_vec)),
            (Buffer::HttpMethod, Some(b"GET".to_vec())),
            (Buffer::HttpHeaderNames, Some(b"\r\n:method\r\n\r\n".to_vec())),
        ])
    }

    /// What is parsed of a request while its head is not known to be complete.
    fn request(engine: Engine, request: &Request<'_>) -> Self {
        let heard = engine.request(request);
        Self::of([
            (Buffer::HttpHost, heard.name.map(|name| name.bytes().collect())),
            (Buffer::HttpHostRaw, heard.raw.map(|raw| raw.as_sent().collect())),
            (Buffer::HttpMethod, Some(request.method.to_vec())),
        ])
    }

    /// The same with what is there once the head is complete.
    fn with_head(mut self, request: &Request<'_>) -> Self {
        let mut head = [request.method, b" ", request.target, b" HTTP/1.1\r\n"].concat();
        let mut names = b"\r\n".to_vec();
        for host in request.hosts {
            head.extend([b"Host: ", *host, b"\r\n"].concat());
            names.extend(b"Host\r\n");
        }
        head.extend(b"Accept: */*\r\n\r\n");
        names.extend(b"Accept\r\n\r\n");
        self.buffers.extend([(Buffer::HttpStart, head), (Buffer::HttpHeaderNames, names)]);
        self
    }
}

/// How long a thing that is said is: more than it takes to recognise a protocol, less than what the
/// skeleton waits for.
const BYTES: u32 = 200;

/// The packets of a flow.
pub(super) fn packets(engine: Engine, flow: &Flow<'_>) -> Vec<Packet> {
    let mut wire = Wire::default();
    match flow.spoken {
        Spoken::Tls { name } => {
            wire.handshake();
            wire.is_recognised(Protocol::Tls);
            wire.says(vec![Transaction::tls(engine, name)]);
            wire.is_answered();
            wire.says(Vec::new());
            wire.closes();
        }
        Spoken::Http { requests } if !requests.is_empty() => {
            wire.handshake();
            wire.asks(engine, requests);
        }
        Spoken::Http2 { authority } => {
            wire.handshake();
            wire.is_recognised(Protocol::Http2);
            wire.says(vec![Transaction::http2(engine, authority)]);
            wire.is_answered();
            wire.closes();
        }
        Spoken::Http { .. } | Spoken::Tcp => {
            wire.handshake();
            wire.says(Vec::new());
            wire.is_nothing_known();
            wire.is_answered();
            wire.says(Vec::new());
            wire.closes();
        }
        Spoken::Quic { .. } | Spoken::Udp if wire::is_quic(flow.port) => {
            let name = match flow.spoken {
                Spoken::Quic { name } => name,
                _ => None,
            };
            wire.is_recognised(Protocol::Quic);
            wire.datagrams(vec![Transaction::quic(engine, name)]);
        }
        Spoken::Quic { .. } | Spoken::Udp | Spoken::Icmp => wire.datagrams(Vec::new()),
        Spoken::Other => wire.sends(Peer::Client, BYTES, Vec::new()),
    }
    wire.packets
}

/// What has gone over the wire so far.
#[derive(Default)]
struct Wire {
    packets: Vec<Packet>,
    sent: [u32; 2],
    recognised: Recognised,
    spoken: Recognised,
}

impl Wire {
    fn handshake(&mut self) {
        self.sent = [1, 0];
        self.sends(Peer::Client, 0, Vec::new());
        self.sent = [1, 1];
        self.sends(Peer::Server, 0, Vec::new());
        self.sends(Peer::Client, 0, Vec::new());
        for packet in &mut self.packets {
            packet.is_established = false;
        }
    }

    fn asks(&mut self, engine: Engine, requests: &[Request<'_>]) {
        // Requests of a connection that was no HTTP yet.
        let mut late = Vec::new();
        for request in requests {
            if self.recognised == Recognised::NotYet && wire::is_http(request) {
                self.is_recognised(Protocol::Http);
            }
            let is_tunnel = request.method.eq_ignore_ascii_case(b"CONNECT");
            let begun = Transaction::request(engine, request);
            let said = match self.recognised {
                // The head of a tunnel is not complete before the answer, and then nothing asks
                // for it any more (measured).
                Recognised::As(_) if is_tunnel => Some(begun),
                Recognised::As(_) => Some(begun.with_head(request)),
                Recognised::NotYet | Recognised::Nothing => {
                    late.push(begun.with_head(request));
                    None
                }
            };
            match said {
                Some(said) => {
                    let mut all = std::mem::take(&mut late);
                    all.push(said);
                    self.says(all);
                }
                None => {
                    self.says(Vec::new());
                    // The answer shows that it is HTTP. What was asked is judged with the next thing
                    // the client says, or when it closes (measured).
                    self.is_nothing_known();
                    self.recognised = Recognised::As(Protocol::Http);
                }
            }
            self.is_answered();
        }
        self.sends(Peer::Client, 0, late);
    }

    fn is_recognised(&mut self, protocol: Protocol) {
        self.recognised = Recognised::As(protocol);
        self.spoken = self.recognised;
    }

    fn is_nothing_known(&mut self) {
        self.recognised = Recognised::Nothing;
        self.spoken = self.recognised;
    }

    fn datagrams(&mut self, said: Vec<Transaction>) {
        self.says(said);
        self.sends(Peer::Server, BYTES, Vec::new());
        self.says(Vec::new());
    }

    /// The client says something.
    fn says(&mut self, transactions: Vec<Transaction>) {
        self.sends(Peer::Client, BYTES, transactions);
    }

    /// The server answers, and the client acknowledges it.
    fn is_answered(&mut self) {
        self.sends(Peer::Server, BYTES, Vec::new());
        self.sends(Peer::Client, 0, Vec::new());
    }

    fn closes(&mut self) {
        self.sends(Peer::Client, 0, Vec::new());
    }

    fn sends(&mut self, from: Peer, bytes: u32, transactions: Vec<Transaction>) {
        let [client, server] = &mut self.sent;
        match from {
            Peer::Client => *client += bytes,
            Peer::Server => *server += bytes,
        }
        let said = self.packets.iter().filter(|packet| packet.is_said()).count();
        self.packets.push(Packet {
            from,
            is_first: !self.packets.iter().any(|packet| packet.from == from),
            is_established: true,
            has_payload: bytes > 0,
            recognised: self.recognised,
            spoken: self.spoken,
            sent: self.sent,
            transactions,
            said: (from == Peer::Client && bytes > 0).then_some(said),
        });
    }
}
