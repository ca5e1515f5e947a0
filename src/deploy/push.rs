//! Doing what a plan says, so that every region enforces one whole generation at every moment.

use std::collections::BTreeMap;

use futures_util::future::join_all;
use serde::Serialize;

use super::observe::{Live, digest_of, is_unedited};
use super::plan::{Place, Plan, RegionPlan, Step};
use super::{
    Error, Firewall, GroupState, NewGroup, NewPolicy, Past, PolicyState, Reference, Stamp, Sync,
    Zone,
};

/// How often something is asked for again that had no answer, or that somebody else was in the way of.
const ATTEMPTS: usize = 4;

/// How often a group is asked to go that the service says is in use: it takes a while to notice.
const DELETIONS: usize = 10;

/// How a plan is pushed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Push {
    /// Whether regions wait for each other.
    pub order: Order,
    /// What becomes of regions that have switched when another one fails.
    pub on_failure: OnFailure,
    /// How often the zones of a region are asked whether they are in sync before it has failed.
    pub patience: usize,
}

/// Whether regions wait for each other.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Order {
    /// A region is switched when every zone of the one before it is in sync.
    #[default]
    OneByOne,
    /// All at once.
    Parallel,
}

/// What becomes of regions that have switched when another one fails.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum OnFailure {
    /// They are switched back.
    #[default]
    Rollback,
    /// They stay as they are.
    Stop,
}

/// What a push does at the moment.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Event<'p> {
    /// The service is asked whether it would accept the groups.
    Checking,
    /// A group is made.
    Creating(&'p str),
    /// The policy is switched.
    Switching,
    /// Zones were asked.
    Zones(&'p [Zone]),
    /// The policy is switched back.
    SwitchingBack,
    /// A group is deleted.
    Deleting(&'p str),
}

/// What a push did, and what holds now.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Report {
    /// The version of this form.
    pub schema: u32,
    /// Each region, in the order of the plan.
    pub regions: Vec<RegionReport>,
}

impl Report {
    /// As JSON.
    pub fn to_json(&self) -> String {
        crate::emit::json(self)
    }

    /// Whether every region enforces what the plan says.
    pub fn is_complete(&self) -> bool {
        let is_done =
            |it: &RegionReport| matches!(it.outcome, Outcome::Unchanged | Outcome::Switched);
        self.regions.iter().all(is_done)
    }
}

/// What a push did in a region, and what holds there now.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct RegionReport {
    /// Its role.
    pub role: String,
    /// Its name at AWS.
    pub region: String,
    /// What was done.
    pub outcome: Outcome,
    /// What its firewall policy refers to now.
    pub holds: Held,
    /// The generation that was in force before.
    pub before: Option<Past>,
    /// The generation that the plan brings.
    pub after: Option<Past>,
    /// Its zones, as they were asked last.
    pub zones: Vec<Zone>,
    /// What went wrong.
    pub error: Option<String>,
    /// Groups that should be gone and are not; the next push deletes them.
    pub left: Vec<String>,
}

/// What a push did in a region.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Outcome {
    /// It enforced what the plan says already.
    Unchanged,
    /// It was switched, and every zone is in sync.
    Switched,
    /// It was switched and switched back.
    SwitchedBack,
    /// It was not touched, or only groups were made that nothing refers to.
    Untouched,
    /// It could not be brought to either state; what holds says what is known.
    Failed,
}

/// What a firewall policy refers to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Held {
    /// What it referred to before.
    Before,
    /// What the plan says.
    After,
    /// What somebody else made it refer to meanwhile.
    Other,
    /// Nobody knows: the service gave no answer.
    Unknown,
}

