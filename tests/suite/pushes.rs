//! Pushes against the emulator of Network Firewall, in process: what `deploy.rs` asks of a service that
//! was made for it, asked of one that knows tokens, zones and refusals as AWS has them.

use std::cell::RefCell;
use std::collections::BTreeSet;
use std::fmt;
use std::rc::Rc;
use std::sync::LazyLock;

use fwc::deploy::{self, Desired, Held, OnFailure, Order, Outcome, Plan, Push, Report};
use fwc::emit::generation_digest;
use proptest::prelude::*;
use serde_json::{Value, json};

use crate::deploy::{SHELLS, options, wanted};
use crate::support::client::{Client, drive};
use crate::support::emulator::{Cloud, Endpoint, Fault, Injection, Settings, Stack, Version};

/// A group that fwc did not make, at priority 50 in every region.
const THREATS: &str = "threats";

/// A group that fwc did not make, although it looks like it.
const LOOKALIKE: &str = "shop-primary-1-9-0123456789ab";

/// Two regions as Terraform has left them.
struct World {
    cloud: Rc<RefCell<Cloud>>,
}

impl fmt::Debug for World {
    /// What is random about it; the rest is the same in all of them.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let cloud = self.cloud.borrow();
        let Settings { sync, release, .. } = cloud.settings();
        write!(f, "{:?}, in sync after {sync}, released after {release}", self.in_force())
    }
}

/// What was pushed before, each of it.
const HISTORIES: [&[&str]; 3] = [&[], &["a"], &["a", "bc", "d", "ef"]];

/// The worlds that they leave.
static WORLDS: LazyLock<Vec<Cloud>> = LazyLock::new(|| {
    let worlds = HISTORIES.iter().map(|history| World::new(history));
    worlds.map(|world| world.cloud.borrow().clone()).collect()
});

impl World {
    /// The world that one of [`HISTORIES`] leaves, where zones take a time of their own from now on.
    fn after(history: usize, (sync, release): (u64, u64)) -> Self {
        let mut cloud = WORLDS[history].clone();
        let settings = cloud.settings_mut();
        (settings.sync, settings.release) = (sync, release);
        Self { cloud: Rc::new(RefCell::new(cloud)) }
    }

    fn new(history: &[&str]) -> Self {
        let stacks = SHELLS.iter().map(|shell| Stack {
            region: shell.target.region.clone(),
            name: shell.target.policy.clone(),
            home_net: shell.shell.home_net.clone(),
        });
        let mut cloud = Cloud::with_stacks(Settings::default(), &stacks.collect::<Vec<_>>());
        for shell in &*SHELLS {
            let target = &shell.target;
            for name in [THREATS, LOOKALIKE] {
                let group = json!({
                    "RuleGroupName": name, "Type": "STATEFUL", "Capacity": 1,
                    "RuleGroup": {
                        "RulesSource": { "RulesString": "drop ip any any -> 192.0.2.1 any (sid:1;)" },
                        "StatefulRuleOptions": { "RuleOrder": "STRICT_ORDER" },
                    },
                });
                cloud.act(&target.region, "CreateRuleGroup", group).unwrap();
            }
            let named = json!({ "FirewallPolicyName": target.policy });
            let read = cloud.act(&target.region, "DescribeFirewallPolicy", named.clone()).unwrap();
            let arn = read["FirewallPolicyResponse"]["FirewallPolicyArn"].as_str().unwrap();
            let arn = arn.replace("firewall-policy", "stateful-rulegroup");
            let arn = arn.replace(&target.policy, THREATS);
            let mut update = named;
            update["FirewallPolicy"] = read["FirewallPolicy"].clone();
            update["FirewallPolicy"]["StatefulRuleGroupReferences"] =
                json!([{ "ResourceArn": arn, "Priority": 50 }]);
            update["UpdateToken"] = "current".into();
            cloud.act(&target.region, "UpdateFirewallPolicy", update).unwrap();
        }
        cloud.advance(cloud.tick() + 10);
        let world = Self { cloud: Rc::new(RefCell::new(cloud)) };
        for letters in history {
            world.push_well(letters);
        }
        world.cloud.borrow_mut().clear_journal();
        world
    }

