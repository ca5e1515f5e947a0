"""scripts/failover against a cloud in memory: its order, its refusals, that it goes on where it stopped."""

import datetime
import importlib.machinery
import importlib.util
import json
import os
import pathlib
import re
import unittest
import unittest.mock

import fake_aws
from botocore.exceptions import EndpointConnectionError
from fake_aws import Fault

HERE = pathlib.Path(__file__).parent
STACK = HERE / "failover.json"


def load():
    path = str(HERE.parents[2] / "scripts/failover")
    loader = importlib.machinery.SourceFileLoader("failover", path)
    module = importlib.util.module_from_spec(importlib.util.spec_from_loader("failover", loader))
    loader.exec_module(module)
    return module


failover = load()
EAST, WEST = "us-east-1", "us-west-2"
CLUSTERS = json.loads(STACK.read_text())["clusters"]
WRITER = json.loads(STACK.read_text())["database"]["writer"]
READERS = json.loads(STACK.read_text())["database"]["readers"]


class Stopped(BaseException):
    """Somebody has stopped the program here."""


class Cloud:
    """What the two regions are, and every call that changes them."""

    def __init__(self):
        self.time = datetime.datetime(2026, 11, 24, 12, tzinfo=datetime.UTC)
        self.done, self.lost, self.printed = [], None, []
        self.stop_before = self.stop_after = None
        self.parity, self.confirms = 0, True
        self.lag = 120
        self.writer, self.members, self.changing = CLUSTERS["primary"], set(CLUSTERS.values()), 0
        self.pushed = {"primary"}
        self.overlays = {"primary": "active", "secondary": "standby"}
        self.schedules = {WEST: "ENABLED", EAST: "DISABLED"}
        self.copies, self.copy_fails = {}, 0
        self.notes, self.arriving = {}, 0
        self.runs, self.run_fails = {}, 0
        # Somebody has once repointed a name by hand.
        self.records = {
            ("Z0PRIMARY00000000000", "writer.db.shop-prod.internal"): WRITER,
            ("Z0PRIMARY00000000000", "reader.db.shop-prod.internal"): READERS["primary"],
            ("Z0SECONDARY000000000", "writer.db.shop-prod.internal"): "by-hand.example",
            ("Z0SECONDARY000000000", "reader.db.shop-prod.internal"): READERS["secondary"],
        }
        self.dials, self.healthy = {"east": 100.0, "west": 0.0}, {"east", "west"}

    def shape(self):
        """What the failover is about, without how it came to be."""
        return (
            self.writer, self.pushed, self.overlays, self.schedules, self.notes.get("active"),
            self.records, self.dials,
        )  # fmt: skip

    def change(self, what, act):
        """One change; the program may be stopped just before it or just after it."""
        number = len(self.done)
        if number == self.stop_before:
            self.stop_before = None
            raise Stopped(what)
        self.done.append(what)
        answer = act()
        if number == self.stop_after:
            self.stop_after = None
            raise Stopped(what)
        return answer


class World:
    """The cloud as the program sees it."""

    def __init__(self, cloud):
        self.cloud = cloud

    def client(self, service, region):
        return fake_aws.client(service, Region(self.cloud, region), region)

    def run(self, argv, quiet=False):
        program, cloud = argv[0], self.cloud
        if program == "fwc":
            if argv[1] == "test":
                return cloud.parity
            role = argv[argv.index("--region") + 1]
            if argv[1] == "status":
                return 0 if role in cloud.pushed else 1
            cloud.change(" ".join(argv), lambda: cloud.pushed.add(role))
            return 0
        role = argv[2].rpartition("-")[2]
        if argv[3] == "wait":
            return 0
        kind = argv[-1].rpartition("-")[2]
        if argv[3] == "diff":
            return 0 if cloud.overlays[role] == kind else 1
        cloud.change(f"kubectl {role} {kind}", lambda: cloud.overlays.update({role: kind}))
        return 0

    def now(self):
        return self.cloud.time

    def sleep(self, seconds):
        self.cloud.time += datetime.timedelta(seconds=seconds)

    def confirm(self, question):
        return self.cloud.confirms

    def say(self, text=""):
        self.cloud.printed.append(text)


