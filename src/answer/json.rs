//! Answers as JSON for programs, schema 1; `docs/test.md` has the keys.

use core::net::IpAddr;

use jiff::civil::Date;
use serde::Serialize;
use serde_json::Value;

use super::sample::{Decided, Decision};
use super::{Answer, Answers, Explanation, Question};
use crate::diagnostic::Diagnostic;
use crate::emit::{Context, Place};
use crate::policy::Policy;
use crate::policy::host::Host;
use crate::policy::port::Protocol;

/// The answer to a flow, a line with its line break; `id` is what the flow brought.
pub fn flow(policy: &Policy, id: Option<&Value>, answer: &Answer<'_>) -> String {
    line(&FlowRow {
        schema: 1,
        id,
        action: answer.verdict.action.as_str(),
        at: answer.verdict.at,
        service: services(policy, answer),
        reason: ReasonRow::of(&answer.reason),
    })
}

/// What is said to a line that is no flow, a line with its line break.
pub fn mistake(number: u64, error: &str) -> String {
    line(&MistakeRow { schema: 1, line: number, error })
}

/// What each region does about a host, a line with its line break.
pub fn host(
    question: &Question<'_>,
    today: Date,
    decisions: &[(&Answers<'_>, Answer<'_>)],
) -> String {
    let Question { port, protocol, at, .. } = *question;
    let query = QueryRow {
        host: HostRow::of(question.host),
        wire: WireRow::of(protocol, port),
        to: at,
        today,
    };
    let decisions = decisions.iter().map(|(answers, answer)| DecisionRow {
        region: &answers.region().role,
        wire: WireRow::of(protocol, port),
        decided: DecidedRow::of(answers, answer),
    });
    line(&HostDocument { schema: 1, query, decisions: decisions.collect() })
}

/// What became of the tests and assertions of policies, a line with its line break.
pub fn statements<'d>(
    decided: impl IntoIterator<Item = &'d Decided<'d>>,
    assertions: &Assertions<'d>,
) -> String {
    let tests: Vec<_> = decided.into_iter().filter_map(SampleRow::of).collect();
    let passed = tests.iter().filter(|test| test.passed).count();
    let failed = tests.len() - passed;
    line(&StatementsDocument { schema: 1, passed, failed, tests, assertions })
}

/// What became of assertions.
#[derive(Debug, Clone, Serialize)]
pub struct Assertions<'a> {
    /// How many hold.
    pub passed: usize,
    /// How many do not.
    pub failed: usize,
    /// What those have to say: one finding a service that breaks one.
    pub findings: Vec<AssertionRow<'a>>,
}

/// What an assertion that does not hold has to say.
#[derive(Debug, Clone, Serialize)]
pub struct AssertionRow<'a> {
    file: &'a str,
    line: u32,
    column: u32,
    message: &'a str,
}

impl<'a> AssertionRow<'a> {
    /// A finding of [`check_assertions`](crate::check_assertions); `None` if it has no place.
    pub fn of(context: &Context<'a>, found: &'a Diagnostic) -> Option<Self> {
        let Place { file, line, column } = context.place(found.location()?)?;
        Some(Self { file, line, column, message: &found.message })
    }
}

fn line(value: &impl Serialize) -> String {
    // Strings and numbers always have a JSON form.
    let mut text = serde_json::to_string(value).unwrap_or_default();
    text.push('\n');
    text
}

#[derive(Serialize)]
struct FlowRow<'a> {
    schema: u32,
    #[serde(skip_serializing_if = "Option::is_none")]
    id: Option<&'a Value>,
    action: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    at: Option<usize>,
    service: Vec<&'a str>,
    reason: ReasonRow<'a>,
}

#[derive(Serialize)]
struct MistakeRow<'a> {
    schema: u32,
    line: u64,
    error: &'a str,
}

#[derive(Serialize)]
struct HostDocument<'a> {
    schema: u32,
    query: QueryRow<'a>,
    decisions: Vec<DecisionRow<'a>>,
}

#[derive(Serialize)]
struct QueryRow<'a> {
    #[serde(flatten)]
    host: HostRow<'a>,
    #[serde(flatten)]
    wire: WireRow,
    #[serde(skip_serializing_if = "Option::is_none")]
    to: Option<IpAddr>,
    today: Date,
}

