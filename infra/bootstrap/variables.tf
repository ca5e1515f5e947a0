variable "project_file" {
  description = "The project file."
  type        = string
  default     = "../../fwc.yaml"
}

variable "repository" {
  description = "The repository whose workflows may take the roles, `OWNER/NAME`."
  type        = string

  validation {
    condition     = can(regex("^[A-Za-z0-9-]+/[A-Za-z0-9._-]+$", var.repository))
    error_message = "`OWNER/NAME`, without a pattern in it: whoever matches may take the roles."
  }
}

variable "default_branch" {
  description = "The branch whose nightly workflows may look at what is live."
  type        = string
  default     = "main"

  validation {
    condition     = can(regex("^[A-Za-z0-9._/-]+$", var.default_branch))
    error_message = "The name of a branch, without a pattern in it."
  }
}

variable "infrastructure_environment" {
  description = "The environment of GitHub that an apply waits for. Give it reviewers, and restrict it to the default branch."
  type        = string
  default     = "infrastructure"

  validation {
    condition     = can(regex("^[A-Za-z0-9_-]+$", var.infrastructure_environment))
    error_message = "The name of an environment, without a pattern in it."
  }
}

variable "egress_environment" {
  description = "The environment of GitHub that a push of the policy waits for."
  type        = string
  default     = "egress"

  validation {
    condition     = can(regex("^[A-Za-z0-9_-]+$", var.egress_environment))
    error_message = "The name of an environment, without a pattern in it."
  }
}

variable "operators" {
  description = "ARNs of the roles of people who may take the failover role."
  type        = list(string)
  default     = []
}
