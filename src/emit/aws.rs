//! `rule-group-<n>.json` and `firewall-policy.json`: the bodies of `CreateRuleGroup` and
//! `CreateFirewallPolicy`.
//!
//! Names, limits and the meaning of each member: the service model of Network Firewall (botocore's
//! `network-firewall/2020-11-12/service-2.json`, November 2026), against which a test validates
//! what is written here.

use std::collections::BTreeMap;

use ipnet::IpNet;
use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};

use super::{Context, Delivery, Output, Target, Usage, json};
use crate::project::Project;
use crate::suricata::{Addresses, RuleGroup, Ruleset};

/// The target.
pub(super) static AWS: Target = Target {
    name: "aws",
    summary: "rule-group-<n>.json, firewall-policy.json: bodies for the AWS API",
    usage: Usage::Default,
    owns: |name| {
        let number = name.strip_prefix("rule-group-").and_then(|it| it.strip_suffix(".json"));
        name == "firewall-policy.json" || number.is_some_and(|it| it.parse::<u32>().is_ok())
    },
    emit,
};

/// Between the priorities of two groups, so that a person can put one of theirs in between.
pub const PRIORITY_STEP: u32 = 100;

/// The order of evaluation, of groups and of the policy: neither can be changed once created.
pub(crate) const RULE_ORDER: &str = "STRICT_ORDER";

/// Stateless signatures cannot log and bypass everything below.
pub(crate) const STATELESS_ACTIONS: [&str; 1] = ["aws:forward_to_sfe"];

/// They decide only what no signature decides, and say so: a drop without its alert leaves no
/// trace.
pub(crate) const STATEFUL_ACTIONS: [&str; 2] =
    ["aws:drop_established_app_layer_to_server", "aws:alert_established_app_layer_to_server"];

/// What the engine has not seen the beginning of is not let through.
pub(crate) const STREAM_EXCEPTIONS: &str = "REJECT";

/// A NAT gateway forgets a connection after 350 seconds.
pub(crate) const IDLE_SECONDS: u32 = 350;

/// `CreateRuleGroup`.
#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
struct CreateRuleGroup<'r> {
    rule_group_name: String,
    r#type: &'static str,
    capacity: u32,
    description: String,
    rule_group: Body<'r>,
    summary_configuration: SummaryConfiguration,
    tags: Vec<Tag>,
}

/// The content of a rule group. Its digest is taken over this, so its keys are sorted: whoever reads
/// the group back need not know the order they were written in.
#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
struct Body<'r> {
    #[serde(skip_serializing_if = "Option::is_none")]
    reference_sets: Option<ReferenceSets<'r>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    rule_variables: Option<RuleVariables<'r>>,
    rules_source: RulesSource<'r>,
    stateful_rule_options: RuleOptions,
}

#[derive(Serialize)]
struct RuleVariables<'r> {
    #[serde(rename = "IPSets")]
    ip_sets: BTreeMap<&'r str, Definition>,
}

#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
struct Definition {
    definition: Vec<String>,
}

#[derive(Serialize)]
struct ReferenceSets<'r> {
    #[serde(rename = "IPSetReferences")]
    ip_set_references: BTreeMap<&'r str, Reference<'r>>,
}

#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
struct Reference<'r> {
    reference_arn: &'r str,
}

#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
struct RulesSource<'r> {
    rules_string: &'r str,
}

#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
struct RuleOptions {
    rule_order: &'static str,
}

#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
struct SummaryConfiguration {
    rule_options: [&'static str; 3],
}

#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct Tag {
    pub(super) key: &'static str,
    pub(super) value: String,
}

/// `CreateFirewallPolicy`.
#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
struct CreateFirewallPolicy {
    firewall_policy_name: String,
    description: String,
    firewall_policy: FirewallPolicy,
    tags: Vec<Tag>,
}

