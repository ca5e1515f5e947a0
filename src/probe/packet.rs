//! From the steps of a conversation to Ethernet frames.

use etherparse::{IpHeaders, IpNumber, PacketBuilder, PacketBuilderStep, TcpHeader};

use super::{Addresses, Conversation, Packet, SEGMENT, Side, Step, Transport};

/// Locally administered, unicast.
const CLIENT_MAC: [u8; 6] = [0x02, 0, 0, 0, 0, 0x01];
const SERVER_MAC: [u8; 6] = [0x02, 0, 0, 0, 0, 0x02];
const HOPS: u8 = 64;
const WINDOW: u16 = 65535;

/// Initial sequence numbers: apart, and far from where 32 bits wrap.
const CLIENT_SEQUENCE: u32 = 0x1000_0000;
const SERVER_SEQUENCE: u32 = 0x5000_0000;

/// Maximum segment size 1460; with Fast Open also a cookie (RFC 7413, kind 34), without which no
/// engine takes payload of a SYN for what it is.
const SYN_OPTIONS: [u8; 4] = [2, 4, 0x05, 0xb4];
const FAST_OPEN_OPTIONS: [u8; 16] = [2, 4, 0x05, 0xb4, 34, 10, 1, 2, 3, 4, 5, 6, 7, 8, 1, 1];

/// See [`Conversation::packets`].
pub(super) fn render(conversation: &Conversation) -> Vec<Packet> {
    let mut renderer = Renderer {
        conversation,
        client: Stream { initial: CLIENT_SEQUENCE, sent: 0, finished: 0 },
        server: Stream { initial: SERVER_SEQUENCE, sent: 0, finished: 0 },
        step: 0,
        packets: Vec::new(),
    };
    for (index, step) in conversation.steps().iter().enumerate() {
        renderer.step = index;
        renderer.play(step);
    }
    renderer.packets
}

/// What one side has sent so far.
struct Stream {
    initial: u32,
    /// Bytes of payload; the next byte's offset.
    sent: u32,
    /// 1 once a FIN took a sequence number.
    finished: u32,
}

impl Stream {
    /// The sequence number of the payload byte at `offset`; the SYN took the first number.
    fn sequence_of(&self, offset: u32) -> u32 {
        self.initial.wrapping_add(1).wrapping_add(offset)
    }

    fn next_sequence(&self) -> u32 {
        self.sequence_of(self.sent).wrapping_add(self.finished)
    }
}

/// What a TCP packet is besides its payload.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Kind {
    Syn,
    SynAck,
    Plain,
    Fin,
    Rst,
}

struct Renderer<'c> {
    conversation: &'c Conversation,
    client: Stream,
    server: Stream,
    step: usize,
    packets: Vec<Packet>,
}

