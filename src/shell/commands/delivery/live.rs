//! What is in force in a region as a policy, to be compared with what should be.

use fwc::analysis::diff::diff;
use fwc::analysis::report::{self, Review};
use fwc::deploy::{Desired, Observed, Target};
use fwc::emit::Content;
use fwc::policy::RegionId;
use fwc::readback::{self, Change, Group, Readback};
use serde::Serialize;

use super::Changes;
use crate::shell::args::DiffFormat;
use crate::shell::project::Compiled;

/// A signature in force that is not as it was pushed.
#[derive(Debug, PartialEq, Eq, Serialize)]
pub(in crate::shell::commands) struct Edit {
    /// `added`, `removed`, `changed` or `moved`.
    pub(in crate::shell::commands) change: &'static str,
    /// The service it is about, if it is about one.
    service: Option<String>,
    /// What is in force.
    pub(in crate::shell::commands) live: Option<String>,
    /// What was pushed.
    pub(in crate::shell::commands) expected: Option<String>,
}

/// What opens and closes in a region with what was compiled.
pub(super) fn changes(
    desired: &Desired,
    observed: &Observed,
    compiled: &Compiled,
    format: DiffFormat,
) -> Changes {
    let target = &desired.target;
    if observed.live.is_empty() {
        return Changes::All(desired.grants);
    }
    let Some(live) = read(target, observed, compiled) else { return Changes::Unknown };
    let is_here = |role: &str| role == target.role;
    let changed = diff(&live.policy, &compiled.policy, compiled.today, &is_here);
    if changed.is_empty() {
        return Changes::None;
    }
    let (before, after) = (&live.sources, &compiled.sources);
    let review = Review { diff: &changed, before, after, regions: 1 };
    Changes::Some(match format {
        DiffFormat::Text => report::text(&review),
        DiffFormat::Markdown => report::markdown(&review),
        DiffFormat::Json => report::json(&review),
    })
}

/// The signatures of a region that somebody has edited since they were pushed.
pub(in crate::shell::commands) fn edits(
    target: &Target,
    observed: &Observed,
    compiled: &Compiled,
) -> Vec<Edit> {
    if observed.is_unedited() {
        return Vec::new();
    }
    let edit = |change: &Change| Edit {
        change: change.as_str(),
        service: change.metadata().and_then(|it| it.service.as_deref().map(str::to_owned)),
        live: change.live().map(|live| live.text.clone()),
        expected: change.expected().map(|expected| expected.text.trim_end().to_owned()),
    };
    let live = read(target, observed, compiled);
    live.iter().flat_map(|live| &live.drift.changes).map(edit).collect()
}

fn read(target: &Target, observed: &Observed, compiled: &Compiled) -> Option<Readback> {
    let held = observed.live.iter().filter_map(|live| {
        let content: &Content = live.state.content.as_ref()?;
        Some(Group {
            name: live.reference.name(),
            text: &content.rules,
            variables: &content.ip_sets,
            references: &content.references,
        })
    });
    let held: Vec<_> = held.collect();
    let region = compiled.policy.regions.iter().position(|region| region.role == target.role)?;
    let desired = readback::Desired {
        policy: &compiled.policy,
        project: &compiled.project,
        region: RegionId(u32::try_from(region).ok()?),
    };
    (!held.is_empty()).then(|| readback::read(&held, &desired, compiled.today))
}
