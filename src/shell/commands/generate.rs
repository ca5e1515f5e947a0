//! `fwc generate`: completions and man pages, from the definition of the arguments.

use std::fs;
use std::path::Path;

use clap::CommandFactory as _;

use crate::shell::args::{Args, Generate, Generated};
use crate::shell::{Error, Exit, Shell};

pub(crate) fn generate(args: &Generate, shell: &mut Shell) -> Result<Exit, Error> {
    match &args.what {
        Generated::Completions { shell: kind } => {
            let mut script = Vec::new();
            clap_complete::generate(*kind, &mut Args::command(), "fwc", &mut script);
            shell.print(&String::from_utf8_lossy(&script))?;
        }
        Generated::Man { output } => man_pages(output)?,
    }
    Ok(Exit::Done)
}

fn man_pages(folder: &Path) -> Result<(), Error> {
    let unwritable = |error: std::io::Error| Error::Write {
        path: folder.display().to_string(),
        reason: error.to_string(),
    };
    fs::create_dir_all(folder).map_err(unwritable)?;
    clap_mangen::generate_to(Args::command(), folder).map_err(unwritable)
}
