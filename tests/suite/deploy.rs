//! A push against a service that fails in every way: what is in force is always one whole generation.

use std::cell::RefCell;
use std::collections::{BTreeMap, BTreeSet};
use std::rc::Rc;
use std::sync::LazyLock;

use fwc::deploy::{
    self, Desired, Empty, Held, Missing, Observed, OnFailure, Options, Order, Origin, Outcome,
    Plan, Push, Refusal, RegionReport, Report, Sized, Stamp, Sync,
};
use fwc::emit::{Content, Context, Delivery, generation_digest};
use fwc::project;
use fwc::source::{FileId, SourceFile, Sources};
use fwc::suricata::{self, profile};
use proptest::prelude::*;

use crate::support::fake::{Client, Fault, Faults, Region, run};

/// The name of a group that fwc did not make, at priority 50 in every region.
const THREATS: &str = "threats";

/// The name of a group that fwc did not make, although it looks like it.
const LOOKALIKE: &str = "shop-primary-1-9-0123456789ab";

/// A policy of which only the settings of the firewall and the target count, in both regions.
pub(crate) static SHELLS: LazyLock<Vec<Desired>> = LazyLock::new(|| {
    let yaml = "name: shop\nregions:\n  primary: { aws: us-east-1, networks: { web: [10.0.0.0/24] } }\n  \
                secondary: { aws: us-west-2, networks: { web: [10.1.0.0/24] } }\n";
    let project = project::parse(FileId(0), yaml).0.unwrap();
    let mut sources = Sources::new();
    sources.add(SourceFile::new("prod.fw", "fwc 1\nservice web from web {\nallow a.example\n}\n"));
    let (policy, _) = fwc::analyse(&sources, &project).accept().unwrap();
    let options = suricata::Options {
        today: "2026-11-24".parse().unwrap(),
        profile: &profile::HARDENED,
        firewall: &project.firewall,
    };
    let rulesets = suricata::compile(&policy, &options).unwrap();
    let context =
        Context { project: &project, policy: &policy, sources: &sources, options, root: "" };
    let deliveries = rulesets.iter().map(Delivery::new);
    deliveries.map(|delivery| Desired::new(&context, &delivery).unwrap()).collect()
});

/// What is wanted: a group for each letter, which stands for what it allows.
pub(crate) fn wanted(shell: &Desired, letters: &str) -> Desired {
    let content = |letter| Content {
        rules: format!("pass tls any any -> any any (metadata:fwc_allow {letter};)\n"),
        ip_sets: BTreeMap::new(),
        references: BTreeMap::new(),
    };
    let groups: Vec<_> =
        letters.chars().map(|letter| Sized { capacity: 10, content: content(letter) }).collect();
    let digests: Vec<_> = groups.iter().map(|group| group.content.digest()).collect();
    let digest = generation_digest(digests.iter().map(|digest| (digest.as_str(), 10)));
    Desired { digest, grants: groups.len(), groups, ..shell.clone() }
}

pub(crate) fn options(who: &str) -> Options {
    let origin = Origin { pushed_by: Some(who.to_owned()), ..Origin::default() };
    Options { origin, empty: Empty::Refused, policy: Missing::Refused, keep: 2, quota: 50 }
}

/// What a policy refers to, letter by letter; `?` for what is not one whole generation of ours.
fn in_force(region: &Region) -> String {
    let policy = region.policy.as_ref().unwrap();
    let ours = policy.references.iter().filter(|it| it.name().starts_with("shop-"));
    let mut letters = String::new();
    let mut seen = BTreeSet::new();
    for (part, reference) in (1..).zip(ours) {
        let group = &region.groups[reference.name()];
        let stamp = Stamp::of(&group.tags).unwrap();
        seen.insert((stamp.generation, stamp.digest.clone(), stamp.parts));
        if stamp.part != part {
            return "?".to_owned();
        }
        let rules = &group.content.as_ref().unwrap().rules;
        letters.push(rules.split("fwc_allow ").nth(1).unwrap().chars().next().unwrap());
    }
    match seen.into_iter().collect::<Vec<_>>().as_slice() {
        [] => letters,
        [(_, _, parts)] if *parts as usize == letters.len() => letters,
        _ => "?".to_owned(),
    }
}

