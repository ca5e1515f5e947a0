//! The signatures of a firewall as data: what Suricata is told, before it is text.
//!
//! [`compile()`] makes them from a policy, [`mod@print`] and its inverse [`mod@parse`] are the only places
//! that know the syntax, and [`pack`] lays them out in rule groups within the limits of AWS.

mod audience;
pub mod compile;
pub mod evaluate;
mod form;
pub mod limits;
mod log;
pub mod pack;
pub mod parse;
pub mod print;
pub mod profile;
pub mod sid;
mod skeleton;
mod unit;

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::ops::Range;
use std::sync::Arc;

use ipnet::IpNet;
use jiff::civil::Date;

use crate::policy::port::{self, PortSet};
use crate::policy::{GrantId, Region, RegionId};
pub use audience::ENFORCED;
pub(crate) use audience::variable;
pub use compile::{Options, compile};
pub use evaluate::Evaluator;
pub use log::{Log, Refused};
pub use profile::Profile;

/// Everything one region's firewall is told.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Ruleset {
    /// The region.
    pub region: Region,
    /// Its number in the policy.
    pub id: RegionId,
    /// Every signature, in strict order.
    pub signatures: Vec<Signature>,
    /// The signatures as text, a line each.
    pub text: String,
    /// How the signatures are laid out in rule groups.
    pub groups: Vec<RuleGroup>,
    /// The addresses that signatures name by variable.
    pub variables: BTreeMap<Arc<str>, Vec<IpNet>>,
    /// The sets that AWS fills and signatures name by reference: name to ARN.
    pub references: BTreeMap<Arc<str>, String>,
    /// Which signature logs a flow that no entry speaks about.
    pub log: Log,
}

impl Ruleset {
    /// The signatures of a group.
    pub fn signatures(&self, group: &RuleGroup) -> &[Signature] {
        self.signatures.get(group.signatures.clone()).unwrap_or_default()
    }

    /// The text of a group: what AWS calls its rules string.
    pub fn text(&self, group: &RuleGroup) -> &str {
        self.text.get(group.text.clone()).unwrap_or_default()
    }

    /// The capacity all groups reserve together.
    pub fn capacity(&self) -> u32 {
        self.groups.iter().map(|group| group.capacity).sum()
    }
}

/// Signatures that are delivered together.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RuleGroup {
    /// Its place in the policy, from 1.
    pub number: u32,
    /// How many signatures AWS reserves for it, at most 30,000; immutable once created.
    pub capacity: u32,
    /// Which signatures of the ruleset.
    pub signatures: Range<usize>,
    /// Which part of its text.
    pub text: Range<usize>,
}

/// One line of a rule group.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Signature {
    /// What happens to a packet or flow that matches.
    pub action: Action,
    /// What has to be spoken.
    pub protocol: Protocol,
    /// Where it comes from.
    pub source: Addresses,
    /// Where it goes.
    pub destination: Addresses,
    /// To which ports; `None` for any.
    pub ports: Option<PortSet>,
    /// What has to match, in the order the engine wants to read it.
    pub keywords: Box<[Keyword]>,
    /// What it stands for.
    pub subject: Subject,
    /// The grants it was made from, by their place in the text; empty for a part of the skeleton.
    pub grants: Box<[GrantId]>,
    /// The signature id, stable for one grant for ever.
    pub sid: u32,
}

/// What a signature stands for, which is what its log line says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Subject {
    /// A part of the skeleton, with its log line.
    Skeleton(Box<str>),
    /// Entries, with what reads them back.
    Entry(Box<Metadata>),
}

impl Signature {
    /// What reads the grant back; `None` for a part of the skeleton.
    pub fn metadata(&self) -> Option<&Metadata> {
        match &self.subject {
            Subject::Entry(metadata) => Some(metadata),
            Subject::Skeleton(_) => None,
        }
    }

    /// What a log line says.
    pub fn message(&self) -> Cow<'_, str> {
        match &self.subject {
            Subject::Skeleton(message) => Cow::Borrowed(message),
            Subject::Entry(metadata) => {
                let mut message = String::new();
                metadata.message(|piece| message.push_str(piece));
                Cow::Owned(message)
            }
        }
    }
}

