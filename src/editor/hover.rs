//! What is to be said about the word at a place, as Markdown.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::{Display, Write as _};

use ipnet::IpNet;
use jiff::civil::Date;

use super::mentions::{self, Mention, Subject};
use super::reach::{Question, Row};
use super::{Draft, explain};
use crate::diagnostic::codes;
use crate::matcher::Action;
use crate::policy;
use crate::policy::names::NameSet;
use crate::policy::pattern::Pattern;
use crate::policy::port::PortSet;
use crate::policy::resolve;
use crate::policy::{Destination, Grant, Host, Origins, Reach, Region, RegionId, Regional, Sample};
use crate::project::Network;
use crate::source::{FileId, Location, Span, Spanned};
use crate::syntax;
use crate::syntax::ast::{ServiceLine, Set, SetLine, Statement};

/// What is to be said about a word.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Hover {
    /// The word.
    pub span: Span,
    /// Markdown.
    pub text: String,
}

/// Rows of a table, and entries of a list: more of them do not fit a window over a line.
const MOST: usize = 20;

impl Draft {
    /// What is to be said about the word at a place of a file of the policy.
    pub fn hover(&self, file: FileId, offset: u32) -> Option<Hover> {
        let (parsed, _) = self.parse(file)?;
        let mention = mentions::at(&parsed.file, offset)?;
        let Mention { word, subject, .. } = mention;
        let text = match subject {
            Subject::Set => self.set(word.node)?,
            Subject::Service => self.service(word.node)?,
            Subject::Network => self.network(word.node),
            Subject::Role => self.role(word.node)?,
            Subject::Destination => match mentions::variable(&word, offset) {
                Some(name) => return Some(self.variable_hover(name)),
                None => self.destination(Location { file, span: word.span }, word.node)?,
            },
            Subject::Sample => match mentions::variable(&word, offset) {
                Some(name) => return Some(self.variable_hover(name)),
                None => self.sample(Location { file, span: word.span })?,
            },
            Subject::Ports => ports(word.node)?,
            Subject::Include => self.include(Location { file, span: word.span })?,
            Subject::Lint => {
                let code = codes::ALL.iter().find(|it| it.name == word.node || it.id == word.node);
                code.map(|code| format!("`{}` is {}", code.id, code.name))?
            }
            Subject::Owner => self.owned(word.node),
            Subject::Policy => return None,
        };
        Some(Hover { span: word.span, text })
    }

    fn variable_hover(&self, name: Spanned<&str>) -> Hover {
        let mut text = format!("`${{{}}}`\n\n", name.node);
        for (role, value) in self.values(name.node) {
            let value = value.map_or("has no value".to_owned(), |value| format!("is `{value}`"));
            let _ = writeln!(text, "- {role}: {value}");
        }
        // With the `${` and the `}`.
        let span = Span::new(name.span.start.saturating_sub(2), name.span.end + 1);
        Hover { span, text }
    }

    /// What a variable stands for in each region.
    pub(super) fn values(&self, name: &str) -> Vec<(&str, Option<String>)> {
        let roles = self.project.regions.keys();
        roles.map(|role| (role.as_str(), self.project.variables(role).remove(name))).collect()
    }

    /// What a network is in each region.
    fn network(&self, name: &str) -> String {
        let mut text = format!("network `{name}`\n\n");
        for (role, region) in &self.project.regions {
            let addresses = match region.networks.get(name) {
                Some(Network::Cidrs(cidrs)) => quoted(cidrs),
                Some(Network::PrefixList(arn)) => format!("the prefix list `{arn}`"),
                Some(Network::ContainerAssociation(arn)) => {
                    format!("the container association `{arn}`")
                }
                None => "has no such network".to_owned(),
            };
            let _ = writeln!(text, "- {role}: {addresses}");
        }
        let from: Vec<_> = self.services_from(name).map(|it| format!("`{it}`")).collect();
        if !from.is_empty() {
            let _ = write!(text, "\nfrom here: {}", from.join(", "));
        }
        text
    }

