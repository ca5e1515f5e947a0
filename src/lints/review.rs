//! What a lint looks at: a policy, its text, its project and a day.

use std::borrow::Cow;
use std::cell::OnceCell;

use ipnet::IpNet;
use jiff::civil::Date;
use rustc_hash::FxHashMap;

use super::coverage::Coverage;
use super::redundancy::{self, Redundant};
use super::suffix::PublicSuffixes;
use super::tenants::{self, Kind, Risk};
use crate::diagnostic::{Applicability, Diagnostic, Edit, Fix};
use crate::policy::pattern::Pattern;
use crate::policy::port::{PortSet, Protocol};
use crate::policy::resolve::Tree;
use crate::policy::{
    Action, Destination, Grant, GrantId, Policy, Reach, Region, RegionId, Regional, Service,
    ServiceId, Terms,
};
use crate::project::Project;
use crate::source::{Location, Sources, Span, Spanned};
use crate::suricata::Ruleset;
use crate::syntax::ast;

/// A policy as a lint sees it.
pub struct Review<'a> {
    /// What it means.
    pub policy: &'a Policy,
    /// What it is written as.
    pub trees: &'a [Tree<'a>],
    /// Where that was read from.
    pub sources: &'a Sources,
    /// What it belongs to.
    pub project: &'a Project,
    /// The day, UTC.
    pub today: Date,
    /// Where strangers can register names.
    pub suffixes: &'a PublicSuffixes,
    /// What it compiles to; nothing if it is refused.
    pub rulesets: &'a [Ruleset],
    /// Whether everything that is written could be read.
    pub is_whole: bool,
    blocks: Vec<Block<'a>>,
    coverages: OnceCell<Vec<Coverage<'a>>>,
    redundant: OnceCell<Vec<Redundant<'a>>>,
}

/// What a policy is reviewed for, see [`fwc::lint`](crate::lint).
#[derive(Debug, Clone, Copy)]
pub struct Options<'o> {
    /// The day, UTC: what expired before it says nothing.
    pub today: Date,
    /// Where strangers can register names.
    pub suffixes: &'o PublicSuffixes,
}

/// Lines that stand together.
pub(super) struct Block<'a> {
    pub(super) at: Location,
    pub(super) name: ast::Word<'a>,
    pub(super) lines: Lines<'a>,
}

/// The lines of a block.
#[derive(Clone, Copy)]
pub(super) enum Lines<'a> {
    Set(&'a ast::Set<'a>),
    Service(&'a ast::Service<'a>),
    /// A statement at the top of a file, which is a block of one line.
    Deny(&'a ast::Entry<'a>),
}

/// Some names that an entry is about.
pub(super) struct Named<'a> {
    pub(super) grant: &'a Grant,
    pub(super) pattern: &'a Pattern,
    /// The region in which it is about these, if it is about others elsewhere.
    pub(super) region: Option<&'a Region>,
}

/// An exception of an entry.
pub(super) struct Exception<'a> {
    /// As it is written, in normal form, with its variables unexpanded.
    pub(super) written: &'a str,
    /// What it is in each region where the entry holds.
    pub(super) each: Vec<(RegionId, &'a Region, &'a Destination)>,
}

impl<'a> Named<'a> {
    /// As it is written, in normal form, with its variables unexpanded.
    pub(super) fn written(&self) -> Cow<'a, str> {
        self.grant.written()
    }

    /// The finding, with the region in which it is seen, at the place of the entry.
    pub(super) fn here(&self, diagnostic: Diagnostic, text: &str) -> Diagnostic {
        let diagnostic = diagnostic.at(self.grant.at, text);
        match self.region {
            Some(region) => {
                diagnostic.note(format!("in region `{}` this is `{}`", region.role, self.pattern))
            }
            None => diagnostic,
        }
    }
}

