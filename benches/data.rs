//! Policies of any size that look like real ones, the same ones every time.
//!
//! The names are real ones of `names.txt` (its head says from where), with one label more in front
//! of them where more are needed than it holds, in an order that has nothing to do with the
//! alphabet.

#![allow(dead_code, reason = "each bench uses a part of it")]
#![expect(clippy::indexing_slicing, reason = "by a remainder, and no input but our own")]

use std::fmt::Write as _;

use fwc::load::Files;
use fwc::project::Project;
use fwc::source::{SourceFile, Sources};

/// The most entries of one file: a file may have 16 MiB.
const ENTRIES_A_FILE: usize = 100_000;

/// The services of a policy, unless it has fewer entries.
const SERVICES: usize = 200;

/// The day of all that is measured.
pub(crate) const TODAY: jiff::civil::Date = jiff::civil::date(2026, 11, 24);

pub(crate) const SEED: u64 = 0x5EED;

pub(crate) const LABELS: &[&str] = &[
    "api",
    "auth",
    "assets",
    "billing",
    "cache",
    "cdn",
    "data",
    "edge",
    "events",
    "files",
    "hooks",
    "img",
    "ingest",
    "login",
    "mail",
    "metrics",
    "mirror",
    "portal",
    "queue",
    "search",
    "static",
    "status",
    "store",
    "sync",
    "telemetry",
    "tokens",
    "updates",
    "upload",
    "video",
    "ws",
];

const PROJECTS: &[&str] = &["PAY", "SHOP", "SRCH", "FUL", "IDN", "PLAT", "SEC", "OPS"];

const REASONS: &[&str] = &[
    "card payments",
    "labels and tracking numbers",
    "order mail",
    "sign-in of partners",
    "packages of the base image",
    "traces and metrics of every pod",
    "exchange rates, once an hour",
    "address check at checkout",
    "fraud score before capture",
    "pictures of the catalog",
    "invoices for the tax office",
    "certificates are checked for revocation",
];

/// A sequence of numbers that looks random and is not (splitmix64, Steele and others, 2014).
pub(crate) struct Numbers(pub(crate) u64);

impl Numbers {
    pub(crate) fn below(&mut self, end: usize) -> usize {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut mixed = self.0;
        mixed = (mixed ^ mixed >> 30).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        mixed = (mixed ^ mixed >> 27).wrapping_mul(0x94D0_49BB_1331_11EB);
        ((mixed ^ mixed >> 31) % end as u64) as usize
    }

    pub(crate) fn one_of<'t>(&mut self, texts: &[&'t str]) -> &'t str {
        texts[self.below(texts.len())]
    }
}

/// So many names, nearly all of them different, shuffled.
pub(crate) fn names(count: usize) -> Vec<String> {
    let real: Vec<_> =
        include_str!("names.txt").lines().filter(|line| !line.starts_with('#')).collect();
    let mut names: Vec<String> = (0..count)
        .map(|number| {
            let name = real[number % real.len()];
            match number / real.len() {
                0 => name.to_owned(),
                round => {
                    let label = LABELS[round % LABELS.len()];
                    match round / LABELS.len() {
                        0 => format!("{label}.{name}"),
                        more => format!("{label}-{more}.{name}"),
                    }
                }
            }
        })
        .collect();
    let mut numbers = Numbers(SEED);
    for last in (1..names.len()).rev() {
        names.swap(last, numbers.below(last + 1));
    }
    names
}

