//! Where text comes from: files by number, spans by offset, and the way back to line and column.

use std::fmt;
use std::ops::Range;
use std::sync::OnceLock;

/// The number of a file in [`Sources`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct FileId(pub u32);

/// A range of bytes of one file, start inclusive, end exclusive.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct Span {
    /// Offset of the first byte.
    pub start: u32,
    /// Offset behind the last byte.
    pub end: u32,
}

impl Span {
    /// The span of the bytes `start..end`.
    pub const fn new(start: u32, end: u32) -> Self {
        Self { start, end }
    }

    /// The smallest span that contains both.
    pub fn to(self, other: Self) -> Self {
        Self { start: self.start.min(other.start), end: self.end.max(other.end) }
    }

    /// The span as a range that can index text.
    pub fn range(self) -> Range<usize> {
        self.start as usize..self.end as usize
    }
}

/// A span and the file it lies in.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Location {
    /// The file.
    pub file: FileId,
    /// The bytes of it.
    pub span: Span,
}

/// A piece of a syntax tree with the place it was read from.
///
/// Equality ignores the span, so that two trees are equal when they mean the same text.
#[derive(Clone, Copy)]
pub struct Spanned<T> {
    /// What was read.
    pub node: T,
    /// Where it was read.
    pub span: Span,
}

impl<T> Spanned<T> {
    /// `node`, read at `span`.
    pub const fn new(node: T, span: Span) -> Self {
        Self { node, span }
    }
}

impl<T: PartialEq> PartialEq for Spanned<T> {
    fn eq(&self, other: &Self) -> bool {
        self.node == other.node
    }
}

impl<T: Eq> Eq for Spanned<T> {}

impl<T: fmt::Debug> fmt::Debug for Spanned<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.node.fmt(f)?;
        write!(f, " @{}..{}", self.span.start, self.span.end)
    }
}

/// A place as people count: both from 1, columns in characters.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Position {
    /// Line, from 1.
    pub line: u32,
    /// Column in characters, from 1.
    pub column: u32,
}

/// One file that was read.
#[derive(Debug)]
pub struct SourceFile {
    /// The path as people should see it.
    pub path: String,
    /// The whole text.
    pub text: String,
    index: OnceLock<Index>,
}

/// Where the lines of a text start, and how many characters stand before each block of it: what
/// makes a position cost the same in a line of any length.
#[derive(Debug)]
struct Index {
    lines: Vec<u32>,
    characters: Vec<u32>,
}

/// Bytes a block of [`Index::characters`].
const BLOCK: usize = 1024;

impl Index {
    fn new(text: &str) -> Self {
        let breaks = text.bytes().enumerate().filter(|(_, byte)| *byte == b'\n');
        let lines = std::iter::once(0).chain(breaks.map(|(at, _)| at as u32 + 1)).collect();
        let blocks = text.as_bytes().chunks(BLOCK).scan(0, |before, block| {
            let here = *before;
            *before += characters(block);
            Some(here)
        });
        Self { lines, characters: blocks.collect() }
    }

    /// The characters before an offset of the text.
    fn before(&self, text: &str, offset: usize) -> u32 {
        let block = offset / BLOCK;
        let counted = self.characters.get(block).copied();
        // An offset at the end may lie in a block that does not exist.
        let Some(counted) = counted else { return self.before_end(text) };
        counted + characters(text.as_bytes().get(block * BLOCK..offset).unwrap_or_default())
    }

    fn before_end(&self, text: &str) -> u32 {
        let Some(last) = self.characters.len().checked_sub(1) else { return 0 };
        let rest = text.as_bytes().get(last * BLOCK..).unwrap_or_default();
        self.characters.last().copied().unwrap_or(0) + characters(rest)
    }
}

/// How many characters start in some bytes: a byte that continues one is not a column of its own.
fn characters(bytes: &[u8]) -> u32 {
    bytes.iter().filter(|byte| (**byte & 0xC0) != 0x80).count() as u32
}

impl SourceFile {
    /// A file of that path and text.
    pub fn new(path: impl Into<String>, text: impl Into<String>) -> Self {
        Self { path: path.into(), text: text.into(), index: OnceLock::new() }
    }

