# What has to exist before anything else: where the state is kept, and who may change what. Applied once, by hand.

locals {
  project   = yamldecode(file(var.project_file))
  name      = local.project.name
  primary   = local.project.regions.primary.aws
  secondary = local.project.regions.secondary.aws
  account   = data.aws_caller_identity.this.account_id
  partition = data.aws_partition.this.partition

  tags = {
    "fwc:project" = local.name
    "managed-by"  = "terraform"
  }
}

provider "aws" {
  region              = local.primary
  allowed_account_ids = [local.project.vars.account]

  default_tags {
    tags = local.tags
  }
}

provider "aws" {
  alias               = "secondary"
  region              = local.secondary
  allowed_account_ids = [local.project.vars.account]

  default_tags {
    tags = local.tags
  }
}

data "aws_caller_identity" "this" {}
data "aws_partition" "this" {}
