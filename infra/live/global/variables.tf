variable "project_file" {
  description = "The project file."
  type        = string
  default     = "../../../fwc.yaml"
}

variable "platform_file" {
  description = "What runs in the networks."
  type        = string
  default     = "../../platform.yaml"
}

variable "regions" {
  description = "What the states of the regions give on: role => their output `for_global`. A value and not a look into their states, so that this root plans when a region does not answer."
  type = map(object({
    vpc_id  = string
    subnets = list(string)
    alb_arn = string
  }))

  validation {
    condition     = toset(keys(var.regions)) == toset(["primary", "secondary"])
    error_message = "Both `primary` and `secondary`, and nothing else."
  }
}

variable "public_zone_id" {
  description = "Id of the public Route 53 zone of the domain; null leaves the domain's record to somebody else."
  type        = string
  default     = null
}

variable "database" {
  description = "The database: version of Aurora PostgreSQL, class of instances, and the version of the master user's password, which is raised to change it."
  type = object({
    engine_version   = optional(string, "16.11")
    instance_class   = optional(string, "db.r6g.large")
    password_version = optional(number, 1)
  })
  default = {}
}

variable "protected" {
  description = "Whether what holds data refuses to be deleted. Apply false before a destroy."
  type        = bool
  default     = true
}