    /// Line and column of an offset; an offset behind the end is the end.
    pub fn position(&self, offset: u32) -> Position {
        let index = self.index.get_or_init(|| Index::new(&self.text));
        let line = index.lines.partition_point(|start| *start <= offset).max(1);
        let start = index.lines.get(line - 1).copied().unwrap_or(0) as usize;
        let end = (offset as usize).min(self.text.len());
        let column = index.before(&self.text, end) - index.before(&self.text, start);
        Position { line: line as u32, column: column + 1 }
    }

    /// The bytes of a line, counted from 1, without its line break; empty behind the last.
    pub fn line(&self, line: u32) -> Range<usize> {
        let lines = &self.index.get_or_init(|| Index::new(&self.text)).lines;
        let start = |line: u32| lines.get(line as usize).map(|start| *start as usize);
        let end = self.text.len();
        let Some(begin) = line.checked_sub(1).and_then(start) else { return end..end };
        // A line that another follows ends in a line feed, and perhaps a carriage return.
        let feed = start(line).map_or(end, |next| next - 1);
        let carriage = feed > begin && self.text.as_bytes().get(feed - 1) == Some(&b'\r');
        begin..if carriage { feed - 1 } else { feed }
    }

    /// The text of a span, empty if the span is not one of this file.
    pub fn slice(&self, span: Span) -> &str {
        self.text.get(span.range()).unwrap_or_default()
    }
}

/// Every file of one run, in the order it was read.
#[derive(Debug, Default)]
pub struct Sources {
    files: Vec<SourceFile>,
    project: Option<FileId>,
}

impl Sources {
    /// No files yet.
    pub fn new() -> Self {
        Self::default()
    }

    /// Adds a file and gives its number.
    pub fn add(&mut self, file: SourceFile) -> FileId {
        self.files.push(file);
        FileId(self.files.len() as u32 - 1)
    }

    /// Adds the project file, which is no part of the policy.
    pub fn add_project(&mut self, file: SourceFile) -> FileId {
        let id = self.add(file);
        self.project = Some(id);
        id
    }

    /// The project file, if it was added.
    pub fn project(&self) -> Option<(FileId, &SourceFile)> {
        let id = self.project?;
        Some((id, self.get(id)?))
    }

    /// Every file of the policy with its number.
    pub fn policies(&self) -> impl Iterator<Item = (FileId, &SourceFile)> {
        self.iter().filter(|(id, _)| Some(*id) != self.project)
    }

    /// The file of a number, if there is one.
    pub fn get(&self, id: FileId) -> Option<&SourceFile> {
        self.files.get(id.0 as usize)
    }

    /// Every file with its number.
    pub fn iter(&self) -> impl Iterator<Item = (FileId, &SourceFile)> {
        self.files.iter().enumerate().map(|(at, file)| (FileId(at as u32), file))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn positions_count_lines_and_characters() {
        let file = SourceFile::new("p.fw", "ab\nß c\n");
        let at = |offset| {
            let Position { line, column } = file.position(offset);
            (line, column)
        };
        assert_eq!(at(0), (1, 1));
        assert_eq!(at(2), (1, 3));
        assert_eq!(at(3), (2, 1));
        assert_eq!(at(5), (2, 2), "two bytes of one character are one column");
        assert_eq!(at(99), (3, 1));
    }

    #[test]
    fn positions_count_across_blocks() {
        let text = "ß".repeat(5_000) + "\n" + &"a".repeat(3_000) + "\n";
        let file = SourceFile::new("p.fw", text.as_str());
        for (offset, _) in text.char_indices().chain([(text.len(), ' ')]) {
            let before = text.get(..offset).unwrap();
            let column = before.chars().rev().take_while(|char| *char != '\n').count() as u32 + 1;
            assert_eq!(file.position(offset as u32).column, column, "at {offset}");
        }
    }

    #[test]
    fn lines_have_no_line_break() {
        let file = SourceFile::new("p.fw", "ab\r\n\nc");
        let line = |line| file.text.get(file.line(line)).unwrap();
        assert_eq!([line(0), line(1), line(2), line(3), line(4)], ["", "ab", "", "c", ""]);
        assert_eq!(SourceFile::new("p.fw", "ab\n").line(2), 3..3);
        assert_eq!(SourceFile::new("p.fw", "").line(1), 0..0);
    }
}
