data "aws_region" "secondary" {
  provider = aws.secondary
}

locals {
  family = "aurora-postgresql${split(".", var.engine_version)[0]}"

  # A global cluster is made before its first member, and may have no endpoint then; the next apply finds it.
  writer_endpoint = coalesce(aws_rds_global_cluster.this.endpoint, module.primary.endpoint)
}

resource "aws_rds_global_cluster" "this" {
  provider = aws.primary

  global_cluster_identifier = lower(var.name)
  engine                    = "aurora-postgresql"
  engine_version            = var.engine_version
  storage_encrypted         = true
  deletion_protection       = var.protected
  force_destroy             = !var.protected
  tags                      = var.tags
}

module "primary" {
  source    = "./region"
  providers = { aws = aws.primary }

  name              = var.name
  role              = "primary"
  global_cluster_id = aws_rds_global_cluster.this.id
  writer_endpoint   = local.writer_endpoint
  engine_version    = var.engine_version
  family            = local.family
  instance_class    = var.instance_class
  network           = var.primary
  backup_days       = var.backup_days
  protected         = var.protected
  tags              = var.tags

  writer = {
    database_name    = var.database_name
    master_username  = var.master_username
    password_version = var.password_version
  }
  master_password = var.master_password
}

# Waits for the primary's instances, through the global cluster's id that they give on: a secondary
# replicates from an instance, not from a cluster.
module "secondary" {
  source    = "./region"
  providers = { aws = aws.secondary }

  name              = var.name
  role              = "secondary"
  global_cluster_id = module.primary.replicable_cluster_id
  writer_endpoint   = local.writer_endpoint
  engine_version    = var.engine_version
  family            = local.family
  instance_class    = var.instance_class
  network           = var.secondary
  backup_days       = var.backup_days
  protected         = var.protected
  tags              = var.tags
}

# RDS keeps no master password of its own for a cluster of a global database:
# https://docs.aws.amazon.com/AmazonRDS/latest/AuroraUserGuide/rds-secrets-manager.html#rds-secrets-manager-limitations (2026-11-24).
# So it goes by write-only arguments into cluster and secret: no plan and no state has it.
resource "aws_secretsmanager_secret" "master" {
  provider = aws.primary

  name                    = "${var.name}/database"
  description             = "Master user of the database; the same in both regions"
  kms_key_id              = module.primary.key_arn
  recovery_window_in_days = var.protected ? 30 : 0
  tags                    = var.tags

  replica {
    region     = data.aws_region.secondary.name
    kms_key_id = module.secondary.key_arn
  }
}

resource "aws_secretsmanager_secret_version" "master" {
  provider = aws.primary

  secret_id = aws_secretsmanager_secret.master.id
  secret_string_wo = jsonencode({
    username = var.master_username
    password = var.master_password
  })
  secret_string_wo_version = var.password_version
}
