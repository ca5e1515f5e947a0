//! A flow as a line of JSON: what `fwc test flows` reads, and what reproduces a disagreement.
//!
//! ```
//! use fwc::flow::Source;
//! use fwc::flow::record::Record;
//!
//! let line = r#"{"id":"f1","src":"10.10.64.7","dst":"203.0.113.9","port":443,"protocol":"tls","name":"api.stripe.com"}"#;
//! let record: Record = line.parse()?;
//! let source = Source::Address("10.10.64.7".parse()?);
//! record.with_flow(source, |flow| assert_eq!(flow.port, 443));
//! assert_eq!(record.to_string(), line);
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! | Key | Is |
//! |---|---|
//! | `id` | anything; comes back with the verdict |
//! | `region` | its role or its AWS name; may be left out where there is one region |
//! | `src`, or `service` | the address it comes from, or whose it is |
//! | `dst`, `port` | where it goes; no port with `icmp` and `other` |
//! | `protocol` | what is spoken: `tls`, `http`, `http2` (in clear text), `quic`, `tcp`, `udp`, `icmp`, `other` |
//! | `name` | the name in the hello, the Host of a request, the `:authority` of HTTP/2; without it none is said |
//! | `names` | HTTP: the Host of one request after the other on one connection; `null` for none |
//! | `requests` | HTTP: the same with everything a request says, `{"method":"GET","target":"/","hosts":["a.example"]}` |
//!
//! Bytes that are no text are written in hexadecimal, under the same key with `_hex` behind it.

use core::fmt;
use core::net::IpAddr;
use core::str::FromStr;
use std::borrow::Cow;

use data_encoding::HEXLOWER_PERMISSIVE;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::{Flow, Request, Source, Spoken};

/// A flow that owns its bytes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Record {
    /// Comes back with the verdict.
    pub id: Option<Value>,
    /// The role or the AWS name of its region.
    pub region: Option<String>,
    /// Who.
    pub source: Origin,
    /// Where the packets go.
    pub destination: IpAddr,
    /// To which port; 0 where there are none.
    pub port: u16,
    /// What is said.
    pub words: Words,
}

/// Who opens a flow, as written.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Origin {
    /// Whoever has this address.
    Address(IpAddr),
    /// The service of this name.
    Service(String),
}

/// What is said on a flow; see [`Spoken`], which lends it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Words {
    /// [`Spoken::Tls`]
    Tls(Option<Vec<u8>>),
    /// [`Spoken::Http`]; at least one.
    Http(Vec<OwnedRequest>),
    /// [`Spoken::Http2`]
    Http2(Option<Vec<u8>>),
    /// [`Spoken::Quic`]
    Quic(Option<Vec<u8>>),
    /// [`Spoken::Tcp`]
    Tcp,
    /// [`Spoken::Udp`]
    Udp,
    /// [`Spoken::Icmp`]
    Icmp,
    /// [`Spoken::Other`]
    Other,
}

/// A request of HTTP/1; see [`Request`], which lends it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OwnedRequest {
    /// Its method, as sent.
    pub method: Vec<u8>,
    /// Its target, as sent.
    pub target: Vec<u8>,
    /// The values of its Host headers, as sent.
    pub hosts: Vec<Vec<u8>>,
}

