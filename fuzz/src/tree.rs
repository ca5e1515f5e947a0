//! The places of a syntax tree: each word stands where it says, inside of what it belongs to.

use fwc::source::{Span, Spanned};
use fwc::syntax::ast::{
    Assert, Because, Clauses, Entry, File, LintAllow, ServiceLine, SetLine, Statement, Text, Use,
    Word,
};

/// Checks every place of a tree against the text it was read from.
///
/// # Panics
/// If a word is not the text at its place, or lies outside of what it is a part of.
pub fn check(file: &File<'_>, text: &str) {
    let whole = Place { text, around: Span::new(0, text.len() as u32) };
    let mut end = 0;
    for statement in &file.statements {
        assert!(statement.span.start >= end, "statements overlap at {:?}", statement.span);
        end = statement.span.end;
        whole.within(statement.span).statement(&statement.node);
    }
    whole.words(&file.comments);
    assert!(file.comments.iter().all(|comment| comment.node.starts_with('#')));
}

/// A stretch of the text that everything inside it has to stay in.
#[derive(Clone, Copy)]
struct Place<'s> {
    text: &'s str,
    around: Span,
}

impl Place<'_> {
    fn within(self, span: Span) -> Self {
        assert!(crate::is_in(span, self.text), "{span:?} is no part of the text");
        assert_eq!(self.around.to(span), self.around, "{span:?} leaves what it belongs to");
        Self { around: span, ..self }
    }

    fn word(self, word: Word<'_>) {
        self.within(word.span);
        assert_eq!(self.text.get(word.span.range()), Some(word.node));
    }

    fn words<'w>(self, words: impl IntoIterator<Item = &'w Word<'w>>) {
        words.into_iter().for_each(|word| self.word(*word));
    }

    fn quoted(self, text: &Text<'_>) {
        self.word(text.raw);
        assert!(text.value().len() <= text.raw.node.len());
    }

    fn statement(self, statement: &Statement<'_>) {
        match statement {
            Statement::Version(word) | Statement::Owner(word) => self.word(*word),
            Statement::Include(text) => self.quoted(text),
            Statement::Set(set) => {
                self.word(set.name);
                set.doc.iter().for_each(|doc| self.quoted(doc));
                self.lines(&set.body, |place, line| match line {
                    SetLine::Entry(entry) => place.entry(entry),
                    SetLine::Use(used) => place.used(used),
                });
            }
            Statement::Service(service) => {
                self.word(service.name);
                self.words(service.from.iter().chain(&service.only).chain(&service.observe));
                self.lines(&service.body, |place, line| match line {
                    ServiceLine::Owner(word) => place.word(*word),
                    ServiceLine::Use(used) => place.used(used),
                    ServiceLine::Allow(entry) | ServiceLine::Deny(entry) => place.entry(entry),
                    ServiceLine::LintAllow(allowed) => place.lint_allow(allowed),
                });
            }
            Statement::Deny(entry) => self.entry(entry),
            Statement::LintAllow(allowed) => self.lint_allow(allowed),
            Statement::Assert(assert) => self.assertion(assert),
            Statement::Test(samples) => {
                for sample in samples {
                    self.words([&sample.who, &sample.target, &sample.expected]);
                }
            }
        }
    }

    fn lines<T>(self, lines: &[Spanned<T>], check: impl Fn(Self, &T)) {
        let mut end = self.around.start;
        for line in lines {
            assert!(line.span.start >= end, "lines overlap at {:?}", line.span);
            end = line.span.end;
            check(self.within(line.span), &line.node);
        }
    }

    fn entry(self, entry: &Entry<'_>) {
        assert!(!entry.destinations.is_empty());
        self.words(&entry.destinations);
        self.clauses(&entry.clauses);
    }

    fn used(self, used: &Use<'_>) {
        self.word(used.set);
        self.clauses(&used.clauses);
    }

    fn clauses(self, clauses: &Clauses<'_>) {
        self.words(clauses.except.iter().chain(&clauses.port).chain(&clauses.to));
        self.words(&clauses.until);
        self.because(clauses.because.as_ref());
    }

    fn because(self, because: Option<&Because<'_>>) {
        let Some(because) = because else { return };
        self.words(&because.ticket);
        self.quoted(&because.text);
    }

    fn lint_allow(self, allowed: &LintAllow<'_>) {
        self.words(allowed.lints.iter().chain(&allowed.until));
        self.because(allowed.because.as_ref());
    }

    fn assertion(self, assert: &Assert<'_>) {
        match assert {
            Assert::Only { services, patterns, port } => {
                self.words(services.iter().chain(patterns).chain(port));
            }
            Assert::Never { service, patterns, port }
            | Assert::Reaches { service, patterns, port } => {
                self.words([service].into_iter().chain(patterns).chain(port));
            }
            Assert::RegionsEqual { except } => self.words(except),
            Assert::Within(text) => self.quoted(text),
        }
    }
}
