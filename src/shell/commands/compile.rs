//! `fwc compile`: the artifacts of each region, and a table of what they weigh.

use std::path::Path;

use fwc::emit::{self, Context, Delivery, Summary, TARGETS, Target, Usage};
use fwc::suricata::{self, Options, Profile, Ruleset};
use jiff::Timestamp;
use jiff::civil::Date;
use jiff::tz::TimeZone;

use crate::shell::args::{Args, Compile, TableFormat};
use crate::shell::project::Found;
use crate::shell::{Error, Exit, Shell, disk, output, project};

pub(crate) fn compile(args: &Args, compile: &Compile, shell: &mut Shell) -> Result<Exit, Error> {
    let named = compile.policy.as_deref();
    let Some(found) = project::find(args, named, shell)? else { return Ok(Exit::Findings) };
    let wanted = regions(&found, &compile.region)?;
    let path = found.policy(named)?;
    let Some((policy, sources)) = found.accept(&path, shell)? else { return Ok(Exit::Findings) };
    let options = Options {
        today: compile.today.unwrap_or_else(today),
        profile: Profile::of(found.project.firewall.profile),
        firewall: &found.project.firewall,
    };
    let rulesets = match suricata::compile(&policy, &options) {
        Ok(rulesets) => rulesets,
        Err(refused) => {
            shell.show(&sources, &refused);
            return Ok(Exit::Findings);
        }
    };
    let rulesets: Vec<Ruleset> =
        rulesets.into_iter().filter(|it| wanted.contains(&it.region.role)).collect();
    let targets: Vec<&Target> = TARGETS
        .iter()
        .copied()
        .filter(|target| match compile.targets.as_slice() {
            [] => target.usage == Usage::Default,
            named => named.iter().any(|name| name == target.name),
        })
        .collect();
    let context = Context {
        project: &found.project,
        policy: &policy,
        sources: &sources,
        options,
        root: &disk::shown(&found.root),
    };
    let deliveries: Vec<_> = rulesets.iter().map(Delivery::new).collect();
    if compile.output == Path::new("-") {
        return print(&context, &deliveries, &targets, shell);
    }
    let mut files = 0;
    let notes = disk::replace_folder(&compile.output, emit::is_ours, |write| {
        emit::emit(&context, &deliveries, &targets, &mut |artifact| {
            files += 1;
            write(artifact);
        })
    })?;
    let summary = emit::summary(&deliveries);
    match compile.format {
        TableFormat::Text => shell.print(&table(&summary))?,
        TableFormat::Json => shell.print(&summary.to_json())?,
    }
    for note in notes {
        shell.say(&format!("note: {note}"));
    }
    let plural = if files == 1 { "file" } else { "files" };
    shell.say(&format!("wrote {files} {plural} to {}", disk::shown(&compile.output)));
    // The process ends here: to give back millions of small pieces first would only take time.
    drop(deliveries);
    std::mem::forget((policy, rulesets));
    Ok(Exit::Done)
}

/// The roles of the regions that are meant.
fn regions(found: &Found, wanted: &str) -> Result<Vec<String>, Error> {
    let selected = found.project.select(wanted);
    if selected.is_empty() {
        let known: Vec<_> = found.project.regions.keys().map(|role| format!("`{role}`")).collect();
        return Err(Error::Usage(format!(
            "no region `{wanted}`; the project has {}, and `all` means all of them",
            known.join(", ")
        )));
    }
    Ok(selected.into_iter().map(|(role, _)| role.to_owned()).collect())
}

/// The day it is, UTC.
pub(super) fn today() -> Date {
    TimeZone::UTC.to_datetime(Timestamp::now()).date()
}

/// Prints the one artifact.
fn print(
    context: &Context<'_>,
    deliveries: &[Delivery<'_>],
    targets: &[&Target],
    shell: &mut Shell,
) -> Result<Exit, Error> {
    let mut artifacts = Vec::new();
    emit::emit(context, deliveries, targets, &mut |artifact| {
        artifacts.push((artifact.path.clone(), artifact.contents()));
    });
    let [(_, contents)] = artifacts.as_slice() else {
        let paths: Vec<_> = artifacts.iter().map(|(path, _)| path.as_str()).collect();
        return Err(Error::Usage(format!(
            "`-o -` prints one artifact, and these are {}: {}; choose with --region and --target",
            artifacts.len(),
            paths.join(", ")
        )));
    };
    shell.print(contents)?;
    Ok(Exit::Done)
}

fn table(summary: &Summary) -> String {
    let header = ["region", "digest", "rule groups", "signatures", "capacity", "bytes"];
    let rows = summary.regions.iter().map(|row| {
        vec![
            row.region.clone(),
            row.digest.chars().take(12).collect(),
            row.rule_groups.to_string(),
            row.signatures.to_string(),
            row.capacity.to_string(),
            row.bytes.to_string(),
        ]
    });
    output::table(&header, 2, rows)
}
