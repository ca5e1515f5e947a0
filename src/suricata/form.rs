//! How each kind of destination is asked for.
//!
//! Every form was run against a table of odd names (NUL, trailing and leading dot, 256 bytes, upper
//! case, spaces, a port, two Hosts) on 7.0.10 and 8.0.x; the tests of the forms repeat it. A name
//! in TLS keeps its case and is asked for with `nocase`; a Host arrives in lower case, and there
//! `nocase` or an upper-case letter makes the engine refuse the signature.

use std::fmt::Write as _;

use super::profile::Exact;
use super::{Anchor, Buffer, Content, Keyword};
use crate::policy::fqdn::Fqdn;
use crate::policy::pattern::{Glob, Pattern};

/// The names one signature asks for.
#[derive(Debug, Clone, Copy)]
pub(super) enum Names<'p> {
    /// One name.
    Exact(&'p Fqdn),
    /// One label more.
    OneLabel(&'p Fqdn),
    /// One label more that has one of these shapes; at least one of them.
    Globs(&'p Fqdn, &'p [&'p Glob]),
    /// One or more labels more.
    Below(&'p Fqdn),
    /// The name and everything below it.
    ApexAndBelow(&'p Fqdn),
}

/// Where names are asked for, and how.
#[derive(Debug, Clone, Copy)]
pub(super) struct Place {
    pub(super) buffer: Buffer,
    pub(super) exact: Exact,
    pub(super) strictness: Strictness,
}

/// What a pattern says about bytes that are no name.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Strictness {
    /// A grant over TLS or QUIC: bytes that are no name never match, but for what stands before the
    /// dot of a name and everything below it, which is asked for in the form that AWS prints.
    NamesOrAnyFront,
    /// A grant over HTTP, where one client can be made to send a Host for another (two Hosts, a
    /// folded one): bytes that are no name never match.
    NamesAlone,
    /// A deny: bytes in front of the suffix match whatever they are, so that nothing passes by
    /// being odd.
    AnyBytes,
}

/// The labels a name is made of: what the engine sees once case is folded.
const LABEL: &str = "[a-z0-9_-]";

impl Place {
    fn nocase(&self) -> bool {
        matches!(self.buffer, Buffer::TlsSni | Buffer::QuicSni)
    }

    fn content(&self, text: impl Into<Box<str>>, anchor: Anchor) -> Keyword {
        let bytes = text.into().into_boxed_bytes();
        Keyword::Content(Content { bytes, nocase: self.nocase(), anchor })
    }

    fn pcre(&self, negated: bool, expression: String) -> Keyword {
        Keyword::Pcre { negated, expression: expression.into(), caseless: self.nocase() }
    }

    /// The keywords that ask for these names and none of the exceptions.
    pub(super) fn keywords(&self, names: Names<'_>, except: &[&Pattern], out: &mut Vec<Keyword>) {
        let suffix = |parent: &Fqdn| self.content([".", parent.as_str()].concat(), Anchor::End);
        match names {
            Names::Exact(name) => {
                out.push(Keyword::Buffer(self.buffer));
                match self.exact {
                    Exact::Bsize => {
                        out.push(self.content(name.as_str(), Anchor::Anywhere));
                        // A name has at most 253 bytes.
                        out.push(Keyword::Bsize(name.as_str().len() as u16));
                    }
                    Exact::StartEnd => out.push(self.content(name.as_str(), Anchor::Whole)),
                }
            }
            Names::OneLabel(parent) => {
                out.extend([Keyword::Buffer(self.buffer), suffix(parent)]);
                let label = self.label();
                out.push(self.pcre(false, format!(r"^{label}+\.{}\z", escape(parent))));
            }
            Names::Globs(parent, globs) => {
                out.push(Keyword::Buffer(self.buffer));
                if let [glob] = globs
                    && !glob.prefix().is_empty()
                {
                    out.push(self.content(glob.prefix(), Anchor::Start));
                }
                out.push(suffix(parent));
                let shapes = globs.iter().map(|glob| shape(glob, self.label())).collect::<Vec<_>>();
                let shapes = match shapes.as_slice() {
                    [shape] => shape.clone(),
                    shapes => format!("(?:{})", shapes.join("|")),
                };
                out.push(self.pcre(false, format!(r"^{shapes}\.{}\z", escape(parent))));
            }
            Names::Below(parent) => {
                out.extend([Keyword::Buffer(self.buffer), suffix(parent)]);
                if self.strictness != Strictness::AnyBytes {
                    out.push(self.pcre(false, format!(r"^(?:{LABEL}+\.)+{}\z", escape(parent))));
                }
            }
            Names::ApexAndBelow(apex) => {
                out.push(Keyword::Buffer(self.buffer));
                if except.is_empty() && self.strictness != Strictness::NamesAlone {
                    out.extend([Keyword::Dotprefix, suffix(apex)]);
                } else {
                    // `dotprefix` would put its dot in front of what an expression sees, too.
                    out.push(self.content(apex.as_str(), Anchor::End));
                    let front = match self.strictness {
                        Strictness::AnyBytes => r"(?:^|\.)".to_owned(),
                        Strictness::NamesOrAnyFront | Strictness::NamesAlone => {
                            format!(r"^(?:{LABEL}+\.)*")
                        }
                    };
                    out.push(self.pcre(false, format!(r"{front}{}\z", escape(apex))));
                }
            }
        }
        if !except.is_empty() {
            let shapes = except.iter().map(|pattern| exception(pattern));
            let shapes = shapes.collect::<Vec<_>>().join("|");
            out.push(self.pcre(true, format!(r"^(?:{shapes})\z")));
        }
    }

    /// One character of a label.
    fn label(&self) -> &'static str {
        match self.strictness {
            Strictness::AnyBytes => r"[^.]",
            Strictness::NamesOrAnyFront | Strictness::NamesAlone => LABEL,
        }
    }
}

/// The labels of a glob as an expression, over this class of characters.
fn shape(glob: &Glob, class: &str) -> String {
    let count = if glob.is_any() { '+' } else { '*' };
    format!("{}{class}{count}{}", glob.prefix(), glob.suffix())
}

/// An exception as an expression, without its anchors: names only, so that an exception of a deny
/// opens nothing odd.
fn exception(pattern: &Pattern) -> String {
    match pattern {
        Pattern::Exact(name) => escape(name),
        Pattern::OneLabel { label, parent } => {
            format!(r"{}\.{}", shape(label, LABEL), escape(parent))
        }
        Pattern::Below(parent) => format!(r"(?:{LABEL}+\.)+{}", escape(parent)),
    }
}

/// A name inside an expression: of its characters only the dot means something else there.
fn escape(name: &Fqdn) -> String {
    let mut escaped = String::with_capacity(name.as_str().len() + 8);
    for label in name.labels() {
        if !escaped.is_empty() {
            escaped.push_str(r"\.");
        }
        let _ = write!(escaped, "{label}");
    }
    escaped
}