class Region:
    """All services of a region; one that is lost answers nothing, the accelerator's API apart."""

    def __init__(self, cloud, region):
        self.cloud, self.region = cloud, region

    def __getattribute__(self, name):
        value = object.__getattribute__(self, name)
        if name in ("cloud", "region"):
            return value
        if self.cloud.lost == self.region:
            raise EndpointConnectionError(endpoint_url=self.region)
        return value

    def describe_global_clusters(self, GlobalClusterIdentifier):
        cloud = self.cloud
        state = {"FailoverState": {"Status": "switching-over"}} if cloud.changing else {}
        if cloud.changing:
            cloud.changing -= 1
            if cloud.changing == 1:
                # The roles change before all of it is done.
                cloud.writer = cloud.next_writer
        members = [{"DBClusterArn": it, "IsWriter": it == cloud.writer} for it in sorted(cloud.members)]
        found = {"Status": "available", "GlobalClusterMembers": members, **state}
        return {"GlobalClusters": [found]}

    def _promote(self, kind, target):
        def act():
            assert not self.cloud.changing, "asked twice"
            assert self.cloud.writer != target, "asked again"
            self.cloud.next_writer, self.cloud.changing = target, 3

        self.cloud.change(f"{kind} {self.region}", act)
        return {"GlobalCluster": {}}

    def switchover_global_cluster(self, GlobalClusterIdentifier, TargetDbClusterIdentifier):
        return self._promote("switchover", TargetDbClusterIdentifier)

    def failover_global_cluster(self, GlobalClusterIdentifier, TargetDbClusterIdentifier, AllowDataLoss):
        assert AllowDataLoss
        return self._promote("failover", TargetDbClusterIdentifier)

    def get_metric_statistics(self, Dimensions, EndTime, **_):
        assert Dimensions[0]["Value"].startswith("shop-prod-")
        if self.cloud.lag is None:
            return {"Datapoints": []}
        points = [(3, 10.0**6), (1, float(self.cloud.lag)), (2, 10.0**6)]
        ago = [(EndTime - datetime.timedelta(minutes=minutes), value) for minutes, value in points]
        return {"Datapoints": [{"Timestamp": at, "Maximum": value} for at, value in ago]}

    def describe_task(self, TaskArn):
        schedule = {"ScheduleExpression": "cron(0 * * * ? *)", "Status": self.cloud.schedules[self.region]}
        return {"TaskArn": TaskArn, "Schedule": schedule}

    def update_task(self, TaskArn, Schedule):
        status = Schedule["Status"]
        self.cloud.change(
            f"schedule {self.region} {status}", lambda: self.cloud.schedules.update({self.region: status})
        )

    def start_task_execution(self, TaskArn):
        assert self.cloud.schedules[self.region] == "ENABLED", "a copy against the direction"
        arn = f"{TaskArn}/execution/exec-{len(self.cloud.copies):017}"
        end = "ERROR" if self.cloud.copy_fails > 0 else "SUCCESS"
        self.cloud.copy_fails -= 1
        self.cloud.change("copy", lambda: self.cloud.copies.update({arn: [2, end]}))
        return {"TaskExecutionArn": arn}

    def describe_task_execution(self, TaskExecutionArn):
        copy = self.cloud.copies[TaskExecutionArn]
        copy[0] -= 1
        status = "TRANSFERRING" if copy[0] > 0 else copy[1]
        return {"TaskExecutionArn": TaskExecutionArn, "Status": status}

    def get_item(self, TableName, Key, ConsistentRead):
        name = Key["name"]["S"]
        if name == "exported" and self.region == WEST and self.cloud.arriving:
            self.cloud.arriving -= 1
            return {}
        item = self.cloud.notes.get(name)
        return {"Item": item} if item else {}

    def put_item(self, TableName, Item):
        self.cloud.change("switch users", lambda: self.cloud.notes.update({Item["name"]["S"]: Item}))

    def describe_execution(self, executionArn):
        if executionArn not in self.cloud.runs:
            raise Fault("ExecutionDoesNotExist")
        run = self.cloud.runs[executionArn]
        run["left"] -= 1
        status = {"executionArn": executionArn, "stateMachineArn": "m", "startDate": self.cloud.time}
        if run["left"] > 0:
            return {**status, "status": "RUNNING"}
        return {**status, **run["end"]}

    def start_execution(self, stateMachineArn, name, input):
        arn = stateMachineArn.replace(":stateMachine:", ":execution:") + ":" + name
        assert arn not in self.cloud.runs
        end = {"status": "SUCCEEDED", "output": json.dumps({"outcome": "complete"})}
        if self.cloud.run_fails > 0:
            self.cloud.run_fails -= 1
            end = {"status": "FAILED"}

        def act():
            self.cloud.runs[arn] = {"left": 2, "end": end}
            if name.startswith("users-export"):
                self.cloud.notes["exported"] = {"started": {"S": str(self.cloud.time)}}
                self.cloud.arriving = 2
            else:
                assert not self.cloud.arriving, "imported before the export has arrived"

        self.cloud.change(f"{name.rpartition('-t')[0] or name} {self.region}", act)
        return {"executionArn": arn, "startDate": self.cloud.time}

    def list_resource_record_sets(self, HostedZoneId, StartRecordName, StartRecordType, MaxItems):
        value = self.cloud.records[HostedZoneId, StartRecordName]
        it = {
            "Name": StartRecordName + ".",
            "Type": "CNAME",
            "TTL": 30,
            "ResourceRecords": [{"Value": value}],
        }
        return {"ResourceRecordSets": [it], "IsTruncated": False, "MaxItems": "1"}

    def change_resource_record_sets(self, HostedZoneId, ChangeBatch):
        def act():
            for it in ChangeBatch["Changes"]:
                assert it["Action"] == "UPSERT"
                new = it["ResourceRecordSet"]
                self.cloud.records[HostedZoneId, new["Name"]] = new["ResourceRecords"][0]["Value"]

        assert not self.cloud.changing, "before the database has settled"
        self.cloud.change("names", act)
        return {"ChangeInfo": {}}

    def describe_endpoint_group(self, EndpointGroupArn):
        assert self.region == WEST, "Global Accelerator answers in us-west-2"
        group = EndpointGroupArn.rpartition("/")[2]
        state = "HEALTHY" if group in self.cloud.healthy else "UNHEALTHY"
        found = {
            "TrafficDialPercentage": self.cloud.dials[group],
            "EndpointDescriptions": [{"HealthState": state}],
        }
        return {"EndpointGroup": found}

    def update_endpoint_group(self, EndpointGroupArn, TrafficDialPercentage):
        group = EndpointGroupArn.rpartition("/")[2]

        def act():
            self.cloud.dials[group] = TrafficDialPercentage
            assert any(self.cloud.dials.values()), "nobody gets in"

        self.cloud.change(f"dial {group} {TrafficDialPercentage:.0f}", act)


