//! The names of a policy as domain lists for the Route 53 Resolver DNS Firewall.
//!
//! A domain is a name, or `*.` and a name, which stands for everything below it. It holds letters,
//! digits and hyphens, no `_`, at most 255 characters
//! (<https://docs.aws.amazon.com/Route53/latest/DeveloperGuide/resolver-dns-firewall-user-managed-domain-lists.html>,
//! checked 2026-11-24). Whether `*-docker.pkg.dev` is read as part of a label is not documented, so
//! `*` is written as a whole label only, and alone where no name is left behind it.
//!
//! A list belongs to a VPC: what one service may reach, all may resolve. So the list of what is
//! allowed is never narrower than the policy, and wider only where a domain cannot say what a
//! pattern says; the list of what is blocked holds what is denied to everybody, and only where a
//! domain says exactly that. What either does not say is in the report.

use std::collections::BTreeMap;

use serde::Serialize;

use super::{Context, Delivery, Output, Place, Target, Usage, json};
use crate::policy::fqdn::Fqdn;
use crate::policy::names::NameSet;
use crate::policy::pattern::Pattern;
use crate::policy::{Action, Destination, Grant, Policy, Reach, RegionId};

/// The target.
pub(super) static DNS_FIREWALL: Target = Target {
    name: "dns-firewall",
    summary: "dns-firewall-*.txt, dns-firewall.json: the same names for the VPC's resolver",
    usage: Usage::OnRequest,
    owns: |name| matches!(name, ALLOW | BLOCK | REPORT),
    emit,
};

/// What may be resolved, a domain a line.
const ALLOW: &str = "dns-firewall-allow.txt";

/// What is denied to everybody, a domain a line.
const BLOCK: &str = "dns-firewall-block.txt";

/// What the lists stand for, and what they do not say.
const REPORT: &str = "dns-firewall.json";

#[derive(Serialize)]
struct Report<'r> {
    schema: u32,
    project: &'r str,
    region: &'r str,
    aws: Option<&'r str>,
    /// What DNS Firewall should do with a name on neither list. What is on both is to be blocked.
    otherwise: Otherwise,
    /// Services to which nothing is denied, whatever they look up.
    observing: Vec<&'r str>,
    allow: Vec<Allowed<'r>>,
    /// Grants by address: whatever name a client looks up to get there, it is not known here.
    nameless: Vec<Said<'r>>,
    block: Vec<Blocked<'r>>,
    not_blocked: Vec<NotBlocked<'r>>,
}

/// An action of DNS Firewall.
#[derive(Serialize)]
#[serde(rename_all = "UPPERCASE")]
enum Otherwise {
    Block,
    Alert,
}

#[derive(Serialize)]
struct Allowed<'r> {
    domain: String,
    fit: Fit,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    why: Vec<&'static str>,
    /// A name that can be resolved although none of these grants names it.
    #[serde(skip_serializing_if = "Option::is_none")]
    also: Option<String>,
    grants: Vec<Said<'r>>,
}

#[derive(Serialize)]
struct Blocked<'r> {
    domain: String,
    denies: Vec<Said<'r>>,
}

#[derive(Serialize)]
struct NotBlocked<'r> {
    #[serde(flatten)]
    deny: Said<'r>,
    why: &'static str,
}

/// An entry, and where it stands.
#[derive(Serialize)]
struct Said<'r> {
    service: Option<&'r str>,
    entry: String,
    #[serde(flatten)]
    at: Option<Place<'r>>,
}

/// How much of what can be resolved is named by a grant.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
enum Fit {
    /// All of it.
    Exact,
    /// Not all of it.
    Wider,
}

/// Why a domain does not say what a pattern says.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Gap {
    Depth,
    Glob,
    Underscore,
    Except,
}

impl Gap {
    fn why(self) -> &'static str {
        match self {
            Self::Depth => "`*` is one label in the policy, and any number of them here",
            Self::Glob => "a part of a label cannot be said here",
            Self::Underscore => "`_` cannot stand in a domain here",
            Self::Except => "exceptions cannot be said here",
        }
    }
}

