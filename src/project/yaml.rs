//! YAML as a tree in which every node knows where it stands.
//!
//! serde hands out places only with errors. So every node gets the number of its turn, and its
//! place is asked for by reading the text again and failing at that turn ([`place`]). That is
//! exact for every style of YAML (flow, block, quotes, anchors) without a second scanner, and
//! costs one more reading a finding, of a text that is at most [`MOST_BYTES`] long.

use std::cell::Cell;
use std::fmt;

use serde::de::{DeserializeSeed, Deserializer, Error as _, MapAccess, SeqAccess, Visitor};

use crate::source::Span;

/// The longest text that is read, in bytes: some ten thousand networks. People write this file.
pub(super) const MOST_BYTES: usize = 1 << 20;

/// How many brackets may be open at once. The scanner behind serde looks at every open one for
/// each token, so that a file of nothing but `[` would keep it busy for hours.
const MOST_BRACKETS: usize = 200;

/// One node: a key, a value or an element.
#[derive(Debug)]
pub(super) struct Node {
    /// Its turn, counted from 0 in the order of the text.
    turn: usize,
    /// What it is.
    pub(super) value: Value,
}

/// What a node is.
#[derive(Debug)]
pub(super) enum Value {
    Null,
    Bool,
    Integer(u64),
    /// Negative, fractional or out of range: nothing here wants one.
    OtherNumber,
    Text(String),
    List(Vec<Node>),
    /// Keys and values in the order of the text; keys may repeat.
    Map(Vec<(Node, Node)>),
}

impl Node {
    /// The kind in words, for "found …".
    pub(super) const fn kind(&self) -> &'static str {
        match self.value {
            Value::Null => "nothing",
            Value::Bool => "true or false",
            Value::Integer(_) | Value::OtherNumber => "a number",
            Value::Text(_) => "text",
            Value::List(_) => "a list",
            Value::Map(_) => "a mapping",
        }
    }

    /// The text, if it is one.
    pub(super) fn text(&self) -> Option<&str> {
        match &self.value {
            Value::Text(text) => Some(text),
            _ => None,
        }
    }
}

/// Why a text is no tree.
#[derive(Debug)]
pub(super) struct Unreadable {
    /// What is wrong, a phrase.
    pub(super) message: String,
    /// What was being read, if that helps.
    pub(super) note: Option<String>,
    /// Where; an empty span if the place is a point.
    pub(super) span: Span,
    /// Whether a limit was met rather than the text being malformed.
    pub(super) limit: bool,
}

/// The tree of a text.
///
/// # Errors
///
/// The text is not YAML, has more than one document, uses tags, or exceeds a limit on its length,
/// its depth, or what its aliases unfold to.
pub(super) fn read(text: &str) -> Result<Node, Unreadable> {
    if text.len() > MOST_BYTES {
        let message = format!("the file is longer than {} KiB", MOST_BYTES >> 10);
        return Err(Unreadable { message, note: None, span: Span::default(), limit: true });
    }
    if let Some(at) = too_deep(text) {
        let message = format!("more than {MOST_BRACKETS} brackets are open");
        return Err(Unreadable { message, note: None, span: character(text, at), limit: true });
    }
    let turns = Turns::until(text, None);
    turns.run(text).map_err(|error| unreadable(text, &turns, &error))
}

/// Where a node of that text stands.
///
/// A scalar is covered whole; of a list or a mapping, the start.
pub(super) fn place(text: &str, node: &Node) -> Span {
    let turns = Turns::until(text, Some(node.turn));
    let start = turns.run(text).err().and_then(|error| offset(&error)).unwrap_or(0);
    extent(text, start, node.text())
}

/// Where the key or element stands that a path of keys and elements ends with, or as much of the
/// path as there is. None if the text cannot be read.
pub(super) fn locate(text: &str, path: &[&str]) -> Option<Span> {
    let root = read(text).ok()?;
    let (mut found, mut inside) = (&root, &root);
    for step in path {
        let (key, value) = match &inside.value {
            Value::List(elements) => elements.iter().map(|element| (element, element)).collect(),
            Value::Map(entries) => entries.iter().map(|(key, value)| (key, value)).collect(),
            _ => Vec::new(),
        }
        .into_iter()
        .find(|(key, _)| key.text() == Some(step))
        .unzip();
        let (Some(key), Some(value)) = (key, value) else { break };
        (found, inside) = (key, value);
    }
    Some(place(text, found))
}

