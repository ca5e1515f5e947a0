# The machine that carries users: every region has the same one. Which way it goes is said by the table
# (item `run`/`active`), not by Terraform, so a failover changes no resource.

locals {
  table_arn = "arn:${local.partition}:dynamodb:${local.region}:${local.account}:table/${var.name}-directory"

  assume = {
    for service in ["lambda", "states", "scheduler"] : service => jsonencode({
      Version = "2012-10-17"
      Statement = [{
        Effect    = "Allow"
        Principal = { Service = "${service}.amazonaws.com" }
        Action    = "sts:AssumeRole"
        # Lambda does not say for whom it asks.
        Condition = service == "lambda" ? {} : { StringEquals = { "aws:SourceAccount" = local.account } }
      }]
    })
  }
}

resource "aws_kms_key" "this" {
  description             = "${local.label}: queue of the directory, events of mail"
  enable_key_rotation     = true
  deletion_window_in_days = 30
  tags                    = merge(var.tags, { Name = "${local.label}-identity" })

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
        # SES publishes events to an encrypted topic.
        # https://docs.aws.amazon.com/ses/latest/dg/configure-sns-notifications.html (2026-11-24)
        Sid       = "MailEvents"
        Effect    = "Allow"
        Principal = { Service = "ses.amazonaws.com" }
        Action    = ["kms:GenerateDataKey*", "kms:Decrypt"]
        Resource  = "*"
        Condition = { StringEquals = { "aws:SourceAccount" = local.account } }
      },
    ]
  })
}

resource "aws_kms_alias" "this" {
  name          = "alias/${local.label}-identity"
  target_key_id = aws_kms_key.this.key_id
}

resource "aws_cloudwatch_log_group" "directory" {
  name              = "/${local.label}/directory"
  kms_key_id        = var.logs_key_arn
  retention_in_days = var.log_retention_days
  tags              = merge(var.tags, { Name = "${local.label}-directory" })
}

resource "aws_cloudwatch_log_group" "machine" {
  name              = "/${local.label}/directory-machine"
  kms_key_id        = var.logs_key_arn
  retention_in_days = var.log_retention_days
  tags              = merge(var.tags, { Name = "${local.label}-directory-machine" })
}

resource "aws_iam_role" "function" {
  name               = "${local.label}-directory"
  assume_role_policy = local.assume["lambda"]
  tags               = merge(var.tags, { Name = "${local.label}-directory" })
}

resource "aws_iam_role_policy" "function" {
  name = "directory"
  role = aws_iam_role.function.id

  policy = jsonencode({
    Version = "2012-10-17"
    Statement = [
      {
        Sid    = "Pool"
        Effect = "Allow"
        Action = [
          "cognito-idp:AdminAddUserToGroup",
          "cognito-idp:AdminCreateUser",
          "cognito-idp:AdminDeleteUser",
          "cognito-idp:AdminDeleteUserAttributes",
          "cognito-idp:AdminDisableUser",
          "cognito-idp:AdminEnableUser",
          "cognito-idp:AdminGetUser",
          "cognito-idp:AdminListGroupsForUser",
          "cognito-idp:AdminRemoveUserFromGroup",
          "cognito-idp:AdminSetUserPassword",
          "cognito-idp:AdminUpdateUserAttributes",
          "cognito-idp:AdminUserGlobalSignOut",
          "cognito-idp:CreateGroup",
          "cognito-idp:DeleteGroup",
          "cognito-idp:GetGroup",
          "cognito-idp:ListGroups",
          "cognito-idp:ListUsers",
          "cognito-idp:ListUsersInGroup",
          "cognito-idp:UpdateGroup",
        ]
        Resource = aws_cognito_user_pool.this.arn
      },
      {
        Sid      = "Table"
        Effect   = "Allow"
        Action   = ["dynamodb:BatchGetItem", "dynamodb:GetItem", "dynamodb:PutItem", "dynamodb:Query"]
        Resource = local.table_arn
      },
      {
        # Users are never deleted from the table, only leases.
        Sid       = "Lease"
        Effect    = "Allow"
        Action    = "dynamodb:DeleteItem"
        Resource  = local.table_arn
        Condition = { "ForAllValues:StringEquals" = { "dynamodb:LeadingKeys" = ["run"] } }
      },
      {
        # The table is made in live/global; its key in this region is known by its alias.
        Sid      = "TableKey"
        Effect   = "Allow"
        Action   = ["kms:Decrypt", "kms:GenerateDataKey"]
        Resource = "arn:${local.partition}:kms:${local.region}:${local.account}:key/*"
        Condition = {
          StringEquals               = { "kms:ViaService" = "dynamodb.${local.region}.amazonaws.com" }
          "ForAnyValue:StringEquals" = { "kms:ResourceAliases" = ["alias/${var.name}-directory"] }
        }
      },
      {
        Sid      = "Key"
        Effect   = "Allow"
        Action   = "kms:Decrypt"
        Resource = aws_kms_key.this.arn
      },
      {
        Sid      = "Log"
        Effect   = "Allow"
        Action   = ["logs:CreateLogStream", "logs:PutLogEvents"]
        Resource = "${aws_cloudwatch_log_group.directory.arn}:*"
      },
      {
        # X-Ray has no resources to name.
        Sid      = "Trace"
        Effect   = "Allow"
        Action   = ["xray:PutTraceSegments", "xray:PutTelemetryRecords"]
        Resource = "*"
      },
    ]
  })
}

