//! `fwc lint`: everything that can be said about policies before they are deployed.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use fwc::diagnostic::render::{self, Format};
use fwc::diagnostic::{self, Diagnostic, fix};
use fwc::lints::Options;
use fwc::lints::suffix::PublicSuffixes;
use fwc::source::Sources;

use crate::shell::args::{Args, Lint, LintFormat};
use crate::shell::project::Disk;
use crate::shell::{Error, Exit, Shell, clock, disk, project};

/// How often fixes are applied: one may bring another to light, but not for ever.
const MOST_ROUNDS: usize = 16;

pub(crate) fn lint(args: &Args, lint: &Lint, shell: &mut Shell) -> Result<Exit, Error> {
    let list = lint.public_suffix_list.as_deref().map(suffixes).transpose()?;
    let options = Options {
        today: lint.today.unwrap_or_else(clock::today),
        suffixes: list.as_ref().unwrap_or_else(|| PublicSuffixes::embedded()),
    };
    let mut reports = review(args, &lint.paths, &options)?;
    let mut mended = 0;
    for _ in 0..MOST_ROUNDS {
        if !lint.fix {
            break;
        }
        let (count, texts) = fixes(&reports);
        if texts.is_empty() {
            break;
        }
        for (path, text) in &texts {
            disk::replace(path, text)?;
        }
        mended += count;
        reports = review(args, &lint.paths, &options)?;
    }
    show(lint.format, &reports, mended, shell)
}

/// A policy and what was found in it.
struct Report {
    sources: Sources,
    found: Vec<Diagnostic>,
}

/// Reviews every policy that is meant.
fn review(args: &Args, paths: &[PathBuf], options: &Options<'_>) -> Result<Vec<Report>, Error> {
    let mut reports = Vec::new();
    for project::Review { sources, project, mut diagnostics } in project::reviews(args, paths)? {
        diagnostics.extend(fwc::lint(&sources, &project, &Disk, options).diagnostics);
        diagnostic::tidy(&mut diagnostics);
        reports.push(Report { sources, found: diagnostics });
    }
    Ok(reports)
}

/// The texts after the fixes that may be applied unseen, and how many findings they mend. A file
/// that is in several policies is mended as the first of them says.
fn fixes(reports: &[Report]) -> (usize, BTreeMap<PathBuf, String>) {
    let (mut count, mut texts) = (0, BTreeMap::new());
    let mut known: BTreeSet<&str> = BTreeSet::new();
    for Report { sources, found } in reports {
        let fresh: Vec<Diagnostic> = found
            .iter()
            .filter(|found| {
                let file = found.location().and_then(|at| sources.get(at.file));
                file.is_some_and(|file| !known.contains(file.path.as_str()))
            })
            .cloned()
            .collect();
        let fixed = fix::safe(sources, &fresh);
        count += fixed.count;
        for (file, text) in fixed.texts {
            if let Some(file) = sources.get(file) {
                texts.entry(PathBuf::from(&file.path)).or_insert(text);
            }
        }
        known.extend(sources.iter().map(|(_, file)| file.path.as_str()));
    }
    (count, texts)
}

fn show(
    format: LintFormat,
    reports: &[Report],
    mended: usize,
    shell: &mut Shell,
) -> Result<Exit, Error> {
    let each: Vec<(&Sources, &[Diagnostic])> =
        reports.iter().map(|Report { sources, found }| (sources, found.as_slice())).collect();
    let format = match format {
        LintFormat::Full => Format::Full,
        LintFormat::Concise => Format::Concise,
        LintFormat::Json => Format::Json,
        LintFormat::Sarif => Format::Sarif,
        LintFormat::Github => Format::Github,
    };
    shell.print(&render::render_all(format, &each, shell.style()))?;
    let all: Vec<Diagnostic> = each.iter().flat_map(|(_, found)| found.iter().cloned()).collect();
    let files: BTreeSet<&str> = each
        .iter()
        .flat_map(|(sources, _)| sources.policies().map(|(_, file)| file.path.as_str()))
        .collect();
    let plural = if files.len() == 1 { "file" } else { "files" };
    let mut summary = format!("{} in {} {plural}", render::summary(&all), files.len());
    if mended > 0 {
        summary = format!("mended {mended}; {summary}");
    }
    shell.say(&summary);
    Ok(if diagnostic::refuses(&all) { Exit::Findings } else { Exit::Done })
}

fn suffixes(path: &Path) -> Result<PublicSuffixes, Error> {
    let text = disk::read(path)?;
    PublicSuffixes::parse(&text)
        .map_err(|error| Error::Read { path: disk::shown(path), reason: error.to_string() })
}
