//! Names that belong to many: parents of customers' names, and hosts that carry anybody's data.
//!
//! The lists are text files beside this one, `data/tenant_parents.txt` and `data/risky_names.txt`;
//! each line has its source, and the day on which that was read. They hold what the public suffix list does not.

use std::sync::LazyLock;

use rustc_hash::FxHashMap;

use crate::policy::fqdn::Fqdn;
use crate::policy::pattern::Pattern;

/// A name below which a provider gives names to its customers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Tenant {
    /// The name; `<region>` stands for one label.
    pub name: &'static str,
    /// What stands below it: `each customer's buckets`.
    pub what: &'static str,
    /// Where that is said.
    pub source: &'static str,
}

/// A name that carries data for whoever asks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Risk {
    /// What kind of name it is.
    pub kind: Kind,
    /// The name; `<region>` stands for one label.
    pub name: &'static str,
    /// What it is: `a paste site`.
    pub what: &'static str,
    /// Where that is said.
    pub source: &'static str,
}

/// What a risky name does.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// Answers for names.
    Resolver,
    /// Leads to a machine of whoever opened it.
    Tunnel,
    /// Keeps what anybody brings.
    Paste,
    /// Shows what was asked of it.
    Catcher,
    /// Is pointed elsewhere by its owner.
    Dynamic,
    /// Is one name for the data of all customers.
    Storage,
}

/// Every parent of customers' names that is no public suffix.
pub static PARENTS: LazyLock<Vec<Tenant>> = LazyLock::new(|| {
    let rows = rows(include_str!("data/tenant_parents.txt"));
    rows.filter_map(|row| match *row.as_slice() {
        [name, what, source, _] => Some(Tenant { name, what, source }),
        _ => None,
    })
    .collect()
});

/// Every risky name.
pub static RISKS: LazyLock<Vec<Risk>> = LazyLock::new(|| {
    let rows = rows(include_str!("data/risky_names.txt"));
    rows.filter_map(|row| match *row.as_slice() {
        [kind, name, what, source, _] => Some(Risk { kind: Kind::of(kind)?, name, what, source }),
        _ => None,
    })
    .collect()
});

/// Accounts of AWS itself, from which EKS pulls the images of its add-ons:
/// <https://docs.aws.amazon.com/eks/latest/userguide/add-ons-images.html> (checked 2026-11-24).
pub const AWS_ACCOUNTS: &[&str] = &[
    "121268973566",
    "151610086707",
    "296578399912",
    "333609536671",
    "491585149902",
    "533267051163",
    "602401143452",
    "800184023465",
    "877085696533",
    "900889452093",
    "918309763551",
    "961992271922",
];

/// A list by the last two labels of its names, which are what a name has in common with what is listed
/// above it or below it.
type Index<T> = FxHashMap<&'static str, Vec<T>>;

static PARENTS_BY_END: LazyLock<Index<Tenant>> =
    LazyLock::new(|| index(PARENTS.iter().map(|it| (it.name, *it))));

static RISKS_BY_END: LazyLock<Index<Risk>> =
    LazyLock::new(|| index(RISKS.iter().map(|it| (it.name, *it))));

fn index<T>(listed: impl Iterator<Item = (&'static str, T)>) -> Index<T> {
    let mut index = Index::default();
    for (name, value) in listed {
        index.entry(end(name)).or_insert_with(Vec::new).push(value);
    }
    index
}

/// The last two labels of a name.
fn end(name: &str) -> &str {
    let mut dots = name.rmatch_indices('.');
    dots.nth(1).and_then(|(at, _)| name.get(at + 1..)).unwrap_or(name)
}

fn rows(text: &'static str) -> impl Iterator<Item = Vec<&'static str>> {
    let lines = text.lines().filter(|line| !line.is_empty() && !line.starts_with('#'));
    lines.map(|line| line.split(" | ").collect())
}

impl Kind {
    fn of(word: &str) -> Option<Self> {
        Some(match word {
            "resolver" => Self::Resolver,
            "tunnel" => Self::Tunnel,
            "paste" => Self::Paste,
            "catcher" => Self::Catcher,
            "dynamic" => Self::Dynamic,
            "storage" => Self::Storage,
            _ => return None,
        })
    }
}

impl Tenant {
    /// Whether it is that name.
    pub fn is(&self, name: &Fqdn) -> bool {
        ends(name.as_str(), self.name) == Some("")
    }

    /// Whether it lies strictly below a name.
    pub fn lies_below(&self, name: &Fqdn) -> bool {
        let rest = self.name.strip_suffix(name.as_str());
        rest.is_some_and(|rest| rest.ends_with('.'))
    }

    /// The parents that a name may lie below, or above.
    pub fn near(name: &Fqdn) -> &'static [Self] {
        PARENTS_BY_END.get(end(name.as_str())).map(Vec::as_slice).unwrap_or_default()
    }

    /// The parent that a name lies below, if it lies below one.
    pub fn of(name: &Fqdn) -> Option<&'static Self> {
        let below =
            |parent: &&Self| ends(name.as_str(), parent.name).is_some_and(|it| !it.is_empty());
        Self::near(name).iter().find(below)
    }
}