/// Two regions, as they are after a few pushes.
struct World {
    regions: Vec<Rc<RefCell<Region>>>,
}

impl World {
    fn new(history: &[&str]) -> Self {
        let regions = SHELLS.iter().map(|shell| {
            let target = &shell.target;
            let mut region = Region::new(&target.region, &target.firewalls[0])
                .with_shell(&target.policy, &shell.shell);
            let arn = region.add_foreign(THREATS);
            region.add_foreign(LOOKALIKE);
            region.policy.as_mut().unwrap().references =
                vec![deploy::Reference { priority: 50, arn }];
            Rc::new(RefCell::new(region))
        });
        let world = Self { regions: regions.collect() };
        for letters in history {
            let report = world.push_well(letters);
            assert!(report.is_complete(), "{report:?}");
        }
        world
    }

    fn in_force(&self) -> Vec<String> {
        self.regions.iter().map(|region| in_force(&region.borrow())).collect()
    }

    fn clients<'w>(
        &self,
        faults: &'w Faults,
        watch: &'w dyn Fn(&Region),
        other: &'w dyn Fn(&mut Region),
    ) -> Vec<Client<'w>> {
        self.regions.iter().map(|region| Client::new(region, faults, watch, other)).collect()
    }

    /// Plans and pushes as `fwc push` does; `None` if it was killed.
    fn push(&self, letters: &str, run_with: &Attempt<'_>) -> Option<Result<Report, String>> {
        let clients = self.clients(run_with.faults, run_with.watch, run_with.other);
        let whole = async {
            let mut plans = Vec::new();
            for (shell, client) in SHELLS.iter().zip(&clients) {
                let desired = wanted(shell, letters);
                let observed = deploy::observe(&desired.target, client).await;
                let observed = observed.map_err(|error| error.to_string())?;
                let plan = deploy::plan(&desired, &observed, &options(run_with.who));
                plans.push(plan.map_err(|refusals| format!("{refusals:?}"))?);
            }
            let plan = Plan::new("shop", plans);
            Ok(deploy::push(&plan, &clients, &run_with.how, &|_, _| {}).await)
        };
        run(run_with.faults, whole)
    }

    /// Pushes while nothing goes wrong.
    fn push_well(&self, letters: &str) -> Report {
        let faults = Faults::default();
        let attempt = Attempt { faults: &faults, ..Attempt::new(&faults) };
        self.push(letters, &attempt).unwrap().unwrap()
    }

    /// What is there of ours is in force, or kept to be rolled back to; what is not ours is there.
    fn is_tidy(&self) {
        for (region, shell) in self.regions.iter().zip(&*SHELLS) {
            let region = region.borrow();
            let observed = observed(&region, shell);
            let live = observed.generation().unwrap();
            let kept: BTreeSet<_> = live.before.iter().take(2).collect();
            for named in &observed.idle {
                assert!(kept.contains(&named.past), "{} is left over", named.name());
            }
            assert!(region.groups.contains_key(LOOKALIKE));
            let references = &region.policy.as_ref().unwrap().references;
            assert_eq!((references[0].priority, references[0].name()), (50, THREATS));
        }
    }
}

/// What is there, asked without any fault.
fn observed(region: &Region, shell: &Desired) -> Observed {
    let faults = Faults::default();
    let region = Rc::new(RefCell::new(region.clone()));
    let client = Client::new(&region, &faults, &|_| {}, &|_| {});
    run(&faults, deploy::observe(&shell.target, &client)).unwrap().unwrap()
}

