"""Uses the emulator of Network Firewall as anybody uses the service: python client.py URL

The client is botocore, which knows nothing of fwc. It makes a rule group, a policy and a firewall, waits
until every zone is in sync, meets a stale token, loses an answer, and deletes everything.
"""

import json
import sys
import urllib.request

import botocore.config
import botocore.exceptions
import botocore.session

URL = sys.argv[1]
SIGNATURE = 'pass tls $HOME_NET any -> any 443 (msg:"{0}"; tls.sni; content:"{0}"; flow:to_server; sid:{1};)\n'
ORDER = {"RuleOrder": "STRICT_ORDER"}


def client(region):
    session = botocore.session.Session()
    session.set_credentials("AKIAIOSFODNN7EXAMPLE", "not a secret")
    config = botocore.config.Config(retries={"total_max_attempts": 1}, read_timeout=10)
    return session.create_client("network-firewall", region, endpoint_url=URL, config=config)


def emulator(command):
    body = json.dumps(command).encode()
    with urllib.request.urlopen(f"{URL}/_emulator", body) as answer:
        return json.load(answer)


def refused(code, call, **arguments):
    try:
        call(**arguments)
    except botocore.exceptions.ClientError as error:
        assert error.response["Error"]["Code"] == code, error
        assert error.response["ResponseMetadata"]["RequestId"], error
        return error.response["Error"]["Message"]
    raise AssertionError(f"{code} was expected")


def group(name, sid=1):
    source = {"RulesString": SIGNATURE.format(name, sid)}
    return {"RulesSource": source, "StatefulRuleOptions": ORDER}


def references(*arns):
    return [{"ResourceArn": arn, "Priority": 100 * number} for number, arn in enumerate(arns, 1)]


def policy(*arns):
    return {
        "StatelessDefaultActions": ["aws:forward_to_sfe"],
        "StatelessFragmentDefaultActions": ["aws:forward_to_sfe"],
        "StatefulDefaultActions": ["aws:drop_established"],
        "StatefulEngineOptions": ORDER,
        "StatefulRuleGroupReferences": references(*arns),
    }


firewalls = client("us-east-1")

# A group.
wanted = {"RuleGroupName": "shop-1", "Type": "STATEFUL", "Capacity": 10, "RuleGroup": group("a.example")}
dry = firewalls.create_rule_group(**wanted, DryRun=True)
assert dry["RuleGroupResponse"]["ConsumedCapacity"] == 1
assert firewalls.list_rule_groups()["RuleGroups"] == []
made = firewalls.create_rule_group(**wanted, Tags=[{"Key": "team", "Value": "shop"}])
arn = made["RuleGroupResponse"]["RuleGroupArn"]
read = firewalls.describe_rule_group(RuleGroupArn=arn)
assert read["RuleGroup"] == wanted["RuleGroup"], read
assert read["RuleGroupResponse"]["Tags"] == [{"Key": "team", "Value": "shop"}]
refused("InvalidRequestException", firewalls.create_rule_group, **wanted)

# It is of one region.
assert client("us-west-2").list_rule_groups()["RuleGroups"] == []

# A text that no engine loads.
wrong = {**wanted, "RuleGroupName": "wrong", "RuleGroup": group("a.example")}
wrong["RuleGroup"]["RulesSource"]["RulesString"] = 'pass tls any any -> any any (tls.snii; sid:1;)'
message = refused("InvalidRequestException", firewalls.create_rule_group, **wrong)
assert "unknown rule keyword 'tls.snii'" in message and "rule: pass tls" in message, message

# A policy and a firewall; an endpoint a zone, in sync after a while.
shell = firewalls.create_firewall_policy(FirewallPolicyName="shop", FirewallPolicy=policy())
policy_arn = shell["FirewallPolicyResponse"]["FirewallPolicyArn"]
subnets = [{"SubnetId": "subnet-0a"}, {"SubnetId": "subnet-0b"}]
firewalls.create_firewall(
    FirewallName="shop", FirewallPolicyArn=policy_arn, VpcId="vpc-0a", SubnetMappings=subnets
)


