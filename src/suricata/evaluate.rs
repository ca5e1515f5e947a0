//! What the engine does with a flow, read off the signatures alone.
//!
//! An [`Evaluator`] knows no policy: it walks the [`Signature`]s as Suricata does in strict order,
//! packet by packet, and so says what the compiled text means, not what was meant. It is the twin
//! of the [`matcher`](crate::matcher), which knows the policy and no signature; a table of verdicts
//! and properties over random policies hold the two together, and real engines hold both.
//!
//! What it does, and where it is from:
//!
//! | The engine | Source |
//! |---|---|
//! | collects every signature that matches a packet, then walks them in order: a pass ends the walk, a drop does not | measured, 7.0.10 and 8.0.x, November 2026 |
//! | asks signatures without transactions first, the others after them; marks are set where a signature matches, whatever the walk does | `detect.c`: `DetectRulePacketRules`, `DetectRunTx` |
//! | passes or drops the flow, or the packet alone, as the keywords of the signature say (`Scope`) | `detect-engine-build.c`; measured form by form |
//! | looks at no packet of a flow that passes or is dropped as a whole | the same |
//! | takes no packet of a handshake for `established` | measured |
//!
//! Expressions are read by `regex`, which shares nothing with what wrote them: a reader of our own
//! would have to be tested against it. What an engine makes of the bytes of a name is
//! [`wire`](crate::flow::wire), which real engines hold.
//!
//! The conversation is stylised (`conversation.rs`): what a client says comes in one packet of
//! ordinary length, and the server answers it. What packets do to each other (segments, retransmissions, hellos that do
//! not end) real engines are asked about.

mod condition;
mod conversation;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use ipnet::IpNet;
use regex::bytes::Regex;

use super::profile::{Frame, Profile};
use super::{Action, Bit, BitOperation, Keyword, Protocol, Ruleset, Signature, Subject};
use crate::flow::wire::Engine;
use crate::flow::{self, Source};
use crate::policy;
use condition::Connection;
use conversation::Packet;

/// The signatures of a region, ready to be asked about any number of flows.
#[derive(Debug)]
pub struct Evaluator<'r> {
    lines: Vec<Line<'r>>,
    variables: BTreeMap<Arc<str>, &'r [IpNet]>,
    frame: Frame,
}

/// A signature that cannot be evaluated; the compiler emits none.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("the expression `{expression}` of signature {sid} cannot be read: {reason}")]
pub struct Unreadable {
    /// Whose.
    pub sid: u32,
    /// Which.
    pub expression: String,
    /// Why not.
    pub reason: String,
}

/// What becomes of a flow.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Outcome {
    /// What happens.
    pub action: flow::Action,
    /// The number of the request that is stopped, or is logged because it would be; `None` if the
    /// engine sees none, or if nothing is stopped.
    pub at: Option<usize>,
    /// The signature that decides: the grant's, the deny's or the skeleton's that refuses, or what
    /// logs that it would. Of several the first; of refusals the first that logs. `None` where the
    /// default action of the firewall policy decides.
    pub sid: Option<u32>,
    /// Every signature that matched the packet it was decided on, in order.
    pub matched: Vec<u32>,
    /// What is in the log, in order.
    pub logged: Vec<u32>,
}

impl<'r> Evaluator<'r> {
    /// Reads the signatures of a ruleset that was compiled with a profile.
    ///
    /// `filled` has the addresses of the sets that AWS fills, by the name in
    /// [`Ruleset::references`]; from a set that is not there comes no packet.
    ///
    /// # Errors
    /// If a signature has an expression that is none.
    pub fn new(
        ruleset: &'r Ruleset,
        profile: &Profile,
        filled: &'r BTreeMap<Arc<str>, Vec<IpNet>>,
    ) -> Result<Self, Unreadable> {
        let lines = ruleset.signatures.iter().map(Line::new).collect::<Result<_, _>>()?;
        let filled = filled.iter().filter(|(name, _)| ruleset.references.contains_key(*name));
        let variables = ruleset.variables.iter().chain(filled);
        let variables = variables.map(|(name, them)| (Arc::clone(name), them.as_slice())).collect();
        Ok(Self { lines, variables, frame: profile.frame })
    }

    /// What an engine does with a flow; `None` if the flow is of a service, because signatures know
    /// addresses alone.
    pub fn evaluate(&self, engine: Engine, flow: &flow::Flow<'_>) -> Option<Outcome> {
        let Source::Address(source) = flow.source else { return None };
        let connection = Connection { source, flow, variables: &self.variables };
        let mut session = Session::new(self, connection);
        for packet in conversation::packets(engine, flow) {
            session.see(&packet);
            if session.fate == Fate::Dropped {
                break;
            }
        }
        Some(session.outcome())
    }
}

