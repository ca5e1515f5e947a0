//! From what is wanted and what is there to the steps in between.

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};

use super::observe::held;
use super::{
    Desired, NewGroup, NewPolicy, Observed, Origin, Past, Reference, Shell, Stamp, Target,
};
use crate::emit::{self, PRIORITY_STEP};

/// How many stateful rule groups a policy may refer to
/// (<https://docs.aws.amazon.com/network-firewall/latest/developerguide/quotas.html>, checked
/// 2026-11-22; cannot be raised).
const MOST_REFERENCES: usize = 20;

/// The version of plans that are written and read.
const SCHEMA: u32 = 1;

/// What is to be done in every region: data, to be reviewed, kept and pushed later.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Plan {
    /// The version of this form.
    pub schema: u32,
    /// The name of the project.
    pub project: String,
    /// What is done where, in the order in which regions are switched.
    pub regions: Vec<RegionPlan>,
}

impl Plan {
    /// A plan for regions, in the order in which they are switched.
    pub fn new(project: &str, regions: Vec<RegionPlan>) -> Self {
        Self { schema: SCHEMA, project: project.to_owned(), regions }
    }

    /// Reads a plan back.
    ///
    /// # Errors
    ///
    /// It is none, is one of another version, or somebody has edited it: what it would make is not what
    /// it says it makes.
    pub fn read(text: &str) -> Result<Self, String> {
        let plan: Self = serde_json::from_str(text).map_err(|error| format!("no plan: {error}"))?;
        if plan.schema != SCHEMA {
            return Err(format!("a plan of version {}, and this fwc reads {SCHEMA}", plan.schema));
        }
        match plan.regions.iter().find(|region| !region.is_sound()) {
            Some(region) => {
                let role = &region.target.role;
                Err(format!("what it makes in `{role}` is not what it says: plan again"))
            }
            None => Ok(plan),
        }
    }

    /// As JSON, which [`Plan::read`] reads.
    pub fn to_json(&self) -> String {
        emit::json(self)
    }

    /// Whether nothing would change anywhere.
    pub fn is_empty(&self) -> bool {
        self.regions.iter().all(RegionPlan::is_empty)
    }
}

/// What is to be done in a region.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct RegionPlan {
    /// Where.
    pub target: Target,
    /// The generation that is then in force; `None` for none of ours.
    pub generation: Option<Past>,
    /// What it was decided on; a firewall that moved on since is not touched.
    pub seen: Seen,
    /// What to do, in this order.
    pub steps: Vec<Step>,
    /// What a person should know, each a phrase.
    pub notes: Vec<String>,
}

/// What a plan was decided on.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Seen {
    /// The token of the firewall policy; `None` if there was no policy.
    pub token: Option<String>,
    /// How it was set.
    pub shell: Shell,
    /// What it referred to.
    pub references: Vec<Reference>,
    /// The generation in force, if it was a whole one.
    pub generation: Option<Past>,
    /// The digest of what the groups of ours held, whoever wrote it.
    pub held: Option<String>,
}

impl Seen {
    fn of(observed: &Observed) -> Self {
        let policy = observed.policy.as_ref();
        Self {
            token: policy.map(|policy| policy.token.clone()),
            shell: policy.map(|policy| policy.shell.clone()).unwrap_or_default(),
            references: policy.map(|policy| policy.references.clone()).unwrap_or_default(),
            generation: observed.generation().map(Stamp::past),
            held: held(&observed.live),
        }
    }
}

/// One thing that is done, and why.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "step", rename_all = "kebab-case")]
pub enum Step {
    /// Make a rule group.
    CreateGroup {
        /// Which.
        group: NewGroup,
        /// Why.
        cause: String,
    },
    /// Make sure that a group is still what it was, since it comes into force again.
    Reuse {
        /// Its name.
        name: String,
        /// Its ARN.
        arn: String,
        /// Why.
        cause: String,
    },
    /// Make the firewall policy, referring to these groups.
    CreatePolicy {
        /// The policy.
        policy: NewPolicy,
        /// The groups.
        to: Vec<Place>,
        /// Why.
        cause: String,
    },
    /// Make the policy refer to these groups and no others.
    UpdatePolicy {
        /// The groups.
        to: Vec<Place>,
        /// Why.
        cause: String,
    },
    /// Delete a group, once every region has switched.
    DeleteGroup {
        /// Its name.
        name: String,
        /// Why.
        cause: String,
    },
    /// Leave a group as it is.
    Keep {
        /// Its name.
        name: String,
        /// Why.
        cause: String,
    },
}

