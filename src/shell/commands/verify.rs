//! `fwc verify`: traffic at every boundary of a policy, through real engines, against the matcher.

mod engines;
mod evidence;

use std::collections::BTreeMap;
use std::ops::Range;
use std::sync::Mutex;
use std::thread;
use std::time::{Duration, Instant};

use fwc::suricata::Ruleset;
use fwc::verify::{
    Asked, Boundary, Case, Demand, Disagreement, Report, Tally, engine_text, engine_variables,
    stand_ins, traffic,
};
use indicatif::ProgressBar;

use crate::shell::args::{Args, ResultFormat, Verify};
use crate::shell::engine::{self, Engine, Settings};
use crate::shell::project::Compiled;
use crate::shell::{Error, Exit, Shell, output, project};

/// How many flows share a run of an engine: few enough that their packets and its log are small, many
/// enough that its start does not matter.
const BATCH: usize = 5_000;

/// How many disagreements of an engine in a region are kept and shown; all are counted.
const KEPT: usize = 100;
const SHOWN: usize = 10;

pub(crate) fn verify(args: &Args, verify: &Verify, shell: &mut Shell) -> Result<Exit, Error> {
    let named = verify.policy.as_deref();
    let Some(found) = project::find(args, named, shell)? else { return Ok(Exit::Findings) };
    let roles = found.regions(&verify.region)?;
    let path = found.policy(named)?;
    if let Some(folder) = &verify.output {
        evidence::check(folder)?;
    }
    let root = found.root.clone();
    let Some(compiled) = found.compile(&path, verify.today, shell)? else {
        return Ok(Exit::Findings);
    };
    let engines = engines::find(&verify.engines, &root)?;
    let mut notes: Vec<String> = engines.iter().filter_map(engines::note).collect();
    let regions: Vec<Region<'_>> = compiled
        .rulesets(&roles)
        .map(|ruleset| Region::new(&compiled, ruleset, verify, &mut notes))
        .collect();
    let sittings: Vec<Sitting<'_>> = regions
        .iter()
        .flat_map(|region| engines.iter().map(|engine| Sitting::new(&compiled, region, engine)))
        .collect();
    let flows = sittings.iter().map(|sitting| sitting.region.cases.len()).sum();
    let found = run(&sittings, &shell.progress(flows, "flows"))?;

    let mut report = Report {
        schema: 1,
        seed: verify.seed,
        engines: Vec::new(),
        disagreements: Vec::new(),
        notes,
    };
    for (sitting, found) in sittings.iter().zip(found) {
        report.engines.push(sitting.tally(&found));
        report.disagreements.extend(found.disagreements);
    }
    match verify.format {
        ResultFormat::Text => shell.print(&text(&report, verify))?,
        ResultFormat::Json => shell.print(&report.to_json())?,
    }
    for note in &report.notes {
        shell.say(&format!("note: {note}"));
    }
    if report.disagreements.is_empty() {
        return Ok(Exit::Done);
    }
    if let Some(folder) = &verify.output {
        for sitting in &sittings {
            evidence::write(folder, sitting, &report.disagreements)?;
        }
        shell.say(&format!("wrote what reproduces them to {}", folder.display()));
    }
    Ok(Exit::Findings)
}

/// A region and what engines are asked about it.
struct Region<'c> {
    ruleset: &'c Ruleset,
    cases: Vec<Case>,
    filled: BTreeMap<String, Vec<ipnet::IpNet>>,
    text: String,
    settings: Settings,
}

/// An engine that is asked about a region.
struct Sitting<'r> {
    region: &'r Region<'r>,
    engine: &'r Engine,
    asked: Asked<'r>,
}

/// What came of it.
#[derive(Default)]
struct Sat {
    flows: usize,
    disagreeing: usize,
    /// The first of them.
    disagreements: Vec<Disagreement>,
    time: Duration,
}

impl<'c> Region<'c> {
    fn new(
        compiled: &'c Compiled,
        ruleset: &'c Ruleset,
        verify: &Verify,
        notes: &mut Vec<String>,
    ) -> Self {
        let profile = compiled.context().options.profile;
        let filled = stand_ins(&compiled.policy, ruleset.id);
        let (region, flows) = (ruleset.id, verify.flows as usize);
        let demand = Demand { region, profile, filled: &filled, flows, seed: verify.seed };
        let traffic = traffic(&compiled.policy, &demand);
        let role = &ruleset.region.role;
        if traffic.cases.is_empty() {
            notes.push(format!(
                "region `{role}`: the policy says nothing there, so nothing was asked"
            ));
        }
        if !traffic.complete {
            notes.push(format!(
                "region `{role}`: there are more flows at its boundaries; --flows takes more of them"
            ));
        }
        for (name, networks) in &filled {
            let networks: Vec<String> = networks.iter().map(ToString::to_string).collect();
            notes.push(format!(
                "region `{role}`: AWS fills `{name}`; it was asked about as if it were {}",
                networks.join(", ")
            ));
        }
        let addresses = engine_variables(ruleset, &filled);
        let settings = Settings { addresses, ..Settings::default() };
        let text = engine_text(ruleset, profile);
        Self { ruleset, cases: traffic.cases, filled, text, settings }
    }
}

