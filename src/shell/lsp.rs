//! `fwc lsp`: the Language Server Protocol over standard input and output.
//!
//! One thread answers one message after the other. A policy is read again as a whole when somebody
//! asks, which takes milliseconds; keystrokes that come faster are read together.

mod convert;
mod workspace;

use std::collections::{BTreeMap, VecDeque};

use fwc::diagnostic::{Applicability, Diagnostic};
use fwc::editor::position::Encoding;
use fwc::editor::{Declared, Draft};
use fwc::source::{FileId, SourceFile};
use fwc::syntax;
use lsp_server::{
    Connection, ErrorCode, Message, Notification, Request, RequestId, Response, ResponseError,
};
use lsp_types as lsp;
use lsp_types::notification::{
    Cancel, DidChangeTextDocument, DidChangeWatchedFiles, DidCloseTextDocument,
    DidOpenTextDocument, DidSaveTextDocument, Exit as ExitNow, Initialized, Notification as _,
    PublishDiagnostics,
};
use lsp_types::request::{
    CodeActionRequest, Completion, DocumentSymbolRequest, Formatting, GotoDefinition, HoverRequest,
    Initialize, PrepareRenameRequest, References, RegisterCapability, Rename, Request as _,
    Shutdown,
};
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::{Value, json};

use super::project::PROJECT_FILE;
use super::{Args, Error, Exit};
use convert::Writer;
use workspace::{Document, Opened, Workspace};

/// Answers an editor until it says that it is done, or is gone.
pub(crate) fn serve(args: &Args) -> Result<Exit, Error> {
    let (connection, threads) = Connection::stdio();
    let mut server = Server {
        connection,
        workspace: Workspace::new(args.project.as_deref()),
        encoding: Encoding::default(),
        state: State::New,
        watches: false,
        published: BTreeMap::new(),
        pending: VecDeque::new(),
    };
    let exit = server.run();
    // Its end of the channel has to close before the thread that writes can end.
    drop(server);
    // What the thread that reads complains about is a stream that ended early.
    let _ = threads.join();
    Ok(exit)
}

/// What the editor has said of itself.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum State {
    New,
    Running,
    ShuttingDown,
}

struct Server {
    connection: Connection,
    workspace: Workspace,
    encoding: Encoding,
    state: State,
    /// Whether the editor watches files for those who ask.
    watches: bool,
    /// The files with findings that the editor shows, and what it shows.
    published: BTreeMap<String, Vec<lsp::Diagnostic>>,
    /// Messages that were received and not yet answered.
    pending: VecDeque<Message>,
}

/// What a request is answered with.
type Answer = Result<Value, ResponseError>;

impl Server {
    fn run(&mut self) -> Exit {
        loop {
            self.receive();
            let message = match self.pending.pop_front() {
                Some(message) => message,
                None => {
                    // There is time to say what was found.
                    self.publish();
                    match self.connection.receiver.recv() {
                        Ok(message) => message,
                        Err(_) => return Exit::Failure,
                    }
                }
            };
            match message {
                Message::Request(request) => self.answer(request),
                Message::Notification(it) if it.method == ExitNow::METHOD => {
                    return match self.state {
                        State::ShuttingDown => Exit::Done,
                        State::New | State::Running => Exit::Findings,
                    };
                }
                Message::Notification(notification) => self.hear(notification),
                // Answers to what it was asked change nothing here.
                Message::Response(_) => {}
            }
        }
    }

    /// Takes what is there already, and with it the requests that nobody waits for any more.
    fn receive(&mut self) {
        while let Ok(message) = self.connection.receiver.try_recv() {
            if let Message::Notification(Notification { method, params }) = &message
                && method == Cancel::METHOD
            {
                let id = params.get("id").cloned().unwrap_or_default();
                if let Ok(id) = serde_json::from_value::<RequestId>(id) {
                    self.cancel(&id);
                }
                continue;
            }
            self.pending.push_back(message);
        }
    }

