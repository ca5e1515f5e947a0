//! The grammar by example: every refusal, every form, and the laws of printing.

use proptest::prelude::*;

use super::*;
use crate::diagnostic::Diagnostic;
use crate::source::SourceFile;

/// `line:column code message`, one line a finding.
fn findings(text: &str) -> String {
    let file = SourceFile::new("policy.fw", text);
    let line = |found: &Diagnostic| {
        let at = file.position(found.location().unwrap().span.start);
        format!("{}:{} {} {}\n", at.line, at.column, found.code.id, found.message)
    };
    parse(FileId(0), text).diagnostics.iter().map(line).collect()
}

/// Prints the text, and checks that printing loses nothing and is done once.
fn formatted(text: &str) -> String {
    let read = parse(FileId(0), text);
    assert_eq!(read.diagnostics, [], "{text}");
    let printed = format(&read.file, text);
    let again = parse(FileId(0), &printed);
    assert_eq!(again.diagnostics, [], "{printed}");
    assert_eq!(again.file, read.file, "{text}\n=>\n{printed}");
    assert_eq!(format(&again.file, &printed), printed);
    printed
}

macro_rules! refusals {
    ($($name:literal => [$($finding:literal),* $(,)?],)*) => {
        &[$((
            $name,
            include_str!(concat!("../../tests/corpus/parse/err/", $name, ".fw")),
            &[$($finding),*],
        )),*]
    };
}

macro_rules! accepted {
    ($($name:literal),* $(,)?) => {
        &[$(($name, include_str!(concat!("../../tests/corpus/parse/ok/", $name, ".fw")))),*]
    };
}

