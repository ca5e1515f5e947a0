#!/usr/bin/env python3
"""Proves on paper that a network has one way out: through the firewall, and back through it.

    terraform show -json [PLAN] | infra/tests/routes.py
    terraform test -json -verbose | infra/tests/routes.py

Reads a state, a plan, or the states of a test, and follows the routes of every subnet as the VPC does: the longest
prefix wins, `local` is in every table, a subnet without a table of its own has the main one. What it holds, by the
tag `fwc:tier` of a subnet:

    private    every way out crosses the firewall endpoint of the subnet's own zone, then a NAT gateway of that zone,
               then the internet gateway; the answer comes back through the same endpoint
    firewall   out by a NAT gateway of its zone
    nat        out by the internet gateway
    ingress    out by the internet gateway, and holds neither NAT gateway nor endpoint; what it says to a pod and what
               the pod answers take the same way, the local one
    internal   no way out

It fails closed: a subnet without a tier, a target that it does not know (a peering, an appliance) and a value that
is not known before apply are findings. Exit 0 without findings, 1 with, 2 if there is nothing to read.
"""

import ipaddress
import json
import sys
from collections import defaultdict
from dataclasses import dataclass, field

TIERS = ("private", "firewall", "nat", "ingress", "internal")
NO_IPV6 = "has IPv6 addresses: fwc names none, and nothing here gives them a way through the firewall"
EVERYWHERE = (ipaddress.ip_network("0.0.0.0/0"), ipaddress.ip_network("::/0"))

# Attributes of a route that name its target, and those of its destination.
TARGETS = (
    "carrier_gateway_id",
    "core_network_arn",
    "egress_only_gateway_id",
    "gateway_id",
    "local_gateway_id",
    "nat_gateway_id",
    "network_interface_id",
    "transit_gateway_id",
    "vpc_endpoint_id",
    "vpc_peering_connection_id",
)
DESTINATIONS = ("destination_cidr_block", "destination_ipv6_cidr_block", "cidr_block", "ipv6_cidr_block")
PREFIX_LISTS = ("destination_prefix_list_id",)


class Unreadable(Exception):
    """The document says nothing about a network."""


@dataclass(frozen=True)
class Route:
    """A line of a route table. `destination` is None if it is a prefix list, whose entries are elsewhere."""

    destination: object
    target: str
    address: str


@dataclass
class Table:
    address: str
    routes: list = field(default_factory=list)


@dataclass(frozen=True)
class Subnet:
    id: str
    address: str
    vpc: str
    zone: str
    network: object
    tier: str
    public_addresses: bool


@dataclass(frozen=True)
class Endpoint:
    """Where a firewall stands in a zone."""

    id: str
    zone: str
    subnet: str


@dataclass(frozen=True)
class Nat:
    id: str
    subnet: str
    public: bool


