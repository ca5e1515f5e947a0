//! `fwc compile`: the artifacts of each region, and a table of what they weigh.

use std::path::Path;

use fwc::emit::{self, Context, Delivery, Summary, TARGETS, Target, Usage};

use crate::shell::args::{Args, Compile, ResultFormat};
use crate::shell::{Error, Exit, Shell, disk, output, project};

pub(crate) fn compile(args: &Args, compile: &Compile, shell: &mut Shell) -> Result<Exit, Error> {
    let named = compile.policy.as_deref();
    let Some(found) = project::find(args, named, shell)? else { return Ok(Exit::Findings) };
    let wanted = found.regions(&compile.region)?;
    let path = found.policy(named)?;
    let Some(compiled) = found.compile(&path, compile.today, shell)? else {
        return Ok(Exit::Findings);
    };
    let targets: Vec<&Target> = TARGETS
        .iter()
        .copied()
        .filter(|target| match compile.targets.as_slice() {
            [] => target.usage == Usage::Default,
            named => named.iter().any(|name| name == target.name),
        })
        .collect();
    let context = compiled.context();
    let deliveries: Vec<_> = compiled.rulesets(&wanted).map(Delivery::new).collect();
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
        ResultFormat::Text => shell.print(&table(&summary))?,
        ResultFormat::Json => shell.print(&summary.to_json())?,
    }
    for note in notes {
        shell.say(&format!("note: {note}"));
    }
    let plural = if files == 1 { "file" } else { "files" };
    shell.say(&format!("wrote {files} {plural} to {}", disk::shown(&compile.output)));
    // The process ends here: to give back millions of small pieces first would only take time.
    drop(deliveries);
    std::mem::forget(compiled);
    Ok(Exit::Done)
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