/// How a push is made.
struct Attempt<'w> {
    who: &'w str,
    how: Push,
    faults: &'w Faults,
    watch: &'w dyn Fn(&Region),
    other: &'w dyn Fn(&mut Region),
}

impl<'w> Attempt<'w> {
    fn new(faults: &'w Faults) -> Self {
        let how = Push { order: Order::OneByOne, on_failure: OnFailure::Rollback, patience: 10 };
        Self { who: "me", how, faults, watch: &|_| {}, other: &|_| {} }
    }
}

/// What somebody else pushes in one region, whose calls all have an answer.
fn push_of_other(region: &mut Region) {
    let shell = SHELLS.iter().find(|shell| shell.target.region == region.name).unwrap();
    let alone = Rc::new(RefCell::new(region.clone()));
    let faults = Faults::default();
    let client = Client::new(&alone, &faults, &|_| {}, &|_| {});
    let desired = wanted(shell, "xy");
    let push = async {
        let observed = deploy::observe(&desired.target, &client).await.unwrap();
        let plan = deploy::plan(&desired, &observed, &options("somebody")).unwrap();
        let plan = Plan::new("shop", vec![plan]);
        deploy::push(&plan, &[client], &Attempt::new(&faults).how, &|_, _| {}).await
    };
    // A call of ours that is obeyed late may be in its way.
    run(&faults, push);
    *region = alone.borrow().clone();
}

/// Pushes `letters` over `history` with these faults and checks everything that has to hold then.
fn check(history: &[&str], letters: &str, planned: &[(usize, Fault)], how: Push) {
    let world = World::new(history);
    let before = world.in_force();
    let allowed: BTreeSet<&str> =
        history.last().into_iter().copied().chain(["", letters, "xy"]).collect();
    let watch = |region: &Region| {
        let now = in_force(region);
        assert!(allowed.contains(now.as_str()), "{} enforces `{now}`", region.name);
    };
    let faults = Faults::new(planned);
    let attempt = Attempt { how, watch: &watch, other: &push_of_other, ..Attempt::new(&faults) };
    let pushed = world.push(letters, &attempt);
    let show = || format!("{pushed:#?}\n{}", faults.journal.borrow().join("\n"));
    if let Some(Ok(report)) = &pushed {
        for (index, region) in report.regions.iter().enumerate() {
            let state = world.regions[index].borrow();
            let now = in_force(&state);
            match region.holds {
                Held::Before => {
                    let is_certain = !later(planned) && !others(planned);
                    assert!(now == before[index] || !is_certain, "{}", show());
                }
                Held::After => assert!(now == letters || others(planned), "{}", show()),
                Held::Other => assert!(others(planned), "{}", show()),
                Held::Unknown => {}
            }
            match region.outcome {
                Outcome::Switched => assert_eq!(region.holds, Held::After, "{}", show()),
                Outcome::SwitchedBack | Outcome::Unchanged => {
                    assert_eq!(region.holds, Held::Before, "{}", show());
                }
                Outcome::Untouched | Outcome::Failed => assert!(!report.is_complete()),
            }
        }
        if report.is_complete() {
            for region in &report.regions {
                assert!(region.zones.iter().all(|zone| zone.sync == Sync::InSync), "{}", show());
            }
        } else {
            assert!(report.regions.iter().any(|region| region.error.is_some()), "{}", show());
        }
        let rolls_back = how.on_failure == OnFailure::Rollback;
        let certain =
            report.regions.iter().all(|it| it.error.is_none() || it.outcome != Outcome::Failed);
        if rolls_back && certain && !report.is_complete() {
            let is_after = |it: &deploy::RegionReport| it.holds == Held::After;
            assert!(!report.regions.iter().any(is_after), "{}", show());
        }
    }
    drop(pushed);
    // What is obeyed late is so during the next push; the one after it finds what that left.
    for region in &world.regions {
        region.borrow_mut().recover();
    }
    let report = world.push_well(letters);
    assert!(report.is_complete() || later(planned), "{report:#?}");
    let report = world.push_well(letters);
    assert!(report.is_complete(), "{report:#?}");
    assert_eq!(world.in_force(), [letters, letters]);
    world.is_tidy();
}

