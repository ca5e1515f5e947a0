//! Conversations worth asking an engine about, and what a text must do with each.
//!
//! All but the last few come from one client, [`CLIENT`], under one policy: TLS on 443 and HTTP on 80 to
//! [`GRANTED`], everything else refused. Refused payload is sent again, as TCP does, because some
//! texts drop it once and pass it the second time.

use fwc::probe::Side::{Client, Server};
use fwc::probe::exchange::{self, after_hello, insist};
use fwc::probe::http::{self, Request};
use fwc::probe::tls::{self, ClientHello};
use fwc::probe::{Addresses, Conversation, SEGMENT, Transport, quic};

use super::engine::{Outcome, Release};

/// Where every conversation comes from.
pub(crate) const CLIENT: &str = "10.1.0.5";
/// Where every conversation goes.
pub(crate) const SERVER: &str = "203.0.113.9";
/// The one name the policy allows.
pub(crate) const GRANTED: &[u8] = b"www.example.com";
/// A name it does not.
pub(crate) const REFUSED: &[u8] = b"evil.example.net";

/// One conversation and its fate.
#[derive(Debug, Clone)]
pub(crate) struct Case {
    /// What is odd about it.
    pub(crate) name: &'static str,
    /// What is sent.
    pub(crate) conversation: Conversation,
    /// What may come through.
    pub(crate) fate: Fate,
}

/// How much of what the client sends the server gets.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Fate {
    /// All of it, and every packet of both sides, without a word in the log.
    Granted,
    /// The first bytes: whole requests before a refused one, or what passes while the text waits
    /// for the end of a hello or a head. One or two alerts.
    Refused {
        /// How many.
        after: u32,
    },
    /// As 7.0.10 has it, then as 8.0.8 has it.
    Differs(&'static Fate, &'static Fate),
}

/// None of it.
const NOTHING: Fate = Fate::Refused { after: 0 };

impl Fate {
    /// With one engine.
    pub(crate) fn with(self, release: Release) -> Self {
        match (self, release) {
            (Self::Differs(seven, _), Release::Seven) => *seven,
            (Self::Differs(_, eight), Release::Eight) => *eight,
            (fate, _) => fate,
        }
    }

    /// What happened, in these terms.
    pub(crate) fn of(outcome: &Outcome) -> Self {
        use super::engine::Action::Passed;
        let untouched = outcome.packets.iter().all(|(_, verdict)| verdict.action == Passed);
        if untouched && outcome.alerts().is_empty() {
            return Self::Granted;
        }
        let after = match outcome.delivered(Client).as_slice() {
            [first, ..] if first.start == 0 => first.end,
            _ => 0,
        };
        Self::Refused { after }
    }
}

/// Every conversation.
pub(crate) fn cases() -> Vec<Case> {
    [tls_cases(), http_cases(), other_tcp_cases(), datagram_cases(), ipv6_cases()].concat()
}

/// A hello of the client, of the kind every client sends.
fn hello(name: &[u8]) -> ClientHello {
    ClientHello::to(name)
}

