//! What a code, a signature id or a name is about, for `fwc explain`.

use core::net::IpAddr;
use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;

use jiff::civil::Date;
use serde::Serialize;

use crate::diagnostic::{Code, codes, did_you_mean};
use crate::lints::suffix::PublicSuffixes;
use crate::lints::tenants::{self, Risk, Tenant};
use crate::lints::{self, LINTS, Lint};
use crate::matcher::{Action, Flow, Matcher, Options, Reason, Request, Source, Spoken};
use crate::policy::fqdn::Fqdn;
use crate::policy::pattern::Pattern;
use crate::policy::port::Protocol;
use crate::policy::{Destination, GrantId, Policy, Reach, RegionId, ServiceId};
use crate::source::{Location, Sources};
use crate::suricata::profile::Profile;
use crate::suricata::{Metadata, Ruleset, print};

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

/// What there is to say, which programs get as JSON: `{"schema":1,"kind":"name",…}`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(tag = "kind", rename_all = "kebab-case")]
pub enum Explanation {
    /// Of the lints.
    Lints {
        /// All of them, by code.
        lints: Vec<Meaning>,
    },
    /// Of a code.
    Code(Meaning),
    /// Of a signature id.
    Signature(Signed),
    /// Of a name.
    Name(Named),
}

impl Explanation {
    /// Every lint.
    pub fn lints() -> Self {
        let lint = |lint: &&Lint| Meaning { page: None, ..Meaning::of(lint.code) };
        Self::Lints { lints: LINTS.iter().map(lint).collect() }
    }

    /// As JSON, one object on one line.
    pub fn to_json(&self) -> String {
        #[derive(Serialize)]
        struct Document<'e> {
            schema: u32,
            #[serde(flatten)]
            explanation: &'e Explanation,
        }
        // Strings and numbers always have a JSON form.
        let document = Document { schema: 1, explanation: self };
        serde_json::to_string(&document).unwrap_or_default() + "\n"
    }
}

/// What a code stands for.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Meaning {
    /// `FW022`
    pub code: &'static str,
    /// `shadowed-entry`
    pub name: &'static str,
    /// How it is reported unless the project says otherwise; `None` for what is no lint.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub level: Option<&'static str>,
    /// What is found, one sentence.
    pub summary: &'static str,
    /// The page of a lint, Markdown.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub page: Option<&'static str>,
}

impl Meaning {
    /// Of that code.
    pub fn of(code: Code) -> Self {
        let lint = lints::find(code.id);
        Self {
            code: code.id,
            name: code.name,
            level: lint.map(|lint| lint.level.as_str()),
            summary: code.summary,
            page: lint.map(|lint| lint.page),
        }
    }

    /// For people.
    pub fn text(&self) -> String {
        match self.page {
            Some(page) => page.to_owned(),
            None => format!("# {} `{}`\n\n{}\n", self.code, self.name, self.summary),
        }
    }
}

/// What a name is: its forms, whose suffix it has, what it is known for, and who may reach it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Named {
    /// In its one form.
    pub name: String,
    /// As people write it, if that differs.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub unicode: Option<String>,
    /// The public suffix it ends with, which may be all of it; none where there is no such top-level
    /// domain.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub public_suffix: Option<String>,
    /// The parent it lies below, whose other children belong to strangers.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub tenant_parent: Option<Known>,
    /// What it, or a name it lies below, does for whoever asks.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub known_as: Option<Known>,
    /// Who may reach it; `None` if no policy was asked.
    #[serde(flatten)]
    pub reached: Option<Reached>,
}

/// A name on a list of this build.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Known {
    /// As listed.
    pub name: &'static str,
    /// What it is.
    pub what: &'static str,
    /// Where that is said.
    pub source: &'static str,
}

/// Who may reach a name on a day.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Reached {
    /// The day, UTC.
    pub today: Date,
    /// Whoever is let there or refused by an entry; what is not named is refused.
    pub access: Vec<Access>,
}

impl Named {
    /// What there is to say without a policy.
    pub fn of(name: &Fqdn, suffixes: &PublicSuffixes) -> Self {
        let tenant = |Tenant { name, what, source }: &Tenant| Known { name, what, source };
        let risk = |Risk { name, what, source, .. }: &Risk| Known { name, what, source };
        Self {
            name: name.to_string(),
            unicode: name.unicode(),
            public_suffix: suffixes.of(name.as_str()).map(str::to_owned),
            tenant_parent: Tenant::of(name).map(tenant),
            known_as: tenants::risk(&Pattern::Exact(name.clone()), |_| true).map(risk),
            reached: None,
        }
    }