/// Whether a scalar at that place is in quotes; an anchor may stand before it.
pub(super) fn is_quoted(text: &str, span: Span) -> bool {
    text.get(span.range()).is_some_and(|covered| covered.ends_with(['"', '\'']))
}

/// One reading of a text: a turn for each node, up to an end or a limit.
struct Turns {
    next: Cell<usize>,
    /// The turn at which the reading is broken off to learn its place.
    stop: Option<usize>,
    /// Bytes of tree that may still be built. Without aliases a text cannot unfold to more than
    /// a node and three bytes for each of its bytes (`\L` is the escape that grows most), so
    /// only aliases of aliases ever meet it.
    left: Cell<usize>,
    spent: Cell<bool>,
    tagged: Cell<bool>,
}

impl Turns {
    fn until(text: &str, stop: Option<usize>) -> Self {
        let left = Cell::new(8 * text.len() + 64);
        let (next, spent, tagged) = Default::default();
        Self { next, stop, left, spent, tagged }
    }

    fn run(&self, text: &str) -> Result<Node, serde_yaml::Error> {
        self.deserialize(serde_yaml::Deserializer::from_str(text))
    }

    /// Counts `bytes` of text and a node against the limit.
    fn take(&self, bytes: usize) -> bool {
        let left = self.left.get().checked_sub(bytes + 1);
        self.left.set(left.unwrap_or(0));
        self.spent.set(left.is_none());
        left.is_some()
    }
}

impl<'de> DeserializeSeed<'de> for &Turns {
    type Value = Node;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Node, D::Error> {
        let turn = self.next.get();
        self.next.set(turn + 1);
        let value = deserializer.deserialize_any(Turn { turns: self, turn })?;
        Ok(Node { turn, value })
    }
}

/// One node being read.
struct Turn<'t> {
    turns: &'t Turns,
    turn: usize,
}

impl Turn<'_> {
    /// Goes on, unless the turn is the one looked for or a limit is met: the error that says so
    /// carries the place of this node.
    fn go<E: serde::de::Error>(&self, bytes: usize, value: Value) -> Result<Value, E> {
        if self.turns.stop == Some(self.turn) {
            return Err(E::custom("the place that was asked for"));
        }
        if self.turns.take(bytes) { Ok(value) } else { Err(E::custom("too much")) }
    }
}

impl<'de> Visitor<'de> for Turn<'_> {
    type Value = Value;

    fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("text, a number, a list or a mapping")
    }

    fn visit_unit<E: serde::de::Error>(self) -> Result<Value, E> {
        self.go(0, Value::Null)
    }

    fn visit_none<E: serde::de::Error>(self) -> Result<Value, E> {
        self.go(0, Value::Null)
    }

    fn visit_bool<E: serde::de::Error>(self, _: bool) -> Result<Value, E> {
        self.go(0, Value::Bool)
    }

    fn visit_u64<E: serde::de::Error>(self, number: u64) -> Result<Value, E> {
        self.go(0, Value::Integer(number))
    }

    fn visit_i64<E: serde::de::Error>(self, _: i64) -> Result<Value, E> {
        self.go(0, Value::OtherNumber)
    }

    fn visit_u128<E: serde::de::Error>(self, _: u128) -> Result<Value, E> {
        self.go(0, Value::OtherNumber)
    }

    fn visit_i128<E: serde::de::Error>(self, _: i128) -> Result<Value, E> {
        self.go(0, Value::OtherNumber)
    }

    fn visit_f64<E: serde::de::Error>(self, _: f64) -> Result<Value, E> {
        self.go(0, Value::OtherNumber)
    }

    fn visit_str<E: serde::de::Error>(self, text: &str) -> Result<Value, E> {
        self.go(text.len(), Value::Text(text.to_owned()))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut access: A) -> Result<Value, A::Error> {
        self.go::<A::Error>(0, Value::Null)?;
        let mut elements = Vec::new();
        while let Some(element) = access.next_element_seed(self.turns)? {
            elements.push(element);
        }
        Ok(Value::List(elements))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut access: A) -> Result<Value, A::Error> {
        self.go::<A::Error>(0, Value::Null)?;
        let mut entries = Vec::new();
        while let Some(key) = access.next_key_seed(self.turns)? {
            entries.push((key, access.next_value_seed(self.turns)?));
        }
        Ok(Value::Map(entries))
    }

    fn visit_enum<A: serde::de::EnumAccess<'de>>(self, _: A) -> Result<Value, A::Error> {
        self.turns.tagged.set(true);
        Err(A::Error::custom("a tag"))
    }
}

