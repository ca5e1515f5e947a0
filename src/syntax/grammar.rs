//! The grammar: one production a function, in the order of the language's own page.
//!
//! Every input is a suffix of the text, so a position is just how much is left. A production skips
//! the blanks before what it reads and none behind it, so its rest starts where its span ends.

use nom::branch::alt;
use nom::combinator::{cut, opt, value, verify};
use nom::sequence::preceded;
use nom::{Err, Parser};

use super::ast::{
    Assert, Because, Clauses, Entry, LintAllow, Sample, Service, ServiceLine, Set, SetLine,
    Statement, Text, Use, Word,
};
use super::fault::{Expected, Fault, Reason, expect};
use super::is_ticket;
use super::words::{Read, at_end, blanks, quoted, trivia, word};
use crate::source::{Span, Spanned};

/// Keywords of the top level.
pub const STATEMENTS: &[&str] =
    &["fwc", "include", "owner", "set", "service", "deny", "lint", "assert", "test"];
/// Keywords of a line of a service.
pub const SERVICE_LINES: &[&str] = &["owner", "use", "allow", "deny", "lint"];
/// Keywords of the clauses, in the order they are printed.
pub const CLAUSES: &[&str] = &["except", "port", "to", "because", "until"];
/// Keywords no block can hold: one at the start of a line means that a `}` is missing before it.
pub const TOP_LEVEL_ONLY: &[&str] = &["fwc", "include", "set", "service", "assert", "test"];

const NONE: &[&str] = &[];
const PORT: &[&str] = &["port"];
const REACH: &[&str] = &["reach", "reaches"];
const HEADER: &[&str] = &["only", "observe"];
const REASONS: &[&str] = &["because", "until"];

/// The productions; knows how long the text is, to tell a place from the rest behind it.
#[derive(Debug, Clone, Copy)]
pub(super) struct Grammar {
    length: usize,
}

impl Grammar {
    /// The grammar of one text, whose suffixes are the inputs of all productions.
    pub(super) fn of(text: &str) -> Self {
        Self { length: text.len() }
    }

    /// Where the input starts.
    pub(super) fn offset(self, input: &str) -> u32 {
        (self.length - input.len()) as u32
    }

    /// From the start of one input to the start of a later one.
    pub(super) fn span(self, from: &str, to: &str) -> Span {
        Span::new(self.offset(from), self.offset(to))
    }

    // Statements.

