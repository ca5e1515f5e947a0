//! The files an editor has open, the policies they belong to, and what is to be said about them.
//!
//! What is open hides what is on disk. A policy is the one that the project file names, with all it
//! includes; an open file that is no part of it is a policy of its own.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use fwc::diagnostic::{self, Diagnostic, codes};
use fwc::editor::Draft;
use fwc::lints::Options;
use fwc::lints::suffix::PublicSuffixes;
use fwc::load::{self, Files, Loaded};
use fwc::policy::Policy;
use fwc::project::{self, Project};
use fwc::source::{FileId, SourceFile};

use crate::shell::project::{Disk, PROJECT_FILE};
use crate::shell::{clock, disk};

/// Everything the editor has told.
#[derive(Default)]
pub(super) struct Workspace {
    /// Open files by their path.
    documents: BTreeMap<String, Document>,
    /// The project file that was named on the command line.
    project: Option<PathBuf>,
    drafts: Vec<Opened>,
}

/// An open file.
pub(super) struct Document {
    /// Its name, as the editor writes it.
    pub(super) uri: String,
    pub(super) version: i32,
    pub(super) text: String,
}

/// A policy that an open file belongs to.
pub(super) struct Opened {
    root: Root,
    pub(super) draft: Draft,
    /// What is to be said about its files.
    pub(super) found: Vec<Diagnostic>,
    stale: bool,
}

/// What makes two policies the same one.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Root {
    /// The first file.
    policy: String,
    project: Option<String>,
}

/// The disk with what is open laid over it.
struct Overlay<'d>(&'d BTreeMap<String, Document>);

impl Files for Overlay<'_> {
    fn read(&self, path: &str) -> Result<String, String> {
        match self.0.get(path) {
            Some(document) => Ok(document.text.clone()),
            None => Disk.read(path),
        }
    }

    fn matching(&self, glob: &str) -> Result<Vec<String>, String> {
        let mut files = Disk.matching(glob)?;
        // A file that was never saved is on no disk. What `*` means is said once, by the crate.
        let pattern = glob::Pattern::new(glob).map_err(|error| error.msg.to_owned())?;
        let options = glob::MatchOptions { require_literal_separator: true, ..Default::default() };
        let open = self.0.keys().filter(|path| pattern.matches_with(path, options));
        files.extend(open.cloned());
        files.sort();
        files.dedup();
        Ok(files)
    }
}

impl Workspace {
    /// Nothing open yet.
    pub(super) fn new(project: Option<&Path>) -> Self {
        let project = project.map(|path| PathBuf::from(real(path)));
        Self { project, ..Self::default() }
    }

    /// Takes the text of a file that was opened or has changed.
    pub(super) fn put(&mut self, path: String, document: Document) {
        self.touch(&path);
        self.documents.insert(path, document);
    }

    /// Forgets a file: from now on it is what the disk says.
    pub(super) fn close(&mut self, path: &str) {
        self.touch(path);
        self.documents.remove(path);
    }

    /// An open file.
    pub(super) fn document(&self, path: &str) -> Option<&Document> {
        self.documents.get(path)
    }

    /// Forgets what was read from disk.
    pub(super) fn forget(&mut self) {
        self.drafts.iter_mut().for_each(|opened| opened.stale = true);
    }

    /// Marks the policies that a file is part of, or could become part of.
    fn touch(&mut self, path: &str) {
        let is_new = !self.documents.contains_key(path);
        for opened in &mut self.drafts {
            let mut files = opened.draft.sources.iter();
            opened.stale |= is_new || files.any(|(_, file)| file.path == path);
        }
    }

    /// Whether any policy has to be read again.
    pub(super) fn is_stale(&self) -> bool {
        self.drafts.is_empty() || self.drafts.iter().any(|opened| opened.stale)
    }

