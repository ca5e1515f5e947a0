//! `ir.json`: what a policy means in a region, and the signatures it became, for programs.

use std::borrow::Cow;
use std::collections::BTreeMap;

use serde::Serialize;

use super::{Context, Delivery, Output, Place, Target, Usage, group_name, json};
use crate::policy::{Grant, Origins};
use crate::suricata::{Action, Metadata, Mode, Ruleset, Signature};

/// The target.
pub(super) static IR: Target = Target {
    name: "ir",
    summary: "ir.json: services and signatures with their origins, for programs",
    usage: Usage::Default,
    owns: |name| name == "ir.json",
    emit,
};

#[derive(Serialize)]
struct Document<'r> {
    schema: u32,
    project: &'r str,
    region: &'r str,
    aws: Option<&'r str>,
    profile: &'r str,
    digest: String,
    services: Vec<ServiceRow<'r>>,
    grants: Vec<GrantRow<'r>>,
    variables: BTreeMap<&'r str, Vec<String>>,
    references: BTreeMap<&'r str, &'r str>,
    rule_groups: Vec<GroupRow>,
    signatures: Vec<SignatureRow<'r>>,
}

#[derive(Serialize)]
struct ServiceRow<'r> {
    name: &'r str,
    owner: Option<&'r str>,
    sources: SourcesRow<'r>,
    /// Whether it logs what would be denied; and until when, if it ever does.
    observes: bool,
    observe_until: Option<String>,
}

#[derive(Serialize)]
#[serde(rename_all = "lowercase")]
enum SourcesRow<'r> {
    Networks(Vec<String>),
    Reference { network: &'r str, arn: &'r str },
}

/// One destination of one entry, whether it is in force or not.
#[derive(Serialize)]
struct GrantRow<'r> {
    /// `null` for every service.
    service: Option<&'r str>,
    action: String,
    destination: String,
    /// The destination with its variables, if it has any.
    #[serde(skip_serializing_if = "Option::is_none")]
    template: Option<&'r str>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    except: Vec<String>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    to: Vec<String>,
    port: String,
    owner: Option<&'r str>,
    ticket: Option<&'r str>,
    reason: Option<&'r str>,
    until: Option<String>,
    in_force: bool,
    #[serde(flatten)]
    at: Option<Place<'r>>,
}

#[derive(Serialize)]
struct GroupRow {
    number: u32,
    name: String,
    capacity: u32,
    signatures: usize,
}

#[derive(Serialize)]
struct SignatureRow<'r> {
    sid: u32,
    rule_group: u32,
    action: &'static str,
    protocol: &'static str,
    message: Cow<'r, str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    entry: Option<EntryRow<'r>>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    origins: Vec<Place<'r>>,
}

#[derive(Serialize)]
struct EntryRow<'r> {
    service: Option<&'r str>,
    action: String,
    destinations: &'r [Box<str>],
    #[serde(skip_serializing_if = "<[_]>::is_empty")]
    except: &'r [Box<str>],
    #[serde(skip_serializing_if = "Vec::is_empty")]
    to: Vec<String>,
    port: &'r str,
    observed: bool,
    owner: Option<&'r str>,
    ticket: Option<&'r str>,
    until: Option<String>,
}

