//! Signatures into as few rule groups as the limits of AWS allow, cut at stable places.

use std::ops::Range;

use super::limits::{LARGEST_CAPACITY, LARGEST_GROUP, MOST_GROUPS, Overflow};
use super::{RuleGroup, Ruleset};
use crate::project::Firewall;

/// Room left in a group by default, in signatures, for hot fixes by hand.
const LEAST_HEADROOM: u32 = 100;

/// Cuts signatures, given by the end of their line in the text, into groups.
///
/// A group is filled to its limits, but it ends at the signature with the smallest id in the last
/// eighth: a place that stays when signatures come and go elsewhere, so that a small change of the
/// policy touches few groups.
pub(super) fn cut(ends: &[usize], sid: impl Fn(usize) -> u32) -> Vec<Range<usize>> {
    let most = LARGEST_CAPACITY as usize;
    let start_of =
        |index: usize| index.checked_sub(1).and_then(|it| ends.get(it)).copied().unwrap_or(0);
    let mut cuts = Vec::new();
    let mut start = 0;
    while start < ends.len() {
        let from = start_of(start);
        // The first index that no longer fits.
        let by_bytes = ends.partition_point(|end| *end <= from + LARGEST_GROUP);
        let limit = by_bytes.min(start + most).max(start + 1);
        let end = if limit >= ends.len() {
            ends.len()
        } else {
            let window = limit - (limit - start) / 8..limit;
            window.min_by_key(|index| sid(*index)).filter(|index| *index > start).unwrap_or(limit)
        };
        cuts.push(start..end);
        start = end;
    }
    cuts
}

/// Lays the signatures of a ruleset out in groups; `ends` holds the end of each line in its text.
///
/// # Errors
/// The quota that the signatures exceed.
pub(super) fn pack(
    ruleset: &mut Ruleset,
    ends: &[usize],
    firewall: &Firewall,
) -> Result<(), Overflow> {
    let needed = ruleset.signatures.len() as u32;
    let quota = firewall.quotas.signatures_per_policy;
    if needed > quota {
        return Err(Overflow::Signatures { needed, quota });
    }
    let sid = |index: usize| ruleset.signatures.get(index).map_or(0, |signature| signature.sid);
    let cuts = cut(ends, sid);
    if cuts.len() > MOST_GROUPS {
        return Err(Overflow::Groups { needed: cuts.len() });
    }
    let sizes: Vec<u32> = cuts.iter().map(|cut| cut.len() as u32).collect();
    let capacities = capacities(&sizes, quota, firewall.headroom_percent);
    let text_start =
        |index: usize| index.checked_sub(1).and_then(|it| ends.get(it)).copied().unwrap_or(0);
    ruleset.groups = cuts
        .into_iter()
        .zip(capacities)
        .enumerate()
        .map(|(index, (signatures, capacity))| RuleGroup {
            number: index as u32 + 1,
            capacity,
            text: text_start(signatures.start)..text_start(signatures.end),
            signatures,
        })
        .collect();
    Ok(())
}

/// The capacity of each group: its size and headroom, rounded up to a hundred, as far as the
/// quotas of group and policy leave room.
fn capacities(sizes: &[u32], quota: u32, headroom_percent: u32) -> Vec<u32> {
    let wanted = |size: u32| {
        let headroom = (u64::from(size) * u64::from(headroom_percent)).div_ceil(100);
        let room = u64::from(size) + headroom.max(u64::from(LEAST_HEADROOM));
        (room.div_ceil(100) * 100).min(u64::from(LARGEST_CAPACITY)) as u32
    };
    let mut spare = quota.saturating_sub(sizes.iter().sum());
    sizes
        .iter()
        .map(|size| {
            let extra = (wanted(*size) - size).min(spare);
            spare -= extra;
            size + extra
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn capacity_has_headroom_within_the_quotas() {
        assert_eq!(capacities(&[10], 30_000, 25), [200], "at least a hundred more, rounded up");
        assert_eq!(capacities(&[1_000], 30_000, 25), [1_300]);
        assert_eq!(capacities(&[30_000], 30_000, 25), [30_000]);
        assert_eq!(capacities(&[20_000, 9_000], 30_000, 25), [21_000, 9_000]);
    }

    /// Ends of lines of 300 bytes.
    fn lines(count: usize) -> Vec<usize> {
        (1..=count).map(|line| line * 300).collect()
    }

    /// An id as unordered as a hash.
    fn hash(number: usize) -> u32 {
        (number as u32).wrapping_mul(2_654_435_761)
    }

    #[test]
    fn groups_keep_their_limits_and_hold_every_signature() {
        let ends = lines(40_000);
        let cuts = cut(&ends, hash);
        assert!(cuts.iter().all(|cut| cut.len() * 300 <= LARGEST_GROUP));
        let held: Vec<usize> = cuts.into_iter().flatten().collect();
        assert!(held.into_iter().eq(0..40_000));
    }

    #[test]
    fn a_signature_more_touches_one_group() {
        let before = cut(&lines(40_000), hash);
        // One signature more at the front moves every other one by one place.
        let after = cut(&lines(40_001), |index| index.checked_sub(1).map_or(u32::MAX, hash));
        let moved: Vec<_> = after.iter().skip(1).map(|cut| cut.start - 1..cut.end - 1).collect();
        assert_eq!(before.get(1..), Some(moved.as_slice()));
    }

    #[test]
    fn a_small_policy_is_one_group() {
        assert_eq!(cut(&lines(5_000), hash).len(), 1);
        assert!(cut(&[], hash).is_empty());
    }
}
