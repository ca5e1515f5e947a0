//! Names of hosts in the one normal form: lower case, A-labels, no trailing dot.
//!
//! Everything below `resolve` relies on that form and never asks again. What was changed on the
//! way to it is told ([`Change`]), so that a policy can be corrected where it was written.

use std::borrow::Borrow;
use std::fmt;

use idna::uts46::{AsciiDenyList, DnsLength, Hyphens, Uts46};

use super::port::Protocol;

/// The longest label, in bytes (RFC 1035, section 2.3.4).
pub const LONGEST_LABEL: usize = 63;

/// The longest name as text without its trailing dot, in bytes: 255 on the wire, less the length
/// of the first label and the root (RFC 1035, section 2.3.4).
pub const LONGEST_NAME: usize = 253;

/// More than any text of a name that could be mapped to [`LONGEST_NAME`] bytes; a longer one is
/// not given to the mapping, whose cost grows with the length.
const LONGEST_UNICODE: usize = 4 * LONGEST_NAME;

/// Every ASCII character that may not stand in a name. Unlike STD3 it leaves the underscore,
/// which service names (`_acme-challenge`) and several clouds use.
const DENIED: AsciiDenyList = AsciiDenyList::new(true, "!\"#$%&'()*+,/:;<=>?@[\\]^`{|}~");

/// The third and fourth character may be hyphens (`r3---sn-4g5e6nz7.googlevideo.com` is a real
/// name), so only the ends of a label are checked.
const HYPHENS: Hyphens = Hyphens::CheckFirstLast;

/// A name of a host in normal form.
///
/// Lower case, A-labels, no trailing dot, one or more labels of 1 to 63 characters of
/// `a-z 0-9 - _` without a hyphen at either end, 253 bytes in all.
///
/// ```
/// use fwc::policy::fqdn::{Change, Fqdn};
///
/// let name = Fqdn::parse("API.Example.com")?;
/// assert_eq!(name.value.as_str(), "api.example.com");
/// assert_eq!(name.changes, [Change::UpperCase]);
/// # Ok::<(), fwc::policy::fqdn::NameError>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Fqdn(Box<str>);

/// What normalising a text changed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Change {
    /// Upper-case letters became lower case.
    UpperCase,
    /// A trailing dot was dropped.
    TrailingDot,
    /// Characters outside ASCII were mapped by UTS 46.
    Unicode,
}

/// A value and what was changed to get it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Normalized<T> {
    /// The value in normal form.
    pub value: T,
    /// What was changed, each kind once, in the order of [`Change`].
    pub changes: Vec<Change>,
}

impl<T> Normalized<T> {
    /// The same changes of another value.
    pub fn map<U>(self, with: impl FnOnce(T) -> U) -> Normalized<U> {
        Normalized { value: with(self.value), changes: self.changes }
    }
}

/// Why a text is not a name.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum NameError {
    /// There is nothing.
    #[error("the name is empty")]
    Empty,
    /// It begins with a dot.
    #[error("`.{rest}` begins with a dot, which other systems read in three different ways")]
    LeadingDot {
        /// What stands behind the dot.
        rest: Box<str>,
    },
    /// Two dots follow each other.
    #[error("there is an empty label between two dots")]
    EmptyLabel {
        /// Offset of the second dot, in bytes of the text without its trailing dot.
        at: usize,
    },
    /// A label has more than [`LONGEST_LABEL`] characters.
    #[error("label `{label}` has {} characters, at most {LONGEST_LABEL} are allowed", label.len())]
    LabelTooLong {
        /// The label, as an A-label.
        label: Box<str>,
    },
    /// The name has more than [`LONGEST_NAME`] characters.
    #[error("the name has {length} characters, at most {LONGEST_NAME} are allowed")]
    NameTooLong {
        /// How many it has.
        length: usize,
    },
    /// A character that no name has.
    #[error("{} cannot stand in a name{}", Shown(*character), purpose(*character))]
    Character {
        /// The character.
        character: char,
        /// Its offset, in bytes.
        at: usize,
    },
    /// A URL, or a name with a port, a user or a path.
    #[error("{0}")]
    Url(Box<Url>),
    /// A label begins with a hyphen.
    #[error("label `{label}` begins with a hyphen")]
    LeadingHyphen {
        /// The label.
        label: Box<str>,
    },
    /// A label ends with a hyphen.
    #[error("label `{label}` ends with a hyphen")]
    TrailingHyphen {
        /// The label.
        label: Box<str>,
    },
    /// A label begins with `xn--` and is not the A-label of anything.
    #[error("label `{label}` begins with `xn--` but encodes no valid Unicode label")]
    Punycode {
        /// The label.
        label: Box<str>,
    },
    /// UTS 46 maps it to no name.
    #[error("`{label}` is no internationalised name by UTS 46")]
    Unmappable {
        /// The label, or the whole name if only their combination is at fault.
        label: Box<str>,
    },
}

