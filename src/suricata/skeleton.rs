//! What stands around the grants, so that everything they do not allow is refused.
//!
//! The verdicts are those of a plainer skeleton (measured on 7.0.10, 8.0.3 and 8.0.8, November 2026:
//! no refused flow passed in 15,000 random ones), which logged a refused flow more than once. Its
//! refusals of whole protocols are silent here, and in front of each stand those that log and ask
//! for more: so a refused flow is logged once, and the log decides nothing. The ids of the skeleton are fixed; dashboards may rely on them.
//!
//! What it has to hold against, and by which signature, stands at each of them.

use std::sync::Arc;

use super::log::Log;
use super::profile::{Frame, Profile};
use super::sid::{Identity, Sids};
use super::{
    Action, Addresses, Anchor, Bit, BitOperation, Buffer, Comparison, Content, Flow, Keyword, Peer,
    Protocol, Signature, Subject,
};
use crate::policy::ServiceId;
use crate::policy::port::PortSet;
use crate::project::OnDeny;

/// How much a client may send before the engine has to know what it wants, in bytes, and only
/// while the server is silent: room for a large hello or cookie, not for a conversation.
const PATIENCE: u32 = 16_384;

/// How much a client may send before its protocol has to be recognised, SYN included.
const FIRST_BYTES: u32 = 6;

/// The protocols that signatures of their own are about: TCP, UDP, ICMP and ICMPv6.
const SPOKEN_FOR: [u8; 4] = [6, 17, 1, 58];

/// A Host that is one name or address, with at most a port: anything else (two Hosts, a folded one,
/// `a:80.evil.example`) could be read as another name by the server.
const HOST: &str = r"^(?:[a-z0-9._-]+|\[[0-9a-f:.]+\])(?::[0-9]{0,5})?\z";

/// The frame of a region's signatures.
#[derive(Debug, Clone, Default)]
pub(super) struct Skeleton {
    preamble: Vec<Signature>,
    observe: Vec<Observation>,
    tail: Vec<Signature>,
    /// Where a hello or a head is waited for.
    waits: Option<PortSet>,
}

/// A part that stands for one service that observes.
#[derive(Debug, Clone)]
struct Observation {
    service: ServiceId,
    number: u32,
    identity: Identity,
    signature: Signature,
}

impl Skeleton {
    pub(super) fn new(
        profile: &Profile,
        on_deny: OnDeny,
        tls: Option<PortSet>,
        http: Option<PortSet>,
        observing: impl Iterator<Item = (ServiceId, Arc<str>, Addresses)>,
    ) -> Self {
        let observing: Vec<_> = observing.collect();
        let wait = Wait { tls, http };
        let mut skeleton = Self { waits: wait.ports(), ..Self::default() };
        for (service, name, source) in &observing {
            let parts = match profile.frame {
                Frame::Closed => observe(&wait),
                Frame::Defaults => observe_plainly(),
            };
            for (number, part) in parts {
                let identity = Identity::of(&format!("{profile}\tobserve\t{name}\t{number}"));
                let signature = part.of(name, source).with_id(0);
                skeleton.observe.push(Observation {
                    service: *service,
                    number,
                    identity,
                    signature,
                });
            }
        }
        if profile.frame == Frame::Closed {
            skeleton.preamble = preamble(&wait, !observing.is_empty());
            skeleton.tail = tail(on_deny, &wait);
        }
        skeleton
    }

    /// What stands before the denies.
    pub(super) fn preamble(&self) -> impl Iterator<Item = Signature> {
        self.preamble.iter().cloned()
    }

    /// What stands behind the grants for services that observe.
    pub(super) fn observe(&self, sids: &Sids) -> impl Iterator<Item = Signature> {
        self.observe.iter().map(|observation| Signature {
            sid: sids.get(observation.identity),
            ..observation.signature.clone()
        })
    }

    /// What stands behind everything.
    pub(super) fn tail(&self) -> impl Iterator<Item = Signature> {
        self.tail.iter().cloned()
    }

    /// The identities of the signatures that have no fixed id.
    pub(super) fn identities(&self) -> impl Iterator<Item = Identity> {
        self.observe.iter().map(|observation| observation.identity)
    }

    /// Which of its parts logs what.
    pub(super) fn log(&self, frame: Frame, sids: &Sids) -> Log {
        let ids = self.observe.iter().map(|observation| {
            let Observation { service, number, identity, .. } = *observation;
            ((service, number), sids.get(identity))
        });
        Log { frame, waits: self.waits.clone(), observed: ids.collect() }
    }
}

