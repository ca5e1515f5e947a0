//! AWS Network Firewall as a state machine: what it keeps, what it refuses and what it takes its time for.
//!
//! A [`Cloud`] answers calls of the API as JSON, deterministically: its clock is a number that grows with
//! every call, and whatever is random comes from a seed. [`faults`] come between a call and its answer.
//! [`http`] puts a server in front of it that the SDKs of AWS, Terraform and botocore talk to.
//!
//! Each check names its source:
//!
//! * model: botocore 1.44.5, `network-firewall/2020-11-12/service-2.json` (2026-11-17);
//! * guide: <https://docs.aws.amazon.com/network-firewall/latest/developerguide/>, the page named (2026-11);
//! * reference: <https://docs.aws.amazon.com/network-firewall/latest/APIReference/>, the page named (2026-11);
//! * measured: answers of the service itself to dry runs in us-east-1 on 2026-09-25, as
//!   <https://github.com/badmintoncryer/cdk-preflight> quotes them in `rules/networkfirewall`;
//! * assumed: nobody says; the emulator takes the stricter reading.

mod faults;
mod firewalls;
mod groups;
pub(crate) mod http;
mod loader;
mod policies;
mod request;
mod service;
mod signatures;
mod stack;

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

pub(crate) use faults::{Chaos, Fault, Injection};
pub(crate) use firewalls::Endpoint;
use loader::Load;
pub(crate) use loader::Loader;
pub(crate) use policies::Version;
use service::{Random, Region, Service};
pub(crate) use stack::Stack;

/// The second that the clock starts at: 2026-11-24T00:00:00Z.
const EPOCH: u64 = 1_795_478_400;

/// Network Firewall in every region of one account.
#[derive(Clone)]
pub(crate) struct Cloud {
    settings: Settings,
    tick: u64,
    random: Random,
    regions: BTreeMap<String, Region>,
    faults: faults::Faults,
    /// Calls that are under way: when they arrive, where, for what and with what.
    late: Vec<(u64, String, String, Value)>,
    journal: Vec<Call>,
}

/// How the service is, where accounts differ or nobody knows.
#[derive(Clone)]
pub(crate) struct Settings {
    /// What identifiers and tokens are made from.
    pub(crate) seed: u64,
    /// Whose account it is.
    pub(crate) account: String,
    /// How far a call moves the clock.
    pub(crate) ticks_per_call: u64,
    /// How long a zone takes to enforce what changed, in ticks.
    pub(crate) sync: u64,
    /// How long an endpoint takes to be made, in ticks.
    pub(crate) provisioning: u64,
    /// How long a firewall takes to go, in ticks.
    pub(crate) deletion: u64,
    /// How long a group or policy is said to be in use after it was left, in ticks.
    pub(crate) release: u64,
    /// Stateful rule groups a region; adjustable (guide, "quotas").
    pub(crate) groups: usize,
    /// Firewall policies a region; adjustable (guide, "quotas").
    pub(crate) policies: usize,
    /// Firewalls a region; adjustable (guide, "quotas").
    pub(crate) firewalls: usize,
    /// What the stateful groups of a policy may reserve together; adjustable (guide, "quotas").
    pub(crate) capacity: u64,
    /// The longest page of a list (model, `PaginationMaxResults`).
    pub(crate) page: usize,
    /// What the sync states of a zone are called by.
    pub(crate) keys: Keys,
    /// How a rules string is read back.
    pub(crate) read_back: ReadBack,
    /// Which zone a subnet is in; others are in the zones of the region in turn.
    pub(crate) subnets: BTreeMap<String, String>,
    /// What loads the texts of rule groups as the service does; without it, only what this emulator
    /// itself knows is refused.
    pub(crate) loader: Option<Loader>,
}

/// What an object is called in `SyncState.Config`. By the pattern of the model it is a name; answers of
/// the service that people show have ARNs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Keys {
    Arn,
    Name,
}