/// A place in a firewall policy: of a group that is there, or that the plan makes.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Place {
    /// 1 to 65,535, the lowest first.
    pub priority: u32,
    /// The name of the group.
    pub group: String,
    /// Its ARN, if it is known yet.
    pub arn: Option<String>,
}

impl RegionPlan {
    /// Whether nothing would change.
    pub fn is_empty(&self) -> bool {
        self.steps.iter().all(|step| matches!(step, Step::Keep { .. }))
    }

    /// How the firewall is not what the plan was decided on any more, each a phrase. Another token alone
    /// is no difference: it changes with the tags of a policy, too.
    pub fn moved(&self, observed: &Observed) -> Vec<String> {
        let (before, now) = (&self.seen, Seen::of(observed));
        let name = &self.target.policy;
        match (&before.token, &now.token) {
            (None, Some(_)) => return vec![format!("there was no `{name}`, and now there is one")],
            (Some(_), None) => return vec![format!("`{name}` is gone")],
            (None, None) | (Some(_), Some(_)) => {}
        }
        let settings = before.shell.differences(&now.shell).into_iter();
        let mut moved: Vec<_> = settings
            .map(|(setting, was, is)| format!("the {setting} of `{name}` was {was} and is {is}"))
            .collect();
        let lacking = |these: &[Reference], those: &[Reference]| {
            let these = these.iter().filter(|it| !those.contains(it));
            these.map(|it| (it.name().to_owned(), it.priority)).collect::<Vec<_>>()
        };
        let gone = lacking(&before.references, &now.references).into_iter();
        let new = lacking(&now.references, &before.references).into_iter();
        moved.extend(gone.map(|(group, priority)| {
            format!("`{name}` referred to `{group}` at priority {priority} and does not any more")
        }));
        moved.extend(new.map(|(group, priority)| {
            format!("`{name}` did not refer to `{group}` at priority {priority} and does now")
        }));
        if moved.is_empty() && before.held != now.held {
            moved.push(format!("a rule group of `{name}` was edited by hand"));
        }
        moved
    }

    /// Whether the groups to be made are those of one generation, with the content its digest says.
    fn is_sound(&self) -> bool {
        let groups = self.steps.iter().filter_map(|step| match step {
            Step::CreateGroup { group, .. } => Some(group),
            _ => None,
        });
        let mut parts = Vec::new();
        let mut said = None;
        for (part, group) in (1..).zip(groups) {
            let Some(stamp) = Stamp::of(&group.tags) else { return false };
            let is_next = stamp.part == part && stamp.is_of(&self.target);
            if !is_next || stamp.name() != group.name {
                return false;
            }
            parts.push((group.sized.content.digest(), group.sized.capacity));
            said = Some((stamp.digest, stamp.parts as usize));
        }
        let weighed = parts.iter().map(|(digest, capacity)| (digest.as_str(), *capacity));
        said.is_none_or(|said| said == (emit::generation_digest(weighed), parts.len()))
    }

    /// Whether it does the same as another one, decided on the same state of the firewall but for
    /// its token, which changes with the tags of a policy, too, and but for who pushes and when.
    pub fn is_same_as(&self, other: &Self) -> bool {
        let bare = |plan: &Self| {
            let mut plan = plan.clone();
            plan.seen.token = None;
            for step in &mut plan.steps {
                if let Step::CreateGroup { group, .. } = step
                    && let Some(stamp) = Stamp::of(&group.tags)
                {
                    group.tags = Stamp { origin: Origin::default(), ..stamp }.tags();
                }
            }
            plan
        };
        bare(self) == bare(other)
    }
}

/// What a plan may do.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Options {
    /// What a new generation says about where it comes from.
    pub origin: Origin,
    /// Whether a policy without any grant may take the place of one that has some.
    pub empty: Empty,
    /// What to do if there is no firewall policy.
    pub policy: Missing,
    /// How many generations before the one in force are kept.
    pub keep: u32,
    /// Stateful rule groups a region may have.
    pub quota: u32,
}

/// What a policy without a grant means.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Empty {
    /// A mistake.
    #[default]
    Refused,
    /// That everything is closed.
    Allowed,
}