resource "aws_lambda_function" "directory" {
  # checkov:skip=CKV_AWS_115:the lease in the table lets one run at a time; reserved concurrency is taken from the account
  # checkov:skip=CKV_AWS_116:the state machine calls it and waits, and keeps what failed
  # checkov:skip=CKV_AWS_117:it talks to AWS's APIs only, and would need a path through the firewall for them
  # checkov:skip=CKV_AWS_272:the package is made and applied by the same pipeline, and its hash is in the plan

  function_name    = "${local.label}-directory"
  description      = "Carries users between pools: infra/lambda/directory"
  role             = aws_iam_role.function.arn
  filename         = var.functions
  source_code_hash = filebase64sha256(var.functions)
  runtime          = "python3.13"
  architectures    = ["arm64"]
  handler          = "directory.handler.handler"
  memory_size      = 512
  timeout          = 900
  kms_key_arn      = aws_kms_key.this.arn
  tags             = merge(var.tags, { Name = "${local.label}-directory" })

  environment {
    variables = {
      POOL      = aws_cognito_user_pool.this.id
      TABLE     = "${var.name}-directory"
      ACTIVE    = var.active_region
      DIRECTORY = local.label
    }
  }

  tracing_config {
    mode = "Active"
  }

  logging_config {
    log_format = "Text"
    log_group  = aws_cloudwatch_log_group.directory.name
  }

  depends_on = [aws_iam_role_policy.function]
}

# What a run could not finish, as the state to go on from; and starts that did not happen.
resource "aws_sqs_queue" "unfinished" {
  name                      = "${local.label}-directory-unfinished"
  kms_master_key_id         = aws_kms_key.this.arn
  message_retention_seconds = 1209600
  tags                      = merge(var.tags, { Name = "${local.label}-directory-unfinished" })
}

resource "aws_iam_role" "machine" {
  name               = "${local.label}-directory-machine"
  assume_role_policy = local.assume["states"]
  tags               = merge(var.tags, { Name = "${local.label}-directory-machine" })
}

resource "aws_iam_role_policy" "machine" {
  name = "machine"
  role = aws_iam_role.machine.id

  policy = jsonencode({
    Version = "2012-10-17"
    Statement = [
      {
        Sid      = "Step"
        Effect   = "Allow"
        Action   = "lambda:InvokeFunction"
        Resource = aws_lambda_function.directory.arn
      },
      {
        Sid      = "Unfinished"
        Effect   = "Allow"
        Action   = "sqs:SendMessage"
        Resource = aws_sqs_queue.unfinished.arn
      },
      {
        Sid      = "Key"
        Effect   = "Allow"
        Action   = ["kms:Decrypt", "kms:GenerateDataKey"]
        Resource = aws_kms_key.this.arn
      },
      {
        # The list that Step Functions asks for; none of these has a resource to name.
        # https://docs.aws.amazon.com/step-functions/latest/dg/cw-logs.html (2026-11-24)
        Sid    = "Log"
        Effect = "Allow"
        Action = [
          "logs:CreateLogDelivery",
          "logs:DeleteLogDelivery",
          "logs:DescribeLogGroups",
          "logs:DescribeResourcePolicies",
          "logs:GetLogDelivery",
          "logs:ListLogDeliveries",
          "logs:PutResourcePolicy",
          "logs:UpdateLogDelivery",
        ]
        Resource = "*"
      },
      {
        Sid    = "Trace"
        Effect = "Allow"
        Action = [
          "xray:GetSamplingRules",
          "xray:GetSamplingTargets",
          "xray:PutTelemetryRecords",
          "xray:PutTraceSegments",
        ]
        Resource = "*"
      },
    ]
  })
}

