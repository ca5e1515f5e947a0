//! Artifacts: their bytes, and whether DNS Firewall's lists say what the policy says.

use fwc::emit::{self, Context, Delivery, TARGETS, Target};
use fwc::policy::pattern::Pattern;
use fwc::project::Project;
use fwc::source::{SourceFile, Sources};
use fwc::suricata::{self, Options, Profile, Ruleset};
use proptest::prelude::*;
use serde_json::Value;

use crate::corpus::{Compiled, TODAY, compile, corpus, project};

/// What targets write, with everything in memory.
#[derive(Default)]
pub(crate) struct Emitted {
    pub(crate) artifacts: Vec<Artifact>,
    pub(crate) notes: Vec<String>,
}

/// An artifact that was kept.
pub(crate) struct Artifact {
    pub(crate) path: String,
    pub(crate) contents: String,
}

fn emit(context: &Context<'_>, rulesets: &[Ruleset], targets: &[&Target]) -> Emitted {
    let deliveries: Vec<_> = rulesets.iter().map(Delivery::new).collect();
    let mut artifacts = Vec::new();
    let notes = emit::emit(context, &deliveries, targets, &mut |artifact| {
        artifacts.push(Artifact { path: artifact.path.clone(), contents: artifact.contents() });
    });
    Emitted { artifacts, notes }
}

/// What every target writes for a compiled policy.
pub(crate) fn emit_all(compiled: &Compiled, project: &Project) -> Emitted {
    assert_eq!(compiled.findings, "");
    let options = Options {
        today: TODAY.parse().unwrap(),
        profile: Profile::of(project.firewall.profile),
        firewall: &project.firewall,
    };
    let context = Context {
        project,
        policy: &compiled.policy,
        sources: &compiled.sources,
        options,
        root: "",
    };
    emit(&context, &compiled.rulesets, TARGETS)
}

fn target(name: &str) -> &'static Target {
    TARGETS.iter().find(|target| target.name == name).unwrap()
}

#[test]
fn artifacts_have_these_bytes() {
    let case = corpus().join("emit");
    let project = project(&case.join("fwc.yaml"));
    let Emitted { artifacts, notes } = emit_all(&compile(&case, "policy.fw", &project), &project);
    let mut settings = insta::Settings::clone_current();
    settings.set_snapshot_path(&case);
    settings.set_prepend_module_to_snapshot(false);
    settings.set_omit_expression(true);
    settings.add_filter(env!("CARGO_PKG_VERSION"), "[version]");
    settings.bind(|| {
        for Artifact { path, contents } in &artifacts {
            insta::assert_snapshot!(path.replace('/', "."), contents);
        }
        insta::assert_snapshot!("notes", notes.join("\n"));
    });
}

#[test]
fn every_artifact_has_an_owner() {
    let case = corpus().join("emit");
    let project = project(&case.join("fwc.yaml"));
    for artifact in emit_all(&compile(&case, "policy.fw", &project), &project).artifacts {
        let (_, name) = artifact.path.split_once('/').unwrap();
        let owners = TARGETS.iter().filter(|target| (target.owns)(name)).count();
        assert_eq!(owners, 1, "{name}");
        assert!(emit::is_ours(name));
    }
    for foreign in ["rule-group-x.json", "rule-group-1.json.bak", "main.tf", ""] {
        assert!(!emit::is_ours(foreign), "{foreign}");
    }
}

#[test]
fn what_cannot_be_addressed_is_noted() {
    let case = corpus().join("emit");
    let mut project = project(&case.join("fwc.yaml"));
    project.vars.clear();
    project.regions["secondary"].vars.clear();
    let emitted = emit_all(&compile(&case, "policy.fw", &project), &project);
    assert!(emitted.artifacts.iter().all(|it| !it.path.ends_with("firewall-policy.json")));
    let noted = emitted.notes.iter().filter(|note| note.contains("`vars.account`")).count();
    assert_eq!(noted, 2, "{:?}", emitted.notes);
}

/// A pattern of an entry, over few labels, so that patterns meet.
fn pattern() -> impl Strategy<Value = String> {
    let wildcard = prop::sample::select(vec!["", "", "*.", "**.", "a*.", "*b.", "a*b.", "_*."]);
    let base = prop::sample::select(vec![
        "a.t",
        "b.t",
        "a_b.t",
        "b.a_b.t",
        "a_b.a_b.t",
        "a.b.t",
        "t.a_t",
        "t",
    ]);
    (wildcard, base).prop_map(|(wildcard, base)| format!("{wildcard}{base}"))
}

#[derive(Debug, Clone)]
struct Entry {
    pattern: String,
    except: Option<String>,
    /// What else it says; it then decides about some flows to a name, and not about all.
    clause: &'static str,
}

impl Entry {
    fn matches(&self, name: &str) -> bool {
        let matches = |text: &str| Pattern::parse(text).unwrap().value.matches(name);
        matches(&self.pattern) && !self.except.as_deref().is_some_and(matches)
    }

