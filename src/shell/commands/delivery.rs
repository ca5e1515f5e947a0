//! What the commands of delivery share: which regions they are about, what those enforce, and the plan
//! that follows.

pub(super) mod live;
mod progress;
pub(super) mod show;

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use futures_util::future::join_all;
use fwc::deploy::{
    self, Desired, Empty, Missing, Observed, OnFailure, Options, Order, Origin, Plan, Push,
    Refusal, RegionPlan, Report, Target,
};
use fwc::diagnostic::{Diagnostic, codes};
use fwc::emit::Delivery;
use fwc::explain;
use fwc::project::Project;
use fwc::source::Location;
use tokio::runtime::{self, Runtime};

use crate::shell::args::{self, Account, DiffFormat, How, Permitted, Regions};
use crate::shell::aws::{self, Aws};
use crate::shell::project::{Compiled, Found};
use crate::shell::{Args, Error, Exit, Shell, clock, git, project};
use progress::Progress;

/// The firewall services of some regions.
pub(super) struct Session {
    runtime: Runtime,
    targets: Vec<Target>,
    firewalls: Vec<Aws>,
    progress: Arc<Progress>,
}

/// What is to be done, and with what.
pub(super) struct Decided {
    pub(super) session: Session,
    pub(super) plan: Plan,
    /// What opens and closes in each region.
    pub(super) changes: Vec<Changes>,
    /// What was compiled, unless everything is to go.
    pub(super) compiled: Option<Compiled>,
}

/// What opens and closes in a region, or why that is not told.
pub(super) enum Changes {
    /// As a difference of policies is told.
    Some(String),
    /// Nothing.
    None,
    /// Everything the policy allows opens: so many grants.
    All(usize),
    /// It is not compared.
    Unknown,
}

impl Session {
    /// Connects to the regions of these targets.
    pub(super) fn new(
        account: &Account,
        poll: Duration,
        targets: Vec<Target>,
        shell: &Shell,
    ) -> Result<Self, Error> {
        let runtime = runtime::Builder::new_current_thread().enable_all().build();
        let runtime = runtime.map_err(|error| Error::Usage(error.to_string()))?;
        let progress = Arc::new(Progress::new(&targets, shell));
        let regions: Vec<_> = targets.iter().map(|target| target.region.as_str()).collect();
        let told = Arc::clone(&progress);
        let whose = aws::Account {
            profile: account.profile.as_deref(),
            endpoint: account.endpoint_url.as_deref(),
            poll,
        };
        let connecting = whose.connect(&regions, move |region| told.retried(region));
        let firewalls = runtime.block_on(connecting).map_err(Error::Usage)?;
        Ok(Self { runtime, targets, firewalls, progress })
    }

    /// The regions, in the order in which they are switched.
    pub(super) fn targets(&self) -> &[Target] {
        &self.targets
    }

    /// Asks every region what it enforces.
    pub(super) fn observe(&self) -> Vec<Result<Observed, deploy::Error>> {
        let regions = self.targets.iter().zip(&self.firewalls);
        let asked = regions.map(|(target, firewall)| async {
            self.progress.tell(&target.region, "asking what is in force");
            deploy::observe(target, firewall).await
        });
        let observed = self.runtime.block_on(join_all(asked));
        self.progress.clear();
        observed
    }

    /// The same, if every region answers.
    pub(super) fn observe_all(&self, shell: &mut Shell) -> Result<Vec<Observed>, Error> {
        let (mut observed, mut failed) = (Vec::new(), Vec::new());
        for (target, answer) in self.targets.iter().zip(self.observe()) {
            match answer {
                Ok(answer) => observed.push(answer),
                Err(error) => failed.push(in_region(target, &error)),
            }
        }
        let last = failed.pop();
        failed.iter().for_each(|error| shell.complain(error));
        last.map_or(Ok(observed), Err)
    }

    /// Lets some time pass.
    pub(super) fn pause(&self, how_long: Duration) {
        self.runtime.block_on(tokio::time::sleep(how_long));
    }

    /// Does what a plan says.
    fn push(&self, plan: &Plan, how: &How) -> Report {
        let patience = how.sync_timeout.as_secs_f64() / how.poll.as_secs_f64();
        let push = Push {
            order: if how.parallel { Order::Parallel } else { Order::OneByOne },
            on_failure: match how.on_failure {
                args::OnFailure::Rollback => OnFailure::Rollback,
                args::OnFailure::Stop => OnFailure::Stop,
            },
            patience: patience.ceil() as usize + 1,
        };
        let tell = |region: &RegionPlan, event: &deploy::Event<'_>| {
            self.progress.tell(&region.target.region, &show::event(event));
        };
        let pushing = deploy::push(plan, &self.firewalls, &push, &tell);
        let report = self.runtime.block_on(pushing);
        self.progress.clear();
        report
    }
}