resource "aws_sfn_state_machine" "directory" {
  # checkov:skip=CKV_AWS_285:errors are logged; the data of each step would only repeat what the service keeps for 90 days

  name     = "${local.label}-directory"
  role_arn = aws_iam_role.machine.arn
  type     = "STANDARD"
  tags     = merge(var.tags, { Name = "${local.label}-directory" })

  definition = jsonencode({
    Comment        = "Hands the state of a run round until the run is done: infra/lambda/directory/handler.py"
    StartAt        = "Pages"
    TimeoutSeconds = 21600
    States = {
      Pages = {
        Type     = "Task"
        Resource = "arn:${local.partition}:states:::lambda:invoke"
        Parameters = {
          FunctionName = aws_lambda_function.directory.arn
          Payload      = { "run.$" = "$$.Execution.Name", "state.$" = "$" }
        }
        OutputPath     = "$.Payload"
        TimeoutSeconds = 960
        Retry = [
          # More would be removed than is likely to be meant: that is for a person.
          { ErrorEquals = ["TooManyRemovals"], MaxAttempts = 0 },
          {
            ErrorEquals     = ["States.ALL"]
            IntervalSeconds = 5
            BackoffRate     = 2
            MaxAttempts     = 6
            MaxDelaySeconds = 120
            JitterStrategy  = "FULL"
          },
        ]
        Catch = [{ ErrorEquals = ["States.ALL"], ResultPath = "$.error", Next = "Keep" }]
        Next  = "Done?"
      }
      "Done?" = {
        Type = "Choice"
        Choices = [
          { Variable = "$.done", BooleanEquals = true, Next = "Done" },
          { Variable = "$.wait", NumericGreaterThan = 0, Next = "Pause" },
        ]
        Default = "Pages"
      }
      Pause = { Type = "Wait", SecondsPath = "$.wait", Next = "Pages" }
      Done  = { Type = "Succeed" }
      Keep = {
        Type       = "Task"
        Resource   = "arn:${local.partition}:states:::sqs:sendMessage"
        Parameters = { QueueUrl = aws_sqs_queue.unfinished.url, "MessageBody.$" = "$" }
        ResultPath = null
        Next       = "Failed"
      }
      Failed = { Type = "Fail", ErrorPath = "$.error.Error", CausePath = "$.error.Cause" }
    }
  })

  logging_configuration {
    level                  = "ERROR"
    include_execution_data = false
    log_destination        = "${aws_cloudwatch_log_group.machine.arn}:*"
  }

  tracing_configuration {
    enabled = true
  }

  depends_on = [aws_iam_role_policy.machine]
}

resource "aws_iam_role" "schedule" {
  name               = "${local.label}-directory-schedule"
  assume_role_policy = local.assume["scheduler"]
  tags               = merge(var.tags, { Name = "${local.label}-directory-schedule" })
}

resource "aws_iam_role_policy" "schedule" {
  name = "schedule"
  role = aws_iam_role.schedule.id

  policy = jsonencode({
    Version = "2012-10-17"
    Statement = [
      { Sid = "Start", Effect = "Allow", Action = "states:StartExecution", Resource = aws_sfn_state_machine.directory.arn },
      { Sid = "Missed", Effect = "Allow", Action = "sqs:SendMessage", Resource = aws_sqs_queue.unfinished.arn },
      { Sid = "Key", Effect = "Allow", Action = ["kms:Decrypt", "kms:GenerateDataKey"], Resource = aws_kms_key.this.arn },
    ]
  })
}

resource "aws_scheduler_schedule" "directory" {
  name                = "${local.label}-directory"
  description         = "Starts a run; which way it goes is said by the table"
  schedule_expression = "rate(${var.sync_minutes} minutes)"
  kms_key_arn         = aws_kms_key.this.arn

  flexible_time_window {
    mode = "OFF"
  }

  target {
    arn      = aws_sfn_state_machine.directory.arn
    role_arn = aws_iam_role.schedule.arn
    input    = "{}"

    dead_letter_config {
      arn = aws_sqs_queue.unfinished.arn
    }

    retry_policy {
      maximum_event_age_in_seconds = 600
      maximum_retry_attempts       = 5
    }
  }
}
