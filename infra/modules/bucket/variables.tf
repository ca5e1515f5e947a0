variable "name" {
  description = "The project's name, `name` of fwc.yaml: the prefix of every object."
  type        = string
}

variable "purpose" {
  description = "What the buckets hold, one word: they are named `<name>-<role>-<purpose>-<account>`."
  type        = string

  validation {
    condition     = can(regex("^[a-z0-9]+$", var.purpose)) && length("${var.name}-secondary-${var.purpose}-123456789012") <= 63
    error_message = "Lower-case letters and digits, and the name of the bucket at most 63 characters in all."
  }
}

variable "expire_after_days" {
  description = "After how many days an object goes; null keeps it."
  type        = number
  default     = null
}

variable "old_versions_days" {
  description = "How long a version stays that was overwritten or deleted."
  type        = number
  default     = 90

  validation {
    condition     = var.old_versions_days >= 7
    error_message = "At least 7 days: versions are what brings back what was deleted by mistake, in both regions."
  }
}

variable "log_writers" {
  description = "Whether AWS's log delivery may write here, below `AWSLogs/`: accelerator flow logs."
  type        = bool
  default     = false
}

variable "protected" {
  description = "Whether a bucket with objects refuses to be deleted."
  type        = bool
  default     = true
}

variable "tags" {
  description = "Tags of every object, beside the default tags of the provider."
  type        = map(string)
  default     = {}
}
