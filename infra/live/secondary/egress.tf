locals {
  # A list that says nothing is not written.
  dns_firewall = var.dns_lists == null ? null : {
    allow     = compact(split("\n", try(file("${var.dns_lists}/dns-firewall-allow.txt"), "")))
    block     = compact(split("\n", try(file("${var.dns_lists}/dns-firewall-block.txt"), "")))
    otherwise = jsondecode(file("${var.dns_lists}/dns-firewall.json")).otherwise
  }
}

module "egress" {
  source = "../../modules/egress"

  name      = local.name
  role      = local.role
  vpc_cidr  = local.region.vpc_cidr
  zones     = local.zones
  networks  = local.networks
  home_net  = try(local.project.firewall.home_net, null)
  protected = var.protected

  dns_firewall = local.dns_firewall
}

output "egress" {
  description = "What module egress gives: subnets, addresses, firewall, logs."
  value       = module.egress
}
