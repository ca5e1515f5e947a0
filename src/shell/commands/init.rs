//! `fwc init`: a small project that compiles.

use crate::shell::args::Init;
use crate::shell::{Error, Exit, Shell, disk};

/// The files of a new project.
const FILES: &[(&str, &str)] = &[
    ("fwc.yaml", include_str!("init/fwc.yaml")),
    ("policies/prod.fw", include_str!("init/prod.fw")),
    (".github/workflows/egress.yml", include_str!("init/egress.yml")),
];

pub(crate) fn init(args: &Init, shell: &mut Shell) -> Result<Exit, Error> {
    let files: Vec<_> = FILES.iter().map(|(path, text)| (args.dir.join(path), *text)).collect();
    disk::create(&files)?;
    for (path, _) in &files {
        shell.print(&format!("wrote {}\n", disk::shown(path)))?;
    }
    shell.say("next: name your networks in fwc.yaml, then `fwc compile`");
    Ok(Exit::Done)
}
