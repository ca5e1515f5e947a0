//! A text as the pieces it is made of, whatever they mean: for whoever has to know where a half-written
//! line stands.

use nom::Input;

use super::words::{blanks, broken_variable, line_length, quoted, quoted_length, word};
use crate::source::{Span, Spanned};

/// A piece of a text.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Token<'s> {
    /// A word.
    Word(&'s str),
    /// A quoted text with its quotes; without the closing one if there is none on its line.
    Text {
        /// Whether it has its closing quote.
        closed: bool,
    },
    /// A comment.
    Comment,
    /// `{`
    Open,
    /// `}`
    Close,
    /// The end of a line that another follows.
    LineEnd,
}

/// The pieces of a text, in order. The time is linear in the length of the text.
///
/// ```
/// use fwc::syntax::{Token, tokens};
///
/// let pieces: Vec<_> = tokens("use base # all\n").map(|token| token.node).collect();
/// assert_eq!(pieces[1..], [Token::Word("base"), Token::Comment, Token::LineEnd]);
/// ```
pub fn tokens(text: &str) -> impl Iterator<Item = Spanned<Token<'_>>> {
    let mut rest = text.strip_prefix('\u{FEFF}').unwrap_or(text);
    std::iter::from_fn(move || {
        rest = blanks(rest);
        let (token, length) = next(rest)?;
        let start = (text.len() - rest.len()) as u32;
        rest = rest.take_from(length);
        Some(Spanned::new(token, Span::new(start, start + length as u32)))
    })
}

fn next(rest: &str) -> Option<(Token<'_>, usize)> {
    Some(match *rest.as_bytes().first()? {
        b'\n' => (Token::LineEnd, 1),
        b'{' => (Token::Open, 1),
        b'}' => (Token::Close, 1),
        b'#' => (Token::Comment, line_length(rest)),
        b'"' => (Token::Text { closed: quoted(rest).is_ok() }, quoted_length(rest)),
        _ => {
            let mut length = piece(rest);
            // A variable that is not whole belongs to its word: its brace opens nothing.
            while rest.take(length).ends_with('$') && rest.take_from(length).starts_with('{') {
                length += broken_variable(rest.take_from(length));
                length += piece(rest.take_from(length));
            }
            (Token::Word(rest.take(length)), length)
        }
    })
}

fn piece(rest: &str) -> usize {
    word(rest).map_or(0, |(_, word)| word.len())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(text: &str, expected: &str) {
        let shown: Vec<_> = tokens(text)
            .map(|token| match token.node {
                Token::Word(word) => word.to_owned(),
                Token::Text { closed } => if closed { "text" } else { "open" }.to_owned(),
                Token::Comment => "#".to_owned(),
                Token::Open => "{".to_owned(),
                Token::Close => "}".to_owned(),
                Token::LineEnd => "|".to_owned(),
            })
            .collect();
        assert_eq!(shown.join(" "), expected);
    }

    #[test]
    fn a_text_falls_into_its_pieces() {
        check("\u{FEFF}set a {\r\n b.${c}.d # e\n}\n", "set a { | b.${c}.d # | } |");
        check("because \"a \\\" # b\" c", "because text c");
        check("include \"a\nb", "include open | b");
        check("a.${b c {", "a.${b c {");
        check("a.${b\nuse ${", "a.${b | use ${");
        check("", "");
    }

    #[test]
    fn pieces_have_their_places() {
        let text = "use a ${b \"c\"";
        let shown: Vec<_> =
            tokens(text).map(|token| text.get(token.span.range()).unwrap()).collect();
        assert_eq!(shown, ["use", "a", "${b", "\"c\""]);
    }
}
