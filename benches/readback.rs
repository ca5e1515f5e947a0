//! How fast the policy of a firewall is read back from its rule groups, and what drifted is found.

#![expect(clippy::expect_used, reason = "a bench that cannot compile has nothing to measure")]

mod data;

use std::collections::BTreeMap;
use std::hint::black_box;

use criterion::{BenchmarkId, Criterion, Throughput, criterion_group, criterion_main};
use fwc::readback::{self, Desired, Group};
use fwc::suricata::{self, Options, parse, profile};
use ipnet::IpNet;

const SIZES: [usize; 3] = [1_000, 10_000, 25_000];

fn readback(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("readback");
    group.sample_size(10);
    let (project, today) = (data::project(), jiff::civil::date(2026, 11, 24));
    for entries in SIZES {
        let sources = data::sources(&data::policy(entries));
        let (policy, _) = fwc::analyse(&sources, &project).accept().expect("the policy is sound");
        let firewall = &project.firewall;
        let options = Options { today, profile: &profile::HARDENED, firewall };
        let rulesets = suricata::compile(&policy, &options).expect("it fits in a firewall");
        let ruleset = rulesets.first().expect("there is a region");
        let written = |networks: &Vec<IpNet>| networks.iter().map(IpNet::to_string).collect();
        let variables = ruleset.variables.iter();
        let variables = variables.map(|(name, it)| (name.to_string(), written(it))).collect();
        let references = BTreeMap::new();
        let text = &ruleset.text;
        // As one group, whatever AWS takes: the bytes are the same.
        let live = [Group { name: "live", text, variables: &variables, references: &references }];
        let desired = Desired { policy: &policy, project: &project, region: ruleset.id };
        let read = readback::read(&live, &desired, today);
        assert!(read.drift.is_empty() && read.refused.is_empty(), "{:?}", read.drift);
        group.throughput(Throughput::Elements(entries as u64));
        group.bench_function(BenchmarkId::new("parse", entries), |bencher| {
            bencher.iter(|| parse::lines(black_box(&ruleset.text)).count());
        });
        group.bench_function(BenchmarkId::new("read", entries), |bencher| {
            let read = || readback::read(black_box(&live), &desired, today);
            bencher.iter_with_large_drop(read);
        });
        group.bench_function(BenchmarkId::new("drift", entries), |bencher| {
            bencher.iter(|| readback::drift(black_box(&live), ruleset));
        });
    }
    group.finish();
}

criterion_group!(benches, readback);
criterion_main!(benches);