const REFUSALS: &[(&str, &str, &[&str])] = refusals! {
    "allow-outside-service" => [
        "2:1 FW108 `allow` stands outside a service",
    ],
    "assert-empty" => [
        "2:7 FW101 expected an assertion, found the end of the line",
    ],
    "assert-never-without-reaches" => [
        "2:23 FW101 expected `reaches`, found `api.example.com`",
    ],
    "assert-only-without-reaches" => [
        "2:37 FW101 expected `reaches`, found the end of the line",
    ],
    "assert-only-without-service" => [
        "2:13 FW101 expected the name of a service, found `reaches`",
    ],
    "assert-reaches-nothing" => [
        "2:24 FW101 expected a destination that is reached, found the end of the line",
    ],
    "assert-reaches-with-reason" => [
        "2:50 FW101 expected the end of the line, found `because`",
    ],
    "assert-regions-except-empty" => [
        "2:28 FW101 expected the name of a service, found the end of the line",
    ],
    "assert-regions-without-equal" => [
        "2:15 FW101 expected `equal`, found the end of the line",
    ],
    "assert-unknown" => [
        "2:17 FW101 expected `reaches` or `never reaches`, found `only`",
    ],
    "assert-within-unquoted" => [
        "2:15 FW101 expected a path in double quotes, found `central.fw`",
    ],
    "because-empty" => [
        "3:32 FW101 expected a reason in double quotes, found the end of the line",
    ],
    "because-in-typographic-quotes" => [
        "3:33 FW101 expected a reason in double quotes, found `“card`",
    ],
    "because-only-ticket" => [
        "3:40 FW101 expected a reason in double quotes, found the end of the line",
    ],
    "because-quoted-twice" => [
        "3:41 FW101 expected a clause or the end of the line, found a quoted text",
    ],
    "because-unquoted" => [
        "3:41 FW101 expected a reason in double quotes, found `card`",
        "4:31 FW101 expected a reason in double quotes, found `card`",
    ],
    "blocks-on-one-line" => [
        "2:21 FW101 expected the end of the line, found `set`",
    ],
    "clause-at-top-level" => [
        "3:1 FW108 the clause `because` stands on a line of its own",
    ],
    "clause-before-list" => [
        "3:9 FW101 expected a destination, found `port`",
    ],
    "clause-misspelt" => [
        "3:25 FW103 `becuse` is no destination and no clause",
        "4:23 FW103 `unitl` is no destination and no clause",
        "5:15 FW101 expected a clause or the end of the line, found `untl`",
        "6:27 FW101 expected a clause or the end of the line, found `prot`",
    ],
    "clause-on-its-own-line" => [
        "4:5 FW108 the clause `because` stands on a line of its own",
        "5:5 FW108 the clause `until` stands on a line of its own",
    ],
    "clause-on-its-own-line-in-set" => [
        "4:5 FW108 the clause `because` stands on a line of its own",
    ],
    "clause-twice" => [
        "3:37 FW104 `because` is written twice",
        "4:32 FW104 `until` is written twice",
    ],
    "clause-unknown" => [
        "3:27 FW101 expected a clause or the end of the line, found `with`",
    ],
    "destination-behind-clause" => [
        "3:9 FW101 expected a destination, found `port`",
    ],
    "destination-list-empty" => [
        "3:11 FW101 expected a destination, found `}`",
    ],
    "destination-list-keyword" => [
        "3:24 FW108 `deny` is no destination",
        "4:27 FW108 `test` is no destination",
        "8:21 FW103 `unitl` is no destination and no clause",
        "9:19 FW108 `lint` is no destination",
    ],
    "destination-list-nested" => [
        "3:25 FW101 expected a destination or `}`, found `{`",
    ],
    "destination-list-quoted" => [
        "5:5 FW101 expected a destination or `}`, found a quoted text",
    ],
    "destination-list-unclosed" => [
        "4:3 FW105 the list of destinations is not closed before `allow`",
    ],
    "destination-list-unclosed-at-end" => [
        "4:1 FW105 the list of destinations is not closed before the end of the file",
    ],
    "destination-list-unclosed-before-clause" => [
        "3:25 FW105 the list of destinations is not closed before `because`",
    ],
    "destination-missing" => [
        "3:8 FW101 expected a destination, found the end of the line",
    ],
    "destination-quoted" => [
        "3:9 FW101 expected a destination, found a quoted text",
    ],
    "destinations-with-commas" => [
        "3:11 FW101 a list has blanks between its words, no commas",
        "4:9 FW101 a list has blanks between its words, no commas",
    ],
    "empty" => [
        "1:1 FW102 the version of the language is missing",
    ],
    "except-empty" => [
        "3:30 FW101 expected a destination, found the end of the line",
    ],
    "hidden-carriage-return" => [
        "2:26 FW109 U+000D cannot be seen in a review",
    ],
    "hidden-direction" => [
        "2:25 FW109 U+202E cannot be seen in a review",
    ],
    "hidden-escape-in-comment" => [
        "1:9 FW109 U+001B cannot be seen in a review",
    ],
    "hidden-no-break-space" => [
        "3:8 FW109 U+00A0 looks like a blank and is none",
    ],
    "hidden-nul" => [
        "1:6 FW109 the file is no text: it has a NUL character",
    ],
    "hidden-zero-width" => [
        "3:12 FW109 U+200B cannot be seen in a review",
    ],
    "include-unquoted" => [
        "2:9 FW101 expected a path in double quotes, found `vendors/*.fw`",
    ],
    "lint-because-twice" => [
        "2:30 FW104 `because` is written twice",
    ],
    "lint-without-allow" => [
        "2:6 FW101 expected `allow`, found `FW021`",
    ],
    "lint-without-code" => [
        "2:12 FW101 expected the code or name of a lint, found `because`",
    ],
    "lint-without-reason" => [
        "2:17 FW101 expected `because` and a reason, found the end of the line",
    ],
    "owner-missing" => [
        "2:6 FW101 expected an owner, found the end of the line",
    ],
    "port-missing" => [
        "3:30 FW101 expected a port or a protocol, found `because`",
    ],
    "port-with-blanks" => [
        "3:30 FW101 a list of ports has no blanks in it",
    ],
    "reason-without-because" => [
        "3:25 FW101 expected a clause or the end of the line, found a quoted text",
    ],
    "service-from-empty" => [
        "2:23 FW101 expected a network, found `{`",
    ],
    "service-holds-include" => [
        "3:3 FW108 `include` does not stand in a service",
    ],
    "service-in-service" => [
        "3:3 FW105 the service `checkout` is not closed before `service`",
    ],
    "service-line-is-a-name" => [
        "3:3 FW103 `api.example.com` starts no line of a service",
    ],
    "service-line-is-a-protocol" => [
        "3:3 FW103 `tls` starts no line of a service",
    ],
    "service-line-is-quoted" => [
        "3:3 FW103 a quoted text starts no line of a service",
    ],
    "service-line-misspelt" => [
        "3:3 FW103 `alow` starts no line of a service",
        "4:3 FW103 `dney` starts no line of a service",
    ],
    "service-line-unknown" => [
        "3:3 FW103 `permit` starts no line of a service",
    ],
    "service-name-quoted" => [
        "2:9 FW101 expected a name for the service, found a quoted text",
    ],
    "service-networks-with-comma" => [
        "2:23 FW101 a list has blanks between its words, no commas",
    ],
    "service-observe-without-date" => [
        "2:35 FW101 expected `until`, found `{`",
    ],
    "service-only-twice" => [
        "2:40 FW104 `only` is written twice",
    ],
    "service-unclosed-at-end" => [
        "2:27 FW105 the service `checkout` is not closed",
    ],
    "service-unclosed-before-service" => [
        "5:1 FW105 the service `checkout` is not closed before `service`",
    ],
    "service-unclosed-before-test" => [
        "4:1 FW105 the service `checkout` is not closed before `test`",
    ],
    "service-without-block" => [
        "2:26 FW101 expected `{`, found the end of the line",
    ],
    "service-without-brace" => [
        "2:26 FW101 expected `{`, found the end of the line",
    ],
    "service-without-name" => [
        "2:9 FW101 expected a name for the service, found `{`",
    ],
    "service-without-network" => [
        "2:18 FW101 expected `from`, found `{`",
        "3:3 FW103 `alow` starts no line of a service",
    ],
    "set-brace-on-next-line" => [
        "2:12 FW101 expected `{`, found the end of the line",
    ],
    "set-holds-allow" => [
        "3:3 FW108 `allow` does not stand in a set",
    ],
    "set-holds-owner" => [
        "3:3 FW108 `owner` does not stand in a set",
    ],
    "set-name-quoted" => [
        "2:5 FW101 expected a name for the set, found a quoted text",
    ],
    "set-unclosed-at-end" => [
        "2:13 FW105 the set `vendors` is not closed",
    ],
    "set-unclosed-before-service" => [
        "5:1 FW105 the set `vendors` is not closed before `service`",
    ],
    "set-without-brace" => [
        "2:12 FW101 expected `{`, found the end of the line",
    ],
    "set-without-name" => [
        "2:5 FW101 expected a name for the set, found `{`",
    ],
    "set-without-name-unclosed" => [
        "2:5 FW101 expected a name for the set, found `{`",
        "2:5 FW105 the set is not closed",
    ],
    "several-mistakes" => [
        "2:1 FW103 `servce` starts no statement",
        "6:3 FW103 `tsl` starts no line of a service",
        "7:9 FW101 expected a destination, found a quoted text",
        "11:30 FW101 expected a date, found the end of the line",
        "13:10 FW101 expected `->`, found `pay.example.com:443`",
    ],
    "statement-misspelt" => [
        "2:1 FW103 `servce` starts no statement",
        "4:3 FW103 `alow` starts no line of a service",
    ],
    "statement-quoted" => [
        "2:1 FW103 a quoted text starts no statement",
    ],
    "statement-unknown" => [
        "2:1 FW103 `frobnicate` starts no statement",
    ],
    "statement-unknown-with-block" => [
        "2:1 FW103 `rules` starts no statement",
    ],
    "statements-on-one-line" => [
        "1:7 FW101 expected the end of the line, found `owner`",
    ],
    "stray-brace" => [
        "2:1 FW105 `}` closes nothing",
    ],
    "test-arrow-glued" => [
        "2:6 FW101 `->` has a blank on either side",
    ],
    "test-empty" => [
        "2:5 FW101 expected a service or `any`, found the end of the line",
    ],
    "test-verdict-unknown" => [
        "2:38 FW101 expected `allow`, `deny` or `observe`, found `permit`",
    ],
    "test-without-arrow" => [
        "2:15 FW101 expected `->`, found `api.example.com:443`",
    ],
    "test-without-target" => [
        "2:17 FW101 expected a host and a port, found the end of the line",
    ],
    "test-without-verdict" => [
        "2:40 FW101 expected `allow`, `deny` or `observe`, found `ci`",
    ],
    "text-escape-unknown" => [
        "3:38 FW101 `\\n` means nothing in a quoted text",
    ],
    "text-unclosed" => [
        "3:33 FW107 a quoted text is not closed",
    ],
    "to-empty" => [
        "3:28 FW101 expected an address or a CIDR, found `until`",
    ],
    "until-empty" => [
        "3:30 FW101 expected a date, found the end of the line",
    ],
    "use-outside-service" => [
        "2:1 FW108 `use` stands outside a service",
    ],
    "use-two-sets" => [
        "3:15 FW101 expected a clause or the end of the line, found `partners`",
    ],
    "use-without-set" => [
        "3:6 FW101 expected the name of a set, found the end of the line",
    ],
    "variable-unclosed" => [
        "3:13 FW101 `${` is no variable",
    ],
    "variable-with-blank" => [
        "3:13 FW101 `${ region }` is no variable",
    ],
    "version-glued" => [
        "1:1 FW103 `fwc1` starts no statement",
    ],
    "version-missing" => [
        "2:1 FW102 the version of the language is missing",
    ],
    "version-misspelt" => [
        "1:1 FW103 `fcw` starts no statement",
    ],
    "version-not-first" => [
        "2:1 FW102 the version of the language is not the first statement",
    ],
    "version-twice" => [
        "2:1 FW102 the version of the language is written twice",
    ],
    "version-unknown" => [
        "1:5 FW102 this build reads version 1 of the language, not `2`",
    ],
    "version-without-number" => [
        "1:4 FW101 expected the version of the language, found the end of the line",
    ],
};

