//! Single words to values: destinations, ports, dates, tickets. Each mistake is answered at its
//! word with what to write instead.

use core::net::IpAddr;
use std::borrow::Cow;

use ipnet::IpNet;
use jiff::civil::Date;

use crate::diagnostic::{Applicability, Diagnostic, codes, did_you_mean};
use crate::policy::fqdn::{Change, NameError, Normalized};
pub(super) use crate::policy::host::looks_like_address;
use crate::policy::pattern::{Pattern, PatternError};
use crate::policy::port::{PortSet, Protocol};
use crate::policy::{Destination, Reach, Region, Regional};
use crate::project::Project;
use crate::source::Location;

/// What the words of a policy may refer to.
pub(super) struct Scope<'p> {
    /// The regions, with their variables: the same order as `Policy::regions`.
    pub(super) regions: &'p [(Region, Variables)],
}

/// The variables of one region.
pub(super) type Variables = std::collections::BTreeMap<String, String>;

impl Scope<'_> {
    /// Expands the variables of a word in every region; the word itself if it has none.
    pub(super) fn expand<'w>(
        &self,
        word: &'w str,
        at: Location,
        found: &mut Vec<Diagnostic>,
    ) -> Option<Regional<Cow<'w, str>>> {
        if !word.contains("${") {
            return Some(Regional::Same(Cow::Borrowed(word)));
        }
        let mut texts = Vec::with_capacity(self.regions.len());
        for (region, variables) in self.regions {
            match substitute(word, variables) {
                Ok(text) => texts.push(Cow::Owned(text)),
                Err(unknown) => {
                    found.push(unknown.explain(region, variables, at));
                    return None;
                }
            }
        }
        Some(Regional::Each(texts.into()))
    }

    /// Reads a destination in every region.
    pub(super) fn destination(
        &self,
        word: &str,
        at: Location,
        found: &mut Vec<Diagnostic>,
    ) -> Option<Regional<Destination>> {
        match self.expand(word, at, found)? {
            Regional::Same(text) => destination(&text, at, found).map(Regional::Same),
            Regional::Each(texts) => {
                let mut destinations = Vec::with_capacity(texts.len());
                for (text, (region, _)) in texts.iter().zip(self.regions) {
                    let mut here = Vec::new();
                    let destination = destination(text, at, &mut here);
                    found.extend(here.into_iter().map(|mut diagnostic| {
                        // An edit would write the value of one region over the variable.
                        diagnostic.fix = None;
                        diagnostic.note(format!("in region `{}` this is `{text}`", region.role))
                    }));
                    destinations.push(destination?);
                }
                Some(Regional::Each(destinations.into()))
            }
        }
    }
}

/// The regions of a project with their variables: those of the project, overridden by those of the
/// region, and the built-in `region`.
pub(super) fn regions(project: &Project) -> Vec<(Region, Variables)> {
    let each = project.regions.iter().map(|(role, region)| {
        let mut variables = project.vars.clone();
        variables.extend(region.vars.clone());
        variables.extend(region.aws.iter().map(|aws| ("region".to_owned(), aws.clone())));
        (Region { role: role.clone(), aws: region.aws.clone() }, variables)
    });
    each.collect()
}

/// A variable that cannot be expanded.
enum Unknown<'w> {
    Name(&'w str),
    Unclosed,
}

impl Unknown<'_> {
    fn explain(&self, region: &Region, variables: &Variables, at: Location) -> Diagnostic {
        let role = &region.role;
        match self {
            Self::Unclosed => {
                Diagnostic::error(codes::UNKNOWN_VARIABLE, "a `${` has no closing `}`")
                    .at(at, "")
                    .help("write `${name}`")
            }
            Self::Name("region") => Diagnostic::error(
                codes::UNKNOWN_VARIABLE,
                format!("region `{role}` has no AWS name, so `${{region}}` has no value"),
            )
            .at(at, "")
            .help(format!("write `aws: us-east-1` under `regions.{role}` of fwc.yaml")),
            Self::Name(name) => {
                let message = format!("no variable `{name}` in region `{role}`");
                let diagnostic = Diagnostic::error(codes::UNKNOWN_VARIABLE, message).at(at, "");
                match did_you_mean(name, variables.keys().map(String::as_str)) {
                    Some(near) => diagnostic.help(format!("did you mean `${{{near}}}`?")),
                    None => diagnostic.help(format!("define `{name}` under `vars` of fwc.yaml")),
                }
            }
        }
    }
}

