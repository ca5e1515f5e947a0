//! What can be wrong with a text, and the words in which it is said.

use nom::Err;
use nom::error::{ErrorKind, ParseError};
use nom::{Input, Parser};

use super::grammar::{CLAUSES, SERVICE_LINES, STATEMENTS, TOP_LEVEL_ONLY};
use super::words::{Read, blanks, broken_variable, line_length, quoted_length, trivia, word};
use crate::diagnostic::Applicability::{Safe, Unsafe};
use crate::diagnostic::{Diagnostic, codes, did_you_mean};
use crate::source::{FileId, Location, Span};

/// A mistake: where reading stopped, as the rest of the text, and why.
#[derive(Debug, Clone, Copy)]
pub(super) struct Fault<'s> {
    /// Starts at the word that is wrong, or right behind the last one if something is missing.
    pub(super) rest: &'s str,
    /// What is wrong.
    pub(super) reason: Reason,
}

/// What is wrong.
#[derive(Debug, Clone, Copy)]
pub(super) enum Reason {
    /// Something else should stand here.
    Expected(Expected),
    /// No keyword of the top level.
    Statement,
    /// No keyword of a line of a service.
    ServiceLine,
    /// A keyword that a set does not have.
    NotInSet,
    /// A keyword of a line between the destinations.
    Keyword,
    /// A clause with a slip of the pen between the destinations.
    Clause,
    /// A clause at the start of a line.
    ClauseOnItsOwn,
    /// A second clause of a kind; the value of the first one.
    Repeated(Span),
    /// A comma in a list of words.
    Comma,
    /// A blank behind a comma of `port`.
    SpaceInPorts,
    /// An arrow without blanks around it.
    TightArrow,
    /// A text without its closing quote.
    UnclosedText,
    /// A backslash before something else than a quote or a backslash.
    Escape,
    /// A list of destinations without its `}`; where its `{` stands.
    UnclosedList(u32),
}

/// What should stand somewhere.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Expected {
    Word,
    Text,
    Version,
    Glob,
    Owner,
    NewSet,
    NewService,
    Service,
    From,
    Network,
    Role,
    ObserveUntil,
    Open,
    Set,
    Destination,
    ListedDestination,
    Ports,
    Cidr,
    Reason,
    Date,
    LintAllow,
    Lint,
    Because,
    Assertion,
    Reach,
    NeverOrReaches,
    Pattern,
    Equal,
    Policy,
    Who,
    Arrow,
    Target,
    Verdict,
    ClauseOrEnd,
    End,
}