    fn text(&self, action: &str) -> String {
        let except = self.except.as_ref().map(|it| format!(" except {it}")).unwrap_or_default();
        format!("{action} {}{except}{}\n", self.pattern, self.clause)
    }
}

fn entries() -> impl Strategy<Value = Vec<Entry>> {
    let except = prop::option::weighted(0.3, pattern());
    let clause = prop::sample::select(vec!["", "", "", " to 192.0.2.0/24", " port 80/http"]);
    let entry = (pattern(), except, clause).prop_map(|(pattern, except, clause)| Entry {
        pattern,
        except,
        clause,
    });
    prop::collection::vec(entry, 0..5)
}

/// Every name of up to four labels that the patterns could tell apart.
fn universe() -> Vec<String> {
    let labels = ["a", "b", "ab", "aab", "a_b", "_", "c"];
    let mut names: Vec<String> = vec!["t".into(), "a_t".into(), "u".into()];
    let mut shorter = names.clone();
    for _ in 0..3 {
        shorter = shorter
            .iter()
            .flat_map(|name| labels.iter().map(move |label| format!("{label}.{name}")))
            .collect();
        names.extend(shorter.iter().cloned());
    }
    names.extend(["t.a_t", "c.t.a_t", "ab.t.a_t"].map(str::to_owned));
    names
}

/// What DNS Firewall makes of a domain: a leading `*` stands for any run of characters.
fn stands_for(domain: &str, name: &str) -> bool {
    match domain.strip_prefix('*') {
        Some(rest) => name.len() > rest.len() && name.ends_with(rest),
        None => domain == name,
    }
}

fn is_valid(domain: &str) -> bool {
    let rest = domain.strip_prefix('*').unwrap_or(domain);
    let fits = |char: char| char.is_ascii_alphanumeric() || matches!(char, '-' | '.');
    (1..=255).contains(&domain.len()) && rest.chars().all(fits)
}

proptest! {
    #[test]
    fn domain_lists_hold_what_is_allowed(
        first in entries(), second in entries(), denied in entries(),
    ) {
        let body = |entries: &[Entry]| entries.iter().map(|it| it.text("allow")).collect::<String>();
        let text = format!(
            "fwc 1\nservice one from 10.1.0.0/16 {{\n{}}}\nservice two from 10.2.0.0/16 {{\n{}}}\n{}",
            body(&first), body(&second),
            denied.iter().map(|it| it.text("deny")).collect::<String>(),
        );
        let mut sources = Sources::new();
        sources.add(SourceFile::new("p.fw", text));
        let project = Project::without_file();
        let accepted = fwc::analyse(&sources, &project).accept();
        // Some exceptions leave nothing, which is refused.
        prop_assume!(accepted.is_ok());
        let (policy, _) = accepted.unwrap();
        let options = Options {
            today: TODAY.parse().unwrap(),
            profile: Profile::of(project.firewall.profile),
            firewall: &project.firewall,
        };
        let rulesets = suricata::compile(&policy, &options).unwrap();
        let context =
            Context { project: &project, policy: &policy, sources: &sources, options, root: "" };
        let Emitted { artifacts, .. } =
            emit(&context, &rulesets, &[target("dns-firewall")]);
        let file = |name: &str| artifacts.iter().find(|it| it.path == format!("default/{name}"));
        let list = |name| -> Vec<&str> {
            file(name).map(|it| it.contents.lines().collect()).unwrap_or_default()
        };
        let (allow, block) = (list("dns-firewall-allow.txt"), list("dns-firewall-block.txt"));
        let report: Value =
            serde_json::from_str(&file("dns-firewall.json").unwrap().contents).unwrap();
        for list in [&allow, &block] {
            prop_assert!(list.is_sorted() && list.iter().all(|domain| is_valid(domain)));
        }

        let granted = |name: &str| first.iter().chain(&second).any(|it| it.matches(name));
        let is_denied =
            |name: &str| denied.iter().any(|it| it.clause.is_empty() && it.matches(name));
        for name in universe() {
            if granted(&name) && !is_denied(&name) {
                prop_assert!(allow.iter().any(|it| stands_for(it, &name)), "{name} is not in it");
                prop_assert!(!block.iter().any(|it| stands_for(it, &name)), "{name} is blocked");
            }
            if block.iter().any(|it| stands_for(it, &name)) {
                prop_assert!(is_denied(&name), "{name} is blocked and not denied");
            }
        }
        let rows = report["allow"].as_array().unwrap();
        prop_assert!(rows.iter().map(|row| row["domain"].as_str().unwrap()).eq(allow));
        for row in rows {
            let domain = row["domain"].as_str().unwrap();
            if row["fit"] == "exact" {
                for name in universe().iter().filter(|name| stands_for(domain, name)) {
                    prop_assert!(granted(name), "{domain} is wider: {name}");
                }
            } else {
                prop_assert!(!row["why"].as_array().unwrap().is_empty());
            }
            if let Some(also) = row["also"].as_str() {
                prop_assert!(stands_for(domain, also));
            }
        }
    }
}