/// What a missing firewall policy means.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Missing {
    /// That somebody else has to make it first.
    #[default]
    Refused,
    /// That it has to be made.
    Created,
}

/// Why there is no plan.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Refusal {
    /// There is no firewall policy.
    #[error(
        "there is no firewall policy `{0}`: Terraform makes it, or name yours in `firewall_policy` of \
         the region, or let `--create-policy` make one"
    )]
    NoPolicy(String),
    /// The policy is set otherwise than the content needs.
    #[error("the firewall policy has another {setting}: it is {is}, and has to be {should}")]
    Shell {
        /// What is set.
        setting: &'static str,
        /// To what.
        is: String,
        /// To what it has to be set.
        should: String,
    },
    /// Nothing would be allowed any more.
    #[error("nothing would be allowed any more; if that is meant, say `--allow-empty`")]
    Empty,
    /// A place is taken.
    #[error(
        "priority {0} of the firewall policy is taken by `{1}`, which is not ours: give it another one"
    )]
    Taken(u32, String),
    /// The policy would refer to too many groups.
    #[error(
        "the firewall policy would refer to {0} rule groups, {1} of them not ours, and AWS allows 20"
    )]
    References(usize, usize),
    /// The account would have too many groups.
    #[error(
        "{wanted} more rule groups do not fit: the region has {has} of {quota}, {ours} of them kept by \
         fwc; ask AWS for more (quota L-2D7A0EE2) and say so in `quotas.rule_groups`, or keep fewer \
         generations"
    )]
    Groups {
        /// How many are to be made.
        wanted: usize,
        /// How many there are.
        has: usize,
        /// How many there may be.
        quota: u32,
        /// How many of ours are not in force.
        ours: usize,
    },
    /// What is in force is no generation one could go back from.
    #[error(
        "what is in force is not one whole generation of fwc, so none came before it: push instead"
    )]
    NoGeneration,
    /// There is nothing to go back to.
    #[error("no generation before the one in force was kept")]
    NoPast,
}

/// Decides what to do in a region so that it enforces what is wanted.
///
/// # Errors
///
/// Every reason not to.
pub fn plan(
    desired: &Desired,
    observed: &Observed,
    options: &Options,
) -> Result<RegionPlan, Vec<Refusal>> {
    let target = &desired.target;
    let mut refusals = shell(desired, observed, options);
    let live = observed.generation();
    let is_same = match live {
        Some(live) => live.digest == desired.digest && observed.is_unedited(),
        None => desired.groups.is_empty() && observed.live.is_empty(),
    };
    if is_same && observed.policy.is_some() {
        let past = live.map(Stamp::past);
        let mut steps = kept(observed, "it is what the policy says");
        retire(observed, &memory(live), options, &mut steps);
        return some(target, past, observed, steps, refusals);
    }
    if desired.grants == 0 && options.empty == Empty::Refused && has_grants(observed) {
        refusals.push(Refusal::Empty);
    }
    let groups = next(desired, observed, options);
    let to = places(observed, groups.iter().map(|group| (group.name.clone(), None)));
    refusals.extend(limits(desired, observed, options, &to));
    let generation = groups.first().and_then(|group| Stamp::of(&group.tags));
    let cause = match live {
        None if observed.live.is_empty() => "nothing of fwc is in force".to_owned(),
        None => "what is in force is not one whole generation".to_owned(),
        Some(live) if live.digest == desired.digest => {
            format!("generation {} was edited by hand", live.generation)
        }
        Some(live) => format!("the policy is not what generation {} says", live.generation),
    };
    let created = groups.into_iter().map(|group| Step::CreateGroup { group, cause: cause.clone() });
    let mut steps: Vec<_> = created.collect();
    steps.push(match &observed.policy {
        Some(_) => Step::UpdatePolicy { to, cause: "all groups at once".to_owned() },
        None => Step::CreatePolicy {
            policy: NewPolicy {
                name: target.policy.clone(),
                description: description(target),
                shell: desired.shell.clone(),
                tags: policy_tags(target),
            },
            to,
            cause: "there is none".to_owned(),
        },
    });
    retire(observed, &memory(live), options, &mut steps);
    some(target, generation.as_ref().map(Stamp::past), observed, steps, refusals)
}

