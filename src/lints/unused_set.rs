//! A set that no service uses.

use std::collections::{BTreeMap, BTreeSet};

use crate::diagnostic::{Diagnostic, codes};
use crate::syntax::ast::{ServiceLine, SetLine};
use super::review::{Block, Lines};
use super::{Basis, Findings, Level, Lint, Review};

pub(super) static LINT: Lint = Lint {
    code: codes::UNUSED_SET,
    level: Level::Warn,
    basis: Basis::WholePolicy,
    page: include_str!("../../docs/lints/unused-set.md"),
    check,
};

fn check(review: &Review<'_>, findings: &mut Findings) {
    // A policy without services is a library, to be included by others.
    if review.policy.services.is_empty() {
        return;
    }
    let mut sets: BTreeMap<&str, &Block<'_>> = BTreeMap::new();
    let mut open: Vec<&str> = Vec::new();
    for block in review.blocks() {
        match block.lines {
            Lines::Set(_) => {
                sets.insert(block.name.node, block);
            }
            Lines::Service(service) => {
                open.extend(service.body.iter().filter_map(|line| match &line.node {
                    ServiceLine::Use(used) => Some(used.set.node),
                    _ => None,
                }));
            }
            Lines::Deny(_) => {}
        }
    }
    let mut used: BTreeSet<&str> = BTreeSet::new();
    while let Some(name) = open.pop() {
        if !used.insert(name) {
            continue;
        }
        let Some(Lines::Set(set)) = sets.get(name).map(|block| block.lines) else { continue };
        open.extend(set.body.iter().filter_map(|line| match &line.node {
            SetLine::Use(used) => Some(used.set.node),
            SetLine::Entry(_) => None,
        }));
    }
    // What is included may be used by another policy of the project.
    let first = review.sources.policies().next().map(|(id, _)| id);
    let is_ours = |block: &Block<'_>| review.is_main() || Some(block.at.file) == first;
    let unused = sets.iter().filter(|(name, block)| !used.contains(**name) && is_ours(block));
    for (name, block) in unused {
        let found = Diagnostic::warning(codes::UNUSED_SET, format!("no service uses the set `{name}`"))
            .at(block.name_at(), "")
            .help(format!("remove it, or write `use {name}` where it is needed"));
        findings.report(None, found);
    }
}