    /// Reads what has changed.
    pub(super) fn refresh(&mut self) {
        let mut before = std::mem::take(&mut self.drafts);
        before.retain(|opened| !opened.stale);
        let mut now: Vec<Opened> = Vec::new();
        let mut open = |root: Root, now: &mut Vec<Opened>| {
            if now.iter().any(|opened| opened.root == root) {
                return;
            }
            match before.iter().position(|opened| opened.root == root) {
                Some(at) => now.push(before.swap_remove(at)),
                None => now.push(self.open(root)),
            }
        };
        let projects: Vec<_> = self.documents.keys().map(|path| self.project_of(path)).collect();
        for project in projects.iter().flatten() {
            if let Some(policy) = self.policy_of(project) {
                open(Root { policy, project: Some(project.clone()) }, &mut now);
            }
        }
        for (path, project) in self.documents.keys().zip(projects) {
            let known = now.iter().any(|opened| opened.file(path).is_some());
            if !known && (path.ends_with(".fw") || project.as_ref() == Some(path)) {
                open(Root { policy: path.clone(), project }, &mut now);
            }
        }
        self.drafts = now;
    }

    /// Every policy, those that projects name first.
    pub(super) fn opened(&self) -> &[Opened] {
        &self.drafts
    }

    /// The policy of a file, and its number there.
    pub(super) fn find(&self, path: &str) -> Option<(&Opened, FileId)> {
        self.drafts.iter().find_map(|opened| Some((opened, opened.file(path)?)))
    }

    /// The project file of a file.
    fn project_of(&self, path: &str) -> Option<String> {
        if let Some(project) = &self.project {
            return Some(disk::shown(project));
        }
        let path = Path::new(path);
        if path.file_name().is_some_and(|name| name == PROJECT_FILE) {
            return Some(disk::shown(path));
        }
        let found = disk::walk_up(path.parent()?, PROJECT_FILE).ok()??;
        Some(disk::shown(&found))
    }

    /// The policy that a project file names.
    fn policy_of(&self, project: &str) -> Option<String> {
        let text = Overlay(&self.documents).read(project).ok()?;
        let policy = project::parse(FileId(0), &text).0?.policy?;
        let folder = Path::new(project).parent()?;
        Some(real(&folder.join(policy)))
    }

    fn open(&self, root: Root) -> Opened {
        let files = Overlay(&self.documents);
        let is_project = root.project.as_ref() == Some(&root.policy);
        let loaded = match is_project {
            true => Ok(Loaded::default()),
            false => load::load(&root.policy, &files),
        };
        let (mut loaded, unreadable) = match loaded {
            Ok(loaded) => (loaded, None),
            Err(reason) => (Loaded::default(), Some(reason)),
        };
        let mut found = std::mem::take(&mut loaded.diagnostics);
        let project_file = root.project.as_ref().and_then(|path| {
            let text = files.read(path).ok()?;
            Some((path, text))
        });
        let project = match project_file {
            Some((path, text)) => {
                let id = loaded.sources.add_project(SourceFile::new(path.clone(), text.as_str()));
                let (project, mistakes) = project::parse(id, &text);
                found.extend(mistakes);
                let at = project::locate(id, &text, &["policy"]);
                if let (Some(reason), Some(at)) = (unreadable, at) {
                    let message = format!("cannot read `{}`: {reason}", root.policy);
                    found.push(Diagnostic::error(codes::INVALID_SETTING, message).at(at, ""));
                }
                project
            }
            None => Some(Project::without_file()),
        };
        let today = clock::today();
        let options = Options { today, suffixes: PublicSuffixes::embedded() };
        let policy = match &project {
            Some(project) => {
                let linted = fwc::lint(&loaded.sources, project, &files, &options);
                found.extend(linted.diagnostics);
                linted.policy
            }
            // Without a project nothing can be looked up; that it cannot be read is said there.
            None => Policy::default(),
        };
        diagnostic::tidy(&mut found);
        let project = project.unwrap_or_else(Project::without_file);
        let draft = Draft::new(loaded, project, policy, today);
        Opened { root, draft, found, stale: false }
    }
}

impl Opened {
    /// The number of a file in it.
    fn file(&self, path: &str) -> Option<FileId> {
        let mut files = self.draft.sources.iter();
        files.find(|(_, file)| file.path == path).map(|(id, _)| id)
    }
}

/// A path by which a file is known however it is reached; of one that is not there yet, by which its
/// folder is.
pub(super) fn real(path: &Path) -> String {
    if let Ok(real) = path.canonicalize() {
        return disk::shown(&real);
    }
    let folder = path.parent().and_then(|folder| folder.canonicalize().ok());
    match (folder, path.file_name()) {
        (Some(folder), Some(name)) => disk::shown(&folder.join(name)),
        _ => disk::shown(path),
    }
}
