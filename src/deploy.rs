//! Delivery as data: what a region should enforce, what it enforces, and the steps in between.
//!
//! [`observe()`] asks a region through the [`Firewall`] trait, [`plan()`] decides, [`push()`] does it.
//! A push never edits what is in force. It makes the rule groups of a new *generation*, switches the
//! firewall policy to them in one guarded call, and deletes what is too old when every region has
//! switched; so at every moment a region enforces one whole generation. No state file can be lost or
//! go stale: what belongs to a generation, and which ones came before it, stands in the names and tags
//! of its groups ([`Stamp`]).

mod observe;
mod plan;
mod push;
mod stamp;
mod status;

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::emit::{self, Content, Context, Delivery};
use crate::policy::Action;
use crate::project::Project;

pub use observe::{Live, Observed, observe};
pub use plan::{
    Empty, Missing, Options, Place, Plan, Refusal, RegionPlan, Seen, Step, destroy, plan, rollback,
};
pub use push::{Event, Held, OnFailure, Order, Outcome, Push, RegionReport, Report, push};
pub use stamp::{Named, Origin, Past, Stamp};
pub use status::{Drift, Status, status};

/// The objects of a region that a project is about.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Target {
    /// The name of the project.
    pub project: String,
    /// The role of the region.
    pub role: String,
    /// The name AWS has for it: `us-east-1`.
    pub region: String,
    /// The name of its firewall policy.
    pub policy: String,
    /// The names of the firewalls that enforce that policy.
    pub firewalls: Vec<String>,
}

impl Target {
    /// The objects of a region; `None` if the project does not say which one of AWS it is.
    pub fn new(project: &Project, role: &str) -> Option<Self> {
        let region = project.regions.get(role)?.aws.clone()?;
        Some(Self {
            project: project.name.clone(),
            role: role.to_owned(),
            region,
            policy: project.policy_name(role),
            firewalls: project.firewalls(role),
        })
    }
}

/// What a region should enforce.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Desired {
    /// Where.
    pub target: Target,
    /// How the firewall policy has to be set for the content to mean what it says.
    pub shell: Shell,
    /// What identifies the content: [`Delivery::digest`].
    pub digest: String,
    /// The rule groups, in strict order.
    pub groups: Vec<Sized>,
    /// How many signatures let something through because an entry says so.
    pub grants: usize,
}

/// The content of a rule group, and the room it takes.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Sized {
    /// How many signatures AWS reserves for it; cannot be changed once it exists.
    pub capacity: u32,
    /// The rest.
    #[serde(flatten)]
    pub content: Content,
}

impl Desired {
    /// What a compiled region should be delivered; `None` if the project does not say which region of
    /// AWS it is.
    pub fn new(context: &Context<'_>, delivery: &Delivery<'_>) -> Option<Self> {
        let ruleset = delivery.ruleset;
        let groups = ruleset.groups.iter();
        let allows = |action: Action| action == Action::Allow;
        let metadata = ruleset.signatures.iter().filter_map(|signature| signature.metadata());
        Some(Self {
            target: Target::new(context.project, &ruleset.region.role)?,
            shell: Shell::wanted(emit::home_net(context.project, ruleset)),
            digest: delivery.digest.clone(),
            groups: groups
                .map(|group| Sized { capacity: group.capacity, content: delivery.content(group) })
                .collect(),
            grants: metadata.filter(|metadata| allows(metadata.action)).count(),
        })
    }
}

/// How a firewall policy is set, apart from the rule groups it refers to.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Shell {
    /// The order of evaluation: `STRICT_ORDER`.
    pub rule_order: String,
    /// What happens to every packet before the stateful engine.
    pub stateless_actions: Vec<String>,
    /// What happens to every fragment before the stateful engine.
    pub fragment_actions: Vec<String>,
    /// ARNs of stateless rule groups, which decide before any signature does.
    pub stateless_groups: Vec<String>,
    /// What happens to what no signature decides, sorted.
    pub stateful_actions: Vec<String>,
    /// What happens to a connection whose beginning was not seen.
    pub stream_exceptions: String,
    /// After how many seconds without a packet a TCP connection is forgotten.
    pub idle_seconds: u32,
    /// The addresses the engine calls its own, sorted; none leaves them to the VPC's.
    pub home_net: Vec<String>,
}

