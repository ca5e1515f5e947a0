//! Policies and what becomes of them: every refusal as people see it, every form as Suricata
//! reads it.

use std::fs;
use std::path::{Path, PathBuf};

use fwc::diagnostic;
use fwc::diagnostic::render::{Format, Style, render};
use fwc::load::{self, Files};
use fwc::policy::Policy;
use fwc::project::{self, Project};
use fwc::source::{FileId, Sources};
use fwc::suricata::{self, Options, Profile, Ruleset};

/// The day every corpus policy is compiled on.
pub(crate) const TODAY: &str = "2026-11-24";

/// The folder of the corpus.
pub(crate) fn corpus() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/corpus")
}

/// Files below a folder, named relative to it.
pub(crate) struct Below(pub(crate) PathBuf);

impl Files for Below {
    fn read(&self, path: &str) -> Result<String, String> {
        let bytes = fs::read(self.0.join(path)).map_err(|error| error.to_string())?;
        String::from_utf8(bytes).map_err(|_| "not UTF-8 text".to_owned())
    }

    fn matching(&self, glob: &str) -> Result<Vec<String>, String> {
        let root = self.0.display().to_string();
        let paths = glob::glob(&format!("{root}/{glob}")).map_err(|error| error.msg.to_owned())?;
        let mut names: Vec<_> = paths
            .map(|path| path.unwrap().strip_prefix(&self.0).unwrap().display().to_string())
            .collect();
        names.sort();
        Ok(names)
    }
}

/// Reads a project file, which must be good.
pub(crate) fn project(path: &Path) -> Project {
    let text = fs::read_to_string(path).unwrap();
    let (project, found) = project::parse(FileId(0), &text);
    assert!(!diagnostic::refuses(&found), "{}: {found:?}", path.display());
    project.unwrap()
}

/// What became of a policy.
pub(crate) struct Compiled {
    pub(crate) sources: Sources,
    pub(crate) policy: Policy,
    pub(crate) rulesets: Vec<Ruleset>,
    /// Everything that was found, rendered; empty if nothing was.
    pub(crate) findings: String,
}

fn options(project: &Project) -> Options<'_> {
    let profile = Profile::of(project.firewall.profile);
    Options { today: TODAY.parse().unwrap(), profile, firewall: &project.firewall }
}

/// Compiles the policy at `path` below `root` for a project.
pub(crate) fn compile(root: &Path, path: &str, project: &Project) -> Compiled {
    let loaded = load::load(path, &Below(root.to_owned())).unwrap();
    let mut resolved = fwc::analyse(&loaded.sources, project);
    resolved.diagnostics.extend(loaded.diagnostics);
    let mut findings = resolved.diagnostics.clone();
    let (mut policy, mut rulesets) = (Policy::default(), Vec::new());
    if let Ok((accepted, _)) = resolved.accept() {
        policy = accepted;
        match suricata::compile(&policy, &options(project)) {
            Ok(compiled) => rulesets = compiled,
            Err(refused) => findings.extend(refused),
        }
    }
    let findings = render(Format::Full, &loaded.sources, &findings, Style::default());
    Compiled { sources: loaded.sources, policy, rulesets, findings }
}

/// The folders of `corpus/compile`, each with its policy and its project.
pub(crate) fn compile_cases() -> Vec<(PathBuf, Project)> {
    cases("compile")
}

fn cases(folder: &str) -> Vec<(PathBuf, Project)> {
    let mut cases: Vec<_> = fs::read_dir(corpus().join(folder))
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .filter(|path| path.is_dir())
        .collect();
    cases.sort();
    let with_project = cases.into_iter().map(|case| {
        let own = case.join("fwc.yaml");
        let file = if own.exists() { own } else { corpus().join("fwc.yaml") };
        (case, project(&file))
    });
    with_project.collect()
}

fn check_refusal(path: &Path) {
    let project = project(&corpus().join("fwc.yaml"));
    let name = path.file_name().unwrap().to_str().unwrap();
    let compiled = compile(path.parent().unwrap(), name, &project);
    assert!(!compiled.findings.is_empty(), "{} is not refused", path.display());
    insta::assert_snapshot!(compiled.findings);
}

#[test]
fn refusals_of_the_grammar() {
    insta::glob!("../corpus/parse/err", "*.fw", check_refusal);
}

#[test]
fn refusals_of_what_cannot_be_meant() {
    insta::glob!("../corpus/resolve", "*.fw", check_refusal);
}

#[test]
fn good_files_have_no_findings() {
    insta::glob!("../corpus/parse/ok", "*.fw", |path| {
        let text = fs::read_to_string(path).unwrap();
        let parsed = fwc::syntax::parse(FileId(0), &text);
        assert!(parsed.diagnostics.is_empty(), "{}", path.display());
    });
}

#[test]
fn policies_compile_to_these_signatures() {
    for (case, project) in compile_cases() {
        let compiled = compile(&case, "policy.fw", &project);
        assert_eq!(compiled.findings, "", "{}", case.display());
        for ruleset in &compiled.rulesets {
            insta::with_settings!({ snapshot_path => &case, prepend_module_to_snapshot => false }, {
                let name = format!("{}.rules", ruleset.region.role);
                insta::assert_snapshot!(name, ruleset.text);
            });
        }
    }
}

#[test]
fn refusals_of_what_cannot_be_compiled() {
    for (case, project) in cases("compile-refused") {
        let compiled = compile(&case, "policy.fw", &project);
        assert!(compiled.rulesets.is_empty(), "{}", case.display());
        insta::with_settings!({ snapshot_path => &case, prepend_module_to_snapshot => false }, {
            insta::assert_snapshot!("refused", compiled.findings);
        });
    }
}

#[test]
fn refusals_of_what_cannot_be_included() {
    for (case, project) in cases("include") {
        let compiled = compile(&case, "policy.fw", &project);
        insta::with_settings!({ snapshot_path => &case, prepend_module_to_snapshot => false }, {
            insta::assert_snapshot!("refused", compiled.findings);
        });
    }
}

#[test]
fn compiling_twice_gives_the_same_bytes() {
    for (case, project) in compile_cases() {
        let texts = || {
            let compiled = compile(&case, "policy.fw", &project);
            compiled.rulesets.into_iter().map(|ruleset| ruleset.text).collect::<Vec<_>>()
        };
        assert_eq!(texts(), texts(), "{}", case.display());
    }
}

#[test]
fn an_entry_has_one_id_in_every_region() {
    let case = corpus().join("compile/variables");
    let compiled = compile(&case, "policy.fw", &project(&corpus().join("fwc.yaml")));
    let ids = |role: usize| -> Vec<u32> {
        let signatures = compiled.rulesets[role].signatures.iter();
        let mut ids: Vec<_> = signatures
            .filter(|signature| signature.message().contains("amazonaws"))
            .map(|signature| signature.sid)
            .collect();
        ids.sort_unstable();
        ids
    };
    assert_eq!(ids(0).len(), 2, "the name with its region spelled out is the same name here");
    assert_eq!(ids(1).len(), 3);
    assert!(ids(0).iter().all(|id| ids(1).contains(id)));
}
