//! What a code, a signature id or a name is about, for `fwc explain`.

use core::net::IpAddr;
use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;

use jiff::civil::Date;

use crate::diagnostic::{Code, codes, did_you_mean};
use crate::lints::suffix::PublicSuffixes;
use crate::lints::tenants::{self, Tenant};
use crate::lints::{self, LINTS, Lint};
use crate::matcher::{Action, Flow, Matcher, Options, Reason, Request, Source, Spoken};
use crate::policy::fqdn::Fqdn;
use crate::policy::pattern::Pattern;
use crate::policy::port::Protocol;
use crate::policy::{Destination, GrantId, Policy, Reach, RegionId, ServiceId};
use crate::source::{Location, Sources};
use crate::suricata::profile::Profile;
use crate::suricata::{Ruleset, Signature, print};

/// What can be explained.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Subject {
    /// The lints, all of them.
    Lints,
    /// A code of a finding.
    Code(Code),
    /// The id of a signature.
    Signature(u32),
    /// A name.
    Name(Fqdn),
}

/// A word that nothing can be said about.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{word}` is no code, lint, signature id or name{hint}")]
pub struct Unknown {
    word: String,
    hint: String,
}

impl Subject {
    /// Reads `lints`, a code, the name of a code, a signature id, or a name.
    ///
    /// # Errors
    /// None of these.
    pub fn parse(word: &str) -> Result<Self, Unknown> {
        if word == "lints" {
            return Ok(Self::Lints);
        }
        let is_code = |code: &&Code| code.id.eq_ignore_ascii_case(word) || code.name == word;
        if let Some(code) = codes::ALL.iter().find(is_code) {
            return Ok(Self::Code(*code));
        }
        if let Ok(sid) = word.parse() {
            return Ok(Self::Signature(sid));
        }
        match Fqdn::parse(word) {
            // A word without a dot is rather a code that is spelt wrong.
            Ok(name) if word.contains('.') => Ok(Self::Name(name.value)),
            _ => {
                let known = codes::ALL.iter().flat_map(|code| [code.name, code.id]);
                let near = did_you_mean(word, known);
                let hint = near.map(|near| format!("; did you mean `{near}`?")).unwrap_or_default();
                Err(Unknown { word: word.to_owned(), hint })
            }
        }
    }
}

/// Every lint with its level and what it finds: code, name, level, summary.
pub fn lints() -> Vec<[&'static str; 4]> {
    let row = |lint: &&Lint| [lint.code.id, lint.code.name, lint.level.as_str(), lint.code.summary];
    LINTS.iter().map(row).collect()
}

/// The page of a lint, or what there is to say about another code.
pub fn code(code: Code) -> String {
    match lints::find(code.id) {
        Some(lint) => lint.page.to_owned(),
        None => format!("# {} `{}`\n\n{}\n", code.id, code.name, code.summary),
    }
}

/// What a name is: its forms, whose suffix it has, and what it is known for.
pub fn name(name: &Fqdn, suffixes: &PublicSuffixes) -> String {
    let mut text = format!("{name}\n");
    let mut line = |what: &str, value: &str| {
        let _ = writeln!(text, "  {what:<14} {value}");
    };
    if let Some(unicode) = name.unicode() {
        line("shown as", &unicode);
    }
    let suffix = match suffixes.of(name.as_str()) {
        Some(suffix) if suffix == name.as_str() => {
            "it is one itself: anybody can register below it"
        }
        Some(suffix) => suffix,
        None => "none: there is no such top-level domain",
    };
    line("public suffix", suffix);
    match Tenant::of(name) {
        Some(Tenant { name, what, source }) => {
            line("tenant parent", &format!("{name} holds {what} ({source})"));
        }
        None => line("tenant parent", "none that is known"),
    }
    if let Some(risk) = tenants::risk(&Pattern::Exact(name.clone()), |_| true) {
        line("known as", &format!("{} ({})", risk.what, risk.source));
    }
    text
}