impl Shell {
    /// How the policy of what fwc compiles has to be set.
    fn wanted(home_net: Vec<String>) -> Self {
        let owned = |actions: &[&str]| actions.iter().map(|it| (*it).to_owned()).collect();
        Self {
            rule_order: emit::RULE_ORDER.to_owned(),
            stateless_actions: owned(&emit::STATELESS_ACTIONS),
            fragment_actions: owned(&emit::STATELESS_ACTIONS),
            stateless_groups: Vec::new(),
            stateful_actions: owned(&emit::STATEFUL_ACTIONS),
            stream_exceptions: emit::STREAM_EXCEPTIONS.to_owned(),
            idle_seconds: emit::IDLE_SECONDS,
            home_net,
        }
        .sorted()
    }

    /// The same, with what has no order in order.
    #[must_use]
    pub fn sorted(mut self) -> Self {
        self.stateful_actions.sort();
        self.home_net.sort();
        self
    }

    /// What another one sets differently: the setting, this value and the other.
    pub fn differences(&self, other: &Self) -> Vec<(&'static str, String, String)> {
        let list = |values: &[String]| {
            if values.is_empty() { "none".to_owned() } else { values.join(", ") }
        };
        let all = |shell: &Self| {
            [
                ("rule order", shell.rule_order.clone()),
                ("stateless default actions", list(&shell.stateless_actions)),
                ("stateless default actions for fragments", list(&shell.fragment_actions)),
                ("stateless rule groups", list(&shell.stateless_groups)),
                ("stateful default actions", list(&shell.stateful_actions)),
                ("stream exception policy", shell.stream_exceptions.clone()),
                ("TCP idle timeout", format!("{} s", shell.idle_seconds)),
                ("HOME_NET", list(&shell.home_net)),
            ]
        };
        let pairs = all(self).into_iter().zip(all(other));
        pairs
            .filter(|((_, this), (_, that))| this != that)
            .map(|((setting, this), (_, that))| (setting, this, that))
            .collect()
    }
}

/// A firewall policy as it stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PolicyState {
    /// Its ARN.
    pub arn: String,
    /// What an update has to carry; another one for every change.
    pub token: String,
    /// How it is set.
    pub shell: Shell,
    /// The stateful rule groups it refers to, sorted by priority.
    pub references: Vec<Reference>,
    /// How many firewalls use it.
    pub associations: u32,
    /// What AWS found wrong with it after it was accepted.
    pub errors: Vec<String>,
}

/// A place of a rule group in a firewall policy.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Reference {
    /// 1 to 65,535, the lowest first.
    pub priority: u32,
    /// The ARN of the group.
    pub arn: String,
}

impl Reference {
    /// The name of the group.
    pub fn name(&self) -> &str {
        name_of(&self.arn)
    }
}

/// The name at the end of an ARN.
fn name_of(arn: &str) -> &str {
    arn.rsplit_once('/').map_or(arn, |(_, name)| name)
}

/// A rule group as it stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct GroupState {
    /// Its ARN.
    pub arn: String,
    /// How many signatures AWS reserves for it.
    pub capacity: u32,
    /// What it holds; `None` if that is no text of signatures in strict order.
    pub content: Option<Content>,
    /// Its tags.
    pub tags: BTreeMap<String, String>,
}

/// A firewall as it stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FirewallState {
    /// Its name.
    pub name: String,
    /// The ARN of the policy it enforces.
    pub policy: String,
    /// Its Availability Zones, by name.
    pub zones: Vec<Zone>,
}

