//! Entries to grants: destinations and clauses read, sets opened.

use std::fmt;
use std::rc::Rc;
use std::sync::Arc;

use ipnet::IpNet;
use jiff::civil::Date;

use super::{Because, Resolver, word};
use crate::diagnostic::{Diagnostic, codes, did_you_mean};
use crate::policy::names::NameSet;
use crate::policy::port::{PortSet, Protocol};
use crate::policy::{
    Action, Destination, Grant, Narrowed, Reach, RegionId, Regional, ServiceId, Terms, TermsId,
};
use crate::source::{FileId, Location};
use crate::syntax::ast;

/// How deep sets may use each other.
const MAX_DEPTH: usize = 64;

/// How many lines and grants may come of all `use` statements together: far above what a firewall
/// holds, and low enough that sets that use sets cannot fill the memory.
const MAX_EXPANSION: usize = 1_000_000;

/// How many mismatches are worth telling: a set with mistakes may be used very often.
const MAX_MISMATCHES: usize = 1_000;

/// For whom entries are resolved.
#[derive(Clone)]
pub(super) struct Subject {
    pub(super) service: Option<ServiceId>,
    pub(super) owner: Option<Arc<str>>,
}

/// A destination that was read.
#[derive(Clone)]
struct Target {
    destination: Regional<Destination>,
    template: Option<Box<str>>,
    at: Location,
}

/// Clauses that were read.
#[derive(Clone, Default)]
struct Clauses {
    except: Option<Rc<Exceptions>>,
    reach: Option<(Reach, Location)>,
    to: Option<(Rc<[IpNet]>, Location)>,
    because: Option<Because>,
    until: Option<Date>,
}

/// An `except` clause that was read.
struct Exceptions {
    each: Regional<Box<[Destination]>>,
    written: Box<[Box<str>]>,
    at: Location,
}

impl Clauses {
    /// These clauses, and those of an outer `use` where these say nothing of that kind.
    fn or(&self, outer: &Self) -> Self {
        Self {
            except: self.except.clone().or_else(|| outer.except.clone()),
            reach: self.reach.clone().or_else(|| outer.reach.clone()),
            to: self.to.clone().or_else(|| outer.to.clone()),
            because: self.because.clone().or_else(|| outer.because.clone()),
            until: self.until.or(outer.until),
        }
    }
}

/// A line of a set after every `use` in it was opened.
#[derive(Clone)]
pub(super) struct OpenLine {
    targets: Rc<[Target]>,
    clauses: Clauses,
}

/// How far a set has been opened.
pub(super) enum Opened {
    Opening,
    Open(Rc<[OpenLine]>),
}

impl<'a> Resolver<'a> {
    /// Grants what an entry of a block or file says.
    pub(super) fn entry(
        &mut self,
        file: FileId,
        subject: &Subject,
        action: Action,
        entry: &'a ast::Entry<'a>,
    ) {
        let targets = self.destinations(file, entry);
        let clauses = self.clauses(file, &entry.clauses);
        self.grant(subject, action, targets, &clauses);
    }

    /// Grants every line of the set of a `use` line of a service.
    pub(super) fn use_set(&mut self, file: FileId, subject: &Subject, line: &'a ast::Use<'a>) {
        let outer = self.clauses(file, &line.clauses);
        let Some(lines) = self.open(file, line.set, &mut Vec::new()) else { return };
        for OpenLine { targets, clauses } in lines.iter() {
            if !self.expand(targets.len(), Location { file, span: line.set.span }) {
                return;
            }
            self.grant(subject, Action::Allow, targets.to_vec(), &clauses.or(&outer));
        }
    }

    /// Opens the sets that no service uses, so that a mistake in them is found all the same.
    pub(super) fn open_unused_sets(&mut self) {
        let sets: Vec<_> = self.sets.values().map(|entry| (entry.file, entry.set.name)).collect();
        for (file, name) in sets {
            if !self.opened.contains_key(name.node) {
                self.open(file, name, &mut Vec::new());
            }
        }
    }