impl Expected {
    /// Completes "expected …".
    fn phrase(self) -> &'static str {
        match self {
            Self::Word => "a word",
            Self::Text => "a quoted text",
            Self::Version => "the version of the language",
            Self::Glob | Self::Policy => "a path in double quotes",
            Self::Owner => "an owner",
            Self::NewSet => "a name for the set",
            Self::NewService => "a name for the service",
            Self::Service => "the name of a service",
            Self::From => "`from`",
            Self::Network => "a network",
            Self::Role => "a region role",
            Self::ObserveUntil => "`until`",
            Self::Open => "`{`",
            Self::Set => "the name of a set",
            Self::Destination => "a destination",
            Self::ListedDestination => "a destination or `}`",
            Self::Ports => "a port or a protocol",
            Self::Cidr => "an address or a CIDR",
            Self::Reason => "a reason in double quotes",
            Self::Date => "a date",
            Self::LintAllow => "`allow`",
            Self::Lint => "the code or name of a lint",
            Self::Because => "`because` and a reason",
            Self::Assertion => "an assertion",
            Self::Reach => "`reaches`",
            Self::NeverOrReaches => "`reaches` or `never reaches`",
            Self::Pattern => "a destination that is reached",
            Self::Equal => "`equal`",
            Self::Who => "a service or `any`",
            Self::Arrow => "`->`",
            Self::Target => "a host and a port",
            Self::Verdict => "`allow`, `deny` or `observe`",
            Self::ClauseOrEnd => "a clause or the end of the line",
            Self::End => "the end of the line",
        }
    }

    /// What to write.
    fn help(self) -> Option<&'static str> {
        Some(match self {
            Self::Version => "write `fwc 1`",
            Self::Glob => "write `include \"vendors/*.fw\"`",
            Self::Owner => "write `owner @team`",
            Self::NewSet => "write `set NAME {`",
            Self::NewService => "write `service NAME from NETWORK {`",
            Self::From | Self::Network => {
                "a service names the networks it runs in: `service checkout from web {`"
            }
            Self::Role => "name a role of the project file: `only primary`",
            Self::ObserveUntil | Self::Date => {
                "write `until` and a day, such as `until 2027-05-31`"
            }
            Self::Open => "the `{` of a block ends the line of its header",
            Self::Set => "name one set: `use aws-fargate`",
            Self::Ports => "write `port 8443`, `port 5432/tcp` or `port /http`",
            Self::Cidr => "write `to 203.0.113.16/28`",
            Self::Reason => "write `because \"text\"` or `because PAY-812 \"text\"`",
            Self::LintAllow | Self::Lint | Self::Because => {
                "write `lint allow FW021 because \"text\"`"
            }
            Self::Assertion | Self::NeverOrReaches => {
                "write `A reaches …`, `A never reaches …`, `only A reaches …`, `regions equal` or \
                 `within \"file.fw\"`"
            }
            Self::Reach | Self::Pattern => "write `reaches` and what is reached",
            Self::Equal => "write `assert regions equal`",
            Self::Policy => "write `assert within \"central.fw\"`",
            Self::Who | Self::Arrow | Self::Target | Self::Verdict => {
                "write `checkout -> api.stripe.com:443 allow`"
            }
            Self::Destination | Self::ListedDestination => {
                "a destination is a name, a pattern such as `*.example.com`, or an address"
            }
            Self::ClauseOrEnd => "the clauses are `except`, `port`, `to`, `because` and `until`",
            Self::Word | Self::Text | Self::Service | Self::End => return None,
        })
    }

    /// Whether a single word is expected that somebody may have put in quotes.
    fn is_word(self) -> bool {
        match self {
            Self::Owner
            | Self::NewSet
            | Self::NewService
            | Self::Service
            | Self::Network
            | Self::Role
            | Self::Set
            | Self::Destination
            | Self::ListedDestination
            | Self::Ports
            | Self::Cidr
            | Self::Date
            | Self::Lint
            | Self::Pattern
            | Self::Who
            | Self::Target => true,
            Self::Word
            | Self::Text
            | Self::Version
            | Self::Glob
            | Self::From
            | Self::ObserveUntil
            | Self::Open
            | Self::Reason
            | Self::LintAllow
            | Self::Because
            | Self::Assertion
            | Self::Reach
            | Self::NeverOrReaches
            | Self::Equal
            | Self::Policy
            | Self::Arrow
            | Self::Verdict
            | Self::ClauseOrEnd
            | Self::End => false,
        }
    }
}

/// Names what `parser` should have found, unless it went far enough to know better.
pub(super) fn expect<'s, T>(
    expected: Expected,
    mut parser: impl Parser<&'s str, Output = T, Error = Fault<'s>>,
) -> impl FnMut(&'s str) -> Read<'s, T> {
    move |input| match parser.parse(input) {
        Err(Err::Error(_)) => Err(Err::Error(Fault::expected(expected, input))),
        outcome => outcome,
    }
}

impl<'s> ParseError<&'s str> for Fault<'s> {
    fn from_error_kind(rest: &'s str, _: ErrorKind) -> Self {
        Self::expected(Expected::Word, rest)
    }

    fn append(_: &'s str, _: ErrorKind, other: Self) -> Self {
        other
    }
}

impl<'s> Fault<'s> {
    /// Something else was expected.
    pub(super) fn expected(expected: Expected, rest: &'s str) -> Self {
        Self { rest, reason: Reason::Expected(expected) }
    }

    /// A fault that no other way of reading can mend.
    pub(super) fn failure(reason: Reason, rest: &'s str) -> Err<Self> {
        Err::Failure(Self { rest, reason })
    }

