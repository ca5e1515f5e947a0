//! Reads a whole file in spite of its mistakes: two loops that know where to go on.
//!
//! A line that fails skips to the next line, a statement that fails to the next statement. What a
//! skipped part still opens is skipped with it, so that one mistake is one finding.

use nom::Input;

use super::ast::{Service, Set, Statement, Word};
use super::fault::{Expected, Fault, Found, Reason};
use super::grammar::{CLAUSES, Grammar, SERVICE_LINES, STATEMENTS, TOP_LEVEL_ONLY};
use super::words::{
    Read, at_end, blanks, broken_variable, line_length, quoted_length, trivia, word,
};
use crate::diagnostic::Applicability::{Safe, Unsafe};
use crate::diagnostic::{Diagnostic, behind, codes, did_you_mean};
use crate::source::{FileId, Location, Span, Spanned};

/// Findings a file; more of them help nobody, and binary input would make millions.
pub(super) const FINDINGS: usize = 100;

/// Statements and lines of blocks a file. A file of the largest size holds 400,000 entries as people
/// write them; one of more than this is no policy, and its tree would take a hundred times its size.
pub(super) const MAX_ENTRIES: usize = 1_000_000;

/// The version of the language that this build reads.
const VERSION: &str = "1";

/// Reads one file.
pub(super) struct Reader<'s> {
    file: FileId,
    text: &'s str,
    grammar: Grammar,
    /// What was found, the first [`FINDINGS`] of it.
    pub(super) diagnostics: Vec<Diagnostic>,
    /// How many more there were.
    pub(super) unshown: usize,
    /// Statements and lines that were read.
    entries: usize,
    /// Closing braces that are too many because a missing one was reported already.
    owed: usize,
    /// Whether the text ends in something open that was skipped: then the blocks around it are open
    /// too, and that is no other mistake.
    ends_open: bool,
}

/// A production of a line of a block; takes the keyword that was meant if it is misspelt.
type Line<'s, T> = fn(Grammar, Option<&str>, &'s str) -> Read<'s, T>;

/// The block that the line loop is in.
struct Block<'s> {
    /// From its keyword on.
    header: &'s str,
    /// Where its `{` stands; `None` if it is missing and that was said.
    open: Option<Location>,
    kind: &'static str,
    /// Words that start a line of it, and with it end what a line before has left open.
    keywords: &'static [&'static str],
}

impl<'s> Reader<'s> {
    /// Reads the text as that file.
    pub(super) fn new(file: FileId, text: &'s str) -> Self {
        let grammar = Grammar::of(text);
        Self {
            file,
            text,
            grammar,
            diagnostics: Vec::new(),
            unshown: 0,
            entries: 0,
            owed: 0,
            ends_open: false,
        }
    }

