//! The library's part of `benches/README.md`, which `scripts/bench` writes.
//!
//! `report policy DIR ENTRIES` writes a policy and its project file, and its names beside them, one
//! a line. `report measure LARGEST` prints what was measured in this process, a name and a number a line.
//! `report decide LARGEST` does so for decisions, `report review LARGEST` for lints and differences.
//! `report compile ENTRIES` compiles ten times, for a profiler.

#![expect(clippy::print_stdout, reason = "the one thing it is for")]
#![expect(clippy::panic, reason = "a policy that does not compile has nothing to measure")]

mod data;
mod decisions;
mod peers;
mod questions;
mod reviews;

use std::error::Error;
use std::fs;
use std::hint::black_box;
use std::path::Path;

use fwc::source::{FileId, Sources};
use fwc::suricata::{self, Options, profile};
use fwc::syntax;
use rustix::time::{ClockId, clock_gettime};

const SIZES: [(usize, usize); 3] = [(10_000, 30), (100_000, 10), (1_000_000, 3)];

fn main() -> Result<(), Box<dyn Error>> {
    let arguments: Vec<_> = std::env::args().skip(1).collect();
    let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
    match arguments.as_slice() {
        ["policy", folder, entries, ..] => write_policy(Path::new(folder), entries.parse()?)?,
        ["measure", largest, ..] => measure(largest.parse()?),
        ["decide", largest, ..] => decisions::measure(largest.parse()?),
        ["review", largest, ..] => reviews::measure(largest.parse()?),
        ["compile", entries, ..] => {
            let sources = data::sources(&data::policy(entries.parse()?));
            (0..10).for_each(|_| drop(compile(&sources)));
        }
        _ => println!("see scripts/bench"),
    }
    Ok(())
}

fn write_policy(folder: &Path, entries: usize) -> Result<(), Box<dyn Error>> {
    fs::create_dir_all(folder)?;
    for (number, text) in data::policy(entries).iter().enumerate() {
        fs::write(folder.join(format!("part-{number:02}.fw")), text)?;
    }
    fs::write(folder.join("prod.fw"), "fwc 1\ninclude \"part-*.fw\"\n")?;
    let project = "name: bench\npolicy: prod.fw\nregions:\n  primary: { aws: us-east-1 }\n\
                   firewall: { quotas: { signatures_per_policy: 600000 } }\n";
    fs::write(folder.join("fwc.yaml"), project)?;
    fs::write(folder.join("names.txt"), data::names(entries).join("\n"))?;
    Ok(())
}

fn measure(largest: usize) {
    let mut whole = Vec::new();
    for (entries, rounds) in SIZES.into_iter().filter(|(entries, _)| *entries <= largest) {
        let texts = data::policy(entries);
        let parse = fastest(rounds, || {
            for text in &texts {
                black_box(syntax::parse(FileId(0), black_box(text)));
            }
        });
        let sources = data::sources(&texts);
        let compile = fastest(rounds, || compile(black_box(&sources)));
        let bytes: usize = texts.iter().map(String::len).sum();
        println!("bytes_{entries}\t{bytes}");
        println!("parse_{entries}\t{:.0}", entries as f64 / parse);
        println!("compile_{entries}\t{:.0}", entries as f64 / compile);
        whole.push(((entries as f64).ln(), compile.ln()));
    }
    println!("exponent\t{:.3}", slope(&whole));
}

/// Text to printed signatures of one region. A million of them is more than AWS takes, and is
/// refused once they are printed.
fn compile(sources: &Sources) -> impl Sized {
    let mut project = data::project();
    project.firewall.quotas.signatures_per_policy = u32::MAX;
    let (policy, found) = fwc::analyse(sources, &project)
        .accept()
        .unwrap_or_else(|found| panic!("{:?}", found.first()));
    let today = jiff::civil::date(2026, 11, 24);
    let options = Options { today, profile: &profile::HARDENED, firewall: &project.firewall };
    let compiled = suricata::compile(&policy, &options);
    assert!(compiled.is_ok() || policy.grants.len() > 200_000, "{compiled:?}");
    (policy, found, compiled)
}

/// The least CPU time of several rounds, in seconds.
fn fastest<T>(rounds: usize, mut work: impl FnMut() -> T) -> f64 {
    let now = || {
        let time = clock_gettime(ClockId::ThreadCPUTime);
        time.tv_sec as f64 + time.tv_nsec as f64 / 1e9
    };
    let one = |_| {
        let start = now();
        let result = black_box(work());
        let end = now();
        // A process that compiles ends with its text; it never gives the pieces back.
        drop(result);
        end - start
    };
    (0..rounds).map(one).fold(f64::INFINITY, f64::min)
}

/// The slope of the line through these points, by least squares.
fn slope(points: &[(f64, f64)]) -> f64 {
    let count = points.len() as f64;
    let mean = |of: fn(&(f64, f64)) -> f64| points.iter().map(of).sum::<f64>() / count;
    let (x, y) = (mean(|point| point.0), mean(|point| point.1));
    let covariance: f64 = points.iter().map(|point| (point.0 - x) * (point.1 - y)).sum();
    covariance / points.iter().map(|point| (point.0 - x).powi(2)).sum::<f64>()
}
