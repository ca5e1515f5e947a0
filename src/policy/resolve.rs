//! Syntax trees to a policy: names looked up, sets opened, variables expanded, values read.
//!
//! Nothing stops at the first mistake: what cannot be resolved is left out of the policy and
//! answered in the diagnostics, and [`Resolved::accept`] is the only way to a policy that may be
//! compiled.

mod claims;
mod entries;
mod sources;
mod word;

use std::collections::BTreeMap;
use std::sync::Arc;

use indexmap::IndexMap;
use jiff::civil::Date;

use crate::diagnostic::{self, Diagnostic, codes, did_you_mean};
use crate::project::Project;
use crate::source::{FileId, Location, Span};
use crate::syntax::{ast, is_ticket};

use super::{Destination, Policy, Reach, Regional, Service, ServiceId, Suppression};
use word::Scope;
pub use word::{is_identifier, is_owner};

/// A syntax tree and the file it was read from.
#[derive(Debug, Clone, Copy)]
pub struct Tree<'a> {
    /// The file.
    pub file: FileId,
    /// Its tree.
    pub tree: &'a ast::File<'a>,
}

/// A policy as far as it could be resolved, and everything that was found on the way.
#[derive(Debug, Clone, Default)]
pub struct Resolved {
    /// What could be resolved: good enough for lints and editors, not for compiling.
    pub policy: Policy,
    /// What was found, sorted by place.
    pub diagnostics: Vec<Diagnostic>,
}

impl Resolved {
    /// The policy with its warnings, unless something refuses it.
    ///
    /// # Errors
    /// Everything that was found, if any of it refuses the policy.
    pub fn accept(self) -> Result<(Policy, Vec<Diagnostic>), Vec<Diagnostic>> {
        if diagnostic::refuses(&self.diagnostics) {
            return Err(self.diagnostics);
        }
        Ok((self.policy, self.diagnostics))
    }
}

/// Resolves the files of one policy against its project.
pub fn resolve(files: &[Tree<'_>], project: &Project) -> Resolved {
    let regions = word::regions(project);
    let mut resolver = Resolver {
        project,
        scope: Scope { regions: &regions },
        sets: IndexMap::new(),
        opened: BTreeMap::new(),
        expanded: 0,
        mismatches: 0,
        services: IndexMap::new(),
        policy: Policy {
            regions: regions.iter().map(|(region, _)| region.clone()).collect(),
            ..Policy::default()
        },
        found: Vec::new(),
    };
    resolver.declare(files);
    // Most lines are one entry with one destination; lists that grow leave holes in the memory.
    let lines = resolver.services.values().map(|entry| entry.block.body.len()).sum();
    resolver.policy.terms.reserve(lines);
    resolver.policy.grants.reserve(lines);
    resolver.services();
    resolver.open_unused_sets();
    for file in files {
        resolver.statements(file);
    }
    diagnostic::tidy(&mut resolver.found);
    Resolved { policy: resolver.policy, diagnostics: resolver.found }
}

/// The place of a word that stands alone.
const NOWHERE: Location = Location { file: FileId(0), span: Span::new(0, 0) };

/// What a word stands for as a destination, in each region of the project; `None` for a word that is
/// none, which [`resolve`] explains where it stands in a policy.
pub fn destination(word: &str, project: &Project) -> Option<Regional<Destination>> {
    let scope = Scope { regions: &word::regions(project) };
    scope.destination(word, NOWHERE, &mut Vec::new())
}

/// What a word says as the ports of a `port` clause; `None` for a word that says nothing.
pub fn reach(word: &str) -> Option<Reach> {
    word::reach(word, NOWHERE, &mut Vec::new())
}

/// The ticket and the text of a reason.
#[derive(Clone, Default)]
struct Because {
    ticket: Option<Arc<str>>,
    reason: Option<Arc<str>>,
}

/// A set, and where it was declared.
struct SetEntry<'a> {
    file: FileId,
    set: &'a ast::Set<'a>,
}

/// A service block, where it stands, and who owns what its file does not say otherwise.
struct ServiceEntry<'a> {
    file: FileId,
    block: &'a ast::Service<'a>,
    owner: Option<Arc<str>>,
}

struct Resolver<'a> {
    project: &'a Project,
    scope: Scope<'a>,
    sets: IndexMap<&'a str, SetEntry<'a>>,
    opened: BTreeMap<&'a str, entries::Opened>,
    /// Lines and grants that have come of `use` statements so far.
    expanded: usize,
    /// Destinations so far that do not go together with their clauses.
    mismatches: usize,
    services: IndexMap<&'a str, ServiceEntry<'a>>,
    policy: Policy,
    found: Vec<Diagnostic>,
}

