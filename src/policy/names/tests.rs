//! The algebra against its slow twin: membership of every name of a small world, by
//! `Pattern::matches`.

use std::sync::LazyLock;

use proptest::prelude::*;

use super::*;

/// A label of up to three of these letters; `_` is the one the label sets pad with.
const WORLD: &str = "ab_-";

/// Every name of at most three labels that ends with `t`, the labels short enough to enumerate.
static NAMES: LazyLock<Vec<String>> = LazyLock::new(|| {
    let letters = || WORLD.chars();
    let extend = |shorter: &[String]| -> Vec<String> {
        shorter
            .iter()
            .flat_map(|label| letters().map(move |letter| format!("{label}{letter}")))
            .collect()
    };
    let one = extend(&[String::new()]);
    let two = extend(&one);
    let three = extend(&two);
    let four = extend(&three);
    let labels = [one.clone(), two, three, four].concat();
    let short: Vec<String> = ["a", "b", "ab", "_", "a_", "ba", "aa"].map(str::to_owned).to_vec();
    let mut names = vec!["t".to_owned()];
    names.extend(labels.iter().map(|label| format!("{label}.t")));
    for parent in &short {
        names.extend(labels.iter().take(84).map(|label| format!("{label}.{parent}.t")));
        for grandparent in &short {
            names.extend(short.iter().map(|label| format!("{label}.{parent}.{grandparent}.t")));
        }
    }
    names
});

fn pattern(text: &str) -> Pattern {
    Pattern::parse(text).unwrap_or_else(|error| panic!("{text}: {error}")).value
}

fn set(texts: &str) -> NameSet {
    let patterns: Vec<Pattern> = texts.split_whitespace().map(pattern).collect();
    NameSet::from_patterns(&patterns)
}

fn any_base() -> impl Strategy<Value = String> {
    const BASES: &[&str] =
        &["t", "t", "a.t", "a.t", "b.t", "ab.t", "_.t", "a.b.t", "a.a.t", "aa.a.t", "b.a.t"];
    proptest::sample::select(BASES).prop_map(str::to_owned)
}

/// Built from parts, for `_` and `-` may stand where a policy could not write them.
fn any_pattern() -> impl Strategy<Value = Pattern> {
    let part = || "[ab_-]{0,3}";
    let name = |text: String| Fqdn::parse(&text).unwrap().value;
    prop_oneof![
        3 => (proptest::sample::select(["", "a.", "b.", "ab.", "_.", "aba."].as_slice()), any_base())
            .prop_map(move |(label, base)| Pattern::Exact(name(format!("{label}{base}")))),
        1 => any_base().prop_map(move |base| Pattern::Below(name(base))),
        1 => any_base().prop_map(move |base| Pattern::OneLabel { label: Glob::new("", ""), parent: name(base) }),
        4 => (part(), part(), any_base()).prop_map(move |(prefix, suffix, base)| Pattern::OneLabel {
            label: Glob::new(&prefix, &suffix),
            parent: name(base),
        }),
    ]
}

fn any_patterns() -> impl Strategy<Value = Vec<Pattern>> {
    proptest::collection::vec(any_pattern(), 0..6)
}