impl Renderer<'_> {
    fn play(&mut self, step: &Step) {
        let is_tcp = matches!(self.conversation.transport, Transport::Tcp { .. });
        match step {
            Step::Data { from, at, bytes } => self.data(*from, *at, bytes),
            _ if !is_tcp => {}
            Step::Open { early } => self.open(early),
            Step::Ack { from } => self.tcp(*from, Kind::Plain, None, &[]),
            Step::Finish { from } => {
                self.tcp(*from, Kind::Fin, None, &[]);
                self.stream_mut(*from).finished = 1;
            }
            Step::Reset { from } => self.tcp(*from, Kind::Rst, None, &[]),
        }
    }

    fn open(&mut self, early: &[u8]) {
        let early = early.get(..SEGMENT).unwrap_or(early);
        self.tcp(Side::Client, Kind::Syn, None, early);
        self.client.sent = length(early);
        self.tcp(Side::Server, Kind::SynAck, None, &[]);
        self.tcp(Side::Client, Kind::Plain, None, &[]);
    }

    fn data(&mut self, from: Side, at: Option<u32>, bytes: &[u8]) {
        let mut offset = at.unwrap_or(self.stream(from).sent);
        for payload in bytes.chunks(SEGMENT) {
            match self.conversation.transport {
                Transport::Tcp { .. } => self.tcp(from, Kind::Plain, Some(offset), payload),
                Transport::Udp { .. } | Transport::Echo { .. } | Transport::Other(_) => {
                    let frame = self.datagram(from, offset, payload);
                    self.push(from, offset, payload, frame);
                }
            }
            offset = offset.wrapping_add(length(payload));
            let stream = self.stream_mut(from);
            stream.sent = stream.sent.max(offset);
        }
    }

    fn tcp(&mut self, from: Side, kind: Kind, at: Option<u32>, payload: &[u8]) {
        let Transport::Tcp { client, server } = self.conversation.transport else { return };
        let (source, destination) = match from {
            Side::Client => (client, server),
            Side::Server => (server, client),
        };
        let own = self.stream(from);
        let sequence = match kind {
            Kind::Syn | Kind::SynAck => own.initial,
            Kind::Plain | Kind::Fin | Kind::Rst => {
                at.map_or(own.next_sequence(), |offset| own.sequence_of(offset))
            }
        };
        let mut header = TcpHeader::new(source, destination, sequence, WINDOW);
        header.syn = matches!(kind, Kind::Syn | Kind::SynAck);
        header.fin = kind == Kind::Fin;
        header.rst = kind == Kind::Rst;
        header.psh = !payload.is_empty();
        if kind != Kind::Syn {
            header.ack = true;
            header.acknowledgment_number = self.stream(from.peer()).next_sequence();
        }
        let options: &[u8] = match kind {
            Kind::Syn if !payload.is_empty() => &FAST_OPEN_OPTIONS,
            Kind::Syn | Kind::SynAck => &SYN_OPTIONS,
            Kind::Plain | Kind::Fin | Kind::Rst => &[],
        };
        #[expect(clippy::expect_used, reason = "the constants above are whole words, at most 40")]
        header.set_options_raw(options).expect("the options fit a header");

        let offset = at.unwrap_or(own.sent);
        let frame = built(self.ip(from).tcp_header(header), payload, |step, frame, payload| {
            step.write(frame, payload)
        });
        self.push(from, offset, payload, frame);
    }

    fn datagram(&self, from: Side, offset: u32, payload: &[u8]) -> Vec<u8> {
        let ip = self.ip(from);
        // A number per message: replies pair up with requests by their places in the streams.
        #[expect(clippy::cast_possible_truncation, reason = "a sequence number may wrap")]
        let sequence = offset as u16;
        match (self.conversation.transport, self.conversation.addresses, from) {
            (Transport::Udp { client, server }, _, Side::Client) => {
                built(ip.udp(client, server), payload, |step, frame, bytes| {
                    step.write(frame, bytes)
                })
            }
            (Transport::Udp { client, server }, _, Side::Server) => {
                built(ip.udp(server, client), payload, |step, frame, bytes| {
                    step.write(frame, bytes)
                })
            }
            (Transport::Echo { id }, Addresses::V4 { .. }, Side::Client) => {
                built(ip.icmpv4_echo_request(id, sequence), payload, |step, frame, bytes| {
                    step.write(frame, bytes)
                })
            }
            (Transport::Echo { id }, Addresses::V4 { .. }, Side::Server) => {
                built(ip.icmpv4_echo_reply(id, sequence), payload, |step, frame, bytes| {
                    step.write(frame, bytes)
                })
            }
            (Transport::Echo { id }, Addresses::V6 { .. }, Side::Client) => {
                built(ip.icmpv6_echo_request(id, sequence), payload, |step, frame, bytes| {
                    step.write(frame, bytes)
                })
            }
            (Transport::Echo { id }, Addresses::V6 { .. }, Side::Server) => {
                built(ip.icmpv6_echo_reply(id, sequence), payload, |step, frame, bytes| {
                    step.write(frame, bytes)
                })
            }
            (Transport::Other(number), _, _) => {
                built(ip, payload, |step, frame, bytes| step.write(frame, IpNumber(number), bytes))
            }
            (Transport::Tcp { .. }, _, _) => Vec::new(),
        }
    }

    fn ip(&self, from: Side) -> PacketBuilderStep<IpHeaders> {
        let link = match from {
            Side::Client => PacketBuilder::ethernet2(CLIENT_MAC, SERVER_MAC),
            Side::Server => PacketBuilder::ethernet2(SERVER_MAC, CLIENT_MAC),
        };
        match (self.conversation.addresses, from) {
            (Addresses::V4 { client, server }, Side::Client) => {
                link.ipv4(client.octets(), server.octets(), HOPS)
            }
            (Addresses::V4 { client, server }, Side::Server) => {
                link.ipv4(server.octets(), client.octets(), HOPS)
            }
            (Addresses::V6 { client, server }, Side::Client) => {
                link.ipv6(client.octets(), server.octets(), HOPS)
            }
            (Addresses::V6 { client, server }, Side::Server) => {
                link.ipv6(server.octets(), client.octets(), HOPS)
            }
        }
    }

    fn push(&mut self, from: Side, offset: u32, payload: &[u8], frame: Vec<u8>) {
        let carries = offset..offset.wrapping_add(length(payload));
        self.packets.push(Packet { from, step: self.step, carries, frame });
    }

    fn stream(&self, side: Side) -> &Stream {
        match side {
            Side::Client => &self.client,
            Side::Server => &self.server,
        }
    }

    fn stream_mut(&mut self, side: Side) -> &mut Stream {
        match side {
            Side::Client => &mut self.client,
            Side::Server => &mut self.server,
        }
    }
}