def run(cloud, *arguments, yes=True):
    given = ["--stack", str(STACK), "--id", "test", *arguments, *(["--yes"] if yes else [])]
    return failover.main(given, World(cloud))


PLANNED = [
    "fwc push --region secondary --yes",
    "kubectl secondary active",
    "copy",
    "users-export us-east-1",
    "users-import us-west-2",
    "switch users",
    "schedule us-west-2 DISABLED",
    "switchover us-east-1",
    "names",
    "dial west 100",
    "dial east 0",
    "schedule us-east-1 ENABLED",
    "kubectl primary standby",
]


class Planned(unittest.TestCase):
    def test_order(self):
        cloud = Cloud()
        self.assertEqual(run(cloud, "--to", "secondary"), 0, cloud.printed[-3:])
        self.assertEqual(cloud.done, PLANNED)
        self.assertEqual(cloud.writer, CLUSTERS["secondary"])
        self.assertEqual(cloud.dials, {"east": 0.0, "west": 100.0})

    def test_second_run_changes_nothing(self):
        cloud = Cloud()
        run(cloud, "--to", "secondary")
        cloud.done.clear()
        self.assertEqual(run(cloud, "--to", "secondary"), 0)
        self.assertEqual(cloud.done, [])

    def test_and_back(self):
        cloud = Cloud()
        cloud.pushed.add("secondary")
        before = cloud.shape()
        run(cloud, "--to", "secondary")
        cloud.done.clear()
        self.assertEqual(run(cloud, "--to", "primary", "--id", "back"), 0, cloud.printed)
        after = cloud.shape()
        self.assertEqual(cloud.notes["active"]["region"]["S"], EAST)
        for now, then in zip(after[:4] + after[6:], before[:4] + before[6:], strict=True):
            self.assertEqual(now, then)
        self.assertNotIn("names", cloud.done, "the writer's name moves by itself")

    def test_stopped_at_any_step_and_taken_up_again(self):
        whole = Cloud()
        run(whole, "--to", "secondary")
        for at, what in enumerate(PLANNED):
            for when in ("stop_before", "stop_after"):
                with self.subTest(what, when=when):
                    cloud = Cloud()
                    setattr(cloud, when, at)
                    with self.assertRaises(Stopped):
                        run(cloud, "--to", "secondary")
                    self.assertEqual(run(cloud, "--to", "secondary"), 0, cloud.printed[-3:])
                    self.assertEqual(cloud.shape(), whole.shape())
                    # Files may be copied again; nothing else is done twice.
                    again = [it for it in cloud.done if it != "copy"]
                    self.assertEqual(again, [it for it in PLANNED if it != "copy"])