#[test]
fn every_refusal_says_what_and_where_once() {
    for (name, text, expected) in REFUSALS {
        let expected: String = expected.iter().map(|line| format!("{line}\n")).collect();
        assert_eq!(findings(text), expected, "{name}");
    }
}

const ACCEPTED: &[(&str, &str)] = accepted![
    "assertions",
    "blocks-on-one-line",
    "byte-order-mark",
    "clauses-in-any-order",
    "comments-everywhere",
    "crlf",
    "lists-over-several-lines",
    "names-beyond-ascii",
    "smallest",
    "tabs-and-blank-lines",
    "whole-language",
    "wide-entries",
];

#[test]
fn every_form_is_read_and_printed() {
    let mut settings = insta::Settings::clone_current();
    settings.set_snapshot_path("../../tests/corpus/parse/ok");
    settings.set_prepend_module_to_snapshot(false);
    settings.set_omit_expression(true);
    for (name, text) in ACCEPTED {
        settings.bind(|| insta::assert_snapshot!(*name, formatted(text)));
    }
}

#[test]
fn fixes_of_slips_mend_them() {
    let check = |slip: &str, mended: &str| {
        let slip = format!("fwc 1\nservice s from web {{\n{slip}\n}}\n");
        let mended = format!("fwc 1\nservice s from web {{\n{mended}\n}}\n");
        let mut text = slip.clone();
        let fix = parse(FileId(0), &slip).diagnostics.remove(0).fix.unwrap();
        for edit in fix.edits {
            text.replace_range(edit.at.span.range(), &edit.text);
        }
        assert_eq!(text, mended);
        assert_eq!(findings(&text), "");
    };
    check("allow \"a.example\"", "allow a.example");
    check("allow a.example, b.example", "allow a.example b.example");
    check("allow a.example,b.example", "allow a.example b.example");
    check("alow a.example", "allow a.example");
    check("allow a.example unitl 2027-01-01", "allow a.example until 2027-01-01");
    check("allow a.example\u{a0}port 80", "allow a.example port 80");
    check(
        "allow a.example because PAY-1 the \\ text until 2027-01-01 # why",
        "allow a.example because PAY-1 \"the \\\\ text\" until 2027-01-01 # why",
    );
    check("allow a.example because “the text”", "allow a.example because \"the text\"");
}

