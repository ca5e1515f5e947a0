//! The shell around the library: the only code that touches files, the clock and the terminal.

pub(crate) mod args;
pub(crate) mod commands;
mod disk;
mod git;
mod output;
mod project;

use std::io::{IsTerminal as _, Write};

use anstream::AutoStream;
use fwc::diagnostic::render::{self, Format, Style};
use fwc::diagnostic::{self, Diagnostic};
use fwc::source::Sources;

pub(crate) use args::Args;

/// How a command ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Exit {
    /// Done.
    Done = 0,
    /// The policy was refused, or `--check` found a difference.
    Findings = 1,
    /// Wrong usage, unreadable input or a failing environment.
    Failure = 2,
}

impl From<Exit> for std::process::ExitCode {
    fn from(exit: Exit) -> Self {
        Self::from(exit as u8)
    }
}

/// What the world did to a command.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Error {
    /// A file cannot be read.
    #[error("cannot read `{path}`: {reason}")]
    Read {
        /// Which.
        path: String,
        /// Why.
        reason: String,
    },
    /// A file or folder cannot be written.
    #[error("cannot write `{path}`: {reason}")]
    Write {
        /// Which.
        path: String,
        /// Why.
        reason: String,
    },
    /// git does not answer.
    #[error("git: {0}")]
    Git(String),
    /// The arguments do not go together.
    #[error("{0}")]
    Usage(String),
}

/// The streams of a command and how they are written to.
pub(crate) struct Shell {
    stdout: Box<dyn Write>,
    stderr: Box<dyn Write>,
    style: Style,
    quiet: bool,
}

impl Shell {
    /// The real streams, coloured as asked for.
    pub(crate) fn from_args(args: &Args) -> Self {
        let choice = match args.color {
            clap::ColorChoice::Auto => anstream::ColorChoice::Auto,
            clap::ColorChoice::Always => anstream::ColorChoice::Always,
            clap::ColorChoice::Never => anstream::ColorChoice::Never,
        };
        let stderr = AutoStream::new(std::io::stderr(), choice);
        let color = stderr.current_choice() != anstream::ColorChoice::Never
            && (choice == anstream::ColorChoice::Always || std::io::stderr().is_terminal());
        Self {
            stdout: Box::new(AutoStream::new(std::io::stdout(), choice)),
            stderr: Box::new(stderr),
            style: Style { color, width: 100 },
            quiet: args.quiet,
        }
    }

    /// Writes a result.
    pub(crate) fn print(&mut self, text: &str) -> Result<(), Error> {
        match self.stdout.write_all(text.as_bytes()).and_then(|()| self.stdout.flush()) {
            // Whoever read so far has read enough: `fwc … | head`.
            Err(error) if error.kind() == std::io::ErrorKind::BrokenPipe => Ok(()),
            Err(error) => Err(Error::Write { path: "<stdout>".into(), reason: error.to_string() }),
            Ok(()) => Ok(()),
        }
    }

    /// Says something that is not the result.
    pub(crate) fn say(&mut self, text: &str) {
        if !self.quiet {
            // There is nobody left to tell if this fails.
            let _ = writeln!(self.stderr, "{text}");
        }
    }

    /// Shows findings; tells whether they refuse the policy.
    pub(crate) fn show(&mut self, sources: &Sources, found: &[Diagnostic]) -> bool {
        let refused = diagnostic::refuses(found);
        if !found.is_empty() && (refused || !self.quiet) {
            let text = render::render(Format::Full, sources, found, self.style);
            let summary = render::summary(found);
            let _ = writeln!(self.stderr, "{text}{summary}");
        }
        refused
    }

    /// Says why a command cannot go on.
    pub(crate) fn complain(&mut self, error: &Error) {
        let bold = anstyle::AnsiColor::Red.on_default().bold();
        let _ = writeln!(self.stderr, "{bold}error{bold:#}: {error}");
    }
}