class Refusing(unittest.TestCase):
    def test_nothing_happens_when_the_regions_are_not_equal(self):
        cloud = Cloud()
        cloud.parity = 1
        self.assertEqual(run(cloud, "--to", "secondary"), 1)
        self.assertEqual(cloud.done, [])
        self.assertIn("--despite parity", cloud.printed[-1])

    def test_unless_somebody_says_so(self):
        cloud = Cloud()
        cloud.parity = 1
        self.assertEqual(run(cloud, "--to", "secondary", "--despite", "parity"), 0)
        self.assertEqual(cloud.done, PLANNED)

    def test_lag(self):
        for lag, said in (10_001, "10 s behind"), (60_000, "60 s behind"), (None, "nobody knows"):
            with self.subTest(lag=lag):
                cloud = Cloud()
                cloud.lag = lag
                self.assertEqual(run(cloud, "--to", "secondary"), 1)
                self.assertEqual(cloud.done, [])
                self.assertIn(said, cloud.printed[-1])
        cloud = Cloud()
        cloud.lag = 60_000
        self.assertEqual(run(cloud, "--to", "secondary", "--max-lag", "90"), 0)

    def test_no_traffic_to_a_region_without_a_healthy_endpoint(self):
        cloud = Cloud()
        cloud.healthy = {"east"}
        self.assertEqual(run(cloud, "--to", "secondary"), 1)
        self.assertEqual(cloud.dials, {"east": 100.0, "west": 0.0})

    def test_no_promotion_of_a_cluster_that_is_no_copy(self):
        cloud = Cloud()
        cloud.members = {CLUSTERS["primary"]}
        self.assertEqual(run(cloud, "--to", "secondary"), 1)
        self.assertNotIn("switchover us-east-1", cloud.done)

    def test_what_is_not_confirmed_is_not_done(self):
        cloud = Cloud()
        cloud.confirms = False
        self.assertEqual(run(cloud, "--to", "secondary", yes=False), 1)
        self.assertEqual(cloud.done, [])

    def test_role_that_is_none(self):
        with self.assertRaises(SystemExit) as exit, open(os.devnull, "w") as nowhere:
            with unittest.mock.patch("sys.stderr", nowhere):
                run(Cloud(), "--to", "tertiary")
        self.assertEqual(exit.exception.code, 2)


