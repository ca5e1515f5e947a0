//! Findings for people, as rustc shows them: the message, the source with its places marked, notes,
//! help, and the fix as a change of the source.
//!
//! The renderer of `annotate-snippets` trusts its spans and reads the whole text it is given. So it
//! gets short excerpts with spans that fit them, whatever the finding says.

use std::ops::Range;

use annotate_snippets::{AnnotationKind, Group, Level, Origin, Patch, Renderer, Snippet};

use super::render::{Style, one_line, visible};
use super::{Diagnostic, Edit, Fix, Label, Severity};
use crate::source::{FileId, Location, SourceFile, Sources, Span};

/// Lines between two places up to which one excerpt shows both, and lines of one place up to which
/// its end is shown.
const NEAR: usize = 12;

/// The longest line that is shown whole, in bytes; of a longer one, this much around its place.
const LONGEST_LINE: usize = 2_000;

pub(super) fn render(sources: &Sources, diagnostics: &[Diagnostic], style: Style) -> String {
    let renderer = if style.color { Renderer::styled() } else { Renderer::plain() };
    let renderer = renderer.term_width(style.width.max(40));
    diagnostics
        .iter()
        .map(|found| finding(sources, found, &renderer))
        .collect::<Vec<_>>()
        .join("\n")
}

fn finding(sources: &Sources, found: &Diagnostic, renderer: &Renderer) -> String {
    let level = match found.severity {
        Severity::Error => Level::ERROR,
        Severity::Warning => Level::WARNING,
    };
    let labels = found.labels.iter().enumerate().map(|(at, label)| Mark::label(sources, at, label));
    let excerpts = excerpts(sources, labels.collect());
    let fix = found.fix.as_ref().and_then(|fix| Some((fix, change(sources, fix)?)));

    let mut group = level
        .primary_title(one_line(&found.message))
        .id(found.code.id)
        .elements(excerpts.iter().flat_map(|excerpt| excerpt.annotated()));
    group = group.elements(found.notes.iter().map(|note| Level::NOTE.message(one_line(note))));
    // The last help is what the fix does, and is said over it.
    let (help, title) = match (&fix, found.help.split_last()) {
        (Some(_), Some((last, rest))) => (rest, Some(last)),
        _ => (found.help.as_slice(), None),
    };
    group = group.elements(help.iter().map(|help| Level::HELP.message(one_line(help))));

    let mut report = vec![group];
    if let Some((fix, excerpts)) = &fix {
        let title = one_line(title.unwrap_or(&fix.title));
        let patched = excerpts.iter().map(Excerpt::patched);
        report.push(Group::with_title(Level::HELP.secondary_title(title)).elements(patched));
    }
    visible(&renderer.render(&report)) + "\n"
}

/// The excerpts that show a fix, none if its edits do not fit the text.
fn change<'a>(sources: &'a Sources, fix: &'a Fix) -> Option<Vec<Excerpt<'a>>> {
    let mut edits: Vec<&Edit> = fix.edits.iter().collect();
    edits.sort_by_key(|edit| (edit.at.file, edit.at.span));
    let apart = |pair: &[&Edit]| match pair {
        [a, b] => a.at.file != b.at.file || a.at.span.end <= b.at.span.start,
        _ => true,
    };
    let fits = |edit: &&Edit| {
        let text = sources.get(edit.at.file).map(|file| file.text.as_str());
        text.is_some_and(|text| text.get(edit.at.span.range()).is_some())
    };
    if edits.is_empty() || !edits.windows(2).all(apart) || !edits.iter().all(fits) {
        return None;
    }
    let excerpts = excerpts(sources, edits.into_iter().map(Mark::edit).collect());
    let exact = |excerpt: &Excerpt<'_>| {
        let shown = |(span, mark): &(Range<usize>, Mark<'_>)| span.len() == mark.span.range().len();
        excerpt.whole && excerpt.marks.iter().all(shown)
    };
    excerpts.iter().all(exact).then_some(excerpts)
}

/// A place to be shown and what is to be said there, or to stand there.
struct Mark<'a> {
    file: FileId,
    span: Span,
    text: &'a str,
    kind: AnnotationKind,
}

impl<'a> Mark<'a> {
    fn label(sources: &Sources, at: usize, label: &'a Label) -> Self {
        let kind = if at == 0 { AnnotationKind::Primary } else { AnnotationKind::Context };
        let Location { file, mut span } = label.at;
        // The line behind a line break is not part of what is said.
        let covered = sources.get(file).map_or("", |file| file.slice(span));
        span.end -= (covered.len() - covered.trim_end_matches(['\n', '\r']).len()) as u32;
        Self { file, span, text: &label.text, kind }
    }

    fn edit(edit: &'a Edit) -> Self {
        let kind = AnnotationKind::Primary;
        Self { file: edit.at.file, span: edit.at.span, text: &edit.text, kind }
    }
}

/// Some lines of a file with the marks in them.
struct Excerpt<'a> {
    /// The file's path, the line the excerpt starts with, and the place of its first mark.
    path: &'a str,
    first_line: usize,
    line: usize,
    column: usize,
    text: String,
    /// The marks, with spans of `text`.
    marks: Vec<(Range<usize>, Mark<'a>)>,
    /// Whether every line is shown whole.
    whole: bool,
}