    fn cancel(&mut self, id: &RequestId) {
        let is_it =
            |message: &Message| matches!(message, Message::Request(request) if request.id == *id);
        if let Some(at) = self.pending.iter().position(is_it) {
            self.pending.remove(at);
            let code = ErrorCode::RequestCanceled as i32;
            self.send(Response::new_err(id.clone(), code, "cancelled".to_owned()));
        }
    }

    /// Sends a message. An editor that is gone hears nothing; that it is gone is found when reading.
    fn send(&self, message: impl Into<Message>) {
        let _ = self.connection.sender.send(message.into());
    }

    fn notify<N: lsp::notification::Notification>(&self, params: N::Params) {
        self.send(Notification::new(N::METHOD.to_owned(), params));
    }

    fn answer(&mut self, request: Request) {
        let Request { id, method, params } = request;
        let answer = match (self.state, method.as_str()) {
            (State::New, Initialize::METHOD) => with(params, |params| self.initialize(&params)),
            (State::New, _) => {
                Err(refusal(ErrorCode::ServerNotInitialized, "`initialize` comes first"))
            }
            (State::Running, Shutdown::METHOD) => {
                self.state = State::ShuttingDown;
                Ok(Value::Null)
            }
            (State::ShuttingDown, _) | (State::Running, Initialize::METHOD) => {
                Err(refusal(ErrorCode::InvalidRequest, "not now"))
            }
            (State::Running, method) => {
                self.refresh();
                self.ask(method, params)
            }
        };
        self.send(Response { id, response_result: answer });
    }

    fn initialize(&mut self, params: &lsp::InitializeParams) -> Value {
        self.state = State::Running;
        let capabilities = &params.capabilities;
        let encodings = capabilities.general.as_ref().and_then(|it| it.position_encodings.as_ref());
        if encodings.is_some_and(|it| it.contains(&lsp::PositionEncodingKind::UTF8)) {
            self.encoding = Encoding::Utf8;
        }
        let watched = capabilities.workspace.as_ref().and_then(|it| it.did_change_watched_files);
        self.watches = watched.is_some_and(|it| it.dynamic_registration == Some(true));
        json!({
            "capabilities": {
                "positionEncoding": match self.encoding {
                    Encoding::Utf8 => "utf-8",
                    Encoding::Utf16 => "utf-16",
                },
                "textDocumentSync": { "openClose": true, "change": 2, "save": true },
                "hoverProvider": true,
                "definitionProvider": true,
                "referencesProvider": true,
                "renameProvider": { "prepareProvider": true },
                "documentSymbolProvider": true,
                "completionProvider": { "triggerCharacters": [" ", "{", "/", "@"] },
                "documentFormattingProvider": true,
                "codeActionProvider": { "codeActionKinds": ["quickfix", FIX_ALL] },
            },
            "serverInfo": { "name": "fwc", "version": env!("CARGO_PKG_VERSION") },
        })
    }

    /// Asks the editor to tell when a file changes that it does not have open.
    fn watch(&self) {
        let watchers = json!([
            { "globPattern": "**/*.fw" },
            { "globPattern": format!("**/{PROJECT_FILE}") },
        ]);
        let registration = json!({
            "id": "files",
            "method": DidChangeWatchedFiles::METHOD,
            "registerOptions": { "watchers": watchers },
        });
        self.send(Request {
            id: RequestId::from("watch".to_owned()),
            method: RegisterCapability::METHOD.to_owned(),
            params: json!({ "registrations": [registration] }),
        });
    }

    fn hear(&mut self, notification: Notification) {
        if self.state != State::Running {
            return;
        }
        let Notification { method, params } = notification;
        match method.as_str() {
            Initialized::METHOD if self.watches => self.watch(),
            DidOpenTextDocument::METHOD => {
                if let Ok(lsp::DidOpenTextDocumentParams { text_document: opened }) =
                    serde_json::from_value(params)
                    && let Some(path) = convert::path(&opened.uri)
                {
                    let uri = opened.uri.as_str().to_owned();
                    let (version, text) = (opened.version, opened.text);
                    self.workspace.put(path, Document { uri, version, text });
                }
            }
            DidChangeTextDocument::METHOD => {
                if let Ok(changed) = serde_json::from_value(params) {
                    self.change(changed);
                }
            }
            DidCloseTextDocument::METHOD => {
                if let Ok(lsp::DidCloseTextDocumentParams { text_document }) =
                    serde_json::from_value(params)
                    && let Some(path) = convert::path(&text_document.uri)
                {
                    self.workspace.close(&path);
                }
            }
            DidSaveTextDocument::METHOD | DidChangeWatchedFiles::METHOD => self.workspace.forget(),
            _ => {}
        }
    }

