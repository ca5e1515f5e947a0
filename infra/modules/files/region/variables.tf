variable "name" {
  description = "The project's name."
  type        = string
}

variable "role" {
  description = "The role of the region."
  type        = string
}

variable "network" {
  description = "VPC, subnets by zone, CIDRs of the services that mount."
  type = object({
    vpc_id  = string
    subnets = list(string)
    clients = list(string)
  })

  validation {
    condition     = alltrue([for cidr in var.network.clients : can(cidrhost(cidr, 0)) && !endswith(cidr, "/0")])
    error_message = "Each client is a CIDR, and none is everybody."
  }
}

variable "directories" {
  description = "Directory of each network, with its owner."
  type = map(object({
    uid = number
    gid = number
  }))
}

variable "log_retention_days" {
  description = "How long the logs of the copies are kept."
  type        = number
}

variable "protected" {
  description = "Whether a deleted key waits 30 days, and not 7."
  type        = bool
}

variable "tags" {
  description = "Tags of every object."
  type        = map(string)
  default     = {}
}
