//! The syntax tree: the shape of a file, every leaf as it was written, nothing interpreted.
//!
//! What a word means (a name, a port, a date) is decided in `policy::resolve`; so `fmt` can print
//! whatever was written, and a mistake in a value is reported by the one who knows what is right.

use crate::source::Spanned;

/// A word of the file, as written.
pub type Word<'s> = Spanned<&'s str>;

/// One file.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct File<'s> {
    /// The statements, in order.
    pub statements: Vec<Spanned<Statement<'s>>>,
    /// Every comment, in order, from its `#` to the last thing that can be seen on its line.
    pub comments: Vec<Word<'s>>,
}

/// A statement at the top level.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Statement<'s> {
    /// `fwc 1`
    Version(Word<'s>),
    /// `include "vendors/*.fw"`: the text between the quotes
    Include(Text<'s>),
    /// `owner @shop/netsec`
    Owner(Word<'s>),
    /// `set NAME "doc" { … }`
    Set(Set<'s>),
    /// `service NAME from … { … }`
    Service(Service<'s>),
    /// `deny …` for every service
    Deny(Entry<'s>),
    /// `lint allow …` for the file
    LintAllow(LintAllow<'s>),
    /// `assert …`
    Assert(Assert<'s>),
    /// `test …`
    Test(Vec<Sample<'s>>),
}

/// A quoted text: what stands between the quotes, escapes (`\"`, `\\`) not yet undone.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Text<'s> {
    /// Between the quotes.
    pub raw: Word<'s>,
}

impl Text<'_> {
    /// The text with its escapes undone.
    pub fn value(&self) -> String {
        let mut value = String::with_capacity(self.raw.node.len());
        let mut characters = self.raw.node.chars();
        while let Some(character) = characters.next() {
            value.extend(if character == '\\' { characters.next() } else { Some(character) });
        }
        value
    }
}

/// `set NAME "doc" { … }`
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Set<'s> {
    /// The name.
    pub name: Word<'s>,
    /// What it is for.
    pub doc: Option<Text<'s>>,
    /// Its lines.
    pub body: Vec<Spanned<SetLine<'s>>>,
}

/// A line of a set.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum SetLine<'s> {
    /// Destinations with clauses, as on `allow`.
    Entry(Entry<'s>),
    /// `use SET …`
    Use(Use<'s>),
}

/// `service NAME from NET… [only ROLE…] [observe until DATE] { … }`
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Service<'s> {
    /// The name.
    pub name: Word<'s>,
    /// Networks of the project file, or CIDRs; empty only where the header has a fault.
    pub from: Vec<Word<'s>>,
    /// Region roles; empty for all.
    pub only: Vec<Word<'s>>,
    /// The date of `observe until`.
    pub observe: Option<Word<'s>>,
    /// Its lines.
    pub body: Vec<Spanned<ServiceLine<'s>>>,
}

/// A line of a service.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ServiceLine<'s> {
    /// `owner @handle`
    Owner(Word<'s>),
    /// `use SET …`
    Use(Use<'s>),
    /// `allow …`
    Allow(Entry<'s>),
    /// `deny …`
    Deny(Entry<'s>),
    /// `lint allow …`
    LintAllow(LintAllow<'s>),
}

/// Destinations and what is said of them. Never without a destination.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Entry<'s> {
    /// At least one, in braces or not.
    pub destinations: Vec<Word<'s>>,
    /// What is said of them.
    pub clauses: Clauses<'s>,
}

/// `use SET [clause…]`
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Use<'s> {
    /// The set.
    pub set: Word<'s>,
    /// What applies where a line of the set says nothing of that kind.
    pub clauses: Clauses<'s>,
}

/// The clauses of an entry; each kind stands at most once.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Clauses<'s> {
    /// `except DEST…`
    pub except: Vec<Word<'s>>,
    /// `port PORTS[/PROTO]`: `443,8000-8080/tcp`
    pub port: Option<Word<'s>>,
    /// `to CIDR…`
    pub to: Vec<Word<'s>>,
    /// `because [TICKET] "text"`
    pub because: Option<Because<'s>>,
    /// `until DATE`
    pub until: Option<Word<'s>>,
}

/// `because [TICKET] "text"`
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Because<'s> {
    /// The ticket.
    pub ticket: Option<Word<'s>>,
    /// The reason.
    pub text: Text<'s>,
}

/// `lint allow CODE… because … [until DATE]`
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LintAllow<'s> {
    /// Codes or names of lints.
    pub lints: Vec<Word<'s>>,
    /// Why; always there after a parse.
    pub because: Option<Because<'s>>,
    /// Until when.
    pub until: Option<Word<'s>>,
}

/// `assert …`
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Assert<'s> {
    /// `only A B reach PATTERN… [port P]`
    Only {
        /// The services that may.
        services: Vec<Word<'s>>,
        /// What nobody else may reach.
        patterns: Vec<Word<'s>>,
        /// Narrowed to these ports.
        port: Option<Word<'s>>,
    },
    /// `A never reaches PATTERN… [port P]`
    Never {
        /// A service, or `any`.
        service: Word<'s>,
        /// What it may not reach.
        patterns: Vec<Word<'s>>,
        /// Narrowed to these ports.
        port: Option<Word<'s>>,
    },
    /// `A reaches PATTERN… [port P]`
    Reaches {
        /// A service.
        service: Word<'s>,
        /// What it may reach, all of it.
        patterns: Vec<Word<'s>>,
        /// On these ports instead of the default one.
        port: Option<Word<'s>>,
    },
    /// `regions equal [except S…]`
    RegionsEqual {
        /// Services that may differ.
        except: Vec<Word<'s>>,
    },
    /// `within "central.fw"`
    Within(Text<'s>),
}

/// `WHO -> HOST:PORT[/PROTO] allow|deny|observe`
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Sample<'s> {
    /// A service, or `any`.
    pub who: Word<'s>,
    /// `HOST:PORT[/PROTO]`.
    pub target: Word<'s>,
    /// The verdict that is expected.
    pub expected: Word<'s>,
}
