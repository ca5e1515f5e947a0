//! What has to stay true of the tree as a whole.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use fwc::diagnostic::codes;

/// The modules of the library, lowest first. A module may use those on lower lines, and itself:
/// this list is the architecture.
const LAYERS: &[&[&str]] = &[
    &["source"],
    &["diagnostic"],
    &["syntax", "project"],
    &["load", "policy"],
    &["flow"],
    &["suricata"],
    &["emit", "lints", "matcher", "probe", "readback"],
    &["analysis", "answer", "deploy"],
    &["editor", "explain"],
    &["verify"],
];

/// What would let the library touch the world, as it would be written. Addresses are plain data,
/// and `core::net` has them without the sockets.
const IO: &[&str] = &[
    "std::env",
    "std::fs",
    "std::io",
    "std::net",
    "std::os",
    "std::process",
    "std::thread",
    "std::time",
    "print!(",
    "println!(",
    "dbg!(",
    "clap::",
    "tempfile::",
];

/// One source file of the library.
struct Source {
    /// Relative to `src`: `policy/resolve.rs`.
    path: String,
    /// The code, without comments and without what only tests see.
    code: String,
}

impl Source {
    /// The module at the top of the crate that it belongs to.
    fn module(&self) -> &str {
        self.path.split(['/', '.']).next().unwrap_or_default()
    }
}

/// Every file of the library but its root.
fn library() -> Vec<Source> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let mut sources = Vec::new();
    for path in files(&root) {
        let relative = path.strip_prefix(&root).unwrap().to_str().unwrap().to_owned();
        let is_shell = relative == "main.rs" || relative.starts_with("shell");
        let is_test = relative.ends_with("/tests.rs");
        if !is_shell && !is_test && relative != "lib.rs" {
            sources.push(Source { path: relative, code: code(&fs::read_to_string(path).unwrap()) });
        }
    }
    assert!(sources.len() > 20, "the library was not found");
    sources
}

/// The files below a folder, sorted.
fn files(folder: &Path) -> Vec<PathBuf> {
    let mut found = Vec::new();
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            found.extend(files(&path));
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            found.push(path);
        }
    }
    found.sort();
    found
}

/// The text without whole-line comments and without the tests, which end a file.
fn code(text: &str) -> String {
    let code = text.split("#[cfg(test)]\nmod tests").next().unwrap_or_default();
    let lines = code.lines().filter(|line| !line.trim_start().starts_with("//"));
    lines.map(|line| format!("{line}\n")).collect()
}

/// The modules at the top of the crate that some code names.
fn used(code: &str) -> Vec<&str> {
    let mut modules = Vec::new();
    for (at, path) in code.match_indices("crate::") {
        let rest = &code[at + path.len()..];
        let Some(group) = rest.strip_prefix('{') else {
            modules.push(identifier(rest));
            continue;
        };
        // The first name behind the brace and behind each comma that is in no inner group.
        let (mut depth, mut starts) = (1, true);
        for (at, character) in group.char_indices() {
            match character {
                '{' => depth += 1,
                '}' => depth -= 1,
                ',' => starts = depth == 1,
                _ if starts && !character.is_whitespace() => {
                    modules.push(identifier(&group[at..]));
                    starts = false;
                }
                _ => {}
            }
            if depth == 0 {
                break;
            }
        }
    }
    modules
}

fn identifier(text: &str) -> &str {
    let is_part = |character: char| character.is_ascii_alphanumeric() || character == '_';
    text.split(|character| !is_part(character)).next().unwrap_or_default()
}

#[test]
fn modules_use_only_lower_layers() {
    let layers: BTreeMap<&str, usize> = LAYERS
        .iter()
        .enumerate()
        .flat_map(|(layer, modules)| modules.iter().map(move |module| (*module, layer)))
        .collect();
    let mut wrong = Vec::new();
    for source in library() {
        let module = source.module();
        let Some(layer) = layers.get(module) else {
            wrong.push(format!("{} is of no layer", source.path));
            continue;
        };
        for other in used(&source.code) {
            let is_lower = layers.get(other).is_some_and(|lower| lower < layer);
            if other != module && !is_lower {
                wrong.push(format!("{} uses {other}", source.path));
            }
        }
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
}

#[test]
fn only_resolving_knows_the_syntax() {
    let library = library();
    let policy = library.iter().filter(|source| source.module() == "policy");
    let knowing = policy.filter(|source| used(&source.code).contains(&"syntax"));
    for source in knowing {
        assert!(source.path.starts_with("policy/resolve"), "{} uses the syntax", source.path);
    }
}

#[test]
fn uses_are_found_in_every_form() {
    let code = "use crate::source::Span;\nuse crate::{a, b::{c, d}, e::f};\nlet x = crate::g::h();";
    assert_eq!(used(code), ["source", "a", "b", "e", "g"]);
}

#[test]
fn the_library_does_no_io() {
    for Source { path, code } in library() {
        for io in IO {
            assert!(!code.contains(io), "src/{path} has `{io}`");
        }
    }
}

#[test]
fn every_file_says_what_it_knows() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let folders = ["src", "tests/suite", "benches", "examples", "fuzz/src", "fuzz/fuzz_targets"];
    let folders = folders.iter().map(|folder| root.join(folder)).filter(|folder| folder.is_dir());
    for path in folders.flat_map(|folder| files(&folder)) {
        let text = fs::read_to_string(&path).unwrap();
        assert!(text.starts_with("//! "), "{} starts with no `//!`", path.display());
    }
}

#[test]
fn codes_are_unique_and_sorted() {
    assert!(codes::ALL.is_sorted_by(|a, b| a.id < b.id), "ids are not in order");
    let mut names: Vec<&str> = codes::ALL.iter().map(|code| code.name).collect();
    names.sort_unstable();
    assert!(names.is_sorted_by(|a, b| a < b), "a name is given twice");
    for code in codes::ALL {
        let number = code.id.strip_prefix("FW").and_then(|number| number.parse::<u32>().ok());
        assert!(number.is_some_and(|number| number < 1_000) && code.id.len() == 5, "{}", code.id);
        let is_name = |byte: u8| byte.is_ascii_lowercase() || byte == b'-';
        assert!(code.name.bytes().all(is_name), "{}", code.name);
    }
}

#[test]
fn no_banned_crate_is_in_a_lockfile() {
    let banned = include_str!("../../deny.toml").lines();
    let banned: Vec<&str> = banned
        .filter_map(|line| line.trim().strip_prefix("{ crate = \"")?.split_once("\", reason"))
        .map(|(name, _)| name)
        .collect();
    assert!(banned.contains(&"openssl-sys"));
    for lockfile in [include_str!("../../Cargo.lock"), include_str!("../../fuzz/Cargo.lock")] {
        for name in &banned {
            assert!(!lockfile.contains(&format!("name = \"{name}\"\n")), "{name} is banned");
        }
    }
}
