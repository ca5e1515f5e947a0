//! Any text as a rule group: it is read without a panic, what is read is printed as it was, and what
//! the policy of the firewall does not say is told.

#![no_main]

use std::collections::BTreeMap;

use fwc::policy::RegionId;
use fwc::project::Project;
use fwc::readback::{self, Desired, Group};
use fwc::source::{SourceFile, Sources};
use fwc::suricata::{parse, print};
use jiff::civil::{Date, date};
use libfuzzer_sys::{Corpus, fuzz_target};

const TODAY: Date = date(2026, 11, 24);

const DESIRED: &str = "fwc 1\nservice web from 10.0.0.0/24 { allow a.example }\n";

fuzz_target!(|bytes: &[u8]| -> Corpus {
    let Ok(text) = str::from_utf8(bytes) else { return Corpus::Reject };
    let mut lines = 0;
    for line in parse::lines(text) {
        lines += 1;
        match line.signature {
            Ok(signature) => {
                let mut printed = String::new();
                print::signature(&signature, &mut printed);
                assert_eq!(printed, line.text);
            }
            Err(unreadable) => {
                assert!(unreadable.column as usize <= line.text.chars().count() + 1);
            }
        }
    }
    let project = Project::without_file();
    let mut sources = Sources::new();
    sources.add(SourceFile::new("fuzz.fw", DESIRED));
    let policy = fwc::analyse(&sources, &project).policy;
    let variables = BTreeMap::from([("web".to_owned(), vec!["10.0.0.0/24".to_owned()])]);
    let references = BTreeMap::new();
    let live = [Group { name: "live", text, variables: &variables, references: &references }];
    let desired = Desired { policy: &policy, project: &project, region: RegionId(0) };
    let read = readback::read(&live, &desired, TODAY);
    // What is written is a policy.
    let found = fwc::analyse(&read.sources, &read.project).diagnostics;
    assert!(!fwc::diagnostic::refuses(&found), "{found:?}");
    assert!(read.drift.changes.iter().filter(|change| change.live().is_some()).count() <= lines);
    Corpus::Keep
});