    /// The fault of a production.
    pub(super) fn of(error: Err<Self>) -> Self {
        match error {
            Err::Error(fault) | Err::Failure(fault) => fault,
            // Only streaming parsers give this one, and there are none.
            Err::Incomplete(_) => Self::expected(Expected::Word, ""),
        }
    }

    /// The finding, for a fault in this text.
    pub(super) fn diagnostic(self, file: FileId, text: &'s str) -> Diagnostic {
        let found = Found::at(self.rest);
        let offset = text.len() - found.rest.len();
        let location = |start: usize, length: usize| {
            let span = Span::new(start as u32, (start + length) as u32);
            Location { file, span }
        };
        let at = location(offset, found.length);
        let name = found.name();
        let syntax = |message: String| Diagnostic::error(codes::SYNTAX, message).at(at, "");
        match self.reason {
            // `${` that no `}` follows ends the word before it.
            Reason::Expected(_) if name == "`{`" && text.take(offset).ends_with('$') => {
                let variable = text.take_from(offset - 1).take(broken_variable(found.rest) + 1);
                let message = format!("`{}` is no variable", shorten(variable));
                Diagnostic::error(codes::SYNTAX, message)
                    .at(location(offset - 1, variable.len()), "")
                    .help("a variable is written `${name}`, without blanks")
            }
            Reason::Expected(expected) => expected_instead(expected, found, at),
            Reason::Statement => unknown_statement(found, at),
            Reason::ServiceLine => unknown_line(found, at),
            Reason::NotInSet => {
                let found = found.text();
                let error = Diagnostic::error(
                    codes::MISPLACED,
                    format!("`{found}` does not stand in a set"),
                )
                .at(at, "");
                match found {
                    "allow" => error
                        .help("a set lists destinations, the service that uses it allows them")
                        .fix(Safe, "remove `allow`", location(offset, gap(found, self.rest)), ""),
                    _ => error.help("a line of a set is a destination or `use SET`"),
                }
            }
            Reason::Keyword => {
                Diagnostic::error(codes::MISPLACED, format!("{name} is no destination"))
                    .at(at, "")
                    .help(format!("start a line with {name}"))
            }
            Reason::Clause => {
                let meant = like_clause(found.text());
                let error = Diagnostic::error(
                    codes::UNKNOWN_KEYWORD,
                    format!("{name} is no destination and no clause"),
                )
                .at(at, "");
                mend(error, meant, at)
            }
            Reason::ClauseOnItsOwn => Diagnostic::error(
                codes::MISPLACED,
                format!("the clause {name} stands on a line of its own"),
            )
            .at(at, "")
            .help("a clause belongs on the line of its entry"),
            Reason::Repeated(first) => {
                Diagnostic::error(codes::REPEATED_CLAUSE, format!("{name} is written twice"))
                    .at(at, "the second one")
                    .at(Location { file, span: first }, "the first one")
                    .help("put everything into one of them")
            }
            Reason::Comma => {
                let spaced = found.text().replace(',', " ");
                syntax("a list has blanks between its words, no commas".to_owned()).fix(
                    Safe,
                    "write it without commas",
                    at,
                    spaced.trim(),
                )
            }
            Reason::SpaceInPorts => syntax("a list of ports has no blanks in it".to_owned())
                .help("write `port 443,8443`"),
            Reason::TightArrow => syntax("`->` has a blank on either side".to_owned()).fix(
                Safe,
                "put blanks around it",
                at,
                found.text().replace("->", " -> ").trim(),
            ),
            Reason::UnclosedText => {
                Diagnostic::error(codes::UNCLOSED_TEXT, "a quoted text is not closed")
                    .at(at, "opened here")
                    .help("close it with `\"` on the same line")
            }
            Reason::Escape => {
                let escape: String = self.rest.chars().take(2).collect();
                Diagnostic::error(
                    codes::SYNTAX,
                    format!("`{escape}` means nothing in a quoted text"),
                )
                .at(location(text.len() - self.rest.len(), escape.len()), "")
                .help("write a backslash as `\\\\` and a quote as `\\\"`")
            }
            Reason::UnclosedList(open) => Diagnostic::error(
                codes::UNCLOSED_BLOCK,
                format!("the list of destinations is not closed before {name}"),
            )
            .at(at, "expected `}` before this")
            .at(location(open as usize, 1), "opened here")
            .help("close it with `}`"),
        }
    }
}