/// What becomes of a rules string. It is not documented whether every byte comes back.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum ReadBack {
    Exact,
    /// Without empty lines and blanks at the end of lines.
    Trimmed,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            seed: 0,
            account: "123456789012".to_owned(),
            ticks_per_call: 1,
            sync: 2,
            provisioning: 2,
            deletion: 2,
            release: 1,
            groups: 50,
            policies: 20,
            firewalls: 5,
            capacity: 30_000,
            page: 100,
            keys: Keys::Arn,
            read_back: ReadBack::Exact,
            subnets: BTreeMap::new(),
            loader: None,
        }
    }
}

/// What the service says instead of doing it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Error {
    /// The name of the exception.
    pub(crate) code: &'static str,
    /// What is wrong.
    pub(crate) message: String,
}

impl Error {
    fn new(code: &'static str, message: impl Into<String>) -> Self {
        Self { code, message: message.into() }
    }

    fn invalid(message: impl Into<String>) -> Self {
        Self::new("InvalidRequestException", message)
    }

    /// The status of HTTP that it comes with.
    pub(crate) fn status(&self) -> u16 {
        match self.code {
            "InternalServerError" => 500,
            "MissingAuthenticationTokenException" => 403,
            _ => 400,
        }
    }
}

/// Why a client has no answer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Failure {
    /// The service refuses.
    Refused(Error),
    /// The connection broke; the client cannot know whether it was obeyed.
    Reset,
    /// The client died before it asked: no answer ever comes.
    Gone,
}

/// What a call came to, and how long that took.
pub(crate) struct Answer {
    pub(crate) result: Result<Value, Failure>,
    /// For how many ticks the answer was held back.
    pub(crate) late: u64,
}

/// A call as the journal remembers it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub(crate) struct Call {
    /// When it was obeyed.
    pub(crate) tick: u64,
    pub(crate) region: String,
    pub(crate) operation: String,
    pub(crate) actor: Actor,
    /// Whether it asks for a change; a dry run does not.
    pub(crate) mutating: bool,
    /// What came in between.
    pub(crate) fault: Option<&'static str>,
    pub(crate) outcome: Outcome,
}

/// Who called.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum Actor {
    /// Who is tested.
    Client,
    /// Somebody else with the same account.
    Other,
}

/// What became of a call, whatever its caller was told.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum Outcome {
    Done,
    Refused(&'static str),
    /// It never reached the service.
    Lost,
}

impl Call {
    /// Whether it changed something.
    pub(crate) fn changed(&self) -> bool {
        self.mutating && self.outcome == Outcome::Done
    }
}

impl Cloud {
    /// An account without anything.
    pub(crate) fn new(settings: Settings) -> Self {
        Self {
            random: Random::new(settings.seed),
            settings,
            tick: 0,
            regions: BTreeMap::new(),
            faults: faults::Faults::default(),
            late: Vec::new(),
            journal: Vec::new(),
        }
    }

    /// An account that has what these stacks have, all of it in sync.
    pub(crate) fn with_stacks(settings: Settings, stacks: &[Stack]) -> Self {
        let mut cloud = Self::new(settings);
        for stack in stacks {
            stack.make(&mut cloud);
        }
        cloud.advance(cloud.settings.provisioning + cloud.settings.sync);
        cloud.journal.clear();
        cloud
    }

    /// What a client gets for a call.
    pub(crate) fn call(
        &mut self,
        region: &str,
        operation: &str,
        body: Value,
    ) -> Result<Value, Failure> {
        self.answer(region, operation, body).result
    }

