//! Entries without which the policy would mean the same.

use super::coverage::{Coverage, Piece, Pool};
use super::review::Review;
use crate::policy::{Grant, GrantId, RegionId};
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

    /// Whether there is something to mend where it stands: it is an entry of its service's own block, or
    /// a line of a set that the same set covers. A set may well hold what another one holds, or what
    /// one of its services has already.
    pub(super) fn is_mendable(&self, review: &Review<'_>) -> bool {
        let Grant { service, at, .. } = self.piece.grant;
        let block = |at: &Location| review.block(*at).map(|block| block.at);
        review.is_own(*service, *at)
            || self.by.iter().all(|other| {
                other.grant.at != *at && block(&other.grant.at) == block(at)
            })
    }
}

/// The entries that could all be removed together, in the order of the policy.
///
/// First those that one other entry covers, then those that several together cover; what was found
/// already covers nothing more, so that what is left always says everything.
pub(super) fn redundant<'p>(review: &Review<'p>) -> Vec<Redundant<'p>> {
    let coverages: Vec<Coverage<'p>> =
        (0..review.policy.regions.len() as u32).map(|it| Coverage::new(review, RegionId(it))).collect();
    let mut found: Vec<Option<Redundant<'p>>> = Vec::new();
    found.resize_with(review.policy.grants.len(), || None);
    let ids = || (0..review.policy.grants.len() as u32).map(GrantId);
    for id in ids() {
        let alone = |pools: &[Pool], coverage: &Coverage<'p>, piece: &Piece<'p>| {
            coverage.covering(piece, pools, 1, |other| {
                other.id != id && other.covers(piece) && other.lasts(piece) && outranks(other, piece)
            })
        };
        let covered = everywhere(&coverages, id, alone);
        if let Some(slot) = found.get_mut(id.0 as usize) {
            *slot = covered;
        }
    }
    for id in ids() {
        let is_found = |id: GrantId| found.get(id.0 as usize).is_some_and(Option::is_some);
        if is_found(id) {
            continue;
        }
        let together = |pools: &[Pool], coverage: &Coverage<'p>, piece: &Piece<'p>| {
            coverage.covering(piece, pools, usize::MAX, |other| {
                other.id != id && other.lasts(piece) && !is_found(other.id)
            })
        };
        let covered = everywhere(&coverages, id, together);
        if let Some(slot) = found.get_mut(id.0 as usize) {
            *slot = covered;
        }
    }
    found.into_iter().flatten().collect()
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

/// Asks about every piece of an entry, in every region.
fn everywhere<'p>(
    coverages: &[Coverage<'p>],
    id: GrantId,
    covering: impl Fn(&[Pool], &Coverage<'p>, &Piece<'p>) -> Option<Vec<Piece<'p>>>,
) -> Option<Redundant<'p>> {
    let mut found: Option<Redundant<'p>> = None;
    for coverage in coverages {
        for piece in coverage.of(id) {
            // What is denied to all is denied to each.
            let own = (piece.grant.service, piece.grant.action);
            let pools = [own, (None, piece.grant.action)];
            let by = covering(&pools, coverage, piece)?;
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