/// The word with every `${name}` replaced by its value.
fn substitute<'w>(word: &'w str, variables: &Variables) -> Result<String, Unknown<'w>> {
    let mut text = String::with_capacity(word.len() + 16);
    let mut rest = word;
    while let Some((before, from)) = rest.split_once("${") {
        let (name, after) = from.split_once('}').ok_or(Unknown::Unclosed)?;
        let value = variables.get(name).ok_or(Unknown::Name(name))?;
        text.push_str(before);
        text.push_str(value);
        rest = after;
    }
    text.push_str(rest);
    Ok(text)
}

/// Reads a destination without variables.
fn destination(text: &str, at: Location, found: &mut Vec<Diagnostic>) -> Option<Destination> {
    if looks_like_address(text) {
        return network(text, at, found).map(Destination::Addresses);
    }
    let refused = match Pattern::parse(text) {
        Ok(Normalized { value, changes }) => {
            if let Some(diagnostic) = not_normal(text, &value.to_string(), &changes, at) {
                found.push(diagnostic);
            }
            return Some(Destination::Names(value));
        }
        Err(error) => explain_pattern(text, &error, at),
    };
    found.push(refused);
    None
}

/// Reads an address or a network.
pub(super) fn network(text: &str, at: Location, found: &mut Vec<Diagnostic>) -> Option<IpNet> {
    let parsed: Option<IpNet> =
        text.parse().ok().or_else(|| text.parse::<IpAddr>().ok().map(IpNet::from));
    let Some(network) = parsed else {
        found.push(
            Diagnostic::error(codes::BAD_ADDRESS, format!("`{text}` is not an address or network"))
                .at(at, "")
                .help("write `203.0.113.7`, `203.0.113.0/28` or `2001:db8::/32`"),
        );
        return None;
    };
    if network.addr() != network.network() {
        let meant = network.trunc();
        found.push(
            Diagnostic::error(
                codes::BAD_ADDRESS,
                format!("`{text}` has bits set behind its prefix of {}", network.prefix_len()),
            )
            .at(at, "")
            .help(format!("write the network `{meant}`, or the address `{}`", network.addr()))
            .fix(Applicability::Unsafe, "write the network", at, meant.to_string()),
        );
        return None;
    }
    Some(network)
}

/// A name that was accepted, but not as written.
fn not_normal(text: &str, normal: &str, changes: &[Change], at: Location) -> Option<Diagnostic> {
    let message = match changes {
        [] => return None,
        _ if changes.contains(&Change::Unicode) => format!("`{text}` is `{normal}` on the wire"),
        _ => format!("`{text}` is not in normal form"),
    };
    let diagnostic = Diagnostic::warning(codes::NOT_NORMAL, message).at(at, "");
    Some(diagnostic.fix(Applicability::Safe, format!("write `{normal}`"), at, normal))
}

/// Why a text is no pattern, and what to write instead.
fn explain_pattern(text: &str, error: &PatternError, at: Location) -> Diagnostic {
    let wildcard = |message: String| Diagnostic::error(codes::BAD_WILDCARD, message).at(at, "");
    match error {
        PatternError::Name(error) => explain_name(text, error, at),
        PatternError::LeadingDot { parent } => {
            wildcard(format!("`{text}` means three different things in other tools"))
                .help("name the apex and what lies below it, each by its own pattern")
                .fix(Applicability::Safe, "write both", at, format!("{parent} **.{parent}"))
        }
        PatternError::InnerStar { .. } | PatternError::InnerDoubleStar { .. } => {
            wildcard(format!("`{text}` has a wildcard that is not leftmost"))
                .note("a name is matched from its right end; only its first label may vary")
                .help("write `${region}` where the region stands, or list the names")
        }
        PatternError::GluedDoubleStar { after, .. } => {
            wildcard(format!("`{text}` is no pattern: {error}"))
                .help(format!("write `**.{after}` for one label or more, `*.{after}` for one"))
        }
        PatternError::Alone { .. } => wildcard(format!("`{text}` is no pattern: {error}"))
            .help("write the address `0.0.0.0/0` if every destination is meant"),
        PatternError::SeveralStars { after, .. } | PatternError::UnicodeGlob { after, .. } => {
            wildcard(format!("`{text}` is no pattern: {error}"))
                .help(format!("list the names, or write `*.{after}` if any label is meant"))
        }
    }
}

