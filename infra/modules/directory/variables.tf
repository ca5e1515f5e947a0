variable "name" {
  description = "The project's name, `name` of fwc.yaml: the prefix of every object."
  type        = string

  validation {
    condition     = can(regex("^[A-Za-z](-?[A-Za-z0-9])*$", var.name)) && length(var.name) <= 32
    error_message = "A letter, then letters, digits and single `-` between them, at most 32 in all."
  }
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
