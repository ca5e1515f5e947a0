//! Which files make up a policy: the first one, and what it includes.
//!
//! What touches the disk is behind [`Files`], so that the order of files, cycles and limits are
//! decided here and tested without one.

use std::collections::BTreeMap;

use crate::diagnostic::{Diagnostic, codes};
use crate::source::{FileId, Location, SourceFile, Sources, Span};
use crate::syntax::{self, ast};

/// How many files a policy may have.
pub const MOST_FILES: usize = 1_024;

/// How deep files may include each other.
pub const DEEPEST_INCLUDE: usize = 64;

/// Where files are found. Paths are relative to one folder, with `/` and without `.` or `..` where
/// that is possible.
pub trait Files {
    /// The text of a file.
    ///
    /// # Errors
    /// Why it cannot be read, as a phrase.
    fn read(&self, path: &str) -> Result<String, String>;

    /// The files that match a glob, sorted.
    ///
    /// # Errors
    /// Why the glob means nothing, as a phrase.
    fn matching(&self, glob: &str) -> Result<Vec<String>, String>;
}

/// The files of a policy, and what was wrong with including them.
#[derive(Debug, Default)]
pub struct Loaded {
    /// The files, the first one first, each before what it includes.
    pub sources: Sources,
    /// What was found.
    pub diagnostics: Vec<Diagnostic>,
    /// The glob of each `include`, and the files it stands for; a file for each of them.
    pub includes: Vec<(Location, FileId)>,
}

/// Reads a policy from its first file into `sources`.
///
/// # Errors
/// Why the first file cannot be read. What is wrong with an included one is in the diagnostics.
pub fn load(path: &str, files: &impl Files) -> Result<Loaded, String> {
    let text = files.read(path)?;
    let mut loader =
        Loader { files, loaded: Loaded::default(), known: BTreeMap::new(), chain: Vec::new() };
    loader.file(normal(path), text);
    Ok(loader.loaded)
}

struct Loader<'f, F> {
    files: &'f F,
    loaded: Loaded,
    known: BTreeMap<String, FileId>,
    /// The files around the current one, outermost first.
    chain: Vec<String>,
}

impl<F: Files> Loader<'_, F> {
    fn file(&mut self, path: String, text: String) -> FileId {
        let includes: Vec<_> = includes(&text).collect();
        let file = self.loaded.sources.add(SourceFile::new(path.clone(), text));
        self.known.insert(path.clone(), file);
        self.chain.push(path);
        for (span, glob) in includes {
            self.include(Location { file, span }, &glob);
        }
        self.chain.pop();
        file
    }

    fn include(&mut self, at: Location, glob: &str) {
        let refuse = |message: String| Diagnostic::error(codes::BAD_INCLUDE, message).at(at, "");
        if glob.starts_with('/') || glob.contains('\\') {
            let found = refuse(format!("`{glob}` is not relative to this file"))
                .help("write a path from the folder of this file, with `/`");
            self.loaded.diagnostics.push(found);
            return;
        }
        let here = self.chain.last().map_or("", String::as_str);
        let glob_here = match here.rsplit_once('/') {
            Some((folder, _)) => normal(&format!("{folder}/{glob}")),
            None => normal(glob),
        };
        let matching = match self.files.matching(&glob_here) {
            Ok(matching) if matching.is_empty() => {
                let found = refuse(format!("no file matches `{glob}`"))
                    .note(format!("looked for `{glob_here}`"))
                    .help("write the path from the folder of this file, or remove the line");
                self.loaded.diagnostics.push(found);
                return;
            }
            Ok(matching) => matching,
            Err(reason) => {
                let found = refuse(format!("`{glob}` is no glob: {reason}"))
                    .help("`*` stands for a part of a name, `**` for folders, `[ab]` for a letter");
                self.loaded.diagnostics.push(found);
                return;
            }
        };
        for path in matching {
            let path = normal(&path);
            if let Some(first) = self.chain.iter().position(|open| *open == path) {
                let mut cycle: Vec<_> = self.chain.iter().skip(first).cloned().collect();
                cycle.push(path);
                let found = Diagnostic::error(codes::INCLUDE_CYCLE, "a file includes itself")
                    .at(at, "")
                    .note(format!("the chain: {}", cycle.join(" -> ")))
                    .help("name files that do not include this one");
                self.loaded.diagnostics.push(found);
                continue;
            }
            if let Some(file) = self.known.get(&path) {
                self.loaded.includes.push((at, *file));
                continue;
            }
            if self.chain.len() >= DEEPEST_INCLUDE {
                let found = refuse(format!("files included over {DEEPEST_INCLUDE} deep"))
                    .help("include the inner files directly");
                self.loaded.diagnostics.push(found);
                return;
            }
            if self.known.len() >= MOST_FILES {
                let found = refuse(format!("over {MOST_FILES} files")).help("merge small files");
                self.loaded.diagnostics.push(found);
                return;
            }
            match self.files.read(&path) {
                Ok(text) => {
                    let file = self.file(path, text);
                    self.loaded.includes.push((at, file));
                }
                Err(reason) => {
                    self.loaded.diagnostics.push(refuse(format!("cannot read `{path}`: {reason}")));
                }
            }
        }
    }
}

