//! Tables of flows and what the firewall says to them, as text that is read.
//!
//! A line of a table is `wire | name | verdict | why`:
//!
//! * `wire`: a kind (`tls`, `quic`, `http`, `h2`, `tcp`, `udp`, `icmp`, ...), a port, and options in pairs
//!   such as `from 10.10.80.5` or `target http://a/`, see [`Wire`];
//! * `name`: what the client says, with `\0`, `\s`, `\t`, `\r`, `\n`, `\xhh` and `{255*a}` for odd
//!   bytes; `-` for no name at all; `then` between what it says on one connection, `&` between what
//!   it says in one go;
//! * `verdict`: see [`verdict`]; `pass / deny` if 7.0.10 and 8.0.8 differ;
//! * `why`: what surprises; where engines differ, the difference's name first.
//!
//! `policy FOLDER REGION`, `from ADDRESS` and `to ADDRESS` stand on lines of their own and hold for
//! what follows.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::net::IpAddr;

use fwc::flow::record::{Origin, OwnedRequest, Record, Words};
use fwc::flow::{Action, Flow, Source};
use fwc::probe::Side::{Client, Server};
use fwc::probe::http::{self, Request};
use fwc::probe::tls::{self, ClientHello};
use fwc::probe::{Addresses, Conversation, SEGMENT, Transport, exchange, quic};

use super::engine::{self, Outcome};
use super::traffic;

const SSH: &[u8] = b"SSH-2.0-OpenSSH_9.2\r\n";

/// What one line says.
#[derive(Debug, Clone)]
pub(crate) struct Row {
    /// As written, without the verdict.
    pub(crate) flow: String,
    /// What is sent.
    pub(crate) conversation: Conversation,
    /// The same as a matcher is asked; nothing if a flow cannot say it.
    pub(crate) said: Option<Record>,
    /// How long each thing that is said in one go is, in bytes, if it is HTTP.
    pub(crate) requests: Vec<usize>,
    /// What 7.0.10 and 8.0.8 make of it.
    pub(crate) verdicts: [String; 2],
    /// What surprises.
    pub(crate) why: String,
}

/// Lines about one region of one policy.
#[derive(Debug, Clone)]
pub(crate) struct Section {
    /// The folder of the policy, below the corpus; `prod` for the example.
    pub(crate) policy: String,
    /// The role of the region.
    pub(crate) region: String,
    /// The lines.
    pub(crate) rows: Vec<Row>,
}

/// Reads a table.
pub(crate) fn read(text: &str) -> Vec<Section> {
    let mut sections: Vec<Section> = Vec::new();
    let (mut from, mut to) = (String::new(), String::new());
    for line in text.lines().filter(|line| !line.is_empty() && !line.starts_with('#')) {
        let words: Vec<&str> = line.split_whitespace().collect();
        match words.as_slice() {
            ["policy", policy, region] => sections.push(Section {
                policy: (*policy).to_owned(),
                region: (*region).to_owned(),
                rows: Vec::new(),
            }),
            ["from", address] => (*address).clone_into(&mut from),
            ["to", address] => (*address).clone_into(&mut to),
            _ => sections.last_mut().unwrap().rows.push(read_row(line, &from, &to)),
        }
    }
    sections
}

/// Reads a line.
pub(crate) fn read_row(line: &str, from: &str, to: &str) -> Row {
    let mut fields = line.splitn(4, '|').map(str::trim);
    let [Some(wire), Some(name), Some(verdict)] = [fields.next(), fields.next(), fields.next()]
    else {
        panic!("not a row: {line}")
    };
    let (seven, eight) = verdict.split_once(" / ").unwrap_or((verdict, verdict));
    let described = Wire::read(wire, from, to);
    Row {
        flow: format!("{wire} | {name}"),
        conversation: described.conversation(name),
        said: described.said(name),
        requests: described.requests(name).iter().map(Vec::len).collect(),
        verdicts: [seven, eight].map(str::to_owned),
        why: fields.next().unwrap_or_default().to_owned(),
    }
}

/// How a name is said, and between whom.
struct Wire<'l> {
    kind: &'l str,
    /// 0 for a kind without ports.
    port: u16,
    /// `from`, `to`; `split N`, `record N`, `quantum yes` and `early yes` (in the SYN) of a
    /// hello; `method`, `target` and `version` of a
    /// request.
    options: BTreeMap<&'l str, &'l str>,
}

impl<'l> Wire<'l> {
    fn read(wire: &'l str, from: &'l str, to: &'l str) -> Self {
        let mut words = wire.split_whitespace().peekable();
        let kind = words.next().unwrap();
        let port = words.next_if(|word| word.parse::<u16>().is_ok());
        let mut options = BTreeMap::from([("from", from), ("to", to)]);
        while let Some(option) = words.next() {
            options.insert(option, words.next().unwrap());
        }
        Self { kind, port: port.map_or(0, |port| port.parse().unwrap()), options }
    }

