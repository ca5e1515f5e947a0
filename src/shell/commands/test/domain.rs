//! `fwc test domain`: which services may reach a name, and why.

use std::cmp::Reverse;
use std::collections::BTreeSet;
use std::fmt::Write as _;

use fwc::answer::{Answer, Answers, Question, json};
use fwc::matcher::{Action, Reason};
use fwc::policy::ServiceId;
use fwc::policy::fqdn::{Change, NameError, Normalized};
use fwc::policy::host::{Host, HostError};

use super::{answers, service};
use crate::shell::args::{Domain, ResultFormat, Verdict};
use crate::shell::{Args, Error, Exit, Shell, output, project};

/// What is decided for a service in a region.
type Decision<'a> = (&'a Answers<'a>, Answer<'a>);

pub(super) fn domain(args: &Args, domain: &Domain, shell: &mut Shell) -> Result<Exit, Error> {
    let host = host(domain, shell)?;
    let question = question(domain, &host)?;
    let named = domain.policy.as_deref();
    let Some(found) = project::find(args, named, shell)? else { return Ok(Exit::Findings) };
    let roles = found.regions(&domain.region)?;
    let path = found.policy(named)?;
    let Some(compiled) = found.compile(&path, domain.today, shell)? else {
        return Ok(Exit::Findings);
    };
    let regions = answers(&compiled, &roles, domain.format);
    let decisions = decide(domain, &question, &regions)?;
    match domain.format {
        ResultFormat::Json => {
            shell.print(&json::host(&question, compiled.today, &decisions))?;
        }
        ResultFormat::Text => {
            shell.print(&text(&question, &decisions, regions.len()))?;
            for note in notes(&question, &decisions) {
                shell.say(&format!("note: {note}"));
            }
        }
    }
    Ok(match domain.expect.and_then(|expected| unmet(expected, &decisions)) {
        Some(unmet) => {
            shell.complain(&Error::Unmet(unmet));
            Exit::Findings
        }
        None => Exit::Done,
    })
}

/// Reads the host, and says what was read if that is not what was written.
fn host(domain: &Domain, shell: &mut Shell) -> Result<Host, Error> {
    let text = &domain.host;
    let Normalized { value, changes } = Host::parse(text).map_err(|error| {
        let bad = |reason: &str| Error::Usage(format!("`{text}` is not a name: {reason}"));
        match &error {
            HostError::Name(NameError::Url(url)) => {
                let port = url.port.as_deref().map(|port| format!(" --port {port}"));
                let host = &url.host;
                bad(&format!("it says more; write `{host}{}`", port.unwrap_or_default()))
            }
            other => bad(&other.to_string()),
        }
    })?;
    if changes.contains(&Change::Unicode) {
        shell.say(&format!("note: `{text}` is `{value}` on the wire"));
    } else if !changes.is_empty() {
        shell.say(&format!("note: `{text}` is read as `{value}`"));
    }
    Ok(value)
}

fn question<'q>(domain: &Domain, host: &'q Host) -> Result<Question<'q>, Error> {
    let protocol = domain.protocol;
    let usage = |text: String| Err(Error::Usage(text));
    if matches!(host, Host::Name(_)) && !protocol.named() {
        return usage(format!("no name is seen on {protocol}; ask for an address"));
    }
    if matches!(host, Host::Address(_)) && domain.to.is_some() {
        return usage("`--to` is where a name is, and this is an address".to_owned());
    }
    let port = match (domain.port, protocol.default_port()) {
        (Some(_), _) if !protocol.has_ports() => {
            return usage(format!("there are no ports on {protocol}; leave `--port` away"));
        }
        (Some(port), _) | (None, Some(port)) => port,
        (None, None) if protocol.has_ports() => {
            return usage(format!("which port? {protocol} has no default: `--port 22`"));
        }
        (None, None) => 0,
    };
    Ok(Question { host, port, protocol, at: domain.to })
}

fn decide<'a>(
    domain: &Domain,
    question: &Question<'_>,
    regions: &'a [Answers<'a>],
) -> Result<Vec<Decision<'a>>, Error> {
    let Some(policy) = regions.first().map(Answers::policy) else { return Ok(Vec::new()) };
    let named: Result<BTreeSet<ServiceId>, String> =
        domain.services.iter().map(|name| service(policy, name)).collect();
    let named = named.map_err(Error::Usage)?;
    if let Some(absent) = named.iter().find(|id| !regions.iter().any(|it| it.runs(**id))) {
        let roles: Vec<_> = regions.iter().map(|it| format!("`{}`", it.region().role)).collect();
        let name = &policy.service(*absent).name;
        return Err(Error::Usage(format!("`{name}` does not run in {}", roles.join(" or "))));
    }
    let services = (0..policy.services.len() as u32).map(ServiceId);
    let meant = services.filter(|id| named.is_empty() || named.contains(id));
    let each = meant.flat_map(|id| regions.iter().map(move |answers| (id, answers)));
    let here = each.filter(|(id, answers)| answers.runs(*id));
    Ok(here.map(|(id, answers)| (answers, answers.ask(id, question))).collect())
}

