variable "name" {
  description = "The project's name."
  type        = string
}

variable "role" {
  description = "The role of the region."
  type        = string
}

variable "purpose" {
  description = "What the bucket holds."
  type        = string
}

variable "expire_after_days" {
  description = "After how many days an object goes; null keeps it."
  type        = number
}

variable "old_versions_days" {
  description = "How long a version stays that was overwritten or deleted."
  type        = number
}

variable "log_writers" {
  description = "Whether AWS's log delivery may write here."
  type        = bool
}

variable "replica" {
  description = "The bucket of the other region, and its key."
  type = object({
    arn     = string
    key_arn = string
  })
}

variable "replication_role_arn" {
  description = "The role that S3 copies with."
  type        = string
}

variable "protected" {
  description = "Whether a bucket with objects refuses to be deleted."
  type        = bool
}

variable "tags" {
  description = "Tags of every object."
  type        = map(string)
  default     = {}
}
