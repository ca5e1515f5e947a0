//! `fwc diff`: what a change opens and closes.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use fwc::analysis::diff::diff;
use fwc::analysis::report::{self, Review};
use fwc::policy::Policy;
use fwc::project::Project;
use fwc::source::Sources;

use crate::shell::args::{Args, Diff, DiffFormat};
use crate::shell::clock::today;
use crate::shell::git::Revision;
use crate::shell::project::{Found, PROJECT_FILE};
use crate::shell::{Error, Exit, Shell, disk, project};

/// A policy that can be compared.
struct Version {
    policy: Policy,
    sources: Sources,
    project: Project,
}

pub(crate) fn run(args: &Args, command: &Diff, shell: &mut Shell) -> Result<Exit, Error> {
    let versions = match (&command.base, command.paths.as_slice()) {
        (None, [before, after]) => {
            let before = on_disk(args, before, "before", shell)?;
            (before, on_disk(args, after, "after", shell)?)
        }
        (Some(base), paths @ ([] | [_])) => since(args, base, paths.first(), shell)?,
        (None, _) => {
            let usage = "name the policy before and the policy after, or `--base` and a revision";
            return Err(Error::Usage(usage.to_owned()));
        }
        (Some(_), _) => {
            let usage = "`--base` is the policy before; name at most the policy after";
            return Err(Error::Usage(usage.to_owned()));
        }
    };
    let (Some(before), Some(after)) = versions else { return Ok(Exit::Findings) };
    let wanted = regions(&before, &after, &command.region)?;
    let day = command.today.unwrap_or_else(today);
    let changed = diff(&before.policy, &after.policy, day, &|role| wanted.contains(role));
    let review = Review {
        diff: &changed,
        before: &before.sources,
        after: &after.sources,
        regions: wanted.len(),
    };
    shell.print(&match command.format {
        DiffFormat::Text => report::text(&review),
        DiffFormat::Markdown => report::markdown(&review),
        DiffFormat::Json => report::json(&review),
    })?;
    let widens = command.fail_on_widening && changed.widens();
    // The process ends here: to give back millions of small pieces first would only take time.
    std::mem::forget((before, after, changed));
    Ok(if widens { Exit::Findings } else { Exit::Done })
}

/// The roles of the regions that are meant, in either project.
fn regions(before: &Version, after: &Version, wanted: &str) -> Result<BTreeSet<String>, Error> {
    let select = |version: &Version| -> Vec<String> {
        version.project.select(wanted).iter().map(|(role, _)| (*role).to_owned()).collect()
    };
    let selected: BTreeSet<String> = select(before).into_iter().chain(select(after)).collect();
    if selected.is_empty() {
        return Err(project::no_region(&after.project, wanted));
    }
    Ok(selected)
}

/// A file, or the policy of the project in a folder. `None` if it is refused, which has been shown.
fn on_disk(
    args: &Args,
    path: &Path,
    which: &str,
    shell: &mut Shell,
) -> Result<Option<Version>, Error> {
    let (near, named) = if path.is_dir() {
        let file = path.join(PROJECT_FILE);
        if args.project.is_none() && !file.is_file() {
            let path = disk::shown(path);
            let usage = format!("no {PROJECT_FILE} in `{path}`: name a policy, or another folder");
            return Err(Error::Usage(usage));
        }
        (file, None)
    } else {
        (path.to_owned(), Some(path))
    };
    let found = project::find(args, Some(&near), shell)?;
    let version = match found {
        Some(found) => found.policy(named).and_then(|path| accept(found, &path, shell))?,
        None => None,
    };
    Ok(version.or_else(|| refused(which, shell)))
}

fn accept(found: Found, path: &Path, shell: &mut Shell) -> Result<Option<Version>, Error> {
    let accepted = found.accept(path, shell)?;
    let project = found.project;
    Ok(accepted.map(|(policy, sources)| Version { policy, sources, project }))
}

fn refused<T>(which: &str, shell: &mut Shell) -> Option<T> {
    shell.say(&format!("nothing to compare: the policy {which} is refused"));
    None
}

/// The policy of a revision, and the one on the disk.
fn since(
    args: &Args,
    base: &str,
    named: Option<&PathBuf>,
    shell: &mut Shell,
) -> Result<(Option<Version>, Option<Version>), Error> {
    let named = named.map(PathBuf::as_path);
    let folder = named.and_then(Path::parent).unwrap_or(Path::new(""));
    let revision = Revision::find(folder, base)?;
    let Some(found) = project::find(args, named, shell)? else {
        return Ok((None, refused("after", shell)));
    };
    let path = found.policy(named)?;
    let file = args.project.clone().unwrap_or_else(|| found.root.join(PROJECT_FILE));
    let outside = |path: &Path| {
        let path = disk::shown(path);
        Error::Usage(format!("`{path}` is not in the repository that `{base}` is a revision of"))
    };
    let file = revision.path(&file).ok_or_else(|| outside(&file))?;
    let now = revision.path(&path).ok_or_else(|| outside(&path))?;
    let before = project::find_in(&revision, &file, shell)?;
    let before = match before {
        None => refused("before", shell),
        Some(old) => {
            // A policy that the project names may have had another place.
            let place = match (named, &old.project.policy) {
                (None, Some(policy)) => disk::shown(&old.root.join(policy)),
                _ => now,
            };
            if revision.has(&place) {
                let accepted = old.accept_in(&revision, &place, shell)?;
                let project = old.project;
                let version =
                    accepted.map(|(policy, sources)| Version { policy, sources, project });
                version.or_else(|| refused("before", shell))
            } else {
                shell.say(&format!("note: `{place}` is not in `{base}`: all of it is new"));
                let (policy, sources) = (Policy::default(), Sources::new());
                Some(Version { policy, sources, project: old.project })
            }
        }
    };
    let after = accept(found, &path, shell)?.or_else(|| refused("after", shell));
    Ok((before, after))
}