    fn change(&mut self, changed: lsp::DidChangeTextDocumentParams) {
        let lsp::VersionedTextDocumentIdentifier { uri, version } = changed.text_document;
        let Some(path) = convert::path(&uri) else { return };
        let Some(document) = self.workspace.document(&path) else { return };
        let mut text = document.text.clone();
        for change in changed.content_changes {
            let Some(range) = change.range else {
                text = change.text;
                continue;
            };
            let source = SourceFile::new("", text);
            let start = convert::offset(self.encoding, &source, range.start) as usize;
            let end = convert::offset(self.encoding, &source, range.end) as usize;
            text = source.text;
            text.replace_range(start..end.max(start), &change.text);
        }
        let uri = uri.as_str().to_owned();
        self.workspace.put(path, Document { uri, version, text });
    }

    fn refresh(&mut self) {
        if self.workspace.is_stale() {
            self.workspace.refresh();
        }
    }

    /// Tells the editor what was found, where that is something else than it shows.
    fn publish(&mut self) {
        if self.state != State::Running || !self.workspace.is_stale() {
            return;
        }
        self.workspace.refresh();
        let writer = self.writer();
        let mut now: BTreeMap<String, Vec<lsp::Diagnostic>> = BTreeMap::new();
        for opened in self.workspace.opened() {
            let mut here: BTreeMap<FileId, Vec<lsp::Diagnostic>> = BTreeMap::new();
            for found in &opened.found {
                // What is about no place is said at the start.
                let file = found.location().map_or(FileId(0), |at| at.file);
                here.entry(file).or_default().push(writer.diagnostic(&opened.draft, found));
            }
            for (file, source) in opened.draft.sources.iter() {
                // A file of two policies is told of as part of the first.
                now.entry(source.path.clone())
                    .or_insert_with(|| here.remove(&file).unwrap_or_default());
            }
        }
        let gone = self.published.keys().filter(|path| !now.contains_key(*path));
        let gone: Vec<_> = gone.map(|path| (path.clone(), Vec::new())).collect();
        now.extend(gone);
        for (path, diagnostics) in &now {
            let shown = self.published.get(path).map_or(&[][..], |shown| shown);
            let document = self.workspace.document(path);
            if shown == diagnostics && (document.is_none() || self.published.contains_key(path)) {
                continue;
            }
            if let Some(uri) = writer.uri(path) {
                let version = document.map(|document| document.version);
                let params = lsp::PublishDiagnosticsParams {
                    uri,
                    diagnostics: diagnostics.clone(),
                    version,
                };
                self.notify::<PublishDiagnostics>(params);
            }
        }
        now.retain(|path, shown| !shown.is_empty() || self.workspace.document(path).is_some());
        self.published = now;
    }

