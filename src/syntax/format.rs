//! Canonical text of a syntax tree: what `fwc fmt` writes.
//!
//! A tree becomes rows, one a line of output, in the order of the source; comments and blank lines
//! find their rows by offset. Only then are columns aligned, run by run.

use std::iter::Peekable;
use std::slice::Iter;

use super::ast::{
    Assert, Because, Clauses, Entry, File, LintAllow, Service, ServiceLine, Set, SetLine,
    Statement, Text, Use, Word,
};
use crate::source::{Span, Spanned};

/// Blanks a level of indentation.
const INDENT: usize = 2;
/// Blanks before a comment behind an entry, and between the samples of a `test`.
const GAP: &str = "   ";
/// Characters of a line that still takes part in an alignment; a longer one would push the reasons
/// of its neighbours out of sight. Also where a list of destinations becomes one a line.
const WIDTH: usize = 90;

/// Prints the tree of a text as canonical text.
///
/// Comments stay with their lines, and single blank lines stay. Formatting twice gives the same
/// text, and reading it again gives the same tree. Only for a tree without findings: what could not
/// be read cannot be printed.
///
/// ```
/// use fwc::source::FileId;
///
/// let text = "fwc 1\nset vendors { api.example.com   until 2027-01-31 because \"pilot\" }";
/// let parsed = fwc::syntax::parse(FileId(0), text);
/// assert_eq!(
///     fwc::syntax::format(&parsed.file, text),
///     "fwc 1\nset vendors {\n  api.example.com because \"pilot\" until 2027-01-31\n}\n",
/// );
/// ```
pub fn format(file: &File<'_>, text: &str) -> String {
    let mut printer = Printer { text, comments: file.comments.iter().peekable(), rows: Vec::new() };
    for statement in &file.statements {
        printer.statement(statement);
    }
    printer.comments_before(u32::MAX, 0);
    print(&printer.rows)
}

/// One line of output.
#[derive(Debug)]
struct Row<'s> {
    indent: usize,
    /// Whether a blank line stands before it.
    spaced: bool,
    /// Empty for a comment on a line of its own.
    text: String,
    /// From `because` to the end: the column that is aligned. Often empty.
    reason: String,
    /// Empty if there is none.
    comment: &'s str,
}

impl Row<'_> {
    /// Whether it can share its columns with its neighbours.
    fn aligns(&self) -> bool {
        !self.text.is_empty() && !self.text.ends_with('{') && !self.text.starts_with('}')
    }
}

struct Printer<'s> {
    text: &'s str,
    comments: Peekable<Iter<'s, Word<'s>>>,
    rows: Vec<Row<'s>>,
}

impl<'s> Printer<'s> {
    fn statement(&mut self, statement: &Spanned<Statement<'_>>) {
        let span = statement.span;
        let line = match &statement.node {
            Statement::Version(version) => format!("fwc {}", version.node),
            Statement::Include(glob) => format!("include {}", quote(glob)),
            Statement::Owner(owner) => format!("owner {}", owner.node),
            Statement::Set(set) => return self.set(span, set),
            Statement::Service(service) => return self.service(span, service),
            Statement::Deny(entry) => return self.entry(span, 0, "deny", entry),
            Statement::LintAllow(allowed) => return self.lint_allow(span, 0, allowed),
            Statement::Assert(assert) => format!("assert {}", assertion(assert)),
            Statement::Test(samples) => {
                let samples: Vec<String> = samples
                    .iter()
                    .map(|it| format!("{} -> {} {}", it.who.node, it.target.node, it.expected.node))
                    .collect();
                format!("test {}", samples.join(GAP))
            }
        };
        self.row(span.start, 0, line, String::new());
    }

    fn set(&mut self, span: Span, set: &Set<'_>) {
        let doc = set.doc.as_ref().map(|doc| format!(" {}", quote(doc))).unwrap_or_default();
        self.row(span.start, 0, format!("set {}{doc} {{", set.name.node), String::new());
        for line in &set.body {
            match &line.node {
                SetLine::Entry(entry) => self.entry(line.span, 1, "", entry),
                SetLine::Use(used) => self.r#use(line.span, used),
            }
        }
        self.close(span, 0, "}".to_owned(), String::new());
    }

