#!/usr/bin/env python3
"""Draws the network of a region, with the way of one service through it, as SVG.

    terraform test -json -verbose | infra/tests/picture.py SERVICE NAME > infra/network.svg

Addresses and routes are those of the document; routes.py follows the way, so a picture of another way cannot be drawn.
NAME is what the service reaches. Light and dark follow the reader's `prefers-color-scheme`.
"""

import sys
from html import escape

import routes

COLUMN = 500
LEFT = 30
GAP = 20

# What has which colour, by light and by dark: not every viewer knows variables of CSS.
COLOURS = {
    ".paper, .badge": ("fill", "#ffffff", "#0d1117"),
    "text": ("fill", "#1f2328", "#f0f6fc"),
    ".dim": ("fill", "#59636e", "#9198a1"),
    ".box, .wall": ("fill", "#f6f8fa", "#151b23"),
    ".place, .box": ("stroke", "#d1d9e0", "#3d444d"),
    ".wall": ("stroke", "#cf222e", "#f85149"),
    ".chosen": ("fill", "#ffffff", "#0d1117"),
    ".chosen, .out": ("stroke", "#0969da", "#4493f8"),
    ".out-head": ("fill", "#0969da", "#4493f8"),
    ".back": ("stroke", "#8250df", "#ab7df8"),
    ".back-head": ("fill", "#8250df", "#ab7df8"),
}

SHAPES = """
  text { font: 13px system-ui, -apple-system, "Segoe UI", sans-serif; }
  .head { font-weight: 600; font-size: 15px; }
  .name { font-weight: 600; }
  .dim { font-size: 12px; }
  .mono { font-family: ui-monospace, "SFMono-Regular", Menlo, monospace; font-size: 12px; }
  .place { fill: none; stroke-dasharray: 4 4; }
  .wall, .chosen { stroke-width: 2; }
  .out, .back { stroke-width: 2; fill: none; }
  .back { stroke-dasharray: 6 4; }
  .badge { font-weight: 700; font-size: 11px; text-anchor: middle; }
"""


def style():
    """The style sheet; a later line wins, so `text` stands before the classes of texts."""
    order = sorted(COLOURS, key=lambda names: names != "text")

    def lines(index):
        return "".join(f"  {names} {{ {COLOURS[names][0]}: {COLOURS[names][index]}; }}\n" for names in order)

    return f"{SHAPES}{lines(1)}  @media (prefers-color-scheme: dark) {{\n{lines(2)}  }}\n"


class Drawing:
    def __init__(self):
        self.parts = []

    def rect(self, x, y, width, height, kind, radius=6):
        self.parts.append(f'<rect class="{kind}" x="{x}" y="{y}" width="{width}" height="{height}" rx="{radius}"/>')

    def text(self, x, y, text, kind="", anchor="start"):
        self.parts.append(f'<text class="{kind}" x="{x}" y="{y}" text-anchor="{anchor}">{escape(text)}</text>')

    def arrow(self, x, start, end, kind):
        """A vertical arrow; its head is a triangle, because markers take no colour from the page."""
        tip = 9 if end > start else -9
        self.parts.append(f'<path class="{kind}" d="M{x} {start}V{end - tip}"/>')
        self.parts.append(f'<path class="{kind}-head" d="M{x} {end}l-5 {-tip}h10z"/>')

    def badge(self, x, y, number, kind):
        self.parts.append(f'<circle class="{kind}-head" cx="{x}" cy="{y}" r="9"/>')
        self.parts.append(f'<text class="badge" x="{x}" y="{y + 4}">{number}</text>')


def route(network, subnet, destination):
    """The route that something from a subnet takes, as a route table says it."""
    table = network.table(subnet)
    best, _ = network.candidates(subnet.vpc, table, destination)
    if not best:
        raise SystemExit(f"picture: nothing goes from {subnet.address} to {destination}")
    return best[0]


def tier(network, name, zone):
    [found] = [it for it in network.subnets.values() if it.tier == name and it.zone == zone]
    return found


def service_of(subnet):
    """`checkout` of `aws_subnet.private["checkout/us-east-1a"]`."""
    return subnet.address.rpartition('["')[2].partition("/")[0]


