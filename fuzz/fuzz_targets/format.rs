//! A text without findings: its canonical form says the same, and is its own canonical form.

#![no_main]

use fwc::source::FileId;
use fwc::syntax;
use libfuzzer_sys::{Corpus, fuzz_target};

fuzz_target!(|bytes: &[u8]| -> Corpus {
    let Ok(text) = str::from_utf8(bytes) else { return Corpus::Reject };
    let parsed = syntax::parse(FileId(0), text);
    if !parsed.diagnostics.is_empty() {
        return Corpus::Keep;
    }
    let canonical = syntax::format(&parsed.file, text);
    let again = syntax::parse(FileId(0), &canonical);
    assert_eq!(again.diagnostics, [], "{canonical}");
    assert_eq!(again.file, parsed.file, "{canonical}");
    assert_eq!(syntax::format(&again.file, &canonical), canonical);
    Corpus::Keep
});
