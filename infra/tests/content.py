#!/usr/bin/env python3
"""Puts rule groups into a policy shell as `fwc push` does, finds them there, and takes them out again.

    content.py push|held|remove BUILD       (BUILD is the folder that `fwc compile` wrote for the role)

What a push may change is the references of the policy and nothing else, so everything else is sent as it was read.
`held` fails unless the policy has exactly the groups that were pushed.
"""

import json
import sys
from pathlib import Path

import boto3


def main():
    action, build = sys.argv[1], Path(sys.argv[2])
    policy = json.loads((build / "firewall-policy.json").read_text(encoding="utf-8"))
    groups = [json.loads(path.read_text(encoding="utf-8")) for path in sorted(build.glob("rule-group-*.json"))]
    references = policy["FirewallPolicy"]["StatefulRuleGroupReferences"]
    region = references[0]["ResourceArn"].split(":")[3]
    client = boto3.client("network-firewall", region_name=region)
    name = policy["FirewallPolicyName"]
    found = client.describe_firewall_policy(FirewallPolicyName=name)

    def refer(wanted):
        client.update_firewall_policy(
            FirewallPolicyName=name,
            UpdateToken=found["UpdateToken"],
            Description=found["FirewallPolicyResponse"].get("Description", ""),
            FirewallPolicy={**found["FirewallPolicy"], "StatefulRuleGroupReferences": wanted},
        )

    if action == "push":
        for group in groups:
            client.create_rule_group(**group)
        refer(references)
    elif action == "held":
        held = found["FirewallPolicy"].get("StatefulRuleGroupReferences", [])
        if held != references:
            sys.exit(f"{name} has {held} and not {references}")
    elif action == "remove":
        refer([])
        for group in groups:
            client.delete_rule_group(RuleGroupName=group["RuleGroupName"], Type="STATEFUL")
    else:
        sys.exit(__doc__)
    print(f"content: {action}, {len(groups)} rule groups in {name}")


if __name__ == "__main__":
    main()