/// Where a client is waited for.
struct Wait {
    tls: Option<PortSet>,
    http: Option<PortSet>,
}

/// The action that refuses: AWS takes `reject` for TLS, HTTP and TCP, and for nothing else here
/// (`reason: <proto> reject is not supported`, measured on the service in September 2026).
pub(super) fn refusal(on_deny: OnDeny, protocol: Protocol) -> Action {
    match (on_deny, protocol) {
        (OnDeny::Reject, Protocol::Tls | Protocol::Http | Protocol::Tcp) => Action::Reject,
        (
            OnDeny::Reject,
            Protocol::Http2 | Protocol::Quic | Protocol::Udp | Protocol::Icmp | Protocol::Ip,
        )
        | (OnDeny::Drop, _) => Action::Drop,
    }
}

/// The moment a request is judged: all its headers are there. `http.host` exists a step earlier,
/// and marks set then would be taken away again by the preamble.
pub(super) fn request_complete() -> [Keyword; 2] {
    [Keyword::Buffer(Buffer::HttpStart), anywhere(b"\r\n")]
}

/// The same moment in the words of AWS's documents.
fn headers_seen() -> [Keyword; 2] {
    let content = Content { bytes: Box::from(*b"\r\n"), nocase: false, anchor: Anchor::Start };
    [Keyword::Buffer(Buffer::HttpHeaderNames), Keyword::Content(content)]
}

/// What a logged deny adds to its conditions, so that the flow or request is logged once.
pub(super) fn would_deny(frame: Frame, protocol: Protocol) -> Vec<Keyword> {
    let mut keywords = Vec::new();
    match (frame, protocol) {
        (Frame::Closed, Protocol::Http) => keywords.extend(request_complete()),
        (Frame::Defaults, Protocol::Http) => keywords.extend(headers_seen()),
        // Its first packet is logged: every one that passed is marked, while the other mark is taken
        // away again when a request begins.
        (_, Protocol::Tcp | Protocol::Udp | Protocol::Icmp | Protocol::Ip) => {
            keywords.push(isnotset(Bit::Settled));
        }
        _ => {}
    }
    // What stands behind the grants marks a flow even if a grant lets it through in silence, and if
    // it is about packets it is asked before an entry about names: its mark would keep the entry
    // from logging. Entries stand before every pass, so that a mark of theirs means a line; they
    // mark for the others, too, so that a name that nothing grants either is logged once.
    keywords.extend([isnotset(Bit::Denied), set(Bit::Denied), set(Bit::Observed)]);
    keywords
}

/// A Host that is not one name. AWS takes a `pcre` only beside a `content` (its error text of
/// September 2026), so it needs company.
fn odd_host() -> [Keyword; 2] {
    let pcre = Keyword::Pcre { negated: true, expression: HOST.into(), caseless: true };
    [Keyword::Buffer(Buffer::HttpHostRaw), pcre]
}

fn connect() -> [Keyword; 2] {
    let content = Content { bytes: Box::from(*b"CONNECT"), nocase: true, anchor: Anchor::Whole };
    [Keyword::Buffer(Buffer::HttpMethod), Keyword::Content(content)]
}

fn anywhere(bytes: &[u8]) -> Keyword {
    Keyword::Content(Content { bytes: bytes.into(), nocase: false, anchor: Anchor::Anywhere })
}

fn set(bit: Bit) -> Keyword {
    Keyword::Flowbit(BitOperation::Set, bit)
}

fn isset(bit: Bit) -> Keyword {
    Keyword::Flowbit(BitOperation::IsSet, bit)
}

fn isnotset(bit: Bit) -> Keyword {
    Keyword::Flowbit(BitOperation::IsNotSet, bit)
}

fn unset(bit: Bit) -> Keyword {
    Keyword::Flowbit(BitOperation::Unset, bit)
}

/// A signature of the skeleton; what is not given is anything.
struct Part {
    action: Action,
    protocol: Protocol,
    source: Addresses,
    destination: Addresses,
    ports: Option<PortSet>,
    message: String,
    keywords: Vec<Keyword>,
}

impl Part {
    fn new(action: Action, protocol: Protocol, message: &str) -> Self {
        let (source, destination) = (Addresses::Any, Addresses::Any);
        let (message, keywords) = (format!("fwc: {message}"), Vec::new());
        Self { action, protocol, source, destination, ports: None, message, keywords }
    }