def draw(network, service, name):
    drawing = Drawing()
    zones = sorted({it.zone for it in network.subnets.values()})
    vpc = next(iter(network.vpcs.values()))[0]
    private = sorted((it for it in network.subnets.values() if it.tier == "private"), key=lambda it: it.network)
    rows = 3 + (len(private) // len(zones) + 2) // 3
    width = 2 * LEFT + len(zones) * COLUMN + (len(zones) - 1) * GAP + 2 * GAP
    private_height = 44 + 26 * (rows - 3)
    firewall_top, private_top = 330, 474
    internal_top = private_top + private_height + 30
    height = internal_top + 92 + 30

    drawing.rect(0, 0, width, height, "paper", 0)
    drawing.rect(LEFT, 16, width - 2 * LEFT, 40, "box")
    drawing.text(width / 2, 41, f"the internet: {name}, and the users", "head", "middle")
    drawing.rect(LEFT, 96, width - 2 * LEFT, height - 112, "place", 10)
    drawing.rect(LEFT + GAP, 80, width - 2 * (LEFT + GAP), 34, "box")
    drawing.text(LEFT + GAP + 12, 102, f"VPC {vpc}", "head")
    drawing.text(width / 2, 102, "internet gateway", "name", "middle")

    for place, zone in enumerate(zones):
        x = LEFT + GAP + place * (COLUMN + GAP)
        inner, wide = x + 14, COLUMN - 28
        drawing.rect(x, 134, COLUMN, height - 166, "place", 10)
        drawing.text(x + COLUMN - 14, 156, zone, "name", "end")

        pods = next((it for it in private if it.zone == zone and service_of(it) == service), None)
        if pods is None:
            raise SystemExit(f"picture: {service} has no subnet in {zone}")
        [[endpoint, nat, _]] = routes.Check(network).paths(pods)
        firewall, gateway = endpoint.subnet, nat.subnet
        ingress, internal = tier(network, "ingress", zone), tier(network, "internal", zone)

        # NAT gateway and load balancer.
        drawing.rect(inner, 176, 270, 96, "box")
        drawing.text(inner + 12, 196, "NAT gateway", "name")
        drawing.text(inner + 258, 196, str(gateway.network), "mono dim", "end")
        destination, _ = route(network, gateway, routes.EVERYWHERE[0])
        drawing.text(inner + 12, 220, f"{destination} → internet gateway", "mono")
        drawing.text(inner + 12, 238, f"{pods.network} → firewall endpoint", "mono")
        drawing.text(inner + 12, 258, f"and {len(private) // len(zones) - 1} more, one a private subnet", "dim")
        drawing.rect(inner + 290, 176, wide - 290, 96, "box")
        drawing.text(inner + 302, 196, "load balancer", "name")
        drawing.text(inner + wide - 12, 216, str(ingress.network), "mono dim", "end")
        drawing.text(inner + 302, 238, f"{routes.EVERYWHERE[0]} →", "mono")
        drawing.text(inner + 302, 256, "internet gateway", "mono")

        # Firewall.
        drawing.rect(inner, firewall_top, 270, 86, "wall")
        drawing.text(inner + 12, firewall_top + 20, "firewall endpoint", "name")
        drawing.text(inner + 258, firewall_top + 20, str(firewall.network), "mono dim", "end")
        destination, _ = route(network, firewall, routes.EVERYWHERE[0])
        drawing.text(inner + 12, firewall_top + 44, f"{destination} → NAT gateway of {zone[-1]}", "mono")
        drawing.text(inner + 12, firewall_top + 62, f"{vpc} → local", "mono")
        drawing.text(inner + 290, firewall_top + 20, "drops everything but", "dim")
        drawing.text(inner + 290, firewall_top + 38, "what fwc push brings:", "dim")
        drawing.text(inner + 290, firewall_top + 60, f"pass tls {service}", "mono")
        drawing.text(inner + 290, firewall_top + 77, f"  to {name}", "mono")

        # Private subnets.
        drawing.rect(inner, private_top, wide, private_height, "box")
        destination, _ = route(network, pods, routes.EVERYWHERE[0])
        drawing.text(inner + 12, private_top + 24, "pods, a subnet a service", "name")
        drawing.text(inner + wide - 12, private_top + 24, f"{destination} → firewall endpoint of {zone[-1]}", "mono", "end")
        here = [it for it in private if it.zone == zone]
        for index, subnet in enumerate(here):
            left, top = inner + 12 + index % 3 * 150, private_top + 36 + index // 3 * 26
            drawing.rect(left, top, 144, 22, "chosen" if subnet is pods else "box", 4)
            drawing.text(left + 6, top + 15, service_of(subnet), "dim" if subnet is not pods else "")
            drawing.text(left + 138, top + 15, "…" + str(subnet.network).split(".", 2)[2], "mono dim", "end")

        # Internal subnets.
        drawing.rect(inner, internal_top, wide, 64, "box")
        drawing.text(inner + 12, internal_top + 22, "databases, files, interface endpoints", "name")
        drawing.text(inner + wide - 12, internal_top + 22, str(internal.network), "mono dim", "end")
        drawing.text(inner + 12, internal_top + 46, "no route leaves the VPC; S3 and DynamoDB are reached by gateway", "dim")

        # The way out, and the way back.
        out, back = inner + 60, inner + 190
        drawing.arrow(out, private_top, firewall_top + 86, "out")
        drawing.arrow(out, firewall_top, 272, "out")
        drawing.arrow(out, 176, 114, "out")
        drawing.arrow(out, 80, 56, "out")
        drawing.arrow(back, 56, 80, "back")
        drawing.arrow(back, 114, 176, "back")
        drawing.arrow(back, 272, firewall_top, "back")
        drawing.arrow(back, firewall_top + 86, private_top, "back")
        if place == 0:
            for number, y in ((1, private_top - 28), (2, firewall_top - 28), (3, 150)):
                drawing.badge(out, y, number, "out")
            for number, y in ((4, 150), (5, firewall_top - 28), (6, private_top - 28)):
                drawing.badge(back, y, number, "back")
    title = f"How {service} reaches {name}"
    return "\n".join(
        [
            f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}" role="img" aria-label="{escape(title)}">',
            f"<title>{escape(title)}</title>",
            f"<style>{style()}</style>",
            *drawing.parts,
            "</svg>",
            "",
        ]
    )


def main():
    service, name = sys.argv[1:3]
    [(_, resources), *_] = routes.documents(sys.stdin.read())
    findings = routes.check(resources)
    if findings:
        print(*findings, sep="\n", file=sys.stderr)
        return 1
    sys.stdout.write(draw(routes.Network(resources), service, name))
    return 0


if __name__ == "__main__":
    sys.exit(main())