/// A text that says more than a name, taken apart so that it can be written as clauses.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Url {
    /// `https` of `https://example.com`.
    pub scheme: Option<Box<str>>,
    /// `me:secret` of `me:secret@example.com`.
    pub user: Option<Box<str>>,
    /// The name, as written and not checked; it may be a pattern.
    pub host: Box<str>,
    /// `8443` of `example.com:8443`, not checked.
    pub port: Option<Box<str>>,
    /// `/v1?x` of `example.com/v1?x`.
    pub path: Option<Box<str>>,
}

impl Fqdn {
    /// Reads a name and brings it into normal form.
    ///
    /// A single label (`localhost`) is a name, and so is `1.2.3.4`: addresses are to be recognised
    /// before. Text outside ASCII is mapped by UTS 46, non-transitional.
    ///
    /// # Errors
    ///
    /// One [`NameError`], the first that is found; a text that is a URL is told as one.
    pub fn parse(text: &str) -> Result<Normalized<Self>, NameError> {
        normalize(text).map_err(|error| match Url::parse(text) {
            Some(url) => NameError::Url(Box::new(url)),
            None => error,
        })
    }

    /// The name as text.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The labels from left to right; `.rev()` gives them from the top-level domain down.
    pub fn labels(&self) -> impl DoubleEndedIterator<Item = &str> + Clone {
        self.0.split('.')
    }

    /// The name with its A-labels decoded, if it has any.
    pub fn unicode(&self) -> Option<String> {
        if !self.labels().any(|label| label.starts_with("xn--")) {
            return None;
        }
        let (unicode, decoded) = Uts46::new().to_unicode(self.0.as_bytes(), DENIED, HYPHENS);
        decoded.is_ok().then(|| unicode.into_owned())
    }

    /// Whether the name is one or more labels below `parent`.
    pub fn is_below(&self, parent: &Self) -> bool {
        is_below(self.as_str(), parent)
    }
}

/// Whether a name, as text in normal form, is one or more labels below `parent`.
pub(crate) fn is_below(name: &str, parent: &Fqdn) -> bool {
    name.strip_suffix(parent.as_str()).is_some_and(|head| head.len() > 1 && head.ends_with('.'))
}

impl fmt::Display for Fqdn {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&self.0)
    }
}

impl AsRef<str> for Fqdn {
    fn as_ref(&self) -> &str {
        &self.0
    }
}

impl Borrow<str> for Fqdn {
    fn borrow(&self) -> &str {
        &self.0
    }
}

/// What a scan of ASCII text found that is not in normal form yet.
#[derive(Debug, Clone, Copy, Default)]
struct Scan {
    upper_case: bool,
    punycode: bool,
}

