//! For programs; `"schema": 1` promises that fields stay.

use serde::Serialize;

use super::{Effect, Review, Side};

#[derive(Serialize)]
struct Document<'r> {
    schema: u32,
    /// Whether anybody may reach more, now or on a later day.
    widens: bool,
    changes: Vec<Change<'r>>,
    facts: Vec<Fact<'r>>,
}

#[derive(Serialize)]
struct Change<'r> {
    region: &'r str,
    /// With `+` between services of shared addresses.
    service: String,
    effect: &'static str,
    pattern: String,
    protocol: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    ports: Option<String>,
    witness: Witness<'r>,
    file: String,
    line: u32,
    /// The policy that the line stands in.
    side: &'static str,
    /// Whether it passes in both, for its service observes.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    observed: bool,
    /// The line that denies in the other policy.
    #[serde(skip_serializing_if = "Option::is_none")]
    denied: Option<Place>,
}

#[derive(Serialize)]
struct Witness<'r> {
    #[serde(skip_serializing_if = "Option::is_none")]
    name: Option<&'r str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    port: Option<u16>,
    protocol: &'static str,
    address: String,
}

#[derive(Serialize)]
struct Place {
    file: String,
    line: u32,
    side: &'static str,
}

#[derive(Serialize)]
struct Fact<'r> {
    kind: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    service: Option<&'r str>,
    widens: bool,
    message: String,
    #[serde(flatten, skip_serializing_if = "Option::is_none")]
    place: Option<Place>,
}

/// The diff as JSON, one change a region.
pub fn json(review: &Review<'_>) -> String {
    let changes = review.diff.changes.iter().map(|change| {
        let (grant, deny) = review.places(change.effect, &change.cause);
        let witness = &change.row.witness;
        let place = |it: super::Place| Place { file: it.file, line: it.line, side: side(it.side) };
        // Of what opens and closes, the line that stands in the policy after, if one does.
        let (at, denied) = match (change.effect, deny) {
            (Effect::Closes, Some(deny)) => (place(deny), None),
            (_, deny) => (place(grant), deny.map(place)),
        };
        Change {
            region: &change.region,
            service: change.services.join("+"),
            effect: change.effect.as_str(),
            pattern: change.row.destination.to_string(),
            protocol: change.row.protocol.as_str(),
            ports: change.row.ports.as_ref().map(ToString::to_string),
            witness: Witness {
                name: witness.name.as_deref(),
                port: witness.port,
                protocol: witness.protocol.as_str(),
                address: witness.address.to_string(),
            },
            file: at.file,
            line: at.line,
            side: at.side,
            observed: change.observed,
            denied,
        }
    });
    let facts = review.diff.facts.iter().map(|fact| Fact {
        kind: fact.kind(),
        service: fact.service(),
        widens: fact.widens(),
        message: fact.sentence(),
        place: fact.at().map(|(in_side, at)| {
            let it = review.place(in_side, at);
            Place { file: it.file, line: it.line, side: side(it.side) }
        }),
    });
    let document = Document {
        schema: 1,
        widens: review.diff.widens(),
        changes: changes.collect(),
        facts: facts.collect(),
    };
    let text = serde_json::to_string_pretty(&document);
    text.map_or_else(|_| String::new(), |text| text + "\n")
}

fn side(side: Side) -> &'static str {
    match side {
        Side::Before => "before",
        Side::After => "after",
    }
}