    fn services_from<'d>(&'d self, network: &str) -> impl Iterator<Item = &'d str> {
        self.sources.policies().flat_map(move |(file, source)| {
            let statements = syntax::parse(file, &source.text).file.statements.into_iter();
            let services = statements.filter_map(|statement| match statement.node {
                Statement::Service(it) if it.from.iter().any(|from| from.node == network) => {
                    Some(it.name.node)
                }
                _ => None,
            });
            services.collect::<Vec<_>>()
        })
    }

    /// The addresses of a network in one line.
    pub(super) fn network_in_short(&self, name: &str) -> String {
        let each = self.project.regions.iter().filter_map(|(role, region)| {
            Some(match region.networks.get(name)? {
                Network::Cidrs(cidrs) => {
                    let cidrs: Vec<_> = cidrs.iter().map(ToString::to_string).collect();
                    format!("{role} {}", cidrs.join(" "))
                }
                Network::PrefixList(_) => format!("{role} prefix list"),
                Network::ContainerAssociation(_) => format!("{role} container association"),
            })
        });
        each.collect::<Vec<_>>().join(", ")
    }

    fn role(&self, role: &str) -> Option<String> {
        let region = self.project.regions.get(role)?;
        let mut text = format!("region `{role}`");
        if let Some(aws) = &region.aws {
            let _ = write!(text, " is `{aws}`");
        }
        if let Some(cidr) = &region.vpc_cidr {
            let _ = write!(text, ", VPC `{cidr}`");
        }
        Some(text)
    }

    fn service(&self, name: &str) -> Option<String> {
        if name == "any" {
            return Some("every service".to_owned());
        }
        let (id, service) =
            self.policy.services.iter().enumerate().find(|(_, it)| *it.name == *name)?;
        let mut text = format!("service `{name}`");
        if let Some(owner) = &service.owner {
            let _ = write!(text, " of {owner}");
        }
        if let Some(day) = service.observe {
            let _ = write!(text, ", observes {}", explain::until(day, self.today));
        }
        let grants = self.policy.grants.iter();
        let own = grants.filter(|it| it.service.is_some_and(|it| it.0 as usize == id));
        let _ = writeln!(text, "; {} grants\n", own.count());
        for (number, region) in self.policy.regions.iter().enumerate() {
            let from = match service.sources(RegionId(number as u32)) {
                Some(Origins::Networks(networks)) => format!("from {}", quoted(networks)),
                Some(Origins::Reference { network, .. }) => {
                    format!("from `{network}`, which AWS fills")
                }
                None => "does not run here".to_owned(),
            };
            let _ = writeln!(text, "- {}: {from}", region.role);
        }
        Some(text)
    }

    fn set(&self, name: &str) -> Option<String> {
        for (file, source) in self.sources.policies() {
            let parsed = syntax::parse(file, &source.text);
            for statement in &parsed.file.statements {
                if let Statement::Set(set) = &statement.node
                    && set.name.node == name
                {
                    return Some(self.set_text(set));
                }
            }
        }
        None
    }

    fn set_text(&self, set: &Set<'_>) -> String {
        let mut text = format!("set `{}`", set.name.node);
        if let Some(doc) = set.doc {
            let _ = write!(text, ": {}", plain(&doc.value()));
        }
        text.push_str("\n\n");
        for line in set.body.iter().take(MOST) {
            let words = match &line.node {
                SetLine::Entry(entry) => {
                    let words: Vec<_> = entry.destinations.iter().map(|it| it.node).collect();
                    words.join(" ")
                }
                SetLine::Use(line) => format!("use {}", line.set.node),
            };
            let _ = writeln!(text, "- `{words}`");
        }
        text.push_str(&more(set.body.len()));
        let users: Vec<_> = self.users(set.name.node).map(|it| format!("`{it}`")).collect();
        let _ = match users.as_slice() {
            [] => write!(text, "\nnobody uses it"),
            _ => write!(text, "\nused by {}", users.join(", ")),
        };
        text
    }

    /// The services and sets that use a set.
    fn users<'d>(&'d self, set: &str) -> impl Iterator<Item = &'d str> {
        self.sources.policies().flat_map(move |(file, source)| {
            let statements = syntax::parse(file, &source.text).file.statements.into_iter();
            let blocks = statements.filter_map(|statement| {
                let (name, uses) = match statement.node {
                    Statement::Set(it) => {
                        let uses = it.body.iter().any(
                            |line| matches!(&line.node, SetLine::Use(it) if it.set.node == set),
                        );
                        (it.name.node, uses)
                    }
                    Statement::Service(it) => {
                        let uses = it.body.iter().any(
                            |line| matches!(&line.node, ServiceLine::Use(it) if it.set.node == set),
                        );
                        (it.name.node, uses)
                    }
                    _ => return None,
                };
                uses.then_some(name)
            });
            blocks.collect::<Vec<_>>()
        })
    }

    fn include(&self, at: Location) -> Option<String> {
        let files = self.includes.iter().filter(|(include, _)| *include == at);
        let paths: Vec<_> = files
            .filter_map(|(_, file)| self.sources.get(*file))
            .map(|file| format!("- `{}`\n", file.path))
            .collect();
        let count = paths.len();
        let shown: String = paths.into_iter().take(MOST).collect();
        (count > 0).then(|| format!("{count} files\n\n{shown}{}", more(count)))
    }

    /// How much is whose.
    fn owned(&self, owner: &str) -> String {
        let services = self.policy.services.iter().filter(|it| it.owner.as_deref() == Some(owner));
        let names: Vec<_> = services.map(|it| format!("`{}`", it.name)).collect();
        match names.as_slice() {
            [] => format!("{owner} owns no service"),
            _ => format!("{owner} owns {}", names.join(", ")),
        }
    }

    /// A destination of an entry or a claim.
    fn destination(&self, at: Location, word: &str) -> Option<String> {
        let destination = resolve::destination(word, &self.project)?;
        let mut text = self.meaning(word, &destination);
        let here = self.policy.grants.iter().filter(|grant| grant.at == at);
        let grants: Vec<&Grant> = here.collect();
        self.grants(&grants, &mut text);
        let terms = grants.first().map(|grant| self.policy.terms(grant));
        self.answer(&Question::of(&destination, terms), &mut text);
        Some(text)
    }

    /// The target of a sample.
    fn sample(&self, at: Location) -> Option<String> {
        let holds = |sample: &&Sample| {
            sample.at.file == at.file
                && sample.at.span.start <= at.span.start
                && at.span.end <= sample.at.span.end
        };
        let sample = self.policy.samples.iter().find(holds)?;
        let destination = |host: &Host| match host {
            Host::Name(name) => Destination::Names(Pattern::Exact(name.clone())),
            Host::Address(address) => Destination::Addresses((*address).into()),
        };
        let destination = match &sample.host {
            Regional::Same(host) => Regional::Same(destination(host)),
            Regional::Each(hosts) => Regional::Each(hosts.iter().map(destination).collect()),
        };
        let written = destination.first()?.text().into_owned();
        let mut text = self.meaning(&written, &destination);
        let question = Question {
            protocol: sample.protocol,
            port: sample.port,
            ..Question::of(&destination, None)
        };
        self.answer(&question, &mut text);
        Some(text)
    }

    /// What a destination matches, in each region where they differ.
    fn meaning(&self, word: &str, destination: &Regional<Destination>) -> String {
        match destination {
            Regional::Same(destination) => {
                format!("`{word}`: {}\n", explain::destination(destination))
            }
            Regional::Each(each) => {
                let mut text = format!("`{word}`\n\n");
                for (Region { role, .. }, destination) in self.policy.regions.iter().zip(each) {
                    let means = explain::destination(destination);
                    let _ = writeln!(text, "- {role}: `{destination}`, {means}");
                }
                text
            }
        }
    }

    /// What the entry says, a line for whoever it says it to.
    fn grants(&self, grants: &[&Grant], text: &mut String) {
        /// To whom the same is said, and whose entries say it.
        type Who<'d> = (Vec<String>, BTreeSet<&'d str>);
        let mut lines: BTreeMap<(policy::Action, String, Option<Date>), Who<'_>> = BTreeMap::new();
        for grant in grants {
            let terms = self.policy.terms(grant);
            let who = match grant.service {
                Some(id) => format!("`{}`", self.policy.service(id).name),
                None => "every service".to_owned(),
            };
            let mut line = explain::reach(&terms.reach);
            if !terms.except_written().is_empty() {
                let _ = write!(line, ", except {}", quoted(terms.except_written()));
            }
            if !terms.to().is_empty() {
                let _ = write!(line, ", only at {}", quoted(terms.to()));
            }
            if let Some(reason) = &terms.reason {
                line.push_str(", because ");
                if let Some(ticket) = &terms.ticket {
                    line.push_str(&self.ticket(ticket));
                    line.push(' ');
                }
                let _ = write!(line, "“{}”", plain(reason));
            }
            let key = (grant.action, line, terms.until);
            let (services, owners) = lines.entry(key).or_default();
            services.push(who);
            owners.extend(terms.owner.as_deref());
        }
        let count = lines.len();
        for ((action, line, until), (services, owners)) in lines.into_iter().take(MOST) {
            let word = match action {
                policy::Action::Allow => "allowed",
                policy::Action::Deny => "denied",
            };
            let _ = write!(text, "\n{word} to {} {line}", services.join(", "));
            if let [owner] = owners.into_iter().collect::<Vec<_>>().as_slice() {
                let _ = write!(text, ", owner {owner}");
            }
            if let Some(day) = until {
                let _ = write!(text, ", {}", explain::until(day, self.today));
            }
            text.push('\n');
        }
        text.push_str(&more(count));
    }

    fn ticket(&self, ticket: &str) -> String {
        match &self.project.tickets {
            Some(address) => format!("[{ticket}]({})", address.replace("{}", ticket)),
            None => ticket.to_owned(),
        }
    }

    /// Who gets it, as a table.
    fn answer(&self, question: &Question<'_>, text: &mut String) {
        let rows = self.decide(question);
        if rows.is_empty() {
            return;
        }
        let reach = match question.port {
            0 => Reach::Protocol(question.protocol, None),
            port => Reach::Protocol(question.protocol, PortSet::single(port)),
        };
        let asked = explain::reach(&reach);
        let it = asked_about(question.destination);
        let opens = |row: &&Row<'_>| {
            row.actions.iter().any(|it| matches!(it, Some(Action::Allow | Action::Observe)))
        };
        let open: Vec<&Row<'_>> = rows.iter().filter(opens).collect();
        if open.is_empty() {
            let _ = writeln!(text, "\nNobody reaches {it} {asked}.");
            return;
        }
        let _ = writeln!(text, "\nWho reaches {it} {asked}:\n");
        let roles: Vec<_> = self.policy.regions.iter().map(|it| it.role.as_str()).collect();
        let _ = writeln!(text, "| service | owner | {} |", roles.join(" | "));
        let _ = writeln!(text, "|---|---|{}", "---|".repeat(roles.len()));
        for row in open.iter().take(MOST) {
            let cells: Vec<_> = row.actions.iter().map(|action| cell(*action)).collect();
            let owner = row.service.owner.as_deref().unwrap_or("");
            let _ = writeln!(text, "| {} | {owner} | {} |", row.service.name, cells.join(" | "));
        }
        text.push_str(&more(open.len()));
        let rest = rows.len() - open.len();
        if rest > 0 {
            let _ = writeln!(text, "\nThe other {rest} do not.");
        }
    }
}