    fn when(mut self, keywords: impl IntoIterator<Item = Keyword>) -> Self {
        self.keywords.extend(keywords);
        self
    }

    fn on(mut self, ports: &PortSet) -> Self {
        self.ports = Some(ports.clone());
        self
    }

    /// The same for packets of one service, or to it if they come from the server.
    fn of(mut self, service: &str, source: &Addresses) -> Self {
        if self.keywords.contains(&Keyword::Flow(Flow::ToClient)) {
            self.destination = source.clone();
        } else {
            self.source = source.clone();
        }
        self.message = self.message.replacen("fwc:", &format!("fwc {service}:"), 1);
        self
    }

    fn with_id(self, sid: u32) -> Signature {
        Signature {
            action: self.action,
            protocol: self.protocol,
            source: self.source,
            destination: self.destination,
            ports: self.ports,
            keywords: self.keywords.into(),
            subject: Subject::Skeleton(self.message.into()),
            grants: Box::default(),
            sid,
        }
    }
}

/// Marks that the grants and the tail rely on.
fn preamble(wait: &Wait, observing: bool) -> Vec<Signature> {
    let mut parts = Vec::new();
    if let Some(ports) = &wait.http {
        parts.push((900_001, request_begins("a request begins", &[Bit::Allowed]).on(ports)));
    }
    if observing {
        let bits = [Bit::Observed, Bit::Denied];
        parts.push((900_002, request_begins("an observed request begins", &bits)));
    }
    for (sid, protocol, message) in [
        (900_011, Protocol::Tls, "tls"),
        (900_012, Protocol::Http, "http"),
        (900_013, Protocol::Http2, "http2"),
    ] {
        let recognised = Part::new(Action::Alert, Protocol::Tcp, message).when([
            Keyword::AppLayerProtocol { negated: false, protocol },
            Keyword::Flow(Flow::EstablishedToServer),
            set(Bit::Recognised),
            Keyword::Noalert,
        ]);
        parts.push((sid, recognised));
    }
    parts.into_iter().map(|(sid, part)| part.with_id(sid)).collect()
}

/// Takes marks of the request before away.
fn request_begins(message: &str, bits: &[Bit]) -> Part {
    Part::new(Action::Alert, Protocol::Http, message)
        .when(request_complete())
        .when([Keyword::Flow(Flow::ToServer)])
        .when(bits.iter().map(|bit| unset(*bit)))
        .when([Keyword::Noalert])
}

/// What refuses everything that nothing allowed.
fn tail(on_deny: OnDeny, wait: &Wait) -> Vec<Signature> {
    let mut parts = Vec::new();
    parts.extend(names(on_deny));
    parts.extend(requests(on_deny, wait));
    parts.extend(patience(wait));
    parts.extend(replies());
    parts.extend(rest_of_tcp(on_deny, wait));
    parts.extend(rest(on_deny));
    parts.into_iter().map(|(sid, part)| part.with_id(sid)).collect()
}

type Parts = Vec<(u32, Part)>;

/// Data in a SYN or in the middle of a connection nobody opened, and TLS that no grant passed.
fn names(on_deny: OnDeny) -> Parts {
    let tls = |message| Part::new(refusal(on_deny, Protocol::Tls), Protocol::Tls, message);
    vec![
        (
            900_101,
            Part::new(
                refusal(on_deny, Protocol::Tcp),
                Protocol::Tcp,
                "payload outside an established connection",
            )
            .when([Keyword::Flow(Flow::NotEstablished), Keyword::Payload]),
        ),
        // Every hello has a fingerprint, with a name or without.
        (
            900_111,
            tls("no grant for this name").when([
                Keyword::Buffer(Buffer::Ja4),
                anywhere(b"_"),
                Keyword::Flow(Flow::ToServer),
                Keyword::Noalert,
            ]),
        ),
        // Hellos without one (SSLv2, say). It logs for both; it must carry no mark, because on
        // 7.0.10 it can be evaluated out of order when a hello spans segments.
        (
            900_112,
            tls("no grant for this name")
                .when([Keyword::ClientHello, Keyword::Flow(Flow::ToServer)]),
        ),
    ]
}

