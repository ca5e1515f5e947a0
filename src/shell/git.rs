//! A revision of a git repository as a folder that can be read: by asking `git`.

use std::ffi::OsStr;
use std::io::ErrorKind;
use std::path::{Path, PathBuf};
use std::process::Command;

use fwc::load::Files;

use super::{Error, disk};

/// The files of a revision, by their paths from the top of the repository.
pub(crate) struct Revision {
    /// Where git is asked.
    folder: PathBuf,
    /// The top of the working tree.
    top: PathBuf,
    commit: String,
    names: Vec<String>,
}

impl Revision {
    /// The revision of the repository that a folder lies in.
    pub(crate) fn find(folder: &Path, revision: &str) -> Result<Self, Error> {
        let folder = if folder.as_os_str().is_empty() { Path::new(".") } else { folder };
        // Within a hook git names its folder, relative to the current one.
        let is_named = std::env::var_os("GIT_DIR").is_some();
        let folder = if is_named { Path::new(".") } else { folder };
        let top = text(git(folder, ["rev-parse", "--show-toplevel"])?)?;
        let name = format!("{revision}^{{commit}}");
        let commit = git(folder, ["rev-parse", "--verify", "--end-of-options", &name]);
        let commit = commit.map_err(|_| {
            let fetch = "is it fetched? a shallow clone has only the last commit";
            Error::Git(format!("no revision `{revision}` here; {fetch}"))
        })?;
        let commit = text(commit)?;
        let names = git(folder, ["ls-tree", "-r", "-z", "--full-tree", "--name-only", &commit])?;
        let names = names.split(|byte| *byte == 0).filter_map(|name| str::from_utf8(name).ok());
        let names = names.filter(|name| !name.is_empty()).map(str::to_owned).collect();
        Ok(Self { folder: folder.to_owned(), top: PathBuf::from(top), commit, names })
    }

    /// A path of the disk as one of the repository; `None` if it lies outside.
    pub(crate) fn path(&self, path: &Path) -> Option<String> {
        let top = self.top.canonicalize().ok()?;
        // What was deleted has a folder, or had one.
        let (folder, rest) = path.ancestors().find_map(|folder| {
            let folder = if folder.as_os_str().is_empty() { Path::new(".") } else { folder };
            let real = folder.canonicalize().ok()?;
            Some((real, path.strip_prefix(folder).unwrap_or(path)))
        })?;
        let whole = if rest.as_os_str().is_empty() { folder } else { folder.join(rest) };
        whole.strip_prefix(top).ok().map(disk::shown)
    }

    /// Whether the revision has such a file.
    pub(crate) fn has(&self, path: &str) -> bool {
        self.names.iter().any(|name| name == path)
    }
}

impl Files for Revision {
    fn read(&self, path: &str) -> Result<String, String> {
        if !self.has(path) {
            return Err("no such file in that revision".to_owned());
        }
        let object = format!("{}:{path}", self.commit);
        let bytes =
            git(&self.folder, ["cat-file", "blob", &object]).map_err(|it| it.to_string())?;
        String::from_utf8(bytes).map_err(|_| "not UTF-8 text; save it as UTF-8".to_owned())
    }

    fn matching(&self, glob: &str) -> Result<Vec<String>, String> {
        let pattern = glob::Pattern::new(glob).map_err(|error| error.msg.to_owned())?;
        let options =
            glob::MatchOptions { require_literal_separator: true, ..glob::MatchOptions::default() };
        let names = self.names.iter().filter(|name| pattern.matches_with(name, options));
        let mut names: Vec<String> = names.cloned().collect();
        names.sort();
        Ok(names)
    }
}

/// The commit that these files are of, if they are in a repository; with `-dirty` at its end if one of
/// them is not as committed.
#[cfg(feature = "aws")]
pub(crate) fn commit(files: &[PathBuf]) -> Option<String> {
    let files: Vec<PathBuf> =
        files.iter().map(std::path::absolute).collect::<Result<_, _>>().ok()?;
    let folder = files.first()?.parent()?;
    let commit = text(git(folder, ["rev-parse", "--verify", "HEAD"]).ok()?).ok()?;
    let status = ["--literal-pathspecs", "status", "--porcelain", "--ignored", "--"];
    let status = status.iter().map(OsStr::new).chain(files.iter().map(|file| file.as_os_str()));
    let is_clean = git(folder, status).ok()?.is_empty();
    Some(if is_clean { commit } else { format!("{commit}-dirty") })
}

/// Whoever git would say has made a commit.
#[cfg(feature = "aws")]
pub(crate) fn user() -> Option<String> {
    let name = text(git(Path::new("."), ["config", "user.name"]).ok()?).ok()?;
    Some(name).filter(|name| !name.is_empty())
}

fn git<A: AsRef<OsStr>>(
    folder: &Path,
    arguments: impl IntoIterator<Item = A>,
) -> Result<Vec<u8>, Error> {
    let output = Command::new("git").arg("-C").arg(folder).args(arguments).output();
    match output {
        Ok(output) if output.status.success() => Ok(output.stdout),
        Ok(output) => {
            let said = String::from_utf8_lossy(&output.stderr);
            let said = said.lines().next().unwrap_or("it failed and said nothing");
            Err(Error::Git(said.strip_prefix("fatal: ").unwrap_or(said).to_owned()))
        }
        Err(error) if error.kind() == ErrorKind::NotFound => Err(Error::Git(
            "not installed, and `--base` asks it for the policy before; compare two files instead"
                .to_owned(),
        )),
        Err(error) => Err(Error::Git(error.to_string())),
    }
}

fn text(bytes: Vec<u8>) -> Result<String, Error> {
    let text = String::from_utf8(bytes);
    text.map(|text| text.trim_end().to_owned()).map_err(|error| Error::Git(error.to_string()))
}
