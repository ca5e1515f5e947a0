//! How fast a policy is reviewed: what `fwc lint` does, from text to findings.

#![expect(clippy::expect_used, reason = "there is more than no round")]
#![expect(clippy::print_stdout, reason = "a bench is read")]

mod data;

use std::hint::black_box;

use criterion::{BenchmarkId, Criterion, Throughput, criterion_group, criterion_main};
use fwc::lints::Options;
use fwc::lints::suffix::PublicSuffixes;
use fwc::load::Files;
use fwc::source::Sources;
use rustix::time::{ClockId, clock_gettime};

const SIZES: [usize; 3] = [1_000, 10_000, 100_000];

/// No policy here is within another one.
struct NoFiles;

impl Files for NoFiles {
    fn read(&self, _: &str) -> Result<String, String> {
        Err("there are no files".to_owned())
    }

    fn matching(&self, _: &str) -> Result<Vec<String>, String> {
        Ok(Vec::new())
    }
}

fn options() -> Options<'static> {
    Options { today: jiff::civil::date(2026, 11, 24), suffixes: PublicSuffixes::embedded() }
}

fn lint(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("lint");
    group.sample_size(10);
    let project = data::project();
    for entries in SIZES {
        let sources = data::sources(&data::policy(entries));
        group.throughput(Throughput::Elements(entries as u64));
        group.bench_function(BenchmarkId::from_parameter(entries), |bencher| {
            bencher.iter_with_large_drop(|| {
                fwc::lint(black_box(&sources), &project, &NoFiles, &options())
            });
        });
    }
    group.finish();
    exponent("entries of all kinds", |entries| data::sources(&data::policy(entries)));
    exponent("entries that cover each other", |entries| data::sources(&data::nested(entries)));
}

/// The time this thread has had a core: what else runs does not count.
fn cpu_seconds() -> f64 {
    let time = clock_gettime(ClockId::ThreadCPUTime);
    time.tv_sec as f64 + time.tv_nsec as f64 / 1e9
}

/// Prints with which power of the entries the time grows.
fn exponent(what: &str, sources: impl Fn(usize) -> Sources) {
    let project = data::project();
    let seconds = |entries: usize| {
        let sources = sources(entries);
        let once = || {
            let start = cpu_seconds();
            let found = black_box(fwc::lint(black_box(&sources), &project, &NoFiles, &options()));
            let end = cpu_seconds();
            drop(found);
            end - start
        };
        (0..5).map(|_| once()).min_by(f64::total_cmp).expect("there are rounds")
    };
    let (few, many) = (seconds(10_000), seconds(100_000));
    let exponent = (many / few).log10();
    println!("lint, {what}: {many:.3} s for 100,000, growing with the power {exponent:.2}");
}

criterion_group!(benches, lint);
criterion_main!(benches);
