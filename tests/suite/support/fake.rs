//! A firewall service in memory, with faults: the obvious twin of what AWS does with the calls of
//! `deploy::Firewall`.

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::future::{Future, pending, poll_fn};
use std::pin::pin;
use std::rc::Rc;
use std::task::{Context, Poll, Waker};

use fwc::deploy::{
    Error, Firewall, FirewallState, GroupState, NewGroup, NewPolicy, PolicyState, Reference, Shell,
    Sync, Zone,
};

/// What goes wrong with a call.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Fault {
    /// It is not obeyed, and there is no answer: throttled, refused by the network, a 5xx.
    Unheard,
    /// It is obeyed, and there is no answer.
    LostReply,
    /// There is no answer, and it is obeyed this many calls later.
    Late(usize),
    /// Whoever makes it is gone, before it is heard.
    Killed,
    /// Whoever makes it is gone, after it was obeyed.
    KilledAfter,
    /// The region is down for this many calls.
    Down(usize),
    /// Somebody else gives the policy another token before it.
    TouchedPolicy,
    /// Somebody else makes the policy refer to another group beside those it has.
    OtherReference,
    /// Somebody else pushes something before it.
    OtherPush,
}

/// One region.
#[derive(Debug, Clone)]
pub(crate) struct Region {
    pub(crate) name: String,
    pub(crate) policy: Option<PolicyState>,
    pub(crate) groups: BTreeMap<String, GroupState>,
    pub(crate) quota: usize,
    /// The name of the firewall, and what each zone enforces and in how many looks it will have more.
    pub(crate) firewall: String,
    pub(crate) zones: Vec<(Zone, usize)>,
    /// How many looks a zone takes to notice a change; `None` for ever.
    pub(crate) lag: Option<usize>,
    /// Whether its zones have no room for what they do not enforce yet.
    pub(crate) full: bool,
    /// Whether its zones say that they are in sync before they have noticed a change.
    pub(crate) hasty: bool,
    /// How often the policy was changed.
    changes: usize,
    /// How many calls were made.
    pub(crate) calls: usize,
    /// How many calls changed something.
    pub(crate) mutations: usize,
    down: usize,
    late: Vec<(usize, Change)>,
}

/// A call that changes something.
#[derive(Debug, Clone)]
enum Change {
    CreateGroup(NewGroup),
    CreatePolicy(NewPolicy, Vec<Reference>),
    Switch(String, Vec<Reference>),
    DeleteGroup(String),
}

impl Region {
    pub(crate) fn new(name: &str, firewall: &str) -> Self {
        let zone = |letter: &str| Zone {
            firewall: firewall.to_owned(),
            zone: format!("{name}{letter}"),
            sync: Sync::InSync,
            token: None,
            message: None,
        };
        Self {
            name: name.to_owned(),
            policy: None,
            groups: BTreeMap::new(),
            quota: 50,
            firewall: firewall.to_owned(),
            zones: vec![(zone("a"), 0), (zone("b"), 0)],
            lag: Some(1),
            full: false,
            hasty: false,
            changes: 0,
            calls: 0,
            mutations: 0,
            down: 0,
            late: Vec::new(),
        }
    }

    /// Makes the policy as Terraform does: without a rule group.
    pub(crate) fn with_shell(mut self, name: &str, shell: &Shell) -> Self {
        self.set_policy(name, shell, Vec::new());
        let token = self.policy.as_ref().map(|policy| policy.token.clone());
        for (zone, _) in &mut self.zones {
            zone.token = token.clone();
        }
        self
    }

    fn arn(&self, kind: &str, name: &str) -> String {
        format!("arn:aws:network-firewall:{}:123456789012:{kind}/{name}", self.name)
    }

    fn set_policy(&mut self, name: &str, shell: &Shell, references: Vec<Reference>) {
        self.policy = Some(PolicyState {
            arn: self.arn("firewall-policy", name),
            token: "0".to_owned(),
            shell: shell.clone(),
            references,
            associations: 1,
            errors: Vec::new(),
        });
        self.touch();
    }

    /// Gives the policy another token, which the zones will notice.
    pub(crate) fn touch(&mut self) {
        self.changes += 1;
        let token = format!("token {} of {}", self.changes, self.name);
        if let Some(policy) = &mut self.policy {
            policy.token = token;
        }
        for (zone, left) in &mut self.zones {
            zone.sync = match (self.full, self.hasty) {
                (true, _) => Sync::CapacityConstrained,
                (false, true) => Sync::InSync,
                (false, false) => Sync::Pending,
            };
            *left = self.lag.unwrap_or(usize::MAX);
        }
    }

    /// Adds a group that fwc did not make.
    pub(crate) fn add_foreign(&mut self, name: &str) -> String {
        let arn = self.arn("stateful-rulegroup", name);
        let state =
            GroupState { arn: arn.clone(), capacity: 1, content: None, tags: BTreeMap::new() };
        self.groups.insert(name.to_owned(), state);
        arn
    }

