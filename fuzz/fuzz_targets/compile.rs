//! Any text through the whole compiler: it is refused, or every signature is one that loads.

#![no_main]

use fwc::project::Project;
use fwc::source::{SourceFile, Sources};
use fwc::suricata::limits::{LARGEST_GROUP, LONGEST_SIGNATURE};
use fwc::suricata::{self, profile};
use jiff::civil::{Date, date};
use libfuzzer_sys::{Corpus, fuzz_target};

const TODAY: Date = date(2026, 11, 24);

/// Findings of one file: the parser's, the resolver's, and one each that there are more.
const MOST_FINDINGS: usize = 1_102;

fuzz_target!(|bytes: &[u8]| -> Corpus {
    let Ok(text) = str::from_utf8(bytes) else { return Corpus::Reject };
    let mut sources = Sources::new();
    sources.add(SourceFile::new("fuzz.fw", text));
    let project = Project::without_file();
    let resolved = fwc::analyse(&sources, &project);
    fwc_fuzz::check_findings("fuzz.fw", text, &resolved.diagnostics, MOST_FINDINGS);
    let Ok((policy, _)) = resolved.accept() else { return Corpus::Keep };
    for profile in profile::PROFILES {
        let options = suricata::Options { today: TODAY, profile, firewall: &project.firewall };
        match suricata::compile(&policy, &options) {
            Ok(rulesets) => rulesets.iter().for_each(check),
            Err(findings) => {
                fwc_fuzz::check_findings("fuzz.fw", text, &findings, MOST_FINDINGS);
            }
        }
    }
    Corpus::Keep
});

fn check(ruleset: &suricata::Ruleset) {
    assert_eq!(ruleset.text.lines().count(), ruleset.signatures.len());
    for line in ruleset.text.lines() {
        assert!(line.len() <= LONGEST_SIGNATURE, "{} bytes: {line}", line.len());
        assert!(line.bytes().all(|byte| matches!(byte, b' '..=b'~')), "{line:?}");
        assert!(line.ends_with(')'), "{line}");
    }
    let mut sids: Vec<_> = ruleset.signatures.iter().map(|signature| signature.sid).collect();
    sids.sort_unstable();
    assert!(sids.windows(2).all(|pair| pair[0] != pair[1]), "an id is given twice");
    for group in &ruleset.groups {
        assert!(ruleset.text(group).len() <= LARGEST_GROUP);
        assert!(ruleset.signatures(group).len() <= group.capacity as usize);
    }
}
