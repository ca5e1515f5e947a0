//! What the rule groups of a generation say about themselves, in their names and tags.

use std::collections::BTreeMap;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::Target;
use crate::emit;

const MANAGED_BY: &str = "managed-by";
const PROJECT: &str = "fwc:project";
const ROLE: &str = "fwc:role";
const GENERATION: &str = "fwc:generation";
const PART: &str = "fwc:part";
const DIGEST: &str = "fwc:digest";
const BEFORE: &str = "fwc:before";
const COMMIT: &str = "fwc:policy-commit";
const PUSHED_BY: &str = "fwc:pushed-by";
const PUSHED_AT: &str = "fwc:pushed-at";

/// The longest value of a tag, in characters (`TagValue`, model of 2026-11-17).
const LONGEST_VALUE: usize = 256;

/// How many generations a group remembers: as many as can be kept, and they fit into a tag.
const LONGEST_MEMORY: usize = 10;

/// What a rule group of ours says about itself.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Stamp {
    /// The project.
    pub project: String,
    /// The role of the region.
    pub role: String,
    /// The number of the generation it belongs to, from 1; a later push has a higher one.
    pub generation: u32,
    /// Its place in the generation, from 1.
    pub part: u32,
    /// How many groups the generation has.
    pub parts: u32,
    /// The digest of the whole generation.
    pub digest: String,
    /// The generations that were in force before it, the last one first.
    pub before: Vec<Past>,
    /// Where it comes from.
    pub origin: Origin,
}

/// Where a generation comes from, as far as it is known.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Origin {
    /// The commit of the policy.
    pub commit: Option<String>,
    /// Who pushed it.
    pub pushed_by: Option<String>,
    /// When it was pushed.
    pub pushed_at: Option<Timestamp>,
}

/// A generation that was in force.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Past {
    /// Its number.
    pub generation: u32,
    /// The beginning of its digest, as it stands in the names of its groups.
    pub digest: String,
}

impl Stamp {
    /// The name of the group: unique, since no two pushes of the same number have the same content.
    pub fn name(&self) -> String {
        let Self { project, role, generation, part, digest, .. } = self;
        format!("{project}-{role}-{generation}-{part}-{}", emit::short(digest))
    }

    /// This generation, as later ones remember it.
    pub fn past(&self) -> Past {
        Past { generation: self.generation, digest: emit::short(&self.digest).to_owned() }
    }

    /// The tags of the group.
    pub fn tags(&self) -> BTreeMap<String, String> {
        let before = self.before.iter().take(LONGEST_MEMORY);
        let before = before.map(|past| format!("{}:{}", past.generation, past.digest));
        let mut tags = BTreeMap::from([
            (MANAGED_BY, "fwc".to_owned()),
            (PROJECT, self.project.clone()),
            (ROLE, self.role.clone()),
            (GENERATION, self.generation.to_string()),
            (PART, format!("{}/{}", self.part, self.parts)),
            (DIGEST, self.digest.clone()),
            (BEFORE, before.collect::<Vec<_>>().join(" ")),
        ]);
        tags.extend(self.origin.commit.clone().map(|commit| (COMMIT, commit)));
        tags.extend(self.origin.pushed_by.as_deref().map(|who| (PUSHED_BY, fitting(who))));
        tags.extend(self.origin.pushed_at.map(|at| (PUSHED_AT, at.to_string())));
        tags.into_iter().map(|(key, value)| (key.to_owned(), value)).collect()
    }

    /// What the tags of a group say; `None` if they are not all there, or not ours.
    pub fn of(tags: &BTreeMap<String, String>) -> Option<Self> {
        let tag = |key| tags.get(key).cloned();
        if tag(MANAGED_BY).as_deref() != Some("fwc") {
            return None;
        }
        let part = tag(PART)?;
        let (part, parts) = part.split_once('/')?;
        let before = tag(BEFORE)?;
        let past = |past: &str| {
            let (generation, digest) = past.split_once(':')?;
            Some(Past { generation: generation.parse().ok()?, digest: digest.to_owned() })
        };
        Some(Self {
            project: tag(PROJECT)?,
            role: tag(ROLE)?,
            generation: tag(GENERATION)?.parse().ok()?,
            part: part.parse().ok()?,
            parts: parts.parse().ok()?,
            digest: tag(DIGEST)?,
            before: before.split_whitespace().map(past).collect::<Option<_>>()?,
            origin: Origin {
                commit: tag(COMMIT),
                pushed_by: tag(PUSHED_BY),
                pushed_at: tag(PUSHED_AT).and_then(|at| at.parse().ok()),
            },
        })
    }

