//! Decisions as a table: what is the same for several services and regions is said once.

use std::cmp::Reverse;
use std::collections::BTreeSet;

use fwc::answer::Entry;
use fwc::matcher::Action;

use super::Decision;
use crate::shell::output;

/// What is decided alike.
#[derive(Debug)]
pub(super) struct Row<'a> {
    pub(super) action: Action,
    pub(super) services: Vec<&'a str>,
    /// The entry that decides; of several services the same line of text, whose they may be.
    entry: Option<&'a Entry<'a>>,
    regions: Vec<&'a str>,
    /// Whether it is all regions that were asked.
    everywhere: bool,
    tickets: BTreeSet<&'a str>,
    owners: BTreeSet<&'a str>,
}

/// The decisions as a table.
pub(super) fn table(decisions: &[Decision<'_>]) -> String {
    let rows = rows(decisions);
    let mut header = vec!["verdict", "services", "decided by"];
    let in_all = rows.iter().all(|row| row.everywhere);
    if !in_all {
        header.insert(2, "regions");
    }
    let rows = rows.iter().map(|row| {
        let services = row.services.join(", ");
        let mut cells = vec![row.action.as_str().to_owned(), services, row.decider()];
        if !in_all {
            cells.insert(2, row.regions().unwrap_or_else(|| "all".to_owned()));
        }
        cells
    });
    output::wrapped(&header, rows)
}

/// What is decided alike, together: what is allowed first, what no entry speaks about last.
pub(super) fn rows<'a>(decisions: &'a [Decision<'a>]) -> Vec<Row<'a>> {
    let regions: BTreeSet<&str> =
        decisions.iter().map(|(answers, _)| answers.region().role.as_str()).collect();
    let services = decisions.chunk_by(|(_, a), (_, b)| a.verdict.services == b.verdict.services);
    let mut services: Vec<_> =
        services.map(|decisions| (decisions.len(), of_service(decisions, regions.len()))).collect();
    // One that does not run everywhere joins those that do, if all it says is what they say.
    services.sort_by_key(|(decisions, _)| Reverse(*decisions));
    let mut rows: Vec<Row<'a>> = Vec::new();
    for (_, of_service) in services {
        let alone = of_service.len() == 1;
        for row in of_service {
            let joins = |it: &&mut Row<'a>| {
                it.says_the_same(&row) && (it.regions == row.regions || alone && it.everywhere)
            };
            match rows.iter_mut().find(joins) {
                Some(known) => {
                    known.services.extend(row.services);
                    known.tickets.extend(row.tickets);
                    known.owners.extend(row.owners);
                }
                None => rows.push(row),
            }
        }
    }
    for row in &mut rows {
        row.services.sort_unstable();
    }
    let rank = |action| match action {
        Action::Allow => 0,
        Action::Observe => 1,
        Action::Deny => 2,
    };
    rows.sort_by_key(|row| (rank(row.action), row.entry.is_none()));
    rows
}

/// What is decided for one service, of as many regions.
fn of_service<'a>(decisions: &'a [Decision<'a>], regions: usize) -> Vec<Row<'a>> {
    let mut rows: Vec<Row<'a>> = Vec::new();
    for (answers, answer) in decisions {
        let entry = answer.reason.entry.as_ref();
        let services = answer.verdict.services.iter();
        let row = Row {
            action: answer.verdict.action,
            services: services.map(|id| &*answers.policy().service(*id).name).collect(),
            entry,
            regions: vec![&answers.region().role],
            everywhere: false,
            tickets: entry.and_then(|entry| entry.ticket).into_iter().collect(),
            owners: entry.and_then(|entry| entry.owner).into_iter().collect(),
        };
        match rows.iter_mut().find(|it| it.says_the_same(&row)) {
            Some(known) => known.regions.extend(row.regions),
            None => rows.push(row),
        }
    }
    for row in &mut rows {
        row.everywhere = row.regions.len() == regions;
    }
    rows
}

impl Row<'_> {
    /// The regions, if it is not all that were asked.
    pub(super) fn regions(&self) -> Option<String> {
        (!self.everywhere).then(|| self.regions.join(", "))
    }

    fn says_the_same(&self, other: &Self) -> bool {
        let said = |row: &Self| (row.action, row.entry.map(|entry| entry.at));
        said(self) == said(other)
    }

    /// The line that decides, what it says, why and whose it is.
    fn decider(&self) -> String {
        let Some(entry) = self.entry else { return "no entry allows it".to_owned() };
        let mut lines =
            vec![format!("{}:{}", entry.place.file, entry.place.line), entry.text.clone()];
        let one = |of: &BTreeSet<&str>, many: &str| match of.len() {
            0 | 1 => of.first().map(|it| (*it).to_owned()),
            count => Some(format!("{count} {many}")),
        };
        let why = [one(&self.tickets, "tickets"), one(&self.owners, "owners")];
        let why: Vec<String> = why.into_iter().flatten().collect();
        if !why.is_empty() {
            lines.push(why.join(", "));
        }
        lines.join("\n")
    }
}