#[derive(Serialize)]
#[serde(rename_all = "lowercase")]
enum HostRow<'a> {
    Name(&'a str),
    Address(IpAddr),
}

#[derive(Serialize)]
struct WireRow {
    protocol: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    port: Option<u16>,
}

#[derive(Serialize)]
struct DecisionRow<'a> {
    region: &'a str,
    #[serde(flatten)]
    wire: WireRow,
    #[serde(flatten)]
    decided: DecidedRow<'a>,
}

#[derive(Serialize)]
struct DecidedRow<'a> {
    service: Vec<&'a str>,
    dst: IpAddr,
    action: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    at: Option<usize>,
    reason: ReasonRow<'a>,
}

#[derive(Serialize)]
struct StatementsDocument<'a> {
    schema: u32,
    passed: usize,
    failed: usize,
    tests: Vec<SampleRow<'a>>,
    assertions: &'a Assertions<'a>,
}

#[derive(Serialize)]
struct SampleRow<'a> {
    file: &'a str,
    line: u32,
    column: u32,
    service: &'a str,
    expected: &'static str,
    passed: bool,
    decisions: Vec<SampledRow<'a>>,
}

#[derive(Serialize)]
struct SampledRow<'a> {
    region: &'a str,
    #[serde(flatten)]
    host: HostRow<'a>,
    #[serde(flatten)]
    wire: WireRow,
    #[serde(flatten)]
    decided: DecidedRow<'a>,
}

#[derive(Serialize)]
struct ReasonRow<'a> {
    kind: &'static str,
    #[serde(flatten, skip_serializing_if = "Option::is_none")]
    entry: Option<EntryRow<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    sid: Option<u32>,
}

#[derive(Serialize)]
struct EntryRow<'a> {
    file: &'a str,
    line: u32,
    text: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    owner: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    ticket: Option<&'a str>,
}

impl<'a> HostRow<'a> {
    fn of(host: &'a Host) -> Self {
        match host {
            Host::Name(name) => Self::Name(name.as_str()),
            Host::Address(address) => Self::Address(*address),
        }
    }
}

impl WireRow {
    fn of(protocol: Protocol, port: u16) -> Self {
        Self { protocol: protocol.as_str(), port: protocol.has_ports().then_some(port) }
    }
}

impl<'a> DecidedRow<'a> {
    fn of(answers: &Answers<'a>, answer: &'a Answer<'_>) -> Self {
        Self {
            service: services(answers.policy(), answer),
            dst: answer.destination,
            action: answer.verdict.action.as_str(),
            at: answer.verdict.at,
            reason: ReasonRow::of(&answer.reason),
        }
    }
}

impl<'a> SampleRow<'a> {
    fn of(decided: &'a Decided<'_>) -> Option<Self> {
        let Decided { sample, decisions } = decided;
        let answers = decisions.first()?.answers;
        let place = answers.context.place(sample.at)?;
        let service = sample.service.map_or("any", |id| &answers.policy().service(id).name);
        let sampled = decisions.iter().filter_map(|Decision { answers, answer, .. }| {
            Some(SampledRow {
                region: &answers.region().role,
                host: HostRow::of(sample.host.get(answers.region)?),
                wire: WireRow::of(sample.protocol, sample.port),
                decided: DecidedRow::of(answers, answer),
            })
        });
        Some(Self {
            file: place.file,
            line: place.line,
            column: place.column,
            service,
            expected: sample.expected.as_str(),
            passed: decided.holds(),
            decisions: sampled.collect(),
        })
    }
}

impl<'a> ReasonRow<'a> {
    fn of(reason: &'a Explanation<'_>) -> Self {
        let entry = reason.entry.as_ref().map(|entry| EntryRow {
            file: entry.place.file,
            line: entry.place.line,
            text: &entry.text,
            owner: entry.owner,
            ticket: entry.ticket,
        });
        Self { kind: reason.reason.kind(), entry, sid: reason.sid }
    }
}

fn services<'a>(policy: &'a Policy, answer: &Answer<'_>) -> Vec<&'a str> {
    answer.verdict.services.iter().map(|id| &*policy.service(*id).name).collect()
}
