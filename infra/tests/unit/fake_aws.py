"""boto3 clients that answer from memory: everything up to the wire is botocore's own.

Parameters are checked against the models, paginators and waiters work, and an error is the exception
that the service's would be. A backend is an object with
one method for each operation, named as boto3 names it, taking its parameters and returning its answer.
"""

import functools
import re
from types import SimpleNamespace

import boto3
from botocore.config import Config


class Fault(Exception):
    """An error that the service answers with."""

    def __init__(self, code, message=""):
        super().__init__(code)
        self.code, self.message = code, message


def client(service, backend, region="us-east-1"):
    """A client of a service whose calls go to a backend, until one for the same region is given another."""
    made = _client(service, region)
    made.backend = backend
    return made


@functools.cache
def _client(service, region):
    made = boto3.client(
        service,
        region_name=region,
        aws_access_key_id="test",
        aws_secret_access_key="test",
        config=Config(retries={"total_max_attempts": 1}),
    )

    def remember(params, context, **_):
        context["fake_params"] = dict(params)

    def answer(model, context, **_):
        method = getattr(made.backend, _snake(model.name), None)
        if method is None:
            raise AssertionError(f"the fake does not know {service}.{model.name}")
        meta = {"ResponseMetadata": {"HTTPStatusCode": 200, "RetryAttempts": 0}}
        try:
            return SimpleNamespace(status_code=200), {**(method(**context["fake_params"]) or {}), **meta}
        except Fault as fault:
            error = {"Error": {"Code": fault.code, "Message": fault.message or fault.code}}
            meta["ResponseMetadata"]["HTTPStatusCode"] = 400
            return SimpleNamespace(status_code=400), {**error, **meta}

    made.meta.events.register("before-parameter-build", remember)
    made.meta.events.register("before-call", answer)
    return made


def _snake(name):
    return re.sub(r"(?<=[a-z0-9])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])", "_", name).lower()