class Failing(unittest.TestCase):
    def test_run_that_fails_is_begun_anew(self):
        cloud = Cloud()
        cloud.run_fails, cloud.copy_fails = 2, 1
        self.assertEqual(run(cloud, "--to", "secondary"), 0, cloud.printed[-3:])
        self.assertEqual(cloud.done.count("users-export us-east-1"), 3)
        self.assertEqual(cloud.done.count("copy"), 2)

    def test_run_that_always_fails_stops_before_the_database(self):
        cloud = Cloud()
        cloud.run_fails = 99
        self.assertEqual(run(cloud, "--to", "secondary"), 1)
        self.assertEqual(cloud.writer, CLUSTERS["primary"])
        self.assertIn("the same command goes on from here", cloud.printed[-1])


class Lost(unittest.TestCase):
    def lost(self):
        cloud = Cloud()
        cloud.lost, cloud.lag = EAST, None
        return cloud

    def test_what_would_be_lost_has_to_be_accepted(self):
        cloud = self.lost()
        self.assertEqual(run(cloud, "--to", "secondary", "--lost"), 1)
        self.assertEqual(cloud.done, [])

    def test_lost_region_is_not_asked(self):
        cloud = self.lost()
        self.assertEqual(run(cloud, "--to", "secondary", "--lost", "--despite", "lag"), 0, cloud.printed[-3:])
        alone = [
            it for it in PLANNED if "us-east-1" not in it and it not in ("copy", "kubectl primary standby")
        ]
        alone.insert(alone.index("names"), "failover us-west-2")
        self.assertEqual(cloud.done, alone)

    def test_when_it_is_back_the_rest_is_done(self):
        cloud = self.lost()
        run(cloud, "--to", "secondary", "--lost", "--despite", "lag")
        cloud.lost = None
        cloud.done.clear()
        self.assertEqual(run(cloud, "--to", "secondary"), 0, cloud.printed[-3:])
        self.assertEqual(cloud.done, ["schedule us-east-1 ENABLED", "kubectl primary standby"])
        whole = Cloud()
        run(whole, "--to", "secondary")
        self.assertEqual(cloud.shape(), whole.shape())

    def test_without_the_flag_a_region_that_does_not_answer_stops_it(self):
        cloud = self.lost()
        cloud.lag = 100
        self.assertEqual(run(cloud, "--to", "secondary"), 1)
        self.assertEqual(cloud.writer, CLUSTERS["primary"])


class Rehearsing(unittest.TestCase):
    """Golden files; a run with FWC_WRITE_GOLDEN=1 writes them. Read them."""

    def check(self, name, *arguments):
        cloud = Cloud()
        world = World(cloud)
        world.client = world.run = None
        given = ["--stack", str(STACK), "--id", "drill", "--dry-run", *arguments]
        self.assertEqual(failover.main(given, world), 0)
        golden, text = HERE / f"failover-{name}.txt", "\n".join(cloud.printed) + "\n"
        if os.environ.get("FWC_WRITE_GOLDEN") == "1":
            golden.write_text(text)
        self.assertEqual(text, golden.read_text())

    def test_planned(self):
        self.check("planned", "--to", "secondary")

    def test_lost(self):
        self.check("lost", "--to", "secondary", "--lost")

    def test_back(self):
        self.check("back", "--to", "primary")


class Given(unittest.TestCase):
    def test_terraform_gives_what_the_program_reads(self):
        """The keys of the output, in the canonical form of `terraform fmt`; no mock runs that root, as it has
        an ephemeral resource."""
        text = (HERE.parents[1] / "live/global/operations.tf").read_text()
        (block,) = re.findall(r'^output "failover" \{\n.*?^  value = \{\n(.*?)^  \}\n', text, re.S | re.M)
        keys = set(re.findall(r"^ {4}(\w+) +=", block, re.M))
        self.assertEqual(keys, set(json.loads(STACK.read_text())))
        for key in "database", "directory", "kubernetes":
            (inner,) = re.findall(rf"^    {key} = \{{\n(.*?)^    \}}\n", block, re.S | re.M)
            inside = set(re.findall(r"^ {6}(\w+) +=", inner, re.M))
            self.assertEqual(inside, set(json.loads(STACK.read_text())[key]), key)


if __name__ == "__main__":
    unittest.main()
