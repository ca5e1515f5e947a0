variable "name" {
  description = "The project's name, `name` of fwc.yaml: the prefix of every object."
  type        = string

  validation {
    condition     = can(regex("^[A-Za-z](-?[A-Za-z0-9])*$", var.name)) && length(var.name) <= 32
    error_message = "A letter, then letters, digits and single `-` between them, at most 32 in all."
  }
}

variable "role" {
  description = "The role of the region, a key of `regions` in fwc.yaml."
  type        = string

  validation {
    condition     = can(regex("^[a-z](-?[a-z0-9])*$", var.role)) && length(var.role) <= 16
    error_message = "A lower-case letter, then lower-case letters, digits and single `-` between them, at most 16 in all."
  }
}

variable "functions" {
  description = "The package of the functions, made by infra/lambda/build."
  type        = string

  validation {
    condition     = fileexists(var.functions)
    error_message = "There is no such file: run infra/lambda/build first."
  }
}

variable "logs_key_arn" {
  description = "The KMS key of log groups named `/<name>-<role>/…`, an output of egress."
  type        = string
}

variable "subscriptions" {
  description = "Who is told: an address or URL => its protocol. Whoever is subscribed has to confirm it."
  type        = map(string)
  default     = {}

  validation {
    condition     = alltrue([for protocol in values(var.subscriptions) : contains(["email", "https", "sms"], protocol)])
    error_message = "A protocol is email, https or sms."
  }
}

variable "peer" {
  description = "The other region: its role and its name at AWS. It is watched from here, and its loss pages from here."
  type = object({
    role   = string
    region = string
  })
}

variable "firewall_name" {
  description = "The firewall, an output of egress."
  type        = string
}

variable "nat_gateways" {
  description = "The NAT gateway of each zone: zone => id."
  type        = map(string)

  validation {
    condition     = length(var.nat_gateways) >= 2
    error_message = "Two zones or more, each with its NAT gateway."
  }
}

variable "load_balancer" {
  description = "The load balancer and its target groups by service, each by its ARN suffix; null where there is none."
  type = object({
    arn_suffix    = string
    target_groups = map(string)
  })
  default = null
}

variable "database_cluster" {
  description = "The Aurora cluster of this region; null where there is none."
  type        = string
  default     = null
}

variable "file_systems" {
  description = "EFS file systems: what they are for => id."
  type        = map(string)
  default     = {}
}

variable "sync_tasks" {
  description = "ARNs of the DataSync tasks of this region, whose failures are told."
  type        = list(string)
  default     = []
}

variable "bucket_replications" {
  description = "S3 replications that begin or end here. S3 tells the latency where they end and failures where they begin."
  type = map(object({
    source      = string
    destination = string
    rule_id     = string
  }))
  default = {}
}

variable "global_tables" {
  description = "Names of the DynamoDB global tables that have a replica in both regions."
  type        = set(string)
  default     = []
}

variable "directory" {
  description = "The queue of unfinished runs of the directory, an output of identity; null where there is none."
  type        = string
  default     = null
}

variable "mail" {
  description = "Whether this region sends mail by SES."
  type        = bool
  default     = false
}

variable "accelerator_id" {
  description = "The accelerator (the last part of its ARN). Its metrics are in us-west-2, so elsewhere it has no alarm."
  type        = string
  default     = null
}

variable "budget" {
  description = "US dollars a month for the whole account; null, as in all regions but one, makes no budget."
  type        = number
  default     = null

  validation {
    condition     = var.budget == null || try(var.budget > 0, false)
    error_message = "More than nothing."
  }
}

variable "latency_seconds" {
  description = "What 99 of 100 requests may take."
  type        = number
  default     = 2
}

variable "replication_seconds" {
  description = "How far the other region's data may lag behind (Aurora, DynamoDB): what an unplanned failover may lose."
  type        = number
  default     = 10
}

variable "directory_seconds" {
  description = "How old the users of the standby pool may be."
  type        = number
  default     = 3600
}

variable "log_retention_days" {
  description = "How long CloudWatch keeps the log of the watch."
  type        = number
  default     = 365
}

variable "tags" {
  description = "Tags of every object, beside the default tags of the provider."
  type        = map(string)
  default     = {}
}