impl<'a> Excerpt<'a> {
    fn annotated(&self) -> Vec<annotate_snippets::Element<'_>> {
        let annotations = self.marks.iter().map(|(span, mark)| {
            let label = (!mark.text.is_empty()).then(|| one_line(mark.text));
            mark.kind.span(span.clone()).label(label)
        });
        let snippet = Snippet::source(self.text.as_str())
            .line_start(self.first_line)
            .annotations(annotations);
        let path = one_line(self.path);
        if self.whole {
            return vec![snippet.path(path).into()];
        }
        // The renderer would count columns in what is left of the line.
        let origin = Origin::path(path).line(self.line).char_column(self.column);
        vec![origin.into(), snippet.into()]
    }

    fn patched(&self) -> Snippet<'_, Patch<'_>> {
        let patches = self.marks.iter().map(|(span, mark)| Patch::new(span.clone(), mark.text));
        Snippet::source(self.text.as_str()).line_start(self.first_line).patches(patches)
    }

    /// The lines of a file around marks that are near each other; `first` is the one the excerpt
    /// is named after.
    fn new(file: &'a SourceFile, marks: Vec<Mark<'a>>) -> Self {
        let text = file.text.as_str();
        let spans: Vec<Range<usize>> = marks.iter().map(|mark| fit(text, mark.span)).collect();
        let start = spans.iter().map(|span| span.start).min().unwrap_or(0);
        let end = spans.iter().map(|span| span.end).max().unwrap_or(0);
        let origin = file.position(spans.first().map_or(0, |span| span.start) as u32);

        let mut excerpt = Self {
            path: &file.path,
            first_line: file.position(start as u32).line as usize,
            line: origin.line as usize,
            column: origin.column as usize,
            text: String::new(),
            marks: Vec::new(),
            whole: true,
        };
        let last_line = file.position(end as u32).line;
        let mut lines = Vec::new();
        for number in excerpt.first_line as u32..=last_line {
            let line = Line::new(text, file.line(number), &spans, excerpt.text.len());
            excerpt.whole &= line.is_whole;
            excerpt.text += text.get(line.shown.clone()).unwrap_or_default();
            excerpt.text.push('\n');
            lines.push(line);
        }
        let marks = marks.into_iter().zip(spans).map(|(mark, span)| {
            let start = translate(&lines, span.start);
            (start..translate(&lines, span.end).max(start), mark)
        });
        excerpt.marks = marks.collect();
        excerpt
    }
}

/// One line of an excerpt: where it is in the file, and where in the excerpt.
struct Line {
    /// Where it starts.
    start: usize,
    /// What of it is shown, and where that starts in the excerpt.
    shown: Range<usize>,
    at: usize,
    /// Whether that is all of it.
    is_whole: bool,
}

impl Line {
    fn new(text: &str, line: Range<usize>, spans: &[Range<usize>], at: usize) -> Self {
        let Range { start, end } = line;
        if end - start <= LONGEST_LINE {
            return Self { start, shown: line, at, is_whole: true };
        }
        let first = spans.iter().map(|span| span.start).find(|at| (start..=end).contains(at));
        let from = first.unwrap_or(start).saturating_sub(LONGEST_LINE / 4).max(start);
        let until = text.floor_char_boundary((from + LONGEST_LINE).min(end));
        let shown = text.ceil_char_boundary(from).min(until)..until;
        Self { start, shown, at, is_whole: false }
    }
}

/// An offset of the file as an offset of the excerpt: the nearest that is shown.
fn translate(lines: &[Line], offset: usize) -> usize {
    let behind = lines.partition_point(|line| line.start <= offset);
    let Some(line) = lines.get(behind.saturating_sub(1)) else { return 0 };
    line.at + offset.clamp(line.shown.start, line.shown.end) - line.shown.start
}

/// The marks gathered into excerpts: those of a file that are near each other into one. The excerpt
/// with the first mark comes first, the others follow in the order of files and lines.
fn excerpts<'a>(sources: &'a Sources, marks: Vec<Mark<'a>>) -> Vec<Excerpt<'a>> {
    let line = |mark: &Mark<'_>| {
        sources.get(mark.file).map_or(0, |file| file.position(mark.span.start).line as usize)
    };
    let mut sorted: Vec<(usize, usize, Mark<'_>)> =
        marks.into_iter().enumerate().map(|(order, mark)| (order, line(&mark), mark)).collect();
    sorted.sort_by_key(|(order, line, mark)| (mark.file, *line, *order));

    let mut clusters: Vec<Vec<(usize, usize, Mark<'_>)>> = Vec::new();
    for next in sorted {
        let near = |cluster: &[(usize, usize, Mark<'_>)]| {
            cluster.last().is_some_and(|(_, line, mark)| {
                mark.file == next.2.file && next.1.saturating_sub(*line) <= NEAR
            })
        };
        match clusters.last_mut().filter(|cluster| near(cluster)) {
            Some(cluster) => cluster.push(next),
            None => clusters.push(vec![next]),
        }
    }
    let has_first =
        |cluster: &Vec<(usize, usize, Mark<'_>)>| cluster.iter().any(|(order, ..)| *order == 0);
    clusters.sort_by_key(|cluster| !has_first(cluster));
    clusters
        .into_iter()
        .filter_map(|mut cluster| {
            cluster.sort_by_key(|(order, ..)| *order);
            let file = sources.get(cluster.first()?.2.file)?;
            Some(Excerpt::new(file, cluster.into_iter().map(|(.., mark)| mark).collect()))
        })
        .collect()
}

/// The nearest span of a text to one that may lie outside it, split a character, end before it
/// starts, or be longer than anybody wants to read.
fn fit(text: &str, span: Span) -> Range<usize> {
    let Range { start, end } = span.range();
    let start = text.floor_char_boundary(start);
    let end = text.ceil_char_boundary(end).max(start);
    let long = text.get(start..end).unwrap_or_default().match_indices('\n');
    let too_long = long.count() > NEAR;
    let first_line = || text.get(start..end).and_then(|text| text.find('\n')).unwrap_or(0);
    start..if too_long { start + first_line() } else { end }
}
