//! The part of the report that is about decisions.
//!
//! Everybody who is compared answers the same questions, in turns, several rounds of them; the
//! fastest round counts. Every answer is checked before. Three ways to ask: *throughput*, where no
//! question depends on an answer; *chain*, where each one waits for the answer before it; *batch*,
//! all of them at once.

#![expect(clippy::print_stdout, reason = "what it is for")]

use std::hint::black_box;

use fwc::matcher::reference::Reference;
use fwc::matcher::{Matcher, Options, Reason, Verdict};
use fwc::policy::{Policy, RegionId};

use crate::fastest;
use crate::peers::{
    AhoCorasick, Floor, Fst, LabelTrie, Peer, PerfectHash, QpTrie, SuffixHash, SuffixWalk,
};
use crate::questions::{NONE, Patterns, Questions};

const SIZES: [usize; 5] = [100, 1_000, 10_000, 100_000, 1_000_000];
const ROUNDS: usize = 9;

/// Where an automaton that spells every name is too big to be built.
const LARGEST_AUTOMATON: usize = 100_000;

/// How much the reference may do to check answers: it asks every grant.
const CHECKED: usize = 50_000;

/// Somebody who answers questions, by name, and the seconds that the best round took.
struct Contestant<'c> {
    name: String,
    round: Box<dyn Fn() + 'c>,
    best: f64,
}

/// Prints nanoseconds a question, by size, hits in a hundred, who, and how.
pub(crate) fn measure(largest: usize) {
    for size in SIZES.into_iter().filter(|size| *size <= largest) {
        let patterns = Patterns::new(size);
        let today = jiff::civil::date(2026, 11, 24);
        let options = Options::new(today);
        let policies = [1, 200].map(|services| (services, patterns.policy(services)));
        let matchers = policies.each_ref().map(|(services, policy)| {
            (*services, policy, Matcher::new(policy, RegionId(0), &options))
        });
        let [(_, alone, matcher), _] = &matchers;
        let build = fastest(3, || Matcher::new(alone, RegionId(0), &options));
        println!("build_{size}\t{:.0}", alone.grants.len() as f64 / build);
        // More bytes than the second cache has, where the index has, too.
        let count = if size < 100_000 { 1 << 16 } else { 1 << 18 };
        for hits in [50, 1, 99] {
            let asked = [1, 200].map(|services| Questions::new(&patterns, services, count, hits));
            let floor = Floor::new(16 * size.next_power_of_two());
            let mut contest = Contest { questions: &asked[0], contestants: Vec::new() };
            check(alone, &options, &asked[0]);
            for ((services, policy, matcher), questions) in matchers.iter().zip(&asked) {
                let name = format!("ours-{services}");
                let find = |number| answer(&matcher.decide(&questions.flow(number)));
                contest.enter(&name, find);
                contest.enter_explained(&name, policy, matcher, questions);
            }
            contest.enter("floor", |number| floor.find(asked[0].name(number)));
            contest.peer::<SuffixWalk>("suffix-walk", &patterns, matcher);
            contest.peer::<PerfectHash>("perfect-hash", &patterns, matcher);
            if hits == 50 {
                contest.peer::<SuffixHash>("suffix-hash", &patterns, matcher);
                contest.peer::<LabelTrie>("label-trie", &patterns, matcher);
                contest.peer::<Fst>("fst", &patterns, matcher);
                contest.peer::<QpTrie>("qp-trie", &patterns, matcher);
                if size <= LARGEST_AUTOMATON {
                    contest.peer::<AhoCorasick>("aho-corasick", &patterns, matcher);
                }
            }
            for (name, best) in contest.run() {
                println!("decide_{size}_{hits}_{name}\t{:.2}", best * 1e9 / count as f64);
            }
        }
    }
}

/// Those who answer the same questions.
struct Contest<'c> {
    questions: &'c Questions,
    contestants: Vec<Contestant<'c>>,
}

impl<'c> Contest<'c> {
    /// Somebody who answers the question of a number.
    fn enter(&mut self, name: &str, find: impl Fn(usize) -> u32 + Clone + 'c) {
        let count = self.questions.len();
        let chained = find.clone();
        self.add(format!("{name}_throughput"), move || {
            for number in 0..count {
                black_box(find(number));
            }
        });
        self.add(format!("{name}_chain"), move || {
            let (mut next, nothing) = (0, black_box(0));
            while next < count {
                next += 1 + (chained(next) & nothing) as usize;
            }
        });
    }

    fn enter_explained(
        &mut self,
        name: &str,
        policy: &'c Policy,
        matcher: &'c Matcher,
        questions: &'c Questions,
    ) {
        let count = self.questions.len();
        self.add(format!("{name}_explained"), move || {
            for number in 0..count {
                let verdict = matcher.decide(&questions.flow(number));
                if let Reason::Grant(id) | Reason::DenyEntry(id) = verdict.reason {
                    black_box(policy.grant(id).map(|grant| (&grant.destination, grant.at)));
                }
                black_box(verdict.action);
            }
        });
    }

    fn peer<P: Peer + 'c>(&mut self, name: &str, patterns: &Patterns, matcher: &Matcher) {
        let questions = self.questions;
        let peer = std::rc::Rc::new(P::new(patterns));
        for number in 0..questions.len() {
            let ours = answer(&matcher.decide(&questions.flow(number)));
            let theirs = peer.find(questions.name(number));
            assert_eq!(ours, theirs, "{name}: {}", questions.name(number).escape_ascii());
        }
        self.enter(name, move |number| peer.find(questions.name(number)));
    }

    fn add(&mut self, name: String, round: impl Fn() + 'c) {
        let round = Box::new(round);
        self.contestants.push(Contestant { name, round, best: f64::INFINITY });
    }

    /// The best of all rounds of each, in seconds.
    fn run(mut self) -> impl Iterator<Item = (String, f64)> {
        for _ in 0..ROUNDS {
            for contestant in &mut self.contestants {
                contestant.best = contestant.best.min(fastest(1, &contestant.round));
            }
        }
        self.contestants.into_iter().map(|it| (it.name, it.best))
    }
}

/// The number of the grant that opens.
fn answer<S>(verdict: &Verdict<S>) -> u32 {
    match verdict.reason {
        Reason::Grant(id) => id.0,
        Reason::DenyEntry(_) | Reason::NoGrant | Reason::UnknownSource => NONE,
    }
}

/// As many answers as the reference can give in a bearable time; the others are checked against
/// the peers.
fn check(policy: &Policy, options: &Options<'_>, questions: &Questions) {
    let matcher = Matcher::new(policy, RegionId(0), options);
    let reference = Reference::new(policy, RegionId(0), options);
    // To know what a grant below a name stands for, it looks at every other grant.
    let each = policy.grants.len() * policy.grants.len() / 2;
    for number in 0..(CHECKED * 1_000 / each).min(questions.len()) {
        let flow = questions.flow(number);
        let (ours, theirs) = (matcher.decide(&flow), reference.decide(&flow));
        assert_eq!(answer(&ours), answer(&theirs), "{flow:?}");
    }
}
