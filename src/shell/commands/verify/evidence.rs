//! What reproduces a disagreement without fwc, as files.

use std::fs;
use std::path::Path;

use fwc::verify::Disagreement;

use super::Sitting;
use crate::shell::{Error, disk};

fn unwritable(path: &Path, reason: impl ToString) -> Error {
    Error::Write { path: disk::shown(path), reason: reason.to_string() }
}

/// Refuses a folder with something in it, before anything is asked.
pub(super) fn check(folder: &Path) -> Result<(), Error> {
    match fs::read_dir(folder).map(|mut entries| entries.next().is_none()) {
        Ok(false) => Err(unwritable(folder, "it is not empty; choose another folder with `-o`")),
        Ok(true) => Ok(()),
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(()),
        Err(error) => Err(unwritable(folder, error)),
    }
}

/// Writes what a sitting found: in a folder of its own what runs the engine, and a capture and a
/// description a disagreement.
pub(super) fn write(
    folder: &Path,
    sitting: &Sitting<'_>,
    found: &[Disagreement],
) -> Result<(), Error> {
    let (role, release) = (&sitting.region.ruleset.region.role, sitting.engine.release());
    let found = found.iter().filter(|it| it.region == *role && it.engine == release);
    let found: Vec<_> = found.collect();
    if found.is_empty() {
        return Ok(());
    }
    let folder = folder.join(format!("{role}-{release}"));
    let written = || {
        fs::create_dir_all(&folder)?;
        for (number, disagreement) in (1..).zip(found) {
            fs::write(folder.join(format!("{number}.json")), disagreement.to_json())?;
            fs::write(folder.join(format!("{number}.pcap")), &disagreement.capture)?;
        }
        sitting.engine.leave(&sitting.region.text, &sitting.region.settings, &folder)
    };
    written().map_err(|error| unwritable(&folder, error))
}