/// Does what a plan says; `firewalls` are those of its regions, in its order.
///
/// Never fails: the report says what was done and what holds. First every region is asked whether it
/// would accept the groups, so that a refused signature is refused before anything exists. Then each
/// region's groups are made and its policy is switched, and its zones are waited for. Groups that are
/// not needed any more are deleted when all of this is done everywhere. A process that dies in between
/// leaves groups that nothing refers to, which the next push deletes.
pub async fn push<F: Firewall>(
    plan: &Plan,
    firewalls: &[F],
    how: &Push,
    tell: &dyn Fn(&RegionPlan, &Event<'_>),
) -> Report {
    let regions = plan.regions.iter().zip(firewalls);
    let mut runs: Vec<_> =
        regions.map(|(plan, firewall)| Run::new(plan, firewall, how, tell)).collect();
    join_all(runs.iter_mut().map(Run::check)).await;
    if runs.iter().all(Run::is_well) {
        match how.order {
            Order::Parallel => {
                join_all(runs.iter_mut().map(Run::deliver)).await;
            }
            Order::OneByOne => {
                for run in &mut runs {
                    run.deliver().await;
                    if !run.is_well() {
                        break;
                    }
                }
            }
        }
        if runs.iter().all(Run::is_well) {
            join_all(runs.iter_mut().map(Run::clean)).await;
        } else if how.on_failure == OnFailure::Rollback {
            for run in &mut runs {
                run.switch_back().await;
            }
        }
    }
    Report { schema: 1, regions: runs.into_iter().map(Run::report).collect() }
}

/// A region while a plan is pushed.
struct Run<'p, F> {
    plan: &'p RegionPlan,
    firewall: &'p F,
    how: &'p Push,
    tell: &'p dyn Fn(&RegionPlan, &Event<'_>),
    /// The token of the policy, as it is known.
    token: Option<String>,
    /// The ARNs of groups that the plan has made or looked at, by name.
    arns: BTreeMap<String, String>,
    holds: Held,
    outcome: Outcome,
    zones: Vec<Zone>,
    error: Option<String>,
    left: Vec<String>,
}

