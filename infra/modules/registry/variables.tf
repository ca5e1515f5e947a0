variable "name" {
  description = "The project's name, `name` of fwc.yaml: the prefix of every repository."
  type        = string

  validation {
    condition     = can(regex("^[A-Za-z](-?[A-Za-z0-9])*$", var.name))
    error_message = "A letter, then letters, digits and single `-` between them."
  }
}

variable "role" {
  description = "The role of the region, a key of `regions` in fwc.yaml."
  type        = string
}

variable "repositories" {
  description = "The repositories, named `<name>/<repository>` in lower case: one a service."
  type        = set(string)

  validation {
    condition     = alltrue([for repository in var.repositories : can(regex("^[a-z0-9]+([._-][a-z0-9]+)*$", repository))])
    error_message = "Lower-case letters and digits, with `.`, `_` or `-` between them."
  }
}

variable "replicate_to" {
  description = "Regions that get a copy of every image pushed here. Give each region the other: what came by replication is not replicated again, and after a failover pushes flow back."
  type        = set(string)
  default     = []
}

variable "kept_images" {
  description = "How many images a repository keeps; the oldest go first."
  type        = number
  default     = 100

  validation {
    condition     = var.kept_images >= 10 && floor(var.kept_images) == var.kept_images
    error_message = "A whole number, 10 or more: a rollback needs its image."
  }
}

variable "protected" {
  description = "Whether a repository with images refuses to be deleted."
  type        = bool
  default     = true
}

variable "tags" {
  description = "Tags of every object, beside the default tags of the provider."
  type        = map(string)
  default     = {}
}
