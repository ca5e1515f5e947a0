//! Entries without which the policy would mean the same.

use std::collections::BTreeMap;

use super::coverage::{Coverage, Piece, Pool};
use super::review::Review;
use crate::policy::{Action, Grant, GrantId};
use crate::source::Location;

/// An entry that others cover wherever its service runs, as long as it is in force.
pub(super) struct Redundant<'p> {
    pub(super) piece: Piece<'p>,
    /// What covers it, in the order it was found in.
    pub(super) by: Vec<Piece<'p>>,
}

impl Redundant<'_> {
    /// Whether one other entry says just the same.
    pub(super) fn is_duplicate(&self) -> bool {
        matches!(self.by.as_slice(), [other] if other.same_flows(&self.piece))
    }
}

/// The entries that could all be removed together, in the order of the policy.
///
/// First those that one other entry covers, then those that several together cover; what was found
/// already covers nothing more, so that what is left always says everything.
pub(super) fn redundant<'p>(review: &Review<'p>) -> Vec<Redundant<'p>> {
    let coverages = review.coverages();
    let mut found: Vec<Option<Redundant<'p>>> = Vec::new();
    found.resize_with(review.policy.grants.len(), || None);
    let ids = || (0..review.policy.grants.len() as u32).map(GrantId);
    // Nearly all have a flow that no other entry has, and that is found at once.
    let touched = |id: &GrantId| {
        let mut pieces =
            coverages.iter().flat_map(|it| it.of(*id).iter().map(move |piece| (it, piece)));
        pieces.all(|(coverage, piece)| {
            coverage.touches(piece, &pools(piece), |other| other.id != *id && other.lasts(piece))
        })
    };
    let suspects: Vec<GrantId> = ids().filter(touched).collect();
    for id in &suspects {
        let alone = |coverage: &Coverage<'p>, piece: &Piece<'p>| {
            coverage.covering(piece, &pools(piece), 1, |other| {
                let covers = other.id != *id && other.covers(piece);
                covers && other.lasts(piece) && outranks(other, piece)
            })
        };
        let covered = everywhere(coverages, *id, alone);
        if let Some(slot) = found.get_mut(id.0 as usize) {
            *slot = covered;
        }
    }
    for id in &suspects {
        let is_found = |id: GrantId| found.get(id.0 as usize).is_some_and(Option::is_some);
        if is_found(*id) {
            continue;
        }
        let together = |coverage: &Coverage<'p>, piece: &Piece<'p>| {
            coverage.covering(piece, &pools(piece), usize::MAX, |other| {
                other.id != *id && other.lasts(piece) && !is_found(other.id)
            })
        };
        let covered = everywhere(coverages, *id, together);
        if let Some(slot) = found.get_mut(id.0 as usize) {
            *slot = covered;
        }
    }
    let found = found.into_iter().flatten().collect();
    mendable(review, found)
}

/// Those where there is something to mend: an entry of its service's own block, or a line of a set that
/// the same set covers, whichever service uses it. A set may well hold what another one holds, or what
/// one of its services has already.
fn mendable<'p>(review: &Review<'p>, found: Vec<Redundant<'p>>) -> Vec<Redundant<'p>> {
    let (own, of_sets): (Vec<_>, Vec<_>) =
        found.into_iter().partition(|it| review.is_own(it.piece.grant.service, it.piece.grant.at));
    let of_sets: Vec<_> = of_sets.into_iter().filter(|it| is_within_set(review, it)).collect();
    let mut lines: BTreeMap<Location, (usize, usize)> = BTreeMap::new();
    for redundant in &of_sets {
        lines.entry(redundant.piece.grant.at).or_default().0 += 1;
    }
    if !lines.is_empty() {
        for grant in &review.policy.grants {
            if let Some((_, all)) = lines.get_mut(&grant.at) {
                *all += 1;
            }
        }
    }
    let everywhere = |it: &Redundant<'_>| {
        lines.get(&it.piece.grant.at).is_some_and(|(redundant, all)| redundant == all)
    };
    own.into_iter().chain(of_sets.into_iter().filter(everywhere)).collect()
}

fn is_within_set(review: &Review<'_>, redundant: &Redundant<'_>) -> bool {
    let at = redundant.piece.grant.at;
    let block = |at: Location| review.block(at).map(|block| block.at);
    redundant.by.iter().all(|it| it.grant.at != at && block(it.grant.at) == block(at))
}

/// The entries that open nothing, because what denies covers them as long as they are in force.
///
/// What a service takes from a set and denies again is meant; so a line of a set counts only if it is
/// denied to everybody.
pub(super) fn denied<'p>(review: &Review<'p>) -> Vec<Redundant<'p>> {
    if review.entries(Action::Deny).next().is_none() {
        return Vec::new();
    }
    let mut found = Vec::new();
    for (id, grant, _) in review.entries(Action::Allow) {
        let own = (grant.service, Action::Deny);
        let pools = [own, (None, Action::Deny)];
        let pools = if review.is_own(grant.service, grant.at) { &pools[..] } else { &pools[1..] };
        found.extend(everywhere(review.coverages(), id, |coverage, piece| {
            coverage.covering(piece, pools, usize::MAX, |other| other.lasts(piece))
        }));
    }
    found
}

/// The denies in force that have no flow in common with any entry that allows.
pub(super) fn idle_denies<'p>(review: &Review<'p>) -> Vec<&'p Grant> {
    let idle = review.entries(Action::Deny).filter(|(id, ..)| {
        let mut pieces = review
            .coverages()
            .iter()
            .flat_map(|it| it.of(*id).iter().map(move |piece| (it, piece)));
        pieces.all(|(coverage, piece)| !coverage.stops_something(piece))
    });
    idle.map(|(_, grant, _)| grant).collect()
}

/// Which of two entries stays if both say the same: the one that lasts longer, then the first.
fn outranks(other: &Piece<'_>, piece: &Piece<'_>) -> bool {
    if !other.same_flows(piece) {
        return true;
    }
    match (other.lasts(piece), piece.lasts(other)) {
        (true, true) => (other.grant.at, other.id) < (piece.grant.at, piece.id),
        (lasts, _) => lasts,
    }
}

/// Whose entries may say the same: what is denied to all is denied to each.
fn pools(piece: &Piece<'_>) -> [Pool; 2] {
    let Grant { service, action, .. } = *piece.grant;
    [(service, action), (None, action)]
}

/// Asks about every piece of an entry, in every region.
fn everywhere<'p>(
    coverages: &[Coverage<'p>],
    id: GrantId,
    covering: impl Fn(&Coverage<'p>, &Piece<'p>) -> Option<Vec<Piece<'p>>>,
) -> Option<Redundant<'p>> {
    let mut found: Option<Redundant<'p>> = None;
    for coverage in coverages {
        for piece in coverage.of(id) {
            let by = covering(coverage, piece)?;
            match &mut found {
                None => found = Some(Redundant { piece: *piece, by }),
                Some(found) => {
                    let new = |other: &Piece<'p>| !found.by.iter().any(|it| it.id == other.id);
                    let more: Vec<_> = by.into_iter().filter(new).collect();
                    found.by.extend(more);
                }
            }
        }
    }
    found
}
