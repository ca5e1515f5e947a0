//! `fwc test`: what the firewall does, asked by a policy, by a person and by a program.

mod domain;
mod flows;
mod samples;

use fwc::answer::Answers;
use fwc::diagnostic::did_you_mean;
use fwc::emit::Context;
use fwc::policy::{Policy, ServiceId};

use crate::shell::args::{Asked, ResultFormat, Test};
use crate::shell::project::Compiled;
use crate::shell::{Args, Error, Exit, Shell};

pub(crate) fn test(args: &Args, test: &Test, shell: &mut Shell) -> Result<Exit, Error> {
    match &test.what {
        None => samples::samples(args, test, shell),
        Some(Asked::Domain(domain)) => domain::domain(args, domain, shell),
        Some(Asked::Flows(flows)) => flows::flows(args, flows, shell),
    }
}

/// The regions of these roles, ready to be asked.
fn answers<'c>(compiled: &'c Compiled, roles: &[String], format: ResultFormat) -> Vec<Answers<'c>> {
    let context = match format {
        // A path that a terminal opens, from where the reader is.
        ResultFormat::Text => Context { root: "", ..compiled.context() },
        ResultFormat::Json => compiled.context(),
    };
    compiled.rulesets(roles).map(|ruleset| Answers::new(&context, ruleset)).collect()
}

/// The service of that name.
fn service(policy: &Policy, name: &str) -> Result<ServiceId, String> {
    let mut numbered = (0..policy.services.len() as u32).map(ServiceId);
    numbered.find(|id| *policy.service(*id).name == *name).ok_or_else(|| {
        let known = policy.services.iter().map(|service| &*service.name);
        match did_you_mean(name, known) {
            Some(near) => format!("no service `{name}`; did you mean `{near}`?"),
            None => format!("no service `{name}`"),
        }
    })
}
