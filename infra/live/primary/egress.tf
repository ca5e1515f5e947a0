module "egress" {
  source = "../../modules/egress"

  name      = local.name
  role      = local.role
  vpc_cidr  = local.region.vpc_cidr
  zones     = local.zones
  networks  = local.networks
  home_net  = try(local.project.firewall.home_net, null)
  protected = var.protected
}

output "egress" {
  description = "What module egress gives: subnets, addresses, firewall, logs."
  value       = module.egress
}
