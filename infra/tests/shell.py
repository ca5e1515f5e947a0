#!/usr/bin/env python3
"""Compares the policy shell that Terraform makes with the policy that fwc compiles for.

    terraform test -json -verbose | infra/tests/shell.py build/primary/firewall-policy.json

Everything has to be the same but the references to rule groups, which the shell has none of: `fwc push` brings them,
and refuses a shell that is anything else. Exit 0 if it is, 1 if not, 2 if there is nothing to compare.
"""

import json
import sys

import routes


def sole(blocks):
    """The one block of a list, or nothing."""
    return blocks[0] if blocks else {}


def sent(values):
    """The body of CreateFirewallPolicy that the provider makes of a resource."""
    policy = sole(values["firewall_policy"])
    engine = sole(policy["stateful_engine_options"])
    variables = sole(policy.get("policy_variables")).get("rule_variables") or []
    timeouts = sole(engine.get("flow_timeouts"))
    return {
        "StatelessDefaultActions": policy["stateless_default_actions"],
        "StatelessFragmentDefaultActions": policy["stateless_fragment_default_actions"],
        "StatefulRuleGroupReferences": policy.get("stateful_rule_group_reference") or [],
        "StatelessRuleGroupReferences": policy.get("stateless_rule_group_reference") or [],
        "StatefulDefaultActions": policy["stateful_default_actions"],
        "StatefulEngineOptions": {
            "RuleOrder": engine.get("rule_order"),
            "StreamExceptionPolicy": engine.get("stream_exception_policy"),
            "FlowTimeouts": {"TcpIdleTimeoutSeconds": timeouts.get("tcp_idle_timeout_seconds")},
        },
        "PolicyVariables": {
            "RuleVariables": {it["key"]: {"Definition": sole(it["ip_set"])["definition"]} for it in variables},
        },
        "TLSInspectionConfigurationArn": policy.get("tls_inspection_configuration_arn") or None,
    }


def comparable(policy):
    """A policy without what Terraform has in another order, and without rule groups."""
    return {
        **policy,
        "StatelessDefaultActions": sorted(policy["StatelessDefaultActions"]),
        "StatelessFragmentDefaultActions": sorted(policy["StatelessFragmentDefaultActions"]),
        "StatefulDefaultActions": sorted(policy["StatefulDefaultActions"]),
        "StatefulRuleGroupReferences": [],
        "StatelessRuleGroupReferences": policy.get("StatelessRuleGroupReferences", []),
        "TLSInspectionConfigurationArn": policy.get("TLSInspectionConfigurationArn"),
        "PolicyVariables": {
            "RuleVariables": {
                name: {"Definition": sorted(it["Definition"])}
                for name, it in policy.get("PolicyVariables", {}).get("RuleVariables", {}).items()
            },
        },
    }


def differences(resource, compiled):
    """What of a resource is not what was compiled for, as lines."""
    shell = sent(resource["values"])
    found = []
    if shell["StatefulRuleGroupReferences"]:
        found.append("the shell has rule groups")
    if resource["values"]["name"] != compiled["FirewallPolicyName"]:
        found.append(f"name: {resource['values']['name']} and not {compiled['FirewallPolicyName']}")
    ours, wanted = comparable(shell), comparable(compiled["FirewallPolicy"])
    for key in sorted(ours.keys() | wanted.keys()):
        if ours.get(key) != wanted.get(key):
            found.append(f"{key}: {json.dumps(ours.get(key))} and not {json.dumps(wanted.get(key))}")
    return found


def main():
    with open(sys.argv[1], encoding="utf-8") as file:
        compiled = json.load(file)
    try:
        documents = routes.documents(sys.stdin.read())
    except routes.Unreadable as error:
        print(f"shell: {error}", file=sys.stderr)
        return 2
    shells = [it for _, them in documents for it in them if it["type"] == "aws_networkfirewall_firewall_policy"]
    if not shells:
        print("shell: there is no firewall policy in it", file=sys.stderr)
        return 2
    found = [line for resource in shells for line in differences(resource, compiled)]
    for line in found:
        print(f"{compiled['FirewallPolicyName']}: {line}")
    if not found:
        print(f"{compiled['FirewallPolicyName']}: the shell is what the content is compiled for")
    return int(bool(found))


if __name__ == "__main__":
    sys.exit(main())
