#!/usr/bin/env python3
"""Between a client and an emulator of Network Firewall: what the service does in EC2 when a firewall is made.

    bridge.py PORT UPSTREAM       (AWS_ENDPOINT_URL names the emulator of EC2)

The service puts a VPC endpoint into each subnet of a firewall, in the zone of the subnet. An emulator of Network Firewall
alone has neither subnets nor endpoints; an emulator of EC2 refuses a route to an endpoint that it does not have.
So every answer about a firewall gets its sync states by the zones that EC2 knows, with endpoints that exist there, and
a subnet that has left the firewall, or a firewall that is gone, loses its endpoint. Everything else passes as it is.
"""

import json
import sys
import threading
import urllib.error
import urllib.request
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import boto3

# Of the connection, not of the call.
HOP_BY_HOP = {"connection", "content-length", "date", "keep-alive", "server", "transfer-encoding"}


class Endpoints:
    """The endpoints of firewalls in EC2, by region and subnet."""

    def __init__(self):
        self.lock = threading.Lock()
        self.known = {}
        self.clients = {}

    def client(self, region):
        if region not in self.clients:
            self.clients[region] = boto3.client("ec2", region_name=region)
        return self.clients[region]

    def of(self, region, firewall, subnet):
        """Zone and endpoint of a subnet; the endpoint is made if there is none."""
        with self.lock:
            if (region, subnet) not in self.known:
                client = self.client(region)
                [it] = client.describe_subnets(SubnetIds=[subnet])["Subnets"]
                made = client.create_vpc_endpoint(
                    VpcId=it["VpcId"],
                    VpcEndpointType="GatewayLoadBalancer",
                    ServiceName=f"com.amazonaws.vpce.{region}.network-firewall",
                    SubnetIds=[subnet],
                )
                self.known[region, subnet] = firewall, it["AvailabilityZone"], made["VpcEndpoint"]["VpcEndpointId"]
            return self.known[region, subnet][1:]

    def keep(self, region, firewall, subnets):
        """Removes the endpoints of a firewall in all but some subnets."""
        with self.lock:
            left = [key for key, it in self.known.items() if key[0] == region and it[0] == firewall and key[1] not in subnets]
            for key in left:
                self.client(region).delete_vpc_endpoints(VpcEndpointIds=[self.known.pop(key)[2]])


class Bridge(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    upstream = None
    endpoints = Endpoints()

    def do_POST(self):
        body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        request = urllib.request.Request(self.upstream + self.path, data=body, method="POST")
        for name, value in self.headers.items():
            if name.lower() not in HOP_BY_HOP:
                request.add_header(name, value)
        try:
            with urllib.request.urlopen(request, timeout=60) as answer:
                status, headers, text = answer.status, answer.headers, answer.read()
        except urllib.error.HTTPError as error:
            status, headers, text = error.code, error.headers, error.read()
        except OSError:
            # What breaks behind the bridge breaks before it.
            self.close_connection = True
            return
        operation = self.headers.get("X-Amz-Target", "").rpartition(".")[2]
        if status == 200:
            text = self.bridged(operation, json.loads(body or b"{}"), text)
        elif operation == "DescribeFirewall" and b"ResourceNotFoundException" in text:
            self.gone(json.loads(body or b"{}"))
        self.send_response(status)
        for name, value in headers.items():
            if name.lower() not in HOP_BY_HOP:
                self.send_header(name, value)
        self.send_header("Content-Length", str(len(text)))
        self.end_headers()
        self.wfile.write(text)

    def region(self):
        return self.headers["Authorization"].split("Credential=")[1].split("/")[2]

    def gone(self, body):
        name = body.get("FirewallName") or body.get("FirewallArn", "").rpartition("/")[2]
        self.endpoints.keep(self.region(), name, ())

    def bridged(self, operation, body, text):
        if operation == "DeleteFirewall":
            self.gone(body)
            return text
        answer = json.loads(text)
        firewall = answer.get("Firewall") or {}
        status = answer.get("FirewallStatus") or {}
        if not firewall or "SyncStates" not in status:
            return text
        region, name = self.region(), firewall["FirewallName"]
        # The emulator says how each zone is doing, in its own order; EC2 says which zones there are.
        states = list(status["SyncStates"].values())
        bridged = {}
        for state in states:
            attachment = state.get("Attachment") or {}
            if "SubnetId" in attachment:
                zone, endpoint = self.endpoints.of(region, name, attachment["SubnetId"])
                if "EndpointId" in attachment:
                    attachment["EndpointId"] = endpoint
                bridged[zone] = state
        self.endpoints.keep(region, name, {it["Attachment"]["SubnetId"] for it in bridged.values()})
        status["SyncStates"] = bridged
        return json.dumps(answer).encode()

    def log_message(self, *_):
        pass


def main():
    port, Bridge.upstream = int(sys.argv[1]), sys.argv[2].rstrip("/")
    ThreadingHTTPServer(("127.0.0.1", port), Bridge).serve_forever()


if __name__ == "__main__":
    main()
