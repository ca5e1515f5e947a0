//! What an editor asks about a policy while it is written: answers as data, whatever state the text
//! is in.
//!
//! A [`Draft`] is a policy as it stands in the editor, with or without mistakes. Each question has a
//! place in it, an offset of a file; [`position`] is how editors count places.
//!
//! ```
//! use fwc::editor::Draft;
//! use fwc::load::Loaded;
//! use fwc::project::Project;
//! use fwc::source::{FileId, SourceFile};
//!
//! let text = "fwc 1\nset base { a.example }\nservice ci from 10.0.0.0/24 { use base }\n";
//! let mut loaded = Loaded::default();
//! loaded.sources.add(SourceFile::new("prod.fw", text));
//! let project = Project::without_file();
//! let resolved = fwc::analyse(&loaded.sources, &project);
//! let draft = Draft::new(loaded, project, resolved.policy, "2026-11-24".parse().unwrap());
//!
//! let behind_use = text.find("use ").unwrap() as u32 + 4;
//! assert_eq!(draft.completions(FileId(0), behind_use)[0].label, "base");
//! ```

mod completion;
mod explain;
mod hover;
mod mentions;
pub mod position;
mod reach;
mod symbols;

use jiff::civil::Date;

use crate::load::Loaded;
use crate::policy::{Policy, resolve};
use crate::project::{self, Project};
use crate::source::{FileId, Location, SourceFile, Sources, Span};
use crate::syntax::{self, Parsed};

pub use completion::{Completion, Kind};
pub use hover::Hover;
pub use symbols::{Symbol, SymbolKind};

use mentions::{Mention, Subject};

/// A policy as it stands in an editor.
#[derive(Debug)]
pub struct Draft {
    /// The files of the policy, and the project file, if there is one.
    pub sources: Sources,
    /// The project, as far as it can be read.
    pub project: Project,
    /// The policy, as far as it can be resolved.
    pub policy: Policy,
    /// The day, UTC, for which the policy is asked.
    pub today: Date,
    includes: Vec<(Location, FileId)>,
}

/// Where something is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Target {
    /// In a file of the draft.
    Text(Location),
    /// A file that is no part of it, by its path.
    File(String),
}

impl Draft {
    /// A policy that was loaded and resolved, and the project that it was resolved against.
    pub fn new(loaded: Loaded, project: Project, policy: Policy, today: Date) -> Self {
        let Loaded { sources, includes, .. } = loaded;
        Self { sources, project, policy, today, includes }
    }

    /// Where what stands there is declared: a set, a service, a network, a region, a variable, or a
    /// file. Of what has several places all of them are given.
    pub fn definition(&self, file: FileId, offset: u32) -> Vec<Target> {
        let Some((parsed, source)) = self.parse(file) else { return Vec::new() };
        let Some(mention) = mentions::at(&parsed.file, offset) else { return Vec::new() };
        let word = mention.word.node;
        match mention.subject {
            Subject::Set | Subject::Service => {
                let declared = self.every(mention.subject, word).filter(|it| it.1.declares);
                declared.map(|(at, _)| Target::Text(at)).collect()
            }
            Subject::Network => self.in_project(|role| vec!["regions", role, "networks", word]),
            Subject::Role => self.in_project(|role| match role == word {
                true => vec!["regions", role],
                false => Vec::new(),
            }),
            Subject::Include => {
                let here = |at: &Location| at.file == file && at.span == mention.word.span;
                let files = self.includes.iter().filter(|(at, _)| here(at));
                let start = |file| Location { file, span: Span::default() };
                files.map(|(_, file)| Target::Text(start(*file))).collect()
            }
            Subject::Policy => vec![Target::File(beside(&source.path, word))],
            Subject::Destination | Subject::Sample => {
                match mentions::variable(&mention.word, offset) {
                    Some(variable) => self.variable(variable.node),
                    None => Vec::new(),
                }
            }
            Subject::Owner | Subject::Ports | Subject::Lint => Vec::new(),
        }
    }

