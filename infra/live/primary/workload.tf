# What platform.yaml says about the services. Both regions run all of them; what differs, the number of
# pods, is in infra/kubernetes.
locals {
  platform = yamldecode(file(var.platform_file))

  # A service of the platform whose network this region does not have runs in the other one only.
  services  = { for service, use in local.platform.services : service => use if contains(keys(local.networks), service) }
  published = { for service, use in local.services : service => use.published if can(use.published) }

  account   = data.aws_caller_identity.this.account_id
  partition = data.aws_partition.this.partition
}

data "aws_caller_identity" "this" {}
data "aws_partition" "this" {}

module "cluster" {
  source = "../../modules/cluster"

  name               = local.name
  role               = local.role
  kubernetes_version = var.kubernetes_version
  networks           = module.egress.private_subnets
  api_clients        = flatten([for network in local.platform.api_clients : lookup(local.networks, network, [])])
  access             = var.cluster_access
  workloads          = { for service, policy in data.aws_iam_policy_document.service : service => policy.json }
  target_group_arns  = values(module.ingress.target_group_arns)
  logs_key_arn       = module.egress.logs_key_arn
  protected          = var.protected
}

module "ingress" {
  source = "../../modules/ingress"

  name                = local.name
  role                = local.role
  vpc_id              = module.egress.vpc_id
  subnets             = module.egress.ingress_subnets
  pod_security_group  = module.cluster.security_group
  domain              = local.platform.domain
  certificate_zone_id = var.public_zone_id
  services            = local.published
  protected           = var.protected
}

module "registry" {
  source = "../../modules/registry"

  name         = local.name
  role         = local.role
  repositories = keys(local.platform.services)
  replicate_to = [for role, region in local.project.regions : region.aws if role != local.role]
  protected    = var.protected
}

# What a service's pods may do. Tables, secrets and buckets are made in live/global; their names are known,
# and a key is known by its alias.
data "aws_iam_policy_document" "service" {
  for_each = {
    for service, use in local.services : service => use
    if length(setintersection(keys(use), ["media", "secrets", "tables"])) > 0
  }

  dynamic "statement" {
    for_each = try(each.value.tables, [])

    content {
      actions = [
        "dynamodb:BatchGetItem",
        "dynamodb:BatchWriteItem",
        "dynamodb:ConditionCheckItem",
        "dynamodb:DeleteItem",
        "dynamodb:GetItem",
        "dynamodb:PutItem",
        "dynamodb:Query",
        "dynamodb:UpdateItem",
      ]
      resources = ["arn:${local.partition}:dynamodb:${local.region.aws}:${local.account}:table/${local.name}-${statement.value}"]
    }
  }

  dynamic "statement" {
    for_each = try(each.value.secrets, [])

    content {
      actions = ["secretsmanager:GetSecretValue"]
      # Secrets Manager adds six characters to a name.
      resources = ["arn:${local.partition}:secretsmanager:${local.region.aws}:${local.account}:secret:${local.name}/${each.key}/${statement.value}-??????"]
    }
  }

  dynamic "statement" {
    for_each = try(each.value.media, false) ? {
      "s3:ListBucket"                             = local.media_arn
      "s3:DeleteObject,s3:GetObject,s3:PutObject" = "${local.media_arn}/*"
    } : {}

    content {
      actions   = split(",", statement.key)
      resources = [statement.value]
    }
  }

  statement {
    actions   = ["kms:Decrypt", "kms:GenerateDataKey"]
    resources = ["arn:${local.partition}:kms:${local.region.aws}:${local.account}:key/*"]

    condition {
      test     = "ForAnyValue:StringEquals"
      variable = "kms:ResourceAliases"
      values = concat(
        [for table in try(each.value.tables, []) : "alias/${local.name}-${table}"],
        can(each.value.secrets) ? ["alias/${local.name}-secrets"] : [],
        try(each.value.media, false) ? ["alias/${local.media}"] : [],
      )
    }
  }
}

locals {
  media     = lower("${local.name}-${local.role}-media-${local.account}")
  media_arn = "arn:${local.partition}:s3:::${local.media}"
}

variable "platform_file" {
  description = "What runs in the networks."
  type        = string
  default     = "../../platform.yaml"
}

variable "public_zone_id" {
  description = "Id of the public Route 53 zone of the domain, in which the certificate is validated; null if somebody else writes that record."
  type        = string
  default     = null
}

variable "kubernetes_version" {
  description = "The version of Kubernetes. Raise it in the passive region first."
  type        = string
  default     = "1.33"
}

variable "cluster_access" {
  description = "Who may do what in the cluster, beside nobody: see `access` of module cluster."
  type = map(object({
    principal_arn = string
    policy        = string
    namespaces    = optional(list(string), [])
  }))
  default = {}
}

output "workload" {
  description = "What the manifests of infra/kubernetes and the runbook need to know of this region."
  value = {
    region            = local.region.aws
    cluster           = module.cluster.cluster_name
    roles             = module.cluster.workload_roles
    target_groups     = module.ingress.target_group_arns
    repositories      = module.registry.repository_urls
    pod_log_group     = module.cluster.pod_log_group
    alb_arn_suffix    = module.ingress.alb_arn_suffix
    web_acl           = module.ingress.web_acl_arn
    cluster_endpoint  = module.cluster.endpoint
    load_balancer_log = module.ingress.log_bucket
  }
}

output "for_global" {
  description = "What live/global takes of this region, as `regions.<role>`."
  value = {
    vpc_id  = module.egress.vpc_id
    subnets = module.egress.internal_subnets
    alb_arn = module.ingress.alb_arn
  }
}
