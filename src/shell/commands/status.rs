//! `fwc status`: what each region enforces, and how that differs from what it should.

use fwc::deploy::{self, Desired};
use serde::Serialize;

use crate::shell::args::{Args, ResultFormat, Status};
use crate::shell::project::Compiled;
use crate::shell::{Error, Exit, Shell, clock, project};

use super::delivery::live::{self, Edit};
use super::delivery::{self, Session, show};

/// Every region, in the order of the project file.
#[derive(Serialize)]
struct States {
    schema: u32,
    regions: Vec<State>,
}

/// A region, or why nothing is known about it.
#[derive(Serialize)]
#[serde(untagged)]
enum State {
    Known(Box<Known>),
    Unknown { role: String, region: String, error: String },
}

#[derive(Serialize)]
struct Known {
    #[serde(flatten)]
    status: deploy::Status,
    /// What somebody has edited since it was pushed.
    edits: Vec<Edit>,
}

pub(crate) fn status(args: &Args, command: &Status, shell: &mut Shell) -> Result<Exit, Error> {
    let named = command.policy.as_deref();
    let Some(found) = project::find(args, named, shell)? else { return Ok(Exit::Findings) };
    let targets = delivery::targets(&found, &command.regions.region)?;
    let (mut desired, mut against) = (Vec::new(), None);
    if named.is_some() || found.project.policy.is_some() {
        let path = found.policy(named)?;
        let Some(compiled) = found.compile(&path, command.regions.today, shell)? else {
            return Ok(Exit::Findings);
        };
        desired = delivery::desired(&compiled, &targets);
        against = Some(compiled);
    }
    let session = Session::new(&command.account, command.poll, targets, shell)?;
    let mut last = None;
    loop {
        let states = ask(&session, &desired, against.as_ref());
        let text = match command.format {
            ResultFormat::Text => text(&states),
            ResultFormat::Json => states.to_json(),
        };
        // How long ago something was is no change.
        let (facts, exit) = (states.to_json(), states.exit());
        if last.as_ref() != Some(&facts) && !shell.print_on(&text)? {
            return Ok(exit);
        }
        if !command.watch {
            return Ok(exit);
        }
        last = Some(facts);
        session.pause(command.poll);
    }
}

fn ask(session: &Session, desired: &[Desired], compiled: Option<&Compiled>) -> States {
    let observed = session.observe();
    let mut regions: Vec<_> = session
        .targets()
        .iter()
        .zip(observed)
        .map(|(target, observed)| match observed {
            Ok(observed) => {
                let desired = desired.iter().find(|desired| desired.target == *target);
                let status = deploy::status(target, desired, &observed);
                let edits = compiled.map(|it| live::edits(target, &observed, it));
                State::Known(Box::new(Known { status, edits: edits.unwrap_or_default() }))
            }
            Err(error) => State::Unknown {
                role: target.role.clone(),
                region: target.region.clone(),
                error: error.to_string(),
            },
        })
        .collect();
    // They are asked in the order in which they are switched, which is the other way round.
    regions.reverse();
    States { schema: 1, regions }
}

impl States {
    fn exit(&self) -> Exit {
        let exits = self.regions.iter().map(|state| match state {
            State::Known(known) if known.status.drift.is_empty() => Exit::Done,
            State::Known(_) => Exit::Findings,
            State::Unknown { .. } => Exit::Failure,
        });
        exits.max_by_key(|exit| *exit as u8).unwrap_or(Exit::Done)
    }

    fn to_json(&self) -> String {
        // Strings, numbers and lists can always be written.
        let mut text = serde_json::to_string_pretty(self).unwrap_or_default();
        text.push('\n');
        text
    }
}

fn text(states: &States) -> String {
    let now = clock::now();
    let state = |state: &State| match state {
        State::Known(known) => show::status(&known.status, &known.edits, now),
        State::Unknown { role, region, error } => format!("{region} ({role}): {error}\n"),
    };
    states.regions.iter().map(state).collect::<Vec<_>>().join("\n")
}
