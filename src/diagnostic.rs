//! What fwc has to say about a policy: one value, rendered in several ways.
//!
//! The prose of a message: what, where and what to do, in that order, each once. Lower case, no
//! full stop, the user's text in backticks, no names of Rust types.

use crate::source::{Location, Span};

/// A stable identity of one kind of finding; its list is [`codes`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Code {
    /// Never reused: `FW101`.
    pub id: &'static str,
    /// Reads after the word "allow": `unknown-set`.
    pub name: &'static str,
    /// What is found, in one sentence.
    pub summary: &'static str,
}

/// How bad a finding is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Severity {
    /// Worth a look; nothing is refused.
    Warning,
    /// The policy is refused.
    Error,
}

/// A place and what is to be said about it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Label {
    /// Where.
    pub at: Location,
    /// What, empty if the message says all.
    pub text: String,
}

/// Replace the bytes of a place by other text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Edit {
    /// What is replaced; an empty span inserts.
    pub at: Location,
    /// What stands there afterwards.
    pub text: String,
}

/// Whether a fix may be applied without a person looking.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Applicability {
    /// The meaning of the policy stays, or becomes what was evidently meant.
    Safe,
    /// A person has to choose.
    Unsafe,
}

/// A suggested change.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Fix {
    /// What the change does, as an imperative: `write both forms`.
    pub title: String,
    /// The edits, which do not overlap.
    pub edits: Vec<Edit>,
    /// Whether it may be applied unseen.
    pub applicability: Applicability,
}

/// One finding.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Diagnostic {
    /// Which kind.
    pub code: Code,
    /// How bad.
    pub severity: Severity,
    /// One phrase, enough if only one thing can be shown.
    pub message: String,
    /// Places; the first is the primary one. Empty for a finding about no text at all.
    pub labels: Vec<Label>,
    /// Further facts, each a phrase.
    pub notes: Vec<String>,
    /// What to do, each a phrase.
    pub help: Vec<String>,
    /// A change that mends it.
    pub fix: Option<Fix>,
}

impl Diagnostic {
    /// A finding that refuses the policy.
    pub fn error(code: Code, message: impl Into<String>) -> Self {
        Self::new(Severity::Error, code, message.into())
    }

    /// A finding that refuses nothing.
    pub fn warning(code: Code, message: impl Into<String>) -> Self {
        Self::new(Severity::Warning, code, message.into())
    }

    fn new(severity: Severity, code: Code, message: String) -> Self {
        let (labels, notes, help, fix) = Default::default();
        Self { code, severity, message, labels, notes, help, fix }
    }

    /// Adds a place: the first call names the primary one, later calls name related ones.
    #[must_use]
    pub fn at(mut self, at: Location, text: impl Into<String>) -> Self {
        self.labels.push(Label { at, text: text.into() });
        self
    }

    /// Adds a fact.
    #[must_use]
    pub fn note(mut self, text: impl Into<String>) -> Self {
        self.notes.push(text.into());
        self
    }

    /// Adds what to do.
    #[must_use]
    pub fn help(mut self, text: impl Into<String>) -> Self {
        self.help.push(text.into());
        self
    }

    /// Suggests replacing the bytes at `at` by `text`.
    #[must_use]
    pub fn fix(
        mut self,
        applicability: Applicability,
        title: impl Into<String>,
        at: Location,
        text: impl Into<String>,
    ) -> Self {
        let edits = vec![Edit { at, text: text.into() }];
        self.fix = Some(Fix { title: title.into(), edits, applicability });
        self
    }

    /// The primary place.
    pub fn location(&self) -> Option<Location> {
        self.labels.first().map(|label| label.at)
    }
}

/// Sorts by place and drops what was found twice at one place (once a region, say).
pub fn tidy(diagnostics: &mut Vec<Diagnostic>) {
    let key = |found: &Diagnostic| {
        (found.location().map(|at| (at.file, at.span)), found.code, found.message.clone())
    };
    diagnostics.sort_by_cached_key(key);
    let place = |found: &Diagnostic| (found.location(), found.code);
    diagnostics.dedup_by(|a, b| place(a) == place(b) && a.message == b.message);
}

/// Whether any of them refuses the policy.
pub fn refuses(diagnostics: &[Diagnostic]) -> bool {
    diagnostics.iter().any(|found| found.severity == Severity::Error)
}

/// The nearest of `known` to what was written, if it is near enough to be a slip of the pen: at
/// most a third of the length away.
pub fn did_you_mean<'a>(
    written: &str,
    known: impl IntoIterator<Item = &'a str>,
) -> Option<&'a str> {
    // No name is this long: a distance costs the product of the lengths.
    if written.len() > 256 {
        return None;
    }
    known
        .into_iter()
        .map(|name| (strsim::damerau_levenshtein(written, name), name))
        .filter(|(distance, name)| *distance <= written.len().max(name.len()).div_ceil(3))
        .min()
        .map(|(_, name)| name)
}

/// An empty span just behind the place, where something is missing.
pub fn behind(at: Location) -> Location {
    Location { file: at.file, span: Span::new(at.span.end, at.span.end) }
}

pub mod codes;
mod concise;
pub mod fix;
mod full;
mod github;
mod json;
pub mod render;
mod sarif;