fn tls_cases() -> Vec<Case> {
    let split = |name, at| tls(443, &hello(name).record(), &[at]);
    let post_quantum = |name| tls(443, &hello(name).post_quantum().record(), &[SEGMENT]);
    let records = |name| tls(443, &hello(name).records(&[40, 80]), &[]);
    let whole = |port, name| tls(port, &hello(name).record(), &[]);
    let nameless = ClientHello::nameless().record();
    let early = |name| after_hello(tcp(443).open_with(&hello(name).record()));
    vec![
        case("tls granted", whole(443, GRANTED), Fate::Granted),
        case("tls granted, upper case", whole(443, b"WWW.Example.COM"), Fate::Granted),
        case("tls granted, split hello", split(GRANTED, 60), Fate::Granted),
        case("tls granted, split in the record header", split(GRANTED, 3), Fate::Granted),
        case("tls granted, post-quantum", post_quantum(GRANTED), Fate::Granted),
        case("tls granted, three records", records(GRANTED), Fate::Granted),
        case("tls granted, hello in the syn", early(GRANTED), Fate::Granted),
        case("tls granted, other port", whole(8443, GRANTED), NOTHING),
        case("tls refused", whole(443, REFUSED), NOTHING),
        case("tls refused, split hello", split(REFUSED, 60), Fate::Refused { after: 60 }),
        case(
            "tls refused, split in the record header",
            split(REFUSED, 3),
            Fate::Refused { after: 3 },
        ),
        case("tls refused, post-quantum", post_quantum(REFUSED), Fate::Refused { after: 1400 }),
        case("tls refused, three records", records(REFUSED), NOTHING),
        case("tls refused, hello in the syn", early(REFUSED), NOTHING),
        case("tls refused, other port", whole(8443, REFUSED), NOTHING),
        case("tls refused, port of ssh", whole(22, REFUSED), NOTHING),
        case("tls without a name", tls(443, &nameless, &[]), NOTHING),
        case("tls without a name, split", tls(443, &nameless, &[60]), Fate::Refused { after: 60 }),
        case("tls with a name of 256 bytes", whole(443, &[b'a'; 256]), NOTHING),
        case("tls of 1999", tls(443, &hello_without_extensions(), &[]), NOTHING),
        case("ssl 2", tls(443, SSL_2_HELLO, &[]), NOTHING),
        case(
            "tls hello that never ends",
            tcp(443).open().send(Client, &endless_hello(40_000)).ack(Server),
            Fate::Refused { after: 15_400 },
        ),
        case(
            "tls hello that never ends, the server talks",
            tcp(443)
                .open()
                .send(Client, &endless_hello(3_000))
                .send(Server, b"hello")
                .ack(Client)
                .send(Client, &[0x41; 5_000])
                .close(),
            Fate::Refused { after: 3_005 },
        ),
        case(
            "tls half a hello, other port",
            insist(tcp(8443).open(), &endless_hello(3_000)[..SEGMENT]),
            NOTHING,
        ),
    ]
}

