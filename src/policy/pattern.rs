//! Patterns over names: one name, one label more, or everything below.
//!
//! What a pattern matches is said here once and in closed form; the algebra over many patterns is
//! [`names`](super::names), which agrees with it.

use std::borrow::Cow;
use std::fmt;

use super::fqdn::{self, Change, Fqdn, LONGEST_LABEL, LONGEST_NAME, NameError, Normalized, Url};

/// A set of names as a policy writes it.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Pattern {
    /// `example.com`: that name.
    Exact(Fqdn),
    /// `*.example.com`, `img-*.example.com`: exactly one label more, which the glob matches.
    OneLabel {
        /// What the label looks like.
        label: Glob,
        /// What stands behind it.
        parent: Fqdn,
    },
    /// `**.example.com`: one or more labels more.
    Below(Fqdn),
}

/// A label with one `*` in it, which stands for any run of label characters, at least zero.
///
/// A label is never empty, so the bare `*` stands for at least one.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Glob {
    prefix: Box<str>,
    suffix: Box<str>,
}

/// Why a text is not a pattern.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum PatternError {
    /// Without its wildcard it would not be a name.
    #[error(transparent)]
    Name(#[from] NameError),
    /// `.example.com`
    #[error("`.{parent}` has no single meaning: other systems read it in three different ways")]
    LeadingDot {
        /// The name behind the dot: `example.com **.example.com` is what may be meant.
        parent: Fqdn,
    },
    /// `a.*.example.com`, `a.b*.example.com`
    #[error("`*` can only stand in the leftmost label, here it stands in `{label}`")]
    InnerStar {
        /// What stands to the left, without its dot.
        before: Box<str>,
        /// The label with the wildcard.
        label: Box<str>,
        /// What stands to the right, without its dot; empty if nothing does.
        after: Box<str>,
    },
    /// `a.**.example.com`
    #[error("`**` can only be the leftmost label")]
    InnerDoubleStar {
        /// What stands to the left, without its dot.
        before: Box<str>,
        /// What stands to the right, without its dot; empty if nothing does.
        after: Box<str>,
    },
    /// `**foo.example.com`
    #[error("`**` must be a label of its own, here it is part of `{label}`")]
    GluedDoubleStar {
        /// The label.
        label: Box<str>,
        /// What stands to the right, without its dot.
        after: Box<str>,
    },
    /// `*` or `**` and nothing else, or `img-*` with no name behind it
    #[error("`{label}` needs a name behind it")]
    Alone {
        /// The label.
        label: Box<str>,
    },
    /// `a*b*.example.com`
    #[error("label `{label}` has {} wildcards, at most one is allowed", label.matches('*').count())]
    SeveralStars {
        /// The label.
        label: Box<str>,
        /// What stands to the right, without its dot.
        after: Box<str>,
    },
    /// `bü*.example.com`
    #[error(
        "`*` in `{label}` would match parts of an encoded label: letters outside ASCII have no \
         place of their own in it"
    )]
    UnicodeGlob {
        /// The label.
        label: Box<str>,
        /// What stands to the right, without its dot.
        after: Box<str>,
    },
}

impl Pattern {
    /// Reads a pattern and brings it into normal form.
    ///
    /// # Errors
    ///
    /// One [`PatternError`], the first that is found.
    pub fn parse(text: &str) -> Result<Normalized<Self>, PatternError> {
        if !text.contains('*') {
            return match Fqdn::parse(text) {
                Ok(name) => Ok(name.map(Self::Exact)),
                Err(error) => Err(leading_dot(error)),
            };
        }
        parse_wildcard(text).map_err(|error| match Url::parse(text) {
            Some(url) => NameError::Url(Box::new(url)).into(),
            None => error,
        })
    }

    /// The name the pattern is made of: itself, or what stands behind its wildcard label.
    pub fn base(&self) -> &Fqdn {
        match self {
            Self::Exact(name) | Self::OneLabel { parent: name, .. } | Self::Below(name) => name,
        }
    }

