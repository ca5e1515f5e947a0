//! Which project and policy a command is about, found and read.

use std::path::{Path, PathBuf};

use fwc::diagnostic::{self, Diagnostic};
use fwc::emit::Context;
use fwc::load::{self, Files, Loaded};
use fwc::policy::Policy;
use fwc::project::{self, Project};
use fwc::source::{FileId, SourceFile, Sources};
use fwc::suricata::{self, Options, Profile, Ruleset};
use jiff::civil::Date;

use super::git::Revision;
use super::{Args, Error, Shell, clock, disk};

/// The name of the project file.
pub(crate) const PROJECT_FILE: &str = "fwc.yaml";

/// A project that was read, and the folder its paths are relative to.
pub(crate) struct Found {
    pub(crate) project: Project,
    /// The folder of the project file, or of the policy if there is none; empty for the current
    /// one.
    pub(crate) root: PathBuf,
}

/// Finds and reads the project of a policy, or of the current folder. `None` if the project file
/// is refused, which has been shown.
pub(crate) fn find(
    args: &Args,
    policy: Option<&Path>,
    shell: &mut Shell,
) -> Result<Option<Found>, Error> {
    let Place { file, root } = locate(args, policy)?;
    let Some(file) = file else {
        return Ok(Some(Found { project: Project::without_file(), root }));
    };
    let text = disk::read(&file)?;
    Ok(read(&file, text, shell))
}

/// Reads the project file of other files than those of the disk; without it there is no project.
pub(crate) fn find_in(
    files: &Revision,
    file: &str,
    shell: &mut Shell,
) -> Result<Option<Found>, Error> {
    let path = Path::new(file);
    if !files.has(file) {
        let root = path.parent().unwrap_or(Path::new("")).to_owned();
        return Ok(Some(Found { project: Project::without_file(), root }));
    }
    let text = files.read(file).map_err(|reason| Error::Read { path: file.to_owned(), reason })?;
    Ok(read(path, text, shell))
}

fn read(file: &Path, text: String, shell: &mut Shell) -> Option<Found> {
    let (project, found) = project::parse(FileId(0), &text);
    let mut sources = Sources::new();
    sources.add(SourceFile::new(disk::shown(file), text));
    let refused = shell.show(&sources, &found);
    let root = file.parent().unwrap_or(Path::new("")).to_owned();
    project.filter(|_| !refused).map(|project| Found { project, root })
}

/// Where the project of a policy is.
struct Place {
    file: Option<PathBuf>,
    root: PathBuf,
}

fn locate(args: &Args, policy: Option<&Path>) -> Result<Place, Error> {
    let near = policy.map(|path| path.parent().unwrap_or(Path::new("")).to_owned());
    let file = match &args.project {
        Some(file) => Some(file.clone()),
        None => disk::walk_up(near.as_deref().unwrap_or(Path::new("")), PROJECT_FILE)?,
    };
    let folder = file.as_deref().map(|file| file.parent().unwrap_or(Path::new("")).to_owned());
    Ok(Place { file, root: folder.or(near).unwrap_or_default() })
}

/// A policy with everything it is made of, to be reviewed and not to be compiled.
pub(crate) struct Review {
    /// Its files and its project file.
    pub(crate) sources: Sources,
    /// Its project, as far as it could be read.
    pub(crate) project: Project,
    /// What was wrong with the project file and with what is included.
    pub(crate) diagnostics: Vec<Diagnostic>,
}

/// Reads the policies that are meant, each with its project; without any the one of the project. What
/// is part of another one, or its envelope, is none of its own.
pub(crate) fn reviews(args: &Args, paths: &[PathBuf]) -> Result<Vec<Review>, Error> {
    if paths.is_empty() {
        return Ok(vec![review(args, None)?]);
    }
    let first = |review: &Review| review.sources.policies().next().map(|(_, it)| it.path.clone());
    let files = disk::expand(paths)?;
    let mut reviews: Vec<Review> = Vec::new();
    for file in &files {
        let is_part = |review: &Review| {
            let mut parts = review.sources.policies();
            parts.any(|(_, part)| part.path == disk::shown(file))
        };
        if reviews.iter().any(is_part) {
            continue;
        }
        let new = review(args, Some(file))?;
        // One that was read before and is included by this one.
        let parts: Vec<_> = new.sources.policies().map(|(_, part)| part.path.clone()).collect();
        reviews.retain(|review| first(review).is_none_or(|path| !parts.contains(&path)));
        reviews.push(new);
    }
    let envelopes: Vec<String> =
        reviews.iter().flat_map(|review| load::envelopes(&review.sources)).collect();
    if let [_, _, ..] = reviews.as_slice() {
        reviews.retain(|review| first(review).is_none_or(|path| !envelopes.contains(&path)));
    }
    Ok(reviews)
}

fn review(args: &Args, policy: Option<&Path>) -> Result<Review, Error> {
    let Place { file, root } = locate(args, policy)?;
    let text = file.as_deref().map(disk::read).transpose()?;
    let project = match &text {
        Some(text) => project::parse(FileId(0), text).0,
        None => None,
    };
    let found = Found { project: project.unwrap_or_else(Project::without_file), root };
    let policy = found.policy(policy)?;
    let Loaded { mut sources, mut diagnostics, .. } = found.load(&policy)?;
    if let (Some(file), Some(text)) = (file, text) {
        let id = sources.add_project(SourceFile::new(disk::shown(&file), text.as_str()));
        diagnostics.extend(project::parse(id, &text).1);
    }
    Ok(Review { sources, project: found.project, diagnostics })
}

