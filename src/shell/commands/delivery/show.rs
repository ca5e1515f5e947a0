//! Plans, reports and states of regions as text.

use fwc::deploy::{
    Drift, Event, Held, Outcome, Past, Plan, RegionPlan, RegionReport, Report, Status, Step, Sync,
    Target, Zone,
};
use jiff::Timestamp;

use super::Changes;
use super::live::Edit;
use crate::shell::output;

/// What a region is called.
pub(in crate::shell::commands) fn place(target: &Target) -> String {
    named(&target.region, &target.role)
}

fn named(region: &str, role: &str) -> String {
    format!("{region} ({role})")
}

/// What a push does at the moment.
pub(super) fn event(event: &Event<'_>) -> String {
    match event {
        Event::Checking => "asking whether the rule groups are accepted".to_owned(),
        Event::Creating(name) => format!("making {name}"),
        Event::Switching => "switching the firewall policy".to_owned(),
        Event::Zones([]) => "no zones are watched".to_owned(),
        Event::Zones(zones) => format!("zones: {}", every_zone(zones)),
        Event::SwitchingBack => "switching back".to_owned(),
        Event::Deleting(name) => format!("deleting {name}"),
    }
}

// Plans.

/// A plan for a terminal.
pub(in crate::shell::commands) fn plan(plan: &Plan, changes: &[Changes]) -> String {
    let mut text = String::new();
    let none = std::iter::repeat(&Changes::Unknown);
    for (region, changes) in plan.regions.iter().zip(changes.iter().chain(none)) {
        text.push_str(&format!("{}: {}\n", place(&region.target), becomes(region)));
        for step in &region.steps {
            let Row { verb, object, size, why } = row(step);
            match size {
                Some(size) => {
                    text.push_str(&format!("  {verb:<6}  {object}  {size}\n"));
                    text.push_str(&format!("          {why}\n"));
                }
                None => text.push_str(&format!("  {verb:<6}  {object}  {why}\n")),
            }
        }
        for line in opened(changes).lines() {
            text.push_str(format!("  {line}").trim_end());
            text.push('\n');
        }
        for note in &region.notes {
            text.push_str(&format!("  note: {note}\n"));
        }
        text.push('\n');
    }
    text.push_str(&sum(plan));
    text.push('\n');
    text
}

/// A plan for a comment on a pull request.
pub(in crate::shell::commands) fn markdown(plan: &Plan, changes: &[Changes]) -> String {
    let mut text = String::from("## What a push would do\n\n");
    for (region, changes) in plan.regions.iter().zip(changes) {
        text.push_str(&format!("### {}: {}\n\n", place(&region.target), becomes(region)));
        let rows = region.steps.iter().map(row).map(|Row { verb, object, size, why }| {
            let why = size.map_or(why.clone(), |size| format!("{size}: {why}"));
            vec![verb.to_owned(), object, why]
        });
        text.push_str(&output::table(&["step", "object", "why"], 3, rows));
        let opened = opened(changes);
        if !opened.is_empty() {
            text.push_str(&format!("\n{opened}"));
        }
        for note in &region.notes {
            text.push_str(&format!("\nnote: {note}\n"));
        }
        text.push('\n');
    }
    text.push_str(&sum(plan));
    text.push('\n');
    text
}

/// What opens and closes in a region with a plan.
fn opened(changes: &Changes) -> String {
    match changes {
        Changes::Some(text) => text.clone(),
        Changes::None => "opens nothing, closes nothing\n".to_owned(),
        Changes::All(grants) => {
            format!("opens what the policy allows: {}\n", counted(*grants, "grant"))
        }
        Changes::Unknown => String::new(),
    }
}

fn sum(plan: &Plan) -> String {
    let all = plan.regions.len();
    match plan.regions.iter().filter(|region| !region.is_empty()).count() {
        0 => "nothing to do: what is in force is what the policy says".to_owned(),
        changed => format!("{changed} of {} to change", counted(all, "region")),
    }
}

