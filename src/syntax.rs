//! Text of the language to a syntax tree, and a syntax tree to canonical text.
//!
//! [`parse`] never fails: it gives the tree of what could be read, and a finding for every mistake.
//! [`format()`] prints a tree that has no findings.

use crate::diagnostic::Applicability::{Safe, Unsafe};
use crate::diagnostic::{Diagnostic, codes, tidy};
use crate::source::{FileId, Location, Span};

pub mod ast;
mod fault;
mod format;
mod grammar;
mod recover;
mod tokens;
mod words;

pub use format::format;
pub use grammar::{CLAUSES, SERVICE_LINES, STATEMENTS, TOP_LEVEL_ONLY};
pub use tokens::{Token, tokens};

/// Bytes of the largest file that is read: far beyond any policy that people review, and small
/// enough for an offset to be a `u32`.
pub const MAX_FILE_SIZE: usize = 16 * 1024 * 1024;

/// What [`parse`] gives.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Parsed<'s> {
    /// What could be read. Parts with a mistake are absent, or as whole as they could be read.
    pub file: ast::File<'s>,
    /// The mistakes in the order of their places, a bounded number of them. Each is an error: a
    /// file without any can be formatted.
    pub diagnostics: Vec<Diagnostic>,
}

/// Reads the text of one file, and goes on after every mistake.
///
/// The time is linear in the length of the text, whatever it holds.
///
/// ```
/// use fwc::source::FileId;
///
/// let parsed = fwc::syntax::parse(FileId(0), "fwc 1\ndeny **.ngrok.io\n");
/// assert_eq!(parsed.file.statements.len(), 2);
/// assert!(parsed.diagnostics.is_empty());
/// ```
pub fn parse<'s>(file: FileId, text: &'s str) -> Parsed<'s> {
    let location = |start: usize, length: usize| {
        let span = Span::new(start as u32, (start + length) as u32);
        Location { file, span }
    };
    let refused = |found| Parsed { file: ast::File::default(), diagnostics: vec![found] };
    if text.len() > MAX_FILE_SIZE {
        let message =
            format!("the file has {} bytes, the most that is read is {MAX_FILE_SIZE}", text.len());
        let found = Diagnostic::error(codes::FILE_TOO_LARGE, message)
            .at(location(0, 0), "")
            .help("divide it, and `include` the parts");
        return refused(found);
    }

    let scan = words::scan(text);
    let hidden = scan.stray.map(|(at, character)| {
        let at = location(at, character.len_utf8());
        hidden_character(character, scan.strays, at)
    });
    if scan.binary {
        return refused(hidden.unwrap_or_else(|| hidden_character('\0', 1, location(0, 0))));
    }

    let mut reader = recover::Reader::new(file, text);
    let statements = reader.statements();
    let mut diagnostics = reader.diagnostics;
    if let Some(hidden) = hidden {
        // What the character has spoiled is not told a second time.
        let spoiled = |span: Span| hidden.location().is_some_and(|at| span.to(at.span) == span);
        diagnostics.retain(|found| !found.location().is_some_and(|at| spoiled(at.span)));
        diagnostics.push(hidden);
    }
    tidy(&mut diagnostics);
    if reader.unshown > 0
        && let Some(last) = diagnostics.pop()
    {
        diagnostics.push(last.note(format!("{} more in this file are not shown", reader.unshown)));
    }
    Parsed { file: ast::File { statements, comments: scan.comments }, diagnostics }
}

fn hidden_character(character: char, count: usize, at: Location) -> Diagnostic {
    let number = format!("U+{:04X}", u32::from(character));
    let message = match character {
        '\0' => "the file is no text: it has a NUL character".to_owned(),
        _ if character.is_whitespace() && !character.is_control() => {
            format!("{number} looks like a blank and is none")
        }
        _ => format!("{number} cannot be seen in a review"),
    };
    let found = Diagnostic::error(codes::HIDDEN_CHARACTER, message).at(at, "");
    let found = match character {
        '\0' => return found.help("give the path of a policy"),
        _ if character.is_whitespace() && !character.is_control() => {
            found.help("write a plain blank").fix(Safe, "write a plain blank", at, " ")
        }
        _ => found.help("remove it").fix(Unsafe, "remove it", at, ""),
    };
    match count {
        1 => found,
        _ => found.note(format!("the file has {count} such characters")),
    }
}

/// Whether a word is a ticket: `[A-Z][A-Z0-9]+-[0-9]+`.
pub(crate) fn is_ticket(word: &str) -> bool {
    word.split_once('-').is_some_and(|(project, number)| {
        project.starts_with(|letter: char| letter.is_ascii_uppercase())
            && project.len() > 1
            && project.bytes().all(|byte| byte.is_ascii_uppercase() || byte.is_ascii_digit())
            && !number.is_empty()
            && number.bytes().all(|byte| byte.is_ascii_digit())
    })
}

#[cfg(test)]
mod tests;
