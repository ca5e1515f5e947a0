variable "name" {
  description = "The project's name, `name` of fwc.yaml, and the accelerator's."
  type        = string
}

variable "endpoints" {
  description = "The load balancer of each region: role => region and ARN."
  type = map(object({
    region  = string
    alb_arn = string
  }))

  validation {
    condition     = length(var.endpoints) >= 2 && length(distinct([for endpoint in var.endpoints : endpoint.region])) == length(var.endpoints)
    error_message = "Two or more load balancers, each in a region of its own: a listener has one endpoint group a region."
  }
}

variable "active" {
  description = "The role that all traffic goes to when the accelerator is made."
  type        = string
  default     = "primary"

  validation {
    condition     = contains(keys(var.endpoints), var.active)
    error_message = "The active role is not among `endpoints`."
  }
}

variable "domain" {
  description = "The name that users know."
  type        = string
}

variable "zone_id" {
  description = "Id of the public Route 53 zone of the domain; null leaves its records to somebody else."
  type        = string
  default     = null
}

variable "flow_log_bucket" {
  description = "Name of the bucket of flow logs."
  type        = string
}

variable "tags" {
  description = "Tags of every object, beside the default tags of the provider."
  type        = map(string)
  default     = {}
}