/// Whether a call may be obeyed when nobody thinks of it any more.
fn later(planned: &[(usize, Fault)]) -> bool {
    planned.iter().any(|(_, fault)| matches!(fault, Fault::Late(_)))
}

/// Whether somebody else changes what is in force.
fn others(planned: &[(usize, Fault)]) -> bool {
    planned.iter().any(|(_, fault)| matches!(fault, Fault::OtherPush | Fault::OtherReference))
}

fn careful() -> Push {
    Attempt::new(&Faults::default()).how
}

#[test]
fn an_unchanged_policy_is_not_pushed_again() {
    let world = World::new(&["ab"]);
    let before: Vec<_> = world.regions.iter().map(|region| region.borrow().mutations).collect();
    let report = world.push_well("ab");
    assert!(report.regions.iter().all(|region| region.outcome == Outcome::Unchanged));
    let after: Vec<_> = world.regions.iter().map(|region| region.borrow().mutations).collect();
    assert_eq!(before, after);
}

#[test]
fn killed_at_every_call_in_turn_the_next_push_ends_in_the_new_state() {
    for order in [Order::OneByOne, Order::Parallel] {
        let faults = Faults::default();
        let how = Push { order, ..careful() };
        let world = World::new(&["a", "b", "cd"]);
        world.push("efg", &Attempt { how, ..Attempt::new(&faults) });
        for call in 0..faults.calls() {
            for fault in [Fault::Killed, Fault::KilledAfter, Fault::LostReply, Fault::Unheard] {
                check(&["a", "b", "cd"], "efg", &[(call, fault)], how);
            }
        }
    }
}

/// A few things that go wrong, at calls of a push.
fn faults() -> impl Strategy<Value = Vec<(usize, Fault)>> {
    let fault = prop_oneof![
        6 => Just(Fault::Unheard),
        6 => Just(Fault::LostReply),
        3 => (1usize..12).prop_map(Fault::Late),
        2 => Just(Fault::Killed),
        2 => Just(Fault::KilledAfter),
        3 => (1usize..60).prop_map(Fault::Down),
        3 => Just(Fault::TouchedPolicy),
        1 => Just(Fault::OtherReference),
        2 => Just(Fault::OtherPush),
    ];
    proptest::collection::vec((0usize..60, fault), 0..8)
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 10_000, ..ProptestConfig::default() })]
    #[test]
    fn whatever_goes_wrong_each_region_enforces_one_whole_generation(
        planned in faults(),
        history in prop_oneof![Just(&[][..]), Just(&["a"][..]), Just(&["a", "bc", "d", "ef"][..])],
        parallel in any::<bool>(),
        stop in any::<bool>(),
    ) {
        let order = if parallel { Order::Parallel } else { Order::OneByOne };
        let on_failure = if stop { OnFailure::Stop } else { OnFailure::Rollback };
        check(history, "gh", &planned, Push { order, on_failure, patience: 10 });
    }
}

/// What became of each region: its outcome, what it enforces, and what went wrong.
fn told(world: &World, report: &Report) -> Vec<String> {
    let regions = report.regions.iter().zip(world.in_force());
    regions
        .map(|(region, now)| {
            let error = region.error.as_deref().map(|error| format!(": {error}"));
            let RegionReport { role, outcome, holds, .. } = region;
            format!("{role} {outcome:?}, {holds:?}, enforces {now}{}", error.unwrap_or_default())
        })
        .collect()
}

/// Pushes `cd` over `ab` with these faults.
fn push_over(faults: &[(usize, Fault)], how: Push, prepare: impl Fn(&World)) -> Vec<String> {
    let world = World::new(&["ab"]);
    prepare(&world);
    let faults = Faults::new(faults);
    let attempt = Attempt { how, other: &push_of_other, ..Attempt::new(&faults) };
    let report = world.push("cd", &attempt).unwrap().unwrap();
    told(&world, &report)
}

