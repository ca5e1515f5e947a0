variable "name" {
  description = "The project's name, `name` of fwc.yaml: the prefix of the table."
  type        = string
}

variable "table" {
  description = "What the table holds: it is named `<name>-<table>` in both regions, as a global table has to be."
  type        = string

  validation {
    condition     = can(regex("^[a-z][a-z0-9-]*$", var.table))
    error_message = "A lower-case letter, then lower-case letters, digits and `-`."
  }
}

variable "hash_key" {
  description = "The partition key, a string."
  type        = string
}

variable "range_key" {
  description = "The sort key, a string; null for none."
  type        = string
  default     = null
}

variable "ttl_attribute" {
  description = "The attribute with the second since 1970 after which an entry goes; null keeps everything."
  type        = string
  default     = null
}

variable "protected" {
  description = "Whether the table refuses to be deleted."
  type        = bool
  default     = true
}

variable "tags" {
  description = "Tags of every object, beside the default tags of the provider."
  type        = map(string)
  default     = {}
}
