//! The matcher against the tables of flows, which hold what real engines say.

use std::fmt::Write as _;
use std::fs;

use fwc::matcher::{self, Matcher, Options};
use fwc::policy::RegionId;
use fwc::project::Project;
use fwc::suricata::Profile;

use crate::corpus::{TODAY, corpus};
use crate::forms::{compiled, project_of};
use crate::support::table::{self, Section};

fn options(project: &Project, engine: matcher::Engine) -> Options<'static> {
    let profile = Profile::of(project.firewall.profile);
    Options { profile, engine, ..Options::new(TODAY.parse().unwrap()) }
}

/// Both engines that tests run, in the order of the columns of a table.
const ENGINES: [matcher::Engine; 2] = [matcher::Engine::V7_0_10, matcher::Engine::V8_0_8];

#[test]
fn the_matcher_agrees_with_every_table() {
    let (mut asked, mut wrong) = (0, String::new());
    for name in ["forms.txt", "denies.txt", "observe.txt", "published.txt", "prod.txt"] {
        let text = fs::read_to_string(corpus().join("traffic").join(name)).unwrap();
        for Section { policy: of, region, rows } in table::read(&text) {
            let project = project_of(&of);
            let policy = compiled(&of, &project).policy;
            let region = policy.regions.iter().position(|it| it.role == region).unwrap();
            let region = RegionId(region as u32);
            let matchers =
                ENGINES.map(|engine| Matcher::new(&policy, region, &options(&project, engine)));
            for row in &rows {
                let Some(said) = &row.said else { continue };
                for (matcher, expected) in matchers.iter().zip(&row.verdicts) {
                    asked += 1;
                    let action = table::ask(said, |flow| matcher.decide(flow).action);
                    let expected = table::action(expected);
                    if action != expected {
                        writeln!(wrong, "{of}: {}: {action:?}, not {expected:?}", row.flow)
                            .unwrap();
                    }
                }
            }
        }
    }
    assert!(asked > 1_000, "{asked} flows");
    assert!(wrong.is_empty(), "{wrong}");
}