impl<'p, F: Firewall> Run<'p, F> {
    fn new(
        plan: &'p RegionPlan,
        firewall: &'p F,
        how: &'p Push,
        tell: &'p dyn Fn(&RegionPlan, &Event<'_>),
    ) -> Self {
        Self {
            plan,
            firewall,
            how,
            tell,
            token: plan.seen.token.clone(),
            arns: BTreeMap::new(),
            holds: Held::Before,
            outcome: Outcome::Untouched,
            zones: Vec::new(),
            error: None,
            left: Vec::new(),
        }
    }

    fn report(self) -> RegionReport {
        RegionReport {
            role: self.plan.target.role.clone(),
            region: self.plan.target.region.clone(),
            outcome: self.outcome,
            holds: self.holds,
            before: self.plan.seen.generation.clone(),
            after: self.plan.generation.clone(),
            zones: self.zones,
            error: self.error,
            left: self.left,
        }
    }

    fn is_well(&self) -> bool {
        self.error.is_none()
    }

    fn tell(&self, event: &Event<'_>) {
        (self.tell)(self.plan, event);
    }

    fn fail(&mut self, why: impl Into<String>) {
        if self.holds != Held::Before {
            self.outcome = Outcome::Failed;
        }
        self.error = Some(why.into());
    }

    // Before anything exists.

    /// Asks whether everything would be accepted.
    async fn check(&mut self) {
        let mut reused = Vec::new();
        for step in &self.plan.steps {
            match step {
                Step::CreateGroup { group, .. } => {
                    self.tell(&Event::Checking);
                    if let Err(error) = self.firewall.check_group(group).await {
                        return self.fail(format!("`{}` is not accepted: {error}", group.name));
                    }
                }
                Step::Reuse { name, arn, .. } => match self.look_at(name, arn).await {
                    Ok(live) => reused.push(live),
                    Err(why) => {
                        return self.fail(format!("`{name}` cannot come into force again: {why}"));
                    }
                },
                _ => {}
            }
        }
        if !reused.is_empty() && !is_unedited(&reused) {
            self.fail("the generation to go back to was edited by hand, or is not whole");
        }
    }

    /// Looks at a group of an earlier generation.
    async fn look_at(&self, name: &str, arn: &str) -> Result<Live, String> {
        let state = self.firewall.group(name).await.map_err(|error| error.to_string())?;
        let state = state.ok_or("it is gone")?;
        let stamp = Stamp::of(&state.tags).filter(|stamp| stamp.is_of(&self.plan.target));
        let stamp = stamp.ok_or("it is not ours")?;
        let reference = Reference { priority: stamp.part, arn: arn.to_owned() };
        Ok(Live { reference, stamp, state })
    }

    // The switch.

    /// Makes the groups, switches the policy, and waits for the zones.
    async fn deliver(&mut self) {
        for step in &self.plan.steps {
            let done = match step {
                Step::CreateGroup { group, .. } => self.create(group).await,
                Step::CreatePolicy { policy, to, .. } => self.create_policy(policy, to).await,
                Step::UpdatePolicy { to, .. } => self.update(to).await,
                Step::Reuse { .. } | Step::DeleteGroup { .. } | Step::Keep { .. } => Ok(()),
            };
            if let Err(why) = done {
                return self.fail(why);
            }
        }
        if let Err(why) = self.wait().await {
            self.fail(why);
            self.outcome = Outcome::Failed;
            return;
        }
        self.outcome = match self.holds {
            Held::After => Outcome::Switched,
            _ => Outcome::Unchanged,
        };
    }

    /// Makes a group; if there was no answer, or another one than to the call before, looks whether it
    /// is there.
    async fn create(&mut self, group: &NewGroup) -> Result<(), String> {
        self.tell(&Event::Creating(&group.name));
        let mut why = String::new();
        for _ in 0..ATTEMPTS {
            let error = match self.firewall.create_group(group).await {
                Ok(arn) => {
                    self.arns.insert(group.name.clone(), arn);
                    return Ok(());
                }
                Err(error) => error,
            };
            why = format!("`{}` was not made: {error}", group.name);
            match self.firewall.group(&group.name).await {
                Ok(Some(state)) if is_same(group, &state) => {
                    self.arns.insert(group.name.clone(), state.arn);
                    return Ok(());
                }
                Ok(Some(_)) => return Err(format!("`{}` is there, and is not ours", group.name)),
                Ok(None) | Err(_) if matches!(error, Error::Unavailable(_)) => {}
                Ok(None) | Err(_) => return Err(why),
            }
            self.firewall.pause().await;
        }
        Err(why)
    }

    async fn create_policy(&mut self, policy: &NewPolicy, to: &[Place]) -> Result<(), String> {
        let to = self.references(to)?;
        self.tell(&Event::Switching);
        let made = self.firewall.create_policy(policy, &to).await;
        match (self.firewall.policy(&policy.name).await, made) {
            (Ok(Some(state)), _) if state.references == to => {
                self.token = Some(state.token);
                self.holds = Held::After;
                Ok(())
            }
            (Ok(Some(_)), _) => {
                self.holds = Held::Other;
                Err(format!("somebody else made `{}` meanwhile", policy.name))
            }
            (Ok(None), Err(error)) => Err(format!("`{}` was not made: {error}", policy.name)),
            (Ok(None), Ok(())) => Err(format!("`{}` is gone again", policy.name)),
            (Err(error), _) => {
                self.holds = Held::Unknown;
                Err(format!("nobody knows whether `{}` was made: {error}", policy.name))
            }
        }
    }

    async fn update(&mut self, to: &[Place]) -> Result<(), String> {
        let to = self.references(to)?;
        self.tell(&Event::Switching);
        let from = self.plan.seen.references.clone();
        self.switch(&from, &to).await?;
        self.holds = Held::After;
        Ok(())
    }

    /// Makes the policy refer to other groups. It is switched only from what the plan has seen: if
    /// somebody else has switched it meanwhile, they have won. What is in force is looked at whenever
    /// the service does not say that it was done, since a lost answer may have been a yes.
    async fn switch(&mut self, from: &[Reference], to: &[Reference]) -> Result<(), String> {
        let name = &self.plan.target.policy;
        let mut token = self.token.clone().ok_or("there was no firewall policy")?;
        let mut why = String::new();
        for _ in 0..ATTEMPTS {
            let error = match self.firewall.switch(name, &token, to).await {
                Ok(token) => {
                    self.token = Some(token);
                    return Ok(());
                }
                Err(error) => error,
            };
            why = format!("`{name}` was not switched: {error}");
            match self.firewall.policy(name).await {
                Ok(Some(state)) if state.references == to => {
                    self.token = Some(state.token);
                    return Ok(());
                }
                Ok(Some(state)) if state.references != from => {
                    self.holds = Held::Other;
                    return Err(self.moved(&state).await);
                }
                Ok(Some(state)) if state.shell != self.plan.seen.shell => {
                    return Err(format!("somebody else changed how `{name}` is set meanwhile"));
                }
                // Only what does not concern us has changed, or there was no answer.
                Ok(Some(state)) if matches!(error, Error::Stale | Error::Unavailable(_)) => {
                    token = state.token;
                }
                Ok(Some(_)) => return Err(why),
                Ok(None) => {
                    self.holds = Held::Unknown;
                    return Err(format!("`{name}` is gone"));
                }
                Err(unseen) => {
                    self.holds = Held::Unknown;
                    why = format!("nobody knows whether `{name}` was switched: {unseen}");
                }
            }
            self.firewall.pause().await;
        }
        Err(why)
    }

    /// Who has switched the policy instead.
    async fn moved(&self, state: &PolicyState) -> String {
        let name = &self.plan.target.policy;
        for reference in &state.references {
            let Ok(Some(group)) = self.firewall.group(reference.name()).await else { continue };
            let Some(stamp) = Stamp::of(&group.tags) else { continue };
            if self.plan.seen.generation.as_ref() == Some(&stamp.past()) {
                break;
            }
            let origin = &stamp.origin;
            let who = origin.pushed_by.as_deref().unwrap_or("somebody else");
            let what = origin.commit.as_deref().map(|commit| format!(" of commit {commit}"));
            return format!(
                "{who} has switched `{name}` to generation {}{} meanwhile; plan again",
                stamp.generation,
                what.unwrap_or_default()
            );
        }
        format!("somebody else has changed what `{name}` refers to meanwhile; plan again")
    }

    fn references(&self, to: &[Place]) -> Result<Vec<Reference>, String> {
        let arn =
            |place: &Place| place.arn.clone().or_else(|| self.arns.get(&place.group).cloned());
        to.iter()
            .map(|place| {
                let arn = arn(place).ok_or_else(|| format!("`{}` was not made", place.group))?;
                Ok(Reference { priority: place.priority, arn })
            })
            .collect()
    }

    /// Waits until every zone enforces what the policy says.
    async fn wait(&mut self) -> Result<(), String> {
        let mut why = None;
        for attempt in 0..self.how.patience.max(1) {
            if attempt > 0 {
                self.firewall.pause().await;
            }
            match self.look_at_zones().await {
                Ok(true) => return Ok(()),
                Ok(false) => why = None,
                Err(error) => why = Some(error),
            }
            if let Some(zone) =
                self.zones.iter().find(|zone| zone.sync == Sync::CapacityConstrained)
            {
                return Err(format!("{} has no room for the rule groups", zone.zone));
            }
        }
        let late = self.zones.iter().filter(|zone| !self.enforces(zone));
        let late: Vec<_> = late
            .map(|zone| match zone.sync {
                Sync::InSync => format!("{} still enforces what was before", zone.zone),
                sync => format!("{} is {}", zone.zone, sync.as_str()),
            })
            .collect();
        Err(why.unwrap_or_else(|| format!("not every zone is in sync: {}", late.join(", "))))
    }

    /// Whether every zone enforces what the policy says.
    async fn look_at_zones(&mut self) -> Result<bool, String> {
        let mut zones = Vec::new();
        for name in &self.plan.target.firewalls {
            let state = self.firewall.firewall(name).await;
            let state = state.map_err(|error| format!("`{name}` gave no sign: {error}"))?;
            zones.extend(state.into_iter().flat_map(|state| state.zones));
        }
        self.zones = zones;
        self.tell(&Event::Zones(&self.zones));
        if self.zones.iter().any(|zone| zone.sync != Sync::InSync) {
            return Ok(false);
        }
        if self.zones.iter().all(|zone| self.enforces(zone)) {
            return Ok(true);
        }
        // Whoever changes tags or settings of the policy gives it another token.
        let name = &self.plan.target.policy;
        let state = self.firewall.policy(name).await.map_err(|error| error.to_string())?;
        let state = state.ok_or_else(|| format!("`{name}` is gone"))?;
        let ours = match self.holds {
            Held::After => self.wanted()?,
            _ => self.plan.seen.references.clone(),
        };
        if state.references != ours {
            self.holds = Held::Other;
            return Err(self.moved(&state).await);
        }
        self.token = Some(state.token);
        Ok(self.zones.iter().all(|zone| self.enforces(zone)))
    }

    /// What the policy refers to once the plan is done.
    fn wanted(&self) -> Result<Vec<Reference>, String> {
        let to = self.plan.steps.iter().find_map(|step| match step {
            Step::UpdatePolicy { to, .. } | Step::CreatePolicy { to, .. } => Some(to),
            _ => None,
        });
        to.map_or_else(|| Ok(self.plan.seen.references.clone()), |to| self.references(to))
    }

    fn enforces(&self, zone: &Zone) -> bool {
        zone.sync == Sync::InSync && zone.token == self.token
    }

    // Afterwards.

    /// Switches back, if the plan has switched, or may have.
    async fn switch_back(&mut self) {
        if !matches!(self.holds, Held::After | Held::Unknown) || self.plan.seen.token.is_none() {
            return;
        }
        let Ok(from) = self.wanted() else { return };
        let to = &self.plan.seen.references;
        self.tell(&Event::SwitchingBack);
        // The token that was known may be that of another call whose answer was lost.
        match self.firewall.policy(&self.plan.target.policy).await {
            Ok(Some(state)) if state.references == *to => {
                self.token = Some(state.token);
                self.holds = Held::Before;
                self.outcome = Outcome::Untouched;
                return;
            }
            Ok(Some(state)) => self.token = Some(state.token),
            Ok(None) | Err(_) => {}
        }
        let switched = self.switch(&from, to).await;
        match switched {
            Ok(()) => {
                self.holds = Held::Before;
                match self.wait().await {
                    Ok(()) => self.outcome = Outcome::SwitchedBack,
                    Err(why) => self.also(format!("switched back, but {why}")),
                }
            }
            Err(why) => self.also(format!("not switched back: {why}")),
        }
    }

    fn also(&mut self, why: String) {
        self.outcome = Outcome::Failed;
        self.error = Some(match self.error.take() {
            Some(error) => format!("{error}; {why}"),
            None => why,
        });
    }

    /// Deletes what is not needed any more; the push is done whether it succeeds or not.
    async fn clean(&mut self) {
        for step in &self.plan.steps {
            if let Step::DeleteGroup { name, .. } = step
                && !self.delete(name).await
            {
                self.left.push(name.clone());
            }
        }
    }

    /// Deletes a group, if it is ours; tells whether nothing of ours is left.
    async fn delete(&self, name: &str) -> bool {
        self.tell(&Event::Deleting(name));
        match self.firewall.group(name).await {
            Ok(None) => return true,
            Ok(Some(state)) => {
                if !Stamp::of(&state.tags).is_some_and(|stamp| stamp.is_of(&self.plan.target)) {
                    return true;
                }
            }
            Err(_) => return false,
        }
        for _ in 0..DELETIONS {
            match self.firewall.delete_group(name).await {
                Ok(()) | Err(Error::Missing) => return true,
                Err(Error::InUse | Error::Unavailable(_)) => self.firewall.pause().await,
                Err(Error::Stale | Error::Refused(_)) => return false,
            }
        }
        false
    }
}

/// Whether a group that is there is the one to be made.
fn is_same(group: &NewGroup, state: &GroupState) -> bool {
    let is_content = |content| digest_of(content) == digest_of(&group.sized.content);
    state.capacity == group.sized.capacity
        && state.tags == group.tags
        && state.content.as_ref().is_some_and(is_content)
}