/// HTTP that no grant marked.
fn requests(on_deny: OnDeny, wait: &Wait) -> Parts {
    let http = |message| Part::new(refusal(on_deny, Protocol::Http), Protocol::Http, message);
    let to_server = Keyword::Flow(Flow::ToServer);
    let once = || [isnotset(Bit::Refused), set(Bit::Refused)];
    let unmarked = wait.http.is_some().then(|| isnotset(Bit::Allowed));
    vec![
        // Suricata 8 reads a Host out of `Ho\0st: allowed.example` where a server reads none.
        (
            900_121,
            http("NUL in the head of a request").when([
                Keyword::Buffer(Buffer::HttpStart),
                anywhere(b"\0"),
                to_server.clone(),
                set(Bit::Refused),
            ]),
        ),
        (
            900_122,
            http("Host is not one name")
                .when(request_complete())
                .when(odd_host())
                .when([to_server.clone()])
                .when(once()),
        ),
        // What a tunnel carries is never seen.
        (900_123, http("CONNECT").when(connect()).when([to_server.clone()]).when(once())),
        // AWS does not support looking into it.
        (
            900_124,
            Part::new(Action::Drop, Protocol::Http2, "http/2 in clear text")
                .when([to_server.clone(), set(Bit::Refused)]),
        ),
        (
            900_125,
            http("no grant for this host")
                .when(request_complete())
                .when([to_server])
                .when(unmarked)
                .when(once()),
        ),
    ]
}

/// What may pass before a verdict is possible. Each ends when the server has spoken: a client that
/// never finishes its hello gets no conversation out of it.
fn patience(wait: &Wait) -> Parts {
    let pass = |message| Part::new(Action::Pass, Protocol::Tcp, message);
    let speaking = |protocol| Keyword::AppLayerProtocol { negated: false, protocol };
    let within = |bytes| {
        [
            Keyword::Flow(Flow::EstablishedToServer),
            Keyword::StreamSize(Peer::Client, Comparison::Less, bytes),
            Keyword::StreamSize(Peer::Server, Comparison::Equal, 1),
        ]
    };
    let mut parts = Vec::new();
    if let Some(ports) = &wait.tls {
        let hello = pass("hello not complete").on(ports).when([speaking(Protocol::Tls)]);
        parts.push((900_131, hello.when(within(PATIENCE))));
    }
    if let Some(ports) = &wait.http {
        // No protocol: after `101 Switching Protocols` it is no longer HTTP for Suricata 8.
        let body = pass("the last request is allowed").on(ports);
        let body = body.when([Keyword::Flow(Flow::EstablishedToServer), isset(Bit::Allowed)]);
        parts.push((900_132, body));
        let head = pass("first request not complete").on(ports).when([speaking(Protocol::Http)]);
        parts.push((900_133, head.when(within(PATIENCE))));
    }
    if let Some(ports) = wait.ports() {
        let first = pass("protocol not recognised yet").on(&ports);
        parts.push((900_134, first.when(within(FIRST_BYTES))));
    }
    parts
}

/// Answers: whoever asked was judged.
fn replies() -> Parts {
    let pass =
        |protocol, flow| Part::new(Action::Pass, protocol, "replies").when([Keyword::Flow(flow)]);
    vec![
        (900_141, pass(Protocol::Tcp, Flow::EstablishedToClient)),
        (900_142, pass(Protocol::Udp, Flow::ToClient)),
        (900_143, pass(Protocol::Icmp, Flow::ToClient)),
    ]
}

