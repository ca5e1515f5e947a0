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

variable "active_region" {
  description = "The region whose pool is exported while the table does not name another: the primary's, in both regions."
  type        = string

  validation {
    condition     = can(regex("^[a-z]{2}(-[a-z]+)+-[0-9]$", var.active_region))
    error_message = "The name of a region at AWS, such as us-east-1."
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

variable "sync_minutes" {
  description = "Minutes between two runs: how old a user of the standby pool may be."
  type        = number
  default     = 15

  validation {
    condition     = var.sync_minutes >= 5 && var.sync_minutes <= 1440 && floor(var.sync_minutes) == var.sync_minutes
    error_message = "A whole number of minutes, from 5 to a day."
  }
}

variable "custom_attributes" {
  description = "Names of attributes of your own, without `custom:`. They are the same in both pools, else nothing that has them can be carried. Cognito cannot take one away again."
  type        = set(string)
  default     = []

  validation {
    condition     = !contains(var.custom_attributes, "origin_sub")
    error_message = "`origin_sub` is the module's own."
  }
}

variable "clients" {
  description = "App clients by name: where sign-in and sign-out return to. They are public clients with PKCE, so no secret is in the state; their ids differ between the regions."
  type = map(object({
    callback_urls = list(string)
    logout_urls   = optional(list(string), [])
  }))
  default = {}

  validation {
    condition     = alltrue([for url in flatten([for it in values(var.clients) : concat(it.callback_urls, it.logout_urls)]) : startswith(url, "https://")])
    error_message = "Sign-in returns over https only."
  }
}

variable "domain_prefix" {
  description = "The hosted sign-in is at `<prefix>.auth.<region>.amazoncognito.com`; null makes none."
  type        = string
  default     = null
}

variable "mail_domain" {
  description = "The domain that mail is sent from; null makes no SES identity, and Cognito sends its own few mails."
  type        = string
  default     = null

  validation {
    condition     = var.mail_domain == null || can(regex("^([a-z0-9-]+\\.)+[a-z]{2,}$", var.mail_domain))
    error_message = "A domain in lower case, such as shop.example."
  }
}

variable "mail_zone_id" {
  description = "The public Route 53 zone of the mail domain, for its DKIM and MAIL FROM records; null leaves them to you (output `mail_records`)."
  type        = string
  default     = null
}

variable "log_retention_days" {
  description = "How long CloudWatch keeps the logs."
  type        = number
  default     = 365
}

variable "protected" {
  description = "Whether the pool refuses to be deleted."
  type        = bool
  default     = true
}

variable "tags" {
  description = "Tags of every object, beside the default tags of the provider."
  type        = map(string)
  default     = {}
}