/// Why a line is no flow.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Mistake {
    /// It is no object at all.
    #[error("a flow is an object: {{\"src\":…,\"dst\":…,\"port\":…,\"protocol\":…}}")]
    NoObject,
    /// It is no JSON, or has a key or value that no flow has.
    #[error("{reason} (column {column})")]
    Json {
        /// What is wrong.
        reason: String,
        /// Where, in bytes from 1.
        column: usize,
    },
    /// Two keys say the same thing.
    #[error("`{0}` and `{1}` cannot both be given")]
    Both(&'static str, &'static str),
    /// A key is missing.
    #[error("`{0}` is missing")]
    Missing(&'static str),
    /// A key that this protocol has no use for.
    #[error("`{key}` does not go with the protocol `{protocol}`")]
    Unused {
        /// The key.
        key: &'static str,
        /// The protocol.
        protocol: &'static str,
    },
    /// A list without anything in it.
    #[error("`{0}` is empty: without it one request without a Host is sent")]
    Empty(&'static str),
    /// Source and destination are of different families.
    #[error("`src` and `dst` are of different families")]
    Families,
}

impl Record {
    /// Lends it as a flow from this source.
    pub fn with_flow<A>(&self, source: Source, ask: impl FnOnce(&Flow<'_>) -> A) -> A {
        let (destination, port) = (self.destination, self.port);
        let ask = |spoken| ask(&Flow { source, destination, port, spoken });
        match &self.words {
            Words::Tls(name) => ask(Spoken::Tls { name: name.as_deref() }),
            Words::Quic(name) => ask(Spoken::Quic { name: name.as_deref() }),
            Words::Http2(authority) => ask(Spoken::Http2 { authority: authority.as_deref() }),
            Words::Http(requests) => {
                let hosts: Vec<Vec<&[u8]>> =
                    requests.iter().map(OwnedRequest::lend_hosts).collect();
                let requests: Vec<Request<'_>> = requests
                    .iter()
                    .zip(&hosts)
                    .map(|(OwnedRequest { method, target, .. }, hosts)| Request {
                        method,
                        target,
                        hosts,
                    })
                    .collect();
                ask(Spoken::Http { requests: &requests })
            }
            Words::Tcp => ask(Spoken::Tcp),
            Words::Udp => ask(Spoken::Udp),
            Words::Icmp => ask(Spoken::Icmp),
            Words::Other => ask(Spoken::Other),
        }
    }
}

impl Words {
    /// The word of its protocol.
    pub const fn protocol(&self) -> &'static str {
        self.kind().as_str()
    }

    const fn kind(&self) -> Protocol {
        match self {
            Self::Tls(_) => Protocol::Tls,
            Self::Http(_) => Protocol::Http,
            Self::Http2(_) => Protocol::Http2,
            Self::Quic(_) => Protocol::Quic,
            Self::Tcp => Protocol::Tcp,
            Self::Udp => Protocol::Udp,
            Self::Icmp => Protocol::Icmp,
            Self::Other => Protocol::Other,
        }
    }
}

impl OwnedRequest {
    /// `GET /` with these Host headers.
    pub fn get(hosts: Vec<Vec<u8>>) -> Self {
        Self { method: b"GET".to_vec(), target: b"/".to_vec(), hosts }
    }

    fn lend_hosts(&self) -> Vec<&[u8]> {
        self.hosts.iter().map(Vec::as_slice).collect()
    }

    /// Its one Host or none, if that is all it says.
    fn plain(&self) -> Option<Option<&[u8]>> {
        let is_get = self.method == b"GET" && self.target == b"/";
        match self.hosts.as_slice() {
            [] if is_get => Some(None),
            [host] if is_get => Some(Some(host)),
            _ => None,
        }
    }
}

impl FromStr for Record {
    type Err = Mistake;

    fn from_str(line: &str) -> Result<Self, Mistake> {
        // A list would do for the keys in their order, too.
        if !line.trim_start().starts_with('{') {
            return Err(Mistake::NoObject);
        }
        let line: Line<'_> = serde_json::from_str(line)?;
        line.read()
    }
}

/// The line it is read from, in the order of the table above.
impl fmt::Display for Record {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let line = Line::of(self);
        f.write_str(&serde_json::to_string(&line).map_err(|_| fmt::Error)?)
    }
}

impl From<serde_json::Error> for Mistake {
    fn from(error: serde_json::Error) -> Self {
        let text = error.to_string();
        let reason = text.split(" at line ").next().unwrap_or_default().to_owned();
        Self::Json { reason, column: error.column() }
    }
}

