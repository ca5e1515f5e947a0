variable "name" {
  description = "The project's name, `name` of fwc.yaml. The global cluster has it as its name, the clusters are `<name>-<role>`."
  type        = string

  validation {
    condition     = can(regex("^[A-Za-z](-?[A-Za-z0-9])*$", var.name))
    error_message = "A letter, then letters, digits and single `-` between them."
  }
}

variable "engine_version" {
  description = "The version of Aurora PostgreSQL, `major.minor`, of both regions. Which ones know global databases: https://docs.aws.amazon.com/AmazonRDS/latest/AuroraUserGuide/Concepts.Aurora_Fea_Regions_DB-eng.Feature.GlobalDatabase.html."
  type        = string
  default     = "16.11"

  validation {
    condition     = can(regex("^1[3-9]\\.[0-9]+$", var.engine_version))
    error_message = "A version of PostgreSQL from 13 on, like 16.11."
  }
}

variable "instance_class" {
  description = "The class of every instance. The passive region has the same: it has to carry the load on the day it is needed."
  type        = string
  default     = "db.r6g.large"

  validation {
    condition     = startswith(var.instance_class, "db.") && !startswith(var.instance_class, "db.t")
    error_message = "Global databases take no burstable classes (db.t*): https://docs.aws.amazon.com/AmazonRDS/latest/AuroraUserGuide/aurora-global-database.html."
  }
}

variable "database_name" {
  description = "The first database, made in the primary and replicated."
  type        = string
  default     = "shop"
}

variable "master_username" {
  description = "The master user. Services have users of their own."
  type        = string
  default     = "fwc_master"
}

variable "master_password" {
  description = "The master user's password, of an ephemeral resource: it is written into the cluster and the secret when `password_version` changes, and stands in no plan and no state."
  type        = string
  ephemeral   = true
  sensitive   = true
}

variable "password_version" {
  description = "Raise it by one to give the master user a new password; `master_password` is looked at only then."
  type        = number
  default     = 1

  validation {
    condition     = var.password_version >= 1 && floor(var.password_version) == var.password_version
    error_message = "A whole number from 1 on."
  }
}

variable "primary" {
  description = "Where the writer is: VPC, subnets by zone (`internal_subnets` of module egress), CIDRs of the services that may connect, and how many instances: a writer and its readers."
  type = object({
    vpc_id    = string
    subnets   = list(string)
    clients   = list(string)
    instances = optional(number, 2)
  })

  validation {
    condition     = var.primary.instances >= 2
    error_message = "A writer and at least one reader: alone, a writer that fails takes ten minutes to be made again."
  }
}

variable "secondary" {
  description = "The same of the region that reads only."
  type = object({
    vpc_id    = string
    subnets   = list(string)
    clients   = list(string)
    instances = optional(number, 1)
  })

  validation {
    condition     = var.secondary.instances >= 1
    error_message = "At least one instance: without, nobody is there to be promoted."
  }
}

variable "backup_days" {
  description = "How many days back each cluster can be restored to."
  type        = number
  default     = 35

  validation {
    condition     = var.backup_days >= 7 && var.backup_days <= 35
    error_message = "From 7 to 35, the most Aurora keeps."
  }
}

variable "protected" {
  description = "Whether clusters refuse to be deleted and leave a last snapshot."
  type        = bool
  default     = true
}

variable "tags" {
  description = "Tags of every object, beside the default tags of the provider."
  type        = map(string)
  default     = {}
}
