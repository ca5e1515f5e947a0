# What fwc.yaml says about this region. The compiler has checked the file: see docs/project-file.md.
locals {
  project = yamldecode(file(var.project_file))
  name    = local.project.name
  region  = local.project.regions[local.role]
  zones   = [for letter in var.zone_letters : "${local.region.aws}${letter}"]

  # A network that is a prefix list or a container association has its addresses elsewhere.
  networks = {
    for network, addresses in local.region.networks : network => addresses if can(addresses[0])
  }
}

provider "aws" {
  region              = local.region.aws
  allowed_account_ids = [local.project.vars.account]

  default_tags {
    tags = {
      "fwc:project" = local.name
      "fwc:role"    = local.role
      "managed-by"  = "terraform"
    }
  }
}