    /// The pattern as a policy writes it, in memory of its exact size.
    pub fn text(&self) -> Cow<'_, str> {
        match self {
            Self::Exact(name) => Cow::Borrowed(name.as_str()),
            Self::OneLabel { label: Glob { prefix, suffix }, parent } => {
                Cow::Owned([prefix, "*", suffix, ".", parent.as_str()].concat())
            }
            Self::Below(parent) => Cow::Owned(["**.", parent.as_str()].concat()),
        }
    }

    /// Whether a name, as text in the form of [`names`](super::names), is in the set.
    pub fn matches(&self, name: &str) -> bool {
        match self {
            Self::Exact(exact) => exact.as_str() == name,
            Self::OneLabel { label, parent } => name
                .split_once('.')
                .is_some_and(|(first, rest)| rest == parent.as_str() && label.matches(first)),
            Self::Below(parent) => fqdn::is_below(name, parent),
        }
    }

    /// Whether every name of `other` is one of this pattern.
    pub fn covers(&self, other: &Self) -> bool {
        match (self, other) {
            (_, Self::Exact(name)) => self.matches(name.as_str()),
            (Self::OneLabel { label, parent }, Self::OneLabel { label: inner, parent: same }) => {
                parent == same && label.covers(inner)
            }
            (Self::Below(outer), Self::OneLabel { parent: inner, .. } | Self::Below(inner)) => {
                outer == inner || inner.is_below(outer)
            }
            // The other is infinite, or reaches deeper.
            (Self::Exact(_), Self::OneLabel { .. } | Self::Below(_))
            | (Self::OneLabel { .. }, Self::Below(_)) => false,
        }
    }

    /// A name that both match, if there is one; a valid name of a host where one exists.
    pub fn overlap(&self, other: &Self) -> Option<String> {
        match (self, other) {
            (Self::Exact(name), pattern) | (pattern, Self::Exact(name)) => {
                pattern.matches(name.as_str()).then(|| name.to_string())
            }
            (Self::OneLabel { label, parent }, Self::OneLabel { label: second, parent: same }) => {
                (parent == same).then(|| label.overlap(second, parent))?
            }
            (Self::OneLabel { label, parent: inner }, Self::Below(outer))
            | (Self::Below(outer), Self::OneLabel { label, parent: inner }) => {
                let within = inner == outer || inner.is_below(outer);
                within.then(|| label.overlap(label, inner))?
            }
            (Self::Below(first), Self::Below(second)) => {
                let inner = if first == second || first.is_below(second) {
                    first
                } else {
                    Some(second).filter(|second| second.is_below(first))?
                };
                Some(format!("a.{inner}"))
            }
        }
    }
}

impl fmt::Display for Pattern {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&self.text())
    }
}

impl Glob {
    /// The glob `prefix*suffix`; both parts in normal form.
    pub(crate) fn new(prefix: &str, suffix: &str) -> Self {
        Self { prefix: prefix.into(), suffix: suffix.into() }
    }

    /// What stands before the `*`.
    pub fn prefix(&self) -> &str {
        &self.prefix
    }

    /// What stands behind the `*`.
    pub fn suffix(&self) -> &str {
        &self.suffix
    }

    /// Whether it is the bare `*`, which every label matches.
    pub fn is_any(&self) -> bool {
        self.prefix.is_empty() && self.suffix.is_empty()
    }

    /// Whether a label, in normal form and not empty, looks like that.
    pub fn matches(&self, label: &str) -> bool {
        label.strip_prefix(&*self.prefix).is_some_and(|rest| rest.ends_with(&*self.suffix))
    }

    /// Whether every label of `other` is one of this glob.
    pub fn covers(&self, other: &Self) -> bool {
        // What `*` stands for may be anything, so it never helps to match a longer prefix.
        other.prefix.starts_with(&*self.prefix) && other.suffix.ends_with(&*self.suffix)
    }

    /// A name below `parent` whose first label both match.
    fn overlap(&self, other: &Self, parent: &Fqdn) -> Option<String> {
        let prefix = longer(&self.prefix, &other.prefix, |long, short| long.starts_with(short))?;
        let suffix = longer(&self.suffix, &other.suffix, |long, short| long.ends_with(short))?;
        let fits = |label: &str| {
            label.len() <= LONGEST_LABEL && label.len() + 1 + parent.as_str().len() <= LONGEST_NAME
        };
        let roomy = format!("{prefix}a{suffix}");
        let tight = || format!("{prefix}{suffix}");
        // Where even that is too long, the end of the one may be the beginning of the other.
        let shared = || {
            (1..=prefix.len().min(suffix.len())).rev().find_map(|length| {
                let rest = suffix.get(length..)?;
                let label =
                    prefix.ends_with(suffix.get(..length)?).then(|| format!("{prefix}{rest}"))?;
                (self.matches(&label) && other.matches(&label) && fits(&label)).then_some(label)
            })
        };
        let label = if fits(&roomy) {
            roomy
        } else {
            Some(tight()).filter(|label| fits(label)).or_else(shared).unwrap_or_else(tight)
        };
        Some(format!("{label}.{parent}"))
    }
}

impl fmt::Display for Glob {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}*{}", self.prefix, self.suffix)
    }
}

/// The longer of two, if it extends the shorter.
fn longer<'a>(a: &'a str, b: &'a str, extends: impl Fn(&str, &str) -> bool) -> Option<&'a str> {
    let (long, short) = if a.len() < b.len() { (b, a) } else { (a, b) };
    extends(long, short).then_some(long)
}