/// An error of the YAML reader in our words, with its place.
fn unreadable(text: &str, turns: &Turns, error: &serde_yaml::Error) -> Unreadable {
    let shown = error.to_string();
    // The reader repeats its place, and what it was doing, behind what is wrong.
    let cut = [" at line ", " at position ", ", while "].iter().filter_map(|end| shown.find(end));
    let problem = shown.get(..cut.min().unwrap_or(shown.len())).unwrap_or_default();
    let at = offset(error).or_else(|| stated_offset(&shown)).unwrap_or(0);
    let (message, span, limit) = if turns.spent.get() {
        ("aliases unfold to far more than the file holds".to_owned(), extent(text, at, None), true)
    } else if problem.ends_with("limit exceeded") {
        (format!("{problem}: the file is nested too deeply"), character(text, at), true)
    } else if turns.tagged.get() {
        ("tags have no meaning here".to_owned(), extent(text, at, None), false)
    } else if problem.contains("more than one document") {
        ("the file holds more than one YAML document".to_owned(), second_document(text), false)
    } else {
        (format!("this is not YAML: {problem}"), character(text, at), false)
    };
    let context = shown.split_once(", while ").map(|(_, context)| format!("while {context}"));
    Unreadable { message, note: context, span, limit }
}

/// The byte offset of an error, none if the reader did not say.
fn offset(error: &serde_yaml::Error) -> Option<usize> {
    let index = error.location()?.index();
    // For a character no YAML may hold it says 0, and the place in words.
    (index > 0 || !error.to_string().contains(" at position ")).then_some(index)
}

/// The byte offset that the reader states only in words, of a character no YAML may hold.
fn stated_offset(shown: &str) -> Option<usize> {
    let (_, behind) = shown.split_once(" at position ")?;
    behind.split(|other: char| !other.is_ascii_digit()).next()?.parse().ok()
}

/// Where more brackets are open than may be. Brackets in text and in comments count like all
/// others; no file that means something has so many of them unclosed.
fn too_deep(text: &str) -> Option<usize> {
    let mut open = 0usize;
    text.bytes().enumerate().find_map(|(at, byte)| {
        match byte {
            b'[' | b'{' => open += 1,
            b']' | b'}' => open = open.saturating_sub(1),
            _ => {}
        }
        (open > MOST_BRACKETS).then_some(at)
    })
}

/// The marker that begins a second document.
fn second_document(text: &str) -> Span {
    let markers = text.match_indices("\n---").map(|(at, _)| at + 1);
    // The first document may begin with a marker of its own.
    let begun = |at: usize| {
        let before = text.get(..at).unwrap_or_default();
        before.lines().any(|line| !line.trim().is_empty() && !line.starts_with(['#', '%']))
    };
    markers.filter(|at| begun(*at)).map(|at| span(at, at + 3)).next().unwrap_or_default()
}

/// The span of the scalar that starts at an offset, whose value is `scalar` if it is text; of
/// anything else, its first line up to a comment or a separator.
fn extent(text: &str, start: usize, scalar: Option<&str>) -> Span {
    let rest = text.get(start..).unwrap_or_default();
    let line = rest.lines().next().unwrap_or_default();
    let quoted = |quote: char| line.get(1..).and_then(|inner| inner.find(quote)).map(|at| at + 2);
    let length = match line.chars().next() {
        Some(quote @ ('"' | '\'')) => quoted(quote).unwrap_or(line.len()),
        Some('[' | '{') => 1,
        _ if scalar.is_some_and(|scalar| !scalar.is_empty() && line.starts_with(scalar)) => {
            scalar.unwrap_or_default().len()
        }
        _ => {
            let ends = [" #", ": ", ",", "]", "}"];
            let end = ends.iter().filter_map(|end| line.find(end)).min().unwrap_or(line.len());
            let plain = line.get(..end).unwrap_or(line).trim_end();
            plain.strip_suffix(':').unwrap_or(plain).len()
        }
    };
    span(start, start + length)
}

