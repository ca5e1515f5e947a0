module "primary" {
  source    = "./region"
  providers = { aws = aws.primary }

  name               = var.name
  role               = "primary"
  network            = var.primary
  directories        = var.directories
  log_retention_days = var.log_retention_days
  protected          = var.protected
  tags               = var.tags
}

module "secondary" {
  source    = "./region"
  providers = { aws = aws.secondary }

  name               = var.name
  role               = "secondary"
  network            = var.secondary
  directories        = var.directories
  log_retention_days = var.log_retention_days
  protected          = var.protected
  tags               = var.tags
}

# A task lives in the region that it writes to: when the other one is lost, it can still be stopped. The
# runbook of a failover turns the schedules, and the next apply leaves them turned.
resource "aws_datasync_task" "forward" {
  provider = aws.secondary

  name                     = "${var.name}-primary-to-secondary"
  source_location_arn      = module.primary.location_arn
  destination_location_arn = module.secondary.location_arn
  cloudwatch_log_group_arn = module.secondary.log_group_arn
  tags                     = var.tags

  schedule {
    schedule_expression = var.schedule
  }

  options {
    verify_mode            = "ONLY_FILES_TRANSFERRED"
    transfer_mode          = "CHANGED"
    overwrite_mode         = "ALWAYS"
    preserve_deleted_files = "REMOVE"
    posix_permissions      = "PRESERVE"
    uid                    = "INT_VALUE"
    gid                    = "INT_VALUE"
    log_level              = "TRANSFER"
  }

  lifecycle {
    ignore_changes = [schedule]
  }
}

# The way back has no schedule: it would copy the old state over the new one. And it removes nothing:
# what the primary got last, and never sent, is for people to look at.
resource "aws_datasync_task" "back" {
  provider = aws.primary

  name                     = "${var.name}-secondary-to-primary"
  source_location_arn      = module.secondary.location_arn
  destination_location_arn = module.primary.location_arn
  cloudwatch_log_group_arn = module.primary.log_group_arn
  tags                     = var.tags

  options {
    verify_mode            = "ONLY_FILES_TRANSFERRED"
    transfer_mode          = "CHANGED"
    overwrite_mode         = "ALWAYS"
    preserve_deleted_files = "PRESERVE"
    posix_permissions      = "PRESERVE"
    uid                    = "INT_VALUE"
    gid                    = "INT_VALUE"
    log_level              = "TRANSFER"
  }

  lifecycle {
    ignore_changes = [schedule]
  }
}