/// Who is let to a name, or refused it, by one entry.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Access {
    /// The services.
    pub services: Vec<String>,
    /// What is asked for: `443/tls`.
    pub reaches: Vec<String>,
    /// The regions where that is so.
    pub regions: Vec<String>,
    /// `allow`, `deny` or `observe`.
    pub action: &'static str,
    /// The entry that decides.
    pub entry: Entry,
}

/// An entry as people look it up.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Entry {
    /// `allow api.stripe.com`
    pub text: String,
    /// `policies/prod.fw:21`
    pub place: String,
    /// Whose it is.
    pub owner: String,
    /// Its ticket.
    pub ticket: String,
}

/// Who reaches a name on a day, on the default ports and on those that entries about it name.
pub fn access(
    policy: &Policy,
    sources: &Sources,
    name: &Fqdn,
    today: Date,
    profile: &'static Profile,
) -> Vec<Access> {
    let mut asked: BTreeSet<(Protocol, u16, IpAddr)> = BTreeSet::new();
    let anywhere = IpAddr::from([0, 0, 0, 0]);
    let named = Protocol::ALL.into_iter().filter(|protocol| protocol.named());
    asked.extend(named.filter_map(|protocol| Some((protocol, protocol.default_port()?, anywhere))));
    for grant in &policy.grants {
        let terms = policy.terms(grant);
        let regions = (0..policy.regions.len() as u32).map(RegionId);
        let mut destinations = regions.filter_map(|region| grant.destination.get(region));
        let is_about = destinations.any(|destination| match destination {
            Destination::Names(pattern) => pattern.matches(name.as_str()),
            Destination::Addresses(_) => false,
        });
        if let Reach::Protocol(protocol, Some(ports)) = &terms.reach
            && is_about
        {
            let address = terms.to().first().map_or(anywhere, |network| network.addr());
            asked.extend(ports.ranges().map(|range| (*protocol, range.first(), address)));
        }
    }
    let mut decided: BTreeMap<(ServiceId, GrantId, &'static str), Decided> = BTreeMap::new();
    let options = Options { profile, ..Options::new(today) };
    for region in (0..policy.regions.len() as u32).map(RegionId) {
        let matcher = Matcher::new(policy, region, &options);
        for service in (0..policy.services.len() as u32).map(ServiceId) {
            for (protocol, port, destination) in &asked {
                let hosts = [name.as_str().as_bytes()];
                let requests = [Request::get(&hosts)];
                let sni = Some(name.as_str().as_bytes());
                let spoken = match protocol {
                    Protocol::Http => Spoken::Http { requests: &requests },
                    Protocol::Quic => Spoken::Quic { name: sni },
                    _ => Spoken::Tls { name: sni },
                };
                let source = Source::Service(service);
                let flow = Flow { source, destination: *destination, port: *port, spoken };
                let verdict = matcher.decide(&flow);
                let (Reason::Grant(grant) | Reason::DenyEntry(grant)) = verdict.reason else {
                    continue;
                };
                let action = match verdict.action {
                    Action::Allow => "allow",
                    Action::Deny => "deny",
                    Action::Observe => "observe",
                };
                let Decided { reaches, regions } =
                    decided.entry((service, grant, action)).or_default();
                reaches.insert((*protocol, *port));
                regions.insert(region);
            }
        }
    }
    // Services about which one entry decides alike share a row.
    let mut rows: Vec<Row> = Vec::new();
    for ((service, grant, action), decided) in decided {
        let same =
            |row: &&mut Row| (row.grant, row.action, &row.decided) == (grant, action, &decided);
        match rows.iter_mut().find(same) {
            Some(row) => row.services.push(service),
            None => rows.push(Row { grant, action, decided, services: vec![service] }),
        }
    }
    let rows = rows.into_iter().map(|Row { grant, action, decided, services }| {
        let Decided { reaches, regions } = decided;
        let roles = policy.regions.iter().enumerate();
        let roles = roles.filter(|(number, _)| regions.contains(&RegionId(*number as u32)));
        Access {
            services: services.iter().map(|id| policy.service(*id).name.to_string()).collect(),
            reaches: reaches.iter().map(|(protocol, port)| format!("{port}/{protocol}")).collect(),
            regions: roles.map(|(_, region)| region.role.clone()).collect(),
            action,
            entry: entry(policy, sources, grant),
        }
    });
    rows.collect()
}

/// What an entry decides, and for whom.
struct Row {
    grant: GrantId,
    action: &'static str,
    decided: Decided,
    services: Vec<ServiceId>,
}

/// What an entry decides for a service.
#[derive(Debug, Default, PartialEq, Eq)]
struct Decided {
    reaches: BTreeSet<(Protocol, u16)>,
    regions: BTreeSet<RegionId>,
}

fn entry(policy: &Policy, sources: &Sources, id: GrantId) -> Entry {
    let Some(grant) = policy.grant(id) else { return Entry::default() };
    let terms = policy.terms(grant);
    let said = |text: &Option<std::sync::Arc<str>>| text.as_deref().unwrap_or_default().to_owned();
    Entry {
        text: policy.entry_text(grant),
        place: place(sources, grant.at),
        owner: said(&terms.owner),
        ticket: said(&terms.ticket),
    }
}

fn place(sources: &Sources, at: Location) -> String {
    let file = sources.get(at.file);
    file.map(|file| format!("{}:{}", file.path, file.position(at.span.start).line))
        .unwrap_or_default()
}

/// What the signature with an id stands for, in every region that has it; `None` if no region does.
pub fn signature(
    sid: u32,
    policy: &Policy,
    rulesets: &[Ruleset],
    sources: &Sources,
) -> Option<String> {
    let mut text = String::new();
    for ruleset in rulesets {
        let Some(signature) = ruleset.signatures.iter().find(|it| it.sid == sid) else { continue };
        if text.is_empty() {
            text = said(signature, policy, sources);
        }
        let mut line = String::new();
        print::signature(signature, &mut line);
        let _ = writeln!(text, "\nin region {}\n  {}", ruleset.region.role, line.trim_end());
    }
    (!text.is_empty()).then_some(text)
}

/// Where the entries stand that a signature with this id was made of.
pub fn places(sid: u32, policy: &Policy, ruleset: &Ruleset) -> Vec<Location> {
    let signature = ruleset.signatures.iter().find(|signature| signature.sid == sid);
    let grants = signature.map(|signature| &*signature.grants).unwrap_or_default();
    grants.iter().filter_map(|id| policy.grant(*id)).map(|grant| grant.at).collect()
}

/// What a signature says in every region.
fn said(signature: &Signature, policy: &Policy, sources: &Sources) -> String {
    let mut text = format!("{} {}\n", signature.sid, signature.message());
    let mut line = |what: &str, value: &str| {
        let _ = writeln!(text, "  {what:<8} {value}");
    };
    for grant in signature.grants.iter().filter_map(|id| policy.grant(*id)) {
        let Location { file, span } = grant.at;
        let written = sources.get(file).map_or("", |file| file.slice(span));
        line("entry", &format!("{} `{written}`", place(sources, grant.at)));
    }
    let Some(metadata) = signature.metadata() else {
        line("part of", "what stands around the entries, see docs/signatures.md");
        return text;
    };
    line("service", metadata.service.as_deref().unwrap_or("any"));
    line("owner", metadata.owner.as_deref().unwrap_or("nobody"));
    line("ticket", metadata.ticket.as_deref().unwrap_or("none"));
    if let Some(until) = metadata.until {
        line("until", &until.to_string());
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_word_is_what_it_looks_like() {
        let read = |word| Subject::parse(word);
        assert_eq!(read("lints"), Ok(Subject::Lints));
        assert_eq!(read("fw022"), Ok(Subject::Code(codes::SHADOWED_ENTRY)));
        assert_eq!(read("unknown-set"), Ok(Subject::Code(codes::UNKNOWN_SET)));
        assert_eq!(read("1048577"), Ok(Subject::Signature(1_048_577)));
        assert!(matches!(read("api.stripe.com"), Ok(Subject::Name(_))));
        let error = read("shadowed-entri").unwrap_err().to_string();
        assert!(error.ends_with("did you mean `shadowed-entry`?"), "{error}");
    }
}