impl<'a> Review<'a> {
    /// A policy with everything that it was made from, and what it was made to.
    pub fn new(
        policy: &'a Policy,
        trees: &'a [Tree<'a>],
        sources: &'a Sources,
        project: &'a Project,
        options: &Options<'a>,
        rulesets: &'a [Ruleset],
        is_whole: bool,
    ) -> Self {
        let Options { today, suffixes } = *options;
        let mut blocks = Vec::new();
        for Tree { file, tree } in trees {
            for statement in &tree.statements {
                let at = Location { file: *file, span: statement.span };
                let (name, lines) = match &statement.node {
                    ast::Statement::Set(set) => (set.name, Lines::Set(set)),
                    ast::Statement::Service(service) => (service.name, Lines::Service(service)),
                    ast::Statement::Deny(entry) => {
                        let Some(first) = entry.destinations.first() else { continue };
                        (*first, Lines::Deny(entry))
                    }
                    _ => continue,
                };
                blocks.push(Block { at, name, lines });
            }
        }
        blocks.sort_by_key(|block| (block.at.file, block.at.span));
        let (coverages, redundant) = Default::default();
        Self {
            policy,
            trees,
            sources,
            project,
            today,
            suffixes,
            rulesets,
            is_whole,
            blocks,
            coverages,
            redundant,
        }
    }

    /// Every entry in force that does this, with its number and terms.
    pub(super) fn entries(
        &self,
        action: Action,
    ) -> impl Iterator<Item = (GrantId, &'a Grant, &'a Terms)> {
        let policy = self.policy;
        let grants = policy.grants.iter().enumerate();
        let grants = grants.filter(move |(_, grant)| grant.action == action);
        let each =
            grants.map(move |(number, grant)| (GrantId(number as u32), grant, policy.terms(grant)));
        let today = self.today;
        each.filter(move |(.., terms)| terms.in_force(today))
    }

    /// Every name that an entry in force allows, once a region if it differs between them.
    pub(super) fn allowed_names(&self) -> impl Iterator<Item = Named<'a>> {
        let policy = self.policy;
        self.entries(Action::Allow).flat_map(move |(_, grant, _)| {
            each(policy, grant).filter_map(move |(region, destination)| match destination {
                Destination::Names(pattern) => Some(Named { grant, pattern, region }),
                Destination::Addresses(_) => None,
            })
        })
    }

    /// Every service with its number.
    pub(super) fn services(&self) -> impl Iterator<Item = (ServiceId, &'a Service)> {
        let services = self.policy.services.iter().enumerate();
        services.map(|(number, service)| (ServiceId(number as u32), service))
    }

    /// The networks an entry is about, none if it is about names.
    pub(super) fn networks(&self, grant: &'a Grant) -> impl Iterator<Item = IpNet> + use<'a> {
        each(self.policy, grant).filter_map(|(_, destination)| match destination {
            Destination::Addresses(network) => Some(*network),
            Destination::Names(_) => None,
        })
    }

    /// An entry as it is written, in normal form, without reason and end: `allow a.example port 80/http`.
    pub(super) fn say(&self, grant: &Grant) -> String {
        let terms = self.policy.terms(grant);
        let mut text = self.policy.entry_text(grant);
        let mut clause = |word: &str, values: &mut dyn Iterator<Item = String>| {
            for (at, value) in values.enumerate() {
                text.push_str(if at == 0 { word } else { "" });
                text.push(' ');
                text.push_str(&value);
            }
        };
        clause(" except", &mut terms.except_written().iter().map(ToString::to_string));
        let default = Protocol::Tls.default_port().and_then(PortSet::single);
        if let Reach::Protocol(protocol, ports) = &terms.reach
            && (*protocol, ports) != (Protocol::Tls, &default)
        {
            let reach = match (protocol, ports) {
                (Protocol::Tls, Some(ports)) => ports.to_string(),
                _ => terms.reach.to_string(),
            };
            clause(" port", &mut std::iter::once(reach));
        }
        clause(" to", &mut terms.to().iter().map(ToString::to_string));
        text
    }

    /// Whether this is the policy that the project file names.
    pub(super) fn is_main(&self) -> bool {
        let first = self.sources.policies().next().map(|(_, file)| file.path.as_str());
        let main = self.project.policy.as_deref();
        first.zip(main).is_some_and(|(first, main)| {
            let before = first.strip_suffix(main);
            before.is_some_and(|before| before.is_empty() || before.ends_with('/'))
        })
    }

    /// Every name that an entry in force allows and that is one of those risky ones.
    pub(super) fn risky_names(
        &self,
        asked: impl Fn(Kind) -> bool,
    ) -> impl Iterator<Item = (Named<'a>, &'static Risk)> {
        let suffixes = self.suffixes;
        let risky = self.allowed_names().filter_map(move |named| {
            let risk = tenants::risk(named.pattern, &asked)?;
            Some((named, risk))
        });
        // A wildcard that covers strangers' names has worse to be said about it.
        risky.filter(move |(named, _)| match named.pattern {
            Pattern::Exact(_) => true,
            Pattern::OneLabel { parent, .. } => !suffixes.contains(parent),
            Pattern::Below(parent) => {
                !suffixes.contains(parent) && suffixes.below(parent).next().is_none()
            }
        })
    }

    /// The regions a service runs in; all of them for everybody.
    pub(super) fn regions(&self, service: Option<ServiceId>) -> impl Iterator<Item = RegionId> {
        let policy = self.policy;
        let runs = move |region: &RegionId| {
            service.is_none_or(|id| policy.service(id).sources(*region).is_some())
        };
        (0..policy.regions.len() as u32).map(RegionId).filter(runs)
    }

    /// The exceptions of an entry, and what each is in the regions where the entry holds.
    pub(super) fn exceptions(&self, grant: &Grant) -> Vec<Exception<'a>> {
        let terms = self.policy.terms(grant);
        if terms.except_written().is_empty() {
            return Vec::new();
        }
        let regions = self.regions(grant.service);
        let regions: Vec<_> = regions
            .filter_map(|id| {
                let texts: FxHashMap<_, _> =
                    terms.except(id).iter().map(|it| (it.text(), it)).collect();
                Some((id, self.policy.regions.get(id.0 as usize)?, texts))
            })
            .collect();
        let each = |written: &str| {
            let here = regions.iter().filter_map(|(id, region, texts)| {
                let exception = texts.get(&self.expanded(written, region))?;
                Some((*id, *region, *exception))
            });
            here.collect()
        };
        let written = terms.except_written().iter();
        written.map(|written| Exception { written, each: each(written) }).collect()
    }

    /// A destination as written, with its variables filled in.
    fn expanded<'t>(&self, written: &'t str, region: &Region) -> Cow<'t, str> {
        if !written.contains("${") {
            return Cow::Borrowed(written);
        }
        let mut text = written.to_owned();
        for (name, value) in self.project.variables(&region.role) {
            text = text.replace(&format!("${{{}}}", name.to_ascii_lowercase()), &value);
        }
        Cow::Owned(text.to_ascii_lowercase())
    }

    /// What is in force in each region.
    pub(super) fn coverages(&self) -> &[Coverage<'a>] {
        self.coverages.get_or_init(|| {
            let regions = 0..self.policy.regions.len() as u32;
            regions.map(|region| Coverage::new(self, RegionId(region))).collect()
        })
    }

    /// The entries without which the policy would mean the same; several lints ask.
    pub(super) fn redundant(&self) -> &[Redundant<'a>] {
        self.redundant.get_or_init(|| redundancy::redundant(self))
    }

    /// The blocks of every file, in the order of their places.
    pub(super) fn blocks(&self) -> &[Block<'a>] {
        &self.blocks
    }

    /// The block that a place lies in.
    pub(super) fn block(&self, at: Location) -> Option<&Block<'a>> {
        let key = |block: &Block<'_>| (block.at.file, block.at.span.start);
        let behind = self.blocks.partition_point(|block| key(block) <= (at.file, at.span.start));
        let block = self.blocks.get(behind.checked_sub(1)?)?;
        (block.at.file == at.file && at.span.end <= block.at.span.end).then_some(block)
    }

    /// Whether a place lies in the block of a service, or in no block of any.
    pub(super) fn is_own(&self, service: Option<ServiceId>, at: Location) -> bool {
        match (self.block(at).map(|block| (block.lines, block.name.node)), service) {
            (Some((Lines::Service(_), name)), Some(id)) => *self.policy.service(id).name == *name,
            (Some((Lines::Deny(_), _)), None) => true,
            _ => false,
        }
    }

    /// A change that takes one destination out of its entry, and the entry out of its block if it
    /// has no other. `None` if a comment stands on the line, which may be about what is left.
    pub(super) fn removal(&self, at: Location) -> Option<Fix> {
        let block = self.block(at)?;
        let (line, destinations) = block.entry(at.span)?;
        let text = &self.sources.get(at.file)?.text;
        let span = if destinations > 1 { word(text, at.span)? } else { whole_lines(text, line)? };
        let edit = Edit { at: Location { file: at.file, span }, text: String::new() };
        let (title, edits) = ("remove it".to_owned(), vec![edit]);
        Some(Fix { title, edits, applicability: Applicability::Safe })
    }
}

