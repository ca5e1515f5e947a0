//! Two names of the policy that look alike.

use rustc_hash::FxHashMap;
use unicode_security::skeleton;

use crate::diagnostic::{Diagnostic, codes};
use crate::policy::fqdn::Fqdn;
use crate::source::Location;
use super::{Basis, Findings, Level, Lint, Review};

pub(super) static LINT: Lint = Lint {
    code: codes::CONFUSABLE_NAME,
    level: Level::Warn,
    basis: Basis::Entries,
    page: include_str!("../../docs/lints/confusable-name.md"),
    check,
};

fn check(review: &Review<'_>, findings: &mut Findings) {
    let mut seen: FxHashMap<String, (&Fqdn, Location)> = FxHashMap::default();
    for named in review.allowed_names() {
        let name = named.pattern.base();
        let looks = looks(name);
        let Some((first, at)) = seen.get(&looks) else {
            seen.insert(looks, (name, named.grant.at));
            continue;
        };
        if *first == name {
            continue;
        }
        let shown = |name: &Fqdn| name.unicode().unwrap_or_else(|| name.to_string());
        let message = format!("`{}` looks like `{}`", shown(name), shown(first));
        let found = Diagnostic::warning(codes::CONFUSABLE_NAME, message);
        let wire = name.unicode().map(|_| format!("`{name}` on the wire")).unwrap_or_default();
        let found = named.here(found, &wire).at(*at, "the other one");
        let help = "remove the one that is not meant; a name that looks like another is seldom an accident";
        findings.report(named.grant.service, found.help(help));
    }
}

/// What a name looks like: equal for names that a reader takes for each other (UTS 39).
fn looks(name: &Fqdn) -> String {
    match name.unicode() {
        Some(unicode) => skeleton(&unicode).collect(),
        // What the table says of the letters of plain names, which are nearly all.
        None => name.as_str().replace('1', "l").replace('m', "rn").replace('0', "O"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn plain_names_look_as_the_table_says() {
        let letters = "abcdefghijklmnopqrstuvwxyz0123456789-_";
        let name = Fqdn::parse(&format!("{letters}a.com")).unwrap().value;
        assert_eq!(looks(&name), skeleton(name.as_str()).collect::<String>());
    }
}