    fn option(&self, name: &str) -> Option<&'l str> {
        self.options.get(name).copied()
    }

    fn over(&self, transport: Transport) -> Conversation {
        let [from, to] = ["from", "to"].map(|side| self.options[side].parse::<IpAddr>().unwrap());
        Conversation::new(Addresses::between(from, to).unwrap(), transport)
    }

    fn tcp(&self) -> Conversation {
        self.over(Transport::Tcp { client: 0, server: self.port }).open()
    }

    fn hello(&self, name: &str) -> ClientHello {
        let hello = match name {
            "-" => ClientHello::nameless(),
            name => ClientHello::to(&bytes(name)),
        };
        if self.option("quantum").is_some() { hello.post_quantum() } else { hello }
    }

    fn request(&self, name: &str) -> Vec<u8> {
        if let Some(inner) = name.strip_prefix("tls:") {
            return ClientHello::to(&bytes(inner)).record();
        }
        let method = self.option("method").unwrap_or("GET");
        let target = self.option("target").unwrap_or("/");
        let version = self.option("version").unwrap_or("HTTP/1.1");
        let request = Request::new(method, &bytes(target)).version(version.as_bytes());
        let request = if name == "-" { request } else { request.host(&bytes(name)) };
        request.header(b"Accept: */*").bytes()
    }

    /// What is sent in one go.
    fn requests(&self, name: &str) -> Vec<Vec<u8>> {
        let said = name.split(" then ").map(|name| {
            let pipelined = name.split(" & ").map(|name| self.request(name));
            pipelined.collect::<Vec<_>>().concat()
        });
        said.collect()
    }

    fn said(&self, name: &str) -> Option<Record> {
        let one = || (name != "-").then(|| bytes(name));
        let words = match self.kind {
            // Whether the name is found depends on the cut, or on what the engine makes of a SYN.
            "tls" if self.option("record").or(self.option("early")).is_some() => return None,
            "tls" => Words::Tls(one()),
            "quic" => Words::Quic(one()),
            "http" => {
                let names = name.split(" then ").flat_map(|name| name.split(" & "));
                let method = self.option("method").unwrap_or("GET").as_bytes();
                let target = bytes(self.option("target").unwrap_or("/"));
                let asked = names.map(|name| {
                    let (method, target) = (method.to_vec(), target.clone());
                    Some(OwnedRequest { method, target, hosts: hosts(name)? })
                });
                Words::Http(asked.collect::<Option<_>>()?)
            }
            // The probe cuts a longer one.
            "h2" if bytes(name).len() > 126 => return None,
            "h2" => Words::Http2(Some(bytes(name))),
            "tcp" | "ssh" => Words::Tcp,
            "udp" => Words::Udp,
            "icmp" => Words::Icmp,
            "gre" => Words::Other,
            _ => return None,
        };
        let [from, to] = ["from", "to"].map(|side| self.options[side].parse().unwrap());
        Some(Record {
            id: None,
            region: None,
            source: Origin::Address(from),
            destination: to,
            port: self.port,
            words,
        })
    }

    fn conversation(&self, name: &str) -> Conversation {
        match self.kind {
            "tls" => {
                let records: Vec<usize> =
                    self.option("record").iter().map(|length| length.parse().unwrap()).collect();
                let hello = self.hello(name).records(&records);
                let cuts: Vec<usize> = match self.option("split") {
                    Some(at) => vec![at.parse().unwrap()],
                    None => (SEGMENT..hello.len()).step_by(SEGMENT).collect(),
                };
                if self.option("early").is_some() {
                    let tcp = self.over(Transport::Tcp { client: 0, server: self.port });
                    return exchange::after_hello(tcp.open_with(&hello));
                }
                exchange::handshake(self.tcp(), &hello, &cuts)
            }
            // Announces more than ever comes, and then both sides talk.
            "unfinished" => self
                .tcp()
                .send(Client, &traffic::endless_hello(3_000))
                .send(Server, &tls::server_flight())
                .ack(Client)
                .send(Client, &[0x41; 5_000])
                .close(),
            "quic" => {
                let datagrams = quic::client_initials(&self.hello(name));
                let udp = self.over(Transport::Udp { client: 0, server: self.port });
                exchange::datagrams(udp, &datagrams)
            }
            "http" => {
                let said = self.requests(name);
                let said: Vec<&[u8]> = said.iter().map(Vec::as_slice).collect();
                exchange::ask(self.tcp(), &said, &[])
            }
            "h2" => exchange::ask(self.tcp(), &[&http::clear_text_h2(&bytes(name))], &[]),
            "tcp" => exchange::talk(self.tcp(), &bytes(name)),
            "ssh" => exchange::greeted(self.tcp(), SSH, SSH),
            "udp" => self
                .over(Transport::Udp { client: 0, server: self.port })
                .send(Client, &bytes(name))
                .send(Client, &bytes(name))
                .send(Server, b"answer")
                .send(Client, &bytes(name)),
            "icmp" => self
                .over(Transport::Echo { id: 0 })
                .send(Client, b"ping")
                .send(Server, b"ping")
                .send(Client, b"ping"),
            "gre" => self.over(Transport::Other(47)).send(Client, b"\0\0\x88\x0bxxxxxxxx"),
            kind => panic!("nothing is called {kind}"),
        }
    }
}

