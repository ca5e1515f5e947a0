data "aws_caller_identity" "this" {
  provider = aws.primary
}

locals {
  account = data.aws_caller_identity.this.account_id
}

# Both replicate to each other. What came by replication is not sent back, so it goes no circle, and
# after a failover nothing has to be turned.
module "primary" {
  source    = "./region"
  providers = { aws = aws.primary }

  name                 = var.name
  role                 = "primary"
  purpose              = var.purpose
  expire_after_days    = var.expire_after_days
  old_versions_days    = var.old_versions_days
  log_writers          = var.log_writers
  replica              = module.secondary.replica
  replication_role_arn = aws_iam_role.replication.arn
  protected            = var.protected
  tags                 = var.tags
}

module "secondary" {
  source    = "./region"
  providers = { aws = aws.secondary }

  name                 = var.name
  role                 = "secondary"
  purpose              = var.purpose
  expire_after_days    = var.expire_after_days
  old_versions_days    = var.old_versions_days
  log_writers          = var.log_writers
  replica              = module.primary.replica
  replication_role_arn = aws_iam_role.replication.arn
  protected            = var.protected
  tags                 = var.tags
}

data "aws_iam_policy_document" "trust" {
  provider = aws.primary

  statement {
    actions = ["sts:AssumeRole"]

    principals {
      type        = "Service"
      identifiers = ["s3.amazonaws.com"]
    }

    condition {
      test     = "StringEquals"
      variable = "aws:SourceAccount"
      values   = [local.account]
    }
  }
}

resource "aws_iam_role" "replication" {
  provider = aws.primary

  name               = "${var.name}-${var.purpose}-replication"
  assume_role_policy = data.aws_iam_policy_document.trust.json
  tags               = var.tags
}

# IAM knows no regions, so one role serves both directions. A key is used for its own bucket only.
data "aws_iam_policy_document" "replication" {
  provider = aws.primary

  statement {
    sid       = "Configuration"
    actions   = ["s3:GetReplicationConfiguration", "s3:ListBucket"]
    resources = [for side in [module.primary, module.secondary] : side.arn]
  }

  statement {
    sid = "Copy"
    actions = [
      "s3:GetObjectVersionAcl",
      "s3:GetObjectVersionForReplication",
      "s3:GetObjectVersionTagging",
      "s3:ReplicateDelete",
      "s3:ReplicateObject",
      "s3:ReplicateTags",
    ]
    resources = [for side in [module.primary, module.secondary] : "${side.arn}/*"]
  }

  dynamic "statement" {
    for_each = { primary = module.primary, secondary = module.secondary }

    content {
      actions   = ["kms:Decrypt", "kms:Encrypt"]
      resources = [statement.value.key_arn]

      condition {
        test     = "StringEquals"
        variable = "kms:ViaService"
        values   = ["s3.${statement.value.region}.amazonaws.com"]
      }

      # With a bucket key the context is the bucket, and not the object.
      condition {
        test     = "StringLike"
        variable = "kms:EncryptionContext:aws:s3:arn"
        values   = [statement.value.arn, "${statement.value.arn}/*"]
      }
    }
  }
}

resource "aws_iam_role_policy" "replication" {
  provider = aws.primary

  name   = "replication"
  role   = aws_iam_role.replication.id
  policy = data.aws_iam_policy_document.replication.json
}
