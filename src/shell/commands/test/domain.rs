//! `fwc test domain`: which services may reach a name, and why.

mod table;

use std::collections::BTreeSet;

use fwc::answer::{Answer, Answers, Question, json};
use fwc::matcher::Action;
use fwc::policy::ServiceId;
use fwc::policy::fqdn::{Change, NameError, Normalized};
use fwc::policy::host::{Host, HostError};

use super::{answers, service};
use crate::shell::args::{Domain, ResultFormat, Verdict};
use crate::shell::{Args, Error, Exit, Shell, project};

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
            shell.print(&text(&question, &decisions))?;
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
        let bad =
            |reason: &str| Error::Usage(format!("`{text}` is not a name or an address: {reason}"));
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
    let expected = Action::from(expected);
    let rows = table::rows(decisions);
    let unmet: Vec<_> = rows
        .iter()
        .filter(|row| row.action != expected)
        .map(|row| {
            let action = row.action.as_str();
            let region = row.regions().map(|regions| format!(" in {regions}"));
            format!("{action} for {}{}", row.services.join(", "), region.unwrap_or_default())
        })
        .collect();
    let expected = expected.as_str();
    (!unmet.is_empty()).then(|| format!("expected {expected}, and it is {}", unmet.join("; ")))
}

impl From<Verdict> for Action {
    fn from(verdict: Verdict) -> Self {
        match verdict {
            Verdict::Allow => Self::Allow,
            Verdict::Deny => Self::Deny,
            Verdict::Observe => Self::Observe,
        }
    }
}

/// The question as it was understood, and the table.
fn text(question: &Question<'_>, decisions: &[Decision<'_>]) -> String {
    let Question { host, port, protocol, .. } = question;
    let unicode = match host {
        Host::Name(name) => name.unicode().map(|unicode| format!(" ({unicode})")),
        Host::Address(_) => None,
    };
    let port = if protocol.has_ports() { format!(" on port {port}") } else { String::new() };
    let table = table::table(decisions);
    format!("{host}{}, {protocol}{port}\n\n{table}", unicode.unwrap_or_default())
}

/// What a reader of the table should know.
fn notes(question: &Question<'_>, decisions: &[Decision<'_>]) -> Vec<String> {
    let mut narrowed = BTreeSet::new();
    for (answers, answer) in decisions {
        let services = answer.verdict.services.iter();
        narrowed.extend(services.filter_map(|id| answers.narrowed(*id, question)));
    }
    let at = narrowed.into_iter().map(|address| {
        format!("asked at {address}, to which an entry narrows the name; `--to` asks elsewhere")
    });
    at.collect()
}
