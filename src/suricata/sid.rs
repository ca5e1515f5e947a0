//! Signature ids that belong to a grant, not to its position.
//!
//! An id in a log means the same grant for ever and in every region, so it is a hash of what the
//! grant says. Ids of the skeleton are fixed and lie below all of them.

use std::ops::RangeInclusive;

use rustc_hash::FxHashMap;
use sha2::{Digest as _, Sha256};

/// The first id of a grant; what lies below belongs to the skeleton, to others and to AWS.
pub const FIRST: u32 = 1_000_000_000;

/// The ids of the skeleton.
pub const SKELETON: RangeInclusive<u32> = 900_001..=900_199;

/// The last id of a grant. Suricata 7.0 takes ids up to 4,294,967,294.
pub const LAST: u32 = 3_999_999_999;

/// What a grant says, hashed: equal for equal grants, and for nothing else.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Identity(u128);

impl Identity {
    /// The identity of a canonical text: the first 16 bytes of its SHA-256.
    pub fn of(canonical: &str) -> Self {
        let digest = Sha256::digest(canonical.as_bytes());
        Self(digest.iter().take(16).fold(0, |number, byte| number << 8 | u128::from(*byte)))
    }

    /// The identity of something that belongs to this one.
    pub fn variant(self, what: &str) -> Self {
        Self::of(&format!("{:032x}\t{what}", self.0))
    }

    /// The id it would like to have. Rises with the identity, so that the order of identities is
    /// the order of wishes.
    fn wish(self) -> u32 {
        let width = u128::from(LAST - FIRST) + 1;
        let scaled = ((self.0 >> 64) * width) >> 64;
        FIRST + scaled as u32
    }
}

/// The ids of all grants of a policy.
#[derive(Debug, Default)]
pub struct Sids {
    /// Those that could not have the id they wished for.
    moved: FxHashMap<Identity, u32>,
}

impl Sids {
    /// Gives every identity an id of its own: the one it wishes for, or the next free one, the
    /// smaller identity first.
    pub fn allocate(mut identities: Vec<Identity>) -> Self {
        identities.sort_unstable();
        identities.dedup();
        let mut moved = FxHashMap::default();
        let mut next = FIRST;
        for identity in identities {
            let wish = identity.wish();
            let given = wish.max(next);
            if given != wish {
                moved.insert(identity, given);
            }
            next = given + 1;
        }
        Self { moved }
    }

    /// The id of an identity that was among the allocated ones.
    pub fn get(&self, identity: Identity) -> u32 {
        self.moved.get(&identity).copied().unwrap_or_else(|| identity.wish())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_are_stable() {
        // Changing any of these breaks every dashboard that knows an id.
        let sids = Sids::default();
        assert_eq!(sids.get(Identity::of("")), 3_668_247_984);
    }

    #[test]
    fn the_smaller_identity_keeps_the_id() {
        let (first, second) = (Identity(5 << 64), Identity(5 << 64 | 1));
        assert_eq!(first.wish(), second.wish());
        let sids = Sids::allocate(vec![second, first, second]);
        assert_eq!(sids.get(first), first.wish());
        assert_eq!(sids.get(second), first.wish() + 1);
    }

    #[test]
    fn ids_stay_in_their_range() {
        assert_eq!(Identity(0).wish(), FIRST);
        assert_eq!(Identity(u128::MAX).wish(), LAST);
    }
}