#[test]
fn fixes_of_files_mend_them() {
    let check = |slip: &str, mended: &str| {
        let mut text = slip.to_owned();
        let fix = parse(FileId(0), slip).diagnostics.remove(0).fix.unwrap();
        for edit in fix.edits {
            text.replace_range(edit.at.span.range(), &edit.text);
        }
        assert_eq!(text, mended);
        assert_eq!(findings(&text), "");
    };
    check("", "fwc 1\n");
    check("# first\nowner @a\n", "# first\nfwc 1\nowner @a\n");
    check("fwc 1\ntest a b.example:1 deny", "fwc 1\ntest a -> b.example:1 deny");
    check("fwc 1\ntest a->b.example:1 deny", "fwc 1\ntest a -> b.example:1 deny");
    check("fwc 1\nset a\n{\n}\n", "fwc 1\nset a {\n}\n");
    check("fwc 1\nset a\nb.example\n}\n", "fwc 1\nset a {\nb.example\n}\n");
    check("fwc 1\nset a {\n  allow b.example\n}\n", "fwc 1\nset a {\n  b.example\n}\n");
    check("fwc 1\nset a {\n  b.example\n", "fwc 1\nset a {\n  b.example\n}\n");
    check("fwc 1\nset a { } set b { }\n", "fwc 1\nset a { }\n set b { }\n");
}