fn emit(context: &Context<'_>, delivery: &Delivery<'_>, out: &mut Output<'_>) {
    let ruleset = delivery.ruleset;
    let scene = Scene { context, policy: context.policy, region: ruleset.id };
    let allow = scene.allowed();
    let (block, not_blocked) = scene.blocked();
    let observing = scene.observing();
    let report = Report {
        schema: 1,
        project: &context.project.name,
        region: &ruleset.region.role,
        aws: ruleset.region.aws.as_deref(),
        otherwise: if observing.is_empty() { Otherwise::Block } else { Otherwise::Alert },
        observing,
        allow,
        nameless: scene.nameless(),
        block,
        not_blocked,
    };
    let lists = [
        (ALLOW, lines(report.allow.iter().map(|it| &it.domain))),
        (BLOCK, lines(report.block.iter().map(|it| &it.domain))),
    ];
    for (name, list) in lists {
        // The service refuses to import a file without a domain.
        if !list.is_empty() {
            out.file(ruleset, name, list);
        }
    }
    out.notes.extend(notes(&report));
    out.file(ruleset, REPORT, json(&report));
}

fn lines<'d>(domains: impl Iterator<Item = &'d String>) -> String {
    domains.flat_map(|domain| [domain, "\n"]).collect()
}

/// What whoever uses the lists should know.
fn notes(report: &Report<'_>) -> Vec<String> {
    let role = report.region;
    let mut notes = Vec::new();
    let wider = report.allow.iter().filter(|it| it.fit == Fit::Wider).count();
    if wider > 0 {
        let all = report.allow.len();
        notes.push(format!(
            "region `{role}`: {ALLOW} is wider than the policy in {wider} of its {all} lines, see \
             {REPORT}"
        ));
    }
    if !report.nameless.is_empty() {
        notes.push(format!(
            "region `{role}`: what is granted by address has no name for {ALLOW}, see {REPORT}"
        ));
    }
    let observing: Vec<_> = report.observing.iter().map(|name| format!("`{name}`")).collect();
    if !observing.is_empty() {
        notes.push(format!(
            "region `{role}`: {} may reach more than {ALLOW} says while observing; let other names \
             alert, not fail",
            observing.join(", ")
        ));
    }
    notes
}

/// A policy in a region on a day.
struct Scene<'r> {
    context: &'r Context<'r>,
    policy: &'r Policy,
    region: RegionId,
}

impl<'r> Scene<'r> {
    /// What is in force here, with its destination and its exceptions.
    fn in_force(
        &self,
        action: Action,
    ) -> impl Iterator<Item = (&'r Grant, &'r Destination, &'r [Destination])> {
        let Self { context, policy, region } = *self;
        policy.grants.iter().filter(move |grant| grant.action == action).filter_map(move |grant| {
            let terms = policy.terms(grant);
            let runs = grant.service.is_none_or(|id| policy.service(id).sources(region).is_some());
            if !runs || !terms.in_force(context.options.today) {
                return None;
            }
            Some((grant, grant.destination.get(region)?, terms.except(region)))
        })
    }

    fn observing(&self) -> Vec<&'r str> {
        let services = self.policy.services.iter();
        let here = services.filter(|service| service.sources(self.region).is_some());
        let observing = here.filter(|service| service.observes(self.context.options.today));
        observing.map(|service| &*service.name).collect()
    }

    fn allowed(&self) -> Vec<Allowed<'r>> {
        let mut domains: BTreeMap<String, Asking<'r>> = BTreeMap::new();
        for (grant, destination, except) in self.in_force(Action::Allow) {
            let Destination::Names(pattern) = destination else { continue };
            let Domain { text, names, gaps } = Domain::around(pattern);
            let asking = domains.entry(text).or_default();
            asking.whole = names;
            asking.gaps.extend(gaps);
            if except.is_empty() {
                asking.patterns.push(pattern);
            } else {
                asking.gaps.push(Gap::Except);
                asking.parts.push(without(pattern, except));
            }
            asking.grants.push(self.said(grant));
        }
        domains.into_iter().map(|(domain, asking)| asking.allowed(domain)).collect()
    }

    fn nameless(&self) -> Vec<Said<'r>> {
        let grants = self.in_force(Action::Allow);
        let nameless =
            grants.filter(|(_, destination, _)| matches!(destination, Destination::Addresses(_)));
        nameless.map(|(grant, ..)| self.said(grant)).collect()
    }

    /// What is denied to everybody and can be said, and every other deny.
    fn blocked(&self) -> (Vec<Blocked<'r>>, Vec<NotBlocked<'r>>) {
        let observed = !self.observing().is_empty();
        let mut domains: BTreeMap<String, Vec<Said<'r>>> = BTreeMap::new();
        let mut not_blocked = Vec::new();
        for (grant, destination, except) in self.in_force(Action::Deny) {
            match self.block(grant, destination, except, observed) {
                Ok(domain) => domains.entry(domain).or_default().push(self.said(grant)),
                Err(why) => not_blocked.push(NotBlocked { deny: self.said(grant), why }),
            }
        }
        let blocked = domains.into_iter().map(|(domain, denies)| Blocked { domain, denies });
        (blocked.collect(), not_blocked)
    }

    /// The domain that blocks exactly what is denied, if no allowed name is among it.
    fn block(
        &self,
        grant: &Grant,
        destination: &Destination,
        except: &[Destination],
        observed: bool,
    ) -> Result<String, &'static str> {
        let Destination::Names(pattern) = destination else {
            return Err("an address is not looked up");
        };
        if grant.service.is_some() {
            return Err("it is denied to one service, and the list holds for all");
        }
        let terms = self.policy.terms(grant);
        if terms.reach != Reach::Everything || !terms.to().is_empty() {
            return Err("it is denied on some ports, protocols or addresses only");
        }
        if !except.is_empty() {
            return Err(Gap::Except.why());
        }
        if observed {
            return Err("nothing is denied to a service that observes");
        }
        let Domain { text, gaps, .. } = Domain::around(pattern);
        gaps.first().map_or(Ok(text), |gap| Err(gap.why()))
    }

    fn said(&self, grant: &'r Grant) -> Said<'r> {
        Said {
            service: grant.service.map(|id| &*self.policy.service(id).name),
            entry: self.policy.entry_text(grant),
            at: self.context.place(grant.at),
        }
    }
}