/// What a signature does.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Action {
    /// Lets through and ends the evaluation.
    Pass,
    /// Stops silently.
    Drop,
    /// Stops and says so to both ends; for TCP only.
    Reject,
    /// Logs, or with [`Keyword::Noalert`] only marks.
    Alert,
}

/// The protocol of a signature's header.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Protocol {
    /// TLS over TCP.
    Tls,
    /// HTTP over TCP.
    Http,
    /// HTTP/2 in clear text.
    Http2,
    /// QUIC over UDP.
    Quic,
    /// Any TCP.
    Tcp,
    /// Any UDP.
    Udp,
    /// ICMP and ICMPv6.
    Icmp,
    /// Any IP.
    Ip,
}

impl Protocol {
    /// Its word in a header.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Tls => "tls",
            Self::Http => "http",
            Self::Http2 => "http2",
            Self::Quic => "quic",
            Self::Tcp => "tcp",
            Self::Udp => "udp",
            Self::Icmp => "icmp",
            Self::Ip => "ip",
        }
    }
}

/// The protocol of a header for what an entry says.
impl From<port::Protocol> for Protocol {
    fn from(protocol: port::Protocol) -> Self {
        match protocol {
            port::Protocol::Tls => Self::Tls,
            port::Protocol::Http => Self::Http,
            port::Protocol::Quic => Self::Quic,
            port::Protocol::Tcp => Self::Tcp,
            port::Protocol::Udp => Self::Udp,
            port::Protocol::Icmp => Self::Icmp,
        }
    }
}

/// One side of a signature's header.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Addresses {
    /// Any address.
    Any,
    /// A variable of the rule group: `$checkout`.
    Variable(Arc<str>),
    /// A set that AWS fills: `@web`.
    Reference(Arc<str>),
    /// These networks.
    Networks(Box<[IpNet]>),
}

/// A condition or a mark of a signature.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Keyword {
    /// `flow:…`
    Flow(Flow),
    /// The following contents are looked for in this part of the traffic.
    Buffer(Buffer),
    /// Puts a dot before the buffer, so that `.example.com` finds `example.com` too.
    Dotprefix,
    /// `content:…`
    Content(Content),
    /// The buffer has this many bytes.
    Bsize(u16),
    /// `pcre:…` over the buffer.
    Pcre {
        /// Must not match.
        negated: bool,
        /// The expression, without its slashes.
        expression: Box<str>,
        /// Upper and lower case are the same.
        caseless: bool,
    },
    /// `flowbits:…`
    Flowbit(BitOperation, Bit),
    /// `stream_size:…`: how many bytes one side has sent, its SYN counted as one.
    StreamSize(Peer, Comparison, u32),
    /// The application protocol is known and is this one (or is another one, if negated).
    AppLayerProtocol {
        /// Another one.
        negated: bool,
        /// Which.
        protocol: Protocol,
    },
    /// `ssl_state:client_hello`
    ClientHello,
    /// The packet carries a payload.
    Payload,
    /// The IP protocol is not this one.
    NotIpProtocol(u8),
    /// Matches without a log line.
    Noalert,
}

/// The state of a flow.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Flow {
    /// From the client.
    ToServer,
    /// From the server.
    ToClient,
    /// From the client, after the handshake.
    EstablishedToServer,
    /// From the server, after the handshake.
    EstablishedToClient,
    /// Before or without a handshake.
    NotEstablished,
    /// From the client, before or without a handshake.
    NotEstablishedToServer,
}

/// A part of the traffic that the engine parses out.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Buffer {
    /// The name in a TLS hello, case as sent.
    TlsSni,
    /// The name in a QUIC hello, case as sent.
    QuicSni,
    /// The host of an HTTP request, lower case, without port.
    HttpHost,
    /// The host of an HTTP request as sent.
    HttpHostRaw,
    /// Request line and headers of an HTTP request, once they are complete.
    HttpStart,
    /// The names of the headers of an HTTP request.
    HttpHeaderNames,
    /// The method of an HTTP request.
    HttpMethod,
    /// The fingerprint of a TLS hello; there is one as soon as there is a hello.
    Ja4,
}