/// Something else should stand here.
fn expected_instead(expected: Expected, found: Found<'_>, at: Location) -> Diagnostic {
    let message = format!("expected {}, found {}", expected.phrase(), found.name());
    let error = Diagnostic::error(codes::SYNTAX, message).at(at, "");
    let unquoted = found.quoted().filter(|text| word(text).is_ok_and(|(rest, _)| rest.is_empty()));
    match (expected, found.text()) {
        (_, _) if expected.is_word() && unquoted.is_some() => error
            .help("only reasons, paths and descriptions are quoted")
            .fix(Safe, "remove the quotes", at, unquoted.unwrap_or_default()),
        (Expected::ClauseOrEnd | Expected::Destination, _) if found.quoted().is_some() => {
            error.help("a reason is one text: `because \"text\"`")
        }
        (Expected::ClauseOrEnd, "{") => error.help("a list in braces comes before the clauses"),
        (Expected::ClauseOrEnd, text) if like_clause(text).is_some() => {
            mend(error, like_clause(text), at)
        }
        (Expected::Open, "") => open_block(error, found, at),
        (Expected::Reason, text) if !text.is_empty() && found.quoted().is_none() => {
            quote_reason(error, found, at)
        }
        (Expected::Arrow, text) if !text.is_empty() => {
            let before = Location { file: at.file, span: Span::new(at.span.start, at.span.start) };
            error.fix(Safe, "write the arrow", before, "-> ")
        }
        (Expected::End, _) => error.help("one statement a line"),
        (Expected::Destination, text) if CLAUSES.contains(&text) => {
            error.help("the destination comes first, then its clauses")
        }
        (expected, _) => match expected.help() {
            Some(help) => error.help(help),
            None => error,
        },
    }
}

/// Offers to quote what stands where a reason does, up to `until` or the end of the line.
fn quote_reason(error: Diagnostic, found: Found<'_>, at: Location) -> Diagnostic {
    let line = found.rest.take(line_length(found.rest));
    let ends = [line.find(" until "), line.find('#'), line.find('"'), line.find('}')];
    let length = ends.into_iter().flatten().min().unwrap_or(line.len());
    let reason = line.take(length).trim_end();
    // Quotes as word processors write them are no quotes here.
    let inside = reason.trim_matches(['“', '”', '„', '\'', '‘', '’']).replace('\\', "\\\\");
    let span = Span::new(at.span.start, at.span.start + reason.len() as u32);
    let quoted = format!("\"{inside}\"");
    error.fix(Unsafe, "quote the reason", Location { file: at.file, span }, quoted)
}

/// Offers the `{` of a block: moved up from the next line, or a new one.
fn open_block(error: Diagnostic, found: Found<'_>, at: Location) -> Diagnostic {
    let error = error.help("the `{` of a block ends the line of its header");
    let next = found.rest.trim_start();
    if next.starts_with('{') {
        let length = found.rest.len() - next.len();
        let gap = Span::new(at.span.start, at.span.start + length as u32);
        return error.fix(Safe, "move it up", Location { file: at.file, span: gap }, " ");
    }
    match trivia(next).starts_with('{') {
        true => error,
        false => error.fix(Unsafe, "write the `{`", at, " {"),
    }
}

/// The clause that a word is rather meant to be.
fn like_clause(word: &str) -> Option<&'static str> {
    did_you_mean(word, CLAUSES.iter().copied())
}

/// What stands at the top level and starts no statement.
fn unknown_statement(found: Found<'_>, at: Location) -> Diagnostic {
    let misplaced = |message: String| Diagnostic::error(codes::MISPLACED, message).at(at, "");
    let name = found.name();
    match found.text() {
        "allow" | "use" => misplaced(format!("{name} stands outside a service"))
            .help("write it in the block of its service: `service NAME from NETWORK { … }`"),
        text if CLAUSES.contains(&text) => {
            misplaced(format!("the clause {name} stands on a line of its own"))
                .help("a clause belongs on the line of its entry")
        }
        text => {
            let meant = did_you_mean(text, STATEMENTS.iter().copied());
            let message = format!("{name} starts no statement");
            mend(unknown(message, at, STATEMENTS, meant), meant, at)
        }
    }
}