/// Decides how to bring the generation before the one in force back.
///
/// # Errors
///
/// Why there is none.
pub fn rollback(target: &Target, observed: &Observed) -> Result<RegionPlan, Vec<Refusal>> {
    if observed.policy.is_none() {
        return Err(vec![Refusal::NoPolicy(target.policy.clone())]);
    }
    let live = observed.generation().ok_or_else(|| vec![Refusal::NoGeneration])?;
    let past = live.before.first().ok_or_else(|| vec![Refusal::NoPast])?;
    let groups: Vec<_> = observed.idle.iter().filter(|named| named.past == *past).collect();
    if groups.is_empty() {
        return Err(vec![Refusal::NoPast]);
    }
    let of_past = |named: &&super::Named| (named.name().to_owned(), Some(named.arn.clone()));
    let to = places(observed, groups.iter().map(of_past));
    let cause = format!("it was in force before generation {}", live.generation);
    let mut steps: Vec<_> = groups
        .iter()
        .map(|named| Step::Reuse {
            name: named.name().to_owned(),
            arn: named.arn.clone(),
            cause: cause.clone(),
        })
        .collect();
    steps.push(Step::UpdatePolicy { to, cause: "all groups at once".to_owned() });
    steps.extend(kept(observed, "the next push may need it"));
    some(target, Some(past.clone()), observed, steps, Vec::new())
}

/// Decides how to take everything of ours out of a region; the firewall policy then refers only to
/// what is not ours, and its default actions close everything.
pub fn destroy(target: &Target, observed: &Observed) -> RegionPlan {
    let cause = || "everything of fwc goes".to_owned();
    let mut steps = Vec::new();
    if !observed.live.is_empty() {
        let to = places(observed, std::iter::empty());
        steps.push(Step::UpdatePolicy { to, cause: cause() });
    }
    let live = observed.live.iter().map(|live| live.reference.name());
    let names = live.chain(observed.idle.iter().map(super::Named::name));
    steps.extend(names.map(|name| Step::DeleteGroup { name: name.to_owned(), cause: cause() }));
    let (target, seen) = (target.clone(), Seen::of(observed));
    RegionPlan { target, generation: None, seen, steps, notes: observed.troubles.clone() }
}

fn some(
    target: &Target,
    generation: Option<Past>,
    observed: &Observed,
    steps: Vec<Step>,
    refusals: Vec<Refusal>,
) -> Result<RegionPlan, Vec<Refusal>> {
    if !refusals.is_empty() {
        return Err(refusals);
    }
    let mut notes = observed.troubles.clone();
    notes.extend(observed.foreign.iter().map(|reference| {
        format!(
            "the firewall policy also refers to `{}` at priority {}, which is not ours and stays",
            reference.name(),
            reference.priority
        )
    }));
    let (target, seen) = (target.clone(), Seen::of(observed));
    Ok(RegionPlan { target, generation, seen, steps, notes })
}

/// Whether the policy is there, and is set as the content needs.
fn shell(desired: &Desired, observed: &Observed, options: &Options) -> Vec<Refusal> {
    let Some(policy) = &observed.policy else {
        return match options.policy {
            Missing::Created => Vec::new(),
            Missing::Refused => vec![Refusal::NoPolicy(desired.target.policy.clone())],
        };
    };
    let differences = policy.shell.differences(&desired.shell).into_iter();
    differences.map(|(setting, is, should)| Refusal::Shell { setting, is, should }).collect()
}

/// The groups of the next generation.
fn next(desired: &Desired, observed: &Observed, options: &Options) -> Vec<NewGroup> {
    let live = observed.live.iter().map(|live| live.stamp.generation);
    let known = live.chain(observed.idle.iter().map(|named| named.past.generation));
    let generation = known.max().map_or(1, |newest| newest.saturating_add(1));
    let parts = u32::try_from(desired.groups.len()).unwrap_or(u32::MAX);
    let before = memory(observed.generation());
    (1..)
        .zip(&desired.groups)
        .map(|(part, sized)| {
            let stamp = Stamp {
                project: desired.target.project.clone(),
                role: desired.target.role.clone(),
                generation,
                part,
                parts,
                digest: desired.digest.clone(),
                before: before.clone(),
                origin: options.origin.clone(),
            };
            NewGroup {
                name: stamp.name(),
                description: description(&desired.target),
                sized: sized.clone(),
                tags: stamp.tags(),
            }
        })
        .collect()
}