/// TCP that is neither TLS nor HTTP, or never says which. The last one decides; those before it
/// log, each where no signature of [`patience`] can still let the packet pass.
fn rest_of_tcp(on_deny: OnDeny, wait: &Wait) -> Parts {
    let refuse = |message: &str| {
        Part::new(refusal(on_deny, Protocol::Tcp), Protocol::Tcp, message)
            .when([Keyword::Flow(Flow::EstablishedToServer)])
    };
    let once = || [isnotset(Bit::Settled), set(Bit::Settled)];
    let unmarked = || wait.http.is_some().then(|| isnotset(Bit::Allowed));
    let beyond = |peer, bytes| Keyword::StreamSize(peer, Comparison::Greater, bytes);
    let mut parts = Vec::new();
    let unknown = refuse("no grant").when([isnotset(Bit::Recognised)]).when(once());
    parts.extend(wait.elsewhere(unknown).map(|part| (900_151, part)));
    if let Some(ports) = wait.ports() {
        let refuse = refuse("no grant").on(&ports);
        let refuse =
            refuse.when([beyond(Peer::Client, FIRST_BYTES - 1), isnotset(Bit::Recognised)]);
        parts.push((900_152, refuse.when(once())));
    }
    parts.push((
        900_153,
        refuse("a hello or head that does not end")
            .when([beyond(Peer::Client, PATIENCE - 1), isset(Bit::Recognised)])
            .when(unmarked())
            .when(once()),
    ));
    parts.push((
        900_154,
        refuse("the server spoke before the hello or head was complete")
            .when([beyond(Peer::Server, 1), isset(Bit::Recognised)])
            .when(unmarked())
            .when(once()),
    ));
    // A hello or head in one packet is logged by what refuses it; one that is still incomplete
    // when its second packet comes is logged here.
    let incomplete = [isset(Bit::Recognised), isset(Bit::SeenBefore)];
    let incomplete = refuse("no grant for this port").when(incomplete).when(once());
    parts.extend(wait.elsewhere(incomplete).map(|part| (900_155, part)));
    let seen = Part::new(Action::Alert, Protocol::Tcp, "seen before").when([
        Keyword::Flow(Flow::EstablishedToServer),
        set(Bit::SeenBefore),
        Keyword::Noalert,
    ]);
    parts.extend(wait.elsewhere(seen).map(|part| (900_156, part)));
    parts.push((900_159, refuse("no grant").when([Keyword::Noalert])));
    parts
}

/// Everything else that goes out.
fn rest(on_deny: OnDeny) -> Parts {
    let mut parts = Vec::new();
    for (sid, protocol) in [(900_161, Protocol::Udp), (900_171, Protocol::Icmp)] {
        let refuse = || {
            Part::new(refusal(on_deny, protocol), protocol, "no grant")
                .when([Keyword::Flow(Flow::ToServer)])
        };
        parts.push((sid, refuse().when([isnotset(Bit::Settled), set(Bit::Settled)])));
        parts.push((sid + 1, refuse().when([Keyword::Noalert])));
    }
    // Such packets have no flow that could be marked: each is logged.
    let other = Part::new(Action::Drop, Protocol::Ip, "no grant for this protocol");
    let other = other.when(SPOKEN_FOR.map(Keyword::NotIpProtocol));
    parts.push((900_181, other.when([Keyword::Flow(Flow::ToServer)])));
    parts
}

impl Wait {
    /// Every port where something is waited for.
    fn ports(&self) -> Option<PortSet> {
        match (&self.tls, &self.http) {
            (Some(tls), Some(http)) => Some(tls.union(http)),
            (ports, None) | (None, ports) => ports.clone(),
        }
    }

    /// The part for every other port; `None` if there is no other.
    fn elsewhere(&self, part: Part) -> Option<Part> {
        match self.ports() {
            Some(ports) => Some(part.on(&PortSet::all().difference(&ports)?)),
            None => Some(part),
        }
    }
}