    /// The lines of a set, those of the sets it uses included. `chain` holds the sets around it.
    fn open(
        &mut self,
        file: FileId,
        name: ast::Word<'a>,
        chain: &mut Vec<&'a str>,
    ) -> Option<Rc<[OpenLine]>> {
        let at = Location { file, span: name.span };
        match self.opened.get(name.node) {
            Some(Opened::Open(lines)) => return Some(Rc::clone(lines)),
            Some(Opened::Opening) => {
                self.cycle(name.node, at, chain);
                return None;
            }
            None => {}
        }
        let Some(entry) = self.sets.get(name.node) else {
            self.unknown_set(name.node, at);
            return None;
        };
        if chain.len() >= MAX_DEPTH {
            self.found.push(
                Diagnostic::error(codes::TOO_DEEP, format!("sets nested over {MAX_DEPTH} deep"))
                    .at(at, "")
                    .help("use the inner sets directly"),
            );
            return None;
        }
        let (file, set) = (entry.file, entry.set);
        self.opened.insert(name.node, Opened::Opening);
        chain.push(name.node);
        let mut lines = Vec::new();
        for line in &set.body {
            if !self.expand(1, at) {
                break;
            }
            match &line.node {
                ast::SetLine::Entry(entry) => lines.push(OpenLine {
                    targets: self.destinations(file, entry).into(),
                    clauses: self.clauses(file, &entry.clauses),
                }),
                ast::SetLine::Use(inner) => {
                    let outer = self.clauses(file, &inner.clauses);
                    let inner = self.open(file, inner.set, chain).unwrap_or_default();
                    if !self.expand(inner.len(), at) {
                        break;
                    }
                    for OpenLine { targets, clauses } in inner.iter() {
                        let targets = Rc::clone(targets);
                        lines.push(OpenLine { targets, clauses: clauses.or(&outer) });
                    }
                }
            }
        }
        chain.pop();
        let lines: Rc<[OpenLine]> = lines.into();
        self.opened.insert(name.node, Opened::Open(Rc::clone(&lines)));
        Some(lines)
    }

    fn cycle(&mut self, name: &str, at: Location, chain: &[&str]) {
        let from = chain.iter().position(|open| *open == name).unwrap_or(0);
        let mut cycle: Vec<_> = chain.iter().skip(from).copied().collect();
        cycle.push(name);
        self.found.push(
            Diagnostic::error(codes::SET_CYCLE, format!("set `{name}` uses itself"))
                .at(at, "")
                .note(format!("the chain: {}", cycle.join(" -> ")))
                .help("remove one of these `use` lines"),
        );
    }

    fn unknown_set(&mut self, name: &str, at: Location) {
        let diagnostic =
            Diagnostic::error(codes::UNKNOWN_SET, format!("no set `{name}`")).at(at, "");
        self.found.push(match did_you_mean(name, self.sets.keys().copied()) {
            Some(near) => diagnostic.help(format!("did you mean `{near}`?")),
            None => diagnostic.help(format!("declare it: `set {name} {{ … }}`")),
        });
    }

    /// Counts what comes of a `use`. False, and an error the first time, if it is too much.
    fn expand(&mut self, count: usize, at: Location) -> bool {
        let before = self.expanded;
        self.expanded += count;
        if before <= MAX_EXPANSION && self.expanded > MAX_EXPANSION {
            self.found.push(
                Diagnostic::error(
                    codes::TOO_LARGE,
                    format!("the sets of this policy open to over {MAX_EXPANSION} lines"),
                )
                .at(at, "")
                .help("use each set once a service, and name shared destinations in one set"),
            );
        }
        self.expanded <= MAX_EXPANSION
    }

    /// The destinations of an entry.
    fn destinations(&mut self, file: FileId, entry: &ast::Entry<'a>) -> Vec<Target> {
        let before = self.found.len();
        let targets = self.targets(file, &entry.destinations);
        if entry.destinations.len() > 1 || entry.clauses.port.is_some() {
            // A fix that writes a clause behind its word fits only where there is none and the
            // word is the last one.
            for diagnostic in self.found.iter_mut().skip(before) {
                if let Some(fix) = diagnostic
                    .fix
                    .take_if(|fix| fix.edits.iter().any(|edit| edit.text.contains(" port ")))
                {
                    diagnostic.help.push(fix.title);
                }
            }
        }
        targets
    }

