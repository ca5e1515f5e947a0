//! How fast a policy is reviewed: what `fwc lint` does, from text to findings.

mod data;

use std::hint::black_box;

use criterion::{BenchmarkId, Criterion, Throughput, criterion_group, criterion_main};
use fwc::lints::Options;
use fwc::lints::suffix::PublicSuffixes;

const SIZES: [usize; 3] = [1_000, 10_000, 100_000];

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
                fwc::lint(black_box(&sources), &project, &data::NoFiles, &options())
            });
        });
    }
    group.finish();
}

criterion_group!(benches, lint);
criterion_main!(benches);
