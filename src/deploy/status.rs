//! Whether what a region enforces is what was pushed, and what would be pushed.

use serde::Serialize;

use super::{Desired, Observed, Origin, Past, Stamp, Sync, Target, Zone};

/// What a region enforces, and how that differs from what it should.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Status {
    /// Its role.
    pub role: String,
    /// Its name at AWS.
    pub region: String,
    /// The generation in force; `None` if what is in force is no whole one.
    pub generation: Option<Past>,
    /// Where it comes from.
    pub origin: Origin,
    /// Its rule groups.
    pub groups: Vec<String>,
    /// What they reserve, in signatures.
    pub capacity: u32,
    /// Generations that can be rolled back to, the last one first.
    pub before: Vec<Past>,
    /// Its zones.
    pub zones: Vec<Zone>,
    /// What AWS found wrong with the firewall policy after it was accepted.
    pub errors: Vec<String>,
    /// What is wrong with the firewalls.
    pub troubles: Vec<String>,
    /// What differs.
    pub drift: Vec<Drift>,
}

/// A difference between what is and what should be.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(tag = "kind", rename_all = "kebab-case")]
pub enum Drift {
    /// There is no firewall policy.
    NoPolicy,
    /// Nothing of fwc is in force.
    Nothing,
    /// What is in force is groups of ours, but not one whole generation.
    Mixture,
    /// A group in force was edited by hand.
    Edited,
    /// The firewall policy is set otherwise than the content needs.
    Shell {
        /// What is set.
        setting: &'static str,
        /// To what.
        is: String,
        /// To what it has to be set.
        should: String,
    },
    /// The policy is not what is in force.
    Behind {
        /// The beginning of the digest of what would be pushed.
        digest: String,
    },
    /// A zone does not enforce what the firewall policy says.
    Zone {
        /// Which.
        zone: String,
        /// How far it is.
        sync: Sync,
    },
    /// AWS found something wrong with the firewall policy.
    Error {
        /// What.
        message: String,
    },
}

/// Compares what a region enforces with what was pushed and, if it is known, with what would be pushed.
pub fn status(target: &Target, desired: Option<&Desired>, observed: &Observed) -> Status {
    let live = observed.generation();
    let mut drift = Vec::new();
    match (&observed.policy, live) {
        (None, _) => drift.push(Drift::NoPolicy),
        (Some(_), None) if observed.live.is_empty() => {
            if desired.is_none_or(|desired| !desired.groups.is_empty()) {
                drift.push(Drift::Nothing);
            }
        }
        (Some(_), None) => drift.push(Drift::Mixture),
        (Some(_), Some(_)) if !observed.is_unedited() => drift.push(Drift::Edited),
        (Some(_), Some(_)) => {}
    }
    if let (Some(desired), Some(policy)) = (desired, &observed.policy) {
        let differences = policy.shell.differences(&desired.shell).into_iter();
        drift.extend(differences.map(|(setting, is, should)| Drift::Shell { setting, is, should }));
        if live.is_some_and(|live| live.digest != desired.digest) {
            let digest = crate::emit::short(&desired.digest).to_owned();
            drift.push(Drift::Behind { digest });
        }
    }
    let token = observed.policy.as_ref().map(|policy| &policy.token);
    let is_late = |zone: &&Zone| zone.sync != Sync::InSync || zone.token.as_ref() != token;
    drift.extend(
        observed
            .zones
            .iter()
            .filter(is_late)
            .map(|zone| Drift::Zone { zone: zone.zone.clone(), sync: zone.sync }),
    );
    let errors = observed.policy.as_ref().map_or(Vec::new(), |policy| policy.errors.clone());
    drift.extend(errors.iter().map(|error| Drift::Error { message: error.clone() }));
    let is_kept = |past: &&Past| observed.idle.iter().any(|named| named.past == **past);
    Status {
        role: target.role.clone(),
        region: target.region.clone(),
        generation: live.map(Stamp::past),
        origin: live.map(|live| live.origin.clone()).unwrap_or_default(),
        groups: observed.live.iter().map(|live| live.reference.name().to_owned()).collect(),
        capacity: observed.live.iter().map(|live| live.state.capacity).sum(),
        before: live
            .map_or(Vec::new(), |live| live.before.iter().filter(is_kept).cloned().collect()),
        zones: observed.zones.clone(),
        errors,
        troubles: observed.troubles.clone(),
        drift,
    }
}
