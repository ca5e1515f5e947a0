//! Text back to signatures: the inverse of [`print`](mod@super::print), and nothing wider.
//!
//! A line is read and printed again, and it is one of ours only if the same bytes come out. So two
//! spellings of one meaning are never taken for each other: a firewall holds what we would have
//! written, or the place is told where it begins to differ.

use std::str::FromStr;
use std::sync::Arc;

use super::{
    Action, Addresses, Anchor, Bit, BitOperation, Buffer, Comparison, Content, Flow, Keyword,
    Metadata, Mode, Narrowed, Peer, Protocol, Signature, Subject, print,
};
use crate::policy::{self, port::PortSet};

/// A line of a rule group that is neither blank nor a comment.
#[derive(Debug, Clone)]
pub struct Line<'t> {
    /// Its number in the text, from 1.
    pub number: u32,
    /// The line, without its break and without blanks at its end.
    pub text: &'t str,
    /// What it says. The places of its grants are known to no text, so there are none.
    pub signature: Result<Signature, Unreadable>,
}

/// Why a line is not one that fwc prints.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("expected {expected} at column {column}")]
pub struct Unreadable {
    /// Where it begins to differ, in characters, from 1.
    pub column: u32,
    /// What would stand there.
    pub expected: String,
}

/// Every signature of a rule group's text; what cannot be read is told, and reading goes on with
/// the next line.
pub fn lines(text: &str) -> impl Iterator<Item = Line<'_>> {
    let mut printed = String::new();
    let lines = text.lines().zip(1..).map(|(line, number)| (line.trim_end(), number));
    let lines = lines.filter(|(line, _)| !line.is_empty() && !line.starts_with('#'));
    lines.map(move |(text, number)| Line { number, text, signature: read(text, &mut printed) })
}

/// One signature, without a line break.
///
/// # Errors
/// Where the line begins to differ from what fwc prints.
pub fn signature(line: &str) -> Result<Signature, Unreadable> {
    read(line, &mut String::new())
}

/// Reads a line; what is left in `printed` is of no use to the caller.
fn read(line: &str, printed: &mut String) -> Result<Signature, Unreadable> {
    let mut reader = Reader { line, rest: line };
    let signature = reader.signature()?;
    printed.clear();
    print::signature(&signature, printed);
    if printed == line {
        return Ok(signature);
    }
    let same = line.chars().zip(printed.chars()).take_while(|(a, b)| a == b).count();
    let ours: String = printed.chars().skip(same).take(24).collect();
    let expected = if ours.is_empty() { "the end".to_owned() } else { format!("`{ours}`") };
    Err(Unreadable { column: same as u32 + 1, expected })
}

/// A line and what of it has not been read.
struct Reader<'t> {
    line: &'t str,
    rest: &'t str,
}

impl<'t> Reader<'t> {
    fn signature(&mut self) -> Result<Signature, Unreadable> {
        use Action::{Alert, Drop, Pass, Reject};
        let action = self.one_of("an action", &[Pass, Drop, Reject, Alert], print::action, ' ')?;
        self.expect(" ")?;
        let protocol = self.protocol(' ')?;
        self.expect(" ")?;
        let source = self.addresses()?;
        self.expect(" any -> ")?;
        let destination = self.addresses()?;
        self.expect(" ")?;
        let ports = self.ports()?;
        self.expect(" (msg:\"")?;
        let message = self.safe("a message", &['"'])?;
        self.expect("\";")?;
        let mut keywords = Vec::new();
        let subject = loop {
            self.expect(" ")?;
            if self.rest.starts_with("sid:") {
                break Subject::Skeleton(message.into());
            }
            if self.eat("metadata:") {
                // The message follows from it.
                let subject = Subject::Entry(Box::new(self.metadata()?));
                self.expect("; ")?;
                break subject;
            }
            keywords.push(self.keyword()?);
            self.expect(";")?;
        };
        self.expect("sid:")?;
        let sid = self.number("an id")?;
        self.expect("; rev:1;)")?;
        if !self.rest.is_empty() {
            return self.fail("the end");
        }
        let (keywords, grants) = (keywords.into(), Box::default());
        Ok(Signature {
            action,
            protocol,
            source,
            destination,
            ports,
            keywords,
            subject,
            grants,
            sid,
        })
    }

