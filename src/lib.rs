//! fwc: egress as code.
//!
//! One reviewed text file says which service may reach which names; this library turns it into the
//! signatures of a firewall.
//!
//! ```text
//! text ──> syntax ──> policy ──> suricata ──> emit ──> artifacts
//!            │          │            │
//!            └──────────┴────────────┴──────> diagnostics
//! ```
//!
//! The library is pure: no files, no clock, no network, no terminal, no environment. What touches
//! the world is the shell around it, in `main.rs` and `shell/`.
//!
//! # From text to signatures
//!
//! ```
//! use fwc::project::Project;
//! use fwc::source::{SourceFile, Sources};
//! use fwc::suricata::{self, profile};
//!
//! let policy = "
//! fwc 1
//! service checkout from 10.10.64.0/24 {
//!   allow api.stripe.com because PAY-812 \"card payments\"
//! }
//! ";
//! let mut sources = Sources::new();
//! sources.add(SourceFile::new("prod.fw", policy));
//! let project = Project::without_file();
//!
//! let (policy, _warnings) = fwc::analyse(&sources, &project).accept().unwrap();
//! let options = suricata::Options {
//!     today: "2026-11-24".parse().unwrap(),
//!     profile: &profile::HARDENED,
//!     firewall: &project.firewall,
//! };
//! let rulesets = suricata::compile(&policy, &options).unwrap();
//! assert!(rulesets[0].text.contains("tls.sni; content:\"api.stripe.com\"; nocase; bsize:14;"));
//! ```

pub mod analysis;
pub mod answer;
pub mod deploy;
pub mod diagnostic;
pub mod editor;
pub mod emit;
pub mod explain;
pub mod flow;
pub mod lints;
pub mod load;
pub mod matcher;
pub mod policy;
pub mod probe;
pub mod project;
pub mod readback;
pub mod source;
pub mod suricata;
pub mod syntax;
pub mod verify;

use analysis::claims;
use diagnostic::Diagnostic;
use jiff::civil::Date;
use load::Files;
use policy::Policy;
use policy::resolve::{Resolved, Tree, resolve};
use project::Project;
use source::{FileId, Sources};

/// Parses and resolves every file of a policy; never fails, says everything it finds.
pub fn analyse(sources: &Sources, project: &Project) -> Resolved {
    analyse_trees(&parse(sources), project)
}

/// [`analyse`], with everything else that can be said about a policy before it is deployed: what
/// cannot be compiled, what lints find, and which assertions do not hold. `files` has the policies
/// that `assert within` names. Sorted by place.
///
/// The project file may be among the sources, to be pointed at; it was read already.
pub fn lint(
    sources: &Sources,
    project: &Project,
    files: &impl Files,
    options: &lints::Options<'_>,
) -> Resolved {
    let parsed = parse(sources);
    let Resolved { policy, diagnostics: mut found } = analyse_trees(&parsed, project);
    let is_whole = !diagnostic::refuses(&found);
    let mut rulesets = Vec::new();
    if is_whole {
        let firewall = &project.firewall;
        let profile = suricata::Profile::of(firewall.profile);
        let options = suricata::Options { today: options.today, profile, firewall };
        match suricata::compile(&policy, &options) {
            Ok(compiled) => rulesets = compiled,
            Err(refused) => found.extend(refused),
        }
        found.extend(check_assertions(&policy, sources, project, files, options.today));
    }
    let trees = trees(&parsed);
    let review =
        lints::Review::new(&policy, &trees, sources, project, options, &rulesets, is_whole);
    found.extend(lints::run(&review));
    diagnostic::tidy(&mut found);
    Resolved { policy, diagnostics: found }
}

type Parsed<'s> = Vec<(FileId, syntax::Parsed<'s>)>;

fn parse(sources: &Sources) -> Parsed<'_> {
    let files = sources.policies();
    files.map(|(file, source)| (file, syntax::parse(file, &source.text))).collect()
}

fn trees<'t>(parsed: &'t Parsed<'_>) -> Vec<Tree<'t>> {
    parsed.iter().map(|(file, parsed)| Tree { file: *file, tree: &parsed.file }).collect()
}

fn analyse_trees(parsed: &Parsed<'_>, project: &Project) -> Resolved {
    let mut resolved = resolve(&trees(parsed), project);
    let of_syntax = parsed.iter().flat_map(|(_, parsed)| parsed.diagnostics.iter().cloned());
    resolved.diagnostics.extend(of_syntax);
    diagnostic::tidy(&mut resolved.diagnostics);
    resolved
}

/// What the assertions of a policy that do not hold on a day have to say; `files` has the policies
/// that `assert within` names.
pub fn check_assertions(
    policy: &Policy,
    sources: &Sources,
    project: &Project,
    files: &impl Files,
    today: Date,
) -> Vec<Diagnostic> {
    let outcomes = claims::decide(policy, today, &|assertion, path| {
        let from = sources.get(assertion.at.file).map_or("", |file| file.path.as_str());
        let path = match from.rsplit_once('/') {
            Some((folder, _)) => format!("{folder}/{path}"),
            None => path.to_owned(),
        };
        let loaded = load::load(&path, files).map_err(|error| format!("`{path}`: {error}"))?;
        let mut resolved = analyse(&loaded.sources, project);
        resolved.diagnostics.extend(loaded.diagnostics);
        let refused = |_| format!("`{path}` is refused; `fwc lint {path}` says why");
        resolved.accept().map(|(policy, _)| policy).map_err(refused)
    });
    claims::diagnostics(policy, &outcomes)
}
