#!/usr/bin/env python3
"""What the platform uses and no emulator from PyPI has: gaps.py PORT MOTO MINISTACK

Global Accelerator and DataSync, as far as this stack uses them, add-ons and security groups of EKS clusters, backup and
access policies of EFS, and what mail identities of SES are sent from. Every other call to EKS and EFS goes on to
the emulator at MOTO, to SES to that at MINISTACK. Arguments are checked against botocore's models;
what is answered is what was given, with the identifiers and states that the services add. Objects that others refer
to cannot be deleted before those, as in the services.
"""

import itertools
import json
import re
import sys
import threading
import urllib.error
import urllib.request
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import boto3
import botocore.session
from botocore.validate import ParamValidator

HOP_BY_HOP = {"connection", "content-length", "date", "keep-alive", "server", "transfer-encoding"}
ACCOUNT = "123456789012"
EPOCH = 1700000000


class Refused(Exception):
    def __init__(self, code, message, status=400):
        super().__init__(message)
        self.code, self.message, self.status = code, message, status


class Store:
    """Objects by kind and identifier, in the order they were made."""

    def __init__(self):
        self.kinds = {}
        self.numbers = itertools.count(1)

    def number(self, digits):
        return f"{next(self.numbers):0{digits}x}"

    def put(self, kind, key, value):
        self.kinds.setdefault(kind, {})[key] = value
        return value

    def get(self, kind, key, code, status=400):
        found = self.kinds.get(kind, {}).get(key)
        if found is None:
            raise Refused(code, f"{kind} {key} does not exist", status)
        return found

    def all(self, kind):
        return list(self.kinds.get(kind, {}).values())

    def drop(self, kind, key):
        self.kinds.get(kind, {}).pop(key, None)