fn normalize(text: &str) -> Result<Normalized<Fqdn>, NameError> {
    let (name, dot) = without_trailing_dot(text);
    if name.is_empty() {
        return Err(NameError::Empty);
    }
    let mut changes = Vec::new();
    if !name.is_ascii() {
        let mapped = map(name)?;
        let (ascii, mapped_dot) = without_trailing_dot(&mapped);
        scan(ascii)?;
        changes.extend(name.bytes().any(|b| b.is_ascii_uppercase()).then_some(Change::UpperCase));
        changes.extend((dot || mapped_dot).then_some(Change::TrailingDot));
        changes.push(Change::Unicode);
        return Ok(Normalized { value: Fqdn(ascii.into()), changes });
    }
    let found = scan(name)?;
    changes.extend(found.upper_case.then_some(Change::UpperCase));
    changes.extend(dot.then_some(Change::TrailingDot));
    let value = if found.punycode {
        map(name)?.into()
    } else if found.upper_case {
        name.to_ascii_lowercase().into()
    } else {
        name.into()
    };
    Ok(Normalized { value: Fqdn(value), changes })
}

/// The text without the dot at its end, and whether there was one.
pub(crate) fn without_trailing_dot(text: &str) -> (&str, bool) {
    match text.strip_suffix('.') {
        // A lone dot is a leading one.
        Some("") | None => (text, false),
        Some(name) => (name, true),
    }
}

/// Checks everything but case of an ASCII name without a trailing dot.
fn scan(name: &str) -> Result<Scan, NameError> {
    if name.len() > LONGEST_NAME {
        return Err(NameError::NameTooLong { length: name.len() });
    }
    let mut found = Scan::default();
    let mut at = 0;
    for label in name.split('.') {
        found.upper_case |= check_characters(label, at)?;
        if label.is_empty() {
            return Err(match name.strip_prefix('.') {
                Some(rest) => NameError::LeadingDot { rest: rest.into() },
                None => NameError::EmptyLabel { at },
            });
        }
        if label.len() > LONGEST_LABEL {
            return Err(NameError::LabelTooLong { label: label.into() });
        }
        check_hyphens(label)?;
        found.punycode |= is_a_label(label);
        at += label.len() + 1;
    }
    Ok(found)
}

/// Checks the characters of a label that begins `at` bytes into its text; tells whether any is
/// upper case.
pub(crate) fn check_characters(label: &str, at: usize) -> Result<bool, NameError> {
    let mut upper_case = false;
    for (offset, character) in label.char_indices() {
        match character {
            'a'..='z' | '0'..='9' | '-' | '_' => {}
            'A'..='Z' => upper_case = true,
            _ => return Err(NameError::Character { character, at: at + offset }),
        }
    }
    Ok(upper_case)
}

fn check_hyphens(label: &str) -> Result<(), NameError> {
    if label.starts_with('-') {
        return Err(NameError::LeadingHyphen { label: label.into() });
    }
    if label.ends_with('-') {
        return Err(NameError::TrailingHyphen { label: label.into() });
    }
    Ok(())
}

fn is_a_label(label: &str) -> bool {
    label.as_bytes().get(..4).is_some_and(|start| start.eq_ignore_ascii_case(b"xn--"))
}

/// Maps a name by UTS 46 to lower-case A-labels.
fn map(name: &str) -> Result<String, NameError> {
    if name.len() > LONGEST_UNICODE {
        return Err(NameError::NameTooLong { length: name.chars().count() });
    }
    let ascii = name.char_indices().filter(|(_, character)| character.is_ascii());
    for (at, character) in ascii {
        if !matches!(character, 'a'..='z' | 'A'..='Z' | '0'..='9' | '-' | '_' | '.') {
            return Err(NameError::Character { character, at });
        }
    }
    match to_ascii(name) {
        Some(mapped) => Ok(mapped),
        None => Err(blame(name)),
    }
}

fn to_ascii(text: &str) -> Option<String> {
    // The length is checked afterwards, by `scan`, which can say what is too long.
    let mapped = Uts46::new().to_ascii(text.as_bytes(), DENIED, HYPHENS, DnsLength::Ignore);
    mapped.ok().map(std::borrow::Cow::into_owned)
}

