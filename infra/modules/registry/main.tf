data "aws_caller_identity" "this" {}

locals {
  prefix = lower(var.name)
}

resource "aws_kms_key" "this" {
  description             = "Images of ${var.name}-${var.role}"
  enable_key_rotation     = true
  deletion_window_in_days = var.protected ? 30 : 7
  tags                    = merge(var.tags, { Name = "${var.name}-${var.role}-registry" })
}

resource "aws_kms_alias" "this" {
  name          = "alias/${var.name}-${var.role}-registry"
  target_key_id = aws_kms_key.this.key_id
}

# Made in every region: replication would make those that are missing, but without key, scanning,
# immutability and lifecycle, none of which it copies:
# https://docs.aws.amazon.com/AmazonECR/latest/userguide/replication.html (2026-11-24).
resource "aws_ecr_repository" "this" {
  for_each = var.repositories

  name                 = "${local.prefix}/${each.key}"
  image_tag_mutability = "IMMUTABLE"
  force_delete         = !var.protected
  tags                 = merge(var.tags, { Name = each.key })

  image_scanning_configuration {
    scan_on_push = true
  }

  encryption_configuration {
    encryption_type = "KMS"
    kms_key         = aws_kms_key.this.arn
  }
}

resource "aws_ecr_lifecycle_policy" "this" {
  for_each = var.repositories

  repository = aws_ecr_repository.this[each.key].name
  policy = jsonencode({
    rules = [
      {
        rulePriority = 1
        description  = "What lost its tag"
        selection    = { tagStatus = "untagged", countType = "sinceImagePushed", countUnit = "days", countNumber = 14 }
        action       = { type = "expire" }
      },
      {
        rulePriority = 2
        description  = "The oldest"
        selection    = { tagStatus = "any", countType = "imageCountMoreThan", countNumber = var.kept_images }
        action       = { type = "expire" }
      },
    ]
  })
}

# One for the whole registry of an account and region. It takes repositories of this project only.
resource "aws_ecr_replication_configuration" "this" {
  count = length(var.replicate_to) == 0 ? 0 : 1

  replication_configuration {
    rule {
      dynamic "destination" {
        for_each = var.replicate_to

        content {
          region      = destination.value
          registry_id = data.aws_caller_identity.this.account_id
        }
      }

      repository_filter {
        filter      = "${local.prefix}/"
        filter_type = "PREFIX_MATCH"
      }
    }
  }
}