class Accelerators:
    """Global Accelerator, which is one for all regions."""

    def __init__(self):
        self.store = Store()
        self.attributes = {}
        self.tags = {}

    def CreateAccelerator(self, name, request):
        arn = f"arn:aws:globalaccelerator::{ACCOUNT}:accelerator/{self.store.number(32)}"
        self.tags[arn] = request.get("Tags", [])
        self.attributes[arn] = {"FlowLogsEnabled": False}
        accelerator = {
            "AcceleratorArn": arn,
            "Name": request["Name"],
            "IpAddressType": request.get("IpAddressType", "IPV4"),
            "Enabled": request.get("Enabled", True),
            "DnsName": f"a{arn[-16:]}.awsglobalaccelerator.com",
            "IpSets": [{"IpFamily": "IPv4", "IpAddressFamily": "IPv4", "IpAddresses": ["192.0.2.1", "192.0.2.2"]}],
            # The provider waits until it is.
            "Status": "DEPLOYED",
            "CreatedTime": EPOCH,
            "LastModifiedTime": EPOCH,
        }
        return {"Accelerator": self.store.put("accelerator", arn, accelerator)}

    def accelerator(self, request):
        return self.store.get("accelerator", request["AcceleratorArn"], "AcceleratorNotFoundException")

    def DescribeAccelerator(self, name, request):
        return {"Accelerator": self.accelerator(request)}

    def UpdateAccelerator(self, name, request):
        accelerator = self.accelerator(request)
        accelerator.update({key: value for key, value in request.items() if key in {"Name", "Enabled", "IpAddressType"}})
        return {"Accelerator": accelerator}

    def DescribeAcceleratorAttributes(self, name, request):
        self.accelerator(request)
        return {"AcceleratorAttributes": self.attributes[request["AcceleratorArn"]]}

    def UpdateAcceleratorAttributes(self, name, request):
        self.accelerator(request)
        self.attributes[request["AcceleratorArn"]].update({key: value for key, value in request.items() if key.startswith("FlowLogs")})
        return {"AcceleratorAttributes": self.attributes[request["AcceleratorArn"]]}

    def DeleteAccelerator(self, name, request):
        if self.accelerator(request)["Enabled"]:
            raise Refused("AcceleratorNotDisabledException", "the accelerator is enabled")
        if any(it["ListenerArn"].startswith(request["AcceleratorArn"]) for it in self.store.all("listener")):
            raise Refused("AssociatedListenerFoundException", "the accelerator has listeners")
        self.store.drop("accelerator", request["AcceleratorArn"])
        return {}

    def CreateListener(self, name, request):
        self.accelerator(request)
        arn = f"{request['AcceleratorArn']}/listener/{self.store.number(8)}"
        listener = {"ListenerArn": arn, "ClientAffinity": "NONE", **{key: value for key, value in request.items() if key in {"PortRanges", "Protocol", "ClientAffinity"}}}
        return {"Listener": self.store.put("listener", arn, listener)}

    def listener(self, request):
        return self.store.get("listener", request["ListenerArn"], "ListenerNotFoundException")

    def DescribeListener(self, name, request):
        return {"Listener": self.listener(request)}

    def UpdateListener(self, name, request):
        listener = self.listener(request)
        listener.update(request)
        return {"Listener": listener}

    def DeleteListener(self, name, request):
        self.listener(request)
        if any(it["EndpointGroupArn"].startswith(request["ListenerArn"]) for it in self.store.all("group")):
            raise Refused("AssociatedEndpointGroupFoundException", "the listener has endpoint groups")
        self.store.drop("listener", request["ListenerArn"])
        return {}

    @staticmethod
    def endpoints(request):
        return [
            {"HealthState": "HEALTHY", "Weight": it.get("Weight", 128), "EndpointId": it["EndpointId"], "ClientIPPreservationEnabled": it.get("ClientIPPreservationEnabled", True)}
            for it in request.get("EndpointConfigurations", [])
        ]

    def CreateEndpointGroup(self, name, request):
        self.listener(request)
        groups = [it for it in self.store.all("group") if it["EndpointGroupArn"].startswith(request["ListenerArn"])]
        if request["EndpointGroupRegion"] in {it["EndpointGroupRegion"] for it in groups}:
            raise Refused("EndpointGroupAlreadyExistsException", "the listener has a group in this region")
        arn = f"{request['ListenerArn']}/endpoint-group/{self.store.number(12)}"
        group = {
            "EndpointGroupArn": arn,
            "TrafficDialPercentage": 100.0,
            "HealthCheckProtocol": "TCP",
            "HealthCheckIntervalSeconds": 30,
            "ThresholdCount": 3,
            **{key: value for key, value in request.items() if key not in {"ListenerArn", "EndpointConfigurations", "IdempotencyToken"}},
            "EndpointDescriptions": self.endpoints(request),
        }
        return {"EndpointGroup": self.store.put("group", arn, group)}

    def group(self, request):
        return self.store.get("group", request["EndpointGroupArn"], "EndpointGroupNotFoundException")

    def DescribeEndpointGroup(self, name, request):
        return {"EndpointGroup": self.group(request)}

    def UpdateEndpointGroup(self, name, request):
        group = self.group(request)
        group.update({key: value for key, value in request.items() if key != "EndpointConfigurations"})
        if "EndpointConfigurations" in request:
            group["EndpointDescriptions"] = self.endpoints(request)
        return {"EndpointGroup": group}

    def DeleteEndpointGroup(self, name, request):
        self.group(request)
        self.store.drop("group", request["EndpointGroupArn"])
        return {}

    def ListCrossAccountResources(self, name, request):
        return {"CrossAccountResources": []}

    def ListTagsForResource(self, name, request):
        return {"Tags": self.tags.get(request["ResourceArn"], [])}

    def TagResource(self, name, request):
        replaced = {tag["Key"] for tag in request["Tags"]}
        kept = [tag for tag in self.tags.get(request["ResourceArn"], []) if tag["Key"] not in replaced]
        self.tags[request["ResourceArn"]] = kept + request["Tags"]
        return {}

    def UntagResource(self, name, request):
        self.tags[request["ResourceArn"]] = [tag for tag in self.tags.get(request["ResourceArn"], []) if tag["Key"] not in request["TagKeys"]]
        return {}


