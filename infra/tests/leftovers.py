#!/usr/bin/env python3
"""Reads a plan after an apply, and accepts nothing but what an emulator forgets: terraform show -json PLAN | leftovers.py

A second plan has nothing to do on AWS. An emulator does not answer with everything that it was given; each of its
gaps is listed here, as an attribute of a kind of resource, and everything else is an error.
"""

import json
import sys

FORGOTTEN = {
    # moto says nothing of the keys of replicas.
    ("aws_secretsmanager_secret", "replica"),
    # ministack says nothing of the tags of replicas, logs and keys of insights, and has another address for a cluster
    # once it runs, which the names in private zones follow.
    ("aws_dynamodb_table", "replica"),
    ("aws_rds_cluster", "enabled_cloudwatch_logs_exports"),
    ("aws_rds_cluster_instance", "performance_insights_kms_key_id"),
    ("aws_route53_record", "records"),
    # moto keeps no description where the source is a group.
    ("aws_vpc_security_group_egress_rule", "description"),
    ("aws_vpc_security_group_ingress_rule", "description"),
}


def main():
    plan = json.load(sys.stdin)
    wrong, forgotten = [], set()
    for resource in plan.get("resource_changes", []):
        change = resource["change"]
        if change["actions"] in (["no-op"], ["read"]):
            continue
        if change["actions"] != ["update"]:
            wrong.append(f"{resource['address']}: {'/'.join(change['actions'])}")
            continue
        for attribute in differing(change):
            if (resource["type"], attribute) in FORGOTTEN:
                forgotten.add((resource["type"], attribute))
            else:
                wrong.append(f"{resource['address']}.{attribute}: {change['before'].get(attribute)!r} -> {change['after'].get(attribute)!r}")
    for line in wrong:
        print(line, file=sys.stderr)
    print(f"leftovers: {len(forgotten)} kinds of attributes that an emulator forgets, {len(wrong)} other changes")
    return 1 if wrong else 0


def differing(change):
    before, after = change["before"], change["after"]
    unknown = change.get("after_unknown") or {}
    return sorted(key for key in before.keys() | after.keys() if unknown.get(key) is not True and before.get(key) != after.get(key))


if __name__ == "__main__":
    sys.exit(main())
