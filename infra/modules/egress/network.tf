# The addresses of the VPC. Its first /21 is the module's own, the same distances whatever the size of
# the VPC; networks, which fwc.yaml names, are anywhere behind it:
#
#   firewall   /28 a zone from +0      one endpoint each, nothing else
#   nat        /28 a zone from +128    one NAT gateway each, nothing else
#   ingress    /26 a zone from +256    the load balancer, which may need a hundred addresses
#   internal   /25 a zone from +1024   interface endpoints, databases, mount targets, agents
#
# https://docs.aws.amazon.com/network-firewall/latest/developerguide/vpc-config-subnets.html (a /28 is
# enough), https://docs.aws.amazon.com/elasticloadbalancing/latest/application/application-load-balancers.html
# (a /27 is the least, 8 addresses free); 2026-11-24.
locals {
  label = "${var.name}-${var.role}"

  vpc_bits = tonumber(split("/", var.vpc_cidr)[1])
  places   = { for place, zone in var.zones : zone => place }

  firewall_cidrs = { for zone, place in local.places : zone => cidrsubnet(var.vpc_cidr, 28 - local.vpc_bits, place) }
  nat_cidrs      = { for zone, place in local.places : zone => cidrsubnet(var.vpc_cidr, 28 - local.vpc_bits, 8 + place) }
  ingress_cidrs  = { for zone, place in local.places : zone => cidrsubnet(var.vpc_cidr, 26 - local.vpc_bits, 4 + place) }
  internal_cidrs = { for zone, place in local.places : zone => cidrsubnet(var.vpc_cidr, 25 - local.vpc_bits, 8 + place) }

  private = merge([
    for network, cidrs in var.networks : {
      for place, zone in var.zones : "${network}/${zone}" => {
        network = network
        zone    = zone
        cidr    = cidrs[place]
      }
    }
  ]...)

  subnets = [
    for subnet, cidr in merge(
      { for subnet, private in local.private : subnet => private.cidr },
      { for zone, cidr in local.firewall_cidrs : "(firewall)/${zone}" => cidr },
      { for zone, cidr in local.nat_cidrs : "(nat)/${zone}" => cidr },
      { for zone, cidr in local.ingress_cidrs : "(ingress)/${zone}" => cidr },
      { for zone, cidr in local.internal_cidrs : "(internal)/${zone}" => cidr },
    ) : { name = subnet, first = split("/", cidr)[0], bits = tonumber(split("/", cidr)[1]) }
  ]

  # Two networks overlap if they are the same one at the length of the larger.
  overlaps = flatten([
    for index, left in local.subnets : [
      for right in slice(local.subnets, index + 1, length(local.subnets)) : "${left.name} and ${right.name}"
      if cidrhost("${left.first}/${min(left.bits, right.bits)}", 0) == cidrhost("${right.first}/${min(left.bits, right.bits)}", 0)
    ]
  ])
  outside = [
    for subnet in local.subnets : subnet.name
    if subnet.bits < local.vpc_bits || cidrhost("${subnet.first}/${local.vpc_bits}", 0) != cidrhost(var.vpc_cidr, 0)
  ]
}

data "aws_caller_identity" "current" {}
data "aws_partition" "current" {}
data "aws_region" "current" {}

resource "aws_vpc" "this" {
  cidr_block           = var.vpc_cidr
  enable_dns_support   = true
  enable_dns_hostnames = true # private DNS of the interface endpoints
  tags                 = merge(var.tags, { Name = local.label })

  lifecycle {
    precondition {
      condition     = length(local.overlaps) == 0
      error_message = "Subnets overlap: ${join(", ", local.overlaps)}. The first /21 of the VPC is the module's own; put networks behind it."
    }
    precondition {
      condition     = length(local.outside) == 0
      error_message = "Subnets outside of ${var.vpc_cidr}: ${join(", ", local.outside)}."
    }
    precondition {
      condition     = alltrue([for zone in var.zones : startswith(zone, data.aws_region.current.name)])
      error_message = "The zones ${join(", ", var.zones)} are not all in ${data.aws_region.current.name}, the region of the provider."
    }
  }
}

# What is put into the VPC without a thought reaches nothing and is reached by nothing.
resource "aws_default_security_group" "this" {
  vpc_id = aws_vpc.this.id
  tags   = merge(var.tags, { Name = "${local.label}-closed" })
}

resource "aws_default_route_table" "this" {
  default_route_table_id = aws_vpc.this.default_route_table_id
  route                  = []
  tags                   = merge(var.tags, { Name = "${local.label}-closed" })
}

resource "aws_internet_gateway" "this" {
  vpc_id = aws_vpc.this.id
  tags   = merge(var.tags, { Name = local.label })
}

# Private: the pods of a service. Out by the firewall endpoint of the zone.

resource "aws_subnet" "private" {
  for_each = local.private

  vpc_id            = aws_vpc.this.id
  availability_zone = each.value.zone
  cidr_block        = each.value.cidr
  tags              = merge(var.tags, { Name = "${local.label}-${each.value.network}-${each.value.zone}", "fwc:tier" = "private", "fwc:network" = each.value.network })
}

resource "aws_route_table" "private" {
  for_each = local.places

  vpc_id = aws_vpc.this.id
  tags   = merge(var.tags, { Name = "${local.label}-private-${each.key}" })
}

