locals {
  # Role => CIDRs of the services that use a thing.
  clients = {
    for thing in ["database", "files"] : thing => {
      for role, networks in local.networks : role => flatten([
        for service, use in local.platform.services : lookup(networks, service, []) if try(use[thing], false) != false
      ])
    }
  }
}

# Another one at every run; it is used in the first, and when its version is raised.
ephemeral "aws_secretsmanager_random_password" "database" {
  password_length     = 40
  exclude_punctuation = true
}

module "database" {
  source    = "../../modules/database"
  providers = { aws.primary = aws, aws.secondary = aws.secondary }

  name             = local.name
  engine_version   = var.database.engine_version
  instance_class   = var.database.instance_class
  master_password  = ephemeral.aws_secretsmanager_random_password.database.random_password
  password_version = var.database.password_version
  protected        = var.protected

  primary = {
    vpc_id  = var.regions.primary.vpc_id
    subnets = var.regions.primary.subnets
    clients = local.clients.database.primary
  }
  secondary = {
    vpc_id  = var.regions.secondary.vpc_id
    subnets = var.regions.secondary.subnets
    clients = local.clients.database.secondary
  }
}

module "files" {
  source    = "../../modules/files"
  providers = { aws.primary = aws, aws.secondary = aws.secondary }

  name        = local.name
  directories = { for service, use in local.platform.services : service => use.files if can(use.files) }
  schedule    = var.sync_schedule
  protected   = var.protected

  primary = {
    vpc_id  = var.regions.primary.vpc_id
    subnets = var.regions.primary.subnets
    clients = local.clients.files.primary
  }
  secondary = {
    vpc_id  = var.regions.secondary.vpc_id
    subnets = var.regions.secondary.subnets
    clients = local.clients.files.secondary
  }
}

module "media" {
  source    = "../../modules/bucket"
  providers = { aws.primary = aws, aws.secondary = aws.secondary }

  name      = local.name
  purpose   = "media"
  protected = var.protected
}

# The accelerator's flow logs, which belong to no region. What a region logs is module egress's.
module "flow_logs" {
  source    = "../../modules/bucket"
  providers = { aws.primary = aws, aws.secondary = aws.secondary }

  name              = local.name
  purpose           = "accelerator"
  log_writers       = true
  expire_after_days = 400
  protected         = var.protected
}

module "table" {
  source    = "../../modules/table"
  providers = { aws.primary = aws, aws.secondary = aws.secondary }
  for_each  = local.platform.tables

  name          = local.name
  table         = each.key
  hash_key      = each.value.hash_key
  range_key     = try(each.value.range_key, null)
  ttl_attribute = try(each.value.ttl_attribute, null)
  protected     = var.protected
}

module "secrets" {
  source    = "../../modules/secrets"
  providers = { aws.primary = aws, aws.secondary = aws.secondary }

  name      = local.name
  secrets   = local.platform.secrets
  protected = var.protected
}

output "database" {
  description = "What module database gives: identifiers, endpoints and names."
  value       = module.database
}

output "files" {
  description = "What module files gives: file systems, access points and the tasks of both directions."
  value       = module.files
}

output "buckets" {
  description = "The replicated buckets: purpose => names, ARNs, keys and what CloudWatch calls their replication."
  value       = { media = module.media, accelerator = module.flow_logs }
}

output "tables" {
  description = "The global tables: name in platform.yaml => name in both regions, ARN, keys."
  value       = module.table
}
