"""The IAM policies: no more than the programs call, no less, and nothing of others."""

import json
import pathlib
import re
import unittest

import fake_aws
import test_failover

ROOT = pathlib.Path(__file__).parents[3]
POLICIES = ROOT / "infra/bootstrap/policies"
# https://docs.aws.amazon.com/service-authorization/latest/reference/reference_policies_actions-resources-contextkeys.html
# (2026-11-24): none of these has a resource to name, or none before it is asked for.
LISTS = {
    "cloudwatch:GetMetricStatistics",
    "globalaccelerator:DescribeEndpointGroup",
    "network-firewall:ListRuleGroups",
    "rds:DescribeGlobalClusters",
}
TERMS = {
    "partition",
    "account",
    "name",
    "primary",
    "secondary",
    "state_bucket",
    "state_key",
    "state_copy",
    "state_copy_key",
}
# Where IAM has another prefix than boto3.
PREFIX = {"stepfunctions": "states"}


def policy(name):
    return json.loads((POLICIES / f"{name}.json").read_text())


def listed(value):
    return value if isinstance(value, list) else [value]


def allowed(name):
    return {
        it
        for statement in policy(name)["Statement"]
        if statement["Effect"] == "Allow"
        for it in listed(statement["Action"])
    }


def api(operation):
    return "".join(word.title() for word in operation.split("_"))


class Policies(unittest.TestCase):
    def test_every_policy_is_one(self):
        names = sorted(it.stem for it in POLICIES.glob("*.json"))
        self.assertEqual(names, ["apply", "failover", "plan", "push", "status"])
        for name in names:
            with self.subTest(name):
                document = policy(name)
                self.assertEqual(document["Version"], "2012-10-17")
                sids = [it["Sid"] for it in document["Statement"]]
                self.assertEqual(len(sids), len(set(sids)))
                for statement in document["Statement"]:
                    keys = {"Sid", "Effect", "Action", "Resource", "NotResource", "Condition"}
                    self.assertLessEqual(set(statement), keys)
                    for action in listed(statement["Action"]):
                        self.assertRegex(action, r"^[a-z0-9-]+:[A-Za-z*]+$")
                open_terms = set(re.findall(r"\$\{(\w+)\}", json.dumps(document)))
                self.assertLessEqual(open_terms, TERMS)

    def test_only_lists_are_of_everything(self):
        for name in "failover", "push", "status":
            for statement in policy(name)["Statement"]:
                if "*" in listed(statement["Resource"]):
                    self.assertLessEqual(set(listed(statement["Action"])), LISTS, name)

    def test_no_wildcard_in_an_action_except_where_terraform_applies(self):
        for name in "failover", "plan", "push", "status":
            for action in allowed(name):
                self.assertNotIn("*", action, name)

    def test_whoever_looks_changes_nothing(self):
        for name in "plan", "status":
            for action in allowed(name):
                self.assertRegex(action, r":(Describe|List|Get)|^kms:Decrypt$", name)

    def test_push_makes_and_deletes_what_is_its_own(self):
        self.assertEqual(
            allowed("push"),
            {
                "network-firewall:CreateRuleGroup",
                "network-firewall:DeleteRuleGroup",
                "network-firewall:TagResource",
                "network-firewall:UpdateFirewallPolicy",
            },
        )
        for statement in policy("push")["Statement"]:
            if statement["Sid"] != "Switch":
                self.assertIn(":stateful-rulegroup/${name}-*", statement["Resource"])
                self.assertRegex(json.dumps(statement["Condition"]), r"Tag/fwc:project")

    def test_apply_cannot_loosen_its_own_fetters(self):
        denied = [it for it in policy("apply")["Statement"] if it["Effect"] == "Deny"]
        text = json.dumps(denied)
        for thing in "role/${name}-github-*", "${state_bucket}", "${state_copy}", "stateful-rulegroup/*":
            self.assertIn(thing, text)

    def test_page_shows_what_the_files_say(self):
        page = (ROOT / "docs/delivery.md").read_text()
        shown = [json.loads(it) for it in re.findall(r"```json\n(.*?)```", page, re.S) if '"Statement"' in it]
        terms = {"partition": "aws", "account": "123456789012", "name": "shop-prod"}
        files = []
        for name in "status", "push":
            text = (POLICIES / f"{name}.json").read_text()
            files.append(json.loads(re.sub(r"\$\{(\w+)\}", lambda term: terms[term[1]], text)))
        self.assertEqual(shown, files)


class Programs(unittest.TestCase):
    def test_failover_may_do_what_it_does_and_nothing_else(self):
        called = set()

        class Recording(test_failover.World):
            def client(self, service, region):
                client = super().client(service, region)
                backend = client.backend

                class Recorded:
                    def __getattr__(self, name):
                        called.add(f"{PREFIX.get(service, service)}:{api(name)}")
                        return getattr(backend, name)

                client.backend = Recorded()
                return client

        for lost, arguments in (
            (None, ["--to", "secondary"]),
            (test_failover.EAST, ["--to", "secondary", "--lost", "--despite", "lag"]),
        ):
            cloud = test_failover.Cloud()
            cloud.lost = lost
            given = ["--stack", str(test_failover.STACK), "--id", "test", "--yes", *arguments]
            self.assertEqual(test_failover.failover.main(given, Recording(cloud)), 0, cloud.printed[-2:])
        # For kubectl, which asks EKS for the address of the cluster, and for the table, which is encrypted.
        others = {"eks:DescribeCluster", "kms:Decrypt", "kms:GenerateDataKey"}
        self.assertEqual(allowed("failover"), called | others)

    def test_directory_may_do_what_it_does_and_nothing_else(self):
        terraform = (ROOT / "infra/modules/identity/sync.tf").read_text()
        for service, file in ("cognito-idp", "pool"), ("dynamodb", "table"):
            code = (ROOT / f"infra/lambda/directory/{file}.py").read_text()
            calls = set(re.findall(r"self\.client\.([a-z_]+)\(", code))
            may = set(re.findall(rf'"{service}:(\w+)"', terraform)) - {"LeadingKeys"}
            self.assertEqual(may, {api(it) for it in calls}, service)

    def test_apis_exist(self):
        """Every action that is allowed is an operation of botocore's model, or known not to be one."""
        others = {"TagResource", "PassRole"}
        services = {"states": "stepfunctions"}
        for name in "failover", "push", "status":
            for action in allowed(name):
                service, _, operation = action.partition(":")
                client = fake_aws.client(services.get(service, service), None)
                if operation not in others:
                    self.assertIn(operation, client.meta.service_model.operation_names, action)


if __name__ == "__main__":
    unittest.main()