/// The objects of the regions that `--region` means, in the order in which they are switched: the
/// active one, which stands first in the project file, comes last.
pub(super) fn targets(found: &Found, region: &str) -> Result<Vec<Target>, Error> {
    let roles = found.regions(region)?;
    let target = |role: &String| {
        Target::new(&found.project, role).ok_or_else(|| {
            Error::Usage(format!(
                "`fwc.yaml` does not say which region of AWS `{role}` is: write `regions.{role}.aws`"
            ))
        })
    };
    roles.iter().rev().map(target).collect()
}

/// What these regions should enforce.
pub(super) fn desired(compiled: &Compiled, targets: &[Target]) -> Vec<Desired> {
    let context = compiled.context();
    let of_role = |role: &String| {
        let ruleset = compiled.rulesets(std::slice::from_ref(role)).next()?;
        Desired::new(&context, &Delivery::new(ruleset))
    };
    targets.iter().filter_map(|target| of_role(&target.role)).collect()
}

/// What a plan is made of.
pub(super) struct Wanted<'a> {
    pub(super) policy: Option<&'a Path>,
    pub(super) regions: &'a Regions,
    pub(super) permitted: &'a Permitted,
    pub(super) account: &'a Account,
    /// How long to wait before a region is asked again how far it is.
    pub(super) poll: Duration,
    /// How what opens and closes is written; without it nothing is compared.
    pub(super) format: Option<DiffFormat>,
}

/// What a push of a policy would do. `None` if the policy or the plan is refused, which has been shown.
pub(super) fn decide(
    args: &Args,
    wanted: &Wanted<'_>,
    shell: &mut Shell,
) -> Result<Option<Decided>, Error> {
    let Wanted { policy, regions, permitted, account, poll, format } = *wanted;
    let Some(found) = project::find(args, policy, shell)? else { return Ok(None) };
    let targets = targets(&found, &regions.region)?;
    if permitted.destroy {
        let session = Session::new(account, poll, targets, shell)?;
        let observed = session.observe_all(shell)?;
        let plans = session.targets.iter().zip(&observed);
        let plans = plans.map(|(target, observed)| deploy::destroy(target, observed)).collect();
        let plan = Plan::new(&found.project.name, plans);
        let changes = plan.regions.iter().map(|_| Changes::Unknown).collect();
        return Ok(Some(Decided { session, plan, changes, compiled: None }));
    }
    let path = found.policy(policy)?;
    let file = args.project.clone().unwrap_or_else(|| found.root.join(project::PROJECT_FILE));
    let Some(compiled) = found.compile(&path, regions.today, shell)? else { return Ok(None) };
    let desired = desired(&compiled, &targets);
    let session = Session::new(account, poll, targets, shell)?;
    let observed = session.observe_all(shell)?;
    let options = options(&compiled.project, permitted, origin(&compiled, file));
    let plans = desired.iter().zip(&observed);
    let plans = plans.map(|(desired, observed)| deploy::plan(desired, observed, &options));
    let Some(plan) = accept(&session, &compiled.project, plans, shell) else { return Ok(None) };
    let changes = desired.iter().zip(&observed);
    let changes = changes.map(|(desired, observed)| match format {
        Some(format) => live::changes(desired, observed, &compiled, format),
        None => Changes::Unknown,
    });
    let changes = changes.collect();
    Ok(Some(Decided { session, plan, changes, compiled: Some(compiled) }))
}

/// One plan for all regions; `None` if there is none for one of them, which has been shown.
pub(super) fn accept(
    session: &Session,
    project: &Project,
    plans: impl Iterator<Item = Result<RegionPlan, Vec<Refusal>>>,
    shell: &mut Shell,
) -> Option<Plan> {
    let mut accepted = Vec::new();
    for (target, plan) in session.targets.iter().zip(plans) {
        match plan {
            Ok(plan) => accepted.push(plan),
            Err(refusals) => {
                refusals.iter().for_each(|it| shell.complain(&in_region(target, it)));
            }
        }
    }
    (accepted.len() == session.targets.len()).then(|| Plan::new(&project.name, accepted))
}

