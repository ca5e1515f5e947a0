//! How fast text becomes a syntax tree.

mod data;

use std::hint::black_box;

use criterion::{BenchmarkId, Criterion, Throughput, criterion_group, criterion_main};
use fwc::source::FileId;
use fwc::syntax;

fn parse(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("parse");
    for entries in [1_000, 10_000, 100_000] {
        let texts = data::policy(entries);
        group.throughput(Throughput::Elements(entries as u64));
        group.bench_with_input(BenchmarkId::from_parameter(entries), &texts, |bencher, texts| {
            bencher.iter(|| {
                for text in texts {
                    black_box(syntax::parse(FileId(0), black_box(text)));
                }
            });
        });
    }
    group.finish();
}

criterion_group!(benches, parse);
criterion_main!(benches);