fn http_cases() -> Vec<Case> {
    let good = Request::get(GRANTED).bytes();
    let bad = Request::get(REFUSED).bytes();
    let length = good.len() as u32;
    let after_good = Fate::Refused { after: length };
    let host = |value: &[u8]| http(80, &[&Request::get(value).bytes()]);
    let line = |target: &[u8]| http(80, &[&Request::new("GET", target).host(REFUSED).bytes()]);
    let line_to_bad =
        |target: &[u8]| http(80, &[&Request::new("GET", target).host(GRANTED).bytes()]);
    let nameless = Request::new("GET", b"/").header(b"Accept: */*");
    let nul = b"GET / HTTP/1.1\r\nHo\0st: www.example.com\r\nHost: evil.example.net\r\n\r\n";
    let connect = |host: &str| {
        let authority = format!("{host}:443");
        Request::new("CONNECT", authority.as_bytes()).host(authority.as_bytes()).bytes()
    };
    let tunnelled = hello(REFUSED).record();
    let cookie = [b"Cookie: ".as_slice(), &[b'c'; 4_000]].concat();
    let endless = [b"GET / HTTP/1.1\r\nHost: evil.example.net\r\nX: ".as_slice(), &[b'x'; 40_000]];
    let two_hosts =
        |first, second| http(80, &[&Request::new("GET", b"/").host(first).host(second).bytes()]);
    vec![
        case("http granted", http(80, &[&good]), Fate::Granted),
        case("http granted twice", http(80, &[&good, &good]), Fate::Granted),
        case("http granted, pipelined", http(80, &[&[&*good, &good].concat()]), Fate::Granted),
        case("http granted, split head", http_split(&[], &good), Fate::Granted),
        case("http granted, second head split", http_split(&good, &good), Fate::Granted),
        case(
            "http granted, long head",
            http(80, &[&Request::get(GRANTED).header(&cookie).bytes()]),
            Fate::Granted,
        ),
        case(
            "http granted, body",
            http(80, &[&Request::new("POST", b"/").host(GRANTED).body(&[b'p'; 5_000]).bytes()]),
            Fate::Granted,
        ),
        case("http granted, port in the host", host(b"www.example.com:80"), Fate::Granted),
        case("http granted, upper case", host(b"WWW.Example.COM"), Fate::Granted),
        case(
            "http granted, upper case and port",
            host(b"WWW.EXAMPLE.COM:80"),
            Fate::Differs(&NOTHING, &Fate::Granted),
        ),
        case("http absolute target wins", line(b"http://www.example.com/"), Fate::Granted),
        case("http absolute target with port", line(b"http://www.example.com:80/"), Fate::Granted),
        case("http absolute target refused", line_to_bad(b"http://evil.example.net/"), NOTHING),
        case("http granted, websocket", websocket(GRANTED), Fate::Granted),
        case("http refused, websocket", insist(tcp(80).open(), &upgrade(REFUSED)), NOTHING),
        case("http granted, other port", http(8080, &[&good]), NOTHING),
        case("http granted, port of tls", http(443, &[&good]), NOTHING),
        case("http refused", http(80, &[&bad]), NOTHING),
        case("http refused, split head", http_split(&[], &bad), Fate::Refused { after: 20 }),
        case("http refused second", http(80, &[&good, &bad]), after_good),
        case(
            "http refused second, split",
            http_split(&good, &bad),
            Fate::Refused { after: length + 20 },
        ),
        case("http refused second, pipelined", http(80, &[&[&*good, &bad].concat()]), NOTHING),
        case("http refused first, pipelined", http(80, &[&[&*bad, &good].concat()]), NOTHING),
        case(
            "http refused, head that never ends",
            tcp(80).open().send(Client, &endless.concat()).close(),
            Fate::Refused { after: 15_400 },
        ),
        case("http without host", http(80, &[&nameless.bytes()]), NOTHING),
        case(
            "http 1.0 without host",
            http(80, &[&nameless.clone().version(b"HTTP/1.0").bytes()]),
            NOTHING,
        ),
        case("http without host second", http(80, &[&good, &nameless.bytes()]), after_good),
        case("http 0.9", http(80, &[b"GET /\r\n"]), NOTHING),
        case("http 0.9 second", http(80, &[&good, b"GET /\r\n"]), after_good),
        case("http empty host", host(b""), NOTHING),
        case("http nul in a header name", http(80, &[nul]), NOTHING),
        case("http nul in a header name second", http(80, &[&good, nul]), after_good),
        case("http nul in the host", host(b"evil.com\0.example.com"), NOTHING),
        case("http name after the port", host(b"www.example.com:80.evil.com"), NOTHING),
        case(
            "http name after the port second",
            http(80, &[&good, &Request::get(b"www.example.com:80.evil.com").bytes()]),
            after_good,
        ),
        case("http path in the host", host(b"www.example.com/.evil.com"), NOTHING),
        case("http two hosts, granted last", two_hosts(REFUSED, GRANTED), NOTHING),
        case("http two hosts, granted first", two_hosts(GRANTED, REFUSED), NOTHING),
        case("http folded host", host(b"evil.example.net\r\n www.example.com"), NOTHING),
        case(
            "http unusual method",
            http(80, &[&Request::new("SUBSCRIBE", b"/").host(GRANTED).bytes()]),
            NOTHING,
        ),
        case("http connect granted", http(80, &[&connect("www.example.com"), &tunnelled]), NOTHING),
        case(
            "http connect refused",
            http(80, &[&connect("evil.example.net"), &tunnelled]),
            NOTHING,
        ),
        case(
            "http connect second",
            http(80, &[&good, &connect("www.example.com"), &tunnelled]),
            after_good,
        ),
        case("http 2 granted", http_2(GRANTED), NOTHING),
        case("http 2 refused", http_2(REFUSED), NOTHING),
        case("http upgrade to http 2", upgrade_to_http_2(), Fate::Refused { after: 170 }),
        case("http half a head, other port", insist(tcp(8080).open(), &good[..30]), NOTHING),
        case(
            "http first bytes alone, other port",
            tcp(8080)
                .open()
                .send(Client, &good[..2])
                .send(Client, &good[2..])
                .send_at(Client, 0, &good),
            NOTHING,
        ),
        case(
            "http after the server spoke",
            tcp(80)
                .open()
                .send(Server, b"220 hello\r\n")
                .send(Client, &bad[..2])
                .send(Client, &[&bad[2..], &good].concat())
                .send_at(Client, 0, &bad)
                .send_at(Client, 0, &[&*bad, &good].concat()),
            NOTHING,
        ),
    ]
}

