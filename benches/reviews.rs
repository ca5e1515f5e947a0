//! The part of the report that is about lints and differences.

#![expect(clippy::print_stdout, reason = "what it is for")]

use std::hint::black_box;

use fwc::analysis::diff::diff;
use fwc::lints::Options;
use fwc::lints::suffix::PublicSuffixes;
use fwc::policy::Policy;

use crate::{data, fastest, slope};

const SIZES: [usize; 3] = [1_000, 10_000, 100_000];
const ROUNDS: usize = 5;

/// Prints the seconds of each, and with which power of the entries they grow.
pub(crate) fn measure(largest: usize) {
    let sizes = || SIZES.into_iter().filter(|entries| *entries <= largest);
    let print = |what: &str, seconds: &dyn Fn(usize) -> f64| {
        let mut points = Vec::new();
        for entries in sizes() {
            let seconds = seconds(entries);
            println!("{what}_{entries}\t{seconds:.6}");
            points.push(((entries as f64).ln(), seconds.ln()));
        }
        // Of small policies most is what every run takes.
        let points = points.get(points.len().saturating_sub(2)..).unwrap_or_default();
        println!("{what}_exponent\t{:.3}", slope(points));
    };
    print("lint", &|entries| lint(&data::policy(entries)));
    print("lint_nested", &|entries| lint(&data::nested(entries)));
    print("diff_thinned", &|entries| {
        let texts = data::policy(entries);
        difference(&texts, &data::thinned(&texts))
    });
    print("diff_all", &|entries| difference(&data::policy(entries), &["fwc 1\n".to_owned()]));
}

/// From text to findings, as `fwc lint` does.
fn lint(texts: &[String]) -> f64 {
    let (project, sources) = (data::project(), data::sources(texts));
    let options = Options { today: data::TODAY, suffixes: PublicSuffixes::embedded() };
    fastest(ROUNDS, || fwc::lint(black_box(&sources), &project, &data::NoFiles, &options))
}

/// From two policies that were read to what opens and closes.
fn difference(before: &[String], after: &[String]) -> f64 {
    let (before, after) = (read(before), read(after));
    fastest(ROUNDS, || diff(black_box(&before), black_box(&after), data::TODAY, &|_| true))
}

fn read(texts: &[String]) -> Policy {
    fwc::analyse(&data::sources(texts), &data::project()).policy
}
