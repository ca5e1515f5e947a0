variable "name" {
  description = "The project's name, `name` of fwc.yaml: the prefix of every object."
  type        = string
}

variable "role" {
  description = "The role of the region, a key of `regions` in fwc.yaml."
  type        = string
}

variable "kubernetes_version" {
  description = "The version of Kubernetes, `major.minor`. The add-ons follow it."
  type        = string
  default     = "1.33"

  validation {
    condition     = can(regex("^1\\.[0-9]{2}$", var.kubernetes_version))
    error_message = "A version is written like 1.33, without a patch level: AWS chooses that."
  }
}

variable "networks" {
  description = "Private subnets of each service network, by zone: `private_subnets` of module egress. Each network has a Fargate profile, whose pods live in the namespace of the same name."
  type        = map(list(string))

  validation {
    condition     = alltrue([for network, _ in var.networks : can(regex("^[a-z0-9]([a-z0-9-]*[a-z0-9])?$", network)) && length(network) <= 63])
    error_message = "The name of a network is the name of a namespace: lower-case letters, digits and `-` between them."
  }

  validation {
    condition     = length(setintersection(keys(var.networks), ["default", "kube-system", "kube-public", "kube-node-lease", "aws-observability"])) == 0
    error_message = "A network has the name of a namespace that Kubernetes or EKS has itself."
  }
}

variable "system_network" {
  description = "The network whose subnets take what the cluster itself runs: the namespace kube-system, with CoreDNS, metrics-server and the load balancer controller."
  type        = string
  default     = "cluster"

  validation {
    condition     = contains(keys(var.networks), var.system_network)
    error_message = "The system's pods need a network: this one is not among `networks`."
  }
}

variable "api_clients" {
  description = "CIDRs that reach the endpoint of the cluster's API from inside the VPC or through a VPN, beside the cluster's own pods: runners and operators."
  type        = list(string)
  default     = []

  validation {
    condition     = alltrue([for cidr in var.api_clients : can(cidrhost(cidr, 0)) && !endswith(cidr, "/0")])
    error_message = "Each is a CIDR, and none is everybody."
  }
}

variable "access" {
  description = "Who may do what in the cluster: name => IAM principal, one of EKS's access policies (`AmazonEKSViewPolicy`), and the namespaces it holds in; without namespaces it holds in all."
  type = map(object({
    principal_arn = string
    policy        = string
    namespaces    = optional(list(string), [])
  }))
  default = {}

  validation {
    condition     = alltrue([for grant in var.access : can(regex("^AmazonEKS[A-Za-z]*Policy$", grant.policy))])
    error_message = "A policy is the name of one of EKS's own, like AmazonEKSEditPolicy: https://docs.aws.amazon.com/eks/latest/userguide/access-policies.html."
  }
}

variable "workloads" {
  description = "IAM of pods: network => the JSON policy that the service account `service` of the namespace `<network>` has. A network without a policy has no AWS permissions at all."
  type        = map(string)
  default     = {}

  validation {
    condition     = length(setsubtract(keys(var.workloads), keys(var.networks))) == 0
    error_message = "A workload lives in a network: one of these names is not among `networks`."
  }
}

variable "target_group_arns" {
  description = "The target groups that the load balancer controller keeps filled with pods. Nothing else is given to it."
  type        = list(string)
  default     = []
}

variable "log_retention_days" {
  description = "How long the logs of the control plane and of the pods are kept."
  type        = number
  default     = 365
}

variable "logs_key_arn" {
  description = "The KMS key of the log group of the pods, `/<name>-<role>/pods`."
  type        = string
}

variable "protected" {
  description = "Whether a deleted key of the cluster's secrets waits 30 days, and not 7."
  type        = bool
  default     = true
}

variable "tags" {
  description = "Tags of every object, beside the default tags of the provider."
  type        = map(string)
  default     = {}
}