/// What one zone's endpoint enforces.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Zone {
    /// Which firewall it belongs to.
    pub firewall: String,
    /// Its name: `us-east-1a`.
    pub zone: String,
    /// Whether the endpoint has everything.
    pub sync: Sync,
    /// The token of the policy it enforces.
    pub token: Option<String>,
    /// What AWS says about it.
    pub message: Option<String>,
}

/// Whether an endpoint has everything it should enforce.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Sync {
    /// It has.
    InSync,
    /// It is being told.
    Pending,
    /// It cannot hold it.
    CapacityConstrained,
    /// AWS says something else.
    Unknown,
}

impl Sync {
    /// Its word in a report.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::InSync => "in sync",
            Self::Pending => "pending",
            Self::CapacityConstrained => "capacity constrained",
            Self::Unknown => "unknown",
        }
    }
}

/// A rule group to be made.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct NewGroup {
    /// Its name: [`Stamp::name`].
    pub name: String,
    /// What people read in the console.
    pub description: String,
    /// Its room and content.
    #[serde(flatten)]
    pub sized: Sized,
    /// Its tags: [`Stamp::tags`].
    pub tags: BTreeMap<String, String>,
}

/// A firewall policy to be made.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct NewPolicy {
    /// Its name.
    pub name: String,
    /// What people read in the console.
    pub description: String,
    /// How it is set.
    pub shell: Shell,
    /// Its tags.
    pub tags: BTreeMap<String, String>,
}

/// The firewall service of one region.
///
/// An implementation asks the service again where that is harmless, and gives up with
/// [`Error::Unavailable`]; then nobody knows whether a call that changes something was obeyed.
#[allow(async_fn_in_trait, reason = "a command drives every region on one thread")]
pub trait Firewall {
    /// A firewall policy by name; `None` if there is none.
    async fn policy(&self, name: &str) -> Result<Option<PolicyState>, Error>;

    /// The ARNs of every stateful rule group of the account, in any order.
    async fn groups(&self) -> Result<Vec<String>, Error>;

    /// A stateful rule group by name; `None` if there is none.
    async fn group(&self, name: &str) -> Result<Option<GroupState>, Error>;

    /// A firewall by name; `None` if there is none.
    async fn firewall(&self, name: &str) -> Result<Option<FirewallState>, Error>;

    /// Asks whether a group would be accepted; makes nothing.
    async fn check_group(&self, group: &NewGroup) -> Result<(), Error>;

    /// Makes a group; gives its ARN.
    async fn create_group(&self, group: &NewGroup) -> Result<String, Error>;

    /// Makes a policy that refers to these groups.
    async fn create_policy(&self, policy: &NewPolicy, to: &[Reference]) -> Result<(), Error>;

    /// Makes a policy refer to these groups and to no others, and changes nothing else in it: not its
    /// settings, and not what else is said about a group it referred to before. Fails with
    /// [`Error::Stale`] if the token is not the policy's any more. Gives the new token.
    async fn switch(&self, policy: &str, token: &str, to: &[Reference]) -> Result<String, Error>;

    /// Deletes a group by name.
    async fn delete_group(&self, name: &str) -> Result<(), Error>;

    /// Waits before the service is asked again how far it is.
    async fn pause(&self);
}

/// Why the service did not do it.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Error {
    /// Somebody changed the object since it was read.
    #[error("it was changed by somebody else meanwhile")]
    Stale,
    /// There is no such object.
    #[error("there is no such object")]
    Missing,
    /// The object is still referred to.
    #[error("it is still in use")]
    InUse,
    /// The service says no, and would again: wrong content, a name that is taken, a quota, a missing
    /// permission.
    #[error("{0}")]
    Refused(String),
    /// The service did not answer, or not usefully. What was asked may have been done.
    #[error("no answer: {0}")]
    Unavailable(String),
}
