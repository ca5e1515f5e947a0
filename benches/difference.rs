//! How fast it is told what follows from a policy as a whole: a difference, an assertion.

#![expect(clippy::expect_used, reason = "a bench that cannot resolve has nothing to measure")]

mod data;

use std::hint::black_box;

use criterion::{BenchmarkId, Criterion, Throughput, criterion_group, criterion_main};
use fwc::analysis::claims;
use fwc::analysis::diff::{Diff, diff};
use fwc::policy::Policy;

const SIZES: [usize; 3] = [1_000, 10_000, 100_000];

fn policy(texts: &[String]) -> Policy {
    let resolved = fwc::analyse(&data::sources(texts), &data::project());
    resolved.accept().expect("the policy is sound").0
}

/// The same policy with every line in another place.
fn turned(texts: &[String]) -> Vec<String> {
    let turn = |text: &String| {
        let mut turned = String::new();
        for block in text.split_inclusive("}\n") {
            let is_entry = |line: &&str| line.starts_with("  ");
            let start = block.lines().take_while(|line| !is_entry(line));
            let end = block.lines().skip_while(|line| !is_entry(line));
            let (entries, end): (Vec<&str>, Vec<&str>) = end.partition(is_entry);
            for line in start.chain(entries.into_iter().rev()).chain(end) {
                turned.push_str(line);
                turned.push('\n');
            }
        }
        turned
    };
    texts.iter().map(turn).collect()
}

fn compare(before: &Policy, after: &Policy) -> Diff {
    diff(black_box(before), black_box(after), jiff::civil::date(2026, 11, 24), &|_| true)
}

fn differences(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("diff");
    group.sample_size(10);
    for entries in SIZES {
        let texts = data::policy(entries);
        let before = policy(&texts);
        let others = [
            ("itself", texts.clone()),
            ("one in a hundred gone", data::thinned(&texts)),
            ("every line moved", turned(&texts)),
            ("nothing in common", vec!["fwc 1\n".to_owned()]),
        ];
        group.throughput(Throughput::Elements(entries as u64));
        for (name, texts) in others {
            let after = policy(&texts);
            group.bench_function(BenchmarkId::new(name, entries), |bencher| {
                bencher.iter_with_large_drop(|| compare(&before, &after));
            });
        }
    }
    group.finish();
}

fn assertions(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("assertion");
    group.sample_size(10);
    for entries in SIZES {
        let mut texts = data::policy(entries);
        let claims = "assert only team-0 reaches **.example.org\nassert regions equal\n";
        texts.iter_mut().take(1).for_each(|text| text.push_str(claims));
        let policy = policy(&texts);
        let today = jiff::civil::date(2026, 11, 24);
        group.throughput(Throughput::Elements(entries as u64));
        group.bench_function(BenchmarkId::from_parameter(entries), |bencher| {
            bencher.iter(|| claims::decide(black_box(&policy), today, &|_, _| Err(String::new())));
        });
    }
    group.finish();
}

criterion_group!(benches, differences, assertions);
criterion_main!(benches);