fn leading_dot(error: NameError) -> PatternError {
    if let NameError::LeadingDot { rest } = &error
        && let Ok(parent) = Fqdn::parse(rest)
    {
        return PatternError::LeadingDot { parent: parent.value };
    }
    error.into()
}

fn parse_wildcard(text: &str) -> Result<Normalized<Pattern>, PatternError> {
    let (pattern, dot) = fqdn::without_trailing_dot(text);
    let (label, after) = match pattern.split_once('.') {
        Some((label, after)) => (label, Some(after)),
        None => (pattern, None),
    };
    let Some(after) = after else {
        return Err(PatternError::Alone { label: label.into() });
    };
    if after.contains('*') {
        return Err(inner_wildcard(label, after));
    }
    if label.is_empty() {
        return Err(NameError::LeadingDot { rest: after.into() }.into());
    }
    if label == "**" {
        let parent = parse_parent(after, dot, label, 1)?;
        return Ok(parent.map(Pattern::Below));
    }
    if label.contains("**") {
        return Err(PatternError::GluedDoubleStar { label: label.into(), after: after.into() });
    }
    let (glob, upper_case) = parse_glob(label, after)?;
    // The shortest name that matches is what has to fit.
    let shortest = (glob.prefix.len() + glob.suffix.len()).max(1);
    let mut parent = parse_parent(after, dot, label, shortest)?;
    if upper_case && !parent.changes.contains(&Change::UpperCase) {
        parent.changes.insert(0, Change::UpperCase);
    }
    Ok(parent.map(|parent| Pattern::OneLabel { label: glob, parent }))
}

/// Tells which label of `after` has a wildcard, which only the first one may have.
fn inner_wildcard(first: &str, after: &str) -> PatternError {
    let star = after.find('*').unwrap_or(after.len());
    let (left, right) = after.split_at_checked(star).unwrap_or((after, ""));
    let (between, start) = left.rsplit_once('.').unwrap_or(("", left));
    let (end, after) = right.split_once('.').unwrap_or((right, ""));
    let before =
        if between.is_empty() { first.to_owned() } else { format!("{first}.{between}") }.into();
    let (label, after) = (format!("{start}{end}").into_boxed_str(), after.into());
    if label.contains("**") {
        PatternError::InnerDoubleStar { before, after }
    } else {
        PatternError::InnerStar { before, label, after }
    }
}

/// Reads what stands behind a wildcard label of the text `label`, which stands for at least
/// `shortest` characters.
fn parse_parent(
    text: &str,
    dot: bool,
    label: &str,
    shortest: usize,
) -> Result<Normalized<Fqdn>, PatternError> {
    let before = label.len() + 1;
    let mut parent = Fqdn::parse(text).map_err(|error| match error {
        // The dot it begins with is the second of two.
        NameError::LeadingDot { .. } => NameError::EmptyLabel { at: before },
        NameError::EmptyLabel { at } => NameError::EmptyLabel { at: before + at },
        NameError::Character { character, at } => {
            NameError::Character { character, at: before + at }
        }
        other => other,
    })?;
    let length = shortest + 1 + parent.value.as_str().len();
    if length > LONGEST_NAME {
        return Err(NameError::NameTooLong { length }.into());
    }
    if dot && !parent.changes.contains(&Change::TrailingDot) {
        parent.changes.push(Change::TrailingDot);
        parent.changes.sort();
    }
    Ok(parent)
}

