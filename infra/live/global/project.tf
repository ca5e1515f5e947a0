# What fwc.yaml and platform.yaml say. This root has what is one for both regions; a failover needs no run of it.
locals {
  project  = yamldecode(file(var.project_file))
  platform = yamldecode(file(var.platform_file))
  name     = local.project.name

  # Role => network => CIDRs by zone; a network that is a prefix list has its addresses elsewhere.
  networks = {
    for role, region in local.project.regions : role => {
      for network, addresses in region.networks : network => addresses if can(addresses[0])
    }
  }

  tags = {
    "fwc:project" = local.name
    "fwc:role"    = "global"
    "managed-by"  = "terraform"
  }
}

provider "aws" {
  region              = local.project.regions.primary.aws
  allowed_account_ids = [local.project.vars.account]

  default_tags {
    tags = local.tags
  }
}

provider "aws" {
  alias               = "secondary"
  region              = local.project.regions.secondary.aws
  allowed_account_ids = [local.project.vars.account]

  default_tags {
    tags = local.tags
  }
}

# Bucket and region are given with -backend-config, as for the regions.
terraform {
  backend "s3" {
    key          = "global/terraform.tfstate"
    encrypt      = true
    use_lockfile = true
  }
}
