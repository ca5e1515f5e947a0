//! What the words of a file are about: every set, service, network, destination that it names, with its
//! place.

use crate::source::{Span, Spanned};
use crate::syntax::ast::{
    Assert, Clauses, Entry, File, LintAllow, Service, ServiceLine, Set, SetLine, Statement, Use,
    Word,
};

/// What a word is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Subject {
    Set,
    Service,
    Network,
    Role,
    Owner,
    /// A name, a pattern or addresses, in an entry or a claim.
    Destination,
    /// `HOST:PORT/PROTO`
    Sample,
    Ports,
    Lint,
    /// The glob of an `include`.
    Include,
    /// The path of an `assert within`.
    Policy,
}

/// A word that names something.
#[derive(Debug, Clone, Copy)]
pub(super) struct Mention<'s> {
    pub(super) subject: Subject,
    pub(super) word: Word<'s>,
    /// Whether it is the declaration.
    pub(super) declares: bool,
}

/// Every mention of a file, in the order of the tree.
pub(super) fn mentions<'s>(file: &File<'s>) -> Vec<Mention<'s>> {
    let mut list = List(Vec::new());
    for statement in &file.statements {
        list.statement(&statement.node);
    }
    list.0
}

/// The mention at an offset, its last byte and the place behind it included.
pub(super) fn at<'s>(file: &File<'s>, offset: u32) -> Option<Mention<'s>> {
    let statement = file.statements.iter().find(|it| holds(it.span, offset))?;
    let mut list = List(Vec::new());
    list.statement(&statement.node);
    list.0.into_iter().find(|mention| holds(mention.word.span, offset))
}

/// The variable of a word at an offset, without its `${` and `}`.
pub(super) fn variable<'s>(word: &Word<'s>, offset: u32) -> Option<Word<'s>> {
    variables(word).find(|it| it.span.start <= offset + 2 && offset <= it.span.end + 1)
}

/// The variables of a word.
pub(super) fn variables<'s>(word: &Word<'s>) -> impl Iterator<Item = Word<'s>> {
    let start = word.span.start;
    let mut offset = 0;
    word.node.split_inclusive('}').filter_map(move |piece| {
        let before = offset;
        offset += piece.len() as u32;
        let (text, name) = piece.strip_suffix('}')?.rsplit_once("${")?;
        let at = start + before + text.len() as u32 + 2;
        Some(Spanned::new(name, Span::new(at, at + name.len() as u32)))
    })
}

fn holds(span: Span, offset: u32) -> bool {
    span.start <= offset && offset <= span.end
}

struct List<'s>(Vec<Mention<'s>>);

impl<'s> List<'s> {
    fn uses(&mut self, subject: Subject, words: impl IntoIterator<Item = Word<'s>>) {
        let words = words.into_iter();
        self.0.extend(words.map(|word| Mention { subject, word, declares: false }));
    }

    fn declares(&mut self, subject: Subject, word: Word<'s>) {
        self.0.push(Mention { subject, word, declares: true });
    }

    fn statement(&mut self, statement: &Statement<'s>) {
        match statement {
            Statement::Version(_) => {}
            Statement::Include(glob) => self.uses(Subject::Include, [glob.raw]),
            Statement::Owner(owner) => self.uses(Subject::Owner, [*owner]),
            Statement::Set(set) => self.set(set),
            Statement::Service(service) => self.service(service),
            Statement::Deny(entry) => self.entry(entry),
            Statement::LintAllow(allow) => self.lint_allow(allow),
            Statement::Assert(assert) => self.assert(assert),
            Statement::Test(samples) => {
                for sample in samples {
                    self.uses(Subject::Service, [sample.who]);
                    self.uses(Subject::Sample, [sample.target]);
                }
            }
        }
    }

    fn set(&mut self, set: &Set<'s>) {
        self.declares(Subject::Set, set.name);
        for line in &set.body {
            match &line.node {
                SetLine::Entry(entry) => self.entry(entry),
                SetLine::Use(line) => self.r#use(line),
            }
        }
    }

    fn service(&mut self, service: &Service<'s>) {
        self.declares(Subject::Service, service.name);
        let is_name = |word: &&Word<'_>| word.node.starts_with(|it: char| it.is_ascii_lowercase());
        self.uses(Subject::Network, service.from.iter().filter(is_name).copied());
        self.uses(Subject::Role, service.only.iter().copied());
        for line in &service.body {
            match &line.node {
                ServiceLine::Owner(owner) => self.uses(Subject::Owner, [*owner]),
                ServiceLine::Use(line) => self.r#use(line),
                ServiceLine::Allow(entry) | ServiceLine::Deny(entry) => self.entry(entry),
                ServiceLine::LintAllow(allow) => self.lint_allow(allow),
            }
        }
    }

    fn r#use(&mut self, line: &Use<'s>) {
        self.uses(Subject::Set, [line.set]);
        self.clauses(&line.clauses);
    }

    fn entry(&mut self, entry: &Entry<'s>) {
        self.uses(Subject::Destination, entry.destinations.iter().copied());
        self.clauses(&entry.clauses);
    }

    fn clauses(&mut self, clauses: &Clauses<'s>) {
        self.uses(Subject::Destination, clauses.except.iter().copied());
        self.uses(Subject::Ports, clauses.port);
        self.uses(Subject::Destination, clauses.to.iter().copied());
    }

    fn lint_allow(&mut self, allow: &LintAllow<'s>) {
        self.uses(Subject::Lint, allow.lints.iter().copied());
    }

    fn assert(&mut self, assert: &Assert<'s>) {
        match assert {
            Assert::Only { services, patterns, port } => {
                self.uses(Subject::Service, services.iter().copied());
                self.uses(Subject::Destination, patterns.iter().copied());
                self.uses(Subject::Ports, *port);
            }
            Assert::Never { service, patterns, port }
            | Assert::Reaches { service, patterns, port } => {
                self.uses(Subject::Service, [*service]);
                self.uses(Subject::Destination, patterns.iter().copied());
                self.uses(Subject::Ports, *port);
            }
            Assert::RegionsEqual { except } => self.uses(Subject::Service, except.iter().copied()),
            Assert::Within(path) => self.uses(Subject::Policy, [path.raw]),
        }
    }
}
