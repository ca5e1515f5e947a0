variable "name" {
  description = "The project's name, `name` of fwc.yaml: the prefix of every object."
  type        = string
}

variable "role" {
  description = "The role of the region, a key of `regions` in fwc.yaml."
  type        = string

  validation {
    condition     = length("${var.name}-${var.role}") <= 32
    error_message = "The name of a load balancer has at most 32 characters, and here it is `<name>-<role>`."
  }
}

variable "vpc_id" {
  description = "The VPC of the load balancer and of the pods."
  type        = string
}

variable "subnets" {
  description = "Subnets of the load balancer, by zone: `ingress_subnets` of module egress."
  type        = list(string)

  validation {
    condition     = length(var.subnets) >= 2
    error_message = "A load balancer needs subnets in at least two zones."
  }
}

variable "pod_security_group" {
  description = "Id of the security group of the pods: `security_group` of module cluster."
  type        = string
}

variable "internal" {
  description = "Whether the load balancer has private addresses only, so that the accelerator is the one way in. With false it has public ones too, and can be reached past the accelerator."
  type        = bool
  default     = true
}

variable "domain" {
  description = "The name that users know, in lower case: `shop.example`."
  type        = string

  validation {
    condition     = can(regex("^([a-z0-9]([a-z0-9-]*[a-z0-9])?\\.)+[a-z]{2,}$", var.domain))
    error_message = "A name in lower case, without scheme, path or trailing dot."
  }
}

variable "certificate_zone_id" {
  description = "Id of the public Route 53 zone in which the certificate is validated. null means that the record stands already, written by somebody else."
  type        = string
  default     = null
}

variable "services" {
  description = <<-TEXT
    What is published: network => port of its pods, the paths that go to it (at most three patterns), the order in which paths are tried, and the path that says whether a
    pod may have requests. That path is also what the accelerator decides by: in the passive region it should fail while the database is read-only, unless the service
    is made for reading alone.
  TEXT
  type = map(object({
    port     = number
    paths    = list(string)
    priority = number
    health   = optional(string, "/healthz")
  }))

  validation {
    condition     = length(var.services) > 0 && alltrue([for service in var.services : length(service.paths) >= 1 && length(service.paths) <= 3])
    error_message = "At least one service, each with one to three paths: a listener compares at most five values a condition, and two are kept for hosts."
  }

  validation {
    condition     = alltrue([for service in var.services : alltrue([for path in service.paths : startswith(path, "/")]) && startswith(service.health, "/")])
    error_message = "A path begins with `/`."
  }

  validation {
    condition     = alltrue([for service in var.services : service.port >= 1024 && service.port <= 65535])
    error_message = "A port from 1024 to 65535: pods do not run as root."
  }

  validation {
    condition     = length(distinct([for service in var.services : service.priority])) == length(var.services)
    error_message = "Two services have the same priority."
  }
}

variable "rate_limit" {
  description = "How many requests one address may send in five minutes."
  type        = number
  default     = 2000

  validation {
    condition     = var.rate_limit >= 10 && var.rate_limit <= 2000000000
    error_message = "From 10 to 2,000,000,000: https://docs.aws.amazon.com/waf/latest/developerguide/waf-rule-statement-type-rate-based-high-level-settings.html."
  }
}

variable "counted_groups" {
  description = "Managed groups that count and do not block: a new group first, until its log shows that nobody honest is refused."
  type        = set(string)
  default     = []
}

variable "log_archive_days" {
  description = "How long the logs of the load balancer and of WAF are kept."
  type        = number
  default     = 400
}

variable "protected" {
  description = "Whether the load balancer refuses to be deleted, and the log bucket to be deleted while it holds logs."
  type        = bool
  default     = true
}

variable "tags" {
  description = "Tags of every object, beside the default tags of the provider."
  type        = map(string)
  default     = {}
}