    fn protocol(&mut self, end: char) -> Result<Protocol, Unreadable> {
        use Protocol::{Http, Http2, Icmp, Ip, Quic, Tcp, Tls, Udp};
        let all = [Tls, Http, Http2, Quic, Tcp, Udp, Icmp, Ip];
        self.one_of("a protocol", &all, Protocol::as_str, end)
    }

    fn addresses(&mut self) -> Result<Addresses, Unreadable> {
        if self.eat("$") {
            return Ok(Addresses::Variable(self.until(&[' ']).into()));
        }
        if self.eat("@") {
            return Ok(Addresses::Reference(self.until(&[' ']).into()));
        }
        if !self.eat("[") {
            return self.expect("any").map(|()| Addresses::Any);
        }
        let mut networks = Vec::new();
        while !self.eat("]") {
            networks.push(self.value("a network", &[',', ']'])?);
            self.eat(",");
        }
        Ok(Addresses::Networks(networks.into()))
    }

    fn ports(&mut self) -> Result<Option<PortSet>, Unreadable> {
        let start = self.rest;
        let ports = self.until(&[' ']);
        if ports == "any" {
            return Ok(None);
        }
        let list = ports.strip_prefix('[').and_then(|it| it.strip_suffix(']')).unwrap_or(ports);
        match list.replace(':', "-").parse() {
            Ok(ports) => Ok(Some(ports)),
            Err(_) => {
                self.rest = start;
                self.fail("`any` or ports")
            }
        }
    }

    fn keyword(&mut self) -> Result<Keyword, Unreadable> {
        let start = self.rest;
        let name = self.until(&[':', ';']);
        let bare = match name {
            "dotprefix" => Some(Keyword::Dotprefix),
            "noalert" => Some(Keyword::Noalert),
            _ => buffer(name).map(Keyword::Buffer),
        };
        if let Some(keyword) = bare {
            return Ok(keyword);
        }
        let colon = self.eat(":");
        match name {
            "flow" if colon => self.flow().map(Keyword::Flow),
            "content" if colon => self.content().map(Keyword::Content),
            "bsize" if colon => self.number("a length").map(Keyword::Bsize),
            "pcre" if colon => self.pcre(),
            "flowbits" if colon => self.flowbit(),
            "stream_size" if colon => self.stream_size(),
            "app-layer-protocol" if colon => {
                let negated = self.eat("!");
                let protocol = self.protocol(';')?;
                Ok(Keyword::AppLayerProtocol { negated, protocol })
            }
            "ssl_state" if colon => self.expect("client_hello").map(|()| Keyword::ClientHello),
            "dsize" if colon => self.expect(">0").map(|()| Keyword::Payload),
            "ip_proto" if colon => {
                self.expect("!")?;
                self.number("the number of a protocol").map(Keyword::NotIpProtocol)
            }
            _ => {
                self.rest = start;
                self.fail("a keyword, `metadata` or `sid`")
            }
        }
    }

    fn flow(&mut self) -> Result<Flow, Unreadable> {
        let all = [
            Flow::ToServer,
            Flow::ToClient,
            Flow::EstablishedToServer,
            Flow::EstablishedToClient,
            Flow::NotEstablished,
            Flow::NotEstablishedToServer,
        ];
        self.one_of("a state of the flow", &all, print::flow_state, ';')
    }

    fn content(&mut self) -> Result<Content, Unreadable> {
        self.expect("\"")?;
        let mut bytes = Vec::new();
        loop {
            bytes.extend(self.until(&['"', '|']).bytes());
            if self.eat("\"") {
                break;
            }
            self.expect("|")?;
            while !self.eat("|") {
                let pair = self.hexadecimal()?;
                bytes.push(pair);
                self.eat(" ");
            }
        }
        let (start, end) = (self.eat("; startswith"), self.eat("; endswith"));
        let anchor = match (start, end) {
            (false, false) => Anchor::Anywhere,
            (true, false) => Anchor::Start,
            (false, true) => Anchor::End,
            (true, true) => Anchor::Whole,
        };
        let nocase = self.eat("; nocase");
        Ok(Content { bytes: bytes.into(), nocase, anchor })
    }