    /// A statement of one line, behind its keyword. `set` and `service` have their own ways.
    pub(super) fn statement<'s>(self, keyword: &str, input: &'s str) -> Read<'s, Statement<'s>> {
        let (rest, statement) = match keyword {
            "fwc" => self.word(Expected::Version).map(Statement::Version).parse(input),
            "include" => self.text(Expected::Glob).map(Statement::Include).parse(input),
            "owner" => self.word(Expected::Owner).map(Statement::Owner).parse(input),
            "deny" => self.entry(input).map(|(rest, entry)| (rest, Statement::Deny(entry))),
            "lint" => self.lint_allow(input).map(|(rest, it)| (rest, Statement::LintAllow(it))),
            "assert" => self.assert(input).map(|(rest, it)| (rest, Statement::Assert(it))),
            "test" => self.test(input).map(|(rest, samples)| (rest, Statement::Test(samples))),
            _ => Err(Fault::failure(Reason::Statement, input)),
        }?;
        self.end(Expected::End)(rest)?;
        Ok((rest, statement))
    }

    /// `NAME ["doc"] {`; what was read before a fault is kept.
    pub(super) fn set<'s>(self, input: &'s str, set: &mut Set<'s>) -> Read<'s, ()> {
        let (rest, name) = self.word(Expected::NewSet)(input)?;
        set.name = name;
        let (rest, doc) = opt(self.text(Expected::Text)).parse(rest)?;
        set.doc = doc;
        self.open(rest)
    }

    /// A line of a set. A keyword that was misspelt is none here: it is read as a name.
    pub(super) fn set_line<'s>(
        self,
        _meant: Option<&str>,
        input: &'s str,
    ) -> Read<'s, SetLine<'s>> {
        let (rest, line) = match word(input) {
            Ok((rest, "use")) => self.r#use(rest).map(|(rest, it)| (rest, SetLine::Use(it))),
            Ok((_, keyword)) if CLAUSES.contains(&keyword) => {
                Err(Fault::failure(Reason::ClauseOnItsOwn, input))
            }
            Ok((_, keyword)) if SERVICE_LINES.contains(&keyword) => {
                Err(Fault::failure(Reason::NotInSet, input))
            }
            _ => self.entry(input).map(|(rest, entry)| (rest, SetLine::Entry(entry))),
        }?;
        self.end(Expected::ClauseOrEnd)(rest)?;
        Ok((rest, line))
    }

    /// `NAME from NET… [only ROLE…] [observe until DATE] {`; what was read before a fault is kept.
    pub(super) fn service<'s>(self, input: &'s str, service: &mut Service<'s>) -> Read<'s, ()> {
        let (rest, name) = self.word(Expected::NewService)(input)?;
        service.name = name;
        let (rest, _) = expect(Expected::From, keyword("from")).parse(rest)?;
        let (mut rest, from) = self.words(Expected::Network, HEADER)(rest)?;
        service.from = from;
        loop {
            let Ok((behind, part)) = word(blanks(rest)) else {
                return self.open(rest);
            };
            let first = match part {
                "only" => service.only.first(),
                "observe" => service.observe.as_ref(),
                _ => return self.open(rest),
            };
            if let Some(first) = first {
                return Err(Fault::failure(Reason::Repeated(first.span), rest));
            }
            if part == "only" {
                (rest, service.only) = self.words(Expected::Role, HEADER)(behind)?;
            } else {
                let until = expect(Expected::ObserveUntil, keyword("until"));
                let date = preceded(until, self.word(Expected::Date)).map(Some);
                (rest, service.observe) = cut(date).parse(behind)?;
            }
        }
    }

    /// A line of a service; `meant` replaces a keyword that was misspelt.
    pub(super) fn service_line<'s>(
        self,
        meant: Option<&str>,
        input: &'s str,
    ) -> Read<'s, ServiceLine<'s>> {
        let (rest, written) =
            word(input).map_err(|_| Fault::failure(Reason::ServiceLine, input))?;
        let (rest, line) = match meant.unwrap_or(written) {
            "owner" => self.word(Expected::Owner).map(ServiceLine::Owner).parse(rest),
            "use" => self.r#use(rest).map(|(rest, it)| (rest, ServiceLine::Use(it))),
            "allow" => self.entry(rest).map(|(rest, entry)| (rest, ServiceLine::Allow(entry))),
            "deny" => self.entry(rest).map(|(rest, entry)| (rest, ServiceLine::Deny(entry))),
            "lint" => self.lint_allow(rest).map(|(rest, it)| (rest, ServiceLine::LintAllow(it))),
            keyword if CLAUSES.contains(&keyword) => {
                Err(Fault::failure(Reason::ClauseOnItsOwn, input))
            }
            _ => Err(Fault::failure(Reason::ServiceLine, input)),
        }?;
        let expected = match line {
            ServiceLine::Owner(_) => Expected::End,
            _ => Expected::ClauseOrEnd,
        };
        self.end(expected)(rest)?;
        Ok((rest, line))
    }

    /// `SET [clause…]`
    fn r#use<'s>(self, input: &'s str) -> Read<'s, Use<'s>> {
        let (rest, set) = self.word_but(Expected::Set, CLAUSES)(input)?;
        let (rest, clauses) = self.clauses(rest)?;
        Ok((rest, Use { set, clauses }))
    }

    /// `DEST… [clause…]` or `{ DEST… } [clause…]`
    fn entry<'s>(self, input: &'s str) -> Read<'s, Entry<'s>> {
        let (rest, destinations) = if blanks(input).starts_with('{') {
            self.braced(blanks(input))
        } else {
            self.words(Expected::Destination, CLAUSES)(input)
        }?;
        // A long list is printed one a line, where a keyword would not be a destination again.
        if let Some(keyword) = destinations.iter().find(|word| starts_line(word.node)) {
            let skipped = (keyword.span.start - self.offset(input)) as usize;
            return Err(Fault::failure(Reason::Keyword, input.get(skipped..).unwrap_or(input)));
        }
        let (rest, clauses) = self.clauses(rest)?;
        Ok((rest, Entry { destinations, clauses }))
    }

    /// `{ DEST… }`, over as many lines as it takes.
    fn braced<'s>(self, open: &'s str) -> Read<'s, Vec<Word<'s>>> {
        let mut rest = open.strip_prefix('{').unwrap_or(open);
        let mut destinations = Vec::new();
        loop {
            let next = trivia(rest);
            if let Some(behind) = next.strip_prefix('}') {
                if destinations.is_empty() {
                    return Err(Fault::failure(Reason::Expected(Expected::Destination), next));
                }
                return Ok((behind, destinations));
            }
            let is_first = blanks(rest).len() != next.len();
            let unclosed = match word(next) {
                Ok((_, found)) => CLAUSES.contains(&found) || (is_first && starts_line(found)),
                Err(_) => next.is_empty(),
            };
            if unclosed {
                return Err(Fault::failure(Reason::UnclosedList(self.offset(open)), next));
            }
            let (behind, destination) = cut(self.word(Expected::ListedDestination)).parse(next)?;
            no_comma(&destination, next)?;
            if !destinations.is_empty() {
                // A short list of a set is printed without braces.
                no_slip(&destination, CLAUSES, next)?;
            }
            destinations.push(destination);
            rest = behind;
        }
    }

    /// The clauses of an entry, in any order.
    fn clauses<'s>(self, mut input: &'s str) -> Read<'s, Clauses<'s>> {
        let mut clauses = Clauses::default();
        loop {
            let start = blanks(input);
            let Ok((rest, keyword)) = word(start) else {
                return Ok((input, clauses));
            };
            let first = match keyword {
                "except" => clauses.except.first().copied(),
                "port" => clauses.port,
                "to" => clauses.to.first().copied(),
                "because" => clauses.because.map(|because| because.text.raw),
                "until" => clauses.until,
                _ => return Ok((input, clauses)),
            };
            if let Some(first) = first {
                return Err(Fault::failure(Reason::Repeated(first.span), start));
            }
            match keyword {
                "except" => {
                    (input, clauses.except) = self.words(Expected::Destination, CLAUSES)(rest)?;
                }
                "port" => (input, clauses.port) = self.port(rest)?,
                "to" => (input, clauses.to) = self.words(Expected::Cidr, CLAUSES)(rest)?,
                "because" => (input, clauses.because) = self.because(rest)?,
                _ => (input, clauses.until) = self.until(rest)?,
            }
        }
    }

    /// `PORTS[/PROTO]`
    fn port<'s>(self, input: &'s str) -> Read<'s, Option<Word<'s>>> {
        let (rest, port) = self.word_but(Expected::Ports, CLAUSES)(input)?;
        if port.node.ends_with(',') {
            return Err(Fault::failure(Reason::SpaceInPorts, blanks(input)));
        }
        Ok((rest, Some(port)))
    }

    /// `[TICKET] "text"`
    fn because<'s>(self, input: &'s str) -> Read<'s, Option<Because<'s>>> {
        let (rest, ticket) = opt(self.word_but(Expected::Word, REASONS)).parse(input)?;
        match self.text(Expected::Reason)(rest) {
            Ok((rest, text)) => Ok((rest, Some(Because { ticket, text }))),
            Err(Err::Error(_)) => {
                let at = if ticket.is_some_and(|word| is_ticket(word.node)) { rest } else { input };
                Err(Fault::failure(Reason::Expected(Expected::Reason), at))
            }
            Err(fault) => Err(fault),
        }
    }

    /// `DATE`
    fn until<'s>(self, input: &'s str) -> Read<'s, Option<Word<'s>>> {
        self.word_but(Expected::Date, CLAUSES).map(Some).parse(input)
    }

    /// `allow CODE… because … [until DATE]`, behind `lint`.
    fn lint_allow<'s>(self, input: &'s str) -> Read<'s, LintAllow<'s>> {
        let (rest, _) = expect(Expected::LintAllow, keyword("allow")).parse(input)?;
        let (mut rest, lints) = self.words(Expected::Lint, REASONS)(rest)?;
        let mut allowed = LintAllow { lints, because: None, until: None };
        loop {
            let start = blanks(rest);
            let (behind, first) = match word(start) {
                Ok((behind, "because")) => (behind, allowed.because.map(|it| it.text.raw)),
                Ok((behind, "until")) => (behind, allowed.until),
                _ if allowed.because.is_some() => return Ok((rest, allowed)),
                _ => return Err(Fault::failure(Reason::Expected(Expected::Because), rest)),
            };
            if let Some(first) = first {
                return Err(Fault::failure(Reason::Repeated(first.span), start));
            }
            match start.starts_with('b') {
                true => (rest, allowed.because) = self.because(behind)?,
                false => (rest, allowed.until) = self.until(behind)?,
            }
        }
    }

    /// `only …`, `regions equal …`, `within …`, or a service and what it reaches or never does.
    fn assert<'s>(self, input: &'s str) -> Read<'s, Assert<'s>> {
        let (rest, first) = self.word(Expected::Assertion)(input)?;
        match first.node {
            "only" => self.only(rest),
            "regions" => self.regions_equal(rest),
            "within" => self.text(Expected::Policy).map(Assert::Within).parse(rest),
            _ => self.reaches(first, rest),
        }
    }

    /// `A B reach PATTERN… [port P]`, behind `only`.
    fn only<'s>(self, input: &'s str) -> Read<'s, Assert<'s>> {
        let (rest, services) = self.words(Expected::Service, REACH)(input)?;
        let (rest, (patterns, port)) = self.reached(Expected::Reach, rest)?;
        Ok((rest, Assert::Only { services, patterns, port }))
    }

    /// `equal [except S…]`, behind `regions`.
    fn regions_equal<'s>(self, input: &'s str) -> Read<'s, Assert<'s>> {
        let (rest, _) = expect(Expected::Equal, keyword("equal")).parse(input)?;
        let services = cut(self.words(Expected::Service, NONE));
        let (rest, except) = opt(preceded(keyword("except"), services)).parse(rest)?;
        Ok((rest, Assert::RegionsEqual { except: except.unwrap_or_default() }))
    }

    /// `[never] reaches PATTERN… [port P]`, behind the service.
    fn reaches<'s>(self, service: Word<'s>, input: &'s str) -> Read<'s, Assert<'s>> {
        let (rest, never) = opt(keyword("never")).parse(input)?;
        if never.is_some() {
            let (rest, (patterns, port)) = self.reached(Expected::Reach, rest)?;
            return Ok((rest, Assert::Never { service, patterns, port }));
        }
        let (rest, (patterns, port)) = self.reached(Expected::NeverOrReaches, rest)?;
        Ok((rest, Assert::Reaches { service, patterns, port }))
    }

    /// `reaches PATTERN… [port P]`
    fn reached<'s>(
        self,
        expected: Expected,
        input: &'s str,
    ) -> Read<'s, (Vec<Word<'s>>, Option<Word<'s>>)> {
        let reach = alt((keyword("reaches"), keyword("reach")));
        let (rest, ()) = expect(expected, value((), reach)).parse(input)?;
        let (rest, patterns) = self.words(Expected::Pattern, PORT)(rest)?;
        let port = preceded(keyword("port"), cut(|input| self.port(input)));
        let (rest, port) = opt(port).parse(rest)?;
        Ok((rest, (patterns, port.flatten())))
    }

    /// One or more samples on the line.
    fn test<'s>(self, input: &'s str) -> Read<'s, Vec<Sample<'s>>> {
        let (mut rest, first) = self.sample(input)?;
        let mut samples = vec![first];
        while !at_end(rest) {
            let (behind, sample) = self.sample(rest)?;
            samples.push(sample);
            rest = behind;
        }
        Ok((rest, samples))
    }

    /// `WHO -> HOST:PORT[/PROTO] allow|deny|observe`
    fn sample<'s>(self, input: &'s str) -> Read<'s, Sample<'s>> {
        let (rest, who) = self.word(Expected::Who)(input)?;
        if who.node.contains("->") {
            return Err(Fault::failure(Reason::TightArrow, blanks(input)));
        }
        let (rest, _) = expect(Expected::Arrow, keyword("->")).parse(rest)?;
        let (rest, target) = self.word(Expected::Target)(rest)?;
        let is_verdict = |word: &Word<'_>| matches!(word.node, "allow" | "deny" | "observe");
        let verdict = verify(self.word(Expected::Verdict), is_verdict);
        let (rest, expected) = expect(Expected::Verdict, verdict).parse(rest)?;
        Ok((rest, Sample { who, target, expected }))
    }

    // What the productions are made of.

    /// The `{` that opens the block of a header.
    fn open<'s>(self, input: &'s str) -> Read<'s, ()> {
        match blanks(input).strip_prefix('{') {
            Some(rest) => Ok((rest, ())),
            None => Err(Fault::failure(Reason::Expected(Expected::Open), input)),
        }
    }

    /// The end of the line, or the `}` of the block around it; reads nothing.
    pub(super) fn end<'s>(self, expected: Expected) -> impl Fn(&'s str) -> Read<'s, ()> {
        move |input| match at_end(input) {
            true => Ok((input, ())),
            false => Err(Fault::failure(Reason::Expected(expected), input)),
        }
    }

    /// A quoted text.
    fn text<'s>(self, expected: Expected) -> impl Fn(&'s str) -> Read<'s, Text<'s>> {
        move |input| {
            let start = blanks(input);
            let (rest, raw) = expect(expected, quoted).parse(start).map_err(|fault| {
                // At the end of a line the place is right behind what was read last.
                fault
                    .map(|fault| if at_end(input) { Fault { rest: input, ..fault } } else { fault })
            })?;
            let at = self.offset(start) + 1;
            let span = Span::new(at, at + raw.len() as u32);
            Ok((rest, Text { raw: Spanned::new(raw, span) }))
        }
    }

    /// Any word.
    fn word<'s>(self, expected: Expected) -> impl Fn(&'s str) -> Read<'s, Word<'s>> {
        self.word_but(expected, NONE)
    }

    /// Any word but these.
    fn word_but<'s>(
        self,
        expected: Expected,
        reserved: &'static [&'static str],
    ) -> impl Fn(&'s str) -> Read<'s, Word<'s>> {
        move |input| {
            let start = blanks(input);
            match word(start) {
                Ok((rest, found)) if !reserved.contains(&found) => {
                    Ok((rest, Spanned::new(found, self.span(start, rest))))
                }
                _ => Err(Err::Error(Fault::expected(expected, input))),
            }
        }
    }

    /// One or more words up to a reserved one or the end of the line.
    fn words<'s>(
        self,
        expected: Expected,
        reserved: &'static [&'static str],
    ) -> impl Fn(&'s str) -> Read<'s, Vec<Word<'s>>> {
        let word = self.word_but(expected, reserved);
        move |input| {
            let (mut rest, first) = word(input)?;
            no_comma(&first, blanks(input))?;
            // Most lists have one word; a vector that grows by itself starts with room for four.
            let mut words = Vec::with_capacity(1);
            words.push(first);
            while let Ok((behind, next)) = word(rest) {
                no_comma(&next, blanks(rest))?;
                no_slip(&next, reserved, blanks(rest))?;
                words.push(next);
                rest = behind;
            }
            Ok((rest, words))
        }
    }
}