/// Grants that one domain stands for.
#[derive(Default)]
struct Asking<'r> {
    /// The names of the domain; `None` for all.
    whole: Option<NameSet>,
    gaps: Vec<Gap>,
    /// What is granted without exceptions.
    patterns: Vec<&'r Pattern>,
    /// What is granted with exceptions, without them.
    parts: Vec<NameSet>,
    grants: Vec<Said<'r>>,
}

impl<'r> Asking<'r> {
    fn allowed(mut self, domain: String) -> Allowed<'r> {
        let granted = NameSet::from_patterns(self.patterns.iter().copied());
        let granted = self.parts.iter().fold(granted, |granted, part| granted.union(part));
        let also = self.whole.as_ref().and_then(|whole| whole.difference(&granted).witness());
        let grants = self.grants;
        if self.whole.is_some() && also.is_none() {
            return Allowed { domain, fit: Fit::Exact, why: Vec::new(), also, grants };
        }
        self.gaps.sort_unstable();
        self.gaps.dedup();
        let why = self.gaps.iter().map(|gap| gap.why()).collect();
        Allowed { domain, fit: Fit::Wider, why, also, grants }
    }
}

/// The names of a pattern, without its exceptions.
fn without(pattern: &Pattern, except: &[Destination]) -> NameSet {
    let except = except.iter().filter_map(|destination| match destination {
        Destination::Names(pattern) => Some(pattern),
        Destination::Addresses(_) => None,
    });
    NameSet::from_pattern(pattern).difference(&NameSet::from_patterns(except))
}

/// A domain of a list.
struct Domain {
    text: String,
    /// Why it stands for more names than the pattern it was made for.
    gaps: Vec<Gap>,
    /// The names it stands for; `None` for all.
    names: Option<NameSet>,
}

impl Domain {
    /// The narrowest domain that stands for every name of a pattern.
    fn around(pattern: &Pattern) -> Self {
        let mut gaps: Vec<Gap> = match pattern {
            Pattern::Exact(_) | Pattern::Below(_) => Vec::new(),
            Pattern::OneLabel { label, .. } if label.is_any() => vec![Gap::Depth],
            Pattern::OneLabel { .. } => vec![Gap::Glob],
        };
        let name = pattern.base();
        let text = name.as_str();
        let Some(last) = text.rfind('_') else {
            if let Pattern::Exact(_) = pattern {
                let names = Some(NameSet::from_pattern(pattern));
                return Self { text: text.to_owned(), gaps, names };
            }
            return Self::below(name, gaps);
        };
        gaps.push(Gap::Underscore);
        let behind = text.get(last..).and_then(|rest| rest.split_once('.'));
        match behind.and_then(|(_, parent)| Fqdn::parse(parent).ok()) {
            Some(parent) => Self::below(&parent.value, gaps),
            None => Self { text: "*".to_owned(), gaps, names: None },
        }
    }

    fn below(parent: &Fqdn, gaps: Vec<Gap>) -> Self {
        let names = Some(NameSet::from_pattern(&Pattern::Below(parent.clone())));
        Self { text: format!("*.{parent}"), gaps, names }
    }
}