    /// Every place that names what stands there, its declaration among them if `declared`.
    pub fn references(&self, file: FileId, offset: u32, declared: Declared) -> Vec<Location> {
        let Some((parsed, _)) = self.parse(file) else { return Vec::new() };
        let Some(mention) = mentions::at(&parsed.file, offset) else { return Vec::new() };
        match mention.subject {
            Subject::Set
            | Subject::Service
            | Subject::Network
            | Subject::Role
            | Subject::Owner
            | Subject::Lint => {
                let places = self.every(mention.subject, mention.word.node);
                let wanted = |mention: &Mention<'_>| match declared {
                    Declared::Included => true,
                    Declared::Left => !mention.declares,
                };
                places.filter(|(_, mention)| wanted(mention)).map(|(at, _)| at).collect()
            }
            Subject::Destination
            | Subject::Sample
            | Subject::Include
            | Subject::Policy
            | Subject::Ports => Vec::new(),
        }
    }

    /// The name of the set or service that stands there, if it can be another one.
    pub fn renamable(&self, file: FileId, offset: u32) -> Option<Span> {
        let (parsed, _) = self.parse(file)?;
        let mention = mentions::at(&parsed.file, offset)?;
        let named = matches!(mention.subject, Subject::Set | Subject::Service);
        // `any` stands for every service, and is no name of one.
        (named && mention.word.node != "any").then_some(mention.word.span)
    }

    /// Every place that has to change for the set or service that stands there to be called otherwise.
    ///
    /// # Errors
    /// Why it cannot be called so, as a phrase.
    pub fn rename(&self, file: FileId, offset: u32, name: &str) -> Result<Vec<Location>, String> {
        let nothing = || "only sets and services can be renamed".to_owned();
        let (parsed, _) = self.parse(file).ok_or_else(nothing)?;
        let renamable = self.renamable(file, offset).is_some();
        let mention = mentions::at(&parsed.file, offset).filter(|_| renamable);
        let subject = mention.ok_or_else(nothing)?.subject;
        if !resolve::is_identifier(name) || name == "any" {
            return Err(format!("`{name}` is not a name: lower-case letters, digits and hyphens"));
        }
        if self.every(subject, name).any(|(_, mention)| mention.declares) {
            return Err(format!("`{name}` is there already"));
        }
        Ok(self.references(file, offset, Declared::Included))
    }

    /// A file and its tree, if it is one of the policy.
    fn parse(&self, file: FileId) -> Option<(Parsed<'_>, &SourceFile)> {
        let (_, source) = self.sources.policies().find(|(id, _)| *id == file)?;
        Some((syntax::parse(file, &source.text), source))
    }

    /// Every mention of something in every file.
    fn every(&self, subject: Subject, word: &str) -> impl Iterator<Item = (Location, Mention<'_>)> {
        self.sources.policies().flat_map(move |(file, source)| {
            let parsed = syntax::parse(file, &source.text);
            let mentions = mentions::mentions(&parsed.file).into_iter();
            let same = mentions.filter(|it| it.subject == subject && it.word.node == word);
            same.map(|it| (Location { file, span: it.word.span }, it)).collect::<Vec<_>>()
        })
    }

    /// The places in the project file of a path a region; an empty path has none.
    fn in_project<'p>(&'p self, path: impl Fn(&'p str) -> Vec<&'p str>) -> Vec<Target> {
        let roles = self.project.regions.keys();
        roles.filter_map(|role| self.located(&path(role))).map(Target::Text).collect()
    }

    /// The place of that very entry of the project file.
    fn located(&self, path: &[&str]) -> Option<Location> {
        let (file, source) = self.sources.project()?;
        let at = project::locate(file, &source.text, path)?;
        // As much of the path as there is may be less than all of it.
        (source.slice(at.span) == *path.last()?).then_some(at)
    }

    /// Where a variable gets its value.
    fn variable(&self, name: &str) -> Vec<Target> {
        if name == "region" {
            return self.in_project(|role| vec!["regions", role, "aws"]);
        }
        let shared = self.located(&["vars", name]).map(Target::Text);
        let regional = self.in_project(|role| match self.project.regions.get(role) {
            Some(region) if region.vars.contains_key(name) => vec!["regions", role, "vars", name],
            _ => Vec::new(),
        });
        shared.into_iter().chain(regional).collect()
    }
}

/// Whether the declaration is one of the references.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Declared {
    /// It is.
    Included,
    /// It is left out.
    Left,
}

/// A path that is written relative to the folder of a file.
fn beside(file: &str, path: &str) -> String {
    match file.rsplit_once('/') {
        Some((folder, _)) => format!("{folder}/{path}"),
        None => path.to_owned(),
    }
}
