//! Applying fixes to text.

use std::collections::BTreeMap;

use super::{Applicability, Diagnostic, Edit, Fix};
use crate::source::{FileId, Sources};

/// Texts after some fixes.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Fixed {
    /// The new text of each file that changed.
    pub texts: BTreeMap<FileId, String>,
    /// How many findings were mended.
    pub count: usize,
}

/// Applies every fix that may be applied unseen, but for those that touch another one: what they mend
/// is found again, and mended then.
pub fn safe(sources: &Sources, diagnostics: &[Diagnostic]) -> Fixed {
    let fixes = diagnostics.iter().filter_map(|found| found.fix.as_ref());
    let mut applied: BTreeMap<FileId, Vec<&Edit>> = BTreeMap::new();
    let mut count = 0;
    for Fix { edits, .. } in fixes.filter(|fix| fix.applicability == Applicability::Safe) {
        let is_free = |edit: &Edit| {
            let others = applied.get(&edit.at.file).map(Vec::as_slice).unwrap_or_default();
            others.iter().all(|other| apart(edit, other))
        };
        let fits = |edit: &Edit| {
            let text = sources.get(edit.at.file).map(|file| file.text.as_str());
            text.is_some_and(|text| text.get(edit.at.span.range()).is_some())
        };
        if edits.is_empty() || !edits.iter().all(|edit| fits(edit) && is_free(edit)) {
            continue;
        }
        count += 1;
        for edit in edits {
            applied.entry(edit.at.file).or_default().push(edit);
        }
    }
    let texts = applied
        .into_iter()
        .filter_map(|(file, edits)| Some((file, apply(&sources.get(file)?.text, edits))));
    Fixed { texts: texts.collect(), count }
}

/// Whether neither edit touches the other, not even at its end.
fn apart(a: &Edit, b: &Edit) -> bool {
    let (a, b) = (a.at.span, b.at.span);
    a.end < b.start || b.end < a.start
}

/// The text after some edits of it that are apart.
fn apply(text: &str, mut edits: Vec<&Edit>) -> String {
    edits.sort_by_key(|edit| edit.at.span);
    let mut new = String::with_capacity(text.len());
    let mut from = 0;
    for edit in edits {
        let span = edit.at.span.range();
        new.push_str(text.get(from..span.start).unwrap_or_default());
        new.push_str(&edit.text);
        from = span.end;
    }
    new.push_str(text.get(from..).unwrap_or_default());
    new
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::diagnostic::codes;
    use crate::source::{Location, SourceFile, Span};

    fn fixed(edits: &[(u32, u32, &str, Applicability)]) -> (String, usize) {
        let mut sources = Sources::new();
        let file = sources.add(SourceFile::new("a.fw", "0123456789"));
        let found = edits.iter().map(|(start, end, text, applicability)| {
            let at = Location { file, span: Span::new(*start, *end) };
            Diagnostic::warning(codes::SYNTAX, "").fix(*applicability, "", at, *text)
        });
        let Fixed { mut texts, count } = safe(&sources, &found.collect::<Vec<_>>());
        (texts.remove(&file).unwrap_or_default(), count)
    }

    #[test]
    fn safe_fixes_are_applied_and_others_are_not() {
        use Applicability::{Safe, Unsafe};
        assert_eq!(fixed(&[(7, 8, "x", Safe), (1, 3, "", Safe)]), ("03456x89".to_owned(), 2));
        assert_eq!(fixed(&[(1, 3, "", Unsafe)]), (String::new(), 0));
        assert_eq!(fixed(&[(1, 3, "a", Safe), (2, 4, "b", Safe)]), ("0a3456789".to_owned(), 1));
        assert_eq!(fixed(&[(1, 3, "a", Safe), (3, 4, "b", Safe)]), ("0a3456789".to_owned(), 1));
        assert_eq!(fixed(&[(1, 30, "a", Safe)]), (String::new(), 0));
    }
}