/// A signature and what is known of it before any packet.
#[derive(Debug)]
struct Line<'r> {
    signature: &'r Signature,
    scope: Scope,
    /// The expressions of its keywords, in their order.
    expressions: Vec<Regex>,
}

/// When a signature is asked, and how far its pass or drop reaches.
///
/// The engine tells it by the keywords (`SignatureSetType`, and `signature_properties` for the
/// reach; each form measured on 7.0.10 and 8.0.x).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Scope {
    /// A header and nothing else: asked about the first packet of each direction, for the flow.
    FirstPacket,
    /// An application protocol and at most a direction: asked about every packet, for the flow.
    Protocol,
    /// Something of packets: asked about every packet, for that packet.
    Packet,
    /// A part of what is said: asked when it is there, for the flow.
    Transaction,
}

impl Scope {
    fn of(signature: &Signature) -> Self {
        let has = |is_it: fn(&Keyword) -> bool| signature.keywords.iter().any(is_it);
        if has(|it| matches!(it, Keyword::Buffer(_) | Keyword::ClientHello)) {
            return Self::Transaction;
        }
        let asks_packets = has(|it| match it {
            Keyword::Flow(flow) => !matches!(flow, super::Flow::ToServer | super::Flow::ToClient),
            Keyword::Flowbit(operation, _) => {
                matches!(operation, BitOperation::IsSet | BitOperation::IsNotSet)
            }
            Keyword::StreamSize(..) | Keyword::Payload | Keyword::NotIpProtocol(_) => true,
            _ => false,
        });
        let has_protocol = match signature.protocol {
            Protocol::Tls | Protocol::Http | Protocol::Http2 | Protocol::Quic => true,
            Protocol::Tcp | Protocol::Udp | Protocol::Icmp | Protocol::Ip => {
                has(|it| matches!(it, Keyword::AppLayerProtocol { .. }))
            }
        };
        let has_direction = has(|it| matches!(it, Keyword::Flow(_)));
        match (asks_packets, has_protocol, has_direction) {
            (true, ..) | (false, false, true) => Self::Packet,
            (false, true, _) => Self::Protocol,
            (false, false, false) => Self::FirstPacket,
        }
    }
}

impl<'r> Line<'r> {
    fn new(signature: &'r Signature) -> Result<Self, Unreadable> {
        let expressions = signature.keywords.iter().filter_map(|keyword| match keyword {
            Keyword::Pcre { expression, caseless, .. } => Some((expression, *caseless)),
            _ => None,
        });
        let expressions = expressions.map(|(expression, caseless)| {
            let mut builder = regex::bytes::RegexBuilder::new(expression);
            // The engine compares bytes, and letters are those of ASCII.
            builder.unicode(false).case_insensitive(caseless).build().map_err(|error| Unreadable {
                sid: signature.sid,
                expression: expression.to_string(),
                reason: error.to_string(),
            })
        });
        let expressions = expressions.collect::<Result<_, _>>()?;
        Ok(Self { signature, scope: Scope::of(signature), expressions })
    }

    fn has(&self, keyword: &Keyword) -> bool {
        self.signature.keywords.contains(keyword)
    }

    /// Whether it says what an entry grants: by a pass, or by the mark of a request.
    fn opens(&self) -> bool {
        let Subject::Entry(metadata) = &self.signature.subject else { return false };
        metadata.action == policy::Action::Allow
    }

    fn refuses(&self) -> bool {
        matches!(self.signature.action, Action::Drop | Action::Reject)
    }

    fn logs(&self) -> bool {
        self.signature.action != Action::Pass && !self.has(&Keyword::Noalert)
    }
}

/// What the engine keeps of a flow.
#[derive(Debug)]
struct Session<'e, 'r> {
    lines: &'e [Line<'r>],
    frame: Frame,
    connection: Connection<'e>,
    marks: BTreeSet<Bit>,
    fate: Fate,
    /// How many things the client has said.
    said: usize,
    /// What matched the first of them.
    first: Vec<&'e Line<'r>>,
    /// What matched the last packet.
    last: Vec<&'e Line<'r>>,
    /// What was logged, and at which request.
    logged: Vec<(&'e Line<'r>, Option<usize>)>,
    /// The request it was dropped at.
    dropped_at: Option<usize>,
}