class Network:
    """What stands in a document, by id."""

    def __init__(self, resources):
        self.findings = []
        self.vpcs = {}
        self.subnets = {}
        self.tables = {}
        self.main = {}
        self.table_of = {}
        self.nats = {}
        self.endpoints = {}
        self.internet_gateways = {}
        by_type = defaultdict(list)
        for resource in resources:
            if resource.get("mode", "managed") == "managed":
                by_type[resource["type"]].append(resource)
        self._places(by_type)
        self._tables(by_type)
        self._ways(by_type)

    def find(self, address, text):
        finding = f"{address}: {text}"
        if finding not in self.findings:
            self.findings.append(finding)

    def value(self, resource, name):
        """A value that has to be known."""
        value = resource["values"].get(name)
        if value in (None, ""):
            self.find(resource["address"], f"`{name}` is not known: apply first, or check the state")
        return value

    def _places(self, by_type):
        for resource in by_type["aws_vpc"]:
            cidr = self.value(resource, "cidr_block")
            self.vpcs[self.value(resource, "id")] = [ipaddress.ip_network(cidr)] if cidr else []
            if resource["values"].get("ipv6_cidr_block"):
                self.find(resource["address"], NO_IPV6)
        for resource in by_type["aws_vpc_ipv4_cidr_block_association"]:
            cidr = self.value(resource, "cidr_block")
            if cidr:
                self.vpcs.setdefault(self.value(resource, "vpc_id"), []).append(ipaddress.ip_network(cidr))
        for resource in by_type["aws_subnet"]:
            values = resource["values"]
            tier = (values.get("tags") or {}).get("fwc:tier")
            if tier not in TIERS:
                self.find(resource["address"], f"the tag `fwc:tier` is {tier!r} and not one of {', '.join(TIERS)}")
            cidr = self.value(resource, "cidr_block")
            if values.get("ipv6_cidr_block"):
                self.find(resource["address"], NO_IPV6)
            if cidr is None:
                continue
            subnet = Subnet(
                id=self.value(resource, "id"),
                address=resource["address"],
                vpc=self.value(resource, "vpc_id"),
                zone=self.value(resource, "availability_zone"),
                network=ipaddress.ip_network(cidr),
                tier=tier,
                public_addresses=bool(values.get("map_public_ip_on_launch")),
            )
            self.subnets[subnet.id] = subnet

    def _tables(self, by_type):
        for kind in ("aws_route_table", "aws_default_route_table"):
            for resource in by_type[kind]:
                table = Table(resource["address"])
                identity = self.value(resource, "id")
                self.tables[identity] = table
                if kind == "aws_default_route_table":
                    vpc = resource["values"].get("vpc_id")
                    # A plan knows the table by its VPC's attribute only; with one VPC there is no doubt.
                    for each in [vpc] if vpc in self.vpcs else self.vpcs if len(self.vpcs) == 1 else []:
                        self.main[each] = identity
                for route in resource["values"].get("route") or []:
                    self._route(table, resource["address"], route)
                if resource["values"].get("propagating_vgws"):
                    self.find(resource["address"], "takes routes from a VPN gateway, which the check does not know")
        for resource in by_type["aws_vpn_gateway_route_propagation"]:
            self.find(resource["address"], "brings routes that the check does not know")
        for resource in by_type["aws_route"]:
            table = self.tables.get(self.value(resource, "route_table_id"))
            if table is None:
                self.find(resource["address"], "is in a table that is not in the document")
            else:
                self._route(table, resource["address"], resource["values"])
        for resource in by_type["aws_main_route_table_association"]:
            self.main[self.value(resource, "vpc_id")] = self.value(resource, "route_table_id")
        for resource in by_type["aws_route_table_association"]:
            values = resource["values"]
            place = values.get("subnet_id") or values.get("gateway_id")
            table = self.value(resource, "route_table_id")
            if not place:
                self.find(resource["address"], "neither `subnet_id` nor `gateway_id` is known: apply first, or check the state")
            elif table not in self.tables:
                self.find(resource["address"], "names a table that is not in the document")
            elif place in self.table_of:
                self.find(resource["address"], f"{place} has a table already")
            else:
                self.table_of[place] = table

    def _route(self, table, address, values):
        targets = [values[name] for name in TARGETS if values.get(name)]
        destinations = [values[name] for name in DESTINATIONS if values.get(name)]
        if len(targets) != 1:
            self.find(address, f"has {len(targets)} targets that are known")
            return
        if destinations:
            destination = ipaddress.ip_network(destinations[0])
        elif any(values.get(name) for name in PREFIX_LISTS):
            destination = None
        else:
            self.find(address, "its destination is not known")
            return
        table.routes.append(Route(destination, targets[0], address))

    def _ways(self, by_type):
        for resource in by_type["aws_nat_gateway"]:
            public = resource["values"].get("connectivity_type") != "private"
            nat = Nat(self.value(resource, "id"), self.value(resource, "subnet_id"), public)
            self.nats[nat.id] = nat
        for resource in by_type["aws_internet_gateway"]:
            self.internet_gateways[self.value(resource, "id")] = resource["values"].get("vpc_id")
        for resource in by_type["aws_networkfirewall_firewall"]:
            states = [
                state
                for status in resource["values"].get("firewall_status") or []
                for state in status.get("sync_states") or []
            ]
            mapped = {it.get("subnet_id") for it in resource["values"].get("subnet_mapping") or []}
            by_zone = {self.subnets[it].zone: it for it in mapped if it in self.subnets}
            if not states:
                self.find(resource["address"], "its endpoints are not known: apply first, or check the state")
            for state in states:
                zone = state.get("availability_zone")
                for attachment in state.get("attachment") or []:
                    # The subnet is what the firewall was given; the answer has to agree with its zone.
                    subnet = by_zone.get(zone)
                    if subnet is not None:
                        self.endpoints[attachment.get("endpoint_id")] = Endpoint(attachment.get("endpoint_id"), zone, subnet)

    def table(self, subnet):
        """The table that rules what leaves a subnet."""
        return self.tables.get(self.table_of.get(subnet.id, self.main.get(subnet.vpc)))

    def candidates(self, vpc, table, destination):
        """The routes that something of what goes to `destination` takes. None is `local`."""
        routes = [it for it in table.routes if it.destination is None or it.destination.version == destination.version]
        lines = [(network, None) for network in self.vpcs.get(vpc, []) if network.version == destination.version]
        lines += [(it.destination, it) for it in routes if it.destination is not None]
        around = [line for line in lines if destination.subnet_of(line[0])]
        within = [line for line in lines if line[0] != destination and line[0].subnet_of(destination)]
        best = []
        if around:
            longest = max(network.prefixlen for network, _ in around)
            # At one length a route of ours wins over `local`: the same CIDR cannot stand twice.
            best = [line for line in around if line[0].prefixlen == longest]
            best = [line for line in best if line[1] is not None] or best
        listed = [(destination, it) for it in routes if it.destination is None]
        return best, within + listed