/// A destination in each region, with the region if it differs between them.
pub(super) fn each<'a>(
    policy: &'a Policy,
    grant: &'a Grant,
) -> impl Iterator<Item = (Option<&'a Region>, &'a Destination)> {
    let (same, differing): (_, &[Destination]) = match &grant.destination {
        Regional::Same(destination) => (Some((None, destination)), &[]),
        Regional::Each(destinations) => (None, destinations),
    };
    same.into_iter().chain(policy.regions.iter().map(Some).zip(differing))
}

impl<'a> Block<'a> {
    /// Where its name stands.
    pub(super) fn name_at(&self) -> Location {
        Location { file: self.at.file, span: self.name.span }
    }

    /// The entry with that destination: its place and how many destinations it has.
    fn entry(&self, destination: Span) -> Option<(Span, usize)> {
        let of = |span: Span, entry: &ast::Entry<'_>| (span, entry.destinations.len());
        fn around<T>(lines: &[Spanned<T>], within: Span) -> Option<&Spanned<T>> {
            let behind = lines.partition_point(|line| line.span.start <= within.start);
            lines.get(behind.checked_sub(1)?).filter(|line| within.end <= line.span.end)
        }
        match self.lines {
            Lines::Deny(entry) => Some(of(self.at.span, entry)),
            Lines::Set(set) => {
                let line = around(&set.body, destination)?;
                match &line.node {
                    ast::SetLine::Entry(entry) => Some(of(line.span, entry)),
                    ast::SetLine::Use(_) => None,
                }
            }
            Lines::Service(service) => {
                let line = around(&service.body, destination)?;
                match &line.node {
                    ast::ServiceLine::Allow(entry) | ast::ServiceLine::Deny(entry) => {
                        Some(of(line.span, entry))
                    }
                    _ => None,
                }
            }
        }
    }
}

/// A word and the blanks before it.
fn word(text: &str, word: Span) -> Option<Span> {
    let before = text.get(..word.start as usize)?;
    let blanks = before.len() - before.trim_end_matches([' ', '\t']).len();
    Some(Span::new(word.start - blanks as u32, word.end))
}

/// The lines of an entry, if nothing else stands on them.
fn whole_lines(text: &str, entry: Span) -> Option<Span> {
    let before = text.get(..entry.start as usize)?;
    let start = before.rfind('\n').map_or(0, |at| at + 1);
    let behind = text.get(entry.end as usize..)?;
    let length = behind.find('\n').map_or(behind.len(), |at| at + 1);
    let is_alone = before.get(start..)?.trim().is_empty()
        && behind.get(..length)?.trim().is_empty()
        && !text.get(entry.range())?.contains('#');
    is_alone.then(|| Span::new(start as u32, entry.end + length as u32))
}
