//! `fwc explain`: what a code, a signature id or a name is about.

use fwc::explain::{self, Access, Subject};
use fwc::lints::suffix::PublicSuffixes;
use fwc::suricata::{self, Options, Profile};

use crate::shell::args::{Args, Explain};
use crate::shell::project::Found;
use crate::shell::{Error, Exit, Shell, clock, output, project};

pub(crate) fn explain(args: &Args, explain: &Explain, shell: &mut Shell) -> Result<Exit, Error> {
    let subject = Subject::parse(&explain.what).map_err(|it| Error::Usage(it.to_string()))?;
    match subject {
        Subject::Lints => {
            let rows = explain::lints().into_iter().map(|row| row.map(str::to_owned).to_vec());
            let header = ["code", "name", "level", "what it finds"];
            shell.print(&output::table(&header, header.len(), rows))?;
            Ok(Exit::Done)
        }
        Subject::Code(code) => {
            shell.print(&explain::code(code))?;
            Ok(Exit::Done)
        }
        Subject::Signature(sid) => signature(args, explain, sid, shell),
        Subject::Name(name) => {
            shell.print(&explain::name(&name, PublicSuffixes::embedded()))?;
            access(args, explain, &name, shell)
        }
    }
}

fn signature(args: &Args, explain: &Explain, sid: u32, shell: &mut Shell) -> Result<Exit, Error> {
    let named = explain.policy.as_deref();
    let Some(found) = project::find(args, named, shell)? else { return Ok(Exit::Findings) };
    let path = found.policy(named)?;
    let Some((policy, sources)) = found.accept(&path, shell)? else { return Ok(Exit::Findings) };
    let firewall = &found.project.firewall;
    let today = explain.today.unwrap_or_else(clock::today);
    let options = Options { today, profile: Profile::of(firewall.profile), firewall };
    match suricata::compile(&policy, &options) {
        Ok(rulesets) => match explain::signature(sid, &policy, &rulesets, &sources) {
            Some(text) => {
                shell.print(&text)?;
                Ok(Exit::Done)
            }
            None => Err(Error::Usage(format!(
                "no signature of this policy has the id {sid}: its entry may have changed or ended"
            ))),
        },
        Err(refused) => {
            shell.show(&sources, &refused);
            Ok(Exit::Findings)
        }
    }
}

/// Who may reach a name, if there is a policy to ask.
fn access(
    args: &Args,
    explain: &Explain,
    name: &fwc::policy::fqdn::Fqdn,
    shell: &mut Shell,
) -> Result<Exit, Error> {
    let named = explain.policy.as_deref();
    let Some(found) = project::find(args, named, shell)? else { return Ok(Exit::Findings) };
    let Found { project, .. } = &found;
    if named.is_none() && project.policy.is_none() {
        shell.say("no policy here: name one to see who may reach it");
        return Ok(Exit::Done);
    }
    let path = found.policy(named)?;
    let Some((policy, sources)) = found.accept(&path, shell)? else { return Ok(Exit::Findings) };
    let today = explain.today.unwrap_or_else(clock::today);
    let profile = Profile::of(project.firewall.profile);
    let rows = explain::access(&policy, &sources, name, today, profile);
    if rows.is_empty() {
        shell.print(&format!("\nNo service may reach it on {today}.\n"))?;
        return Ok(Exit::Done);
    }
    let header = ["verdict", "services", "ports", "regions", "entry", "place", "owner", "ticket"];
    let cells = rows.into_iter().map(|Access { services, reaches, regions, action, entry }| {
        let explain::Entry { text, place, owner, ticket } = entry;
        let lists = [services, reaches, regions].map(|list| list.join(", "));
        let mut row = vec![action.to_owned()];
        row.extend(lists);
        row.extend([text, place, owner, ticket]);
        row
    });
    let table = output::table(&header, header.len(), cells);
    shell.print(&format!("\nOn {today}, and no other service may reach it:\n\n{table}"))?;
    Ok(Exit::Done)
}