def status():
    return firewalls.describe_firewall(FirewallName="shop")["FirewallStatus"]


def wait(token):
    for _ in range(20):
        now = status()
        states = now["SyncStates"].values()
        tokens = {state["Config"][policy_arn]["UpdateToken"] for state in states}
        assert tokens == {token}, now
        if now["ConfigurationSyncStateSummary"] == "IN_SYNC" and now["Status"] == "READY":
            return [state["Attachment"]["EndpointId"] for state in states]
    raise AssertionError(now)


assert status()["Status"] == "PROVISIONING"
assert len(set(wait(shell["UpdateToken"]))) == 2
assert list(status()["SyncStates"]) == ["us-east-1a", "us-east-1b"]

# The switch, and a token that is stale after it.
change = {"FirewallPolicyName": "shop", "FirewallPolicy": policy(arn)}
switched = firewalls.update_firewall_policy(**change, UpdateToken=shell["UpdateToken"])
assert status()["ConfigurationSyncStateSummary"] == "PENDING"
wait(switched["UpdateToken"])
stale = {**change, "UpdateToken": shell["UpdateToken"]}
refused("InvalidTokenException", firewalls.update_firewall_policy, **stale)
message = refused("InvalidOperationException", firewalls.delete_rule_group, RuleGroupArn=arn)
assert message == "Unable to delete the object because it is still in use"

# An answer that is lost: it was done, and a client cannot know.
emulator({"fault": {"fault": "reset-after", "operation": "UpdateRuleGroup"}})
update = {"RuleGroupArn": arn, "RuleGroup": group("b.example"), "UpdateToken": made["UpdateToken"]}
try:
    firewalls.update_rule_group(**update)
    raise AssertionError("an answer came")
except (botocore.exceptions.HTTPClientError, botocore.exceptions.ConnectionError):
    pass
now = firewalls.describe_rule_group(RuleGroupArn=arn)
assert now["RuleGroup"] == group("b.example") and now["UpdateToken"] != made["UpdateToken"]
refused("InvalidTokenException", firewalls.update_rule_group, **update)

# Throttled twice.
emulator({"fault": {"fault": "throttle", "operation": "ListRuleGroups", "times": 2}})
for _ in range(2):
    refused("ThrottlingException", firewalls.list_rule_groups)

# Pages.
for number in range(2, 8):
    more = {**wanted, "RuleGroupName": f"shop-{number}", "RuleGroup": group("a.example", number)}
    firewalls.create_rule_group(**more)
pages = firewalls.get_paginator("list_rule_groups").paginate(PaginationConfig={"PageSize": 3})
names = [it["Name"] for page in pages for it in page["RuleGroups"]]
assert names == [f"shop-{number}" for number in range(1, 8)], names

# Everything goes.
firewalls.update_firewall_policy(
    FirewallPolicyName="shop", FirewallPolicy=policy(), UpdateToken=switched["UpdateToken"]
)
firewalls.delete_firewall(FirewallName="shop")
emulator({"advance": {"ticks": 10}})
refused("ResourceNotFoundException", firewalls.describe_firewall, FirewallName="shop")
firewalls.delete_firewall_policy(FirewallPolicyName="shop")
for name in names:
    firewalls.delete_rule_group(RuleGroupName=name, Type="STATEFUL")
assert firewalls.list_rule_groups()["RuleGroups"] == []
refused("ResourceNotFoundException", firewalls.describe_rule_group, RuleGroupArn=arn)

with urllib.request.urlopen(f"{URL}/_emulator/journal") as answer:
    journal = json.load(answer)["calls"]
lost = [call["fault"] for call in journal if call["operation"] == "UpdateRuleGroup"]
assert lost == ["reset-after", None], lost
print(f"{len(journal)} calls")
