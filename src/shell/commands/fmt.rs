//! `fwc fmt`: canonical text.

use std::path::{Path, PathBuf};

use fwc::diagnostic::Diagnostic;
use fwc::source::{FileId, SourceFile, Sources};
use fwc::syntax;

use crate::shell::args::{Args, Fmt};
use crate::shell::{Error, Exit, Shell, disk, project};

pub(crate) fn fmt(args: &Args, fmt: &Fmt, shell: &mut Shell) -> Result<Exit, Error> {
    if let [path] = fmt.paths.as_slice()
        && path == Path::new("-")
    {
        return stdin(fmt, shell);
    }
    let files = match fmt.paths.as_slice() {
        [] => match project::find(args, None, shell)? {
            Some(found) => {
                let loaded = found.load(&found.policy(None)?)?;
                loaded.sources.iter().map(|(_, file)| PathBuf::from(&file.path)).collect()
            }
            None => return Ok(Exit::Findings),
        },
        paths => disk::expand(paths)?,
    };
    let mut exit = Exit::Done;
    for path in files {
        let text = disk::read(&path)?;
        let Some(canonical) = canonical(&disk::shown(&path), &text, shell) else {
            exit = Exit::Findings;
            continue;
        };
        if canonical == text {
            continue;
        }
        if fmt.check {
            shell.print(&changes(&disk::shown(&path), &text, &canonical))?;
            exit = Exit::Findings;
        } else {
            disk::replace(&path, &canonical)?;
            shell.say(&format!("formatted {}", disk::shown(&path)));
        }
    }
    Ok(exit)
}

fn stdin(fmt: &Fmt, shell: &mut Shell) -> Result<Exit, Error> {
    let text = disk::read_stdin()?;
    let Some(canonical) = canonical("<stdin>", &text, shell) else { return Ok(Exit::Findings) };
    if !fmt.check {
        shell.print(&canonical)?;
    } else if canonical != text {
        shell.print(&changes("<stdin>", &text, &canonical))?;
        return Ok(Exit::Findings);
    }
    Ok(Exit::Done)
}

/// The canonical text, unless there is a mistake, which is shown.
fn canonical(path: &str, text: &str, shell: &mut Shell) -> Option<String> {
    let parsed = syntax::parse(FileId(0), text);
    let found: &[Diagnostic] = &parsed.diagnostics;
    if found.is_empty() {
        return Some(syntax::format(&parsed.file, text));
    }
    let mut sources = Sources::new();
    sources.add(SourceFile::new(path, text));
    shell.show(&sources, found);
    None
}

fn changes(path: &str, before: &str, after: &str) -> String {
    let canonical = format!("{path} (canonical)");
    similar::TextDiff::from_lines(before, after).unified_diff().header(path, &canonical).to_string()
}
