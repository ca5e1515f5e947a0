"""What routes.py finds, shown on networks that are broken in one place each.

The network is built here in the shape of `terraform show -json`; with ROUTES_DOCUMENT it is one that Terraform wrote
(a state, a plan, or the lines of a test), so that both have the same findings.
"""

import copy
import json
import os
import unittest

import routes

REGION = "us-east-1"
ZONES = (f"{REGION}a", f"{REGION}b")
NETWORKS = {"checkout": ("10.10.64.0/23", "10.10.66.0/23"), "ci": ("10.10.86.0/24", "10.10.87.0/24")}


def resource(kind, name, index=None, **values):
    key = "" if index is None else f'["{index}"]'
    return {"address": f"{kind}.{name}{key}", "mode": "managed", "type": kind, "name": name, "index": index, "values": values}


def subnet(tier, zone, cidr, index=None):
    return resource(
        "aws_subnet", tier, index or zone,
        id=f"subnet-{index or tier + zone}", vpc_id="vpc", availability_zone=zone, cidr_block=cidr, tags={"fwc:tier": tier},
    )


def table(name, index=None):
    return resource("aws_route_table", name, index, id=f"rtb-{name}{index or ''}", vpc_id="vpc", route=[], propagating_vgws=[])


def joined(name, subnet_id, table_id, index):
    return resource("aws_route_table_association", name, index, subnet_id=subnet_id, route_table_id=table_id)


def network():
    """Two zones, two services, as modules/egress makes it."""
    them = [
        resource("aws_vpc", "this", id="vpc", cidr_block="10.10.0.0/16"),
        resource("aws_internet_gateway", "this", id="igw", vpc_id="vpc"),
        resource("aws_default_route_table", "this", id="rtb-main", vpc_id="vpc", route=[]),
        table("ingress"),
        table("internal"),
        resource("aws_route", "ingress_to_internet", route_table_id="rtb-ingress", destination_cidr_block="0.0.0.0/0", gateway_id="igw"),
        resource(
            "aws_networkfirewall_firewall", "this",
            subnet_mapping=[{"subnet_id": f"subnet-firewall{zone}"} for zone in ZONES],
            firewall_status=[{"sync_states": [
                {"availability_zone": zone, "attachment": [{"endpoint_id": f"vpce-{zone}", "subnet_id": f"subnet-firewall{zone}"}]}
                for zone in ZONES
            ]}],
        ),
    ]
    for place, zone in enumerate(ZONES):
        them += [
            subnet("firewall", zone, f"10.10.0.{16 * place}/28"),
            subnet("nat", zone, f"10.10.0.{128 + 16 * place}/28"),
            subnet("ingress", zone, f"10.10.1.{64 * place}/26"),
            subnet("internal", zone, f"10.10.4.{128 * place}/25"),
            table("private", zone),
            table("firewall", zone),
            table("nat", zone),
            joined("firewall", f"subnet-firewall{zone}", f"rtb-firewall{zone}", zone),
            joined("nat", f"subnet-nat{zone}", f"rtb-nat{zone}", zone),
            joined("ingress", f"subnet-ingress{zone}", "rtb-ingress", zone),
            joined("internal", f"subnet-internal{zone}", "rtb-internal", zone),
            resource("aws_nat_gateway", "this", zone, id=f"nat-{zone}", subnet_id=f"subnet-nat{zone}", connectivity_type="public"),
            resource("aws_route", "private_to_firewall", zone, route_table_id=f"rtb-private{zone}", destination_cidr_block="0.0.0.0/0", vpc_endpoint_id=f"vpce-{zone}"),
            resource("aws_route", "firewall_to_nat", zone, route_table_id=f"rtb-firewall{zone}", destination_cidr_block="0.0.0.0/0", nat_gateway_id=f"nat-{zone}"),
            resource("aws_route", "nat_to_internet", zone, route_table_id=f"rtb-nat{zone}", destination_cidr_block="0.0.0.0/0", gateway_id="igw"),
        ]
        for name, cidrs in NETWORKS.items():
            index = f"{name}/{zone}"
            them += [
                subnet("private", zone, cidrs[place], index),
                joined("private", f"subnet-{index}", f"rtb-private{zone}", index),
                resource("aws_route", "nat_to_firewall", index, route_table_id=f"rtb-nat{zone}", destination_cidr_block=cidrs[place], vpc_endpoint_id=f"vpce-{zone}"),
            ]
    return them