/// Finds what is wrong with a name that does not map; the mapping itself does not say.
fn blame(name: &str) -> NameError {
    // The dots that UTS 46 maps to a full stop.
    let mut labels = name.split(['.', '\u{3002}', '\u{ff0e}', '\u{ff61}']);
    let Some(label) = labels.find(|label| to_ascii(label).is_none()) else {
        return NameError::Unmappable { label: name.into() };
    };
    if let Err(error) = check_hyphens(label) {
        return error;
    }
    if is_a_label(label) {
        NameError::Punycode { label: label.into() }
    } else {
        NameError::Unmappable { label: label.into() }
    }
}

impl Url {
    /// The same as a destination with its clauses: `example.com port 8080/http`.
    ///
    /// User and path are lost: a firewall sees neither.
    pub fn clauses(&self) -> String {
        let Self { scheme, host, port, path, .. } = self;
        let protocol = match scheme.as_deref() {
            Some("http" | "ws") => Some(Protocol::Http),
            Some("https" | "wss") => None,
            Some(other) => other.parse().ok(),
            // `example.com:443/tcp`
            None => path.as_deref().and_then(|path| path.strip_prefix('/')?.parse().ok()),
        };
        match (port, protocol.filter(|protocol| *protocol != Protocol::Tls)) {
            (None, None) => host.to_string(),
            (Some(port), None) => format!("{host} port {port}"),
            (None, Some(protocol)) => format!("{host} port /{protocol}"),
            (Some(port), Some(protocol)) => format!("{host} port {port}/{protocol}"),
        }
    }

    /// Takes a text apart that says more than a name; `None` if it does not.
    pub(crate) fn parse(text: &str) -> Option<Self> {
        let (scheme, rest) = match text.split_once("://") {
            Some((scheme, rest)) => (Some(scheme), rest),
            None => (None, text),
        };
        let end = rest.find(['/', '?', '#']).unwrap_or(rest.len());
        let (authority, path) = rest.split_at_checked(end)?;
        let (user, host) = match authority.rsplit_once('@') {
            Some((user, host)) => (Some(user), host),
            None => (None, authority),
        };
        let (host, port) = match host.rsplit_once(':') {
            Some((host, port)) => (host, Some(port)),
            None => (host, None),
        };
        let path =
            Some(path).filter(|path| path.starts_with('/') || scheme.is_some() && !path.is_empty());
        let says_more = scheme.is_some() || user.is_some() || port.is_some() || path.is_some();
        if host.is_empty() || host.contains(':') || !says_more {
            return None;
        }
        Some(Self {
            scheme: scheme.map(Into::into),
            user: user.map(Into::into),
            host: host.into(),
            port: port.map(Into::into),
            path: path.map(Into::into),
        })
    }
}

impl fmt::Display for Url {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let parts = [
            (&self.scheme, "scheme"),
            (&self.user, "user"),
            (&self.port, "port"),
            (&self.path, "path"),
        ];
        let present: Vec<&str> =
            parts.iter().filter(|(part, _)| part.is_some()).map(|(_, word)| *word).collect();
        write!(f, "a name has no {}; the name here is `{}`", present.join(" and no "), self.host)
    }
}

/// A character in backticks, or by its number if nobody could see it.
struct Shown(char);

impl fmt::Display for Shown {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0 {
            ' ' => f.write_str("a space"),
            '`' => f.write_str("a backtick"),
            character if character.is_control() => write!(f, "U+{:04X}", u32::from(character)),
            character => write!(f, "`{character}`"),
        }
    }
}

