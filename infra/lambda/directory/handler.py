"""What Lambda calls: a step of the state machine does as many pages as fit, and hands back the state.

The event is `{"run": NAME, "state": STATE}`: the name of the execution, and the state that the last
step gave or, at first, the input of the execution: `{}`, or `{"allow_removals": true}`, or a state that a
failed run left in the dead-letter queue.

Environment: POOL (id), TABLE (name), ACTIVE (the region that is active while the table does not say
another), DIRECTORY (dimension of the metrics). AWS_REGION is Lambda's.
"""

import json
import os
import time

import boto3
from botocore.config import Config
from botocore.exceptions import ClientError

from . import walk
from .export import Export
from .pool import Pool
from .restore import Restore
from .table import Table

NAMESPACE = "fwc/directory"
# Longer than a step can take (15 minutes) and its pauses.
LEASE = 1_800
# What a page may take at most, with every call of it tried again.
MARGIN_MS = 120_000
PAUSE = 30
THROTTLED = {
    "ProvisionedThroughputExceededException",
    "RequestLimitExceeded",
    "Throttling",
    "ThrottlingException",
    "TooManyRequestsException",
}
# The client slows down by itself; what is throttled after that goes back to the state machine.
RETRIES = Config(retries={"mode": "adaptive", "max_attempts": 5})


def handler(event, context):
    return step(
        {"run": event["run"], **event["state"]},
        pool=Pool(boto3.client("cognito-idp", config=RETRIES), os.environ["POOL"]),
        table=Table(boto3.client("dynamodb", config=RETRIES), os.environ["TABLE"]),
        region=os.environ["AWS_REGION"],
        active=os.environ["ACTIVE"],
        directory=os.environ["DIRECTORY"],
        time_left=lambda: context.get_remaining_time_in_millis() > MARGIN_MS,
        clock=lambda: int(time.time()),
    )


def step(state, *, pool, table, region, active, directory, time_left, clock):
    """Pages until the run is done, the time is up or the service wants a pause."""
    direction = "export" if table.note("active").get("region", active) == region else "restore"
    now = clock()
    if "phase" not in state:
        state = walk.start(
            state["run"],
            direction,
            started=now,
            # What an import brings is as old as the export before it.
            as_of=int(table.note("exported").get("started", 0)),
            allow_removals=bool(state.get("allow_removals")),
        )
    if state["direction"] != direction:
        return _end(state, table, region, "superseded")
    if not table.lease(region, state["run"], now, LEASE):
        return {**state, "done": True, "outcome": "another run is under way", "wait": 0}
    side = {"export": Export, "restore": Restore}[direction](pool, table, now)
    try:
        state = _pages(state, side, time_left)
    except Exception:
        # The next run need not wait for the lease; a retry of this one takes it again.
        table.release(region, state["run"])
        raise
    if not state["done"]:
        return state
    if direction == "export":
        table.write_note("exported", region=region, started=state["started"], finished=clock())
    _report(state, directory, clock())
    return _end(state, table, region, "complete")


def _pages(state, side, time_left):
    state = {**state, "wait": 0}
    while not state["done"] and time_left():
        try:
            state = walk.advance(state, side)
        except ClientError as error:
            if error.response["Error"]["Code"] not in THROTTLED:
                raise
            return {**state, "wait": PAUSE}
    return state


def _end(state, table, region, outcome):
    table.release(region, state["run"])
    return {**state, "done": True, "outcome": outcome, "wait": 0}


def _report(state, directory, now):
    """Metrics in the embedded format: CloudWatch reads them from the log
    (https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/CloudWatch_Embedded_Metric_Format_Specification.html)."""
    values = {
        "Completed": 1,
        "Later": 0,
        "Wrong": 0,
        **{key.title(): n for key, n in state["counts"].items()},
    }
    if state["direction"] == "restore":
        values["Age"] = now - state["as_of"]
    metrics = [{"Name": key, "Unit": "Seconds" if key == "Age" else "Count"} for key in sorted(values)]
    print(
        json.dumps(
            {
                "_aws": {
                    "Timestamp": now * 1000,
                    "CloudWatchMetrics": [
                        {"Namespace": NAMESPACE, "Dimensions": [["Directory"]], "Metrics": metrics}
                    ],
                },
                "Directory": directory,
                "run": state["run"],
                "direction": state["direction"],
                **values,
            },
            sort_keys=True,
        )
    )