/// The number of the first call of a push of `cd` over `ab` that is this one.
fn call(what: &str) -> usize {
    let world = World::new(&["ab"]);
    let faults = Faults::default();
    world.push("cd", &Attempt::new(&faults));
    let journal = faults.journal.borrow();
    journal.iter().position(|line| line.contains(what)).unwrap()
}

const STOP: Push = Push { order: Order::OneByOne, on_failure: OnFailure::Stop, patience: 10 };
const BACK: Push = Push { order: Order::OneByOne, on_failure: OnFailure::Rollback, patience: 10 };

#[test]
fn a_region_that_is_down_before_its_switch_takes_the_other_one_back() {
    // Regions are pushed in the order of the plan, which is the primary first here.
    let down = [(call("create shop-secondary"), Fault::Down(1_000))];
    insta::assert_debug_snapshot!(push_over(&down, BACK, |_| {}), @r#"
    [
        "primary SwitchedBack, Before, enforces ab",
        "secondary Untouched, Before, enforces ab: `shop-secondary-2-1-587227dcbf87` was not made: no answer: connection reset",
    ]
    "#);
    insta::assert_debug_snapshot!(push_over(&down, STOP, |_| {}), @r#"
    [
        "primary Switched, After, enforces cd",
        "secondary Untouched, Before, enforces ab: `shop-secondary-2-1-587227dcbf87` was not made: no answer: connection reset",
    ]
    "#);
}

#[test]
fn a_region_that_is_down_at_its_switch_is_not_known() {
    let down = [(call("us-west-2 switch"), Fault::Down(1_000))];
    insta::assert_debug_snapshot!(push_over(&down, BACK, |_| {}), @r#"
    [
        "primary SwitchedBack, Before, enforces ab",
        "secondary Failed, Unknown, enforces ab: nobody knows whether `shop-secondary` was switched: no answer: connection reset; not switched back: nobody knows whether `shop-secondary` was switched: no answer: connection reset",
    ]
    "#);
    insta::assert_debug_snapshot!(push_over(&down, STOP, |_| {}), @r#"
    [
        "primary Switched, After, enforces cd",
        "secondary Failed, Unknown, enforces ab: nobody knows whether `shop-secondary` was switched: no answer: connection reset",
    ]
    "#);
}

#[test]
fn a_region_that_is_down_after_its_switch_is_not_done() {
    let down = [(call("us-west-2 switch") + 1, Fault::Down(1_000))];
    insta::assert_debug_snapshot!(push_over(&down, BACK, |_| {}), @r#"
    [
        "primary SwitchedBack, Before, enforces ab",
        "secondary Failed, Unknown, enforces cd: `shop-secondary` gave no sign: no answer: connection reset; not switched back: nobody knows whether `shop-secondary` was switched: no answer: connection reset",
    ]
    "#);
    insta::assert_debug_snapshot!(push_over(&down, STOP, |_| {}), @r#"
    [
        "primary Switched, After, enforces cd",
        "secondary Failed, After, enforces cd: `shop-secondary` gave no sign: no answer: connection reset",
    ]
    "#);
}

#[test]
fn a_zone_that_never_syncs_takes_everything_back() {
    let never = |world: &World| world.regions[1].borrow_mut().lag = None;
    insta::assert_debug_snapshot!(push_over(&[], BACK, never), @r#"
    [
        "primary SwitchedBack, Before, enforces ab",
        "secondary Failed, Before, enforces ab: not every zone is in sync: us-west-2a is pending, us-west-2b is pending; switched back, but not every zone is in sync: us-west-2a is pending, us-west-2b is pending",
    ]
    "#);
    insta::assert_debug_snapshot!(push_over(&[], STOP, never), @r#"
    [
        "primary Switched, After, enforces cd",
        "secondary Failed, After, enforces cd: not every zone is in sync: us-west-2a is pending, us-west-2b is pending",
    ]
    "#);
}

#[test]
fn a_zone_in_sync_with_what_was_before_is_waited_for() {
    let hasty = |world: &World| {
        let mut region = world.regions[1].borrow_mut();
        region.lag = None;
        region.hasty = true;
    };
    insta::assert_debug_snapshot!(push_over(&[], STOP, hasty), @r#"
    [
        "primary Switched, After, enforces cd",
        "secondary Failed, After, enforces cd: not every zone is in sync: us-west-2a still enforces what was before, us-west-2b still enforces what was before",
    ]
    "#);
}

#[test]
fn a_group_that_holds_our_name_is_not_taken_for_ours() {
    let name = "shop-primary-2-1-587227dcbf87";
    let squat = |world: &World| drop(world.regions[0].borrow_mut().add_foreign(name));
    insta::assert_debug_snapshot!(push_over(&[], BACK, squat), @r#"
    [
        "primary Untouched, Before, enforces ab: `shop-primary-2-1-587227dcbf87` is there, and is not ours",
        "secondary Untouched, Before, enforces ab",
    ]
    "#);
}

#[test]
fn a_zone_without_room_is_not_waited_for() {
    let full = |world: &World| {
        let mut region = world.regions[0].borrow_mut();
        region.lag = None;
        region.full = true;
    };
    insta::assert_debug_snapshot!(push_over(&[], STOP, full), @r#"
    [
        "primary Failed, After, enforces cd: us-east-1a has no room for the rule groups",
        "secondary Untouched, Before, enforces ab",
    ]
    "#);
}

#[test]
fn a_service_without_room_for_groups_leaves_everything_as_it_was() {
    let full = |world: &World| world.regions[1].borrow_mut().quota = 5;
    insta::assert_debug_snapshot!(push_over(&[], BACK, full), @r#"
    [
        "primary SwitchedBack, Before, enforces ab",
        "secondary Untouched, Before, enforces ab: `shop-secondary-2-2-587227dcbf87` was not made: limit exceeded",
    ]
    "#);
}

#[test]
fn of_two_pushes_one_wins_and_the_other_says_who() {
    let other = [(call("us-east-1 switch"), Fault::OtherPush)];
    insta::assert_debug_snapshot!(push_over(&other, BACK, |_| {}), @r#"
    [
        "primary Failed, Other, enforces xy: somebody has switched `shop-primary` to generation 3 meanwhile; plan again",
        "secondary Untouched, Before, enforces ab",
    ]
    "#);
    let reference = [(call("us-east-1 switch"), Fault::OtherReference)];
    insta::assert_debug_snapshot!(push_over(&reference, BACK, |_| {}), @r#"
    [
        "primary Failed, Other, enforces ab: somebody else has changed what `shop-primary` refers to meanwhile; plan again",
        "secondary Untouched, Before, enforces ab",
    ]
    "#);
    let touched = [(call("us-east-1 switch"), Fault::TouchedPolicy)];
    insta::assert_debug_snapshot!(push_over(&touched, BACK, |_| {}), @r#"
    [
        "primary Switched, After, enforces cd",
        "secondary Switched, After, enforces cd",
    ]
    "#);
}

#[test]
fn what_one_engine_refuses_is_made_nowhere() {
    let world = World::new(&["ab"]);
    let faults = Faults::default();
    let clients = world.clients(&faults, &|_| {}, &|_| {});
    let plans = SHELLS.iter().zip(&world.regions).map(|(shell, region)| {
        let mut desired = wanted(shell, "cd");
        if shell.target.role == "secondary" {
            desired.groups[1].content.rules.push_str("nonsense\n");
        }
        deploy::plan(&desired, &observed(&region.borrow(), shell), &options("me")).unwrap()
    });
    let plan = Plan::new("shop", plans.collect());
    let report = run(&faults, deploy::push(&plan, &clients, &BACK, &|_, _| {})).unwrap();
    insta::assert_debug_snapshot!(told(&world, &report), @r#"
    [
        "primary Untouched, Before, enforces ab",
        "secondary Untouched, Before, enforces ab: `shop-secondary-2-2-587227dcbf87` is not accepted: stateful rule is invalid",
    ]
    "#);
    let journal = faults.journal.borrow();
    assert!(journal.iter().all(|line| line.contains(" check ")), "{journal:#?}");
}

/// Goes back a generation in every region.
fn roll_back(world: &World) -> Result<Report, Vec<Refusal>> {
    let faults = Faults::default();
    let clients = world.clients(&faults, &|_| {}, &|_| {});
    let plans = SHELLS
        .iter()
        .zip(&world.regions)
        .map(|(shell, region)| deploy::rollback(&shell.target, &observed(&region.borrow(), shell)));
    let plan = Plan::new("shop", plans.collect::<Result<_, _>>()?);
    Ok(run(&faults, deploy::push(&plan, &clients, &BACK, &|_, _| {})).unwrap())
}

#[test]
fn generations_come_back_one_by_one() {
    let world = World::new(&["a", "bc", "d"]);
    assert!(roll_back(&world).unwrap().is_complete());
    assert_eq!(world.in_force(), ["bc", "bc"]);
    assert!(roll_back(&world).unwrap().is_complete());
    assert_eq!(world.in_force(), ["a", "a"]);
    assert_eq!(roll_back(&world), Err(vec![Refusal::NoPast]));
    // What was rolled back from is no past of what comes next.
    assert!(world.push_well("e").is_complete());
    world.is_tidy();
    assert!(roll_back(&world).unwrap().is_complete());
    assert_eq!(world.in_force(), ["a", "a"]);
}

#[test]
fn a_generation_that_was_edited_does_not_come_back() {
    let world = World::new(&["ab", "c"]);
    for state in world.regions[1].borrow_mut().groups.values_mut() {
        if let Some(content) = &mut state.content {
            content.rules.push_str("pass ip any any -> any any (sid:1;)\n");
        }
    }
    let report = roll_back(&world).unwrap();
    insta::assert_debug_snapshot!(told(&world, &report), @r#"
    [
        "primary Untouched, Before, enforces c",
        "secondary Untouched, Before, enforces c: the generation to go back to was edited by hand, or is not whole",
    ]
    "#);
}

#[test]
fn everything_of_ours_goes_and_nothing_else() {
    let world = World::new(&["a", "bc"]);
    let faults = Faults::default();
    let clients = world.clients(&faults, &|_| {}, &|_| {});
    let plans = SHELLS
        .iter()
        .zip(&world.regions)
        .map(|(shell, region)| deploy::destroy(&shell.target, &observed(&region.borrow(), shell)));
    let plan = Plan::new("shop", plans.collect());
    let report = run(&faults, deploy::push(&plan, &clients, &BACK, &|_, _| {})).unwrap();
    assert!(report.is_complete(), "{report:#?}");
    for region in &world.regions {
        let region = region.borrow();
        assert_eq!(Vec::from_iter(region.groups.keys()), [LOOKALIKE, THREATS]);
        assert_eq!(region.policy.as_ref().unwrap().references.len(), 1);
    }
}

#[test]
fn a_push_needs_few_calls() {
    let world = World::new(&[]);
    let calls = |world: &World, letters: &str| {
        let before = world.regions[0].borrow().calls;
        assert!(world.push_well(letters).is_complete());
        world.regions[0].borrow().calls - before
    };
    // Two groups hold 10,000 grants.
    assert!(calls(&world, "ab") <= 12);
    assert!(calls(&world, "cd") <= 12);
    assert!(calls(&world, "ef") <= 12);
    assert!(calls(&world, "ef") <= 7);
}
