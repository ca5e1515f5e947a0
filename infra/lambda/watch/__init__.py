"""Looks at the other region once a minute, and says here what it saw.

An alarm reads metrics of its own region only, and an alarm of a lost region pages nobody. So each
region asks the other for the state of its composite alarm, and turns the answer, or that there was none,
into metrics of its own (infra/modules/observe).

Environment: PEER_REGION, PEER_ALARM (name of the composite alarm there), WATCH (dimension of the metrics).
"""

import json
import os
import time

import boto3
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError

NAMESPACE = "fwc/watch"
# Two tries of a few seconds: the next minute asks again anyway.
PATIENCE = Config(connect_timeout=3, read_timeout=5, retries={"total_max_attempts": 2})


def handler(_event, _context):
    client = boto3.client("cloudwatch", region_name=os.environ["PEER_REGION"], config=PATIENCE)
    seen = look(client, os.environ["PEER_ALARM"])
    print(json.dumps(report(seen, os.environ["WATCH"], int(time.time() * 1000)), sort_keys=True))
    return seen


def look(client, alarm):
    """What the other region says of itself; one that cannot be asked is unreachable, and nothing else."""
    try:
        answer = client.describe_alarms(AlarmNames=[alarm], AlarmTypes=["CompositeAlarm"])
    except (BotoCoreError, ClientError) as error:
        return {"Unreachable": 1, "Impaired": 0, "error": type(error).__name__}
    # No alarm of that name is no answer: who watches nothing must not say that all is well.
    states = [it["StateValue"] for it in answer["CompositeAlarms"]]
    return {"Unreachable": int(not states), "Impaired": int("ALARM" in states)}


def report(seen, watch, now):
    """The metrics in the embedded format, which CloudWatch reads from the log."""
    metrics = [{"Name": name, "Unit": "Count"} for name in ("Impaired", "Unreachable")]
    directive = {"Namespace": NAMESPACE, "Dimensions": [["Watch"]], "Metrics": metrics}
    return {"_aws": {"Timestamp": now, "CloudWatchMetrics": [directive]}, "Watch": watch, **seen}
