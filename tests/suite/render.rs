//! The same findings in every format, and findings that point nowhere.

use fwc::diagnostic::render::{Format, Style, render};
use fwc::diagnostic::{Applicability, Diagnostic, Edit, Fix, Label, codes};
use fwc::source::{FileId, Location, SourceFile, Sources, Span};
use proptest::prelude::*;

const POLICY: &str = "\
fwc 1
service checkout from web {
  allow api.stripe.com because PAY-812
\tallow .example.com   because ß-1
}
";
const SET: &str = "set aws {\r\n  sts.amazonaws.com\r\n}\r\n";

/// Three findings: one with everything, one in two files, one about no text.
fn three() -> (Sources, [Diagnostic; 3]) {
    let mut sources = Sources::new();
    let policy = sources.add(SourceFile::new("policies/prod.fw", POLICY));
    let set = sources.add(SourceFile::new("policies/aws.fw", SET));
    let at = |file: FileId, text: &str, what: &str| {
        let start = text.find(what).unwrap() as u32;
        Location { file, span: Span::new(start, start + what.len() as u32) }
    };
    let dotted = at(policy, POLICY, ".example.com");
    let fixed = Diagnostic::error(codes::SYNTAX, "`.example.com` has three meanings elsewhere")
        .at(dotted, "the apex, what is below, or both?")
        .at(at(policy, POLICY, "checkout"), "for this service")
        .note("over twenty systems read it differently")
        .help("see `fwc explain FW101`")
        .help("write what is meant")
        .fix(Applicability::Safe, "write both forms", dotted, "example.com **.example.com");
    let related = Diagnostic::warning(codes::SYNTAX, "`web` is not used here")
        .at(at(policy, POLICY, "web"), "")
        .at(at(set, SET, "sts.amazonaws.com"), "but this is");
    let placeless = Diagnostic::error(codes::SYNTAX, "no policy was given").help("name one");
    (sources, [fixed, related, placeless])
}

fn plain(format: Format) -> String {
    let (sources, found) = three();
    render(format, &sources, &found, Style::default())
}

#[test]
fn full() {
    insta::assert_snapshot!(plain(Format::Full));
}

#[test]
fn concise() {
    insta::assert_snapshot!(plain(Format::Concise));
}

#[test]
fn json() {
    // The very bytes, but for a line break before each object and key.
    insta::assert_snapshot!(plain(Format::Json).replace("{\"", "\n{\"").replace(",\"", ",\n \""));
}

#[test]
fn sarif() {
    insta::assert_snapshot!(plain(Format::Sarif).replace("{\"", "\n{\"").replace(",\"", ",\n \""));
}

#[test]
fn github() {
    insta::assert_snapshot!(plain(Format::Github));
}

#[test]
fn colour_adds_nothing_but_colour() {
    let (sources, found) = three();
    for format in [Format::Full, Format::Concise] {
        let coloured = render(format, &sources, &found, Style { color: true, width: 100 });
        assert!(coloured.contains('\u{1b}'));
        assert_eq!(anstream::adapter::strip_str(&coloured).to_string(), plain(format));
    }
}

#[test]
fn a_long_line_is_shown_around_its_place() {
    let mut sources = Sources::new();
    let text = format!("{}here{}", "x".repeat(500_000), "y".repeat(500_000));
    let file = sources.add(SourceFile::new("long.fw", text));
    let at = Location { file, span: Span::new(500_000, 500_004) };
    let found = [Diagnostic::error(codes::SYNTAX, "too long").at(at, "this")];
    insta::assert_snapshot!(render(Format::Full, &sources, &found, Style::default()));
}

