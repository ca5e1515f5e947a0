//! Any bytes as a policy: what is read has its place, what is found can be shown.

#![no_main]

use fwc::source::FileId;
use fwc::syntax;
use fwc_fuzz::memory::in_proportion;
use libfuzzer_sys::fuzz_target;

/// Findings of one file beyond which only their number is told, and one about hidden characters.
const MOST_FINDINGS: usize = 101;

/// Bytes a byte of text: of short words in lists that grow by doubling.
const FACTOR: usize = 128;

fuzz_target!(|bytes: &[u8]| {
    let text = String::from_utf8_lossy(bytes);
    let parsed = in_proportion(&text, FACTOR, || syntax::parse(FileId(0), &text));
    fwc_fuzz::tree::check(&parsed.file, &text);
    fwc_fuzz::check_findings("fuzz.fw", &text, &parsed.diagnostics, MOST_FINDINGS);
});