    fn apply(&mut self, change: &Change) -> Result<String, Error> {
        let refused = |why: &str| Err(Error::Refused(why.to_owned()));
        match change {
            Change::CreateGroup(group) => {
                if self.groups.contains_key(&group.name) {
                    return refused("a resource with the specified name already exists");
                }
                if self.groups.len() >= self.quota {
                    return refused("limit exceeded");
                }
                let arn = self.arn("stateful-rulegroup", &group.name);
                let state = GroupState {
                    arn: arn.clone(),
                    capacity: group.sized.capacity,
                    content: Some(group.sized.content.clone()),
                    tags: group.tags.clone(),
                };
                self.groups.insert(group.name.clone(), state);
                self.mutations += 1;
                Ok(arn)
            }
            Change::CreatePolicy(policy, to) => {
                if self.policy.is_some() {
                    return refused("a resource with the specified name already exists");
                }
                self.set_policy(&policy.name, &policy.shell, to.clone());
                self.mutations += 1;
                Ok(String::new())
            }
            Change::Switch(token, to) => {
                let groups = &self.groups;
                let Some(policy) = &mut self.policy else { return Err(Error::Missing) };
                if policy.token != *token {
                    return Err(Error::Stale);
                }
                if !to
                    .iter()
                    .all(|it| groups.get(it.name()).is_some_and(|group| group.arn == it.arn))
                {
                    return refused("rule group ARN does not exist");
                }
                policy.references = to.clone();
                self.mutations += 1;
                self.touch();
                Ok(self.policy.as_ref().map(|policy| policy.token.clone()).unwrap_or_default())
            }
            Change::DeleteGroup(name) => {
                let references = self.policy.iter().flat_map(|policy| &policy.references);
                if references.into_iter().any(|it| it.name() == name) {
                    return Err(Error::InUse);
                }
                self.mutations += 1;
                self.groups.remove(name).map(|_| String::new()).ok_or(Error::Missing)
            }
        }
    }

    /// The region answers again.
    pub(crate) fn recover(&mut self) {
        self.down = 0;
    }

    /// What was to be obeyed later and is due.
    fn catch_up(&mut self) {
        let due: Vec<_> = self.late.extract_if(.., |(at, _)| *at <= self.calls).collect();
        for (_, change) in due {
            let _ = self.apply(&change);
        }
    }
}

/// A region as a client sees it, with what goes wrong.
pub(crate) struct Client<'w> {
    pub(crate) region: Rc<RefCell<Region>>,
    /// What goes wrong, by the number of the call in the whole run.
    faults: &'w Faults,
    /// Looks at the region after every call.
    watch: &'w dyn Fn(&Region),
    /// What somebody else does.
    other: &'w dyn Fn(&mut Region),
}

/// What goes wrong in a run, by the number of the call.
#[derive(Debug, Default)]
pub(crate) struct Faults {
    planned: BTreeMap<usize, Fault>,
    calls: RefCell<usize>,
    killed: RefCell<bool>,
    /// The calls, for a failed test to show.
    pub(crate) journal: RefCell<Vec<String>>,
}

impl Faults {
    pub(crate) fn new(planned: &[(usize, Fault)]) -> Self {
        Self { planned: planned.iter().copied().collect(), ..Self::default() }
    }

    /// How many calls were made.
    pub(crate) fn calls(&self) -> usize {
        *self.calls.borrow()
    }
}

impl<'w> Client<'w> {
    pub(crate) fn new(
        region: &Rc<RefCell<Region>>,
        faults: &'w Faults,
        watch: &'w dyn Fn(&Region),
        other: &'w dyn Fn(&mut Region),
    ) -> Self {
        Self { region: Rc::clone(region), faults, watch, other }
    }

    /// Makes a call, which may be the last one.
    async fn call<T>(
        &self,
        what: &str,
        obey: impl FnOnce(&mut Region) -> Result<T, Error>,
        later: Option<Change>,
    ) -> Result<T, Error> {
        // So that the calls of several regions alternate.
        yield_now().await;
        if *self.faults.killed.borrow() {
            return pending().await;
        }
        match self.hear(what, obey, later) {
            Some(answer) => answer,
            None => pending().await,
        }
    }

