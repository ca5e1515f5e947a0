//! Files and folders: read whole, written whole or not at all.

use std::fs;
use std::io::{self, Read as _, Write as _};
use std::path::{Component, Path, PathBuf};

use fwc::emit::Artifact;
use fwc::syntax::MAX_FILE_SIZE;

use super::Error;

/// A path as people and artifacts see it: with `/`, and without a leading `./`.
pub(crate) fn shown(path: &Path) -> String {
    let text = path.to_string_lossy().replace('\\', "/");
    text.strip_prefix("./").map_or(text.clone(), str::to_owned)
}

fn unreadable(path: &Path, reason: impl ToString) -> Error {
    Error::Read { path: shown(path), reason: reason.to_string() }
}

fn unwritable(path: &Path, reason: impl ToString) -> Error {
    Error::Write { path: shown(path), reason: reason.to_string() }
}

/// Reads a text file.
pub(crate) fn read(path: &Path) -> Result<String, Error> {
    let file = fs::File::open(path).map_err(|error| unreadable(path, error))?;
    let size = file.metadata().map_or(0, |metadata| metadata.len());
    text(path, file, size)
}

/// Reads a text file of any size.
#[cfg(feature = "aws")]
pub(crate) fn read_any(path: &Path) -> Result<String, Error> {
    fs::read_to_string(path).map_err(|error| unreadable(path, error))
}

/// Reads standard input.
pub(crate) fn read_stdin() -> Result<String, Error> {
    text(Path::new("<stdin>"), io::stdin().lock(), 0)
}

/// Reads text of about `size` bytes.
fn text(path: &Path, input: impl io::Read, size: u64) -> Result<String, Error> {
    // One byte more than is allowed tells a file of the largest size from a larger one; what is
    // said about it is the parser's to say.
    let limit = MAX_FILE_SIZE as u64 + 1;
    let mut bytes = Vec::with_capacity(size.min(limit) as usize + 1);
    input.take(limit).read_to_end(&mut bytes).map_err(|error| unreadable(path, error))?;
    String::from_utf8(bytes).map_err(|error| {
        let at = error.utf8_error().valid_up_to();
        unreadable(path, format!("not UTF-8 text (byte {at}); save it as UTF-8"))
    })
}

/// The nearest file of that name in a folder or above it.
pub(crate) fn walk_up(folder: &Path, name: &str) -> Result<Option<PathBuf>, Error> {
    let start = if folder.as_os_str().is_empty() { Path::new(".") } else { folder };
    let real = fs::canonicalize(start).map_err(|error| unreadable(start, error))?;
    // What lies above a relative path is written like it, as far as it is part of it.
    let plain = folder.is_relative() && !folder.components().any(|it| it == Component::ParentDir);
    let written = plain.then(|| folder.ancestors().map(Path::to_owned));
    let above = real.ancestors().map(Path::to_owned);
    let folders = written.into_iter().flatten().chain(above);
    Ok(folders.map(|folder| folder.join(name)).find(|file| file.is_file()))
}

/// A path written as one below `root`, if it lies there however it was written.
pub(crate) fn within(root: &Path, path: &Path) -> PathBuf {
    let folder = if root.as_os_str().is_empty() { Path::new(".") } else { root };
    let (Ok(real_root), Ok(real)) = (fs::canonicalize(folder), fs::canonicalize(path)) else {
        return path.to_owned();
    };
    real.strip_prefix(real_root).map_or_else(|_| path.to_owned(), |rest| root.join(rest))
}

/// The files that match a glob, sorted.
pub(crate) fn matching(glob: &str) -> Result<Vec<String>, String> {
    let paths = glob::glob(glob).map_err(|error| error.msg.to_owned())?;
    let mut files = Vec::new();
    for path in paths {
        let path = path.map_err(|error| error.to_string())?;
        if path.is_file() {
            files.push(shown(&path));
        }
    }
    files.sort();
    Ok(files)
}

/// Replaces a file by new text, whole or not at all.
pub(crate) fn replace(path: &Path, text: &str) -> Result<(), Error> {
    let folder = path.parent().filter(|it| !it.as_os_str().is_empty()).unwrap_or(Path::new("."));
    let mut draft =
        tempfile::NamedTempFile::new_in(folder).map_err(|error| unwritable(path, error))?;
    let permissions = fs::metadata(path).map(|it| it.permissions());
    let written = draft
        .write_all(text.as_bytes())
        .and_then(|()| permissions.and_then(|it| draft.as_file().set_permissions(it)))
        .and_then(|()| draft.as_file().sync_all());
    written.map_err(|error| unwritable(path, error))?;
    draft.persist(path).map_err(|error| unwritable(path, error.error))?;
    Ok(())
}

/// Writes a file, over one that is there.
#[cfg(feature = "aws")]
pub(crate) fn write_file(path: &Path, text: &str) -> Result<(), Error> {
    if path.exists() {
        return replace(path, text);
    }
    fs::write(path, text).map_err(|error| unwritable(path, error))
}