    /// The same, with how long it took.
    pub(crate) fn answer(&mut self, region: &str, operation: &str, body: Value) -> Answer {
        let has_token = body.get("UpdateToken").is_some();
        let Some(fault) = self.faults.strike(region, operation, has_token) else {
            return Answer { result: Err(Failure::Gone), late: 0 };
        };
        self.advance(self.settings.ticks_per_call);
        let mut late = 0;
        match &fault {
            Some(Fault::Slow { ticks }) => {
                late = *ticks;
                self.advance(late);
            }
            // What somebody else wants is theirs to have refused.
            Some(Fault::Act { region, operation, body }) => {
                let _ = self.act(region, operation, body.clone());
            }
            Some(Fault::Run(run)) => run.0(self),
            _ => {}
        }
        let mutating = is_mutating(operation, &body);
        let result = match (&fault, fault.as_ref().and_then(Fault::refusal)) {
            (Some(Fault::ResetBefore), _) => None,
            (Some(Fault::Late { ticks }), _) => {
                let at = self.tick + ticks;
                self.late.push((at, region.to_owned(), operation.to_owned(), body));
                None
            }
            (_, Some(error)) => Some(Err(error)),
            (_, None) => Some(self.obey(region, operation, body)),
        };
        let name = fault.as_ref().map(Fault::name);
        self.note(Actor::Client, region, operation, mutating, name, result.as_ref());
        let result = match (fault, result) {
            (Some(Fault::ResetAfter), _) | (_, None) => Err(Failure::Reset),
            (Some(Fault::ServerErrorAfter), _) => Err(Failure::Refused(faults::server_error())),
            (_, Some(result)) => result.map_err(Failure::Refused),
        };
        Answer { result, late }
    }

    /// Does what somebody else asks for. The clock stands still, and nothing comes in between. The token
    /// `"current"` stands for the one that the object has.
    pub(crate) fn act(
        &mut self,
        region: &str,
        operation: &str,
        mut body: Value,
    ) -> Result<Value, Error> {
        if body.get("UpdateToken").is_some_and(|token| token == "current") {
            body["UpdateToken"] = self.service(region).token_of(&body).into();
        }
        let mutating = is_mutating(operation, &body);
        let result = self.obey(region, operation, body);
        self.note(Actor::Other, region, operation, mutating, None, Some(&result));
        result
    }

    /// Writes a call down; one without a result never arrived.
    fn note(
        &mut self,
        actor: Actor,
        region: &str,
        operation: &str,
        mutating: bool,
        fault: Option<&'static str>,
        result: Option<&Result<Value, Error>>,
    ) {
        let outcome = match result {
            None => Outcome::Lost,
            Some(Err(error)) => Outcome::Refused(error.code),
            Some(Ok(_)) => Outcome::Done,
        };
        let (region, operation) = (region.to_owned(), operation.to_owned());
        let tick = self.tick;
        self.journal.push(Call { tick, region, operation, actor, mutating, fault, outcome });
    }

    fn obey(&mut self, region: &str, operation: &str, body: Value) -> Result<Value, Error> {
        self.service(region).call(operation, body)
    }

