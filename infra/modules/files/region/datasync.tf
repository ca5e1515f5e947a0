resource "aws_cloudwatch_log_group" "datasync" {
  name              = local.log_group
  retention_in_days = var.log_retention_days
  kms_key_id        = aws_kms_key.this.arn
  tags              = var.tags
}

# DataSync writes by this policy of the log service; tasks have no role for it.
resource "aws_cloudwatch_log_resource_policy" "datasync" {
  policy_name = "${local.label}-datasync"
  policy_document = jsonencode({
    Version = "2012-10-17"
    Statement = [{
      Effect    = "Allow"
      Action    = ["logs:CreateLogStream", "logs:PutLogEvents"]
      Principal = { Service = "datasync.amazonaws.com" }
      Resource  = "arn:${local.partition}:logs:${local.region}:${local.account}:log-group:${local.log_group}:*"
      Condition = {
        StringEquals = { "aws:SourceAccount" = local.account }
        ArnLike      = { "aws:SourceArn" = "arn:${local.partition}:datasync:${local.region}:${local.account}:task/*" }
      }
    }]
  })
}

data "aws_iam_policy_document" "datasync_trust" {
  statement {
    actions = ["sts:AssumeRole"]

    principals {
      type        = "Service"
      identifiers = ["datasync.amazonaws.com"]
    }

    condition {
      test     = "StringEquals"
      variable = "aws:SourceAccount"
      values   = [local.account]
    }
  }
}

# What it may do is said by the file system's policy.
resource "aws_iam_role" "datasync" {
  name               = "${local.label}-datasync"
  assume_role_policy = data.aws_iam_policy_document.datasync_trust.json
  tags               = var.tags
}

# In the region of its file system, whichever region the task is in.
resource "aws_datasync_location_efs" "this" {
  efs_file_system_arn         = aws_efs_file_system.this.arn
  file_system_access_role_arn = aws_iam_role.datasync.arn
  in_transit_encryption       = "TLS1_2"
  tags                        = merge(var.tags, { Name = local.label })

  ec2_config {
    security_group_arns = [aws_security_group.datasync.arn]
    subnet_arn          = "arn:${local.partition}:ec2:${local.region}:${local.account}:subnet/${var.network.subnets[0]}"
  }

  # It is tried when it is made: a mount target has to answer.
  depends_on = [
    aws_efs_file_system_policy.this,
    aws_efs_mount_target.this,
    aws_vpc_security_group_egress_rule.datasync,
    aws_vpc_security_group_ingress_rule.datasync,
  ]
}