/// The keys of a line.
#[derive(Debug, Default, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
struct Line<'l> {
    #[serde(skip_serializing_if = "Option::is_none")]
    id: Option<Value>,
    #[serde(skip_serializing_if = "Option::is_none")]
    region: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    src: Option<IpAddr>,
    #[serde(skip_serializing_if = "Option::is_none")]
    service: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    dst: Option<IpAddr>,
    #[serde(skip_serializing_if = "Option::is_none")]
    port: Option<u16>,
    #[serde(skip_serializing_if = "Option::is_none")]
    protocol: Option<Protocol>,
    #[serde(borrow, skip_serializing_if = "Option::is_none")]
    name: Option<Cow<'l, str>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    name_hex: Option<Hex>,
    #[serde(borrow, skip_serializing_if = "Option::is_none")]
    names: Option<Vec<Option<Cow<'l, str>>>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    names_hex: Option<Vec<Option<Hex>>>,
    #[serde(borrow, skip_serializing_if = "Option::is_none")]
    requests: Option<Vec<Asked<'l>>>,
}

/// The keys of a request.
#[derive(Debug, Default, Deserialize, Serialize)]
#[serde(deny_unknown_fields, expecting = "an object with `method`, `target` or `hosts`")]
struct Asked<'l> {
    #[serde(borrow, skip_serializing_if = "Option::is_none")]
    method: Option<Cow<'l, str>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    method_hex: Option<Hex>,
    #[serde(borrow, skip_serializing_if = "Option::is_none")]
    target: Option<Cow<'l, str>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    target_hex: Option<Hex>,
    #[serde(borrow, skip_serializing_if = "Option::is_none")]
    hosts: Option<Vec<Cow<'l, str>>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    hosts_hex: Option<Vec<Hex>>,
}

/// What is spoken.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, Serialize)]
#[serde(rename_all = "lowercase")]
enum Protocol {
    Tls,
    Http,
    Http2,
    Quic,
    Tcp,
    Udp,
    Icmp,
    Other,
}

/// Bytes in hexadecimal.
#[derive(Debug, Clone, Deserialize, Serialize)]
#[serde(try_from = "String", into = "String")]
struct Hex(Vec<u8>);

impl TryFrom<String> for Hex {
    type Error = String;

    fn try_from(text: String) -> Result<Self, String> {
        let bytes = HEXLOWER_PERMISSIVE.decode(text.as_bytes());
        bytes.map(Self).map_err(|_| format!("`{text}` is not in hexadecimal"))
    }
}

impl From<Hex> for String {
    fn from(Hex(bytes): Hex) -> Self {
        HEXLOWER_PERMISSIVE.encode(&bytes)
    }
}

impl Line<'_> {
    fn read(self) -> Result<Record, Mistake> {
        let source = match (self.src, self.service) {
            (Some(_), Some(_)) => return Err(Mistake::Both("src", "service")),
            (Some(address), None) => Origin::Address(address),
            (None, Some(service)) => Origin::Service(service),
            (None, None) => return Err(Mistake::Missing("src")),
        };
        let destination = self.dst.ok_or(Mistake::Missing("dst"))?;
        if matches!(source, Origin::Address(from) if from.is_ipv4() != destination.is_ipv4()) {
            return Err(Mistake::Families);
        }
        let protocol = self.protocol.ok_or(Mistake::Missing("protocol"))?;
        let port = match self.port {
            None if !protocol.has_ports() => 0,
            Some(_) if !protocol.has_ports() => return Err(protocol.unused("port")),
            port => port.ok_or(Mistake::Missing("port"))?,
        };
        let named = self.name.is_some() || self.name_hex.is_some();
        let name = either(("name", self.name), ("name_hex", self.name_hex))?;
        let names = either_all(("names", self.names), ("names_hex", self.names_hex))?;
        let words = match protocol {
            Protocol::Http => Words::Http(requests(name, names, self.requests)?),
            _ if names.is_some() => return Err(protocol.unused("names")),
            _ if self.requests.is_some() => return Err(protocol.unused("requests")),
            Protocol::Tls => Words::Tls(name),
            Protocol::Http2 => Words::Http2(name),
            Protocol::Quic => Words::Quic(name),
            _ if named => return Err(protocol.unused("name")),
            Protocol::Tcp => Words::Tcp,
            Protocol::Udp => Words::Udp,
            Protocol::Icmp => Words::Icmp,
            Protocol::Other => Words::Other,
        };
        Ok(Record { id: self.id, region: self.region, source, destination, port, words })
    }
}