    fn targets(&mut self, file: FileId, words: &[ast::Word<'a>]) -> Vec<Target> {
        let mut targets = Vec::with_capacity(words.len());
        for word in words {
            let at = Location { file, span: word.span };
            let Some(destination) = self.scope.destination(word.node, at, &mut self.found) else {
                continue;
            };
            let template = matches!(destination, Regional::Each(_)).then(|| template(word.node));
            targets.push(Target { destination, template, at });
        }
        targets
    }

    fn clauses(&mut self, file: FileId, clauses: &ast::Clauses<'a>) -> Clauses {
        let except = (!clauses.except.is_empty()).then(|| self.except(file, &clauses.except));
        let reach = clauses.port.and_then(|word| {
            let at = Location { file, span: word.span };
            Some((word::reach(word.node, at, &mut self.found)?, at))
        });
        let to = clauses.to.first().map(|first| {
            let mut networks = Vec::new();
            for word in &clauses.to {
                let at = Location { file, span: word.span };
                networks.extend(word::network(word.node, at, &mut self.found));
            }
            let mut networks = IpNet::aggregate(&networks);
            networks.sort_unstable();
            (networks.into(), Location { file, span: first.span })
        });
        let because = clauses.because.as_ref().map(|because| self.because(file, because));
        let until = clauses.until.and_then(|word| self.date(file, word));
        Clauses { except: except.flatten(), reach, to, because, until }
    }

    fn except(&mut self, file: FileId, words: &[ast::Word<'a>]) -> Option<Rc<Exceptions>> {
        let targets = self.targets(file, words);
        let at = Location { file, span: words.first()?.span };
        let mut written: Vec<Box<str>> =
            targets.iter().map(|target| target.to_string().into()).collect();
        written.sort_unstable();
        written.dedup();
        let in_region = |region: RegionId| {
            let mut each: Vec<Destination> = targets
                .iter()
                .filter_map(|target| target.destination.get(region))
                .cloned()
                .collect();
            each.sort_unstable();
            each.dedup();
            each.into_boxed_slice()
        };
        let each = if targets.iter().all(|target| target.template.is_none()) {
            Regional::Same(in_region(RegionId(0)))
        } else {
            Regional::Each(self.region_ids().map(in_region).collect())
        };
        Some(Rc::new(Exceptions { each, written: written.into(), at }))
    }

    fn region_ids(&self) -> impl Iterator<Item = RegionId> + use<> {
        (0..self.policy.regions.len() as u32).map(RegionId)
    }

    /// Grants destinations on terms, after checking that the two go together.
    fn grant(
        &mut self,
        subject: &Subject,
        action: Action,
        targets: Vec<Target>,
        clauses: &Clauses,
    ) {
        let terms = TermsId(self.policy.terms.len() as u32);
        let before = self.policy.grants.len();
        for target in targets {
            if let Some(diagnostic) = self.mismatch(&target, clauses) {
                self.mismatches += 1;
                if self.mismatches <= MAX_MISMATCHES {
                    self.found.push(diagnostic);
                }
                continue;
            }
            self.policy.grants.push(Grant {
                service: subject.service,
                action,
                destination: target.destination,
                template: target.template,
                terms,
                at: target.at,
            });
        }
        if self.policy.grants.len() == before {
            return;
        }
        let reach = match (&clauses.reach, action) {
            (Some((reach, _)), _) => reach.clone(),
            // What is denied should stay closed however it is reached.
            (None, Action::Deny) => Reach::Everything,
            (None, Action::Allow) => Reach::Protocol(
                Protocol::Tls,
                Protocol::Tls.default_port().and_then(PortSet::single),
            ),
        };
        let Because { ticket, reason } = clauses.because.clone().unwrap_or_default();
        let narrowed = (clauses.except.is_some() || clauses.to.is_some()).then(|| {
            let (except, except_written) = match &clauses.except {
                Some(except) => (except.each.clone(), except.written.clone()),
                None => (Regional::Same(Box::default()), Box::default()),
            };
            let to = clauses.to.as_ref().map(|(to, _)| to.as_ref().into()).unwrap_or_default();
            Box::new(Narrowed { to, except, except_written })
        });
        self.policy.terms.push(Terms {
            reach,
            narrowed,
            ticket,
            reason,
            owner: subject.owner.clone(),
            until: clauses.until,
        });
    }

    /// Why these clauses cannot be said of this destination.
    fn mismatch(&self, target: &Target, clauses: &Clauses) -> Option<Diagnostic> {
        let is_name = matches!(target.destination.first()?, Destination::Names(_));
        if let Some((Reach::Protocol(protocol, ports), at)) = &clauses.reach
            && is_name
            && !protocol.named()
        {
            let port = Reach::Protocol(*protocol, ports.clone());
            return Some(
                Diagnostic::error(
                    codes::NAME_UNSEEN,
                    format!("no name is seen on {protocol}, so `{target}` cannot be matched"),
                )
                .at(target.at, "a name")
                .at(*at, "not one of tls, http and quic, where a name is seen")
                .help(format!("write its addresses: `203.0.113.0/28 port {port}`")),
            );
        }
        if let Some((_, at)) = &clauses.to
            && !is_name
        {
            return Some(
                Diagnostic::error(
                    codes::ADDRESS_TO,
                    format!("`{target}` is an address already and takes no `to`"),
                )
                .at(target.at, "")
                .at(*at, "narrows a name to addresses")
                .help("write only the addresses that are meant"),
            );
        }
        let except = clauses.except.as_ref()?;
        for region in self.region_ids() {
            let destination = target.destination.get(region)?;
            let exceptions = except.each.get(region)?;
            if let Some(other) = exceptions.iter().find(|other| kind(other) != kind(destination)) {
                return Some(
                    Diagnostic::error(
                        codes::EXCEPT_KIND,
                        format!(
                            "`{other}` is {} and `{target}` is {}",
                            kind(other),
                            kind(destination)
                        ),
                    )
                    .at(except.at, "")
                    .at(target.at, "cannot hold the exception")
                    .help("write a `deny` if both are meant, or drop the exception"),
                );
            }
            if nothing_left(destination, exceptions) {
                return Some(
                    Diagnostic::error(
                        codes::NOTHING_LEFT,
                        format!("the exceptions leave nothing of `{target}`"),
                    )
                    .at(target.at, "")
                    .at(except.at, "covers all of it")
                    .help("remove the entry, or narrow the exception"),
                );
            }
        }
        None
    }
}

impl fmt::Display for Target {
    /// The destination in normal form, variables unexpanded.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match (&self.template, self.destination.first()) {
            (Some(template), _) => f.write_str(template),
            (None, Some(destination)) => destination.fmt(f),
            (None, None) => Ok(()),
        }
    }
}

/// A word with variables as every region writes it: lower case, no trailing dot.
fn template(word: &str) -> Box<str> {
    word.trim_end_matches('.').to_ascii_lowercase().into()
}

/// What a destination is, for a message.
fn kind(destination: &Destination) -> &'static str {
    match destination {
        Destination::Names(_) => "a name",
        Destination::Addresses(_) => "an address",
    }
}

/// Whether the exceptions, all of the destination's kind, cover it.
fn nothing_left(destination: &Destination, exceptions: &[Destination]) -> bool {
    match destination {
        Destination::Names(pattern) => {
            let without = exceptions.iter().filter_map(|exception| match exception {
                Destination::Names(pattern) => Some(pattern),
                Destination::Addresses(_) => None,
            });
            NameSet::from_patterns(without).covers(&NameSet::from_pattern(pattern))
        }
        Destination::Addresses(network) => {
            let without: Vec<IpNet> = exceptions
                .iter()
                .filter_map(|exception| match exception {
                    Destination::Addresses(network) => Some(*network),
                    Destination::Names(_) => None,
                })
                .collect();
            IpNet::aggregate(&without).iter().any(|without| without.contains(network))
        }
    }
}
