//! The `fwc` command: parse the arguments, run one command, exit.

mod shell;

use clap::Parser as _;

fn main() -> std::process::ExitCode {
    let args = shell::args::Args::parse();
    let mut shell = shell::Shell::from_args(&args);
    let exit = shell::commands::run(&args, &mut shell).unwrap_or_else(|error| {
        shell.complain(&error);
        shell::Exit::Failure
    });
    exit.into()
}
