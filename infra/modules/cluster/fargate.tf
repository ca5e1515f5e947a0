# One profile a network: the namespace decides the subnets, the subnets the source address, and that is
# what the firewall knows a service by.

locals {
  namespaces = {
    for network, _ in var.networks :
    network => network == var.system_network ? [network, "kube-system"] : [network]
  }
}

data "aws_iam_policy_document" "fargate_trust" {
  statement {
    actions = ["sts:AssumeRole"]

    principals {
      type        = "Service"
      identifiers = ["eks-fargate-pods.amazonaws.com"]
    }

    # Only this cluster's profiles: the deputy could be asked by another account.
    condition {
      test     = "ArnLike"
      variable = "aws:SourceArn"
      values   = ["arn:${local.partition}:eks:${local.region}:${local.account}:fargateprofile/${local.label}/*"]
    }
  }
}

resource "aws_iam_role" "fargate" {
  name               = "${local.label}-fargate"
  assume_role_policy = data.aws_iam_policy_document.fargate_trust.json
  tags               = var.tags
}

# It pulls images, and nothing else.
resource "aws_iam_role_policy_attachment" "fargate" {
  role       = aws_iam_role.fargate.name
  policy_arn = "arn:${local.partition}:iam::aws:policy/AmazonEKSFargatePodExecutionRolePolicy"
}

resource "aws_cloudwatch_log_group" "pods" {
  name              = "/${local.label}/pods"
  retention_in_days = var.log_retention_days
  kms_key_id        = var.logs_key_arn
  tags              = var.tags
}

data "aws_iam_policy_document" "pod_logs" {
  statement {
    actions   = ["logs:CreateLogStream", "logs:DescribeLogStreams", "logs:PutLogEvents"]
    resources = ["${aws_cloudwatch_log_group.pods.arn}:*"]
  }
}

resource "aws_iam_role_policy" "pod_logs" {
  name   = "pod-logs"
  role   = aws_iam_role.fargate.id
  policy = data.aws_iam_policy_document.pod_logs.json
}

resource "aws_eks_fargate_profile" "this" {
  for_each = var.networks

  cluster_name           = aws_eks_cluster.this.name
  fargate_profile_name   = each.key
  pod_execution_role_arn = aws_iam_role.fargate.arn
  subnet_ids             = each.value
  tags                   = merge(var.tags, { Name = "${local.label}-${each.key}" })

  dynamic "selector" {
    for_each = local.namespaces[each.key]

    content {
      namespace = selector.value
    }
  }

  depends_on = [aws_iam_role_policy_attachment.fargate]
}
