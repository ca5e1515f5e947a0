//! The commands: each loads, calls the library, shows.

mod compile;
#[cfg(feature = "aws")]
mod delivery;
mod diff;
mod explain;
mod fmt;
mod generate;
mod init;
mod lint;
#[cfg(feature = "aws")]
mod plan;
#[cfg(feature = "aws")]
mod push;
#[cfg(feature = "aws")]
mod rollback;
#[cfg(feature = "aws")]
mod status;
mod test;
mod verify;

use super::args::Command;
use super::{Args, Error, Exit, Shell};

/// Runs the command of the arguments.
pub(crate) fn run(args: &Args, shell: &mut Shell) -> Result<Exit, Error> {
    match &args.command {
        Command::Init(command) => init::init(command, shell),
        Command::Compile(command) => compile::compile(args, command, shell),
        Command::Diff(command) => diff::run(args, command, shell),
        Command::Fmt(command) => fmt::fmt(args, command, shell),
        Command::Test(command) => test::test(args, command, shell),
        Command::Verify(command) => verify::verify(args, command, shell),
        Command::Lint(command) => lint::lint(args, command, shell),
        Command::Explain(command) => explain::explain(args, command, shell),
        #[cfg(feature = "aws")]
        Command::Plan(command) => plan::plan(args, command, shell),
        #[cfg(feature = "aws")]
        Command::Push(command) => push::push(args, command, shell),
        #[cfg(feature = "aws")]
        Command::Status(command) => status::status(args, command, shell),
        #[cfg(feature = "aws")]
        Command::Rollback(command) => rollback::rollback(args, command, shell),
        #[cfg(feature = "lsp")]
        Command::Lsp(_) => super::lsp::serve(args),
        Command::Generate(command) => generate::generate(command, shell),
    }
}