/// The include statements of a text. Only lines that begin with the word are read here: the whole
/// text is parsed once, when all files are known.
fn includes(text: &str) -> impl Iterator<Item = (Span, String)> {
    let mut offset = 0;
    text.split_inclusive('\n').flat_map(move |line| {
        let start = offset;
        offset += line.len() as u32;
        let parsed =
            line.trim_start().starts_with("include").then(|| syntax::parse(FileId(0), line).file);
        let statements = parsed.map(|file| file.statements).unwrap_or_default();
        let paths = statements.into_iter().filter_map(move |statement| match statement.node {
            ast::Statement::Include(path) => {
                let span = path.raw.span;
                Some((Span::new(span.start + start, span.end + start), path.value()))
            }
            _ => None,
        });
        paths.collect::<Vec<_>>()
    })
}

/// The policies that files promise to stay within (`assert within "envelope.fw"`): nothing of them is
/// deployed, so they are no policies to be reviewed for themselves.
pub fn envelopes(sources: &Sources) -> Vec<String> {
    let mut paths = Vec::new();
    for (_, file) in sources.policies() {
        let folder = file.path.rsplit_once('/').map_or("", |(folder, _)| folder);
        let lines = file.text.lines().filter(|line| line.trim_start().starts_with("assert"));
        for statement in lines.flat_map(|line| syntax::parse(FileId(0), line).file.statements) {
            if let ast::Statement::Assert(ast::Assert::Within(path)) = statement.node {
                let path = path.value();
                let here = if folder.is_empty() { path } else { format!("{folder}/{path}") };
                paths.push(normal(&here));
            }
        }
    }
    paths
}

