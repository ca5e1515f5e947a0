variable "project_file" {
  description = "The project file."
  type        = string
  default     = "../../../fwc.yaml"
}

variable "zone_letters" {
  description = "The zones of the region by their letter, in the order of the CIDRs of a network. A letter names another zone in each account; which ones an account has: `aws ec2 describe-availability-zones`."
  type        = list(string)
  default     = ["a", "b"]
}

variable "dns_lists" {
  description = "The folder of this region that `fwc compile --target dns-firewall` wrote; null leaves queries unfiltered, and logged."
  type        = string
  default     = null
}

variable "protected" {
  description = "Whether what holds data or carries traffic refuses to be deleted. Apply false before a destroy."
  type        = bool
  default     = true
}
