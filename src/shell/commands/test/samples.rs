//! `fwc test`: the `test` statements of policies.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use fwc::answer::sample::{self, Decided, Decision};
use fwc::answer::{Answers, Explanation, json};
use fwc::diagnostic::{Diagnostic, codes};
use fwc::matcher::Action;

use super::answers;
use crate::shell::args::{ResultFormat, Test};
use crate::shell::project::Compiled;
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
    let regions: Vec<Vec<Answers<'_>>> =
        policies.iter().map(|(policy, roles)| answers(policy, roles, test.format)).collect();
    let decided: Vec<Vec<Decided<'_>>> = policies
        .iter()
        .zip(&regions)
        .map(|((compiled, _), regions)| sample::decide(&compiled.policy.samples, regions))
        .collect();
    let undecided = policies.iter().map(|(compiled, _)| compiled.policy.assertions.len()).sum();
    if decided.iter().flatten().any(|decided| !decided.holds()) {
        exit = Exit::Findings;
    }
    match test.format {
        ResultFormat::Json => shell.print(&json::samples(decided.iter().flatten(), undecided))?,
        ResultFormat::Text => {
            for ((compiled, _), decided) in policies.iter().zip(&decided) {
                let failed: Vec<_> = decided.iter().filter_map(failure).collect();
                if !failed.is_empty() {
                    let text = shell.findings(&compiled.sources, &failed);
                    shell.print(&format!("{text}\n"))?;
                }
            }
            let all: Vec<_> = decided.iter().flatten().collect();
            let failed = all.iter().filter(|decided| !decided.holds()).count();
            shell.print(&summary(all.len(), failed, undecided))?;
        }
    }
    Ok(exit)
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

/// How many there were, and what was not looked at.
fn summary(tests: usize, failed: usize, undecided: usize) -> String {
    let plural = |count: usize| if count == 1 { "" } else { "s" };
    let mut text = match (tests, failed) {
        (0, _) => "no tests\n".to_owned(),
        (_, 0) => format!("{tests} test{}: {tests} passed\n", plural(tests)),
        _ => {
            format!("{tests} test{}: {} passed, {failed} failed\n", plural(tests), tests - failed)
        }
    };
    match undecided {
        0 => {}
        1 => text.push_str("1 assertion was not decided\n"),
        _ => text.push_str(&format!("{undecided} assertions were not decided\n")),
    }
    text
}