/// Why a text is no name, and what to write instead.
pub(super) fn explain_name(text: &str, error: &NameError, at: Location) -> Diagnostic {
    let diagnostic = |message: String| Diagnostic::error(codes::BAD_NAME, message).at(at, "");
    let NameError::Url(url) = error else {
        return diagnostic(format!("`{text}` is not a name: {error}"));
    };
    let says_more = diagnostic(format!("`{text}` says more than a name"))
        .note("a port is a clause of its own; a scheme, a user and a path are never seen");
    if Pattern::parse(&url.host).is_err() || url.user.is_some() {
        return says_more.help("write the name alone: `api.example.com`");
    }
    let clauses = url.clauses();
    says_more.fix(Applicability::Safe, format!("write `{clauses}`"), at, clauses)
}

/// Reads `PORTS[/PROTO]`.
pub(super) fn reach(text: &str, at: Location, found: &mut Vec<Diagnostic>) -> Option<Reach> {
    let (ports, protocol) = match text.split_once('/') {
        Some((ports, protocol)) => (ports, Some(protocol)),
        None => (text, None),
    };
    let protocol = match protocol {
        None => Protocol::Tls,
        Some(word) => match word.parse::<Protocol>() {
            Ok(protocol) => protocol,
            Err(_) => {
                let known = Protocol::ALL.map(Protocol::as_str);
                let diagnostic =
                    Diagnostic::error(codes::BAD_PROTOCOL, format!("no protocol `{word}`"))
                        .at(at, "");
                found.push(match did_you_mean(word, known) {
                    Some(near) => diagnostic.help(format!("did you mean `{ports}/{near}`?")),
                    None => diagnostic.help(format!("write one of {}", known.join(", "))),
                });
                return None;
            }
        },
    };
    let bad = |message: String| Diagnostic::error(codes::BAD_PORT, message).at(at, "");
    if protocol == Protocol::Icmp {
        if !ports.is_empty() {
            found.push(bad("icmp has no ports".to_owned()).help("write `port /icmp`").fix(
                Applicability::Safe,
                "drop the port",
                at,
                "/icmp",
            ));
            return None;
        }
        return Some(Reach::Protocol(protocol, None));
    }
    if ports.is_empty() {
        let Some(port) = protocol.default_port() else {
            found.push(bad(format!("{protocol} has no default port")).help(format!(
                "write the port, `5432/{protocol}`, or all of them, `1-65535/{protocol}`"
            )));
            return None;
        };
        return Some(Reach::Protocol(protocol, PortSet::single(port)));
    }
    match ports.parse::<PortSet>() {
        Ok(set) if protocol == Protocol::Quic && Some(&set) != PortSet::single(443).as_ref() => {
            found.push(
                bad(format!("quic is only recognised on port 443, not on {set}"))
                    .help("write `port 443/quic`; another port is `udp`, by address"),
            );
            None
        }
        Ok(set) => Some(Reach::Protocol(protocol, Some(set))),
        Err(error) => {
            found.push(
                bad(format!("`{ports}` is no list of ports: {error}"))
                    .help("write `443`, `443,8443` or `8000-8080`"),
            );
            None
        }
    }
}

/// Reads `YYYY-MM-DD`.
pub(super) fn date(text: &str, at: Location, found: &mut Vec<Diagnostic>) -> Option<Date> {
    // `jiff` reads more spellings than the language has.
    let shape = text.len() == 10
        && text.bytes().enumerate().all(|(index, byte)| match index {
            4 | 7 => byte == b'-',
            _ => byte.is_ascii_digit(),
        });
    let date = if shape { text.parse().ok() } else { None };
    if date.is_none() {
        found.push(
            Diagnostic::error(codes::BAD_DATE, format!("`{text}` is not a day"))
                .at(at, "")
                .help("write year, month and day: `2027-03-31`"),
        );
    }
    date
}

/// Whether a word is the name of a service or a set: `[a-z][a-z0-9-]*`, at most 32.
pub fn is_identifier(text: &str) -> bool {
    text.len() <= 32
        && text.starts_with(|first: char| first.is_ascii_lowercase())
        && text.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-')
}

/// Whether a word names an owner: `@`, then parts between `/`, each a letter or digit and then more of
/// them or `. _ -`.
pub fn is_owner(text: &str) -> bool {
    let is_part = |part: &str| {
        part.starts_with(|first: char| first.is_ascii_alphanumeric())
            && part.bytes().all(|b| b.is_ascii_alphanumeric() || b"._-".contains(&b))
    };
    text.strip_prefix('@').is_some_and(|handle| handle.split('/').all(is_part))
}
