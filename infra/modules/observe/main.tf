# Who is told, and what makes up "this region is impaired".

data "aws_caller_identity" "this" {}
data "aws_partition" "this" {}
data "aws_region" "this" {}

locals {
  label     = "${var.name}-${var.role}"
  account   = data.aws_caller_identity.this.account_id
  partition = data.aws_partition.this.partition
  region    = data.aws_region.this.name
  speakers  = ["cloudwatch.amazonaws.com", "events.amazonaws.com", "budgets.amazonaws.com"]
}

resource "aws_kms_key" "this" {
  description             = "${local.label}: alarms"
  enable_key_rotation     = true
  deletion_window_in_days = 30
  tags                    = merge(var.tags, { Name = "${local.label}-alarms" })

  policy = jsonencode({
    Version = "2012-10-17"
    Statement = [
      {
        Sid       = "Account"
        Effect    = "Allow"
        Principal = { AWS = "arn:${local.partition}:iam::${local.account}:root" }
        Action    = "kms:*"
        Resource  = "*"
      },
      {
        # https://docs.aws.amazon.com/sns/latest/dg/sns-key-management.html (2026-11-24)
        Sid       = "Speakers"
        Effect    = "Allow"
        Principal = { Service = local.speakers }
        Action    = ["kms:Decrypt", "kms:GenerateDataKey*"]
        Resource  = "*"
        Condition = { StringEquals = { "aws:SourceAccount" = local.account } }
      },
    ]
  })
}

resource "aws_kms_alias" "this" {
  name          = "alias/${local.label}-alarms"
  target_key_id = aws_kms_key.this.key_id
}

resource "aws_sns_topic" "this" {
  name              = "${local.label}-alarms"
  kms_master_key_id = aws_kms_key.this.arn
  tags              = merge(var.tags, { Name = "${local.label}-alarms" })
}

resource "aws_sns_topic_policy" "this" {
  arn = aws_sns_topic.this.arn

  policy = jsonencode({
    Version = "2012-10-17"
    Statement = [{
      Sid       = "Speakers"
      Effect    = "Allow"
      Principal = { Service = local.speakers }
      Action    = "sns:Publish"
      Resource  = aws_sns_topic.this.arn
      Condition = { StringEquals = { "aws:SourceAccount" = local.account } }
    }]
  })
}

resource "aws_sns_topic_subscription" "this" {
  for_each = var.subscriptions

  topic_arn = aws_sns_topic.this.arn
  endpoint  = each.key
  protocol  = each.value
}

# A failed sync is an event, not a metric.
resource "aws_cloudwatch_event_rule" "sync" {
  count = length(var.sync_tasks) > 0 ? 1 : 0

  name        = "${local.label}-sync-failed"
  description = "DataSync could not copy all files"
  tags        = merge(var.tags, { Name = "${local.label}-sync-failed" })

  event_pattern = jsonencode({
    source      = ["aws.datasync"]
    detail-type = ["DataSync Task Execution State Change"]
    detail      = { State = ["ERROR"] }
    resources   = [for task in var.sync_tasks : { prefix = task }]
  })
}

resource "aws_cloudwatch_event_target" "sync" {
  count = length(var.sync_tasks) > 0 ? 1 : 0

  rule = aws_cloudwatch_event_rule.sync[0].name
  arn  = aws_sns_topic.this.arn
}

resource "aws_budgets_budget" "this" {
  count = var.budget == null ? 0 : 1

  name         = var.name
  budget_type  = "COST"
  limit_amount = tostring(var.budget)
  limit_unit   = "USD"
  time_unit    = "MONTHLY"
  tags         = merge(var.tags, { Name = var.name })

  dynamic "notification" {
    for_each = { ACTUAL = 80, FORECASTED = 100 }

    content {
      comparison_operator       = "GREATER_THAN"
      notification_type         = notification.key
      threshold                 = notification.value
      threshold_type            = "PERCENTAGE"
      subscriber_sns_topic_arns = [aws_sns_topic.this.arn]
    }
  }
}
