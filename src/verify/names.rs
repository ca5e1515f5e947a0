//! Names at the boundary of a pattern, as the bytes that a client may send.

use crate::policy::fqdn::LONGEST_NAME;
use crate::policy::pattern::Pattern;

/// The longest name of a TLS hello that an engine reads, in bytes.
const LONGEST_TLS_NAME: usize = 255;

/// A host that no policy of an example grants.
pub(super) const ELSEWHERE: &str = "evil.example";

/// A name that the pattern matches.
pub(super) fn inside(pattern: &Pattern) -> String {
    let base = pattern.base().as_str();
    match pattern {
        Pattern::Exact(_) => base.to_owned(),
        Pattern::Below(_) => format!("a.{base}"),
        Pattern::OneLabel { label, .. } => format!("{}1{}.{base}", label.prefix(), label.suffix()),
    }
}

/// Names on both sides of it: a label more, a label less, siblings, names that begin or end with it,
/// and bytes that no name has.
pub(super) fn around(pattern: &Pattern) -> Vec<Vec<u8>> {
    let base = pattern.base().as_str();
    let inside = inside(pattern);
    let mut names = vec![
        inside.clone(),
        inside.to_ascii_uppercase(),
        base.to_owned(),
        // One label more, two more, one that is none.
        format!("a.{inside}"),
        format!("a.b.{inside}"),
        format!("*.{inside}"),
        format!("-_.{inside}"),
        format!("a b.{inside}"),
        format!(".{inside}"),
        format!("..{inside}"),
        format!("a..{inside}"),
        // Names that end or begin as it does.
        format!("x{inside}"),
        format!("{inside}x"),
        format!("-{inside}"),
        format!("{inside}.{ELSEWHERE}"),
        format!("{inside}{ELSEWHERE}"),
        format!("{ELSEWHERE}/{inside}"),
        format!("user@{inside}"),
        inside.replacen('.', "x", 1),
        // Bytes that no name has.
        format!("{inside}."),
        format!("{inside}:80"),
        format!("{inside}\0"),
        format!("{inside}\0.{ELSEWHERE}"),
        format!("{ELSEWHERE}\0.{inside}"),
        format!("{inside}\n"),
        format!(" {inside}"),
        format!("{inside} "),
        format!("{inside}\t"),
        // The Kelvin sign, which is no `k`.
        format!("\u{212a}.{inside}"),
    ];
    if let Some((first, rest)) = inside.split_once('.') {
        // One label less, and its siblings.
        names.extend([rest.to_owned(), format!("zz.{rest}"), format!("{first}.x.{rest}")]);
    }
    if let Pattern::OneLabel { label, .. } = pattern {
        let (prefix, suffix) = (label.prefix(), label.suffix());
        names.extend(
            [
                format!("{prefix}{suffix}"),
                format!("x{prefix}1{suffix}"),
                format!("{prefix}1{suffix}x"),
                format!("{prefix}1{suffix}.x"),
                format!("{prefix}1.{suffix}"),
                format!("{prefix}-_9{suffix}"),
                format!("{prefix}*{suffix}"),
            ]
            .map(|label| format!("{label}.{base}")),
        );
    }
    for length in [LONGEST_NAME, LONGEST_TLS_NAME, LONGEST_TLS_NAME + 1] {
        let front = length.saturating_sub(base.len() + 1).max(1);
        names.push(format!("{}.{base}", "a".repeat(front)));
    }
    let mut names: Vec<Vec<u8>> = names.into_iter().map(String::into_bytes).collect();
    names.push([b"\xff.", inside.as_bytes()].concat());
    names.push([inside.as_bytes(), b"\xe9"].concat());
    names
}