    /// Plans and pushes as `fwc push` does; `None` if it was killed.
    fn push(&self, letters: &str, how: Push) -> Option<Result<Report, String>> {
        drive(&self.cloud, push(&self.cloud, "me", letters, how))
    }

    /// The same while nothing goes wrong.
    fn push_well(&self, letters: &str) {
        self.cloud.borrow_mut().heal();
        let report = self.push(letters, careful()).unwrap().unwrap();
        assert!(report.is_complete(), "{report:#?}");
    }

    /// What each region's policy has said from a version on, letter by letter.
    fn said(&self, from: &[usize]) -> Vec<Vec<String>> {
        let cloud = self.cloud.borrow();
        let versions = SHELLS.iter().zip(from).map(|(shell, from)| {
            let versions = cloud.versions(&shell.target.region, &shell.target.policy);
            versions[*from..].iter().map(|version| letters_of(version)).collect()
        });
        versions.collect()
    }

    /// How many versions each region's policy has had.
    fn versions(&self) -> Vec<usize> {
        let cloud = self.cloud.borrow();
        let versions =
            |shell: &Desired| cloud.versions(&shell.target.region, &shell.target.policy).len();
        SHELLS.iter().map(versions).collect()
    }

    /// What is in force in each region, by policy.
    fn in_force(&self) -> Vec<String> {
        let last: Vec<_> = self.versions().iter().map(|count| count - 1).collect();
        self.said(&last).concat()
    }

    /// What every zone of a region enforces.
    fn enforced(&self, region: usize) -> BTreeSet<String> {
        let target = &SHELLS[region].target;
        let cloud = self.cloud.borrow();
        let zones = cloud.enforced(&target.region, &target.firewalls[0]);
        assert_eq!(zones.len(), 2);
        zones.values().map(|version| letters_of(version.unwrap())).collect()
    }

    /// Nothing of ours is left over, and what is not ours is as it was.
    fn is_tidy(&self) {
        let cloud = Rc::clone(&self.cloud);
        for shell in &*SHELLS {
            let client = Client::new(&cloud, &shell.target.region);
            let observed = drive(&cloud, deploy::observe(&shell.target, &client)).unwrap().unwrap();
            let live = observed.generation().unwrap();
            let kept: BTreeSet<_> = live.before.iter().take(2).collect();
            for named in &observed.idle {
                assert!(kept.contains(&named.past), "{} is left over", named.name());
            }
            assert!(cloud.borrow().groups(&shell.target.region).contains(&LOOKALIKE));
        }
    }
}

/// What a policy says of ours; it says of others what it said.
fn letters_of(version: &Version) -> String {
    let (threats, ours) = version.groups.split_first().unwrap();
    assert_eq!((threats.priority, threats.name.as_str()), (Some(50), THREATS));
    let letter = |content: &Value| {
        let text = content["RulesSource"]["RulesString"].as_str().unwrap();
        text.split("fwc_allow ").nth(1).unwrap().chars().next().unwrap()
    };
    ours.iter().map(|group| letter(&group.content)).collect()
}

/// The same with signatures that the service takes.
fn with_ids(mut desired: Desired) -> Desired {
    for group in &mut desired.groups {
        group.content.rules = group.content.rules.replace(";)", "; sid:1;)");
    }
    let groups = desired.groups.iter();
    let digests: Vec<_> = groups.map(|group| (group.content.digest(), group.capacity)).collect();
    let digests = digests.iter().map(|(digest, capacity)| (digest.as_str(), *capacity));
    Desired { digest: generation_digest(digests), ..desired }
}

async fn push(
    cloud: &Rc<RefCell<Cloud>>,
    who: &str,
    letters: &str,
    how: Push,
) -> Result<Report, String> {
    let clients: Vec<_> =
        SHELLS.iter().map(|shell| Client::new(cloud, &shell.target.region)).collect();
    let mut plans = Vec::new();
    for (shell, client) in SHELLS.iter().zip(&clients) {
        let desired = with_ids(wanted(shell, letters));
        let observed = deploy::observe(&desired.target, client).await;
        let observed = observed.map_err(|error| error.to_string())?;
        let plan = deploy::plan(&desired, &observed, &options(who));
        plans.push(plan.map_err(|refusals| format!("{refusals:?}"))?);
    }
    Ok(deploy::push(&Plan::new("shop", plans), &clients, &how, &|_, _| {}).await)
}