@dataclass(frozen=True)
class Step:
    """What a packet came through."""

    kind: str
    id: str
    zone: object
    subnet: object = None


class Check:
    def __init__(self, network):
        self.network = network
        self.find = network.find

    def run(self):
        promises = {
            "private": self.private,
            "firewall": self.firewall,
            "nat": self.nat,
            "ingress": self.ingress,
            "internal": self.internal,
        }
        subnets = self.network.subnets.values()
        for subnet in subnets:
            if subnet.tier in promises:
                promises[subnet.tier](subnet)
            if subnet.public_addresses and subnet.tier != "ingress":
                self.find(subnet.address, "gives what starts in it a public address")
        if not any(subnet.tier == "private" for subnet in subnets):
            self.find("network", "there is no private subnet")
        return self.network.findings

    # What each tier promises.

    def private(self, subnet):
        for path in self.paths(subnet):
            shape = [(step.kind, step.zone) for step in path]
            wanted = [("endpoint", subnet.zone), ("nat", subnet.zone), ("internet gateway", None)]
            if shape != wanted:
                self.find(subnet.address, f"leaves by {self.say(path)}")
                continue
            self.way_back(subnet, *path[:2])

    def firewall(self, subnet):
        for path in self.paths(subnet):
            if [(step.kind, step.zone) for step in path] != [("nat", subnet.zone), ("internet gateway", None)]:
                self.find(subnet.address, f"leaves by {self.say(path)}")

    def nat(self, subnet):
        for path in self.paths(subnet):
            if [step.kind for step in path] != ["internet gateway"]:
                self.find(subnet.address, f"leaves by {self.say(path)}")

    def ingress(self, subnet):
        for path in self.paths(subnet):
            if [step.kind for step in path] != ["internet gateway"]:
                self.find(subnet.address, f"leaves by {self.say(path)}")
        holders = [it for it in (*self.network.nats.values(), *self.network.endpoints.values()) if it.subnet == subnet.id]
        if holders:
            self.find(subnet.address, f"holds {holders[0].id}, which belongs into a subnet of its own")
        for pod in self.network.subnets.values():
            if pod.tier == "private" and pod.vpc == subnet.vpc:
                self.local(subnet, pod)
                self.local(pod, subnet)

    def internal(self, subnet):
        for path in self.paths(subnet, needed=False):
            self.find(subnet.address, f"leaves by {self.say(path)}")

    # How a packet goes.

    def paths(self, subnet, needed=True):
        """Every way from a subnet to what is outside of its VPC."""
        found = []
        for everywhere in EVERYWHERE:
            self.follow(subnet, everywhere, (), found)
        whole = [path for destination, path in found if destination == EVERYWHERE[0]]
        if needed and not whole:
            table = self.network.table(subnet)
            self.find(subnet.address, f"has no way out: {table.address if table else 'it has no table'}")
        return [path for _, path in found]

    def follow(self, subnet, destination, path, found):
        table = self.network.table(subnet)
        if table is None:
            return
        best, within = self.network.candidates(subnet.vpc, table, destination)
        for network, route in best + within:
            narrower = network if network.prefixlen > destination.prefixlen else destination
            inside = any(narrower.subnet_of(it) for it in self.network.vpcs.get(subnet.vpc, []) if it.version == narrower.version)
            if route is None or inside:
                continue
            step = self.step(route, subnet)
            if step in path:
                self.find(subnet.address, f"{route.address} goes round in a circle")
            elif step.subnet is None:
                found.append((narrower, (*path, step)))
            else:
                self.follow(step.subnet, narrower, (*path, step), found)

    def step(self, route, subnet):
        target = route.target
        if target in self.network.endpoints:
            endpoint = self.network.endpoints[target]
            return Step("endpoint", target, endpoint.zone, self.network.subnets[endpoint.subnet])
        if target in self.network.nats and self.network.nats[target].public:
            nat = self.network.nats[target]
            place = self.network.subnets.get(nat.subnet)
            return Step("nat", target, place.zone if place else None, place)
        if self.network.internet_gateways.get(target) == subnet.vpc:
            return Step("internet gateway", target, None)
        return Step(f"{route.address} to a target that the check does not know", target, None)

    def way_back(self, subnet, endpoint, nat):
        """The answer: the NAT gateway sends it to the pod's address by the table of its own subnet."""
        for route in self.routes(nat.subnet, subnet.network):
            if route is None:
                self.find(subnet.address, f"is answered past the firewall: {self.where(nat.subnet)} has no way back to {subnet.network}")
            elif route.target != endpoint.id:
                self.find(subnet.address, f"is answered by {route.address}, not through {endpoint.id}")
        for route in self.routes(endpoint.subnet, subnet.network):
            if route is not None:
                self.find(subnet.address, f"the firewall hands its answers to {route.address}")
        for gateway in self.network.internet_gateways:
            table = self.network.tables.get(self.network.table_of.get(gateway))
            if table and any(it.destination is None or it.destination.overlaps(nat.subnet.network) for it in table.routes):
                self.find(subnet.address, f"{table.address} diverts answers on their way to the NAT gateway")

    def local(self, source, destination):
        if any(route is not None for route in self.routes(source, destination.network)):
            self.find(source.address, f"what it sends to {destination.address} does not take the local way, as the answer does")

    def routes(self, subnet, destination):
        table = self.network.table(subnet)
        if table is None:
            return []
        best, within = self.network.candidates(subnet.vpc, table, destination)
        return [route for _, route in best + within]

    def where(self, subnet):
        table = self.network.table(subnet)
        return table.address if table else subnet.address

    @staticmethod
    def say(path):
        return " -> ".join(f"{step.kind}{f' in {step.zone}' if step.zone else ''} ({step.id})" for step in path)