/// What was not decided as expected.
fn unmet(expected: Verdict, decisions: &[Decision<'_>]) -> Option<String> {
    let expected = match expected {
        Verdict::Allow => Action::Allow,
        Verdict::Deny => Action::Deny,
        Verdict::Observe => Action::Observe,
    };
    let mut unmet = Vec::new();
    for Row { action, services, regions, .. } in rows(decisions) {
        if action != expected {
            unmet.push(format!("{} for {} in {regions}", action.as_str(), services.join(", ")));
        }
    }
    let expected = expected.as_str();
    (!unmet.is_empty()).then(|| format!("expected {expected}, and it is {}", unmet.join("; ")))
}

/// What is said of several services at once, because it is the same.
#[derive(Debug, PartialEq, Eq)]
struct Row<'a> {
    action: Action,
    reason: String,
    services: Vec<&'a str>,
    /// Where, of all regions that were asked and have the service.
    regions: String,
    owners: BTreeSet<&'a str>,
    tickets: BTreeSet<&'a str>,
}

fn text(question: &Question<'_>, decisions: &[Decision<'_>], regions: usize) -> String {
    let mut text = String::new();
    let Question { host, port, protocol, .. } = question;
    let _ = write!(text, "{host}");
    if let Host::Name(name) = host
        && let Some(unicode) = name.unicode()
    {
        let _ = write!(text, " ({unicode})");
    }
    let _ = match protocol.has_ports() {
        true => writeln!(text, ", {protocol} on port {port}"),
        false => writeln!(text, ", {protocol}"),
    };
    text.push('\n');
    let several = regions > 1;
    let mut header = vec!["verdict", "services", "decided by", "owner", "ticket"];
    if several {
        header.insert(2, "in");
    }
    let one = |of: &BTreeSet<&str>| match of.len() {
        0 | 1 => of.first().map(|it| (*it).to_owned()).unwrap_or_default(),
        _ => "several".to_owned(),
    };
    let rows = rows(decisions).into_iter().map(|row| {
        let mut cells = vec![
            row.action.as_str().to_owned(),
            row.services.join(", "),
            row.reason,
            one(&row.owners),
            one(&row.tickets),
        ];
        if several {
            cells.insert(2, row.regions);
        }
        cells
    });
    text.push_str(&output::wrapped(&header, rows));
    text
}

/// The decisions, what is the same together: what is allowed first, what no entry speaks about last.
fn rows<'a>(decisions: &'a [Decision<'a>]) -> Vec<Row<'a>> {
    let mut rows: Vec<Row<'a>> = Vec::new();
    for of_service in decisions.chunk_by(|(_, a), (_, b)| a.verdict.services == b.verdict.services)
    {
        let mut here: Vec<Row<'a>> = Vec::new();
        for decision in of_service {
            let row = row(decision);
            match here.iter_mut().find(|it| it.says_the_same(&row)) {
                Some(known) => {
                    known.regions = format!("{}, {}", known.regions, row.regions);
                }
                None => here.push(row),
            }
        }
        if let [row] = here.as_mut_slice()
            && decisions.iter().any(|(answers, _)| answers.region().role != row.regions)
        {
            "all".clone_into(&mut row.regions);
        }
        for row in here {
            let same = |it: &&mut Row<'a>| it.says_the_same(&row) && it.regions == row.regions;
            match rows.iter_mut().find(same) {
                Some(known) => {
                    known.services.extend(row.services);
                    known.owners.extend(row.owners);
                    known.tickets.extend(row.tickets);
                }
                None => rows.push(row),
            }
        }
    }
    let order = |row: &Row<'_>| {
        let action = match row.action {
            Action::Allow => 0,
            Action::Observe => 1,
            Action::Deny => 2,
        };
        (action, Reverse(row.reason.len() != NO_ENTRY.len()))
    };
    rows.sort_by_key(order);
    rows
}

const NO_ENTRY: &str = "no entry allows it";

fn row<'a>((answers, answer): &'a Decision<'a>) -> Row<'a> {
    let services = answer.verdict.services.iter();
    let entry = answer.reason.entry.as_ref();
    let reason = match (entry, answer.reason.reason) {
        (Some(entry), _) => {
            format!("{}:{} {}", entry.place.file, entry.place.line, entry.text)
        }
        (None, Reason::UnknownSource) => "no service has this address".to_owned(),
        (None, _) => NO_ENTRY.to_owned(),
    };
    Row {
        action: answer.verdict.action,
        reason,
        services: services.map(|id| &*answers.policy().service(*id).name).collect(),
        regions: answers.region().role.clone(),
        owners: entry.and_then(|entry| entry.owner).into_iter().collect(),
        tickets: entry.and_then(|entry| entry.ticket).into_iter().collect(),
    }
}

impl Row<'_> {
    fn says_the_same(&self, other: &Self) -> bool {
        (self.action, &self.reason) == (other.action, &other.reason)
    }
}

/// What a reader of the table should know.
fn notes(question: &Question<'_>, decisions: &[Decision<'_>]) -> Vec<String> {
    let mut narrowed = BTreeSet::new();
    for (answers, answer) in decisions {
        let services = answer.verdict.services.iter();
        narrowed.extend(services.filter_map(|id| answers.narrowed(*id, question)));
    }
    let at = narrowed.into_iter().map(|address| {
        format!("asked at {address}, where an entry narrows the name to; `--to` asks elsewhere")
    });
    at.collect()
}