/// A word at the start of a line of a service that starts none.
fn unknown_line(found: Found<'_>, at: Location) -> Diagnostic {
    let word = found.text();
    match word {
        "tls" | "http" | "quic" | "tcp" | "udp" | "icmp" => Diagnostic::error(
            codes::UNKNOWN_KEYWORD,
            format!("`{word}` starts no line of a service"),
        )
        .at(at, "")
        .help(format!("a protocol is a clause: `allow NAME port /{word}`; names are not quoted")),
        _ if TOP_LEVEL_ONLY.contains(&word) => {
            Diagnostic::error(codes::MISPLACED, format!("`{word}` does not stand in a service"))
                .at(at, "")
                .help("move it out of the block")
        }
        // A name on its own: what every other allowlist looks like.
        _ if word.contains('.') => Diagnostic::error(
            codes::UNKNOWN_KEYWORD,
            format!("{} starts no line of a service", found.name()),
        )
        .at(at, "")
        .help("write `allow` before a destination"),
        _ => {
            let meant = did_you_mean(word, SERVICE_LINES.iter().copied());
            let message = format!("{} starts no line of a service", found.name());
            mend(unknown(message, at, SERVICE_LINES, meant), meant, at)
        }
    }
}

fn unknown(message: String, at: Location, known: &[&str], meant: Option<&str>) -> Diagnostic {
    let error = Diagnostic::error(codes::UNKNOWN_KEYWORD, message).at(at, "");
    match meant {
        Some(_) => error,
        None => error.help(format!("write one of `{}`", known.join("`, `"))),
    }
}

/// Adds "did you mean".
fn mend(error: Diagnostic, meant: Option<&str>, at: Location) -> Diagnostic {
    match meant {
        Some(meant) => error.help(format!("did you mean `{meant}`")).fix(
            Unsafe,
            format!("write `{meant}`"),
            at,
            meant,
        ),
        None => error,
    }
}

/// Bytes of a word and the blanks behind it.
fn gap(word: &str, rest: &str) -> usize {
    let rest = blanks(rest);
    rest.len() - trivia(rest.get(word.len()..).unwrap_or_default()).len()
}

/// What stands at a place: a word, a text, a brace, or the end of the line.
#[derive(Debug, Clone, Copy)]
pub(super) struct Found<'s> {
    /// The text from there on.
    rest: &'s str,
    length: usize,
}

impl<'s> Found<'s> {
    /// Looks behind the blanks, unless only the end of the line is there.
    pub(super) fn at(rest: &'s str) -> Self {
        let next = blanks(rest);
        let length = match next.as_bytes().first() {
            None | Some(b'\n' | b'#') => return Self { rest, length: 0 },
            Some(b'{' | b'}') => 1,
            Some(b'"') => quoted_length(next),
            Some(_) => word(next).map_or(0, |(_, found)| found.len()),
        };
        Self { rest: next, length }
    }

    /// As written.
    pub(super) fn text(&self) -> &'s str {
        self.rest.get(..self.length).unwrap_or_default()
    }

    /// Between the quotes, if this is a quoted text.
    fn quoted(&self) -> Option<&'s str> {
        self.text().strip_prefix('"')?.strip_suffix('"')
    }

    /// As messages call it.
    pub(super) fn name(&self) -> String {
        match self.text() {
            "" if blanks(self.rest).is_empty() => "the end of the file".to_owned(),
            "" => "the end of the line".to_owned(),
            text if text.starts_with('"') => "a quoted text".to_owned(),
            text => format!("`{}`", shorten(text)),
        }
    }
}

/// A word short enough for a message.
fn shorten(word: &str) -> String {
    match word.char_indices().nth(40) {
        Some((end, _)) => format!("{}…", word.get(..end).unwrap_or_default()),
        None => word.to_owned(),
    }
}