    fn service(&mut self, span: Span, service: &Service<'_>) {
        let mut header = format!("service {}", service.name.node);
        list(&mut header, "from", &service.from);
        list(&mut header, "only", &service.only);
        if let Some(date) = service.observe {
            header.push_str(" observe until ");
            header.push_str(date.node);
        }
        header.push_str(" {");
        self.row(span.start, 0, header, String::new());
        for line in &service.body {
            match &line.node {
                ServiceLine::Owner(owner) => {
                    let owner = format!("owner {}", owner.node);
                    self.row(line.span.start, 1, owner, String::new());
                }
                ServiceLine::Use(used) => self.r#use(line.span, used),
                ServiceLine::Allow(entry) => self.entry(line.span, 1, "allow", entry),
                ServiceLine::Deny(entry) => self.entry(line.span, 1, "deny", entry),
                ServiceLine::LintAllow(allowed) => self.lint_allow(line.span, 1, allowed),
            }
        }
        self.close(span, 0, "}".to_owned(), String::new());
    }

    fn r#use(&mut self, span: Span, used: &Use<'_>) {
        let mut text = format!("use {}", used.set.node);
        let reason = clauses(&mut text, &used.clauses);
        self.row(span.start, 1, text, reason);
    }

    /// An entry on one line, or with one destination a line if it is long or has comments inside.
    fn entry(&mut self, span: Span, indent: usize, keyword: &str, entry: &Entry<'_>) {
        self.comments_before(span.start, indent);
        let commented = self.comments.peek().is_some_and(|next| next.span.start < span.end);
        let mut text = keyword.to_owned();
        let braces = keyword == "allow" && entry.destinations.len() > 1;
        if braces {
            text.push_str(" {");
        }
        list(&mut text, "", &entry.destinations);
        if braces {
            text.push_str(" }");
        }
        let is_long = entry.destinations.len() > 1 && indent * INDENT + width(&text) > WIDTH;
        if !is_long && !commented {
            let reason = clauses(&mut text, &entry.clauses);
            // Without a keyword the list starts with the blank that separates it from one.
            let text = if keyword.is_empty() { text.trim_start().to_owned() } else { text };
            return self.row(span.start, indent, text, reason);
        }
        let open = if keyword.is_empty() { "{".to_owned() } else { format!("{keyword} {{") };
        self.row(span.start, indent, open, String::new());
        for destination in &entry.destinations {
            let text = destination.node.to_owned();
            self.row(destination.span.start, indent + 1, text, String::new());
        }
        let mut close = "}".to_owned();
        let reason = clauses(&mut close, &entry.clauses);
        self.close(span, indent, close, reason);
    }

    fn lint_allow(&mut self, span: Span, indent: usize, allowed: &LintAllow<'_>) {
        let mut text = "lint allow".to_owned();
        list(&mut text, "", &allowed.lints);
        let reason = reason(&mut text, allowed.because.as_ref(), allowed.until);
        self.row(span.start, indent, text, reason);
    }

    /// Adds a row for what starts there, behind the comments before it.
    fn row(&mut self, start: u32, indent: usize, text: String, reason: String) {
        self.comments_before(start, indent);
        let spaced = self.is_spaced(start);
        self.rows.push(Row { indent, spaced, text, reason, comment: "" });
    }

    /// Adds the row of a `}`, behind the last comments of what it closes.
    fn close(&mut self, span: Span, indent: usize, text: String, reason: String) {
        self.comments_before(span.end, indent + 1);
        self.rows.push(Row { indent, spaced: false, text, reason, comment: "" });
    }

    /// Places the comments that start before the offset: behind the last row if they stand behind
    /// something, else on rows of their own.
    fn comments_before(&mut self, offset: u32, indent: usize) {
        while let Some(comment) = self.comments.next_if(|next| next.span.start < offset) {
            let before = self.before(comment.span.start).trim_end_matches([' ', '\t', '\r']);
            let trails = !before.is_empty() && !before.ends_with('\n');
            match self.rows.last_mut() {
                Some(row) if trails && row.comment.is_empty() => row.comment = comment.node,
                _ => {
                    let (text, reason) = Default::default();
                    let spaced = self.is_spaced(comment.span.start);
                    self.rows.push(Row { indent, spaced, text, reason, comment: comment.node });
                }
            }
        }
    }

    /// Whether a blank line is kept before what starts there: none at the start of a block.
    fn is_spaced(&self, start: u32) -> bool {
        let before = self.before(start);
        let gap = before.len() - before.trim_end().len();
        let lines = before.bytes().rev().take(gap).filter(|byte| *byte == b'\n').count();
        lines > 1 && self.rows.last().is_some_and(|row| !row.text.ends_with('{'))
    }

    fn before(&self, offset: u32) -> &'s str {
        let text = self.text.get(..offset as usize).unwrap_or_default();
        text.strip_prefix('\u{FEFF}').unwrap_or(text)
    }
}