    fn writer(&self) -> Writer<'_> {
        Writer { encoding: self.encoding, workspace: &self.workspace }
    }

    /// The answer to a question about a policy.
    fn ask(&self, method: &str, params: Value) -> Answer {
        match method {
            HoverRequest::METHOD => with(params, |params: lsp::HoverParams| {
                self.at(&params.text_document_position_params, |place| place.hover())
            }),
            GotoDefinition::METHOD => with(params, |params: lsp::GotoDefinitionParams| {
                self.at(&params.text_document_position_params, |place| Some(place.definition()))
            }),
            References::METHOD => with(params, |params: lsp::ReferenceParams| {
                let declared = match params.context.include_declaration {
                    true => Declared::Included,
                    false => Declared::Left,
                };
                self.at(&params.text_document_position, |place| Some(place.references(declared)))
            }),
            PrepareRenameRequest::METHOD => {
                with(params, |params: lsp::TextDocumentPositionParams| {
                    self.at(&params, |place| {
                        let span = place.opened.draft.renamable(place.file, place.offset)?;
                        Some(place.writer.range(place.source, span))
                    })
                })
            }
            Rename::METHOD => {
                let params: lsp::RenameParams = read(params)?;
                let renamed = self.at(&params.text_document_position, |place| {
                    Some(place.rename(&params.new_name))
                });
                match renamed {
                    Some(Ok(edit)) => written(edit),
                    Some(Err(reason)) => Err(refusal(ErrorCode::RequestFailed, &reason)),
                    None => Ok(Value::Null),
                }
            }
            Completion::METHOD => with(params, |params: lsp::CompletionParams| {
                self.at(&params.text_document_position, |place| Some(place.completions()))
            }),
            DocumentSymbolRequest::METHOD => with(params, |params: lsp::DocumentSymbolParams| {
                let start = lsp::Position::default();
                let text_document = params.text_document;
                let at = lsp::TextDocumentPositionParams { text_document, position: start };
                self.at(&at, |place| Some(place.symbols()))
            }),
            Formatting::METHOD => with(params, |params: lsp::DocumentFormattingParams| {
                self.format(&params.text_document.uri)
            }),
            CodeActionRequest::METHOD => with(params, |params: lsp::CodeActionParams| {
                let lsp::CodeActionParams { text_document, range, context, .. } = params;
                let start =
                    lsp::TextDocumentPositionParams { text_document, position: range.start };
                self.at(&start, |place| Some(place.actions(range, context.only.as_deref())))
            }),
            _ => Err(refusal(ErrorCode::MethodNotFound, "fwc does not answer that")),
        }
    }

    /// What is to be said about a place, if it is in a file of a policy.
    fn at<T>(
        &self,
        at: &lsp::TextDocumentPositionParams,
        answer: impl FnOnce(&Place<'_>) -> Option<T>,
    ) -> Option<T> {
        let path = convert::path(&at.text_document.uri)?;
        let (opened, file) = self.workspace.find(&path)?;
        let source = opened.draft.sources.get(file)?;
        let offset = convert::offset(self.encoding, source, at.position);
        answer(&Place { writer: self.writer(), opened, file, source, offset })
    }

    /// The edits that bring an open file into canonical form; none if there is a mistake in it.
    fn format(&self, uri: &lsp::Uri) -> Option<Vec<lsp::TextEdit>> {
        let path = convert::path(uri).filter(|path| path.ends_with(".fw"))?;
        let text = &self.workspace.document(&path)?.text;
        let parsed = syntax::parse(FileId(0), text);
        if !parsed.diagnostics.is_empty() {
            return None;
        }
        let source = SourceFile::new(path, text.clone());
        Some(self.writer().changes(&source, &syntax::format(&parsed.file, text)))
    }
}

/// The kind of the action that applies every safe fix of a file.
const FIX_ALL: &str = "source.fixAll.fwc";

/// A place that is asked about.
struct Place<'s> {
    writer: Writer<'s>,
    opened: &'s Opened,
    file: FileId,
    source: &'s SourceFile,
    offset: u32,
}

