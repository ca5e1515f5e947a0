//! The samples of `test` statements, decided.

use super::{Answer, Answers, Question};
use crate::matcher::Action;
use crate::policy::{Expected, Sample, ServiceId};

/// A sample, and what the firewall does.
#[derive(Debug, Clone)]
pub struct Decided<'a> {
    /// What was expected.
    pub sample: &'a Sample,
    /// What the firewall does: one decision a region and service it is about.
    pub decisions: Vec<Decision<'a>>,
}

/// What the firewall does for one service in one region.
#[derive(Debug, Clone)]
pub struct Decision<'a> {
    /// The region.
    pub answers: &'a Answers<'a>,
    /// The service.
    pub service: ServiceId,
    /// The answer.
    pub answer: Answer<'a>,
    /// Whether it is the one that was expected.
    pub holds: bool,
}

impl Decided<'_> {
    /// Whether every decision is the one that was expected.
    pub fn holds(&self) -> bool {
        self.decisions.iter().all(|decision| decision.holds)
    }
}

/// Decides the samples of the policy in these regions. One about services that run in none of them
/// is left out.
pub fn decide<'a>(samples: &'a [Sample], regions: &'a [Answers<'a>]) -> Vec<Decided<'a>> {
    let decided = samples.iter().map(|sample| {
        let decisions = regions.iter().flat_map(|answers| decisions(sample, answers)).collect();
        Decided { sample, decisions }
    });
    decided.filter(|decided| !decided.decisions.is_empty()).collect()
}

fn decisions<'a>(sample: &'a Sample, answers: &'a Answers<'a>) -> Vec<Decision<'a>> {
    let Some(host) = sample.host.get(answers.region) else { return Vec::new() };
    let question = Question { host, port: sample.port, protocol: sample.protocol, at: None };
    let services = (0..answers.policy().services.len() as u32).map(ServiceId);
    let meant = services.filter(|id| sample.service.is_none_or(|service| service == *id));
    let here = meant.filter(|id| answers.runs(*id));
    let decided = here.map(|service| {
        let answer = answers.ask(service, &question);
        let holds = answer.verdict.action == Action::from(sample.expected);
        Decision { answers, service, answer, holds }
    });
    decided.collect()
}

impl From<Expected> for Action {
    fn from(expected: Expected) -> Self {
        match expected {
            Expected::Allow => Self::Allow,
            Expected::Deny => Self::Deny,
            Expected::Observe => Self::Observe,
        }
    }
}