/// The generations before the next one, the last one first.
fn memory(live: Option<&Stamp>) -> Vec<Past> {
    let Some(live) = live else { return Vec::new() };
    std::iter::once(live.past()).chain(live.before.iter().cloned()).collect()
}

/// The places of these groups of ours, among those of others, which stay.
fn places(observed: &Observed, ours: impl Iterator<Item = (String, Option<String>)>) -> Vec<Place> {
    let ours = (1..).zip(ours).map(|(part, (group, arn))| Place {
        priority: part * PRIORITY_STEP,
        group,
        arn,
    });
    let foreign = observed.foreign.iter().map(|reference| Place {
        priority: reference.priority,
        group: reference.name().to_owned(),
        arn: Some(reference.arn.clone()),
    });
    let mut places: Vec<_> = foreign.chain(ours).collect();
    places.sort_by_key(|place| place.priority);
    places
}

/// What AWS would refuse.
fn limits(desired: &Desired, observed: &Observed, options: &Options, to: &[Place]) -> Vec<Refusal> {
    let mut refusals = Vec::new();
    let taken: BTreeSet<_> = to.iter().map(|place| place.priority).collect();
    if taken.len() < to.len() {
        let is_ours = |priority: u32| {
            priority.is_multiple_of(PRIORITY_STEP)
                && priority / PRIORITY_STEP <= u32::try_from(desired.groups.len()).unwrap_or(0)
        };
        let in_the_way = observed.foreign.iter().filter(|it| is_ours(it.priority));
        refusals.extend(in_the_way.map(|it| Refusal::Taken(it.priority, it.name().to_owned())));
    }
    if to.len() > MOST_REFERENCES {
        refusals.push(Refusal::References(to.len(), observed.foreign.len()));
    }
    if observed.groups + desired.groups.len() > options.quota as usize {
        refusals.push(Refusal::Groups {
            wanted: desired.groups.len(),
            has: observed.groups,
            quota: options.quota,
            ours: observed.idle.len(),
        });
    }
    refusals
}

/// Whether something that is in force now is allowed by an entry.
fn has_grants(observed: &Observed) -> bool {
    let contents = observed.live.iter().filter_map(|live| live.state.content.as_ref());
    let mut lines = contents.flat_map(|content| content.rules.lines());
    lines.any(|line| line.contains("fwc_allow "))
}

/// What is in force stays.
fn kept(observed: &Observed, cause: &str) -> Vec<Step> {
    let names = observed.live.iter().map(|live| live.reference.name().to_owned());
    names.map(|name| Step::Keep { name, cause: cause.to_owned() }).collect()
}

/// What happens to the groups of ours that are then not in force: those of the generations before are
/// kept, as many as the project says, and nothing else.
fn retire(observed: &Observed, before: &[Past], options: &Options, steps: &mut Vec<Step>) {
    let is_in_force = |past: &Past| observed.generation().map(Stamp::past).as_ref() == Some(past);
    let switches = steps.iter().any(|step| !matches!(step, Step::Keep { .. }));
    // What is in force is no past yet if it stays.
    let past = before.iter().filter(|past| switches || !is_in_force(past));
    let keep: Vec<&Past> = past.take(options.keep as usize).collect();
    let leaving = observed.live.iter().filter(|_| switches);
    let leaving = leaving.map(|live| (live.reference.name(), live.stamp.past()));
    let idle = observed.idle.iter().map(|named| (named.name(), named.past.clone()));
    for (name, past) in leaving.chain(idle) {
        let name = name.to_owned();
        steps.push(if keep.contains(&&past) {
            let cause = format!("generation {} can be rolled back to", past.generation);
            Step::Keep { name, cause }
        } else if before.contains(&past) {
            let cause = format!("generation {} is too old to be kept", past.generation);
            Step::DeleteGroup { name, cause }
        } else {
            Step::DeleteGroup { name, cause: "it is in no generation that is kept".to_owned() }
        });
    }
}

fn description(target: &Target) -> String {
    format!("{} {}: written by fwc, do not edit", target.project, target.role)
}

fn policy_tags(target: &Target) -> std::collections::BTreeMap<String, String> {
    let tags =
        [("managed-by", "fwc"), ("fwc:project", &target.project), ("fwc:role", &target.role)];
    tags.into_iter().map(|(key, value)| (key.to_owned(), value.to_owned())).collect()
}

