//! The shell around the library: the only code that touches files, the clock and the terminal.

pub(crate) mod args;
#[cfg(feature = "aws")]
mod aws;
mod clock;
pub(crate) mod commands;
mod disk;
mod engine;
mod git;
#[cfg(feature = "lsp")]
mod lsp;
mod output;
mod project;

use std::io::{IsTerminal as _, Write};

use anstream::AutoStream;
use fwc::diagnostic::render::{self, Format, Style};
use fwc::diagnostic::{self, Diagnostic};
use fwc::source::Sources;
#[cfg(feature = "aws")]
use indicatif::{MultiProgress, ProgressDrawTarget};
use indicatif::{ProgressBar, ProgressStyle};

pub(crate) use args::Args;

/// How a command ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Exit {
    /// Done.
    Done = 0,
    /// The policy was refused, a test failed, an engine disagreed, or `--check` or `--expect` was not
    /// met.
    Findings = 1,
    /// Wrong usage, unreadable input or a failing environment.
    Failure = 2,
    /// A plan that would change something.
    #[cfg(feature = "aws")]
    Changes = 3,
    /// A push that did not complete.
    #[cfg(feature = "aws")]
    Incomplete = 4,
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
    /// The firewall does something else than was expected.
    #[error("{0}")]
    Unmet(String),
    /// The firewall service of a region does not do it.
    #[cfg(feature = "aws")]
    #[error("{place}: {reason}")]
    Service {
        /// Where.
        place: String,
        /// Why.
        reason: String,
    },
    /// An engine gave no answer.
    #[error(transparent)]
    Engine(#[from] engine::Error),
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
        self.print_on(text).map(|_| ())
    }

    /// Writes a part of a result; tells whether anybody reads on.
    pub(crate) fn print_on(&mut self, text: &str) -> Result<bool, Error> {
        match self.stdout.write_all(text.as_bytes()).and_then(|()| self.stdout.flush()) {
            // Whoever read so far has read enough: `fwc … | head`.
            Err(error) if error.kind() == std::io::ErrorKind::BrokenPipe => Ok(false),
            Err(error) => Err(Error::Write { path: "<stdout>".into(), reason: error.to_string() }),
            Ok(()) => Ok(true),
        }
    }

    /// How text for people looks.
    pub(crate) fn style(&self) -> Style {
        self.style
    }

    /// Says something that is not the result.
    pub(crate) fn say(&mut self, text: &str) {
        if !self.quiet {
            // There is nobody left to tell if this fails.
            let _ = writeln!(self.stderr, "{text}");
        }
    }

    /// How far something is that takes a while; nothing where nobody looks.
    pub(crate) fn progress(&self, steps: usize, what: &'static str) -> ProgressBar {
        if self.quiet || !std::io::stderr().is_terminal() {
            return ProgressBar::hidden();
        }
        let style =
            ProgressStyle::with_template("{bar:40} {human_pos} of {human_len} {msg}, {eta}");
        let bar = ProgressBar::new(steps as u64).with_message(what);
        match style {
            Ok(style) => bar.with_style(style),
            Err(_) => bar,
        }
    }

    /// Lines for several things that go on at once; nothing where nobody looks.
    #[cfg(feature = "aws")]
    pub(crate) fn lines(&self) -> MultiProgress {
        let is_watched = !self.quiet && std::io::stderr().is_terminal();
        let hidden = ProgressDrawTarget::hidden();
        if is_watched { MultiProgress::new() } else { MultiProgress::with_draw_target(hidden) }
    }

    /// Whether there is a person who can be asked.
    #[cfg(feature = "aws")]
    pub(crate) fn is_attended(&self) -> bool {
        std::io::stdin().is_terminal() && std::io::stderr().is_terminal()
    }

    /// Asks a person; anything but a yes is a no.
    #[cfg(feature = "aws")]
    pub(crate) fn ask(&mut self, question: &str) -> bool {
        let _ = write!(self.stderr, "{question} [y/N] ").and_then(|()| self.stderr.flush());
        let mut answer = String::new();
        let is_read = std::io::stdin().read_line(&mut answer).is_ok();
        is_read && matches!(answer.trim().to_lowercase().as_str(), "y" | "yes")
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

    /// Findings that are the result of a command, as text for standard output, which is coloured
    /// like it.
    pub(crate) fn findings(&self, sources: &Sources, found: &[Diagnostic]) -> String {
        // Where colours are not wanted, the stream takes them away again.
        render::render(Format::Full, sources, found, Style { color: true, ..self.style })
    }

    /// Says why a command cannot go on.
    pub(crate) fn complain(&mut self, error: &Error) {
        let bold = anstyle::AnsiColor::Red.on_default().bold();
        let _ = writeln!(self.stderr, "{bold}error{bold:#}: {error}");
    }
}
