//! Which engines there are.

use std::env;
use std::fs;
use std::path::{Path, PathBuf};

use fwc::matcher;

use crate::shell::Error;
use crate::shell::engine::Engine;

/// The engines that are named, or else those of the first place that has some.
pub(super) fn find(named: &[PathBuf], root: &Path) -> Result<Vec<Engine>, Error> {
    let paths = if named.is_empty() { installed(root) } else { named.to_vec() };
    if paths.is_empty() {
        return Err(Error::Usage(
            "no Suricata to ask: in a clone of fwc run `scripts/engine 7` and `scripts/engine 8`, \
             or install one (`apt install suricata`), or name one with --suricata"
                .to_owned(),
        ));
    }
    let mut engines = Vec::new();
    for path in paths {
        engines.push(Engine::open(&path)?);
    }
    Ok(engines)
}

fn installed(root: &Path) -> Vec<PathBuf> {
    let folder = env::var_os("FWC_ENGINES").map(PathBuf::from);
    let folder = folder.unwrap_or_else(|| root.join("target/engines"));
    let entries = fs::read_dir(folder).into_iter().flatten();
    let mut found: Vec<PathBuf> = entries
        .filter_map(|entry| Some(entry.ok()?.path()))
        .filter(|path| path.join("usr/bin/suricata").is_file())
        .collect();
    found.sort();
    if found.is_empty() {
        let path = env::var_os("PATH").unwrap_or_default();
        let programs = env::split_paths(&path).map(|folder| folder.join("suricata"));
        found.extend(programs.filter(|program| program.is_file()).take(1));
    }
    found
}

/// What has to be known of an engine that is of no version whose reading of names was measured.
pub(super) fn note(engine: &Engine) -> Option<String> {
    let (release, version) = (engine.release(), engine.version());
    (release != version.release()).then(|| {
        format!(
            "Suricata {release} is taken to read names as {} does; measured are {}",
            version.release(),
            matcher::Engine::ALL.map(matcher::Engine::release).join(", ")
        )
    })
}