/// Whether a word at the start of a line is a keyword, in a service or outside.
fn starts_line(word: &str) -> bool {
    SERVICE_LINES.contains(&word) || TOP_LEVEL_ONLY.contains(&word)
}

/// That very word.
fn keyword<'s>(keyword: &'static str) -> impl Parser<&'s str, Output = &'s str, Error = Fault<'s>> {
    verify(|input| word(blanks(input)), move |found: &str| found == keyword)
}

/// Refuses commas: nothing in a list has one, and people put them between.
fn no_comma<'s>(word: &Word<'_>, at: &'s str) -> Result<(), Err<Fault<'s>>> {
    match word.node.as_bytes().contains(&b',') {
        true => Err(Fault::failure(Reason::Comma, at)),
        false => Ok(()),
    }
}

/// Refuses a clause with a slip of the pen behind a destination: `unitl` could be a name, and would
/// turn an entry that ends into one that does not.
fn no_slip<'s>(word: &Word<'_>, clauses: &[&str], at: &'s str) -> Result<(), Err<Fault<'s>>> {
    // Cheap before exact: names have dots, and people rarely miss the first letter.
    let word = word.node;
    let is_plain = word.len() <= 10 && word.bytes().all(|byte| byte.is_ascii_alphabetic());
    let is_slip = |clause: &&str| {
        CLAUSES.contains(clause)
            && clause.as_bytes().first() == word.as_bytes().first()
            && strsim::damerau_levenshtein(word, clause) <= 1 + clause.len() / 6
    };
    match is_plain && clauses.iter().any(is_slip) {
        true => Err(Fault::failure(Reason::Clause, at)),
        false => Ok(()),
    }
}