#[test]
fn distant_places_are_shown_apart() {
    let mut sources = Sources::new();
    let text: String = (1..=100).map(|line| format!("line {line}\n")).collect();
    let file = sources.add(SourceFile::new("far.fw", text.clone()));
    let at = |from: &str, to: &str| {
        let offset = |line: &str| text.find(line).unwrap() as u32;
        Location { file, span: Span::new(offset(from), offset(to)) }
    };
    let found = [Diagnostic::error(codes::SYNTAX, "far apart")
        .at(at("line 90", "line 92"), "two lines")
        .at(at("line 10", "line 60"), "too many to show")
        .at(at("line 93", "line 94"), "near")];
    insta::assert_snapshot!(render(Format::Full, &sources, &found, Style::default()));
}

#[test]
fn nothing_renders_as_nothing() {
    let sources = Sources::new();
    assert_eq!(render(Format::Full, &sources, &[], Style::default()), "");
    assert_eq!(render(Format::Concise, &sources, &[], Style::default()), "");
    let json = render(Format::Json, &sources, &[], Style::default());
    assert_eq!(json, "{\"schema\":1,\"findings\":[]}\n");
}

/// Texts with everything that is hard to count: line breaks, tabs, wide, combining, control and
/// long.
fn text() -> impl Strategy<Value = String> {
    let piece = prop_oneof![
        4 => "[ a-z.*]{0,12}",
        2 => Just("\n".to_owned()),
        1 => Just("\r\n".to_owned()),
        1 => Just("\r".to_owned()),
        1 => Just("\t".to_owned()),
        1 => "[ß日👩\u{200d}\u{301}\u{feff}]{1,3}",
        1 => any::<char>().prop_map(String::from),
        1 => Just("\u{1b}[31m\u{9b}1m\u{0}\u{2028}\u{202e}".to_owned()),
        1 => (2_000..5_000usize).prop_map(|length| "é".repeat(length)),
    ];
    proptest::collection::vec(piece, 0..40).prop_map(|pieces| pieces.concat())
}

fn location() -> impl Strategy<Value = Location> {
    let near = (0..80u32, 0..80u32).prop_map(|(start, length)| Span::new(start, start + length));
    let any = prop_oneof![
        6 => near,
        1 => (0..9_000u32, 0..9_000u32).prop_map(|(start, end)| Span::new(start, end)),
        1 => any::<(u32, u32)>().prop_map(|(start, end)| Span::new(start, end)),
    ];
    (0..4u32, any).prop_map(|(file, span)| Location { file: FileId(file), span })
}

fn diagnostic() -> impl Strategy<Value = Diagnostic> {
    let labels = proptest::collection::vec((location(), text()), 0..4);
    let edits = proptest::collection::vec((location(), text()), 0..3);
    (any::<bool>(), text(), labels, edits, text(), text()).prop_map(
        |(error, message, labels, edits, note, help)| {
            let new = if error { Diagnostic::error } else { Diagnostic::warning };
            let mut found = new(codes::SYNTAX, message).note(note).help(help.clone());
            found.labels = labels.into_iter().map(|(at, text)| Label { at, text }).collect();
            let edits = edits.into_iter().map(|(at, text)| Edit { at, text }).collect();
            let applicability = Applicability::Unsafe;
            found.fix = error.then_some(Fix { title: help, edits, applicability });
            found
        },
    )
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(256))]

    #[test]
    fn any_place_in_any_text_renders(
        texts in proptest::collection::vec(text(), 0..3),
        found in diagnostic(),
        width in 0..200usize,
    ) {
        let mut sources = Sources::new();
        for (at, text) in texts.into_iter().enumerate() {
            sources.add(SourceFile::new(format!("{at}\u{1b}[1m.fw"), text));
        }
        let found = [found];
        for format in Format::ALL {
            let shown = render(format, &sources, &found, Style { color: false, width });
            let json = matches!(format, Format::Json | Format::Sarif);
            let steers = |char: char| char.is_control() && char != '\n';
            prop_assert!(json || !shown.contains(steers), "{shown:?}");
            prop_assert!(!json || serde_json::from_str::<serde_json::Value>(&shown).is_ok());
            prop_assert!(format == Format::Full || shown.matches('\n').count() == 1);
            render(format, &sources, &found, Style { color: true, width });
        }
    }
}
