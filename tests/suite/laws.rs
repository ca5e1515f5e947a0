//! What holds for every policy, not only for those of the corpus.

use std::collections::{BTreeMap, BTreeSet};

use fwc::project::{self, Project};
use fwc::source::{FileId, SourceFile, Sources};
use fwc::suricata::limits::{LARGEST_CAPACITY, LONGEST_SIGNATURE};
use fwc::suricata::{self, Bit, BitOperation, Keyword, Options, Profile, Ruleset, profile};
use proptest::prelude::*;

use crate::corpus::TODAY;

const PROJECT: &str = "\
name: laws
vars: { account: \"123456789012\" }
regions:
  primary:
    aws: us-east-1
    networks: { web: [10.10.64.0/24], ops: [10.10.80.0/24], wide: [10.10.64.0/18] }
  secondary:
    aws: us-west-2
    networks: { web: [10.20.64.0/24], wide: [10.20.64.0/18] }
";

pub(crate) fn project() -> Project {
    project::parse(FileId(0), PROJECT).0.unwrap()
}

/// Destinations that have much in common, so that they merge, cover and collide.
fn destination() -> impl Strategy<Value = String> {
    let name = prop::sample::select(vec![
        "a.example",
        "b.a.example",
        "c.b.a.example",
        "sts.${region}.amazonaws.com",
        "x.example",
    ]);
    let front = prop::sample::select(vec!["", "*.", "**.", "img-*.", "*-b.", "c*d."]);
    let network = prop::sample::select(vec!["203.0.113.0/28", "203.0.113.7", "2001:db8::/32"]);
    prop_oneof![
        6 => (front, name).prop_map(|(front, name)| format!("{front}{name}")),
        1 => network.prop_map(str::to_owned),
    ]
}

fn clauses() -> impl Strategy<Value = String> {
    let part = |words: &[&'static str]| prop::sample::select(words.to_vec());
    (
        part(&["", "", " except b.a.example", " except **.b.a.example"]),
        part(&["", "", " port 443,8443", " port /http", " port /quic", " port 8080/http"]),
        part(&["", "", " to 198.51.100.0/24"]),
        part(&["", " because PAY-1 \"one\"", " because PAY-2 \"two\""]),
        part(&["", "", " until 2026-11-23", " until 2026-11-24"]),
    )
        .prop_map(|(except, port, to, because, until)| {
            format!("{except}{port}{to}{because}{until}")
        })
}

/// The lines of a block, some of which may be refused.
fn lines() -> impl Strategy<Value = Vec<String>> {
    let verb = prop::sample::select(vec!["allow", "allow", "allow", "deny"]);
    let line = (verb, destination(), clauses())
        .prop_map(|(verb, destination, clauses)| format!("{verb} {destination}{clauses}"));
    prop::collection::vec(line, 0..8)
}

/// A service block, by its header and lines.
pub(crate) type Block = (String, Vec<String>);

pub(crate) fn blocks() -> impl Strategy<Value = Vec<Block>> {
    let header = |name: &'static str, froms: &[&'static str]| {
        let from = prop::sample::select(froms.to_vec());
        let observe = prop::sample::select(vec!["", "", " observe until 2027-06-30"]);
        (from, observe, lines()).prop_map(move |(from, observe, lines)| {
            (format!("service {name} from {from}{observe}"), lines)
        })
    };
    let outer = prop::collection::vec(destination(), 0..3).prop_map(|denied| {
        (String::new(), denied.iter().map(|destination| format!("deny {destination}")).collect())
    });
    let first = header("checkout", &["web", "wide"]);
    let second = header("search", &["wide", "10.30.0.0/16", "web"]);
    let third = header("ci", &["ops only primary", "10.40.0.0/16"]);
    (first, second, third, outer).prop_map(|(a, b, c, d)| vec![a, b, c, d])
}

pub(crate) fn policy(blocks: &[Block]) -> String {
    let mut text = "fwc 1\n".to_owned();
    for (header, lines) in blocks {
        let body: String = lines.iter().map(|line| format!("  {line}\n")).collect();
        text.push_str(&if header.is_empty() { body } else { format!("{header} {{\n{body}}}\n") });
    }
    text
}

/// What a policy compiles to; `None` if it is refused.
fn compile(text: &str, profile: &'static Profile) -> Option<Vec<Ruleset>> {
    let project = project();
    let mut sources = Sources::new();
    sources.add(SourceFile::new("laws.fw", text));
    let (policy, _) = fwc::analyse(&sources, &project).accept().ok()?;
    let firewall = &project.firewall;
    suricata::compile(&policy, &Options { today: TODAY.parse().unwrap(), profile, firewall }).ok()
}

/// The lines that stand alone: each is a policy without findings.
pub(crate) fn good(mut blocks: Vec<Block>) -> Vec<Block> {
    for (header, lines) in &mut blocks {
        let alone = |line: &String| vec![(header.clone(), vec![line.clone()])];
        lines.retain(|line| compile(&policy(&alone(line)), &profile::HARDENED).is_some());
    }
    blocks
}

fn check_text(ruleset: &Ruleset) -> Result<(), TestCaseError> {
    let mut ids = BTreeSet::new();
    for signature in &ruleset.signatures {
        prop_assert!(ids.insert(signature.sid), "id {} twice", signature.sid);
    }
    prop_assert_eq!(ruleset.text.lines().count(), ruleset.signatures.len());
    for line in ruleset.text.lines() {
        prop_assert!(line.is_ascii() && line.len() <= LONGEST_SIGNATURE, "{line}");
    }
    let mut bits: BTreeMap<Bit, BTreeSet<bool>> = BTreeMap::new();
    for keyword in ruleset.signatures.iter().flat_map(|signature| &signature.keywords) {
        if let Keyword::Flowbit(operation, bit) = keyword {
            let asks = matches!(operation, BitOperation::IsSet | BitOperation::IsNotSet);
            bits.entry(*bit).or_default().insert(asks);
        }
    }
    for (bit, uses) in bits {
        // An engine warns of a mark that is asked for and never made.
        prop_assert!(!uses.contains(&true) || uses.contains(&false), "{bit:?} is never set");
    }
    let mut next = (0, 0);
    for group in &ruleset.groups {
        prop_assert_eq!((group.signatures.start, group.text.start), next);
        prop_assert!(group.signatures.len() <= group.capacity as usize);
        prop_assert!(group.capacity <= LARGEST_CAPACITY);
        next = (group.signatures.end, group.text.end);
    }
    prop_assert_eq!(next, (ruleset.signatures.len(), ruleset.text.len()));
    Ok(())
}

#[test]
fn no_entry_is_lost_among_warnings() {
    let lines = (0..3_000).map(|number| format!("allow N{number}.Example")).collect();
    let blocks = vec![("service checkout from web".to_owned(), lines)];
    let rulesets = compile(&policy(&blocks), &profile::HARDENED).unwrap();
    let grants = |ruleset: &Ruleset| {
        ruleset.signatures.iter().filter(|signature| signature.metadata().is_some()).count()
    };
    assert_eq!(rulesets.iter().map(grants).collect::<Vec<_>>(), [3_000, 3_000]);
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn every_text_is_one_that_can_be_delivered(blocks in blocks()) {
        let text = policy(&good(blocks));
        for profile in profile::PROFILES {
            let rulesets = compile(&text, profile);
            prop_assert!(rulesets.is_some(), "{}", text);
            for ruleset in rulesets.unwrap() {
                check_text(&ruleset)?;
            }
        }
    }

    #[test]
    fn order_never_matters(blocks in blocks(), seed in any::<u64>()) {
        let blocks = good(blocks);
        let mut shuffled = blocks.clone();
        for (_, lines) in &mut shuffled {
            lines.sort_by_key(|line| hash(line, seed));
        }
        shuffled.sort_by_key(|(header, _)| hash(header, seed));
        let texts = |blocks: &[Block]| {
            let rulesets = compile(&policy(blocks), &profile::HARDENED).unwrap();
            rulesets.into_iter().map(|ruleset| ruleset.text).collect::<Vec<_>>()
        };
        prop_assert_eq!(texts(&blocks), texts(&shuffled));
    }

    #[test]
    fn canonical_text_means_the_same(blocks in blocks()) {
        let text = policy(&good(blocks));
        let parsed = fwc::syntax::parse(FileId(0), &text);
        let canonical = fwc::syntax::format(&parsed.file, &text);
        let texts = |text: &str| {
            let rulesets = compile(text, &profile::HARDENED).unwrap();
            rulesets.into_iter().map(|ruleset| ruleset.text).collect::<Vec<_>>()
        };
        prop_assert_eq!(texts(&text), texts(&canonical));
    }
}

/// An order that depends on the seed.
fn hash(text: &str, seed: u64) -> u64 {
    text.bytes().fold(seed | 1, |hash, byte| {
        (hash ^ u64::from(byte)).wrapping_mul(0x0000_0100_0000_01b3).rotate_left(17)
    })
}
