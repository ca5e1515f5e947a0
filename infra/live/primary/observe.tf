# What is looked at, and who is told. Things that live/global makes have names that are known here, or are given as `shared`.
locals {
  peer = one([for role in keys(local.project.regions) : role if role != local.role])
}

module "observe" {
  source = "../../modules/observe"

  name          = local.name
  role          = local.role
  functions     = var.functions
  logs_key_arn  = module.egress.logs_key_arn
  subscriptions = var.subscriptions
  peer          = { role = local.peer, region = local.project.regions[local.peer].aws }

  firewall_name = module.egress.firewall_name
  nat_gateways  = zipmap(module.egress.zones, module.egress.nat_gateways)

  load_balancer = {
    arn_suffix    = module.ingress.alb_arn_suffix
    target_groups = module.ingress.target_group_arn_suffixes
  }

  database_cluster = lower("${local.name}-${local.role}")
  file_systems     = var.shared.file_systems
  sync_tasks       = var.shared.sync_tasks
  accelerator_id   = var.shared.accelerator_id
  directory        = module.identity.directory_queue_name
  mail             = can(local.platform.mail.domain)
  global_tables    = [for table in concat(keys(local.platform.tables), ["directory"]) : "${local.name}-${table}"]

  # Media go both ways, so that a region that was left has all of them when it is back.
  bucket_replications = {
    for from, to in { (local.role) = local.peer, (local.peer) = local.role } : "media-${from}" => {
      source                       = lower("${local.name}-${from}-media-${local.account}")
      destination                  = lower("${local.name}-${to}-media-${local.account}")
      rule_id                      = "to-the-other-region"
    }
  }

  # One budget for the account, in the primary.
  budget = local.role == "primary" ? var.budget : null
}

variable "subscriptions" {
  description = "Who is told of alarms: an address or URL => its protocol."
  type        = map(string)
  default     = {}
}

variable "budget" {
  description = "US dollars a month for the whole account; null makes no budget."
  type        = number
  default     = null
}

variable "shared" {
  description = "What live/global tells this region, its output `for_regions`: infra/live/exchange brings it here."
  type = object({
    file_systems   = optional(map(string), {})
    sync_tasks     = optional(list(string), [])
    accelerator_id = optional(string)
  })
  default = {}
}

output "observe" {
  description = "What module observe gives: topic, dashboard, and the alarm that the other region looks at."
  value       = module.observe
}
