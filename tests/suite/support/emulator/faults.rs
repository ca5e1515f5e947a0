//! What comes between a call and its answer.

use std::collections::BTreeSet;
use std::fmt;
use std::sync::Arc;

use serde::Deserialize;
use serde_json::Value;

use super::service::Random;
use super::{Cloud, Error};

/// Something that goes wrong with a call.
#[derive(Debug, Clone, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub(crate) enum Fault {
    /// Too many calls; nothing is done.
    Throttle,
    /// The service fails; nothing is done.
    ServerError,
    /// The service says that it failed, and has done it.
    ServerErrorAfter,
    /// The connection breaks before the call arrives.
    ResetBefore,
    /// The connection breaks after it was done: the answer is lost.
    ResetAfter,
    /// The connection breaks, and the call is obeyed when the client has gone on.
    Late {
        /// How much later, in ticks.
        ticks: u64,
    },
    /// The token is called stale, whatever it is; befalls only calls that carry one.
    StaleToken,
    /// It takes long.
    Slow {
        /// For how long, in ticks.
        ticks: u64,
    },
    /// Somebody else calls first, see [`Cloud::act`].
    Act {
        /// Where.
        region: String,
        /// What for.
        operation: String,
        /// With what.
        body: Value,
    },
    /// Anything else happens first.
    #[serde(skip)]
    Run(Run),
}

/// Anything that happens between two calls.
#[derive(Clone)]
pub(crate) struct Run(pub(crate) Arc<dyn Fn(&mut Cloud) + Send + Sync>);

impl fmt::Debug for Run {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Run")
    }
}

impl Fault {
    /// Something that happens first.
    pub(crate) fn run(run: impl Fn(&mut Cloud) + Send + Sync + 'static) -> Self {
        Self::Run(Run(Arc::new(run)))
    }

    pub(super) fn name(&self) -> &'static str {
        match self {
            Self::Throttle => "throttle",
            Self::ServerError => "server-error",
            Self::ServerErrorAfter => "server-error-after",
            Self::ResetBefore => "reset-before",
            Self::ResetAfter => "reset-after",
            Self::Late { .. } => "late",
            Self::StaleToken => "stale-token",
            Self::Slow { .. } => "slow",
            Self::Act { .. } => "act",
            Self::Run(_) => "run",
        }
    }

    /// What the service says instead of doing it.
    pub(super) fn refusal(&self) -> Option<Error> {
        match self {
            Self::Throttle => Some(Error::new("ThrottlingException", "Rate exceeded")),
            Self::ServerError => Some(server_error()),
            Self::StaleToken => Some(stale()),
            _ => None,
        }
    }
}

pub(super) fn server_error() -> Error {
    Error::new("InternalServerError", "Internal server error")
}

/// What the service says to a token that is not the object's (model, `InvalidTokenException`).
pub(super) fn stale() -> Error {
    Error::new("InvalidTokenException", "Update token is invalid")
}

/// A fault, and the calls it befalls.
#[derive(Debug, Clone, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub(crate) struct Injection {
    fault: Fault,
    /// Only there.
    #[serde(default)]
    region: Option<String>,
    /// Only those.
    #[serde(default)]
    operation: Option<String>,
    /// After so many of them.
    #[serde(default)]
    after: u64,
    /// Of the rest, one in so many.
    #[serde(default = "one")]
    every: u64,
    /// So often.
    #[serde(default = "one")]
    times: u64,
    #[serde(skip)]
    seen: u64,
}

fn one() -> u64 {
    1
}

impl Injection {
    /// Befalls the next call.
    pub(crate) fn new(fault: Fault) -> Self {
        let (region, operation) = (None, None);
        Self { fault, region, operation, after: 0, every: 1, times: 1, seen: 0 }
    }

    /// Only in a region.
    pub(crate) fn in_region(self, region: &str) -> Self {
        Self { region: Some(region.to_owned()), ..self }
    }

    /// Only calls of an operation.
    pub(crate) fn on(self, operation: &str) -> Self {
        Self { operation: Some(operation.to_owned()), ..self }
    }

    /// Not the first calls.
    pub(crate) fn after(self, after: u64) -> Self {
        Self { after, ..self }
    }

    /// One call in so many.
    pub(crate) fn every(self, every: u64) -> Self {
        Self { every, ..self }
    }

    /// So many calls, not one.
    pub(crate) fn times(self, times: u64) -> Self {
        Self { times, ..self }
    }

    /// Whether it befalls this call.
    fn strikes(&mut self, region: &str, operation: &str, has_token: bool) -> bool {
        let is_meant = self.region.as_deref().is_none_or(|it| it == region)
            && self.operation.as_deref().is_none_or(|it| it == operation)
            && (has_token || !matches!(self.fault, Fault::StaleToken));
        if !is_meant {
            return false;
        }
        self.seen += 1;
        let strikes = self.times > 0
            && self.seen > self.after
            && (self.seen - self.after - 1).is_multiple_of(self.every.max(1));
        self.times -= u64::from(strikes);
        strikes
    }
}

/// Faults at random.
#[derive(Debug, Clone)]
pub(crate) struct Chaos {
    random: Random,
    per_mille: u64,
    faults: Vec<Fault>,
}

impl Chaos {
    /// Of 1,000 calls, so many meet one of these faults.
    pub(crate) fn new(seed: u64, per_mille: u64, faults: Vec<Fault>) -> Self {
        Self { random: Random::new(seed), per_mille, faults }
    }

    /// Every fault that only concerns one call.
    pub(crate) fn anything(seed: u64, per_mille: u64) -> Self {
        let faults = vec![
            Fault::Throttle,
            Fault::ServerError,
            Fault::ServerErrorAfter,
            Fault::ResetBefore,
            Fault::ResetAfter,
            Fault::Late { ticks: 3 },
            Fault::StaleToken,
            Fault::Slow { ticks: 3 },
        ];
        Self::new(seed, per_mille, faults)
    }

    fn strike(&mut self, has_token: bool) -> Option<Fault> {
        let strikes = self.random.below(1_000) < self.per_mille;
        let fault = self.faults.get(self.random.below(self.faults.len() as u64) as usize);
        fault.filter(|it| strikes && (has_token || !matches!(it, Fault::StaleToken))).cloned()
    }
}

/// All that goes wrong.
#[derive(Clone, Debug, Default)]
pub(crate) struct Faults {
    pub(super) injections: Vec<Injection>,
    pub(super) chaos: Option<Chaos>,
    /// Regions where nobody answers.
    pub(super) down: BTreeSet<String>,
    /// How many calls the client has left; `None` if it lives.
    pub(super) left: Option<u64>,
    pub(super) killed: bool,
}

impl Faults {
    /// What befalls a call; `None` if its client is dead.
    pub(super) fn strike(
        &mut self,
        region: &str,
        operation: &str,
        has_token: bool,
    ) -> Option<Option<Fault>> {
        match &mut self.left {
            Some(0) => {
                self.killed = true;
                return None;
            }
            Some(left) => *left -= 1,
            None => {}
        }
        if self.down.contains(region) {
            return Some(Some(Fault::ResetBefore));
        }
        let mut injections = self.injections.iter_mut();
        let injected = injections.find_map(|injection| {
            injection.strikes(region, operation, has_token).then(|| injection.fault.clone())
        });
        let by_chance = self.chaos.as_mut().and_then(|chaos| chaos.strike(has_token));
        Some(injected.or(by_chance))
    }
}
