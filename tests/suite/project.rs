//! Project files: what is read, what is refused, and that nothing breaks the reader.

use fwc::diagnostic::refuses;
use fwc::diagnostic::render::{Format, Style, render};
use fwc::project::{self, Project};
use fwc::source::{SourceFile, Sources};
use proptest::prelude::*;

/// What is read from a text, and its findings as people see them.
fn parse(text: &str) -> (Option<Project>, bool, String) {
    let mut sources = Sources::new();
    let file = sources.add(SourceFile::new("fwc.yaml", text));
    let (project, found) = project::parse(file, text);
    let shown = render(Format::Full, &sources, &found, Style::default());
    (project, refuses(&found), shown)
}

#[test]
fn good_files_are_read() {
    insta::glob!("../corpus/project/ok", "*.yaml", |path| {
        let (project, refused, found) = parse(&std::fs::read_to_string(path).unwrap());
        assert!(!refused, "{found}");
        insta::assert_snapshot!(format!("{:#?}\n{found}", project.unwrap()));
    });
}

#[test]
fn bad_files_are_refused() {
    insta::glob!("../corpus/project/err", "*.yaml", |path| {
        let (_, refused, found) = parse(&std::fs::read_to_string(path).unwrap());
        assert!(refused, "nothing was refused:\n{found}");
        insta::assert_snapshot!(found);
    });
}

#[test]
fn findings_without_end_are_cut_short() {
    let unknown: String = (0..9_000).map(|key| format!("key{key}: 1\n")).collect();
    let (_, refused, found) = parse(&format!("name: s\nregions: {{ r: {{}} }}\n{unknown}"));
    assert!(refused);
    assert_eq!(found.matches("error[FW403]").count(), 50);
    assert!(found.contains("error[FW402]: the project file has more than 50 errors"));
}

#[test]
fn warnings_without_end_hide_no_error() {
    let networks = "10.0.0.0/8, ".repeat(9_000);
    let (project, refused, found) =
        parse(&format!("name: 's'\nregions: {{ r: {{ networks: {{ n: [{networks}] }} }} }}"));
    assert!(project.is_some() && !refused);
    assert!(found.contains("warning[FW402]: the project file has more than 50 warnings"));
    let (_, refused, found) =
        parse(&format!("name: ''\nregions: {{ r: {{ networks: {{ n: [{networks}] }} }} }}"));
    assert!(refused && found.contains("error[FW409]"));
}

/// A good file with a few bytes of it removed, doubled or replaced.
fn mutated() -> impl Strategy<Value = String> {
    let good = include_str!("../corpus/project/ok/overrides.yaml");
    let piece = prop_oneof![
        "[-\\[\\]{}:,&*!|>'\"#%@` \n\t?0-9a-z]{0,4}",
        any::<char>().prop_map(String::from)
    ];
    let changes = proptest::collection::vec((0..good.len(), 0..6usize, piece), 1..5);
    changes.prop_map(move |changes| {
        changes.into_iter().fold(good.to_owned(), |text, (at, length, piece)| {
            let start = text.floor_char_boundary(at);
            let end = text.floor_char_boundary((start + length).min(text.len())).max(start);
            format!("{}{piece}{}", &text[..start], &text[end..])
        })
    })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(1024))]

    #[test]
    fn no_text_breaks_the_reader(text in prop_oneof![any::<String>(), mutated()]) {
        let (project, refused, found) = parse(&text);
        prop_assert!(project.is_some() || refused);
        prop_assert!(refused || !found.contains("error["));
        let places = project::parse(fwc::source::FileId(0), &text).1;
        for at in places.iter().flat_map(|found| &found.labels).map(|label| label.at.span) {
            prop_assert!(text.get(at.range()).is_some(), "{at:?} in {text:?}");
        }
    }
}

#[test]
fn the_documented_file_is_read() {
    let page = include_str!("../../docs/project-file.md");
    let mut blocks = page.split("```yaml\n").skip(1).filter_map(|rest| rest.split("```").next());
    let (project, _, found) = parse(blocks.next().unwrap());
    assert_eq!((found.as_str(), blocks.next()), ("", None));
    let project = project.unwrap();
    assert_eq!(project.regions.len(), 2);
    assert_eq!(project.firewall.home_net.map(|cidrs| cidrs.len()), Some(1));
}