    /// The loop over statements.
    pub(super) fn statements(&mut self) -> Vec<Spanned<Statement<'s>>> {
        let mut statements = Vec::new();
        let mut rest = trivia(self.text.strip_prefix('\u{FEFF}').unwrap_or(self.text));
        let start = rest;
        let mut versions = Vec::new();
        while !rest.is_empty() && !self.is_too_long(rest) {
            if let Some(behind) = rest.strip_prefix('}') {
                self.stray_brace(rest);
                rest = match at_end(behind) {
                    true => trivia(behind),
                    false => trivia(self.skip(behind, TOP_LEVEL_ONLY, Around::File)),
                };
                continue;
            }
            let Ok((behind, written)) = word(rest) else {
                self.report(Fault { rest, reason: Reason::Statement });
                rest = trivia(self.skip(rest, TOP_LEVEL_ONLY, Around::File));
                continue;
            };
            let keyword = self.keyword(written, STATEMENTS);
            if keyword == "fwc" {
                versions.push(self.grammar.span(rest, behind));
            }
            let (end, statement) = match keyword {
                "set" => self.set(rest, behind),
                "service" => self.service(rest, behind),
                _ => self.statement(keyword, written, rest, behind),
            };
            if let Some(statement) = statement {
                let span = self.grammar.span(rest, end);
                statements.push(Spanned::new(statement, span));
            }
            rest = trivia(end);
        }
        self.version(start, &versions, &statements);
        statements
    }

    /// A statement of one line.
    fn statement(
        &mut self,
        keyword: &str,
        written: &str,
        start: &'s str,
        behind: &'s str,
    ) -> (&'s str, Option<Statement<'s>>) {
        let input = if STATEMENTS.contains(&keyword) { behind } else { start };
        if keyword != written {
            self.report(Fault { rest: start, reason: Reason::Statement });
        }
        match self.grammar.statement(keyword, input) {
            Ok((end, statement)) => (end, Some(statement)),
            Err(error) => {
                let fault = Fault::of(error);
                if keyword == written {
                    self.report(fault);
                }
                (self.resume(fault, start, TOP_LEVEL_ONLY, Around::File), None)
            }
        }
    }

    fn set(&mut self, start: &'s str, behind: &'s str) -> (&'s str, Option<Statement<'s>>) {
        let mut set = Set { name: no_word(), doc: None, body: Vec::new() };
        let header = self.grammar.set(behind, &mut set).map(|(rest, ())| rest);
        let block = |open| Block { header: start, open, kind: "set", keywords: &["use"] };
        let end = match self.header(header, start, STATEMENTS) {
            Ok((open, rest)) => {
                let (end, body) = self.lines(&block(open), Grammar::set_line, rest);
                set.body = body;
                end
            }
            Err(end) => end,
        };
        let set = (!set.name.node.is_empty()).then_some(Statement::Set(set));
        (end, set)
    }

    fn service(&mut self, start: &'s str, behind: &'s str) -> (&'s str, Option<Statement<'s>>) {
        let (from, only, body) = Default::default();
        let mut service = Service { name: no_word(), from, only, observe: None, body };
        let header = self.grammar.service(behind, &mut service).map(|(rest, ())| rest);
        let block = |open| Block { header: start, open, kind: "service", keywords: SERVICE_LINES };
        let end = match self.header(header, start, TOP_LEVEL_ONLY) {
            Ok((open, rest)) => {
                let (end, body) = self.lines(&block(open), Grammar::service_line, rest);
                service.body = body;
                end
            }
            Err(end) => end,
        };
        let service = (!service.name.node.is_empty()).then_some(Statement::Service(service));
        (end, service)
    }

    /// Where the lines of a block start, after a header that may have failed; or where to go on if
    /// it has no lines.
    fn header(
        &mut self,
        header: Result<&'s str, nom::Err<Fault<'s>>>,
        start: &'s str,
        never: &[&str],
    ) -> Result<(Option<Location>, &'s str), &'s str> {
        let written = word(start).map_or("", |(_, keyword)| keyword);
        if !STATEMENTS.contains(&written) {
            self.report(Fault { rest: start, reason: Reason::Statement });
        }
        let fault = match header {
            Ok(rest) => {
                let span = Span::new(self.grammar.offset(rest) - 1, self.grammar.offset(rest));
                return Ok((Some(Location { file: self.file, span }), rest));
            }
            Err(error) => Fault::of(error),
        };
        if STATEMENTS.contains(&written) {
            self.report(fault);
        }
        if let Some(rest) = block_start(start) {
            let span = Span::new(self.grammar.offset(rest) - 1, self.grammar.offset(rest));
            return Ok((Some(Location { file: self.file, span }), rest));
        }
        // No `{`: what follows is the block all the same, unless it starts a statement.
        let next = trivia(start.take_from(line_length(start)));
        match word(next) {
            Ok((_, found)) if never.contains(&found) => Err(next),
            Err(_) if !next.starts_with('}') => Err(next),
            _ => Ok((None, next)),
        }
    }

    /// The loop over the lines of a block, up to its `}`.
    fn lines<T>(
        &mut self,
        block: &Block<'s>,
        line: Line<'s, T>,
        mut rest: &'s str,
    ) -> (&'s str, Vec<Spanned<T>>) {
        let mut lines = Vec::new();
        loop {
            let start = trivia(rest);
            if let Some(end) = start.strip_prefix('}') {
                return (self.end_of_block(start, end), lines);
            }
            if self.is_too_long(start) {
                return ("", lines);
            }
            if start.is_empty() || self.ends_unclosed(block, start) {
                self.unclosed(block, start);
                return (start, lines);
            }
            match line(self.grammar, None, start) {
                Ok((end, read)) => {
                    lines.push(Spanned::new(read, self.grammar.span(start, end)));
                    rest = end;
                }
                Err(error) => {
                    let fault = Fault::of(error);
                    self.report(fault);
                    rest = match self.meant(fault, block, line, start) {
                        Some((end, read)) => {
                            lines.push(Spanned::new(read, self.grammar.span(start, end)));
                            end
                        }
                        None => self.resume(fault, start, block.keywords, Around::Block),
                    };
                }
            }
        }
    }

    /// Reads a line again with the keyword that was meant.
    fn meant<T>(
        &self,
        fault: Fault<'s>,
        block: &Block<'s>,
        line: Line<'s, T>,
        start: &'s str,
    ) -> Option<(&'s str, T)> {
        if !matches!(fault.reason, Reason::ServiceLine) || self.is_full() {
            return None;
        }
        let (_, written) = word(start).ok()?;
        let meant = did_you_mean(written, block.keywords.iter().copied())?;
        line(self.grammar, Some(meant), start).ok()
    }

    /// Whether the line starts a statement, so that the block before it must have ended.
    fn ends_unclosed(&self, block: &Block<'s>, start: &'s str) -> bool {
        let Ok((behind, found)) = word(start) else { return false };
        match found {
            "service" => true,
            // In a set these could be names.
            "set" => block.kind == "service" || !at_end(behind),
            _ if at_end(behind) || !TOP_LEVEL_ONLY.contains(&found) => false,
            // Indented, it is rather a statement in a wrong place than a block without an end.
            _ => {
                self.text.as_bytes().get((self.grammar.offset(start) as usize).wrapping_sub(1))
                    == Some(&b'\n')
            }
        }
    }

    fn unclosed(&mut self, block: &Block<'s>, rest: &'s str) {
        let Some(open) = block.open.filter(|_| !(self.ends_open && rest.is_empty())) else {
            return;
        };
        self.owed += 1;
        let header = word(block.header).map_or(block.header, |(name, _)| name);
        let block = match word(blanks(header)) {
            Ok(_) => format!("{} {}", block.kind, Found::at(header).name()),
            Err(_) => block.kind.to_owned(),
        };
        let found = Found::at(rest);
        let message = match rest.is_empty() {
            true => format!("the {block} is not closed"),
            false => format!("the {block} is not closed before {}", found.name()),
        };
        let error = Diagnostic::error(codes::UNCLOSED_BLOCK, message);
        let found = if rest.is_empty() {
            let end = self.text.trim_end().len() as u32;
            let end = Location { file: self.file, span: Span::new(end, end) };
            error.at(open, "opened here").at(end, "expected `}` by here").fix(
                Unsafe,
                "write the `}`",
                end,
                "\n}",
            )
        } else {
            error
                .at(self.at(rest, found.text().len() as u32), "expected `}` before this")
                .at(open, "opened here")
                .fix(Unsafe, "write the `}`", self.at(rest, 0), "}\n\n")
        };
        self.push(|| found.help("close it with `}`"));
    }

    /// Behind a block nothing else stands on the line.
    fn end_of_block(&mut self, start: &'s str, end: &'s str) -> &'s str {
        if at_end(end) {
            return end;
        }
        let next = blanks(end);
        let at = behind(self.at(start, 1));
        let fault = Fault::expected(Expected::End, next);
        let (file, text) = (self.file, self.text);
        self.push(|| fault.diagnostic(file, text).fix(Safe, "start a new line", at, "\n"));
        match word(next) {
            Ok((_, found)) if STATEMENTS.contains(&found) => end,
            _ => self.skip(next, TOP_LEVEL_ONLY, Around::File),
        }
    }

    fn stray_brace(&mut self, rest: &'s str) {
        if self.owed > 0 {
            self.owed -= 1;
            return;
        }
        let at = self.at(rest, 1);
        self.push(|| {
            Diagnostic::error(codes::UNCLOSED_BLOCK, "`}` closes nothing")
                .at(at, "")
                .help("remove it, or write the header of its block")
        });
    }

    /// The first statement, and no other, is `fwc 1`.
    fn version(
        &mut self,
        start: &'s str,
        versions: &[Span],
        statements: &[Spanned<Statement<'s>>],
    ) {
        let at = |span| Location { file: self.file, span };
        let first = self.grammar.offset(start);
        let mut found = Vec::new();
        for statement in statements {
            let Statement::Version(version) = statement.node else { continue };
            if version.node != VERSION {
                let message = format!(
                    "this build reads version {VERSION} of the language, not `{}`",
                    version.node
                );
                found.push(
                    Diagnostic::error(codes::LANGUAGE_VERSION, message)
                        .at(at(version.span), "")
                        .help(format!("write `fwc {VERSION}`, or use a build that reads it")),
                );
            }
        }
        let error = |message| Diagnostic::error(codes::LANGUAGE_VERSION, message);
        match versions {
            [] => {
                let here = at(Span::new(first, first));
                found.push(
                    error("the version of the language is missing")
                        .at(here, "")
                        .help(format!("the first statement of a file is `fwc {VERSION}`"))
                        .fix(Safe, "write it", here, format!("fwc {VERSION}\n")),
                );
            }
            [head, more @ ..] => {
                let misplaced = if head.start == first { more.first() } else { Some(head) };
                found.extend(misplaced.map(|span| {
                    let message = match head.start == first {
                        true => "the version of the language is written twice",
                        false => "the version of the language is not the first statement",
                    };
                    let help = format!("write `fwc {VERSION}` once, as the first statement");
                    error(message).at(at(*span), "").help(help)
                }));
            }
        }
        for finding in found {
            self.push(|| finding);
        }
    }

    /// Counts one more entry; past the limit reading stops.
    fn is_too_long(&mut self, rest: &str) -> bool {
        self.entries += 1;
        if self.entries <= MAX_ENTRIES {
            return false;
        }
        if self.entries == MAX_ENTRIES + 1 {
            let message = format!("the file has more than {MAX_ENTRIES} entries");
            let found = Diagnostic::error(codes::FILE_TOO_LARGE, message)
                .at(self.at(rest, 0), "not read from here on")
                .help("divide it, and `include` the parts");
            // Said even if nothing else is any more.
            self.diagnostics.push(found);
        }
        true
    }

    /// The keyword that was written, or the one that was meant.
    fn keyword<'k>(&self, written: &'k str, known: &[&'static str]) -> &'k str {
        let misplaced = |word: &str| CLAUSES.contains(&word) || matches!(word, "allow" | "use");
        if known.contains(&written) || misplaced(written) || self.is_full() {
            return written;
        }
        did_you_mean(written, known.iter().copied()).unwrap_or(written)
    }

    /// Where to go on after a fault in the line that starts there.
    fn resume(
        &mut self,
        fault: Fault<'s>,
        start: &'s str,
        keywords: &[&str],
        around: Around,
    ) -> &'s str {
        if !matches!(fault.reason, Reason::UnclosedList(_)) {
            return self.skip(start, keywords, around);
        }
        match word(fault.rest) {
            Ok((_, found)) if !CLAUSES.contains(&found) => fault.rest,
            _ => self.skip(fault.rest, keywords, around),
        }
    }

    /// As [`skip`].
    fn skip(&mut self, input: &'s str, keywords: &[&str], around: Around) -> &'s str {
        let (rest, depth) = skip(input, keywords, around);
        self.ends_open |= rest.is_empty() && depth > 0;
        rest
    }

    fn at(&self, rest: &str, length: u32) -> Location {
        let start = self.grammar.offset(rest);
        Location { file: self.file, span: Span::new(start, start + length) }
    }

    fn is_full(&self) -> bool {
        self.diagnostics.len() >= FINDINGS
    }

    fn report(&mut self, fault: Fault<'s>) {
        self.ends_open |= fault.rest.is_empty() && matches!(fault.reason, Reason::UnclosedList(_));
        let (file, text) = (self.file, self.text);
        self.push(|| fault.diagnostic(file, text));
    }

    fn push(&mut self, diagnostic: impl FnOnce() -> Diagnostic) {
        if self.is_full() {
            self.unshown += 1;
        } else {
            self.diagnostics.push(diagnostic());
        }
    }
}

/// What is around a line that is skipped.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Around {
    File,
    Block,
}