#[cfg(test)]
mod tests {
    use super::super::{GroupState, Live, Named, PolicyState, Sized};
    use super::*;
    use crate::emit::{Content, generation_digest};

    fn target() -> Target {
        Target {
            project: "shop".to_owned(),
            role: "primary".to_owned(),
            region: "us-east-1".to_owned(),
            policy: "shop-primary".to_owned(),
            firewalls: vec!["shop-primary".to_owned()],
        }
    }

    fn options() -> Options {
        let (origin, empty, policy) = Default::default();
        Options { origin, empty, policy, keep: 2, quota: 50 }
    }

    /// What is wanted: a group for each text.
    fn desired(texts: &[&str]) -> Desired {
        let sized = |text: &&str| Sized {
            capacity: 10,
            content: Content {
                rules: format!("pass tls any any -> any any (metadata:fwc_allow {text};)\n"),
                ip_sets: Default::default(),
                references: Default::default(),
            },
        };
        let groups: Vec<_> = texts.iter().map(sized).collect();
        let digests: Vec<_> = groups.iter().map(|group| group.content.digest()).collect();
        Desired {
            target: target(),
            shell: Shell::wanted(vec!["10.0.0.0/8".to_owned()]),
            digest: generation_digest(digests.iter().map(|digest| (digest.as_str(), 10))),
            grants: groups.len(),
            groups,
        }
    }

    fn arn(name: &str) -> String {
        format!("arn:aws:network-firewall:us-east-1:123456789012:stateful-rulegroup/{name}")
    }

    /// A region with a policy as Terraform makes it.
    fn shell_only() -> Observed {
        let policy = PolicyState {
            arn: "arn:aws:network-firewall:us-east-1:123456789012:firewall-policy/shop-primary"
                .to_owned(),
            token: "t0".to_owned(),
            shell: desired(&[]).shell,
            references: Vec::new(),
            associations: 1,
            errors: Vec::new(),
        };
        Observed {
            policy: Some(policy),
            live: Vec::new(),
            foreign: Vec::new(),
            idle: Vec::new(),
            groups: 0,
            zones: Vec::new(),
            troubles: Vec::new(),
        }
    }

    /// What a region is once a plan is done: the obvious twin of a push.
    fn done(plan: &RegionPlan, before: &Observed) -> Observed {
        let mut after = before.clone();
        let policy = after.policy.as_mut().unwrap();
        for step in &plan.steps {
            match step {
                Step::CreateGroup { group, .. } => {
                    after.groups += 1;
                    let live = Live {
                        reference: Reference { priority: 0, arn: arn(&group.name) },
                        stamp: Stamp::of(&group.tags).unwrap(),
                        state: GroupState {
                            arn: arn(&group.name),
                            capacity: group.sized.capacity,
                            content: Some(group.sized.content.clone()),
                            tags: group.tags.clone(),
                        },
                    };
                    if live.stamp.part == 1 {
                        let old = after.live.drain(..);
                        let idle = old.map(|old| Named::read(&old.reference.arn, &plan.target));
                        after.idle.extend(idle.map(Option::unwrap));
                    }
                    after.live.push(live);
                }
                Step::UpdatePolicy { to, .. } => {
                    policy.token.push('+');
                    for live in &mut after.live {
                        let place = to.iter().find(|place| place.group == live.reference.name());
                        live.reference.priority = place.unwrap().priority;
                    }
                }
                Step::DeleteGroup { name, .. } => {
                    after.groups -= 1;
                    after.idle.retain(|named| named.name() != name);
                }
                Step::Keep { .. } => {}
                step => panic!("{step:?}"),
            }
        }
        after
    }

    fn push(texts: &[&str], before: &Observed) -> Observed {
        done(&plan(&desired(texts), before, &options()).unwrap(), before)
    }

