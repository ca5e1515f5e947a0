data "aws_region" "secondary" {
  provider = aws.secondary
}

locals {
  label = "${var.name}-${var.table}"
}

resource "aws_kms_key" "primary" {
  provider = aws.primary

  description             = "Table ${local.label}"
  enable_key_rotation     = true
  deletion_window_in_days = var.protected ? 30 : 7
  tags                    = merge(var.tags, { Name = local.label })
}

resource "aws_kms_alias" "primary" {
  provider = aws.primary

  name          = "alias/${local.label}"
  target_key_id = aws_kms_key.primary.key_id
}

resource "aws_kms_key" "secondary" {
  provider = aws.secondary

  description             = "Table ${local.label}"
  enable_key_rotation     = true
  deletion_window_in_days = var.protected ? 30 : 7
  tags                    = merge(var.tags, { Name = local.label })
}

resource "aws_kms_alias" "secondary" {
  provider = aws.secondary

  name          = "alias/${local.label}"
  target_key_id = aws_kms_key.secondary.key_id
}

# Both regions write, and the last one wins: what must not be lost that way belongs in the database.
resource "aws_dynamodb_table" "this" {
  provider = aws.primary

  name                        = local.label
  billing_mode                = "PAY_PER_REQUEST"
  hash_key                    = var.hash_key
  range_key                   = var.range_key
  deletion_protection_enabled = var.protected
  tags                        = merge(var.tags, { Name = local.label })

  # Replication reads the stream.
  stream_enabled   = true
  stream_view_type = "NEW_AND_OLD_IMAGES"

  dynamic "attribute" {
    for_each = compact([var.hash_key, var.range_key])

    content {
      name = attribute.value
      type = "S"
    }
  }

  dynamic "ttl" {
    for_each = compact([var.ttl_attribute])

    content {
      attribute_name = ttl.value
      enabled        = true
    }
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