/// The frame that `write` makes of a builder and a payload.
fn built<B, E: std::fmt::Debug>(
    builder: B,
    payload: &[u8],
    write: impl FnOnce(B, &mut Vec<u8>, &[u8]) -> Result<(), E>,
) -> Vec<u8> {
    let mut frame = Vec::with_capacity(payload.len() + 80);
    #[expect(clippy::expect_used, reason = "a Vec takes every byte and SEGMENT fits every length")]
    write(builder, &mut frame, payload).expect("a payload of at most SEGMENT bytes fits a packet");
    frame
}

/// The length of a payload: at most [`SEGMENT`].
fn length(payload: &[u8]) -> u32 {
    u32::try_from(payload.len()).unwrap_or(u32::MAX)
}

#[cfg(test)]
mod tests {
    use etherparse::{NetSlice, SlicedPacket, TransportSlice};

    use super::*;

    fn between(client: &str, server: &str) -> Addresses {
        Addresses::between(client.parse().unwrap(), server.parse().unwrap()).unwrap()
    }

    /// Flags, sequence and acknowledgement relative to the initial numbers, and the payload.
    fn summary(packet: &Packet) -> String {
        let sliced = SlicedPacket::from_ethernet(&packet.frame).unwrap();
        let Some(TransportSlice::Tcp(tcp)) = sliced.transport else { panic!("not TCP") };
        let (own, peer) = match packet.from {
            Side::Client => (CLIENT_SEQUENCE, SERVER_SEQUENCE),
            Side::Server => (SERVER_SEQUENCE, CLIENT_SEQUENCE),
        };
        let mut flags = String::new();
        for (set, name) in [(tcp.syn(), 'S'), (tcp.fin(), 'F'), (tcp.rst(), 'R'), (tcp.ack(), '.')]
        {
            if set {
                flags.push(name);
            }
        }
        let acknowledged = if tcp.ack() { tcp.acknowledgment_number() - peer } else { 0 };
        format!(
            "{:?} {flags} seq {} ack {acknowledged} {}",
            packet.from,
            tcp.sequence_number() - own,
            String::from_utf8_lossy(tcp.payload()),
        )
    }