/// Behind the line that starts here and behind whatever it opens; but before a `}` of the block
/// around it, and never past a later line that starts with a keyword. Gives the depth of what is
/// still open there, too.
fn skip<'s>(input: &'s str, keywords: &[&str], around: Around) -> (&'s str, usize) {
    let mut rest = input;
    let mut depth = 0_usize;
    loop {
        rest = blanks(rest);
        rest = match rest.as_bytes().first() {
            None => return (rest, depth),
            Some(b'\n') if depth == 0 => return (rest, depth),
            Some(b'\n') => {
                let next = trivia(rest);
                match word(next) {
                    Ok((_, found)) if is_keyword(found, keywords) => return (next, depth),
                    _ => next,
                }
            }
            Some(b'#') => rest.take_from(line_length(rest)),
            Some(b'"') => rest.take_from(quoted_length(rest)),
            Some(b'{') => {
                depth += 1;
                rest.take_from(1)
            }
            Some(b'}') if depth == 0 && around == Around::Block => return (rest, depth),
            Some(b'}') => {
                depth = depth.saturating_sub(1);
                rest.take_from(1)
            }
            Some(_) => past_word(rest),
        };
    }
}

/// Behind a word, and behind what was meant as a variable in it: its brace opens nothing.
fn past_word(input: &str) -> &str {
    let (rest, found) = word(input).unwrap_or_default();
    match found.ends_with('$') && rest.starts_with('{') {
        true => rest.take_from(broken_variable(rest)),
        false => rest,
    }
}

fn is_keyword(word: &str, keywords: &[&str]) -> bool {
    keywords.contains(&word) || TOP_LEVEL_ONLY.contains(&word)
}

/// Behind the `{` of a header that starts here: on its line, or alone at the start of the next one.
fn block_start(header: &str) -> Option<&str> {
    let mut rest = header;
    loop {
        rest = blanks(rest);
        rest = match rest.as_bytes().first()? {
            b'{' => return rest.strip_prefix('{'),
            b'}' => return None,
            b'\n' | b'#' => return trivia(rest).strip_prefix('{'),
            b'"' => rest.take_from(quoted_length(rest)),
            _ => past_word(rest),
        };
    }
}

fn no_word() -> Word<'static> {
    Spanned::new("", Span::default())
}
