//! Artifacts: what a compiled policy is written to, one file a target.
//!
//! A target can neither fail nor leave anything out: what cannot be said was refused when the
//! policy was compiled. Its bytes depend on its input alone.

mod aws;
mod dns_firewall;
mod ir;
mod suricata;
mod terraform;

use std::borrow::Cow;

use serde::Serialize;

use crate::policy::Policy;
use crate::project::Project;
use crate::source::{Location, Sources};
use crate::suricata::{Options, RuleGroup, Ruleset};

pub use aws::{Content, PRIORITY_STEP, generation_digest, group_name};
pub(crate) use aws::{
    IDLE_SECONDS, RULE_ORDER, STATEFUL_ACTIONS, STATELESS_ACTIONS, STREAM_EXCEPTIONS, home_net,
    short,
};

/// What rulesets were made from.
#[derive(Debug, Clone, Copy)]
pub struct Context<'a> {
    /// The project.
    pub project: &'a Project,
    /// The policy.
    pub policy: &'a Policy,
    /// Its files.
    pub sources: &'a Sources,
    /// What it was compiled for.
    pub options: Options<'a>,
    /// The folder that paths in artifacts are relative to, as the paths of the files begin; so
    /// they are the same wherever the project lies.
    pub root: &'a str,
}

impl<'a> Context<'a> {
    /// Where something stands in the files.
    pub fn place(&self, at: Location) -> Option<Place<'a>> {
        let file = self.sources.get(at.file)?;
        let position = file.position(at.span.start);
        let path = file.path.strip_prefix(self.root).unwrap_or(&file.path);
        let path = path.trim_start_matches('/');
        Some(Place { file: path, line: position.line, column: position.column })
    }
}

/// A place in a file of the policy.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
pub struct Place<'a> {
    /// The path of the file, relative to the root of its context.
    pub file: &'a str,
    /// From 1.
    pub line: u32,
    /// In characters, from 1.
    pub column: u32,
}

/// What a region is delivered: its ruleset, and the digests its objects are known by.
#[derive(Debug)]
pub struct Delivery<'r> {
    /// The ruleset.
    pub ruleset: &'r Ruleset,
    /// What identifies the content of its firewall policy: SHA-256 over the digests and capacities
    /// of its groups in order, in hexadecimal.
    pub digest: String,
    /// The digest of each group, in order.
    groups: Vec<String>,
}

impl<'r> Delivery<'r> {
    /// Takes the digests of a ruleset, which costs about as much as printing it.
    pub fn new(ruleset: &'r Ruleset) -> Self {
        let groups: Vec<_> =
            ruleset.groups.iter().map(|group| aws::content_digest(ruleset, group)).collect();
        let capacities = ruleset.groups.iter().map(|group| group.capacity);
        let digest = generation_digest(groups.iter().map(String::as_str).zip(capacities));
        Self { ruleset, digest, groups }
    }

    /// The content of a group.
    pub fn content(&self, group: &RuleGroup) -> Content {
        Content::of(self.ruleset, group)
    }

    /// SHA-256 of the content of a group, in hexadecimal: of the member `RuleGroup` of
    /// `rule-group-<n>.json` as JSON with sorted keys and no space between tokens.
    /// `jq -cjS .RuleGroup rule-group-1.json | sha256sum` prints the same.
    pub fn group_digest(&self, group: &RuleGroup) -> &str {
        self.groups.get(group.number as usize - 1).map_or("", String::as_str)
    }
}

/// One file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Artifact<'r> {
    /// Where it belongs in the output folder, with `/`: `primary/suricata.rules`.
    pub path: String,
    /// What it holds, one part after the other.
    pub parts: Vec<Cow<'r, str>>,
}

impl Artifact<'_> {
    /// All it holds.
    pub fn contents(&self) -> String {
        self.parts.concat()
    }
}

/// Where targets put their files, each as soon as it is made: a large policy would fill the memory
/// with all of them.
pub struct Output<'o> {
    write: &'o mut dyn FnMut(Artifact<'_>),
    /// What a person should know about the files, each a phrase.
    notes: Vec<String>,
}

impl Output<'_> {
    /// Adds a file of a region.
    fn file(&mut self, ruleset: &Ruleset, name: &str, contents: String) {
        self.parts(ruleset, name, vec![contents.into()]);
    }

    fn parts(&mut self, ruleset: &Ruleset, name: &str, parts: Vec<Cow<'_, str>>) {
        (self.write)(Artifact { path: format!("{}/{name}", ruleset.region.role), parts });
    }
}

/// A kind of artifact.
pub struct Target {
    /// What the command line calls it.
    pub name: &'static str,
    /// What it writes, in a line.
    pub summary: &'static str,
    /// Whether it is written when none is asked for.
    pub usage: Usage,
    /// Whether a file of that name is one it writes.
    pub owns: fn(&str) -> bool,
    /// Writes the files of a region.
    pub emit: fn(&Context<'_>, &Delivery<'_>, &mut Output<'_>),
}

/// When a target is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Usage {
    /// Unless others are asked for.
    Default,
    /// Only if it is asked for.
    OnRequest,
}

/// Every target.
pub static TARGETS: &[&Target] =
    &[&suricata::SURICATA, &aws::AWS, &ir::IR, &terraform::TERRAFORM, &dns_firewall::DNS_FIREWALL];

/// Makes the files of these targets for these regions; gives what a person should know about them:
/// what is not there, or says less than the policy.
pub fn emit(
    context: &Context<'_>,
    deliveries: &[Delivery<'_>],
    targets: &[&Target],
    write: &mut dyn FnMut(Artifact<'_>),
) -> Vec<String> {
    let mut out = Output { write, notes: Vec::new() };
    for delivery in deliveries {
        for target in targets {
            (target.emit)(context, delivery, &mut out);
        }
    }
    out.notes.sort();
    out.notes.dedup();
    out.notes
}

/// Whether a file of that name is one that some target writes.
pub fn is_ours(name: &str) -> bool {
    TARGETS.iter().any(|target| (target.owns)(name))
}

/// What compiled policies weigh.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Summary {
    /// The version of this form.
    pub schema: u32,
    /// A row a region.
    pub regions: Vec<Weight>,
}

/// What one region's policy weighs.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Weight {
    /// The role of the region.
    pub region: String,
    /// The name AWS has for it.
    pub aws: Option<String>,
    /// How many rule groups.
    pub rule_groups: usize,
    /// How many signatures.
    pub signatures: usize,
    /// What the groups reserve together, in signatures.
    pub capacity: u32,
    /// All rules strings, in bytes.
    pub bytes: usize,
    /// What identifies the content: equal digests, equal firewalls.
    pub digest: String,
}

impl Summary {
    /// As JSON.
    pub fn to_json(&self) -> String {
        json(self)
    }
}

/// Weighs rulesets.
pub fn summary(deliveries: &[Delivery<'_>]) -> Summary {
    let weigh = |Delivery { ruleset, digest, .. }: &Delivery<'_>| Weight {
        region: ruleset.region.role.clone(),
        aws: ruleset.region.aws.clone(),
        rule_groups: ruleset.groups.len(),
        signatures: ruleset.signatures.len(),
        capacity: ruleset.capacity(),
        bytes: ruleset.text.len(),
        digest: digest.clone(),
    };
    Summary { schema: 1, regions: deliveries.iter().map(weigh).collect() }
}

/// Pretty JSON with a final line break.
pub(crate) fn json(value: &impl Serialize) -> String {
    // Strings, numbers and maps with string keys can always be written.
    let mut text = serde_json::to_string_pretty(value).unwrap_or_default();
    text.push('\n');
    text
}
