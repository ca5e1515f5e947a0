//! What AWS refuses, checked before anything is written.
//!
//! The numbers are quotas of the service (its Developer Guide, page "quotas", and botocore's service
//! model, November 2026); `docs/limits.md` has them with their sources.

use std::cmp::Reverse;
use std::collections::BTreeMap;

use rustc_hash::FxHashSet;

use super::{Addresses, Metadata, Ruleset, Signature};
use crate::diagnostic::{Diagnostic, codes};
use crate::policy::{Policy, Region};
use crate::source::Location;

/// The longest signature in characters, the values of its variables counted: 8,192 less the `gid`
/// that the service appends.
pub const LONGEST_SIGNATURE: usize = 8_175;

/// The largest rules string of a group, in bytes.
pub const LARGEST_GROUP: usize = 2_000_000;

/// The largest capacity of a group, in signatures.
pub const LARGEST_CAPACITY: u32 = 30_000;

/// How many groups a policy may have.
pub const MOST_GROUPS: usize = 20;

/// How many sets that AWS fills a group may refer to; container associations do not count.
pub const MOST_REFERENCES: usize = 5;

/// Why signatures do not fit.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Overflow {
    /// More signatures than the policy may hold.
    Signatures {
        /// How many there are.
        needed: u32,
        /// How many the policy may hold.
        quota: u32,
    },
    /// More groups than the policy may refer to.
    Groups {
        /// How many it would take.
        needed: usize,
    },
}

/// A signature that is too long once its variables, `addresses` characters of them, are expanded.
pub(super) fn too_long(
    policy: &Policy,
    region: &Region,
    signature: &Signature,
    length: usize,
    addresses: usize,
) -> Diagnostic {
    let message = format!("a signature of {length} characters in region `{}`", region.role);
    let mut diagnostic = Diagnostic::error(codes::SIGNATURE_TOO_LONG, message);
    if let Some(at) = asked_at(policy, signature) {
        diagnostic = diagnostic.at(at, "asks for it");
    }
    let name = signature.metadata().and_then(|metadata| metadata.service.as_ref());
    if let Some(service) = policy.services.iter().find(|service| Some(&service.name) == name) {
        diagnostic = diagnostic.at(service.at, format!("its addresses take {addresses} of them"));
    }
    diagnostic
        .note(format!(
            "AWS takes {LONGEST_SIGNATURE}, the addresses of the service and of `to` counted"
        ))
        .help("give the service fewer, larger networks, or a prefix list; or split the entry")
}

/// More signatures or groups than a policy takes.
pub(super) fn over_quota(ruleset: &Ruleset, overflow: &Overflow) -> Diagnostic {
    let role = &ruleset.region.role;
    let message = match overflow {
        Overflow::Signatures { needed, quota } => {
            format!("{needed} signatures in region `{role}`, {quota} fit in a firewall policy")
        }
        Overflow::Groups { needed } => {
            format!(
                "{needed} rule groups in region `{role}`, a firewall policy takes {MOST_GROUPS}"
            )
        }
    };
    let mut weights: BTreeMap<&str, usize> = BTreeMap::new();
    let mut said = FxHashSet::default();
    let mut repeated = 0;
    for data in ruleset.signatures.iter().filter_map(Signature::metadata) {
        *weights.entry(data.service.as_deref().unwrap_or("any")).or_default() += 1;
        let Metadata { action, destinations, narrowed, reach, mode, .. } = data;
        repeated += usize::from(!said.insert((action, destinations, narrowed, reach, mode)));
    }
    let mut heaviest: Vec<_> = weights.into_iter().collect();
    heaviest.sort_by_key(|(name, count)| (Reverse(*count), *name));
    let heaviest: Vec<_> =
        heaviest.iter().take(5).map(|(name, count)| format!("{name} {count}")).collect();
    Diagnostic::error(codes::OVER_QUOTA, message)
        .note(format!("the services that weigh most: {}", heaviest.join(", ")))
        .note(format!("{repeated} are for a destination that another service reaches, too"))
        .help("drop entries that a broader one covers, and names that nobody needs")
        .help("or have the quota raised, and write it as `firewall.quotas.signatures_per_policy`")
}

/// Refuses a group that refers to more prefix lists than AWS resolves.
pub(super) fn check_references(policy: &Policy, ruleset: &Ruleset) -> Result<(), Vec<Diagnostic>> {
    let is_list =
        |name: &str| ruleset.references.get(name).is_some_and(|arn| arn.contains(":prefix-list/"));
    for group in &ruleset.groups {
        let signatures = ruleset.signatures(group).iter();
        let lists: BTreeMap<&str, _> = signatures
            .filter_map(|signature| match &signature.source {
                Addresses::Reference(name) => Some((&**name, asked_at(policy, signature))),
                _ => None,
            })
            .filter(|(name, _)| is_list(name))
            .collect();
        if lists.len() <= MOST_REFERENCES {
            continue;
        }
        let (count, role) = (lists.len(), &ruleset.region.role);
        let names: Vec<_> = lists.keys().copied().collect();
        let message = format!("{count} prefix lists in one rule group of region `{role}`");
        let diagnostic = Diagnostic::error(codes::TOO_MANY_REFERENCES, message);
        let diagnostic = match lists.values().flatten().next() {
            Some(at) => diagnostic.at(*at, ""),
            None => diagnostic,
        };
        let diagnostic =
            diagnostic.note(format!("AWS takes {MOST_REFERENCES}; these are {}", names.join(", ")));
        return Err(vec![diagnostic.help("bind some of these networks to CIDRs")]);
    }
    Ok(())
}

/// The first place that asks for a signature.
fn asked_at(policy: &Policy, signature: &Signature) -> Option<Location> {
    Some(policy.grant(*signature.grants.first()?)?.at)
}