impl Place<'_> {
    fn draft(&self) -> &Draft {
        &self.opened.draft
    }

    fn hover(&self) -> Option<lsp::Hover> {
        let hover = self.draft().hover(self.file, self.offset)?;
        let contents = lsp::MarkupContent { kind: lsp::MarkupKind::Markdown, value: hover.text };
        Some(lsp::Hover {
            contents: lsp::HoverContents::Markup(contents),
            range: Some(self.writer.range(self.source, hover.span)),
        })
    }

    fn definition(&self) -> Vec<lsp::Location> {
        let targets = self.draft().definition(self.file, self.offset);
        targets.iter().filter_map(|it| self.writer.target(self.draft(), it)).collect()
    }

    fn references(&self, declared: Declared) -> Vec<lsp::Location> {
        let places = self.draft().references(self.file, self.offset, declared);
        places.into_iter().filter_map(|at| self.writer.location(self.draft(), at)).collect()
    }

    fn rename(&self, name: &str) -> Result<lsp::WorkspaceEdit, String> {
        let places = self.draft().rename(self.file, self.offset, name)?;
        Ok(self.writer.edits(self.draft(), places.into_iter().map(|at| (at, name))))
    }

    fn completions(&self) -> Vec<lsp::CompletionItem> {
        let items = self.draft().completions(self.file, self.offset);
        items.into_iter().map(|item| self.writer.completion(self.source, item)).collect()
    }

    fn symbols(&self) -> Vec<lsp::DocumentSymbol> {
        let symbols = self.draft().symbols(self.file);
        symbols.into_iter().map(|symbol| self.writer.symbol(self.source, symbol)).collect()
    }

    /// The fixes of what was found in a range, and one of everything that is safe.
    fn actions(
        &self,
        range: lsp::Range,
        only: Option<&[lsp::CodeActionKind]>,
    ) -> Vec<lsp::CodeAction> {
        let wanted = |kind: &str| {
            let covers = |it: &lsp::CodeActionKind| {
                kind.strip_prefix(it.as_str())
                    .is_some_and(|it| it.is_empty() || it.starts_with('.'))
            };
            only.is_none_or(|only| only.iter().any(covers))
        };
        let mut actions = Vec::new();
        if wanted("quickfix") {
            let end = convert::offset(self.writer.encoding, self.source, range.end);
            let touched = self.here().filter(|found| {
                let at = found.location().map(|at| at.span).unwrap_or_default();
                at.start <= end && self.offset <= at.end
            });
            actions.extend(touched.filter_map(|found| {
                Some(self.writer.fix(self.draft(), found, found.fix.as_ref()?))
            }));
        }
        if wanted(FIX_ALL) {
            actions.extend(self.fix_all());
        }
        actions
    }

    /// What was found in this file.
    fn here(&self) -> impl Iterator<Item = &Diagnostic> {
        let file = self.file;
        self.opened.found.iter().filter(move |it| it.location().is_some_and(|at| at.file == file))
    }

    fn fix_all(&self) -> Option<lsp::CodeAction> {
        let fixes = self.here().filter_map(|found| found.fix.as_ref());
        let safe = fixes.filter(|fix| fix.applicability == Applicability::Safe);
        let mut edits: Vec<_> = Vec::new();
        let mut end = 0;
        // Findings are sorted by place: of fixes that would change the same text the first is made.
        for fix in safe {
            let fits = |edit: &fwc::diagnostic::Edit| {
                edit.at.file == self.file && edit.at.span.start >= end
            };
            if fix.edits.iter().all(fits) {
                end = fix.edits.iter().map(|edit| edit.at.span.end).max().unwrap_or(end);
                edits.extend(fix.edits.iter().map(|edit| (edit.at, &*edit.text)));
            }
        }
        (!edits.is_empty()).then(|| lsp::CodeAction {
            title: "apply every safe fix of this file".to_owned(),
            kind: Some(lsp::CodeActionKind::from(FIX_ALL.to_owned())),
            edit: Some(self.writer.edits(self.draft(), edits)),
            ..lsp::CodeAction::default()
        })
    }
}

fn refusal(code: ErrorCode, message: &str) -> ResponseError {
    ResponseError { code: code as i32, message: message.to_owned(), data: None }
}

/// The parameters of a request.
fn read<P: DeserializeOwned>(params: Value) -> Result<P, ResponseError> {
    serde_json::from_value(params)
        .map_err(|error| refusal(ErrorCode::InvalidParams, &error.to_string()))
}

fn written(result: impl Serialize) -> Answer {
    serde_json::to_value(result)
        .map_err(|error| refusal(ErrorCode::InternalError, &error.to_string()))
}

/// Reads the parameters, and writes the answer.
fn with<P: DeserializeOwned, R: Serialize>(params: Value, ask: impl FnOnce(P) -> R) -> Answer {
    written(ask(read(params)?))
}
