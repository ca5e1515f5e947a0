"""What shell.py says of a shell that is off in one place."""

import copy
import unittest

import shell

COMPILED = {
    "FirewallPolicyName": "shop-primary",
    "FirewallPolicy": {
        "StatelessDefaultActions": ["aws:forward_to_sfe"],
        "StatelessFragmentDefaultActions": ["aws:forward_to_sfe"],
        "StatefulRuleGroupReferences": [{"ResourceArn": "arn", "Priority": 100}],
        "StatefulDefaultActions": ["aws:drop_strict", "aws:alert_strict"],
        "StatefulEngineOptions": {
            "RuleOrder": "STRICT_ORDER",
            "StreamExceptionPolicy": "REJECT",
            "FlowTimeouts": {"TcpIdleTimeoutSeconds": 350},
        },
        "PolicyVariables": {"RuleVariables": {"HOME_NET": {"Definition": ["10.10.0.0/16"]}}},
    },
}

RESOURCE = {
    "values": {
        "name": "shop-primary",
        "firewall_policy": [
            {
                "stateless_default_actions": ["aws:forward_to_sfe"],
                "stateless_fragment_default_actions": ["aws:forward_to_sfe"],
                "stateful_default_actions": ["aws:alert_strict", "aws:drop_strict"],
                "stateful_rule_group_reference": [],
                "stateless_rule_group_reference": [],
                "stateful_engine_options": [
                    {
                        "rule_order": "STRICT_ORDER",
                        "stream_exception_policy": "REJECT",
                        "flow_timeouts": [{"tcp_idle_timeout_seconds": 350}],
                    }
                ],
                "policy_variables": [{"rule_variables": [{"key": "HOME_NET", "ip_set": [{"definition": ["10.10.0.0/16"]}]}]}],
            }
        ],
    }
}


class Shell(unittest.TestCase):
    def setUp(self):
        self.resource = copy.deepcopy(RESOURCE)
        self.policy = self.resource["values"]["firewall_policy"][0]

    def differs(self, *wanted):
        found = [line.split(":")[0] for line in shell.differences(self.resource, COMPILED)]
        self.assertEqual(found, list(wanted))

    def test_same(self):
        self.differs()

    def test_name(self):
        self.resource["values"]["name"] = "shop-secondary"
        self.differs("name")

    def test_rule_groups(self):
        self.policy["stateful_rule_group_reference"] = [{"resource_arn": "arn", "priority": 100}]
        self.differs("the shell has rule groups")

    def test_default_actions(self):
        self.policy["stateful_default_actions"].pop()
        self.differs("StatefulDefaultActions")

    def test_stateless_actions(self):
        self.policy["stateless_fragment_default_actions"] = ["aws:pass"]
        self.differs("StatelessFragmentDefaultActions")

    def test_engine(self):
        self.policy["stateful_engine_options"][0]["stream_exception_policy"] = "CONTINUE"
        self.differs("StatefulEngineOptions")

    def test_timeout(self):
        self.policy["stateful_engine_options"][0]["flow_timeouts"] = []
        self.differs("StatefulEngineOptions")

    def test_home_net(self):
        self.policy["policy_variables"] = []
        self.differs("PolicyVariables")


if __name__ == "__main__":
    unittest.main()
