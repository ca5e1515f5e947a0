//! Places as editors count them: lines from 0, and columns from 0 in the units of an encoding.

use crate::source::{SourceFile, Span};

/// What columns are counted in.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Encoding {
    /// Bytes.
    Utf8,
    /// Units of UTF-16: what every editor knows.
    #[default]
    Utf16,
}

/// A place; both from 0.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Position {
    /// The line.
    pub line: u32,
    /// The column, in units of the encoding.
    pub column: u32,
}

impl Encoding {
    /// The place of an offset; one inside a character or a line break is the place before it, one
    /// behind the end is the end.
    pub fn position(self, source: &SourceFile, offset: u32) -> Position {
        let line = source.position(offset).line;
        let range = source.line(line);
        let text = source.text.get(range.clone()).unwrap_or_default();
        let within = (offset as usize).saturating_sub(range.start).min(text.len());
        let before = text.get(..text.floor_char_boundary(within)).unwrap_or_default();
        let column = match self {
            Self::Utf8 => before.len(),
            Self::Utf16 => before.encode_utf16().count(),
        };
        Position { line: line - 1, column: column as u32 }
    }

    /// The offset of a place; one inside a character is its start, one behind the end of a line or
    /// of the text is that end.
    pub fn offset(self, source: &SourceFile, position: Position) -> u32 {
        let range = source.line(position.line.saturating_add(1));
        let text = source.text.get(range.clone()).unwrap_or_default();
        let within = match self {
            Self::Utf8 => text.floor_char_boundary(position.column as usize),
            Self::Utf16 => {
                let mut units = 0;
                let end = text.char_indices().find(|(_, character)| {
                    units += character.len_utf16();
                    units > position.column as usize
                });
                end.map_or(text.len(), |(at, _)| at)
            }
        };
        (range.start + within) as u32
    }

    /// The places of the start and the end of a span.
    pub fn range(self, source: &SourceFile, span: Span) -> (Position, Position) {
        (self.position(source, span.start), self.position(source, span.end))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn columns_are_counted_in_the_encoding() {
        let file = SourceFile::new("p.fw", "a\n\"😀ß\" b\r\nc");
        let at = |encoding: Encoding, offset| {
            let Position { line, column } = encoding.position(&file, offset);
            (line, column)
        };
        let behind = file.text.find(" b").unwrap() as u32;
        assert_eq!(at(Encoding::Utf8, behind), (1, 8));
        assert_eq!(at(Encoding::Utf16, behind), (1, 5));
        assert_eq!(at(Encoding::Utf16, 5), (1, 1), "inside a character");
        assert_eq!(at(Encoding::Utf16, 99), (2, 1));
        assert_eq!(at(Encoding::Utf8, 0), (0, 0));
    }

    #[test]
    fn every_place_leads_back() {
        let file = SourceFile::new("p.fw", "a\n\"😀ß\" b\r\nc\n");
        for encoding in [Encoding::Utf8, Encoding::Utf16] {
            for (offset, character) in file.text.char_indices().chain([(file.text.len(), ' ')]) {
                if character == '\n' && offset > 0 && file.text.as_bytes()[offset - 1] == b'\r' {
                    continue;
                }
                let position = encoding.position(&file, offset as u32);
                assert_eq!(encoding.offset(&file, position), offset as u32, "{position:?}");
            }
        }
    }

    #[test]
    fn places_that_are_none_are_near_ones() {
        let file = SourceFile::new("p.fw", "ab\n😀\n");
        let at = |line, column| Encoding::Utf16.offset(&file, Position { line, column });
        assert_eq!(at(0, 9), 2, "behind the end of a line");
        assert_eq!(at(1, 1), 3, "inside a pair");
        assert_eq!(at(9, 9), 8, "behind the last line");
        assert_eq!(at(u32::MAX, u32::MAX), 8);
    }
}