/// Sets that no list of patterns makes.
fn any_set() -> impl Strategy<Value = NameSet> {
    (any_patterns(), any_patterns(), any_patterns()).prop_map(|(a, b, c)| {
        let [a, b, c] = [a, b, c].map(|patterns| NameSet::from_patterns(&patterns));
        a.difference(&b).union(&c)
    })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(400))]

    #[test]
    fn a_set_has_the_names_of_its_patterns(patterns in any_patterns()) {
        let set = NameSet::from_patterns(&patterns);
        for name in NAMES.iter() {
            prop_assert_eq!(set.contains(name), patterns.iter().any(|p| p.matches(name)), "{}", name);
        }
        let one_by_one = patterns.iter().map(NameSet::from_pattern);
        prop_assert_eq!(one_by_one.fold(NameSet::empty(), |a, b| b.union(&a)), set);
    }

    #[test]
    fn operations_are_those_of_membership(a in any_set(), b in any_set()) {
        let (union, intersection, difference) = (a.union(&b), a.intersection(&b), a.difference(&b));
        for name in NAMES.iter() {
            let (in_a, in_b) = (a.contains(name), b.contains(name));
            prop_assert_eq!(union.contains(name), in_a || in_b, "{}", name);
            prop_assert_eq!(intersection.contains(name), in_a && in_b, "{}", name);
            prop_assert_eq!(difference.contains(name), in_a && !in_b, "{}", name);
        }
    }

    #[test]
    fn equal_sets_are_equal_trees(a in any_set(), b in any_set(), c in any_set()) {
        let empty = NameSet::empty();
        prop_assert_eq!(a.difference(&a), empty.clone());
        prop_assert_eq!(a.union(&empty), a.clone());
        prop_assert_eq!(a.union(&a), a.clone());
        prop_assert_eq!(a.intersection(&empty), empty);
        prop_assert_eq!(a.union(&b), b.union(&a));
        prop_assert_eq!(a.union(&b).union(&c), a.union(&b.union(&c)));
        prop_assert_eq!(a.intersection(&b), b.intersection(&a));
        prop_assert_eq!(a.intersection(&b), a.difference(&a.difference(&b)));
        prop_assert_eq!(a.intersection(&b.union(&c)), a.intersection(&b).union(&a.intersection(&c)));
        prop_assert_eq!(a.difference(&b.union(&c)), a.difference(&b).intersection(&a.difference(&c)));
        prop_assert_eq!(a.difference(&b.intersection(&c)), a.difference(&b).union(&a.difference(&c)));
        prop_assert_eq!(a.difference(&b).union(&a.intersection(&b)), a);
    }

    #[test]
    fn covering_is_an_empty_difference_and_has_a_witness_otherwise(a in any_set(), b in any_set()) {
        let left = b.difference(&a);
        prop_assert_eq!(a.covers(&b), left.is_empty());
        match left.witness() {
            Some(name) => prop_assert!(b.contains(&name) && !a.contains(&name), "{}", name),
            None => prop_assert!(left.is_empty()),
        }
        if left.is_empty() {
            prop_assert!(NAMES.iter().all(|name| a.contains(name) || !b.contains(name)));
        }
        match a.overlap(&b) {
            Some(name) => prop_assert!(a.contains(&name) && b.contains(&name), "{}", name),
            None => prop_assert!(NAMES.iter().all(|name| !a.contains(name) || !b.contains(name))),
        }
    }

    #[test]
    fn a_witness_is_a_host_where_there_is_one(a in any_set()) {
        if let Some(name) = a.witness() {
            let host = Fqdn::parse(&name).is_ok();
            prop_assert!(host || NAMES.iter().all(|name| !a.contains(name) || Fqdn::parse(name).is_err()), "{}", name);
        }
    }

    #[test]
    fn terms_have_the_names_of_the_set(set in any_set(), patterns in any_patterns()) {
        let writable = |pattern: &&Pattern| {
            let text = pattern.to_string();
            Pattern::parse(&text).is_ok() && !text.contains('_')
        };
        let patterns = NameSet::from_patterns(patterns.iter().filter(writable));
        prop_assert!(patterns.terms().is_some());
        for set in [set, patterns] {
            let Some(terms) = set.terms() else { continue };
            let names = |term: &Term| NameSet::from_pattern(&term.pattern).difference(&NameSet::from_patterns(&term.except));
            let all = terms.iter().map(names).fold(NameSet::empty(), |a, b| a.union(&b));
            prop_assert_eq!(all, set);
        }
    }

    #[test]
    fn two_patterns_agree_with_their_sets(a in any_pattern(), b in any_pattern()) {
        let sets = (NameSet::from_pattern(&a), NameSet::from_pattern(&b));
        prop_assert_eq!(a.covers(&b), sets.0.covers(&sets.1));
        let overlap = a.overlap(&b);
        prop_assert_eq!(overlap.is_some(), sets.0.overlap(&sets.1).is_some());
        if let Some(name) = overlap {
            prop_assert!(a.matches(&name) && b.matches(&name), "{}", name);
        }
    }
}

