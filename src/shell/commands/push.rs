//! `fwc push`: what the policy says comes into force.

use std::path::Path;

use fwc::deploy::Plan;

use crate::shell::args::{Args, DiffFormat, Push, ResultFormat};
use crate::shell::{Error, Exit, Shell, disk};

use super::delivery::{self, Session, Wanted};

pub(crate) fn push(args: &Args, command: &Push, shell: &mut Shell) -> Result<Exit, Error> {
    let Push { policy, plan, regions, permitted, account, how } = command;
    if let Some(file) = plan {
        return planned(file, command, shell);
    }
    let is_shown = how.format == ResultFormat::Text || delivery::is_asked(how, shell);
    let wanted = Wanted {
        policy: policy.as_deref(),
        regions,
        permitted,
        account,
        poll: how.poll,
        format: is_shown.then_some(DiffFormat::Text),
    };
    let decided = delivery::decide(args, &wanted, shell)?;
    let Some(decided) = decided else { return Ok(Exit::Findings) };
    let (session, plan) = (&decided.session, &decided.plan);
    if !delivery::agreed(plan, &decided.changes, how, "push this?", shell)? {
        shell.say("nothing was changed");
        return Ok(Exit::Incomplete);
    }
    delivery::carry_out(session, plan, how, decided.compiled.as_ref(), shell)
}

/// Does what a plan says that was made before.
fn planned(file: &Path, command: &Push, shell: &mut Shell) -> Result<Exit, Error> {
    let Push { account, how, .. } = command;
    let refuse = |reason: String| Error::Read { path: disk::shown(file), reason };
    let plan = Plan::read(&disk::read_any(file)?).map_err(refuse)?;
    let targets = plan.regions.iter().map(|region| region.target.clone()).collect();
    let session = Session::new(account, how.poll, targets, shell)?;
    if !delivery::is_still_so(&session, &plan, shell)? {
        return Ok(Exit::Findings);
    }
    delivery::carry_out(&session, &plan, how, None, shell)
}