/// From which generation to which.
fn becomes(region: &RegionPlan) -> String {
    match (&region.seen.generation, &region.generation) {
        (None, None) => "nothing of fwc".to_owned(),
        (None, Some(after)) => format!("generation {}, {}", after.generation, after.digest),
        (Some(before), Some(after)) if before == after => {
            format!("stays at generation {}, {}", after.generation, after.digest)
        }
        (Some(before), Some(after)) => {
            format!("generation {} to {}, {}", before.generation, after.generation, after.digest)
        }
        (Some(before), None) => format!("generation {} to none", before.generation),
    }
}

/// A step as people read it.
struct Row {
    verb: &'static str,
    object: String,
    /// What is made, if something is.
    size: Option<String>,
    why: String,
}

fn row(step: &Step) -> Row {
    let plain = |verb, object: &str, why: &str| Row {
        verb,
        object: object.to_owned(),
        size: None,
        why: why.to_owned(),
    };
    match step {
        Step::CreateGroup { group, cause } => {
            let signatures = counted(group.sized.content.rules.lines().count(), "signature");
            let size = Some(format!("{signatures}, room for {}", group.sized.capacity));
            Row { size, ..plain("create", &group.name, cause) }
        }
        Step::Reuse { name, cause, .. } => plain("reuse", name, cause),
        Step::CreatePolicy { policy, to, cause } => {
            let size = format!("the firewall policy, with {}", counted(to.len(), "rule group"));
            Row { size: Some(size), ..plain("create", &policy.name, cause) }
        }
        Step::UpdatePolicy { to, cause } => {
            let groups: Vec<_> = to.iter().map(|place| place.group.as_str()).collect();
            let to = if groups.is_empty() { "no rule group".to_owned() } else { groups.join(", ") };
            plain("switch", &format!("to {to}"), cause)
        }
        Step::DeleteGroup { name, cause } => plain("delete", name, cause),
        Step::Keep { name, cause } => plain("keep", name, cause),
    }
}

fn counted(count: usize, what: &str) -> String {
    if count == 1 { format!("1 {what}") } else { format!("{count} {what}s") }
}

// Reports.

/// What a push did, for a terminal.
pub(super) fn report(report: &Report) -> String {
    let rows = report.regions.iter().map(|region| {
        vec![
            named(&region.region, &region.role),
            outcome(region),
            in_force(region),
            match region.outcome {
                Outcome::Untouched if region.zones.is_empty() => "not asked".to_owned(),
                _ => every_zone(&region.zones),
            },
        ]
    });
    let mut text = output::wrapped(&["region", "outcome", "in force", "zones"], rows);
    for region in &report.regions {
        let place = named(&region.region, &region.role);
        if let Some(error) = &region.error {
            text.push_str(&format!("\n{place}: {error}\n"));
        }
        if !region.left.is_empty() {
            let left = region.left.join(", ");
            text.push_str(&format!("\n{place}: not deleted, the next push tries again: {left}\n"));
        }
    }
    text
}

fn outcome(region: &RegionReport) -> String {
    let outcome = match region.outcome {
        Outcome::Unchanged => "unchanged",
        Outcome::Switched => "switched",
        Outcome::SwitchedBack => "switched back",
        Outcome::Untouched => "untouched",
        Outcome::Failed => "failed",
    };
    outcome.to_owned()
}

/// What holds in a region.
fn in_force(region: &RegionReport) -> String {
    let generation = |past: &Option<Past>| match past {
        Some(past) => format!("generation {}, {}", past.generation, past.digest),
        None => "nothing of fwc".to_owned(),
    };
    match region.holds {
        Held::Before => generation(&region.before),
        Held::After => generation(&region.after),
        Held::Other => "what somebody else brought".to_owned(),
        Held::Unknown => {
            format!("unknown: {} or {}", generation(&region.before), generation(&region.after))
        }
    }
}

