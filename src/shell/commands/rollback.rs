//! `fwc rollback`: the generation before the one in force comes back.

use fwc::deploy;

use crate::shell::args::{Args, Rollback};
use crate::shell::{Error, Exit, Shell, project};

use super::delivery::{self, Session};

pub(crate) fn rollback(args: &Args, command: &Rollback, shell: &mut Shell) -> Result<Exit, Error> {
    let Rollback { region, account, how } = command;
    let Some(found) = project::find(args, None, shell)? else { return Ok(Exit::Findings) };
    let targets = delivery::targets(&found, region)?;
    let session = Session::new(account, how.poll, targets, shell)?;
    let observed = session.observe_all(shell)?;
    let plans = session.targets().iter().zip(&observed);
    let plans = plans.map(|(target, observed)| deploy::rollback(target, observed));
    let Some(plan) = delivery::accept(&session, &found.project, plans, shell) else {
        return Ok(Exit::Findings);
    };
    if !delivery::agreed(&plan, &[], how, "roll back?", shell)? {
        shell.say("nothing was changed");
        return Ok(Exit::Incomplete);
    }
    delivery::carry_out(&session, &plan, how, None, shell)
}