/// Lets everything of a service through and logs what would be refused, once a flow or request.
///
/// It mirrors the tail: what is refused there is logged here.
fn observe(wait: &Wait) -> Parts {
    let alert = |protocol, message: &str| {
        Part::new(Action::Alert, protocol, &format!("would deny {message}"))
    };
    let tcp =
        |message| alert(Protocol::Tcp, message).when([Keyword::Flow(Flow::EstablishedToServer)]);
    let to_server = || Keyword::Flow(Flow::ToServer);
    let once = || [isnotset(Bit::Observed), set(Bit::Observed)];
    let beyond = |peer, bytes| Keyword::StreamSize(peer, Comparison::Greater, bytes);
    let unmarked = || wait.http.is_some().then(|| isnotset(Bit::Allowed));
    let mut parts = vec![
        (
            1,
            alert(Protocol::Tcp, "payload outside an established connection")
                .when([Keyword::Flow(Flow::NotEstablishedToServer), Keyword::Payload])
                .when(once()),
        ),
        (
            2,
            alert(Protocol::Tls, "this name")
                .when([Keyword::ClientHello, to_server()])
                .when(once()),
        ),
        (
            3,
            alert(Protocol::Http, "this host")
                .when(request_complete())
                .when([to_server()])
                .when(unmarked())
                .when(once()),
        ),
    ];
    if wait.http.is_some() {
        // Allowed by its host, refused for its shape.
        let shape =
            |message| alert(Protocol::Http, message).when([to_server(), isset(Bit::Allowed)]);
        let nul =
            shape("a NUL in the head").when([Keyword::Buffer(Buffer::HttpStart), anywhere(b"\0")]);
        parts.push((4, nul.when([set(Bit::Observed)])));
        let host = shape("a Host that is not one name").when(request_complete()).when(odd_host());
        parts.push((5, host.when([set(Bit::Observed)])));
    }
    // Its head is complete only when the server has answered: it is judged by its method alone.
    parts.push((
        6,
        alert(Protocol::Http, "CONNECT").when(connect()).when([to_server(), set(Bit::Observed)]),
    ));
    let http2 = Keyword::AppLayerProtocol { negated: false, protocol: Protocol::Http2 };
    parts.push((7, tcp("http/2 in clear text").when([http2]).when(once())));
    let unknown = tcp("tcp").when([isnotset(Bit::Recognised)]).when(once());
    parts.extend(wait.elsewhere(unknown).map(|part| (8, part)));
    if let Some(ports) = wait.ports() {
        let first = [beyond(Peer::Client, FIRST_BYTES - 1), isnotset(Bit::Recognised)];
        parts.push((9, tcp("tcp").on(&ports).when(first).when(once())));
    }
    let endless = [beyond(Peer::Client, PATIENCE - 1), isset(Bit::Recognised)];
    let endless = tcp("a hello or head that does not end").when(endless);
    parts.push((10, endless.when(unmarked()).when(once())));
    let early = [beyond(Peer::Server, 1), isset(Bit::Recognised)];
    let early = tcp("an answer before the hello or head was complete").when(early);
    parts.push((11, early.when(unmarked()).when(once())));
    parts.extend(observe_rest());
    parts.extend(observe_passes());
    parts
}

/// The same with forms that AWS prints, where the default actions of the policy refuse.
fn observe_plainly() -> Parts {
    let alert = |protocol, message: &str| {
        Part::new(Action::Alert, protocol, &format!("would deny {message}"))
    };
    let to_server = || Keyword::Flow(Flow::ToServer);
    let once = || [isnotset(Bit::Observed), set(Bit::Observed)];
    let other = |protocol| Keyword::AppLayerProtocol { negated: true, protocol };
    let tcp =
        [Keyword::Flow(Flow::EstablishedToServer), other(Protocol::Tls), other(Protocol::Http)];
    let mut parts = vec![
        (
            2,
            alert(Protocol::Tls, "this name")
                .when([Keyword::ClientHello, to_server()])
                .when(once()),
        ),
        (
            3,
            alert(Protocol::Http, "this host")
                .when(headers_seen())
                .when([to_server()])
                .when(once()),
        ),
        // Its head is complete only when the server has answered, and then nothing asks for it.
        (6, alert(Protocol::Http, "CONNECT").when(connect()).when([to_server()]).when(once())),
        (8, alert(Protocol::Tcp, "tcp").when(tcp).when(once())),
    ];
    parts.extend(observe_rest());
    parts.extend(observe_passes());
    parts
}

/// What is neither TCP nor granted.
fn observe_rest() -> Parts {
    let alert = |protocol, message: &str| {
        Part::new(Action::Alert, protocol, &format!("would deny {message}"))
            .when([Keyword::Flow(Flow::ToServer)])
    };
    let once = || [isnotset(Bit::Observed), set(Bit::Observed)];
    vec![
        (12, alert(Protocol::Udp, "udp").when(once())),
        (13, alert(Protocol::Icmp, "icmp").when(once())),
        (14, alert(Protocol::Ip, "this protocol").when(SPOKEN_FOR.map(Keyword::NotIpProtocol))),
    ]
}

/// Every packet of the service, each on its own: a pass of the flow would end the log.
fn observe_passes() -> Parts {
    let pass =
        |protocol, flow| Part::new(Action::Pass, protocol, "observed").when([Keyword::Flow(flow)]);
    let settled = || [set(Bit::Settled)];
    vec![
        (21, pass(Protocol::Tcp, Flow::ToServer).when(settled())),
        (22, pass(Protocol::Tcp, Flow::ToClient).when(settled())),
        (23, pass(Protocol::Udp, Flow::ToServer).when(settled())),
        (24, pass(Protocol::Icmp, Flow::ToServer).when(settled())),
        (25, pass(Protocol::Ip, Flow::ToServer).when(SPOKEN_FOR.map(Keyword::NotIpProtocol))),
    ]
}