/// The span of the character at an offset, empty at the end of the text.
fn character(text: &str, at: usize) -> Span {
    let next = text.get(at..).and_then(|rest| rest.chars().next());
    let visible = next.filter(|next| !matches!(next, '\n' | '\r'));
    span(at, at + visible.map_or(0, char::len_utf8))
}

/// A span of a text that is at most [`MOST_BYTES`] long.
fn span(start: usize, end: usize) -> Span {
    Span::new(u32::try_from(start).unwrap_or(u32::MAX), u32::try_from(end).unwrap_or(u32::MAX))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The places of all nodes, in order, as the text they cover.
    fn places(text: &str) -> Vec<String> {
        fn walk(text: &str, node: &Node, out: &mut Vec<String>) {
            out.push(text.get(place(text, node).range()).unwrap().to_owned());
            match &node.value {
                Value::List(elements) => elements.iter().for_each(|node| walk(text, node, out)),
                Value::Map(entries) => entries.iter().for_each(|(key, value)| {
                    walk(text, key, out);
                    walk(text, value, out);
                }),
                _ => {}
            }
        }
        let mut out = Vec::new();
        walk(text, &read(text).unwrap(), &mut out);
        out
    }

    #[test]
    fn places_are_exact_in_block_style() {
        let text = "# ß\na: one # x\nb:\n  - 12\n  - \"two ß\"\nc:\n  d: 'e'\n";
        let expected = ["a", "a", "one", "b", "- 12", "12", "\"two ß\"", "c", "d", "d", "'e'"];
        assert_eq!(places(text), expected);
    }

    #[test]
    fn places_are_exact_in_flow_style() {
        let text = "n: { ß: [10.0.0.0/8, 2001:db8::/32], b: yes }";
        let expected = ["n", "n", "{", "ß", "[", "10.0.0.0/8", "2001:db8::/32", "b", "yes"];
        assert_eq!(places(text), expected);
    }

    #[test]
    fn a_byte_order_mark_shifts_nothing() {
        assert_eq!(places("\u{feff}a: b"), ["a", "a", "b"]);
    }

    #[test]
    fn line_breaks_of_all_systems_count() {
        assert_eq!(places("a: b\r\nc: d\r\n"), ["a", "a", "b", "c", "d"]);
    }

    #[test]
    fn an_alias_stands_where_its_anchor_does() {
        assert_eq!(places("a: &x one\nb: *x\n"), ["a", "a", "&x one", "b", "&x one"]);
    }

    fn refused(text: &str) -> String {
        let Unreadable { message, span, .. } = read(text).unwrap_err();
        format!("{message} @{}..{}", span.start, span.end)
    }

    #[test]
    fn unreadable_texts_say_where() {
        assert_eq!(refused("a: [1"), "this is not YAML: did not find expected ',' or ']' @5..5");
        assert_eq!(refused("a: !x b"), "tags have no meaning here @3..7");
        assert_eq!(refused("a: 1\n---\nb: 2"), "the file holds more than one YAML document @5..8");
        assert_eq!(
            refused("ab: \u{1}"),
            "this is not YAML: control characters are not allowed @4..5"
        );
        assert_eq!(refused("a: *x"), "this is not YAML: unknown anchor @3..4");
    }

    #[test]
    fn bombs_are_refused() {
        let laughs = (1..30).fold("a0: &a0 lol\n".to_owned(), |text, n| {
            let m = n - 1;
            text + &format!("a{n}: &a{n} [*a{m}, *a{m}, *a{m}, *a{m}, *a{m}, *a{m}, *a{m}]\n")
        });
        let quadratic = format!("a: &a {}\nb: [{}]", "x".repeat(90_000), "*a, ".repeat(90_000));
        let lists = format!("a: &a [{}]\nb: [{}]", "1, ".repeat(90_000), "*a, ".repeat(90_000));
        let deep = ["[".repeat(1 << 20), "- ".repeat(1 << 19), "? ".repeat(1 << 19)];
        let long = "#".repeat(MOST_BYTES + 1);
        for bomb in [laughs, quadratic, lists, long].iter().chain(&deep) {
            assert!(read(bomb).unwrap_err().limit, "{}", refused(bomb));
        }
    }
}
