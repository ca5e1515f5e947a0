# A pod on Fargate gets its role from the cluster's OIDC provider. EKS Pod Identity, the newer way, has an
# agent on each node, which Fargate does not run:
# https://docs.aws.amazon.com/eks/latest/userguide/pod-identities.html (2026-11-24).

locals {
  issuer = aws_eks_cluster.this.identity[0].oidc[0].issuer

  controller_account = "kube-system/aws-load-balancer-controller"

  # Role => namespace and service account. The namespace says whose pods they are, so every account has
  # the same name.
  accounts = merge(
    { for network, _ in var.workloads : network => "${network}/service" },
    { load-balancer-controller = local.controller_account },
  )
}

resource "aws_iam_openid_connect_provider" "this" {
  url            = local.issuer
  client_id_list = ["sts.amazonaws.com"]
  tags           = merge(var.tags, { Name = local.label })
}

data "aws_iam_policy_document" "workload_trust" {
  for_each = local.accounts

  statement {
    actions = ["sts:AssumeRoleWithWebIdentity"]

    principals {
      type        = "Federated"
      identifiers = [aws_iam_openid_connect_provider.this.arn]
    }

    condition {
      test     = "StringEquals"
      variable = "${trimprefix(local.issuer, "https://")}:sub"
      values   = ["system:serviceaccount:${replace(each.value, "/", ":")}"]
    }

    condition {
      test     = "StringEquals"
      variable = "${trimprefix(local.issuer, "https://")}:aud"
      values   = ["sts.amazonaws.com"]
    }
  }
}

resource "aws_iam_role" "workload" {
  for_each = local.accounts

  name               = "${local.label}-pod-${each.key}"
  assume_role_policy = data.aws_iam_policy_document.workload_trust[each.key].json
  tags               = var.tags
}

resource "aws_iam_role_policy" "workload" {
  for_each = merge(var.workloads, { load-balancer-controller = data.aws_iam_policy_document.controller.json })

  name   = "workload"
  role   = aws_iam_role.workload[each.key].id
  policy = each.value
}

# All that target group bindings take: the load balancer, its listeners and security groups are
# Terraform's. Describing cannot be narrowed to a resource.
data "aws_iam_policy_document" "controller" {
  statement {
    actions = [
      "ec2:DescribeAvailabilityZones",
      "ec2:DescribeInstances",
      "ec2:DescribeNetworkInterfaces",
      "ec2:DescribeSecurityGroups",
      "ec2:DescribeSubnets",
      "ec2:DescribeVpcs",
      "elasticloadbalancing:DescribeTargetGroups",
      "elasticloadbalancing:DescribeTargetHealth",
    ]
    resources = ["*"]
  }

  dynamic "statement" {
    for_each = length(var.target_group_arns) == 0 ? [] : [var.target_group_arns]

    content {
      actions   = ["elasticloadbalancing:DeregisterTargets", "elasticloadbalancing:RegisterTargets"]
      resources = statement.value
    }
  }
}