impl<'l> Line<'l> {
    fn of(record: &'l Record) -> Self {
        let protocol = record.words.kind();
        let (src, service) = match &record.source {
            Origin::Address(address) => (Some(*address), None),
            Origin::Service(name) => (None, Some(name.clone())),
        };
        let mut line = Self {
            id: record.id.clone(),
            region: record.region.clone(),
            src,
            service,
            dst: Some(record.destination),
            port: protocol.has_ports().then_some(record.port),
            protocol: Some(protocol),
            ..Self::default()
        };
        match &record.words {
            Words::Tls(name) | Words::Quic(name) | Words::Http2(name) => line.say(name.as_deref()),
            Words::Http(requests) => line.request(requests),
            Words::Tcp | Words::Udp | Words::Icmp | Words::Other => {}
        }
        line
    }

    fn say(&mut self, name: Option<&'l [u8]>) {
        (self.name, self.name_hex) = name.map(written).unwrap_or_default();
    }

    /// In the shortest of the three ways.
    fn request(&mut self, requests: &'l [OwnedRequest]) {
        let plain: Option<Vec<_>> = requests.iter().map(OwnedRequest::plain).collect();
        match plain.as_deref() {
            Some([name]) => self.say(*name),
            Some(names) => {
                let texts: Result<Vec<_>, _> =
                    names.iter().map(|name| name.map(str::from_utf8).transpose()).collect();
                match texts {
                    Ok(texts) => {
                        let texts = texts.into_iter().map(|text| text.map(Cow::Borrowed));
                        self.names = Some(texts.collect());
                    }
                    Err(_) => {
                        let bytes = names.iter().map(|name| name.map(|name| Hex(name.to_vec())));
                        self.names_hex = Some(bytes.collect());
                    }
                }
            }
            None => self.requests = Some(requests.iter().map(Asked::of).collect()),
        }
    }
}

impl<'l> Asked<'l> {
    fn read(self) -> Result<OwnedRequest, Mistake> {
        let method = either(("method", self.method), ("method_hex", self.method_hex))?;
        let target = either(("target", self.target), ("target_hex", self.target_hex))?;
        let texts = self.hosts.map(|hosts| hosts.into_iter().map(Some).collect());
        let bytes = self.hosts_hex.map(|hosts| hosts.into_iter().map(Some).collect());
        let hosts = either_all(("hosts", texts), ("hosts_hex", bytes))?;
        Ok(OwnedRequest {
            method: method.unwrap_or_else(|| b"GET".to_vec()),
            target: target.unwrap_or_else(|| b"/".to_vec()),
            hosts: hosts.into_iter().flatten().flatten().collect(),
        })
    }

    fn of(request: &'l OwnedRequest) -> Self {
        let (method, method_hex) = written(&request.method);
        let (target, target_hex) = written(&request.target);
        let texts: Result<Vec<_>, _> =
            request.hosts.iter().map(|host| str::from_utf8(host)).collect();
        let (hosts, hosts_hex) = match texts {
            Ok(texts) => (Some(texts.into_iter().map(Cow::Borrowed).collect()), None),
            Err(_) => (None, Some(request.hosts.iter().cloned().map(Hex).collect())),
        };
        Self { method, method_hex, target, target_hex, hosts, hosts_hex }
    }
}

impl Protocol {
    const fn as_str(self) -> &'static str {
        match self {
            Self::Tls => "tls",
            Self::Http => "http",
            Self::Http2 => "http2",
            Self::Quic => "quic",
            Self::Tcp => "tcp",
            Self::Udp => "udp",
            Self::Icmp => "icmp",
            Self::Other => "other",
        }
    }

    const fn has_ports(self) -> bool {
        !matches!(self, Self::Icmp | Self::Other)
    }

    fn unused(self, key: &'static str) -> Mistake {
        Mistake::Unused { key, protocol: self.as_str() }
    }
}