    /// Whether it is of this target.
    pub fn is_of(&self, target: &Target) -> bool {
        self.project == target.project && self.role == target.role
    }
}

/// A text as the value of a tag: letters, digits, blanks and `_.:/=+-@`
/// (<https://docs.aws.amazon.com/tag-editor/latest/userguide/best-practices-and-strats.html>, checked
/// 2026-11-24), `_` for anything else.
fn fitting(text: &str) -> String {
    let fits = |char: &char| char.is_alphanumeric() || " _.:/=+-@".contains(*char);
    let replaced = text.chars().map(|char| if fits(&char) { char } else { '_' });
    replaced.take(LONGEST_VALUE).collect()
}

/// What the name of a group says, which anybody could have given it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Named {
    /// The ARN of the group.
    pub arn: String,
    /// The generation it seems to belong to.
    pub past: Past,
    /// Its place in it.
    pub part: u32,
}

impl Named {
    /// Reads the name at the end of an ARN; `None` if it is none of a group of this target.
    pub fn read(arn: &str, target: &Target) -> Option<Self> {
        let name = super::name_of(arn);
        let rest = name.strip_prefix(&target.project)?.strip_prefix('-')?;
        let rest = rest.strip_prefix(&target.role)?.strip_prefix('-')?;
        let mut pieces = rest.split('-');
        let (generation, part, digest) = (pieces.next()?, pieces.next()?, pieces.next()?);
        let is_digest = digest.len() == 12 && digest.bytes().all(|byte| byte.is_ascii_hexdigit());
        if pieces.next().is_some() || !is_digest {
            return None;
        }
        let past = Past { generation: generation.parse().ok()?, digest: digest.to_owned() };
        Some(Self { arn: arn.to_owned(), past, part: part.parse().ok()? })
    }

    /// The name itself.
    pub fn name(&self) -> &str {
        super::name_of(&self.arn)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn target() -> Target {
        Target {
            project: "shop-prod".to_owned(),
            role: "primary".to_owned(),
            region: "us-east-1".to_owned(),
            policy: "shop-prod-primary".to_owned(),
            firewalls: vec!["shop-prod-primary".to_owned()],
        }
    }

    fn stamp() -> Stamp {
        let past = |generation: u32| Past { generation, digest: "0123456789ab".to_owned() };
        Stamp {
            project: "shop-prod".to_owned(),
            role: "primary".to_owned(),
            generation: 7,
            part: 1,
            parts: 2,
            digest: "abcdef0123456789".to_owned(),
            before: vec![past(6), past(4)],
            origin: Origin {
                commit: Some("c0ffee".to_owned()),
                pushed_by: None,
                pushed_at: Some("2026-11-24T12:00:00Z".parse().unwrap()),
            },
        }
    }

    #[test]
    fn tags_say_what_the_stamp_says() {
        assert_eq!(Stamp::of(&stamp().tags()), Some(stamp()));
        for key in [MANAGED_BY, PROJECT, ROLE, GENERATION, PART, DIGEST, BEFORE] {
            let mut tags = stamp().tags();
            tags.remove(key);
            assert_eq!(Stamp::of(&tags), None, "without {key}");
        }
    }

    #[test]
    fn a_long_memory_fits_into_a_tag() {
        let past = Past { generation: u32::MAX, digest: "0123456789ab".to_owned() };
        let stamp = Stamp { before: vec![past; 50], ..stamp() };
        let longest = stamp.tags().values().map(String::len).max().unwrap();
        assert!(longest <= LONGEST_VALUE, "{longest}");
    }

    #[test]
    fn a_name_is_read_back() {
        let arn =
            format!("arn:aws:network-firewall:us-east-1:1:stateful-rulegroup/{}", stamp().name());
        let named = Named::read(&arn, &target()).unwrap();
        assert_eq!((named.past, named.part), (stamp().past(), 1));
        for name in [
            "shop-prod-primary",
            "shop-prod-primary-7-1",
            "shop-prod-primary-7-1-abcdef",
            "shop-prod-primary-7-1-abcdef012345-2",
            "shop-prod-primary-x-1-abcdef012345",
            "shop-prod-secondary-7-1-abcdef012345",
            "shop-prod-7-1-abcdef012345",
        ] {
            assert_eq!(Named::read(name, &target()), None, "{name}");
        }
    }

    #[test]
    fn who_pushed_is_written_as_a_tag_allows() {
        assert_eq!(fitting("octo[bot] <o@example.com>"), "octo_bot_ _o@example.com_");
    }
}