#[test]
fn what_is_sound_around_a_mistake_is_kept() {
    let text = include_str!("../../tests/corpus/parse/err/several-mistakes.fw");
    let services: Vec<_> = parse(FileId(0), text)
        .file
        .statements
        .iter()
        .filter_map(|statement| match &statement.node {
            ast::Statement::Service(service) => Some((service.name.node, service.body.len())),
            _ => None,
        })
        .collect();
    assert_eq!(services, [("broken", 1), ("checkout", 1), ("pay", 0)]);
}

#[test]
fn spans_are_the_text_they_were_read_from() {
    let text = "fwc 1 # v\nset v {\n  a.example  because A-1 \"b\"   # c\n}  # d\n";
    let file = parse(FileId(0), text).file;
    let slice = |span: Span| text.get(span.range()).unwrap();
    let ast::Statement::Set(set) = &file.statements[1].node else { panic!() };
    let ast::SetLine::Entry(entry) = &set.body[0].node else { panic!() };
    assert_eq!(slice(file.statements[0].span), "fwc 1");
    assert_eq!(slice(file.statements[1].span), text.get(10..text.len() - 6).unwrap());
    assert_eq!(slice(set.body[0].span), "a.example  because A-1 \"b\"");
    assert_eq!(slice(entry.destinations[0].span), "a.example");
    assert_eq!(slice(entry.clauses.because.unwrap().text.raw.span), "b");
    assert_eq!(slice(file.comments[1].span), "# c");
}

#[test]
fn findings_are_bounded_and_the_rest_is_counted() {
    let found = parse(FileId(0), &"}\n".repeat(1_000)).diagnostics;
    assert_eq!(found.len(), recover::FINDINGS);
    assert_eq!(found.last().unwrap().notes, ["901 more in this file are not shown"]);
}

#[test]
fn a_file_beyond_the_limits_is_refused() {
    let text = "#".repeat(MAX_FILE_SIZE + 1);
    assert_eq!(
        findings(&text),
        "1:1 FW106 the file has 16777217 bytes, the most that is read is 16777216\n"
    );
    let text = format!("fwc 1\nset a {{\n{}", "b\n".repeat(recover::MAX_ENTRIES));
    assert_eq!(findings(&text), "1000001:1 FW106 the file has more than 1000000 entries\n");
}