/// What happened to a conversation, in a word or a few:
///
/// * `pass`: every packet of both sides went on, and nothing was logged;
/// * `observe`: the same, and one line says that it would be denied;
/// * `deny`: nothing of what the client said went on, and one line was logged;
/// * `deny after N`: of what the client said, the first N bytes went on;
/// * `through`: every byte the client said went on, though not every packet: some were sent again,
///   or carried nothing.
///
/// A number of log lines other than that is added: `deny, 2 logged`.
pub(crate) fn verdict(outcome: &Outcome) -> String {
    let passed =
        outcome.packets.iter().all(|(_, verdict)| verdict.action == engine::Action::Passed);
    let said = outcome.packets.iter().filter(|(packet, _)| packet.from == Client);
    let said = said.map(|(packet, _)| packet.carries.end).max().unwrap_or_default();
    let delivered = outcome.delivered(Client);
    let alerts = outcome.alerts();
    let would = alerts.iter().filter(|alert| alert.message.contains(": would deny")).count();
    let (mut verdict, expected) = match delivered.as_slice() {
        _ if passed && would > 0 => ("observe".to_owned(), 1),
        _ if passed => ("pass".to_owned(), 0),
        [] => ("deny".to_owned(), 1),
        [all] if *all == (0..said) => ("through".to_owned(), 0),
        [first] if first.start == 0 => (format!("deny after {}", first.end), 1),
        ranges => (format!("holes {ranges:?}"), 0),
    };
    if alerts.len() != expected {
        let _ = write!(verdict, ", {} logged", alerts.len());
    }
    verdict
}

/// What a verdict of a table says of the flow as a whole.
pub(crate) fn action(verdict: &str) -> Action {
    match verdict.split([',', ' ']).next() {
        Some("pass" | "through") => Action::Allow,
        Some("observe") => Action::Observe,
        _ => Action::Deny,
    }
}

/// What `answer` says of a flow, which has an address.
pub(crate) fn ask<A>(said: &Record, answer: impl FnOnce(&Flow<'_>) -> A) -> A {
    let Origin::Address(source) = said.source else { panic!("{said}") };
    said.with_flow(Source::Address(source), answer)
}

/// The values of the Host headers that a name makes; nothing if it makes other headers, too.
fn hosts(name: &str) -> Option<Vec<Vec<u8>>> {
    if name == "-" {
        return Some(Vec::new());
    }
    if name.starts_with("tls:") {
        return None;
    }
    let mut hosts: Vec<Vec<u8>> = Vec::new();
    for (number, line) in name.split(r"\r\n").enumerate() {
        // It would end the line.
        if bytes(line).contains(&b'\n') {
            return None;
        }
        match (number, line.strip_prefix("Host: "), hosts.last_mut()) {
            (0, ..) => hosts.push(bytes(line)),
            (_, Some(value), _) => hosts.push(bytes(value)),
            (_, None, Some(folded)) if line.starts_with(' ') => folded.extend(bytes(line)),
            _ => return None,
        }
    }
    Some(hosts)
}

/// The bytes that a name stands for.
fn bytes(name: &str) -> Vec<u8> {
    let mut bytes = Vec::new();
    let mut rest = name;
    while let Some(first) = rest.chars().next() {
        let length = match first {
            '\\' => {
                let (byte, length) = match &rest[1..2] {
                    "0" => (0, 2),
                    "t" => (b'\t', 2),
                    "r" => (b'\r', 2),
                    "n" => (b'\n', 2),
                    "s" => (b' ', 2),
                    "x" => (u8::from_str_radix(&rest[2..4], 16).unwrap(), 4),
                    other => panic!("\\{other} in {name}"),
                };
                bytes.push(byte);
                length
            }
            '{' => {
                let (repeated, _) = rest[1..].split_once('}').unwrap();
                let (count, what) = repeated.split_once('*').unwrap();
                bytes.extend(what.repeat(count.parse().unwrap()).bytes());
                repeated.len() + 2
            }
            plain => {
                bytes.extend(rest[..plain.len_utf8()].bytes());
                plain.len_utf8()
            }
        };
        rest = &rest[length..];
    }
    bytes
}
