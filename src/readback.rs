//! The policy that a firewall enforces, read back from its rule groups: what a plan compares the
//! desired one with.
//!
//! ```text
//! text of the groups ──parse──> signatures ──entries──> policy ──compile──> signatures
//!                                   │                                           │
//!                                   └────────────────── changes <───────────────┘
//! ```
//!
//! The metadata of a signature says which entry it was made from, so a policy can be written that
//! means what the firewall does, and whatever is asked of policies can be asked of it. It is not
//! believed: the policy is compiled again, and each signature that does not come out as it is in
//! the firewall, or is not there, was edited by hand. That is told, and the policy says what the
//! other signatures say.
//!
//! # What signatures do not say
//!
//! - The reason of an entry, and its variables. Where the desired policy has an entry for the same
//!   destination with a variable, it is written with it.
//! - A service about which nothing is said. One of the desired policy that has left no signature
//!   either is taken to be there: nothing would change for it.
//! - Until when a service observes: as long as the desired policy says, or today if that says
//!   nothing.
//! - Which day it is. A firewall enforces what has expired until it is pushed to: such an entry
//!   counts as in force through today.
//!
//! # Example
//!
//! ```
//! use std::collections::BTreeMap;
//!
//! use fwc::policy::RegionId;
//! use fwc::project::Project;
//! use fwc::readback::{self, Desired, Group};
//! use fwc::source::{SourceFile, Sources};
//!
//! let project = Project::without_file();
//! let mut sources = Sources::new();
//! sources.add(SourceFile::new("prod.fw", "fwc 1\nservice ci from 10.0.0.0/24 {}\n"));
//! let (policy, _) = fwc::analyse(&sources, &project).accept().unwrap();
//!
//! let text = "pass tls any any -> any any (msg:\"mine\"; flow:to_server; sid:1; rev:1;)\n";
//! let (variables, references) = (BTreeMap::new(), BTreeMap::new());
//! let live = [Group {
//!     name: "shop-default-1",
//!     text,
//!     variables: &variables,
//!     references: &references,
//! }];
//!
//! let desired = Desired { policy: &policy, project: &project, region: RegionId(0) };
//! let read = readback::read(&live, &desired, "2026-11-24".parse()?);
//! assert!(read.policy.grants.is_empty());
//! let [change] = read.drift.changes.as_slice() else { panic!() };
//! assert_eq!(change.live().unwrap().text, text.trim_end());
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

mod changes;
mod entries;

use std::collections::BTreeMap;

use jiff::civil::Date;

pub use changes::{Change, Drift, Expected, Live, Set, SetChange};
use changes::{Ids, Line};
use entries::Entries;

use crate::diagnostic::Diagnostic;
use crate::policy::resolve::{Tree, resolve};
use crate::policy::{Policy, RegionId};
use crate::project::{Firewall, OnDeny, ProfileName, Project, Quotas};
use crate::source::Sources;
use crate::suricata::{self, Action, Options, Profile, Protocol, Ruleset, Signature, Subject, sid};
use crate::syntax;

/// A rule group as it is in a firewall.
#[derive(Debug, Clone, Copy)]
pub struct Group<'l> {
    /// What AWS calls it.
    pub name: &'l str,
    /// Its rules string.
    pub text: &'l str,
    /// Its `IPSets`: name to addresses and networks, as AWS gives them.
    pub variables: &'l BTreeMap<String, Vec<String>>,
    /// Its `IPSetReferences`: name to ARN.
    pub references: &'l BTreeMap<String, String>,
}

/// What should be in the firewall of a region.
#[derive(Debug, Clone, Copy)]
pub struct Desired<'d> {
    /// The policy.
    pub policy: &'d Policy,
    /// Its project.
    pub project: &'d Project,
    /// The region, by its number in the policy.
    pub region: RegionId,
}

/// What is in the firewall of a region.
#[derive(Debug)]
pub struct Readback {
    /// The policy as text; the places of the policy are in it.
    pub sources: Sources,
    /// The project it is resolved with: the one region, as it is.
    pub project: Project,
    /// The policy of that one region.
    pub policy: Policy,
    /// What was edited by hand, so that the policy does not say it.
    pub drift: Drift,
    /// Why the policy cannot be compiled again; then nothing was checked, and `drift` is empty.
    pub refused: Vec<Diagnostic>,
}

