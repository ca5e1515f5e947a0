# Where everything that is logged goes, and the key it is encrypted with.

resource "aws_kms_key" "logs" {
  description             = "${local.label}: logs"
  enable_key_rotation     = true
  deletion_window_in_days = 30
  tags                    = merge(var.tags, { Name = "${local.label}-logs" })

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
        # https://docs.aws.amazon.com/AmazonCloudWatch/latest/logs/encrypt-log-data-kms.html (2026-11-24)
        Sid       = "LogGroups"
        Effect    = "Allow"
        Principal = { Service = "logs.${local.region}.amazonaws.com" }
        Action    = ["kms:Encrypt*", "kms:Decrypt*", "kms:ReEncrypt*", "kms:GenerateDataKey*", "kms:Describe*"]
        Resource  = "*"
        Condition = {
          ArnLike = { "kms:EncryptionContext:aws:logs:arn" = "arn:${local.partition}:logs:${local.region}:${local.account}:log-group:/${local.label}/*" }
        }
      },
      {
        # https://docs.aws.amazon.com/network-firewall/latest/developerguide/logging-s3.html (2026-11-24)
        Sid       = "LogDelivery"
        Effect    = "Allow"
        Principal = { Service = "delivery.logs.amazonaws.com" }
        Action    = ["kms:Encrypt", "kms:Decrypt", "kms:ReEncrypt*", "kms:GenerateDataKey*", "kms:DescribeKey"]
        Resource  = "*"
        Condition = { StringEquals = { "aws:SourceAccount" = local.account } }
      },
    ]
  })
}

resource "aws_kms_alias" "logs" {
  name          = "alias/${local.label}-logs"
  target_key_id = aws_kms_key.logs.key_id
}

resource "aws_cloudwatch_log_group" "alert" {
  name              = "/${local.label}/firewall-alert"
  kms_key_id        = aws_kms_key.logs.arn
  retention_in_days = var.log_retention_days
  tags              = merge(var.tags, { Name = "${local.label}-firewall-alert" })
}

resource "aws_cloudwatch_log_group" "dns" {
  name              = "/${local.label}/dns"
  kms_key_id        = aws_kms_key.logs.arn
  retention_in_days = var.log_retention_days
  tags              = merge(var.tags, { Name = "${local.label}-dns" })
}

resource "aws_s3_bucket" "logs" {
  #checkov:skip=CKV_AWS_18:It holds access logs itself; who reads them is in CloudTrail.
  #checkov:skip=CKV_AWS_144:A copy in the other region is added by modules/replicated, which knows both buckets.
  #checkov:skip=CKV2_AWS_62:Nothing waits for a log file; alarms are on the log group and on metrics.
  bucket        = lower("${local.label}-logs-${local.account}")
  force_destroy = !var.protected
  tags          = merge(var.tags, { Name = "${local.label}-logs" })
}

resource "aws_s3_bucket_ownership_controls" "logs" {
  bucket = aws_s3_bucket.logs.id

  rule {
    object_ownership = "BucketOwnerEnforced"
  }
}

resource "aws_s3_bucket_public_access_block" "logs" {
  bucket                  = aws_s3_bucket.logs.id
  block_public_acls       = true
  block_public_policy     = true
  ignore_public_acls      = true
  restrict_public_buckets = true
}

resource "aws_s3_bucket_versioning" "logs" {
  bucket = aws_s3_bucket.logs.id

  versioning_configuration {
    status = "Enabled"
  }
}

resource "aws_s3_bucket_server_side_encryption_configuration" "logs" {
  bucket = aws_s3_bucket.logs.id

  rule {
    bucket_key_enabled = true

    apply_server_side_encryption_by_default {
      sse_algorithm     = "aws:kms"
      kms_master_key_id = aws_kms_key.logs.arn
    }
  }
}

resource "aws_s3_bucket_lifecycle_configuration" "logs" {
  bucket = aws_s3_bucket.logs.id

  rule {
    id     = "archive"
    status = "Enabled"

    filter {}

    transition {
      days          = 30
      storage_class = "STANDARD_IA"
    }

    expiration {
      days = var.log_archive_days
    }

    noncurrent_version_expiration {
      noncurrent_days = 30
    }

    abort_incomplete_multipart_upload {
      days_after_initiation = 7
    }
  }

  depends_on = [aws_s3_bucket_versioning.logs]
}

resource "aws_s3_bucket_policy" "logs" {
  bucket = aws_s3_bucket.logs.id

  policy = jsonencode({
    Version = "2012-10-17"
    Statement = [
      {
        Sid       = "TlsOnly"
        Effect    = "Deny"
        Principal = "*"
        Action    = "s3:*"
        Resource  = [aws_s3_bucket.logs.arn, "${aws_s3_bucket.logs.arn}/*"]
        Condition = { Bool = { "aws:SecureTransport" = "false" } }
      },
      {
        # https://docs.aws.amazon.com/AmazonCloudWatch/latest/logs/AWS-logs-infrastructure-V2-S3.html (2026-11-24)
        Sid       = "LogDeliveryWrite"
        Effect    = "Allow"
        Principal = { Service = "delivery.logs.amazonaws.com" }
        Action    = "s3:PutObject"
        Resource  = "${aws_s3_bucket.logs.arn}/AWSLogs/${local.account}/*"
        Condition = {
          StringEquals = {
            "s3:x-amz-acl"      = "bucket-owner-full-control"
            "aws:SourceAccount" = local.account
          }
          ArnLike = { "aws:SourceArn" = "arn:${local.partition}:logs:${local.region}:${local.account}:*" }
        }
      },
      {
        Sid       = "LogDeliveryAcl"
        Effect    = "Allow"
        Principal = { Service = "delivery.logs.amazonaws.com" }
        Action    = ["s3:GetBucketAcl", "s3:ListBucket"]
        Resource  = aws_s3_bucket.logs.arn
        Condition = {
          StringEquals = { "aws:SourceAccount" = local.account }
          ArnLike      = { "aws:SourceArn" = "arn:${local.partition}:logs:${local.region}:${local.account}:*" }
        }
      },
    ]
  })

  depends_on = [aws_s3_bucket_public_access_block.logs]
}

# `traffic-path` says by which way a flow left: anything that leaves a private subnet other than
# through the firewall's endpoint can be found by it.
# https://docs.aws.amazon.com/vpc/latest/userguide/flow-log-records.html (2026-11-24)
resource "aws_flow_log" "this" {
  vpc_id                   = aws_vpc.this.id
  traffic_type             = "ALL"
  log_destination_type     = "s3"
  log_destination          = aws_s3_bucket.logs.arn
  max_aggregation_interval = 60
  log_format = join(" ", [
    for field in [
      "version", "account-id", "vpc-id", "subnet-id", "az-id", "interface-id", "srcaddr", "dstaddr", "srcport",
      "dstport", "pkt-srcaddr", "pkt-dstaddr", "protocol", "packets", "bytes", "start", "end", "action",
      "log-status", "tcp-flags", "flow-direction", "traffic-path",
    ] : "$${${field}}"
  ])
  tags = merge(var.tags, { Name = local.label })

  depends_on = [aws_s3_bucket_policy.logs]
}