#[test]
fn witnesses_are_pleasant() {
    let check = |inside: &str, outside: &str, witness: Option<&str>| {
        assert_eq!(
            set(inside).difference(&set(outside)).witness().as_deref(),
            witness,
            "{inside} - {outside}"
        );
    };
    check("example.com", "", Some("example.com"));
    check("example.com", "*.com", None);
    check("*.example.com", "", Some("a.example.com"));
    check("*.example.com", "a.example.com", Some("b.example.com"));
    check("**.example.com", "*.example.com", Some("a.a.example.com"));
    check("**.example.com", "*.example.com **.a.example.com", Some("a.b.example.com"));
    check("**.example.com", "a*.example.com", Some("b.example.com"));
    check("img-*.example.com", "", Some("img-a.example.com"));
    check("img-*.example.com", "img-*a.example.com", Some("img-b.example.com"));
    check("*-x.example.com", "a*.example.com", Some("b-x.example.com"));
    check("*.example.com", "a*.example.com *a.example.com", Some("b.example.com"));
    check("*_.example.com", "_.example.com", Some("a_.example.com"));
    check("ab*ba.example.com", "abba.example.com", Some("ababa.example.com"));
}

#[test]
fn witnesses_keep_to_the_lengths_of_hosts() {
    let (a, b) = ("a".repeat(30), "b".repeat(30));
    let one = pattern(&format!("x{a}{b}*.t"));
    let other = pattern(&format!("*{b}y.t"));
    let expected = format!("x{a}{b}y.t");
    assert_eq!(one.overlap(&other).as_ref(), Some(&expected));
    let both = NameSet::from_pattern(&one).intersection(&NameSet::from_pattern(&other));
    assert!(both.witness().is_some_and(|name| both.contains(&name) && Fqdn::parse(&name).is_ok()));
}

#[test]
fn every_letter_alone_is_every_label() {
    let letters = "abcdefghijklmnopqrstuvwxyz0123456789_";
    let begins: String = letters.chars().map(|letter| format!("x{letter}*.t ")).collect();
    // What begins with a hyphen no policy can write.
    let hyphen =
        Pattern::OneLabel { label: Glob::new("x-", ""), parent: Fqdn::parse("t").unwrap().value };
    let all = set(&begins).union(&NameSet::from_pattern(&hyphen)).union(&set("x.t"));
    assert_eq!(all, set("x*.t"));
}

#[test]
fn deep_names_are_names() {
    let deep = "a.".repeat(126) + "a";
    let set = set(&deep).union(&set("**.a.a"));
    assert!(set.contains(&deep));
    assert!(set.difference(&super::tests::set(&deep)).covers(&super::tests::set("*.a.a")));
}

#[test]
fn names_move_with_all_that_is_below_them() {
    let name = |text: &str| Fqdn::parse(text).unwrap().value;
    let check = |names: &str, from: &str, to: &str, moved: &str| {
        assert_eq!(set(names).moved(&name(from), &name(to)), set(moved), "{names}");
    };
    check("s.east.t *.x.east.t a.t", "east.t", "west.u.t", "s.west.u.t *.x.west.u.t");
    check("east.t **.east.t", "east.t", "west.t", "west.t **.west.t");
    check("**.t", "east.t", "west.t", "west.t **.west.t");
    check("a.t", "east.t", "west.t", "");
}

#[test]
fn sets_are_written_as_a_policy_would() {
    let check = |inside: &str, outside: &str, terms: &str| {
        let written = set(inside).difference(&set(outside)).terms().unwrap();
        let written: Vec<String> = written.iter().map(Term::to_string).collect();
        assert_eq!(written.join("; "), terms);
    };
    check("", "", "");
    check("example.com", "", "example.com");
    check("example.com **.example.com a.example.com", "", "example.com; **.example.com");
    check("*.example.com www.example.com", "", "*.example.com");
    check("**.example.com", "**.dev.example.com", "**.example.com except **.dev.example.com");
    check("*.example.com", "a*.example.com", "*.example.com except a*.example.com");
    check(
        "img-*.example.com *-x.example.com",
        "img-1.example.com",
        "*-x.example.com; img-*.example.com except img-1.example.com",
    );
    check("ab*ba.example.com", "", "ab*ba.example.com");
    check("**.example.com", "example.com", "**.example.com");
}