impl Found {
    /// The policy: the one that is named, or the one the project names.
    pub(crate) fn policy(&self, named: Option<&Path>) -> Result<PathBuf, Error> {
        match (named, &self.project.policy) {
            // Paths in artifacts are relative to the project, however the policy was named.
            (Some(path), _) => Ok(disk::within(&self.root, path)),
            (None, Some(path)) => Ok(self.root.join(path)),
            (None, None) => Err(Error::Usage(format!(
                "no policy: name one, or write `policy: policies/prod.fw` into {PROJECT_FILE}"
            ))),
        }
    }

    /// Reads a policy and what it includes.
    pub(crate) fn load(&self, policy: &Path) -> Result<Loaded, Error> {
        load_from(&Disk, &disk::shown(policy))
    }

    /// Reads, parses and resolves a policy. `None` if it is refused, which has been shown.
    pub(crate) fn accept(
        &self,
        policy: &Path,
        shell: &mut Shell,
    ) -> Result<Option<(Policy, Sources)>, Error> {
        self.accept_in(&Disk, &disk::shown(policy), shell)
    }

    /// The same, of other files than those of the disk.
    pub(crate) fn accept_in(
        &self,
        files: &impl Files,
        path: &str,
        shell: &mut Shell,
    ) -> Result<Option<(Policy, Sources)>, Error> {
        let Loaded { sources, diagnostics, .. } = load_from(files, path)?;
        let mut resolved = fwc::analyse(&sources, &self.project);
        resolved.diagnostics.extend(diagnostics);
        diagnostic::tidy(&mut resolved.diagnostics);
        if shell.show(&sources, &resolved.diagnostics) {
            return Ok(None);
        }
        Ok(resolved.accept().ok().map(|(policy, _)| (policy, sources)))
    }

    /// Reads and compiles a policy as on a day, or today. `None` if it is refused, which has been
    /// shown.
    pub(crate) fn compile(
        self,
        policy: &Path,
        day: Option<Date>,
        shell: &mut Shell,
    ) -> Result<Option<Compiled>, Error> {
        let Some((policy, sources)) = self.accept(policy, shell)? else { return Ok(None) };
        let today = day.unwrap_or_else(clock::today);
        let rulesets = match suricata::compile(&policy, &options(&self.project, today)) {
            Ok(rulesets) => rulesets,
            Err(refused) => {
                shell.show(&sources, &refused);
                return Ok(None);
            }
        };
        let root = disk::shown(&self.root);
        Ok(Some(Compiled { project: self.project, policy, sources, today, rulesets, root }))
    }

    /// The roles of the regions that `--region` means.
    pub(crate) fn regions(&self, wanted: &str) -> Result<Vec<String>, Error> {
        let selected = self.project.select(wanted);
        if selected.is_empty() {
            return Err(no_region(&self.project, wanted));
        }
        Ok(selected.into_iter().map(|(role, _)| role.to_owned()).collect())
    }
}

/// Says which regions there are.
pub(crate) fn no_region(project: &Project, wanted: &str) -> Error {
    let known: Vec<_> = project.regions.keys().map(|role| format!("`{role}`")).collect();
    Error::Usage(format!(
        "no region `{wanted}`; the project has {}, and `all` means all of them",
        known.join(", ")
    ))
}

/// A policy that was compiled for every region.
pub(crate) struct Compiled {
    pub(crate) project: Project,
    pub(crate) policy: Policy,
    pub(crate) sources: Sources,
    pub(crate) today: Date,
    rulesets: Vec<Ruleset>,
    /// The folder that paths in results are relative to, as the paths of the files begin.
    root: String,
}

impl Compiled {
    /// What it was made from.
    pub(crate) fn context(&self) -> Context<'_> {
        let Self { project, policy, sources, today, .. } = self;
        let options = options(project, *today);
        Context { project, policy, sources, options, root: &self.root }
    }

    /// What is compiled for every region.
    #[cfg(feature = "aws")]
    pub(crate) fn every_ruleset(&self) -> &[Ruleset] {
        &self.rulesets
    }

    /// What is compiled for the regions of these roles.
    pub(crate) fn rulesets(&self, roles: &[String]) -> impl Iterator<Item = &Ruleset> {
        self.rulesets.iter().filter(|ruleset| roles.contains(&ruleset.region.role))
    }
}

fn options(project: &Project, today: Date) -> Options<'_> {
    let profile = Profile::of(project.firewall.profile);
    Options { today, profile, firewall: &project.firewall }
}

fn load_from(files: &impl Files, path: &str) -> Result<Loaded, Error> {
    load::load(path, files).map_err(|reason| Error::Read { path: path.to_owned(), reason })
}

/// The real disk.
pub(super) struct Disk;

impl Files for Disk {
    fn read(&self, path: &str) -> Result<String, String> {
        disk::read(Path::new(path)).map_err(|error| match error {
            Error::Read { reason, .. } => reason,
            other => other.to_string(),
        })
    }

    fn matching(&self, glob: &str) -> Result<Vec<String>, String> {
        disk::matching(glob)
    }
}
