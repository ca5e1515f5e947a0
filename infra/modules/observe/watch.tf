# Looks at the other region once a minute: infra/lambda/watch.

locals {
  peer_alarm = "${var.name}-${var.peer.role}-impaired"
}

resource "aws_cloudwatch_log_group" "watch" {
  name              = "/${local.label}/watch"
  kms_key_id        = var.logs_key_arn
  retention_in_days = var.log_retention_days
  tags              = merge(var.tags, { Name = "${local.label}-watch" })
}

resource "aws_iam_role" "watch" {
  name = "${local.label}-watch"
  tags = merge(var.tags, { Name = "${local.label}-watch" })

  assume_role_policy = jsonencode({
    Version   = "2012-10-17"
    Statement = [{ Effect = "Allow", Principal = { Service = "lambda.amazonaws.com" }, Action = "sts:AssumeRole" }]
  })
}

resource "aws_iam_role_policy" "watch" {
  name = "watch"
  role = aws_iam_role.watch.id

  policy = jsonencode({
    Version = "2012-10-17"
    Statement = [
      {
        # A list of composite alarms is asked of all of them.
        # https://docs.aws.amazon.com/AmazonCloudWatch/latest/APIReference/API_DescribeAlarms.html (2026-11-24)
        Sid      = "Look"
        Effect   = "Allow"
        Action   = "cloudwatch:DescribeAlarms"
        Resource = "arn:${local.partition}:cloudwatch:${var.peer.region}:${local.account}:alarm:*"
      },
      {
        Sid      = "Log"
        Effect   = "Allow"
        Action   = ["logs:CreateLogStream", "logs:PutLogEvents"]
        Resource = "${aws_cloudwatch_log_group.watch.arn}:*"
      },
      { Sid = "Key", Effect = "Allow", Action = "kms:Decrypt", Resource = aws_kms_key.this.arn },
    ]
  })
}

resource "aws_lambda_function" "watch" {
  # checkov:skip=CKV_AWS_50:one call a minute, and its answer is the metric
  # checkov:skip=CKV_AWS_115:one call a minute
  # checkov:skip=CKV_AWS_116:a look that failed is useless a minute later, and its absence is an alarm
  # checkov:skip=CKV_AWS_117:it talks to AWS's APIs only, and would need a path through the firewall for them
  # checkov:skip=CKV_AWS_272:the package is made and applied by the same pipeline, and its hash is in the plan

  function_name    = "${local.label}-watch"
  description      = "Looks at the ${var.peer.role} region: infra/lambda/watch"
  role             = aws_iam_role.watch.arn
  filename         = var.functions
  source_code_hash = filebase64sha256(var.functions)
  runtime          = "python3.13"
  architectures    = ["arm64"]
  handler          = "watch.handler"
  memory_size      = 256
  timeout          = 30
  kms_key_arn      = aws_kms_key.this.arn
  tags             = merge(var.tags, { Name = "${local.label}-watch" })

  environment {
    variables = {
      PEER_REGION = var.peer.region
      PEER_ALARM  = local.peer_alarm
      WATCH       = "${var.name}-${var.peer.role}"
    }
  }

  logging_config {
    log_format = "Text"
    log_group  = aws_cloudwatch_log_group.watch.name
  }

  depends_on = [aws_iam_role_policy.watch]
}

resource "aws_iam_role" "schedule" {
  name = "${local.label}-watch-schedule"
  tags = merge(var.tags, { Name = "${local.label}-watch-schedule" })

  assume_role_policy = jsonencode({
    Version = "2012-10-17"
    Statement = [{
      Effect    = "Allow"
      Principal = { Service = "scheduler.amazonaws.com" }
      Action    = "sts:AssumeRole"
      Condition = { StringEquals = { "aws:SourceAccount" = local.account } }
    }]
  })
}

resource "aws_iam_role_policy" "schedule" {
  name = "schedule"
  role = aws_iam_role.schedule.id

  policy = jsonencode({
    Version = "2012-10-17"
    Statement = [
      { Sid = "Look", Effect = "Allow", Action = "lambda:InvokeFunction", Resource = aws_lambda_function.watch.arn },
      { Sid = "Key", Effect = "Allow", Action = "kms:Decrypt", Resource = aws_kms_key.this.arn },
    ]
  })
}

resource "aws_scheduler_schedule" "watch" {
  name                = "${local.label}-watch"
  description         = "Looks at the ${var.peer.role} region"
  schedule_expression = "rate(1 minutes)"
  kms_key_arn         = aws_kms_key.this.arn

  flexible_time_window {
    mode = "OFF"
  }

  target {
    arn      = aws_lambda_function.watch.arn
    role_arn = aws_iam_role.schedule.arn

    # Late is useless: the next minute asks again.
    retry_policy {
      maximum_event_age_in_seconds = 60
      maximum_retry_attempts       = 0
    }
  }
}
