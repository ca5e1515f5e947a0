//! How fast a flow is decided, beside other ways to find a pattern of a name.

mod data;
mod peers;
mod questions;

use std::hint::black_box;

use criterion::{BenchmarkId, Criterion, Throughput, criterion_group, criterion_main};
use fwc::matcher::{Matcher, Options};
use fwc::policy::RegionId;
use peers::{AhoCorasick, Fst, LabelTrie, Peer, PerfectHash, QpTrie, SuffixHash, SuffixWalk};
use questions::{Patterns, Questions};

const SIZES: [usize; 3] = [1_000, 10_000, 100_000];
const QUESTIONS: usize = 1 << 16;

fn decide(criterion: &mut Criterion) {
    for size in SIZES {
        let patterns = Patterns::new(size);
        let mut group = criterion.benchmark_group(format!("decide/{size}"));
        group.throughput(Throughput::Elements(QUESTIONS as u64));
        group.sample_size(10);
        for services in [1, 200] {
            let policy = patterns.policy(services);
            let questions = Questions::new(&patterns, services, QUESTIONS, 50);
            let options = Options::new(jiff::civil::date(2026, 11, 24));
            let matcher = Matcher::new(&policy, RegionId(0), &options);
            group.bench_function(BenchmarkId::new("services", services), |bencher| {
                bencher.iter(|| {
                    for number in 0..questions.len() {
                        black_box(matcher.decide(&questions.flow(number)));
                    }
                });
            });
        }
        let questions = Questions::new(&patterns, 1, QUESTIONS, 50);
        let mut peer = |name, find: &dyn Fn()| {
            group.bench_function(name, |bencher| bencher.iter(find));
        };
        fn all<P: Peer>(patterns: &Patterns, questions: &Questions) -> impl Fn() {
            let made = P::new(patterns);
            move || {
                for number in 0..questions.len() {
                    black_box(made.find(questions.name(number)));
                }
            }
        }
        peer("suffix walk", &all::<SuffixWalk>(&patterns, &questions));
        peer("suffix hash", &all::<SuffixHash>(&patterns, &questions));
        peer("label trie", &all::<LabelTrie>(&patterns, &questions));
        peer("fst", &all::<Fst>(&patterns, &questions));
        peer("qp-trie", &all::<QpTrie>(&patterns, &questions));
        peer("aho-corasick", &all::<AhoCorasick>(&patterns, &questions));
        peer("perfect hash", &all::<PerfectHash>(&patterns, &questions));
        group.finish();
    }
}

criterion_group!(benches, decide);
criterion_main!(benches);