    /// What becomes of a call; `None` if whoever makes it is gone.
    fn hear<T>(
        &self,
        what: &str,
        obey: impl FnOnce(&mut Region) -> Result<T, Error>,
        later: Option<Change>,
    ) -> Option<Result<T, Error>> {
        let number = self.faults.calls();
        *self.faults.calls.borrow_mut() += 1;
        let fault = self.faults.planned.get(&number).copied();
        let mut region = self.region.borrow_mut();
        region.calls += 1;
        region.catch_up();
        let line = format!("{number} {} {what} {fault:?}", region.name);
        self.faults.journal.borrow_mut().push(line);
        let unheard = || Some(Err(Error::Unavailable("connection reset".to_owned())));
        if region.down > 0 {
            region.down -= 1;
            return unheard();
        }
        let answer = match fault {
            None => Some(obey(&mut region)),
            Some(Fault::Unheard) => unheard(),
            Some(Fault::LostReply) => match obey(&mut region) {
                Ok(_) => unheard(),
                refused => Some(refused),
            },
            Some(Fault::Late(calls)) => {
                let due = region.calls + calls;
                region.late.extend(later.map(|change| (due, change)));
                unheard()
            }
            Some(Fault::Down(calls)) => {
                region.down = calls;
                unheard()
            }
            Some(Fault::Killed) => None,
            Some(Fault::KilledAfter) => {
                let _ = obey(&mut region);
                None
            }
            Some(Fault::TouchedPolicy) => {
                region.touch();
                Some(obey(&mut region))
            }
            Some(Fault::OtherReference) => {
                let arn = region.add_foreign("late-comer");
                if let Some(policy) = &mut region.policy
                    && !policy.references.iter().any(|it| it.arn == arn)
                {
                    policy.references.push(Reference { priority: 60_000, arn });
                    region.touch();
                }
                Some(obey(&mut region))
            }
            Some(Fault::OtherPush) => {
                (self.other)(&mut region);
                Some(obey(&mut region))
            }
        };
        *self.faults.killed.borrow_mut() = answer.is_none();
        (self.watch)(&region);
        answer
    }

    async fn change(&self, what: &str, change: Change) -> Result<String, Error> {
        let later = change.clone();
        self.call(what, |region| region.apply(&change), Some(later)).await
    }
}

impl Firewall for Client<'_> {
    async fn policy(&self, name: &str) -> Result<Option<PolicyState>, Error> {
        let is_named = |policy: &PolicyState| policy.arn.ends_with(&format!("/{name}"));
        let find = |region: &mut Region| Ok(region.policy.clone().filter(is_named));
        self.call("policy", find, None).await
    }

    async fn groups(&self) -> Result<Vec<String>, Error> {
        let list = |region: &mut Region| {
            Ok(region.groups.values().map(|group| group.arn.clone()).collect())
        };
        self.call("groups", list, None).await
    }

    async fn group(&self, name: &str) -> Result<Option<GroupState>, Error> {
        let find = |region: &mut Region| Ok(region.groups.get(name).cloned());
        self.call(&format!("group {name}"), find, None).await
    }

    async fn firewall(&self, name: &str) -> Result<Option<FirewallState>, Error> {
        let look = |region: &mut Region| {
            let policy = region.policy.as_ref();
            let (token, arn) = policy.map(|it| (it.token.clone(), it.arn.clone())).unzip();
            for (zone, left) in &mut region.zones {
                *left = left.saturating_sub(1);
                if *left == 0 {
                    zone.sync = Sync::InSync;
                    zone.token = token.clone();
                }
            }
            let zones = region.zones.iter().map(|(zone, _)| zone.clone()).collect();
            let state = FirewallState {
                name: region.firewall.clone(),
                policy: arn.unwrap_or_default(),
                zones,
            };
            Ok((name == region.firewall).then_some(state))
        };
        self.call("firewall", look, None).await
    }

    async fn check_group(&self, group: &NewGroup) -> Result<(), Error> {
        let is_bad = group.sized.content.rules.contains("nonsense");
        let refused = || Error::Refused("stateful rule is invalid".to_owned());
        let check = |_: &mut Region| if is_bad { Err(refused()) } else { Ok(()) };
        self.call(&format!("check {}", group.name), check, None).await
    }

    async fn create_group(&self, group: &NewGroup) -> Result<String, Error> {
        self.change(&format!("create {}", group.name), Change::CreateGroup(group.clone())).await
    }

    async fn create_policy(&self, policy: &NewPolicy, to: &[Reference]) -> Result<(), Error> {
        let change = Change::CreatePolicy(policy.clone(), to.to_vec());
        self.change("create policy", change).await.map(|_| ())
    }

    async fn switch(&self, _: &str, token: &str, to: &[Reference]) -> Result<String, Error> {
        self.change("switch", Change::Switch(token.to_owned(), to.to_vec())).await
    }

    async fn delete_group(&self, name: &str) -> Result<(), Error> {
        let change = Change::DeleteGroup(name.to_owned());
        self.change(&format!("delete {name}"), change).await.map(|_| ())
    }

    async fn pause(&self) {}
}

/// Lets somebody else go on.
pub(crate) async fn yield_now() {
    let mut waited = false;
    poll_fn(|_| {
        let ready = if waited { Poll::Ready(()) } else { Poll::Pending };
        waited = true;
        ready
    })
    .await;
}

/// Runs something to its end, or until it is killed, which gives `None`.
pub(crate) fn run<T>(faults: &Faults, future: impl Future<Output = T>) -> Option<T> {
    run_until(|| *faults.killed.borrow(), future)
}

/// The same, where somebody else knows whether it is killed.
pub(crate) fn run_until<T>(
    is_killed: impl Fn() -> bool,
    future: impl Future<Output = T>,
) -> Option<T> {
    let mut future = pin!(future);
    loop {
        match future.as_mut().poll(&mut Context::from_waker(Waker::noop())) {
            Poll::Ready(done) => return Some(done),
            Poll::Pending if is_killed() => return None,
            Poll::Pending => {}
        }
    }
}