    /// The kinds of steps, and the names or places they are about.
    fn steps(plan: &RegionPlan) -> Vec<String> {
        let short = |name: &str| name.rsplit_once('-').unwrap().0.replace("shop-primary-", "");
        let places = |to: &[Place]| {
            let place = |it: &Place| format!("{}={}", it.priority, short(&it.group));
            to.iter().map(place).collect::<Vec<_>>().join(" ")
        };
        plan.steps
            .iter()
            .map(|step| match step {
                Step::CreateGroup { group, .. } => format!("create {}", short(&group.name)),
                Step::Reuse { name, .. } => format!("reuse {}", short(name)),
                Step::CreatePolicy { to, .. } => format!("make {}", places(to)),
                Step::UpdatePolicy { to, .. } => format!("switch {}", places(to)),
                Step::DeleteGroup { name, .. } => format!("delete {}", short(name)),
                Step::Keep { name, .. } => format!("keep {}", short(name)),
            })
            .collect()
    }

    #[test]
    fn a_push_makes_a_generation_and_switches_to_it() {
        let plan = plan(&desired(&["a", "b"]), &shell_only(), &options()).unwrap();
        assert_eq!(steps(&plan), ["create 1-1", "create 1-2", "switch 100=1-1 200=1-2"]);
        let after = done(&plan, &shell_only());
        assert_eq!(after.generation().map(Stamp::past), plan.generation);
        assert!(after.is_unedited());
    }

    #[test]
    fn what_is_in_force_already_is_no_change() {
        let after = push(&["a", "b"], &shell_only());
        let plan = plan(&desired(&["a", "b"]), &after, &options()).unwrap();
        assert_eq!(steps(&plan), ["keep 1-1", "keep 1-2"]);
        assert!(plan.is_empty());
    }

    #[test]
    fn generations_are_kept_as_long_as_the_project_says() {
        let mut region = push(&["a"], &shell_only());
        region = push(&["b"], &region);
        let third = plan(&desired(&["c"]), &region, &options()).unwrap();
        assert_eq!(steps(&third), ["create 3-1", "switch 100=3-1", "keep 2-1", "keep 1-1"]);
        region = done(&third, &region);
        let fourth = plan(&desired(&["d"]), &region, &options()).unwrap();
        let expected = ["create 4-1", "switch 100=4-1", "keep 3-1", "delete 1-1", "keep 2-1"];
        assert_eq!(steps(&fourth), expected);
        let none = plan(&desired(&["d"]), &region, &Options { keep: 0, ..options() }).unwrap();
        assert_eq!(steps(&none)[2..], ["delete 3-1", "delete 1-1", "delete 2-1"]);
    }

    #[test]
    fn a_rollback_goes_back_generation_by_generation() {
        let mut region = shell_only();
        for text in ["a", "b", "c"] {
            region = push(&[text], &region);
        }
        let plan = rollback(&target(), &region).unwrap();
        assert_eq!(steps(&plan), ["reuse 2-1", "switch 100=2-1", "keep 3-1"]);
        assert_eq!(plan.generation.map(|past| past.generation), Some(2));
        assert_eq!(rollback(&target(), &push(&["a"], &shell_only())), Err(vec![Refusal::NoPast]));
        assert_eq!(rollback(&target(), &shell_only()), Err(vec![Refusal::NoGeneration]));
    }

    #[test]
    fn what_a_dead_push_left_is_deleted() {
        let mut region = push(&["a"], &shell_only());
        let left = plan(&desired(&["b", "c"]), &region, &options()).unwrap();
        let Step::CreateGroup { group, .. } = &left.steps[0] else { panic!() };
        region.idle.push(Named::read(&arn(&group.name), &target()).unwrap());
        region.groups += 1;
        let next = plan(&desired(&["d"]), &region, &options()).unwrap();
        let expected = ["create 3-1", "switch 100=3-1", "keep 1-1", "delete 2-1"];
        assert_eq!(steps(&next), expected);
        let same = plan(&desired(&["a"]), &region, &options()).unwrap();
        assert_eq!(steps(&same), ["keep 1-1", "delete 2-1"]);
    }

    #[test]
    fn a_group_edited_by_hand_is_replaced() {
        let mut region = push(&["a"], &shell_only());
        let content = region.live[0].state.content.as_mut().unwrap();
        content.rules.push_str("pass ip any any -> any any (sid:1;)\n");
        assert!(!region.is_unedited());
        let plan = plan(&desired(&["a"]), &region, &options()).unwrap();
        assert_eq!(steps(&plan), ["create 2-1", "switch 100=2-1", "keep 1-1"]);
        // Blanks and empty lines mean nothing, and a service may add or drop them.
        let mut region = push(&["a"], &shell_only());
        let content = region.live[0].state.content.as_mut().unwrap();
        content.rules = format!("\r\n{}\r\n", content.rules.trim_end());
        assert!(region.is_unedited());
    }