    /// A byte of two digits.
    fn hexadecimal(&mut self) -> Result<u8, Unreadable> {
        let byte = self.rest.get(..2).and_then(|pair| u8::from_str_radix(pair, 16).ok());
        let Some(byte) = byte else { return self.fail("a byte in hexadecimal") };
        self.rest = self.rest.get(2..).unwrap_or_default();
        Ok(byte)
    }

    fn pcre(&mut self) -> Result<Keyword, Unreadable> {
        let negated = self.eat("!");
        self.expect("\"/")?;
        let text = self.until(&['"']);
        let plain = text.strip_suffix('/').map(|expression| (expression, false));
        let caseless = || text.strip_suffix("/i").map(|expression| (expression, true));
        let Some((expression, caseless)) = plain.or_else(caseless) else {
            return self.fail("`/` or `/i` and a quotation mark");
        };
        self.expect("\"")?;
        Ok(Keyword::Pcre { negated, expression: expression.into(), caseless })
    }

    fn flowbit(&mut self) -> Result<Keyword, Unreadable> {
        use BitOperation::{IsNotSet, IsSet, Set, Unset};
        let all = [Set, Unset, IsSet, IsNotSet];
        let operation = self.one_of("what is done with a mark", &all, print::bit_operation, ',')?;
        self.expect(",")?;
        let all = [
            Bit::Allowed,
            Bit::Refused,
            Bit::Recognised,
            Bit::Settled,
            Bit::SeenBefore,
            Bit::Observed,
            Bit::Denied,
        ];
        let bit = self.one_of("a mark of fwc", &all, print::bit_name, ';')?;
        Ok(Keyword::Flowbit(operation, bit))
    }

    fn stream_size(&mut self) -> Result<Keyword, Unreadable> {
        let peer = self.one_of("a side", &[Peer::Client, Peer::Server], print::peer, ',')?;
        self.expect(",")?;
        let all = [Comparison::Less, Comparison::Equal, Comparison::Greater];
        let comparison = self.one_of("a comparison", &all, print::comparison, ',')?;
        self.expect(",")?;
        Ok(Keyword::StreamSize(peer, comparison, self.number("a number of bytes")?))
    }

    fn metadata(&mut self) -> Result<Metadata, Unreadable> {
        let (mut service, mut owner, mut ticket, mut until) = (None, None, None, None);
        let (mut action, mut destinations) = (None, Vec::new());
        let (mut except, mut to) = (Vec::new(), Vec::new());
        let (mut reach, mut mode, mut entry_of) = (Arc::default(), Mode::Enforced, None);
        loop {
            let start = self.rest;
            let key = self.until(&[' ', ',', ';']);
            self.expect(" ")?;
            let value = self.rest;
            let text = self.safe("a value", &[',', ';'])?;
            match key {
                "fwc_service" => service = Some(text).filter(|name| name != "any").map(Arc::from),
                "fwc_allow" => {
                    action = Some(policy::Action::Allow);
                    destinations.push(text.into());
                }
                "fwc_deny" => {
                    action = Some(policy::Action::Deny);
                    destinations.push(text.into());
                }
                "fwc_except" => except.push(text.into()),
                "fwc_port" => reach = text.into(),
                "fwc_mode" if text == "observe" => mode = Mode::Observed,
                "fwc_entry_of" => entry_of = Some(text.into()),
                "fwc_owner" => owner = Some(text.into()),
                "fwc_ticket" => ticket = Some(text.into()),
                "fwc_to" | "fwc_until" => {
                    self.rest = value;
                    let ends = [',', ';'];
                    if key == "fwc_to" {
                        to.push(self.value("a network", &ends)?);
                    } else {
                        until = Some(self.value("a day", &ends)?);
                    }
                }
                _ => {
                    self.rest = start;
                    return self.fail("metadata of fwc");
                }
            }
            if !self.eat(", ") {
                break;
            }
        }
        let Some(action) = action else { return self.fail("`, fwc_allow` or `, fwc_deny`") };
        let narrowed = (!except.is_empty() || !to.is_empty())
            .then(|| Box::new(Narrowed { except: except.into(), to: to.into() }));
        let destinations = destinations.into();
        Ok(Metadata {
            service,
            action,
            destinations,
            narrowed,
            reach,
            mode,
            entry_of,
            owner,
            ticket,
            until,
        })
    }

