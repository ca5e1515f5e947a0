//! `fwc explain`: what a code, a signature id or a name is about.

use fwc::explain::{Access, Entry, Explanation, Meaning, Named, Reached, Signed, Subject, access};
use fwc::lints::suffix::PublicSuffixes;
use fwc::policy::fqdn::Fqdn;
use fwc::suricata::{self, Options, Profile};

use crate::shell::args::{Args, Explain, ResultFormat};
use crate::shell::project::Found;
use crate::shell::{Error, Exit, Shell, clock, output, project};

pub(crate) fn explain(args: &Args, explain: &Explain, shell: &mut Shell) -> Result<Exit, Error> {
    let subject = Subject::parse(&explain.what).map_err(|it| Error::Usage(it.to_string()))?;
    let (explanation, exit) = match subject {
        Subject::Lints => (Explanation::lints(), Exit::Done),
        Subject::Code(code) => (Explanation::Code(Meaning::of(code)), Exit::Done),
        Subject::Signature(sid) => {
            let Some(signed) = signed(args, explain, sid, shell)? else {
                return Ok(Exit::Findings);
            };
            (Explanation::Signature(signed), Exit::Done)
        }
        Subject::Name(name) => {
            let (named, exit) = named(args, explain, &name, shell)?;
            (Explanation::Name(named), exit)
        }
    };
    shell.print(&match explain.format {
        ResultFormat::Text => text(&explanation),
        ResultFormat::Json => explanation.to_json(),
    })?;
    Ok(exit)
}

/// The signature with an id; `None` if the policy is refused.
fn signed(
    args: &Args,
    explain: &Explain,
    sid: u32,
    shell: &mut Shell,
) -> Result<Option<Signed>, Error> {
    let named = explain.policy.as_deref();
    let Some(found) = project::find(args, named, shell)? else { return Ok(None) };
    let path = found.policy(named)?;
    let Some((policy, sources)) = found.accept(&path, shell)? else { return Ok(None) };
    let firewall = &found.project.firewall;
    let today = explain.today.unwrap_or_else(clock::today);
    let options = Options { today, profile: Profile::of(firewall.profile), firewall };
    match suricata::compile(&policy, &options) {
        Ok(rulesets) => {
            let signed = Signed::of(sid, &policy, &rulesets, &sources);
            let missing = || {
                Error::Usage(format!(
                    "no signature of this policy has the id {sid}: its entry may have changed or ended"
                ))
            };
            signed.map(Some).ok_or_else(missing)
        }
        Err(refused) => {
            shell.show(&sources, &refused);
            Ok(None)
        }
    }
}

/// What a name is, and who may reach it if there is a sound policy to ask.
fn named(
    args: &Args,
    explain: &Explain,
    name: &Fqdn,
    shell: &mut Shell,
) -> Result<(Named, Exit), Error> {
    let about = Named::of(name, PublicSuffixes::embedded());
    let named = explain.policy.as_deref();
    let Some(found) = project::find(args, named, shell)? else {
        return Ok((about, Exit::Findings));
    };
    let Found { project, .. } = &found;
    if named.is_none() && project.policy.is_none() {
        shell.say("no policy here: name one to see who may reach it");
        return Ok((about, Exit::Done));
    }
    let path = found.policy(named)?;
    let Some((policy, sources)) = found.accept(&path, shell)? else {
        return Ok((about, Exit::Findings));
    };
    let today = explain.today.unwrap_or_else(clock::today);
    let profile = Profile::of(project.firewall.profile);
    let access = access(&policy, &sources, name, today, profile);
    Ok((Named { reached: Some(Reached { today, access }), ..about }, Exit::Done))
}

fn text(explanation: &Explanation) -> String {
    match explanation {
        Explanation::Lints { lints } => {
            let row = |lint: &Meaning| {
                let Meaning { code, name, level, summary, .. } = *lint;
                [code, name, level.unwrap_or_default(), summary].map(str::to_owned).to_vec()
            };
            let header = ["code", "name", "level", "what it finds"];
            output::table(&header, header.len(), lints.iter().map(row))
        }
        Explanation::Code(meaning) => meaning.text(),
        Explanation::Signature(signed) => signed.text(),
        Explanation::Name(named) => {
            let reached = named.reached.as_ref().map(reached).unwrap_or_default();
            named.text() + &reached
        }
    }
}

fn reached(Reached { today, access }: &Reached) -> String {
    if access.is_empty() {
        return format!("\nNo service may reach it on {today}.\n");
    }
    let header = ["verdict", "services", "ports", "regions", "entry", "place", "owner", "ticket"];
    let cells = access.iter().map(|Access { action, services, ports, regions, entry }| {
        let Entry { text, file, line, owner, ticket } = entry;
        let mut row = vec![(*action).to_owned()];
        row.extend([services, ports, regions].map(|list| list.join(", ")));
        row.extend([text.clone(), format!("{file}:{line}")]);
        row.extend([owner, ticket].map(|said| said.clone().unwrap_or_default()));
        row
    });
    let table = output::table(&header, header.len(), cells);
    format!("\nOn {today}, and no other service may reach it:\n\n{table}")
}