/// Writes new files, none of which may be there.
pub(crate) fn create(files: &[(PathBuf, &str)]) -> Result<(), Error> {
    if let Some((path, _)) = files.iter().find(|(path, _)| path.symlink_metadata().is_ok()) {
        return Err(unwritable(path, "it is there already; nothing was written"));
    }
    for (path, text) in files {
        if let Some(folder) = path.parent() {
            fs::create_dir_all(folder).map_err(|error| unwritable(folder, error))?;
        }
        let created =
            fs::File::create_new(path).and_then(|mut file| file.write_all(text.as_bytes()));
        created.map_err(|error| unwritable(path, error))?;
    }
    Ok(())
}

/// Replaces an output folder by the artifacts that `fill` gives, whole or not at all; gives what
/// `fill` returns.
///
/// A folder that holds anything fwc does not write is left alone: it is not ours to remove.
pub(crate) fn replace_folder<T>(
    folder: &Path,
    ours: impl Fn(&str) -> bool,
    fill: impl FnOnce(&mut dyn FnMut(Artifact<'_>)) -> T,
) -> Result<T, Error> {
    if let Some(foreign) = foreign_file(folder, folder, &ours)? {
        return Err(unwritable(
            folder,
            format!(
                "it holds `{foreign}`, which fwc did not write; choose another folder with `-o`"
            ),
        ));
    }
    let parent = folder.parent().filter(|it| !it.as_os_str().is_empty()).unwrap_or(Path::new("."));
    fs::create_dir_all(parent).map_err(|error| unwritable(parent, error))?;
    let staging = tempfile::Builder::new()
        .prefix(".fwc-")
        .tempdir_in(parent)
        .map_err(|error| unwritable(folder, error))?;
    let (new, old) = (staging.path().join("new"), staging.path().join("old"));
    fs::create_dir(&new).map_err(|error| unwritable(folder, error))?;
    let mut written = Ok(());
    let filled = fill(&mut |artifact| {
        if written.is_ok() {
            written = write(&new, &artifact);
        }
    });
    written?;
    let replaced = folder.symlink_metadata().is_ok();
    if replaced {
        fs::rename(folder, &old).map_err(|error| unwritable(folder, error))?;
    }
    if let Err(error) = fs::rename(&new, folder) {
        if replaced {
            fs::rename(&old, folder).map_err(|error| unwritable(folder, error))?;
        }
        return Err(unwritable(folder, error));
    }
    Ok(filled)
}

fn write(folder: &Path, artifact: &Artifact<'_>) -> Result<(), Error> {
    let path = folder.join(&artifact.path);
    let parts = || {
        fs::create_dir_all(path.parent().unwrap_or(folder))?;
        let mut file = fs::File::create_new(&path)?;
        artifact.parts.iter().try_for_each(|part| file.write_all(part.as_bytes()))
    };
    parts().map_err(|error| unwritable(&path, error))
}

/// The first file below `folder` that is not one of ours, relative to `root`.
fn foreign_file(
    root: &Path,
    folder: &Path,
    ours: &impl Fn(&str) -> bool,
) -> Result<Option<String>, Error> {
    let entries = match fs::read_dir(folder) {
        Ok(entries) => entries,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
        Err(error) => return Err(unwritable(folder, error)),
    };
    for entry in entries {
        let entry = entry.map_err(|error| unreadable(folder, error))?;
        let kind = entry.file_type().map_err(|error| unreadable(folder, error))?;
        let path = entry.path();
        if kind.is_dir() {
            if let Some(foreign) = foreign_file(root, &path, ours)? {
                return Ok(Some(foreign));
            }
        } else if !kind.is_file() || !ours(&entry.file_name().to_string_lossy()) {
            return Ok(Some(shown(path.strip_prefix(root).unwrap_or(&path))));
        }
    }
    Ok(None)
}

/// Files as they are, folders as the policies in them, and what is no file as a glob.
pub(crate) fn expand(paths: &[PathBuf]) -> Result<Vec<PathBuf>, Error> {
    let mut files = Vec::new();
    for path in paths {
        if path.is_dir() {
            files.extend(policies(path)?);
            continue;
        }
        let text = shown(path);
        if path.exists() || !text.contains(['*', '?', '[']) {
            files.push(path.clone());
            continue;
        }
        let found = matching(&text).map_err(|reason| unreadable(path, reason))?;
        if found.is_empty() {
            return Err(unreadable(path, "no file matches"));
        }
        files.extend(found.into_iter().map(PathBuf::from));
    }
    Ok(files)
}

/// The `.fw` files below a folder, sorted.
pub(crate) fn policies(folder: &Path) -> Result<Vec<PathBuf>, Error> {
    let mut found = Vec::new();
    let mut folders = vec![folder.to_owned()];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(&folder).map_err(|error| unreadable(&folder, error))? {
            let entry = entry.map_err(|error| unreadable(&folder, error))?;
            let kind = entry.file_type().map_err(|error| unreadable(&folder, error))?;
            let path = entry.path();
            if kind.is_dir() {
                folders.push(path);
            } else if path.extension().is_some_and(|extension| extension == "fw") {
                found.push(path);
            }
        }
    }
    found.sort();
    Ok(found)
}
