variable "name" {
  description = "The project's name."
  type        = string
}

variable "role" {
  description = "The role of the region."
  type        = string
}

variable "global_cluster_id" {
  description = "The global cluster that this region's joins."
  type        = string
}

variable "writer_endpoint" {
  description = "The global writer endpoint."
  type        = string
}

variable "engine_version" {
  description = "The version of Aurora PostgreSQL."
  type        = string
}

variable "family" {
  description = "The parameter group family of the version."
  type        = string
}

variable "instance_class" {
  description = "The class of every instance."
  type        = string
}

variable "network" {
  description = "VPC, subnets by zone, CIDRs of clients, number of instances."
  type = object({
    vpc_id    = string
    subnets   = list(string)
    clients   = list(string)
    instances = number
  })

  validation {
    condition     = length(var.network.subnets) >= 2
    error_message = "Aurora needs subnets in at least two zones."
  }

  validation {
    condition     = alltrue([for cidr in var.network.clients : can(cidrhost(cidr, 0)) && !endswith(cidr, "/0")])
    error_message = "Each client is a CIDR, and none is everybody."
  }
}

variable "writer" {
  description = "What the cluster that is made as the writer is given; null for one that replicates, which takes no credentials and no database."
  type = object({
    database_name    = string
    master_username  = string
    password_version = number
  })
  default = null
}

variable "master_password" {
  description = "The writer's master password. It exists during the apply only."
  type        = string
  default     = null
  ephemeral   = true
  sensitive   = true
}

variable "backup_days" {
  description = "How many days back the cluster can be restored to."
  type        = number
}

variable "protected" {
  description = "Whether the cluster refuses to be deleted and leaves a last snapshot."
  type        = bool
}

variable "tags" {
  description = "Tags of every object."
  type        = map(string)
  default     = {}
}