    fn service(&mut self, region: &str) -> Service<'_> {
        let state = self.regions.entry(region.to_owned()).or_default();
        Service::new(&self.settings, &mut self.random, self.tick, region.to_owned(), state)
    }

    /// Lets time pass.
    pub(crate) fn advance(&mut self, ticks: u64) {
        self.tick += ticks;
        for region in self.regions.values_mut() {
            region.settle(self.tick);
        }
        let now = self.tick;
        let due: Vec<_> = self.late.extract_if(.., |(at, ..)| *at <= now).collect();
        for (_, region, operation, body) in due {
            let mutating = is_mutating(&operation, &body);
            let result = self.obey(&region, &operation, body);
            self.note(Actor::Client, &region, &operation, mutating, Some("late"), Some(&result));
        }
    }

    /// How the service is.
    pub(crate) fn settings(&self) -> &Settings {
        &self.settings
    }

    /// Changes how the service is, as when a quota is raised.
    pub(crate) fn settings_mut(&mut self) -> &mut Settings {
        &mut self.settings
    }

    /// What time it is.
    pub(crate) fn tick(&self) -> u64 {
        self.tick
    }

    /// Every call so far that reached the service or was meant to, in order.
    pub(crate) fn journal(&self) -> &[Call] {
        &self.journal
    }

    /// Forgets the calls so far.
    pub(crate) fn clear_journal(&mut self) {
        self.journal.clear();
    }

    /// Lets something go wrong from now on; what was said first comes first.
    pub(crate) fn inject(&mut self, injection: Injection) {
        self.faults.injections.push(injection);
    }

    /// Lets things go wrong at random from now on.
    pub(crate) fn unleash(&mut self, chaos: Chaos) {
        self.faults.chaos = Some(chaos);
    }

    /// Whether anybody answers in a region.
    pub(crate) fn set_down(&mut self, region: &str, is_down: bool) {
        if is_down {
            self.faults.down.insert(region.to_owned());
        } else {
            self.faults.down.remove(region);
        }
    }

    /// The client dies when this many more calls have been answered.
    pub(crate) fn kill_after(&mut self, calls: u64) {
        self.faults.left = Some(calls);
    }

    /// Whether the client has called once more than it could.
    pub(crate) fn is_killed(&self) -> bool {
        self.faults.killed
    }

    /// Nothing goes wrong until [`Cloud::resume`], which is given what this gives.
    pub(crate) fn suspend(&mut self) -> faults::Faults {
        std::mem::take(&mut self.faults)
    }

    /// What went wrong before [`Cloud::suspend`] does so again.
    pub(crate) fn resume(&mut self, faults: faults::Faults) {
        self.faults = faults;
    }

    /// Nothing goes wrong any more, and the next client lives.
    pub(crate) fn heal(&mut self) {
        self.faults = faults::Faults::default();
    }

    /// How the endpoint of a zone takes changes from now on.
    pub(crate) fn set_endpoint(&mut self, region: &str, zone: &str, endpoint: Endpoint) {
        let state = self.regions.entry(region.to_owned()).or_default();
        state.endpoints.insert(zone.to_owned(), endpoint);
        state.settle(self.tick);
    }

    /// Something the service found wrong with a policy after it accepted it (model,
    /// `FirewallPolicyResponse.Errors`).
    pub(crate) fn add_policy_error(&mut self, region: &str, policy: &str, code: &str, what: &str) {
        let state = self.regions.get_mut(region);
        if let Some(policy) = state.and_then(|state| state.policies.get_mut(policy)) {
            policy.errors.push(json!({ "Code": code, "Message": what }));
        }
    }

    /// Everything that a policy has ever said, in order; the last is what it says, unless it is gone.
    pub(crate) fn versions(&self, region: &str, policy: &str) -> &[std::sync::Arc<Version>] {
        let state = self.regions.get(region);
        state.and_then(|state| state.versions.get(policy)).map_or(&[], Vec::as_slice)
    }

    /// What each zone of a firewall enforces.
    pub(crate) fn enforced(
        &self,
        region: &str,
        firewall: &str,
    ) -> BTreeMap<&str, Option<&Version>> {
        let state = self.regions.get(region);
        let firewall = state.and_then(|state| state.firewalls.get(firewall));
        let zones = firewall.into_iter().flat_map(|firewall| &firewall.zones);
        zones.map(|(zone, state)| (zone.as_str(), state.enforced.as_deref())).collect()
    }

    /// The names of the stateful rule groups of a region.
    pub(crate) fn groups(&self, region: &str) -> Vec<&str> {
        let groups = self.regions.get(region).into_iter().flat_map(|state| state.groups.keys());
        groups.filter(|(kind, _)| *kind == Kind::Stateful).map(|(_, name)| name.as_str()).collect()
    }
}

/// The types of rule groups that classic policies have (model, `RuleGroupType`).
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "UPPERCASE")]
pub(crate) enum Kind {
    Stateless,
    Stateful,
}

/// Whether a call asks for a change.
fn is_mutating(operation: &str, body: &Value) -> bool {
    let is_dry_run = body.get("DryRun").is_some_and(|it| it == true);
    !operation.starts_with("Describe") && !operation.starts_with("List") && !is_dry_run
}
