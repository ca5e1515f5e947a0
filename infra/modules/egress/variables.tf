variable "name" {
  description = "The project's name, `name` of fwc.yaml: the prefix of every object."
  type        = string

  validation {
    condition     = can(regex("^[A-Za-z](-?[A-Za-z0-9])*$", var.name)) && length(var.name) <= 32
    error_message = "A letter, then letters, digits and single `-` between them, at most 32 in all: the name of a bucket has role and account behind it, and 63 characters in all."
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

variable "vpc_cidr" {
  description = "The addresses of the VPC, `regions.<role>.vpc_cidr` of fwc.yaml. Its first /21 is the module's own; the networks are anywhere behind it."
  type        = string

  validation {
    condition = try(
      cidrhost(var.vpc_cidr, 0) == split("/", var.vpc_cidr)[0]
      && tonumber(split("/", var.vpc_cidr)[1]) >= 16
      && tonumber(split("/", var.vpc_cidr)[1]) <= 20
    , false)
    error_message = "An IPv4 network from /16 (the largest VPC there is) to /20, written with its first address."
  }
}

variable "zones" {
  description = "The Availability Zones, in the order of the CIDRs of a network. Named, not looked up: a zone that is out of service must not move the others' subnets."
  type        = list(string)

  validation {
    condition     = length(var.zones) >= 2 && length(var.zones) <= 6 && length(distinct(var.zones)) == length(var.zones)
    error_message = "Two to six zones, each once."
  }
}

variable "networks" {
  description = "The service networks, `regions.<role>.networks` of fwc.yaml: one CIDR for each zone, in the order of `zones`."
  type        = map(list(string))

  validation {
    condition     = length(var.networks) > 0
    error_message = "There is no network, so nothing to protect."
  }

  validation {
    condition     = alltrue([for cidrs in var.networks : length(cidrs) == length(var.zones)])
    error_message = "Every network needs one CIDR for each zone: without one of its own, a pod in that zone has the egress of another service."
  }

  validation {
    condition = alltrue([
      for cidr in flatten(values(var.networks)) :
      try(cidrhost(cidr, 0) == split("/", cidr)[0] && tonumber(split("/", cidr)[1]) <= 28, false)
    ])
    error_message = "A CIDR of a network is IPv4, written with its first address, and at least a /28, the smallest subnet of a VPC."
  }
}

variable "home_net" {
  description = "What the engine calls its own, `firewall.home_net` of fwc.yaml; null is the VPC."
  type        = list(string)
  default     = null
}

variable "gateway_endpoints" {
  description = "Services reached through a gateway endpoint, which costs nothing."
  type        = set(string)
  default     = ["dynamodb", "s3"]

  validation {
    condition     = length(setsubtract(var.gateway_endpoints, ["dynamodb", "s3"])) == 0
    error_message = "Only S3 and DynamoDB have gateway endpoints."
  }
}

variable "interface_endpoints" {
  description = "Services reached through an interface endpoint with private DNS, in every zone: their names then resolve inside the VPC and their flows do not cross the firewall."
  type        = set(string)
  default = [
    "ecr.api",
    "ecr.dkr",
    "elasticfilesystem",
    "kms",
    "logs",
    "monitoring",
    "secretsmanager",
    "sts",
  ]
}

variable "dns_firewall" {
  description = <<-TEXT
    Domain lists, as `fwc compile --target dns-firewall` writes them: `block` is answered to nobody, `allow` to everybody, what is
    on neither list has the action `otherwise` of the report. `internal` are names that no flow through the firewall needs
    and a pod does all the same: AWS's own, whose endpoints, databases and file systems are in the VPC. null leaves queries as they are: logged, all answered.
  TEXT
  type = object({
    allow     = list(string)
    block     = list(string)
    otherwise = optional(string, "ALERT")
    internal  = optional(list(string), ["*.amazonaws.com", "*.aws.dev", "*.in-addr.arpa", "*.internal"])
  })
  default = null

  validation {
    condition     = try(contains(["ALERT", "BLOCK"], var.dns_firewall.otherwise), var.dns_firewall == null)
    error_message = "`otherwise` is ALERT or BLOCK."
  }
}

variable "dns_firewall_rule_groups" {
  description = "Ids of other DNS Firewall rule groups on the VPC, by priority as text. The module's own has 1000: what is below is asked before it."
  type        = map(string)
  default     = {}

  validation {
    condition = alltrue([
      for priority in keys(var.dns_firewall_rule_groups) :
      try(tonumber(priority) > 100 && tonumber(priority) < 9000 && tonumber(priority) != 1000, false)
    ])
    error_message = "A priority is a number from 101 to 8999 and not 1000. https://docs.aws.amazon.com/Route53/latest/APIReference/API_route53resolver_AssociateFirewallRuleGroup.html (2026-11-24)"
  }
}

variable "log_retention_days" {
  description = "How long CloudWatch keeps logs; S3 keeps them for `log_archive_days`."
  type        = number
  default     = 365

  validation {
    condition     = contains([30, 60, 90, 120, 150, 180, 365, 400, 545, 731, 1096, 1827, 2192, 2557, 2922, 3288, 3653], var.log_retention_days)
    error_message = "One of the periods CloudWatch Logs offers, and at least 30 days: https://docs.aws.amazon.com/AmazonCloudWatchLogs/latest/APIReference/API_PutRetentionPolicy.html."
  }
}

variable "log_archive_days" {
  description = "How long the log bucket keeps an object."
  type        = number
  default     = 400

  validation {
    condition     = var.log_archive_days >= 90 && floor(var.log_archive_days) == var.log_archive_days
    error_message = "A whole number of days, 90 or more: objects are moved to a cheaper class after 30, and that class bills 30 days and more."
  }
}

variable "protected" {
  description = "Whether the firewall refuses to be deleted and to lose a subnet or its policy, and the log bucket to be deleted while it holds logs. Set it to false and apply before a destroy or a change of zones."
  type        = bool
  default     = true
}

variable "tags" {
  description = "Tags of every object, beside the default tags of the provider."
  type        = map(string)
  default     = {}
}