def document():
    path = os.environ.get("ROUTES_DOCUMENT")
    if path is None:
        return network()
    with open(path, encoding="utf-8") as file:
        return routes.documents(file.read())[0][1]


class Broken(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.whole = document()

    def setUp(self):
        self.them = copy.deepcopy(self.whole)
        self.a, self.b = sorted({it["values"]["availability_zone"] for it in self.all("aws_subnet")})[:2]
        self.checkout = self.one("aws_subnet", "private", f"checkout/{self.a}")

    def all(self, kind, name=None):
        return [it for it in self.them if it["type"] == kind and name in (None, it["name"])]

    def one(self, kind, name, index=None):
        found = [it for it in self.all(kind, name) if it.get("index") == index]
        self.assertEqual(len(found), 1, f"{kind}.{name}[{index}]")
        return found[0]

    def values(self, kind, name, index=None):
        return self.one(kind, name, index)["values"]

    def remove(self, kind, name, index=None):
        self.them.remove(self.one(kind, name, index))

    def add(self, kind, name, index=None, **values):
        self.them.append(resource(kind, name, index, **values))

    def finds(self, *texts):
        """Each text is in a finding, and every finding has one of them: nothing follows from the one mistake."""
        findings = routes.check(self.them)
        for text in texts:
            self.assertTrue(any(text in it for it in findings), f"{text!r} is not in {findings}")
        for finding in findings:
            self.assertTrue(any(text in finding for text in texts), f"unexpected: {finding}")

    def test_whole_network_has_no_finding(self):
        self.assertEqual(routes.check(self.them), [])

    # Out.

    def test_endpoint_of_another_zone(self):
        other = self.values("aws_route", "private_to_firewall", self.b)["vpc_endpoint_id"]
        self.values("aws_route", "private_to_firewall", self.a)["vpc_endpoint_id"] = other
        self.finds(f"leaves by endpoint in {self.b}")

    def test_nat_gateway_of_another_zone(self):
        self.values("aws_route", "firewall_to_nat", self.a)["nat_gateway_id"] = self.values("aws_nat_gateway", "this", self.b)["id"]
        self.finds(f"leaves by endpoint in {self.a}", f'["{self.a}"]: leaves by nat in {self.b}')

    def test_nat_gateway_that_stands_in_another_zone(self):
        self.values("aws_nat_gateway", "this", self.a)["subnet_id"] = self.values("aws_subnet", "nat", self.b)["id"]
        self.finds(f"-> nat in {self.b}", f"leaves by nat in {self.b}")

    def test_internet_gateway_in_a_private_table(self):
        route = self.values("aws_route", "private_to_firewall", self.a)
        route["vpc_endpoint_id"], route["gateway_id"] = None, self.values("aws_internet_gateway", "this")["id"]
        self.finds("leaves by internet gateway (")

    def test_narrow_route_to_the_internet_gateway_beside_the_endpoint(self):
        private = self.values("aws_route_table", "private", self.a)["id"]
        gateway = self.values("aws_internet_gateway", "this")["id"]
        self.add("aws_route", "stripe", route_table_id=private, destination_cidr_block="3.18.12.63/32", gateway_id=gateway)
        self.finds("leaves by internet gateway (")

    def test_route_inline_to_the_internet_gateway(self):
        gateway = self.values("aws_internet_gateway", "this")["id"]
        self.values("aws_route_table", "private", self.a)["route"] = [{"cidr_block": "198.51.100.0/24", "gateway_id": gateway}]
        self.finds("leaves by internet gateway (")

    def test_nat_gateway_in_a_private_table(self):
        route = self.values("aws_route", "private_to_firewall", self.a)
        route["vpc_endpoint_id"], route["nat_gateway_id"] = None, self.values("aws_nat_gateway", "this", self.a)["id"]
        self.finds(f"leaves by nat in {self.a}")

    def test_prefix_list_to_the_nat_gateway(self):
        private = self.values("aws_route_table", "private", self.a)["id"]
        nat = self.values("aws_nat_gateway", "this", self.a)["id"]
        self.add("aws_route", "listed", route_table_id=private, destination_prefix_list_id="pl-1", nat_gateway_id=nat)
        # Whether the entries of the list lie in the VPC nobody knows.
        self.finds(f"leaves by nat in {self.a}", "does not take the local way")

    def test_firewall_subnet_to_the_internet_gateway(self):
        route = self.values("aws_route", "firewall_to_nat", self.a)
        route["nat_gateway_id"], route["gateway_id"] = None, self.values("aws_internet_gateway", "this")["id"]
        self.finds("-> internet gateway (", "leaves by internet gateway (")

    def test_ipv6_by_an_egress_only_gateway(self):
        private = self.values("aws_route_table", "private", self.a)["id"]
        self.add("aws_route", "six", route_table_id=private, destination_ipv6_cidr_block="::/0", egress_only_gateway_id="eigw-1")
        self.finds("to a target that the check does not know")

    def test_addresses_of_ipv6(self):
        self.checkout["values"]["ipv6_cidr_block"] = "2600:1f18::/64"
        self.finds("has IPv6 addresses")

    def test_peering(self):
        private = self.values("aws_route_table", "private", self.a)["id"]
        self.add("aws_route", "peer", route_table_id=private, destination_cidr_block="10.99.0.0/16", vpc_peering_connection_id="pcx-1")
        self.finds("to a target that the check does not know")

    def test_endpoint_of_something_else(self):
        self.values("aws_route", "private_to_firewall", self.a)["vpc_endpoint_id"] = "vpce-appliance"
        self.finds("to a target that the check does not know")

    def test_no_default_route(self):
        self.remove("aws_route", "private_to_firewall", self.a)
        self.finds("has no way out")

    def test_circle(self):
        endpoint = self.values("aws_route", "private_to_firewall", self.a)["vpc_endpoint_id"]
        route = self.values("aws_route", "firewall_to_nat", self.a)
        route["nat_gateway_id"], route["vpc_endpoint_id"] = None, endpoint
        self.finds("goes round in a circle", "has no way out")

    def test_internal_subnet_with_a_way_out(self):
        internal = self.values("aws_route_table", "internal")["id"]
        endpoint = self.values("aws_route", "private_to_firewall", self.a)["vpc_endpoint_id"]
        self.add("aws_route", "internal", route_table_id=internal, destination_cidr_block="0.0.0.0/0", vpc_endpoint_id=endpoint)
        self.finds("aws_subnet.internal")

    # Back.

    def test_missing_way_back(self):
        self.remove("aws_route", "nat_to_firewall", f"checkout/{self.a}")
        self.finds("is answered past the firewall")

    def test_way_back_of_half_of_the_subnet(self):
        route = self.values("aws_route", "nat_to_firewall", f"checkout/{self.a}")
        route["destination_cidr_block"] = route["destination_cidr_block"].replace("/23", "/24")
        self.finds("is answered past the firewall")

    def test_way_back_through_the_endpoint_of_another_zone(self):
        other = self.values("aws_route", "private_to_firewall", self.b)["vpc_endpoint_id"]
        self.values("aws_route", "nat_to_firewall", f"checkout/{self.a}")["vpc_endpoint_id"] = other
        self.finds("not through")

    def test_way_back_in_the_table_of_another_zone(self):
        self.values("aws_route", "nat_to_firewall", f"checkout/{self.a}")["route_table_id"] = self.values("aws_route_table", "nat", self.b)["id"]
        self.finds("is answered past the firewall")

    def test_firewall_hands_answers_on(self):
        firewall = self.values("aws_route_table", "firewall", self.a)["id"]
        nat = self.values("aws_nat_gateway", "this", self.a)["id"]
        cidr = self.checkout["values"]["cidr_block"]
        self.add("aws_route", "odd", route_table_id=firewall, destination_cidr_block=cidr, nat_gateway_id=nat)
        self.finds("the firewall hands its answers to aws_route.odd")

    def test_edge_table_diverts_answers(self):
        gateway = self.values("aws_internet_gateway", "this")["id"]
        endpoint = self.values("aws_route", "private_to_firewall", self.b)["vpc_endpoint_id"]
        nat = self.values("aws_subnet", "nat", self.a)["cidr_block"]
        self.add("aws_route_table", "edge", id="rtb-edge", vpc_id=self.values("aws_vpc", "this")["id"], route=[{"cidr_block": nat, "vpc_endpoint_id": endpoint}])
        self.add("aws_route_table_association", "edge", gateway_id=gateway, route_table_id="rtb-edge")
        self.finds("diverts answers")

    # Which table, which subnet.

    def test_missing_association_falls_to_the_main_table(self):
        self.remove("aws_route_table_association", "private", f"checkout/{self.a}")
        self.finds("aws_default_route_table.this")

    def test_missing_association_and_an_open_main_table(self):
        self.remove("aws_route_table_association", "private", f"checkout/{self.a}")
        main = self.values("aws_default_route_table", "this")
        main["route"] = [{"cidr_block": "0.0.0.0/0", "gateway_id": self.values("aws_internet_gateway", "this")["id"]}]
        self.finds("leaves by internet gateway (")

    def test_association_with_the_table_of_another_zone(self):
        other = self.values("aws_route_table", "private", self.b)["id"]
        self.values("aws_route_table_association", "private", f"checkout/{self.a}")["route_table_id"] = other
        self.finds(f"leaves by endpoint in {self.b}")

    def test_association_with_the_table_of_the_load_balancer(self):
        other = self.values("aws_route_table", "ingress")["id"]
        self.values("aws_route_table_association", "private", f"checkout/{self.a}")["route_table_id"] = other
        self.finds("leaves by internet gateway (")

    def test_two_tables_for_a_subnet(self):
        values = self.values("aws_route_table_association", "private", f"checkout/{self.a}")
        self.add("aws_route_table_association", "again", subnet_id=values["subnet_id"], route_table_id=values["route_table_id"])
        self.finds("has a table already")

    def test_load_balancer_in_the_subnets_of_the_nat_gateways(self):
        nat = self.values("aws_subnet", "nat", self.a)
        nat["tags"]["fwc:tier"] = "ingress"
        self.finds("which belongs into a subnet of its own", "does not take the local way")

    def test_public_addresses(self):
        self.checkout["values"]["map_public_ip_on_launch"] = True
        self.finds("a public address")

    def test_subnet_without_a_tier(self):
        self.checkout["values"]["tags"] = None
        self.finds("the tag `fwc:tier` is None")

    def test_endpoint_in_no_zone(self):
        self.all("aws_networkfirewall_firewall")[0]["values"]["firewall_status"] = []
        self.finds("its endpoints are not known", "to a target that the check does not know")

    # What is not known.

    def test_target_known_after_apply(self):
        del self.values("aws_route", "private_to_firewall", self.a)["vpc_endpoint_id"]
        self.finds("has 0 targets that are known", "has no way out")

    def test_table_known_after_apply(self):
        del self.values("aws_route_table_association", "private", f"checkout/{self.a}")["route_table_id"]
        self.finds("`route_table_id` is not known", "names a table", "has no way out")

    def test_routes_of_a_vpn_gateway(self):
        self.values("aws_route_table", "private", self.a)["propagating_vgws"] = ["vgw-1"]
        self.finds("takes routes from a VPN gateway")

    def test_no_private_subnet(self):
        self.them = [it for it in self.them if (it["type"], it["name"]) != ("aws_subnet", "private")]
        self.finds("there is no private subnet")


class Documents(unittest.TestCase):
    def read(self, value):
        return routes.documents(value if isinstance(value, str) else json.dumps(value))

    def test_modules_are_read_to_the_bottom(self):
        module = {"child_modules": [{"address": "module.egress", "resources": network()}]}
        for name in ("values", "planned_values"):
            [(said, them)] = self.read({name: {"root_module": module}})
            self.assertEqual((said, routes.check(them)), (name, []))

    def test_every_run_of_a_test_is_read(self):
        state = {"root_module": {"resources": network()}}
        lines = [{"type": "version"}, *({"@testrun": run, "type": "test_state", "test_state": state} for run in ("one", "two"))]
        self.assertEqual([run for run, _ in self.read("\n".join(map(json.dumps, lines)))], ["one", "two"])

    def test_what_has_no_network_is_no_success(self):
        for text in ("", "{", "{}", json.dumps({"values": {"root_module": {"resources": []}}})):
            with self.assertRaises(routes.Unreadable):
                self.read(text)


if __name__ == "__main__":
    unittest.main()
