//! `fwc.tf.json`: the rule groups and the firewall policy as resources of Terraform.
//!
//! The file is a module for one region: it names the provider it needs and leaves its region and
//! credentials to the caller, so that the modules of several regions stand side by side. Every text
//! of it is a template to Terraform, so what is data has its `${` and `%{` escaped.

use serde_json::{Map, Value, json};

use super::aws::{self, Sets};
use super::{Context, Delivery, Output, Target, Usage, json};
use crate::suricata::RuleGroup;

/// The target.
pub(super) static TERRAFORM: Target = Target {
    name: "terraform",
    summary: "fwc.tf.json: rule groups and firewall policy as a Terraform module",
    usage: Usage::OnRequest,
    owns: |name| name == "fwc.tf.json",
    emit,
};

/// The oldest provider that the tests validate the file with.
const PROVIDER: &str = ">= 5.100.0";

fn emit(context: &Context<'_>, delivery: &Delivery<'_>, out: &mut Output<'_>) {
    let ruleset = delivery.ruleset;
    let (project, role) = (&context.project.name, &ruleset.region.role);
    let digest = &delivery.digest;
    let groups: Map<String, Value> = ruleset
        .groups
        .iter()
        .map(|group| (label(group), rule_group(context, delivery, group)))
        .collect();
    let arns = ruleset.groups.iter().map(arn).collect::<Vec<_>>();
    let mut resources = Map::new();
    if !groups.is_empty() {
        resources.insert("aws_networkfirewall_rule_group".to_owned(), groups.into());
    }
    let policy = json!({ "this": firewall_policy(context, delivery) });
    resources.insert("aws_networkfirewall_firewall_policy".to_owned(), policy);
    let document = json!({
        "//": template(&format!(
            "{project} {role}, written by fwc {}; do not edit", env!("CARGO_PKG_VERSION")
        )),
        "terraform": {
            "required_providers": { "aws": { "source": "hashicorp/aws", "version": PROVIDER } },
        },
        "resource": resources,
        "output": {
            "digest": { "description": "What identifies the content.", "value": digest },
            "firewall_policy_arn": {
                "description": "The policy, for the firewall that should enforce it.",
                "value": "${aws_networkfirewall_firewall_policy.this.arn}",
            },
            "rule_group_arns": {
                "description": "The rule groups, in strict order.",
                "value": arns,
            },
        },
    });
    out.file(ruleset, "fwc.tf.json", json(&document));
}

/// What Terraform calls a group.
fn label(group: &RuleGroup) -> String {
    format!("group_{}", group.number)
}

/// What stands for the ARN of a group.
fn arn(group: &RuleGroup) -> String {
    format!("${{aws_networkfirewall_rule_group.{}.arn}}", label(group))
}

fn rule_group(context: &Context<'_>, delivery: &Delivery<'_>, group: &RuleGroup) -> Value {
    let ruleset = delivery.ruleset;
    let digest = delivery.group_digest(group);
    let Sets { variables, references } = aws::sets(ruleset, group);
    let mut body = Map::new();
    let rules_string = template(ruleset.text(group));
    body.insert("rules_source".to_owned(), json!({ "rules_string": rules_string }));
    body.insert("stateful_rule_options".to_owned(), json!({ "rule_order": aws::RULE_ORDER }));
    if !variables.is_empty() {
        let ip_sets = variables.into_iter().map(|(name, networks)| {
            json!({ "key": name, "ip_set": { "definition": aws::definition(networks) } })
        });
        let ip_sets = ip_sets.collect::<Vec<_>>();
        body.insert("rule_variables".to_owned(), json!({ "ip_sets": ip_sets }));
    }
    if !references.is_empty() {
        let sets = references.into_iter().map(|(name, arn)| {
            json!({ "key": name, "ip_set_reference": { "reference_arn": template(arn) } })
        });
        let sets = sets.collect::<Vec<_>>();
        body.insert("reference_sets".to_owned(), json!({ "ip_set_references": sets }));
    }
    json!({
        "name": name(context, delivery, group),
        "description": template(&aws::description(context, ruleset)),
        "type": "STATEFUL",
        "capacity": group.capacity,
        "rule_group": body,
        "tags": tags(context, digest.to_owned()),
        // A policy cannot lose a group that it refers to: the new one first, then the switch.
        "lifecycle": { "create_before_destroy": true },
    })
}

/// The name of a group: what cannot be changed in place, which is its capacity, and what should not
/// be, which is its content. A change is then one update of the policy that switches all groups, and
/// no deny is missing while signatures move from one group to another.
fn name(context: &Context<'_>, delivery: &Delivery<'_>, group: &RuleGroup) -> String {
    let (project, role) = (&context.project.name, &delivery.ruleset.region.role);
    let (number, capacity) = (group.number, group.capacity);
    format!("{project}-{role}-{number}-{capacity}-{}", aws::short(delivery.group_digest(group)))
}

fn firewall_policy(context: &Context<'_>, delivery: &Delivery<'_>) -> Value {
    let ruleset = delivery.ruleset;
    let references = ruleset
        .groups
        .iter()
        .map(|group| json!({ "priority": aws::priority(group), "resource_arn": arn(group) }));
    let home_net = aws::home_net(context.project, ruleset);
    let variables = (!home_net.is_empty()).then(
        || json!({ "rule_variables": { "key": "HOME_NET", "ip_set": { "definition": home_net } } }),
    );
    let body = json!({
        "policy_variables": Vec::from_iter(variables),
        "stateless_default_actions": aws::STATELESS_ACTIONS,
        "stateless_fragment_default_actions": aws::STATELESS_ACTIONS,
        "stateful_default_actions": aws::STATEFUL_ACTIONS,
        "stateful_engine_options": {
            "rule_order": aws::RULE_ORDER,
            "stream_exception_policy": aws::STREAM_EXCEPTIONS,
            "flow_timeouts": { "tcp_idle_timeout_seconds": aws::IDLE_SECONDS },
        },
        "stateful_rule_group_reference": references.collect::<Vec<_>>(),
    });
    json!({
        "name": aws::policy_name(context, ruleset),
        "description": template(&aws::description(context, ruleset)),
        "firewall_policy": body,
        "tags": tags(context, delivery.digest.clone()),
    })
}

fn tags(context: &Context<'_>, digest: String) -> Map<String, Value> {
    let tags = aws::tags(&context.project.name, digest);
    tags.into_iter().map(|tag| (tag.key.to_owned(), template(&tag.value).into())).collect()
}

/// A text as a template that stands for it.
fn template(text: &str) -> String {
    text.replace("${", "$${").replace("%{", "%%{")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_text_is_taken_for_an_expression() {
        assert_eq!(template("pass tls $web any"), "pass tls $web any");
        assert_eq!(template("a{2}$ ${x} %{if} $${y}"), "a{2}$ $${x} %%{if} $$${y}");
    }
}