    /// For people, but for who may reach it.
    pub fn text(&self) -> String {
        let mut text = format!("{}\n", self.name);
        let mut line = |what: &str, value: &str| {
            let _ = writeln!(text, "  {what:<14} {value}");
        };
        if let Some(unicode) = &self.unicode {
            line("shown as", unicode);
        }
        let suffix = match self.public_suffix.as_deref() {
            Some(suffix) if suffix == self.name => {
                "it is one itself: anybody can register below it"
            }
            Some(suffix) => suffix,
            None => "none: there is no such top-level domain",
        };
        line("public suffix", suffix);
        match &self.tenant_parent {
            Some(Known { name, what, source }) => {
                line("tenant parent", &format!("{name} holds {what} ({source})"));
            }
            None => line("tenant parent", "none that is known"),
        }
        if let Some(Known { what, source, .. }) = &self.known_as {
            line("known as", &format!("{what} ({source})"));
        }
        text
    }
}

/// Who is let to a name, or refused it, by one entry.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Access {
    /// `allow`, `deny` or `observe`.
    pub action: &'static str,
    /// The services.
    pub services: Vec<String>,
    /// What is asked for: `443/tls`.
    pub ports: Vec<String>,
    /// The regions where that is so.
    pub regions: Vec<String>,
    /// The entry that decides.
    pub entry: Entry,
}

/// An entry as people look it up.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize)]
pub struct Entry {
    /// `allow api.stripe.com`
    pub text: String,
    /// The file, as it was named.
    pub file: String,
    /// The line, from 1.
    pub line: u32,
    /// Whose it is.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub owner: Option<String>,
    /// Its ticket.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub ticket: Option<String>,
}

/// What a signature stands for.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Signed {
    /// Its id.
    pub sid: u32,
    /// What it writes into a log.
    pub message: String,
    /// The entries it was made from; none of what stands around the entries.
    pub entries: Vec<Entry>,
    /// Whose flows it is about, unless it is about everybody's.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub service: Option<String>,
    /// Whose it is.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub owner: Option<String>,
    /// Its ticket.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub ticket: Option<String>,
    /// Its last day.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub until: Option<Date>,
    /// Its text in every region that has it.
    pub regions: Vec<Printed>,
}

/// A signature in a region.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Printed {
    /// The role of the region.
    pub region: String,
    /// The line that Suricata reads.
    pub signature: String,
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
            ports: reaches.iter().map(|(protocol, port)| format!("{port}/{protocol}")).collect(),
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
    let (file, line) = place(sources, grant.at);
    Entry {
        text: policy.entry_text(grant),
        file,
        line,
        owner: terms.owner.as_deref().map(str::to_owned),
        ticket: terms.ticket.as_deref().map(str::to_owned),
    }
}

fn place(sources: &Sources, at: Location) -> (String, u32) {
    let file = sources.get(at.file);
    file.map(|file| (file.path.clone(), file.position(at.span.start).line)).unwrap_or_default()
}

/// Where the entries stand that a signature with this id was made of.
pub fn places(sid: u32, policy: &Policy, ruleset: &Ruleset) -> Vec<Location> {
    let signature = ruleset.signatures.iter().find(|signature| signature.sid == sid);
    let grants = signature.map(|signature| &*signature.grants).unwrap_or_default();
    grants.iter().filter_map(|id| policy.grant(*id)).map(|grant| grant.at).collect()
}

impl Signed {
    /// What the signature with an id stands for; `None` if no region has it.
    pub fn of(sid: u32, policy: &Policy, rulesets: &[Ruleset], sources: &Sources) -> Option<Self> {
        let mut regions = Vec::new();
        let mut found = None;
        for ruleset in rulesets {
            let Some(signature) = ruleset.signatures.iter().find(|it| it.sid == sid) else {
                continue;
            };
            let mut text = String::new();
            print::signature(signature, &mut text);
            let region = ruleset.region.role.clone();
            regions.push(Printed { region, signature: text.trim_end().to_owned() });
            found = found.or(Some(signature));
        }
        let signature = found?;
        let metadata = signature.metadata();
        let said = |of: fn(&Metadata) -> Option<&str>| metadata.and_then(of).map(str::to_owned);
        Some(Self {
            sid,
            message: signature.message().to_string(),
            entries: signature.grants.iter().map(|id| entry(policy, sources, *id)).collect(),
            service: said(|it| it.service.as_deref()),
            owner: said(|it| it.owner.as_deref()),
            ticket: said(|it| it.ticket.as_deref()),
            until: metadata.and_then(|it| it.until),
            regions,
        })
    }

    /// For people.
    pub fn text(&self) -> String {
        let mut text = format!("{} {}\n", self.sid, self.message);
        let mut line = |what: &str, value: &str| {
            let _ = writeln!(text, "  {what:<8} {value}");
        };
        for Entry { text, file, line: number, .. } in &self.entries {
            line("entry", &format!("{file}:{number} `{text}`"));
        }
        if self.entries.is_empty() {
            line("part of", "what stands around the entries, see docs/signatures.md");
        } else {
            line("service", self.service.as_deref().unwrap_or("any"));
            line("owner", self.owner.as_deref().unwrap_or("nobody"));
            line("ticket", self.ticket.as_deref().unwrap_or("none"));
            if let Some(until) = self.until {
                line("until", &until.to_string());
            }
        }
        for Printed { region, signature } in &self.regions {
            let _ = writeln!(text, "\nin region {region}\n  {signature}");
        }
        text
    }
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