fn other_tcp_cases() -> Vec<Case> {
    let greeting: &[u8] = b"SSH-2.0-OpenSSH_9.2\r\n";
    let server_first = |port, banner: &[u8], answer| {
        insist(tcp(port).open().send(Server, banner).ack(Client), answer).close()
    };
    vec![
        case("raw bytes on 443", raw(443, b"raw bytes here"), NOTHING),
        case("raw bytes on 80", raw(80, b"raw bytes here"), NOTHING),
        case("raw bytes on 22", raw(22, b"raw bytes here"), NOTHING),
        case("high bytes on 443", raw(443, &[0xff; 300]), NOTHING),
        case("two bytes on 443", raw(443, b"ab"), Fate::Refused { after: 2 }),
        case("ssh", raw(22, greeting), NOTHING),
        case("ssh, server first", server_first(22, greeting, greeting), NOTHING),
        case("smtp", server_first(25, b"220 mail ESMTP\r\n", b"EHLO me\r\n"), NOTHING),
        case(
            "server first on 443",
            server_first(443, b"220 hello\r\n", b"hi there you\r\n"),
            NOTHING,
        ),
        case("connected and closed", tcp(22).open().close(), NOTHING),
        case(
            "raw bytes in the syn",
            insist(tcp(22).open_with(b"raw bytes here"), b"more bytes").close(),
            NOTHING,
        ),
    ]
}

fn datagram_cases() -> Vec<Case> {
    let udp = |port| conversation(Transport::Udp { client: 0, server: port });
    let query = b"\x12\x34\x01\0\0\x01\0\0\0\0\0\0\x03www\x07example\x03com\0\0\x01\0\x01";
    let flight = |hello: &ClientHello| {
        quic::client_initials(hello)
            .iter()
            .fold(udp(443), |flight, datagram| flight.send(Client, datagram))
            .send(Client, &[0x41; 100])
    };
    let two = |transport| conversation(transport).send(Client, b"ping").send(Client, b"pong");
    vec![
        case(
            "udp",
            udp(9999).send(Client, b"hello").send(Server, b"hi").send(Client, b"you"),
            NOTHING,
        ),
        case("dns", udp(53).send(Client, query).send(Client, query), NOTHING),
        case("quic granted for tls", flight(&hello(GRANTED)), NOTHING),
        case("quic refused", flight(&hello(REFUSED)), NOTHING),
        case("quic post-quantum", flight(&hello(GRANTED).post_quantum()), NOTHING),
        case("icmp", two(Transport::Echo { id: 0 }), NOTHING),
        case(
            "gre",
            conversation(Transport::Other(47)).send(Client, b"\0\0\x88\x0bxxxxxxxx"),
            NOTHING,
        ),
        case("protocol 99", two(Transport::Other(99)), NOTHING),
    ]
}

/// The policy grants nothing to the client's other address.
fn ipv6_cases() -> Vec<Case> {
    let addresses =
        Addresses::between("2001:db8:1::5".parse().unwrap(), "2001:db8:2::9".parse().unwrap());
    let over = |transport| Conversation::new(addresses.unwrap(), transport);
    let tcp = |port| over(Transport::Tcp { client: 0, server: port }).open();
    let udp = over(Transport::Udp { client: 0, server: 443 });
    vec![
        case("ipv6 tls", insist(tcp(443), &hello(GRANTED).record()), NOTHING),
        case("ipv6 http", insist(tcp(80), &Request::get(GRANTED).bytes()), NOTHING),
        case("ipv6 raw bytes", insist(tcp(22), b"raw bytes here"), NOTHING),
        case("ipv6 udp", insist(udp, b"hello"), NOTHING),
        case("ipv6 icmp", insist(over(Transport::Echo { id: 0 }), b"ping"), NOTHING),
    ]
}