def resources(module):
    """The resources of a module and of those it calls."""
    yield from module.get("resources", [])
    for child in module.get("child_modules", []):
        yield from resources(child)


def documents(text):
    """The root modules of a text: of a state or a plan, or of every run of a test that had a state."""
    try:
        lines = [json.loads(text)]
    except json.JSONDecodeError:
        try:
            lines = [json.loads(line) for line in text.splitlines() if line.strip()]
        except json.JSONDecodeError as error:
            raise Unreadable(f"neither JSON nor lines of it: {error}") from error
    found = []
    for line in lines:
        for name in ("planned_values", "values", "test_state"):
            module = (line.get(name) or {}).get("root_module")
            if module is not None:
                found.append((line.get("@testrun") or name, list(resources(module))))
                break
    found = [(name, them) for name, them in found if any(it["type"] == "aws_subnet" for it in them)]
    if not found:
        raise Unreadable("there is no subnet in it")
    return found


def check(them):
    """The findings about some resources."""
    return Check(Network(them)).run()


def main():
    try:
        found = documents(sys.stdin.read())
    except Unreadable as error:
        print(f"routes: {error}", file=sys.stderr)
        return 2
    status = 0
    for name, them in found:
        findings = check(them)
        for finding in findings:
            print(f"{name}: {finding}")
        status = status or bool(findings)
        subnets = [it for it in them if it["type"] == "aws_subnet"]
        print(f"{name}: {len(subnets)} subnets, {len(findings)} findings")
    return int(status)


if __name__ == "__main__":
    sys.exit(main())