#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
struct FirewallPolicy {
    stateless_default_actions: [&'static str; 1],
    stateless_fragment_default_actions: [&'static str; 1],
    stateful_rule_group_references: Vec<GroupReference>,
    stateful_default_actions: [&'static str; 2],
    stateful_engine_options: EngineOptions,
    #[serde(skip_serializing_if = "Option::is_none")]
    policy_variables: Option<PolicyVariables>,
}

#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
struct GroupReference {
    resource_arn: String,
    priority: u32,
}

#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
struct EngineOptions {
    rule_order: &'static str,
    stream_exception_policy: &'static str,
    flow_timeouts: FlowTimeouts,
}

#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
struct FlowTimeouts {
    tcp_idle_timeout_seconds: u32,
}

#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
struct PolicyVariables {
    rule_variables: BTreeMap<&'static str, Definition>,
}

fn emit(context: &Context<'_>, delivery: &Delivery<'_>, out: &mut Output<'_>) {
    let ruleset = delivery.ruleset;
    let (project, role) = (&context.project.name, &ruleset.region.role);
    let description = description(context, ruleset);
    for group in &ruleset.groups {
        let digest = delivery.group_digest(group);
        let create = CreateRuleGroup {
            rule_group_name: named(project, ruleset, group, digest),
            r#type: "STATEFUL",
            capacity: group.capacity,
            description: description.clone(),
            rule_group: body_of(ruleset, group),
            summary_configuration: SummaryConfiguration {
                rule_options: ["SID", "MSG", "METADATA"],
            },
            tags: tags(project, digest.to_owned()),
        };
        out.file(ruleset, &format!("rule-group-{}.json", group.number), json(&create));
    }
    let Some(references) = references(context.project, delivery) else {
        out.notes.push(format!(
            "no firewall-policy.json for region `{role}`: ARNs need `regions.{role}.aws` and \
             `vars.account`"
        ));
        return;
    };
    let home_net = home_net(context.project, ruleset);
    let policy_variables = (!home_net.is_empty()).then(|| PolicyVariables {
        rule_variables: BTreeMap::from([("HOME_NET", Definition { definition: home_net })]),
    });
    let policy = CreateFirewallPolicy {
        firewall_policy_name: policy_name(context, ruleset),
        description,
        firewall_policy: FirewallPolicy {
            stateless_default_actions: STATELESS_ACTIONS,
            stateless_fragment_default_actions: STATELESS_ACTIONS,
            stateful_rule_group_references: references,
            stateful_default_actions: STATEFUL_ACTIONS,
            stateful_engine_options: EngineOptions {
                rule_order: RULE_ORDER,
                stream_exception_policy: STREAM_EXCEPTIONS,
                flow_timeouts: FlowTimeouts { tcp_idle_timeout_seconds: IDLE_SECONDS },
            },
            policy_variables,
        },
        tags: tags(project, delivery.digest.clone()),
    };
    out.file(ruleset, "firewall-policy.json", json(&policy));
}

/// What an object says about itself.
pub(super) fn description(context: &Context<'_>, ruleset: &Ruleset) -> String {
    format!("{} {}: written by fwc, do not edit", context.project.name, ruleset.region.role)
}

/// The name of a region's firewall policy.
pub(super) fn policy_name(context: &Context<'_>, ruleset: &Ruleset) -> String {
    context.project.policy_name(&ruleset.region.role)
}

/// The addresses and sets that the signatures of a group name.
pub(super) struct Sets<'r> {
    /// Addresses by variable.
    pub(super) variables: BTreeMap<&'r str, &'r [IpNet]>,
    /// ARNs by reference.
    pub(super) references: BTreeMap<&'r str, &'r str>,
}

/// What the signatures of a group name, and nothing else: a group of another service need not
/// change when the addresses of this one do.
pub(super) fn sets<'r>(ruleset: &'r Ruleset, group: &RuleGroup) -> Sets<'r> {
    let mut sets = Sets { variables: BTreeMap::new(), references: BTreeMap::new() };
    for signature in ruleset.signatures(group) {
        for side in [&signature.source, &signature.destination] {
            match side {
                Addresses::Variable(name) => {
                    if let Some((name, networks)) = ruleset.variables.get_key_value(name) {
                        sets.variables.insert(name, networks);
                    }
                }
                Addresses::Reference(name) => {
                    if let Some((name, arn)) = ruleset.references.get_key_value(name) {
                        sets.references.insert(name, arn);
                    }
                }
                Addresses::Any | Addresses::Networks(_) => {}
            }
        }
    }
    sets
}

/// The content of a rule group: all of it that can be changed once the group exists.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Content {
    /// The signatures, a line each.
    pub rules: String,
    /// What the signatures name by variable, as AWS writes it.
    pub ip_sets: BTreeMap<String, Vec<String>>,
    /// The ARNs of what they name by reference.
    pub references: BTreeMap<String, String>,
}

impl Content {
    pub(super) fn of(ruleset: &Ruleset, group: &RuleGroup) -> Self {
        let Sets { variables, references } = sets(ruleset, group);
        let variables = variables.into_iter();
        let references = references.into_iter();
        Self {
            rules: ruleset.text(group).to_owned(),
            ip_sets: variables.map(|(name, set)| (name.to_owned(), definition(set))).collect(),
            references: references.map(|(name, arn)| (name.to_owned(), arn.to_owned())).collect(),
        }
    }

    /// SHA-256 of what [`Delivery::group_digest`] says.
    pub fn digest(&self) -> String {
        let ip_sets = self.ip_sets.iter();
        let ip_sets = ip_sets.map(|(name, set)| (name.as_str(), set.clone())).collect();
        let references = self.references.iter();
        let references = references.map(|(name, arn)| (name.as_str(), arn.as_str())).collect();
        digest(&body(&self.rules, ip_sets, references))
    }
}

