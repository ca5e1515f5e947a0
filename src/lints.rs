//! Checks of a policy that can be compiled, but may not be what somebody meant.
//!
//! A lint is a value of [`LINTS`]: a code, a level, a page and a function. It has no state and knows
//! nothing of levels and suppressions: it reports what it sees, and [`run`] decides what is shown.
//! `docs/adding-a-lint.md` says how to add one.

mod coverage;
mod redundancy;
mod review;
pub mod suffix;
pub mod tenants;

use std::collections::BTreeMap;

use crate::diagnostic::{Code, Diagnostic, Severity, codes, did_you_mean};
use crate::policy::{ServiceId, Suppression};
use crate::project::{self, Project};
use crate::source::{FileId, Location, Sources};
pub use review::{Options, Review};

/// One check, with everything a reader, a terminal or a generated page needs to know about it.
pub struct Lint {
    /// Its code, name and summary.
    pub code: Code,
    /// What happens if it finds something and the project file does not say otherwise.
    pub level: Level,
    /// What it has to have seen.
    pub basis: Basis,
    /// Markdown: what it finds, why that matters, a bad and a good policy.
    pub page: &'static str,
    /// Reports everything it finds.
    pub check: fn(&Review<'_>, &mut Findings),
}

/// What a finding does.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Level {
    /// Nothing: the lint is off.
    Allow,
    /// It is shown.
    Warn,
    /// It is shown, and refuses the policy.
    Deny,
}

impl Level {
    /// The word of the project file.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Allow => "allow",
            Self::Warn => "warn",
            Self::Deny => "deny",
        }
    }
}

/// What a lint has to have seen before it can say anything.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Basis {
    /// The entries that could be read: also of a policy with mistakes in it.
    Entries,
    /// Everything: what is absent could stand in a line with a mistake.
    WholePolicy,
}

macro_rules! lints {
    ($($module:ident)*) => {
        $(mod $module;)*
        /// Every lint, in the order of its code.
        pub static LINTS: &[&Lint] = &[$(&$module::LINT),*];
    };
}

lints! {
    wildcard_on_public_suffix
    wildcard_over_public_suffix
    wildcard_on_tenant_parent
    foreign_account
    outside_resolver
    anonymous_upload
    shared_storage
    wide_address
    private_address
    wide_ports
    shallow_exception
    duplicate_entry
    shadowed_entry
    entry_never_in_force
    deny_denies_nothing
    idle_exception
    unused_set
    unused_network
    unused_suppression
    unknown_lint
    wildcard_without_until
    address_without_until
    http_without_until
    expired_entry
    expiring_soon
    distant_until
    long_observation
    missing_reason
    missing_owner
    plaintext_http
    tls_port_without_tls
    mixed_script_name
    confusable_name
    underscore_name
    single_label_name
    unknown_top_level_domain
    spelled_out_region
    overlapping_sources
    unscoped_source
    unbalanced_regions
    capacity_nearly_used
    published_profile_hole
    empty_service
}

/// The lint with that code or name.
pub fn find(word: &str) -> Option<&'static Lint> {
    LINTS.iter().copied().find(|lint| lint.code.id == word || lint.code.name == word)
}

/// What lints have found so far.
#[derive(Debug, Default)]
pub struct Findings {
    found: Vec<Finding>,
}

/// One finding and whom it is about.
#[derive(Debug)]
struct Finding {
    diagnostic: Diagnostic,
    /// The services it is about; none if it is about something else.
    services: Vec<ServiceId>,
}

impl Findings {
    /// Reports something about a service, or about no one in particular.
    ///
    /// What is reported several times with the same words at the same place is one finding, about
    /// all the services that were named: a line of a set is of each service that uses it.
    pub fn report(&mut self, service: Option<ServiceId>, diagnostic: Diagnostic) {
        self.found.push(Finding { diagnostic, services: service.into_iter().collect() });
    }

    /// Sorts by place, and makes one of those that say the same.
    fn merge(&mut self) {
        let key = |finding: &Finding| {
            let Diagnostic { code, message, .. } = &finding.diagnostic;
            let at = finding.diagnostic.location().map(|at| (at.file, at.span));
            (at, *code, message.clone())
        };
        self.found.sort_by_cached_key(key);
        self.found.dedup_by(|later, first| {
            let same = later.diagnostic.location() == first.diagnostic.location()
                && later.diagnostic.code == first.diagnostic.code
                && later.diagnostic.message == first.diagnostic.message;
            if same {
                first.services.append(&mut later.services);
            }
            same
        });
    }
}

/// Runs every lint, as the project file sets them and the policy suppresses them.
pub fn run(review: &Review<'_>) -> Vec<Diagnostic> {
    let (levels, mut shown) = Levels::of(review.project, review.sources);
    let mut suppressions = Suppressions::of(review);
    for lint in LINTS {
        let level = levels.of_lint(lint);
        if level == Level::Allow || lint.basis == Basis::WholePolicy && !review.is_whole {
            continue;
        }
        let mut findings = Findings::default();
        (lint.check)(review, &mut findings);
        findings.merge();
        let left = findings.found.into_iter().filter(|finding| !suppressions.silence(finding));
        shown.extend(left.map(|finding| finding.diagnostic));
    }
    // Only now is it known which suppressions silence nothing.
    if review.is_whole {
        shown.extend(suppressions.unused(review));
    }
    shown.retain_mut(|found| {
        let level = find(found.code.id).map_or(Level::Deny, |lint| levels.of_lint(lint));
        found.severity = if level == Level::Deny { Severity::Error } else { Severity::Warning };
        level != Level::Allow
    });
    shown
}

