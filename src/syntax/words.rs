//! What the text is made of: blanks, comments, words and quoted texts.
//!
//! Inside a line only these shapes exist, so a `#` outside quotes always starts a comment and a
//! `"` outside comments always starts a text. [`scan`] and the grammar both rest on that.

use nom::{Err, IResult, Input};

use super::ast::Word;
use super::fault::{Expected, Fault, Reason};
use crate::source::{Span, Spanned};

/// What a production gives: the rest of the text and what was read, or a fault.
pub(super) type Read<'s, T> = IResult<&'s str, T, Fault<'s>>;

/// The input behind its spaces and tabs, and behind the carriage return of a CRLF.
pub(super) fn blanks(input: &str) -> &str {
    input.trim_start_matches([' ', '\t', '\r'])
}

/// The input behind all that separates two lines: blanks, empty lines and comments.
pub(super) fn trivia(mut input: &str) -> &str {
    loop {
        input = input.trim_start_matches([' ', '\t', '\r', '\n']);
        if !input.starts_with('#') {
            return input;
        }
        input = input.take_from(line_length(input));
    }
}

/// Bytes up to the end of the line, the line feed not counted.
pub(super) fn line_length(input: &str) -> usize {
    input.find('\n').unwrap_or(input.len())
}

/// Whether nothing more stands on this line for a statement or an entry to read.
pub(super) fn at_end(input: &str) -> bool {
    matches!(blanks(input).as_bytes().first(), None | Some(b'\n' | b'#' | b'}'))
}

/// A word: a run of bytes other than whitespace, `#`, `"`, `{` and `}`, variables included.
pub(super) fn word(input: &str) -> Read<'_, &str> {
    match word_length(input) {
        0 => Err(Err::Error(Fault::expected(Expected::Word, input))),
        length => Ok(input.take_split(length)),
    }
}

fn word_length(input: &str) -> usize {
    let bytes = input.as_bytes();
    let mut at = 0;
    while let Some(byte) = bytes.get(at) {
        at += match byte {
            b' ' | b'\t' | b'\r' | b'\n' | b'#' | b'"' | b'}' | b'{' => return at,
            b'$' => variable_length(bytes.get(at..).unwrap_or_default()).unwrap_or(1),
            _ => 1,
        };
    }
    at
}

/// Bytes of `${name}` at the start of the input. Whether the name is a good one is not asked here.
fn variable_length(bytes: &[u8]) -> Option<usize> {
    let name = bytes.strip_prefix(b"${")?;
    let is_name = |byte: &u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_' | b'.');
    let length = name.iter().position(|byte| !is_name(byte))?;
    (name.get(length) == Some(&b'}')).then_some(length + 3)
}

/// Bytes of what was meant as a variable but is none, from its `{` on: up to its `}`, if that is near.
pub(super) fn broken_variable(brace: &str) -> usize {
    // Bounded, because a line may hold a million of them and not one `}`.
    let near = brace.bytes().take(64).take_while(|byte| *byte != b'\n');
    near.enumerate().find(|(_, byte)| *byte == b'}').map_or(1, |(at, _)| at + 1)
}

/// A quoted text: gives what stands between the quotes, escapes not undone.
pub(super) fn quoted(input: &str) -> Read<'_, &str> {
    let Some(inside) = input.strip_prefix('"') else {
        return Err(Err::Error(Fault::expected(Expected::Text, input)));
    };
    let mut bytes = inside.bytes().enumerate();
    while let Some((at, byte)) = bytes.next() {
        match byte {
            b'"' => {
                let (rest, text) = inside.take_split(at);
                return Ok((rest.take_from(1), text));
            }
            b'\\' => match bytes.next() {
                Some((_, b'"' | b'\\')) => {}
                Some((_, b'\r' | b'\n')) | None => break,
                Some(_) => return Err(Fault::failure(Reason::Escape, inside.take_from(at))),
            },
            b'\n' => break,
            _ => {}
        }
    }
    Err(Fault::failure(Reason::UnclosedText, input))
}