    /// A text up to one of these characters, with each `%hh` as the byte it stands for.
    fn safe(&mut self, what: &str, ends: &[char]) -> Result<String, Unreadable> {
        let start = self.rest;
        let text = self.until(ends);
        if !text.contains('%') {
            return Ok(text.to_owned());
        }
        let mut pieces = text.split('%');
        let mut bytes = pieces.next().unwrap_or_default().as_bytes().to_vec();
        for piece in pieces {
            let byte = piece.get(..2).and_then(|pair| u8::from_str_radix(pair, 16).ok());
            let (Some(byte), Some(rest)) = (byte, piece.get(2..)) else {
                self.rest = start;
                return self.fail(&format!("{what} with two digits behind each `%`"));
            };
            bytes.push(byte);
            bytes.extend(rest.bytes());
        }
        String::from_utf8(bytes).or_else(|_| {
            self.rest = start;
            self.fail(&format!("{what} in UTF-8"))
        })
    }

    fn number<T: FromStr>(&mut self, what: &str) -> Result<T, Unreadable> {
        self.value(what, &[';'])
    }

    /// Reads what stands before one of these characters.
    fn value<T: FromStr>(&mut self, what: &str, ends: &[char]) -> Result<T, Unreadable> {
        let start = self.rest;
        self.until(ends).parse().or_else(|_| {
            self.rest = start;
            self.fail(what)
        })
    }

    /// Reads the word of one of these, which is followed by `end`.
    fn one_of<T: Copy>(
        &mut self,
        what: &str,
        all: &[T],
        word: impl Fn(T) -> &'static str,
        end: char,
    ) -> Result<T, Unreadable> {
        let start = self.rest;
        let found = self.until(&[end]);
        all.iter().copied().find(|one| word(*one) == found).map_or_else(
            || {
                self.rest = start;
                self.fail(what)
            },
            Ok,
        )
    }

    /// Takes what stands before one of these characters, or all there is.
    fn until(&mut self, ends: &[char]) -> &'t str {
        let (text, rest) = self.rest.split_at(self.rest.find(ends).unwrap_or(self.rest.len()));
        self.rest = rest;
        text
    }

    /// Takes the token if it stands here.
    fn eat(&mut self, token: &str) -> bool {
        let rest = self.rest.strip_prefix(token);
        self.rest = rest.unwrap_or(self.rest);
        rest.is_some()
    }

    fn expect(&mut self, token: &str) -> Result<(), Unreadable> {
        if self.eat(token) { Ok(()) } else { self.fail(&format!("`{token}`")) }
    }

    fn fail<T>(&self, expected: &str) -> Result<T, Unreadable> {
        let read = self.line.len() - self.rest.len();
        let column = self.line.get(..read).map_or(read, |read| read.chars().count()) as u32 + 1;
        Err(Unreadable { column, expected: expected.to_owned() })
    }
}

fn buffer(word: &str) -> Option<Buffer> {
    let all = [
        Buffer::TlsSni,
        Buffer::QuicSni,
        Buffer::HttpHost,
        Buffer::HttpHostRaw,
        Buffer::HttpStart,
        Buffer::HttpHeaderNames,
        Buffer::HttpMethod,
        Buffer::Ja4,
    ];
    all.into_iter().find(|buffer| print::buffer(*buffer) == word)
}