fn body<'r>(
    rules_string: &'r str,
    ip_sets: BTreeMap<&'r str, Vec<String>>,
    references: BTreeMap<&'r str, &'r str>,
) -> Body<'r> {
    let defined = |(name, definition)| (name, Definition { definition });
    let referred = |(name, reference_arn)| (name, Reference { reference_arn });
    Body {
        reference_sets: (!references.is_empty()).then(|| ReferenceSets {
            ip_set_references: references.into_iter().map(referred).collect(),
        }),
        rule_variables: (!ip_sets.is_empty())
            .then(|| RuleVariables { ip_sets: ip_sets.into_iter().map(defined).collect() }),
        rules_source: RulesSource { rules_string },
        stateful_rule_options: RuleOptions { rule_order: RULE_ORDER },
    }
}

fn body_of<'r>(ruleset: &'r Ruleset, group: &RuleGroup) -> Body<'r> {
    let Sets { variables, references } = sets(ruleset, group);
    let ip_sets = variables.into_iter().map(|(name, set)| (name, definition(set))).collect();
    body(ruleset.text(group), ip_sets, references)
}

/// Networks as AWS writes them.
pub(super) fn definition(networks: &[IpNet]) -> Vec<String> {
    networks.iter().map(IpNet::to_string).collect()
}

/// What identifies several groups in this order, by the digest of their content and their capacity;
/// [`Delivery::digest`] is one.
pub fn generation_digest<'d>(groups: impl IntoIterator<Item = (&'d str, u32)>) -> String {
    digest(&Vec::from_iter(groups))
}

/// The digest of the content of a group; [`Delivery::group_digest`] says of what.
pub(super) fn content_digest(ruleset: &Ruleset, group: &RuleGroup) -> String {
    digest(&body_of(ruleset, group))
}

/// SHA-256 of a value as JSON, in hexadecimal.
pub(super) fn digest(value: &impl Serialize) -> String {
    // As in `json`, this cannot fail.
    hex(&Sha256::digest(serde_json::to_vec(value).unwrap_or_default()))
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

/// The name of a group: its place and its content, so that a new content is a new group.
pub fn group_name(project: &Project, delivery: &Delivery<'_>, group: &RuleGroup) -> String {
    named(&project.name, delivery.ruleset, group, delivery.group_digest(group))
}

fn named(project: &str, ruleset: &Ruleset, group: &RuleGroup, digest: &str) -> String {
    format!("{project}-{}-{}-{}", ruleset.region.role, group.number, short(digest))
}

/// As much of a digest as a name holds.
pub(crate) fn short(digest: &str) -> &str {
    digest.get(..12).unwrap_or(digest)
}

/// The place of a group among those of its policy.
pub(super) fn priority(group: &RuleGroup) -> u32 {
    group.number * PRIORITY_STEP
}

/// What the objects of a project are known by.
pub(super) fn tags(project: &str, digest: String) -> Vec<Tag> {
    vec![
        Tag { key: "managed-by", value: "fwc".to_owned() },
        Tag { key: "fwc:project", value: project.to_owned() },
        Tag { key: "fwc:digest", value: digest },
    ]
}

/// The groups by ARN, in order; `None` if the region or the account is not known.
fn references(project: &Project, delivery: &Delivery<'_>) -> Option<Vec<GroupReference>> {
    let ruleset = delivery.ruleset;
    let region = ruleset.region.aws.as_ref()?;
    let variables = project.variables(&ruleset.region.role);
    let account = variables.get("account")?;
    let partition = match region.split('-').next() {
        Some("cn") => "aws-cn",
        Some("us") if region.starts_with("us-gov-") => "aws-us-gov",
        _ => "aws",
    };
    let reference = |group: &RuleGroup| GroupReference {
        resource_arn: format!(
            "arn:{partition}:network-firewall:{region}:{account}:stateful-rulegroup/{}",
            group_name(project, delivery, group)
        ),
        priority: priority(group),
    };
    Some(ruleset.groups.iter().map(reference).collect())
}

/// The addresses the engine calls its own: those the project says, those of the VPC, or those of
/// all its networks.
pub(crate) fn home_net(project: &Project, ruleset: &Ruleset) -> Vec<String> {
    let region = project.regions.get(&ruleset.region.role);
    let networks = match (&project.firewall.home_net, region.and_then(|it| it.vpc_cidr)) {
        (Some(networks), _) => networks.clone(),
        (None, Some(vpc)) => vec![vpc],
        (None, None) => IpNet::aggregate(&ruleset.variables.values().flatten().copied().collect()),
    };
    definition(&networks)
}