/// Reads a label with at least one `*`; tells whether it had upper-case letters.
fn parse_glob(label: &str, after: &str) -> Result<(Glob, bool), PatternError> {
    let Some((prefix, suffix)) = label.split_once('*') else {
        return Err(NameError::Empty.into());
    };
    if suffix.contains('*') {
        return Err(PatternError::SeveralStars { label: label.into(), after: after.into() });
    }
    if !label.is_ascii() {
        return Err(PatternError::UnicodeGlob { label: label.into(), after: after.into() });
    }
    let upper_case =
        fqdn::check_characters(prefix, 0)? | fqdn::check_characters(suffix, prefix.len() + 1)?;
    if prefix.starts_with('-') {
        return Err(NameError::LeadingHyphen { label: label.into() }.into());
    }
    if suffix.ends_with('-') {
        return Err(NameError::TrailingHyphen { label: label.into() }.into());
    }
    if prefix.len() + suffix.len() > LONGEST_LABEL {
        return Err(NameError::LabelTooLong { label: label.into() }.into());
    }
    let part = |text: &str| text.to_ascii_lowercase().into_boxed_str();
    Ok((Glob { prefix: part(prefix), suffix: part(suffix) }, upper_case))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn pattern(text: &str) -> Pattern {
        Pattern::parse(text).unwrap_or_else(|error| panic!("{text}: {error}")).value
    }

    #[test]
    fn patterns_have_one_form() {
        use Change::{TrailingDot, Unicode, UpperCase};
        let check = |text: &str, expected: &str, changes: &[Change]| {
            let read = Pattern::parse(text).unwrap_or_else(|error| panic!("{text}: {error}"));
            assert_eq!(
                (read.value.to_string().as_str(), read.changes.as_slice()),
                (expected, changes)
            );
            assert_eq!(pattern(expected), read.value);
        };
        check("example.com", "example.com", &[]);
        check("*.Example.com.", "*.example.com", &[UpperCase, TrailingDot]);
        check("IMG-*.example.com", "img-*.example.com", &[UpperCase]);
        check("*-docker.pkg.dev", "*-docker.pkg.dev", &[]);
        check("a*b.example.com", "a*b.example.com", &[]);
        check("**.example.com.", "**.example.com", &[TrailingDot]);
        check("**.b\u{fc}cher.example.", "**.xn--bcher-kva.example", &[TrailingDot, Unicode]);
        check("*.com", "*.com", &[]);
    }

    #[test]
    fn what_is_no_pattern_is_told_why() {
        let check = |text: &str, message: &str| {
            assert_eq!(Pattern::parse(text).unwrap_err().to_string(), message, "{text}");
        };
        check(
            ".example.com",
            "`.example.com` has no single meaning: other systems read it in three different ways",
        );
        check("a.*.example.com", "`*` can only stand in the leftmost label, here it stands in `*`");
        check(
            "a.b*.example.com",
            "`*` can only stand in the leftmost label, here it stands in `b*`",
        );
        check("*.*.example.com", "`*` can only stand in the leftmost label, here it stands in `*`");
        check("example.*", "`*` can only stand in the leftmost label, here it stands in `*`");
        check("a.**.b", "`**` can only be the leftmost label");
        check("**foo.example.com", "`**` must be a label of its own, here it is part of `**foo`");
        check("***.example.com", "`**` must be a label of its own, here it is part of `***`");
        check("*", "`*` needs a name behind it");
        check("**", "`**` needs a name behind it");
        check("*.", "`*` needs a name behind it");
        check("img-*", "`img-*` needs a name behind it");
        check("a*b*.example.com", "label `a*b*` has 2 wildcards, at most one is allowed");
        check(
            "b\u{fc}*.example.com",
            "`*` in `b\u{fc}*` would match parts of an encoded label: letters outside ASCII have no place of their own in it",
        );
        check("*..example.com", "there is an empty label between two dots");
        check("-*.example.com", "label `-*` begins with a hyphen");
        check("*-.example.com", "label `*-` ends with a hyphen");
        check(
            "a?*.example.com",
            "`?` cannot stand in a name; `*` is the only wildcard, and there are no regular expressions",
        );
        check("https://*.example.com", "a name has no scheme; the name here is `*.example.com`");
        check("*.example.com:443", "a name has no port; the name here is `*.example.com`");
        check(
            &format!("*.{}", "a.".repeat(126) + "a"),
            "the name has 255 characters, at most 253 are allowed",
        );
    }

    #[test]
    fn the_parts_of_a_refused_pattern_are_kept() {
        let inner = PatternError::InnerStar {
            before: "a.b".into(),
            label: "*".into(),
            after: "example.com".into(),
        };
        assert_eq!(Pattern::parse("a.b.*.example.com"), Err(inner));
    }

    proptest! {
        #[test]
        fn whatever_is_read_is_in_normal_form(text in r"([a-zA-Z0-9._\-*:/]|\*\*|\.|.){0,30}") {
            if let Ok(pattern) = Pattern::parse(&text) {
                let again = Pattern::parse(&pattern.value.to_string());
                prop_assert_eq!(again, Ok(Normalized { value: pattern.value, changes: vec![] }));
            }
        }
    }

    #[test]
    fn matching_follows_the_table_of_the_language() {
        let check = |text: &str, inside: &[&str], outside: &[&str]| {
            let pattern = pattern(text);
            for name in inside {
                assert!(pattern.matches(name), "{text} {name}");
            }
            for name in outside {
                assert!(!pattern.matches(name), "{text} {name}");
            }
        };
        check("example.com", &["example.com"], &["a.example.com", "com", "xexample.com"]);
        check(
            "*.example.com",
            &["a.example.com"],
            &["example.com", "a.b.example.com", "aexample.com"],
        );
        check(
            "**.example.com",
            &["a.example.com", "a.b.example.com"],
            &["example.com", "aexample.com"],
        );
        check(
            "img-*.example.com",
            &["img-.example.com", "img-1.example.com"],
            &["img.example.com", "img-1.a.example.com"],
        );
        check("ab*ba.c", &["abba.c", "abxba.c"], &["aba.c", "ab.c"]);
    }
}
