# The table that carries users from one pool to the other (infra/lambda/directory/table.py), and its keys.

data "aws_caller_identity" "this" {
  provider = aws.primary
}

data "aws_partition" "this" {
  provider = aws.primary
}

data "aws_region" "primary" {
  provider = aws.primary
}

data "aws_region" "secondary" {
  provider = aws.secondary
}

locals {
  table     = "${var.name}-directory"
  account   = data.aws_caller_identity.this.account_id
  partition = data.aws_partition.this.partition

  # Whoever may use the table may use its key, but only by way of DynamoDB: the same statement as in the
  # policy of aws/dynamodb, so no role has to name the key of its region.
  # https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/encryption.usagenotes.html (2026-11-24)
  key_policy = {
    for region in [data.aws_region.primary.name, data.aws_region.secondary.name] : region => jsonencode({
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
          Sid       = "ByWayOfDynamoDB"
          Effect    = "Allow"
          Principal = { AWS = "*" }
          Action    = ["kms:Encrypt", "kms:Decrypt", "kms:ReEncrypt*", "kms:GenerateDataKey*", "kms:CreateGrant", "kms:DescribeKey"]
          Resource  = "*"
          Condition = {
            StringEquals = {
              "kms:CallerAccount" = local.account
              "kms:ViaService"    = "dynamodb.${region}.amazonaws.com"
            }
          }
        },
      ]
    })
  }
}

resource "aws_kms_key" "primary" {
  provider = aws.primary

  description             = "${local.table}: users on their way to the standby pool"
  enable_key_rotation     = true
  deletion_window_in_days = 30
  policy                  = local.key_policy[data.aws_region.primary.name]
  tags                    = merge(var.tags, { Name = local.table })
}

resource "aws_kms_alias" "primary" {
  provider = aws.primary

  name          = "alias/${local.table}"
  target_key_id = aws_kms_key.primary.key_id
}

resource "aws_kms_key" "secondary" {
  provider = aws.secondary

  description             = "${local.table}: users on their way to the standby pool"
  enable_key_rotation     = true
  deletion_window_in_days = 30
  policy                  = local.key_policy[data.aws_region.secondary.name]
  tags                    = merge(var.tags, { Name = local.table })
}

resource "aws_kms_alias" "secondary" {
  provider = aws.secondary

  name          = "alias/${local.table}"
  target_key_id = aws_kms_key.secondary.key_id
}

resource "aws_dynamodb_table" "this" {
  provider = aws.primary

  name                        = local.table
  billing_mode                = "PAY_PER_REQUEST"
  hash_key                    = "part"
  range_key                   = "name"
  deletion_protection_enabled = var.protected
  stream_enabled              = true
  stream_view_type            = "NEW_AND_OLD_IMAGES"
  tags                        = merge(var.tags, { Name = local.table })

  attribute {
    name = "part"
    type = "S"
  }

  attribute {
    name = "name"
    type = "S"
  }

  ttl {
    attribute_name = "expires"
    enabled        = true
  }

  point_in_time_recovery {
    enabled = true
  }

  server_side_encryption {
    enabled     = true
    kms_key_arn = aws_kms_key.primary.arn
  }

  replica {
    region_name            = data.aws_region.secondary.name
    kms_key_arn            = aws_kms_key.secondary.arn
    point_in_time_recovery = true
    propagate_tags         = true
  }
}
