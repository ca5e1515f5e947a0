//! `fwc plan`: what a push would do.

use std::time::Duration;

use crate::shell::args::{Args, DiffFormat, Plan};
use crate::shell::{Error, Exit, Shell, disk};

use super::delivery::{self, Wanted, show};

pub(crate) fn plan(args: &Args, command: &Plan, shell: &mut Shell) -> Result<Exit, Error> {
    let wanted = Wanted {
        policy: command.policy.as_deref(),
        regions: &command.regions,
        permitted: &command.permitted,
        account: &command.account,
        // Nothing is waited for.
        poll: Duration::ZERO,
        format: (command.format != DiffFormat::Json).then_some(command.format),
    };
    let decided = delivery::decide(args, &wanted, shell)?;
    let Some(decided) = decided else { return Ok(Exit::Findings) };
    let plan = &decided.plan;
    match command.format {
        DiffFormat::Text => shell.print(&show::plan(plan, &decided.changes))?,
        DiffFormat::Markdown => shell.print(&show::markdown(plan, &decided.changes))?,
        DiffFormat::Json => shell.print(&plan.to_json())?,
    }
    if let Some(file) = &command.output {
        disk::write_file(file, &plan.to_json())?;
        shell.say(&format!("wrote the plan to {}", disk::shown(file)));
    }
    Ok(match command.detailed_exitcode && !plan.is_empty() {
        true => Exit::Changes,
        false => Exit::Done,
    })
}