class DataSync:
    """DataSync in one region: locations of EFS and tasks."""

    def __init__(self, region):
        self.region = region
        self.store = Store()
        self.tags = {}

    def CreateLocationEfs(self, name, request):
        arn = f"arn:aws:datasync:{self.region}:{ACCOUNT}:location/loc-{self.store.number(17)}"
        system = request["EfsFilesystemArn"].rpartition("/")[2]
        if f":{self.region}:" not in request["EfsFilesystemArn"]:
            raise Refused("InvalidRequestException", "the file system is in another region")
        self.tags[arn] = request.get("Tags", [])
        location = {
            "LocationArn": arn,
            "LocationUri": f"efs://{self.region}.{system}{request.get('Subdirectory', '/')}",
            "CreationTime": EPOCH,
            **{key: value for key, value in request.items() if key in {"Ec2Config", "AccessPointArn", "FileSystemAccessRoleArn", "InTransitEncryption"}},
        }
        self.store.put("location", arn, location)
        return {"LocationArn": arn}

    def DescribeLocationEfs(self, name, request):
        return self.store.get("location", request["LocationArn"], "InvalidRequestException")

    def DeleteLocation(self, name, request):
        self.store.get("location", request["LocationArn"], "InvalidRequestException")
        if any(request["LocationArn"] in {it["SourceLocationArn"], it["DestinationLocationArn"]} for it in self.store.all("task")):
            raise Refused("InvalidRequestException", "the location is in use")
        self.store.drop("location", request["LocationArn"])
        return {}

    def CreateTask(self, name, request):
        # One of the two is elsewhere when files cross regions; not both.
        if not any(f":{self.region}:" in request[side] for side in ["SourceLocationArn", "DestinationLocationArn"]):
            raise Refused("InvalidRequestException", "neither location is in this region")
        arn = f"arn:aws:datasync:{self.region}:{ACCOUNT}:task/task-{self.store.number(17)}"
        self.tags[arn] = request.get("Tags", [])
        task = {"TaskArn": arn, "Status": "AVAILABLE", "TaskMode": "BASIC", "CreationTime": EPOCH, **{key: value for key, value in request.items() if key != "Tags"}}
        self.store.put("task", arn, task)
        return {"TaskArn": arn}

    def DescribeTask(self, name, request):
        return self.store.get("task", request["TaskArn"], "InvalidRequestException")

    def UpdateTask(self, name, request):
        self.store.get("task", request["TaskArn"], "InvalidRequestException").update(request)
        return {}

    def DeleteTask(self, name, request):
        self.store.get("task", request["TaskArn"], "InvalidRequestException")
        self.store.drop("task", request["TaskArn"])
        return {}

    def ListTagsForResource(self, name, request):
        return {"Tags": self.tags.get(request["ResourceArn"], [])}

    def TagResource(self, name, request):
        replaced = {tag["Key"] for tag in request["Tags"]}
        kept = [tag for tag in self.tags.get(request["ResourceArn"], []) if tag["Key"] not in replaced]
        self.tags[request["ResourceArn"]] = kept + request["Tags"]
        return {}

    def UntagResource(self, name, request):
        self.tags[request["ResourceArn"]] = [tag for tag in self.tags.get(request["ResourceArn"], []) if tag["Key"] not in request["Keys"]]
        return {}


class Addons:
    """Add-ons of the clusters of one region."""

    def __init__(self, region):
        self.region = region
        self.store = Store()

    def CreateAddon(self, name, request):
        if self.store.kinds.get("addon", {}).get(name):
            raise Refused("ResourceInUseException", f"the cluster has {name}", 409)
        cluster, addon = name
        arn = f"arn:aws:eks:{self.region}:{ACCOUNT}:addon/{cluster}/{addon}/{self.store.number(8)}"
        made = {
            "addonName": addon,
            "clusterName": cluster,
            "status": "ACTIVE",
            "addonVersion": request.get("addonVersion", "v1.0.0-eksbuild.1"),
            "health": {"issues": []},
            "addonArn": arn,
            "createdAt": EPOCH,
            "modifiedAt": EPOCH,
            "tags": request.get("tags", {}),
            "configurationValues": request.get("configurationValues", ""),
        }
        return {"addon": self.store.put("addon", name, made)}

    def DescribeAddon(self, name, request):
        return {"addon": self.store.get("addon", name, "ResourceNotFoundException", 404)}

    def UpdateAddon(self, name, request):
        addon = self.DescribeAddon(name, request)["addon"]
        addon.update({key: value for key, value in request.items() if key in {"addonVersion", "configurationValues"}})
        return {"update": {"id": self.store.number(8), "status": "Successful", "type": "AddonUpdate"}}

    def DeleteAddon(self, name, request):
        addon = self.DescribeAddon(name, request)["addon"]
        self.store.drop("addon", name)
        return {"addon": {**addon, "status": "DELETING"}}