/// What of a destination is asked about.
fn asked_about(destination: &Regional<Destination>) -> String {
    let one = |network: &IpNet| network.prefix_len() == network.max_prefix_len();
    match destination {
        Regional::Same(Destination::Names(Pattern::Exact(_))) => "it".to_owned(),
        Regional::Same(Destination::Names(pattern)) => {
            let witness = NameSet::from_pattern(pattern).witness();
            witness.map_or("it".to_owned(), |name| format!("one of them, `{name}`,"))
        }
        Regional::Same(Destination::Addresses(network)) if one(network) => "it".to_owned(),
        Regional::Same(Destination::Addresses(network)) => {
            format!("the first of them, `{}`,", network.addr())
        }
        Regional::Each(each) => match each.first() {
            Some(Destination::Names(Pattern::Exact(_))) | None => "it".to_owned(),
            Some(_) => "one of them".to_owned(),
        },
    }
}

fn cell(action: Option<Action>) -> &'static str {
    match action {
        Some(Action::Allow) => "allow",
        Some(Action::Deny) => "deny",
        Some(Action::Observe) => "observe",
        None => "–",
    }
}

/// Ports of a clause, in words.
fn ports(word: &str) -> Option<String> {
    Some(explain::reach(&resolve::reach(word)?))
}

fn quoted(words: &[impl Display]) -> String {
    words.iter().map(|word| format!("`{word}`")).collect::<Vec<_>>().join(" ")
}

/// How many of a list are left out.
fn more(count: usize) -> String {
    match count.checked_sub(MOST) {
        None | Some(0) => String::new(),
        Some(left) => format!("\nand {left} more\n"),
    }
}

/// Text of the policy that stands in Markdown as it is.
fn plain(text: &str) -> String {
    let special = |it: char| "\\`*_{}[]()<>#+-.!|~".contains(it);
    let mut plain = String::with_capacity(text.len());
    for character in text.chars() {
        if special(character) {
            plain.push('\\');
        }
        plain.push(character);
    }
    plain
}