fn emit(context: &Context<'_>, delivery: &Delivery<'_>, out: &mut Output<'_>) {
    let ruleset = delivery.ruleset;
    let (policy, today) = (context.policy, context.options.today);
    let services = policy.services.iter().filter_map(|service| {
        let sources = match service.sources(ruleset.id)? {
            Origins::Networks(networks) => {
                SourcesRow::Networks(networks.iter().map(ToString::to_string).collect())
            }
            Origins::Reference { network, arn } => SourcesRow::Reference { network, arn },
        };
        Some(ServiceRow {
            name: &service.name,
            owner: service.owner.as_deref(),
            sources,
            observes: service.observes(today),
            observe_until: service.observe.map(|until| until.to_string()),
        })
    });
    let grants = policy.grants.iter().filter_map(|grant| granted(context, ruleset, grant));
    let groups = ruleset.groups.iter().map(|group| GroupRow {
        number: group.number,
        name: group_name(context.project, delivery, group),
        capacity: group.capacity,
        signatures: group.signatures.len(),
    });
    let signatures = ruleset.groups.iter().flat_map(|group| {
        let rows = ruleset.signatures(group).iter();
        rows.map(|signature| row(context, group.number, signature))
    });
    let variables = ruleset.variables.iter().map(|(name, networks)| {
        (&**name, networks.iter().map(|network| network.to_string()).collect())
    });
    let document = Document {
        schema: 1,
        project: &context.project.name,
        region: &ruleset.region.role,
        aws: ruleset.region.aws.as_deref(),
        profile: context.options.profile.name,
        digest: delivery.digest.clone(),
        services: services.collect(),
        grants: grants.collect(),
        variables: variables.collect(),
        references: ruleset.references.iter().map(|(name, arn)| (&**name, &**arn)).collect(),
        rule_groups: groups.collect(),
        signatures: signatures.collect(),
    };
    out.file(ruleset, "ir.json", json(&document));
}

/// What a grant says here; `None` if its service does not run here.
fn granted<'r>(context: &Context<'r>, ruleset: &Ruleset, grant: &'r Grant) -> Option<GrantRow<'r>> {
    let service = grant.service.map(|id| context.policy.service(id));
    if service.is_some_and(|service| service.sources(ruleset.id).is_none()) {
        return None;
    }
    let terms = context.policy.terms(grant);
    let except = terms.except(ruleset.id).iter();
    Some(GrantRow {
        service: service.map(|service| &*service.name),
        action: grant.action.to_string(),
        destination: grant.destination.get(ruleset.id)?.to_string(),
        template: grant.template.as_deref(),
        except: except.map(ToString::to_string).collect(),
        to: terms.to().iter().map(ToString::to_string).collect(),
        port: terms.reach.to_string(),
        owner: terms.owner.as_deref(),
        ticket: terms.ticket.as_deref(),
        reason: terms.reason.as_deref(),
        until: terms.until.map(|until| until.to_string()),
        in_force: terms.in_force(context.options.today),
        at: context.place(grant.at),
    })
}

fn row<'r>(context: &Context<'r>, rule_group: u32, signature: &'r Signature) -> SignatureRow<'r> {
    SignatureRow {
        sid: signature.sid,
        rule_group,
        action: match signature.action {
            Action::Pass => "pass",
            Action::Drop => "drop",
            Action::Reject => "reject",
            Action::Alert => "alert",
        },
        protocol: signature.protocol.as_str(),
        message: signature.message(),
        entry: signature.metadata().map(entry),
        origins: origins(context, signature),
    }
}

fn entry(metadata: &Metadata) -> EntryRow<'_> {
    EntryRow {
        service: metadata.service.as_deref(),
        action: metadata.action.to_string(),
        destinations: &metadata.destinations,
        except: metadata.except(),
        to: metadata.to().iter().map(|network| network.to_string()).collect(),
        port: &metadata.reach,
        observed: metadata.mode == Mode::Observed,
        owner: metadata.owner.as_deref(),
        ticket: metadata.ticket.as_deref(),
        until: metadata.until.map(|until| until.to_string()),
    }
}

/// Where the entries of a signature stand. Sets that are used twice make several grants of one place.
fn origins<'r>(context: &Context<'r>, signature: &Signature) -> Vec<Place<'r>> {
    let grants = signature.grants.iter().filter_map(|id| context.policy.grant(*id));
    let mut places: Vec<_> = grants.map(|grant| grant.at).collect();
    places.dedup();
    places.into_iter().filter_map(|at| context.place(at)).collect()
}
