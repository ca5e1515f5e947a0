//! The public suffix list: names directly below which strangers can register names.
//!
//! The list is <https://publicsuffix.org/list/public_suffix_list.dat>, whole and unchanged, under the
//! Mozilla Public License 2.0; [`PublicSuffixes::version`] is its date. Both of its parts count: the
//! registries (`co.uk`) and the providers that asked to be listed (`github.io`).

use std::sync::LazyLock;

use publicsuffix::{List, Psl as _};

use crate::policy::fqdn::Fqdn;

/// A public suffix list, ready to be asked.
#[derive(Debug, Clone)]
pub struct PublicSuffixes {
    list: List,
    /// Every rule, its labels from right to left, each followed by a dot; sorted. So what lies below
    /// a name stands together.
    reversed: Vec<String>,
    version: String,
}

/// A text is no public suffix list.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("not a public suffix list: {reason}")]
pub struct NoList {
    /// Why.
    pub reason: String,
}

impl PublicSuffixes {
    /// The list that was current when this version was built.
    pub fn embedded() -> &'static Self {
        static LIST: LazyLock<PublicSuffixes> = LazyLock::new(|| {
            #[expect(clippy::expect_used, reason = "a test reads the same text")]
            PublicSuffixes::parse(EMBEDDED).expect("the embedded list is one")
        });
        &LIST
    }

    /// Reads a list in the format of publicsuffix.org.
    ///
    /// # Errors
    /// Why the text is no such list.
    pub fn parse(text: &str) -> Result<Self, NoList> {
        let no_list = |reason: &dyn ToString| NoList { reason: reason.to_string() };
        let list: List = text.parse().map_err(|error: publicsuffix::Error| no_list(&error))?;
        let lines = text.lines().map(|line| line.split_whitespace().next().unwrap_or_default());
        let rules = lines.filter(|rule| !rule.is_empty() && !rule.starts_with("//"));
        let mut reversed: Vec<String> =
            rules.filter(|rule| !rule.starts_with('!')).map(reversed).collect();
        if reversed.is_empty() {
            return Err(no_list(&"it has no rules"));
        }
        reversed.sort_unstable();
        let version = version(text).to_owned();
        Ok(Self { list, reversed, version })
    }

    /// When the list was made, as it says itself: `2026-10-22_08-36-41_UTC`.
    pub fn version(&self) -> &str {
        &self.version
    }

    /// The public suffix that a name ends with, or is; `None` if its top-level domain is in no rule.
    pub fn of<'n>(&self, name: &'n str) -> Option<&'n str> {
        let suffix = self.list.suffix(name.as_bytes())?;
        let length = suffix.as_bytes().len();
        suffix.is_known().then(|| name.get(name.len() - length..))?
    }

    /// Whether a name is a public suffix itself. Every top-level domain is.
    pub fn contains(&self, name: &Fqdn) -> bool {
        let name = name.as_str();
        !name.contains('.') || self.of(name) == Some(name)
    }

    /// Whether there is a top-level domain with that name.
    pub fn has_top_level(&self, label: &str) -> bool {
        let key = format!("{label}.");
        let at = self.reversed.partition_point(|rule| *rule < key);
        self.reversed.get(at).is_some_and(|rule| rule.starts_with(&key))
    }

    /// The public suffixes strictly below a name, as rules of the list (`*.compute.amazonaws.com`).
    pub fn below(&self, name: &Fqdn) -> impl Iterator<Item = String> {
        let key = reversed(name.as_str());
        let first = self.reversed.partition_point(|rule| *rule <= key);
        let rest = self.reversed.iter().skip(first);
        rest.take_while(move |rule| rule.starts_with(&key)).map(|rule| {
            let labels: Vec<&str> = rule.trim_end_matches('.').rsplit('.').collect();
            labels.join(".")
        })
    }
}

/// When the embedded list was made, without reading all of it.
pub fn embedded_version() -> &'static str {
    version(EMBEDDED)
}

const EMBEDDED: &str = include_str!("data/public_suffix_list.dat");

fn version(text: &str) -> &str {
    let mut head = text.lines().take(32);
    head.find_map(|line| line.strip_prefix("// VERSION: ")).unwrap_or("of unknown date")
}

/// The labels from right to left, in the form names have on the wire.
fn reversed(name: &str) -> String {
    let ascii = if name.is_ascii() { None } else { idna::domain_to_ascii(name).ok() };
    let name = ascii.as_deref().unwrap_or(name);
    name.rsplit('.').flat_map(|label| [label, "."]).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn name(text: &str) -> Fqdn {
        Fqdn::parse(text).unwrap().value
    }

    #[test]
    fn the_embedded_list_knows_registries_and_providers() {
        let list = PublicSuffixes::embedded();
        assert!(list.version().starts_with("20"), "{}", list.version());
        for suffix in ["com", "co.uk", "github.io", "blob.core.windows.net", "公司.cn"] {
            assert!(list.contains(&name(suffix)), "{suffix}");
        }
        for no_suffix in ["amazonaws.com", "example.com", "a.github.io"] {
            assert!(!list.contains(&name(no_suffix)), "{no_suffix}");
        }
        assert_eq!(list.of("shop.example.co.uk"), Some("co.uk"));
        assert_eq!(list.of("shop.example"), None);
        assert!(list.has_top_level("com") && !list.has_top_level("con"));
    }

    #[test]
    fn suffixes_below_a_name_are_found() {
        let list = PublicSuffixes::parse(
            "// VERSION: 1\n// ===BEGIN ICANN DOMAINS===\ncom\namazonaws.com\n*.compute.amazonaws.com\ns3.amazonaws.com\n!x.ck\n*.ck\n",
        )
        .unwrap();
        let below = |text| list.below(&name(text)).collect::<Vec<_>>();
        assert_eq!(below("amazonaws.com"), ["*.compute.amazonaws.com", "s3.amazonaws.com"]);
        assert_eq!(below("compute.amazonaws.com"), ["*.compute.amazonaws.com"]);
        assert!(below("s3.amazonaws.com").is_empty());
        assert!(below("xamazonaws.com").is_empty());
    }

    #[test]
    fn another_text_is_no_list() {
        assert!(PublicSuffixes::parse("").is_err());
        assert!(PublicSuffixes::parse("a..b\n").is_err());
    }
}