/// A policy of so many entries, a signature each: the texts of its files.
///
/// One entry in two is one name, 35 in 100 are a name and everything below it, 10 one label below
/// a name, 5 everything below it. One in twenty has a date, and one in twenty a port.
pub(crate) fn policy(entries: usize) -> Vec<String> {
    let names = names(entries);
    let mut numbers = Numbers(SEED);
    let services = SERVICES.min(entries.div_ceil(50));
    let mut services = names.chunks(entries.div_ceil(services)).enumerate();
    let files = entries.div_ceil(ENTRIES_A_FILE);
    let services_a_file = services.len().div_ceil(files);
    let mut texts = Vec::with_capacity(files);
    while services.len() > 0 {
        let mut text = "fwc 1\nowner @shop/netsec\n".to_owned();
        for (number, names) in services.by_ref().take(services_a_file) {
            let _ = writeln!(text, "\nservice team-{number} from 10.{number}.0.0/20 {{");
            for name in names {
                entry(name, &mut numbers, &mut text);
            }
            text.push_str("}\n");
        }
        texts.push(text);
    }
    texts
}

fn entry(name: &str, numbers: &mut Numbers, text: &mut String) {
    let _ = match numbers.below(100) {
        0..50 => write!(text, "  allow {name}"),
        50..85 => write!(text, "  allow {name} **.{name}"),
        85..95 => write!(text, "  allow *.{name}"),
        _ => write!(text, "  allow **.{name}"),
    };
    let _ = match numbers.below(40) {
        0 => write!(text, " port 443,8443"),
        1 => write!(text, " port 80/http"),
        _ => Ok(()),
    };
    let (project, ticket) = (numbers.one_of(PROJECTS), 1 + numbers.below(2_000));
    let _ = write!(text, " because {project}-{ticket} \"{}\"", numbers.one_of(REASONS));
    if numbers.below(20) == 0 {
        let _ = write!(text, " until 2099-{:02}-28", 1 + numbers.below(12));
    }
    text.push('\n');
}

/// The texts as the files of a policy.
pub(crate) fn sources(texts: &[String]) -> Sources {
    let mut sources = Sources::new();
    for (number, text) in texts.iter().enumerate() {
        sources.add(SourceFile::new(format!("part-{number:02}.fw"), text.as_str()));
    }
    sources
}

/// A project whose account has had its quota raised to what AWS's form takes.
pub(crate) fn project() -> Project {
    let mut project = Project::without_file();
    project.firewall.quotas.signatures_per_policy = 600_000;
    project
}

/// A policy of so many entries of one service, most of which others cover: the texts of its files.
///
/// Four entries in five lie below one of the fifth, many share a name and differ in their ports.
pub(crate) fn nested(entries: usize) -> Vec<String> {
    let names = names(entries.div_ceil(5));
    let mut numbers = Numbers(SEED);
    let mut text = "fwc 1\nowner @shop/netsec\n\nservice team from 10.1.0.0/20 {\n".to_owned();
    for name in &names {
        let port = 1_024 + numbers.below(50_000);
        let because = "because PLAT-1 \"nested\"";
        let _ = writeln!(text, "  allow **.{name} {because}");
        let _ = writeln!(text, "  allow a.{name} {because}");
        let _ = writeln!(text, "  allow **.b.{name} except x.b.{name} {because}");
        let _ = writeln!(text, "  allow shared.example port {port} {because}");
        let _ = writeln!(text, "  allow img-{port}-*.shared.example {because}");
    }
    text.push_str("}\n");
    vec![text]
}

/// The same policy with one entry in a hundred gone.
pub(crate) fn thinned(texts: &[String]) -> Vec<String> {
    let mut number = 0;
    let mut is_kept = |line: &&str| {
        number += usize::from(line.starts_with("  allow"));
        !(line.starts_with("  allow") && number % 100 == 0)
    };
    let thin =
        |text: &String| text.lines().filter(&mut is_kept).map(|line| format!("{line}\n")).collect();
    texts.iter().map(thin).collect()
}

/// No policy here is within another one.
pub(crate) struct NoFiles;

impl Files for NoFiles {
    fn read(&self, _: &str) -> Result<String, String> {
        Err("there are no files".to_owned())
    }

    fn matching(&self, _: &str) -> Result<Vec<String>, String> {
        Ok(Vec::new())
    }
}