/// Texts that a parser with a weakness spends too long on; each is linear, which the limit of the
/// whole test shows: a quadratic one would take hours.
#[test]
fn hostile_text_takes_no_longer_than_other_text() {
    for part in [
        "{",
        "}",
        "\"",
        "\\",
        "$",
        "${",
        "${a ",
        "\"\n",
        "}\n",
        "{\n",
        "a ",
        "a\n",
        "#",
        "#\n",
        "\n",
        "\r",
        "\u{202e}",
        "fwd\n",
        "set a\n",
        "set a {\n",
        "service a from b\n",
        "service a from b {\n",
        "allow { a",
        "allow {\n",
        "deny a,\n",
        "deny a because ",
        "tp ",
        "fwc 1\n",
        "test a -> b allow ",
        "assert only ",
        "deny a because b\n",
    ] {
        for head in ["", "fwc 1\n", "fwc 1\nset a {\n", "fwc 1\nservice a from b {\n", "deny "] {
            let text = format!("{head}{}", part.repeat(300_000 / part.len()));
            let found = parse(FileId(0), &text).diagnostics;
            assert!(found.len() <= recover::FINDINGS + 1, "{part:?}");
        }
    }
}

/// One of the words, or a name.
fn word() -> impl Strategy<Value = String> {
    prop_oneof![
        "[a-z]{1,8}\\.example",
        Just("**.${region}.amazonaws.com".to_owned()),
        Just("203.0.113.0/28".to_owned()),
        Just("bücher.example".to_owned()),
        Just("${v}".to_owned()),
        Just("a-name-that-makes-the-line-a-long-one.in-some-zone.example".to_owned()),
    ]
}

fn words() -> impl Strategy<Value = Vec<String>> {
    prop::collection::vec(word(), 1..4)
}

fn text() -> impl Strategy<Value = String> {
    "(\\\\\"|\\\\\\\\|[a-z #{}$é]){0,12}".prop_map(|text| format!("\"{text}\""))
}

fn blank() -> impl Strategy<Value = &'static str> {
    prop::sample::select(&[" ", " ", "  ", "\t"][..])
}

/// The end of a line: a comment or not, blank lines and comments below it.
fn line_end() -> impl Strategy<Value = String> {
    let part = prop::sample::select(
        &[
            "\n",
            "\n",
            "\n",
            "\r\n",
            "\n\n\n",
            " # behind\n",
            "\n  # below\n",
            "\n\n#\n\n",
            "#\"{\n",
        ][..],
    );
    prop::collection::vec(part, 1..3).prop_map(|parts| parts.concat())
}

fn clauses() -> impl Strategy<Value = String> {
    let optional = |clause: BoxedStrategy<String>| prop::option::of(clause);
    let kinds = (
        optional(words().prop_map(|words| format!("except {}", words.join(" "))).boxed()),
        optional(Just("port 443,8000-8080/tcp".to_owned()).boxed()),
        optional(words().prop_map(|words| format!("to\t{}", words.join(" "))).boxed()),
        optional(text().prop_map(|text| format!("because {text}")).boxed()),
        optional(Just("until 2027-01-31".to_owned()).boxed()),
    );
    let listed = kinds.prop_map(|(a, b, c, d, e)| [a, b, c, d, e].into_iter().flatten().collect());
    listed.prop_flat_map(|clauses: Vec<String>| Just(clauses).prop_shuffle()).prop_map(
        |clauses: Vec<String>| clauses.iter().map(|clause| format!("  {clause}")).collect(),
    )
}

fn entry() -> impl Strategy<Value = String> {
    let listed = prop::collection::vec((word(), line_end()), 1..4).prop_map(|lines| {
        let lines: String = lines.into_iter().map(|(word, end)| word + &end).collect();
        format!("{{{lines}}}")
    });
    let spread =
        (line_end(), listed).prop_map(|(end, list)| list.replacen('{', &format!("{{{end}"), 1));
    let line = prop_oneof![
        words().prop_map(|words| words.join(" ")),
        words().prop_map(|words| format!("{{ {} }}", words.join("\t"))),
        spread,
    ];
    (line, clauses()).prop_map(|(list, clauses)| list + &clauses)
}

