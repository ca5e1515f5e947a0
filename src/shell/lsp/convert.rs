//! What the library answers, as the protocol says it.

use std::collections::HashMap;
use std::path::{Path, PathBuf};

use fwc::diagnostic::{Applicability, Diagnostic, Fix, Severity};
use fwc::editor::position::{Encoding, Position};
use fwc::editor::{self, Completion, Draft, SymbolKind};
use fwc::source::{Location, SourceFile, Span};
use lsp_types as lsp;
use similar::{DiffTag, TextDiff};

use super::workspace::{Workspace, real};

/// How places and files are written to this editor.
pub(super) struct Writer<'w> {
    pub(super) encoding: Encoding,
    pub(super) workspace: &'w Workspace,
}

impl Writer<'_> {
    pub(super) fn range(&self, source: &SourceFile, span: Span) -> lsp::Range {
        let (start, end) = self.encoding.range(source, span);
        lsp::Range { start: position(start), end: position(end) }
    }

    /// The name of a file, as the editor writes it if it has the file open.
    pub(super) fn uri(&self, path: &str) -> Option<lsp::Uri> {
        let written = self.workspace.document(path).map(|document| document.uri.clone());
        written.unwrap_or_else(|| uri(path)).parse().ok()
    }

    pub(super) fn location(&self, draft: &Draft, at: Location) -> Option<lsp::Location> {
        let source = draft.sources.get(at.file)?;
        Some(lsp::Location { uri: self.uri(&source.path)?, range: self.range(source, at.span) })
    }

    /// The place of a declaration.
    pub(super) fn target(&self, draft: &Draft, target: &editor::Target) -> Option<lsp::Location> {
        match target {
            editor::Target::Text(at) => self.location(draft, *at),
            editor::Target::File(path) => {
                let path = Path::new(path);
                let uri = self.uri(&real(path)).filter(|_| path.is_file())?;
                Some(lsp::Location { uri, range: lsp::Range::default() })
            }
        }
    }

    /// A finding, at its first place.
    pub(super) fn diagnostic(&self, draft: &Draft, found: &Diagnostic) -> lsp::Diagnostic {
        let source = found.location().and_then(|at| draft.sources.get(at.file));
        let range = match (found.location(), source) {
            (Some(at), Some(source)) => self.range(source, at.span),
            _ => lsp::Range::default(),
        };
        let more = found.labels.iter().skip(1).filter_map(|label| {
            let location = self.location(draft, label.at)?;
            Some(lsp::DiagnosticRelatedInformation { location, message: label.text.clone() })
        });
        let first = found.labels.first().map(|label| label.text.as_str());
        let lines = [found.message.as_str(), first.unwrap_or_default()].into_iter();
        let lines = lines.filter(|text| !text.is_empty()).map(str::to_owned);
        let notes = found.notes.iter().map(|note| format!("note: {note}"));
        let help = found.help.iter().map(|help| format!("help: {help}"));
        lsp::Diagnostic {
            range,
            severity: Some(match found.severity {
                Severity::Error => lsp::DiagnosticSeverity::ERROR,
                Severity::Warning => lsp::DiagnosticSeverity::WARNING,
            }),
            code: Some(lsp::NumberOrString::String(found.code.id.to_owned())),
            source: Some("fwc".to_owned()),
            message: lines.chain(notes).chain(help).collect::<Vec<_>>().join("\n"),
            related_information: Some(more.collect()),
            ..lsp::Diagnostic::default()
        }
    }

    /// The fix of a finding, as something to choose.
    pub(super) fn fix(&self, draft: &Draft, found: &Diagnostic, fix: &Fix) -> lsp::CodeAction {
        let (word, safe) = match fix.applicability {
            Applicability::Safe => ("safe", true),
            Applicability::Unsafe => ("unsafe: check what it says then", false),
        };
        lsp::CodeAction {
            title: format!("{} ({word})", fix.title),
            kind: Some(lsp::CodeActionKind::QUICKFIX),
            diagnostics: Some(vec![self.diagnostic(draft, found)]),
            edit: Some(self.edits(draft, fix.edits.iter().map(|edit| (edit.at, &*edit.text)))),
            is_preferred: Some(safe),
            ..lsp::CodeAction::default()
        }
    }

    /// Edits of any files.
    pub(super) fn edits<'e>(
        &self,
        draft: &Draft,
        edits: impl IntoIterator<Item = (Location, &'e str)>,
    ) -> lsp::WorkspaceEdit {
        #[expect(
            clippy::mutable_key_type,
            reason = "the type is the protocol's; nobody changes it"
        )]
        let mut changes: HashMap<lsp::Uri, Vec<lsp::TextEdit>> = HashMap::new();
        for (at, text) in edits {
            if let Some(lsp::Location { uri, range }) = self.location(draft, at) {
                let edit = lsp::TextEdit { range, new_text: text.to_owned() };
                changes.entry(uri).or_default().push(edit);
            }
        }
        lsp::WorkspaceEdit { changes: Some(changes), ..lsp::WorkspaceEdit::default() }
    }

    pub(super) fn completion(&self, source: &SourceFile, item: Completion) -> lsp::CompletionItem {
        let Completion { label, detail, kind, replaces } = item;
        let edit = lsp::TextEdit { range: self.range(source, replaces), new_text: label.clone() };
        lsp::CompletionItem {
            label,
            kind: Some(match kind {
                editor::Kind::Keyword => lsp::CompletionItemKind::KEYWORD,
                editor::Kind::Set => lsp::CompletionItemKind::MODULE,
                editor::Kind::Service => lsp::CompletionItemKind::CLASS,
                editor::Kind::Network | editor::Kind::Role => lsp::CompletionItemKind::REFERENCE,
                editor::Kind::Variable => lsp::CompletionItemKind::VARIABLE,
                editor::Kind::Value => lsp::CompletionItemKind::VALUE,
            }),
            detail: (!detail.is_empty()).then_some(detail),
            text_edit: Some(lsp::CompletionTextEdit::Edit(edit)),
            ..lsp::CompletionItem::default()
        }
    }

    pub(super) fn symbol(
        &self,
        source: &SourceFile,
        symbol: editor::Symbol,
    ) -> lsp::DocumentSymbol {
        let children = symbol.children.into_iter().map(|it| self.symbol(source, it)).collect();
        #[expect(deprecated, reason = "the field has to be there, and says nothing")]
        lsp::DocumentSymbol {
            name: symbol.name,
            detail: (!symbol.detail.is_empty()).then_some(symbol.detail),
            kind: match symbol.kind {
                SymbolKind::Set => lsp::SymbolKind::MODULE,
                SymbolKind::Service => lsp::SymbolKind::CLASS,
                SymbolKind::Entry => lsp::SymbolKind::PROPERTY,
                SymbolKind::Claim => lsp::SymbolKind::BOOLEAN,
            },
            tags: None,
            deprecated: None,
            range: self.range(source, symbol.span),
            selection_range: self.range(source, symbol.name_span),
            children: Some(children),
        }
    }

    /// What makes one text of another, line by line, so that the cursor stays where it is.
    pub(super) fn changes(&self, before: &SourceFile, after: &str) -> Vec<lsp::TextEdit> {
        let diff = TextDiff::from_lines(before.text.as_str(), after);
        let (mut starts, mut end) = (vec![0], 0);
        for line in (0..).map_while(|line| diff.old_slice(line)) {
            end += line.len() as u32;
            starts.push(end);
        }
        let start = |line: usize| starts.get(line).copied().unwrap_or(end);
        let changes = diff.ops().iter().filter(|change| change.tag() != DiffTag::Equal);
        let edits = changes.map(|change| {
            let old = change.old_range();
            let lines = change.new_range().filter_map(|line| diff.new_slice(line));
            let span = Span::new(start(old.start), start(old.end));
            lsp::TextEdit { range: self.range(before, span), new_text: lines.collect() }
        });
        edits.collect()
    }
}