resource "aws_route_table_association" "private" {
  for_each = local.private

  subnet_id      = aws_subnet.private[each.key].id
  route_table_id = aws_route_table.private[each.value.zone].id
}

resource "aws_route" "private_to_firewall" {
  for_each = local.places

  route_table_id         = aws_route_table.private[each.key].id
  destination_cidr_block = "0.0.0.0/0"
  vpc_endpoint_id        = local.firewall_endpoints[each.key]
}

# Firewall: what it lets through goes to the NAT gateway of the zone.

resource "aws_subnet" "firewall" {
  for_each = local.firewall_cidrs

  vpc_id            = aws_vpc.this.id
  availability_zone = each.key
  cidr_block        = each.value
  tags              = merge(var.tags, { Name = "${local.label}-firewall-${each.key}", "fwc:tier" = "firewall" })
}

resource "aws_route_table" "firewall" {
  for_each = local.places

  vpc_id = aws_vpc.this.id
  tags   = merge(var.tags, { Name = "${local.label}-firewall-${each.key}" })
}

resource "aws_route_table_association" "firewall" {
  for_each = local.places

  subnet_id      = aws_subnet.firewall[each.key].id
  route_table_id = aws_route_table.firewall[each.key].id
}

resource "aws_route" "firewall_to_nat" {
  for_each = local.places

  route_table_id         = aws_route_table.firewall[each.key].id
  destination_cidr_block = "0.0.0.0/0"
  nat_gateway_id         = aws_nat_gateway.this[each.key].id
}

# NAT: out by the internet gateway, and back through the endpoint of the same zone. Without the way
# back an answer takes the local route past the firewall, which then sees half of each connection.

resource "aws_subnet" "nat" {
  for_each = local.nat_cidrs

  vpc_id            = aws_vpc.this.id
  availability_zone = each.key
  cidr_block        = each.value
  tags              = merge(var.tags, { Name = "${local.label}-nat-${each.key}", "fwc:tier" = "nat" })
}

resource "aws_eip" "nat" {
  for_each = local.places

  domain = "vpc"
  tags   = merge(var.tags, { Name = "${local.label}-nat-${each.key}" })
}

resource "aws_nat_gateway" "this" {
  for_each = local.places

  subnet_id     = aws_subnet.nat[each.key].id
  allocation_id = aws_eip.nat[each.key].id
  tags          = merge(var.tags, { Name = "${local.label}-${each.key}" })

  depends_on = [aws_internet_gateway.this]
}

resource "aws_route_table" "nat" {
  for_each = local.places

  vpc_id = aws_vpc.this.id
  tags   = merge(var.tags, { Name = "${local.label}-nat-${each.key}" })
}

resource "aws_route_table_association" "nat" {
  for_each = local.places

  subnet_id      = aws_subnet.nat[each.key].id
  route_table_id = aws_route_table.nat[each.key].id
}

resource "aws_route" "nat_to_internet" {
  for_each = local.places

  route_table_id         = aws_route_table.nat[each.key].id
  destination_cidr_block = "0.0.0.0/0"
  gateway_id             = aws_internet_gateway.this.id
}

# A route that is narrower than `local` has to name a whole subnet:
# https://docs.aws.amazon.com/vpc/latest/userguide/route-tables-priority.html (2026-11-24).
resource "aws_route" "nat_to_firewall" {
  for_each = local.private

  route_table_id         = aws_route_table.nat[each.value.zone].id
  destination_cidr_block = each.value.cidr
  vpc_endpoint_id        = local.firewall_endpoints[each.value.zone]
}

# Ingress: the load balancer. Its subnets are not those of the NAT gateways, whose way back would send
# what it says to pods through the firewall and the pods' answers past it.

resource "aws_subnet" "ingress" {
  for_each = local.ingress_cidrs

  vpc_id            = aws_vpc.this.id
  availability_zone = each.key
  cidr_block        = each.value
  tags              = merge(var.tags, { Name = "${local.label}-ingress-${each.key}", "fwc:tier" = "ingress" })
}

resource "aws_route_table" "ingress" {
  vpc_id = aws_vpc.this.id
  tags   = merge(var.tags, { Name = "${local.label}-ingress" })
}

resource "aws_route_table_association" "ingress" {
  for_each = local.places

  subnet_id      = aws_subnet.ingress[each.key].id
  route_table_id = aws_route_table.ingress.id
}

resource "aws_route" "ingress_to_internet" {
  route_table_id         = aws_route_table.ingress.id
  destination_cidr_block = "0.0.0.0/0"
  gateway_id             = aws_internet_gateway.this.id
}

# Internal: no route leaves the VPC.

resource "aws_subnet" "internal" {
  for_each = local.internal_cidrs

  vpc_id            = aws_vpc.this.id
  availability_zone = each.key
  cidr_block        = each.value
  tags              = merge(var.tags, { Name = "${local.label}-internal-${each.key}", "fwc:tier" = "internal" })
}

resource "aws_route_table" "internal" {
  vpc_id = aws_vpc.this.id
  tags   = merge(var.tags, { Name = "${local.label}-internal" })
}

resource "aws_route_table_association" "internal" {
  for_each = local.places

  subnet_id      = aws_subnet.internal[each.key].id
  route_table_id = aws_route_table.internal.id
}