fn assertion(assert: &Assert<'_>) -> String {
    let mut text = String::new();
    let (patterns, port) = match assert {
        Assert::Only { services, patterns, port } => {
            list(&mut text, "only", services);
            text.push_str(if services.len() == 1 { " reaches" } else { " reach" });
            (patterns, port)
        }
        Assert::Never { service, patterns, port } => {
            text = format!("{} never reaches", service.node);
            (patterns, port)
        }
        Assert::Reaches { service, patterns, port } => {
            text = format!("{} reaches", service.node);
            (patterns, port)
        }
        Assert::RegionsEqual { except } => {
            text.push_str("regions equal");
            list(&mut text, "except", except);
            return text;
        }
        Assert::Within(policy) => return format!("within {}", quote(policy)),
    };
    list(&mut text, "", patterns);
    list(&mut text, "port", port.as_slice());
    text.trim_start().to_owned()
}

/// Adds the clauses before the reason, and gives the rest.
fn clauses(text: &mut String, clauses: &Clauses<'_>) -> String {
    list(text, "except", &clauses.except);
    list(text, "port", clauses.port.as_slice());
    list(text, "to", &clauses.to);
    reason(text, clauses.because.as_ref(), clauses.until)
}

/// Gives the reason and the date; without a reason, adds the date to the text.
fn reason(text: &mut String, because: Option<&Because<'_>>, until: Option<Word<'_>>) -> String {
    let mut reason = String::new();
    if let Some(because) = because {
        reason.push_str("because ");
        if let Some(ticket) = because.ticket {
            reason.push_str(ticket.node);
            reason.push(' ');
        }
        reason.push_str(&quote(&because.text));
    }
    let end = if reason.is_empty() { text } else { &mut reason };
    list(end, "until", until.as_slice());
    reason
}

/// Adds a blank, the keyword and the words, if there are words.
fn list(text: &mut String, keyword: &str, words: &[Word<'_>]) {
    if !keyword.is_empty() && !words.is_empty() {
        text.push(' ');
        text.push_str(keyword);
    }
    for word in words {
        text.push(' ');
        text.push_str(word.node);
    }
}

fn quote(text: &Text<'_>) -> String {
    format!("\"{}\"", text.raw.node)
}

/// Prints the rows, run by run: what stands together is aligned together.
fn print(rows: &[Row<'_>]) -> String {
    let mut output = String::new();
    let same_run =
        |a: &Row<'_>, b: &Row<'_>| a.aligns() && b.aligns() && !b.spaced && a.indent == b.indent;
    for run in rows.chunk_by(same_run) {
        let heads: Vec<String> =
            run.iter().map(|row| " ".repeat(row.indent * INDENT) + &row.text).collect();
        let reasons: Vec<&str> = run.iter().map(|row| row.reason.as_str()).collect();
        let lines = columns(heads, &reasons, " ");
        let comments: Vec<&str> = run.iter().map(|row| row.comment).collect();
        for (line, row) in columns(lines, &comments, GAP).iter().zip(run) {
            if row.spaced {
                output.push('\n');
            }
            output.push_str(line);
            output.push('\n');
        }
    }
    output
}

/// Puts `right` behind `left`, in one column as far as `left` is not too wide.
fn columns(left: Vec<String>, right: &[&str], gap: &str) -> Vec<String> {
    let widths = left.iter().zip(right).filter(|(_, right)| !right.is_empty());
    let column = widths.map(|(left, _)| width(left)).filter(|width| *width <= WIDTH).max();
    let joined = left.into_iter().zip(right).map(|(mut left, right)| {
        // A comment on a line of its own has only its indent before it.
        let own = left.bytes().all(|byte| byte == b' ');
        if !right.is_empty() && !own {
            let padding = column.unwrap_or_default().saturating_sub(width(&left));
            left.extend(std::iter::repeat_n(' ', padding));
            left.push_str(gap);
        }
        left.push_str(right);
        left
    });
    joined.collect()
}

/// Characters, which is what editors count.
fn width(text: &str) -> usize {
    text.chars().count()
}