fn careful() -> Push {
    Push { order: Order::OneByOne, on_failure: OnFailure::Rollback, patience: 10 }
}

/// Something that goes wrong during a push.
#[derive(Debug, Clone)]
enum Trouble {
    /// At a call.
    Call(u64, Fault),
    /// A region answers no more from one of its calls on, for so many calls.
    Down(usize, u64, u64),
    /// Somebody else pushes everywhere before a call.
    OtherPush(u64),
    /// The client dies before a call.
    Kill(u64),
    /// A zone never syncs.
    Stuck(usize, Endpoint),
}

impl Trouble {
    fn befall(&self, cloud: &mut Cloud) {
        let region = |number: usize| &SHELLS[number].target.region;
        match self {
            Self::Call(at, fault) => cloud.inject(Injection::new(fault.clone()).after(*at)),
            Self::Down(number, at, times) => {
                let down = Injection::new(Fault::ResetBefore).in_region(region(*number));
                cloud.inject(down.after(*at).times(*times));
            }
            Self::OtherPush(at) => {
                cloud.inject(Injection::new(Fault::run(push_of_other)).after(*at));
            }
            Self::Kill(at) => cloud.kill_after(*at),
            Self::Stuck(number, endpoint) => {
                let zone = format!("{}b", region(*number));
                cloud.set_endpoint(region(*number), &zone, *endpoint);
            }
        }
    }

    /// Whether a policy may come to say what the client does not expect.
    fn surprises(&self) -> bool {
        matches!(self, Self::OtherPush(_) | Self::Call(_, Fault::Late { .. }))
    }
}

/// What somebody else pushes, whose calls all have an answer.
fn push_of_other(cloud: &mut Cloud) {
    let own = std::mem::replace(cloud, Cloud::new(Settings::default()));
    let shared = Rc::new(RefCell::new(own));
    let faults = shared.borrow_mut().suspend();
    let report = drive(&shared, push(&shared, "somebody", "xy", careful()));
    // A zone that is stuck, or a call that arrives late, may be in their way, too.
    drop(report);
    shared.borrow_mut().resume(faults);
    std::mem::swap(cloud, &mut shared.borrow_mut());
}

/// Pushes with these troubles and checks everything that has to hold then.
fn check(world: &World, troubles: &[Trouble], how: Push) {
    let letters = "gh";
    let (before, from) = (world.in_force(), world.versions());
    for trouble in troubles {
        trouble.befall(&mut world.cloud.borrow_mut());
    }
    let surprised = troubles.iter().any(Trouble::surprises);
    let pushed = world.push(letters, how);
    let show = || format!("{pushed:#?}\n{:#?}", world.cloud.borrow().journal());
    if let Some(Ok(report)) = &pushed {
        for (number, region) in report.regions.iter().enumerate() {
            let now = &world.in_force()[number];
            match region.holds {
                Held::Before => assert!(*now == before[number] || surprised, "{}", show()),
                Held::After => assert!(now == letters || surprised, "{}", show()),
                Held::Other => assert!(surprised, "{}", show()),
                Held::Unknown => {}
            }
            if region.outcome == Outcome::Switched && !surprised && report.is_complete() {
                assert_eq!(world.enforced(number), [letters.to_owned()].into(), "{}", show());
            }
        }
        let switched_back = how.on_failure == OnFailure::Rollback && !report.is_complete();
        let is_known = report.regions.iter().all(|it| it.outcome != Outcome::Failed);
        if switched_back && is_known {
            assert!(report.regions.iter().all(|it| it.holds != Held::After), "{}", show());
        }
    }
    // Whatever was in force, was one whole generation.
    let allowed = [before[0].as_str(), letters, "xy"];
    for said in world.said(&from).iter().flatten() {
        assert!(allowed.contains(&said.as_str()), "`{said}` was in force\n{}", show());
    }
    // When everything is well again, the next push ends in the new state; the one after it has nothing
    // to do.
    for shell in &*SHELLS {
        let region = &shell.target.region;
        world.cloud.borrow_mut().set_endpoint(region, &format!("{region}b"), Endpoint::Ready);
    }
    world.cloud.borrow_mut().advance(20);
    world.push_well(letters);
    for region in 0..2 {
        assert_eq!(world.enforced(region), [letters.to_owned()].into());
    }
    world.is_tidy();
    world.cloud.borrow_mut().clear_journal();
    world.push_well(letters);
    let cloud = world.cloud.borrow();
    let changed = cloud.journal().iter().filter(|call| call.mutating).count();
    assert_eq!(changed, 0, "{:#?}", cloud.journal());
}

