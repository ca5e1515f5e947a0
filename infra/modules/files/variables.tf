variable "name" {
  description = "The project's name, `name` of fwc.yaml: the prefix of every object."
  type        = string
}

variable "directories" {
  description = "The directories that services share: network => user and group id that own it. Each has an access point, and a pod sees nothing above it."
  type = map(object({
    uid = number
    gid = number
  }))

  validation {
    condition     = alltrue([for directory in var.directories : directory.uid >= 1000 && directory.gid >= 1000])
    error_message = "Ids from 1000 on: the ones below are the system's, and 0 would be root."
  }
}

variable "primary" {
  description = "Where files are written: VPC, subnets by zone (`internal_subnets` of module egress), CIDRs of the services that mount."
  type = object({
    vpc_id  = string
    subnets = list(string)
    clients = list(string)
  })
}

variable "secondary" {
  description = "Where the copy is: the same of the other region."
  type = object({
    vpc_id  = string
    subnets = list(string)
    clients = list(string)
  })
}

variable "schedule" {
  description = "When files are copied, as a schedule expression of DataSync. Its shortest interval is an hour, so up to that and the time of the copy is lost with the primary."
  type        = string
  default     = "rate(1 hour)"

  validation {
    condition     = can(regex("^(cron|rate)\\(.+\\)$", var.schedule)) && !can(regex("minute", var.schedule))
    error_message = "`rate(1 hour)` or longer, or `cron(...)`: https://docs.aws.amazon.com/datasync/latest/userguide/task-scheduling.html."
  }
}

variable "log_retention_days" {
  description = "How long the logs of the copies are kept."
  type        = number
  default     = 365
}

variable "protected" {
  description = "Whether deleted keys wait 30 days, and not 7."
  type        = bool
  default     = true
}

variable "tags" {
  description = "Tags of every object, beside the default tags of the provider."
  type        = map(string)
  default     = {}
}