class Policies:
    """Backup and access policies of the file systems of one region."""

    def __init__(self, region):
        self.store = Store()

    def PutBackupPolicy(self, name, request):
        return self.store.put("backup", name, {"BackupPolicy": request["BackupPolicy"]})

    def DescribeBackupPolicy(self, name, request):
        return self.store.get("backup", name, "PolicyNotFound", 404)

    def PutFileSystemPolicy(self, name, request):
        json.loads(request["Policy"])
        return self.store.put("policy", name, {"FileSystemId": name[0], "Policy": request["Policy"]})

    def DescribeFileSystemPolicy(self, name, request):
        return self.store.get("policy", name, "PolicyNotFound", 404)

    def DeleteFileSystemPolicy(self, name, request):
        self.store.drop("policy", name)
        return {}


class Clusters:
    """The security groups that EKS makes for the clusters of one region."""

    def __init__(self, region, moto):
        self.ec2 = boto3.client("ec2", region_name=region, endpoint_url=moto, aws_access_key_id=ACCOUNT, aws_secret_access_key="emulated")
        self.groups = {}

    def complete(self, command, path, status, answer):
        """What EKS answers to a call about a cluster, with its security group."""
        match = re.fullmatch(r"/clusters(?:/([^/]+))?", path)
        if not match or status >= 300 or "cluster" not in answer:
            return answer
        name = answer["cluster"]["name"]
        network = answer["cluster"]["resourcesVpcConfig"]
        if command == "DELETE":
            self.ec2.delete_security_group(GroupId=self.groups.pop(name))
            return answer
        if name not in self.groups:
            [subnet] = self.ec2.describe_subnets(SubnetIds=network["subnetIds"][:1])["Subnets"]
            made = self.ec2.create_security_group(GroupName=f"eks-cluster-sg-{name}", Description="EKS", VpcId=subnet["VpcId"])
            self.groups[name] = made["GroupId"]
        network["clusterSecurityGroupId"] = self.groups[name]
        return answer


class Mail:
    """Where mail identities of one region are sent from."""

    def __init__(self):
        self.store = Store()

    def PutEmailIdentityMailFromAttributes(self, name, request):
        domain = request.get("MailFromDomain")
        attributes = {"BehaviorOnMxFailure": request.get("BehaviorOnMxFailure", "USE_DEFAULT_VALUE")}
        if domain:
            attributes.update(MailFromDomain=domain, MailFromDomainStatus="SUCCESS")
        self.store.put("sender", name[0], attributes)
        return {}

    def complete(self, command, path, status, answer):
        match = re.fullmatch(r"/v2/email/identities/([^/]+)", path)
        if not match:
            return answer
        if command == "DELETE":
            self.store.drop("sender", match[1])
        elif status == 200 and match[1] in self.store.kinds.get("sender", {}):
            answer["MailFromAttributes"] = self.store.kinds["sender"][match[1]]
        return answer


# Calls in JSON by the prefix of their target; calls by path: service, method, path, operation.
TARGETS = {"GlobalAccelerator_V20180706": ("globalaccelerator", lambda region: "global", lambda region: Accelerators()), "FmrsService": ("datasync", lambda region: region, DataSync)}
PATHS = [
    ("eks", Addons, "POST", r"/clusters/([^/]+)/addons", "CreateAddon"),
    ("eks", Addons, "GET", r"/clusters/([^/]+)/addons/([^/]+)", "DescribeAddon"),
    ("eks", Addons, "POST", r"/clusters/([^/]+)/addons/([^/]+)/update", "UpdateAddon"),
    ("eks", Addons, "DELETE", r"/clusters/([^/]+)/addons/([^/]+)", "DeleteAddon"),
    ("sesv2", None, "PUT", r"/v2/email/identities/([^/]+)/mail-from", "PutEmailIdentityMailFromAttributes"),
    ("efs", Policies, "PUT", r"/2015-02-01/file-systems/([^/]+)/backup-policy", "PutBackupPolicy"),
    ("efs", Policies, "GET", r"/2015-02-01/file-systems/([^/]+)/backup-policy", "DescribeBackupPolicy"),
    ("efs", Policies, "PUT", r"/2015-02-01/file-systems/([^/]+)/policy", "PutFileSystemPolicy"),
    ("efs", Policies, "GET", r"/2015-02-01/file-systems/([^/]+)/policy", "DescribeFileSystemPolicy"),
    ("efs", Policies, "DELETE", r"/2015-02-01/file-systems/([^/]+)/policy", "DeleteFileSystemPolicy"),
]