/// Whether every region is still what a plan was decided on; how it is not has been shown.
pub(super) fn is_still_so(
    session: &Session,
    plan: &Plan,
    shell: &mut Shell,
) -> Result<bool, Error> {
    let observed = session.observe_all(shell)?;
    let mut is_so = true;
    for (region, observed) in plan.regions.iter().zip(&observed) {
        for moved in region.moved(observed) {
            is_so = false;
            shell.complain(&in_region(&region.target, &format!("{moved}; plan again")));
        }
    }
    Ok(is_so)
}

fn options(project: &Project, permitted: &Permitted, origin: Origin) -> Options {
    Options {
        origin,
        empty: if permitted.allow_empty { Empty::Allowed } else { Empty::Refused },
        policy: if permitted.create_policy { Missing::Created } else { Missing::Refused },
        keep: project.firewall.keep_generations,
        quota: project.firewall.quotas.rule_groups,
    }
}

/// Where what is compiled comes from.
fn origin(compiled: &Compiled, project_file: PathBuf) -> Origin {
    let policies = compiled.sources.policies().map(|(_, file)| PathBuf::from(&file.path));
    let files: Vec<_> = policies.chain(Some(project_file).filter(|file| file.exists())).collect();
    let named = |name| std::env::var(name).ok().filter(|name| !name.is_empty());
    Origin {
        commit: git::commit(&files),
        pushed_by: named("GITHUB_ACTOR")
            .or_else(git::user)
            .or_else(|| named("USER"))
            .or_else(|| named("LOGNAME")),
        pushed_at: Some(clock::now()),
    }
}

/// Does what a plan says, and shows what came of it. `compiled` is what the plan was made from, to find
/// the lines that AWS refuses.
pub(super) fn carry_out(
    session: &Session,
    plan: &Plan,
    how: &How,
    compiled: Option<&Compiled>,
    shell: &mut Shell,
) -> Result<Exit, Error> {
    let report = session.push(plan, how);
    match how.format {
        args::ResultFormat::Text => shell.print(&show::report(&report))?,
        args::ResultFormat::Json => shell.print(&report.to_json())?,
    }
    if let Some(compiled) = compiled {
        let refused: Vec<_> = refused(&report, compiled);
        shell.show(&compiled.sources, &refused);
    }
    Ok(if report.is_complete() { Exit::Done } else { Exit::Incomplete })
}

/// Shows a plan before it is pushed; tells whether a person who can be asked agrees.
pub(super) fn agreed(
    plan: &Plan,
    changes: &[Changes],
    how: &How,
    question: &str,
    shell: &mut Shell,
) -> Result<bool, Error> {
    let is_asked = is_asked(how, shell) && !plan.is_empty();
    match how.format {
        args::ResultFormat::Text => shell.print(&format!("{}\n", show::plan(plan, changes)))?,
        args::ResultFormat::Json if is_asked => shell.say(&show::plan(plan, changes)),
        args::ResultFormat::Json => {}
    }
    Ok(!is_asked || shell.ask(question))
}

/// Whether somebody is asked before anything is changed.
pub(super) fn is_asked(how: &How, shell: &Shell) -> bool {
    !how.yes && shell.is_attended()
}

/// The entries whose signatures AWS has refused: it says which by quoting them.
fn refused(report: &Report, compiled: &Compiled) -> Vec<Diagnostic> {
    let mut regions: BTreeMap<(Vec<Location>, u32), Vec<&str>> = BTreeMap::new();
    for ruleset in compiled.every_ruleset() {
        let region = report.regions.iter().find(|region| region.role == ruleset.region.role);
        let Some((region, error)) = region.and_then(|it| Some((it, it.error.as_ref()?))) else {
            continue;
        };
        for rest in error.split("sid:").skip(1) {
            let id = rest.split(|char: char| !char.is_ascii_digit()).next();
            let Some(id) = id.and_then(|id| id.parse().ok()) else { continue };
            let places = explain::places(id, &compiled.policy, ruleset);
            regions.entry((places, id)).or_default().push(&region.region);
        }
    }
    // A signature that no entry was made to stands in the message itself.
    let of_entries = regions.into_iter().filter(|((places, _), _)| !places.is_empty());
    of_entries
        .map(|((places, id), regions)| {
            let regions = regions.join(" and ");
            let message = format!("AWS refuses the signature of this entry in {regions}");
            let diagnostic = Diagnostic::error(codes::REFUSED_SIGNATURE, message);
            let diagnostic = places.into_iter().fold(diagnostic, |it, place| it.at(place, ""));
            diagnostic.help(format!("`fwc explain {id}` shows the signature"))
        })
        .collect()
}

/// What went wrong in a region.
pub(super) fn in_region(target: &Target, error: &impl ToString) -> Error {
    Error::Service { place: show::place(target), reason: error.to_string() }
}
