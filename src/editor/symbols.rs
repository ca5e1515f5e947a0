//! The outline of a file: its sets and services with their lines, what it denies and what it claims.

use super::Draft;
use crate::source::{FileId, SourceFile, Span};
use crate::syntax::ast::{Entry, ServiceLine, SetLine, Statement};

/// A part of a file that people look for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Symbol {
    /// What it is called: `checkout`, `allow api.stripe.com`.
    pub name: String,
    /// What else is said of it, empty if nothing is.
    pub detail: String,
    /// What it is.
    pub kind: SymbolKind,
    /// All of it.
    pub span: Span,
    /// Its name.
    pub name_span: Span,
    /// Its lines.
    pub children: Vec<Symbol>,
}

/// What a symbol is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SymbolKind {
    /// A set.
    Set,
    /// A service.
    Service,
    /// An entry or a `use`.
    Entry,
    /// An assertion or a line of samples.
    Claim,
}

impl Draft {
    /// The outline of a file of the policy.
    pub fn symbols(&self, file: FileId) -> Vec<Symbol> {
        let Some((parsed, source)) = self.parse(file) else { return Vec::new() };
        let statements = parsed.file.statements.iter();
        statements.filter_map(|it| symbol(source, it.span, &it.node)).collect()
    }
}

fn symbol(source: &SourceFile, span: Span, statement: &Statement<'_>) -> Option<Symbol> {
    let line = |kind, name_span| Symbol {
        name: source.slice(name_span).to_owned(),
        detail: String::new(),
        kind,
        span,
        name_span,
        children: Vec::new(),
    };
    Some(match statement {
        Statement::Set(set) => Symbol {
            detail: set.doc.map(|doc| doc.value()).unwrap_or_default(),
            children: set.body.iter().map(|it| set_line(source, it.span, &it.node)).collect(),
            ..line(SymbolKind::Set, set.name.span)
        },
        Statement::Service(service) => {
            let from: Vec<_> = service.from.iter().map(|word| word.node).collect();
            let lines = service.body.iter();
            let children = lines.filter_map(|it| service_line(source, it.span, &it.node));
            Symbol {
                detail: format!("from {}", from.join(" ")),
                children: children.collect(),
                ..line(SymbolKind::Service, service.name.span)
            }
        }
        Statement::Deny(found) => entry(source, span, found),
        Statement::Assert(_) | Statement::Test(_) => {
            let first = first_line(source, span);
            line(SymbolKind::Claim, first)
        }
        Statement::Version(_)
        | Statement::Include(_)
        | Statement::Owner(_)
        | Statement::LintAllow(_) => return None,
    })
}

fn set_line(source: &SourceFile, span: Span, line: &SetLine<'_>) -> Symbol {
    match line {
        SetLine::Entry(found) => entry(source, span, found),
        SetLine::Use(found) => part(source, span, Span::new(span.start, found.set.span.end)),
    }
}

fn service_line(source: &SourceFile, span: Span, line: &ServiceLine<'_>) -> Option<Symbol> {
    match line {
        ServiceLine::Allow(found) | ServiceLine::Deny(found) => Some(entry(source, span, found)),
        ServiceLine::Use(found) => {
            Some(part(source, span, Span::new(span.start, found.set.span.end)))
        }
        ServiceLine::Owner(_) | ServiceLine::LintAllow(_) => None,
    }
}

/// An entry, called after its keyword and its destinations.
fn entry(source: &SourceFile, span: Span, entry: &Entry<'_>) -> Symbol {
    let last = entry.destinations.last().map_or(span, |word| word.span);
    let because = entry.clauses.because.map(|because| because.text.value());
    let named = part(source, span, Span::new(span.start, last.end));
    Symbol { detail: because.unwrap_or_default(), ..named }
}

/// A line, called after a part of it.
fn part(source: &SourceFile, span: Span, name_span: Span) -> Symbol {
    let words: Vec<_> = source.slice(name_span).split_whitespace().collect();
    Symbol {
        name: words.join(" "),
        detail: String::new(),
        kind: SymbolKind::Entry,
        span,
        name_span,
        children: Vec::new(),
    }
}

fn first_line(source: &SourceFile, span: Span) -> Span {
    let length = source.slice(span).find('\n').unwrap_or(source.slice(span).len());
    Span::new(span.start, span.start + length as u32)
}