fn troubles() -> impl Strategy<Value = Vec<Trouble>> {
    let fault = prop_oneof![
        Just(Fault::Throttle),
        Just(Fault::ServerError),
        Just(Fault::ServerErrorAfter),
        Just(Fault::ResetBefore),
        Just(Fault::ResetAfter),
        Just(Fault::StaleToken),
        (1u64..9).prop_map(|ticks| Fault::Late { ticks }),
        (1u64..9).prop_map(|ticks| Fault::Slow { ticks }),
    ];
    let stuck = prop_oneof![Just(Endpoint::NeverSyncs), Just(Endpoint::CapacityConstrained)];
    let trouble = prop_oneof![
        12 => (0u64..70, fault).prop_map(|(at, fault)| Trouble::Call(at, fault)),
        2 => (0usize..2, 0u64..40, 1u64..60)
            .prop_map(|(region, at, times)| Trouble::Down(region, at, times)),
        1 => (0u64..70).prop_map(Trouble::OtherPush),
        2 => (0u64..70).prop_map(Trouble::Kill),
        1 => (0usize..2, stuck).prop_map(|(region, endpoint)| Trouble::Stuck(region, endpoint)),
    ];
    proptest::collection::vec(trouble, 0..7)
}

#[test]
fn killed_at_every_call_in_turn_the_next_push_ends_in_the_new_state() {
    let world = World::after(2, (2, 1));
    world.push_well("gh");
    let calls = world.cloud.borrow().journal().len() as u64;
    for at in 0..=calls {
        check(&World::after(2, (2, 1)), &[Trouble::Kill(at)], careful());
    }
}

#[test]
fn every_other_call_is_throttled() {
    let world = World::after(1, (2, 1));
    for shell in &*SHELLS {
        let throttle = Injection::new(Fault::Throttle).in_region(&shell.target.region);
        world.cloud.borrow_mut().inject(throttle.after(1).every(2).times(u64::MAX));
    }
    let report = world.push("gh", careful()).unwrap().unwrap();
    assert!(report.is_complete(), "{report:#?}");
    let cloud = world.cloud.borrow();
    for shell in &*SHELLS {
        let calls = cloud.journal().iter().filter(|call| call.region == shell.target.region);
        let (throttled, heard): (Vec<_>, Vec<_>) = calls.partition(|call| call.fault.is_some());
        assert!(heard.len() - throttled.len() <= 1, "{throttled:#?}");
    }
}

/// A push with its troubles.
fn story() -> impl Strategy<Value = (World, Vec<Trouble>, Push)> {
    let order = prop_oneof![Just(Order::OneByOne), Just(Order::Parallel)];
    let on_failure = prop_oneof![Just(OnFailure::Rollback), Just(OnFailure::Stop)];
    let how = (order, on_failure).prop_map(|(order, on_failure)| Push {
        order,
        on_failure,
        patience: 10,
    });
    let times = (0u64..5, 0u64..5);
    let world =
        (0..HISTORIES.len(), times).prop_map(|(history, times)| World::after(history, times));
    (world, troubles(), how)
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 1_000, ..ProptestConfig::default() })]
    #[test]
    fn whatever_goes_wrong_each_region_enforces_one_whole_generation(
        (world, troubles, how) in story(),
    ) {
        check(&world, &troubles, how);
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 10_000, ..ProptestConfig::default() })]
    #[test]
    #[ignore = "takes minutes"]
    fn whatever_goes_wrong_ten_thousand_times((world, troubles, how) in story()) {
        check(&world, &troubles, how);
    }
}
