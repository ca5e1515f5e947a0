//! `fwc test`: the `test` and `assert` statements of policies.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use fwc::answer::json::{self, AssertionRow, Assertions};
use fwc::answer::sample::{self, Decided, Decision};
use fwc::answer::{Answers, Explanation};
use fwc::diagnostic::{self, Diagnostic, codes};
use fwc::matcher::Action;

use super::answers;
use crate::shell::args::{ResultFormat, Test};
use crate::shell::project::{Compiled, Disk};
use crate::shell::{Args, Error, Exit, Shell, disk, project};

pub(super) fn samples(args: &Args, test: &Test, shell: &mut Shell) -> Result<Exit, Error> {
    let mut policies = Vec::new();
    let mut exit = Exit::Done;
    for named in named(args, &test.paths, shell)? {
        match compile(args, test, named.as_deref(), shell)? {
            Some(compiled) => policies.push(compiled),
            None => exit = Exit::Findings,
        }
    }
    if policies.is_empty() {
        return Ok(exit);
    }
    let regions: Vec<Vec<Answers<'_>>> =
        policies.iter().map(|(policy, roles)| answers(policy, roles, test.format)).collect();
    let decided: Vec<Vec<Decided<'_>>> = policies
        .iter()
        .zip(&regions)
        .map(|((compiled, _), regions)| sample::decide(&compiled.policy.samples, regions))
        .collect();
    let broken: Vec<Vec<Diagnostic>> = policies.iter().map(|(it, _)| broken(it)).collect();
    let assertions = policies.iter().map(|(compiled, _)| compiled.policy.assertions.len()).sum();
    // One that several services break has a finding for each.
    let is_told = |found: &Diagnostic| found.location();
    let failed_assertions =
        broken.iter().map(|found| found.iter().filter_map(is_told).collect::<BTreeSet<_>>().len());
    let failed_assertions = failed_assertions.sum();
    let all: Vec<_> = decided.iter().flatten().collect();
    let failed = all.iter().filter(|decided| !decided.holds()).count();
    if failed + failed_assertions > 0 {
        exit = Exit::Findings;
    }
    match test.format {
        ResultFormat::Json => {
            let contexts: Vec<_> =
                policies.iter().map(|(compiled, _)| compiled.context()).collect();
            let findings = contexts.iter().zip(&broken).flat_map(|(context, found)| {
                found.iter().filter_map(|found| AssertionRow::of(context, found))
            });
            let assertions = Assertions {
                passed: assertions - failed_assertions,
                failed: failed_assertions,
                findings: findings.collect(),
            };
            shell.print(&json::statements(all, &assertions))?;
        }
        ResultFormat::Text => {
            for (((compiled, _), decided), broken) in policies.iter().zip(&decided).zip(broken) {
                let mut found: Vec<_> = decided.iter().filter_map(failure).chain(broken).collect();
                diagnostic::tidy(&mut found);
                if !found.is_empty() {
                    let text = shell.findings(&compiled.sources, &found);
                    shell.print(&format!("{text}\n"))?;
                }
            }
            shell.print(&summary("test", all.len(), failed))?;
            if assertions > 0 {
                shell.print(&summary("assertion", assertions, failed_assertions))?;
            }
        }
    }
    Ok(exit)
}

/// What the assertions of a policy that do not hold have to say.
fn broken(compiled: &Compiled) -> Vec<Diagnostic> {
    let Compiled { policy, sources, project, today, .. } = compiled;
    fwc::check_assertions(policy, sources, project, &Disk, *today)
}

/// The policies that are meant; `None` is the one the project names.
fn named(args: &Args, paths: &[PathBuf], shell: &mut Shell) -> Result<Vec<Option<PathBuf>>, Error> {
    if paths.is_empty() {
        return Ok(vec![None]);
    }
    let mut policies = Vec::new();
    for path in paths {
        if path.is_dir() {
            policies.extend(tops(args, path, shell)?.into_iter().map(Some));
        } else {
            policies.push(Some(path.clone()));
        }
    }
    Ok(policies)
}

/// The policies below a folder that no other one there includes.
fn tops(args: &Args, folder: &Path, shell: &mut Shell) -> Result<Vec<PathBuf>, Error> {
    let files = disk::policies(folder)?;
    let mut included = Vec::new();
    for file in &files {
        let Some(found) = project::find(args, Some(file), shell)? else { continue };
        let loaded = found.load(file)?;
        included.extend(loaded.sources.iter().skip(1).map(|(_, source)| source.path.clone()));
    }
    Ok(files.into_iter().filter(|file| !included.contains(&disk::shown(file))).collect())
}

/// A policy, and the roles of the regions that are meant.
fn compile(
    args: &Args,
    test: &Test,
    named: Option<&Path>,
    shell: &mut Shell,
) -> Result<Option<(Compiled, Vec<String>)>, Error> {
    let Some(found) = project::find(args, named, shell)? else { return Ok(None) };
    let roles = found.regions(&test.region)?;
    let path = found.policy(named)?;
    Ok(found.compile(&path, test.today, shell)?.map(|compiled| (compiled, roles)))
}

/// A sample that failed, as people read it.
fn failure(decided: &Decided<'_>) -> Option<Diagnostic> {
    let failed: Vec<&Decision<'_>> = decided.decisions.iter().filter(|it| !it.holds).collect();
    if failed.is_empty() {
        return None;
    }
    let mut actions: Vec<Action> = failed.iter().map(|it| it.answer.verdict.action).collect();
    actions.sort_unstable();
    actions.dedup();
    let actions: Vec<_> = actions.iter().map(|action| format!("`{}`", action.as_str())).collect();
    let expected = decided.sample.expected.as_str();
    let message = format!("expected `{expected}`, the firewall says {}", actions.join(" and "));
    let mut found =
        Diagnostic::error(codes::FAILED_TEST, message).at(decided.sample.at, "this test");
    let mut notes: BTreeMap<String, Vec<&str>> = BTreeMap::new();
    for decision in failed {
        let reason = &decision.answer.reason;
        if let Some(entry) = &reason.entry
            && !found.labels.iter().any(|label| label.at == entry.at)
        {
            found = found.at(entry.at, decides(decision.answer.verdict.action));
        }
        let service = &decision.answers.policy().service(decision.service).name;
        let note = format!("`{service}`: {}", note(reason));
        notes.entry(note).or_default().push(&decision.answers.region().role);
    }
    for (note, regions) in notes {
        found = found.note(format!("in {}, {note}", regions.join(" and ")));
    }
    Some(found)
}

/// What an entry does that decides so.
const fn decides(action: Action) -> &'static str {
    match action {
        Action::Allow => "allows it",
        Action::Deny => "denies it",
        Action::Observe => "would deny it",
    }
}

/// The reason in a phrase.
fn note(reason: &Explanation<'_>) -> String {
    let what = match &reason.entry {
        Some(entry) => {
            let words = [Some(entry.text.as_str()), entry.owner, entry.ticket];
            words.into_iter().flatten().collect::<Vec<_>>().join(", ")
        }
        None => "no entry allows it".to_owned(),
    };
    match reason.sid {
        Some(sid) => format!("{what} (sid {sid})"),
        None => what,
    }
}

/// How many statements of a kind there were, and how many of them hold.
fn summary(what: &str, count: usize, failed: usize) -> String {
    let plural = if count == 1 { "" } else { "s" };
    match (count, failed) {
        (0, _) => format!("no {what}s\n"),
        (_, 0) => format!("{count} {what}{plural}: {count} passed\n"),
        _ => format!("{count} {what}{plural}: {} passed, {failed} failed\n", count - failed),
    }
}