impl<'r> Sitting<'r> {
    fn new(compiled: &'r Compiled, region: &'r Region<'r>, engine: &'r Engine) -> Self {
        let context = compiled.context();
        let asked = Asked::new(&context, region.ruleset, engine.version(), &region.filled);
        Self { region, engine, asked }
    }

    /// Asks about some of the flows.
    fn sit(&self, batch: Range<usize>) -> Result<Sat, engine::Error> {
        let cases = self.region.cases.get(batch).unwrap_or_default();
        let start = Instant::now();
        let conversations = cases.iter().map(Case::conversation);
        let Region { text, settings, .. } = self.region;
        let outcomes = self.engine.converse(text, settings, conversations)?;
        let time = start.elapsed();
        let pairs = cases.iter().zip(&outcomes);
        let disagreements: Vec<_> = pairs
            .filter_map(|(case, outcome)| {
                self.asked.disagreement(self.engine.release(), case, outcome)
            })
            .collect();
        Ok(Sat { flows: cases.len(), disagreeing: disagreements.len(), disagreements, time })
    }

    fn tally(&self, sat: &Sat) -> Tally {
        let mut boundaries: BTreeMap<Boundary, usize> = BTreeMap::new();
        for case in &self.region.cases {
            *boundaries.entry(case.boundary()).or_default() += 1;
        }
        let milliseconds = (sat.time.as_millis() as u64).max(1);
        Tally {
            region: self.region.ruleset.region.role.clone(),
            engine: self.engine.release().to_owned(),
            flows: sat.flows,
            disagreements: sat.disagreeing,
            flows_per_second: sat.flows as u64 * 1_000 / milliseconds,
            boundaries,
        }
    }
}

impl Sat {
    fn add(&mut self, batch: Self) {
        self.flows += batch.flows;
        self.disagreeing += batch.disagreeing;
        self.time += batch.time;
        self.disagreements.extend(batch.disagreements);
        self.disagreements.truncate(KEPT);
    }
}

/// Every batch of every sitting, on all cores. The first engine that gives no answer ends it.
fn run(sittings: &[Sitting<'_>], progress: &ProgressBar) -> Result<Vec<Sat>, engine::Error> {
    let batches = sittings.iter().enumerate().flat_map(|(number, sitting)| {
        let cases = sitting.region.cases.len();
        let starts = (0..cases).step_by(BATCH);
        starts.map(move |start| (number, sitting, start..cases.min(start + BATCH)))
    });
    let batches = Mutex::new(batches);
    let done = Mutex::new((BTreeMap::new(), None));
    let work = || {
        while let Some((number, sitting, batch)) = next(&batches) {
            let (start, length) = (batch.start, batch.len());
            let sat = sitting.sit(batch);
            let Ok(mut done) = done.lock() else { return };
            match sat {
                Ok(sat) => {
                    done.0.insert((number, start), sat);
                    progress.inc(length as u64);
                }
                Err(error) => done.1 = done.1.take().or(Some(error)),
            }
            if done.1.is_some() {
                return;
            }
        }
    };
    thread::scope(|scope| {
        for _ in 0..thread::available_parallelism().map_or(1, usize::from) {
            scope.spawn(work);
        }
    });
    progress.finish_and_clear();
    let (sat, failed) = done.into_inner().unwrap_or_else(std::sync::PoisonError::into_inner);
    if let Some(error) = failed {
        return Err(error);
    }
    let mut sums: Vec<Sat> = sittings.iter().map(|_| Sat::default()).collect();
    // In the order of the flows, whichever batch was done first.
    for ((number, _), batch) in sat {
        if let Some(sum) = sums.get_mut(number) {
            sum.add(batch);
        }
    }
    Ok(sums)
}

fn next<T>(items: &Mutex<impl Iterator<Item = T>>) -> Option<T> {
    items.lock().ok()?.next()
}

fn text(report: &Report, verify: &Verify) -> String {
    let header = ["region", "engine", "flows", "agree", "disagree", "flows/s"];
    let rows = report.engines.iter().map(|tally| {
        vec![
            tally.region.clone(),
            tally.engine.clone(),
            tally.flows.to_string(),
            (tally.flows - tally.disagreements).to_string(),
            tally.disagreements.to_string(),
            tally.flows_per_second.to_string(),
        ]
    });
    let mut text = output::table(&header, 2, rows);
    for (number, found) in report.disagreements.iter().take(SHOWN).enumerate() {
        text.push_str(&format!("\n{}: {}", number + 1, found.text()));
    }
    let all: usize = report.engines.iter().map(|tally| tally.disagreements).sum();
    if all > SHOWN {
        text.push_str(&format!("\nand {} more\n", all - SHOWN));
    }
    if all > 0 && verify.output.is_none() {
        text.push_str(&format!(
            "\nWith `-o DIR` and --seed {} the packets of each are written, with what runs them.\n",
            report.seed
        ));
    }
    text
}
