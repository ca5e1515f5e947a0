variable "name" {
  description = "The project's name, `name` of fwc.yaml: the prefix of every secret."
  type        = string
}

variable "secrets" {
  description = "The secrets: `<service>/<secret>` => what it is. They are made empty, and filled with `aws secretsmanager put-secret-value` in the primary."
  type        = map(string)

  validation {
    condition     = alltrue([for secret, _ in var.secrets : can(regex("^[a-z0-9-]+/[a-z0-9-]+$", secret))])
    error_message = "A secret is named `<service>/<secret>`, in lower-case letters, digits and `-`: the service's role reads by that prefix."
  }
}

variable "protected" {
  description = "Whether a deleted secret can be brought back for 30 days."
  type        = bool
  default     = true
}

variable "tags" {
  description = "Tags of every object, beside the default tags of the provider."
  type        = map(string)
  default     = {}
}