    #[test]
    fn groups_of_others_stay_where_they_are() {
        let mut region = shell_only();
        let foreign = |priority| Reference { priority, arn: arn("threats") };
        region.foreign = vec![foreign(50)];
        let found = plan(&desired(&["a"]), &region, &options()).unwrap();
        let Step::UpdatePolicy { to, .. } = &found.steps[1] else { panic!() };
        assert_eq!(to[0].arn.as_deref(), Some(arn("threats").as_str()));
        assert_eq!((to[0].priority, to[1].priority), (50, 100));
        assert_eq!(found.notes.len(), 1);
        region.foreign = vec![foreign(100)];
        let taken = Refusal::Taken(100, "threats".to_owned());
        assert_eq!(plan(&desired(&["a"]), &region, &options()), Err(vec![taken]));
        region.foreign = (1..=20).map(foreign).collect();
        let many = Refusal::References(21, 20);
        assert_eq!(plan(&desired(&["a"]), &region, &options()), Err(vec![many]));
    }

    #[test]
    fn every_reason_not_to_is_given() {
        let mut region = push(&["a"], &shell_only());
        let policy = region.policy.as_mut().unwrap();
        policy.shell.stateful_actions = vec!["aws:drop_strict".to_owned()];
        policy.shell.idle_seconds = 60;
        region.groups = 50;
        let mut empty = desired(&["b"]);
        empty.grants = 0;
        let refusals = plan(&empty, &region, &options()).unwrap_err();
        assert_eq!(refusals.len(), 4, "{refusals:?}");
        let nowhere = Observed { policy: None, ..shell_only() };
        let refusals = plan(&desired(&["a"]), &nowhere, &options()).unwrap_err();
        assert_eq!(refusals, [Refusal::NoPolicy("shop-primary".to_owned())]);
        let made = Options { policy: Missing::Created, ..options() };
        let plan = plan(&desired(&["a"]), &nowhere, &made).unwrap();
        assert_eq!(steps(&plan), ["create 1-1", "make 100=1-1"]);
    }

    #[test]
    fn an_empty_policy_has_to_be_meant() {
        let region = push(&["a"], &shell_only());
        let mut empty = desired(&["b"]);
        empty.grants = 0;
        assert_eq!(plan(&empty, &region, &options()), Err(vec![Refusal::Empty]));
        let meant = Options { empty: Empty::Allowed, ..options() };
        assert!(plan(&empty, &region, &meant).is_ok());
        // Where nothing is allowed now, nothing closes.
        assert!(plan(&empty, &shell_only(), &options()).is_ok());
    }

    #[test]
    fn everything_of_ours_can_be_taken_out() {
        let mut region = push(&["b"], &push(&["a"], &shell_only()));
        region.foreign = vec![Reference { priority: 50, arn: arn("threats-of-others") }];
        let plan = destroy(&target(), &region);
        assert_eq!(steps(&plan), ["switch 50=threats-of", "delete 2-1", "delete 1-1"]);
        assert!(destroy(&target(), &shell_only()).is_empty());
    }

    #[test]
    fn a_plan_survives_as_json() {
        let region = push(&["a"], &shell_only());
        let region = plan(&desired(&["b"]), &region, &options()).unwrap();
        let plan = Plan::new("shop", vec![region]);
        let text = serde_json::to_string(&plan).unwrap();
        assert_eq!(serde_json::from_str::<Plan>(&text).unwrap(), plan);
    }

    #[test]
    fn a_plan_made_again_is_the_same_but_for_who_and_when() {
        let region = push(&["a"], &shell_only());
        let first = plan(&desired(&["b"]), &region, &options()).unwrap();
        let mut moved = region.clone();
        moved.policy.as_mut().unwrap().token = "t9".to_owned();
        let origin = Origin { pushed_by: Some("ci".to_owned()), ..Origin::default() };
        let again = plan(&desired(&["b"]), &moved, &Options { origin, ..options() }).unwrap();
        assert!(first.is_same_as(&again));
        let other = plan(&desired(&["c"]), &region, &options()).unwrap();
        assert!(!first.is_same_as(&other));
    }
}