/// Bytes of the text that starts at a `"`: up to its closing quote, else up to the end of the line.
pub(super) fn quoted_length(input: &str) -> usize {
    let mut bytes = input.bytes().enumerate().skip(1);
    while let Some((at, byte)) = bytes.next() {
        match byte {
            b'"' => return at + 1,
            b'\n' => return at,
            b'\\' if input.as_bytes().get(at + 1) != Some(&b'\n') => drop(bytes.next()),
            _ => {}
        }
    }
    input.len()
}

/// What one look over the whole text finds.
#[derive(Debug, Default)]
pub(super) struct Scan<'s> {
    /// Every comment, trailing blanks cut off.
    pub(super) comments: Vec<Word<'s>>,
    /// The first character that may not stand where it stands.
    pub(super) stray: Option<(usize, char)>,
    /// How many such characters there are.
    pub(super) strays: usize,
    /// Whether there is a NUL: no text has one.
    pub(super) binary: bool,
}

/// Collects the comments, and finds the characters that nobody sees in a review.
pub(super) fn scan(text: &str) -> Scan<'_> {
    let mut scan = Scan::default();
    let mut at = 0;
    while let Some(byte) = text.as_bytes().get(at) {
        at += match byte {
            b'#' => {
                let rest = text.take_from(at);
                let length = line_length(rest);
                let comment = rest.take(length).trim_end();
                let span = Span::new(at as u32, (at + comment.len()) as u32);
                scan.comments.push(Spanned::new(comment, span));
                scan.hidden(at, rest.take(length));
                length
            }
            b'"' => {
                let rest = text.take_from(at);
                let length = quoted_length(rest);
                scan.hidden(at, rest.take(length));
                length
            }
            b'\t' | b'\n' | b' '..=b'~' => 1,
            _ => {
                let Some(character) = text.get(at..).and_then(|rest| rest.chars().next()) else {
                    break;
                };
                if is_hidden(text, at, character) || is_spurious(at, character) {
                    scan.stray(at, character);
                }
                character.len_utf8()
            }
        };
    }
    scan
}

impl Scan<'_> {
    /// Looks over a comment or a quoted text, where every character that can be seen may stand.
    fn hidden(&mut self, start: usize, part: &str) {
        let plain = |byte: u8| matches!(byte, b'\t' | b' '..=b'~');
        if part.bytes().all(plain) {
            return;
        }
        // The last carriage return of a comment is half of the CRLF behind it.
        let part = part.strip_suffix('\r').unwrap_or(part);
        for (at, character) in part.char_indices() {
            if is_hidden(part, at, character) {
                self.stray(start + at, character);
            }
        }
    }

    fn stray(&mut self, at: usize, character: char) {
        self.stray.get_or_insert((at, character));
        self.strays += 1;
        self.binary |= character == '\0';
    }
}

/// What would belong to a word and looks like a blank, or like nothing at all. Joiners are not
/// among them: they are part of some names.
fn is_spurious(at: usize, character: char) -> bool {
    match character {
        '\r' => false,
        // A byte order mark says nothing in UTF-8, but editors write it.
        '\u{FEFF}' => at > 0,
        '\u{AD}' | '\u{200B}' | '\u{200E}' | '\u{200F}' | '\u{2060}' => true,
        _ => character.is_whitespace(),
    }
}

/// Control characters, a carriage return without its line feed, and the characters that change the
/// order in which text is shown (<https://trojansource.codes>).
fn is_hidden(text: &str, at: usize, character: char) -> bool {
    match character {
        '\t' | '\n' => false,
        '\r' => text.as_bytes().get(at + 1) != Some(&b'\n'),
        '\u{202A}'..='\u{202E}' | '\u{2066}'..='\u{2069}' => true,
        _ => character.is_control(),
    }
}