/// What is settled about the flow as a whole.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Fate {
    Open,
    Passed,
    Dropped,
}

impl<'e, 'r> Session<'e, 'r> {
    fn new(evaluator: &'e Evaluator<'r>, connection: Connection<'e>) -> Self {
        Self {
            lines: &evaluator.lines,
            frame: evaluator.frame,
            connection,
            marks: BTreeSet::new(),
            fate: Fate::Open,
            said: 0,
            first: Vec::new(),
            last: Vec::new(),
            logged: Vec::new(),
            dropped_at: None,
        }
    }

    /// One packet. A packet that is dropped ends the conversation, because nobody answers it.
    fn see(&mut self, packet: &Packet) {
        if self.fate == Fate::Open {
            self.last = self.matching(packet);
            if packet.is_first_said() {
                self.first.clone_from(&self.last);
            }
            let at = packet.is_http().then_some(self.said);
            self.fate = self.walk(packet, at);
            if self.fate == Fate::Dropped {
                self.dropped_at = at;
            }
        }
        if packet.is_said() {
            self.said += 1;
        }
    }

    /// Every signature that matches a packet, in order. What a signature marks is marked at once, so
    /// that those asked after it know.
    fn matching(&mut self, packet: &Packet) -> Vec<&'e Line<'r>> {
        let lines = self.lines;
        let asked = |scopes: &'static [Scope]| {
            lines.iter().enumerate().filter(|(_, line)| scopes.contains(&line.scope))
        };
        let mut matching = Vec::new();
        let first = asked(&[Scope::FirstPacket]).filter(|_| packet.is_first);
        for (number, line) in first.chain(asked(&[Scope::Protocol, Scope::Packet])) {
            if self.connection.matches(line, packet, None, &self.marks) {
                self.mark(line);
                matching.push((number, line));
            }
        }
        for transaction in &packet.transactions {
            for (number, line) in asked(&[Scope::Transaction]) {
                if self.connection.matches(line, packet, Some(transaction), &self.marks) {
                    self.mark(line);
                    matching.push((number, line));
                }
            }
        }
        matching.sort_by_key(|(number, _)| *number);
        matching.into_iter().map(|(_, line)| line).collect()
    }

    fn mark(&mut self, line: &Line<'_>) {
        for keyword in &line.signature.keywords {
            match keyword {
                Keyword::Flowbit(BitOperation::Set, bit) => {
                    self.marks.insert(*bit);
                }
                Keyword::Flowbit(BitOperation::Unset, bit) => {
                    self.marks.remove(bit);
                }
                _ => {}
            }
        }
    }

    /// Does what the signatures that matched say, and returns what that means for the flow.
    fn walk(&mut self, packet: &Packet, at: Option<usize>) -> Fate {
        let mut dropped = false;
        for line in &self.last {
            if line.logs() {
                self.logged.push((*line, at));
            }
            match line.signature.action {
                Action::Alert => {}
                Action::Drop | Action::Reject => dropped = true,
                Action::Pass if dropped => return Fate::Dropped,
                Action::Pass if line.scope == Scope::Packet => return Fate::Open,
                Action::Pass => return Fate::Passed,
            }
        }
        // The default actions stand behind every signature: what is established and not passed.
        let by_default = match self.frame {
            Frame::Closed => false,
            Frame::Defaults => packet.is_for_the_default_action(),
        };
        if dropped || by_default { Fate::Dropped } else { Fate::Open }
    }

    fn outcome(self) -> Outcome {
        let sids = |lines: &[&Line<'_>]| lines.iter().map(|line| line.signature.sid).collect();
        let refusal = self.logged.iter().find(|(line, _)| line.refuses());
        let (action, at, decides) = if self.fate == Fate::Dropped {
            let silent = self.last.iter().find(|line| line.refuses());
            let line = refusal.map(|(line, _)| line).or(silent);
            (flow::Action::Deny, self.dropped_at, line)
        } else if let Some((line, at)) = self.logged.first() {
            (flow::Action::Observe, *at, Some(line))
        } else {
            (flow::Action::Allow, None, self.first.iter().find(|line| line.opens()))
        };
        let matched = if action == flow::Action::Allow { &self.first } else { &self.last };
        Outcome {
            action,
            at,
            sid: decides.map(|line| line.signature.sid),
            matched: sids(matched),
            logged: self.logged.iter().map(|(line, _)| line.signature.sid).collect(),
        }
    }
}