/// The risky name that a pattern has something in common with, if its kind is asked for.
pub fn risk(pattern: &Pattern, asked: impl Fn(Kind) -> bool) -> Option<&'static Risk> {
    let base = pattern.base().as_str();
    let near = RISKS_BY_END.get(end(base)).map(Vec::as_slice).unwrap_or_default();
    near.iter().filter(|risk| asked(risk.kind)).find(|risk| {
        let before = ends(base, risk.name);
        match (pattern, risk.kind) {
            (Pattern::Exact(_), Kind::Storage) => before == Some(""),
            (_, Kind::Storage) => pattern.matches(risk.name),
            (Pattern::Exact(_), _) => before.is_some(),
            (Pattern::OneLabel { .. } | Pattern::Below(_), _) => {
                before.is_some() || pattern.matches(risk.name)
            }
        }
    })
}

/// What stands before a listed name at the end of another one, without the dot between them; `None`
/// if it does not end so.
fn ends<'n>(name: &'n str, listed: &str) -> Option<&'n str> {
    let Some((first, last)) = listed.split_once("<region>") else {
        let before = name.strip_suffix(listed)?;
        return if before.is_empty() { Some("") } else { before.strip_suffix('.') };
    };
    let before = name.strip_suffix(last)?;
    // `first` ends with a dot, or is empty.
    let (rest, region) = before.rsplit_once('.').unwrap_or(("", before));
    if region.is_empty() {
        return None;
    }
    match first.strip_suffix('.') {
        None => Some(rest),
        Some(first) => {
            let before = rest.strip_suffix(first)?;
            if before.is_empty() { Some("") } else { before.strip_suffix('.') }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::lints::suffix::PublicSuffixes;

    fn name(text: &str) -> Fqdn {
        Fqdn::parse(text).unwrap().value
    }

    #[test]
    fn every_line_of_the_lists_is_read() {
        let count = |text: &'static str| rows(text).count();
        assert_eq!(PARENTS.len(), count(include_str!("data/tenant_parents.txt")));
        assert_eq!(RISKS.len(), count(include_str!("data/risky_names.txt")));
        let names = PARENTS.iter().map(|it| it.name).chain(RISKS.iter().map(|it| it.name));
        for listed in names {
            let plain = listed.replace("<region>", "eu-west-1");
            assert_eq!(name(&plain).as_str(), plain);
        }
        let sources = PARENTS.iter().map(|it| it.source).chain(RISKS.iter().map(|it| it.source));
        assert!(sources.into_iter().all(|source| source.starts_with("http")));
    }

    #[test]
    fn every_line_says_when_its_source_was_read_or_that_it_was_not() {
        for text in [include_str!("data/tenant_parents.txt"), include_str!("data/risky_names.txt")]
        {
            let read = |row: &Vec<&str>| row.last().copied() != Some("unread");
            let (read, unread): (Vec<_>, Vec<_>) = rows(text).partition(read);
            for row in &read {
                assert!(row.last().unwrap().parse::<jiff::civil::Date>().is_ok(), "{row:?}");
            }
            assert!(unread.len() * 2 < read.len(), "read more of them: {unread:?}");
        }
    }

    #[test]
    fn no_tenant_parent_is_a_public_suffix() {
        for parent in PARENTS.iter() {
            let plain = name(&parent.name.replace("<region>", "eu-west-1"));
            assert!(!PublicSuffixes::embedded().contains(&plain), "{plain} joined the list");
        }
    }

    #[test]
    fn a_listed_name_is_found_at_the_end() {
        let check = |text: &str, listed: &str, before: Option<&str>| {
            assert_eq!(ends(text, listed), before, "{text} {listed}");
        };
        check("okta.com", "okta.com", Some(""));
        check("a.okta.com", "okta.com", Some("a"));
        check("notokta.com", "okta.com", None);
        check("dkr.ecr.eu-west-1.amazonaws.com", "dkr.ecr.<region>.amazonaws.com", Some(""));
        check("1.dkr.ecr.us-east-1.amazonaws.com", "dkr.ecr.<region>.amazonaws.com", Some("1"));
        check("xdkr.ecr.us-east-1.amazonaws.com", "dkr.ecr.<region>.amazonaws.com", None);
        check("eu-west-1.es.amazonaws.com", "<region>.es.amazonaws.com", Some(""));
        check("d.eu-west-1.es.amazonaws.com", "<region>.es.amazonaws.com", Some("d"));
        check("es.amazonaws.com", "<region>.es.amazonaws.com", None);
        check("amazonaws.com", "dkr.ecr.<region>.amazonaws.com", None);
    }
}
