//! What a region enforces now, asked with as few calls as it takes.

use super::{
    Content, Error, Firewall, GroupState, Named, PolicyState, Reference, Stamp, Target, Zone,
};
use crate::emit;

/// What a region enforces, and what of ours it has beside that.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Observed {
    /// The firewall policy; `None` if there is none.
    pub policy: Option<PolicyState>,
    /// The groups of ours that the policy refers to, in strict order.
    pub live: Vec<Live>,
    /// References to groups that are not ours.
    pub foreign: Vec<Reference>,
    /// Other groups of ours.
    pub idle: Vec<Named>,
    /// How many stateful rule groups the account has in the region.
    pub groups: usize,
    /// The zones of the firewalls that enforce the policy.
    pub zones: Vec<Zone>,
    /// What is wrong with the firewalls, each a phrase.
    pub troubles: Vec<String>,
}

/// A group of ours that is in force.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Live {
    /// Its place in the policy.
    pub reference: Reference,
    /// What it says about itself.
    pub stamp: Stamp,
    /// What it is.
    pub state: GroupState,
}

impl Observed {
    /// The generation in force, if what is in force is one whole generation and nothing else of ours.
    pub fn generation(&self) -> Option<&Stamp> {
        whole(&self.live)
    }

    /// Whether what is in force is what its digest says: nobody edited a group by hand.
    pub fn is_unedited(&self) -> bool {
        is_unedited(&self.live)
    }
}

/// The generation that these groups are, if they are one and the whole of it.
pub(super) fn whole(groups: &[Live]) -> Option<&Stamp> {
    let first = &groups.first()?.stamp;
    let is_whole = groups.len() == first.parts as usize
        && (1..).zip(groups).all(|(part, live)| {
            let stamp = &live.stamp;
            stamp.part == part
                && (stamp.generation, stamp.parts) == (first.generation, first.parts)
                && stamp.digest == first.digest
        });
    is_whole.then_some(first)
}

/// Whether these groups are a whole generation, and hold what its digest says.
pub(super) fn is_unedited(groups: &[Live]) -> bool {
    whole(groups).is_some_and(|stamp| held(groups).as_ref() == Some(&stamp.digest))
}

/// The digest of what these groups hold, whoever wrote it; `None` if one of them holds what fwc does
/// not write.
pub(super) fn held(groups: &[Live]) -> Option<String> {
    let weigh = |live: &Live| Some((digest_of(live.state.content.as_ref()?), live.state.capacity));
    let weighed = groups.iter().map(weigh).collect::<Option<Vec<_>>>()?;
    let weighed = weighed.iter().map(|(digest, capacity)| (digest.as_str(), *capacity));
    Some(emit::generation_digest(weighed))
}

/// The digest of a content as the service gives it back. Whether it keeps every blank at the end of a
/// line is not documented, and means nothing to an engine.
pub(super) fn digest_of(content: &Content) -> String {
    let lines = content.rules.lines().map(str::trim_end).filter(|line| !line.is_empty());
    let rules = lines.map(|line| format!("{line}\n")).collect();
    Content { rules, ..content.clone() }.digest()
}

/// Asks a region what it enforces: one call for the policy, one for the list of groups (a page of
/// 100), one for each firewall and one for each group of ours in force or of a push that died.
///
/// # Errors
///
/// What the service says, with what was asked.
pub async fn observe(target: &Target, firewall: &impl Firewall) -> Result<Observed, Error> {
    let policy = firewall.policy(&target.policy).await?;
    let arns = firewall.groups().await?;
    let references = policy.iter().flat_map(|policy| policy.references.clone());
    let mut observed = Observed {
        live: Vec::new(),
        foreign: Vec::new(),
        idle: Vec::new(),
        groups: arns.len(),
        zones: Vec::new(),
        troubles: Vec::new(),
        policy: policy.clone(),
    };
    for reference in references {
        let state = match Named::read(&reference.arn, target) {
            Some(named) => firewall.group(named.name()).await?,
            None => None,
        };
        let stamp = state.as_ref().and_then(|state| Stamp::of(&state.tags));
        match (state, stamp.filter(|stamp| stamp.is_of(target))) {
            (Some(state), Some(stamp)) => observed.live.push(Live { reference, stamp, state }),
            _ => observed.foreign.push(reference),
        }
    }
    let is_referred_to = |arn: &str| {
        policy.iter().flat_map(|policy| &policy.references).any(|reference| reference.arn == arn)
    };
    let others = arns.iter().filter(|arn| !is_referred_to(arn));
    let named: Vec<_> = others.filter_map(|arn| Named::read(arn, target)).collect();
    let before = observed.generation().map_or(Vec::new(), |live| live.before.clone());
    for named in named {
        // Anybody can give a group such a name.
        if before.contains(&named.past) || is_ours(named.name(), target, firewall).await? {
            observed.idle.push(named);
        }
    }
    observed.idle.sort_by(|a, b| (&a.past, a.part).cmp(&(&b.past, b.part)));
    if let Some(policy) = &policy {
        watch(target, firewall, policy, &mut observed).await?;
    }
    Ok(observed)
}

/// Whether a group says that it is ours.
async fn is_ours(name: &str, target: &Target, firewall: &impl Firewall) -> Result<bool, Error> {
    let state = firewall.group(name).await?;
    let stamp = state.and_then(|state| Stamp::of(&state.tags));
    Ok(stamp.is_some_and(|stamp| stamp.is_of(target)))
}

/// Asks the firewalls what their zones enforce.
async fn watch(
    target: &Target,
    firewall: &impl Firewall,
    policy: &PolicyState,
    observed: &mut Observed,
) -> Result<(), Error> {
    let mut watched = 0;
    for name in &target.firewalls {
        match firewall.firewall(name).await? {
            None => observed.troubles.push(format!("there is no firewall `{name}`")),
            Some(state) if state.policy != policy.arn => observed.troubles.push(format!(
                "the firewall `{name}` enforces `{}`, not `{}`",
                super::name_of(&state.policy),
                target.policy
            )),
            Some(state) => {
                watched += 1;
                observed.zones.extend(state.zones);
            }
        }
    }
    if policy.associations > watched {
        observed.troubles.push(format!(
            "{} firewalls use `{}`, and the zones of {watched} are watched: name the others in \
             `firewalls` of the region",
            policy.associations, target.policy
        ));
    }
    Ok(())
}