fn block(line: BoxedStrategy<String>) -> impl Strategy<Value = String> {
    let lines = prop::collection::vec((blank(), line, line_end()), 0..5);
    (line_end(), lines).prop_map(|(end, lines)| {
        let lines: String =
            lines.into_iter().map(|(blank, line, end)| format!("{blank}{line}{end}")).collect();
        format!("{{{end}{lines}}}")
    })
}

fn statement() -> impl Strategy<Value = String> {
    let lint =
        || text().prop_map(|text| format!("lint allow FW021 until 2027-01-01 because A-1 {text}"));
    let r#use = || clauses().prop_map(|clauses| format!("use vendors{clauses}"));
    let set_line = prop_oneof![entry(), r#use()].boxed();
    let service_line = prop_oneof![
        entry().prop_map(|entry| format!("allow {entry}")),
        entry().prop_map(|entry| format!("deny {entry}")),
        r#use(),
        lint(),
        Just("owner @a".to_owned()),
    ]
    .boxed();
    prop_oneof![
        text().prop_map(|text| format!("include {text}")),
        (text(), block(set_line)).prop_map(|(doc, block)| format!("set a {doc} {block}")),
        block(service_line).prop_map(|block| {
            format!("service a from web 10.0.0.0/8 observe until 2027-01-01 only b{block}")
        }),
        entry().prop_map(|entry| format!("deny {entry}")),
        lint(),
        words().prop_map(|words| format!("assert only {} reaches a.example", words.join(" "))),
        words().prop_map(|words| format!("assert any never reach {} port 80", words.join(" "))),
        words().prop_map(|words| format!("assert regions equal except {}", words.join(" "))),
        words().prop_map(|words| {
            let samples: Vec<_> = words.iter().map(|word| format!("a -> {word}:1 deny")).collect();
            format!("test {}", samples.join(" "))
        }),
    ]
}

fn file() -> impl Strategy<Value = String> {
    let statements = prop::collection::vec((statement(), line_end()), 0..6);
    (line_end(), line_end(), statements).prop_map(|(before, behind, statements)| {
        let statements: String = statements.into_iter().map(|(line, end)| line + &end).collect();
        format!("{before}fwc 1{behind}{statements}")
    })
}

/// Pieces of the language in any order, and bytes that are none of it.
fn debris() -> impl Strategy<Value = String> {
    let piece = prop_oneof![
        prop::sample::select(
            &[
                "fwc 1\n",
                "service a from b {",
                "set a {",
                "}",
                "{",
                "allow ",
                "deny ",
                "use ",
                "because \"a\"",
                "until ",
                "port 80",
                "\"",
                "\n",
                "\n",
                " ",
                "#",
                "${",
                "$",
                "a.b",
                "test a -> b:1 deny",
                "->",
                "assert ",
                "only a reach ",
                "lint allow ",
                ",",
                "\\",
                "\r",
                "\0",
                "\u{feff}",
                "alow ",
                "servce ",
            ][..]
        )
        .prop_map(str::to_owned),
        ".{0,3}",
    ];
    prop::collection::vec(piece, 0..40).prop_map(|pieces| pieces.concat())
}

proptest! {
    #[test]
    fn printing_keeps_the_tree(text in file()) {
        formatted(&text);
    }

    #[test]
    fn no_text_is_too_strange_to_read(text in debris()) {
        let read = parse(FileId(0), &text);
        for found in &read.diagnostics {
            for place in &found.labels {
                prop_assert!(text.get(place.at.span.range()).is_some(), "{:?}", found);
            }
            prop_assert!(!found.message.contains('\n') && !found.message.ends_with('.'));
        }
        for statement in &read.file.statements {
            prop_assert!(text.get(statement.span.range()).is_some());
        }
        if read.diagnostics.is_empty() {
            formatted(&text);
        }
    }
}