/// The requests of a connection, said in one of three ways.
fn requests(
    name: Option<Vec<u8>>,
    names: Option<Vec<Option<Vec<u8>>>>,
    requests: Option<Vec<Asked<'_>>>,
) -> Result<Vec<OwnedRequest>, Mistake> {
    let get = |name: Option<Vec<u8>>| OwnedRequest::get(name.into_iter().collect());
    match (name, names, requests) {
        (Some(_), Some(_), _) => Err(Mistake::Both("name", "names")),
        (Some(_), _, Some(_)) => Err(Mistake::Both("name", "requests")),
        (_, Some(_), Some(_)) => Err(Mistake::Both("names", "requests")),
        (_, Some(names), _) if names.is_empty() => Err(Mistake::Empty("names")),
        (_, _, Some(requests)) if requests.is_empty() => Err(Mistake::Empty("requests")),
        (_, Some(names), _) => Ok(names.into_iter().map(get).collect()),
        (_, _, Some(requests)) => requests.into_iter().map(Asked::read).collect(),
        (name, None, None) => Ok(vec![get(name)]),
    }
}

/// Bytes that are given as text or in hexadecimal.
fn either(
    (key, text): (&'static str, Option<Cow<'_, str>>),
    (key_hex, hex): (&'static str, Option<Hex>),
) -> Result<Option<Vec<u8>>, Mistake> {
    match (text, hex) {
        (Some(_), Some(_)) => Err(Mistake::Both(key, key_hex)),
        (Some(text), None) => Ok(Some(text.into_owned().into_bytes())),
        (None, hex) => Ok(hex.map(|Hex(bytes)| bytes)),
    }
}

/// A list of the same.
fn either_all(
    (key, texts): (&'static str, Option<Vec<Option<Cow<'_, str>>>>),
    (key_hex, hexes): (&'static str, Option<Vec<Option<Hex>>>),
) -> Result<Option<Vec<Option<Vec<u8>>>>, Mistake> {
    match (texts, hexes) {
        (Some(_), Some(_)) => Err(Mistake::Both(key, key_hex)),
        (Some(texts), None) => {
            let bytes =
                texts.into_iter().map(|text| text.map(|text| text.into_owned().into_bytes()));
            Ok(Some(bytes.collect()))
        }
        (None, hexes) => {
            let bytes = |hexes: Vec<Option<Hex>>| {
                hexes.into_iter().map(|hex| hex.map(|Hex(bytes)| bytes)).collect()
            };
            Ok(hexes.map(bytes))
        }
    }
}

/// Bytes as text, or in hexadecimal if they are none.
fn written(bytes: &[u8]) -> (Option<Cow<'_, str>>, Option<Hex>) {
    match str::from_utf8(bytes) {
        Ok(text) => (Some(Cow::Borrowed(text)), None),
        Err(_) => (None, Some(Hex(bytes.to_vec()))),
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const FLOW: &str = r#""src":"10.0.0.1","dst":"192.0.2.1""#;

    fn read(rest: &str) -> Result<Record, Mistake> {
        format!("{{{FLOW},{rest}}}").parse()
    }

    #[test]
    fn http_is_said_in_three_ways() {
        let check = |rest: &str, expected: &[OwnedRequest]| {
            let record = read(&format!(r#""port":80,"protocol":"http"{rest}"#)).unwrap();
            assert_eq!(record.words, Words::Http(expected.to_vec()), "{rest}");
        };
        let get = |host: &[u8]| OwnedRequest::get(vec![host.to_vec()]);
        let silent = OwnedRequest::get(Vec::new());
        check("", std::slice::from_ref(&silent));
        check(r#","name":"a.example""#, &[get(b"a.example")]);
        check(r#","name_hex":"FF00""#, &[get(b"\xff\0")]);
        check(r#","names":["a.example",null,"b"]"#, &[get(b"a.example"), silent, get(b"b")]);
        check(
            r#","requests":[{"hosts":["a","b"]},{"method":"CONNECT","target":"c:443"}]"#,
            &[
                OwnedRequest::get(vec![b"a".to_vec(), b"b".to_vec()]),
                OwnedRequest {
                    method: b"CONNECT".to_vec(),
                    target: b"c:443".to_vec(),
                    hosts: Vec::new(),
                },
            ],
        );
    }

    #[test]
    fn a_line_that_is_no_flow_says_why() {
        let check = |line: &str, expected: &str| {
            assert_eq!(line.parse::<Record>().unwrap_err().to_string(), expected, "{line}");
        };
        let with = |rest: &str| format!("{{{FLOW},{rest}}}");
        check("{", "EOF while parsing an object (column 1)");
        let no_object = r#"a flow is an object: {"src":…,"dst":…,"port":…,"protocol":…}"#;
        check("", no_object);
        check("[]", no_object);
        check("{}", "`src` is missing");
        check(r#"{"src":"10.0.0.1","service":"a"}"#, "`src` and `service` cannot both be given");
        check(r#"{"service":"a"}"#, "`dst` is missing");
        check(r#"{"src":"10.0.0"}"#, "invalid IP address syntax (column 15)");
        check(r#"{"src":"::1","dst":"192.0.2.1"}"#, "`src` and `dst` are of different families");
        check(&with(r#""port":1"#), "`protocol` is missing");
        check(&with(r#""protocol":"tls""#), "`port` is missing");
        check(
            &with(r#""protocol":"icmp","port":1"#),
            "`port` does not go with the protocol `icmp`",
        );
        check(
            &with(r#""protocol":"tls","port":65536"#),
            "invalid value: integer `65536`, expected u16 (column 65)",
        );
        check(
            &with(r#""protocol":"tls","port":1,"names":["a"]"#),
            "`names` does not go with the protocol `tls`",
        );
        check(
            &with(r#""protocol":"tcp","port":1,"name":"a""#),
            "`name` does not go with the protocol `tcp`",
        );
        check(
            &with(r#""protocol":"http","port":1,"names":[]"#),
            "`names` is empty: without it one request without a Host is sent",
        );
        check(
            &with(r#""protocol":"http","port":1,"name":"a","names":["a"]"#),
            "`name` and `names` cannot both be given",
        );
        check(
            &with(r#""protocol":"tls","port":1,"name":"a","name_hex":"61""#),
            "`name` and `name_hex` cannot both be given",
        );
        check(
            &with(r#""protocol":"tls","port":1,"name_hex":"6""#),
            "`6` is not in hexadecimal (column 77)",
        );
    }

    fn bytes() -> impl Strategy<Value = Vec<u8>> {
        prop_oneof![
            "[a-z.\"\\\\]{0,9}".prop_map(String::into_bytes),
            prop::collection::vec(any::<u8>(), 0..5)
        ]
    }

    fn record() -> impl Strategy<Value = Record> {
        let name = || prop::option::of(bytes());
        let request = (
            prop_oneof![Just(b"GET".to_vec()), bytes()],
            prop_oneof![Just(b"/".to_vec()), bytes()],
            prop::collection::vec(bytes(), 0..3),
        )
            .prop_map(|(method, target, hosts)| OwnedRequest { method, target, hosts });
        let words = prop_oneof![
            name().prop_map(Words::Tls),
            name().prop_map(Words::Quic),
            name().prop_map(Words::Http2),
            prop::collection::vec(request, 1..4).prop_map(Words::Http),
            Just(Words::Tcp),
            Just(Words::Udp),
            Just(Words::Icmp),
            Just(Words::Other),
        ];
        let source = prop_oneof![
            any::<[u8; 4]>().prop_map(|address| Origin::Address(address.into())),
            "[a-z]{1,9}".prop_map(Origin::Service),
        ];
        let id = prop::option::of(prop_oneof![
            "[a-z]{0,3}".prop_map(Value::from),
            any::<u32>().prop_map(Value::from)
        ]);
        (id, prop::option::of("[a-z]{1,9}"), source, any::<[u8; 4]>(), any::<u16>(), words)
            .prop_map(|(id, region, source, destination, port, words)| {
                let port = if matches!(words, Words::Icmp | Words::Other) { 0 } else { port };
                Record { id, region, source, destination: destination.into(), port, words }
            })
    }

    proptest! {
        #[test]
        fn what_is_written_is_read_again(record in record()) {
            let line = record.to_string();
            prop_assert_eq!(line.parse::<Record>().unwrap(), record, "{}", line);
        }
    }
}
