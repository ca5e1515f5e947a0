//! What was asked of engines, and where they disagree: for people to reproduce, and as JSON.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;

use ipnet::IpNet;
use serde::Serialize;
use serde_json::Value;

use super::outcome::Outcome;
use super::{Boundary, Case, disagreement};
use crate::answer::{Answer, Answers, json};
use crate::emit::Context;
use crate::matcher::{self, Engine, Reason};
use crate::probe::pcap;
use crate::suricata::profile::Frame;
use crate::suricata::{Ruleset, print};

/// A region that an engine of one version is asked about.
#[derive(Debug)]
pub struct Asked<'p> {
    answers: Answers<'p>,
    ruleset: &'p Ruleset,
    frame: Frame,
}

/// One flow of which an engine and the matcher do not say the same.
#[derive(Debug, Clone, Serialize)]
pub struct Disagreement {
    /// The role of the region.
    pub region: String,
    /// The version of the engine.
    pub engine: String,
    /// What is wrong, in a few words.
    pub wrong: &'static str,
    /// What it lies at the boundary of.
    pub boundary: Boundary,
    /// The flow, as `fwc test flows` reads it.
    pub flow: Value,
    /// The same as the line it was.
    #[serde(skip)]
    pub line: String,
    /// How it was cut into packets.
    pub sent: String,
    /// What `fwc test flows` says of it.
    pub verdict: Value,
    /// The same in words.
    #[serde(skip)]
    pub says: String,
    /// What became of its packets, see [`Outcome::trace`].
    pub packets: String,
    /// What was logged: ids and messages.
    pub log: Vec<String>,
    /// The signatures that logged, and the one that should decide.
    pub signatures: Vec<String>,
    /// The packets as a capture file.
    #[serde(skip)]
    pub capture: Vec<u8>,
}

/// How often an engine was asked about a region, and how it answered.
#[derive(Debug, Clone, Serialize)]
pub struct Tally {
    /// The role of the region.
    pub region: String,
    /// The version of the engine.
    pub engine: String,
    /// How many flows.
    pub flows: usize,
    /// How many the matcher and the engine disagree about.
    pub disagreements: usize,
    /// How many flows a second, the time of parallel runs added up.
    pub flows_per_second: u64,
    /// How many flows lie at each kind of boundary.
    pub boundaries: BTreeMap<Boundary, usize>,
}

/// Everything that was asked.
#[derive(Debug, Clone, Serialize)]
pub struct Report {
    /// The version of this format.
    pub schema: u32,
    /// What flows were chosen by.
    pub seed: u64,
    /// A row a region and engine.
    pub engines: Vec<Tally>,
    /// Where they disagree.
    pub disagreements: Vec<Disagreement>,
    /// What was asked in another way than might be thought.
    pub notes: Vec<String>,
}

impl<'p> Asked<'p> {
    /// Makes a region ready; `filled` are the addresses in the sets that AWS fills.
    pub fn new(
        context: &Context<'p>,
        ruleset: &'p Ruleset,
        engine: Engine,
        filled: &BTreeMap<String, Vec<IpNet>>,
    ) -> Self {
        let crate::suricata::Options { today, profile, .. } = context.options;
        let options = matcher::Options { today, profile, engine, filled };
        Self { answers: Answers::with(context, ruleset, &options), ruleset, frame: profile.frame }
    }

    /// How an engine of that release disagrees about what it did, if it does.
    pub fn disagreement(
        &self,
        release: &str,
        case: &Case,
        outcome: &Outcome,
    ) -> Option<Disagreement> {
        let wrong = case.ask(|flow| {
            let answer = self.answers.answer(flow);
            disagreement(case, &answer.verdict, outcome, self.frame)
        })?;
        let (says, verdict, sid) = case.ask(|flow| {
            let answer = self.answers.answer(flow);
            let line = json::flow(self.answers.policy(), None, &answer);
            (in_words(&answer), value(&line), answer.reason.sid)
        });
        let alerts = outcome.alerts();
        let logged = alerts.iter().filter_map(|alert| u32::try_from(alert.sid).ok());
        let sids: BTreeSet<u32> = logged.chain(sid).collect();
        let concerned = self.ruleset.signatures.iter().filter(|it| sids.contains(&it.sid));
        let signatures = concerned.map(|signature| {
            let mut text = String::new();
            print::signature(signature, &mut text);
            text.trim_end().to_owned()
        });
        let packets = case.conversation().with_client_number(CLIENT_PORT).packets();
        Some(Disagreement {
            region: self.ruleset.region.role.clone(),
            engine: release.to_owned(),
            wrong,
            boundary: case.boundary(),
            flow: value(&case.flow().to_string()),
            line: case.flow().to_string(),
            sent: case.manner().to_string(),
            verdict,
            says,
            packets: outcome.trace(),
            log: alerts.iter().map(|alert| format!("{} {}", alert.sid, alert.message)).collect(),
            signatures: signatures.collect(),
            capture: pcap::write(packets.iter().map(|packet| packet.frame.as_slice())),
        })
    }
}

/// The client's port in a capture of one conversation.
const CLIENT_PORT: u16 = 20_000;

impl Report {
    /// The report as JSON.
    pub fn to_json(&self) -> String {
        // Strings and numbers always have a JSON form.
        serde_json::to_string_pretty(self).unwrap_or_default() + "\n"
    }
}

impl Disagreement {
    /// What a person needs to see it, a line a fact.
    pub fn text(&self) -> String {
        let mut text = format!("{}, Suricata {}: {}\n", self.region, self.engine, self.wrong);
        let mut say = |head: &str, fact: &str| {
            // Writing to a string cannot fail.
            let _ = writeln!(text, "  {head:<10} {fact}");
        };
        say("flow", &self.line);
        say("sent", &self.sent);
        say("fwc says", &self.says);
        say("packets", &self.packets);
        if self.log.is_empty() {
            say("log", "nothing");
        }
        self.log.iter().for_each(|logged| say("log", logged));
        self.signatures.iter().for_each(|signature| say("signature", signature));
        text
    }

    /// The disagreement as JSON.
    pub fn to_json(&self) -> String {
        // As above.
        serde_json::to_string_pretty(self).unwrap_or_default() + "\n"
    }
}

fn value(json: &str) -> Value {
    // What fwc writes, it reads.
    serde_json::from_str(json).unwrap_or_default()
}

fn in_words(answer: &Answer<'_>) -> String {
    let mut words = answer.verdict.action.as_str().to_owned();
    if let Some(at) = answer.verdict.at {
        let _ = write!(words, " at request {}", at + 1);
    }
    match (&answer.reason.entry, answer.reason.reason) {
        (Some(entry), _) => {
            let _ = write!(words, ", {}:{}: {}", entry.place.file, entry.place.line, entry.text);
        }
        (None, Reason::UnknownSource) => words.push_str(", the source is no service's"),
        (None, _) => words.push_str(", no entry allows it"),
    }
    words
}