/// A path without `.`, and without `..` where it can be resolved.
fn normal(path: &str) -> String {
    let mut parts: Vec<&str> = Vec::new();
    for part in path.split('/') {
        match part {
            "" | "." => {}
            ".." if parts.last().is_some_and(|last| *last != "..") => {
                parts.pop();
            }
            part => parts.push(part),
        }
    }
    let rooted = if path.starts_with('/') { "/" } else { "" };
    format!("{rooted}{}", parts.join("/"))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Files in memory; a glob is a prefix and `*`.
    struct Folder(&'static [(&'static str, &'static str)]);

    impl Files for Folder {
        fn read(&self, path: &str) -> Result<String, String> {
            let file = self.0.iter().find(|(name, _)| *name == path);
            file.map(|(_, text)| (*text).to_owned()).ok_or_else(|| "no such file".to_owned())
        }

        fn matching(&self, glob: &str) -> Result<Vec<String>, String> {
            let names = self.0.iter().map(|(name, _)| *name);
            let matching = names.filter(|name| match glob.split_once('*') {
                Some((prefix, suffix)) => name.starts_with(prefix) && name.ends_with(suffix),
                None => *name == glob,
            });
            Ok(matching.map(str::to_owned).collect())
        }
    }

    fn check(files: &'static [(&'static str, &'static str)], paths: &[&str], messages: &[&str]) {
        let loaded = load("policies/prod.fw", &Folder(files)).unwrap();
        let read: Vec<_> = loaded.sources.iter().map(|(_, file)| file.path.as_str()).collect();
        let found: Vec<_> = loaded.diagnostics.iter().map(|found| found.message.as_str()).collect();
        assert_eq!((read.as_slice(), found.as_slice()), (paths, messages));
    }

    #[test]
    fn includes_are_relative_to_their_file_and_read_once() {
        check(
            &[
                ("policies/prod.fw", "fwc 1\n  include \"vendors/*.fw\"\ninclude \"../base.fw\""),
                ("policies/vendors/a.fw", "fwc 1\ninclude \"b.fw\"\n"),
                ("policies/vendors/b.fw", "fwc 1\n"),
                ("base.fw", "fwc 1\n"),
            ],
            &["policies/prod.fw", "policies/vendors/a.fw", "policies/vendors/b.fw", "base.fw"],
            &[],
        );
    }

    #[test]
    fn a_cycle_shows_its_chain() {
        let files = &[
            ("policies/prod.fw", "fwc 1\ninclude \"a.fw\"\n"),
            ("policies/a.fw", "fwc 1\ninclude \"prod.fw\"\n"),
        ];
        check(files, &["policies/prod.fw", "policies/a.fw"], &["a file includes itself"]);
    }

    /// A file that includes the next one, without end.
    struct Endless;

    impl Files for Endless {
        fn read(&self, path: &str) -> Result<String, String> {
            let number: u32 = path.trim_end_matches(".fw").parse().unwrap_or(0);
            Ok(format!("fwc 1\ninclude \"{}.fw\"\n", number + 1))
        }

        fn matching(&self, glob: &str) -> Result<Vec<String>, String> {
            Ok(vec![glob.to_owned()])
        }
    }

    #[test]
    fn includes_end_at_a_depth() {
        let loaded = load("0.fw", &Endless).unwrap();
        assert_eq!(loaded.sources.iter().count(), DEEPEST_INCLUDE);
        let messages: Vec<_> = loaded.diagnostics.iter().map(|it| it.message.as_str()).collect();
        assert_eq!(messages, ["files included over 64 deep"]);
    }

    /// A file that includes very many.
    struct Many;

    impl Files for Many {
        fn read(&self, path: &str) -> Result<String, String> {
            Ok(if path == "all.fw" { "fwc 1\ninclude \"*.fw\"\n" } else { "fwc 1\n" }.to_owned())
        }

        fn matching(&self, _: &str) -> Result<Vec<String>, String> {
            Ok((0..5_000).map(|number| format!("{number:04}.fw")).collect())
        }
    }

    #[test]
    fn a_policy_has_a_bounded_number_of_files() {
        let loaded = load("all.fw", &Many).unwrap();
        assert_eq!(loaded.sources.iter().count(), MOST_FILES);
        let messages: Vec<_> = loaded.diagnostics.iter().map(|it| it.message.as_str()).collect();
        assert_eq!(messages, ["over 1024 files"]);
    }

    #[test]
    fn a_glob_without_files_is_a_mistake() {
        check(
            &[("policies/prod.fw", "fwc 1\ninclude \"vendor/*.fw\"\n")],
            &["policies/prod.fw"],
            &["no file matches `vendor/*.fw`"],
        );
    }
    #[test]
    fn envelopes_are_named_from_the_folder_of_their_file() {
        let mut sources = Sources::new();
        let text = "fwc 1\nassert within \"../central.fw\"\nassert regions equal\n";
        sources.add(SourceFile::new("teams/a/prod.fw", text));
        sources.add(SourceFile::new("b.fw", "fwc 1\n  assert within \"central.fw\"\n"));
        assert_eq!(envelopes(&sources), ["teams/central.fw", "central.fw"]);
    }
}