fn case(name: &'static str, conversation: Conversation, fate: Fate) -> Case {
    Case { name, conversation, fate }
}

fn conversation(transport: Transport) -> Conversation {
    let addresses = Addresses::between(CLIENT.parse().unwrap(), SERVER.parse().unwrap());
    Conversation::new(addresses.unwrap(), transport)
}

/// A connection to a port of the server, from a port the engine helper assigns.
fn tcp(port: u16) -> Conversation {
    conversation(Transport::Tcp { client: 0, server: port })
}

/// A hello cut into packets, its first packet twice more, then both sides go on.
fn tls(port: u16, hello: &[u8], cuts: &[usize]) -> Conversation {
    exchange::handshake(tcp(port).open(), hello, cuts)
}

/// Requests one after the other, each sent twice and then answered.
fn http(port: u16, requests: &[&[u8]]) -> Conversation {
    exchange::ask(tcp(port).open(), requests, &[])
}

/// A request that may be answered first, then one whose head is cut after 20 bytes.
fn http_split(first: &[u8], split: &[u8]) -> Conversation {
    let mut exchange = tcp(80).open();
    if !first.is_empty() {
        exchange = exchange.send(Client, first).send(Server, &http::response("200 OK", b"hi"));
    }
    exchange
        .send_cut(Client, split, &[20])
        .send_at(Client, first.len() as u32, split)
        .send(Server, &http::response("200 OK", b"hi"))
        .ack(Client)
        .close()
}

fn http_2(authority: &[u8]) -> Conversation {
    http(80, &[&http::clear_text_h2(authority), &http::h2_request(3, REFUSED)])
}

fn upgrade(host: &[u8]) -> Vec<u8> {
    Request::new("GET", b"/chat")
        .host(host)
        .header(b"Upgrade: websocket")
        .header(b"Connection: Upgrade")
        .header(b"Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==")
        .header(b"Sec-WebSocket-Version: 13")
        .bytes()
}

fn websocket(host: &[u8]) -> Conversation {
    tcp(80)
        .open()
        .send(Client, &upgrade(host))
        .send(
            Server,
            b"HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\
              Sec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\n\r\n",
        )
        .ack(Client)
        .send(Client, b"\x81\x85\0\0\0\0hello")
        .send(Server, b"\x81\x05hello")
        .close()
}

fn upgrade_to_http_2() -> Conversation {
    let request = Request::get(GRANTED)
        .header(b"Connection: Upgrade, HTTP2-Settings")
        .header(b"Upgrade: h2c")
        .header(b"HTTP2-Settings: AAMAAABkAARAAAAAAAIAAAAA");
    tcp(80)
        .open()
        .send(Client, &request.bytes())
        .send(
            Server,
            b"HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: h2c\r\n\r\n",
        )
        .send(Client, &http::clear_text_h2(REFUSED))
        .close()
}

/// Bytes sent three times, answered, and once more.
fn raw(port: u16, bytes: &[u8]) -> Conversation {
    exchange::talk(tcp(port).open(), bytes)
}

/// The first bytes of a hello that announces 64 KiB more than it has.
pub(crate) fn endless_hello(bytes: usize) -> Vec<u8> {
    let mut message = hello(REFUSED).message();
    message[1] = 1;
    message.resize(bytes, 0x41);
    tls::handshake_records(&message, &[])
}

/// TLS 1.0 as it was: one cipher suite, no extensions.
fn hello_without_extensions() -> Vec<u8> {
    let head = [1, 0, 0, 41, 3, 1];
    tls::handshake_records(&[&head[..], &[5; 32], &[0, 0, 2, 0, 0x2f, 1, 0]].concat(), &[])
}

const SSL_2_HELLO: &[u8] = b"\x80\x2e\x01\x00\x02\x00\x15\x00\x00\x00\x10\x01\x00\x80\x02\x00\x80\
    \x03\x00\x80\x04\x00\x80\x05\x00\x80\x06\x00\x40\x07\x00\xc0AAAAAAAAAAAAAAAA";