    #[test]
    fn tcp_numbers_follow_the_conversation() {
        let conversation = Conversation::new(
            between("10.1.0.5", "203.0.113.9"),
            Transport::Tcp { client: 40000, server: 80 },
        )
        .open()
        .send_cut(Side::Client, b"hello", &[2])
        .send(Side::Server, b"hi")
        .send_at(Side::Client, 0, b"he")
        .close();
        let got: Vec<String> = conversation.packets().iter().map(summary).collect();
        assert_eq!(
            got,
            [
                "Client S seq 0 ack 0 ",
                "Server S. seq 0 ack 1 ",
                "Client . seq 1 ack 1 ",
                "Client . seq 1 ack 1 he",
                "Client . seq 3 ack 1 llo",
                "Server . seq 1 ack 6 hi",
                "Client . seq 1 ack 3 he",
                "Client F. seq 6 ack 3 ",
                "Server F. seq 3 ack 7 ",
                "Client . seq 7 ack 4 ",
            ]
        );
    }

    #[test]
    fn payload_of_a_syn_counts() {
        let conversation = Conversation::new(
            between("10.1.0.5", "203.0.113.9"),
            Transport::Tcp { client: 40000, server: 443 },
        )
        .open_with(b"early")
        .send(Side::Client, b"late");
        let packets = conversation.packets();
        assert_eq!(summary(&packets[0]), "Client S seq 0 ack 0 early");
        assert_eq!(summary(&packets[1]), "Server S. seq 0 ack 6 ");
        assert_eq!(summary(&packets[3]), "Client . seq 6 ack 1 late");
        assert_eq!(packets[0].carries, 0..5);
        assert_eq!(packets[3].carries, 5..9);
    }

    #[test]
    fn every_transport_has_right_lengths_and_checksums() {
        let transports = [
            Transport::Tcp { client: 40000, server: 443 },
            Transport::Udp { client: 40000, server: 443 },
            Transport::Echo { id: 7 },
            Transport::Other(47),
        ];
        for addresses in [between("10.1.0.5", "203.0.113.9"), between("2001:db8::5", "2001:db8::9")]
        {
            for transport in transports {
                let conversation = Conversation::new(addresses, transport)
                    .send(Side::Client, &[b'x'; 3001])
                    .send(Side::Server, b"y");
                let packets = conversation.packets();
                assert_eq!(packets.len(), 4, "{addresses:?} {transport:?}");
                assert_eq!(packets[2].carries, 2800..3001);
                for packet in packets {
                    assert_consistent(&packet.frame);
                }
            }
        }
    }

    fn assert_consistent(frame: &[u8]) {
        let sliced = SlicedPacket::from_ethernet(frame).unwrap();
        match (sliced.net.unwrap(), sliced.transport) {
            (NetSlice::Ipv4(ip), Some(TransportSlice::Tcp(tcp))) => {
                let header = ip.header().to_header();
                assert_eq!(header.calc_header_checksum(), header.header_checksum);
                let expected = tcp.to_header().calc_checksum_ipv4(&header, tcp.payload());
                assert_eq!(expected.unwrap(), tcp.checksum());
            }
            (NetSlice::Ipv6(ip), Some(TransportSlice::Udp(udp))) => {
                let header = ip.header().to_header();
                let expected = udp.to_header().calc_checksum_ipv6(&header, udp.payload());
                assert_eq!(expected.unwrap(), udp.checksum());
            }
            _ => {}
        }
    }

    #[test]
    fn steps_of_tcp_mean_nothing_elsewhere() {
        let conversation = Conversation::new(
            between("10.1.0.5", "203.0.113.9"),
            Transport::Udp { client: 40000, server: 443 },
        )
        .open()
        .send(Side::Client, b"x")
        .close();
        assert_eq!(conversation.packets().len(), 1);
    }
}