/// Bytes to be found in the current buffer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Content {
    /// The bytes.
    pub bytes: Box<[u8]>,
    /// Upper and lower case are the same.
    pub nocase: bool,
    /// Where they have to stand.
    pub anchor: Anchor,
}

/// Where in the buffer a content has to stand.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Anchor {
    /// Anywhere.
    Anywhere,
    /// At its start.
    Start,
    /// At its end.
    End,
    /// It is the whole buffer: `startswith; endswith`.
    Whole,
}

/// What is done with a mark on a flow.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum BitOperation {
    /// Sets it.
    Set,
    /// Takes it away.
    Unset,
    /// Asks that it be set.
    IsSet,
    /// Asks that it not be set.
    IsNotSet,
}

/// A mark on a flow.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Bit {
    /// The last HTTP request is allowed.
    Allowed,
    /// Its HTTP request has been refused and logged. Only signatures that read requests use it: a
    /// mark that packets set, too, could keep them from refusing.
    Refused,
    /// Its application protocol is one that has refusals of its own.
    Recognised,
    /// There is nothing more to log about it.
    Settled,
    /// A packet of it was seen where no grant is.
    SeenBefore,
    /// What would have been its refusal has been logged.
    Observed,
    /// That an entry would deny it has been logged. Only entries use it: they stand before every
    /// pass, so that whatever sets it logs.
    Denied,
}

/// An end of a TCP connection.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Peer {
    /// The one that opened it.
    Client,
    /// The other one.
    Server,
}

/// How a number compares.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Comparison {
    /// `<`
    Less,
    /// `=`
    Equal,
    /// `>`
    Greater,
}

/// What reads a grant back from a live firewall.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Metadata {
    /// Whose; `None` for every service.
    pub service: Option<Arc<str>>,
    /// `allow` or `deny`.
    pub action: crate::policy::Action,
    /// The destinations, canonical.
    pub destinations: Box<[Box<str>]>,
    /// What narrows it, which few entries have.
    pub narrowed: Option<Box<Narrowed>>,
    /// Protocol and ports: `443 8443/tls`.
    pub reach: Arc<str>,
    /// Whether it denies or only logs that it would.
    pub mode: Mode,
    /// The service whose entry it is, or `any`, where it is logged for another one.
    pub entry_of: Option<Arc<str>>,
    /// Whose the entry is.
    pub owner: Option<Arc<str>>,
    /// The ticket of its reason.
    pub ticket: Option<Arc<str>>,
    /// In force through this day.
    pub until: Option<Date>,
}

/// What an entry leaves out of its destinations.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Narrowed {
    /// The exceptions, canonical.
    pub except: Box<[Box<str>]>,
    /// Only these addresses; empty for any.
    pub to: Box<[IpNet]>,
}

impl Metadata {
    /// The exceptions, canonical.
    pub fn except(&self) -> &[Box<str>] {
        self.narrowed.as_ref().map_or(&[], |narrowed| &narrowed.except)
    }

    /// The addresses it is narrowed to; empty for any.
    pub fn to(&self) -> &[IpNet] {
        self.narrowed.as_ref().map_or(&[], |narrowed| &narrowed.to)
    }

    /// What a log line says, piece by piece: `fwc checkout: deny example.com`. Two destinations are
    /// named, more are counted.
    pub(crate) fn message(&self, mut say: impl FnMut(&str)) {
        say("fwc ");
        say(self.service.as_deref().unwrap_or("any"));
        say(match (self.action, self.mode) {
            (crate::policy::Action::Allow, _) => ": ",
            (crate::policy::Action::Deny, Mode::Enforced) => ": deny ",
            (crate::policy::Action::Deny, Mode::Observed) => ": would deny ",
        });
        for (index, destination) in self.destinations.iter().take(2).enumerate() {
            if index > 0 {
                say(" ");
            }
            say(destination);
        }
        if let Some(more) = self.destinations.len().checked_sub(2).filter(|more| *more > 0) {
            say(&format!(" and {more} more"));
        }
    }
}

/// Whether a deny is in force.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Mode {
    /// It is.
    Enforced,
    /// Its service observes: it is logged.
    Observed,
}