class Gaps(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    moto = ministack = None
    lock = threading.Lock()
    services = {}
    models = {}
    session = botocore.session.get_session()

    def answer(self):
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        try:
            with self.lock:
                found = self.ours(body)
        except Refused as refused:
            text = json.dumps({"__type": refused.code, "code": refused.code, "message": refused.message, "Message": refused.message})
            return self.say(refused.status, {"X-Amzn-ErrorType": refused.code}, text.encode())
        if found is None:
            return self.pass_on(body)
        return self.say(200, {}, json.dumps(found).encode())

    do_GET = do_POST = do_PUT = do_DELETE = answer

    def ours(self, body):
        region = self.region()
        if region is None:
            return None
        prefix, _, operation = self.headers.get("X-Amz-Target", "").rpartition(".")
        if prefix in TARGETS:
            name, place, make = TARGETS[prefix]
            service = self.services.setdefault((name, place(region)), make(region))
            return self.call(service, name, operation, (), json.loads(body or b"{}"))
        path = self.path.partition("?")[0].rstrip("/")
        for name, make, method, pattern, operation in PATHS:
            match = re.fullmatch(pattern, path)
            if match and method == self.command:
                service = self.mail(region) if make is None else self.services.setdefault((name, region), make(region))
                request = json.loads(body or b"{}")
                key = match.groups()
                if operation == "CreateAddon":
                    key = (*key, request.get("addonName"))
                return self.call(service, name, operation, key, request)
        return None

    def call(self, service, name, operation, key, request):
        if name not in self.models:
            self.models[name] = self.session.get_service_model(name)
        method = getattr(service, operation, None)
        if method is None:
            raise Refused("InvalidAction", f"gaps.py does not have {name}:{operation}")
        shape = self.models[name].operation_model(operation).input_shape
        # What is in the path is not in the body.
        in_path = {member for member, it in shape.members.items() if it.serialization.get("location") == "uri"}
        report = ParamValidator().validate({**request, **{member: "path" for member in in_path}}, shape)
        unknown = request.keys() - shape.members.keys() - {it.serialization.get("name") for it in shape.members.values()}
        if report.has_errors() or unknown:
            raise Refused("ValidationException", report.generate_report() or f"unknown: {sorted(unknown)}")
        return method(key, request)

    def mail(self, region):
        if ("mail", region) not in self.services:
            self.services["mail", region] = Mail()
        return self.services["mail", region]

    def clusters(self, region):
        if ("clusters", region) not in self.services:
            self.services["clusters", region] = Clusters(region, self.moto)
        return self.services["clusters", region]

    def pass_on(self, body):
        upstream = self.ministack if self.path.startswith("/v2/email") else self.moto
        request = urllib.request.Request(upstream + self.path, data=body or None, method=self.command)
        for name, value in self.headers.items():
            if name.lower() not in HOP_BY_HOP:
                request.add_header(name, value)
        try:
            with urllib.request.urlopen(request, timeout=60) as answer:
                status, headers, text = answer.status, dict(answer.headers), answer.read()
        except urllib.error.HTTPError as error:
            status, headers, text = error.code, dict(error.headers), error.read()
        self.say(status, headers, self.completed(status, text))

    def completed(self, status, text):
        region = self.region()
        path = self.path.partition("?")[0].rstrip("/")
        keep = {"/clusters": self.clusters, "/v2/email": self.mail}
        for prefix, of in keep.items():
            if region and path.startswith(prefix):
                with self.lock:
                    return json.dumps(of(region).complete(self.command, path, status, json.loads(text or b"{}"))).encode()
        return text

    def region(self):
        """The region a call is signed for, or None."""
        if "Authorization" not in self.headers:
            return None
        return self.headers["Authorization"].split("Credential=")[1].split("/")[2]

    def say(self, status, headers, text):
        self.send_response(status)
        for name, value in headers.items():
            if name.lower() not in HOP_BY_HOP:
                self.send_header(name, value)
        if "content-type" not in {name.lower() for name in headers}:
            self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(text)))
        self.end_headers()
        self.wfile.write(text)

    def log_message(self, form, *values):
        print(self.command, self.path, self.headers.get("X-Amz-Target", ""), form % values, flush=True)


def main():
    port, Gaps.moto, Gaps.ministack = int(sys.argv[1]), sys.argv[2].rstrip("/"), sys.argv[3].rstrip("/")
    ThreadingHTTPServer(("127.0.0.1", port), Gaps).serve_forever()


if __name__ == "__main__":
    main()