/// The level of each lint in a project.
#[derive(Debug)]
struct Levels {
    set: BTreeMap<Code, Level>,
}

impl Levels {
    /// What the project file says, and what is wrong with that.
    fn of(project: &Project, sources: &Sources) -> (Self, Vec<Diagnostic>) {
        let (mut set, mut found) = (BTreeMap::new(), Vec::new());
        let project::Lint { deny, warn, allow } = &project.lint;
        for (level, words) in [(Level::Deny, deny), (Level::Warn, warn), (Level::Allow, allow)] {
            for word in words {
                match find(word) {
                    Some(lint) => {
                        set.insert(lint.code, level);
                    }
                    None => {
                        let place = sources.project().and_then(|(id, file)| {
                            project::locate(id, &file.text, &["lint", level.as_str(), word])
                        });
                        found.push(unknown(word, place));
                    }
                }
            }
        }
        (Self { set }, found)
    }

    fn of_lint(&self, lint: &Lint) -> Level {
        self.set.get(&lint.code).copied().unwrap_or(lint.level)
    }
}

/// A word that should name a lint and does not.
fn unknown(word: &str, at: Option<Location>) -> Diagnostic {
    let message = format!("no lint `{word}`");
    let mut found = Diagnostic::warning(codes::UNKNOWN_LINT, message);
    if let Some(at) = at {
        found = found.at(at, "");
    }
    if codes::ALL.iter().any(|code| code.id == word || code.name == word) {
        return found.help("that is a mistake of the language, which cannot be allowed; mend it");
    }
    let known = LINTS.iter().flat_map(|lint| [lint.code.name, lint.code.id]);
    match did_you_mean(word, known) {
        Some(near) => found.help(format!("did you mean `{near}`?")),
        None => found.help("`fwc explain lints` lists them all"),
    }
}

/// The `lint allow` statements of a policy.
struct Suppressions<'p> {
    words: Vec<Word<'p>>,
    /// Those in force; the first of several that say the same.
    index: BTreeMap<(Code, Scope), usize>,
    unknown: Vec<Diagnostic>,
}

/// What a statement silences.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Scope {
    File(FileId),
    Service(ServiceId),
}

/// One lint of one statement.
struct Word<'p> {
    code: Code,
    at: Location,
    statement: &'p Suppression,
    in_force: bool,
    used: bool,
}

impl<'p> Suppressions<'p> {
    fn of(review: &Review<'p>) -> Self {
        let mut all = Self { words: Vec::new(), index: BTreeMap::new(), unknown: Vec::new() };
        for statement in &review.policy.suppressions {
            let in_force = statement.until.is_none_or(|until| review.today <= until);
            for (word, at) in &statement.lints {
                let Some(Lint { code, .. }) = find(word) else {
                    all.unknown.push(unknown(word, Some(*at)));
                    continue;
                };
                if in_force {
                    let scope = statement.service.map_or(Scope::File(at.file), Scope::Service);
                    all.index.entry((*code, scope)).or_insert(all.words.len());
                }
                all.words.push(Word { code: *code, at: *at, statement, in_force, used: false });
            }
        }
        all
    }

    /// Whether a finding is silenced: by its file, or by every service it is about.
    fn silence(&mut self, finding: &Finding) -> bool {
        let file = finding.diagnostic.location().map(|at| Scope::File(at.file));
        if file.is_some_and(|file| self.has(finding, file)) {
            return true;
        }
        let mut silenced = !finding.services.is_empty();
        for service in &finding.services {
            silenced &= self.has(finding, Scope::Service(*service));
        }
        silenced
    }

    fn has(&mut self, finding: &Finding, scope: Scope) -> bool {
        let at = self.index.get(&(finding.diagnostic.code, scope));
        let word = at.and_then(|at| self.words.get_mut(*at));
        word.is_some_and(|word| {
            word.used = true;
            true
        })
    }

    /// What is wrong with the statements themselves.
    fn unused(self, review: &Review<'_>) -> Vec<Diagnostic> {
        let mut found = self.unknown;
        for Word { code, at, statement, in_force, used } in self.words {
            let name = code.name;
            let diagnostic = |message| Diagnostic::warning(codes::UNUSED_SUPPRESSION, message);
            match statement.until {
                Some(until) if !in_force => found.push(
                    diagnostic(format!("the suppression of `{name}` ended on {until}"))
                        .at(at, "")
                        .help("mend what it was for, or set another day and say why"),
                ),
                _ if !used => {
                    let place = match statement.service {
                        Some(service) => format!("in `{}`", review.policy.service(service).name),
                        None => "in this file".to_owned(),
                    };
                    found.push(
                        diagnostic(format!("nothing {place} is a `{name}`"))
                            .at(at, "silences nothing")
                            .help("remove it"),
                    );
                }
                _ => {}
            }
        }
        found
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_lint_is_found_by_code_and_by_name() {
        for lint in LINTS {
            assert_eq!(find(lint.code.id).map(|it| it.code), Some(lint.code));
            assert_eq!(find(lint.code.name).map(|it| it.code), Some(lint.code));
        }
        assert!(find("FW101").is_none());
    }
}
