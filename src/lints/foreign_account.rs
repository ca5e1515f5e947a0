//! A resource of an AWS account that is not the project's.

use crate::diagnostic::{Diagnostic, codes};
use super::tenants;
use super::{Basis, Findings, Level, Lint, Review};

pub(super) static LINT: Lint = Lint {
    code: codes::FOREIGN_ACCOUNT,
    level: Level::Warn,
    basis: Basis::Entries,
    page: include_str!("../../docs/lints/foreign-account.md"),
    check,
};

fn check(review: &Review<'_>, findings: &mut Findings) {
    // The account is a variable, which a region may set for itself.
    let regions = review.policy.regions.iter();
    let accounts = regions.filter_map(|it| review.project.variables(&it.role).remove("account"));
    let ours: Vec<String> = accounts.collect();
    let Some(first) = ours.first() else { return };
    for named in review.allowed_names() {
        let text = named.pattern.text();
        if !(text.ends_with(".amazonaws.com") || text.ends_with(".on.aws")) {
            continue;
        }
        let is_account = |part: &&str| part.len() == 12 && part.bytes().all(|b| b.is_ascii_digit());
        let mut accounts = text.split(['.', '-']).filter(is_account);
        let is_foreign = |account: &&str| {
            !ours.iter().any(|our| our == account) && !tenants::AWS_ACCOUNTS.contains(account)
        };
        let Some(account) = accounts.find(is_foreign) else { continue };
        let message = format!("`{}` is of AWS account {account}", named.written());
        let found = Diagnostic::warning(codes::FOREIGN_ACCOUNT, message);
        let found = named.here(found, &format!("the project's account is {first}"));
        let help = "write `${account}` if it is yours; if it is a partner's, say so with `lint allow`";
        findings.report(named.grant.service, found.help(help));
    }
}