/// How far every zone is; those that are in sync are only counted.
fn every_zone(zones: &[Zone]) -> String {
    if zones.is_empty() {
        return "none is watched".to_owned();
    }
    let (done, late): (Vec<_>, Vec<_>) = zones.iter().partition(|zone| zone.sync == Sync::InSync);
    if late.is_empty() {
        return format!("{} in sync", done.len());
    }
    let late = late.iter().map(|zone| match &zone.message {
        Some(message) => format!("{} {}: {message}", zone.zone, zone.sync.as_str()),
        None => format!("{} {}", zone.zone, zone.sync.as_str()),
    });
    let done = (!done.is_empty()).then(|| format!("{} in sync", done.len()));
    late.chain(done).collect::<Vec<_>>().join(", ")
}

// What holds.

/// What a region enforces, for a terminal.
pub(in crate::shell::commands) fn status(
    status: &Status,
    edits: &[Edit],
    now: Timestamp,
) -> String {
    let mut text = format!("{}: ", named(&status.region, &status.role));
    match &status.generation {
        Some(past) => text.push_str(&format!("generation {}, {}\n", past.generation, past.digest)),
        None => text.push_str("no generation of fwc\n"),
    }
    let mut line = |what: &str, value: &str| text.push_str(&format!("  {what:<9} {value}\n"));
    let origin = &status.origin;
    if let Some(commit) = &origin.commit {
        line("commit", commit);
    }
    let when = origin.pushed_at.map(|at| format!("{at}, {}", age(now, at)));
    match (&origin.pushed_by, when) {
        (Some(who), Some(when)) => line("pushed", &format!("by {who} at {when}")),
        (Some(who), None) => line("pushed", &format!("by {who}")),
        (None, Some(when)) => line("pushed", &format!("at {when}")),
        (None, None) => {}
    }
    if !status.groups.is_empty() {
        let groups = status.groups.join(", ");
        line("groups", &format!("{groups}, room for {} signatures", status.capacity));
    }
    line("zones", &every_zone(&status.zones));
    if !status.before.is_empty() {
        let before = status.before.iter().map(|past| past.generation.to_string());
        let before: Vec<_> = before.collect();
        line("before", &format!("generation {} can be rolled back to", before.join(", ")));
    }
    for trouble in &status.troubles {
        line("trouble", trouble);
    }
    if status.drift.is_empty() {
        line("drift", "none");
    }
    for drift in &status.drift {
        line("drift", &differs(drift));
    }
    for Edit { change, live, expected, .. } in edits {
        match (live, expected) {
            (Some(live), Some(expected)) => {
                line(change, live);
                line("  was", expected);
            }
            (Some(only), None) | (None, Some(only)) => line(change, only),
            (None, None) => {}
        }
    }
    text
}

/// How long ago something was.
fn age(now: Timestamp, then: Timestamp) -> String {
    let seconds = now.as_second() - then.as_second();
    match seconds {
        ..0 => "by a clock that is ahead".to_owned(),
        0..120 => format!("{seconds} s ago"),
        120..7_200 => format!("{} min ago", seconds / 60),
        7_200..172_800 => format!("{} h ago", seconds / 3_600),
        _ => format!("{} days ago", seconds / 86_400),
    }
}

/// A difference between what is and what should be.
fn differs(drift: &Drift) -> String {
    match drift {
        Drift::NoPolicy => "there is no firewall policy".to_owned(),
        Drift::Nothing => "nothing of fwc is in force".to_owned(),
        Drift::Mixture => "what is in force is not one whole generation".to_owned(),
        Drift::Edited => "a rule group was edited by hand since it was pushed".to_owned(),
        Drift::Shell { setting, is, should } => {
            format!("the {setting} of the firewall policy is {is}, and has to be {should}")
        }
        Drift::Behind { digest } => {
            format!("a push would bring {digest}: the policy says something else now")
        }
        Drift::Zone { zone, sync } => match sync {
            Sync::InSync => format!("{zone} enforces another version of the firewall policy"),
            _ => format!("{zone} is {}", sync.as_str()),
        },
        Drift::Error { message } => format!("AWS found: {message}"),
    }
}
