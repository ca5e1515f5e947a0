# The table that carries users (infra/lambda/directory), and what the regions and the runbook are told.
module "directory" {
  source    = "../../modules/table"
  providers = { aws.primary = aws, aws.secondary = aws.secondary }

  name          = local.name
  table         = "directory"
  hash_key      = "part"
  range_key     = "name"
  ttl_attribute = "expires"
  protected     = var.protected
}

data "aws_caller_identity" "this" {}
data "aws_partition" "this" {}

locals {
  # Role => the task that copies files from there.
  sync_tasks = {
    primary   = module.files.datasync_tasks["primary-to-secondary"]
    secondary = module.files.datasync_tasks["secondary-to-primary"]
  }
}

output "for_regions" {
  description = "What a region is told, as its variable `shared`: role => it. infra/live/exchange brings it there."
  value = {
    for role in keys(local.project.regions) : role => {
      file_systems   = { files = module.files.file_system_ids[role] }
      sync_tasks     = values(local.sync_tasks)
      accelerator_id = reverse(split("/", module.accelerator.accelerator_arn))[0]
    }
  }
}

output "failover" {
  description = "What scripts/failover has to know: `terraform output -json failover >failover.json`, kept where it is found when a region is lost."
  value = {
    name           = local.name
    regions        = { for role, region in local.project.regions : role => region.aws }
    global_cluster = module.database.global_cluster_id
    clusters       = module.database.cluster_arns

    database = {
      zones       = module.database.zone_ids
      writer_name = module.database.writer_name
      writer      = module.database.global_writer_endpoint
      reader_name = module.database.reader_name
      readers     = module.database.reader_endpoints
    }

    endpoint_groups = module.accelerator.endpoint_group_arns
    sync            = { tasks = local.sync_tasks, schedule = var.sync_schedule }

    directory = {
      table  = module.directory.table
      active = "primary"
      machines = {
        for role, region in local.project.regions :
        role => "arn:${data.aws_partition.this.partition}:states:${region.aws}:${data.aws_caller_identity.this.account_id}:stateMachine:${local.name}-${role}-directory"
      }
    }

    kubernetes = {
      overlays = "infra/kubernetes/overlays"
      contexts = {
        for role, region in local.project.regions :
        role => "arn:${data.aws_partition.this.partition}:eks:${region.aws}:${data.aws_caller_identity.this.account_id}:cluster/${local.name}-${role}"
      }
    }
  }
}

variable "sync_schedule" {
  description = "When files are copied: the schedule that the runbook gives the direction that is in use."
  type        = string
  default     = "rate(1 hour)"
}