/// What someone who writes that character may have meant.
fn purpose(character: char) -> &'static str {
    match character {
        '*' => "; it is a wildcard of patterns",
        '/' => "; paths are not seen by a firewall, and networks need an address",
        ':' => "; ports are written `port 8443`",
        '@' => "; users are not seen by a firewall",
        ',' | ';' => "; destinations are separated by spaces",
        '"' | '\'' => "; names are written without quotes",
        '$' | '{' | '}' => "; variables are written `${name}`",
        '?' | '[' | ']' | '(' | ')' | '^' | '|' | '\\' | '+' => {
            "; `*` is the only wildcard, and there are no regular expressions"
        }
        '%' => "; write the character that is meant, not its encoding",
        _ => "",
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[track_caller]
    fn check(text: &str, expected: &str, changes: &[Change]) {
        let name = Fqdn::parse(text).unwrap_or_else(|error| panic!("{text}: {error}"));
        assert_eq!((name.value.as_str(), name.changes.as_slice()), (expected, changes));
        let again = Fqdn::parse(expected).unwrap();
        assert_eq!((again.value, again.changes), (name.value, vec![]), "normal form is stable");
    }

    #[track_caller]
    fn refused(text: &str, message: &str) {
        assert_eq!(Fqdn::parse(text).unwrap_err().to_string(), message, "{text}");
    }

    #[test]
    fn names_have_one_form() {
        use Change::{TrailingDot, Unicode, UpperCase};
        check("example.com", "example.com", &[]);
        check("localhost", "localhost", &[]);
        check("_acme-challenge.example.com", "_acme-challenge.example.com", &[]);
        check("r3---sn-4g5e6nz7.googlevideo.com", "r3---sn-4g5e6nz7.googlevideo.com", &[]);
        check("1.2.3.4", "1.2.3.4", &[]);
        check("API.Example.COM.", "api.example.com", &[UpperCase, TrailingDot]);
        check("example.com.", "example.com", &[TrailingDot]);
        check("b\u{fc}cher.example", "xn--bcher-kva.example", &[Unicode]);
        check("B\u{dc}cher.example.", "xn--bcher-kva.example", &[UpperCase, TrailingDot, Unicode]);
        check("fa\u{df}.de", "xn--fa-hia.de", &[Unicode]);
        check("xn--bcher-kva.example", "xn--bcher-kva.example", &[]);
        check("XN--Bcher-KVA.example", "xn--bcher-kva.example", &[UpperCase]);
        check("\u{ff45}xample\u{3002}com", "example.com", &[Unicode]);
        check("example.com\u{3002}", "example.com", &[TrailingDot, Unicode]);
        check("_x.b\u{fc}cher.example", "_x.xn--bcher-kva.example", &[Unicode]);
    }

    #[test]
    fn what_is_no_name_is_told_why() {
        refused("", "the name is empty");
        refused(".", "`.` begins with a dot, which other systems read in three different ways");
        refused("a..b", "there is an empty label between two dots");
        refused("a..", "there is an empty label between two dots");
        refused("a b.com", "a space cannot stand in a name");
        refused("a\tb.com", "U+0009 cannot stand in a name");
        refused("*.com", "`*` cannot stand in a name; it is a wildcard of patterns");
        refused("${x}.com", "`$` cannot stand in a name; variables are written `${name}`");
        refused("-a.com", "label `-a` begins with a hyphen");
        refused("a-.com", "label `a-` ends with a hyphen");
        refused("-\u{fc}.com", "label `-\u{fc}` begins with a hyphen");
        refused(
            "\u{fc}?.com",
            "`?` cannot stand in a name; `*` is the only wildcard, and there are no regular expressions",
        );
        refused("xn--a.com", "label `xn--a` begins with `xn--` but encodes no valid Unicode label");
        refused("xn--ls8h=.com", "`=` cannot stand in a name");
        refused(
            "\u{ad}.com",
            "`.com` begins with a dot, which other systems read in three different ways",
        );
        refused("a\u{2100}.com", "`a\u{2100}` is no internationalised name by UTS 46");
        refused("::1", "`:` cannot stand in a name; ports are written `port 8443`");
    }

    #[test]
    fn lengths_are_those_of_the_wire() {
        let label = "a".repeat(63);
        let longest = format!("{label}.{label}.{label}.{}", "a".repeat(61));
        check(&longest, &longest, &[]);
        check(&format!("{longest}."), &longest, &[Change::TrailingDot]);
        refused(&format!("{longest}a"), "the name has 254 characters, at most 253 are allowed");
        refused(
            &format!("{label}b.com"),
            &format!("label `{label}b` has 64 characters, at most 63 are allowed"),
        );
        refused(
            &"\u{fc}".repeat(1 << 20),
            "the name has 1048576 characters, at most 253 are allowed",
        );
        let unicode = "\u{fc}".repeat(60);
        assert!(matches!(Fqdn::parse(&unicode), Err(NameError::LabelTooLong { .. })));
    }

    #[test]
    fn urls_are_taken_apart() {
        let check = |text: &str, parts: [Option<&str>; 5]| {
            let Err(NameError::Url(url)) = Fqdn::parse(text) else { panic!("{text} is no URL") };
            let Url { scheme, user, host, port, path } = &*url;
            assert_eq!(
                [scheme.as_deref(), user.as_deref(), Some(host), port.as_deref(), path.as_deref()],
                parts
            );
        };
        let host = Some("example.com");
        check("https://example.com", [Some("https"), None, host, None, None]);
        check(
            "http://me:x@example.com:80/v1?q",
            [Some("http"), Some("me:x"), host, Some("80"), Some("/v1?q")],
        );
        check("example.com:8443", [None, None, host, Some("8443"), None]);
        check("example.com/", [None, None, host, None, Some("/")]);
        check("me@example.com", [None, Some("me"), host, None, None]);
        refused(
            "https://example.com/v1",
            "a name has no scheme and no path; the name here is `example.com`",
        );
    }

    #[test]
    fn urls_are_written_as_clauses() {
        let check = |text: &str, clauses: &str| {
            let Err(NameError::Url(url)) = Fqdn::parse(text) else { panic!("{text} is no URL") };
            assert_eq!(url.clauses(), clauses);
        };
        check("https://example.com/v1", "example.com");
        check("https://example.com:8443/v1", "example.com port 8443");
        check("http://example.com", "example.com port /http");
        check("http://example.com:8080", "example.com port 8080/http");
        check("tls://example.com:443", "example.com port 443");
        check("example.com:443/quic", "example.com port 443/quic");
        check("ftp://me@example.com", "example.com");
    }

    #[test]
    fn encoded_labels_are_shown_decoded() {
        let unicode = |text| Fqdn::parse(text).unwrap().value.unicode();
        assert_eq!(unicode("xn--bcher-kva.example").as_deref(), Some("b\u{fc}cher.example"));
        assert_eq!(unicode("example.com"), None);
    }

    proptest! {
        #[test]
        fn whatever_is_read_is_in_normal_form(text in r"([a-zA-Z0-9._\-*:/@\u{fc}\u{df}\u{3002}\u{ff0e}\u{ad}]|xn--|.){0,40}") {
            if let Ok(name) = Fqdn::parse(&text) {
                let again = Fqdn::parse(name.value.as_str());
                prop_assert_eq!(again, Ok(Normalized { value: name.value.clone(), changes: vec![] }));
                if let Some(unicode) = name.value.unicode() {
                    prop_assert_eq!(Fqdn::parse(&unicode).unwrap().value, name.value);
                }
            }
        }
    }

    #[test]
    fn below_means_at_least_one_label_more() {
        let below = |name: &str, parent: &str| {
            Fqdn::parse(name).unwrap().value.is_below(&Fqdn::parse(parent).unwrap().value)
        };
        assert!(below("a.example.com", "example.com"));
        assert!(below("a.b.example.com", "example.com"));
        assert!(!below("example.com", "example.com"));
        assert!(!below("badexample.com", "example.com"));
    }
}