fn position(Position { line, column }: Position) -> lsp::Position {
    lsp::Position { line, character: column }
}

/// The place of a position.
pub(super) fn offset(encoding: Encoding, source: &SourceFile, at: lsp::Position) -> u32 {
    encoding.offset(source, Position { line: at.line, column: at.character })
}

/// The path of a file that the editor names; `None` for what is no file.
pub(super) fn path(uri: &lsp::Uri) -> Option<String> {
    let is_file = uri.scheme().is_some_and(|scheme| scheme.as_str().eq_ignore_ascii_case("file"));
    let decoded = uri.path().as_estr().decode().into_string().ok().filter(|_| is_file)?;
    // `file:///c:/policies` is `c:/policies` where there are drives.
    let drive = decoded.strip_prefix('/').filter(|rest| cfg!(windows) && rest.contains(':'));
    Some(real(&PathBuf::from(drive.unwrap_or(&decoded))))
}

/// The name of a file.
fn uri(path: &str) -> String {
    let mut uri = String::from("file://");
    if !path.starts_with('/') {
        uri.push('/');
    }
    for byte in path.bytes() {
        match byte {
            b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'/' | b'-' | b'_' | b'.' | b'~' => {
                uri.push(byte.into());
            }
            byte => uri.push_str(&format!("%{byte:02X}")),
        }
    }
    uri
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_path_is_a_name_and_back() {
        let written = uri("/no such folder/ß#1.fw");
        assert_eq!(written, "file:///no%20such%20folder/%C3%9F%231.fw");
        assert_eq!(path(&written.parse().unwrap()).unwrap(), "/no such folder/ß#1.fw");
        assert_eq!(path(&"untitled:Untitled-1".parse().unwrap()), None);
    }

    #[test]
    fn only_what_differs_is_changed() {
        let workspace = Workspace::new(None);
        let writer = Writer { encoding: Encoding::Utf16, workspace: &workspace };
        let before = SourceFile::new("p.fw", "a\nb\nc\nd\n");
        let changes = writer.changes(&before, "a\nB\nc\n");
        let shown: Vec<_> = changes
            .iter()
            .map(|it| (it.range.start.line, it.range.end.line, it.new_text.as_str()))
            .collect();
        assert_eq!(shown, [(1, 2, "B\n"), (3, 4, "")]);
    }
}
