//! Any bytes as a project file: there is a project or a reason why not.

#![no_main]

use fwc::diagnostic::refuses;
use fwc::project;
use fwc::source::FileId;
use fwc_fuzz::memory::in_proportion;
use libfuzzer_sys::fuzz_target;

/// Errors and warnings, 50 of each, and a finding each that there are more.
const MOST_FINDINGS: usize = 102;

/// Bytes a byte of text: nodes of a YAML tree for `[[[[`.
const FACTOR: usize = 1_024;

fuzz_target!(|bytes: &[u8]| {
    let text = String::from_utf8_lossy(bytes);
    let read = || project::parse(FileId(0), &text);
    let (project, findings) = in_proportion(&text, FACTOR, read);
    fwc_fuzz::check_findings("fwc.yaml", &text, &findings, MOST_FINDINGS);
    assert!(project.is_some() || refuses(&findings));
    let Some(project) = project.filter(|_| !refuses(&findings)) else { return };
    for (role, region) in project.select("all") {
        project.variables(role);
        for network in region.networks.keys() {
            let path = ["regions", role, "networks", network];
            let at = project::locate(FileId(0), &text, &path).map(|at| at.span);
            assert!(at.is_some_and(|at| fwc_fuzz::is_in(at, &text)), "{path:?} is nowhere");
        }
    }
});