impl<'a> Resolver<'a> {
    /// Collects sets and services of every file, so that order never matters.
    fn declare(&mut self, files: &[Tree<'a>]) {
        for &Tree { file, tree } in files {
            let owner = self.file_owner(file, tree);
            for statement in &tree.statements {
                match &statement.node {
                    ast::Statement::Set(set) => self.declare_set(file, set),
                    ast::Statement::Service(block) => {
                        self.declare_service(ServiceEntry { file, block, owner: owner.clone() });
                    }
                    _ => {}
                }
            }
        }
        // By name: the numbers of services, and with them all output, do not depend on the order
        // of files or blocks.
        self.services.sort_unstable_keys();
    }

    fn declare_set(&mut self, file: FileId, set: &'a ast::Set<'a>) {
        let at = Location { file, span: set.name.span };
        self.check_identifier("set", set.name.node, at);
        if let Some(first) = self.sets.get(set.name.node) {
            let first = Location { file: first.file, span: first.set.name.span };
            self.duplicate("set", set.name.node, at, first);
            return;
        }
        self.sets.insert(set.name.node, SetEntry { file, set });
    }

    fn declare_service(&mut self, entry: ServiceEntry<'a>) {
        let name = entry.block.name;
        let at = Location { file: entry.file, span: name.span };
        self.check_identifier("service", name.node, at);
        if name.node == "any" {
            self.found.push(
                Diagnostic::error(codes::BAD_IDENTIFIER, "`any` stands for every service")
                    .at(at, "")
                    .help("give the service another name"),
            );
        }
        if let Some(first) = self.services.get(name.node) {
            let first = Location { file: first.file, span: first.block.name.span };
            self.duplicate("service", name.node, at, first);
            return;
        }
        self.services.insert(name.node, entry);
    }

    fn check_identifier(&mut self, kind: &str, name: &str, at: Location) {
        if !word::is_identifier(name) {
            self.found.push(
                Diagnostic::error(
                    codes::BAD_IDENTIFIER,
                    format!("`{name}` is not a name for a {kind}"),
                )
                .at(at, "")
                .help("write lower-case letters, digits and hyphens, a letter first, at most 32"),
            );
        }
    }

    fn duplicate(&mut self, kind: &str, name: &str, at: Location, first: Location) {
        self.found.push(
            Diagnostic::error(codes::DUPLICATE_NAME, format!("a second {kind} `{name}`"))
                .at(at, "")
                .at(first, "the first one")
                .help("merge the two blocks, or rename one"),
        );
    }

    /// The owner that a file gives to its blocks.
    fn file_owner(&mut self, file: FileId, tree: &'a ast::File<'a>) -> Option<Arc<str>> {
        let owners = tree.statements.iter().filter_map(|statement| match &statement.node {
            ast::Statement::Owner(word) => Some(*word),
            _ => None,
        });
        self.one_owner(file, owners)
    }

    /// Reads the owner of a file or block, of which there may be one.
    fn one_owner(
        &mut self,
        file: FileId,
        owners: impl Iterator<Item = ast::Word<'a>>,
    ) -> Option<Arc<str>> {
        let mut first: Option<ast::Word<'a>> = None;
        for word in owners {
            let at = Location { file, span: word.span };
            if !word::is_owner(word.node) {
                self.found.push(
                    Diagnostic::error(codes::BAD_OWNER, format!("`{}` is not an owner", word.node))
                        .at(at, "")
                        .help("write a handle: `@team` or `@org/team`"),
                );
            }
            if let Some(first) = first {
                self.found.push(
                    Diagnostic::error(codes::DUPLICATE_NAME, "a second owner")
                        .at(at, "")
                        .at(Location { file, span: first.span }, "the first one")
                        .help("one block has one owner; open a second block for the other"),
                );
                continue;
            }
            first = Some(word);
        }
        first.map(|word| Arc::from(word.node))
    }

    /// Resolves every service block, in the order of their names.
    fn services(&mut self) {
        let services = std::mem::take(&mut self.services);
        for (number, (name, entry)) in services.iter().enumerate() {
            let id = ServiceId(number as u32);
            let at = Location { file: entry.file, span: entry.block.name.span };
            let owners = entry.block.body.iter().filter_map(|line| match &line.node {
                ast::ServiceLine::Owner(word) => Some(*word),
                _ => None,
            });
            let owner = self.one_owner(entry.file, owners).or_else(|| entry.owner.clone());
            let sources = self.sources(entry.file, entry.block);
            let observe = entry.block.observe.and_then(|word| self.date(entry.file, word));
            self.policy.services.push(Service {
                name: Arc::from(*name),
                owner: owner.clone(),
                sources,
                observe,
                at,
            });
            for line in &entry.block.body {
                self.service_line(entry.file, id, owner.as_ref(), line.span, &line.node);
            }
        }
        self.services = services;
    }

    fn service_line(
        &mut self,
        file: FileId,
        service: ServiceId,
        owner: Option<&Arc<str>>,
        span: Span,
        line: &'a ast::ServiceLine<'a>,
    ) {
        use super::Action::{Allow, Deny};
        let subject = entries::Subject { service: Some(service), owner: owner.cloned() };
        match line {
            ast::ServiceLine::Owner(_) => {}
            ast::ServiceLine::Use(line) => self.use_set(file, &subject, line),
            ast::ServiceLine::Allow(entry) => self.entry(file, &subject, Allow, entry),
            ast::ServiceLine::Deny(entry) => self.entry(file, &subject, Deny, entry),
            ast::ServiceLine::LintAllow(allow) => {
                self.suppression(file, Some(service), span, allow);
            }
        }
    }

    /// Resolves what stands at the top level of a file and is no block.
    fn statements(&mut self, file: &Tree<'a>) {
        let owner = file.tree.statements.iter().find_map(|statement| match &statement.node {
            ast::Statement::Owner(word) => Some(Arc::from(word.node)),
            _ => None,
        });
        let everyone = entries::Subject { service: None, owner };
        for statement in &file.tree.statements {
            let at = Location { file: file.file, span: statement.span };
            match &statement.node {
                ast::Statement::Deny(entry) => {
                    self.entry(file.file, &everyone, super::Action::Deny, entry);
                }
                ast::Statement::LintAllow(allow) => {
                    self.suppression(file.file, None, statement.span, allow);
                }
                ast::Statement::Assert(claim) => self.assertion(at, claim),
                ast::Statement::Test(samples) => self.samples(file.file, samples),
                ast::Statement::Version(_)
                | ast::Statement::Include(_)
                | ast::Statement::Owner(_)
                | ast::Statement::Set(_)
                | ast::Statement::Service(_) => {}
            }
        }
    }

    fn suppression(
        &mut self,
        file: FileId,
        service: Option<ServiceId>,
        span: Span,
        allow: &'a ast::LintAllow<'a>,
    ) {
        let lints = allow.lints.iter();
        let lints =
            lints.map(|word| (word.node.to_owned(), Location { file, span: word.span })).collect();
        let reason = allow.because.and_then(|because| self.because(file, &because).reason);
        let until = allow.until.and_then(|word| self.date(file, word));
        let at = Location { file, span };
        self.policy.suppressions.push(Suppression { lints, service, reason, until, at });
    }

    /// Ticket and text of a reason.
    fn because(&mut self, file: FileId, because: &ast::Because<'a>) -> Because {
        if let Some(ticket) = because.ticket.filter(|ticket| !is_ticket(ticket.node)) {
            self.found.push(
                Diagnostic::error(codes::BAD_TICKET, format!("`{}` is not a ticket", ticket.node))
                    .at(Location { file, span: ticket.span }, "")
                    .help("write the project in capitals, a hyphen and the number: `PAY-812`"),
            );
        }
        let ticket = because.ticket.map(|ticket| Arc::from(ticket.node));
        // Most reasons have no escape, and a policy holds very many of them.
        let raw = because.text.raw.node;
        let text = if raw.contains('\\') { because.text.value().into() } else { raw.into() };
        Because { ticket, reason: Some(text) }
    }

    fn date(&mut self, file: FileId, word: ast::Word<'a>) -> Option<Date> {
        word::date(word.node, Location { file, span: word.span }, &mut self.found)
    }

    /// The service of a name, or an error with the nearest one.
    fn service_named(&mut self, file: FileId, word: ast::Word<'a>) -> Option<ServiceId> {
        if let Some(number) = self.services.get_index_of(word.node) {
            return Some(ServiceId(number as u32));
        }
        let diagnostic =
            Diagnostic::error(codes::UNKNOWN_SERVICE, format!("no service `{}`", word.node))
                .at(Location { file, span: word.span }, "");
        let near = did_you_mean(word.node, self.services.keys().copied());
        self.found.push(match near {
            Some(near) => diagnostic.help(format!("did you mean `{near}`?")),
            None => diagnostic.help("declare it: `service NAME from NETWORK { … }`"),
        });
        None
    }
}