/// Reads a firewall back from its rule groups, in the order in which they are evaluated.
pub fn read(live: &[Group<'_>], desired: &Desired<'_>, today: Date) -> Readback {
    let live = changes::Firewall::new(live);
    let firewall = firewall(&live.lines, &desired.project.firewall);
    let entries = |keep: &dyn Fn(usize) -> bool| {
        let kept = live.lines.iter().enumerate().filter(|(index, _)| keep(*index));
        Entries::read(kept.map(|(_, line)| line), &live.sets, desired, today)
    };
    let mut believed = entries(&|_| true);
    // On the first day on which everything is in force that is there.
    let day = believed.first_end().map_or(today, |end| end.min(today));
    let again = believed.with_unnamed(&live.sets).write(desired, &firewall);
    let options =
        Options { today: day, profile: Profile::of(firewall.profile), firewall: &firewall };
    let (mut drift, mut refused) = (Drift::default(), Vec::new());
    match suricata::compile(&policy(&again.0, &again.1), &options) {
        Ok(rulesets) => {
            // Of the one region.
            for expected in &rulesets {
                let found = live.compare(expected, Ids::OfSkeleton);
                if !found.changes.is_empty() {
                    believed = entries(&|index| found.reproduced.contains(&index));
                    found.lacking.iter().for_each(|signature| believed.forget(signature));
                }
                drift = Drift { changes: found.changes, sets: live.sets(expected) };
            }
        }
        Err(found) => refused = found,
    }
    believed.add_silent(desired, today);
    let (sources, project) = believed.write(desired, &firewall);
    let mut policy = policy(&sources, &project);
    for terms in &mut policy.terms {
        terms.until = terms.until.map(|until| until.max(today));
    }
    Readback { sources, project, policy, drift, refused }
}

/// What differs between the rule groups of a firewall and what was pushed, signature by signature.
pub fn drift(live: &[Group<'_>], expected: &Ruleset) -> Drift {
    let live = changes::Firewall::new(live);
    Drift { changes: live.compare(expected, Ids::All).changes, sets: live.sets(expected) }
}

fn policy(sources: &Sources, project: &Project) -> Policy {
    let parsed = sources.policies().map(|(file, source)| (file, syntax::parse(file, &source.text)));
    let parsed: Vec<_> = parsed.collect();
    let trees = parsed.iter().map(|(file, parsed)| Tree { file: *file, tree: &parsed.file });
    // What cannot be resolved compiles to nothing, and is told as edited by hand.
    resolve(&trees.collect::<Vec<_>>(), project).policy
}

/// How the firewall is set, as far as signatures tell.
fn firewall(lines: &[Line<'_>], desired: &Firewall) -> Firewall {
    let signatures = || lines.iter().filter_map(|line| line.read.signature.as_ref().ok());
    let is_fixed = |signature: &Signature| {
        matches!(signature.subject, Subject::Skeleton(_)) && sid::SKELETON.contains(&signature.sid)
    };
    // With neither it lacks nothing: a firewall that was never pushed to has no signature.
    let profile = match signatures().any(is_fixed) {
        true => ProfileName::Hardened,
        false => ProfileName::Published,
    };
    // One that was edited does not outvote the others.
    let refusals = signatures()
        .filter(|it| matches!(it.protocol, Protocol::Tls | Protocol::Http | Protocol::Tcp));
    let balance: i64 = refusals
        .map(|signature| match signature.action {
            Action::Reject => 1,
            Action::Drop => -1,
            Action::Pass | Action::Alert => 0,
        })
        .sum();
    let on_deny = match balance {
        0 => desired.on_deny,
        1.. => OnDeny::Reject,
        _ => OnDeny::Drop,
    };
    // What is there did fit.
    let quotas = Quotas { signatures_per_policy: u32::MAX, ..desired.quotas };
    Firewall { profile, on_deny, quotas, ..desired.clone() }
}
