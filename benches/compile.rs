//! How fast text becomes signatures, as a whole and step by step.

#![expect(clippy::expect_used, reason = "a bench that cannot compile has nothing to measure")]

mod data;

use std::hint::black_box;

use criterion::{BatchSize, BenchmarkId, Criterion, Throughput, criterion_group, criterion_main};
use fwc::policy::Policy;
use fwc::project::Project;
use fwc::source::Sources;
use fwc::suricata::{self, Options, Ruleset, profile};
use fwc::syntax;

const SIZES: [usize; 3] = [1_000, 10_000, 100_000];

fn analyse(sources: &Sources, project: &Project) -> Policy {
    let (policy, found) = fwc::analyse(sources, project).accept().expect("the policy is sound");
    assert!(found.is_empty(), "{found:?}");
    policy
}

fn compile(policy: &Policy, project: &Project) -> Vec<Ruleset> {
    let today = jiff::civil::date(2026, 11, 24);
    let options = Options { today, profile: &profile::HARDENED, firewall: &project.firewall };
    suricata::compile(policy, &options).expect("it fits in a firewall")
}

fn whole(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("text to signatures");
    group.sample_size(10);
    let project = data::project();
    for entries in SIZES {
        let sources = data::sources(&data::policy(entries));
        group.throughput(Throughput::Elements(entries as u64));
        group.bench_function(BenchmarkId::from_parameter(entries), |bencher| {
            bencher.iter(|| compile(&analyse(black_box(&sources), &project), &project));
        });
    }
    group.finish();
}

fn steps(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("step");
    group.sample_size(10);
    let project = data::project();
    let entries = 100_000;
    let sources = data::sources(&data::policy(entries));
    let parse = || {
        let files = sources.iter();
        files.map(|(file, source)| syntax::parse(file, &source.text)).collect::<Vec<_>>()
    };
    let policy = analyse(&sources, &project);
    let rulesets = compile(&policy, &project);
    group.throughput(Throughput::Elements(entries as u64));
    group.bench_function("parse", |bencher| bencher.iter_with_large_drop(parse));
    group.bench_function("resolve", |bencher| {
        bencher.iter_batched(
            parse,
            |parsed| {
                let trees = sources.iter().zip(&parsed);
                let trees: Vec<_> = trees
                    .map(|((file, _), parsed)| fwc::policy::resolve::Tree {
                        file,
                        tree: &parsed.file,
                    })
                    .collect();
                black_box(fwc::policy::resolve::resolve(&trees, &project));
            },
            BatchSize::PerIteration,
        );
    });
    group.bench_function("compile and print", |bencher| {
        bencher.iter_with_large_drop(|| compile(black_box(&policy), &project));
    });
    group.bench_function("print", |bencher| {
        bencher.iter(|| {
            let mut text = String::new();
            for signature in rulesets.iter().flat_map(|ruleset| &ruleset.signatures) {
                suricata::print::signature(black_box(signature), &mut text);
            }
            text
        });
    });
    group.finish();
}

criterion_group!(benches, whole, steps);
criterion_main!(benches);
